//! A page from its template, and the pages that say why there is no other.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::fichiers::style_path;

/// A page without a dossier: what happened, and what to do.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message {
    style: &'static str,
    titre: &'static str,
    texte: &'static str,
    /// What to do, step by step.
    etapes: &'static [&'static str],
    rassurer: &'static str,
    /// What to quote when calling for help.
    reference: Option<String>,
    /// The partner's site.
    pub(super) retour: Option<super::vue::Retour>,
}

const REVENIR: &[&str] = &[
    "Retournez sur le site d’où vous venez, par exemple celui de votre département.",
    "Ouvrez à nouveau le dossier. Un nouveau lien sera créé pour vous.",
];

impl Message {
    const fn new(titre: &'static str, texte: &'static str, etapes: &'static [&'static str]) -> Self {
        Self {
            style: "",
            titre,
            texte,
            etapes,
            rassurer: "Rien n’est perdu : le dossier est bien gardé.",
            reference: None,
            retour: None,
        }
    }

    pub(super) fn respond(mut self, status: StatusCode) -> Response {
        self.style = style_path();
        html(status, &self)
    }
}

/// The one page for every token that opens nothing: none, malformed, unknown, used, expired, its partner suspended.
pub(super) fn refused() -> Response {
    Message::new(
        "Ce lien ne fonctionne pas, ou ne fonctionne plus",
        "Pour protéger vos données, un lien sert une seule fois. Il doit être utilisé tout de suite.",
        REVENIR,
    )
    .respond(StatusCode::FORBIDDEN)
}

/// `/dossier` without a session, or with one that has ended.
pub(super) fn no_session() -> Response {
    Message::new(
        "Le dossier est fermé",
        "Pour protéger vos données, le dossier se ferme après 30 minutes sans activité.",
        REVENIR,
    )
    .respond(StatusCode::FORBIDDEN)
}

/// After « Quitter ».
pub(super) fn left(retour: Option<super::vue::Retour>) -> Message {
    let etapes: &[&str] = &["Sur un ordinateur partagé, fermez aussi la fenêtre."];
    let page = Message::new("Vous avez quitté le dossier", "Le dossier est fermé sur cet appareil.", etapes);
    Message { retour, ..page }
}

/// Every address that is none.
pub(super) async fn not_found() -> Response {
    Message::new("Cette page n’existe pas", "L’adresse est fausse ou a changé.", REVENIR)
        .respond(StatusCode::NOT_FOUND)
}

/// A method that an address does not have.
pub(super) async fn wrong_method() -> Response {
    Message::new(
        "Cette page ne s’ouvre pas ainsi",
        "L’adresse existe, mais elle attend autre chose.",
        REVENIR,
    )
    .respond(StatusCode::METHOD_NOT_ALLOWED)
}

/// Something failed that is not the reader's doing. The cause goes to the log, under an id that the page shows.
pub(super) fn failure(error: &storage::Error) -> Response {
    let id = format!("{:08x}", rand::Rng::next_u32(&mut crate::clock::rng()));
    tracing::error!(id, %error, "page not served");
    let status = match error {
        storage::Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let page = Message::new(
        "Le site a un problème",
        "Le problème vient de nous, pas de vous.",
        &[
            "Attendez quelques minutes.",
            "Retournez sur le site d’où vous venez et ouvrez à nouveau le dossier.",
        ],
    );
    let mut response = Message { reference: Some(id), ..page }.respond(status);
    response.headers_mut().insert(RETRY_AFTER, axum::http::HeaderValue::from_static("120"));
    response
}

/// Renders a template.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "page not rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
