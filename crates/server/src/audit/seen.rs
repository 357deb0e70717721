//! What the trail says of a message and its sender, gathered while the message is opened.

use std::sync::Arc;

use serde::Serialize;
use storage::{Acteur, Action, Application, ApplicationId, Trace};
use wss::{Assertion, Confirmation, Opened};
use xmlsec::Certificate;

use super::sha256;
use crate::log_id::LogId;

/// Who sent a message whose signature held, and what of it is kept.
pub(crate) struct Caller {
    application: Option<ApplicationId>,
    certificat: [u8; 32],
    reference: String,
    message_id: Option<String>,
    requete: ([u8; 32], Option<Arc<[u8]>>),
    assertion: Option<([u8; 32], Arc<[u8]>)>,
}

impl Caller {
    /// Of a message as it came; `keep` it whole.
    pub(crate) fn new(
        application: Option<&Application>,
        certificate: &Certificate,
        id: &LogId,
        message: &[u8],
        keep: bool,
    ) -> Self {
        Self {
            application: application.map(|application| application.id),
            certificat: *certificate.fingerprint_sha256(),
            reference: id.as_str().to_owned(),
            message_id: None,
            requete: (sha256(message), keep.then(|| Arc::from(message))),
            assertion: None,
        }
    }

    /// What is known once the message is opened.
    pub(crate) fn opened(mut self, opened: &Opened<'_>) -> Self {
        self.message_id.clone_from(&opened.addressing().message_id);
        self.assertion = opened.assertion().map(said).map(|json| (sha256(&json), json.into()));
        self
    }

    /// That this caller did this, as the user that it named.
    pub(crate) fn trace(&self, action: Action, id_local: Option<&str>) -> Trace {
        let acteur = Acteur::Partenaire {
            application: self.application,
            certificat: self.certificat,
            id_local: id_local.map(str::to_owned),
        };
        let (sha256, kept) = &self.requete;
        let trace = Trace::new(acteur, action)
            .reference(&self.reference)
            .message_id(self.message_id.as_deref())
            .request(*sha256, kept.clone());
        match &self.assertion {
            Some((sha256, json)) => trace.assertion(*sha256, Arc::clone(json)),
            None => trace,
        }
    }
}

/// An assertion as the trail keeps it.
#[derive(Serialize)]
struct Said<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    #[serde(rename = "IssueInstant")]
    issue_instant: String,
    #[serde(rename = "Issuer")]
    issuer: &'a str,
    #[serde(rename = "NameID")]
    name_id: &'a str,
    #[serde(rename = "AuthnContextClassRef", skip_serializing_if = "Option::is_none")]
    authn_context: Option<&'a str>,
    #[serde(rename = "SubjectConfirmation", skip_serializing_if = "Option::is_none")]
    confirmation: Option<&'static str>,
    #[serde(rename = "Attributes")]
    attributes: std::collections::BTreeMap<&'a str, &'a [String]>,
}

fn said(assertion: &Assertion) -> Vec<u8> {
    let said = Said {
        id: assertion.id(),
        issue_instant: assertion.issue_instant().to_string(),
        issuer: assertion.issuer(),
        name_id: assertion.name_id(),
        authn_context: assertion.authn_context(),
        confirmation: match assertion.confirmation() {
            Confirmation::None => None,
            Confirmation::Bearer => Some("bearer"),
            Confirmation::SenderVouches => Some("sender-vouches"),
            Confirmation::HolderOfKey => Some("holder-of-key"),
        },
        attributes: assertion.attributes().collect(),
    };
    // texts and lists of texts always become JSON
    serde_json::to_vec(&said).unwrap_or_default()
}
