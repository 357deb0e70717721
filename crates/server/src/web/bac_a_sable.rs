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

use super::fichiers::style_path;
use super::page;
use crate::inspect::{Check, Inspection, Seen, Verdict, inspect_as};
use crate::journal::Recorded;
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
    verdict: &'static str,
    classe: &'static str,
    trouve: Option<String>,
    habitude: Option<String>,
    remede: Option<String>,
    explication: Option<&'static str>,
    condense: Option<String>,
}

/// One of the application's last messages.
struct Dernier {
    reference: String,
    quand: String,
    service: &'static str,
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
            let Some(recorded) = state.journal.find(&reference.to_ascii_lowercase(), now) else {
                page.erreur = Some(
                    "Aucun message de cette référence n’est gardé ici. Un message l’est pendant une heure.",
                );
                return page::html(StatusCode::NOT_FOUND, &page);
            };
            page.message = String::from_utf8_lossy(&recorded.message).into_owned();
            if let Some(application) = &recorded.application {
                page.derniers =
                    state.journal.of_application(application, now).into_iter().map(Dernier::of).collect();
            }
            // since then it was seen, unless it was refused before that
            let seen = if recorded.replayed { Seen::Before } else { Seen::Never };
            inspect_as(&state.config, &state.store, &recorded.message, recorded.at, seen).await
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
            controles: inspection.checks.iter().map(Controle::of).collect(),
        }
    }
}

impl Controle {
    fn of(check: &Check) -> Self {
        let (verdict, classe) = match check.verdict {
            Verdict::Held => ("Tenu", "rempli"),
            Verdict::Failed => ("Refusé", "vide"),
            Verdict::NotReached => ("Pas atteint", "plus-loin"),
        };
        Self {
            nom: nom(check.name),
            verdict,
            classe,
            trouve: check.found.clone(),
            habitude: check.near_miss.clone(),
            remede: check.remedy.clone(),
            explication: check.explanation.filter(|id| !id.is_empty()),
            condense: check.digested.clone(),
        }
    }
}

impl Dernier {
    fn of(recorded: Recorded) -> Self {
        Self {
            reference: recorded.id,
            quand: recorded.at.strftime("%H:%M:%S UTC").to_string(),
            service: recorded.service,
            issue: recorded.outcome,
        }
    }
}

/// What partners call the checks.
fn nom(check: &str) -> &'static str {
    match check {
        "readable XML" => "XML lisible",
        "SOAP 1.2 envelope" => "Enveloppe SOAP 1.2",
        "Security header" => "En-tête Security",
        "encryption" => "Chiffrement",
        "certificate named" => "Certificat désigné",
        "certificate trusted" => "Certificat reconnu",
        "signature and digests" => "Signature et condensats",
        "Body and Timestamp signed" => "Body et Timestamp signés",
        "fresh" => "Horodatage récent",
        "SAML assertion" => "Assertion SAML",
        "not received before" => "Jamais reçu auparavant",
        "application registered" => "Application enregistrée",
        "operation" => "Opération",
        "content" => "Contenu",
        _ => "Autre contrôle",
    }
}

#[cfg(test)]
mod tests {
    use super::nom;

    #[test]
    fn every_check_has_a_name_in_french() {
        for name in crate::inspect::NAMES {
            assert_ne!(nom(name), "Autre contrôle", "{name}");
        }
    }
}
