//! `/bac-a-sable`, of a sandbox alone: a message through every check of a server, in order, each with what was found.
//!
//! A message is pasted, or named by the reference of its fault. Who knows one reference of an application was answered by it: the page
//! then lists that application's last messages, too. Nothing is used up, nothing changes, nothing is logged.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use storage::EntreeJournal;
use wss::explain::{self, Francais};

use super::fichiers::style_path;
use super::page;
use crate::inspect::{Check, Inspection, Seen, Verdict, inspect_as};
use crate::state::AppState;

/// What the form holds.
#[derive(Deserialize, Default)]
pub(super) struct Saisie {
    message: Option<String>,
    reference: Option<String>,
}

#[derive(Template)]
#[template(path = "bac_a_sable.html")]
struct Page {
    style: &'static str,
    /// What was wrong with what was typed.
    erreur: Option<&'static str>,
    message: String,
    reference: String,
    examen: Option<Examen>,
    derniers: Vec<Dernier>,
}

/// What came of a message.
struct Examen {
    accepte: bool,
    pile: Option<&'static str>,
    controles: Vec<Controle>,
}

/// One check, in French but for what was found, which quotes the message.
struct Controle {
    nom: &'static str,
    attendu: &'static str,
    verdict: &'static str,
    classe: &'static str,
    trouve: Option<String>,
    habitude: Option<String>,
    /// What it means and what to do.
    explication: Option<&'static Francais>,
    /// What to do in the sender's stack: code, mostly.
    chez_vous: Option<&'static str>,
    condense: Option<String>,
}

/// One of the application's last messages.
struct Dernier {
    reference: String,
    quand: String,
    service: String,
    issue: String,
}

/// `GET /bac-a-sable`, and with `?reference=…`
pub(super) async fn form(state: State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    let saisie = Query::<Saisie>::try_from_uri(&uri).ok();
    let reference = saisie.and_then(|Query(saisie)| saisie.reference);
    answer(state, Saisie { message: None, reference }, &headers).await
}

/// `POST /bac-a-sable`
pub(super) async fn posted(
    state: State<Arc<AppState>>,
    headers: HeaderMap,
    form: Result<Form<Saisie>, FormRejection>,
) -> Response {
    match form {
        Ok(_) if state.config.sandbox && is_from_elsewhere(&headers) => {
            let page = Page::empty(Some("Ce formulaire vient d’un autre site. Collez votre message ici."));
            page::html(StatusCode::FORBIDDEN, &page)
        }
        Ok(Form(saisie)) => answer(state, saisie, &headers).await,
        Err(_) if state.config.sandbox => {
            let page = Page::empty(Some("Le message est trop long, ou le formulaire est incomplet."));
            page::html(StatusCode::BAD_REQUEST, &page)
        }
        Err(_) => page::not_found(state, headers).await,
    }
}

async fn answer(state: State<Arc<AppState>>, saisie: Saisie, headers: &HeaderMap) -> Response {
    if !state.config.sandbox {
        return page::not_found(state, headers.clone()).await;
    }
    let now = state.clock.now();
    let typed =
        |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let (message, reference) = (typed(saisie.message), typed(saisie.reference));
    let mut page = Page::empty(None);
    let examined = match (message, reference) {
        (Some(message), _) => {
            page.message.clone_from(&message);
            inspect_as(&state.config, &state.store, message.as_bytes(), now, Seen::Ask).await
        }
        (None, Some(reference)) => {
            page.reference.clone_from(&reference);
            let found = state.journal.find(&state.store, &reference.to_ascii_lowercase(), now).await;
            let recorded = match found {
                Ok(recorded) => recorded,
                Err(error) => return page::failure(&error, None),
            };
            let Some((recorded, bytes)) =
                recorded.and_then(|mut entry| entry.message.take().map(|bytes| (entry, bytes)))
            else {
                page.erreur = Some(
                    "Aucun message de cette référence n’est gardé ici. Un message l’est pendant une heure.",
                );
                return page::html(StatusCode::NOT_FOUND, &page);
            };
            page.message = String::from_utf8_lossy(&bytes).into_owned();
            if let Some(application) = recorded.application {
                match state.journal.of_application(&state.store, application, now).await {
                    Ok(latest) => page.derniers = latest.into_iter().map(Dernier::of).collect(),
                    Err(error) => return page::failure(&error, None),
                }
            }
            // since then it was seen, unless it was refused before that
            let seen = if recorded.rejoue { Seen::Before } else { Seen::Never };
            inspect_as(&state.config, &state.store, &bytes, recorded.recu_le, seen).await
        }
        (None, None) => return page::html(StatusCode::OK, &page),
    };
    match examined {
        Ok(inspection) => {
            page.examen = Some(Examen::of(&inspection));
            page::html(StatusCode::OK, &page)
        }
        Err(error) => {
            tracing::error!(%error, "a message was not examined");
            page.erreur = Some("Le serveur n’a pas pu lire ses propres certificats.");
            page::html(StatusCode::INTERNAL_SERVER_ERROR, &page)
        }
    }
}

impl Page {
    fn empty(erreur: Option<&'static str>) -> Self {
        Self {
            style: style_path(),
            erreur,
            message: String::new(),
            reference: String::new(),
            examen: None,
            derniers: Vec::new(),
        }
    }
}

impl Examen {
    fn of(inspection: &Inspection) -> Self {
        Self {
            accepte: inspection.accepted(),
            pile: inspection.stack,
            controles: inspection.checks.iter().map(|check| Controle::of(check, inspection.stack)).collect(),
        }
    }
}

impl Controle {
    fn of(check: &Check, stack: Option<&str>) -> Self {
        let (verdict, classe) = match check.verdict {
            Verdict::Held => ("Tenu", "rempli"),
            Verdict::Failed => ("Refusé", "vide"),
            Verdict::NotReached => ("Pas atteint", "plus-loin"),
        };
        let (nom, attendu) = nom(check.name);
        let explanation = check.explanation.and_then(explain::explanation);
        Self {
            nom,
            attendu,
            verdict,
            classe,
            trouve: check.found.clone(),
            habitude: check.near_miss.clone(),
            explication: explanation.and_then(|one| explain::francais(one.id)),
            chez_vous: explanation.and_then(|one| one.in_stack(stack)).map(|(_, how)| how),
            condense: check.digested.clone(),
        }
    }
}

impl Dernier {
    fn of(recorded: EntreeJournal) -> Self {
        Self {
            reference: recorded.reference,
            quand: recorded.recu_le.strftime("%H:%M:%S UTC").to_string(),
            service: recorded.service,
            issue: recorded.issue,
        }
    }
}

/// What partners call the checks, and what each expects.
fn nom(check: &str) -> (&'static str, &'static str) {
    match check {
        "readable XML" => (
            "XML lisible",
            "du XML 1.0 bien formé, sans DOCTYPE ni instruction de traitement, dans les limites",
        ),
        "SOAP 1.2 envelope" => ("Enveloppe SOAP 1.2", "une Envelope, au plus un Header, un Body"),
        "Security header" => {
            ("En-tête Security", "un wsse:Security avec certificat, Timestamp et une Signature")
        }
        "encryption" => {
            ("Chiffrement", "aucun, ou pour le certificat de ce serveur, par RSA-OAEP et AES-GCM")
        }
        "certificate named" => ("Certificat désigné", "KeyInfo mène à un certificat X.509"),
        "certificate trusted" => (
            "Certificat reconnu",
            "d’une autorité de confiance, valable, non révoqué, avec le droit de signer",
        ),
        "signature and digests" => {
            ("Signature et condensats", "SignatureValue et chaque DigestValue justes, en SHA-256 ou plus")
        }
        "Body and Timestamp signed" => {
            ("Body et Timestamp signés", "une signature qui porte sur l’un et l’autre")
        }
        "fresh" => ("Horodatage récent", "Created proche de l’heure de ce serveur, Expires à venir"),
        "SAML assertion" => (
            "Assertion SAML",
            "signée par l’application, dans ses dates, pour ce serveur ; ou absente, si facultative",
        ),
        "not received before" => {
            ("Jamais reçu auparavant", "une signature et une assertion qui n’ont pas déjà servi")
        }
        "application registered" => {
            ("Application enregistrée", "un certificat d’une application qui a droit à l’opération")
        }
        "operation" => ("Opération", "une opération de ces services dans le Body"),
        "content" => ("Contenu", "les données obligatoires, leurs formats et leurs nomenclatures"),
        _ => ("Autre contrôle", ""),
    }
}

/// Whether a browser says that another site sent the form (Fetch Metadata). `Origin` would not do: under this site's referrer
/// policy browsers write `null` there.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::nom;

    #[test]
    fn every_check_has_a_name_in_french() {
        for name in crate::inspect::NAMES {
            assert!(!nom(name).1.is_empty(), "{name}");
        }
    }
}
