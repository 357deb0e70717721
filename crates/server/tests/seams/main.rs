//! The server made to fail at its seams (`storage::seam`), on both databases: nothing by half, nothing acknowledged that is
//! not there, nothing usable twice. What holds when the process dies there is crates/vtpa/tests/seams.

#![cfg(test)]

#[path = "../harness/mod.rs"]
#[expect(dead_code, reason = "what the other tests need of it")]
mod harness;

use axum::body::Body;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Request, StatusCode};
use dossier::Etablissement;
use fail::FailScenario;
use server::config;
use sqlx::Connection as _;
use testkit::pki::pki;
use testkit::postgres::Place;
use tower::ServiceExt as _;
use xmlsec::{Document, Limits};

use harness::{Answer, Harness, Reply};

const SOAP: &str = "application/soap+xml; charset=utf-8";
const FINESS: [&str; 2] = ["010990018", "010990026"];

/// A server that knows a partner and two establishments, and its database as another program sees it.
struct Site {
    harness: Harness,
    place: Option<Place>,
}

impl Site {
    async fn on(place: Option<Place>) -> Self {
        let harness = Harness::with(|config| {
            config.creation.etablissements = config::Etablissements::Record;
            config.creation.idempotence = true;
            if let Some(place) = &place {
                config.database.url = place.url();
            }
        })
        .await;
        let known = FINESS.map(|num_finiss| Etablissement {
            num_finiss: num_finiss.to_owned(),
            raison_sociale: Some("EHPAD Les Glycines".to_owned()),
            adresse: None,
            telephone: None,
            donnees_autres: None,
        });
        let known = &known;
        let added = harness.server.store().run("establishments", |tx| {
            Box::pin(async move {
                for one in known {
                    tx.add_etablissement(one).await?;
                }
                Ok(())
            })
        });
        added.await.unwrap();
        Self { harness, place }
    }

    async fn count(&self, sql: &'static str) -> i64 {
        if let Some(place) = &self.place {
            return place.count(sql);
        }
        let file = self.harness.directory.path().join("vtpa.db");
        let mut connection =
            sqlx::SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }

    /// Dossiers, links, demandes, acts in the trail that say a dossier was created.
    async fn made(&self) -> [i64; 4] {
        [
            self.count("SELECT COUNT(*) FROM dossier").await,
            self.count("SELECT COUNT(*) FROM lien").await,
            self.count("SELECT COUNT(*) FROM demande").await,
            self.count("SELECT COUNT(*) FROM trace WHERE action = 'CreerDossierPA' AND code = '999'").await,
        ]
    }

    /// How often the trail says that a creation was answered 000, once it is written.
    async fn traced_000(&self) -> i64 {
        let begun = std::time::Instant::now();
        loop {
            let sql = "SELECT COUNT(*) FROM trace WHERE action = 'CreerDossierPA' AND code = '000'";
            let rows = self.count(sql).await;
            if rows > 0 || begun.elapsed().as_secs() > 5 {
                return rows;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn ask(&self, operation: &str) -> Answer {
        self.harness.call(&pki().partner, operation).await
    }

    async fn create(&self, id_local: &str) -> Answer {
        self.ask(&creation(id_local)).await
    }

    async fn token(&self, dossier: &str) -> String {
        let operation = format!(
            r#"<GenererJetonSecuritePA xmlns="urn:viatrajectoire:ws:pa:1"><Dossier><IdDossier>{dossier}</IdDossier><IdLocal>moi</IdLocal></Dossier></GenererJetonSecuritePA>"#
        );
        one(&self.ask(&operation).await, "JetonSecurite")
    }

    async fn consult(&self, dossier: &str) -> Answer {
        let operation = format!(
            r#"<ConsulterDossierPA xmlns="urn:viatrajectoire:ws:pa:1"><ListeDossier><AccesDossierRequest><IdDossier>{dossier}</IdDossier><IdLocal>moi</IdLocal></AccesDossierRequest></ListeDossier></ConsulterDossierPA>"#
        );
        self.ask(&operation).await
    }

    async fn visit(&self, path: &str, cookie: Option<&str>) -> (StatusCode, HeaderMap) {
        let mut request = Request::get(path);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        let response = self.harness.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        (response.status(), response.headers().clone())
    }
}

/// A creation that asks for two establishments.
fn creation(id_local: &str) -> String {
    let wanted = FINESS
        .map(|number| format!("<Etablissement><NumFINISS>{number}</NumFINISS></Etablissement>"))
        .concat();
    format!(
        r#"<CreerDossierPA xmlns="urn:viatrajectoire:ws:pa:1"><CreationDossier><Demandeur>
<Civilite><Code>MME</Code></Civilite><NomNaissance>Lefèvre</NomNaissance><Prenom>Suzanne</Prenom><DateNaissance>1938-03-07</DateNaissance>
<Adresse><NumeroVoie>12 bis</NumeroVoie><TypeVoie>rue</TypeVoie><LibelleVoie>des Lilas</LibelleVoie>
<CodePostal><Code>01000</Code></CodePostal><Localite><Code>01053</Code></Localite></Adresse>
<Mail>suzanne@exemple.fr</Mail><TelephoneFixe>04 74 00 00 12</TelephoneFixe>
<Contacts><Contact><NomNaissance>Lefèvre</NomNaissance><Type><Nomenclature><Code>1</Code></Nomenclature></Type></Contact></Contacts>
</Demandeur><IdLocal>{id_local}</IdLocal><Etablissements>{wanted}</Etablissements></CreationDossier></CreerDossierPA>"#
    )
}

/// The answer's one CodeRetour.
fn code(answer: &Answer) -> String {
    let document = Document::parse(answer.body.as_bytes(), &Limits::default()).unwrap();
    let found: Vec<_> =
        document.root().descendants().filter(|node| node.local_name() == "CodeRetour").collect();
    assert_eq!(found.len(), 1, "{}", answer.body);
    found[0].children().next().unwrap().text().into()
}

/// The same under a key, by which it may be asked again.
fn creation_under_a_key(id_local: &str) -> String {
    let key = "<Parametre><Nom>CleIdempotence</Nom><Valeur>6f1c6a9e-1d0b-4a1e-9c59-7d9c5a1e4b11</Valeur></Parametre>";
    let end = format!("<ParametresOptionnels>{key}</ParametresOptionnels></CreationDossier>");
    creation(id_local).replace("</CreationDossier>", &end)
}

fn one(answer: &Answer, name: &str) -> String {
    answer.texts(name).into_iter().next().unwrap_or_else(|| panic!("no {name}: {}", answer.body))
}

/// A test on each database, one after the other: what is armed is the whole process's.
macro_rules! on_both {
    ($($(#[$about:meta])* async fn $name:ident($site:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn case($site: Site) {
                let scenario = FailScenario::setup();
                $body
                scenario.teardown();
            }

            $(#[$about])*
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                case(Site::on(None).await).await;
            }

            $(#[$about])*
            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                case(Site::on(Some(Place::new())).await).await;
            }
        }
    )*};
}

on_both! {
    async fn a_creation_that_fails_before_its_commit_is_000_and_leaves_nothing(site) {
        fail::cfg("before_commit/creation", "1*return->off").unwrap();
        assert_eq!(code(&site.create("moi").await), "000");
        assert_eq!(site.made().await, [0; 4]);
        assert_eq!(site.traced_000().await, 1, "that it was asked and not done is traced");
        assert_eq!(code(&site.create("moi").await), "999", "the next one");
        assert_eq!(site.made().await, [1, 1, 2, 1]);
    }

    async fn a_creation_whose_connection_breaks_before_its_commit_is_made_once(site) {
        fail::cfg("before_commit/creation", "2*return(disconnected)->off").unwrap();
        assert_eq!(code(&site.create("moi").await), "999");
        assert_eq!(site.made().await, [1, 1, 2, 1]);
    }

    async fn of_many_creations_at_once_those_that_fail_are_000_and_the_others_stand(site) {
        fail::cfg("before_commit/creation", "4*off->4*return->off").unwrap();
        let answers = (0..16).map(|number| {
            let site = &site;
            async move { code(&site.create(&format!("usager-{number}")).await) }
        });
        let codes = futures::future::join_all(answers).await;
        let of = |wanted: &str| codes.iter().filter(|code| *code == wanted).count();
        assert_eq!((of("999"), of("000")), (12, 4), "{codes:?}");
        assert_eq!(site.made().await, [12, 12, 24, 12]);
    }

    async fn a_creation_whose_answer_is_lost_after_its_commit_is_whole_and_was_not_answered_999(site) {
        fail::cfg("after_commit/creation", "1*return(unknown)->off").unwrap();
        let answer = site.create("moi").await;
        assert_eq!((code(&answer).as_str(), answer.texts("IdDossier").concat()), ("000", String::new()));
        assert_eq!(site.made().await, [1, 1, 2, 1], "whole, and made once");
        assert_eq!(site.traced_000().await, 1, "the trail holds both: what was made, and what was answered");
        let sql = "SELECT dossier FROM trace WHERE action = 'CreerDossierPA' AND code = '999'";
        let dossier = format!("{:013}", site.count(sql).await);
        let seen = site.consult(&dossier).await;
        assert_eq!(code(&seen), "999");
        assert_eq!(seen.texts("NumFINISS").len(), 2, "{}", seen.body);
    }

    async fn a_creation_under_a_key_whose_answer_is_lost_is_answered_by_its_number_when_it_is_asked_again(site) {
        fail::cfg("after_commit/creation", "1*return(unknown)->off").unwrap();
        assert_eq!(code(&site.ask(&creation_under_a_key("moi")).await), "000");
        let again = site.ask(&creation_under_a_key("moi")).await;
        assert_eq!(code(&again), "999");
        assert_eq!(site.made().await[..3], [1, 1, 2], "the one that was made");
        let seen = site.consult(&one(&again, "IdDossier")).await;
        assert_eq!(code(&seen), "999");
    }

    async fn a_creation_under_a_key_that_fails_before_its_commit_leaves_the_key_to_the_next(site) {
        fail::cfg("before_commit/creation", "1*return->off").unwrap();
        assert_eq!(code(&site.ask(&creation_under_a_key("moi")).await), "000");
        assert_eq!(site.count("SELECT COUNT(*) FROM cle_idempotence").await, 0);
        assert_eq!(code(&site.ask(&creation_under_a_key("moi")).await), "999");
        assert_eq!(site.made().await, [1, 1, 2, 1]);
    }

    async fn a_redirection_that_ends_after_the_token_leaves_no_session_to_anyone_and_another_token_opens(site) {
        let dossier = one(&site.create("moi").await, "IdDossier");
        let token = site.token(&dossier).await;
        fail::cfg("after_token/redirection", "1*return->off").unwrap();
        let (status, headers) = site.visit(&format!("/acces?jeton={token}"), None).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!headers.contains_key(SET_COOKIE), "{headers:?}");
        assert_eq!(site.count("SELECT COUNT(*) FROM jeton WHERE pris_le IS NOT NULL").await, 1);
        let opened = "SELECT COUNT(*) FROM trace WHERE action = 'acces.ouvert'";
        assert_eq!(site.count(opened).await, 1, "the use of a token is traced with it");
        // the token opens nothing, neither again nor as the secret of the session that stands
        assert_eq!(site.visit(&format!("/acces?jeton={token}"), None).await.0, StatusCode::FORBIDDEN);
        let guess = format!("__Host-session={token}");
        assert_eq!(site.visit("/dossier", Some(&guess)).await.0, StatusCode::FORBIDDEN);
        // whoever comes with another token has a session, the only one that somebody holds
        let token = site.token(&dossier).await;
        let (status, headers) = site.visit(&format!("/acces?jeton={token}"), None).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let cookie = headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
        assert_eq!(site.visit("/dossier", Some(cookie)).await.0, StatusCode::OK);
    }

    async fn a_redirection_that_fails_before_its_commit_leaves_the_token_good(site) {
        let dossier = one(&site.create("moi").await, "IdDossier");
        let token = site.token(&dossier).await;
        fail::cfg("before_commit/redirection", "1*return->off").unwrap();
        assert_eq!(
            site.visit(&format!("/acces?jeton={token}"), None).await.0,
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert_eq!(site.count("SELECT COUNT(*) FROM session").await, 0);
        assert_eq!(site.visit(&format!("/acces?jeton={token}"), None).await.0, StatusCode::SEE_OTHER);
    }

    async fn a_message_that_fails_after_the_replay_guards_entry_does_nothing_and_is_a_replay_when_it_comes_again(site) {
        fail::cfg("after_replay/message", "1*return->off").unwrap();
        let message = site.harness.message(&pki().partner, &creation("moi"));
        let fault = site.harness.post("/ws/creation", SOAP, message.clone()).await;
        assert_eq!(fault.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text(&fault).contains(":Receiver<"), "it is the server's: {}", text(&fault));
        assert_eq!(site.made().await, [0; 4]);
        let again = site.harness.post("/ws/creation", SOAP, message).await;
        assert_eq!(again.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text(&again).contains(":Sender<"), "it is the message's: {}", text(&again));
        assert_eq!(site.made().await, [0; 4]);
        assert_eq!(code(&site.create("moi").await), "999", "a message made anew");
        assert_eq!(site.made().await, [1, 1, 2, 1]);
    }
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}
