//! What the demonstration's database holds from the start: eight establishments and the registered partner.
//!
//! Names are fictitious; the FINESS numbers have the real form and key, the addresses real communes.

use std::path::Path;

use anyhow::Result;
use dossier::Etablissement;
use serde_json::json;
use storage::{Acteur, Action, NouveauCompte, Store, Trace};
use xmlsec::Certificate;

use crate::commands::partner::register;
use crate::demo::portal::RELIE;
use crate::keyfile;

/// The name under which the portal's certificate is registered.
pub(crate) const PARTNER: &str = "portail-demo";

/// Three desks, an account at each: FINESS number, login, name of who enters by it.
pub(crate) const BUREAUX: [(&str, &str, &str); 3] = [
    ("010990018", "glycines", "Anne Duval"),
    ("380990044", "jardins", "Bruno Martin"),
    ("420990053", "tisserands", "Claire Petit"),
];

/// Of all three. The demonstration is for one machine, its data are nobody's.
pub(crate) const PASSWORD: &str = "quatre mots pour essayer";

/// Adds what is missing; what is there stays as it is, but for the address of the portal.
pub(crate) async fn fill(store: &Store, directory: &Path, portal: &str) -> Result<()> {
    let etablissements = etablissements()?;
    let wanted = etablissements.as_slice();
    store
        .run("seed the establishments", |tx| {
            Box::pin(async move {
                let mut added = 0;
                for etablissement in wanted {
                    added += u32::from(tx.seed_etablissement(etablissement).await?);
                }
                if added == 0 {
                    return Ok(());
                }
                let detail = format!("{added} establishments of the demonstration");
                tx.trace(&Trace::new(Acteur::Systeme, Action::DonneesChargees).detail(&detail)).await
            })
        })
        .await?;
    for der in keyfile::certificates(&directory.join("partner.pem"))?.iter().take(1) {
        register(store, PARTNER, &Certificate::parse(der)?, None).await?;
    }
    store
        .run("tell where the portal is", |tx| {
            Box::pin(async move {
                let Some(application) = tx.application_by_name(PARTNER).await? else { return Ok(()) };
                let settings = storage::Settings {
                    url_retour: Some(portal.to_owned()),
                    url_liaison: vec![format!("{portal}{RELIE}")],
                    ..application.settings.clone()
                };
                if settings == application.settings {
                    return Ok(());
                }
                tx.set_settings(application.id, &settings).await?;
                let detail = format!("{PARTNER}: url_retour={portal}");
                tx.trace(&Trace::new(Acteur::Systeme, Action::PartenaireModifie).detail(&detail)).await
            })
        })
        .await?;
    bureaux(store).await
}

/// Who may enter the desks.
async fn bureaux(store: &Store) -> Result<()> {
    for (etablissement, login, nom) in BUREAUX {
        let known = store.read(move |reader| Box::pin(async move { reader.compte_by_login(login).await }));
        if known.await?.is_some() {
            continue;
        }
        let hash = server::bureau::hash(PASSWORD, &mut rand::rng())?;
        let nouveau =
            &NouveauCompte { etablissement, login, nom, sujet: None, mot_de_passe: &hash, provisoire: None };
        let trace = &Trace::new(Acteur::Systeme, Action::CompteAjoute).detail(login);
        let added = store.run("seed an account", |tx| {
            Box::pin(async move {
                tx.add_compte(nouveau).await?;
                tx.trace(trace).await
            })
        });
        added.await?;
    }
    Ok(())
}

/// FINESS number, name, telephone, address: number, kind of way (NOS R35), way, postal code, commune.
type Line = (&'static str, &'static str, &'static str, [&'static str; 3], &'static str, [&'static str; 2]);

const LINES: [Line; 8] = [
    (
        "010990018",
        "EHPAD Les Glycines",
        "04 74 00 00 01",
        ["12", "R", "des Glycines"],
        "01000",
        ["01053", "Bourg-en-Bresse"],
    ),
    (
        "260990023",
        "Accueil de jour Les Lavandes",
        "04 75 00 00 02",
        ["3", "ALL", "des Lavandes"],
        "26000",
        ["26362", "Valence"],
    ),
    (
        "2A0990032",
        "EHPAD A Marina",
        "04 95 00 00 03",
        ["8", "BD", "du Front de mer"],
        "20000",
        ["2A004", "Ajaccio"],
    ),
    (
        "380990044",
        "EHPAD Les Jardins de Belledonne",
        "04 76 00 00 04",
        ["27", "AV", "des Cimes"],
        "38000",
        ["38185", "Grenoble"],
    ),
    (
        "420990053",
        "Résidence autonomie Le Clos des Tisserands",
        "04 77 00 00 05",
        ["5", "PL", "des Tisserands"],
        "42000",
        ["42218", "Saint-Étienne"],
    ),
    (
        "690990064",
        "EHPAD Les Terrasses du Parc",
        "04 78 00 00 06",
        ["41", "R", "du Parc"],
        "69100",
        ["69266", "Villeurbanne"],
    ),
    (
        "730990074",
        "EHPAD Le Belvédère du Lac",
        "04 79 00 00 07",
        ["2", "CHE", "du Belvédère"],
        "73000",
        ["73065", "Chambéry"],
    ),
    (
        "740990080",
        "Résidence Le Semnoz",
        "04 50 00 00 08",
        ["19", "RTE", "du Semnoz"],
        "74000",
        ["74010", "Annecy"],
    ),
];

fn etablissements() -> Result<Vec<Etablissement>> {
    let lines =
        LINES.iter().map(|(finess, name, telephone, [number, kind, way], postal, [commune, city])| {
            serde_json::from_value(json!({
                "NumFINISS": finess,
                "RaisonSociale": name,
                "Telephone": telephone,
                "Adresse": {
                    "NumeroVoie": number,
                    "TypeVoie": kind,
                    "LibelleVoie": way,
                    "CodePostal": {
                        "Code": postal,
                        "CodeSystem": "1.2.250.1.214.2.45",
                        "CodeSystemName": "CodePostal",
                        "DisplayName": postal,
                    },
                    "Localite": {
                        "Code": commune,
                        "CodeSystem": "1.2.250.1.213.2.23",
                        "CodeSystemName": "R13",
                        "DisplayName": city,
                    },
                },
            }))
        });
    Ok(lines.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eight_numbers_have_the_real_form_and_differ() {
        let seeded = etablissements().unwrap();
        assert_eq!(seeded.len(), 8);
        for etablissement in &seeded {
            assert!(dossier::format::finess(&etablissement.num_finiss), "{}", etablissement.num_finiss);
        }
        let distinct: std::collections::HashSet<_> = seeded.iter().map(|e| &e.num_finiss).collect();
        assert_eq!(distinct.len(), 8);
    }
}
