//! Many demandes at one desk: a page at a time, each light, none missing, counts that are right.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use StatutDemande as S;

/// The bar (issue 7), for all that a browser loads.
const BYTES: usize = 30_000;

/// Names as long as CreerDossierPA takes them.
const NAME: &str = "Marguerite-Antoinette de la Tour-Saint-Vincent des";

const STATES: [&[S]; 5] = [
    &[S::Envoyee],
    &[S::Envoyee, S::Recue],
    &[S::Envoyee, S::Recue, S::ListeAttente],
    &[S::Envoyee, S::Recue, S::Refusee],
    &[S::Envoyee, S::Annulee],
];

/// As many dossiers more, each with a demande to Les Glycines, in one state after the other.
async fn fill(desk: &Desk, count: u64) {
    let filled = desk.store.run("many", |tx| {
        Box::pin(async move {
            let application = tx.application_by_name("portail").await?.unwrap().id;
            let mut person: dossier::Demandeur =
                from_value(testkit::dossiers::creation("moi")["Demandeur"].clone()).unwrap();
            (person.prenom, person.nom_usuel) = (NAME.into(), Some(NAME.into()));
            let mut made = 0;
            for number in 2_345_678_901_000_u64.. {
                let Some(id) = IdDossier::parse(&number.to_string()) else { continue };
                tx.create_dossier(&id, &person, application, "autre").await?;
                let (stay, when) = (TypeHebergement::AccueilSequentiel, UrgenceDemande::SixMois);
                let demande = tx.add_demande(&id, GLYCINES, stay, when).await?;
                for state in STATES.iter().cycle().nth(usize::try_from(made).unwrap()).unwrap().iter() {
                    tx.change_statut(demande, *state, None, Some("Bonjour.")).await?;
                }
                made += 1;
                if made == count {
                    break;
                }
            }
            Ok(())
        })
    });
    filled.await.unwrap();
}

async fn weight(desk: &Desk, html: &str) -> usize {
    let mut bytes = html.len();
    for sheet in html.split("<link rel=\"stylesheet\" href=\"").skip(1) {
        let path = sheet.split('"').next().unwrap();
        bytes += desk.get(&mut Browser::default(), path).await.html.len();
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn six_hundred_demandes_are_shown_a_page_at_a_time_and_none_is_missing() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    fill(&desk, 600).await;
    let mut anne = desk.entered("anne").await;
    let first = desk.get(&mut anne, "/etablissement").await;
    // 120 of each state, and the one that every desk of these tests has
    assert!(first.html.contains("data-attendent=\"241\""));
    let tabs: BTreeMap<String, usize> = first
        .html
        .split("href=\"/etablissement?etat=")
        .skip(1)
        .filter_map(|rest| {
            let code = rest.split('"').next()?.to_owned();
            let count = rest.split("class=\"nombre\">").nth(1)?.split('<').next()?.parse().ok()?;
            rest.split("</a>").next()?.contains("class=\"nombre\"").then_some((code, count))
        })
        .collect();
    let expected = [
        ("a-traiter", 241),
        ("nouvelles", 121),
        ("a-etudier", 120),
        ("liste-attente", 120),
        ("refusees", 120),
        ("annulees", 120),
        ("toutes", 601),
    ];
    assert_eq!(tabs, expected.map(|(code, count)| (code.to_owned(), count)).into());
    let mut heaviest = 0;
    for (code, count) in tabs {
        let (mut seen, mut next) = (BTreeSet::new(), Some(format!("/etablissement?etat={code}")));
        while let Some(path) = next {
            let page = desk.get(&mut anne, &path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            let weight = weight(&desk, &page.html).await;
            assert!(weight <= BYTES && !page.html.contains("<script"), "{path}: {weight} bytes");
            heaviest = heaviest.max(weight);
            let rows = page.html.split("data-demande=\"").skip(1).filter_map(|rest| rest.split('"').next());
            for demande in rows {
                assert!(seen.insert(demande.to_owned()), "{path}: {demande} is there twice");
            }
            let link =
                page.html.split("Page suivante</a>").next().filter(|before| before.len() < page.html.len());
            next = link
                .map(|before| before.rsplit("href=\"").next().unwrap().split('"').next().unwrap())
                .map(|href| href.replace("&amp;", "&").replace("&#38;", "&"));
        }
        assert_eq!(seen.len(), count, "{code}");
    }
    println!("heaviest: {heaviest} bytes");
    // the file for a spreadsheet has them all
    let csv = desk.get(&mut anne, "/etablissement/demandes.csv?etat=toutes").await;
    assert_eq!(csv.html.matches("\r\n").count(), 602);
}
