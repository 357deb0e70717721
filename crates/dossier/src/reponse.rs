//! The answers of chapter 3, written by the server, read by the client.

use serde::Serialize;
use xmlsec::{Signed, Writer};

use crate::code_retour::CodeRetour;
use crate::model::{Dossier, IdDossier, JetonSecurite};
use crate::operation::Operation;
use crate::{NAMESPACE, decode, encode};

/// An operation's answer. As JSON it mirrors the contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Reponse {
    /// CreerDossierPResponse
    CreerDossierPA {
        /// The new dossier.
        #[serde(rename = "IdDossier", skip_serializing_if = "Option::is_none")]
        id_dossier: Option<IdDossier>,
        /// How it went.
        #[serde(rename = "CodeRetour")]
        code: CodeRetour,
    },
    /// ListeConsulterDossierPResponse
    ConsulterDossierPA(Vec<ConsulterDossierPResponse>),
    /// JetonSecuritePAResponse
    GenererJetonSecuritePA {
        /// The token.
        #[serde(rename = "JetonSecurite", skip_serializing_if = "Option::is_none")]
        jeton: Option<JetonSecurite>,
        /// How it went.
        #[serde(rename = "CodeRetour")]
        code: CodeRetour,
    },
}

/// One dossier's answer (§3.2.1.2).
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConsulterDossierPResponse {
    /// The dossier, where it may be shown.
    pub dossier: Option<Dossier>,
    /// The number as it was asked; absent where the code concerns the whole call.
    pub id_dossier: Option<String>,
    /// How it went.
    pub code_retour: CodeRetour,
}

/// An answer that is not the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer does not follow the contract")]
pub struct ReponseIllisible;

impl Reponse {
    /// An answer that concerns the whole call: for ConsulterDossierPA one element without IdDossier (§3.2.1.2).
    pub fn globale(operation: Operation, code: CodeRetour) -> Self {
        match operation {
            Operation::CreerDossierPA => Self::CreerDossierPA { id_dossier: None, code },
            Operation::ConsulterDossierPA => Self::ConsulterDossierPA(vec![ConsulterDossierPResponse {
                dossier: None,
                id_dossier: None,
                code_retour: code,
            }]),
            Operation::GenererJetonSecuritePA => Self::GenererJetonSecuritePA { jeton: None, code },
        }
    }

    /// Whose answer it is.
    pub fn operation(&self) -> Operation {
        match self {
            Self::CreerDossierPA { .. } => Operation::CreerDossierPA,
            Self::ConsulterDossierPA(_) => Operation::ConsulterDossierPA,
            Self::GenererJetonSecuritePA { .. } => Operation::GenererJetonSecuritePA,
        }
    }

    /// Every code, one per dossier for ConsulterDossierPA.
    pub fn codes(&self) -> Vec<&CodeRetour> {
        match self {
            Self::CreerDossierPA { code, .. } | Self::GenererJetonSecuritePA { code, .. } => vec![code],
            Self::ConsulterDossierPA(dossiers) => {
                dossiers.iter().map(|dossier| &dossier.code_retour).collect()
            }
        }
    }

    /// The code of the whole: the first that is no success; `None` for a list without an element.
    pub fn code_retour(&self) -> Option<&CodeRetour> {
        let codes = self.codes();
        codes.iter().find(|code| !code.est_succes()).or(codes.first()).copied()
    }

    /// Writes the answer's element.
    pub fn encode(&self, w: &mut Writer) {
        w.start("", NAMESPACE, self.operation().response_name());
        w.start("", NAMESPACE, "Response");
        match self {
            Self::CreerDossierPA { id_dossier, code } => {
                encode::optional(w, "IdDossier", id_dossier.as_ref().map(IdDossier::as_str));
                encode::code_retour(w, code);
            }
            Self::ConsulterDossierPA(dossiers) => {
                for answer in dossiers {
                    w.start("", NAMESPACE, "ConsulterDossierPResponse");
                    if let Some(dossier) = &answer.dossier {
                        encode::dossier(w, dossier);
                    }
                    encode::optional(w, "IdDossier", answer.id_dossier.as_deref());
                    encode::code_retour(w, &answer.code_retour);
                    w.end();
                }
            }
            Self::GenererJetonSecuritePA { jeton, code } => {
                encode::optional(w, "JetonSecurite", jeton.as_ref().map(JetonSecurite::as_str));
                encode::code_retour(w, code);
            }
        }
        w.end().end();
    }
}

/// Reads the answer to `operation` from a signed Body.
pub fn decode_reponse(body: Signed<'_>, operation: Operation) -> Result<Reponse, ReponseIllisible> {
    let element = body.only_child(NAMESPACE, operation.response_name()).ok_or(ReponseIllisible)?;
    let response = element.only_child(NAMESPACE, "Response").ok_or(ReponseIllisible)?;
    let code = || decode::code_retour(response).ok_or(ReponseIllisible);
    let text = |name: &str| response.child(NAMESPACE, name).map(|element| element.text().trim().to_owned());
    Ok(match operation {
        Operation::CreerDossierPA => {
            let id_dossier = match text("IdDossier") {
                None => None,
                Some(id) => Some(IdDossier::parse(&id).ok_or(ReponseIllisible)?),
            };
            Reponse::CreerDossierPA { id_dossier, code: code()? }
        }
        Operation::ConsulterDossierPA => {
            let items = response.children().filter(|child| child.is(NAMESPACE, "ConsulterDossierPResponse"));
            let dossiers = items.map(|item| decode::consultation(item).ok_or(ReponseIllisible));
            Reponse::ConsulterDossierPA(dossiers.collect::<Result<_, _>>()?)
        }
        Operation::GenererJetonSecuritePA => Reponse::GenererJetonSecuritePA {
            jeton: text("JetonSecurite").map(JetonSecurite::new),
            code: code()?,
        },
    })
}
