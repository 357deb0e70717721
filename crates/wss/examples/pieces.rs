//! Where the microseconds of one request go: `cargo run --release -p wss --example pieces`.
//!
//! Prints the mean of many rounds per step. Figures hold for this machine and this minute; ratios to the RSA
//! signature of the same run are what to compare.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measuring tool: it prints, and fails loudly"
)]

use std::hint::black_box;
use std::time::Instant;

use jiff::SignedDuration;
use wss::{Freshness, Identity, Policy, Received};
use xmlsec::{Certificate, Document, Limits, RevocationPolicy, SignatureMethod, SigningKey, TrustAnchors};

const ROUNDS: u32 = 3000;

fn measure<T>(name: &str, mut work: impl FnMut() -> T) {
    for _ in 0..ROUNDS / 10 {
        black_box(work());
    }
    let started = Instant::now();
    for _ in 0..ROUNDS {
        black_box(work());
    }
    println!("{name:<44} {:>8.2} µs", started.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
}

fn main() {
    let pki = testkit::pki::pki();
    let now = testkit::instant();
    let key = || SigningKey::from_pem(pki.partner.key_pem.as_bytes()).unwrap();
    let identity = Identity::new(key(), Certificate::parse(&pki.partner.certificate_der).unwrap()).unwrap();
    let ca = Certificate::from_pem(pki.ca.certificate_pem.as_bytes()).unwrap();
    let anchors = TrustAnchors::new(&ca, &[] as &[&[u8]], RevocationPolicy::UnknownAllowed).unwrap();
    let policy = Policy {
        freshness: Freshness { max_age: SignedDuration::from_secs(300), clock_skew: SignedDuration::ZERO },
        timestamp_required: true,
    };
    let mut rng = testkit::rng(1);
    let mut seal = |length: usize| {
        let text = "é<&x".repeat(length / 4);
        wss::seal(&identity, &wss::Sealing::default(), now, &mut rng, |w| {
            w.element("", "urn:test", "Ping", &text);
        })
        .unwrap()
    };
    let message = seal(200);
    println!("request of {} bytes", message.len());

    let signer = key();
    measure("RSA-2048 signature, alone", || signer.sign(SignatureMethod::RsaSha256, b"x").unwrap());
    measure("parse the document", || Document::parse(&message, &Limits::default()).unwrap());
    let document = Document::parse(&message, &Limits::default()).unwrap();
    measure("read: shape, token, certificate", || Received::read(&document).unwrap());
    measure("certificate: parse", || Certificate::parse(&pki.partner.certificate_der).unwrap());
    let certificate = Certificate::parse(&pki.partner.certificate_der).unwrap();
    measure("certificate: path", || anchors.verify(&certificate, &[], now).unwrap());
    let received = Received::read(&document).unwrap();
    measure("verify: path, signature, digests, freshness", || {
        received.clone().verify(&policy, &anchors, now).unwrap().into_answer()
    });
    measure("seal an answer of 5.5 kB", || seal(4000));
}
