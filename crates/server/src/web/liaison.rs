//! `/liaison`: a partner's user proves that a dossier is theirs, and lets the partner see it. The signed request is exchanged for a
//! cookie at once, so that it stands in no address bar, history or log.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use dossier::IdDossier;
use serde::Deserialize;
use storage::{Acteur, Action, Liaison, NouvelleLiaison, Preuve, Trace};

use super::code::Code;
use super::fichiers::style_path;
use super::garde::from_here;
use super::page;
use super::retour::Retour;
use super::secret::Secret;
use crate::liaison::{DemandeLiaison, LiaisonRefusee};
use crate::log_id::LogId;
use crate::state::AppState;

/// How long a person may take to find number and code.
const PATIENCE: Duration = Duration::from_mins(15);

/// Query of `GET`, form of `POST`. Two requests are none.
#[derive(Deserialize)]
pub(super) struct Arrivee {
    jws: Option<String>,
}

/// What the person typed.
#[derive(Deserialize)]
pub(super) struct Saisie {
    #[serde(default)]
    numero: String,
    #[serde(default)]
    code: String,
    /// Ticked: « oui ».
    #[serde(default)]
    accord: String,
    #[serde(default)]
    jeton: String,
}

/// The form of who does not want it.
#[derive(Deserialize)]
pub(super) struct Refus {
    #[serde(default)]
    jeton: String,
}

/// The question to the person.
#[derive(Template)]
#[template(path = "liaison.html")]
struct Page {
    style: &'static str,
    partenaire: String,
    numero: String,
    faute: Option<Faute>,
    /// Of its forms.
    jeton: String,
}

/// What is wrong with what was typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Faute {
    Numero,
    Code,
    Accord,
    Preuve,
}

impl Page {
    fn faute(&self, wanted: &str) -> bool {
        matches!(
            (self.faute, wanted),
            (Some(Faute::Numero), "numero")
                | (Some(Faute::Code), "code")
                | (Some(Faute::Accord), "accord")
                | (Some(Faute::Preuve), "preuve")
        )
    }

    fn respond(self, status: StatusCode, retour: &str) -> Response {
        let mut response = page::html(status, &Self { style: style_path(), ..self });
        // the form's answer leads to the partner's site, which form-action covers too
        let policy = format!(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {}; base-uri 'none'; \
             frame-ancestors 'none'",
            origin(retour)
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// `GET /liaison?jws=…` begins; `GET /liaison` shows the question.
pub(super) async fn arrive(State(state): State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    if uri.query().is_none() {
        return show(&state, &headers).await;
    }
    let parameters = Query::<Arrivee>::try_from_uri(&uri).ok();
    begin(&state, parameters.and_then(|Query(parameters)| parameters.jws)).await
}

/// `POST /liaison` with the form field `jws`: the same, from a partner whose request is too long for an address.
pub(super) async fn posted(
    State(state): State<Arc<AppState>>,
    form: Result<Form<Arrivee>, FormRejection>,
) -> Response {
    begin(&state, form.ok().and_then(|Form(parameters)| parameters.jws)).await
}

async fn begin(state: &AppState, jws: Option<String>) -> Response {
    let cookie = Secret::draw(&mut crate::clock::rng());
    match opened(state, &cookie, jws.as_deref().unwrap_or_default()).await {
        Ok(Ok(())) => {
            let mut response = (StatusCode::SEE_OTHER, [(LOCATION, "/liaison")]).into_response();
            if let Some(cookie) = cookie.set_liaison() {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            response
        }
        Ok(Err(refusee)) => {
            let id = LogId::draw(&mut crate::clock::rng());
            tracing::warn!(id = id.as_str(), cause = %refusee, "a partner's request to be linked was refused");
            let cause = state.config.sandbox.then(|| refusee.to_string());
            page::liaison_refusee(id.as_str(), cause, Retour::of_sole_partner(state).await)
        }
        Err(error) => page::failure(&error, None),
    }
}

async fn opened(
    state: &AppState,
    cookie: &Secret,
    jws: &str,
) -> Result<Result<(), LiaisonRefusee>, storage::Error> {
    let demande = match DemandeLiaison::open(state, jws, state.clock.now()).await? {
        Ok(demande) => demande,
        Err(refusee) => return Ok(Err(refusee)),
    };
    let sha256 = cookie.sha256();
    let first = state.store.run("liaison", |tx| {
        let nouvelle = NouvelleLiaison {
            sha256: &sha256,
            jti: &demande.jti,
            application: demande.application.id,
            id_local: demande.id_local.as_str(),
            retour: &demande.retour,
            pour: PATIENCE,
            oubli: demande.oubli,
        };
        Box::pin(async move {
            tx.untraced("a request that waits changes no dossier; what becomes of it is traced");
            tx.open_liaison(nouvelle).await
        })
    });
    Ok(if first.await? { Ok(()) } else { Err(LiaisonRefusee::Rejouee) })
}

async fn show(state: &AppState, headers: &HeaderMap) -> Response {
    match waiting(state, headers).await {
        Ok(Some((secret, liaison))) => question(&secret, &liaison, String::new(), None),
        Ok(None) => over(state, headers).await,
        Err(error) => page::failure(&error, None),
    }
}

/// The request of this browser, while it waits.
async fn waiting(state: &AppState, headers: &HeaderMap) -> Result<Option<(Secret, Liaison)>, storage::Error> {
    let Some(cookie) = Secret::of_liaison(headers) else { return Ok(None) };
    let sha256 = cookie.sha256();
    let found =
        state.store.read(move |reader| Box::pin(async move { reader.liaison(&sha256).await })).await?;
    Ok(found.map(|liaison| (cookie, liaison)))
}

fn question(secret: &Secret, liaison: &Liaison, numero: String, faute: Option<Faute>) -> Response {
    let status = if faute.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let partenaire = liaison.application.name.clone();
    let page = Page { style: "", partenaire, numero, faute, jeton: secret.form_token() };
    page.respond(status, &liaison.retour)
}

async fn over(state: &AppState, headers: &HeaderMap) -> Response {
    page::liaison_finie(Retour::of_browser(state, headers).await)
}

/// `POST /liaison/preuve`
pub(super) async fn prove(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    form: Result<Form<Saisie>, FormRejection>,
) -> Response {
    let (secret, liaison) = match waiting(&state, &headers).await {
        Ok(Some(waiting)) => waiting,
        Ok(None) => return over(&state, &headers).await,
        Err(error) => return page::failure(&error, None),
    };
    let own = |saisie: &Saisie| from_here(&headers) && secret.owns_form(&saisie.jeton);
    let Some(Form(saisie)) = form.ok().filter(|Form(saisie)| own(saisie)) else {
        return page::elsewhere(Retour::of(&liaison.application));
    };
    let sha256 = secret.sha256();
    let numero: String = saisie.numero.chars().filter(|c| !c.is_whitespace()).take(20).collect();
    let faute = if numero.len() != 13 || !numero.bytes().all(|byte| byte.is_ascii_digit()) {
        Some(Faute::Numero)
    } else if Code::parse(&saisie.code).is_none() {
        Some(Faute::Code)
    } else if saisie.accord != "oui" {
        Some(Faute::Accord)
    } else {
        None
    };
    let (None, Some(code)) = (faute, Code::parse(&saisie.code)) else {
        return question(&secret, &liaison, numero, faute.or(Some(Faute::Code)));
    };
    // thirteen digits whose check digit is wrong are nobody's: answered, and counted, as a wrong number
    let dossier = IdDossier::parse(&numero);
    match proved(&state, sha256, &liaison, dossier, code).await {
        Ok((Preuve::Liee, Some(dossier))) => {
            back(&liaison.retour, &format!("liaison=faite&IdDossier={}", dossier.as_str()))
        }
        Ok((Preuve::Fausse, _)) => question(&secret, &liaison, numero, Some(Faute::Preuve)),
        Ok(_) => page::liaison_finie(Retour::of(&liaison.application)),
        Err(error) => page::failure(&error, Retour::of(&liaison.application)),
    }
}

/// The slow part of the code takes as long whether the dossier exists or not.
async fn proved(
    state: &AppState,
    sha256: [u8; 32],
    liaison: &Liaison,
    dossier: Option<IdDossier>,
    code: Code,
) -> Result<(Preuve, Option<IdDossier>), storage::Error> {
    let asked = dossier.clone();
    let salt = state.store.read(move |reader| {
        Box::pin(async move {
            match &asked {
                Some(dossier) => reader.sel_code_acces(dossier).await,
                None => Ok(None),
            }
        })
    });
    let empreinte = code.empreinte(salt.await?.unwrap_or_default()).await;
    let outcome = state.store.run("liaison prouvée", |tx| {
        let dossier = dossier.as_ref();
        Box::pin(async move {
            let preuve = tx.prove_liaison(&sha256, dossier, &empreinte).await?;
            let (action, code) = match preuve {
                Preuve::Liee => (Action::LienAjoute, "303"),
                Preuve::Fausse => (Action::LienRefuse, "422"),
                Preuve::Finie => (Action::LienRefuse, "200"),
            };
            // a wrong proof names the dossier that was tried: whose access code is guessed at is to be seen
            let trace = traced(liaison, action).code(code);
            tx.trace(&dossier.map_or(trace.clone(), |dossier| trace.dossier(dossier))).await?;
            Ok(preuve)
        })
    });
    Ok((outcome.await?, dossier))
}

/// That the person in front of this request did this: a family, who came from this application.
fn traced(liaison: &Liaison, action: Action) -> Trace {
    let family = Acteur::Famille { application: Some(liaison.application.id) };
    Trace::new(family, action).detail(&liaison.application.name)
}

/// `POST /liaison/refus`: the person does not want it.
pub(super) async fn refuse(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    form: Result<Form<Refus>, FormRejection>,
) -> Response {
    let (secret, liaison) = match waiting(&state, &headers).await {
        Ok(Some(waiting)) => waiting,
        Ok(None) => return over(&state, &headers).await,
        Err(error) => return page::failure(&error, None),
    };
    if !from_here(&headers) || !form.is_ok_and(|Form(refus)| secret.owns_form(&refus.jeton)) {
        return page::elsewhere(Retour::of(&liaison.application));
    }
    let sha256 = secret.sha256();
    let trace = &traced(&liaison, Action::LienRefuse).detail("refused by the person").code("303");
    let ended = state.store.run("liaison refusée", move |tx| {
        Box::pin(async move {
            tx.end_liaison(&sha256).await?;
            tx.trace(trace).await
        })
    });
    match ended.await {
        Ok(()) => back(&liaison.retour, "liaison=refusee"),
        Err(error) => page::failure(&error, Retour::of(&liaison.application)),
    }
}

/// To the partner's registered page, with what became of its request.
fn back(retour: &str, parameters: &str) -> Response {
    let (page, fragment) = retour.split_once('#').map_or((retour, None), |(page, rest)| (page, Some(rest)));
    let separator = if page.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    let location = format!("{page}{separator}{parameters}{fragment}");
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    response.headers_mut().insert(SET_COOKIE, super::secret::forget_liaison());
    response
}

/// Scheme, host and port of a registered address, as a policy names a source.
fn origin(url: &str) -> String {
    let end = url.find("://").and_then(|scheme| {
        let rest = url.get(scheme + 3..)?;
        Some(scheme + 3 + rest.find(['/', '?', '#']).unwrap_or(rest.len()))
    });
    let origin = end.and_then(|end| url.get(..end)).unwrap_or_default();
    // a registered address has no white space; a semicolon or comma would end the directive
    if origin.contains([';', ',']) { String::new() } else { origin.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_keeps_what_the_partner_registered() {
        for (retour, location) in [
            ("https://p.exemple", "https://p.exemple?x=1"),
            ("https://p.exemple/a?b=c", "https://p.exemple/a?b=c&x=1"),
            ("https://p.exemple/a#ici", "https://p.exemple/a?x=1#ici"),
        ] {
            let response = back(retour, "x=1");
            assert_eq!(response.headers().get(LOCATION).unwrap(), location);
        }
    }

    #[test]
    fn a_policy_names_the_origin_alone() {
        for (url, expected) in [
            ("https://p.exemple/a/b?c", "https://p.exemple"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://p.exemple?x", "https://p.exemple"),
            ("https://p.exemple;script-src *", ""),
            ("p.exemple", ""),
        ] {
            assert_eq!(origin(url), expected, "{url}");
        }
    }
}
