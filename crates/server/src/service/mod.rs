//! The three operations: who may, what is checked, what is done. No HTTP, no XML text, no SQL.

mod consulter;
mod creer;
mod idempotence;
mod jeton;
pub(crate) mod vue;

use dossier::{Code, CodeRetour, Operation, Reponse};
use jiff::Timestamp;
use storage::{Action, Application, Trace};
use xmlsec::Signed;

use crate::audit::Caller;
use crate::log_id::LogId;
use crate::state::AppState;

/// One call of a registered application.
pub(crate) struct Call<'a> {
    state: &'a AppState,
    application: &'a Application,
    /// What the audit trail says of who calls.
    caller: &'a Caller,
    now: Timestamp,
}

impl Call<'_> {
    /// An answer that no transaction traces: what was seen, or refused.
    fn record(&self, trace: Trace) {
        self.state.trail.record([trace]);
    }
}

/// Runs the operation whose signed element is given. Decisions §3 rows 1 and 2 come first: may the application, is
/// the operation on; then what the operation's own file checks.
pub(crate) async fn run(
    state: &AppState,
    application: Option<&Application>,
    operation: Operation,
    element: Signed<'_>,
    caller: &Caller,
    id: &LogId,
    now: Timestamp,
) -> Reponse {
    let refused = |code: CodeRetour| {
        state.trail.record([caller.trace(action(operation), None).code(code.code())]);
        Reponse::globale(operation, code)
    };
    let unforeseen = |error: storage::Error| {
        tracing::error!(id = id.as_str(), %error, operation = operation.name(), "000");
        refused(CodeRetour::erreur_non_identifiee(id.as_str()))
    };
    // no trace, no service
    if let Err(untraceable) = state.trail.admit().await {
        return unforeseen(untraceable.into());
    }
    let application = match application {
        Some(application) if !application.suspended && application.rights.allow(operation) => application,
        _ => return refused(CodeRetour::seul(Code::ApplicationNonAutorisee)),
    };
    if state.config.operations.disabled.iter().any(|name| name == operation.name()) {
        return refused(CodeRetour::seul(Code::OperationNonImplementee));
    }
    let call = Call { state, application, caller, now };
    let outcome = match operation {
        Operation::CreerDossierPA => creer::run(&call, element).await,
        Operation::ConsulterDossierPA => consulter::run(&call, element).await,
        Operation::GenererJetonSecuritePA => jeton::run(&call, element).await,
    };
    outcome.unwrap_or_else(unforeseen)
}

/// What the audit trail calls an operation.
pub(crate) fn action(operation: Operation) -> Action {
    match operation {
        Operation::CreerDossierPA => Action::CreerDossierPA,
        Operation::ConsulterDossierPA => Action::ConsulterDossierPA,
        Operation::GenererJetonSecuritePA => Action::GenererJetonSecuritePA,
    }
}
