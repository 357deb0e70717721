//! `vtpa finess`: the establishments of the FINESS register.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use ::dossier::finess::{Categories, EtablissementFiness, Extract, FinessError};
use serde::Serialize;
use server::Clock;
use storage::{BilanFiness, Error, ImportFiness, Refusal, Store};

use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};
use crate::input::{self, Input, Progress, plural, thousands};
use crate::operator;

/// Import the establishments of the FINESS register
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// Import the open-data extract
    #[command(after_help = IMPORT_HELP)]
    Import(Import),
}

const HELP: &str = "\
Example:
  vtpa finess import etalab-cs1100502-stock-20260512-0339.csv --config vtpa.toml";

const IMPORT_HELP: &str = "\
FILE is the extract of establishments that data.gouv.fr publishes (etalab-cs1100502; the one with
coordinates, cs1100507, will do): `;` between fields, Latin-1 or UTF-8. Kept are the categories
that --category names, or else [finess] categories in the configuration, or else those that take
elderly people:
  202 Résidences autonomie
  207 Centres de jour pour personnes âgées
  362 Etablissements de soins longue durée
  381 Etablissements expérimentaux pour personnes âgées
  500 EHPAD
  501 EHPA percevant des crédits d'assurance maladie
  502 EHPA ne percevant pas des crédits d'assurance maladie

A line that cannot be taken (a wrong key of a number, for one) is told with its number and the
reason, and the others are imported. An establishment that is no longer in the file is closed:
the search does not show it, and it is kept with its demandes. Once more with the same file
changes nothing.

Examples:
  vtpa finess import etalab-cs1100502.csv --config vtpa.toml
  vtpa finess import etalab-cs1100502.csv --config vtpa.toml --category 500 --category 202";

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Keep this category (repeatable)
    #[arg(long, value_name = "CODE")]
    category: Vec<String>,
    /// Keep every category
    #[arg(long, conflicts_with = "category")]
    all_categories: bool,
    /// Import it even if a later extract was imported, or if most establishments would be closed
    #[arg(long)]
    force: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

pub(crate) async fn run(command: Command, clock: &Clock) -> Outcome {
    match command {
        Command::Import(arguments) => import(arguments, clock).await,
    }
}

/// Most bytes of a file: the extract with coordinates has some 60 MB.
const BYTES_MAX: u64 = 512 << 20;

/// Refused lines that are told one by one; of a file that is wrong altogether a hundred are enough.
const TOLD: usize = 100;

/// What was read.
struct Read {
    kept: Vec<EtablissementFiness>,
    refused: Vec<FinessError>,
    lines: usize,
    date: Option<jiff::civil::Date>,
}

/// What `finess import` prints.
#[derive(Serialize)]
struct Summary {
    file: String,
    date: Option<String>,
    lines: usize,
    kept: usize,
    added: u64,
    changed: u64,
    unchanged: u64,
    closed: u64,
    /// By category.
    categories: BTreeMap<String, usize>,
    refused: Vec<RefusedLine>,
}

#[derive(Serialize)]
struct RefusedLine {
    line: usize,
    reason: String,
}

async fn import(
    Import { file, category, all_categories, force, json: as_json, data }: Import,
    clock: &Clock,
) -> Outcome {
    let categories = categories(&category, all_categories, &data)?;
    let Input { bytes, name, sha256 } = input::read(&file, BYTES_MAX)?;
    let store = data.open_or_create().await?;
    let mut progress = Progress::new(bytes.len());
    let read = read(&bytes, &categories, &mut progress)
        .map_err(|error| Failure::because(format!("{}: {error}; nothing was imported", file.display())))?;
    if read.kept.is_empty() {
        progress.clear();
        return Err(Failure::because(format!(
            "{}: {} read, {} refused, none kept (categories {}); nothing was changed",
            file.display(),
            plural(read.lines as u64, "line"),
            thousands(read.refused.len() as u64),
            categories.codes().take(12).collect::<Vec<_>>().join(", ")
        )));
    }
    progress.say(&format!("writing {}", plural(read.kept.len() as u64, "establishment")));
    let outcome = write(&store, &read, &categories, (&name, &sha256), force, clock).await;
    progress.clear();
    store.close().await;
    let bilan = outcome.map_err(|error| {
        let advice = match error {
            Error::Refused(Refusal::TooManyClosed { .. }) => {
                "the file seems to be cut, download it anew (--force imports it all the same); nothing was changed"
            }
            Error::Refused(Refusal::OlderExtract(_)) => "--force imports it all the same; nothing was changed",
            _ => "a part may be imported already; once more with the same file does the rest",
        };
        Failure::because(format!("{}: {error}; {advice}", file.display()))
    })?;
    if as_json {
        return print(&json(&summary(name, &read, bilan))?);
    }
    tell_refused(&read.refused);
    print(&told(&summary(name, &read, bilan)))
}

/// What is kept: the command line says, or the configuration, or custom.
fn categories(asked: &[String], all: bool, data: &Data) -> Outcome<Categories> {
    if all {
        return Ok(Categories::toutes());
    }
    let configured = match data.configuration()? {
        Some(config) if asked.is_empty() => config.finess.categories,
        _ => asked.to_vec(),
    };
    if configured.is_empty() {
        return Ok(Categories::default());
    }
    Categories::new(configured.iter().map(String::as_str))
        .ok_or_else(|| Failure::Usage("--category is a category of FINESS, three digits: 500".to_owned()))
}

fn read(bytes: &[u8], categories: &Categories, progress: &mut Progress) -> Result<Read, FinessError> {
    // Where the line read last ends.
    let end = std::cell::Cell::new(0);
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| {
        end.set(end.get() + line.len() + 1);
        Ok(line.to_vec())
    });
    let mut extract = Extract::new(lines, categories)?;
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    while let Some(read) = extract.next() {
        match read {
            Ok(one) => kept.push(one),
            Err(error) => refused.push(error),
        }
        progress.at(extract.line(), end.get().min(bytes.len()), kept.len());
    }
    // What follows the last line's end is no line.
    let lines = extract.line() - usize::from(bytes.ends_with(b"\n"));
    Ok(Read { kept, refused, lines, date: extract.date() })
}

async fn write(
    store: &Store,
    read: &Read,
    categories: &Categories,
    (fichier, sha256): (&str, &[u8; 32]),
    force: bool,
    clock: &Clock,
) -> Result<BilanFiness, Error> {
    let (tables, _) = store.nomenclatures(server::day_in_paris(clock.now())).await?;
    let codes: Vec<&str> = categories.codes().collect();
    let illisibles: Vec<String> = read.refused.iter().filter_map(|error| error.numero.clone()).collect();
    let import = &ImportFiness {
        acteur: &operator::acteur(),
        etablissements: &read.kept,
        categories: &codes,
        illisibles: &illisibles,
        tables: &tables,
        fichier,
        sha256,
        date_du: read.date,
        lignes: read.lines as u64,
        refusees: read.refused.len() as u64,
        force,
    };
    store.import_finess(import).await
}

fn summary(file: String, read: &Read, bilan: BilanFiness) -> Summary {
    let mut categories = BTreeMap::new();
    for one in &read.kept {
        *categories.entry(one.categorie.clone()).or_insert(0) += 1;
    }
    let refused =
        read.refused.iter().map(|error| RefusedLine { line: error.line, reason: error.cause.to_string() });
    Summary {
        file,
        date: read.date.map(|date| date.to_string()),
        lines: read.lines,
        kept: read.kept.len(),
        added: bilan.ajoutes,
        changed: bilan.modifies,
        unchanged: bilan.inchanges,
        closed: bilan.fermes,
        categories,
        refused: refused.collect(),
    }
}

fn tell_refused(refused: &[FinessError]) {
    let mut error = std::io::stderr().lock();
    for line in refused.iter().take(TOLD) {
        // A standard error that is closed is no reason to fail: the summary counts them.
        let _ = writeln!(error, "refused: {line}");
    }
    if let Some(more) = refused.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let _ = writeln!(error, "refused: {} more; --json tells them all", plural(more as u64, "line"));
    }
}

fn told(of: &Summary) -> String {
    let date = of.date.as_deref().map(|date| format!(" of {date}")).unwrap_or_default();
    let mut lines = vec![
        format!(
            "{}{date}: {}, {} kept, {} refused",
            of.file,
            plural(of.lines as u64, "line"),
            plural(of.kept as u64, "establishment"),
            thousands(of.refused.len() as u64)
        ),
        format!(
            "{} added, {} changed, {} unchanged, {} closed",
            thousands(of.added),
            thousands(of.changed),
            thousands(of.unchanged),
            thousands(of.closed)
        ),
    ];
    lines.extend(of.categories.iter().map(|(code, count)| {
        let label =
            Categories::PERSONNES_AGEES.iter().find(|(known, _)| known == code).map(|(_, label)| *label);
        format!("  {code} {:>7}  {}", thousands(*count as u64), label.unwrap_or_default())
            .trim_end()
            .to_owned()
    }));
    lines.join("\n")
}
