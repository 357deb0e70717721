//! Nothing typed is lost when a session ends. A form that comes too late is kept for an hour, sealed by a key that only the
//! browser holds which sent it, and offered again once its person is back in the same dossier from the same partner.
//!
//! It stands around the family's addresses: their handlers never see a form of a session that is over. Only a form that a
//! page of that session made is kept, by its token; whoever left by « Quitter » has nothing kept.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest as _, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use storage::{Acteur, Action, Error, NouvelleReprise, Reprise, Session, SessionFinie, Trace};

use super::duree::Duree;
use super::fichiers::style_path;
use super::garde::from_here;
use super::page;
use super::retour::Retour;
use super::secret::{Secret, forget_reprise};
use super::vue::textes;
use crate::state::AppState;

/// Where what was kept is offered.
pub(super) const ADRESSE: &str = "/dossier/reprise";

/// How long it is kept.
pub(super) const GARDE: Duration = Duration::from_hours(1);

/// The longest form of the dossier, as its pages take it.
const BODY_BYTES: usize = 128 * 1024;

/// Fields that no one types.
const TECHNIQUES: &[&str] = &["jeton", "reprise", "revision", "vu", "depuis", "demande", "statut", "finess"];

type Paires = Vec<(String, String)>;

/// `/dossier/reprise`
#[derive(Template)]
#[template(path = "reprise.html")]
struct Page {
    style: &'static str,
    duree: Duree,
    retour: Option<Retour>,
    textes: Vec<Texte>,
}

/// A form to be taken up again.
struct Texte {
    id: i64,
    titre: &'static str,
    heure: String,
    chemin: String,
    /// What was typed.
    valeurs: Vec<String>,
    /// The whole form but its former token.
    champs: Paires,
}

/// Stands around every address of the site, and looks at the family's.
pub(super) async fn around(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    match *request.method() {
        Method::GET if path == "/dossier" => match waits(&state, request.headers()).await {
            Ok(true) => (StatusCode::SEE_OTHER, [(LOCATION, ADRESSE)]).into_response(),
            // whatever keeps the dossier from being read, its page will say
            Ok(false) | Err(_) => next.run(request).await,
        },
        Method::POST if path.starts_with("/dossier/") && path != ADRESSE => {
            posted(&state, request, next).await
        }
        Method::POST if path == "/quitter" => left(&state, request, next).await,
        _ => next.run(request).await,
    }
}

/// Whether this browser has something to take up in the dossier that its session shows.
async fn waits(state: &AppState, headers: &HeaderMap) -> Result<bool, Error> {
    let (Some(session), Some(former)) = (Secret::of_cookie(headers), Secret::of_reprise(headers)) else {
        return Ok(false);
    };
    let Some(session) = state.store.live_session(&session.sha256()).await? else { return Ok(false) };
    Ok(!kept(state, &session, &former).await?.is_empty())
}

async fn kept(state: &AppState, session: &Session, former: &Secret) -> Result<Vec<Reprise>, Error> {
    let (sha256, dossier, application) = (former.sha256(), session.dossier.clone(), session.application);
    let found = state
        .store
        .read(move |reader| Box::pin(async move { reader.reprises(&sha256, &dossier, application).await }));
    found.await
}

/// Whoever leaves leaves nothing behind.
async fn left(state: &AppState, request: Request, next: Next) -> Response {
    let former = Secret::of_reprise(request.headers());
    let mut response = next.run(request).await;
    if let Some(former) = former.filter(|_| response.status().is_success()) {
        forget(state, &former, None).await;
        response.headers_mut().append(SET_COOKIE, forget_reprise());
    }
    response
}

async fn forget(state: &AppState, former: &Secret, id: Option<i64>) {
    let sha256 = former.sha256();
    let dropped = state.store.run("reprise oubliée", move |tx| {
        Box::pin(async move {
            tx.untraced("what was typed and not sent is no part of a dossier");
            tx.drop_reprise(&sha256, id).await
        })
    });
    if let Err(error) = dropped.await {
        tracing::warn!(%error, "a kept form was not forgotten; it will be within the hour");
    }
}

async fn posted(state: &AppState, request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_none_or(|length: usize| length > BODY_BYTES) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_BYTES).await else {
        // a form that did not arrive whole has no token: its page says so
        return next.run(Request::from_parts(parts, Body::empty())).await;
    };
    let paires = decode(parts.headers.get(CONTENT_TYPE), bytes.clone()).await;
    let chemin = parts.uri.path().to_owned();
    match late(state, &parts.headers, &paires).await {
        Ok(Some((former, session))) => keep(state, &parts.headers, former, session, &chemin, &bytes).await,
        Err(error) => page::failure(&error, None),
        Ok(None) => {
            let taken_up = value(&paires, "reprise").and_then(|id| id.parse().ok());
            let former = Secret::of_reprise(&parts.headers);
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            // its page has it now, saved or shown with what is wrong in it
            let status = response.status();
            let seen =
                status.is_success() || status.is_redirection() || status == StatusCode::UNPROCESSABLE_ENTITY;
            if let (Some(id), Some(former), true) = (taken_up, former, seen) {
                forget(state, &former, Some(id)).await;
            }
            response
        }
    }
}

async fn decode(kind: Option<&HeaderValue>, bytes: Bytes) -> Paires {
    let mut request = Request::new(Body::from(bytes));
    *request.method_mut() = Method::POST;
    if let Some(kind) = kind {
        request.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    Form::<Paires>::from_request(request, &()).await.map(|Form(paires)| paires).unwrap_or_default()
}

fn value<'p>(paires: &'p Paires, wanted: &str) -> Option<&'p str> {
    paires.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
}

/// The session that a form is of, if it is over, and what its browser still has of it.
async fn late(
    state: &AppState,
    headers: &HeaderMap,
    paires: &Paires,
) -> Result<Option<(Secret, SessionFinie)>, Error> {
    let Some(jeton) = value(paires, "jeton") else { return Ok(None) };
    let typed = paires.iter().any(|(name, value)| name != "jeton" && !value.trim().is_empty());
    if !typed || !from_here(headers) {
        return Ok(None);
    }
    let browser = [Secret::of_cookie(headers), Secret::of_reprise(headers)];
    let Some(former) = browser.into_iter().flatten().find(|secret| secret.owns_form(jeton)) else {
        return Ok(None);
    };
    let sha256 = former.sha256();
    let ended =
        state.store.read(move |reader| Box::pin(async move { reader.ended_session(&sha256).await })).await?;
    Ok(ended.map(|ended| (former, ended)))
}

async fn keep(
    state: &AppState,
    headers: &HeaderMap,
    former: Secret,
    session: SessionFinie,
    chemin: &str,
    form: &[u8],
) -> Response {
    let retour = Retour::of_browser(state, headers).await;
    let Some(scelle) = seal(&former, chemin, form, &mut crate::clock::rng()) else {
        return page::no_session(retour);
    };
    let sha256 = former.sha256();
    let kept = state.store.run("reprise gardée", |tx| {
        let reprise =
            NouvelleReprise { sha256: &sha256, session: &session, chemin, scelle: &scelle, pour: GARDE };
        Box::pin(async move {
            tx.untraced("what was typed and not sent is no part of a dossier");
            tx.keep_reprise(reprise).await
        })
    });
    match kept.await {
        Ok(true) => {}
        Ok(false) => return page::no_session(retour),
        Err(error) => return page::failure(&error, retour),
    }
    // who is back already, in another window, is led to it
    let back = match Secret::of_cookie(headers) {
        Some(now) => state.store.live_session(&now.sha256()).await.ok().flatten(),
        None => None,
    };
    let same =
        back.is_some_and(|back| back.dossier == session.dossier && back.application == session.application);
    let mut response = if same {
        (StatusCode::SEE_OTHER, [(LOCATION, ADRESSE)]).into_response()
    } else {
        page::kept(retour)
    };
    if let Some(cookie) = former.set_reprise(GARDE.as_secs()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// A nonce, the ciphertext, the tag.
pub(super) fn seal(former: &Secret, chemin: &str, form: &[u8], rng: &mut impl rand::Rng) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let mut text = form.to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &former.sealing_key()).ok()?);
    let place = Aad::from(chemin.as_bytes());
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut text).ok()?;
    Some([nonce.as_slice(), &text].concat())
}

pub(super) fn open(former: &Secret, chemin: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &former.sealing_key()).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    let length = key.open_in_place(nonce, Aad::from(chemin.as_bytes()), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

/// `GET /dossier/reprise`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    match offered(&state, &headers).await {
        Ok(Some(page)) if page.textes.is_empty() => {
            (StatusCode::SEE_OTHER, [(LOCATION, "/dossier")]).into_response()
        }
        Ok(Some(page)) => page::html(StatusCode::OK, &page),
        Ok(None) => page::no_session(Retour::of_browser(&state, &headers).await),
        Err(error) => page::failure(&error, None),
    }
}

async fn offered(state: &AppState, headers: &HeaderMap) -> Result<Option<Page>, Error> {
    let Some(secret) = Secret::of_cookie(headers) else { return Ok(None) };
    let Some(session) = state.store.live_session(&secret.sha256()).await? else { return Ok(None) };
    state.trail.admit().await?;
    let now = state.clock.now();
    let mut textes = Vec::new();
    if let Some(former) = Secret::of_reprise(headers) {
        for reprise in kept(state, &session, &former).await? {
            // what does not open is not this browser's
            let Some(form) = open(&former, &reprise.chemin, &reprise.scelle) else { continue };
            let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            let mut champs = decode(Some(&form_type), Bytes::from(form)).await;
            champs.retain(|(name, _)| name != "jeton" && name != "reprise");
            textes.push(Texte::new(reprise, champs, now));
        }
    }
    let family = Acteur::Famille { application: Some(session.application) };
    state
        .trail
        .record([Trace::new(family, Action::PageVue).dossier(&session.dossier).detail(ADRESSE).code("200")]);
    let duree = Duree::new(&secret, &session, now);
    Ok(Some(Page { style: style_path(), duree, retour: Retour::of_session(state, &session).await?, textes }))
}

impl Texte {
    fn new(reprise: Reprise, champs: Paires, now: jiff::Timestamp) -> Self {
        let typed = champs
            .iter()
            .filter(|(name, value)| !TECHNIQUES.contains(&name.as_str()) && !value.trim().is_empty());
        Self {
            id: reprise.id,
            titre: titre(&reprise.chemin),
            heure: textes::heure(reprise.gardee_le, now),
            valeurs: typed.map(|(_, value)| value.clone()).collect(),
            chemin: reprise.chemin,
            champs,
        }
    }
}

/// What a form was about.
fn titre(chemin: &str) -> &'static str {
    const TITRES: &[(&str, &str)] = &[
        ("/dossier/administratif", "Partie administrative"),
        ("/dossier/autonomie", "Partie autonomie"),
        ("/dossier/medical", "Partie médicale"),
        ("/dossier/personne", "Le nom, la naissance et l’adresse"),
        ("/dossier/proches", "Les proches à contacter"),
        ("/dossier/etablissements", "Le choix des établissements"),
        ("/dossier/demandes", "Une demande"),
        ("/dossier/partage", "Qui peut voir ce dossier"),
    ];
    TITRES.iter().find(|(debut, _)| chemin.starts_with(debut)).map_or("Le dossier", |(_, titre)| titre)
}

/// What is not wanted any more.
#[derive(Deserialize)]
pub(super) struct Oubli {
    #[serde(default)]
    jeton: String,
    id: Option<i64>,
}

/// `POST /dossier/reprise`: one kept form is forgotten, or all.
pub(super) async fn drop_kept(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    oubli: Result<Form<Oubli>, FormRejection>,
) -> Response {
    let retour = Retour::of_browser(&state, &headers).await;
    let Some(secret) = Secret::of_cookie(&headers) else { return page::no_session(retour) };
    match state.store.live_session(&secret.sha256()).await {
        Ok(Some(_)) => {}
        Ok(None) => return page::no_session(retour),
        Err(error) => return page::failure(&error, retour),
    }
    let Some(Form(oubli)) =
        oubli.ok().filter(|Form(oubli)| from_here(&headers) && secret.owns_form(&oubli.jeton))
    else {
        return page::elsewhere(retour);
    };
    if let Some(former) = Secret::of_reprise(&headers) {
        forget(&state, &former, oubli.id).await;
    }
    (StatusCode::SEE_OTHER, [(LOCATION, "/dossier")]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_browser_that_sent_a_form_opens_it_and_only_as_the_form_it_was() {
        let (mine, other) = (Secret::draw(&mut testkit::rng(1)), Secret::draw(&mut testkit::rng(2)));
        let sealed = seal(&mine, "/dossier/a", b"nom=x", &mut testkit::rng(3)).unwrap();
        assert_eq!(open(&mine, "/dossier/a", &sealed).as_deref(), Some(b"nom=x".as_slice()));
        assert_eq!(open(&other, "/dossier/a", &sealed), None);
        assert_eq!(open(&mine, "/dossier/b", &sealed), None);
        for cut in [0, 5, NONCE_LEN, sealed.len() - 1] {
            assert_eq!(open(&mine, "/dossier/a", &sealed[..cut]), None, "{cut}");
        }
        let again = seal(&mine, "/dossier/a", b"nom=x", &mut testkit::rng(4)).unwrap();
        assert_ne!(sealed, again);
    }
}
