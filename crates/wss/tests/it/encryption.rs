//! Encrypted messages: read in either order of work, refused by what can be seen, and silent about the rest.

use jiff::Timestamp;
use wss::{
    AssertionRules, Confirmation, DecryptAs, EncryptFor, EncryptionAlgorithms, Opened, Order, Received,
    Refusal, Sealing, UserAssertion,
};
use xmlsec::{
    Certificate, ContentCipher, Decrypted, Document, EncryptionKey, EncryptionSession, KeyTransport, Limits,
};

use crate::{POLICY, body_text, identity, parse, test_anchors};

fn certificate(of: &testkit::pki::Identity) -> Certificate {
    Certificate::parse(&of.certificate_der).unwrap()
}

/// Who reads.
fn server() -> DecryptAs {
    let server = &testkit::pki::pki().server;
    DecryptAs::from_pem(certificate(server), server.key_pem.as_bytes()).unwrap()
}

fn for_server(algorithms: EncryptionAlgorithms) -> EncryptFor {
    EncryptFor::new(&certificate(&testkit::pki::pki().server), algorithms).unwrap()
}

pub(crate) fn gcm() -> EncryptionAlgorithms {
    EncryptionAlgorithms::default()
}

/// Signed, then encrypted.
pub(crate) fn signed_first(algorithms: EncryptionAlgorithms, assertion: Option<UserAssertion>) -> String {
    let partner = identity(&testkit::pki::pki().partner);
    let encryption = Some(for_server(algorithms));
    let sealing = Sealing { assertion, encryption, ..Sealing::default() };
    let sealed = wss::seal(&partner, &sealing, testkit::instant(), &mut testkit::rng(1), |w| {
        w.element("t", "urn:test", "Ping", "le thé & le lait");
    });
    String::from_utf8(sealed.unwrap()).unwrap()
}

/// Encrypted, then signed.
pub(crate) fn encrypted_first(algorithms: EncryptionAlgorithms) -> String {
    let partner = identity(&testkit::pki::pki().partner);
    let recipient = EncryptionKey::from_certificate(&certificate(&testkit::pki::pki().server)).unwrap();
    let mut session = EncryptionSession::new(&recipient, algorithms.transport, algorithms.cipher).unwrap();
    let data =
        session.content("ED-1", "<t:Ping xmlns:t=\"urn:test\">le thé &amp; le lait</t:Ping>", None).unwrap();
    let key = session.encrypted_key("EK-1", None).unwrap();
    let sealed = wss::seal(&partner, &Sealing::default(), testkit::instant(), &mut testkit::rng(1), |w| {
        w.fragment(&data);
    });
    let sealed = String::from_utf8(sealed.unwrap()).unwrap();
    sealed.replacen("</wsse:Security>", &format!("{}</wsse:Security>", key.as_str()), 1)
}

pub(crate) fn assertion(confirmation: Confirmation) -> UserAssertion {
    UserAssertion {
        confirmation,
        name_id: "agent-7".to_owned(),
        authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified".to_owned(),
        attributes: vec![("Authentification_Mode".to_owned(), "INDIRECTE".to_owned())],
    }
}

/// What a receiver does: decrypts and verifies in the order of the message, then gives the verified message to `then`.
pub(crate) fn read<T>(message: &str, cbc: bool, then: impl FnOnce(&Opened<'_>) -> T) -> Result<T, Refusal> {
    read_by(&server(), message, cbc, testkit::instant(), then)
}

fn read_by<T>(
    own: &DecryptAs,
    message: &str,
    cbc: bool,
    now: Timestamp,
    then: impl FnOnce(&Opened<'_>) -> T,
) -> Result<T, Refusal> {
    let document = Document::parse(message.as_bytes(), &Limits::default()).map_err(Refusal::Xml)?;
    let received = Received::read(&document)?;
    let found = received.ciphertext().cloned();
    fn decrypt<'d>(
        found: &wss::Ciphertext<'d>,
        own: &DecryptAs,
        cbc: bool,
    ) -> Result<Decrypted<'d>, Refusal> {
        found.decrypt(Some(own), cbc, &Limits::default())
    }
    let plain;
    let unspent = match &found {
        None => received.verify(&POLICY, &test_anchors(), now)?,
        Some(found) if found.order() == Order::SignedFirst => {
            plain = decrypt(found, own, cbc)?;
            Received::decrypted(&plain)?.verify(&POLICY, &test_anchors(), now)?
        }
        Some(found) => {
            let unspent = received.verify(&POLICY, &test_anchors(), now)?;
            plain = decrypt(found, own, cbc)?;
            unspent.decrypted(&plain)?
        }
    };
    let rules = AssertionRules {
        required: false,
        unsigned_allowed: false,
        check_structure: false,
        audience: "urn:test:audience",
        recipients: &[],
        clock_skew: POLICY.freshness.clock_skew,
        application: &[],
        issuers: &[],
    };
    let opened = unspent.with_assertion(&rules, &test_anchors(), now)?.into_answer();
    Ok(then(&opened))
}

#[test]
fn every_algorithm_in_either_order_reads_back() {
    for transport in KeyTransport::ALL {
        for cipher in ContentCipher::ALL {
            let algorithms = EncryptionAlgorithms { transport, cipher };
            let cbc = !cipher.is_authenticated();
            for (order, message) in [
                (Order::SignedFirst, signed_first(algorithms, None)),
                (Order::EncryptedFirst, encrypted_first(algorithms)),
            ] {
                assert!(!message.contains("lait"));
                let document = parse(&message);
                let received = Received::read(&document).unwrap();
                let found = received.ciphertext().unwrap();
                assert_eq!((found.order(), found.algorithms()), (order, algorithms));
                let text = read(&message, cbc, body_text);
                assert_eq!(text.as_deref(), Ok("le thé & le lait"), "{algorithms:?} {order:?}");
            }
        }
    }
}

#[test]
fn an_assertion_is_encrypted_with_the_body_and_believed_as_ever() {
    for confirmation in
        [Confirmation::None, Confirmation::Bearer, Confirmation::SenderVouches, Confirmation::HolderOfKey]
    {
        let message = signed_first(gcm(), Some(assertion(confirmation)));
        assert!(!message.contains("agent-7") && !message.contains("saml:Assertion"), "{message}");
        let name = read(&message, false, |opened| {
            opened.assertion().map(|assertion| (assertion.name_id().to_owned(), assertion.confirmation()))
        });
        assert_eq!(name, Ok(Some(("agent-7".to_owned(), confirmation))));
    }
}

#[test]
fn an_encrypted_message_looks_as_wss4j_s() {
    let mut shape = String::new();
    for part in signed_first(gcm(), Some(assertion(Confirmation::Bearer))).split_inclusive('>') {
        match part.split_once('<') {
            Some((text, tag)) if text.len() > 40 => shape.push_str(&format!("[…]<{tag}")),
            _ => shape.push_str(part),
        }
    }
    insta::assert_snapshot!(shape.replace("><", ">\n<"));
}

#[test]
fn a_body_that_was_signed_as_ciphertext_is_read_as_what_it_stands_for_and_nothing_else() {
    let message = encrypted_first(gcm());
    // the signature is over the ciphertext: another one in its place is refused before anything is decrypted
    let other = encrypted_first(gcm());
    let data = |message: &str| {
        let start = message.find("<xenc:EncryptedData").unwrap();
        message[start..message.find("</soap:Body>").unwrap()].to_owned()
    };
    let swapped = message.replace(&data(&message), &data(&other));
    assert!(matches!(read(&swapped, false, body_text), Err(Refusal::Signature(_))));
    // what was decrypted of one message serves no other
    let (document, second) = (parse(&message), parse(&other));
    let limits = Limits::default();
    let plain = {
        let received = Received::read(&second).unwrap();
        received.ciphertext().unwrap().decrypt(Some(&server()), false, &limits).unwrap()
    };
    let unspent =
        Received::read(&document).unwrap().verify(&POLICY, &test_anchors(), testkit::instant()).unwrap();
    assert_eq!(unspent.decrypted(&plain).unwrap_err(), Refusal::Decryption);
}

#[test]
fn an_encrypted_assertion_is_not_vouched_for_by_a_signature_over_its_ciphertext() {
    // encrypted first: Body and assertion, then signed over the Body's ciphertext
    let partner = identity(&testkit::pki::pki().partner);
    let recipient = EncryptionKey::from_certificate(&certificate(&testkit::pki::pki().server)).unwrap();
    for (confirmation, believed) in [(Confirmation::Bearer, true), (Confirmation::SenderVouches, false)] {
        let plain = {
            let sealing = Sealing { assertion: Some(assertion(confirmation)), ..Sealing::default() };
            let sealed = wss::seal(&partner, &sealing, testkit::instant(), &mut testkit::rng(2), |_| {});
            String::from_utf8(sealed.unwrap()).unwrap()
        };
        let plain = parse(&plain);
        let node = plain.root().descendants().find(|node| node.is(wss::ns::SAML, "Assertion")).unwrap();
        let mut session =
            EncryptionSession::new(&recipient, KeyTransport::OaepSha1, ContentCipher::Aes128Gcm).unwrap();
        let hidden = session.node("EA-1", node, None).unwrap();
        let data = session.content("ED-1", "<t:Ping xmlns:t=\"urn:test\"/>", None).unwrap();
        let key = session.encrypted_key("EK-1", None).unwrap();
        let sealed =
            wss::seal(&partner, &Sealing::default(), testkit::instant(), &mut testkit::rng(3), |w| {
                w.fragment(&data);
            });
        let end = format!("{}{}</wsse:Security>", key.as_str(), hidden.as_str());
        let message = String::from_utf8(sealed.unwrap()).unwrap().replacen("</wsse:Security>", &end, 1);
        let seen = read(&message, false, |opened| opened.assertion().is_some());
        assert_eq!(seen, if believed { Ok(true) } else { Err(Refusal::AssertionNotCovered) });
    }
}

#[test]
fn what_can_be_seen_without_a_key_is_refused_by_name() {
    let shape = |what| Refusal::EncryptionShape { what };
    let misplaced = shape("EncryptedData belongs into the Body, alone, or in the assertion's place");
    let unnamed = shape("EncryptedData that no EncryptedKey of wsse:Security names");
    let listless = shape("an EncryptedKey needs a ReferenceList that names EncryptedData of the message");
    let key_info = shape("KeyInfo of EncryptedData must refer to the EncryptedKey in wsse:Security");
    let malformed = shape("EncryptedKey or EncryptedData is not as XML Encryption has it");
    let whole = shape("the Body's content is encrypted as a whole or not at all");
    let plain = signed_first(gcm(), None);
    let cut = |from: &str, to: &str| {
        let start = plain.find(from).unwrap();
        let end = start + plain[start..].find(to).unwrap() + to.len();
        format!("{}{}", &plain[..start], &plain[end..])
    };
    let data = |message: &str| {
        let start = message.find("<xenc:EncryptedData").unwrap();
        message[start..message.find("</soap:Body>").unwrap()].to_owned()
    };
    let second = data(&plain).replace("Id=\"ED-", "Id=\"EX-");
    let rsa_15 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
    for (case, message, expected) in [
        ("no EncryptedKey", cut("<xenc:EncryptedKey", "</xenc:EncryptedKey>"), unnamed.clone()),
        ("no ReferenceList", cut("<xenc:ReferenceList", "</xenc:ReferenceList>"), listless.clone()),
        ("a list that names the Body", plain.replace("URI=\"#ED-", "URI=\"#B-"), listless.clone()),
        ("a list that names nothing", plain.replace("URI=\"#ED-", "URI=\"#XX-"), listless.clone()),
        (
            "the same data twice in the list",
            plain.replacen("<xenc:DataReference", &format!("{}<xenc:DataReference", &reference(&plain)), 1),
            misplaced.clone(),
        ),
        (
            "a second EncryptedData deep in a header",
            plain.replacen("<soap:Header>", &format!("<soap:Header><x>{second}</x>"), 1),
            misplaced.clone(),
        ),
        (
            "an encrypted header",
            plain.replacen("<soap:Header>", &format!("<soap:Header>{second}"), 1),
            shape("an encrypted header"),
        ),
        ("an element beside the data", plain.replacen("</soap:Body>", "<x/></soap:Body>", 1), whole.clone()),
        ("text beside the data", plain.replacen("</soap:Body>", "x</soap:Body>", 1), whole),
        ("the data of another key", plain.replace("URI=\"#EK-", "URI=\"#EX-"), key_info),
        ("no CipherData", cut("<xenc:CipherData", "</xenc:CipherData>"), malformed.clone()),
        (
            "a CipherReference",
            plain.replace("<xenc:CipherValue>", "<xenc:CipherReference URI='http://x'/><xenc:CipherValue>"),
            malformed,
        ),
        (
            "RSA 1.5",
            plain.replace("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", rsa_15),
            Refusal::EncryptionAlgorithm,
        ),
        (
            "Triple DES",
            plain.replace(
                "http://www.w3.org/2009/xmlenc11#aes256-gcm",
                "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
            ),
            Refusal::EncryptionAlgorithm,
        ),
        (
            "parameters of OAEP",
            plain.replacen("<ds:DigestMethod", "<xenc:OAEPparams>AQ==</xenc:OAEPparams><ds:DigestMethod", 1),
            Refusal::EncryptionAlgorithm,
        ),
        (
            "AES-CBC that nothing allows",
            signed_first(EncryptionAlgorithms { cipher: ContentCipher::Aes256Cbc, ..gcm() }, None),
            Refusal::EncryptionCbc,
        ),
    ] {
        assert_eq!(read(&message, false, body_text).unwrap_err(), expected, "{case}");
    }
}

/// The first DataReference of a message.
fn reference(message: &str) -> String {
    let start = message.find("<xenc:DataReference").unwrap();
    let end = start + message[start..].find("</xenc:DataReference>").unwrap() + "</xenc:DataReference>".len();
    message[start..end].to_owned()
}

#[test]
fn a_message_for_another_certificate_is_told_so() {
    let pki = testkit::pki::pki();
    let message = signed_first(gcm(), None);
    let other = DecryptAs::from_pem(certificate(&pki.second), pki.second.key_pem.as_bytes()).unwrap();
    let now = testkit::instant();
    assert_eq!(read_by(&other, &message, false, now, body_text).unwrap_err(), Refusal::EncryptionRecipient);
    let document = parse(&message);
    let received = Received::read(&document).unwrap();
    let keyless = received.ciphertext().unwrap().decrypt(None, false, &Limits::default());
    assert_eq!(keyless.unwrap_err(), Refusal::EncryptionRecipient);
    assert!(EncryptFor::new(&certificate(&pki.ec), gcm()).is_err(), "nothing is encrypted for an EC key");
    assert!(DecryptAs::from_pem(certificate(&pki.ec), pki.ec.key_pem.as_bytes()).is_err());
}

#[test]
fn what_a_key_decides_is_one_refusal() {
    for cipher in ContentCipher::ALL {
        for broken in testkit::encrypted::broken(cipher, "<t:Ping xmlns:t=\"urn:test\">bonjour</t:Ping>") {
            let message = broken.in_place_of_the_body(&crate::message("bonjour", testkit::instant()));
            let refused = read(&message, true, body_text).unwrap_err();
            assert_eq!(refused, Refusal::Decryption, "{cipher:?}: {}", broken.cause);
        }
    }
}

#[test]
fn after_decryption_every_cause_is_of_one_class() {
    use wss::Subcode;
    for (refusal, before) in [
        (Refusal::TimestampTooOld { by: 900 }, Subcode::MessageExpired),
        (Refusal::BodyNotSigned, Subcode::FailedCheck),
        (Refusal::AssertionDirect, Subcode::FailedAuthentication),
    ] {
        assert_eq!(refusal.subcode(), Some(before));
        let id = refusal.explanation_id();
        let after = refusal.after_decryption();
        assert_eq!((after.subcode(), after.explanation_id()), (Some(Subcode::FailedCheck), id));
    }
}
