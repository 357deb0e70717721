//! What one request is answered, and what the log keeps of it: once, here, without a name, a number or a token.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use dossier::{Operation, Reponse, Service};
use jiff::Timestamp;
use storage::{ApplicationId, EntreeJournal};
use tracing::info_span;
use wss::{Identity, NearMiss, Refusal, Sealing};
use xmlsec::Document;

use super::failure::Failure;
use super::http;
use crate::log_id::LogId;
use crate::near_miss;
use crate::observed::STEP;
use crate::state::AppState;

/// The answer before it is signed.
pub(super) struct Answer {
    outcome: Result<(Operation, Reponse), Failure>,
    sealing: Sealing,
    /// Whose signature held.
    application: Option<(ApplicationId, String)>,
    /// The stack that seems to have asked.
    stack: Option<&'static str>,
    /// The cause in the message's own words, and what its program did; in a sandbox alone.
    diagnosis: Option<(String, Option<NearMiss>)>,
}

impl Answer {
    pub(super) fn given(operation: Operation, reponse: Reponse, sealing: Sealing) -> Self {
        Self { outcome: Ok((operation, reponse)), sealing, application: None, stack: None, diagnosis: None }
    }

    pub(super) fn failed(failure: Failure) -> Self {
        Self {
            outcome: Err(failure),
            sealing: Sealing::default(),
            application: None,
            stack: None,
            diagnosis: None,
        }
    }

    pub(super) fn for_application(mut self, application: Option<&storage::Application>) -> Self {
        self.application = application.map(|application| (application.id, application.name.clone()));
        self
    }

    /// How a fault is written to an application that is known by a signature that held.
    pub(super) fn sealed(mut self, sealing: Sealing) -> Self {
        self.sealing = sealing;
        self
    }

    /// Says what the sender did. In a sandbox, where it is looked for with the request's own document; elsewhere nothing.
    pub(super) async fn diagnosed(mut self, state: &AppState, document: &Document, now: Timestamp) -> Self {
        self.stack = wss::explain::stack(document);
        if let Err(Failure::Refused(refusal)) = &self.outcome
            && state.config.sandbox
        {
            let near = near_miss::find(&state.config, &state.store, document, refusal, now).await;
            self.diagnosis = Some((wss::explain::cause(document, refusal), near));
        }
        self
    }

    /// What the journal keeps of it, but for the time it took.
    pub(super) fn entry(&self, service: Service, id: &LogId, now: Timestamp) -> EntreeJournal {
        let explanation = match &self.outcome {
            Err(Failure::Refused(refusal)) => Some(refusal.explanation_id().to_owned()),
            _ => None,
        };
        let addressing = self.sealing.addressing.as_ref();
        // a partner may write anything there, a person's name too
        let is_uuid = |id: &&String| {
            let hex = id.trim_start_matches("urn:").trim_start_matches("uuid:");
            hex.len() == 36 && hex.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        };
        EntreeJournal {
            reference: id.as_str().to_owned(),
            recu_le: now,
            service: service.name().to_owned(),
            operation: self.outcome.as_ref().ok().map(|(operation, _)| operation.name().to_owned()),
            application: self.application.as_ref().map(|(id, _)| *id),
            issue: self.outcome(),
            explication: explanation,
            message_id: addressing
                .and_then(|addressing| addressing.relates_to.as_ref())
                .filter(is_uuid)
                .cloned(),
            duree: 0,
            rejoue: self.is_replay(),
            message: None,
        }
    }

    /// Whether the message, or its assertion, had been received before.
    fn is_replay(&self) -> bool {
        let is_replay = |refusal: &Refusal| {
            matches!(refusal, Refusal::Replayed | Refusal::AssertionReplayed | Refusal::CreatedBeforeRestart)
        };
        match &self.outcome {
            Err(Failure::Refused(Refusal::AfterDecryption(inner))) => is_replay(inner),
            Err(Failure::Refused(refusal)) => is_replay(refusal),
            _ => false,
        }
    }

    /// What metrics call it: the code answered, or `fault`.
    fn outcome(&self) -> String {
        self.outcome.as_ref().map_or_else(|_| "fault".to_owned(), |(_, reponse)| code(reponse).to_owned())
    }

    /// Signs, labels, logs.
    pub(super) fn into_response(
        self,
        state: &AppState,
        identity: &Identity,
        id: &LogId,
        now: Timestamp,
    ) -> Response<Body> {
        let application = self.application.as_ref().map_or("-", |(_, name)| name);
        let (status, sealed) = match &self.outcome {
            Ok((operation, reponse)) => {
                tracing::info!(
                    id = id.as_str(),
                    application,
                    operation = operation.name(),
                    code = code(reponse),
                    "answered"
                );
                let seal = || {
                    wss::seal(identity, &self.sealing, now, &mut crate::clock::rng(), |w| reponse.encode(w))
                };
                let sealed = info_span!(target: STEP, "seal").in_scope(seal);
                (StatusCode::OK, sealed)
            }
            Err(failure) => {
                log(failure, id, application);
                if matches!(failure, Failure::Refused(Refusal::Soap11)) {
                    return http::version_mismatch();
                }
                let mut fault = failure.fault(id.as_str(), state.config.sandbox, self.stack);
                if let Some((cause, near)) = &self.diagnosis {
                    fault = fault.told(cause, near.as_ref(), self.stack);
                }
                let base = state.config.public_url.trim_end_matches('/');
                fault.page = fault.explanation.as_ref().map(|(id, _)| format!("{base}/explications/{id}"));
                let sealed = wss::seal_fault(identity, &self.sealing, &fault, now, &mut crate::clock::rng());
                let status = match failure {
                    Failure::Busy(over) => over.status(),
                    _ => http::fault_status(fault.code, state.config.ws_security.fault_status),
                };
                (status, sealed)
            }
        };
        // for the trace; the line above has them already
        let span = tracing::Span::current();
        span.record("application", application).record("code", self.outcome());
        if let Ok((operation, _)) = &self.outcome {
            span.record("operation", operation.name());
        }
        match sealed {
            Ok(envelope) => match &self.outcome {
                Err(Failure::Busy(over)) => http::soap_later(status, envelope, over.retry_after),
                _ => http::soap(status, envelope),
            },
            Err(error) => {
                tracing::error!(id = id.as_str(), %error, "an answer could not be signed");
                http::text(StatusCode::INTERNAL_SERVER_ERROR, "The answer could not be signed.\n")
            }
        }
    }
}

fn log(failure: &Failure, id: &LogId, application: &str) {
    let id = id.as_str();
    match failure {
        Failure::Refused(refusal) => {
            let explanation = refusal.explanation_id();
            tracing::warn!(id, application, explanation, cause = %refusal, "refused");
        }
        Failure::Charset => tracing::warn!(id, application, cause = "charset", "refused"),
        Failure::Operation(cause) => tracing::warn!(id, application, cause, "refused"),
        Failure::Busy(over) => {
            crate::metrics::limit(over.name());
            tracing::warn!(id, application, limit = over.name(), "over its limit");
        }
        Failure::Unavailable(cause) => tracing::error!(id, application, cause, "unavailable"),
    }
}

/// The code of an answer, for log and metrics: of several, the first that is no success.
fn code(reponse: &Reponse) -> &str {
    reponse.code_retour().map_or("", |code| code.code())
}
