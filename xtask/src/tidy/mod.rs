//! `cargo xtask tidy`: the rules of the house that neither the compiler nor clippy knows. All findings are told at once.

mod arrows;
mod documents;
mod sources;
mod supply;
mod traces;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::guide;
use crate::shell::{cargo, command, output, root};

/// What breaks a rule, where, in one line.
type Findings = Vec<String>;

/// Runs every check.
pub(crate) fn run() -> Result<()> {
    let files = files()?;
    let mut findings = Findings::new();
    arrows::check(&metadata(&["--no-deps"])?, &mut findings);
    supply::check(&mut findings)?;
    sources::check(&files, &mut findings);
    traces::check(&files, &mut findings);
    documents::check(&files, &mut findings);
    findings.extend(guide::check().err().map(|error| format!("{error:#}")));
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy: {} findings; CONTRIBUTING.md tells the rules", findings.len());
    }
    println!("tidy: {} files, all in order", files.len());
    Ok(())
}

/// A text file of the repository: its path from the root, and what it holds.
struct Source {
    path: String,
    text: String,
}

/// Every text file that is, or would be, committed.
fn files() -> Result<Vec<Source>> {
    let listed =
        output(command("git").args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]))?;
    let mut files = Vec::new();
    for path in listed.split_terminator('\0') {
        // what was deleted but is not committed yet, and what is no text, is of no concern here
        let Ok(bytes) = std::fs::read(root().join(path)) else { continue };
        let Ok(text) = String::from_utf8(bytes) else { continue };
        files.push(Source { path: path.to_owned(), text });
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// What cargo knows of the workspace.
fn metadata(arguments: &[&str]) -> Result<Value> {
    let printed = output(cargo().args(["metadata", "--locked", "--format-version", "1"]).args(arguments))?;
    Ok(serde_json::from_str(&printed)?)
}
