//! A demande opened at the desk. Opening it tells the family that it was received and read.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::actions::Action;
use super::page::{self, Cadre};
use super::porte::{Agent, entree};
use crate::state::AppState;
use crate::web::acces::is_prefetch;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::page::{failure, html};
use crate::web::vue::bureau::Ouverte;

#[derive(Template)]
#[template(path = "etablissement/demande.html")]
struct Page {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
    ouverte: Ouverte,
    actions: Vec<Action>,
    nouvelle: Option<&'static str>,
}

#[derive(Deserialize, Default)]
struct Demande {
    fait: Option<String>,
}

/// `GET /etablissement/demandes/{id}`
pub(super) async fn open(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    // a browser that fetches ahead of its user has read nothing
    if is_prefetch(&headers) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let agent = match entree(&state, &headers).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    let fait = Query::<Demande>::try_from_uri(&uri).ok().and_then(|Query(asked)| asked.fait);
    let nouvelle = fait.as_deref().and_then(Action::of).map(Action::faite);
    match render(&state, &agent, &id, nouvelle).await {
        Ok(Some(page)) => html(StatusCode::OK, &page),
        Ok(None) => page::unknown(&state, &agent).await,
        Err(error) => failure(&error, None),
    }
}

async fn render(
    state: &AppState,
    agent: &Agent,
    id: &str,
    nouvelle: Option<&'static str>,
) -> Result<Option<Page>, storage::Error> {
    let Ok(id) = id.parse::<i64>() else { return Ok(None) };
    let (etablissement, compte) = (agent.etablissement(), agent.session.compte.id);
    state.trail.admit().await?;
    let trace = &agent.trace(storage::Action::DemandeLue).demande(id).code("200");
    let opened = state.store.run("desk: open a demande", |tx| {
        Box::pin(async move {
            let opened = tx.bureau_ouvrir(etablissement, id, compte).await?;
            if let Some(opened) = &opened {
                tx.trace(&trace.clone().dossier(&opened.dossier.id)).await?;
            }
            Ok(opened)
        })
    });
    let Some(opened) = opened.await? else { return Ok(None) };
    let ouverte = Ouverte::new(&opened, state.clock.now());
    Ok(Some(Page {
        style: style_path(),
        feuille: desk_style_path(),
        cadre: agent.cadre(state).await?,
        actions: Action::from(ouverte.statut),
        ouverte,
        nouvelle,
    }))
}
