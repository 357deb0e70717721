//! Encrypted requests and answers over HTTP: answered as they were asked, and no oracle.

use axum::http::StatusCode;
use server::config::ClientCertificates;
use server::{Config, Verdict, inspect};
use testkit::encrypted::broken;
use testkit::pki::{Identity, pki};
use wss::{DecryptAs, EncryptFor, EncryptionAlgorithms, Received, ReceivedFault, Sealing};
use xmlsec::{Certificate, ContentCipher, Document, EncryptionKey, EncryptionSession, KeyTransport, Limits};

use crate::Harness;
use crate::codes::creation_of;
use crate::faults::SOAP;
use crate::harness::{POLICY, anchors};

fn certificate(of: &Identity) -> Certificate {
    Certificate::parse(&of.certificate_der).unwrap()
}

fn encrypted(harness: &Harness, algorithms: EncryptionAlgorithms, operation: &str) -> String {
    let encryption = Some(EncryptFor::new(&certificate(&pki().server), algorithms).unwrap());
    harness.sealed(&pki().partner, &Sealing { encryption, ..Sealing::default() }, operation)
}

/// The same, encrypted before it is signed.
fn encrypted_first(harness: &Harness, cipher: ContentCipher, operation: &str) -> String {
    let recipient = EncryptionKey::from_certificate(&certificate(&pki().server)).unwrap();
    let mut session = EncryptionSession::new(&recipient, KeyTransport::OaepSha1, cipher).unwrap();
    let data = session.content("ED-1", operation, None).unwrap();
    let key = session.encrypted_key("EK-1", None).unwrap();
    let signed = harness.message(&pki().partner, data.as_str());
    signed.replacen("</wsse:Security>", &format!("{}</wsse:Security>", key.as_str()), 1)
}

/// How an answer was encrypted for the partner, and what it says: a code, or a fault's subcode.
fn read(answer: &[u8], now: jiff::Timestamp) -> (Option<EncryptionAlgorithms>, String) {
    let document = Document::parse(answer, &Limits::default()).unwrap();
    let received = Received::read(&document).unwrap();
    let ciphertext = received.ciphertext().cloned();
    let algorithms = ciphertext.as_ref().map(wss::Ciphertext::algorithms);
    let plain;
    let received = match &ciphertext {
        Some(found) => {
            let partner = DecryptAs::from_pem(certificate(&pki().partner), pki().partner.key_pem.as_bytes());
            plain = found.decrypt(Some(&partner.unwrap()), true, &Limits::default()).unwrap();
            Received::decrypted(&plain).unwrap()
        }
        None => received,
    };
    let opened = received.verify(&POLICY, &anchors(), now).unwrap().into_answer();
    let said = match ReceivedFault::read(opened.body()) {
        Some(fault) => fault.subcode.unwrap_or(fault.code),
        None => {
            let code = opened.body().descendants().find(|element| element.local_name() == "Code");
            code.map(|code| code.text().into_owned()).unwrap_or_default()
        }
    };
    (algorithms, said)
}

#[tokio::test]
async fn an_answer_is_encrypted_as_its_request_was() {
    let harness = Harness::new().await;
    let mut asked = vec![None];
    for transport in KeyTransport::ALL {
        for cipher in [ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm] {
            asked.push(Some(EncryptionAlgorithms { transport, cipher }));
        }
    }
    for algorithms in asked {
        for (operation, said) in [(creation_of("usager-1"), "999"), ("<autre/>".to_owned(), "Sender")] {
            let request = match algorithms {
                Some(algorithms) => encrypted(&harness, algorithms, &operation),
                None => harness.message(&pki().partner, &operation),
            };
            assert_eq!(algorithms.is_some(), !request.contains("usager-1") && !request.contains("<autre"));
            let reply = harness.post("/ws/creation", SOAP, request).await;
            assert_eq!(read(&reply.body, harness.now()), (algorithms, said.to_owned()));
        }
    }
    assert_eq!(harness.dossiers().await, 5);
}

#[tokio::test]
async fn an_application_may_have_every_answer_encrypted() {
    let harness = Harness::new().await;
    harness.set(&[("encrypt", "always")]).await;
    for (operation, said) in [(creation_of("u"), "999"), ("<autre/>".to_owned(), "Sender")] {
        let reply = harness.post("/ws/creation", SOAP, harness.message(&pki().partner, &operation)).await;
        assert_eq!(
            read(&reply.body, harness.now()),
            (Some(EncryptionAlgorithms::default()), said.to_owned())
        );
    }
}

#[tokio::test]
async fn a_caller_who_cannot_read_an_encrypted_answer_is_refused_and_changes_nothing() {
    let harness = Harness::new().await;
    harness.register("elliptique", &pki().ec, storage::Rights::ALL).await;
    let encryption =
        Some(EncryptFor::new(&certificate(&pki().server), EncryptionAlgorithms::default()).unwrap());
    let request = harness.sealed(&pki().ec, &Sealing { encryption, ..Sealing::default() }, &creation_of("u"));
    let reply = harness.post("/ws/creation", SOAP, request).await;
    assert_eq!(read(&reply.body, harness.now()), (None, "FailedCheck".to_owned()));
    assert_eq!(harness.dossiers().await, 0);
    let reply = harness.post("/ws/creation", SOAP, harness.message(&pki().ec, &creation_of("u"))).await;
    assert_eq!(read(&reply.body, harness.now()), (None, "999".to_owned()));
}

#[tokio::test]
async fn cbc_is_for_who_is_registered_so_and_known_before_anything_is_decrypted() {
    let cbc = EncryptionAlgorithms { transport: KeyTransport::OaepSha1, cipher: ContentCipher::Aes256Cbc };
    // each row: registered with cbc, whose TLS connection, encrypted before it was signed, what comes of it
    let rows = [
        ("true", None, true, "999"),
        ("true", None, false, "UnsupportedAlgorithm"),
        ("true", Some(&pki().partner), false, "999"),
        ("true", Some(&pki().partner), true, "999"),
        ("true", Some(&pki().second), false, "UnsupportedAlgorithm"),
        ("false", Some(&pki().partner), false, "UnsupportedAlgorithm"),
        ("false", None, true, "UnsupportedAlgorithm"),
    ];
    for (registered, connection, first, expected) in rows {
        let harness =
            Harness::with(|config| config.tls.client_certificates = ClientCertificates::Optional).await;
        harness.register("autre", &pki().second, storage::Rights::ALL).await;
        harness.set(&[("cbc", registered)]).await;
        let message = if first {
            encrypted_first(&harness, cbc.cipher, &creation_of("u"))
        } else {
            encrypted(&harness, cbc, &creation_of("u"))
        };
        let (now, address) = (harness.now(), harness.server.address());
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let Harness { server, directory, .. } = harness;
        let call = async {
            let answer = crate::tls::post(address, connection, &message).await.unwrap();
            stop.send(true).unwrap();
            answer
        };
        let ((), answer) = tokio::join!(server.run(stopped), call);
        let (answered, said) = read(&answer, now);
        assert_eq!(said, expected, "cbc={registered}, encrypted first: {first}");
        assert_eq!(answered, (said == "999").then_some(cbc));
        drop(directory);
    }
}

/// A fault with what differs from one to the next by design written over: Ids, references, signature.
fn without_ids(answer: &[u8]) -> String {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let changing = ["Reference", "SignatureValue", "DigestValue"];
    let nodes = document.root().descendants().filter(|node| changing.contains(&node.local_name()));
    let mut secrets: Vec<String> = nodes.map(|node| node.text().into_owned()).collect();
    let body = document.root().child(wss::ns::SOAP, "Body").unwrap();
    let id = body.attribute(wss::ns::WSU, "Id").unwrap();
    secrets.push(id.trim_start_matches("B-").to_owned());
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text, |text, secret| text.replace(secret.as_str(), "…"))
}

/// Attack catalogue 37, 38.
#[tokio::test]
async fn whatever_does_not_decrypt_is_answered_by_the_same_bytes() {
    for sandbox in [false, true] {
        let harness = Harness::with(|config| config.sandbox = sandbox).await;
        harness.set(&[("cbc", "true")]).await;
        for cipher in ContentCipher::ALL {
            let mut answers = Vec::new();
            for broken in broken(cipher, &creation_of("u")) {
                let message = if cipher.is_authenticated() {
                    broken.in_place_of_the_body(&harness.message(&pki().partner, &creation_of("u")))
                } else {
                    broken.after_the_signature(&harness.message(&pki().partner, &broken.data))
                };
                let reply = harness.post("/ws/creation", SOAP, message).await;
                assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
                let (_, said) = read(&reply.body, harness.now());
                assert_eq!(said, "FailedCheck", "{cipher:?}: {}", broken.cause);
                answers.push((broken.cause, without_ids(&reply.body)));
            }
            let (_, first) = answers[0].clone();
            for (cause, answer) in answers {
                assert_eq!(answer, first, "{cipher:?}: {cause}");
            }
        }
        assert_eq!(harness.dossiers().await, 0);
        harness.ask(&creation_of("u")).await;
    }
}

#[tokio::test]
async fn an_encrypted_message_is_received_once_however_it_is_wrapped() {
    let harness = Harness::new().await;
    let algorithms = EncryptionAlgorithms::default();
    let first = encrypted(&harness, algorithms, &creation_of("u"));
    let reply = harness.post("/ws/creation", SOAP, first.clone()).await;
    assert_eq!(read(&reply.body, harness.now()).1, "999");
    let reply = harness.post("/ws/creation", SOAP, first).await;
    assert_eq!(read(&reply.body, harness.now()), (Some(algorithms), "FailedCheck".to_owned()), "sent again");
    assert_eq!(harness.dossiers().await, 1);
}

#[tokio::test]
async fn inspect_tells_of_encryption_what_can_be_told() {
    let harness = Harness::new().await;
    let config = Config::load(&harness.directory.path().join("vtpa.toml")).unwrap();
    let (good, rsa_15) = ("rsa-oaep-mgf1p", "rsa-1_5");
    let message = || encrypted(&harness, EncryptionAlgorithms::default(), &creation_of("u"));
    for (case, message, verdict, id) in [
        ("right", message(), Verdict::Held, None),
        (
            "encrypted first",
            encrypted_first(&harness, ContentCipher::Aes128Gcm, &creation_of("u")),
            Verdict::Held,
            None,
        ),
        ("RSA 1.5", message().replace(good, rsa_15), Verdict::Failed, Some("VTPA-SEC-081")),
        ("another's", message().replace("CN=", "CN=x"), Verdict::Failed, Some("VTPA-SEC-083")),
        ("a changed key", change_value(&message()), Verdict::Failed, Some("VTPA-SEC-084")),
    ] {
        let inspection =
            inspect(&config, harness.server.store(), message.as_bytes(), harness.now()).await.unwrap();
        let check = inspection.checks.iter().find(|check| check.name == "encryption").unwrap();
        assert_eq!((check.verdict, check.explanation), (verdict, id), "{case}: {:?}", check.found);
        assert_eq!(inspection.accepted(), verdict == Verdict::Held, "{case}");
    }
}

/// Another first character of the wrapped key.
fn change_value(message: &str) -> String {
    let at = message.find("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len();
    let other = if message[at..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &message[..at], &message[at + 1..])
}
