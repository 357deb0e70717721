//! `docs/guide-partenaire.md`: every code block is a part of an interop driver's client, which the tests run. `cargo xtask guide`
//! writes the blocks anew, `cargo xtask tidy` fails where one is another than its source.
//!
//! ```text
//! docs/guide-partenaire.md                        interop/php/ViaTrajectoire.php
//! <!-- code: interop/php/ViaTrajectoire.php#signer -->   ◀──   // [guide: signer] … // [/guide]
//! ```

use anyhow::{Context, Result, bail};

use crate::shell::root;

const GUIDE: &str = "docs/guide-partenaire.md";
const BEGIN: &str = "<!-- code: ";
const END: &str = "<!-- /code -->";

/// Writes the guide's blocks.
pub(crate) fn write() -> Result<()> {
    let file = root().join(GUIDE);
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(&file, filled(&text)?)?;
    Ok(())
}

/// Whether the guide shows what the drivers are.
pub(crate) fn check() -> Result<()> {
    let text = std::fs::read_to_string(root().join(GUIDE))?;
    if filled(&text)? != text {
        bail!("{GUIDE}: a block is not what its driver is; `cargo xtask guide` writes them");
    }
    Ok(())
}

/// The text with every block as its source is now.
fn filled(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (source, after) = after.split_once(" -->\n").context("a code mark that does not end")?;
        let (_, after) =
            after.split_once(END).with_context(|| format!("no {END} after the mark of {source}"))?;
        let (path, name) = source.split_once('#').with_context(|| format!("{source} names no part"))?;
        let file =
            std::fs::read_to_string(root().join(path)).with_context(|| format!("cannot read {path}"))?;
        let part = part(&file, name).with_context(|| format!("{path} has no part {name}"))?;
        out.push_str(&format!("{before}{BEGIN}{source} -->\n```{}\n{part}```\n{END}", language(path)));
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// What stands between `[guide: name]` and `[/guide]`, without the indentation of its first line.
fn part(file: &str, name: &str) -> Option<String> {
    let mark = format!("[guide: {name}]");
    let lines: Vec<&str> = file
        .lines()
        .skip_while(|line| !line.contains(&mark))
        .skip(1)
        .take_while(|line| !line.contains("[/guide]"))
        .collect();
    let first = lines.first()?;
    let indentation = first.len() - first.trim_start().len();
    let cut = |line: &&str| {
        let blank = line.len() - line.trim_start().len();
        format!("{}\n", line.get(indentation.min(blank)..).unwrap_or_default())
    };
    Some(lines.iter().map(cut).collect())
}

fn language(path: &str) -> &str {
    match path.rsplit('.').next() {
        Some("py") => "python",
        Some("mjs") => "js",
        Some("hpp") => "cpp",
        Some(other) => other,
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_out_without_its_indentation() {
        let file = "x\n    // [guide: one]\n    a\n      b\n\n    c\n    // [/guide]\ny\n";
        assert_eq!(part(file, "one").as_deref(), Some("a\n  b\n\nc\n"));
        assert_eq!(part(file, "two"), None);
    }
}
