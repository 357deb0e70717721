//! `/dossier`, the family's page, and `/quitter`, the way out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use storage::{Acteur, Action, Trace};

use super::page;
use super::retour::Retour;
use super::secret::{Secret, forget_cookie};
use super::vue::PageDossier;
use crate::state::AppState;

/// `GET /dossier`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    match render(&state, &headers).await {
        Ok(Some(page)) => page::html(StatusCode::OK, &page),
        Ok(None) => page::no_session(Retour::of_browser(&state, &headers).await),
        Err(error) => page::failure(&error, None),
    }
}

async fn render(state: &AppState, headers: &HeaderMap) -> Result<Option<PageDossier>, storage::Error> {
    let Some(cookie) = Secret::of_cookie(headers) else { return Ok(None) };
    let Some(session) = state.store.live_session(&cookie.sha256()).await? else { return Ok(None) };
    state.trail.admit().await?;
    let wanted = session.dossier.clone();
    let application = session.application;
    let found = state.store.read(move |reader| {
        Box::pin(async move {
            let dossier = reader.dossier(&wanted).await?;
            Ok((dossier, reader.history(&wanted).await?, reader.application(application).await?))
        })
    });
    let (Some(dossier), history, application) = found.await? else { return Ok(None) };
    let family = Acteur::Famille { application: Some(session.application) };
    let seen = Trace::new(family, Action::PageVue).dossier(&session.dossier).detail("/dossier").code("200");
    state.trail.record([seen]);
    let retour = application.as_ref().and_then(Retour::of);
    Ok(Some(PageDossier::new(dossier, &history, retour, session.idle_end, state.clock.now())))
}

/// `POST /quitter`: the session ends, its cookie goes, the way back to the partner is shown.
pub(super) async fn leave(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let retour = match close(&state, &headers).await {
        Ok(Some(retour)) => Some(retour),
        Ok(None) => Retour::of_browser(&state, &headers).await,
        Err(error) => return page::failure(&error, None),
    };
    let mut response = page::left(retour);
    response.headers_mut().insert(SET_COOKIE, forget_cookie());
    response
}

async fn close(state: &AppState, headers: &HeaderMap) -> Result<Option<Retour>, storage::Error> {
    let Some(cookie) = Secret::of_cookie(headers) else { return Ok(None) };
    let sha256 = cookie.sha256();
    let ended = state.store.run("quitter", move |tx| {
        Box::pin(async move {
            let Some(session) = tx.session(&sha256).await? else { return Ok(None) };
            tx.close_session(&sha256).await?;
            let family = Acteur::Famille { application: Some(session.application) };
            tx.trace(&Trace::new(family, Action::Quitter).dossier(&session.dossier).code("200")).await?;
            tx.application(session.application).await
        })
    });
    Ok(ended.await?.as_ref().and_then(Retour::of))
}
