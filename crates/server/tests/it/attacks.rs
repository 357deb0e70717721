//! Attacks of the catalogue (docs/attacks.md) that are about HTTP, SOAP and its headers, against a server: each is
//! answered with a signed fault or not obeyed, changes nothing, and the next request is answered.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use testkit::pki::pki;
use tower::ServiceExt as _;

use crate::codes::creation_of;
use crate::faults::{SOAP, assert_fault};
use crate::{Answer, Harness, Reply};

const WSA: &str = "xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"";

/// A good message with `headers` put before Security: they are not signed.
fn with_headers(harness: &Harness, headers: &str) -> String {
    let message = harness.message(&pki().partner, &creation_of("u"));
    let spoofed = message.replace("<soap:Header>", &format!("<soap:Header>{headers}"));
    assert_ne!(message, spoofed);
    spoofed
}

async fn created(harness: &Harness, message: String) -> Reply {
    let before = harness.dossiers().await;
    let reply = harness.post("/ws/creation", SOAP, message).await;
    let expected = i64::from(reply.status == StatusCode::OK);
    assert_eq!(harness.dossiers().await - before, expected, "{}", reply.text());
    reply
}

/// 33: whatever SOAPAction or action say, the Body's child is the operation; where they contradict it, nothing runs.
#[tokio::test]
async fn an_action_never_chooses_the_operation() {
    let harness = Harness::new().await;
    let other = "urn:viatrajectoire:ws:pa:1:GenererJetonSecuritePA";
    let stray = Request::post("/ws/creation")
        .header("content-type", SOAP)
        .header("SOAPAction", format!("\"{other}\""))
        .body(Body::from(harness.message(&pki().partner, &creation_of("u"))))
        .unwrap();
    let reply = Reply::read(harness.app.clone().oneshot(stray).await.unwrap()).await;
    assert_eq!(Answer::read(&reply.body, harness.now()).codes(), ["999"], "SOAP 1.2 has no SOAPAction");

    let message = harness.message(&pki().partner, &creation_of("u"));
    let spoofed = format!("application/soap+xml; action=\"{other}\"");
    let reply = harness.post("/ws/creation", &spoofed, message).await;
    assert_fault(&harness, &reply, "Sender", None, "action of the media type");

    let message = with_headers(&harness, &format!("<wsa:Action {WSA}>{other}</wsa:Action>"));
    let reply = created(&harness, message).await;
    assert_fault(&harness, &reply, "Sender", None, "wsa:Action");
    assert_eq!(harness.dossiers().await, 1);
}

/// 34: no header sends an answer, or a fault, anywhere else than back.
#[tokio::test]
async fn no_address_in_a_message_is_obeyed() {
    let harness = Harness::new().await;
    let endpoint = |name: &str, address: &str| {
        format!("<wsa:{name} {WSA}><wsa:Address>{address}</wsa:Address></wsa:{name}>")
    };
    let anonymous = "http://www.w3.org/2005/08/addressing/anonymous";
    for (case, headers) in [
        ("ReplyTo elsewhere", endpoint("ReplyTo", "https://evil.example/")),
        ("ReplyTo to this machine", endpoint("ReplyTo", "http://127.0.0.1:22/")),
        ("FaultTo elsewhere", endpoint("FaultTo", "file:///etc/passwd")),
        ("ReplyTo without address", format!("<wsa:ReplyTo {WSA}/>")),
        ("To another service", format!("<wsa:To {WSA}>https://localhost:8443/ws/consultation</wsa:To>")),
        ("To twice", format!("<wsa:To {WSA}>{anonymous}</wsa:To>").repeat(2)),
    ] {
        let reply = created(&harness, with_headers(&harness, &headers)).await;
        assert_fault(&harness, &reply, "Sender", None, case);
    }
    let here = endpoint("ReplyTo", anonymous) + &endpoint("FaultTo", anonymous);
    assert_eq!(created(&harness, with_headers(&harness, &here)).await.status, StatusCode::OK);
}

/// 35: a Security header for somebody else is neither read nor a place that our signature may point into.
#[tokio::test]
async fn another_actor_s_security_header_lends_nothing() {
    let harness = Harness::new().await;
    let good = harness.message(&pki().partner, &creation_of("u"));
    let (from, to) = (good.find("<soap:Body").unwrap(), good.find("</soap:Envelope>").unwrap());
    let body = &good[from..to];
    let evil = body.replace("Suzanne", "Simone").replace("wsu:Id=\"B-", "wsu:Id=\"C-");
    let other = |content: &str| {
        format!("<wsse:Security soap:role=\"urn:un-autre\">{content}</wsse:Security></soap:Header>")
    };
    let wrapped = good.replace(body, &evil).replace("</soap:Header>", &other(body));
    let reply = created(&harness, wrapped).await;
    assert_fault(&harness, &reply, "Sender", Some("FailedCheck"), "the signed Body in it");

    let (start, end) = (good.find("<wsse:Binary").unwrap(), good.find("<ds:Signature ").unwrap());
    let token = &good[start..end];
    let moved = good.replace(token, "").replace("</soap:Header>", &other(token));
    let reply = created(&harness, moved).await;
    assert_fault(&harness, &reply, "Sender", Some("SecurityTokenUnavailable"), "the token in it");

    let ours = good.replace("<wsse:Security>", "<wsse:Security soap:role=\"urn:un-autre\">");
    let reply = created(&harness, ours).await;
    assert_fault(&harness, &reply, "Sender", Some("InvalidSecurity"), "all of it for another");

    let ignored = good.replace("</soap:Header>", &other("<x xmlns=\"urn:x\"/>"));
    assert_eq!(created(&harness, ignored).await.status, StatusCode::OK);
}

/// 36: a header that must be understood is named by its QName alone, and of many only some.
#[tokio::test]
async fn headers_that_must_be_understood_are_named_and_not_repeated() {
    let harness = Harness::new().await;
    let header = |n: usize| {
        format!("<x:H{n} xmlns:x=\"urn:x\" soap:mustUnderstand=\"true\">&lt;script&gt;{n}</x:H{n}>")
    };
    let many: String = (0..40).map(header).collect();
    let reply = created(&harness, with_headers(&harness, &many)).await;
    let fault = reply.fault(harness.now());
    assert_eq!((reply.status, fault.code.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "MustUnderstand"));
    assert!(!reply.text().contains("script"), "{}", reply.text());
    assert!(reply.body.len() < 16_000, "{} bytes", reply.body.len());
}

/// 46: what is read is checked after the signature held, so that nothing unchecked comes in behind it.
#[tokio::test]
async fn what_the_contract_does_not_know_is_named_after_the_signature_held() {
    let harness = Harness::new().await;
    let smuggled = creation_of("u").replace("<Demandeur>", "<Demandeur><EstAnnule>true</EstAnnule>");
    assert_ne!(smuggled, creation_of("u"));
    let answer = harness.ask(&smuggled).await;
    assert_eq!(answer.codes(), ["490"], "signed: a code");
    assert!(answer.message().contains("EstAnnule"), "{}", answer.message());

    let unsigned = harness
        .message(&pki().partner, &creation_of("u"))
        .replace("<Demandeur>", "<Demandeur><EstAnnule>true</EstAnnule>");
    let reply = created(&harness, unsigned).await;
    assert_fault(&harness, &reply, "Sender", Some("FailedCheck"), "not signed: a fault that names nothing");
    assert!(!reply.text().contains("EstAnnule"));
    assert_eq!(harness.dossiers().await, 0);
}

/// 48: XML 1.1, xml:base, xml:id and xsi:nil mean nothing more here than they say.
#[tokio::test]
async fn attributes_of_xml_itself_change_no_meaning() {
    let harness = Harness::new().await;
    let good = || harness.message(&pki().partner, &creation_of("u"));
    let reply = created(&harness, format!("<?xml version=\"1.1\"?>{}", good())).await;
    assert_fault(&harness, &reply, "Sender", None, "XML 1.1");

    // the Body's wsu:Id repeated as an xml:id, elsewhere
    let message = good();
    let id = message.split("<soap:Body").nth(1).unwrap().split("wsu:Id=\"").nth(1).unwrap();
    let id = id.split('"').next().unwrap();
    let doubled = message.replace("<soap:Header>", &format!("<soap:Header><x xml:id=\"{id}\"/>"));
    let reply = created(&harness, doubled).await;
    assert_fault(&harness, &reply, "Sender", Some("InvalidSecurity"), "xml:id");

    // xml:base above what is signed resolves no reference: they are the message's own
    let based = good().replace("<soap:Header>", "<soap:Header xml:base=\"https://evil.example/\">");
    assert_eq!(created(&harness, based).await.status, StatusCode::OK);

    let nil = creation_of("u").replace(
        "<Demandeur>",
        "<Demandeur xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\">",
    );
    let unsigned_nil = good().replace(
        "<Demandeur>",
        "<Demandeur xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\">",
    );
    assert_ne!(nil, creation_of("u"));
    let reply = created(&harness, unsigned_nil).await;
    assert_fault(&harness, &reply, "Sender", Some("FailedCheck"), "xsi:nil put in after signing");
}

/// 52: an answer's signature never covers what the caller chose but as text in its place, and of bounded length.
#[tokio::test]
async fn an_answer_signs_no_markup_of_the_request() {
    let harness = Harness::new().await;
    let id = |text: &str| format!("<wsa:MessageID {WSA}>{text}</wsa:MessageID>");
    let reply = created(&harness, with_headers(&harness, &id(&"x".repeat(256)))).await;
    assert_fault(&harness, &reply, "Sender", None, "a long MessageID");

    let markup = "&lt;/wsa:RelatesTo&gt;&lt;soap:Body/&gt;";
    let reply = created(&harness, with_headers(&harness, &id(markup))).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.text().contains(markup.trim_end_matches("&gt;")), "{}", reply.text());
    assert_eq!(reply.text().matches("<soap:Body").count(), 1);

    let consult = "<ConsulterDossierPA xmlns=\"urn:viatrajectoire:ws:pa:1\"><ListeDossier><AccesDossierRequest><IdDossier>&lt;CodeRetour&gt;999</IdDossier><IdLocal>u</IdLocal></AccesDossierRequest></ListeDossier></ConsulterDossierPA>";
    let answer = harness.ask(consult).await;
    assert_eq!(answer.codes(), ["460"], "{}", answer.body);
    assert!(!answer.body.contains("<CodeRetour>999"));
}

/// 9: a message whose token was exchanged for another certificate of the same key is not the application's any more.
#[tokio::test]
async fn a_certificate_exchanged_under_the_same_key_is_nobody_s() {
    use base64::Engine as _;
    let harness = Harness::new().await;
    let base64 =
        |of: &testkit::pki::Identity| base64::engine::general_purpose::STANDARD.encode(&of.certificate_der);
    harness.register("an", &pki().one_year, storage::Rights::ALL).await;
    let message = || harness.message(&pki().one_year, &creation_of("u"));
    let exchanged = |by: &testkit::pki::Identity| message().replace(&base64(&pki().one_year), &base64(by));

    let reply = created(&harness, message()).await;
    assert!(reply.text().contains("<Code>999</Code>"), "{}", reply.text());
    // trusted, and of no application
    let before = harness.dossiers().await;
    let reply = harness.post("/ws/creation", SOAP, exchanged(&pki().revoked)).await;
    assert!(reply.text().contains("<Code>100</Code>"), "{}", reply.text());
    for (case, other) in [("expired", &pki().expired), ("another authority's", &pki().wrong_ca)] {
        let reply = harness.post("/ws/creation", SOAP, exchanged(other)).await;
        assert_fault(&harness, &reply, "Sender", Some("InvalidSecurityToken"), case);
    }
    // another's certificate, of another key
    let reply = harness.post("/ws/creation", SOAP, exchanged(&pki().partner)).await;
    assert_fault(&harness, &reply, "Sender", Some("FailedCheck"), "another key");
    assert_eq!(harness.dossiers().await, before);
}
