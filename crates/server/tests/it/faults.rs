//! What is no acceptable message gets a signed SOAP fault and changes nothing; what is no SOAP at all an HTTP status.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use jiff::SignedDuration;
use server::config::FaultStatus;
use testkit::pki::pki;
use tower::ServiceExt as _;

use crate::codes::{creation_of, jeton_of};
use crate::{Harness, Reply};

pub(crate) const SOAP: &str = "application/soap+xml; charset=utf-8";

pub(crate) fn assert_fault(harness: &Harness, reply: &Reply, code: &str, subcode: Option<&str>, case: &str) {
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "{case}: {}", reply.text());
    let fault = reply.fault(harness.now());
    assert_eq!((fault.code.as_str(), fault.subcode.as_deref()), (code, subcode), "{case}");
    assert!(fault.reference.is_some_and(|id| id.len() == 16), "{case}: the log's id");
    let languages: Vec<_> = fault.reasons.iter().map(|(language, _)| language.as_str()).collect();
    assert_eq!(languages, ["fr", "en"], "{case}");
}

#[tokio::test]
async fn refused_messages_change_nothing_and_the_next_one_is_answered() {
    let harness = Harness::new().await;
    let creation = creation_of("u");
    let good = || harness.message(&pki().partner, &creation);
    let cut = |message: &str, from: &str, to: &str| {
        let (start, end) = (message.find(from).unwrap(), message.find(to).unwrap() + to.len());
        format!("{}{}", &message[..start], &message[end..])
    };
    let body_start = |message: &str| message.find("<soap:Body").unwrap();
    let (sender, security, check) = ("Sender", Some("InvalidSecurity"), Some("FailedCheck"));
    let cases = [
        ("tampered", good().replace("Suzanne", "Simone"), check),
        ("unsigned", cut(&good(), "<ds:Signature ", "</ds:Signature>"), security),
        ("without Security", cut(&good(), "<wsse:Security>", "</wsse:Security>"), security),
        ("without Timestamp", cut(&good(), "<wsu:Timestamp", "</wsu:Timestamp>"), security),
        (
            "of an untrusted authority",
            harness.message(&pki().wrong_ca, &creation),
            Some("InvalidSecurityToken"),
        ),
        (
            "of an expired certificate",
            harness.message(&pki().expired, &creation),
            Some("InvalidSecurityToken"),
        ),
        (
            "wrapped",
            {
                let message = good();
                let body = &message[body_start(&message)..message.find("</soap:Envelope>").unwrap()];
                let evil = body.replace("Suzanne", "Simone").replace("wsu:Id=\"B-", "wsu:Id=\"C-");
                message
                    .replace(body, &evil)
                    .replace("</soap:Header>", &format!("<x>{body}</x></soap:Header>"))
            },
            check,
        ),
        (
            "of two operations",
            harness.message(&pki().partner, &creation).replace("</soap:Body>", "<x/></soap:Body>"),
            check,
        ),
    ];
    for (case, message, subcode) in cases {
        let reply = harness.post("/ws/creation", SOAP, message).await;
        assert_fault(&harness, &reply, sender, subcode, case);
        assert!(reply.fault(harness.now()).cause.is_none(), "{case}: the cause is the log's");
        assert_eq!(harness.dossiers().await, 0, "{case} changed something");
    }
    harness.create("u").await;
}

#[tokio::test]
async fn an_old_message_is_refused() {
    let harness = Harness::new().await;
    let message = harness.message(&pki().partner, &creation_of("u"));
    harness.pass(SignedDuration::from_secs(301));
    let reply = harness.post("/ws/creation", SOAP, message).await;
    assert_fault(&harness, &reply, "Sender", Some("MessageExpired"), "expired");
    assert_eq!(harness.dossiers().await, 0);
}

#[tokio::test]
async fn a_message_is_accepted_once_however_often_it_is_sent_at_once() {
    let harness = Harness::new().await;
    let message = harness.message(&pki().partner, &creation_of("u"));
    let sent = (0..20).map(|_| harness.post("/ws/creation", SOAP, message.clone()));
    let replies = futures::future::join_all(sent).await;
    let accepted = replies.iter().filter(|reply| reply.status == StatusCode::OK).count();
    assert_eq!(accepted, 1);
    for reply in replies.iter().filter(|reply| reply.status != StatusCode::OK) {
        assert_fault(&harness, reply, "Sender", Some("FailedCheck"), "replayed");
    }
    assert_eq!(harness.dossiers().await, 1);
}

#[tokio::test]
async fn what_is_no_operation_of_the_service_is_a_fault_without_subcode() {
    let harness = Harness::new().await;
    let mine = harness.create("moi").await;
    let sign = |operation: &str| harness.message(&pki().partner, operation);
    for (case, path, content_type, message) in [
        ("an empty Body", "/ws/creation", SOAP, sign("")),
        ("an unknown operation", "/ws/creation", SOAP, sign("<X xmlns=\"urn:viatrajectoire:ws:pa:1\"/>")),
        ("an operation of no namespace", "/ws/creation", SOAP, sign("<CreerDossierPA/>")),
        ("the other service's operation", "/ws/creation", SOAP, sign(&jeton_of(&mine, "moi"))),
        (
            "another operation's action",
            "/ws/consultation",
            "application/soap+xml; action=\"urn:viatrajectoire:ws:pa:1:ConsulterDossierPA\"",
            sign(&jeton_of(&mine, "moi")),
        ),
        (
            "another charset than announced",
            "/ws/creation",
            "application/soap+xml; charset=utf-16",
            sign(&creation_of("u")),
        ),
        ("no XML", "/ws/creation", SOAP, "bonjour".to_owned()),
        ("a DTD", "/ws/creation", SOAP, "<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>".to_owned()),
    ] {
        let reply = harness.post(path, content_type, message).await;
        assert_fault(&harness, &reply, "Sender", None, case);
    }
    assert_eq!(harness.dossiers().await, 1);
}

#[tokio::test]
async fn soap_11_gets_a_version_mismatch_that_its_client_can_read() {
    let harness = Harness::new().await;
    let message = r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>"#;
    let reply = harness.post("/ws/creation", "text/xml; charset=utf-8", message).await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(reply.text().contains("<faultcode>soap:VersionMismatch</faultcode>"), "{}", reply.text());
    assert!(reply.text().contains("SupportedEnvelope"), "{}", reply.text());
}

#[tokio::test]
async fn http_says_what_is_no_soap() {
    let harness = Harness::with(|config| config.limits.body_bytes = 20_000).await;
    for (content_type, body, status) in [
        ("application/json", "{}".to_owned(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            "multipart/related; type=\"application/xop+xml\"",
            String::new(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (SOAP, " ".repeat(20_001), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let reply = harness.post("/ws/creation", content_type, body).await;
        assert_eq!(reply.status, status, "{content_type}");
    }
    assert_eq!(harness.get("/ws/creation").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_sandbox_tells_the_cause() {
    let harness = Harness::with(|config| config.sandbox = true).await;
    let message = harness.message(&pki().partner, &creation_of("u")).replace("Suzanne", "Simone");
    let fault = harness.post("/ws/creation", SOAP, message).await.fault(harness.now());
    assert!(fault.cause.is_some_and(|cause| cause.contains("digest")));
    assert_eq!(fault.explanation.as_deref(), Some("VTPA-SEC-038"));
    assert!(fault.remedy.is_some_and(|remedy| remedy.contains("the bytes that were signed")));

    // and elsewhere none of it
    let harness = Harness::new().await;
    let message = harness.message(&pki().partner, &creation_of("u")).replace("Suzanne", "Simone");
    let fault = harness.post("/ws/creation", SOAP, message).await.fault(harness.now());
    assert_eq!((fault.cause, fault.explanation, fault.remedy), (None, None, None));
}

#[tokio::test]
async fn faults_of_the_sender_are_400_where_so_configured_and_their_envelope_is_the_same() {
    for (configured, expected) in [
        (FaultStatus::InternalServerError, StatusCode::INTERNAL_SERVER_ERROR),
        (FaultStatus::BadRequest, StatusCode::BAD_REQUEST),
    ] {
        let harness = Harness::with(|config| config.ws_security.fault_status = configured).await;
        let good = harness.message(&pki().partner, &creation_of("u"));
        let unknown = "<x:Secret soap:mustUnderstand=\"true\" xmlns:x=\"urn:x\"/></soap:Header>";
        for (case, message, code, status) in [
            ("tampered", good.replace("Suzanne", "Simone"), "Sender", expected),
            ("of no operation", harness.message(&pki().partner, "<x/>"), "Sender", expected),
            (
                "not understood",
                good.replace("</soap:Header>", unknown),
                "MustUnderstand",
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
        ] {
            let reply = harness.post("/ws/creation", SOAP, message).await;
            assert_eq!((reply.status, reply.fault(harness.now()).code.as_str()), (status, code), "{case}");
        }
        let accepted = harness.post("/ws/creation", SOAP, good).await;
        assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.text());
    }
}

#[tokio::test]
async fn a_compressed_request_is_answered_where_that_is_switched_on() {
    use std::io::Write as _;
    for (ratio, status) in [(0, StatusCode::UNSUPPORTED_MEDIA_TYPE), (20, StatusCode::OK)] {
        let harness = Harness::with(|config| config.limits.gzip_ratio = ratio).await;
        let message = harness.message(&pki().partner, &creation_of("u"));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(message.as_bytes()).unwrap();
        let request = Request::post("/ws/creation")
            .header("content-type", SOAP)
            .header("content-encoding", "gzip")
            .body(Body::from(encoder.finish().unwrap()))
            .unwrap();
        let reply = Reply::read(harness.app.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(reply.status, status, "ratio {ratio}");
        assert_eq!(harness.dossiers().await, i64::from(status == StatusCode::OK));
    }
}
