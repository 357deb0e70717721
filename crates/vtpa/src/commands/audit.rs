//! `vtpa audit`: whether the audit trail is as it was written, and what it says.

mod export;
mod verify;

use crate::exit::Outcome;

/// Verify the audit trail, export what it says of a dossier, an application, a time
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Every call, redirection, page and change has a row: when, who (application and certificate, family,
account, operator), what, on which dossier, with which outcome. Rows are never changed. Each second
they are chained by hashes, each minute the end of the chain is signed with [signature] key, and the
first signature of each day is kept for good. [audit] keep_months says how long rows are kept (120),
keep_requests whether each request is kept as it was signed. There is no switch that turns it off.

Examples:
  vtpa audit verify --config vtpa.toml
  vtpa audit export --dossier 1234567890128 --config vtpa.toml > qui-a-vu.jsonl")]
pub(crate) enum Command {
    Verify(verify::Verify),
    Export(export::Export),
}

pub(crate) async fn run(command: Command) -> Outcome {
    match command {
        Command::Verify(arguments) => verify::run(arguments).await,
        Command::Export(arguments) => export::run(arguments).await,
    }
}
