//! Canonicalisation byte for byte as libxml2 does it, over documents made by chance. Fails where python3 or libxml2
//! is missing: an oracle that is silent proves nothing.
//!
//! `XMLSEC_DIFFERENTIAL=20000 cargo test -p xmlsec differential` is the long form.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::support::generate::{self, Chance};
use xmlsec::{Canonicalization, Document, Limits, Node, canonicalize};

struct Oracle {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Oracle {
    fn new() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/xmlsec/support/oracle.py");
        let mut child = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed, with the library libxml2.so.2 (Debian: python3, libxml2)");
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    fn canonical(
        &mut self,
        text: &str,
        apex: usize,
        omit: usize,
        how: &Canonicalization<'_>,
    ) -> Option<Vec<u8>> {
        let Canonicalization { with_comments, prefixes } = how;
        let line =
            format!("{apex} {omit} {} {} {}\n", u8::from(*with_comments), text.len(), prefixes.join(" "));
        self.stdin.write_all(line.as_bytes()).unwrap();
        self.stdin.write_all(text.as_bytes()).unwrap();
        self.stdin.flush().unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let length: i64 = line.trim().parse().expect("the oracle died: is libxml2.so.2 there?");
        let mut form = vec![0; usize::try_from(length).ok()?];
        self.stdout.read_exact(&mut form).unwrap();
        Some(form)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn libxml2_canonicalises_alike() {
    let documents: u64 = std::env::var("XMLSEC_DIFFERENTIAL").map_or(2000, |number| number.parse().unwrap());
    let mut oracle = Oracle::new();
    let (mut compared, mut refused) = (0, 0);
    for seed in 0..documents {
        let mut chance = Chance::new(seed);
        let text = generate::document(&mut chance);
        let document = Document::parse(text.as_bytes(), &Limits::default())
            .unwrap_or_else(|e| panic!("{seed}: {e}\n{text}"));
        let elements: Vec<Node<'_>> = document.root().descendants().collect();
        for _ in 0..3 {
            let apex = if chance.one_in(3) { 0 } else { chance.below(elements.len()) };
            let within: Vec<usize> = (0..elements.len())
                .filter(|other| elements[*other].is_descendant_of(elements[apex]))
                .collect();
            let omit = if within.is_empty() || chance.one_in(2) {
                None
            } else {
                Some(within[chance.below(within.len())])
            };
            let mut prefixes: Vec<&str> = (0..chance.below(4))
                .map(|_| chance.pick(&["a", "b", "c", "Z", "é", "#default", "unknown", "xml", "ab"]))
                .collect();
            if chance.one_in(2) {
                prefixes.clear();
            }
            let how = Canonicalization { with_comments: chance.one_in(2), prefixes: &prefixes };
            let mut own = Vec::new();
            let result = canonicalize(elements[apex], &how, omit.map(|at| elements[at]), &mut own);
            let theirs = oracle.canonical(&text, apex + 1, omit.map_or(0, |at| at + 1), &how);
            let case = || format!("seed {seed}, element {apex}, without {omit:?}, {how:?}\n{text}");
            match (result, theirs) {
                (Ok(()), Some(theirs)) => {
                    compared += 1;
                    assert_eq!(String::from_utf8_lossy(&own), String::from_utf8_lossy(&theirs), "{}", case());
                }
                (Err(_), None) => refused += 1,
                (Ok(()), None) => panic!("libxml2 refuses {}", case()),
                (Err(error), Some(_)) => panic!("libxml2 takes what we refuse ({error}): {}", case()),
            }
        }
    }
    println!("{documents} documents: {compared} canonical forms alike, {refused} refused by both");
    assert!(compared > documents && refused > 0);
}
