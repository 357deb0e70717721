//! An application's assertion: demanded where it is registered so, believed where the application signed it.

use axum::http::StatusCode;
use server::{Config, Verdict, inspect};
use storage::{Application, Rights, Settings};
use testkit::pki::{Identity, pki};
use wss::{Confirmation, Sealing, UserAssertion};

use crate::Harness;
use crate::codes::creation_of;
use crate::faults::SOAP;

fn with_assertion(harness: &Harness, signer: &Identity, operation: &str) -> String {
    let assertion = UserAssertion {
        confirmation: Confirmation::SenderVouches,
        name_id: "899900063480".to_owned(),
        authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password".to_owned(),
        attributes: vec![("Authentification_Mode".to_owned(), "INDIRECTE".to_owned())],
    };
    harness.sealed(signer, &Sealing { assertion: Some(assertion), ..Sealing::default() }, operation)
}

/// The message of one with the assertion of another.
fn lent(of: &str, to: &str) -> String {
    let from = of.find("<saml:Assertion ").unwrap();
    let end = of.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    to.replace("</wsse:Security>", &format!("{}</wsse:Security>", &of[from..end]))
}

#[tokio::test]
async fn an_assertion_is_demanded_and_believed_as_the_application_is_registered() {
    let harness = Harness::with(|config| config.sandbox = true).await;
    harness.register("autre", &pki().second, Rights::ALL).await;
    let store = harness.server.store();
    let named = store.read(|reader| Box::pin(async move { reader.application_by_name("portail").await }));
    let Application { id, mut settings, .. } = named.await.unwrap().unwrap();
    settings.set("assertion", "required").unwrap();
    set(store, id, settings).await;
    let (partner, second) = (&pki().partner, &pki().second);
    let theirs = with_assertion(&harness, second, &creation_of("a"));
    let rows = [
        ("without", harness.message(partner, &creation_of("b")), Some("VTPA-SEC-060")),
        ("with", with_assertion(&harness, partner, &creation_of("c")), None),
        ("another's", lent(&theirs, &harness.message(partner, &creation_of("d"))), Some("VTPA-SEC-067")),
        ("optional, without", harness.message(second, &creation_of("e")), None),
        ("optional, with", with_assertion(&harness, second, &creation_of("f")), None),
    ];
    let config = Config::load(&harness.directory.path().join("vtpa.toml")).unwrap();
    for (case, message, refused) in rows {
        let inspection = inspect(&config, store, message.as_bytes(), harness.now()).await.unwrap();
        let failed = inspection.checks.iter().find(|check| check.verdict == Verdict::Failed);
        let told = failed.map(|check| (check.name, check.explanation.unwrap_or_default()));
        assert_eq!(told, refused.map(|id| ("SAML assertion", id)), "{case}");
        let reply = harness.post("/ws/creation", SOAP, message).await;
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status == StatusCode::OK, refused.is_none(), "{case}: {body}");
        assert_eq!(body.contains("<Code>999</Code>"), refused.is_none(), "{case}: {body}");
        if let Some(id) = refused {
            assert!(body.contains(id), "{case}: {body}");
        }
    }
    // of no application: the code says so, whatever the assertion says
    let nobody = lent(&theirs, &harness.message(&pki().unregistered, &creation_of("g")));
    let reply = harness.post("/ws/creation", SOAP, nobody).await;
    assert!(String::from_utf8_lossy(&reply.body).contains("<Code>100</Code>"));
}

async fn set(store: &storage::Store, id: storage::ApplicationId, settings: Settings) {
    let set = store.run("set", |tx| {
        let settings = &settings;
        Box::pin(async move { tx.set_settings(id, settings).await })
    });
    set.await.unwrap();
}
