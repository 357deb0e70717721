//! The project's tasks: `cargo xtask` lists them, CONTRIBUTING.md says when to use which.
#![expect(clippy::print_stdout, reason = "a task tells on the terminal what it does")]
#![expect(clippy::indexing_slicing, reason = "only JSON values are indexed, and what they lack is Null")]

mod bench;
mod bench_xmlsec;
mod browser;
mod codegen;
mod demo;
mod fuzz;
mod gate;
mod guide;
mod install;
mod interop;
mod seams;
mod shell;
mod test;
mod tidy;
mod torture;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask TASK

  test               everything: installs what tests need, then Rust, interop and browser tests
  install            that first part alone (Debian packages as root, Python, Node)
  interop [STACK] [--record]
                     foreign SOAP stacks against a live server; with --record their messages become vectors of crates/wss
  browser [STEP]…    Chromium through the demonstration; these files of browser/steps alone
  guide              the code blocks of docs/guide-partenaire.md from the drivers of interop/
  codegen [--check]  the tables of crates/dossier from the sources of data/README.md
  fuzz SECONDS       each fuzz target for so long
  bench              requests per second of one core, as a part of its RSA signatures; a row for BENCHMARKS.md
  bench pages        what each page of the site costs the server; a table for BENCHMARKS.md
  bench xmlsec       xmlsec beside roxmltree, bergshamra, libxml2 and xmlsec1, at work and under attack
  oracle [ROUNDS]    whether the time of an answer tells why a message did not decrypt: a statistic over 2,000 of each kind
  gate [--accept]    xmlsec's instructions beside those on record, and how they grow with hostile input
  torture [CAMPAIGN] [--seed N] [--short]
                     breaks disk, database, network, clock and processes under load: docs/torture.md; hours unless --short
  torture seams      the fail seams alone, which `torture` runs before the campaigns: tests of a build that can be made to
                     fail between a commit and its answer
  tidy               the rules of the house that neither compiler nor clippy knows
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match task(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn task(arguments: &[&str]) -> Result<()> {
    match arguments {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["test"] => test::run(),
        ["install"] => install::run(),
        ["interop"] => interop::run(None, false),
        ["interop", "--record"] => interop::run(None, true),
        ["interop", stack] => interop::run(Some(stack), false),
        ["interop", stack, "--record"] => interop::run(Some(stack), true),
        ["browser", steps @ ..] => browser::run(steps),
        ["codegen"] => codegen::run(false),
        ["codegen", "--check"] => codegen::run(true),
        ["fuzz", seconds] => fuzz::run(seconds)?.close(),
        ["guide"] => guide::write(),
        ["gate"] => gate::run(false)?.close(),
        ["gate", "--accept"] => gate::run(true)?.close(),
        ["bench"] => bench::run(),
        ["oracle"] => bench::oracle("2000"),
        ["oracle", rounds] => bench::oracle(rounds),
        ["bench", "pages"] => bench::pages(),
        ["bench", "xmlsec"] => bench_xmlsec::run(),
        ["torture", arguments @ ..] => torture::run(arguments),
        ["tidy"] => tidy::run(),
        _ => bail!("no such task: {}\n\n{HELP}", arguments.join(" ")),
    }
}
