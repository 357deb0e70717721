//! The audit trail: a transaction that is begun says in its own text what it traces, or why it traces nothing.

use super::{Findings, Source};

/// Where transactions are begun in production.
const PLACES: &[&str] = &["crates/server/src/", "crates/storage/src/", "crates/vtpa/src/"];

/// One of them stands in the transaction: it traces, hands the trace or its actor on, or says why it does not trace.
const SAID: &[&str] = &["trace", "acteur"];

const RULE: &str = "a transaction traces what it does (tx.trace), or says why not (tx.untraced(\"…\"))";

pub(super) fn check(files: &[Source], findings: &mut Findings) {
    for file in files {
        let test = file.path.contains("/tests") || file.path.ends_with("/essai.rs");
        if file.path.ends_with(".rs") && !test && PLACES.iter().any(|place| file.path.starts_with(place)) {
            source(file, findings);
        }
    }
}

fn source(file: &Source, findings: &mut Findings) {
    // tests stand last in a file
    let production = file.text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String = production
        .lines()
        .map(|line| if line.trim_start().starts_with("//") { "\n".to_owned() } else { format!("{line}\n") })
        .collect();
    for (at, begin) in code.match_indices(".run(") {
        let call = &code[at + begin.len()..];
        if !call.trim_start().starts_with('"') {
            continue; // something else that runs
        }
        let call = arguments(call);
        if !SAID.iter().any(|word| call.contains(word)) {
            let line = code[..at].matches('\n').count() + 1;
            findings.push(format!("{}:{line}: {RULE}", file.path));
        }
    }
}

/// Up to the parenthesis that closes the one before.
fn arguments(text: &str) -> &str {
    let (mut depth, mut quoted, mut escaped) = (1_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_without_a_word_on_the_trail_is_found() {
        let silent = "store.run(\"cancel (all)\", |tx| Box::pin(async move { tx.cancel(id).await }))";
        let traced =
            "store.run(\"cancel\", |tx| Box::pin(async move { tx.cancel(id).await?; tx.trace(t).await }))";
        let excused = "store\n    .run(\"purge\", |tx| { tx.untraced(\"over by itself\"); tx.purge() })";
        let later = format!("{silent};\ntx.trace(t)");
        let table: &[(&str, &str, usize)] = &[
            ("crates/server/src/web/a.rs", silent, 1),
            ("crates/server/src/web/a.rs", &later, 1),
            ("crates/vtpa/src/commands/a.rs", &format!("{traced};\n{silent}"), 1),
            ("crates/server/src/web/a.rs", traced, 0),
            ("crates/storage/src/a.rs", excused, 0),
            ("crates/storage/src/a.rs", &format!("/// {silent}"), 0),
            ("crates/storage/src/a.rs", &format!("#[cfg(test)]\nmod tests {{ {silent} }}"), 0),
            ("crates/server/src/web/tests/a.rs", silent, 0),
            ("crates/server/src/web/a.rs", "command.run(cli.command)", 0),
        ];
        for (path, text, expected) in table {
            let mut findings = Findings::new();
            check(&[Source { path: (*path).to_owned(), text: (*text).to_owned() }], &mut findings);
            assert_eq!(findings.len(), *expected, "{path}: {text}: {findings:?}");
        }
    }
}
