//! When a session ends, told on each of its pages before it does (RGAA 13.1), and the button that makes it last.
//!
//! The button opens another window: what is half typed in this one stays. It works without script.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use storage::{Session, SessionBureau};

use super::fichiers::style_path;
use super::garde::from_here;
use super::page;
use super::retour::Retour;
use super::secret::Secret;
use super::vue::textes;
use crate::state::AppState;

/// What the template `duree.html` shows.
pub(in crate::web) struct Duree {
    /// What closes: « le dossier », « le bureau ».
    pub(in crate::web) quoi: &'static str,
    /// Where the button's form goes.
    pub(in crate::web) adresse: &'static str,
    pub(in crate::web) jeton: String,
    /// When the session ends if nothing is asked for any more.
    pub(in crate::web) fin: String,
    /// When it ends in any case.
    pub(in crate::web) absolue: String,
    /// Nothing can make it last any longer.
    pub(in crate::web) derniere: bool,
}

impl Duree {
    pub(in crate::web) fn new(secret: &Secret, session: &Session, now: Timestamp) -> Self {
        Self {
            quoi: "le dossier",
            adresse: "/rester",
            jeton: secret.form_token(),
            fin: textes::heure(session.idle_end, now),
            absolue: textes::heure(session.absolute_end, now),
            derniere: is_last(session.idle_end, session.absolute_end),
        }
    }

    /// Of a session of the establishment's desk.
    pub(in crate::web) fn bureau(secret: &Secret, session: &SessionBureau, now: Timestamp) -> Self {
        Self {
            quoi: "le bureau",
            adresse: "/etablissement/rester",
            jeton: secret.form_token(),
            fin: textes::heure(session.idle_end, now),
            absolue: textes::heure(session.absolute_end, now),
            derniere: is_last(session.idle_end, session.absolute_end),
        }
    }
}

/// Whether the idle limit is as good as the absolute one: within the minute that a sign of life may take to be noted.
fn is_last(idle: Timestamp, absolute: Timestamp) -> bool {
    absolute.duration_since(idle) < SignedDuration::from_mins(1)
}

#[derive(Template)]
#[template(path = "rester.html")]
struct Page {
    style: &'static str,
    fin: String,
    absolue: String,
    derniere: bool,
    retour: Option<Retour>,
}

/// The button's form.
#[derive(Deserialize)]
pub(super) struct Rester {
    #[serde(default)]
    jeton: String,
}

/// `POST /rester`: the session lasts another half hour, and says so.
pub(super) async fn extend(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    form: Result<Form<Rester>, FormRejection>,
) -> Response {
    match extended(&state, &headers, form.ok()).await {
        Ok(response) => response,
        Err(error) => page::failure(&error, None),
    }
}

async fn extended(
    state: &AppState,
    headers: &HeaderMap,
    form: Option<Form<Rester>>,
) -> Result<Response, storage::Error> {
    let retour = Retour::of_browser(state, headers).await;
    let Some(secret) = Secret::of_cookie(headers) else { return Ok(page::no_session(retour)) };
    let sha256 = secret.sha256();
    let held = state.store.read(move |reader| Box::pin(async move { reader.session(&sha256).await })).await?;
    if held.is_none() {
        return Ok(page::no_session(retour));
    }
    if !from_here(headers) || !form.is_some_and(|Form(form)| secret.owns_form(&form.jeton)) {
        return Ok(page::elsewhere(retour));
    }
    let extended = state.store.run("rester connecté", move |tx| {
        Box::pin(async move {
            tx.untraced("a session that lasts longer shows and changes nothing");
            tx.extend_session(&sha256).await?;
            tx.session(&sha256).await
        })
    });
    let Some(session) = extended.await? else { return Ok(page::no_session(retour)) };
    let now = state.clock.now();
    let page = Page {
        style: style_path(),
        fin: textes::heure(session.idle_end, now),
        absolue: textes::heure(session.absolute_end, now),
        derniere: is_last(session.idle_end, session.absolute_end),
        retour: Retour::of_session(state, &session).await?,
    };
    Ok(page::html(StatusCode::OK, &page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_absolute_limit_is_told_as_the_last_when_it_comes_first() {
        let absolute: Timestamp = "2026-11-27T20:00:00Z".parse().unwrap();
        for (idle, last) in [
            ("2026-11-27T20:00:00Z", true),
            ("2026-11-27T19:59:01Z", true),
            ("2026-11-27T19:59:00Z", false),
            ("2026-11-27T10:00:00Z", false),
        ] {
            assert_eq!(is_last(idle.parse().unwrap(), absolute), last, "{idle}");
        }
    }
}
