//! What the tests of this crate share: a server through its router, real database, real signatures, a fixed clock.
//!
//! What only one of them needs stands there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use server::{Clock, Config, Server};
use storage::Rights;
use testkit::pki::{Identity as TestIdentity, pki};
use tower::ServiceExt as _;
use wss::{Identity, Policy, Received};
use xmlsec::{Certificate, Document, Limits, Node, RevocationPolicy, SigningKey, TrustAnchors, Writer};

/// A server of one test, its database in a directory of its own.
pub(crate) struct Harness {
    pub(crate) app: Router,
    pub(crate) server: Server,
    pub(crate) now: Arc<Mutex<Timestamp>>,
    pub(crate) rng: Mutex<StdRng>,
    pub(crate) directory: tempfile::TempDir,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Harness {
    /// A server that knows the application `portail` with the test partner's certificate.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let harness = Self::start(change).await;
        harness.register("portail", &pki().partner, Rights::ALL).await;
        harness
    }

    /// A server, and whoever its database knows.
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = pki().server.write(directory.path());
        pki().ca.write(directory.path());
        let file = directory.path().join("vtpa.toml");
        let pair = format!("certificate = {certificate:?}\nkey = {key:?}\n");
        let toml = format!(
            "[listen]\nhttps = \"127.0.0.1:0\"\n[database]\nurl = \"sqlite:vtpa.db\"\n[tls]\n{pair}[signature]\n{pair}[trust]\nanchors = [\"ca.pem\"]\n"
        );
        std::fs::write(&file, toml).unwrap();
        let mut config = Config::load(&file).unwrap();
        change(&mut config);

        let now = Arc::new(Mutex::new(testkit::instant()));
        let clock = Arc::clone(&now);
        let server = Server::start(config, Clock::from_fn(move || *clock.lock().unwrap())).await.unwrap();
        Self { app: server.router(), server, now, rng: Mutex::new(testkit::rng(1)), directory }
    }

    pub(crate) async fn register(&self, name: &str, identity: &TestIdentity, rights: Rights) {
        let certificate = Certificate::parse(&identity.certificate_der).unwrap();
        let store = self.server.store();
        store
            .run("register", |tx| {
                let certificate = &certificate;
                Box::pin(async move {
                    let id = tx.add_application(name, rights).await?;
                    tx.add_certificate(id, certificate.fingerprint_sha256(), certificate.der()).await?;
                    Ok(())
                })
            })
            .await
            .unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    /// A message of `signer`, fresh, with `operation` (XML) in its Body.
    pub(crate) fn message(&self, signer: &TestIdentity, operation: &str) -> String {
        self.sealed(signer, &wss::Sealing::default(), operation)
    }

    /// The same with what `sealing` adds.
    pub(crate) fn sealed(&self, signer: &TestIdentity, sealing: &wss::Sealing, operation: &str) -> String {
        let sealed = wss::seal(&identity(signer), sealing, self.now(), &mut *self.rng.lock().unwrap(), |w| {
            if !operation.is_empty() {
                copy(Document::parse(operation.as_bytes(), &Limits::default()).unwrap().root(), w);
            }
        });
        String::from_utf8(sealed.unwrap()).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Reply {
        let request = Request::post(path).header("content-type", content_type).body(body.into()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        Reply::read(response).await
    }

    /// The application's answer to an operation, its signature verified.
    pub(crate) async fn call(&self, signer: &TestIdentity, operation: &str) -> Answer {
        let message = self.message(signer, operation);
        let path = if operation.contains("CreerDossierPA") { "/ws/creation" } else { "/ws/consultation" };
        let reply = self.post(path, "application/soap+xml; charset=utf-8", message).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", String::from_utf8_lossy(&reply.body));
        Answer::read(&reply.body, self.now())
    }
}

impl Reply {
    pub(crate) async fn read(response: Response<Body>) -> Self {
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().into();
        Self { status, body }
    }
}

/// A business answer whose signature held.
pub(crate) struct Answer {
    /// The Body's element, as XML.
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn read(envelope: &[u8], now: Timestamp) -> Self {
        let document = Document::parse(envelope, &answers()).unwrap();
        let opened = verified(&document, now);
        let _ = opened.body();
        let body = document.root().child(wss::ns::SOAP, "Body").unwrap();
        let element = body.children().next().unwrap();
        let mut canonical = Vec::new();
        xmlsec::canonicalize(element, &xmlsec::Canonicalization::default(), None, &mut canonical).unwrap();
        Self { body: String::from_utf8(canonical).unwrap() }
    }

    /// The texts of all elements of this name.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let document = Document::parse(self.body.as_bytes(), &answers()).unwrap();
        document
            .root()
            .descendants()
            .filter(|node| node.local_name() == name)
            .map(|node| node.text().into())
            .collect()
    }
}

/// What an answer may be, as for a client: a hundred dossiers are more than a request ever is.
pub(crate) fn answers() -> Limits {
    Limits { bytes: 64 << 20, nodes: 2_000_000, ..Limits::default() }
}

/// Trust in the test authority.
pub(crate) fn anchors() -> TrustAnchors {
    let ca = Certificate::from_pem(pki().ca.certificate_pem.as_bytes()).unwrap();
    TrustAnchors::new(&ca, &[] as &[&[u8]], RevocationPolicy::UnknownAllowed).unwrap()
}

/// What is demanded of answers.
pub(crate) const POLICY: Policy = Policy {
    freshness: wss::Freshness {
        max_age: SignedDuration::from_secs(10),
        clock_skew: SignedDuration::from_secs(10),
    },
    timestamp_required: true,
};

pub(crate) fn verified(document: &Document, now: Timestamp) -> wss::Opened<'_> {
    let received = Received::read(document).unwrap();
    let server = Certificate::parse(&pki().server.certificate_der).unwrap();
    assert_eq!(received.certificate().unwrap().fingerprint_sha256(), server.fingerprint_sha256());
    received.verify(&POLICY, &anchors(), now).unwrap().into_answer()
}

/// Made once per signer: reading a key costs more than signing with it.
fn identity(of: &TestIdentity) -> Arc<Identity> {
    static KNOWN: Mutex<BTreeMap<&str, Arc<Identity>>> = Mutex::new(BTreeMap::new());
    Arc::clone(KNOWN.lock().unwrap().entry(of.name).or_insert_with(|| Arc::new(read_identity(of))))
}

fn read_identity(of: &TestIdentity) -> Identity {
    let certificate = Certificate::parse(&of.certificate_der).unwrap();
    Identity::new(SigningKey::from_pem(of.key_pem.as_bytes()).unwrap(), certificate).unwrap()
}

/// Writes a parsed element again.
pub(crate) fn copy(node: Node<'_>, w: &mut Writer) {
    w.start(node.prefix(), node.namespace(), node.local_name());
    for attribute in node.attributes() {
        if attribute.namespace().is_empty() {
            w.attribute(attribute.local_name(), attribute.value());
        } else {
            w.attribute_ns("a", attribute.namespace(), attribute.local_name(), attribute.value());
        }
    }
    w.text(&node.text());
    node.children().for_each(|child| copy(child, w));
    w.end();
}
