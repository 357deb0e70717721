//! Every form in which a message may name its signer's certificate, and what is no such form. KeyInfo is not signed, so
//! that one message serves for all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use wss::{Received, Refusal, ns};
use xmlsec::Certificate;

use crate::{POLICY, message, parse, test_anchors};

fn partner() -> Certificate {
    Certificate::parse(&testkit::pki::pki().partner.certificate_der).unwrap()
}

/// The message with another KeyInfo, and with its BinarySecurityToken or without.
fn with_key_info(key_info: &str, token: bool) -> String {
    let message = message("bonjour", testkit::instant());
    let (before, rest) = message.split_once("<ds:KeyInfo>").unwrap();
    let (_, after) = rest.split_once("</ds:KeyInfo>").unwrap();
    let message = format!("{before}<ds:KeyInfo>{key_info}</ds:KeyInfo>{after}");
    if token {
        return message;
    }
    let (before, rest) = message.split_once("<wsse:BinarySecurityToken").unwrap();
    let (_, after) = rest.split_once("</wsse:BinarySecurityToken>").unwrap();
    format!("{before}{after}")
}

fn reference(inner: &str) -> String {
    format!("<wsse:SecurityTokenReference>{inner}</wsse:SecurityTokenReference>")
}

fn identifier(value_type: &str, value: &[u8]) -> String {
    let value = BASE64.encode(value);
    reference(&format!(
        "<wsse:KeyIdentifier ValueType=\"{value_type}\" EncodingType=\"{}\">{value}</wsse:KeyIdentifier>",
        ns::BASE64_BINARY
    ))
}

fn issuer_serial(issuer: &str, serial: &str) -> String {
    let issuer = issuer.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>{issuer}</ds:X509IssuerName>\
         <ds:X509SerialNumber>{serial}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
    )
}

/// What comes of a message when the receiver knows these certificates.
fn opened(message: &str, known: &[Certificate]) -> Result<(), Refusal> {
    let now = testkit::instant();
    let document = parse(message);
    let mut received = Received::read(&document)?;
    received.select(known, now)?;
    received.verify(&POLICY, &test_anchors(), now).map(|unspent| {
        assert_eq!(unspent.into_answer().certificate().fingerprint_sha256(), partner().fingerprint_sha256());
    })
}

#[test]
fn every_form_of_key_info_leads_to_the_certificate() {
    let (certificate, pki) = (partner(), testkit::pki::pki());
    let (issuer, serial) = (certificate.issuer().to_string(), certificate.serial_decimal().to_owned());
    // commas within values are escaped: each name begins after one that is not
    let backwards: Vec<String> =
        issuer.replace("\\,", "\0").split(',').rev().map(|one| one.replace('\0', "\\,")).collect();
    let backwards = backwards.join(", ");
    let ski = certificate.subject_key_identifier().unwrap();
    let data = |inner: &str| format!("<ds:X509Data>{inner}</ds:X509Data>");
    let whole =
        data(&format!("<ds:X509Certificate>{}</ds:X509Certificate>", BASE64.encode(certificate.der())));
    let strangers = [&pki.second, &pki.server].map(|one| Certificate::parse(&one.certificate_der).unwrap());
    let known = [strangers[0].clone(), certificate.clone(), strangers[1].clone()];
    // the form, and whether the certificate is in it
    let forms = [
        ("thumbprint", identifier(ns::THUMBPRINT_SHA1, certificate.thumbprint_sha1()), false),
        ("SubjectKeyIdentifier", identifier(ns::X509_SKI, ski), false),
        ("X509SKI", data(&format!("<ds:X509SKI>{}</ds:X509SKI>", BASE64.encode(ski))), false),
        ("issuer and serial", issuer_serial(&issuer, &serial), false),
        ("issuer and serial in a reference", reference(&issuer_serial(&issuer, &serial)), false),
        ("the issuer's name from behind", reference(&issuer_serial(&backwards, &serial)), false),
        (
            "zeros before the serial number",
            reference(&issuer_serial(&issuer, &format!(" 00{serial}\n"))),
            false,
        ),
        ("the certificate", whole.clone(), true),
        ("the certificate in a reference", reference(&whole), true),
        ("#X509v3", identifier(ns::X509V3, certificate.der()), true),
    ];
    for (case, form, carried) in &forms {
        assert_eq!(opened(&with_key_info(form, false), &known), Ok(()), "{case}");
        // with the token in the header nothing needs to be known
        assert_eq!(opened(&with_key_info(form, true), &[]), Ok(()), "{case}, and a token");
        let unknown = if *carried { Ok(()) } else { Err(Refusal::TokenUnknown) };
        assert_eq!(opened(&with_key_info(form, false), &strangers), unknown, "{case}, not known");
        let document = parse(&with_key_info(form, false));
        let received = Received::read(&document).unwrap();
        assert_eq!(
            (received.certificate().is_some(), received.selector().is_some()),
            (*carried, !*carried),
            "{case}"
        );
        if !carried {
            let unselected = received.verify(&POLICY, &test_anchors(), testkit::instant());
            assert_eq!(unselected.err(), Some(Refusal::TokenUnknown), "{case}, nobody asked");
        }
    }
}

#[test]
fn what_is_no_form_of_key_info() {
    let certificate = partner();
    let (issuer, serial) = (certificate.issuer().to_string(), certificate.serial_decimal().to_owned());
    let thumbprint = BASE64.encode(certificate.thumbprint_sha1());
    let malformed = Refusal::TokenMalformed;
    let form = Refusal::KeyInfoForm;
    for (case, key_info, refusal) in [
        ("KeyName", "<ds:KeyName>partner</ds:KeyName>".to_owned(), &form),
        ("KeyValue", "<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>".to_owned(), &form),
        ("RetrievalMethod", "<ds:RetrievalMethod URI=\"http://evil.example/\"/>".to_owned(), &form),
        ("an empty X509Data", "<ds:X509Data></ds:X509Data>".to_owned(), &form),
        (
            "a subject name",
            "<ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName></ds:X509Data>".to_owned(),
            &form,
        ),
        (
            "two selectors",
            issuer_serial(&issuer, &serial)
                .replace("</ds:X509Data>", "<ds:X509SKI>AA==</ds:X509SKI></ds:X509Data>"),
            &form,
        ),
        ("a thumbprint of another length", identifier(ns::THUMBPRINT_SHA1, b"short"), &malformed),
        ("an empty identifier", identifier(ns::X509_SKI, b""), &malformed),
        ("an endless identifier", identifier(ns::X509_SKI, &[7; 65]), &malformed),
        ("another way of identifying", identifier("urn:other", b"1234"), &form),
        (
            "hexadecimal",
            identifier(ns::THUMBPRINT_SHA1, certificate.thumbprint_sha1())
                .replace(ns::BASE64_BINARY, "urn:hex"),
            &malformed,
        ),
        (
            "an element in it",
            identifier(ns::THUMBPRINT_SHA1, b"")
                .replace("</wsse:Key", &format!("<x>{thumbprint}</x></wsse:Key")),
            &malformed,
        ),
        ("a serial number in hexadecimal", issuer_serial(&issuer, "0x1F"), &malformed),
        ("a negative serial number", issuer_serial(&issuer, "-1"), &malformed),
        ("no serial number", issuer_serial(&issuer, " "), &malformed),
        ("an endless serial number", issuer_serial(&issuer, &"9".repeat(101)), &malformed),
        ("an issuer that is no name", issuer_serial("the authority", &serial), &malformed),
        ("another serial number", issuer_serial(&issuer, "12345"), &Refusal::TokenUnknown),
        ("another issuer", issuer_serial("CN=Somebody", &serial), &Refusal::TokenUnknown),
    ] {
        let outcome = opened(&with_key_info(&key_info, false), std::slice::from_ref(&certificate));
        assert_eq!(outcome.as_ref(), Err(refusal), "{case}");
    }
}

/// A renewed certificate has the same key, so that a SubjectKeyIdentifier means both.
#[test]
fn of_several_certificates_of_one_key_the_latest_is_taken_and_of_several_keys_none() {
    let certificate = partner();
    let by_key =
        with_key_info(&identifier(ns::X509_SKI, certificate.subject_key_identifier().unwrap()), false);
    assert_eq!(opened(&by_key, &[certificate.clone(), certificate]), Ok(()));
}
