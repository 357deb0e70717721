//! Erasure of a person's dossier, and the list of erasures.

use clap::builder::PossibleValuesParser;
use storage::{Action, Effacement, ErasureReason, Error, Refusal, Trace, erasures_to_json};

use super::{number, refused};
use crate::cli::Data;
use crate::commands::purge::forget;
use crate::exit::{Failure, Outcome, json, print};
use crate::operator;

/// Erase a dossier: nothing of its person is left
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Deletes the dossier, its demandes and their history, its parts, links, tokens, sessions and the
requests kept of it. What stays: the audit trail's rows, and one line of `vtpa dossier erasures`
(number, day, reason, SHA-256 of the content), by which a restored backup erases it again. Backups
made before still hold it until they are deleted. There is no way back; a legal hold refuses.

A SQLite file is written anew afterwards, so that its free pages forget the person too; one above
[retention] compact_up_to_mib only by `vtpa purge --compact`.

Examples:
  vtpa dossier erase 1234567890128 --reason request --yes --config vtpa.toml
  vtpa dossier erase 1234567890128 --reason duplicate --yes --config vtpa.toml")]
pub(crate) struct Erase {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    /// Why: the person's request, the end of its time, another dossier of the same person, one that
    /// should not have been made, an authority's decision
    #[arg(long, value_parser = PossibleValuesParser::new(ErasureReason::ALL.map(ErasureReason::code)))]
    reason: String,
    /// Yes, for good
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    data: Data,
}

/// List what was erased: numbers, days, reasons
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keep the output of --json with your backups, newer than the last of them: `vtpa restore --erasures`
takes it where the database that knows the erasures is lost.

Examples:
  vtpa dossier erasures --config vtpa.toml
  vtpa dossier erasures --config vtpa.toml --json > erasures.json")]
pub(crate) struct Erasures {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

pub(super) async fn run(Erase { id, reason, yes, data }: Erase) -> Outcome {
    let id = number(&id)?;
    let reason = ErasureReason::from_code(&reason)
        .ok_or_else(|| Failure::Usage(format!("{reason:?} is no reason")))?;
    if !yes {
        return Err(Failure::Usage(format!("dossier {id} would be gone for good: add --yes")));
    }
    let config = data.configuration()?;
    let store = data.open().await?;
    let dossier = &id;
    let trace = &Trace::new(operator::acteur(), Action::DossierEfface).dossier(dossier).detail(reason.code());
    let outcome = store
        .run("erase a dossier", |tx| {
            Box::pin(async move {
                tx.erase_dossier(dossier, reason).await?;
                tx.trace(trace).await
            })
        })
        .await;
    let outcome = match outcome {
        Ok(()) => forget(&store, &config.unwrap_or_default().retention, false).await,
        Err(Error::Refused(Refusal::DossierHeld)) => {
            Err(refused(&id, "it is under legal hold: `vtpa dossier unhold` first, if that is over"))
        }
        Err(error) => Err(refused(&id, error)),
    };
    store.close().await;
    outcome?;
    print(&format!("dossier {id} is erased"))
}

pub(super) async fn list(Erasures { json: as_json, data }: Erasures) -> Outcome {
    let store = data.open_without_keys().await?;
    let all = store.read(|reader| Box::pin(async move { reader.erasures().await })).await;
    store.close().await;
    let all = all?;
    if as_json {
        return print(&json(&erasures_to_json(&all))?);
    }
    let line = |one: &Effacement| format!("{}  {}  {}", one.dossier, one.day(), one.reason.code());
    let mut lines: Vec<String> = all.iter().map(line).collect();
    lines.push(format!("{} erasures", all.len()));
    print(&lines.join("\n"))
}
