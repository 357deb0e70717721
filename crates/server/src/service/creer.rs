//! CreerDossierPA (§3.1.1): a new dossier, linked to the application and its user. 999 means that it is on disk.

use std::collections::HashSet;

use dossier::{Code, CodeRetour, CreationDossier, IdDossier, Reponse, TypeHebergement, UrgenceDemande};
use storage::{Action, CleCreation, Trace, Tx};
use xmlsec::Signed;

use super::{Call, idempotence};
use crate::clock::day_in_paris;
use crate::config::{Etablissements, Nir};

/// Numbers drawn before giving up: with 10¹² of them a second draw is an event.
const DRAWS: usize = 4;
/// Most demandes of a dossier (decisions §5).
const DEMANDES_MAX: usize = 40;

pub(super) async fn run(call: &Call<'_>, element: Signed<'_>) -> Result<Reponse, storage::Error> {
    let refused = |id_local: Option<&str>, code: CodeRetour| {
        call.record(call.caller.trace(Action::CreerDossierPA, id_local).code(code.code()));
        Ok(Reponse::CreerDossierPA { id_dossier: None, code })
    };
    let tables = call.state.tables.current();
    let options = &call.state.config.creation;
    let today = day_in_paris(call.now);
    let mut creation = match dossier::decode_creer(element, today, &tables, options.extensions()) {
        Ok(creation) => creation,
        Err(code) => return refused(None, code),
    };
    if options.etablissements == Etablissements::Ignore {
        creation.etablissements.clear();
    }
    // It was checked with all else (203).
    if call.state.config.donnees.nir == Nir::Verify {
        creation.demandeur.num_secu = None;
    }
    let cle = creation.cle_idempotence.take().map(|cle| idempotence::empreintes(call.application.id, &cle));
    let id_local = Some(creation.id_local.as_str());
    if let Err(code) = bounded(&creation) {
        return refused(id_local, code);
    }
    let mut draws = 1;
    loop {
        let id_dossier = IdDossier::draw(&mut crate::clock::rng());
        let trace = call.caller.trace(Action::CreerDossierPA, id_local).dossier(&id_dossier);
        let trace = trace.code(CodeRetour::succes().code());
        let trace = if cle.is_some() { trace.detail(idempotence::FIRST) } else { trace };
        let created = call
            .state
            .store
            .run("creation", |tx| {
                let (id_dossier, creation, cle, trace) = (&id_dossier, &creation, cle.as_ref(), &trace);
                Box::pin(create(tx, call.application.id, id_dossier, creation, cle, trace))
            })
            .await;
        // Whether the call was made before is asked only where something is in the way: its own key is. It comes before what
        // has changed since, an establishment that closed.
        if let Some(cle) = &cle
            && matches!(created, Ok(Err(_)) | Err(storage::Error::Conflict))
        {
            match idempotence::repeated(call, cle, id_local).await? {
                Some(Ok(first)) => return Ok(made(first)),
                Some(Err(code)) => return refused(id_local, code),
                None => {}
            }
        }
        match created {
            Ok(Ok(())) => return Ok(made(id_dossier)),
            Ok(Err(code)) => return refused(id_local, code),
            Err(storage::Error::Conflict) if draws < DRAWS => draws += 1,
            Err(error) => return Err(error),
        }
    }
}

fn made(id_dossier: IdDossier) -> Reponse {
    Reponse::CreerDossierPA { id_dossier: Some(id_dossier), code: CodeRetour::succes() }
}

/// Dossier, link, demandes and key, or none of them.
async fn create(
    tx: &mut Tx<'_>,
    application: storage::ApplicationId,
    id_dossier: &IdDossier,
    creation: &CreationDossier,
    cle: Option<&CleCreation>,
    trace: &Trace,
) -> Result<Result<(), CodeRetour>, storage::Error> {
    let numbers: Vec<&str> =
        creation.etablissements.iter().map(|(_, item)| item.num_finiss.as_str()).collect();
    if !numbers.is_empty() {
        let unknown = tx.unknown_etablissements(&numbers).await?;
        if !unknown.is_empty() {
            let places = unknown.into_iter().filter_map(|rank| creation.etablissements.get(rank));
            let paths: Vec<_> = places.map(|(place, _)| path(*place)).collect();
            return Ok(Err(CodeRetour::champs(Code::EtablissementInconnu, &paths)));
        }
    }
    tx.create_dossier(id_dossier, &creation.demandeur, application, creation.id_local.as_str()).await?;
    if let Some(cle) = cle {
        tx.take_cle(cle, id_dossier).await?;
    }
    for number in numbers {
        tx.add_demande(id_dossier, number, TypeHebergement::NonRenseigne, UrgenceDemande::NonRenseigne)
            .await?;
    }
    tx.trace(trace).await?;
    Ok(Ok(()))
}

/// What decisions §5 says of a dossier's demandes holds for those that it begins with: forty at most, one for each
/// establishment.
fn bounded(creation: &CreationDossier) -> Result<(), CodeRetour> {
    let items = &creation.etablissements;
    let refuse = |paths: &[String]| Err(CodeRetour::champs(Code::ValeurNonAutorisee, paths));
    if items.len() > DEMANDES_MAX {
        return refuse(&["Etablissements".to_owned()]);
    }
    let mut numbers = HashSet::new();
    let repeated = items.iter().filter(|(_, item)| !numbers.insert(item.num_finiss.as_str()));
    let paths: Vec<_> = repeated.map(|(place, _)| path(*place)).collect();
    if paths.is_empty() { Ok(()) } else { refuse(&paths) }
}

fn path(place: usize) -> String {
    format!("Etablissements[{place}].NumFINISS")
}
