//! `vtpa backup`: a copy of the database while it is used, encrypted.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use rand::Rng as _;
use serde::Serialize;
use server::{Config, backup_key};
use storage::backup::{self, BackupKey, Header, Making, Work};
use storage::{Action, Trace};

use crate::cli::Data;
use crate::demo::pki::write_new;
use crate::exit::{Failure, Outcome, json, print};
use crate::keyfile::shell;
use crate::operator;
use crate::progress::Progress;

/// Back the database up while servers use it: consistent, encrypted
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = HELP)]
pub(crate) struct Backup {
    #[command(subcommand)]
    command: Option<Command>,
    /// The backup to make
    #[arg(value_name = "FILE", required = true)]
    file: Option<PathBuf>,
    #[command(flatten)]
    key: KeyFile,
    /// Replace FILE if it is there
    #[arg(long)]
    force: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

const HELP: &str = "\
The backup is the database at one moment, with every answer given before it began; others read and
write meanwhile. It is encrypted by AES-256-GCM with a key of its own, is its owner's alone (mode
600), and appears under its name only once it is whole. Two keys are needed to read it again: the
backup's, and that of [at_rest], which is not in it. Keep both where the backups are not.

PostgreSQL is backed up by its own tools: docs/sauvegarde.md (French) has the commands for both.

Examples:
  vtpa backup key /etc/vtpa/backup.cle      # once; then [backup] key = \"backup.cle\" in vtpa.toml
  vtpa backup /srv/backup/2026-11-27.vtpa --config /etc/vtpa/vtpa.toml
  vtpa backup verify /srv/backup/2026-11-27.vtpa --config /etc/vtpa/vtpa.toml
  vtpa restore /srv/backup/2026-11-27.vtpa --config /etc/vtpa/vtpa.toml";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Key(New),
    Verify(Verify),
}

/// Make a key of backups, in a file that only its owner reads
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints the key's fingerprint, which is no secret: each backup tells by which key it was made. A file
that is there is never overwritten. Make a new one when a copy was lost; keep the old one as long as
its backups.

Example:
  vtpa backup key /etc/vtpa/backup.cle")]
pub(crate) struct New {
    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Hold a backup against its key and SQLite's own checks, restoring nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Decrypts the whole file into a private copy, checks every page, index and reference of the database
in it, counts its dossiers, and deletes the copy. Exits 1 and says what is wrong with a backup that
was cut, changed or made by another key. A backup that was never verified is none.

Examples:
  vtpa backup verify 2026-11-27.vtpa --config /etc/vtpa/vtpa.toml
  vtpa backup verify 2026-11-27.vtpa --key-file backup.cle --json")]
pub(crate) struct Verify {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// The server's configuration file (its [backup] key is used)
    #[arg(long, value_name = "FILE", required_unless_present = "key_file")]
    config: Option<PathBuf>,
    /// Where the private copy is made: a folder with as much room as the database takes [default:
    /// the system's folder for temporary files]
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// The key of backups.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyFile {
    /// The key of backups [default: [backup] key of the configuration]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl KeyFile {
    pub(super) fn read(&self, config: Option<&Config>) -> Outcome<BackupKey> {
        let configured = config.and_then(|config| config.backup.key.as_deref());
        let file = self.key_file.as_deref().or(configured).ok_or_else(|| {
            Failure::Usage(
                "say by which key: --key-file FILE, or [backup] key in the configuration; `vtpa backup key FILE` makes one"
                    .to_owned(),
            )
        })?;
        Ok(backup_key::read(file, config)?)
    }
}

pub(crate) async fn run(backup: Backup, now: Timestamp) -> Outcome {
    let Backup { command, file, key, force, json, data } = backup;
    match (command, file) {
        (Some(Command::Key(New { file })), _) => new(&file),
        (Some(Command::Verify(verify)), _) => verify.run().await,
        (None, Some(file)) => {
            let made = make(&file, &key, force, &data, now).await?;
            print(&if json { json_of(&file, &made)? } else { text(&file, &made) })
        }
        (None, None) => Err(Failure::Usage("name the file: vtpa backup FILE --config vtpa.toml".to_owned())),
    }
}

fn new(file: &Path) -> Outcome {
    let (fingerprint, text) =
        backup_key::draw(&mut rand::rng()).context("no key came of the system's random numbers")?;
    write_new(file, text.as_bytes(), 0o600)?;
    print(&format!(
        "{fingerprint}\nKeep copies of {} where the backups are not, and not with the database: without it no backup is read.\n\
         In the configuration: [backup] key = \"{}\"",
        shell(file),
        file.display()
    ))
}

async fn make(file: &Path, key: &KeyFile, force: bool, data: &Data, now: Timestamp) -> Outcome<Header> {
    let config = data.configuration()?;
    let (url, key) = (data.url()?, key.read(config.as_ref())?);
    let mut salt = [0; 32];
    rand::rng().fill_bytes(&mut salt);
    let target = file.to_owned();
    let header = tokio::task::spawn_blocking(move || {
        let mut progress = bytes();
        let version = env!("CARGO_PKG_VERSION");
        let making =
            Making { url: &url, file: &target, key: &key, version, date: now, salt, overwrite: force };
        backup::back_up(&making, &mut |work, done, all| progress.tell(name(work), done, all))
    })
    .await??;
    trace(data, &header).await.map_err(|error| match error {
        Failure::Failed(error) => Failure::Failed(
            error.context(format!("{} is made, but the audit trail does not say so", file.display())),
        ),
        other => other,
    })?;
    Ok(header)
}

/// A database of an older schema has its trail elsewhere or none, and to write into it would migrate it.
async fn trace(data: &Data, header: &Header) -> Outcome {
    if header.schema != backup::schema() {
        return Ok(());
    }
    let store = data.open_without_keys().await?;
    let detail = format!("{} bytes by key {}", header.database_bytes, header.key);
    let trace = Trace::new(operator::acteur(), Action::Sauvegarde).detail(&detail);
    let traced = store.trace_all(std::slice::from_ref(&trace)).await;
    store.close().await;
    Ok(traced?)
}

impl Verify {
    async fn run(self) -> Outcome {
        let Self { file, key, config, work, json: as_json } = self;
        let config = config.map(|config| Config::load(&config)).transpose()?;
        let key = key.read(config.as_ref())?;
        let work = work.unwrap_or_else(std::env::temp_dir);
        let shown = file.clone();
        let verified = tokio::task::spawn_blocking(move || {
            let mut progress = bytes();
            backup::verify(&file, &key, &work, &mut |work, done, all| progress.tell(name(work), done, all))
        })
        .await??;
        if as_json {
            #[derive(Serialize)]
            struct Report<'a> {
                sound: bool,
                bytes: u64,
                dossiers: u64,
                #[serde(flatten)]
                header: &'a Header,
            }
            let backup::Verified { header, bytes, dossiers } = &verified;
            return print(&json(&Report { sound: true, bytes: *bytes, dossiers: *dossiers, header })?);
        }
        print(&format!("sound: {} dossiers\n{}", verified.dossiers, text(&shown, &verified.header)))
    }
}

/// Progress of work that is counted in bytes.
pub(super) fn bytes() -> Progress {
    Progress::new(256 << 20)
}

pub(super) fn name(work: Work) -> &'static str {
    match work {
        Work::Copying => "copying",
        Work::Encrypting => "encrypting",
        Work::Decrypting => "decrypting",
        Work::Checking => "checking",
    }
}

fn json_of(file: &Path, header: &Header) -> Outcome<String> {
    #[derive(Serialize)]
    struct Report<'a> {
        file: &'a Path,
        #[serde(flatten)]
        header: &'a Header,
    }
    json(&Report { file, header })
}

fn text(file: &Path, header: &Header) -> String {
    let Header { date, schema, version, database_bytes, key, database_keys, .. } = header;
    let mut lines = vec![
        format!("{}", file.display()),
        format!("  made           {date} by vtpa {version}, schema {schema}"),
        format!("  database       {database_bytes} bytes"),
        format!("  needs the key  {key} of backups"),
    ];
    lines.extend(database_keys.iter().map(|key| format!("  and the key    {key} of [at_rest]")));
    lines.join("\n")
}
