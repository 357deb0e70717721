//! « Rester connecté »: the desk's session lasts another half hour (RGAA 13.1).
//!
//! The button opens another window, so that what is half typed stays where it is; it works without script.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::page::Cadre;
use super::porte::{Agent, CONNEXION, form as read_form, not_own, to};
use crate::state::AppState;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::page::{failure, html};

#[derive(Template)]
#[template(path = "etablissement/rester.html")]
struct Page {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
}

#[derive(Deserialize, Default)]
struct Bouton {
    jeton: Option<String>,
}

/// `POST /etablissement/rester`
pub(super) async fn extend(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let jeton = read_form::<Bouton>(request).await.unwrap_or_default().jeton;
    match extended(&state, &headers, jeton.as_deref()).await {
        Ok(response) => response,
        Err(error) => failure(&error, None),
    }
}

async fn extended(
    state: &AppState,
    headers: &HeaderMap,
    jeton: Option<&str>,
) -> Result<Response, storage::Error> {
    let Some(agent) = Agent::of(state, headers).await? else { return Ok(to(CONNEXION)) };
    if !agent.owns(headers, jeton) {
        return Ok(not_own(state, &agent).await);
    }
    let sha256 = agent.secret.sha256();
    let extended = state.store.run("desk: rester connecté", move |tx| {
        Box::pin(async move {
            tx.untraced("a session that lasts longer shows and changes nothing");
            tx.extend_bureau_session(&sha256).await
        })
    });
    if !extended.await? {
        return Ok(to(CONNEXION));
    }
    // as it is now: the end that the page tells is the new one
    let Some(agent) = Agent::of(state, headers).await? else { return Ok(to(CONNEXION)) };
    let page = Page { style: style_path(), feuille: desk_style_path(), cadre: agent.cadre(state).await? };
    Ok(html(StatusCode::OK, &page))
}
