//! The door by OpenID Connect: to the provider, and back. The desk's cookies are for this site's own pages alone, and the way
//! back begins at the provider's: so it is recognised by a cookie of its own, and ends on a page that leads on.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use storage::{Acteur, Action, Cle, Compte, Trace};

use super::porte::{
    Agent, CONNEXION, SESSION, attempt, cle, give, navigateur_nomme, new_openid_session, note_entree, to,
    too_early, trace,
};
use super::reprise::leave_behind;
use crate::openid::{Depart, Echec, Fournisseur, Panne, Retour};
use crate::peer::PeerAddress;
use crate::state::AppState;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::garde::from_here;
use crate::web::page::{failure, html, not_found};
use crate::web::secret::Secret;

/// Of the browser that is sent to the provider. It comes back by a page of another site, so this cookie is `Lax`.
const COOKIE: &str = "__Host-openid";
/// Who was sent is awaited for so long: an e-CPS wants a telephone to be found.
const POUR: Duration = Duration::from_mins(5);
const POUR_SECONDS: u32 = 300;

/// Those who leave from one address, which a whole house may share, and do not come back signed in.
const DEPARTS: (u32, Duration) = (60, Duration::from_mins(5));

/// A page that says what happened, and leads on.
#[derive(Template)]
#[template(path = "etablissement/openid.html")]
struct Page {
    style: &'static str,
    feuille: &'static str,
    titre: &'static str,
    texte: String,
    vers: &'static str,
    lien: &'static str,
    /// The browser goes there by itself.
    aussitot: bool,
}

/// What is said where nobody was let in.
fn refused(status: StatusCode, titre: &'static str, texte: impl Into<String>) -> Response {
    let page = Page {
        style: style_path(),
        feuille: desk_style_path(),
        titre,
        texte: texte.into(),
        vers: CONNEXION,
        lien: "Revenir à l’entrée du bureau",
        aussitot: false,
    };
    html(status, &page)
}

const TITRE: &str = "Vous n’êtes pas entré";

/// Unknown and disabled are one answer.
fn inconnu(provider: &Fournisseur) -> Response {
    let texte = format!(
        "{} vous a reconnu, mais votre compte n’est pas connu de cet établissement. Parlez-en à la personne qui gère les comptes.",
        provider.label()
    );
    refused(StatusCode::FORBIDDEN, TITRE, texte)
}

fn abandoned(provider: &Fournisseur) -> Response {
    let texte = format!("{} ne vous a pas identifié. Vous pouvez recommencer.", provider.label());
    refused(StatusCode::FORBIDDEN, TITRE, texte)
}

fn invalid() -> Response {
    let texte = "Cette connexion a pris plus de cinq minutes, a déjà servi, ou a commencé dans un autre navigateur. Recommencez.";
    refused(StatusCode::FORBIDDEN, TITRE, texte)
}

fn early(wait: Duration) -> Response {
    let (status, words) = too_early(wait);
    refused(status, TITRE, words)
}

/// The provider cannot be asked: the log says why.
fn down(provider: &Fournisseur, panne: &Panne) -> Response {
    tracing::error!(cause = %panne, "the OpenID Connect provider could not be asked");
    let ensuite = if provider.only() {
        "Réessayez dans quelques minutes."
    } else {
        "Réessayez dans quelques minutes, ou entrez avec votre mot de passe."
    };
    let texte = format!("{} ne répond pas en ce moment. {ensuite}", provider.label());
    refused(StatusCode::SERVICE_UNAVAILABLE, "La connexion n’est pas possible pour le moment", texte)
}

/// What one sign-in is recognised by, as this browser alone can make it.
struct Marques {
    nonce: String,
    verifier: String,
}

impl Marques {
    fn of(browser: &Secret, etat: &Secret) -> Self {
        Self { nonce: browser.derived("nonce", etat), verifier: browser.derived("pkce", etat) }
    }

    fn depart<'a>(&'a self, etat: &'a Secret) -> Depart<'a> {
        Depart { state: etat.text(), nonce: &self.nonce, verifier: &self.verifier }
    }
}

fn cles(address: Option<&str>) -> Vec<Cle> {
    address.map(|address| cle("openid", address, DEPARTS.0, DEPARTS.1)).into_iter().collect()
}

/// `GET /etablissement/openid`: to the provider.
pub(super) async fn leave(
    State(state): State<Arc<AppState>>,
    address: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
) -> Response {
    let Some(provider) = &state.openid else { return not_found(State(state), headers).await };
    // another site's link does not sign anyone in: the door does
    if !from_here(&headers) {
        return to(CONNEXION);
    }
    let address = address.map(|Extension(address)| address.network(&headers));
    match depart(&state, provider, &headers, address.as_deref()).await {
        Ok(mut response) => {
            // windows of a session that is over may be open still: what is typed in them is not lost
            if let Some(former) = Secret::of_named_cookie(&headers, SESSION) {
                leave_behind(&mut response, &former);
            }
            response
        }
        Err(error) => failure(&error, None),
    }
}

async fn depart(
    state: &AppState,
    provider: &Fournisseur,
    headers: &HeaderMap,
    address: Option<&str>,
) -> Result<Response, storage::Error> {
    if Agent::of(state, headers).await?.is_some() {
        return Ok(to("/etablissement"));
    }
    let cles = &cles(address);
    if let Some(wait) = attempt(state, cles).await? {
        return Ok(early(wait));
    }
    let (browser, etat) = {
        let rng = &mut crate::clock::rng();
        // other windows of the browser may be at the provider too
        (Secret::of_named_cookie(headers, COOKIE).unwrap_or_else(|| Secret::draw(rng)), Secret::draw(rng))
    };
    let adresse = match provider.adresse(&Marques::of(&browser, &etat).depart(&etat)).await {
        Ok(adresse) => adresse,
        Err(panne) => {
            state
                .store
                .run("desk: not to the provider", |tx| {
                    Box::pin(async move {
                        tx.untraced("a count of attempts, of one that was none");
                        tx.undecided(cles).await
                    })
                })
                .await?;
            return Ok(down(provider, &panne));
        }
    };
    let (etat, navigateur) = (etat.sha256(), browser.sha256());
    let noted = state.store.run("desk: to the provider", move |tx| {
        Box::pin(async move {
            tx.untraced("nobody entered yet; who comes back is traced");
            tx.open_openid(&etat, &navigateur, POUR).await
        })
    });
    noted.await?;
    let mut response = to(&adresse);
    if let Some(cookie) = browser.set_lax_cookie(COOKIE, POUR_SECONDS) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// RFC 6749 §4.1.2, RFC 9207. A parameter that stands twice makes it none of these.
#[derive(Deserialize, Default)]
struct Rapporte {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// `GET /etablissement/openid/retour`: back from the provider.
pub(super) async fn back(
    State(state): State<Arc<AppState>>,
    address: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let Some(provider) = &state.openid else { return not_found(State(state), headers).await };
    let rapporte = Query::<Rapporte>::try_from_uri(&uri).map(|Query(all)| all).unwrap_or_default();
    let address = address.map(|Extension(address)| address.network(&headers));
    match retour(&state, provider, &headers, rapporte, address.as_deref()).await {
        Ok(response) => response,
        Err(error) => failure(&error, None),
    }
}

async fn retour(
    state: &AppState,
    provider: &Fournisseur,
    headers: &HeaderMap,
    rapporte: Rapporte,
    address: Option<&str>,
) -> Result<Response, storage::Error> {
    let cles = &cles(address);
    let browser = Secret::of_named_cookie(headers, COOKIE);
    let etat = rapporte.state.as_deref().and_then(Secret::parse);
    let Some((browser, etat)) = taken(state, browser, etat).await? else {
        if let Some(wait) = attempt(state, cles).await? {
            return Ok(early(wait));
        }
        state.trail.record([nobody("no such state, another browser's, used, or too late")]);
        return Ok(invalid());
    };
    let Some(code) = rapporte.code.filter(|_| rapporte.error.is_none()) else {
        state.trail.record([nobody("the provider identified nobody")]);
        return Ok(abandoned(provider));
    };
    let marques = Marques::of(&browser, &etat);
    let retour = Retour { code: &code, iss: rapporte.iss.as_deref() };
    match provider.sujet(&marques.depart(&etat), &retour).await {
        Ok(sujet) => enter(state, provider, headers, &sujet, cles).await,
        Err(Echec::Panne(panne)) => Ok(down(provider, &panne)),
        Err(Echec::Refus(refus)) => {
            let cause = refus.to_string();
            tracing::warn!(cause, "what a browser brought back from the OpenID Connect provider is refused");
            state.trail.record([nobody(&cause)]);
            Ok(abandoned(provider))
        }
    }
}

/// The browser and its state, if they belong together and are used up by this.
async fn taken(
    state: &AppState,
    browser: Option<Secret>,
    etat: Option<Secret>,
) -> Result<Option<(Secret, Secret)>, storage::Error> {
    let Some((browser, etat)) = browser.zip(etat) else { return Ok(None) };
    let (navigateur, sha256) = (browser.sha256(), etat.sha256());
    let used = state.store.run("desk: back from the provider", move |tx| {
        Box::pin(async move {
            tx.untraced("what comes of it is traced");
            tx.take_openid(&sha256, &navigateur).await
        })
    });
    Ok(used.await?.then_some((browser, etat)))
}

async fn enter(
    state: &AppState,
    provider: &Fournisseur,
    headers: &HeaderMap,
    sujet: &str,
    cles: &[Cle],
) -> Result<Response, storage::Error> {
    let (session, browser) = (Secret::draw(&mut crate::clock::rng()), Secret::draw(&mut crate::clock::rng()));
    let (sha256, browser_sha256) = (session.sha256(), browser.sha256());
    let former = Agent::of(state, headers).await?.map(|agent| agent.secret.sha256());
    let name = navigateur_nomme(headers);
    let entered = state.store.run("desk: enter by OpenID Connect", |tx| {
        let name = name.as_str();
        Box::pin(async move {
            let compte = match tx.compte_by_sujet(sujet).await? {
                Some(compte) if !compte.ferme => compte,
                found => {
                    tx.trace(&unknown(found.as_ref())).await?;
                    return Ok(false);
                }
            };
            if let Some(former) = former {
                tx.end_bureau_session(&former).await?;
            }
            tx.open_bureau_session(&sha256, &new_openid_session(&compte, name)).await?;
            tx.trace(&trace(&compte, Action::ConnexionOuverte).detail("OpenID Connect").code("200")).await?;
            tx.undecided(cles).await?;
            note_entree(tx, &compte, &browser_sha256).await?;
            Ok(true)
        })
    });
    if !entered.await? {
        return Ok(inconnu(provider));
    }
    // not a redirection: that would still be the provider's, and come without the session's cookie
    let page = Page {
        style: style_path(),
        feuille: desk_style_path(),
        titre: "Vous êtes entré",
        texte: "Le bureau de votre établissement s’ouvre.".to_owned(),
        vers: "/etablissement",
        lien: "Ouvrir le bureau",
        aussitot: true,
    };
    let mut response = html(StatusCode::OK, &page);
    give(&mut response, Some(&session), Some(&browser));
    Ok(response)
}

/// That someone whom no account is of was refused. What the provider says of them is not told.
fn nobody(cause: &str) -> Trace {
    let compte = "(OpenID Connect)".to_owned();
    Trace::new(Acteur::Etablissement { compte }, Action::ConnexionRefusee)
        .detail(&format!("OpenID Connect: {cause}"))
        .code("403")
}

fn unknown(compte: Option<&Compte>) -> Trace {
    match compte {
        Some(compte) => {
            trace(compte, Action::ConnexionRefusee).detail("OpenID Connect: disabled").code("403")
        }
        None => nobody("the subject is of no account"),
    }
}
