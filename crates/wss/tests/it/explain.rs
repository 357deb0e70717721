//! Explanations: every cause has one, every one has a cause, and it speaks of the stack that sent the message.

use std::collections::BTreeSet;

use wss::explain::{ALL, explanation, stack};
use wss::{Policy, Refusal};
use xmlsec::{C14nError, DigestMethod, KeyError, PathError, SignatureMethod, VerifyError};

use crate::{BelieveAll, POLICY, message, open, open_with, parse};

/// Every cause there is.
fn refusals() -> Vec<Refusal> {
    use PathError as P;
    use VerifyError as V;
    let xml = xmlsec::Document::parse(b"<a", &xmlsec::Limits::default()).unwrap_err();
    let mut all = vec![
        Refusal::Xml(xml),
        Refusal::NotAnEnvelope,
        Refusal::Soap11,
        Refusal::EnvelopeShape,
        Refusal::NotUnderstood(Vec::new()),
        Refusal::Addressing { header: "To" },
        Refusal::SecurityMissing,
        Refusal::SecurityTwice,
        Refusal::CommentInSecurity,
        Refusal::UnexpectedInSecurity { local: "x".into() },
        Refusal::DuplicateId,
        Refusal::TimestampMissing,
        Refusal::TimestampMalformed,
        Refusal::TimestampReversed,
        Refusal::TimestampInFuture { by: 1 },
        Refusal::TimestampTooOld { by: 1 },
        Refusal::TimestampExpired { by: 1 },
        Refusal::CreatedBeforeRestart,
        Refusal::SignatureMissing,
        Refusal::SignatureTwice,
        Refusal::BodyNotSigned,
        Refusal::TimestampNotSigned,
        Refusal::KeyInfoForm,
        Refusal::TokenReference,
        Refusal::TokenUnknown,
        Refusal::TokenMalformed,
        Refusal::Replayed,
        Refusal::TlsCertificateMissing,
        Refusal::TlsCertificateOfAnother,
        Refusal::AssertionMissing,
        Refusal::AssertionMisplaced,
        Refusal::AssertionMalformed { what: "ID" },
        Refusal::AssertionUnsigned,
        Refusal::AssertionSignature(V::Shape),
        Refusal::AssertionKey,
        Refusal::AssertionCertificate(P::Expired),
        Refusal::AssertionSigner,
        Refusal::AssertionIssuer,
        Refusal::AssertionNotCovered,
        Refusal::AssertionHolder,
        Refusal::AssertionConfirmation,
        Refusal::AssertionInFuture { by: 1 },
        Refusal::AssertionTooOld { by: 1 },
        Refusal::AssertionConditions,
        Refusal::AssertionAudience,
        Refusal::AssertionDirect,
        Refusal::AssertionReplayed,
        Refusal::AssertionStructure,
    ];
    all.extend(
        [
            V::OtherDocument,
            V::Shape,
            V::Algorithm,
            V::CanonicalizationMethod,
            V::SignatureMethodUnknown,
            V::SignatureMethodNotAllowed(SignatureMethod::RsaSha256),
            V::DigestMethodUnknown,
            V::DigestMethodNotAllowed(DigestMethod::Sha256),
            V::TransformNotAllowed,
            V::TooManyReferences,
            V::TooManyPrefixes,
            V::ReferenceUri,
            V::Value,
            V::Key(KeyError::Absent),
            V::KeyDoesNotFit,
            V::SignatureValue,
            V::UnknownId,
            V::AmbiguousId,
            V::DereferenceFailed,
            V::DigestValue { position: 0 },
            V::C14n(C14nError::RelativeNamespace),
        ]
        .map(Refusal::Signature),
    );
    all.extend([
        Refusal::EncryptionShape { what: "an encrypted header" },
        Refusal::EncryptionAlgorithm,
        Refusal::EncryptionCbc,
        Refusal::EncryptionRecipient,
        Refusal::Decryption,
        Refusal::EncryptionAnswer,
    ]);
    all.extend(
        [
            P::UnknownIssuer,
            P::Expired,
            P::NotYetValid,
            P::Revoked,
            P::RevocationUnknown,
            P::RevocationListExpired,
            P::KeyUsage,
            P::ExtendedKeyUsage,
            P::BasicConstraints,
            P::NameConstraints,
            P::Algorithm,
            P::Signature,
            P::TooComplex,
            P::Malformed,
        ]
        .map(Refusal::Certificate),
    );
    all
}

#[test]
fn every_cause_has_an_explanation_and_every_explanation_a_cause() {
    let refusals = refusals();
    let causes = refusals.iter().map(Refusal::explanation_id);
    let reached: BTreeSet<&str> = causes.chain(wss::near_miss_ids()).collect();
    let listed: Vec<&str> = ALL.iter().map(|one| one.id).collect();
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), listed, "in order, each once");
    assert!(ALL.len() >= 40, "{}", ALL.len());
    for refusal in &refusals {
        assert_eq!(refusal.explanation().id, refusal.explanation_id());
    }
    for one in ALL {
        assert!(one.meaning.ends_with('.') && one.remedy.ends_with('.'), "{}: whole sentences", one.id);
        assert!(!one.title.is_empty() && !one.title.ends_with('.'), "{}", one.id);
        assert_eq!(explanation(&one.id.to_lowercase()), Some(one));
        for (stack, how) in one.stacks {
            assert!(!stack.is_empty() && how.len() > 10, "{}", one.id);
        }
    }
    assert_eq!(explanation("VTPA-SEC-999"), None);
}

/// The stack by its own recorded message, and the words that its developer needs to read.
#[test]
fn the_remedy_speaks_of_the_stack_that_sent_the_message() {
    macro_rules! vector {
        ($file:literal) => {
            include_str!(concat!("../vectors/", $file, ".xml"))
        };
    }
    let now = "2026-11-24T02:29:30Z".parse().unwrap();
    let lenient = Policy { timestamp_required: false, ..POLICY };
    for (message, sender, id, words) in [
        (
            vector!("zeep_BinarySignature_default"),
            "zeep",
            "VTPA-SEC-031",
            "signature_method=xmlsec.Transform.RSA_SHA256",
        ),
        (vector!("zeep_Signature_default"), "zeep", "VTPA-SEC-031", "digest_method="),
        (vector!("php_wse_default_sha1"), "PHP", "VTPA-SEC-031", "XMLSecurityKey::RSA_SHA256"),
        (vector!("php_wse_rsa256_digest_sha1"), "PHP", "VTPA-SEC-032", "xmlenc#sha256"),
        (vector!("node_soap_soap11_on_soap12_wsdl"), "node-soap", "VTPA-SEC-003", "forceSoap12Headers: true"),
    ] {
        assert_eq!(stack(&parse(message)), Some(sender));
        let refusal = open_with(message, &lenient, &BelieveAll, now).unwrap_err();
        let explanation = refusal.explanation();
        assert_eq!(explanation.id, id, "{sender}: {refusal}");
        let remedy = explanation.remedy_for(Some(sender));
        assert!(remedy.contains(words), "{sender}: {remedy}");
    }
    for message in [
        vector!("node_soap_WSSecurityCert_default"),
        vector!("php_wse_sha256"),
        vector!("zeep_BinarySignature_sha256"),
    ] {
        assert!(stack(&parse(message)).is_some());
    }
    // ours is nobody's
    assert_eq!(stack(&parse(&message("bonjour", now))), None);
}

#[test]
fn a_body_that_was_changed_is_told_so() {
    let now = testkit::instant();
    let changed = message("bonjour", now).replace("bonjour", "bonsoir");
    let refusal = open(&changed, now).unwrap_err();
    assert_eq!(refusal.explanation().id, "VTPA-SEC-038");
    assert!(refusal.explanation().meaning.contains("pretty-printing"));
}

/// Messages of the stacks' own live runs, by the beginning of the file's name.
#[test]
fn each_stack_is_known_by_its_habits() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/live");
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let expected = match file.split('-').next().unwrap() {
            "cxf" => "CXF",
            "gsoap" => "gSOAP",
            "node" => "node-soap",
            "php" => "PHP",
            "zeep" => "zeep",
            // a stack whose habits are not told apart yet
            _ => continue,
        };
        let message = std::fs::read_to_string(&path).unwrap();
        assert_eq!(stack(&parse(&message)), Some(expected), "{file}");
        seen.insert(expected);
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}
