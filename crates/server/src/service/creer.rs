//! CreerDossierPA (§3.1.1): a new dossier, linked to the application and its user. 999 means that it is on disk.

use dossier::{CodeRetour, IdDossier, Reponse};
use xmlsec::Signed;

use super::Call;
use crate::clock::day_in_paris;

/// Numbers drawn before giving up: with 10¹² of them a second draw is an event.
const DRAWS: usize = 4;

pub(super) async fn run(call: &Call<'_>, element: Signed<'_>) -> Result<Reponse, storage::Error> {
    let creation = match dossier::decode_creer(element, day_in_paris(call.now)) {
        Ok(creation) => creation,
        Err(code) => return Ok(Reponse::CreerDossierPA { id_dossier: None, code }),
    };
    let mut draws = 1;
    loop {
        let id_dossier = IdDossier::draw(&mut crate::clock::rng());
        let created = call
            .state
            .store
            .run("creation", |tx| {
                let (id_dossier, creation) = (&id_dossier, &creation);
                Box::pin(async move {
                    let (demandeur, id_local) = (&creation.demandeur, creation.id_local.as_str());
                    tx.create_dossier(id_dossier, demandeur, call.application.id, id_local).await
                })
            })
            .await;
        match created {
            Ok(()) => {
                return Ok(Reponse::CreerDossierPA { id_dossier: Some(id_dossier), code: CodeRetour::succes() });
            }
            Err(storage::Error::Conflict) if draws < DRAWS => draws += 1,
            Err(error) => return Err(error),
        }
    }
}
