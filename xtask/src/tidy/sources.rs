//! Rules for each file by itself: its length, words that may not stand in it, what only one folder may hold.

use super::{Findings, Source};

const LONGEST: usize = 800;
const LONGEST_LIB: usize = 100;

/// What may not stand in any file. Written in pieces, so that this file may hold it.
const ANYWHERE: &[(&str, &str)] = &[
    (concat!("crates", ".io"), "no registry hosts"),
    (concat!("pypi", ".org"), "no registry hosts"),
    (concat!("files.", "pythonhosted"), "no registry hosts"),
    (concat!("registry", ".npmjs"), "no registry hosts"),
    (concat!("repo.maven", ".apache"), "no registry hosts"),
    (concat!("repo1.", "maven.org"), "no registry hosts"),
    (concat!("proxy.", "golang.org"), "no registry hosts"),
    (concat!("deb.", "debian.org"), "no registry hosts"),
    (concat!("/", "work/"), "no absolute paths of a machine"),
    (concat!("/", "root/"), "no absolute paths of a machine"),
    (concat!("/", "home/"), "no absolute paths of a machine"),
];

/// What may not stand in Rust.
const RUST: &[(&str, &str)] = &[
    (
        concat!("#[", "allow("),
        "#[expect(…, reason = \"…\")]: it says why, and goes when it is no longer true",
    ),
    (
        concat!("#![", "allow("),
        "#![expect(…, reason = \"…\")]: it says why, and goes when it is no longer true",
    ),
    (concat!("todo", "!("), "no stub"),
    (concat!("unimplemented", "!("), "no stub"),
    (concat!("TO", "DO"), "an issue, not a comment"),
    (concat!("FIX", "ME"), "an issue, not a comment"),
    (concat!("#[", "ignore"), "a test that does not run is no test"),
];

/// The database as another program sees it is what torture looks at, and what testkit's own test of a killed PostgreSQL does.
const SQL: &[&str] = &["crates/storage/", "torture/", "testkit/src/cluster.rs"];

/// What may stand in the Rust of one folder only.
const PLACES: &[(&str, &[&str], &str)] = &[
    (concat!("\"SEL", "ECT "), SQL, "only storage holds SQL"),
    (concat!("\"INS", "ERT INTO "), SQL, "only storage holds SQL"),
    (concat!("\"DEL", "ETE FROM "), SQL, "only storage holds SQL"),
    (concat!("\"UPD", "ATE "), SQL, "only storage holds SQL"),
    (concat!("\"PRA", "GMA "), SQL, "only storage holds SQL"),
    (concat!("Reader::from_", "str"), &["crates/xmlsec/"], "no second parser of the same message"),
    (
        concat!("clippy::disallowed", "_methods"),
        &[
            "crates/server/src/clock.rs",
            "crates/client/src/call.rs",
            "crates/client/src/liaison.rs",
            "crates/vtpa/",
            "testkit/",
            "torture/",
        ],
        "`now` is an argument; server::clock is the one place that reads the clock",
    ),
];

pub(super) fn check(files: &[Source], findings: &mut Findings) {
    for file in files {
        if !file.path.ends_with("Cargo.lock") {
            words(file, ANYWHERE, findings);
        }
        if file.path.ends_with(".rs") {
            rust(file, findings);
        }
        if file.path.ends_with("Cargo.toml")
            && file.path.contains('/')
            && !["fuzz/", "peers/"].iter().any(|own| file.path.starts_with(own))
        {
            manifest(file, findings);
        }
    }
}

fn rust(file: &Source, findings: &mut Findings) {
    let generated = file.text.lines().next().is_some_and(|line| line.contains("@generated"));
    let longest = if file.path.ends_with("src/lib.rs") { LONGEST_LIB } else { LONGEST };
    let lines = file.text.lines().count();
    if lines > longest && !generated {
        findings
            .push(format!("{}: {lines} lines, {longest} at most; what in it is another subject?", file.path));
    }
    words(file, RUST, findings);
    for (word, places, rule) in PLACES {
        // a test may look where the code may not
        let test = file.path.contains("/tests/") || file.path.contains("/examples/");
        if !test && !places.iter().any(|place| file.path.starts_with(place)) {
            words(file, &[(word, rule)], findings);
        }
    }
}

fn words(file: &Source, forbidden: &[(&str, &str)], findings: &mut Findings) {
    for (word, rule) in forbidden {
        for (number, _) in (1..).zip(file.text.lines()).filter(|(_, line)| line.contains(word)) {
            findings.push(format!("{}:{number}: {word:?}: {rule}", file.path));
        }
    }
}

fn manifest(file: &Source, findings: &mut Findings) {
    if !file.text.contains("[lints]\nworkspace = true") {
        findings.push(format!("{}: the lints of the workspace are not switched on", file.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Findings {
        let mut findings = Findings::new();
        check(&[Source { path: path.to_owned(), text: text.to_owned() }], &mut findings);
        findings
    }

    #[test]
    fn each_rule_finds_its_breach_and_nothing_else() {
        let allow = concat!("#[", "allow(dead_code)]");
        let sql = concat!("\"SEL", "ECT 1\"");
        let ignore = concat!("#[", "ignore = \"slow\"]");
        let host = concat!("https://crates", ".io");
        let long = "//\n".repeat(801);
        let table: &[(&str, &str, usize)] = &[
            ("crates/wss/src/open.rs", "fn open() {}", 0),
            ("crates/wss/src/open.rs", allow, 1),
            ("crates/wss/src/open.rs", ignore, 1),
            ("crates/wss/src/open.rs", &long, 1),
            ("crates/wss/src/lib.rs", &"//\n".repeat(101), 1),
            ("crates/dossier/src/tables.rs", &format!("// @generated\n{long}"), 0),
            ("crates/server/src/lib.rs", sql, 1),
            ("crates/storage/src/dossier.rs", sql, 0),
            ("README.md", host, 1),
            ("Cargo.lock", host, 0),
            ("crates/new/Cargo.toml", "[package]", 1),
        ];
        for (path, text, expected) in table {
            assert_eq!(findings(path, text).len(), *expected, "{path}: {:?}", findings(path, text));
        }
    }
}
