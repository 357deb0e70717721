//! What we write follows `contract/pa.xsd`, by libxml2's validator.

use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use xmlsec::Writer;

use super::round_trip::requete;
use super::strategies::{creation, reponse};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract/pa.xsd");

/// Validates documents in one run of xmllint; what it says of those that break the schema.
pub(super) fn breaches(documents: &[String]) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..documents.len()).map(|n| directory.path().join(format!("{n}.xml"))).collect();
    for (file, document) in files.iter().zip(documents) {
        std::fs::write(file, document).unwrap();
    }
    let outcome = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema", SCHEMA])
        .args(&files)
        .output()
        .expect("xmllint is needed: cargo xtask install");
    (!outcome.status.success()).then(|| String::from_utf8_lossy(&outcome.stderr).into_owned())
}

/// The document that `encode` writes.
pub(super) fn written(encode: impl FnOnce(&mut Writer)) -> String {
    let mut w = Writer::new();
    encode(&mut w);
    w.finish().unwrap().into_string()
}

/// The first values of a strategy.
pub(super) fn values<S: Strategy>(strategy: &S, runner: &mut TestRunner, number: usize) -> Vec<S::Value> {
    (0..number).map(|_| strategy.new_tree(runner).unwrap().current()).collect()
}

#[test]
fn answers_follow_the_contract() {
    let documents: Vec<_> = values(&reponse(), &mut TestRunner::deterministic(), 100)
        .iter()
        .map(|answer| written(|w| answer.encode(w)))
        .collect();
    assert_eq!(breaches(&documents), None);
}

#[test]
fn requests_follow_the_contract() {
    let documents: Vec<_> = values(&creation(), &mut TestRunner::deterministic(), 100)
        .iter()
        .map(|creation| written(|w| requete(creation).encode(w)))
        .collect();
    assert_eq!(breaches(&documents), None);
}

#[test]
fn a_breach_is_noticed() {
    let document =
        "<CreerDossierPAResponse xmlns=\"urn:viatrajectoire:ws:pa:1\"><Response/></CreerDossierPAResponse>";
    let told = breaches(&[document.to_owned()]).unwrap();
    assert!(told.contains("Missing child element(s)"), "{told}");
}
