//! What the nomenclatures cost: `cargo run --release -p dossier --example nomenclatures`.
//!
//! Issue 5: loaded in 50 ms and 15 MB at most, looked up without allocation.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a tool for the developer at a terminal")]

use std::time::{Duration, Instant};

use dossier::nomenclature::{self, Assemblage, NomTable, Nomenclatures};

/// The built-in table of communes, as it lies in the executable.
const COMMUNES: &str = include_str!("../src/nomenclature/tables/communes.txt");

fn main() {
    let rows: Vec<(&str, &str)> =
        COMMUNES.lines().skip(1).map(|line| line.split_once('\t').unwrap_or((line, ""))).collect();

    let before = resident();
    let begun = Instant::now();
    let built_in = Nomenclatures::default();
    let entries: usize = NomTable::TOUTES.into_iter().map(|table| table.origine().entrees).sum();
    tell("built in: every entry of every table read once", begun.elapsed(), before);
    println!("{entries:>13} entries");

    let before = resident();
    let begun = Instant::now();
    let found = rows.iter().filter(|(code, _)| built_in.commune(code).is_some()).count();
    tell("built in: every commune looked up", begun.elapsed(), before);
    println!("{:>10} ns a look-up", each(begun.elapsed(), found));

    let before = resident();
    let begun = Instant::now();
    let mut assemblage = Assemblage::default();
    rows.iter().for_each(|(code, label)| assemblage.ajouter(NomTable::Commune, code, label));
    assemblage.ajouter(NomTable::Commune, "01999", "Valromey-Neuf");
    let imported = assemblage.nomenclatures();
    tell("imported: a whole R13 laid over the built-in one", begun.elapsed(), before);
    println!("{:>13} bytes kept", imported.octets());
    let begun = Instant::now();
    let found = rows.iter().filter(|(code, _)| imported.commune(code).is_some()).count();
    println!("{:>10} ns a look-up", each(begun.elapsed(), found));
    assert!(imported.commune("01999").is_some() && nomenclature::commune("01999").is_none());
}

fn each(time: Duration, count: usize) -> u128 {
    time.as_nanos() / (count.max(1) as u128)
}

fn tell(what: &str, time: Duration, before: u64) {
    let more = resident().saturating_sub(before);
    println!("{:>10.3} ms  {more:>6} KiB more resident  {what}", time.as_secs_f64() * 1e3);
}

/// Resident memory in KiB, by Linux's account.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells of itself in /proc");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS is in it");
    line.split_ascii_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number of KiB")
}
