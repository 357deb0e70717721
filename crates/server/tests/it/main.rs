//! The server through its router: real database, real signatures, a fixed clock.

#![cfg(test)]

mod answers;
mod assertions;
mod attacks;
mod audit;
mod chaos;
mod codes;
mod contract;
mod disque;
mod encryption;
mod famille;
mod faults;
#[path = "../harness/mod.rs"]
mod harness;
mod idempotence;
mod inspect;
mod instances;
mod jetons;
mod liaison;
mod limits;
mod near_miss;
mod reload;
mod sandbox;
mod selected;
mod slow;
mod tls;

use axum::body::Body;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use testkit::pki::{Identity as TestIdentity, pki};
use tower::ServiceExt as _;
use wss::ReceivedFault;
use xmlsec::{Document, Limits};

use harness::{Answer, Harness, Reply, verified};

impl Harness {
    fn pass(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }

    async fn get(&self, path: &str) -> Reply {
        let request = Request::get(path).body(Body::empty()).unwrap();
        Reply::read(self.app.clone().oneshot(request).await.unwrap()).await
    }

    /// The partner's answer to an operation: every answer's signature is verified and its Body held against the schema.
    async fn ask(&self, operation: &str) -> Answer {
        self.ask_as(&pki().partner, operation).await
    }

    async fn ask_as(&self, signer: &TestIdentity, operation: &str) -> Answer {
        let answer = self.call(signer, operation).await;
        contract::assert_valid(&answer.body);
        answer
    }

    /// A dossier of the partner's user `id_local`.
    async fn create(&self, id_local: &str) -> String {
        let answer = self.ask(&codes::creation_of(id_local)).await;
        assert_eq!(answer.codes(), ["999"], "{}", answer.body);
        answer.text("IdDossier").unwrap()
    }

    /// How many dossiers there are: what is refused changes nothing.
    async fn dossiers(&self) -> i64 {
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", self.directory.path().join("vtpa.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM dossier").fetch_one(&mut connection).await.unwrap()
    }
}

impl Harness {
    /// The actions of the audit trail, in order.
    async fn actions(&self) -> Vec<String> {
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", self.directory.path().join("vtpa.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query_scalar("SELECT action FROM trace ORDER BY id").fetch_all(&mut connection).await.unwrap()
    }
}

impl Reply {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The fault, its signature verified.
    fn fault(&self, now: Timestamp) -> ReceivedFault {
        let document = Document::parse(&self.body, &Limits::default()).unwrap();
        let opened = verified(&document, now);
        ReceivedFault::read(opened.body()).unwrap_or_else(|| panic!("no fault: {}", self.text()))
    }
}

impl Answer {
    fn text(&self, name: &str) -> Option<String> {
        self.texts(name).into_iter().next()
    }

    /// Every CodeRetour's code.
    fn codes(&self) -> Vec<String> {
        let document = Document::parse(self.body.as_bytes(), &Limits::default()).unwrap();
        let codes = document.root().descendants().filter(|node| node.local_name() == "CodeRetour");
        codes.map(|code| code.children().next().unwrap().text().into()).collect()
    }

    fn message(&self) -> String {
        self.text("Message").unwrap()
    }
}
