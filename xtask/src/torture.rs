//! `cargo xtask torture`: the campaigns of torture/, which break what a server stands on.

use std::path::Path;

use anyhow::Result;

use crate::shell::{command, executables, root, run as execute};
use crate::test::Tally;

/// The seed of the short form, so that two runs of one commit try the same.
const SEED: &str = "6";

/// Debian packages by which campaigns break things and look at what is left.
const PACKAGES: &[&str] = &["strace", "faketime", "sqlite3", "postgresql", "postgresql-client"];

/// As the command line says: a campaign or all of them, long unless `--short` is said.
///
/// The long form runs what operators run: a faster server is at more things when it is killed.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    crate::install::debian(PACKAGES)?;
    let mut build =
        vec!["build", "--package", "vtpa", "--package", "torture", "--bin", "vtpa", "--bin", "torture"];
    if !arguments.contains(&"--short") {
        build.push("--release");
    }
    let [vtpa, torture] = executables(&build, [("bin", "vtpa"), ("bin", "torture")])?;
    execute(campaigns(&torture, &vtpa).args(arguments))
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
