//! `cargo xtask bench pages`: what a page of the site costs the server, from the request to the last byte of the answer, on SQLite,
//! without network and TLS. Prints a table; nothing depends on the figures.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]
#![expect(clippy::unwrap_used, reason = "a measurement that breaks has failed")]

#[path = "../tests/harness/mod.rs"]
#[expect(dead_code, reason = "what tests need and this does not")]
mod harness;

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dossier::{Demandeur, Etablissement, IdDossier, StatutDemande, TypeHebergement, UrgenceDemande};
use tower::ServiceExt as _;
use xmlsec::DigestMethod;

use harness::Harness;

/// Any 256 bits in base64url: a session's cookie.
const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Pages of a dossier of ten demandes; then a form that is saved.
const PAGES: &[&str] = &[
    "/dossier",
    "/dossier/administratif",
    "/dossier/administratif/identite",
    "/dossier/administratif/ressources",
    "/dossier/autonomie",
    "/dossier/autonomie/toilette",
    "/dossier/medical/maladies",
    "/dossier/proches",
    "/dossier/etablissements?q=residence",
    "/dossier/envoyer",
    "/dossier/imprimer",
    "/dossier/partage",
    "/accessibilite",
    "/confidentialite",
    "/explications",
    "/nulle-part",
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds: usize = std::env::args().nth(1).map_or(500, |rounds| rounds.parse().unwrap());
    let harness = Harness::new().await;
    prepare(&harness).await;
    let jeton =
        URL_SAFE_NO_PAD.encode(DigestMethod::Sha256.digest(format!("formulaire:{SECRET}").as_bytes()));
    println!("| page | bytes | median µs | 95 % below |");
    println!("|---|---|---|---|");
    for path in PAGES {
        row(&harness, Method::GET, path, String::new(), rounds).await;
    }
    row(&harness, Method::POST, "/rester", format!("jeton={jeton}"), rounds).await;
    let save = format!("jeton={jeton}&revision=-1&maladies=Une+maladie");
    row(&harness, Method::POST, "/dossier/medical/maladies", save, rounds).await;
}

async fn row(harness: &Harness, method: Method, path: &str, form: String, rounds: usize) {
    let mut times = Vec::with_capacity(rounds);
    let mut bytes = 0;
    for _ in 0..rounds {
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header("cookie", format!("__Host-session={SECRET}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", form.len())
            .body(Body::from(form.clone()))
            .unwrap();
        let started = Instant::now();
        let answer = harness.app.clone().oneshot(request).await.unwrap();
        assert!(!answer.status().is_server_error(), "{method} {path}: {}", answer.status());
        bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap().len();
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0, Duration::as_micros);
    println!("| {method} {path} | {bytes} | {} | {} |", at(50), at(95));
}

/// A dossier of ten demandes, and a session in it.
async fn prepare(harness: &Harness) {
    let id = IdDossier::parse("1234567890128").unwrap();
    let demandeur: Demandeur = serde_json::from_value(testkit::dossiers::demandeur()).unwrap();
    let mut sha256 = [0; 32];
    for (to, from) in sha256.iter_mut().zip(DigestMethod::Sha256.digest(SECRET.as_bytes()).as_ref()) {
        *to = *from;
    }
    let made = harness.server.store().run("prepare", |tx| {
        let (id, demandeur, sha256) = (&id, &demandeur, &sha256);
        Box::pin(async move {
            let application = tx.application_by_name("portail").await?.unwrap().id;
            tx.create_dossier(id, demandeur, application, "moi").await?;
            for number in 1..=10 {
                let one = Etablissement {
                    num_finiss: format!("01000{number:04}"),
                    raison_sociale: Some(format!("Résidence des Lilas {number}")),
                    adresse: None,
                    telephone: Some("04 74 00 00 12".to_owned()),
                    donnees_autres: None,
                };
                tx.add_etablissement(&one).await?;
                let (stay, when) = (TypeHebergement::NonRenseigne, UrgenceDemande::NonRenseigne);
                let demande = tx.add_demande(id, &one.num_finiss, stay, when).await?;
                for state in ["ENVOYEE", "RECUE", "LISTE_ATTENTE"] {
                    let state = StatutDemande::from_code(state).unwrap();
                    tx.change_statut(demande, state, None, Some("Il y a trois mois d’attente.")).await?;
                }
            }
            let (idle, absolute) = (Duration::from_mins(30), Duration::from_hours(20));
            tx.open_session(sha256, id, application, idle, absolute).await
        })
    });
    made.await.unwrap();
}
