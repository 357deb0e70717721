//! How an application is answered is its registration's to say (`vtpa partner set`): answers and faults alike.

use testkit::pki::pki;
use wss::{KeySelector, Received, ReceivedFault};
use xmlsec::{Certificate, Document, Limits};

use crate::Harness;
use crate::codes::creation_of;
use crate::faults::SOAP;

impl Harness {
    async fn set(&self, settings: &[(&str, &str)]) {
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
