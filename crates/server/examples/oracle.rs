//! `cargo xtask oracle`: whether the time of an answer tells why a message did not decrypt (attack catalogue 37, 38).
//!
//! Sends each kind of broken message so many times, in random order, to a server in this process, and prints for each how its
//! times compare with those of the first kind: Welch's t, which beyond 4.5 either way is taken for a leak (Reparaz, Balasch and
//! Verbauwhede, "dude, is my code constant time?", 2017). The slowest tenth is left out: that is the machine.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that breaks has failed")]

#[path = "../tests/harness/mod.rs"]
#[expect(dead_code, reason = "what tests need and this does not")]
mod harness;

use std::time::Instant;

use rand::seq::SliceRandom as _;
use testkit::encrypted::broken;
use testkit::pki::pki;
use xmlsec::ContentCipher;

use harness::Harness;

/// Beyond it a difference is no noise.
const LEAK: f64 = 4.5;
const CREATION: &str = "<p:CreerDossierPA xmlns:p=\"urn:viatrajectoire:ws:pa:1\"><p:CreationDossier></p:CreationDossier></p:CreerDossierPA>";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds: usize = std::env::args().nth(1).map_or(2_000, |rounds| rounds.parse().unwrap());
    let harness = Harness::new().await;
    set_cbc(&harness).await;
    let mut leaks = 0;
    for cipher in ContentCipher::ALL {
        leaks += measure(&harness, cipher, rounds).await;
    }
    println!("{}", if leaks == 0 { "no difference beyond noise" } else { "DIFFERENCES beyond noise" });
    std::process::exit(i32::from(leaks > 0));
}

async fn set_cbc(harness: &Harness) {
    let set = harness.server.store().run("set", |tx| {
        Box::pin(async move {
            let application = tx.application_by_name("portail").await?.unwrap();
            let mut settings = application.settings;
            settings.set("cbc", "true").unwrap();
            tx.set_settings(application.id, &settings).await
        })
    });
    set.await.unwrap();
}

/// Prints a table; gives how many kinds differ.
async fn measure(harness: &Harness, cipher: ContentCipher, rounds: usize) -> usize {
    let kinds = broken(cipher, CREATION);
    let mut order: Vec<usize> = (0..kinds.len()).cycle().take(kinds.len() * rounds).collect();
    order.shuffle(&mut testkit::rng(1));
    let mut times = vec![Vec::with_capacity(rounds); kinds.len()];
    for kind in order {
        // CBC is only decrypted once the signature over its ciphertext held
        let message = if cipher.is_authenticated() {
            kinds[kind].in_place_of_the_body(&harness.message(&pki().partner, CREATION))
        } else {
            kinds[kind].after_the_signature(&harness.message(&pki().partner, &kinds[kind].data))
        };
        let started = Instant::now();
        let reply = harness.post("/ws/creation", "application/soap+xml; charset=utf-8", message).await;
        times[kind].push(started.elapsed().as_secs_f64() * 1e6);
        assert_eq!(reply.status.as_u16(), 500);
    }
    println!("{cipher:?}, {rounds} of each");
    let kept: Vec<Vec<f64>> = times.into_iter().map(without_slowest).collect();
    let mut leaks = 0;
    for (kind, times) in kinds.iter().zip(&kept) {
        let t = welch(&kept[0], times);
        let told = if t.abs() > LEAK { "differs" } else { "" };
        leaks += usize::from(t.abs() > LEAK);
        println!(
            "  {:<32} median {:>7.1} µs   mean {:>7.1} µs   t {t:>6.2}  {told}",
            kind.cause,
            times[times.len() / 2],
            mean(times)
        );
    }
    leaks
}

fn without_slowest(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    times.truncate(times.len() * 9 / 10);
    times
}

fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len() as f64
}

fn welch(one: &[f64], other: &[f64]) -> f64 {
    let of = |times: &[f64]| {
        let mean = mean(times);
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (times.len() - 1) as f64;
        (mean, variance / times.len() as f64)
    };
    let ((a, va), (b, vb)) = (of(one), of(other));
    if va + vb == 0.0 { 0.0 } else { (a - b) / (va + vb).sqrt() }
}
