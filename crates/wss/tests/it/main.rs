//! Public API of wss: messages of real stacks, messages broken on purpose, and what we write ourselves.

#![cfg(test)]

mod attacks;
mod bsp;
mod encryption;
mod explain;
mod guard;
mod keys;
mod refusals;
mod roundtrip;
mod saml;
mod tokens;
mod vectors;

use jiff::{SignedDuration, Timestamp};
use wss::{CertificateCheck, Freshness, Identity, Opened, Policy, Received, Refusal};
use xmlsec::{Certificate, Document, Limits, PathError, RevocationPolicy, SigningKey, TrustAnchors};

const POLICY: Policy = Policy {
    freshness: Freshness {
        max_age: SignedDuration::from_secs(300),
        clock_skew: SignedDuration::from_secs(60),
    },
    timestamp_required: true,
};

/// The identity of a test certificate.
fn identity(of: &testkit::pki::Identity) -> Identity {
    let certificate = Certificate::parse(&of.certificate_der).unwrap();
    Identity::new(SigningKey::from_pem(of.key_pem.as_bytes()).unwrap(), certificate).unwrap()
}

/// Trust in the test authority.
fn test_anchors() -> TrustAnchors {
    let ca = Certificate::from_pem(testkit::pki::pki().ca.certificate_pem.as_bytes()).unwrap();
    TrustAnchors::new(&ca, &[] as &[&[u8]], RevocationPolicy::UnknownAllowed).unwrap()
}

/// For vectors whose certificates are of other authorities: the path is not what they show.
struct BelieveAll;

impl CertificateCheck for BelieveAll {
    fn check(&self, _: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), PathError> {
        Ok(())
    }
}

fn parse(message: &str) -> Document {
    Document::parse(message.as_bytes(), &Limits::default()).unwrap()
}

/// Opens `message` at `now` with trust in the test authority, and gives what the Body holds.
fn open(message: &str, now: Timestamp) -> Result<String, Refusal> {
    open_with(message, &POLICY, &test_anchors(), now)
}

fn open_with(
    message: &str,
    policy: &Policy,
    trust: &impl CertificateCheck,
    now: Timestamp,
) -> Result<String, Refusal> {
    let document = Document::parse(message.as_bytes(), &Limits::default()).map_err(Refusal::Xml)?;
    let opened = Received::read(&document)?.verify(policy, trust, now)?.into_answer();
    Ok(body_text(&opened))
}

fn body_text(opened: &Opened<'_>) -> String {
    opened.body().children().map(|child| child.text().into_owned()).collect()
}

/// A message of `testkit`'s partner with one element in its Body.
fn message(text: &str, now: Timestamp) -> String {
    let partner = identity(&testkit::pki::pki().partner);
    let sealed = wss::seal(&partner, &wss::Sealing::default(), now, &mut testkit::rng(1), |w| {
        w.element("t", "urn:test", "Ping", text);
    });
    String::from_utf8(sealed.unwrap()).unwrap()
}

/// Messages that differ from a good one in what only the key's holder can tell: by cause.
fn broken_ciphertexts(cipher: xmlsec::ContentCipher) -> Vec<(&'static str, String)> {
    use xmlsec::{EncryptionKey, EncryptionSession, KeyTransport};
    let pki = testkit::pki::pki();
    let key = |of: &testkit::pki::Identity| {
        EncryptionKey::from_certificate(&Certificate::parse(&of.certificate_der).unwrap()).unwrap()
    };
    let seal = |content: &str, recipient: &EncryptionKey, change: &dyn Fn(&mut Vec<u8>)| {
        use base64::Engine as _;
        let base64 = base64::engine::general_purpose::STANDARD;
        let mut session = EncryptionSession::new(recipient, KeyTransport::OaepSha1, cipher).unwrap();
        let data = session.content("ED-1", content, None).unwrap().into_string();
        let value = data.split("<xenc:CipherValue>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let mut bytes = base64.decode(&value).unwrap();
        change(&mut bytes);
        let data = data.replace(&value, &base64.encode(bytes));
        let key = session.encrypted_key("EK-1", None).unwrap();
        let message = message("bonjour", testkit::instant());
        let start = message.find("<t:Ping").unwrap();
        let end = message.find("</soap:Body>").unwrap();
        format!("{}{data}{}", &message[..start], &message[end..]).replacen(
            "<wsse:Security>",
            &format!("<wsse:Security>{}", key.as_str()),
            1,
        )
    };
    let good = "<t:Ping xmlns:t=\"urn:test\">bonjour, bonjour, bonjour</t:Ping>";
    let (ours, other) = (key(&pki.server), key(&pki.second));
    vec![
        ("another key", seal(good, &other, &|_| {})),
        ("a wrong tag, or wrong padding", seal(good, &ours, &|bytes| *bytes.last_mut().unwrap() ^= 0xff)),
        ("a changed first block", seal(good, &ours, &|bytes| bytes[0] ^= 0xff)),
        (
            "text that is no XML",
            seal("<t:Ping xmlns:t=\"urn:test\">bonjour, bonjour, bonjour</t:Pong>", &ours, &|_| {}),
        ),
        (
            "an entity that nobody declared",
            seal("<t:Ping xmlns:t=\"urn:test\">&bonjour; bonjour</t:Ping>", &ours, &|_| {}),
        ),
        (
            "more that is encrypted",
            seal("<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"/>", &ours, &|_| {}),
        ),
    ]
}
