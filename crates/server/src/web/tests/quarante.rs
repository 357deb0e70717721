//! A dossier with forty demandes, in every state: each page that the dossier leads to stays under 30 kB with its style sheet, and
//! nothing is lost by it. Every demande has its page, with all that happened; every action that its state allows has a form.

use std::collections::{BTreeMap, BTreeSet};

use dossier::{Contact, Etablissement, StatutDemande as S, TypeHebergement, UrgenceDemande};

use super::browser::Browser;
use super::*;

/// The bar (issue 7), for all that a browser loads. What is printed is read on paper, whole: it may be longer.
const BYTES: usize = 30_000;
const LONGER: &str = "/dossier/imprimer";

/// As long as the names of FINESS are.
const NAME: &str = "Établissement d’hébergement pour personnes âgées du Val de Saône";
const REMARK: &str = "Nous avons bien reçu l’avis du médecin. Merci d’appeler l’accueil « le matin ». ";

/// The way to a state.
fn way(statut: S) -> &'static [S] {
    match statut {
        S::NonEnvoyee => &[],
        S::Envoyee => &[S::Envoyee],
        S::Recue => &[S::Envoyee, S::Recue],
        S::ListeAttente => &[S::Envoyee, S::Recue, S::ListeAttente],
        S::AdmissionProposee => &[S::Envoyee, S::Recue, S::AdmissionProposee],
        S::AdmissionAcceptee => &[S::Envoyee, S::Recue, S::AdmissionProposee, S::AdmissionAcceptee],
        S::AdmissionEffectuee => {
            &[S::Envoyee, S::Recue, S::AdmissionProposee, S::AdmissionAcceptee, S::AdmissionEffectuee]
        }
        S::Refusee => &[S::Envoyee, S::Recue, S::Refusee],
        S::Annulee => &[S::Envoyee, S::Annulee],
        S::Archivee => &[S::Envoyee, S::Recue, S::Refusee, S::Archivee],
    }
}

/// Forty demandes, and the state that `statut` gives each; of those on a waiting list the first has gone there and back ten
/// times. Twelve contacts.
async fn forty(site: &Site, statut: impl Fn(usize) -> S) -> BTreeMap<i64, S> {
    let wanted: Vec<S> = (0..40).map(statut).collect();
    let remark: String = REMARK.chars().cycle().take(1000).collect();
    let dossier = site.dossier.clone();
    let made = site.store.run("forty", |tx| {
        let (dossier, wanted, remark) = (&dossier, &wanted, &remark);
        Box::pin(async move {
            let mut person = tx.dossier(dossier).await?.unwrap().demandeur;
            let one: Contact = person.contacts.first().unwrap().clone();
            person.contacts = vec![one; 12];
            tx.correct_demandeur(dossier, &person).await?;
            let mut made = BTreeMap::new();
            let mut long = 10;
            for (rank, statut) in wanted.iter().enumerate() {
                let etablissement = Etablissement {
                    num_finiss: format!("01099{rank:04}"),
                    raison_sociale: Some(format!("{NAME} {rank:02}")),
                    adresse: None,
                    telephone: Some("04 74 00 00 01".to_owned()),
                    donnees_autres: None,
                };
                tx.add_etablissement(&etablissement).await?;
                let (stay, when) = (TypeHebergement::Permanent, UrgenceDemande::SixMois);
                let demande = tx.add_demande(dossier, &etablissement.num_finiss, stay, when).await?;
                for state in way(*statut) {
                    tx.change_statut(demande, *state, None, Some(remark)).await?;
                }
                if *statut == S::ListeAttente {
                    for _ in 0..std::mem::take(&mut long) {
                        tx.change_statut(demande, S::AdmissionProposee, None, Some(remark)).await?;
                        tx.change_statut(demande, S::ListeAttente, None, Some(remark)).await?;
                    }
                }
                made.insert(demande, *statut);
            }
            Ok(made)
        })
    });
    made.await.unwrap()
}

/// Every page that links lead to from `start`, by its address.
async fn crawl(site: &Site, browser: &mut Browser, start: &str) -> BTreeMap<String, String> {
    let (mut pages, mut waiting) = (BTreeMap::new(), vec![start.to_owned()]);
    let mut seen = BTreeSet::from([start.to_owned()]);
    while let Some(path) = waiting.pop() {
        let page = browser.get(site, &path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for link in page.html.split(" href=\"/dossier").skip(1).filter_map(|rest| rest.split('"').next()) {
            let link = format!("/dossier{}", link.replace("&#38;", "&").split('#').next().unwrap());
            if seen.insert(link.clone()) {
                waiting.push(link);
            }
        }
        pages.insert(path, page.html);
    }
    pages
}

/// What a browser loads for this page.
async fn weight(site: &Site, html: &str) -> usize {
    let mut bytes = html.len();
    for sheet in html.split("<link rel=\"stylesheet\" href=\"").skip(1) {
        bytes += site.get(sheet.split('"').next().unwrap()).await.html.len();
    }
    bytes
}

#[tokio::test]
async fn every_page_of_a_dossier_with_forty_demandes_is_light_and_nothing_is_lost() {
    let states: [fn(usize) -> S; 4] = [
        |rank| S::TOUS[rank % S::TOUS.len()],
        |_| S::NonEnvoyee,
        |_| S::AdmissionProposee,
        |_| S::ListeAttente,
    ];
    let mut heaviest = (0, String::new());
    for statut in states {
        let mut site = Site::new().await;
        let demandes = forty(&site, statut).await;
        let mut browser = Browser::inside(&mut site).await;
        let pages = crawl(&site, &mut browser, "/dossier").await;
        for (path, html) in &pages {
            let weight = weight(&site, html).await;
            assert!(!html.contains("<script"), "{path}");
            assert!(weight <= BYTES || path == LONGER, "{path}: {weight} bytes");
            if path != LONGER && weight > heaviest.0 {
                heaviest = (weight, path.clone());
            }
        }
        let all: String = pages.values().map(String::as_str).collect();
        for (demande, statut) in demandes {
            let own = format!("/dossier/demandes/{demande}");
            assert!(pages.contains_key(&own), "{own} is reached by no link");
            // every step of its way is on one of its pages
            let steps: usize = pages
                .iter()
                .filter(|(path, _)| **path == own || path.starts_with(&format!("{own}?page=")))
                .filter(|(path, _)| !path.ends_with("?page=1"))
                .map(|(_, html)| html.matches("<li><time datetime=").count())
                .sum();
            let expected = way(statut).len() + 1;
            assert!(
                steps == expected || (statut == S::ListeAttente && steps == expected + 20),
                "{own}: {steps}"
            );
            // what its state allows can be done
            let can = |action: &str| pages.contains_key(&format!("{own}/{action}"));
            assert_eq!(can("reponse"), statut == S::AdmissionProposee, "{own} {statut:?}");
            let sent = statut != S::NonEnvoyee && statut.peut_devenir(S::Annulee);
            assert_eq!(can("annuler"), sent, "{own} {statut:?}");
            let back = format!("name=\"demande\" value=\"{demande}\">Retirer<");
            assert_eq!(all.contains(&back), statut == S::NonEnvoyee, "{own} {statut:?}");
            let send = format!("type=\"hidden\" name=\"demande\" value=\"{demande}\">");
            let sends = pages.get("/dossier/envoyer").is_some_and(|html| html.contains(&send));
            assert_eq!(sends, statut == S::NonEnvoyee, "{own}");
        }
    }
    println!("heaviest: {} bytes, {}", heaviest.0, heaviest.1);
    assert!(heaviest.0 > 20_000);
}

/// With a search beside the list of forty chosen, too.
#[tokio::test]
async fn a_search_beside_a_full_list_is_light_and_keeps_both_places() {
    let mut site = Site::new().await;
    forty(&site, |_| S::NonEnvoyee).await;
    let mut browser = Browser::inside(&mut site).await;
    let page = browser.get(&site, "/dossier/etablissements?nom=saone&page=1&liste=2").await;
    let weight = weight(&site, &page.html).await;
    assert!(weight <= BYTES, "{weight} bytes");
    assert_eq!(page.html.matches("data-finess=").count(), 10, "ten results");
    assert_eq!(page.html.matches("data-choisi=").count(), 10, "ten of the list");
    assert!(page.html.contains("40 établissements trouvés, page 2"));
    assert!(page.html.contains("Votre liste, page 2 sur 4"));
    for link in
        ["nom=saone&#38;lieu=&#38;page=2#resultats", "nom=saone&#38;lieu=&#38;page=1&#38;liste=3#choisis"]
    {
        assert!(page.html.contains(link), "{link}: {}", page.html);
    }
}

#[tokio::test]
async fn a_page_that_is_none_is_the_nearest_that_is_one() {
    let mut site = Site::new().await;
    forty(&site, |_| S::Recue).await;
    let mut browser = Browser::inside(&mut site).await;
    for (asked, page) in
        [("", 1), ("?page=0", 1), ("?page=4", 4), ("?page=5", 4), ("?page=-1", 1), ("?page=x&groupe=y", 1)]
    {
        let html = browser.get(&site, &format!("/dossier/demandes{asked}")).await.html;
        assert!(html.contains(&format!("40 demandes, page {page} sur 4.")), "{asked}");
    }
}
