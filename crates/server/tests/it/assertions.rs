//! An application's assertion: demanded where it is registered so, believed where the application signed it.

use axum::http::StatusCode;
use server::{Config, Verdict, inspect};
use storage::{Application, Rights, Settings};
use testkit::pki::{Identity, pki};
use wss::{Confirmation, Sealing, UserAssertion, ns};

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

/// A message of the partner whose sender-vouches assertion is not signed itself, but covered by the message's signature, or not.
fn unsigned(harness: &Harness, covered: bool) -> String {
    use xmlsec::{DigestMethod, SignReference, SignatureBuilder, SigningKey, Writer};
    let now = harness.now();
    let fragment = |write: &dyn Fn(&mut Writer)| {
        let mut w = Writer::new();
        write(&mut w);
        w.finish().unwrap()
    };
    let body = fragment(&|w| {
        w.start("soap", ns::SOAP, "Body").attribute_ns("wsu", ns::WSU, "Id", "B-1");
        w.start("", "urn:viatrajectoire:ws:pa:1", "CreerDossierPA").end().end();
    });
    let timestamp = fragment(&|w| {
        w.start("wsu", ns::WSU, "Timestamp").attribute_ns("wsu", ns::WSU, "Id", "TS-1");
        w.element("wsu", ns::WSU, "Created", &now.to_string()).end();
    });
    let assertion = fragment(&|w| {
        let id = if covered { "_a-covered" } else { "_a-alone" };
        w.start("saml", ns::SAML, "Assertion").attribute("ID", id);
        w.attribute("IssueInstant", &now.to_string()).attribute("Version", "2.0");
        w.element("saml", ns::SAML, "Issuer", "portail");
        w.start("saml", ns::SAML, "Subject").element("saml", ns::SAML, "NameID", "agent-7");
        w.start("saml", ns::SAML, "SubjectConfirmation").attribute("Method", ns::SAML_SENDER_VOUCHES);
        w.end().end();
        w.start("saml", ns::SAML, "AuthnStatement").attribute("AuthnInstant", &now.to_string());
        w.start("saml", ns::SAML, "AuthnContext");
        w.element(
            "saml",
            ns::SAML,
            "AuthnContextClassRef",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
        );
        w.end().end().end();
    });
    let key_info = fragment(&|w| {
        use base64::Engine as _;
        let certificate = base64::engine::general_purpose::STANDARD.encode(&pki().partner.certificate_der);
        w.start("ds", ns::DS, "X509Data").element("ds", ns::DS, "X509Certificate", &certificate).end();
    });
    let key = SigningKey::from_pem(pki().partner.key_pem.as_bytes()).unwrap();
    let reference = |id: &str, part| SignReference::fragment(id, part, DigestMethod::Sha256).unwrap();
    let mut signature = SignatureBuilder::new(&key)
        .key_info(key_info)
        .reference(reference("B-1", &body))
        .reference(reference("TS-1", &timestamp));
    if covered {
        signature = signature.reference(reference("_a-covered", &assertion));
    }
    let signature = signature.sign().unwrap();
    fragment(&|w| {
        w.start("soap", ns::SOAP, "Envelope").start("soap", ns::SOAP, "Header").start(
            "wsse",
            ns::WSSE,
            "Security",
        );
        w.fragment(&timestamp).fragment(&assertion).fragment(&signature).end().end().fragment(&body).end();
    })
    .into_string()
}

#[tokio::test]
async fn an_unsigned_assertion_is_taken_from_who_is_registered_so_and_vouches_for_it() {
    // registered so, covered by the message's signature, the explanation of the refusal
    for (registered, covered, refused) in
        [("false", true, Some("VTPA-SEC-063")), ("true", false, Some("VTPA-SEC-069")), ("true", true, None)]
    {
        let harness = Harness::with(|config| config.sandbox = true).await;
        harness.set(&[("unsigned_assertion", registered)]).await;
        let reply = harness.post("/ws/creation", SOAP, unsigned(&harness, covered)).await;
        let text = reply.text();
        assert_eq!(reply.status == StatusCode::OK, refused.is_none(), "{registered}, {covered}: {text}");
        // believed, its operation lacks its parameter
        let expected = refused.unwrap_or("<Code>200</Code>");
        assert!(text.contains(expected), "{registered}, {covered}: {text}");
    }
}
