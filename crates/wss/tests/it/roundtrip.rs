//! What we write is what we read, and what others can.

use wss::{AddressingHeaders, Fault, FaultCode, Received, ReceivedFault, Refusal, Subcode};

use crate::{POLICY, identity, message, parse, test_anchors};

#[test]
fn a_sealed_message_looks_as_every_stack_reads_it() {
    insta::assert_snapshot!(shortened(&message("bonjour", testkit::instant())));
}

#[test]
fn a_security_header_in_each_form_of_key_reference_with_a_confirmation() {
    use wss::{KeyReference as K, Sealing};
    let partner = identity(&testkit::pki::pki().partner);
    for (name, key_reference) in [
        ("sealed_bst", K::BinarySecurityToken),
        ("sealed_issuer_serial", K::IssuerSerial),
        ("sealed_ski", K::SubjectKeyIdentifier),
        ("sealed_thumbprint", K::ThumbprintSha1),
    ] {
        let sealing = Sealing { key_reference, confirms: Some(b"request".to_vec()), ..Sealing::default() };
        let sealed = wss::seal(&partner, &sealing, testkit::instant(), &mut testkit::rng(1), |w| {
            w.element("t", "urn:test", "Ping", "bonjour");
        });
        insta::assert_snapshot!(name, shortened(&String::from_utf8(sealed.unwrap()).unwrap()));
    }
}

/// A message by lines; the certificate and what the key makes of the rest are long and say nothing here.
fn shortened(message: &str) -> String {
    let mut short = String::new();
    for part in message.split_inclusive('>') {
        match part.split_once('<') {
            Some((text, tag)) if text.len() > 100 => {
                short.push_str(&format!("[{} characters]<{tag}", text.len()))
            }
            _ => short.push_str(part),
        }
    }
    short.replace("><", ">\n<")
}

#[test]
fn two_messages_of_one_instant_differ() {
    let (now, partner) = (testkit::instant(), identity(&testkit::pki::pki().partner));
    let mut rng = testkit::rng(5);
    let mut seal = || {
        wss::seal(&partner, &wss::Sealing::default(), now, &mut rng, |w| {
            w.element("t", "urn:test", "Ping", "");
        })
        .unwrap()
    };
    assert_ne!(seal(), seal());
}

#[test]
fn a_fault_arrives_signed_with_its_class_and_without_its_cause() {
    let (now, server) = (testkit::instant(), identity(&testkit::pki::pki().server));
    for (sandbox, cause) in [(false, None), (true, Some("wsu:Expires passed 7 s ago".to_owned()))] {
        let fault = Fault::of(&Refusal::TimestampExpired { by: 7 }, "0123abcd", sandbox, None);
        let sealed =
            wss::seal_fault(&server, &wss::Sealing::default(), &fault, now, &mut testkit::rng(1)).unwrap();
        let document = parse(std::str::from_utf8(&sealed).unwrap());
        let opened =
            Received::read(&document).unwrap().verify(&POLICY, &test_anchors(), now).unwrap().into_answer();
        let read = ReceivedFault::read(opened.body()).unwrap();
        assert_eq!(read.code, "Sender");
        assert_eq!(read.subcode.as_deref(), Some("MessageExpired"));
        assert_eq!(read.reference.as_deref(), Some("0123abcd"));
        assert_eq!(read.cause, cause);
        assert_eq!(ReceivedFault::read_unverified(&document), Some(read));
    }
}

#[test]
fn classes_of_faults() {
    for (refusal, code, subcode) in [
        (Refusal::Soap11, FaultCode::VersionMismatch, None),
        (Refusal::NotUnderstood(vec![]), FaultCode::MustUnderstand, None),
        (Refusal::EnvelopeShape, FaultCode::Sender, None),
        (Refusal::SecurityMissing, FaultCode::Sender, Some(Subcode::InvalidSecurity)),
        (Refusal::BodyNotSigned, FaultCode::Sender, Some(Subcode::FailedCheck)),
        (Refusal::TokenMalformed, FaultCode::Sender, Some(Subcode::InvalidSecurityToken)),
        (Refusal::TokenReference, FaultCode::Sender, Some(Subcode::SecurityTokenUnavailable)),
        (Refusal::Replayed, FaultCode::Sender, Some(Subcode::FailedCheck)),
    ] {
        let fault = Fault::of(&refusal, "id", false, None);
        assert_eq!((fault.code, fault.subcode), (code, subcode), "{refusal:?}");
        assert_eq!(
            fault.cause.is_some(),
            subcode.is_none(),
            "a security cause is told in a sandbox alone: {refusal:?}"
        );
    }
}

#[test]
fn addressing_is_answered_when_it_was_used() {
    let (now, partner) = (testkit::instant(), identity(&testkit::pki::pki().partner));
    let headers = AddressingHeaders { action: "urn:a".into(), relates_to: Some("urn:uuid:1".into()) };
    let sealed = wss::seal(
        &partner,
        &wss::Sealing { addressing: Some(headers), ..wss::Sealing::default() },
        now,
        &mut testkit::rng(1),
        |w| {
            w.element("t", "urn:test", "Ping", "");
        },
    );
    let sealed = String::from_utf8(sealed.unwrap()).unwrap();
    let document = parse(&sealed);
    let opened =
        Received::read(&document).unwrap().verify(&POLICY, &test_anchors(), now).unwrap().into_answer();
    assert_eq!(opened.addressing().action.as_deref(), Some("urn:a"));
    // and they are signed
    let broken = sealed.replace(">urn:a<", ">urn:b<");
    assert!(matches!(crate::open(&broken, now), Err(Refusal::Signature(_))));
}

#[test]
fn every_way_to_name_our_certificate_is_read_back() {
    use wss::{KeyReference as K, Sealing};
    let now = testkit::instant();
    let partner = identity(&testkit::pki::pki().partner);
    let known = [partner.certificate().clone()];
    for (key_reference, carried, names) in [
        (K::BinarySecurityToken, true, "<wsse:Reference URI=\"#X509-"),
        (K::IssuerSerial, false, "<ds:X509IssuerSerial>"),
        (K::SubjectKeyIdentifier, false, "#X509SubjectKeyIdentifier\">"),
        (K::ThumbprintSha1, false, "#ThumbprintSHA1\">"),
    ] {
        let sealing = Sealing { key_reference, confirms: Some(b"request".to_vec()), ..Sealing::default() };
        let sealed = wss::seal(&partner, &sealing, now, &mut testkit::rng(1), |w| {
            w.element("t", "urn:test", "Ping", "bonjour");
        });
        let message = String::from_utf8(sealed.unwrap()).unwrap();
        assert!(message.contains(names), "{key_reference:?}: {message}");
        assert_eq!(message.contains("BinarySecurityToken"), carried, "{key_reference:?}");
        let document = crate::parse(&message);
        let mut received = Received::read(&document).unwrap();
        assert_eq!(received.certificate().is_some(), carried, "{key_reference:?}");
        received.select(&known, now).unwrap();
        let opened = received.verify(&crate::POLICY, &crate::test_anchors(), now).unwrap().into_answer();
        assert_eq!(opened.confirms(), Some(b"request".as_slice()), "{key_reference:?}");

        // a confirmation that was put in or changed after signing confirms nothing
        let (forged, other) = (message.replace("cmVxdWVzdA==", "b3RoZXI="), "<wsse:Security>");
        assert_ne!(forged, message);
        let document = crate::parse(&forged);
        let mut received = Received::read(&document).unwrap();
        received.select(&known, now).unwrap();
        assert!(received.verify(&crate::POLICY, &crate::test_anchors(), now).is_err(), "{key_reference:?}");
        let plain = crate::message("bonjour", now);
        let added = plain.replace(
            other,
            &format!("{other}<c:SignatureConfirmation xmlns:c=\"{}\" Value=\"AAAA\"/>", wss::ns::WSSE11),
        );
        let document = crate::parse(&added);
        let opened = Received::read(&document).unwrap();
        let opened = opened.verify(&crate::POLICY, &crate::test_anchors(), now).unwrap().into_answer();
        assert_eq!(opened.confirms(), None);
    }
}
