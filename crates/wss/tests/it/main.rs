//! Public API of wss: messages of real stacks, messages broken on purpose, and what we write ourselves.

#![cfg(test)]

mod attacks;
mod broken;
mod bsp;
mod encryption;
mod explain;
mod generator;
mod guard;
mod keys;
mod live;
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
