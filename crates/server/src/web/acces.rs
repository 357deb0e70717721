//! `/acces`: a token becomes a session, once (decisions §6 and §9). The token goes into no log, page or referrer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use storage::seam::{Seam, pass};
use storage::{Acteur, Action, Cle, Trace};

use super::etablissement::cle;
use super::retour::Retour;
use super::secret::{Secret, remember_partner};
use super::{page, reprise};
use crate::chaos::Misbehaviour;
use crate::peer::PeerAddress;
use crate::state::AppState;

/// A session ends after this long without a page asked for…
const IDLE: Duration = Duration::from_mins(30);
/// …and after this long in any case: RGAA 13.1 wants 20 hours at least.
const ABSOLUTE: Duration = Duration::from_hours(20);

/// Tokens that open nothing, from one address since someone there last entered: so many are free, then each has to wait, a
/// minute at most. A token that comes too early is not looked at, and its page is that of every other that opens nothing.
const ATTEMPTS: (u32, Duration) = (100, Duration::from_mins(1));

/// Query of `GET`, form of `POST`. Two tokens are none.
#[derive(Deserialize)]
pub(super) struct Parameters {
    jeton: Option<String>,
}

/// `GET /acces?jeton=…`
pub(super) async fn redirected(
    State(state): State<Arc<AppState>>,
    address: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let parameters = Query::<Parameters>::try_from_uri(&uri).ok();
    enter(&state, &headers, address, parameters.and_then(|Query(parameters)| parameters.jeton)).await
}

/// `POST /acces` with the form field `jeton`
pub(super) async fn posted(
    State(state): State<Arc<AppState>>,
    address: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    form: Result<Form<Parameters>, FormRejection>,
) -> Response {
    enter(&state, &headers, address, form.ok().and_then(|Form(parameters)| parameters.jeton)).await
}

/// `HEAD /acces`: a link checker's look. Nothing is used up, and nothing is told.
pub(super) async fn looked_at() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn enter(
    state: &AppState,
    headers: &HeaderMap,
    address: Option<Extension<PeerAddress>>,
    jeton: Option<String>,
) -> Response {
    if is_prefetch(headers) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let Some(jeton) = jeton.as_deref().and_then(Secret::parse) else { return refused(state).await };
    let session = Secret::draw(&mut crate::clock::rng());
    let (taken, opened) = (jeton.sha256(), session.sha256());
    let former = Secret::of_cookie(headers);
    let replaced = former.as_ref().map(Secret::sha256);
    let late = state.config.chaos.strikes(Misbehaviour::Expired, &mut crate::clock::rng());
    if let Err(untraceable) = state.trail.admit().await {
        return page::failure(&untraceable.into(), None);
    }
    let attempts: Vec<Cle> = address
        .map(|Extension(address)| cle("acces", &address.network(headers), ATTEMPTS.0, ATTEMPTS.1))
        .into_iter()
        .collect();
    // in one transaction: a token is used up only by a session that stands, and a browser has one session
    let entered = state.store.run("redirection", |tx| {
        let attempts = &attempts;
        Box::pin(async move {
            tx.untraced("what opens nothing is counted here, and traced with what is read");
            if tx.attempt(attempts).await?.is_some() {
                return Ok(None);
            }
            let Some(good_for) = tx.take_jeton(&taken).await? else { return Ok(None) };
            if late {
                return Ok(None);
            }
            if let Some(replaced) = replaced {
                tx.end_session(&replaced).await?;
            }
            tx.open_session(&opened, &good_for.dossier, good_for.application, IDLE, ABSOLUTE).await?;
            // a whole house may share the address: whoever enters clears it
            tx.succeeded(attempts).await?;
            let family = Acteur::Famille { application: Some(good_for.application) };
            tx.trace(&Trace::new(family, Action::AccesOuvert).dossier(&good_for.dossier).code("303")).await?;
            tx.application(good_for.application).await
        })
    });
    let entered = entered.await.and_then(|entered| {
        if entered.is_some() {
            pass(Seam::AfterToken, "redirection")?;
        }
        Ok(entered)
    });
    match entered {
        Ok(Some(application)) => {
            let mut response = (StatusCode::SEE_OTHER, [(LOCATION, "/dossier")]).into_response();
            let cookies = [session.set_cookie(), remember_partner(&application.name)];
            // windows of the former session may be open still: what is typed in them is not lost (reprise.rs)
            let former = former.and_then(|former| former.set_reprise(reprise::GARDE.as_secs()));
            for cookie in cookies.into_iter().chain([former]).flatten() {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            response
        }
        Ok(None) => {
            let nobody = Acteur::Famille { application: None };
            state.trail.record([Trace::new(nobody, Action::AccesRefuse).code("403")]);
            refused(state).await
        }
        Err(error) => page::failure(&error, None),
    }
}

/// The one 403 page. Its way back depends on nothing that the browser sent, so that it is the same for every token.
async fn refused(state: &AppState) -> Response {
    page::refused(Retour::of_sole_partner(state).await)
}

/// A browser that fetches ahead of its user, by any of the headers that say so.
pub(super) fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().any(|name| {
        let values = headers.get_all(*name).into_iter().filter_map(|value| value.to_str().ok());
        values
            .map(str::to_ascii_lowercase)
            .any(|value| ["prefetch", "prerender", "preview"].iter().any(|purpose| value.contains(purpose)))
    })
}
