//! `/dossier`, the family's page, and `/quitter`, the way out.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use serde::Deserialize;
use storage::{Acteur, Action, Trace};

use super::famille::Visite;
use super::garde::from_elsewhere;
use super::page;
use super::retour::Retour;
use super::secret::{Secret, forget_cookie};
use super::vue::PageDossier;
use crate::state::AppState;

/// What `?fait=` says was just done: a fixed list, since an address can be written by anyone.
const FAITS: [(&str, &str); 7] = [
    ("envoi", "Vos demandes sont envoyées. Les établissements vont les recevoir."),
    ("acceptee", "Votre réponse est envoyée. L’établissement va fixer avec vous le jour de l’arrivée."),
    ("attente", "Votre réponse est envoyée. La demande reste sur la liste d’attente."),
    ("retiree", "La demande est retirée."),
    ("proches", "Les coordonnées des proches sont enregistrées."),
    ("personne", "Le nom, la naissance et l’adresse sont enregistrés."),
    ("annule", "Le dossier est annulé."),
];

/// `GET /dossier`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let query = uri.query().unwrap_or_default();
    let fait = query
        .strip_prefix("fait=")
        .and_then(|fait| FAITS.iter().find(|(known, _)| *known == fait).map(|(_, texte)| *texte));
    match render(&state, visite, fait).await {
        Ok(page) => page::html(StatusCode::OK, &page),
        Err(error) => page::failure(&error, None),
    }
}

async fn render(
    state: &AppState,
    visite: Visite,
    fait: Option<&'static str>,
) -> Result<PageDossier, storage::Error> {
    let id = visite.dossier.id.clone();
    let read = state.store.read(move |reader| Box::pin(async move { reader.volets(&id).await }));
    let volets = read.await?;
    Ok(PageDossier::new(visite.cadre(state), visite.dossier, &volets, fait))
}

/// `POST /quitter`: the session ends, its cookie goes, the way back to the partner is shown.
pub(super) async fn leave(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    form: Result<Form<Sortie>, FormRejection>,
) -> Response {
    let jeton = form.map(|Form(form)| form.jeton).unwrap_or_default();
    let retour = match close(&state, &headers, &jeton).await {
        Ok(Left::Yes(retour)) => retour,
        Ok(Left::Nothing) => Retour::of_browser(&state, &headers).await,
        Ok(Left::Forged) => return page::forged(Retour::of_browser(&state, &headers).await),
        Err(error) => return page::failure(&error, None),
    };
    let mut response = page::left(retour);
    response.headers_mut().insert(SET_COOKIE, forget_cookie());
    response
}

/// The button's form.
#[derive(Deserialize)]
pub(super) struct Sortie {
    #[serde(default)]
    jeton: String,
}

/// What came of leaving.
enum Left {
    /// The session is over; its partner's site.
    Yes(Option<Retour>),
    /// There was none to end: no error.
    Nothing,
    /// Another site's form, or not of this session: nobody puts somebody else out.
    Forged,
}

async fn close(state: &AppState, headers: &HeaderMap, jeton: &str) -> Result<Left, storage::Error> {
    let Some(cookie) = Secret::of_cookie(headers) else {
        return Ok(if from_elsewhere(headers) { Left::Forged } else { Left::Nothing });
    };
    let sha256 = cookie.sha256();
    let held = state.store.read(move |reader| Box::pin(async move { reader.session(&sha256).await })).await?;
    if from_elsewhere(headers) || (held.is_some() && !cookie.owns_form(jeton)) {
        return Ok(Left::Forged);
    }
    let ended = state.store.run("quitter", move |tx| {
        Box::pin(async move {
            let Some(session) = tx.session(&sha256).await? else { return Ok(None) };
            tx.close_session(&sha256).await?;
            let family = Acteur::Famille { application: Some(session.application) };
            tx.trace(&Trace::new(family, Action::Quitter).dossier(&session.dossier).code("200")).await?;
            tx.application(session.application).await
        })
    });
    Ok(match ended.await? {
        Some(application) => Left::Yes(Retour::of(&application)),
        None => Left::Nothing,
    })
}
