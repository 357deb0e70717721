//! ConsulterDossierPA (§3.2.1): one answer per dossier asked, in the order asked, each with its own code.

use dossier::{Code, CodeRetour, ConsulterDossierPResponse, EntreeConsultation, Operation, Reponse};
use storage::Acces;
use xmlsec::Signed;

use super::Call;
use super::vue::dossier;

pub(super) async fn run(call: &Call<'_>, element: Signed<'_>) -> Result<Reponse, storage::Error> {
    let entries = match dossier::decode_consulter(element) {
        Ok(entries) => entries,
        Err(code) => return Ok(Reponse::globale(Operation::ConsulterDossierPA, code)),
    };
    // all dossiers in one question, so that a hundred cost no more statements than one
    let asked: Vec<(&str, &str)> = entries
        .iter()
        .filter_map(|entry| entry.acces.as_ref().ok())
        .map(|acces| (acces.id_dossier.as_str(), acces.id_local.as_str()))
        .collect();
    let mut found = call.state.store.consult_all(call.application.id, &asked).await?.into_iter();
    let answers = entries.into_iter().map(|entry| answer(entry, &mut found)).collect();
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
