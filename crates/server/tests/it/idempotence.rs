//! `[creation] idempotence`: under one CleIdempotence the same call makes one dossier, however often it comes.

use server::config::Etablissements;
use storage::{ErasureReason, Rights};
use testkit::pki::{Identity as TestIdentity, pki};
use testkit::postgres::Place;

use crate::Harness;
use crate::codes::creation_of;
use crate::faults::SOAP;
use crate::harness::Answer;

const KEY: &str = "6f1c6a9e-1d0b-4a1e-9c59-7d9c5a1e4b11";
const REFUSED: &str = "Valeur non autorisée : ParametresOptionnels.CleIdempotence";

async fn switched_on() -> Harness {
    let harness = Harness::with(|config| config.creation.idempotence = true).await;
    harness.register("autre", &pki().second, Rights::ALL).await;
    harness
}

/// A creation with these ParametresOptionnels.
fn creation_with(id_local: &str, parametres: &[(&str, &str)]) -> String {
    let entry = |(nom, valeur): &(&str, &str)| {
        format!("<Parametre><Nom>{nom}</Nom><Valeur>{valeur}</Valeur></Parametre>")
    };
    let entries: String = parametres.iter().map(entry).collect();
    let end = format!("<ParametresOptionnels>{entries}</ParametresOptionnels></CreationDossier>");
    creation_of(id_local).replace("</CreationDossier>", &end)
}

fn creation_under(key: &str) -> String {
    creation_with("u", &[("CleIdempotence", key)])
}

/// The dossier, or the code and what it says.
fn told(answer: &Answer) -> Result<String, String> {
    let code = answer.codes().remove(0);
    answer.text("IdDossier").ok_or_else(|| format!("{code} {}", answer.message()))
}

impl Harness {
    async fn told(&self, operation: &str) -> Result<String, String> {
        told(&self.ask(operation).await)
    }

    async fn execute(&self, sql: &str) {
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", self.directory.path().join("vtpa.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let done = sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        assert!(done.rows_affected() > 0, "it should change something");
    }

    /// Of each creation in the audit trail, its answer, and what the row says beside it.
    async fn creations_traced(&self) -> Vec<(String, Option<String>, Option<i64>)> {
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", self.directory.path().join("vtpa.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let sql = "SELECT code, detail, dossier FROM trace WHERE action = 'CreerDossierPA' ORDER BY id";
        sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
    }
}

/// What a row of the table expects.
#[derive(Clone, Copy)]
enum Expected {
    /// A dossier that no row had before.
    New,
    /// The dossier of the row of this name.
    As(&'static str),
    /// This code and message.
    Code(&'static str),
}
use Expected::{As, Code, New};

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_dossier_for_its_application_and_its_content() {
    let harness = switched_on().await;
    let (partner, other) = (&pki().partner, &pki().second);
    let first = creation_under(KEY);
    let elsewhere = first.replace("\n", "\n  ").replace("<IdLocal>u</IdLocal>", "");
    let elsewhere = elsewhere.replace("<Demandeur>", "<IdLocal> u </IdLocal><Demandeur>");
    let born_tomorrow = creation_under("k2").replace("1938-03-07", "2938-03-07");
    let too_long = "k".repeat(129);
    let rows: [(&str, &TestIdentity, String, Expected); 17] = [
        ("first", partner, first.clone(), New),
        ("again", partner, first.clone(), As("first")),
        ("a third time", partner, first.clone(), As("first")),
        ("the same, its members elsewhere", partner, elsewhere, As("first")),
        ("another user", partner, first.replace("<IdLocal>u", "<IdLocal>v"), Code(REFUSED)),
        ("another person", partner, first.replace("Suzanne", "Zoé"), Code(REFUSED)),
        (
            "another parameter",
            partner,
            creation_with("u", &[("CleIdempotence", KEY), ("a", "1")]),
            Code(REFUSED),
        ),
        ("after refusals", partner, first.clone(), As("first")),
        ("another key", partner, creation_under("k1"), New),
        ("the key in capitals", partner, creation_under(&KEY.to_uppercase()), New),
        ("no key", partner, creation_of("u"), New),
        ("another application", other, first.clone(), New),
        ("another application again", other, first, As("another application")),
        ("a key with a space", partner, creation_under("a b"), Code(REFUSED)),
        ("a key that is too long", partner, creation_under(&too_long), Code(REFUSED)),
        (
            "a creation that is refused",
            partner,
            born_tomorrow,
            Code("Valeur non autorisée : Demandeur.DateNaissance"),
        ),
        ("leaves its key free", partner, creation_under("k2"), New),
    ];
    let mut dossiers: Vec<(&str, String)> = Vec::new();
    for (name, signer, request, expected) in rows {
        let answer = told(&harness.ask_as(signer, &request).await);
        match expected {
            Code(message) => assert_eq!(answer, Err(format!("202 {message}")), "{name}"),
            As(earlier) => {
                let first = dossiers.iter().find(|(name, _)| *name == earlier).unwrap();
                assert_eq!(answer.as_ref(), Ok(&first.1), "{name}");
            }
            New => {
                let dossier = answer.unwrap_or_else(|code| panic!("{name}: {code}"));
                assert!(dossiers.iter().all(|(_, earlier)| *earlier != dossier), "{name}");
                dossiers.push((name, dossier));
            }
        }
    }
    assert_eq!(harness.dossiers().await, i64::try_from(dossiers.len()).unwrap());
}

#[tokio::test]
async fn switched_off_the_parameter_is_ignored_whatever_it_holds() {
    let harness = Harness::new().await;
    for key in [KEY, KEY, "a b"] {
        harness.told(&creation_under(key)).await.unwrap();
    }
    assert_eq!(harness.dossiers().await, 3);
    assert_eq!(harness.creations_traced().await[0].1, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_the_key_is_free_for_whatever_comes() {
    let harness = switched_on().await;
    let first = harness.told(&creation_under(KEY)).await.unwrap();
    harness.execute("UPDATE cle_idempotence SET cree_le = cree_le - 86400000 + 30000").await;
    assert_eq!(harness.told(&creation_under(KEY)).await.as_ref(), Ok(&first), "30 s before");
    harness.execute("UPDATE cle_idempotence SET cree_le = cree_le - 30000").await;
    let other = creation_under(KEY).replace("Suzanne", "Zoé");
    let second = harness.told(&other).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(harness.told(&other).await, Ok(second));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_dossier_does_not_come_back_by_a_repeated_call() {
    let harness = switched_on().await;
    let first = dossier::IdDossier::parse(&harness.told(&creation_under(KEY)).await.unwrap()).unwrap();
    let erased = &first;
    harness
        .server
        .store()
        .run("erase", |tx| Box::pin(async move { tx.erase_dossier(erased, ErasureReason::Request).await }))
        .await
        .unwrap();
    assert_eq!(harness.told(&creation_under(KEY)).await, Err(format!("202 {REFUSED}")));
    assert_eq!(harness.dossiers().await, 0);
    harness.told(&creation_under("another")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_tells_the_first_answer_from_its_repetition() {
    let harness = switched_on().await;
    let number: i64 = harness.told(&creation_under(KEY)).await.unwrap().parse().unwrap();
    harness.told(&creation_under(KEY)).await.unwrap();
    harness.told(&creation_of("u")).await.unwrap();
    let traced = harness.creations_traced().await;
    let told = |row: usize| (traced[row].0.as_str(), traced[row].1.as_deref());
    assert_eq!(told(0), ("999", Some("CleIdempotence: first answer")));
    assert_eq!(told(1), ("999", Some("CleIdempotence: first answer again")));
    assert_eq!(told(2), ("999", None));
    assert_eq!((traced[0].2, traced[1].2), (Some(number), Some(number)));
}

/// The first answer, though what it rests on has changed since; and 431 leaves the key free.
#[tokio::test(flavor = "multi_thread")]
async fn an_establishment_that_is_gone_since_does_not_change_the_answer() {
    let harness = Harness::with(|config| {
        config.creation.idempotence = true;
        config.creation.etablissements = Etablissements::Record;
    })
    .await;
    let list =
        "<Etablissements><Etablissement><NumFINISS>010000024</NumFINISS></Etablissement></Etablissements>";
    let asked =
        creation_under(KEY).replace("<ParametresOptionnels>", &format!("{list}<ParametresOptionnels>"));
    let unknown =
        Err("431 Identifiant national de l'établissement non trouvé dans l'application. : Etablissements[1].NumFINISS"
            .to_owned());
    assert_eq!(harness.told(&asked).await, unknown);
    let there: dossier::Etablissement =
        serde_json::from_value(serde_json::json!({"NumFINISS": "010000024", "RaisonSociale": "Les Lilas"}))
            .unwrap();
    let there = &there;
    let store = harness.server.store();
    store.run("add", |tx| Box::pin(async move { tx.add_etablissement(there).await })).await.unwrap();
    let first = harness.told(&asked).await.unwrap();
    harness.execute("DELETE FROM demande_historique; DELETE FROM demande; DELETE FROM etablissement").await;
    assert_eq!(harness.told(&asked).await, Ok(first));
    assert_eq!(harness.told(&asked.replace(KEY, "k1")).await, unknown);
}

/// Fifty equal calls at once, each with a message of its own: one dossier, fifty times the same answer.
async fn fifty_at_once(instances: &[&Harness], count: impl AsyncFn() -> i64) {
    for round in 1..=2 {
        let request = creation_under(&format!("key-{round}"));
        // messages of one sender: each harness draws the same numbers, and a message is taken once
        let calls = (0..50).map(|number| {
            let message = instances[0].message(&pki().partner, &request);
            let instance = instances[number % instances.len()];
            async move {
                let reply = instance.post("/ws/creation", SOAP, message).await;
                told(&Answer::read(&reply.body, instance.now()))
            }
        });
        let mut answers = futures::future::join_all(calls).await;
        answers.dedup();
        assert!(matches!(&answers[..], [Ok(_)]), "{answers:?}");
        assert_eq!(count().await, round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_equal_calls_at_once_make_one_dossier() {
    let harness = switched_on().await;
    fifty_at_once(&[&harness], async || harness.dossiers().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_equal_calls_at_once_on_two_instances_make_one_dossier_that_both_remember() {
    let place = Place::new();
    let on = |config: &mut server::Config| {
        config.database.url = place.url();
        config.creation.idempotence = true;
    };
    let (first, second) = (Harness::with(on).await, Harness::start(on).await);
    fifty_at_once(&[&first, &second], async || place.count("SELECT COUNT(*) FROM dossier")).await;
    let told = first.told(&creation_under(KEY)).await;
    drop((first, second));
    let third = Harness::start(on).await;
    assert_eq!(third.told(&creation_under(KEY)).await, told, "after a restart too");
    assert_eq!(place.count("SELECT COUNT(*) FROM dossier"), 3);
}
