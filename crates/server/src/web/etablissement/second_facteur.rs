//! The second factor: asked for after the password, set up where there is none.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use dossier::Prive;
use serde::Deserialize;
use storage::{Action, Compte};

use super::page::Cadre;
use super::porte::{
    Agent, CONNEXION, Manque, attempt, cle, form as read_form, give, manque, not_own, note_entree, take, to,
    too_early, trace,
};
use crate::bureau::{SecretTotp, qr};
use crate::state::AppState;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::page::{failure, html};
use crate::web::secret::Secret;

/// Who tries codes knows the password: longer waits keep no one else out.
const CODES: (u32, Duration) = (5, Duration::from_mins(15));

#[derive(Deserialize, Default)]
pub(super) struct Saisie {
    code: Option<String>,
    jeton: Option<String>,
}

#[derive(Template)]
#[template(path = "etablissement/code.html")]
struct PageCode {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
    erreur: Option<String>,
}

#[derive(Template)]
#[template(path = "etablissement/second_facteur.html")]
struct PageReglage {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
    erreur: Option<String>,
    /// The secret by four letters, to be typed.
    groupes: Vec<String>,
    /// It can be put off: a sandbox.
    facultatif: bool,
}

const WRONG: &str =
    "Ce code n’est pas le bon, ou il a déjà servi. Attendez le suivant : il change toutes les 30 secondes.";

/// `GET /etablissement/code`
pub(super) async fn ask(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    match pending(&state, &headers, Manque::Code).await {
        Ok(agent) => page_code(&state, &agent, StatusCode::OK, None).await,
        Err(response) => *response,
    }
}

async fn page_code(state: &AppState, agent: &Agent, status: StatusCode, erreur: Option<String>) -> Response {
    match agent.cadre(state).await {
        Ok(cadre) => {
            html(status, &PageCode { style: style_path(), feuille: desk_style_path(), cadre, erreur })
        }
        Err(error) => failure(&error, None),
    }
}

/// The session of a request that lacks just this; for any other, where it belongs.
async fn pending(state: &AppState, headers: &HeaderMap, wanted: Manque) -> Result<Agent, Box<Response>> {
    match Agent::of(state, headers).await {
        Ok(Some(agent)) => match agent.manque(state) {
            Some(manque) if manque == wanted => Ok(agent),
            // who lacks nothing may still set up a second factor, where it is not obligatory
            None if wanted == Manque::SecondFacteur && agent.session.compte.second_facteur.is_none() => {
                Ok(agent)
            }
            Some(manque) => Err(Box::new(to(manque.adresse()))),
            None => Err(Box::new(to("/etablissement"))),
        },
        Ok(None) => Err(Box::new(to(CONNEXION))),
        Err(error) => Err(Box::new(failure(&error, None))),
    }
}

/// `POST /etablissement/code`
pub(super) async fn shown(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let saisie = read_form::<Saisie>(request).await.unwrap_or_default();
    let agent = match pending(&state, &headers, Manque::Code).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    if !agent.owns(&headers, saisie.jeton.as_deref()) {
        return not_own(&state, &agent).await;
    }
    match check(&state, &agent, &saisie.code.unwrap_or_default()).await {
        Ok(Checked::Right(response)) => *response,
        Ok(Checked::Wrong) => page_code(&state, &agent, StatusCode::FORBIDDEN, Some(WRONG.to_owned())).await,
        Ok(Checked::Over) => {
            let mut response = to(CONNEXION);
            take(&mut response);
            response
        }
        Ok(Checked::Early(wait)) => {
            let (status, words) = too_early(wait);
            page_code(&state, &agent, status, Some(words)).await
        }
        Err(error) => failure(&error, None),
    }
}

enum Checked {
    Right(Box<Response>),
    Wrong,
    /// Too many wrong ones: the session is over.
    Over,
    Early(Duration),
}

async fn check(state: &AppState, agent: &Agent, code: &str) -> Result<Checked, storage::Error> {
    let compte = &agent.session.compte;
    let secret = compte.second_facteur.as_ref().and_then(|secret| SecretTotp::from_base32(secret.as_str()));
    let step = secret.and_then(|secret| secret.step_of(code, state.clock.now()));
    let cles = &[cle("code", &compte.id.number().to_string(), CODES.0, CODES.1)];
    if let Some(wait) = attempt(state, cles).await? {
        return Ok(Checked::Early(wait));
    }
    let (session, browser) = (Secret::draw(&mut crate::clock::rng()), Secret::draw(&mut crate::clock::rng()));
    let (from, to_sha256, browser_sha256) = (agent.secret.sha256(), session.sha256(), browser.sha256());
    let complete = manque(compte, true, state.config.sandbox).is_none();
    let outcome = state.store.run("desk: second factor", |tx| {
        Box::pin(async move {
            let used = match step {
                Some(step) => tx.take_pas(compte.id, step).await?,
                None => false,
            };
            if !used {
                tx.trace(&trace(compte, Action::ConnexionRefusee).detail("second factor").code("403"))
                    .await?;
                return Ok(if tx.wrong_code(&from).await? { Outcome::Wrong } else { Outcome::Over });
            }
            tx.succeeded(cles).await?;
            if !tx.raise_bureau_session(&from, &to_sha256).await? {
                return Ok(Outcome::Over);
            }
            tx.trace(&trace(compte, Action::ConnexionOuverte).detail("second factor").code("303")).await?;
            if complete {
                note_entree(tx, compte, &browser_sha256).await?;
            }
            Ok(Outcome::Right)
        })
    });
    Ok(match outcome.await? {
        Outcome::Wrong => Checked::Wrong,
        Outcome::Over => Checked::Over,
        Outcome::Right => {
            let mut response = to("/etablissement");
            give(&mut response, Some(&session), complete.then_some(&browser));
            Checked::Right(Box::new(response))
        }
    })
}

enum Outcome {
    Right,
    Wrong,
    Over,
}

/// `GET /etablissement/second-facteur`: a secret is drawn and kept with the session until a code of it is shown.
pub(super) async fn begin(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    match pending(&state, &headers, Manque::SecondFacteur).await {
        Ok(agent) => page_reglage(&state, &agent, StatusCode::OK, None).await,
        Err(response) => *response,
    }
}

async fn page_reglage(
    state: &AppState,
    agent: &Agent,
    status: StatusCode,
    erreur: Option<String>,
) -> Response {
    match reglage(state, agent, erreur).await {
        Ok(page) => html(status, &page),
        Err(error) => failure(&error, None),
    }
}

async fn reglage(
    state: &AppState,
    agent: &Agent,
    erreur: Option<String>,
) -> Result<PageReglage, storage::Error> {
    let secret = match &agent.session.attente {
        Some(secret) => secret.clone(),
        None => {
            let drawn = Prive::new(SecretTotp::draw(&mut crate::clock::rng()).base32());
            let (session, kept) = (agent.session.id, &drawn);
            state
                .store
                .run("desk: a second factor is being set up", |tx| {
                    Box::pin(async move {
                        tx.untraced("a secret that waits opens nothing; that it is set up is traced");
                        tx.set_attente(session, kept).await
                    })
                })
                .await?;
            drawn
        }
    };
    let letters: Vec<char> = secret.as_str().chars().collect();
    Ok(PageReglage {
        style: style_path(),
        feuille: desk_style_path(),
        cadre: agent.cadre(state).await?,
        erreur,
        groupes: letters.chunks(4).map(|group| group.iter().collect()).collect(),
        facultatif: agent.manque(state).is_none(),
    })
}

/// `GET /etablissement/second-facteur/qr.svg`
pub(super) async fn image(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let agent = match pending(&state, &headers, Manque::SecondFacteur).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    let secret = agent.session.attente.as_ref().and_then(|secret| SecretTotp::from_base32(secret.as_str()));
    match secret.and_then(|secret| qr(&secret.uri(&agent.session.compte.login))) {
        Some(svg) => ([(CONTENT_TYPE, "image/svg+xml")], svg).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `POST /etablissement/second-facteur`
pub(super) async fn confirmed(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let saisie = read_form::<Saisie>(request).await.unwrap_or_default();
    let agent = match pending(&state, &headers, Manque::SecondFacteur).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    if !agent.owns(&headers, saisie.jeton.as_deref()) {
        return not_own(&state, &agent).await;
    }
    let secret = agent.session.attente.clone();
    let step = secret
        .as_ref()
        .and_then(|secret| SecretTotp::from_base32(secret.as_str()))
        .and_then(|secret| secret.step_of(&saisie.code.unwrap_or_default(), state.clock.now()));
    let (Some(secret), Some(step)) = (secret, step) else {
        return page_reglage(&state, &agent, StatusCode::FORBIDDEN, Some(WRONG.to_owned())).await;
    };
    match keep(&state, &agent, &agent.session.compte, &secret, step).await {
        Ok(response) => response,
        Err(error) => failure(&error, None),
    }
}

async fn keep(
    state: &AppState,
    agent: &Agent,
    compte: &Compte,
    secret: &Prive,
    step: i64,
) -> Result<Response, storage::Error> {
    let (session, browser) = (Secret::draw(&mut crate::clock::rng()), Secret::draw(&mut crate::clock::rng()));
    let (from, to_sha256, browser_sha256) = (agent.secret.sha256(), session.sha256(), browser.sha256());
    let kept = state.store.run("desk: a second factor is set up", |tx| {
        Box::pin(async move {
            tx.set_second_facteur(compte.id, secret, step).await?;
            tx.trace(&trace(compte, Action::CompteModifie).detail("second factor set up").code("303"))
                .await?;
            // sessions without it are over
            tx.close_bureau_sessions(compte.id, Some(&from)).await?;
            tx.raise_bureau_session(&from, &to_sha256).await?;
            note_entree(tx, compte, &browser_sha256).await
        })
    });
    kept.await?;
    let mut response = to("/etablissement/compte?fait=second-facteur");
    give(&mut response, Some(&session), Some(&browser));
    Ok(response)
}
