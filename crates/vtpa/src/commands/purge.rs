//! `vtpa purge`: retention, now.

use std::time::Duration;

use rand::Rng as _;
use serde::Serialize;
use server::Config;
use server::config::Retention;
use server::retention::{LEASE, trace};
use storage::{Due, Retained, Stage, Store};

use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};
use crate::operator;
use crate::progress::Progress;

/// Archive and erase the dossiers whose time has come
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A server does this once a day by itself ([retention] enabled). A dossier is archived two years after
the last contact (partners get code 460, families find it closed), and erased three years later: by
[retention] archive_after_days and erase_after_days, for a state of its own by
[retention.states.NON_ENVOYEE]. A contact is whatever changes the dossier, and each day on which a
partner or its person asks for it. `vtpa dossier hold` keeps one from both.

Erased means: nothing of the person is left but the audit trail's rows and a line of `vtpa dossier
erasures`. So that a SQLite file's free pages forget them too, it is written anew; others wait to
write meanwhile, so a file above [retention] compact_up_to_mib only with --compact.

Examples:
  vtpa purge --config vtpa.toml --dry-run       # what would be done, changing nothing
  vtpa purge --config vtpa.toml
  vtpa purge --config vtpa.toml --compact       # in a quiet hour")]
pub(crate) struct Purge {
    /// Tell what is due and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write a SQLite file anew in any case
    #[arg(long, conflicts_with = "dry_run")]
    compact: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

pub(crate) async fn run(purge: Purge) -> Outcome {
    let Purge { dry_run, compact, json, data } = purge;
    let Some(config) = data.configuration()? else {
        return Err(Failure::Usage("the delays stand in the configuration: --config FILE".to_owned()));
    };
    let store = data.open().await?;
    let outcome = match dry_run {
        true => look(&store, &config, json).await,
        false => act(&store, &config, compact, json).await,
    };
    store.close().await;
    outcome
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id_dossier: String,
    comes_to: &'static str,
    statut: &'static str,
    last_contact: String,
    held: bool,
}

impl Line {
    fn of(due: &Due) -> Self {
        Self {
            id_dossier: due.dossier.to_string(),
            comes_to: match due.stage {
                Stage::Archive => "archive",
                Stage::Erase => "erase",
            },
            statut: due.statut.code(),
            last_contact: due.contact.strftime("%Y-%m-%d").to_string(),
            held: due.held,
        }
    }
}

async fn look(store: &Store, config: &Config, as_json: bool) -> Outcome {
    let mut lines = Vec::new();
    let (mut archive, mut erase, mut held) = (0_u64, 0_u64, 0_u64);
    let show = |due: Due| {
        match (due.held, due.stage) {
            (true, _) => held += 1,
            (false, Stage::Archive) => archive += 1,
            (false, Stage::Erase) => erase += 1,
        }
        lines.push(Line::of(&due));
    };
    store.retention_due(&config.retention.rules(), show).await?;
    if as_json {
        return print(&json(&serde_json::json!({
            "archive": archive, "erase": erase, "held": held, "dossiers": lines,
        }))?);
    }
    let mut text: Vec<String> = lines
        .iter()
        .map(|Line { id_dossier, comes_to, statut, last_contact, held }| {
            let kept = if *held { "  kept by legal hold" } else { "" };
            format!("{comes_to:8} {id_dossier}  {statut:24} last contact {last_contact}{kept}")
        })
        .collect();
    text.push(format!(
        "{erase} to erase, {archive} to archive, {held} kept by legal hold; nothing was changed"
    ));
    print(&text.join("\n"))
}

async fn act(store: &Store, config: &Config, compact: bool, as_json: bool) -> Outcome {
    let tenant = format!("purge-{:016x}", rand::rng().next_u64());
    let Some(lease) = store.lease(LEASE, &tenant, Duration::ZERO).await? else {
        return Err(Failure::because(
            "a server or another purge is doing this at this moment: try again in a minute",
        ));
    };
    let acteur = operator::acteur();
    let mut progress = Progress::new(10_000);
    let done = store
        .retain(&config.retention.rules(), &lease, &acteur, |done| {
            progress.count("archived and erased", done.archived + done.erased);
        })
        .await?;
    drop(progress);
    store.trace_all(&[trace(acteur, &done)]).await?;
    let Retained { archived, erased, held } = done;
    if as_json {
        print(&json(&serde_json::json!({ "archived": archived, "erased": erased, "held": held }))?)?;
    } else {
        print(&format!("{archived} archived, {erased} erased, {held} kept by legal hold"))?;
    }
    if compact || erased > 0 { forget(store, &config.retention, compact).await } else { Ok(()) }
}

/// Writes a SQLite file anew after an erasure, unless it is so large that this is to be asked for.
pub(super) async fn forget(store: &Store, retention: &Retention, compact: bool) -> Outcome {
    let Some(size) = store.file_size() else { return Ok(()) };
    if !compact && size > retention.compact_up_to_mib.saturating_mul(1 << 20) {
        tell(
            "free pages of the database's file may still hold what was erased: `vtpa purge --compact` writes it anew, in a \
             quiet hour, since others wait to write meanwhile",
        );
        return Ok(());
    }
    store.compact().await.map(drop).map_err(|error| {
        Failure::because(format!(
            "done, but free pages of the database's file may still hold what was erased ({error}): run `vtpa purge --compact`"
        ))
    })
}

fn tell(text: &str) {
    use std::io::Write as _;
    // Nowhere is left to say that standard error is closed.
    let _ = writeln!(std::io::stderr().lock(), "vtpa: {text}");
}
