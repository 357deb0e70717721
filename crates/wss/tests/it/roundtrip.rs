//! What we write is what we read, and what others can.

use wss::{AddressingHeaders, Fault, FaultCode, Received, ReceivedFault, Refusal, Subcode};

use crate::{POLICY, identity, message, parse, test_anchors};

#[test]
fn a_sealed_message_looks_as_every_stack_reads_it() {
    let sealed = message("bonjour", testkit::instant());
    // the certificate and what the key makes of the rest are long and say nothing here
    let mut short = String::new();
    for part in sealed.split_inclusive('>') {
        match part.split_once('<') {
            Some((text, tag)) if text.len() > 100 => {
                short.push_str(&format!("[{} characters]<{tag}", text.len()))
            }
            _ => short.push_str(part),
        }
    }
    insta::assert_snapshot!(short.replace("><", ">\n<"));
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
