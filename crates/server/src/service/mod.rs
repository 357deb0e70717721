//! The three operations: who may, what is checked, what is done. No HTTP, no XML text, no SQL.

mod consulter;
mod creer;
mod jeton;
pub(crate) mod vue;

use dossier::{Code, CodeRetour, Operation, Reponse};
use jiff::Timestamp;
use storage::Application;
use xmlsec::Signed;

use crate::log_id::LogId;
use crate::state::AppState;

/// One call of a registered application.
pub(crate) struct Call<'a> {
    state: &'a AppState,
    application: &'a Application,
    now: Timestamp,
}

/// Runs the operation whose signed element is given. Decisions §3 rows 1 and 2 come first: may the application, is
/// the operation on; then what the operation's own file checks.
pub(crate) async fn run(
    state: &AppState,
    application: Option<&Application>,
    operation: Operation,
    element: Signed<'_>,
    id: &LogId,
    now: Timestamp,
) -> Reponse {
    let application = match application {
        Some(application) if !application.suspended && application.rights.allow(operation) => application,
        _ => return Reponse::globale(operation, CodeRetour::seul(Code::ApplicationNonAutorisee)),
    };
    if state.config.operations.disabled.iter().any(|name| name == operation.name()) {
        return Reponse::globale(operation, CodeRetour::seul(Code::OperationNonImplementee));
    }
    let call = Call { state, application, now };
    let outcome = match operation {
        Operation::CreerDossierPA => creer::run(&call, element).await,
        Operation::ConsulterDossierPA => consulter::run(&call, element).await,
        Operation::GenererJetonSecuritePA => jeton::run(&call, element).await,
    };
    outcome.unwrap_or_else(|error| {
        tracing::error!(id = id.as_str(), %error, operation = operation.name(), "000");
        Reponse::globale(operation, CodeRetour::erreur_non_identifiee(id.as_str()))
    })
}
