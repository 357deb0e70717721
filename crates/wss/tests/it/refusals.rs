//! Every cause of refusal, by a message that is right but for one thing.

use jiff::SignedDuration;
use wss::{Name, Refusal};
use xmlsec::VerifyError;

use crate::{identity, message, open, test_anchors};

type Break = fn(&str) -> String;

/// Cuts `element` (an exact start, to its end tag) out of a message.
fn without(message: &str, start: &str, end: &str) -> String {
    let from = message.find(start).unwrap();
    let to = message[from..].find(end).unwrap() + from + end.len();
    format!("{}{}", &message[..from], &message[to..])
}

fn element<'m>(message: &'m str, start: &str, end: &str) -> &'m str {
    let from = message.find(start).unwrap();
    let to = message[from..].find(end).unwrap() + from + end.len();
    &message[from..to]
}

fn timestamp(message: &str) -> &str {
    element(message, "<wsu:Timestamp", "</wsu:Timestamp>")
}

#[test]
fn the_message_that_the_others_are_made_of_is_accepted() {
    let now = testkit::instant();
    assert_eq!(open(&message("é < & \u{1F600}", now), now), Ok("é < & \u{1F600}".to_owned()));
}

#[test]
fn one_thing_wrong_is_refused_for_that_thing() {
    let now = testkit::instant();
    let good = message("bonjour", now);
    let cases: &[(&str, Break, Refusal)] = &[
        ("SOAP 1.1", |m| m.replace(wss::ns::SOAP, wss::ns::SOAP_11), Refusal::Soap11),
        ("another root", |m| m.replace("soap:Envelope", "soap:Enveloppe"), Refusal::NotAnEnvelope),
        ("no Body", |m| m.replace("soap:Body", "soap:Corps"), Refusal::EnvelopeShape),
        (
            "a second Body",
            |m| {
                m.replace(
                    "</soap:Envelope>",
                    &format!("{}</soap:Envelope>", element(m, "<soap:Body", "</soap:Body>")),
                )
            },
            Refusal::EnvelopeShape,
        ),
        ("no Security", |m| without(m, "<wsse:Security>", "</wsse:Security>"), Refusal::SecurityMissing),
        (
            "Security for another role",
            |m| m.replace("<wsse:Security>", "<wsse:Security soap:role=\"urn:other\">"),
            Refusal::SecurityMissing,
        ),
        (
            "two Security headers",
            |m| m.replace("</soap:Header>", "<wsse:Security></wsse:Security></soap:Header>"),
            Refusal::SecurityTwice,
        ),
        (
            "an unknown header that must be understood",
            |m| {
                m.replace(
                    "<soap:Header>",
                    "<soap:Header><x:Y xmlns:x=\"urn:x\" soap:mustUnderstand=\"true\"/>",
                )
            },
            Refusal::NotUnderstood(vec![Name { namespace: "urn:x".into(), local: "Y".into() }]),
        ),
        (
            "an answer wanted elsewhere",
            |m| {
                m.replace(
                    "<soap:Header>",
                    "<soap:Header><ReplyTo xmlns=\"http://www.w3.org/2005/08/addressing\"><Address>https://evil.example</Address></ReplyTo>",
                )
            },
            Refusal::Addressing { header: "ReplyTo" },
        ),
        (
            "a comment in Created",
            |m| m.replace("<wsu:Created>20", "<wsu:Created>20<!-- -->"),
            Refusal::CommentInSecurity,
        ),
        (
            "an unknown element in Security",
            |m| m.replace("</wsse:Security>", "<wsse:UsernameToken/></wsse:Security>"),
            Refusal::UnexpectedInSecurity { local: "UsernameToken".into() },
        ),
        (
            "two Timestamps",
            |m| m.replace("</wsse:Security>", &format!("{}</wsse:Security>", timestamp(m))),
            Refusal::UnexpectedInSecurity { local: "Timestamp".into() },
        ),
        ("no Timestamp", |m| m.replace(timestamp(m), ""), Refusal::TimestampMissing),
        (
            "two Created",
            |m| m.replace("<wsu:Expires>", "<wsu:Created>2026-11-20T09:00:00Z</wsu:Created><wsu:Expires>"),
            Refusal::TimestampMalformed,
        ),
        (
            "Created without zone",
            |m| m.replace("Z</wsu:Created>", "</wsu:Created>"),
            Refusal::TimestampMalformed,
        ),
        (
            "Expires before Created",
            |m| m.replace(element(m, "<wsu:Expires>", "</"), "<wsu:Expires>2020-01-01T00:00:00Z</"),
            Refusal::TimestampReversed,
        ),
        ("no Signature", |m| without(m, "<ds:Signature ", "</ds:Signature>"), Refusal::SignatureMissing),
        (
            "two Signatures",
            |m| {
                let signature = element(m, "<ds:Signature ", "</ds:Signature>").to_owned();
                m.replace("</wsse:Security>", &format!("{signature}</wsse:Security>"))
            },
            Refusal::SignatureTwice,
        ),
        (
            "the Body's Id given to a header too",
            |m| {
                let id = element(m, "wsu:Id=\"B-", "\">").trim_end_matches('>');
                m.replace("<soap:Header>", &format!("<soap:Header><x {id}/>"))
            },
            Refusal::DuplicateId,
        ),
        ("no KeyInfo", |m| without(m, "<ds:KeyInfo>", "</ds:KeyInfo>"), Refusal::KeyInfoForm),
        (
            "KeyName instead of a token",
            |m| {
                let reference =
                    element(m, "<wsse:SecurityTokenReference", "</wsse:SecurityTokenReference>").to_owned();
                m.replace(&reference, "<ds:KeyName>partner</ds:KeyName>")
            },
            Refusal::KeyInfoForm,
        ),
        ("a reference to no token", |m| m.replace("URI=\"#X509-", "URI=\"#Y509-"), Refusal::TokenReference),
        (
            "a reference outside the message",
            |m| m.replace("URI=\"#X509-", "URI=\"http://evil.example/X509-"),
            Refusal::TokenReference,
        ),
        ("a token that is no certificate", |m| m.replace(">MII", ">AAA"), Refusal::TokenMalformed),
        (
            "a token of an unknown kind",
            |m| {
                m.replace("#X509v3\" wsu:Id", "#X509v9\" wsu:Id")
                    .replace("#X509v3\"></wsse:Reference>", "#X509v9\"></wsse:Reference>")
            },
            Refusal::TokenMalformed,
        ),
    ];
    for (name, break_it, expected) in cases {
        let broken = break_it(&good);
        assert_ne!(broken, good, "{name}: the case changes nothing");
        assert_eq!(open(&broken, now).as_ref(), Err(expected), "{name}");
    }
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let now = testkit::instant();
    let good = message("bonjour", now);
    let cases: [(&str, String); 4] = [
        ("the Body's text", good.replace("bonjour", "bonsoir")),
        ("white space in the Body", good.replace("><Ping", ">\n<Ping").replace("><t:Ping", ">\n<t:Ping")),
        ("Created", good.replacen("09:00:00.000Z", "09:00:00.001Z", 1)),
        ("a namespace used in the Body", good.replace("urn:test", "urn:autre")),
    ];
    for (name, broken) in cases {
        assert_ne!(broken, good, "{name}: the case changes nothing");
        let refused = open(&broken, now);
        assert!(
            matches!(refused, Err(Refusal::Signature(VerifyError::DigestValue { .. }))),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn the_clock_decides() {
    let now = testkit::instant();
    for (offset, expected) in [
        (0, None),
        (299, None),
        (-60, None),
        (301, Some(Refusal::TimestampTooOld { by: 301 })),
        (-61, Some(Refusal::TimestampInFuture { by: 61 })),
    ] {
        let at = now + SignedDuration::from_secs(offset);
        assert_eq!(
            open(&message("bonjour", now), at).err(),
            expected,
            "read {offset} s after it was written"
        );
    }
}

#[test]
fn the_certificate_decides() {
    let now = testkit::instant();
    let pki = testkit::pki::pki();
    for signer in [&pki.expired, &pki.wrong_ca, &pki.not_yet_valid, &pki.no_signature_usage] {
        let Ok(message) =
            wss::seal(&identity(signer), &wss::Sealing::default(), now, &mut testkit::rng(1), |w| {
                w.element("t", "urn:test", "Ping", "bonjour");
            })
        else {
            continue;
        };
        let refused =
            crate::open_with(&String::from_utf8(message).unwrap(), &crate::POLICY, &test_anchors(), now);
        assert!(matches!(refused, Err(Refusal::Certificate(_))), "{}: {refused:?}", signer.name);
    }
}
