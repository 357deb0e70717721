//! `/etablissement/rester`: the button « Rester connecté ». It opens another window: what is half typed in this one stays.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::porte::{Agent, CONNEXION, form as read_form, not_own, to};
use crate::state::AppState;
use crate::web::duree::Duree;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::page::{failure, html};

#[derive(Template)]
#[template(path = "etablissement/rester.html")]
struct Page {
    style: &'static str,
    feuille: &'static str,
    duree: Duree,
}

#[derive(Deserialize, Default)]
struct Saisie {
    jeton: Option<String>,
}

/// `POST /etablissement/rester`
pub(super) async fn extend(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let jeton = read_form::<Saisie>(request).await.unwrap_or_default().jeton;
    let agent = match Agent::of(&state, &headers).await {
        Ok(Some(agent)) => agent,
        Ok(None) => return to(CONNEXION),
        Err(error) => return failure(&error, None),
    };
    if !agent.owns(&headers, jeton.as_deref()) {
        return not_own(&state, &agent).await;
    }
    let sha256 = agent.secret.sha256();
    let extended = state.store.run("desk: stay", move |tx| {
        Box::pin(async move {
            tx.untraced("a session that lasts longer shows and changes nothing");
            tx.extend_bureau_session(&sha256).await?;
            tx.bureau_session(&sha256).await
        })
    });
    match extended.await {
        Ok(Some(session)) => {
            let duree = Duree::of_desk(&agent.secret, &session, state.clock.now());
            html(StatusCode::OK, &Page { style: style_path(), feuille: desk_style_path(), duree })
        }
        Ok(None) => to(CONNEXION),
        Err(error) => failure(&error, None),
    }
}
