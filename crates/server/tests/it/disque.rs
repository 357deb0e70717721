//! A database that cannot be written: nothing is answered as done, the log says why, and once it can be written again the
//! service is there without a restart.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use testkit::disk::Disk;
use testkit::pki::pki;
use testkit::postgres::Place;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

use crate::Harness;
use crate::codes::{consultation_of, creation_of};
use crate::faults::SOAP;

const UNWRITABLE: &str = "la base de données ne peut pas être écrite\n";
/// How long a state may take to be seen: the trail is written four times a second, on a machine that does much else.
const SEEN: Duration = Duration::from_secs(20);

/// Every event of this thread, whatever its level, as text.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<String>>);

impl Ear {
    fn heard(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Text<'a>(&'a mut String);
        impl Visit for Text<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!(" {field}={value:?}"));
            }
        }
        let mut heard = self.0.lock().unwrap();
        event.record(&mut Text(&mut heard));
        heard.push('\n');
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// What a partner is told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// CodeRetour of an operation.
    Code(String),
    /// A fault whose code is Receiver: nothing was accepted, the same may be sent again.
    Receiver,
}

impl Harness {
    /// What an operation is answered, a fault too.
    async fn outcome(&self, operation: &str) -> Told {
        let message = self.message(&pki().partner, operation);
        let path = if operation.contains("CreerDossierPA") { "/ws/creation" } else { "/ws/consultation" };
        let reply = self.post(path, SOAP, message).await;
        if reply.status == StatusCode::OK {
            return Told::Code(crate::harness::Answer::read(&reply.body, self.now()).codes().remove(0));
        }
        assert_eq!(reply.fault(self.now()).code, "Receiver", "{}", reply.text());
        Told::Receiver
    }

    /// Waits until `/pret` says this.
    async fn until_ready_is(&self, expected: (StatusCode, &str)) {
        let begun = Instant::now();
        loop {
            let reply = self.get("/pret").await;
            if (reply.status, reply.text()) == expected {
                return;
            }
            assert!(begun.elapsed() < SEEN, "/pret says {} {}", reply.status, reply.text());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// While the database cannot be written: neither creation nor consultation, `/pret` says so, and the log why.
    async fn refuses(&self, ear: &Ear, dossier: &str, as_told: &Told, reason: &str) {
        assert_eq!(&self.outcome(&creation_of("Quintefeuille")).await, as_told);
        self.until_ready_is((StatusCode::SERVICE_UNAVAILABLE, UNWRITABLE)).await;
        let begun = Instant::now();
        while !ear.heard().contains(reason) {
            assert!(begun.elapsed() < SEEN, "{reason} is not in the log:\n{}", ear.heard());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(&self.outcome(&creation_of("Quintefeuille")).await, as_told);
        let consultation = consultation_of(&[(dossier, "Quintefeuille")]);
        assert_eq!(&self.outcome(&consultation).await, as_told, "no trace, no service");
    }

    /// Once it can: all there that was answered, and no more.
    async fn serves_again(&self, ear: &Ear, dossier: &str) {
        self.until_ready_is((StatusCode::OK, "prêt\n")).await;
        let second = self.create("Quintefeuille").await;
        for one in [dossier, &second] {
            let answer = self.ask(&consultation_of(&[(one, "Quintefeuille")])).await;
            assert_eq!(answer.codes(), ["999"], "{one}");
        }
        let heard = ear.heard();
        for personal in ["Quintefeuille", "Lefèvre", "Suzanne", "suzanne@", dossier] {
            assert!(!heard.contains(personal), "{personal} in the log:\n{heard}");
        }
    }
}

async fn dossiers(url: &str) -> i64 {
    use sqlx::Connection as _;
    let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM dossier").fetch_one(&mut connection).await.unwrap()
}

fn on_disk(folder: &std::path::Path) -> (Disk, String) {
    let disk = Disk::mount(&folder.join("disk"), "24m").unwrap();
    let url = format!("sqlite:{}", disk.folder().join("vtpa.db").display());
    (disk, url)
}

#[tokio::test]
async fn a_full_disk_is_000_and_the_service_is_there_again_when_there_is_space() {
    let ear = Ear::default();
    let _listening = tracing::subscriber::set_default(ear.clone());
    let folder = tempfile::tempdir().unwrap();
    let (mut disk, url) = on_disk(folder.path());
    let harness = Harness::with(|config| config.database.url.clone_from(&url)).await;
    let dossier = harness.create("Quintefeuille").await;
    for _ in 0..2 {
        disk.fill(0).unwrap();
        harness.refuses(&ear, &dossier, &Told::Code("000".to_owned()), "disk full").await;
        disk.empty().unwrap();
        harness.serves_again(&ear, &dossier).await;
    }
    assert_eq!(dossiers(&url).await, 3, "what was 000 left nothing");
}

#[tokio::test]
async fn a_disk_that_is_read_only_is_000_and_the_service_is_there_again_when_it_can_be_written() {
    let ear = Ear::default();
    let _listening = tracing::subscriber::set_default(ear.clone());
    let folder = tempfile::tempdir().unwrap();
    let (mut disk, url) = on_disk(folder.path());
    let harness = Harness::with(|config| config.database.url.clone_from(&url)).await;
    let dossier = harness.create("Quintefeuille").await;
    // what makes the server close its files, as a failing disk does before the kernel makes it read-only
    disk.fill(0).unwrap();
    harness.refuses(&ear, &dossier, &Told::Code("000".to_owned()), "disk full").await;
    disk.set_read_only().unwrap();
    disk.empty().unwrap();
    harness.refuses(&ear, &dossier, &Told::Code("000".to_owned()), "read-only").await;
    disk.set_writable().unwrap();
    harness.serves_again(&ear, &dossier).await;
    assert_eq!(dossiers(&url).await, 2, "what was 000 left nothing");
}

/// As providers do when a disk runs full, or an operator before moving the database. Sessions keep what they began with, so
/// those of before must not be used when it is over.
#[tokio::test]
async fn a_postgresql_that_is_read_only_is_a_fault_and_the_service_is_there_again_when_it_can_be_written() {
    let ear = Ear::default();
    let _listening = tracing::subscriber::set_default(ear.clone());
    let place = Place::new();
    let harness = Harness::with(|config| config.database.url = place.url()).await;
    let dossier = harness.create("Quintefeuille").await;
    for round in 2..4 {
        place.set_read_only();
        harness.until_ready_is((StatusCode::SERVICE_UNAVAILABLE, UNWRITABLE)).await;
        // on PostgreSQL the replay guard is a table: the message is not even accepted, and may come again
        harness.refuses(&ear, &dossier, &Told::Receiver, "read-only").await;
        place.set_writable();
        harness.serves_again(&ear, &dossier).await;
        assert_eq!(place.count("SELECT COUNT(*) FROM dossier"), round, "what was refused left nothing");
    }
}
