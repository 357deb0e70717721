//! Nothing typed at the desk is lost when a session ends: as for families ([`crate::web::reprise`]), a decision that comes too
//! late is kept for an hour, sealed by what the browser alone has, and offered to the same account in the same browser.
//! It is sent again as it was, with the version that was seen: where someone was faster meanwhile, it is told and not done.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use storage::{CompteId, NouvelleRepriseBureau, Reprise};

use super::actions::Action;
use super::page::Cadre;
use super::porte::{Agent, SESSION, entree, form as read_form, not_own, to};
use crate::state::AppState;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::garde::from_here;
use crate::web::page::{failure, html};
use crate::web::reprise::{GARDE, open, seal};
use crate::web::secret::Secret;
use crate::web::vue::bureau::motif;
use crate::web::vue::textes::heure;

/// Where what was kept is offered.
pub(super) const ADRESSE: &str = "/etablissement/reprise";

/// Of a session that is over: what its forms held can be read with it, and nothing else can be done.
const COOKIE: &str = "__Host-bureau-reprise";

/// What is kept of a decision's form.
#[derive(Serialize, Deserialize, Default, Clone)]
pub(super) struct Garde {
    pub(super) version: String,
    pub(super) motif: String,
    pub(super) remarque: String,
    pub(super) confirmation: String,
}

impl Garde {
    /// Whether someone typed something of it.
    fn is_typed(&self) -> bool {
        !self.motif.is_empty() || !self.remarque.trim().is_empty()
    }
}

/// The session is over, and something was typed.
#[derive(Template)]
#[template(path = "etablissement/fermee.html")]
struct Fermee {
    style: &'static str,
    feuille: &'static str,
    /// It is kept; else it is to be copied.
    gardee: bool,
    remarque: String,
}

#[derive(Template)]
#[template(path = "etablissement/reprise.html")]
struct Page {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
    textes: Vec<Texte>,
}

/// A form to be taken up again.
struct Texte {
    id: i64,
    action: Action,
    demande: i64,
    heure: String,
    chemin: String,
    garde: Garde,
    motif: Option<String>,
}

/// What becomes of a form that is not of the session that holds now, if any. None if it is no late one: it is then for the
/// page that asked to say what it is.
pub(super) async fn late(
    state: &AppState,
    headers: &HeaderMap,
    jeton: &str,
    (demande, action): (i64, Action),
    garde: &Garde,
) -> Option<Response> {
    if !garde.is_typed() || !from_here(headers) {
        return None;
    }
    let browser = [Secret::of_named_cookie(headers, SESSION), Secret::of_named_cookie(headers, COOKIE)];
    let former = browser.into_iter().flatten().find(|secret| secret.owns_form(jeton))?;
    let sha256 = former.sha256();
    let ended =
        state.store.read(move |reader| Box::pin(async move { reader.ended_bureau_session(&sha256).await }));
    let compte = match ended.await {
        Ok(ended) => ended?,
        Err(error) => return Some(failure(&error, None)),
    };
    Some(keep(state, headers, &former, compte, (demande, action), garde).await)
}

async fn keep(
    state: &AppState,
    headers: &HeaderMap,
    former: &Secret,
    compte: CompteId,
    (demande, action): (i64, Action),
    garde: &Garde,
) -> Response {
    let chemin = &format!("/etablissement/demandes/{demande}/{}", action.code());
    let form = serde_json::to_vec(garde).unwrap_or_default();
    let sealed = seal(former, chemin, &form, &mut crate::clock::rng());
    let kept = match sealed {
        Some(scelle) => {
            let sha256 = &former.sha256();
            let reprise =
                NouvelleRepriseBureau { sha256, compte, demande, chemin, scelle: &scelle, pour: GARDE };
            let kept = state.store.run("desk: keep a late form", |tx| {
                Box::pin(async move {
                    tx.untraced("what was typed and not sent is no part of a dossier");
                    tx.keep_reprise_bureau(reprise).await
                })
            });
            match kept.await {
                Ok(kept) => kept,
                Err(error) => return failure(&error, None),
            }
        }
        None => false,
    };
    // who is back already, in another window, is led to it
    let back = Agent::of(state, headers).await.ok().flatten();
    let mut response = if kept && back.is_some_and(|agent| agent.session.compte.id == compte) {
        to(ADRESSE)
    } else {
        let page = Fermee {
            style: style_path(),
            feuille: desk_style_path(),
            gardee: kept,
            remarque: garde.remarque.clone(),
        };
        html(StatusCode::FORBIDDEN, &page)
    };
    if kept {
        leave_behind(&mut response, former);
    }
    response
}

/// Leaves the browser what opens the forms of a session that is over.
pub(super) fn leave_behind(response: &mut Response, former: &Secret) {
    let age = u32::try_from(GARDE.as_secs()).ok();
    if let Some(cookie) = former.set_strict_cookie(COOKIE, age) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// Whether this browser has something to take up in this account.
pub(super) async fn waits(
    state: &AppState,
    headers: &HeaderMap,
    agent: &Agent,
) -> Result<bool, storage::Error> {
    match Secret::of_named_cookie(headers, COOKIE) {
        Some(former) => Ok(!kept(state, agent, &former).await?.is_empty()),
        None => Ok(false),
    }
}

async fn kept(state: &AppState, agent: &Agent, former: &Secret) -> Result<Vec<Reprise>, storage::Error> {
    let (sha256, compte) = (former.sha256(), agent.session.compte.id);
    let found = state
        .store
        .read(move |reader| Box::pin(async move { reader.reprises_bureau(&sha256, compte).await }));
    found.await
}

/// Forgets one kept form of this browser, or all.
pub(super) async fn forget(state: &AppState, headers: &HeaderMap, id: Option<i64>) {
    let Some(former) = Secret::of_named_cookie(headers, COOKIE) else { return };
    let sha256 = former.sha256();
    let dropped = state.store.run("desk: forget a late form", move |tx| {
        Box::pin(async move {
            tx.untraced("what was typed and not sent is no part of a dossier");
            tx.drop_reprise_bureau(&sha256, id).await
        })
    });
    if let Err(error) = dropped.await {
        tracing::warn!(%error, "a kept form was not forgotten; it will be within the hour");
    }
}

/// Takes the cookie away: whoever leaves leaves nothing behind.
pub(super) fn take(response: &mut Response) {
    let gone = "__Host-bureau-reprise=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0";
    response.headers_mut().append(SET_COOKIE, HeaderValue::from_static(gone));
}

/// `GET /etablissement/reprise`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let agent = match entree(&state, &headers).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    match offered(&state, &headers, &agent).await {
        Ok(page) if page.textes.is_empty() => to("/etablissement"),
        Ok(page) => html(StatusCode::OK, &page),
        Err(error) => failure(&error, None),
    }
}

async fn offered(state: &AppState, headers: &HeaderMap, agent: &Agent) -> Result<Page, storage::Error> {
    agent.sees(state, agent.trace(storage::Action::PageVue).detail(ADRESSE).code("200")).await?;
    let mut textes = Vec::new();
    if let Some(former) = Secret::of_named_cookie(headers, COOKIE) {
        for reprise in kept(state, agent, &former).await? {
            // what does not open is not this browser's
            let Some(form) = open(&former, &reprise.chemin, &reprise.scelle) else { continue };
            let Ok(garde) = serde_json::from_slice::<Garde>(&form) else { continue };
            textes.extend(Texte::new(reprise, garde, state.clock.now()));
        }
    }
    Ok(Page { style: style_path(), feuille: desk_style_path(), cadre: agent.cadre(state).await?, textes })
}

impl Texte {
    fn new(reprise: Reprise, garde: Garde, now: jiff::Timestamp) -> Option<Self> {
        let (before, action) = reprise.chemin.rsplit_once('/')?;
        Some(Self {
            id: reprise.id,
            action: Action::of(action)?,
            demande: before.rsplit_once('/')?.1.parse().ok()?,
            heure: heure(reprise.gardee_le, now),
            motif: Some(garde.motif.as_str()).filter(|code| !code.is_empty()).map(motif),
            garde,
            chemin: reprise.chemin,
        })
    }
}

/// What is not wanted any more.
#[derive(Deserialize, Default)]
pub(super) struct Oubli {
    jeton: Option<String>,
    id: Option<i64>,
}

/// `POST /etablissement/reprise`: one kept form is forgotten, or all.
pub(super) async fn drop_kept(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let oubli = read_form::<Oubli>(request).await.unwrap_or_default();
    let agent = match entree(&state, &headers).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    if !agent.owns(&headers, oubli.jeton.as_deref()) {
        return not_own(&state, &agent).await;
    }
    forget(&state, &headers, oubli.id).await;
    to("/etablissement")
}
