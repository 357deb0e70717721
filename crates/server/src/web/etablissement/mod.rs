//! `/etablissement`, the desk: where an establishment reads the demandes sent to it and answers them.
//!
//! A request goes through [`porte`] first: a session that holds, and nothing missing in it (second factor, own password).
//! Whatever changes something is a form of this session, posted from this site. Nothing here shows another
//! establishment's demande: it is as unknown as one that does not exist.

mod actions;
mod compte;
mod connexion;
mod demande;
mod export;
mod liste;
mod openid;
mod page;
mod porte;
mod reprise;
mod rester;
mod second_facteur;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};

use crate::state::AppState;

pub(super) use porte::cle;

/// A remark of 1000 characters of four bytes, each byte written as three, and the rest of its form.
const BODY_BYTES: usize = 16 * 1024;

/// Every address of the desk, for the table of routes and roles that the tests hold.
#[cfg(test)]
pub(super) const ROUTES: &[(&str, &str)] = &[
    ("GET", "/etablissement"),
    ("GET", "/etablissement/demandes.csv"),
    ("GET", "/etablissement/demandes/{id}"),
    ("GET", "/etablissement/demandes/{id}/{action}"),
    ("POST", "/etablissement/demandes/{id}/{action}"),
    ("GET", "/etablissement/reprise"),
    ("POST", "/etablissement/reprise"),
    ("GET", "/etablissement/connexion"),
    ("POST", "/etablissement/connexion"),
    ("GET", "/etablissement/openid"),
    ("GET", "/etablissement/openid/retour"),
    ("POST", "/etablissement/deconnexion"),
    ("POST", "/etablissement/rester"),
    ("GET", "/etablissement/code"),
    ("POST", "/etablissement/code"),
    ("GET", "/etablissement/second-facteur"),
    ("POST", "/etablissement/second-facteur"),
    ("GET", "/etablissement/second-facteur/qr.svg"),
    ("GET", "/etablissement/mot-de-passe"),
    ("POST", "/etablissement/mot-de-passe"),
    ("GET", "/etablissement/compte"),
    ("POST", "/etablissement/compte/sessions/{id}/fermer"),
];

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/etablissement", get(liste::show))
        .route("/etablissement/demandes.csv", get(export::csv).head(nothing))
        // a look ahead opens nothing: opening tells the family that its demande was read
        .route("/etablissement/demandes/{id}", get(demande::open).head(nothing))
        .route("/etablissement/demandes/{id}/{action}", get(actions::form).post(actions::posted))
        .route("/etablissement/reprise", get(reprise::show).post(reprise::drop_kept))
        .route("/etablissement/connexion", get(connexion::form).post(connexion::posted))
        // a look ahead is not sent anywhere, and uses nothing up
        .route("/etablissement/openid", get(openid::leave).head(nothing))
        .route("/etablissement/openid/retour", get(openid::back).head(nothing))
        .route("/etablissement/deconnexion", post(connexion::leave))
        .route("/etablissement/rester", post(rester::extend))
        .route("/etablissement/code", get(second_facteur::ask).post(second_facteur::shown))
        .route("/etablissement/second-facteur", get(second_facteur::begin).post(second_facteur::confirmed))
        .route("/etablissement/second-facteur/qr.svg", get(second_facteur::image))
        .route("/etablissement/mot-de-passe", get(compte::password_form).post(compte::password_posted))
        .route("/etablissement/compte", get(compte::show))
        .route("/etablissement/compte/sessions/{id}/fermer", post(compte::close_session))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}

async fn nothing() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests;
