//! Documents that stay true: every path that ARCHITECTURE.md names exists, and so do the target of every link and every
//! test that docs/ and THREAT-MODEL.md name.

use std::collections::HashSet;

use super::{Findings, Source};
use crate::shell::root;

/// Endings by which a word without a slash is known to be a file.
const ENDINGS: &[&str] = &[".rs", ".md", ".toml", ".lock", ".py", ".json", ".xsd", ".wsdl"];

pub(super) fn check(files: &[Source], findings: &mut Findings) {
    let functions = functions(files);
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut in_code = false;
        for (number, line) in (1..).zip(file.text.lines()) {
            in_code ^= line.starts_with("```");
            for target in links(line).filter(|_| !in_code) {
                if !root().join(folder).join(target).exists() {
                    findings.push(format!("{}:{number}: the link {target} leads nowhere", file.path));
                }
            }
            // the operator's guide names keys and metrics, which tests of the server hold
            let tests = file.path.starts_with("docs/") && file.path != "docs/exploitation.md";
            if tests || file.path == "THREAT-MODEL.md" {
                for test in tests_named(line).filter(|test| !functions.contains(test)) {
                    findings.push(format!("{}:{number}: there is no test {test}", file.path));
                }
            }
            if file.path == "ARCHITECTURE.md" {
                for path in paths(line).filter(|path| !root().join(path).exists()) {
                    findings.push(format!("{}:{number}: {path} does not exist", file.path));
                }
            }
        }
    }
}

/// The names of all functions.
fn functions(files: &[Source]) -> HashSet<&str> {
    let rust = files.iter().filter(|file| file.path.ends_with(".rs"));
    let after = rust.flat_map(|file| file.text.split("fn ").skip(1));
    after.filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()).collect()
}

/// The tests in code spans: small letters with two underscores at the least, so that no field or option is taken for one.
fn tests_named(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2).filter(|span| {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        span.bytes().all(letter) && span.bytes().filter(|byte| *byte == b'_').count() >= 2
    })
}

/// The paths in code spans: words of path characters with a slash inside or at the end, or with a known ending. What begins with a
/// slash is a part of an address.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter(|span| {
        let shaped = span.contains('/') || ENDINGS.iter().any(|ending| span.ends_with(ending));
        let plain = span.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
        shaped && plain && !span.starts_with('/')
    })
}

/// The targets of links to other files of the repository.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_code_spans() {
        let line = "`crates/wss/src/open.rs` serves `POST /ws/creation` and `/acces`; `tidy` reads `deny.toml`, not `a::b` or `x*/y`";
        assert_eq!(paths(line).collect::<Vec<_>>(), ["crates/wss/src/open.rs", "deny.toml"]);
    }

    #[test]
    fn tests_in_code_spans() {
        let line = "| a | `one_thing_wrong` and `two_words`, `A_B_C`, `a/b_c_d`, `who_may_not_is_told` |";
        assert_eq!(tests_named(line).collect::<Vec<_>>(), ["one_thing_wrong", "who_may_not_is_told"]);
    }

    #[test]
    fn targets_of_links() {
        let line = "[a](docs/a.md#part), [b](https://example.org/b), [c](#here), ![d](d.png)";
        assert_eq!(links(line).collect::<Vec<_>>(), ["docs/a.md", "d.png"]);
    }
}
