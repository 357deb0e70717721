//! Who may pass: the session of a request, what is missing in it, and whether a form is its own.

use axum::extract::{Form, FromRequest as _, Request};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use std::time::Duration;
use storage::{Acteur, Action, Cle, Compte, NouvelleSession, Provisoire, SessionBureau, Trace, Tx};
use xmlsec::DigestMethod;

use super::page::{self, Cadre};
use crate::state::AppState;
use crate::web::duree::Duree;
use crate::web::garde::from_elsewhere;
use crate::web::secret::Secret;

/// The session's cookie, sent by this site's own pages alone.
pub(super) const SESSION: &str = "__Host-bureau";
/// Ties the form of the door to the browser that asked for it: no one can enter somebody else into their own account.
pub(super) const AVANT: &str = "__Host-bureau-avant";
/// Tells that the browser has entered an account before.
const NAVIGATEUR: &str = "__Host-navigateur";
/// A year.
const NAVIGATEUR_AGE: u32 = 31_536_000;

/// A session ends after this long without a page asked for…
pub(super) const IDLE: Duration = Duration::from_mins(30);
/// …and after this long in any case: RGAA 13.1 wants 20 hours at least.
pub(super) const ABSOLUTE: Duration = Duration::from_hours(20);

pub(super) const CONNEXION: &str = "/etablissement/connexion";

/// Someone at the desk, as far as they have come.
pub(super) struct Agent {
    pub(super) secret: Secret,
    pub(super) session: SessionBureau,
}

/// What a session lacks before the desk opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manque {
    /// The code of the second factor.
    Code,
    /// A password of one's own.
    MotDePasse,
    /// A second factor: obligatory but in a sandbox.
    SecondFacteur,
}

impl Manque {
    pub(super) fn adresse(self) -> &'static str {
        match self {
            Self::Code => "/etablissement/code",
            Self::MotDePasse => "/etablissement/mot-de-passe",
            Self::SecondFacteur => "/etablissement/second-facteur",
        }
    }
}

/// What a session of this account that began by password lacks.
pub(super) fn manque(compte: &Compte, second_vu: bool, sandbox: bool) -> Option<Manque> {
    if compte.second_facteur.is_some() && !second_vu {
        Some(Manque::Code)
    } else if compte.provisoire != Provisoire::Non {
        Some(Manque::MotDePasse)
    } else if compte.second_facteur.is_none() && !sandbox {
        Some(Manque::SecondFacteur)
    } else {
        None
    }
}

impl Agent {
    /// Whose session a request is, however far it has come.
    pub(super) async fn of(state: &AppState, headers: &HeaderMap) -> Result<Option<Self>, storage::Error> {
        let Some(secret) = Secret::of_named_cookie(headers, SESSION) else { return Ok(None) };
        let session = state.store.live_bureau_session(&secret.sha256()).await?;
        // where nobody enters by password any more, nobody who did is in either
        let only = state.config.openid.only;
        let session = session.filter(|session| session.par_openid || !only);
        Ok(session.map(|session| Self { secret, session }))
    }

    pub(super) fn manque(&self, state: &AppState) -> Option<Manque> {
        // who came by OpenID Connect has shown two factors there, and needs no password here
        if self.session.par_openid {
            return None;
        }
        manque(&self.session.compte, self.session.second_vu, state.config.sandbox)
    }

    pub(super) fn etablissement(&self) -> &str {
        &self.session.compte.etablissement
    }

    /// What every page of this session shows.
    pub(super) async fn cadre(&self, state: &AppState) -> Result<Cadre, storage::Error> {
        let number = self.etablissement().to_owned();
        let found =
            state.store.read(move |reader| Box::pin(async move { reader.etablissement(&number).await }));
        let etablissement = found.await?.and_then(|one| one.raison_sociale);
        Ok(Cadre {
            etablissement: etablissement.unwrap_or_else(|| format!("Établissement {}", self.etablissement())),
            nom: self.session.compte.nom.as_str().to_owned(),
            jeton: self.secret.form_token(),
            duree: Duree::bureau(&self.secret, &self.session, state.clock.now()),
            ouvert: self.manque(state).is_none(),
        })
    }

    /// That this one did this.
    pub(super) fn trace(&self, action: Action) -> Trace {
        trace(&self.session.compte, action)
    }

    /// Tells the trail what is about to be shown; refused while it cannot be written.
    pub(super) async fn sees(&self, state: &AppState, trace: Trace) -> Result<(), storage::Error> {
        state.trail.admit().await?;
        state.trail.record([trace]);
        Ok(())
    }

    /// Whether a form was made for this session, by a page of this site.
    pub(super) fn owns(&self, headers: &HeaderMap, jeton: Option<&str>) -> bool {
        is_own(&self.secret, headers, jeton)
    }
}

/// That someone with this account did this.
pub(super) fn trace(compte: &Compte, action: Action) -> Trace {
    let compte = format!("{} {}", compte.etablissement, compte.login);
    Trace::new(Acteur::Etablissement { compte }, action)
}

/// Who may see the desk; for anyone else, where to go instead.
pub(super) async fn entree(state: &AppState, headers: &HeaderMap) -> Result<Agent, Box<Response>> {
    match Agent::of(state, headers).await {
        Ok(Some(agent)) => match agent.manque(state) {
            None => Ok(agent),
            Some(manque) => Err(Box::new(to(manque.adresse()))),
        },
        Ok(None) => Err(Box::new(to(CONNEXION))),
        Err(error) => Err(Box::new(crate::web::page::failure(&error, None))),
    }
}

/// Counts an attempt; how long to wait before it, where there were too many.
pub(super) async fn attempt(state: &AppState, cles: &[Cle]) -> Result<Option<Duration>, storage::Error> {
    let counted = state.store.run("attempt", |tx| {
        Box::pin(async move {
            tx.untraced("a count of attempts is no data of a dossier; what comes of them is traced");
            tx.attempt(cles).await
        })
    });
    counted.await
}

/// 303 to another page of the desk.
pub(super) fn to(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(address) => (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The form of a request; none if it is none, or too long.
pub(super) async fn form<T: DeserializeOwned>(request: Request) -> Option<T> {
    Form::<T>::from_request(request, &()).await.ok().map(|Form(form)| form)
}

/// Whether a form carries the token of this secret and no other site sent it.
pub(super) fn is_own(secret: &Secret, headers: &HeaderMap, jeton: Option<&str>) -> bool {
    !from_elsewhere(headers) && jeton.is_some_and(|jeton| secret.owns_form(jeton))
}

/// A session for an account that showed its password.
pub(super) fn new_session<'a>(compte: &Compte, second_vu: bool, navigateur: &'a str) -> NouvelleSession<'a> {
    NouvelleSession {
        compte: compte.id,
        second_vu,
        par_openid: false,
        navigateur,
        idle: IDLE,
        absolute: ABSOLUTE,
    }
}

/// A session for an account whose owner came by OpenID Connect.
pub(super) fn new_openid_session<'a>(compte: &Compte, navigateur: &'a str) -> NouvelleSession<'a> {
    NouvelleSession { par_openid: true, ..new_session(compte, true, navigateur) }
}

/// Nothing is missing any more: it is noted when, and that this browser was the one.
pub(super) async fn note_entree(
    tx: &mut Tx<'_>,
    compte: &Compte,
    navigateur: &[u8; 32],
) -> Result<(), storage::Error> {
    tx.note_entree(compte.id).await?;
    tx.know_navigateur(navigateur, compte.id).await
}

/// Gives a response the cookies of a session, and that of a browser that is known from now on.
pub(super) fn give(response: &mut Response, session: Option<&Secret>, navigateur: Option<&Secret>) {
    let session = session.and_then(|secret| secret.set_strict_cookie(SESSION, None));
    let navigateur = navigateur.and_then(|secret| secret.set_strict_cookie(NAVIGATEUR, Some(NAVIGATEUR_AGE)));
    for cookie in [session, navigateur].into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// Takes the session's cookie away.
pub(super) fn take(response: &mut Response) {
    let gone = "__Host-bureau=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0";
    response.headers_mut().append(SET_COOKIE, HeaderValue::from_static(gone));
}

/// The cookie of a browser that may have entered before.
pub(super) fn navigateur(headers: &HeaderMap) -> Option<Secret> {
    Secret::of_named_cookie(headers, NAVIGATEUR)
}

/// What attempts are counted on, as the SHA-256 of what and whose.
pub(in crate::web) fn cle(what: &str, whose: &str, libres: u32, plafond: Duration) -> Cle {
    let mut sha256 = [0; 32];
    let digest = DigestMethod::Sha256.digest(format!("{what}:{whose}").as_bytes());
    for (to, from) in sha256.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    Cle { sha256, libres, plafond }
}

/// A browser as its owner recognises it in a list: what it says of itself, no more than its name and system.
pub(super) fn navigateur_nomme(headers: &HeaderMap) -> String {
    let agent = headers.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    // most name others that they resemble: the rarer name comes first
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    let browser = browser.unwrap_or("Navigateur inconnu");
    system.map_or_else(|| browser.to_owned(), |system| format!("{browser}, {system}"))
}

/// A length of time to wait, in words.
pub(super) fn attente(wait: Duration) -> String {
    let seconds = wait.as_secs().saturating_add(1);
    if seconds < 90 {
        return format!("{seconds} seconde{}", if seconds > 1 { "s" } else { "" });
    }
    format!("{} minutes", seconds.div_ceil(60))
}

/// Too early after too many failures.
pub(super) fn too_early(wait: Duration) -> (StatusCode, String) {
    let words = format!("Il y a eu trop d’essais. Attendez {}, puis recommencez.", attente(wait));
    (StatusCode::TOO_MANY_REQUESTS, words)
}

/// The page of a form that is not this session's: it was left open too long, or is not of this site.
pub(super) async fn not_own(state: &AppState, agent: &Agent) -> Response {
    page::message(state, agent, StatusCode::FORBIDDEN, page::PERIME).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::USER_AGENT;

    #[test]
    fn browsers_are_named_as_their_owners_know_them() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0",
                "Firefox, Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17 Safari/604.1",
                "Safari, iPhone",
            ),
            ("<script>alert(1)</script>", "Navigateur inconnu"),
            ("", "Navigateur inconnu"),
        ] {
            let headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_str(agent).unwrap())]);
            assert_eq!(navigateur_nomme(&headers), expected);
        }
    }

    #[test]
    fn waits_in_words() {
        for (seconds, expected) in
            [(0, "1 seconde"), (7, "8 secondes"), (89, "2 minutes"), (599, "10 minutes")]
        {
            assert_eq!(attente(Duration::from_secs(seconds)), expected);
        }
    }
}
