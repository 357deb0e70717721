//! A real Chromium through the demonstration, as a partner's user goes: browser/README.md tells what it does and sees.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::demo::{self, Demo};
use crate::install;
use crate::interop::drive;
use crate::shell::{command, root, which};
use crate::test::Tally;

/// Builds, installs what is missing, and runs these steps of it, or all.
pub(crate) fn run(steps: &[&str]) -> Result<()> {
    install::run()?;
    run_driver(&demo::built()?, steps)?.close()
}

/// Runs the browser against a demonstration of its own.
pub(crate) fn run_driver(vtpa: &Path, steps: &[&str]) -> Result<Tally> {
    let folder = root().join("target/xtask/browser");
    let demo = Demo::start(vtpa, &folder.join("demo"))?;
    let screenshots = folder.join("screenshots");
    std::fs::create_dir_all(&screenshots)?;
    let scenario = json!({
        "base": demo.base,
        "portal": demo.portal,
        "ca": demo.file("ca.pem"),
        "config": demo.file("vtpa.toml"),
        "vtpa": demo.vtpa,
        "chromium": which("chromium").context("no chromium: cargo xtask install")?,
        "screenshots": screenshots,
    });
    let file = folder.join("scenario.json");
    std::fs::write(&file, serde_json::to_string_pretty(&scenario)?)?;

    let result = drive(command("node").arg("browser/run.mjs").arg(&file).args(steps), &folder)?;
    let steps = result["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(!steps.is_empty(), "browser/run.mjs ran no step");
    let mut tally = Tally::default();
    for step in steps {
        let verdict = if step["ok"] == true { Ok(()) } else { Err(anyhow::anyhow!("{}", step["detail"])) };
        tally.record(step["step"].as_str().unwrap_or("?"), verdict);
    }
    demo.stop()?;
    println!("screenshots are in {}", screenshots.display());
    Ok(tally)
}
