//! Why a message got no business answer, and the fault that says so.

use axum::http::StatusCode;
use wss::{Fault, FaultCode, Refusal};

use crate::opening::OpenError;
use crate::quota::{Limit, Over};

/// Why there is no business answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// WS-Security or the envelope.
    Refused(Refusal),
    /// The charset parameter contradicts the document.
    Charset,
    /// The Body holds no operation, or several, or one of the other service; or the action names another.
    Operation(&'static str),
    /// The application asks for more than it may.
    Busy(Over),
    /// The database or the replay guard could not be asked; nothing was accepted.
    Unavailable(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Refused(refusal) => Self::Refused(refusal),
            OpenError::Unavailable(error) => Self::Unavailable(error.to_string()),
        }
    }
}

impl Failure {
    /// The id of its explanation, where it has one.
    pub(super) fn explanation(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => Some(refusal.explanation_id()),
            Self::Charset | Self::Operation(_) | Self::Busy(_) | Self::Unavailable(_) => None,
        }
    }

    /// The same of a message that was decrypted.
    pub(super) fn after_decryption(self) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.after_decryption()),
            other => other,
        }
    }

    /// The fault that the caller sees.
    pub(super) fn fault(&self, id: &str, sandbox: bool, stack: Option<&str>) -> Fault {
        match self {
            Self::Refused(refusal) => Fault::of(refusal, id, sandbox, stack),
            Self::Charset => Fault::sender(
                "L'encodage annoncé n'est pas celui du message",
                "The charset announced is not the message's",
                id,
            ),
            Self::Operation(cause) => {
                let mut fault =
                    Fault::sender("Opération inconnue de ce service", "No operation of this service", id);
                fault.cause = Some((*cause).to_owned());
                fault
            }
            Self::Busy(over) => {
                let (fr, en) = over.reason();
                Fault { code: FaultCode::Receiver, ..Fault::sender(&fr, &en, id) }
            }
            Self::Unavailable(_) => Fault::receiver(id),
        }
    }
}

impl Over {
    /// RFC 6585 §4 for too many in a time, 503 for too many at once.
    pub(super) fn status(self) -> StatusCode {
        match self.limit {
            Limit::Rate => StatusCode::TOO_MANY_REQUESTS,
            Limit::Concurrency => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What log and metrics call it.
    pub(super) fn name(self) -> &'static str {
        match self.limit {
            Limit::Rate => "application_rate",
            Limit::Concurrency => "application_concurrency",
        }
    }

    /// French, English.
    fn reason(self) -> (String, String) {
        let (fr, en) = match self.limit {
            Limit::Rate => ("Trop d'appels de cette application", "Too many calls of this application"),
            Limit::Concurrency => (
                "Trop d'appels simultanés de cette application",
                "Too many calls of this application at once",
            ),
        };
        let seconds = self.retry_after;
        (
            format!("{fr}, rien n'a été fait : le même message peut être renvoyé dans {seconds} s"),
            format!("{en}, nothing was done: the same message may be sent again in {seconds} s"),
        )
    }
}
