//! A few seconds of every fuzz target: enough to see that each still builds and that nothing lies on the surface.

use anyhow::{Context, Result};

use crate::shell::{cargo, command, output, root, run as execute};
use crate::test::Tally;

/// cargo-fuzz, installed into `.tools` by [`run`].
const CARGO_FUZZ: &str = "0.13.2";

/// From so many seconds on a run searches, by another chance each time; shorter ones look whether what held still holds, and
/// try the same each time.
const SEARCH: u32 = 60;

/// Fuzzes every target of `fuzz/` for so many seconds.
pub(crate) fn run(seconds: &str) -> Result<Tally> {
    let number: u32 = seconds.parse().with_context(|| format!("{seconds} is no number of seconds"))?;
    let tools = root().join(".tools");
    if !tools.join("bin/cargo-fuzz").exists() {
        let install = ["install", "cargo-fuzz", "--locked", "--quiet", "--version", CARGO_FUZZ, "--root"];
        execute(cargo().args(install).arg(&tools))?;
    }
    let fuzz = || {
        let mut fuzz = command(tools.join("bin/cargo-fuzz"));
        // libFuzzer's instrumentation is behind -Z flags; this lets the stable compiler take them
        fuzz.env("RUSTC_BOOTSTRAP", "1").arg("fuzz");
        fuzz
    };
    let targets = output(fuzz().arg("list"))?;
    let mut tally = Tally::default();
    for target in targets.lines() {
        let corpus = root().join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&corpus)?;
        let mut run = fuzz();
        // The first folder is written to, the second only read: real messages to begin with.
        run.args(["run", target]).arg(corpus).arg(root().join("fuzz/fixtures"));
        run.args(["--", "-rss_limit_mb=4096", "-timeout=10", "-print_final_stats=1", "-verbosity=0"]);
        if target != "dn" {
            run.arg(format!("-dict={}", root().join("fuzz/xml.dict").display()));
        }
        if number < SEARCH {
            run.arg("-seed=1");
        }
        tally.record(
            &format!("{target} fuzzed for {seconds} s"),
            execute(run.arg(format!("-max_total_time={seconds}"))),
        );
    }
    Ok(tally)
}
