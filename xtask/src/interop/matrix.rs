//! The matrix of README: which stack does which operation in which profile, as the last whole run of `cargo xtask interop` saw it.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Stack;
use super::expect::Profile;
use crate::shell::root;

/// The operations' steps, as they end in every profile.
const OPERATIONS: [&str; 3] = ["create", "consult", "token"];
const BEGIN: &str = "<!-- written by `cargo xtask interop` -->\n";
const END: &str = "<!-- end -->";

/// What one stack showed.
pub(crate) struct Row {
    stack: &'static Stack,
    /// Name and version, as the driver tells them.
    version: String,
    passed: Vec<&'static str>,
}

impl Row {
    pub(super) fn new(stack: &'static Stack, result: &Value) -> Self {
        let version = result["stack"].as_str().unwrap_or(stack.name).to_owned();
        Self { stack, version, passed: Vec::new() }
    }

    pub(super) fn record(&mut self, step: &'static str, passed: bool) {
        if passed {
            self.passed.push(step);
        }
    }

    fn has(&self, step: &str) -> bool {
        self.passed.contains(&step)
    }

    /// The operations that passed in a profile, or the number of the note that says why it cannot.
    fn cell(&self, profile: Profile, notes: &mut Vec<String>) -> String {
        if let Some((_, why)) = self.stack.cannot.iter().find(|(other, _)| *other == profile) {
            let note = format!("{}, {}: {why}", self.stack.name, profile.title());
            notes.push(note);
            return format!("– ({})", notes.len());
        }
        let prefix = match profile {
            Profile::X509 => "",
            Profile::Saml => "saml_",
            Profile::Encrypted => "encrypted_",
        };
        let passed = OPERATIONS.iter().filter(|operation| self.has(&format!("{prefix}{operation}"))).count();
        if passed == OPERATIONS.len() {
            "create, consult, token".to_owned()
        } else {
            format!("{passed} of 3")
        }
    }
}

/// The matrix as Markdown.
pub(super) fn table(rows: &[Row]) -> String {
    let mut notes = Vec::new();
    let titles = Profile::ALL.map(Profile::title).join(" | ");
    let mut text = format!(
        "| stack | {titles} | reads a signed fault | refuses falsified answers |\n|---|---|---|---|---|---|\n"
    );
    for row in rows {
        let cells = Profile::ALL.map(|profile| row.cell(profile, &mut notes)).join(" | ");
        let falsified = ["tampered_answer", "wrapped_answer", "unsigned_answer", "bare_answer", "bare_fault"];
        let refused = falsified.iter().filter(|step| row.has(step)).count();
        let fault = if row.has("fault") { "yes" } else { "no" };
        text.push_str(&format!(
            "| {} ({}) | {cells} | {fault} | {refused} of {} |\n",
            row.stack.name,
            row.version,
            falsified.len()
        ));
    }
    for (at, note) in notes.iter().enumerate() {
        text.push_str(&format!("\n({}) {note}", at + 1));
        text.push_str(if at + 1 == notes.len() { "\n" } else { "  " });
    }
    text
}

/// Writes it into README.
pub(super) fn write(rows: &[Row]) -> Result<()> {
    let file = root().join("README.md");
    let text = std::fs::read_to_string(&file)?;
    let (before, _, after) = parts(&text)?;
    std::fs::write(&file, format!("{before}{BEGIN}{}{END}{after}", table(rows)))?;
    Ok(())
}

/// Whether README tells what this run saw.
pub(crate) fn is_told(rows: &[Row]) -> Result<()> {
    let text = std::fs::read_to_string(root().join("README.md"))?;
    let (_, told, _) = parts(&text)?;
    // a distribution's security update must not fail the build
    ensure!(
        without_versions(told) == without_versions(&table(rows)),
        "README's matrix is another than this run's; `cargo xtask interop` writes it:\n{}",
        table(rows)
    );
    Ok(())
}

/// The table without what stands in parentheses in its first column.
fn without_versions(table: &str) -> String {
    let line = |line: &str| match (line.find(" ("), line.find(") |")) {
        (Some(start), Some(end)) if line.starts_with("| ") && start < end => {
            format!("{}{}\n", line.get(..start).unwrap_or_default(), line.get(end + 1..).unwrap_or_default())
        }
        _ => format!("{line}\n"),
    };
    table.lines().map(line).collect()
}

fn parts(text: &str) -> Result<(&str, &str, &str)> {
    let (before, rest) = text.split_once(BEGIN).context("README.md has no place for the matrix")?;
    let (told, after) = rest.split_once(END).context("README.md has no end of the matrix")?;
    Ok((before, told, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_and_not_compared() {
        let told = "| stack | X.509 |\n| zeep (zeep 4.3.3) | create – (1) |\n\n(1) zeep: why\n";
        assert_eq!(without_versions(told), "| stack | X.509 |\n| zeep | create – (1) |\n\n(1) zeep: why\n");
    }
}
