//! Dossiers by the thousand, written by the product's own storage code, encrypted and traced as a creation is.

use std::time::Instant;

use anyhow::{Context as _, Result};
use dossier::{Demandeur, IdDossier, TypeHebergement, UrgenceDemande};
use rand::rngs::StdRng;
use server::{Config, at_rest};
use storage::{Acteur, Action, ApplicationId, Options, Store, Trace};

use crate::house::{FINESS, House};

/// Dossiers of one transaction.
const BATCH: u32 = 500;
/// How many dossiers lie between two lines of progress.
const TOLD: u32 = 50_000;

/// The dossiers of a database, in the order of their making.
pub(crate) struct Filled {
    pub(crate) ids: Vec<String>,
}

impl Filled {
    /// Whose dossier the one of this number is.
    pub(crate) fn id_local(number: usize) -> String {
        format!("usager-{number}")
    }
}

/// A dossier to be.
struct Planned {
    id: IdDossier,
    id_local: String,
    demandeur: Demandeur,
    demandes: usize,
}

/// Makes `count` dossiers, each with no, one or two demandes, and tells how far it is.
pub(crate) async fn fill(house: &House, count: u32, rng: &mut StdRng) -> Result<Filled> {
    let config = Config::load(&house.folder.join("vtpa.toml"))?;
    // `[at_rest] key` is relative to the configuration, the database's path is absolute.
    let store = at_rest::open_store(&config, Options::default()).await?;
    let portail = store.read(|reader| Box::pin(reader.application_by_name("portail"))).await?;
    let portail = portail.context("the partner is registered")?.id;
    let begun = Instant::now();
    let mut filled = Filled { ids: Vec::with_capacity(count as usize) };
    while filled.ids.len() < count as usize {
        let first = filled.ids.len();
        let number = BATCH.min(count - first as u32);
        let batch = (first..first + number as usize)
            .map(|number| planned(number, rng))
            .collect::<Result<Vec<_>>>()?;
        made(&store, portail, &batch).await?;
        filled.ids.extend(batch.iter().map(|one| one.id.as_str().to_owned()));
        if filled.ids.len().is_multiple_of(TOLD as usize) {
            let rate = filled.ids.len() as f64 / begun.elapsed().as_secs_f64();
            println!("  scale: {} of {count} dossiers, {rate:.0} per second", filled.ids.len());
        }
    }
    store.close().await;
    Ok(filled)
}

fn planned(number: usize, rng: &mut StdRng) -> Result<Planned> {
    let id_local = Filled::id_local(number);
    let creation = testkit::dossiers::creation_aleatoire(&id_local, rng);
    let demandeur = creation.get("Demandeur").cloned().unwrap_or_default();
    Ok(Planned {
        id: IdDossier::draw(rng),
        id_local,
        demandeur: serde_json::from_value(demandeur)?,
        demandes: number % 3,
    })
}

async fn made(store: &Store, portail: ApplicationId, batch: &[Planned]) -> Result<()> {
    store
        .run("fill", |tx| {
            Box::pin(async move {
                for one in batch {
                    let Planned { id, id_local, demandeur, demandes } = one;
                    tx.create_dossier(id, demandeur, portail, id_local).await?;
                    for finess in FINESS.iter().take(*demandes) {
                        tx.add_demande(
                            id,
                            finess,
                            TypeHebergement::NonRenseigne,
                            UrgenceDemande::NonRenseigne,
                        )
                        .await?;
                    }
                    let acteur = Acteur::Partenaire {
                        application: Some(portail),
                        certificat: [7; 32],
                        id_local: Some(id_local.clone()),
                    };
                    let trace = Trace::new(acteur, Action::CreerDossierPA).dossier(id).code("999");
                    tx.trace(&trace.request([9; 32], None)).await?;
                }
                Ok(())
            })
        })
        .await?;
    Ok(())
}
