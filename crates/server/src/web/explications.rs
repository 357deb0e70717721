//! `/explications`: every cause of refusal, on a page of its own, which the Detail of a sandbox's fault names.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::sync::Arc;
use wss::explain::{Explanation, Francais, francais};

use super::fichiers::style_path;
use super::page;
use crate::state::AppState;

/// An explanation in both languages; what a stack needs is names of options, and stays as it is.
struct Entree {
    anglais: &'static Explanation,
    francais: Option<&'static Francais>,
}

impl Entree {
    fn of(anglais: &'static Explanation) -> Self {
        Self { anglais, francais: francais(anglais.id) }
    }
}

#[derive(Template)]
#[template(path = "explications.html")]
struct Liste {
    style: &'static str,
    entrees: Vec<Entree>,
}

#[derive(Template)]
#[template(path = "explication.html")]
struct Une {
    style: &'static str,
    entree: Entree,
}

/// `GET /explications`
pub(super) async fn list() -> Response {
    let entrees = wss::explain::ALL.iter().map(Entree::of).collect();
    page::html(StatusCode::OK, &Liste { style: style_path(), entrees })
}

/// `GET /explications/VTPA-SEC-014`
pub(super) async fn one(state: State<Arc<AppState>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    match wss::explain::explanation(&id) {
        Some(found) => page::html(StatusCode::OK, &Une { style: style_path(), entree: Entree::of(found) }),
        None => page::not_found(state, headers).await,
    }
}
