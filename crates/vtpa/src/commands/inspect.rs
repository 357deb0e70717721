//! `vtpa inspect`: why was my message refused?

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;
use server::{Config, Inspection, Verdict};

use crate::cli::Data;
use crate::exit::{Failure, Outcome, print};
use crate::input;

/// Why was my message refused?
///
/// Takes a raw SOAP request and goes through every check that a server with this configuration would make, in order, each with
/// a verdict; the one that fails says what was found and what to do. Nothing is used up and nothing changes.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Inspect {
    /// The request as it went over the wire: the envelope alone, without HTTP headers
    #[arg(value_name = "FILE.xml")]
    file: PathBuf,
    /// The server's configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Judge as of this instant (2026-11-24T09:00:00Z), for a message of another day
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Exit status 0 if the message would be accepted, 1 if not.

Examples:
  vtpa inspect request.xml --config vtpa.toml
  vtpa inspect request.xml --config vtpa.toml --at 2026-11-24T09:00:00Z
  vtpa inspect request.xml --config vtpa.toml --json | jq '.checks[] | select(.verdict == \"failed\")'";

/// Bytes of a file; servers take less.
const MOST: u64 = 16 << 20;

pub(crate) async fn run(Inspect { file, config, at, json }: Inspect, now: Timestamp) -> Outcome {
    let message = input::read(&file, MOST)?.bytes;
    let store = Data { config: Some(config.clone()), database: None }.open().await?;
    let config = Config::load(&config)?;
    let inspection = server::inspect(&config, &store, &message, at.unwrap_or(now)).await;
    store.close().await;
    let inspection = inspection?;
    print(&if json { crate::exit::json(&document(&inspection))? } else { page(&inspection) })?;
    if inspection.accepted() { Ok(()) } else { Err(Failure::Silent) }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "ok",
        Verdict::Failed => "failed",
        Verdict::NotReached => "not reached",
    }
}

fn page(inspection: &Inspection) -> String {
    let mut page = String::new();
    for check in &inspection.checks {
        let found = check.found.as_deref().unwrap_or_default();
        let _ = writeln!(
            page,
            "{}",
            format!("{:<12} {:<26} {found}", word(check.verdict), check.name).trim_end()
        );
        if let Some(near_miss) = &check.near_miss {
            let _ = writeln!(page, "{:13}what was done: {near_miss}", "");
        }
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(page, "{:13}what to do: {remedy}", "");
        }
        if let Some(digested) = &check.digested {
            let _ = writeln!(page, "{:13}what was digested now: {digested}", "");
        }
        if let Some(id) = check.explanation {
            let _ = writeln!(page, "{:13}vtpa explain {id} tells more", "");
        }
    }
    page.push_str(if inspection.accepted() { "It would be accepted." } else { "It would be refused." });
    page
}

fn document(inspection: &Inspection) -> serde_json::Value {
    let checks = inspection.checks.iter().map(|check| {
        json!({
            "check": check.name,
            "verdict": word(check.verdict),
            "found": check.found,
            "explanation": check.explanation,
            "near_miss": check.near_miss,
            "remedy": check.remedy,
            "digested": check.digested,
        })
    });
    json!({ "accepted": inspection.accepted(), "stack": inspection.stack, "checks": checks.collect::<Vec<_>>() })
}
