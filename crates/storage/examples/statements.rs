//! What the storage costs, in microseconds: `cargo run --release -p storage --example statements`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for the developer at a terminal")]

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use dossier::{Demandeur, Etablissement, IdDossier, TypeHebergement, UrgenceDemande};
use serde_json::{from_value, json};
use storage::{Acces, EntreeRejeu, Rights, Store};

const DOSSIERS: u64 = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let store = &Store::open(&format!("sqlite:{}", dir.path().join("vtpa.db").display())).await.unwrap();
    let application = store
        .run("application", |tx| {
            Box::pin(async {
                let id = tx.add_application("portail", Rights::ALL).await?;
                tx.add_certificate(id, &[1; 32], b"der").await?;
                for number in 0..5 {
                    tx.add_etablissement(&etablissement(number)).await?;
                }
                Ok(id)
            })
        })
        .await
        .unwrap();
    let demandeur = &demandeur();
    store
        .run("dossiers", |tx| {
            Box::pin(async move {
                for number in 0..DOSSIERS {
                    let id = &id(number);
                    tx.create_dossier(id, demandeur, application, "dupont").await?;
                    for number in 0..5 {
                        let (hebergement, urgence) = (TypeHebergement::Permanent, UrgenceDemande::SixMois);
                        tx.add_demande(id, &etablissement(number).num_finiss, hebergement, urgence).await?;
                    }
                }
                Ok(())
            })
        })
        .await
        .unwrap();

    let url = format!("sqlite:{}", dir.path().join("vtpa.db").display());
    measure("open and close", 50, async |_| Store::open(&url).await.unwrap().close().await).await;
    measure("application by fingerprint", 20_000, async |_| {
        store.application_by_fingerprint(&[1; 32]).await.unwrap().unwrap();
    })
    .await;
    let ids: Vec<IdDossier> = (0..DOSSIERS).map(id).collect();
    let nth = |round: u64| ids.get(usize::try_from(round * 7 % DOSSIERS).unwrap()).unwrap().as_str();
    measure("consult, 5 demandes", 20_000, async |round| {
        let Acces::Lie(found) = store.consult(nth(round), application, "dupont").await.unwrap() else {
            return;
        };
        assert_eq!(found.demandes.len(), 5);
    })
    .await;
    measure("dossier, 5 demandes, on sqlx's thread (for comparison)", 2_000, async |round| {
        let id = ids.get(usize::try_from(round % DOSSIERS).unwrap()).unwrap();
        store.run("read", |tx| Box::pin(async move { tx.dossier(id).await })).await.unwrap();
    })
    .await;
    measure("access", 20_000, async |round| {
        store
            .read(|reader| Box::pin(async move { reader.access(nth(round), application, "dupont").await }))
            .await
            .unwrap();
    })
    .await;
    let questions: Vec<(&str, &str)> = ids.iter().take(100).map(|id| (id.as_str(), "dupont")).collect();
    measure("consult, 100 dossiers of 5 demandes", 200, async |_| {
        assert_eq!(store.consult_all(application, &questions).await.unwrap().len(), 100);
    })
    .await;
    // The same while the replay guard writes: each commit makes readers look at their pages anew.
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for batch in 0_u64.. {
                let entries = (0..32_u64).map(|entry| {
                    let mut cle = [0; 32];
                    cle[..8].copy_from_slice(
                        &(batch * 32 + entry).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes(),
                    );
                    EntreeRejeu { cle, jusqu_a: "2099-01-01T00:00:00Z".parse().unwrap() }
                });
                store
                    .rejeu_ajouter(entries.collect(), "2026-01-01T00:00:00Z".parse().unwrap())
                    .await
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    measure("consult, 5 demandes, beside 32 replay entries each 10 ms", 20_000, async |round| {
        store.consult(nth(round), application, "dupont").await.unwrap();
        tokio::task::yield_now().await;
    })
    .await;
    writer.abort();

    let next = std::cell::Cell::new(1_000_000);
    measure("create, one at a time", 500, async |_| {
        let id = &id(next.replace(next.get() + 1));
        store
            .run("create", |tx| {
                Box::pin(async move { tx.create_dossier(id, demandeur, application, "x").await })
            })
            .await
            .unwrap();
    })
    .await;
    let begun = Instant::now();
    let mut flying = VecDeque::new();
    for round in 0..2_000 {
        if flying.len() == 64 {
            let done: tokio::task::JoinHandle<()> = flying.pop_front().unwrap();
            done.await.unwrap();
        }
        let (store, demandeur) = (store.clone(), demandeur.clone());
        flying.push_back(tokio::spawn(async move {
            let (id, demandeur) = (&id(2_000_000 + round), &demandeur);
            store
                .run("create", |tx| {
                    Box::pin(async move { tx.create_dossier(id, demandeur, application, "x").await })
                })
                .await
                .unwrap();
        }));
    }
    for done in flying {
        done.await.unwrap();
    }
    println!("{:>10.1} µs  create, 64 in flight", begun.elapsed().as_secs_f64() * 1e6 / 2_000.0);
}

async fn measure(name: &str, rounds: u64, work: impl AsyncFn(u64)) {
    for round in 0..rounds / 10 {
        work(round).await;
    }
    let begun = Instant::now();
    for round in 0..rounds {
        work(round).await;
    }
    println!("{:>10.1} µs  {name}", begun.elapsed().as_secs_f64() * 1e6 / rounds as f64);
}

fn id(number: u64) -> IdDossier {
    let digits = format!("{number:012}");
    (0..10).find_map(|key| IdDossier::parse(&format!("{digits}{key}"))).unwrap()
}

fn demandeur() -> Demandeur {
    from_value(json!({
        "Civilite": {"Code": "MME", "CodeSystem": "1.2.250.1.213.1.6.1.69", "DisplayName": "Madame"},
        "NomNaissance": "DURAND", "Prenom": "Jeanne", "DateNaissance": "1938-04-07", "Mail": "jeanne@example.fr",
        "Adresse": adresse(), "NumSecu": "238047511604422",
        "Contacts": [
            {"NomNaissance": "DURAND", "Type": [{"Code": "0"}], "TelephonePortable": "06 12 34 56 78"},
            {"NomNaissance": "MARTIN", "Type": [{"Code": "2"}], "Adresse": adresse()},
        ],
    }))
    .unwrap()
}

fn etablissement(number: usize) -> Etablissement {
    from_value(json!({
        "NumFINISS": format!("75{number:07}"), "RaisonSociale": format!("Résidence des Tilleuls {number}"),
        "Adresse": adresse(), "Telephone": "0144556677",
    }))
    .unwrap()
}

fn adresse() -> serde_json::Value {
    json!({
        "NumeroVoie": "12", "TypeVoie": "rue", "LibelleVoie": "des Lilas",
        "CodePostal": {"Code": "75011", "CodeSystem": "1.2.250.1.214.2.45"},
        "Localite": {"Code": "75111", "CodeSystem": "1.2.250.1.213.2.23", "DisplayName": "Paris 11e"},
    })
}
