//! A signature that protects its own token: through the STR-Transform (SOAP Message Security 1.1 §8.3), or by a plain
//! reference to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use wss::{Refusal, ns};
use xmlsec::{
    DigestMethod, EXC_C14N, Fragment, SignReference, SignatureBuilder, SigningKey, VerifyError, Writer,
};

use crate::open;

fn element(
    prefix: &str,
    namespace: &str,
    local: &str,
    id: &str,
    content: impl FnOnce(&mut Writer),
) -> Fragment {
    let mut w = Writer::new();
    w.start(prefix, namespace, local).attribute_ns("wsu", ns::WSU, "Id", id);
    content(&mut w);
    w.end();
    w.finish().unwrap()
}

fn transform(algorithm: &str) -> Fragment {
    let mut w = Writer::new();
    w.start("ds", ns::DS, "Transform").attribute("Algorithm", algorithm);
    w.start("wsse", ns::WSSE, "TransformationParameters");
    w.start("ds", ns::DS, "CanonicalizationMethod").attribute("Algorithm", EXC_C14N).end().end().end();
    w.finish().unwrap()
}

/// A message whose signature covers Body, Timestamp, and its token by the STR-Transform, as WSS4J writes it.
fn with_str_transform(algorithm: &str) -> String {
    let partner = &testkit::pki::pki().partner;
    let key = SigningKey::from_pem(partner.key_pem.as_bytes()).unwrap();
    let now = testkit::instant();
    let body = element("soap", ns::SOAP, "Body", "B-1", |w| {
        w.element("", "urn:test", "Ping", "bonjour");
    });
    let timestamp = element("wsu", ns::WSU, "Timestamp", "TS-1", |w| {
        w.element("wsu", ns::WSU, "Created", &now.to_string());
    });
    let token = element("wsse", ns::WSSE, "BinarySecurityToken", "X509-1", |w| {
        w.attribute("EncodingType", ns::BASE64_BINARY).attribute("ValueType", ns::X509V3);
        w.text(&BASE64.encode(&partner.certificate_der));
    });
    let reference = element("wsse", ns::WSSE, "SecurityTokenReference", "STR-1", |w| {
        w.start("wsse", ns::WSSE, "Reference")
            .attribute("URI", "#X509-1")
            .attribute("ValueType", ns::X509V3)
            .end();
    });
    // §8.3: xmlns="" on the apex where no default namespace is in scope
    let octets =
        token.as_str().replacen("<wsse:BinarySecurityToken ", "<wsse:BinarySecurityToken xmlns=\"\" ", 1);
    let digest = DigestMethod::Sha256;
    let signature = SignatureBuilder::new(&key)
        .key_info(reference)
        .reference(SignReference::custom("STR-1", transform(algorithm), octets.as_bytes(), digest))
        .reference(SignReference::fragment("B-1", &body, digest).unwrap())
        .reference(SignReference::fragment("TS-1", &timestamp, digest).unwrap())
        .sign()
        .unwrap();
    let mut message = Writer::new();
    message.start("soap", ns::SOAP, "Envelope").start("soap", ns::SOAP, "Header").start(
        "wsse",
        ns::WSSE,
        "Security",
    );
    message.fragment(&token).fragment(&timestamp).fragment(&signature).end().end().fragment(&body).end();
    message.finish().unwrap().into_string()
}

/// Whether an error is the one expected.
type Expected = fn(&VerifyError) -> bool;

#[test]
fn a_token_is_protected_through_its_own_reference() {
    let now = testkit::instant();
    let good = with_str_transform(ns::STR_TRANSFORM);
    assert_eq!(open(&good, now), Ok("bonjour".to_owned()));
    let changed: [(&str, String, Expected); 4] = [
        (
            "an attribute of the token",
            good.replacen("<wsse:BinarySecurityToken ", "<wsse:BinarySecurityToken x=\"\" ", 1),
            |error| matches!(error, VerifyError::DigestValue { .. }),
        ),
        (
            "white space in the token",
            good.replacen("</wsse:BinarySecurityToken>", "\n</wsse:BinarySecurityToken>", 1),
            |error| matches!(error, VerifyError::DigestValue { .. }),
        ),
        (
            "the reference made an embedded token of other spelling",
            {
                let from = good.find("<wsse:BinarySecurityToken").unwrap();
                let to =
                    good.find("</wsse:BinarySecurityToken>").unwrap() + "</wsse:BinarySecurityToken>".len();
                let token = good[from..to].replace("\"X509-1\"", "\"X509-2\"");
                let reference = good.find("<wsse:Reference ").unwrap();
                let end = good[reference..].find("</wsse:Reference>").unwrap()
                    + reference
                    + "</wsse:Reference>".len();
                format!("{}<wsse:Embedded>{token}</wsse:Embedded>{}", &good[..reference], &good[end..])
            },
            |error| matches!(error, VerifyError::DigestValue { .. }),
        ),
        ("another transform of that shape", with_str_transform("urn:other"), |error| {
            matches!(error, VerifyError::TransformNotAllowed)
        }),
    ];
    for (case, message, expected) in changed {
        match open(&message, now) {
            Err(Refusal::Signature(error)) => assert!(expected(&error), "{case}: {error:?}"),
            other => panic!("{case}: {other:?}"),
        }
    }
}
