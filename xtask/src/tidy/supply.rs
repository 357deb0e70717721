//! What others wrote and we build on: the licences, bans and sources of deny.toml, held against the tree that is really
//! built. `cargo deny check` reads the same file; this check takes a second and needs nothing installed.

mod licence;

use anyhow::{Context, Result};

use super::Findings;
use crate::seams;
use crate::shell::{cargo, output, root};

pub(super) fn check(findings: &mut Findings) -> Result<()> {
    let policy = std::fs::read_to_string(root().join("deny.toml")).context("deny.toml")?;
    let policy: toml::Table = policy.parse().context("deny.toml")?;
    let banned: Vec<&str> = list(&policy, "bans", "deny").filter_map(|ban| ban["name"].as_str()).collect();
    let allowed: Vec<&str> = list(&policy, "licenses", "allow").filter_map(toml::Value::as_str).collect();

    // what a build without a word on features has in it: its own, its tests', its build scripts'
    let shipped = tree(&[])?;
    for package in shipped.iter().filter(|package| package.starts_with("fail v")) {
        findings.push(format!(
            "Cargo.toml: {package} is in the tree that is built: only `cargo xtask torture seams` turns on `failpoints`"
        ));
    }
    let packages = tree(&["--features", seams::FEATURES])?;
    if !packages.iter().any(|package| package.starts_with("fail v")) {
        findings.push("Cargo.toml: the feature `failpoints` does not bring the crate fail".to_owned());
    }
    for package in &packages {
        // " (*)" follows where cargo shortens
        let Some((id, licence)) = package.split_once('|') else { continue };
        let name = id.split(' ').next().unwrap_or(id);
        if banned.contains(&name) {
            findings.push(format!("Cargo.lock: {id} is in the tree that is built; deny.toml bans it"));
        }
        let licence = licence.trim_end_matches(" (*)");
        if !licence::satisfied(licence, &allowed) {
            findings.push(format!(
                "Cargo.lock: {id} has the licence {licence:?}, which deny.toml does not allow"
            ));
        }
    }

    let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?;
    for source in
        lock.lines().filter(|line| line.starts_with("source = ") && !line.starts_with("source = \"registry+"))
    {
        findings.push(format!("Cargo.lock: {source}: dependencies come from the registry alone"));
    }
    Ok(())
}

/// Every package of the workspace's tree, as "name v1.2.3 (/path of ours)|MIT OR Apache-2.0".
fn tree(features: &[&str]) -> Result<Vec<String>> {
    let tree =
        ["tree", "--workspace", "--locked", "--edges", "all", "--prefix", "none", "--format", "{p}|{l}"];
    let mut packages: Vec<String> =
        output(cargo().args(tree).args(features))?.lines().map(str::to_owned).collect();
    packages.sort();
    packages.dedup();
    Ok(packages)
}

fn list<'p>(policy: &'p toml::Table, section: &str, key: &str) -> impl Iterator<Item = &'p toml::Value> {
    policy
        .get(section)
        .and_then(|section| section.get(key))
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
}
