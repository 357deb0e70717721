//! The door: login and password, and the way out. Unknown, disabled and wrong are one answer, and take one time.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Extension, Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use storage::{Action, Cle, Compte, Provisoire};

use super::porte::{
    AVANT, Agent, SESSION, attempt, cle, form as read_form, give, is_own, manque, navigateur,
    navigateur_nomme, new_session, note_entree, take, to, too_early, trace,
};
use super::reprise::{forget, leave_behind};
use crate::bureau;
use crate::peer::PeerAddress;
use crate::state::AppState;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::page::{failure, html};
use crate::web::secret::Secret;

/// An account's failures from browsers that never entered it: five are free, and none makes its owner wait for more than a
/// minute, whoever makes them.
const UNKNOWN_BROWSER: (u32, Duration) = (5, Duration::from_mins(1));
/// Those of a browser that did enter it, which strangers cannot add to.
const KNOWN_BROWSER: (u32, Duration) = (5, Duration::from_mins(15));
/// Those from one address, which a whole house may share.
const ADDRESS: (u32, Duration) = (30, Duration::from_mins(5));

#[derive(Deserialize, Default)]
pub(super) struct Saisie {
    identifiant: Option<String>,
    mot_de_passe: Option<String>,
    jeton: Option<String>,
}

#[derive(Template)]
#[template(path = "etablissement/connexion.html")]
struct Page {
    style: &'static str,
    feuille: &'static str,
    jeton: String,
    identifiant: String,
    erreur: Option<String>,
    /// What happened before: the session was left, or ended.
    nouvelle: Option<&'static str>,
    /// What the provider of OpenID Connect is called, where there is one.
    openid: Option<String>,
    /// Passwords are taken.
    mots_de_passe: bool,
    /// Where who left signs out at the provider too.
    sortie: Option<String>,
}

const REFUSED: &str =
    "L’identifiant ou le mot de passe n’est pas le bon. Vérifiez les majuscules, puis recommencez.";

/// `GET /etablissement/connexion`
pub(super) async fn form(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    match Agent::of(&state, &headers).await {
        Ok(Some(_)) => to("/etablissement"),
        Ok(None) => door(&state, &headers, StatusCode::OK, String::new(), None, None),
        Err(error) => failure(&error, None),
    }
}

/// The door, with a token of its own where the browser has none.
fn door(
    state: &AppState,
    headers: &HeaderMap,
    status: StatusCode,
    identifiant: String,
    erreur: Option<String>,
    nouvelle: Option<&'static str>,
) -> Response {
    door_and_way_out(state, headers, status, identifiant, erreur, nouvelle, None)
}

fn door_and_way_out(
    state: &AppState,
    headers: &HeaderMap,
    status: StatusCode,
    identifiant: String,
    erreur: Option<String>,
    nouvelle: Option<&'static str>,
    sortie: Option<String>,
) -> Response {
    let had = Secret::of_named_cookie(headers, AVANT);
    let secret = had.clone().unwrap_or_else(|| Secret::draw(&mut crate::clock::rng()));
    let page = Page {
        style: style_path(),
        feuille: desk_style_path(),
        jeton: secret.form_token(),
        identifiant,
        erreur,
        nouvelle,
        openid: state.openid.as_ref().map(|provider| provider.label().to_owned()),
        mots_de_passe: !state.config.openid.only,
        sortie,
    };
    let mut response = html(status, &page);
    if had.is_none()
        && let Some(cookie) = secret.set_strict_cookie(AVANT, None)
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// `POST /etablissement/connexion`
pub(super) async fn posted(
    State(state): State<Arc<AppState>>,
    address: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let saisie = read_form::<Saisie>(request).await.unwrap_or_default();
    let typed = saisie.identifiant.unwrap_or_default();
    let own = Secret::of_named_cookie(&headers, AVANT)
        .is_some_and(|secret| is_own(&secret, &headers, saisie.jeton.as_deref()));
    if !own {
        let words = "Le formulaire n’était plus valable. Recommencez.".to_owned();
        return door(&state, &headers, StatusCode::FORBIDDEN, typed, Some(words), None);
    }
    if state.config.openid.only {
        let words = "On n’entre plus ici par mot de passe.".to_owned();
        return door(&state, &headers, StatusCode::FORBIDDEN, String::new(), Some(words), None);
    }
    let address = address.map(|Extension(address)| address.network(&headers));
    let password = saisie.mot_de_passe.unwrap_or_default();
    match enter(&state, &headers, &typed, password, address).await {
        Ok(Entered::Yes(response)) => *response,
        Ok(Entered::Refused) => {
            door(&state, &headers, StatusCode::FORBIDDEN, typed, Some(REFUSED.to_owned()), None)
        }
        Ok(Entered::Expired) => {
            let words =
                "Ce mot de passe provisoire n’est plus valable. Demandez-en un autre à votre administrateur.";
            door(&state, &headers, StatusCode::FORBIDDEN, typed, Some(words.to_owned()), None)
        }
        Ok(Entered::Early(wait)) => {
            let (status, words) = too_early(wait);
            door(&state, &headers, status, typed, Some(words), None)
        }
        Err(error) => failure(&error, None),
    }
}

/// What came of a login and a password.
enum Entered {
    Yes(Box<Response>),
    Refused,
    Expired,
    Early(Duration),
}

async fn enter(
    state: &AppState,
    headers: &HeaderMap,
    typed: &str,
    password: String,
    address: Option<String>,
) -> Result<Entered, storage::Error> {
    // what can be no login is looked for all the same: it takes the same time
    let login = bureau::login(typed).unwrap_or_default();
    let browser = navigateur(headers).map(|secret| secret.sha256());
    let wanted = login.clone();
    let found = state.store.read(move |reader| {
        Box::pin(async move {
            let known = match browser {
                Some(sha256) => reader.navigateur_connu(&sha256).await?,
                None => None,
            };
            Ok((reader.compte_by_login(&wanted).await?, known))
        })
    });
    let (compte, known) = found.await?;
    let known = compte.as_ref().is_some_and(|compte| known == Some(compte.id));
    let cles = &cles(&login, known, address.as_deref());
    if let Some(wait) = attempt(state, cles).await? {
        return Ok(Entered::Early(wait));
    }
    let compte = compte.filter(|compte| !compte.ferme);
    let stored = compte.as_ref().map(|compte| compte.mot_de_passe.as_str().to_owned());
    let right = bureau::verify(password, stored).await;
    let known = compte.as_ref().map(|compte| trace(compte, Action::ConnexionRefusee).code("403"));
    let Some(compte) = compte.filter(|_| right) else {
        // of an account that there is: what else is typed into that field may be anything, a password too
        state.trail.record(known);
        return Ok(Entered::Refused);
    };
    if compte.provisoire == Provisoire::Perime {
        state.trail.record(known.map(|trace| trace.detail("its first password is too old")));
        return Ok(Entered::Expired);
    }
    open(state, headers, &compte, cles).await
}

async fn open(
    state: &AppState,
    headers: &HeaderMap,
    compte: &Compte,
    cles: &[Cle],
) -> Result<Entered, storage::Error> {
    let complete = manque(compte, false, state.config.sandbox).is_none();
    let (session, browser) = (Secret::draw(&mut crate::clock::rng()), Secret::draw(&mut crate::clock::rng()));
    let former = Secret::of_named_cookie(headers, SESSION);
    let replaced = former.as_ref().map(Secret::sha256);
    let (sha256, browser_sha256) = (session.sha256(), browser.sha256());
    let name = navigateur_nomme(headers);
    let opened = state.store.run("desk: enter", |tx| {
        let (name, session_of) = (name.as_str(), compte);
        Box::pin(async move {
            if let Some(replaced) = replaced {
                tx.end_bureau_session(&replaced).await?;
            }
            tx.open_bureau_session(&sha256, &new_session(session_of, false, name)).await?;
            let detail = if complete { "password" } else { "password alone, so far" };
            tx.trace(&trace(session_of, Action::ConnexionOuverte).detail(detail).code("303")).await?;
            if complete {
                tx.succeeded(cles).await?;
                note_entree(tx, session_of, &browser_sha256).await
            } else {
                // the first factor alone does not clear what was counted
                tx.undecided(cles).await
            }
        })
    });
    opened.await?;
    let mut response = to("/etablissement");
    give(&mut response, Some(&session), complete.then_some(&browser));
    // windows of the former session may be open still: what is typed in them is not lost
    if let Some(former) = former {
        leave_behind(&mut response, &former);
    }
    Ok(Entered::Yes(Box::new(response)))
}

fn cles(login: &str, known: bool, address: Option<&str>) -> Vec<Cle> {
    let (what, (libres, plafond)) =
        if known { ("navigateur", KNOWN_BROWSER) } else { ("compte", UNKNOWN_BROWSER) };
    let mut cles = vec![cle(what, login, libres, plafond)];
    cles.extend(address.map(|address| cle("adresse", address, ADDRESS.0, ADDRESS.1)));
    cles
}

#[derive(Deserialize, Default)]
pub(super) struct Sortie {
    jeton: Option<String>,
}

/// `POST /etablissement/deconnexion`
pub(super) async fn leave(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let jeton = read_form::<Sortie>(request).await.unwrap_or_default().jeton;
    let agent = match Agent::of(&state, &headers).await {
        Ok(Some(agent)) => agent,
        Ok(None) => return door(&state, &headers, StatusCode::OK, String::new(), None, Some(LEFT)),
        Err(error) => return failure(&error, None),
    };
    if !agent.owns(&headers, jeton.as_deref()) {
        return super::porte::not_own(&state, &agent).await;
    }
    let sha256 = agent.secret.sha256();
    let trace = &agent.trace(Action::ConnexionFermee).code("200");
    let ended = state.store.run("desk: leave", move |tx| {
        Box::pin(async move {
            tx.close_bureau_session(&sha256).await?;
            tx.trace(trace).await
        })
    });
    if let Err(error) = ended.await {
        return failure(&error, None);
    }
    forget(&state, &headers, None).await;
    // who came from the provider is still signed in there: that is offered to be ended, not done unasked
    let sortie = match &state.openid {
        Some(provider) if agent.session.par_openid => provider.adresse_de_sortie().await,
        _ => None,
    };
    let mut response =
        door_and_way_out(&state, &headers, StatusCode::OK, String::new(), None, Some(LEFT), sortie);
    take(&mut response);
    super::reprise::take(&mut response);
    response
}

const LEFT: &str = "Vous avez quitté le bureau. Sur un ordinateur partagé, fermez aussi la fenêtre.";
