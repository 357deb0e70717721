//! `vtpa key`: the keys that encrypt what is personal in the database.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use storage::{Avancee, BilanRotation, CompteCle, EtatCles, KeyId};

use crate::cli::Data;
use crate::demo::pki::write_new;
use crate::exit::{Failure, Outcome, json, print};
use crate::keyfile::shell;
use crate::operator;

/// Keys that encrypt what is personal in the database
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    New(New),
    Rotate(Rotate),
    Status(Status),
}

const HELP: &str = "\
Names, addresses, NumSecu, contacts, remarks: encrypted by AES-256-GCM before they reach the database.
The key is in a file of its own, apart from the database and its backups; without it nobody reads
the data. It is named in the configuration: [at_rest] key = \"vtpa.cle\".

To go over to another key, with the servers running:
  1. vtpa key new new.cle
  2. in every instance's configuration: [at_rest] key = \"new.cle\" and previous = [\"vtpa.cle\"]
     (no restart: an instance that meets an unknown key reads its configuration anew)
  3. vtpa key rotate --config vtpa.toml
  4. once it says so, take the old key out of `previous`; keep it as long as backups of before

Examples:
  vtpa key new vtpa.cle
  vtpa key status --config vtpa.toml";

/// Make a key, in a file that only its owner reads
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints the key's id, which is the beginning of its SHA-256 and no secret. A file that is there is
never overwritten.

Examples:
  vtpa key new vtpa.cle
  vtpa key new /etc/vtpa/2027.cle")]
pub(crate) struct New {
    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Encrypt everything by the configured key, while servers run
#[derive(Debug, clap::Args)]
#[command(after_help = "\
From its beginning every instance writes with the configured key; what other keys encrypt, or none,
is encrypted anew, a hundred rows at a time. Stopped half-way, it goes on where it was when run again.
At the end it says which keys are needed no longer. Where values were plain before, a SQLite file is
then written anew, so that nothing of them is left in it: meanwhile others wait to write.

Examples:
  vtpa key rotate --config vtpa.toml")]
pub(crate) struct Rotate {
    #[command(flatten)]
    data: Data,
    /// Write a SQLite file anew in any case
    #[arg(long)]
    compact: bool,
}

/// Tell which keys the database needs, and for how many values
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Looks at the first bytes of every encrypted value. Exits 1 if a key that is needed is not configured.

Examples:
  vtpa key status --config vtpa.toml
  vtpa key status --config vtpa.toml --json")]
pub(crate) struct Status {
    #[command(flatten)]
    data: Data,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(command: Command) -> Outcome {
    match command {
        Command::New(New { file }) => new(&file),
        Command::Rotate(Rotate { data, compact }) => rotate(&data, compact).await,
        Command::Status(Status { data, json }) => status(&data, json).await,
    }
}

fn new(file: &std::path::Path) -> Outcome {
    let (id, text) =
        server::at_rest::draw(&mut rand::rng()).context("no key came of the system's random numbers")?;
    write_new(file, text.as_bytes(), 0o600)?;
    print(&format!(
        "{id}\nKeep a copy of {} apart from the database and its backups: without it nobody reads the data.",
        shell(file)
    ))
}

async fn rotate(data: &Data, compact: bool) -> Outcome {
    if data.configuration()?.is_none() {
        return Err(Failure::Usage("the keys stand in the configuration: --config FILE".to_owned()));
    }
    let store = data.open().await?;
    let bilan = store.rotate_keys(&operator::acteur(), tell).await?;
    print(&summary(&bilan))?;
    if bilan.en_clair > 0 || compact {
        let compacted = store.compact().await.context(
            "everything is encrypted, but what was plain may still be seen in free pages of the database's file: run \
             `vtpa key rotate --compact` in a quieter hour",
        )?;
        print(if compacted {
            "Nothing of what was stored before is left in the database's file. Backups of before still hold it."
        } else {
            "PostgreSQL keeps what was there in pages that it will use again, in its log and in backups: VACUUM (FULL) of \
             dossier, demande, demande_historique and journal takes it out of the pages (each is locked meanwhile)."
        })?;
    }
    store.close().await;
    Ok(())
}

/// How far it is: one line that moves at a terminal, now and then a line elsewhere.
fn tell(Avancee { table, column, faites, toutes }: Avancee) {
    let line = format!("{table}.{column}: {faites} of {toutes}");
    if std::io::stderr().is_terminal() {
        told(&format!("\r{line}{}", if faites == toutes { "\n" } else { "" }));
    } else if faites % 10_000 == 0 || faites == toutes {
        told(&format!("{line}\n"));
    }
}

fn told(text: &str) {
    // Nowhere is left to say that standard error is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn summary(bilan: &BilanRotation) -> String {
    let BilanRotation { courante, valeurs, necessaires, .. } = bilan;
    if necessaires.is_empty() {
        format!(
            "{valeurs} values encrypted anew. All are under key {courante}; the database needs no other: take the others \
             out of [at_rest] previous, and keep them as long as backups made before now."
        )
    } else {
        let ids: Vec<String> = necessaires.iter().map(KeyId::to_string).collect();
        format!(
            "{valeurs} values encrypted anew, but some still need key {}: run this again before you take it away.",
            ids.join(", ")
        )
    }
}

#[derive(Serialize)]
struct Report {
    writes: Option<String>,
    needed: Vec<String>,
    missing: Vec<String>,
    configured: Vec<String>,
    values: Vec<Count>,
}

#[derive(Serialize)]
struct Count {
    column: String,
    key: Option<String>,
    values: u64,
}

async fn status(data: &Data, as_json: bool) -> Outcome {
    let configured = match data.configuration()? {
        Some(config) => server::at_rest::ring(&config.at_rest)?.ids(),
        None => Vec::new(),
    };
    // Without the keys, so that it tells what is missing where one is.
    let EtatCles { courante, necessaires, comptes } = data.open_without_keys().await?.keys_in_use().await?;
    let missing: Vec<_> = necessaires.iter().filter(|id| !configured.contains(id)).collect();
    let report = Report {
        writes: courante.map(|id| id.to_string()),
        needed: necessaires.iter().map(KeyId::to_string).collect(),
        missing: missing.iter().map(ToString::to_string).collect(),
        configured: configured.iter().map(KeyId::to_string).collect(),
        values: comptes.iter().map(Count::of).collect(),
    };
    print(&if as_json { json(&report)? } else { report.text() })?;
    if report.missing.is_empty() { Ok(()) } else { Err(Failure::Silent) }
}

impl Count {
    fn of(compte: &CompteCle) -> Self {
        let CompteCle { table, column, cle, valeurs } = compte;
        Self { column: format!("{table}.{column}"), key: cle.map(|id| id.to_string()), values: *valeurs }
    }
}

impl Report {
    fn text(&self) -> String {
        let list = |ids: &[String]| if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
        let mut lines = vec![
            format!("writes      {}", self.writes.as_deref().unwrap_or("plain: nothing is encrypted")),
            format!("needed      {}", list(&self.needed)),
            format!("configured  {}", list(&self.configured)),
        ];
        if !self.missing.is_empty() {
            lines.push(format!(
                "MISSING     {}: the server does not start without; put its file into [at_rest] key or previous",
                list(&self.missing)
            ));
        }
        let plain = "plain";
        lines.extend(self.values.iter().map(|Count { column, key, values }| {
            format!("{values:>10}  {column}  {}", key.as_deref().unwrap_or(plain))
        }));
        let others = |count: &&Count| count.key != self.writes;
        let waiting: u64 = self.values.iter().filter(others).map(|count| count.values).sum();
        if waiting > 0 {
            lines.push(format!("{waiting} values wait for `vtpa key rotate`"));
        }
        lines.join("\n")
    }
}
