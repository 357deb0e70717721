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
use storage::{NouveauCompte, NouvelleSession};
use tower::ServiceExt as _;
use xmlsec::DigestMethod;

use harness::Harness;

/// Any 256 bits in base64url: the cookie of a session in a dossier of ten demandes, and of one at the desk that got them…
const TEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// …and of a session in a dossier of forty.
const FORTY: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA";

/// How many demandes the desk has, each of a dossier of its own, but for that of the ten.
const AT_THE_DESK: u64 = 600;

/// The first establishment: whose desk it is.
const FINESS: &str = "010000001";

/// Pages of a dossier of ten demandes.
const PAGES: &[&str] = &[
    "/dossier",
    "/dossier/demandes",
    "/dossier/demandes/1",
    "/dossier/administratif",
    "/dossier/administratif/identite",
    "/dossier/administratif/ressources",
    "/dossier/personne",
    "/dossier/autonomie",
    "/dossier/autonomie/toilette",
    "/dossier/medical/maladies",
    "/dossier/proches",
    "/dossier/etablissements?nom=residence",
    "/dossier/envoyer",
    "/dossier/imprimer",
    "/dossier/partage",
    "/accessibilite",
    "/confidentialite",
    "/explications",
    "/nulle-part",
];

/// Pages of a dossier of forty.
const OF_FORTY: &[&str] = &[
    "/dossier",
    "/dossier/demandes",
    "/dossier/demandes?page=4",
    "/dossier/demandes/11",
    "/dossier/imprimer",
];

/// Pages of the desk.
const DESK: &[&str] = &[
    "/etablissement",
    "/etablissement?etat=toutes&page=20",
    "/etablissement/demandes/1",
    "/etablissement/demandes/1/proposition",
    "/etablissement/compte",
    "/etablissement/demandes.csv?etat=toutes",
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds: usize = std::env::args().nth(1).map_or(500, |rounds| rounds.parse().unwrap());
    let harness = Harness::new().await;
    prepare(&harness).await;
    let jeton = URL_SAFE_NO_PAD.encode(DigestMethod::Sha256.digest(format!("formulaire:{TEN}").as_bytes()));
    println!("| page | bytes | with its style | median µs | 95 % below |");
    println!("|---|---|---|---|---|");
    for path in PAGES {
        row(&harness, Method::GET, path, TEN, "", String::new(), rounds).await;
    }
    row(&harness, Method::POST, "/rester", TEN, "", format!("jeton={jeton}"), rounds).await;
    // each round's over the one before, so that each is saved
    let save = format!("jeton={jeton}&revision={{n}}&maladies=Maladie+{{n}}");
    row(&harness, Method::POST, "/dossier/medical/maladies", TEN, "", save, rounds).await;
    for path in OF_FORTY {
        row(&harness, Method::GET, path, FORTY, " of forty demandes", String::new(), rounds).await;
    }
    for path in DESK {
        row(&harness, Method::GET, path, TEN, "", String::new(), rounds).await;
    }
}

async fn row(
    harness: &Harness,
    method: Method,
    path: &str,
    secret: &str,
    of: &str,
    form: String,
    rounds: usize,
) {
    let mut times = Vec::with_capacity(rounds);
    let mut page = Vec::new();
    for round in 0..rounds {
        let form = form.replace("{n}", &round.to_string());
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header("cookie", format!("__Host-session={secret}; __Host-bureau={secret}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", form.len())
            .body(Body::from(form))
            .unwrap();
        let started = Instant::now();
        let answer = harness.app.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        // what is measured is the page, or a form that was saved, and not a way to it
        let expected = if path.starts_with("/dossier/medical") && method == Method::POST {
            status.is_redirection()
        } else {
            status.is_success() || path == "/nulle-part"
        };
        assert!(expected, "{method} {path}: {status}");
        page = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec();
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0, Duration::as_micros);
    let whole = page.len() + sheets(harness, &String::from_utf8_lossy(&page)).await;
    println!("| {method} {path}{of} | {} | {whole} | {} | {} |", page.len(), at(50), at(95));
}

/// The bytes of the style sheets that a page names.
async fn sheets(harness: &Harness, page: &str) -> usize {
    let mut bytes = 0;
    for path in
        page.split("<link rel=\"stylesheet\" href=\"").skip(1).filter_map(|rest| rest.split('"').next())
    {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let sheet = harness.app.clone().oneshot(request).await.unwrap();
        bytes += axum::body::to_bytes(sheet.into_body(), usize::MAX).await.unwrap().len();
    }
    bytes
}

fn sha256(secret: &str) -> [u8; 32] {
    let mut sha256 = [0; 32];
    for (to, from) in sha256.iter_mut().zip(DigestMethod::Sha256.digest(secret.as_bytes()).as_ref()) {
        *to = *from;
    }
    sha256
}

/// Establishments; dossiers of ten and of forty demandes with a session in each; a desk with a session and many demandes.
async fn prepare(harness: &Harness) {
    let numbers = (1_234_567_890_000_u64..).filter_map(|number| IdDossier::parse(&number.to_string()));
    let ids: Vec<IdDossier> = numbers.take(usize::try_from(AT_THE_DESK).unwrap() + 1).collect();
    let person: Demandeur = serde_json::from_value(testkit::dossiers::demandeur()).unwrap();
    let made = harness.server.store().run("prepare", |tx| {
        let (ids, person) = (&ids, &person);
        Box::pin(async move {
            let application = tx.application_by_name("portail").await?.unwrap().id;
            for number in 1..=40 {
                let one = Etablissement {
                    num_finiss: format!("01000{number:04}"),
                    raison_sociale: Some(format!("Résidence des Lilas {number}")),
                    adresse: None,
                    telephone: Some("04 74 00 00 12".to_owned()),
                    donnees_autres: None,
                };
                tx.add_etablissement(&one).await?;
            }
            for (rank, id) in ids.iter().enumerate() {
                tx.create_dossier(id, person, application, "moi").await?;
                let demandes = match rank {
                    0 => 10,
                    1 => 40,
                    _ => 1,
                };
                for number in 1..=demandes {
                    let (stay, when) = (TypeHebergement::NonRenseigne, UrgenceDemande::NonRenseigne);
                    let demande = tx.add_demande(id, &format!("01000{number:04}"), stay, when).await?;
                    for state in ["ENVOYEE", "RECUE", "LISTE_ATTENTE"] {
                        let state = StatutDemande::from_code(state).unwrap();
                        tx.change_statut(demande, state, None, Some("Il y a trois mois d’attente.")).await?;
                    }
                }
            }
            let (idle, absolute) = (Duration::from_mins(30), Duration::from_hours(20));
            for (id, secret) in ids.iter().zip([TEN, FORTY]) {
                tx.open_session(&sha256(secret), id, application, idle, absolute).await?;
            }
            let compte = NouveauCompte {
                etablissement: FINESS,
                login: "anne",
                nom: "Anne Duval",
                sujet: None,
                mot_de_passe: "none that opens",
                provisoire: None,
            };
            let compte = tx.add_compte(&compte).await?;
            let session = NouvelleSession {
                compte,
                second_vu: true,
                par_openid: true,
                navigateur: "Firefox",
                idle,
                absolute,
            };
            tx.open_bureau_session(&sha256(TEN), &session).await
        })
    });
    made.await.unwrap();
}
