//! What all pages of the desk show, and those that say why there is no other.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::porte::Agent;
use crate::state::AppState;
use crate::web::duree::Duree;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::page::{failure, html};

/// The frame of a session's pages.
pub(super) struct Cadre {
    pub(super) etablissement: String,
    /// Who is here.
    pub(super) nom: String,
    /// Of every form.
    pub(super) jeton: String,
    /// When the session ends.
    pub(super) duree: Duree,
    /// Nothing is missing: the desk's other pages can be gone to.
    pub(super) ouvert: bool,
}

/// A page without content of its own.
pub(super) struct Texte {
    titre: &'static str,
    texte: &'static str,
}

pub(super) const INCONNUE: Texte = Texte {
    titre: "Cette demande n’existe pas",
    texte: "Votre établissement n’a pas reçu de demande de ce numéro, ou la page n’existe pas.",
};

pub(super) const PERIME: Texte = Texte {
    titre: "Ce formulaire n’est plus valable",
    texte: "Il est resté ouvert trop longtemps, ou il ne vient pas de ce site. Rien n’a été changé.",
};

#[derive(Template)]
#[template(path = "etablissement/message.html")]
struct Message<'a> {
    style: &'static str,
    feuille: &'static str,
    cadre: &'a Cadre,
    titre: &'static str,
    texte: &'static str,
}

/// A page that says what happened, within the session.
pub(super) async fn message(state: &AppState, agent: &Agent, status: StatusCode, texte: Texte) -> Response {
    match agent.cadre(state).await {
        Ok(cadre) => html(
            status,
            &Message {
                style: style_path(),
                feuille: desk_style_path(),
                cadre: &cadre,
                titre: texte.titre,
                texte: texte.texte,
            },
        ),
        Err(error) => failure(&error, None),
    }
}

/// The one page for every demande that is not this establishment's.
pub(super) async fn unknown(state: &AppState, agent: &Agent) -> Response {
    message(state, agent, StatusCode::NOT_FOUND, INCONNUE).await
}
