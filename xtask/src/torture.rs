//! `cargo xtask torture`: the campaigns of torture/, which break what a server stands on.

use std::path::Path;

use anyhow::Result;

use crate::seams;
use crate::shell::{command, executables, root, run as execute};
use crate::test::Tally;

/// The seed of the short form, so that two runs of one commit try the same.
const SEED: &str = "6";

/// Debian packages by which campaigns break things and look at what is left.
const PACKAGES: &[&str] = &["strace", "faketime", "sqlite3", "postgresql", "postgresql-client"];

/// As the command line says: a campaign or all of them, the fail seams before them; long unless `--short` is said.
///
/// The long form runs what operators run: a faster server is at more things when it is killed.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    crate::install::debian(PACKAGES)?;
    if arguments == ["seams"] {
        return seams::run()?.close();
    }
    // before the build: a debug build of vtpa would otherwise be the one that has them
    let seams = if names_none(arguments) { seams::run()? } else { Tally::default() };
    let mut build =
        vec!["build", "--package", "vtpa", "--package", "torture", "--bin", "vtpa", "--bin", "torture"];
    if !arguments.contains(&"--short") {
        build.push("--release");
    }
    let [vtpa, torture] = executables(&build, [("bin", "vtpa"), ("bin", "torture")])?;
    execute(campaigns(&torture, &vtpa).args(arguments))?;
    if names_none(arguments) { seams.close() } else { Ok(()) }
}

/// Whether no campaign is named, nor help asked for: then all run.
fn names_none(arguments: &[&str]) -> bool {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "--short" => {}
            "--seed" | "--dossiers" | "--on" => {
                arguments.next();
            }
            _ => return false,
        }
    }
    true
}

/// The short form of all, as a part of `cargo xtask test`. Each campaign tells its verdict itself.
pub(crate) fn short(torture: &Path, vtpa: &Path) -> Result<Tally> {
    let mut tally = Tally::default();
    let verdict = execute(campaigns(torture, vtpa).args(["--short", "--seed", SEED]));
    tally.record("every campaign, short", verdict);
    Ok(tally)
}

fn campaigns(torture: &Path, vtpa: &Path) -> std::process::Command {
    let mut campaigns = command(torture);
    campaigns.arg("--vtpa").arg(vtpa).arg("--folder").arg(root().join("target/xtask/torture"));
    campaigns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_run_where_no_campaign_is_named() {
        for (arguments, all) in [
            (&[][..], true),
            (&["--seed", "4711", "--short"], true),
            (&["--dossiers", "10", "--on", "sqlite"], true),
            (&["kill"], false),
            (&["--seed", "4711", "kill"], false),
            (&["--help"], false),
        ] {
            assert_eq!(names_none(arguments), all, "{arguments:?}");
        }
    }
}
