//! `vtpa restore`: a backup becomes the database.

use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Serialize;
use storage::Effacement;
use storage::backup::{self, Restored, Restoring};

use super::backup::{KeyFile, bytes, name};
use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};
use crate::operator;

/// Make the database of a backup, of this version or an older one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Refuses while a server serves the database, and where a database is unless --force puts it aside
(PATH.before-restore-TIME, kept). The backup is decrypted beside the database, checked, migrated;
only then it takes the name, mode 600.

Nobody comes back: what was erased after the backup is erased again, as the replaced database knows
it. On a new machine, or where that database is damaged, give the list that `vtpa dossier erasures
--json` printed last, as --erasures. Tokens and sessions are over; the next server refuses messages
of before its start, since it cannot know which were answered. What else was done since the backup
is undone: look at `vtpa partner list` for applications that had been suspended.

PostgreSQL is restored by pg_restore (docs/sauvegarde.md); --after-pg-restore then does the rest.

Examples:
  vtpa restore 2026-11-27.vtpa --config /etc/vtpa/vtpa.toml
  vtpa restore 2026-11-27.vtpa --config /etc/vtpa/vtpa.toml --force
  vtpa restore 2026-11-27.vtpa --database sqlite:trial.db --key-file backup.cle \\
      --erasures erasures.json
  vtpa restore --after-pg-restore --erasures erasures.json --config /etc/vtpa/vtpa.toml")]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE", required_unless_present = "after_pg_restore")]
    file: Option<PathBuf>,
    #[command(flatten)]
    key: KeyFile,
    /// Put the database that is there aside
    #[arg(long)]
    force: bool,
    /// Dossiers to erase again, as `vtpa dossier erasures --json` printed them
    #[arg(long, value_name = "FILE")]
    erasures: Option<PathBuf>,
    /// Go on where the replaced database cannot tell what was erased: people who asked to be erased
    /// may come back
    #[arg(long, conflicts_with = "erasures")]
    without_erasures: bool,
    /// PostgreSQL came back by pg_restore: migrate it, erase again, end tokens and sessions
    #[arg(long, conflicts_with_all = ["file", "force"])]
    after_pg_restore: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

pub(crate) async fn run(restore: Restore, now: Timestamp) -> Outcome {
    let Restore { file, key, force, erasures, without_erasures, after_pg_restore, json: as_json, data } =
        restore;
    let config = data.configuration()?;
    let list = match &erasures {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
            storage::erasures_from_json(&text).with_context(|| file.display().to_string())?
        }
        None => Vec::new(),
    };
    let Some(file) = file.filter(|_| !after_pg_restore) else {
        if erasures.is_none() && !without_erasures {
            return Err(Failure::Usage(
                "say what was erased: --erasures FILE, or --without-erasures, which may bring people back who asked to be erased"
                    .to_owned(),
            ));
        }
        return after(&data, &list, now).await;
    };
    let (url, key) = (data.url()?, key.read(config.as_ref())?);
    let mut progress = bytes();
    let restoring = Restoring {
        file: &file,
        url: &url,
        key: &key,
        replace: force,
        erasures: &list,
        without_erasures,
        acteur: &operator::acteur(),
        now,
    };
    let restored =
        backup::restore(&restoring, &mut |work, done, all| progress.tell(name(work), done, all)).await?;
    drop(progress);
    let Restored { header, schema, dossiers, erased, aside } = &restored;
    if as_json {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Report<'a> {
            backup_of: Timestamp,
            schema: i64,
            dossiers: u64,
            erased_again: u64,
            aside: Option<&'a PathBuf>,
        }
        let (schema, dossiers, erased_again) = (*schema, *dossiers, *erased);
        let report = Report { backup_of: header.date, schema, dossiers, erased_again, aside: aside.as_ref() };
        return print(&json(&report)?);
    }
    let mut lines = vec![format!("restored as of {}: {dossiers} dossiers", header.date)];
    if *schema != header.schema {
        lines.push(format!("  migrated from schema {} to {schema}", header.schema));
    }
    if *erased > 0 {
        lines.push(format!("  {erased} dossiers that were erased since are erased again"));
    }
    if let Some(aside) = aside {
        lines.push(format!(
            "  the database that was there: {}. It still holds who was erased since, encrypted where [at_rest] says so: \
             delete it once nobody needs it",
            aside.display()
        ));
    }
    lines.extend(header.database_keys.iter().map(|key| format!("  needs the key {key} in [at_rest]")));
    print(&lines.join("\n"))
}

async fn after(data: &Data, erasures: &[Effacement], now: Timestamp) -> Outcome {
    let store = data.open_without_keys().await?;
    if !store.is_shared() {
        return Err(Failure::Usage("this is for PostgreSQL: for SQLite, vtpa restore FILE".to_owned()));
    }
    let erased = store.after_restore(erasures, &operator::acteur(), now).await;
    store.close().await;
    let erased = erased?;
    print(&format!("ready to be served: {erased} dossiers erased again, tokens and sessions are over"))
}
