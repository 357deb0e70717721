//! Campaigns that break what a server stands on: `cargo xtask torture [CAMPAIGN] [--seed N] [--short]`.
//!
//! Each starts real servers (the built `vtpa`), loads them, breaks something at moments that the seed chooses, and then
//! holds the server to its word: the [`ledger`] knows every 999 that it answered. A campaign that cannot run has failed.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod campaigns;
mod changes;
mod context;
mod database;
mod fill;
mod house;
mod ledger;
mod load;
mod partner;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::campaigns::CAMPAIGNS;
use crate::context::Context;

const HELP: &str = "\
torture --vtpa BINARY --folder FOLDER [CAMPAIGN] [--seed N] [--short] [--dossiers N] [--on sqlite|postgres]

BINARY is a built vtpa, FOLDER takes each campaign's servers, databases and logs. Without a CAMPAIGN all run, one after
the other: for hours, or with --short, as each run of the tests does, for some two minutes. --dossiers and --on are for scale: how many,
and on which database alone.
The fail seams need a vtpa that is built for them: `cargo xtask torture seams`.
";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<String>) -> Result<bool> {
    let Some((context, only)) = Context::read(arguments)? else {
        print!("{HELP}");
        for campaign in CAMPAIGNS {
            println!("  {:<10} {}", campaign.name, campaign.what);
        }
        return Ok(true);
    };
    let chosen: Vec<_> =
        CAMPAIGNS.iter().filter(|one| only.as_deref().is_none_or(|name| name == one.name)).collect();
    if chosen.is_empty() {
        bail!("no campaign {}; torture --help lists them", only.unwrap_or_default());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime for the load")?;
    println!("seed {} ({} form)", context.seed, if context.long { "long" } else { "short" });
    let mut all = true;
    for campaign in chosen {
        let started = Instant::now();
        let outcome = context.campaign(campaign.name).and_then(|own| runtime.block_on((campaign.run)(own)));
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(figures) => {
                println!(
                    "  ok      {}: {figures} [{seconds:.1} s]\n          oracle: {}",
                    campaign.name, campaign.oracle
                );
            }
            Err(error) => {
                all = false;
                println!(
                    "  FAILED  {}: {error:#} [{seconds:.1} s]\n          again: cargo xtask torture {} --seed {}{}",
                    campaign.name,
                    campaign.name,
                    context.seed,
                    if context.long { "" } else { " --short" }
                );
            }
        }
    }
    Ok(all)
}
