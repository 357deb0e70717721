//! ConsulterDossierPA (§3.2.1): one answer per dossier asked, in the order asked, each with its own code.

use dossier::{Code, CodeRetour, ConsulterDossierPResponse, EntreeConsultation, Operation, Reponse};
use storage::{Acces, Action};
use xmlsec::Signed;

use super::Call;
use super::vue::dossier;

pub(super) async fn run(call: &Call<'_>, element: Signed<'_>) -> Result<Reponse, storage::Error> {
    let entries = match dossier::decode_consulter(element) {
        Ok(entries) => entries,
        Err(code) => {
            call.record(call.caller.trace(Action::ConsulterDossierPA, None).code(code.code()));
            return Ok(Reponse::globale(Operation::ConsulterDossierPA, code));
        }
    };
    // all dossiers in one question, so that a hundred cost no more statements than one
    let asked: Vec<(&str, &str)> = entries
        .iter()
        .filter_map(|entry| entry.acces.as_ref().ok())
        .map(|acces| (acces.id_dossier.as_str(), acces.id_local.as_str()))
        .collect();
    let mut found = call.state.store.consult_all(call.application.id, &asked).await?.into_iter();
    let mut answers = Vec::with_capacity(entries.len());
    let mut traces = Vec::with_capacity(entries.len());
    for entry in entries {
        let id_local = entry.acces.as_ref().ok().map(|acces| acces.id_local.as_str());
        let trace =
            call.caller.trace(Action::ConsulterDossierPA, id_local).dossier_demande(&entry.id_dossier);
        let answer = answer(entry, &mut found);
        traces.push(trace.code(answer.code_retour.code()));
        answers.push(answer);
    }
    // a row for each dossier that was asked for, together
    call.state.trail.record(traces);
    Ok(Reponse::ConsulterDossierPA(answers))
}

/// Decisions §3 rows 9 and 10. `found` answers the entries that were well formed, in their order.
fn answer(
    entry: EntreeConsultation,
    found: &mut impl Iterator<Item = Acces<storage::StoredDossier>>,
) -> ConsulterDossierPResponse {
    let (dossier, code_retour) = match entry.acces {
        Err(code) => (None, code),
        Ok(_) => match found.next() {
            Some(Acces::Lie(stored)) => (Some(dossier(stored)), CodeRetour::succes()),
            Some(Acces::NonLie) => (None, CodeRetour::seul(Code::ActionNonAutorisee)),
            Some(Acces::Inconnu) | None => (None, CodeRetour::seul(Code::DossierInconnu)),
        },
    };
    ConsulterDossierPResponse { dossier, id_dossier: Some(entry.id_dossier), code_retour }
}
