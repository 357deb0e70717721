//! How an application is answered is its registration's to say (`vtpa partner set`): answers and faults alike.

use axum::http::StatusCode;
use testkit::pki::pki;
use wss::{KeySelector, Received, ReceivedFault};
use xmlsec::{Certificate, Document, Limits};

use crate::Harness;
use crate::codes::creation_of;
use crate::faults::SOAP;

impl Harness {
    pub(crate) async fn set(&self, settings: &[(&str, &str)]) {
        self.server
            .store()
            .run("set", |tx| {
                Box::pin(async move {
                    let application = tx.application_by_name("portail").await?.unwrap();
                    let mut changed = application.settings;
                    for (key, value) in settings {
                        changed.set(key, value).unwrap();
                    }
                    tx.set_settings(application.id, &changed).await
                })
            })
            .await
            .unwrap();
    }
}

/// The SignatureValue of a message.
fn signature_value(message: &str) -> Vec<u8> {
    use base64::Engine as _;
    let value = message.split("<ds:SignatureValue>").nth(1).unwrap().split('<').next().unwrap();
    base64::engine::general_purpose::STANDARD.decode(value).unwrap()
}

#[tokio::test]
async fn an_application_is_answered_as_it_is_registered() {
    let harness = Harness::new().await;
    let server = Certificate::parse(&pki().server.certificate_der).unwrap();
    let selects = |selector: Option<&KeySelector>| match selector {
        None => "carried",
        Some(KeySelector::IssuerSerial { .. }) => "issuer-serial",
        Some(KeySelector::SubjectKeyIdentifier(_)) => "ski",
        Some(KeySelector::ThumbprintSha1(_)) => "thumbprint",
    };
    for (reference, confirmed, expected) in [
        ("bst", "false", "carried"),
        ("issuer-serial", "true", "issuer-serial"),
        ("ski", "false", "ski"),
        ("thumbprint", "true", "thumbprint"),
        ("bst", "true", "carried"),
    ] {
        harness.set(&[("key_reference", reference), ("signature_confirmation", confirmed)]).await;
        for (operation, is_fault) in [(creation_of("u"), false), ("<x/>".to_owned(), true)] {
            let request = harness.message(&pki().partner, &operation);
            let reply = harness.post("/ws/creation", SOAP, request.clone()).await;
            let document = Document::parse(&reply.body, &Limits::default()).unwrap();
            let mut received = Received::read(&document).unwrap();
            assert_eq!(selects(received.selector()), expected, "{reference}, fault {is_fault}");
            received.select(std::slice::from_ref(&server), harness.now()).unwrap();
            let opened = received.verify(&crate::harness::POLICY, &crate::harness::anchors(), harness.now());
            let opened = opened.unwrap().into_answer();
            assert_eq!(ReceivedFault::read(opened.body()).is_some(), is_fault);
            let own = (confirmed == "true").then(|| signature_value(&request));
            assert_eq!(opened.confirms(), own.as_deref(), "{reference}, fault {is_fault}");
        }
    }
}

#[tokio::test]
async fn a_fault_after_the_signature_held_is_written_as_the_application_is_registered() {
    let server = Certificate::parse(&pki().server.certificate_der).unwrap();
    for (case, settings) in [("a replay", vec![]), ("no assertion", vec![("assertion", "required")])] {
        let harness = Harness::new().await;
        harness.set(&[("key_reference", "issuer-serial"), ("signature_confirmation", "true")]).await;
        let request = harness.message(&pki().partner, &creation_of("u"));
        if settings.is_empty() {
            let first = harness.post("/ws/creation", SOAP, request.clone()).await;
            assert_eq!(first.status, StatusCode::OK, "{case}: the first is answered");
        }
        harness.set(&settings).await;
        let reply = harness.post("/ws/creation", SOAP, request.clone()).await;
        let document = Document::parse(&reply.body, &Limits::default()).unwrap();
        let mut received = Received::read(&document).unwrap();
        let selector = received.selector();
        assert!(matches!(selector, Some(KeySelector::IssuerSerial { .. })), "{case}: {selector:?}");
        received.select(std::slice::from_ref(&server), harness.now()).unwrap();
        let opened = received.verify(&crate::harness::POLICY, &crate::harness::anchors(), harness.now());
        let opened = opened.unwrap().into_answer();
        assert!(ReceivedFault::read(opened.body()).is_some(), "{case}");
        assert_eq!(opened.confirms(), Some(signature_value(&request).as_slice()), "{case}");
    }
}

#[tokio::test]
async fn a_fault_before_the_signature_held_is_written_as_for_anybody() {
    let harness = Harness::new().await;
    harness.set(&[("key_reference", "issuer-serial"), ("signature_confirmation", "true")]).await;
    let request = harness.message(&pki().partner, &creation_of("u")).replace("Suzanne", "Simone");
    let reply = harness.post("/ws/creation", SOAP, request).await;
    let document = Document::parse(&reply.body, &Limits::default()).unwrap();
    let received = Received::read(&document).unwrap();
    assert!(received.selector().is_none(), "the certificate is carried");
    let opened = received.verify(&crate::harness::POLICY, &crate::harness::anchors(), harness.now());
    let opened = opened.unwrap().into_answer();
    assert!(ReceivedFault::read(opened.body()).is_some());
    assert_eq!(opened.confirms(), None);
}
