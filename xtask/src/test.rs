//! `cargo xtask test`: everything that must hold, one part after the other, and a summary that counts it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::shell::cargo;
use crate::{browser, demo, fuzz, gate, install, interop, seams, torture};

/// What a part of the run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests or steps that passed.
    pub(crate) passed: usize,
    /// Those that failed, among them any that was ignored: here a test that cannot run has failed.
    pub(crate) failed: usize,
}

impl Tally {
    /// Counts one step and tells it.
    pub(crate) fn record(&mut self, step: &str, verdict: Result<()>) {
        match verdict {
            Ok(()) => {
                self.passed += 1;
                println!("  ok      {step}");
            }
            Err(error) => {
                self.failed += 1;
                println!("  FAILED  {step}: {error:#}");
            }
        }
    }

    /// The closing line of a run; an error when anything failed.
    pub(crate) fn close(self) -> Result<()> {
        println!("{} passed, {} failed", self.passed, self.failed);
        ensure!(
            self.failed == 0,
            "{} of {} failed; each is told above",
            self.failed,
            self.passed + self.failed
        );
        Ok(())
    }
}

/// Installs what tests need, then runs them all. A part that fails does not keep the next from running.
pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    part("what tests need");
    install::run()?;

    let mut rows = Vec::new();
    part("build");
    match demo::built_with_tests() {
        Ok([vtpa, torture]) => {
            measure(&mut rows, "Rust tests", rust);
            measure(&mut rows, "instructions", || gate::run(false));
            measure(&mut rows, "fuzz targets", || fuzz::run("10"));
            measure(&mut rows, "torture", || torture::short(&torture, &vtpa));
            let mut matrix = Vec::new();
            for stack in interop::STACKS {
                measure(&mut rows, stack.name, || {
                    let (tally, row) = interop::run_stack(stack, &vtpa, false)?;
                    matrix.push(row);
                    Ok(tally)
                });
            }
            measure(&mut rows, "matrix of README", || {
                let mut tally = Tally::default();
                tally.record("README tells what the stacks showed", interop::is_told(&matrix));
                Ok(tally)
            });
            measure(&mut rows, "browser", || browser::run_driver(&vtpa, &[]));
            measure(&mut rows, "fail seams", seams::run);
        }
        Err(error) => measure(&mut rows, "build", || Err(error)),
    }

    part("summary");
    let mut total = Tally::default();
    for (name, tally, time) in &rows {
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!(
            "{name:<24} {:>5} passed {:>4} failed {:>6.1} s   {verdict}",
            tally.passed,
            tally.failed,
            time.as_secs_f64()
        );
        total.passed += tally.passed;
        total.failed += tally.failed;
    }
    println!("in {} s", started.elapsed().as_secs());
    total.close()
}

type Row = (&'static str, Tally, Duration);

fn measure(rows: &mut Vec<Row>, name: &'static str, run: impl FnOnce() -> Result<Tally>) {
    part(name);
    let started = Instant::now();
    let tally = run().unwrap_or_else(|error| {
        println!("FAILED: {error:#}");
        Tally { passed: 0, failed: 1 }
    });
    rows.push((name, tally, started.elapsed()));
}

fn part(name: &str) {
    println!("\n──── {name} {}", "─".repeat(72_usize.saturating_sub(name.len())));
}

/// `cargo test --workspace`, counted.
fn rust() -> Result<Tally> {
    // --show-output: the tables that tests print (what was tried both ways, how many attacks) are for reading
    counted(cargo().args(["test", "--workspace", "--no-fail-fast", "--", "--show-output"]))
}

/// Runs a `cargo test`, its output passed on and counted.
pub(crate) fn counted(tests: &mut Command) -> Result<Tally> {
    let mut process = tests.stdout(Stdio::piped()).spawn().context("cannot run cargo test")?;
    let stdout = process.stdout.take().context("cargo test has no output")?;
    let mut tally = Tally::default();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        if let Some(one) = result_line(&line) {
            tally.passed += one.passed;
            tally.failed += one.failed;
        }
    }
    let status = process.wait()?;
    if !status.success() && tally.failed == 0 {
        bail!("cargo test ended with {status}: something did not compile or did not run");
    }
    Ok(tally)
}

/// The closing line of a test binary, its ignored tests counted as failures.
fn result_line(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?;
    let count = |what: &str| -> Option<usize> {
        let part = counts.split([';', '.']).map(str::trim).find(|part| part.ends_with(what))?;
        part.split(' ').next()?.parse().ok()
    };
    Some(Tally { passed: count("passed")?, failed: count("failed")? + count("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_tests_count_as_failed() {
        let table = [
            (
                "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.05s",
                Some((12, 0)),
            ),
            (
                "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s",
                Some((5, 3)),
            ),
            ("test wss::open ... ok", None),
            ("running 3 tests", None),
        ];
        for (line, expected) in table {
            let expected = expected.map(|(passed, failed)| Tally { passed, failed });
            assert_eq!(result_line(line), expected, "{line}");
        }
    }
}
