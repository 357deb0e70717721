//! The audit trail on both databases: what someone with the database's password can do to it is found.

use server::audit::{Report, verify};
use sqlx::Connection as _;
use storage::{Acteur, Action, Enchaine, Oubli, Store, TeteSignee, Trace};
use testkit::pki::pki;
use testkit::postgres::Place;
use wss::Identity;
use xmlsec::{Certificate, DigestMethod, SigningKey};

/// A database, and the hands of someone who has its password.
enum Base {
    Sqlite(tempfile::TempDir),
    Postgres(Place),
}

impl Base {
    fn both() -> [Self; 2] {
        [Self::Sqlite(tempfile::tempdir().unwrap()), Self::Postgres(Place::new())]
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(directory) => format!("sqlite:{}", directory.path().join("vtpa.db").display()),
            Self::Postgres(place) => place.url(),
        }
    }

    async fn store(&self) -> Store {
        Store::open(&self.url()).await.unwrap()
    }

    async fn try_execute(&self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(_) => {
                let mut connection = sqlx::SqliteConnection::connect(&self.url()).await.unwrap();
                let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
                done.map(drop).map_err(|error| error.to_string())
            }
            Self::Postgres(place) => place.try_execute(sql),
        }
    }

    async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Takes away what refuses changes.
    async fn disarm(&self) {
        let triggers = match self {
            Self::Sqlite(_) => {
                "DROP TRIGGER trace_jamais_changee; DROP TRIGGER trace_effacee_par_mois;
                 DROP TRIGGER trace_maillon_jamais_change; DROP TRIGGER trace_maillon_efface_par_mois;
                 DROP TRIGGER trace_signature_jamais_changee; DROP TRIGGER trace_signature_jamais_effacee;"
            }
            Self::Postgres(_) => {
                "DROP TRIGGER append_only ON trace; DROP TRIGGER append_only ON trace_maillon;
                 DROP TRIGGER append_only ON trace_signature;"
            }
        };
        self.execute(triggers).await;
    }

    /// Bytes of hexadecimal digits, as a literal.
    fn bytes(&self, hex: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("x'{hex}'"),
            Self::Postgres(_) => format!("decode('{hex}', 'hex')"),
        }
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    DigestMethod::Sha256.digest(bytes).as_ref().try_into().unwrap()
}

fn identity() -> Identity {
    let certificate = Certificate::parse(&pki().server.certificate_der).unwrap();
    Identity::new(SigningKey::from_pem(pki().server.key_pem.as_bytes()).unwrap(), certificate).unwrap()
}

async fn write(store: &Store, rows: usize) {
    let traces = (0..rows).map(|row| Trace::new(Acteur::Systeme, Action::PageVue).detail(&row.to_string()));
    store.trace_all(&traces.collect::<Vec<_>>()).await.unwrap();
}

async fn chain(store: &Store, tenant: &str) {
    while store.trace_chain(tenant, sha256).await.unwrap().is_full() {}
}

/// Signs the head, for good.
async fn sign(store: &Store, identity: &Identity) {
    let tete = store.read(|reader| Box::pin(async move { reader.trace_head().await })).await.unwrap();
    let jour = "2026-11-27".to_owned();
    let signature = identity.sign_text(&tete.to_sign(&jour)).unwrap();
    let certificat = identity.certificate().der().to_vec();
    store.trace_signed(&TeteSignee { jour, tete, signature, certificat }, true).await.unwrap();
}

async fn verified(store: &Store, known: Option<(i64, [u8; 32])>) -> Report {
    let signers = [Certificate::parse(&pki().server.certificate_der).unwrap()];
    verify(store, &signers, known, |_| {}).await.unwrap()
}

fn found(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}

/// What was done by whom has the database's password, and what is said of it.
const DEEDS: [(&str, &str, &str); 8] = [
    (
        "a row is changed",
        "UPDATE trace SET code = '110' WHERE id = (SELECT trace FROM trace_maillon WHERE rang = 3)",
        "(link 3)",
    ),
    (
        "a row is removed from the middle",
        "DELETE FROM trace WHERE id = (SELECT trace FROM trace_maillon WHERE rang = 5)",
        "was removed (link 5)",
    ),
    ("a link is removed from the middle", "DELETE FROM trace_maillon WHERE rang = 7", "link 7 was removed"),
    (
        "a link is changed",
        "UPDATE trace_maillon SET ligne = (SELECT ligne FROM trace_maillon WHERE rang = 1) WHERE rang = 9",
        "link 9 does not follow",
    ),
    (
        "a row is put in",
        "INSERT INTO trace (le, acteur, action) SELECT MAX(le), 'systeme', 'purge' FROM trace",
        "was added by something else than vtpa",
    ),
    (
        "a signature is forged",
        "UPDATE trace_signature SET signature = $forged$ WHERE rang = 20",
        "the signature of 2026-11-27 (link 20) does not hold",
    ),
    (
        "a signature is another's",
        "UPDATE trace_signature SET certificat = $forged$ WHERE rang = 20",
        "is by a certificate that is neither",
    ),
    (
        "the end is cut off, the head put back",
        "DELETE FROM trace WHERE id IN (SELECT trace FROM trace_maillon WHERE rang > 17);
         DELETE FROM trace_maillon WHERE rang > 17;
         UPDATE trace_tete SET rang = 17, le = (SELECT le FROM trace_maillon WHERE rang = 17),
             empreinte = (SELECT empreinte FROM trace_maillon WHERE rang = 17)",
        "links 18 to 20 were removed",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_deed_is_refused_by_the_database_and_found_when_its_refusal_was_taken_away() {
    for (case, deed, finding) in DEEDS {
        for base in Base::both() {
            let store = base.store().await;
            write(&store, 20).await;
            chain(&store, "one").await;
            sign(&store, &identity()).await;
            let before = verified(&store, None).await;
            assert!(before.holds(), "{case}: {:?}", found(&before));
            assert_eq!((before.rows, before.links, before.waiting), (20, 20, 0), "{case}");
            assert!(before.signatures >= 1, "{case}");

            let deed = deed.replace("$forged$", &base.bytes(&"5a".repeat(256)));
            if case != "a row is put in" {
                let refused = base.try_execute(&deed).await.expect_err(case);
                assert!(refused.contains("append-only"), "{case}: {refused}");
            }
            base.disarm().await;
            base.execute(&deed).await;
            let after = verified(&store, None).await;
            assert!(found(&after).iter().any(|line| line.contains(finding)), "{case}: {:?}", found(&after));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_cut_off_with_its_signatures_is_found_by_a_head_that_was_kept_elsewhere() {
    for base in Base::both() {
        let store = base.store().await;
        write(&store, 20).await;
        chain(&store, "one").await;
        sign(&store, &identity()).await;
        let head = store.read(|reader| Box::pin(async move { reader.trace_head().await })).await.unwrap();
        let known = Some((head.rang, head.empreinte));
        assert!(verified(&store, known).await.holds());
        base.disarm().await;
        let (_, cut, _) = DEEDS[7];
        base.execute(cut).await;
        let signatures =
            "DELETE FROM trace_signature; UPDATE trace_tete SET signe_rang = NULL, signature = NULL";
        base.execute(signatures).await;
        assert!(verified(&store, None).await.holds(), "nothing in the database shows it");
        assert_eq!(
            found(&verified(&store, known).await),
            ["the head that was kept elsewhere, link 20, is not in the chain"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_written_by_many_while_two_take_turns_at_the_chain_are_all_in_it_once() {
    let place = Place::new();
    let url = place.url();
    let (first, second) = (Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap());
    let mut writers = Vec::new();
    for _ in 0..4 {
        for store in [first.clone(), second.clone()] {
            writers.push(tokio::spawn(async move {
                for _ in 0..10 {
                    write(&store, 25).await;
                }
            }));
        }
    }
    let mut chained = 0;
    let begun = std::time::Instant::now();
    while chained < 2_000 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(120), "{chained} of 2000");
        let turns = tokio::join!(first.trace_chain("one", sha256), second.trace_chain("two", sha256));
        for turn in [turns.0, turns.1] {
            match turn {
                Ok(Enchaine::Tete { lignes, .. }) => chained += lignes,
                // the other one is at it
                Ok(Enchaine::Ailleurs) | Err(storage::Error::Unavailable(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    sign(&first, &identity()).await;
    let report = verified(&second, None).await;
    assert!(report.holds(), "{:?}", found(&report));
    assert_eq!((report.rows, report.links, report.waiting), (2_000, 2_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_drops_leaves_a_chain_that_verifies_and_goes_on() {
    for base in Base::both() {
        let store = base.store().await;
        write(&store, 30).await;
        chain(&store, "one").await;
        sign(&store, &identity()).await;
        // as if the present month were over: all that there is is older
        let jusqu_a = "2036-01-01T00:00:00Z".parse().unwrap();
        let (tete, lignes) = store
            .read(|reader| Box::pin(async move { reader.trace_to_drop(jusqu_a).await }))
            .await
            .unwrap()
            .expect("there is something to drop");
        assert_eq!((tete.rang, lignes), (30, 30));
        let oubli = Oubli { jusqu_a, tete, lignes, signature: Vec::new(), certificat: Vec::new() };
        let signature = identity().sign_text(&oubli.to_sign()).unwrap();
        let certificat = identity().certificate().der().to_vec();
        let oubli = Oubli { signature, certificat, ..oubli };
        assert!(store.trace_drop(&oubli).await.unwrap());
        assert!(!store.trace_drop(&oubli).await.unwrap(), "once");
        store.months(jiff::Timestamp::UNIX_EPOCH).await.unwrap();

        write(&store, 7).await;
        chain(&store, "one").await;
        sign(&store, &identity()).await;
        let report = verified(&store, None).await;
        assert!(report.holds(), "{:?}", found(&report));
        assert_eq!((report.rows, report.links), (7, 7));
        assert_eq!(report.head.as_ref().map(|(rank, _)| *rank), Some(37), "ranks go on");
        assert_eq!(report.dropped.as_deref(), Some("2036-01-01"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_waits_for_its_link_keeps_its_month_from_being_dropped() {
    for base in Base::both() {
        let store = base.store().await;
        write(&store, 3).await;
        chain(&store, "one").await;
        write(&store, 1).await;
        let jusqu_a = "2036-01-01T00:00:00Z".parse().unwrap();
        let drop = store.read(|reader| Box::pin(async move { reader.trace_to_drop(jusqu_a).await })).await;
        assert_eq!(drop.unwrap(), None);
    }
}
