//! The demonstration's partner portal: the website of a fictitious département, whose users create dossiers, follow
//! them and enter them. It talks to the server through our own client alone, signing for real, and shows what went
//! over the wire.
//!
//! Plain HTTP for this machine's browser; its users are fictitious and choose who they are.

mod appels;
mod enveloppe;
mod formulaire;
mod journal;
mod pages;
mod registre;
mod usagers;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn, map_response_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use client::Client;

use journal::Journal;
use registre::Registre;

/// Where people come back to from the server's `/liaison`; registered with the application.
pub(crate) const RELIE: &str = "/relie";

/// What every request shares.
struct Portail {
    client: Client,
    server: String,
    registre: Registre,
    journal: Journal,
}

/// The portal's routes. `server` is where browsers find the server; which dossiers are whose is kept in `directory`.
pub(crate) fn router(client: Client, server: String, directory: &Path) -> Router {
    let server = server.trim_end_matches('/').to_owned();
    let portail =
        Arc::new(Portail { client, server, registre: Registre::new(directory), journal: Journal::default() });
    Router::new()
        .route("/", get(appels::liste))
        .route("/nouveau", get(appels::formulaire).post(appels::creer))
        .route("/suivre", post(appels::suivre))
        .route("/relier", post(appels::relier))
        .route(RELIE, get(appels::relie))
        .route("/entrer", post(appels::entrer))
        .route("/usager", post(appels::choisir))
        .route("/echange/{numero}/{sens}", get(appels::enveloppe))
        .route("/accessibilite", get(appels::accessibilite))
        .route("/portail.css", get(style))
        .fallback(appels::introuvable)
        .layer(from_fn(own_pages_alone))
        .layer(map_response_with_state(Arc::clone(&portail), headers))
        .with_state(portail)
}

/// Another site may not press this portal's buttons, though it is open on the machine of whoever tries it.
async fn own_pages_alone(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if request.method() == Method::POST && site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return (StatusCode::FORBIDDEN, "another site asked\n").into_response();
    }
    next.run(request).await
}

async fn headers(
    axum::extract::State(portail): axum::extract::State<Arc<Portail>>,
    mut response: Response,
) -> Response {
    // a form may end in a redirection to the server, which form-action covers too
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        portail.server
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../../templates/portail/portail.css"))
}
