//! `vtpa`: the server of ViaTrajectoire's services for elderly people, its client and its tools.
//!
//! One file per command under `commands/`; `contract/cli.md` says what each takes, prints and returns.

mod cli;
mod commands;
mod data;
mod demo;
mod exit;
mod input;
mod keyfile;
mod log;
mod notify;
mod operator;
mod progress;
mod telemetry;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // what the tests' FAILPOINTS ask for holds as long as the process does
    #[cfg(feature = "failpoints")]
    let _armed = fail::FailScenario::setup();
    // Wrong usage ends here with status 2, --help and --version with 0.
    let cli = cli::Cli::parse();
    match commands::run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.tell()),
    }
}
