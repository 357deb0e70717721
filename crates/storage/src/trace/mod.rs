//! The audit trail: who did or saw what, when, and what they were answered.
//!
//! A transaction that changes data traces it itself, by [`Tx::trace`], so that neither is there without the other. What only
//! reads is traced in batches by [`Store::trace_all`]. Rows are never changed; a chain of hashes over them shows
//! it. What a row says of a person beyond numbers and an IdLocal, its assertion and the request itself, lies apart, where an
//! erasure may delete it: the row keeps its SHA-256.

mod action;
mod chain;
mod read;
mod row;
mod seal;
mod write;

use std::sync::Arc;

use dossier::IdDossier;

pub use self::{
    action::Action,
    chain::{Enchaine, Maillon, Sha256},
    read::{FiltreTrace, LigneExportee, MaillonLu, PageTrace},
    row::LigneTrace,
    seal::{Oubli, TeteSignee},
};
use crate::ApplicationId;

/// Who acted.
#[derive(Clone, PartialEq, Eq)]
pub enum Acteur {
    /// A partner's application.
    Partenaire {
        /// The application; none where the certificate is no application's (code 100).
        application: Option<ApplicationId>,
        /// SHA-256 of the certificate that signed.
        certificat: [u8; 32],
        /// The user that it named, where the operation has one.
        id_local: Option<String>,
    },
    /// The person in front of a dossier's pages, who came from this application.
    Famille {
        /// The application; none where a link led nowhere.
        application: Option<ApplicationId>,
    },
    /// An account of an establishment.
    Etablissement {
        /// The account.
        compte: String,
    },
    /// Someone at the server's command line.
    Operateur {
        /// The system's name of that user.
        compte: String,
    },
    /// The server itself: purge, retention, a task.
    Systeme,
}

impl Acteur {
    /// As it is stored.
    pub fn genre(&self) -> &'static str {
        match self {
            Self::Partenaire { .. } => "partenaire",
            Self::Famille { .. } => "famille",
            Self::Etablissement { .. } => "etablissement",
            Self::Operateur { .. } => "operateur",
            Self::Systeme => "systeme",
        }
    }
}

/// An IdLocal is a person's.
impl std::fmt::Debug for Acteur {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.genre())
    }
}

/// One fact of the audit trail.
///
/// ```
/// # use storage::{Acteur, Action, Trace};
/// let trace = Trace::new(Acteur::Operateur { compte: "root".to_owned() }, Action::DossierAnnule).code("999");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    pub(crate) acteur: Acteur,
    pub(crate) action: Action,
    pub(crate) dossier: Option<i64>,
    pub(crate) demande: Option<i64>,
    pub(crate) code: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) requete: Option<Piece>,
    pub(crate) assertion: Option<Piece>,
    pub(crate) age: u64,
}

/// What is named by its SHA-256 and may be kept beside the row.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) sha256: [u8; 32],
    pub(crate) contenu: Option<Arc<[u8]>>,
}

impl Trace {
    /// That this one did this.
    pub fn new(acteur: Acteur, action: Action) -> Self {
        Self {
            acteur,
            action,
            dossier: None,
            demande: None,
            code: None,
            detail: None,
            message_id: None,
            reference: None,
            requete: None,
            assertion: None,
            age: 0,
        }
    }

    /// To, or in, this dossier.
    #[must_use]
    pub fn dossier(mut self, id: &IdDossier) -> Self {
        self.dossier = crate::sql::text_number(id.as_str());
        self
    }

    /// As [`Trace::dossier`], of a number as someone wrote it; what is no number of a dossier is left out.
    #[must_use]
    pub fn dossier_demande(mut self, id: &str) -> Self {
        self.dossier = crate::sql::text_number(id);
        self
    }

    /// To this demande.
    #[must_use]
    pub fn demande(mut self, id: i64) -> Self {
        self.demande = Some(id);
        self
    }

    /// What was answered: a CodeRetour's code, a fault's explanation, an HTTP status.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.code = Some(bounded(code));
        self
    }

    /// What was changed, in a few words that name no person: `statut ENVOYEE RECUE`, an application's name.
    #[must_use]
    pub fn detail(mut self, detail: &str) -> Self {
        self.detail = Some(bounded(detail));
        self
    }

    /// `wsa:MessageID`.
    #[must_use]
    pub fn message_id(mut self, id: Option<&str>) -> Self {
        self.message_id = id.map(bounded);
        self
    }

    /// The id under which the log speaks of it.
    #[must_use]
    pub fn reference(mut self, id: &str) -> Self {
        self.reference = Some(bounded(id));
        self
    }

    /// The request as it came: its SHA-256, and itself where it is to be kept.
    #[must_use]
    pub fn request(mut self, sha256: [u8; 32], kept: Option<Arc<[u8]>>) -> Self {
        self.requete = Some(Piece { sha256, contenu: kept });
        self
    }

    /// What the assertion said, as JSON, and its SHA-256.
    #[must_use]
    pub fn assertion(mut self, sha256: [u8; 32], json: Arc<[u8]>) -> Self {
        self.assertion = Some(Piece { sha256, contenu: Some(json) });
        self
    }

    /// That it happened so many milliseconds before it is written.
    #[must_use]
    pub fn milliseconds_ago(mut self, age: u64) -> Self {
        self.age = age;
        self
    }

    /// The dossier that a partner was told of: a contact, which keeps it from the archive.
    pub fn contact(&self) -> Option<IdDossier> {
        let told = self.action == Action::ConsulterDossierPA && self.code.as_deref() == Some("999");
        let number = self.dossier.filter(|_| told)?;
        crate::sql::dossier_id("trace", number).ok()
    }

    /// What was done.
    pub fn action(&self) -> Action {
        self.action
    }
}

/// Neither numbers nor an IdLocal: those are a person's.
impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { acteur, action, code, reference, .. } = self;
        f.debug_struct("Trace")
            .field("acteur", acteur)
            .field("action", action)
            .field("code", code)
            .field("reference", reference)
            .finish_non_exhaustive()
    }
}

/// The longest text that a row takes: what others wrote has its bounds elsewhere, and this is the last.
const TEXT: usize = 1000;

fn bounded(text: &str) -> String {
    // PostgreSQL's texts hold no NUL
    text.chars().filter(|c| *c != '\0').take(TEXT).collect()
}
