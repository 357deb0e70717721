//! `vtpa nos`: the nomenclatures that requests are checked against, and updates of them.

use std::path::{Path, PathBuf};

use ::dossier::nomenclature::import::NosTable;
use ::dossier::nomenclature::{NomTable, Nomenclatures};
use serde::Serialize;
use server::Clock;
use storage::{Action, BilanNomenclature, Error, ImportNomenclature, NomenclatureImportee, Refusal, Trace};

use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};
use crate::input::{self, Input, plural, thousands};
use crate::operator;

/// Look at the nomenclatures and import updates of them
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// Import an update as the ANS publishes it
    #[command(after_help = IMPORT_HELP)]
    Import(Import),
    /// List the tables: versions, dates, sources
    #[command(after_help = LIST_HELP)]
    List(List),
}

const HELP: &str = "\
Communes, countries, civilités, types of way, postal codes and types of contact are built in.
What is imported lies over them: it adds codes and renames them. It takes none away, since
people were born in communes that are gone.

Examples:
  vtpa nos list --config vtpa.toml
  vtpa nos import TRE_R13-CommuneOM.tabs --config vtpa.toml";

const IMPORT_HELP: &str = "\
FILE is a .tabs file (UTF-8), SVS XML or FHIR CodeSystem JSON of the Nomenclature des Objets de
Santé, for one of these tables; of a value set (JDV) their codes are taken.
  R13 communes          1.2.250.1.213.2.23
  R20 countries         1.2.250.1.213.2.24
  R81 civilités         1.2.250.1.213.1.6.1.69
  R35 types of way      1.2.250.1.213.2.44
  postal codes          1.2.250.1.214.2.45
  types of contact      TypeContactPA

The file takes the place of an earlier import of its table, whole or not at all. A code valid in
several periods bears its name of the day; one that is no longer valid stays known. Servers that
run take it up within two seconds; requests in flight end as they began.

Examples:
  vtpa nos import TRE_R13-CommuneOM.tabs --config vtpa.toml
  vtpa nos import CodeSystem-TRE-R20-Pays.json --config vtpa.toml --json";

const LIST_HELP: &str = "\
Examples:
  vtpa nos list --config vtpa.toml
  vtpa nos list --config vtpa.toml --json | jq '.[] | select(.origin == \"imported\")'";

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Import it even if the table in force is of a later date
    #[arg(long)]
    older: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

pub(crate) async fn run(command: Command, clock: &Clock) -> Outcome {
    match command {
        Command::Import(arguments) => import(arguments, clock).await,
        Command::List(arguments) => list(arguments).await,
    }
}

/// Most bytes of a file: the communes are some 20 MB in XML.
const BYTES_MAX: u64 = 64 << 20;

/// What `nos import` prints.
#[derive(Serialize)]
struct Imported {
    tables: Vec<&'static str>,
    oid: String,
    name: String,
    version: Option<String>,
    updated: Option<String>,
    /// Rows of the file; a code may have several, each for its years.
    rows: usize,
    /// Rows of tables that this product does not know.
    ignored: usize,
    /// False: this very file was in force already.
    changed: bool,
    codes: u64,
    /// Codes that neither the built-in tables nor an earlier import knew.
    new: usize,
    /// Codes, against the earlier import of the table; none where there was none.
    since_earlier: Option<Difference>,
}

#[derive(Serialize)]
struct Difference {
    added: u64,
    removed: u64,
    /// Their names or dates are others.
    changed: u64,
}

async fn import(Import { file, older, json: as_json, data }: Import, clock: &Clock) -> Outcome {
    let Input { bytes, name, sha256 } = input::read(&file, BYTES_MAX)?;
    let table = read(&file, &bytes)?;
    let store = data.open_or_create().await?;
    let (before, _) = store.nomenclatures(server::day_in_paris(clock.now())).await?;
    let (read, fichier, digest) = (&table, name.as_str(), &sha256);
    let detail = format!("{} {} {fichier}", table.nom, table.edition().unwrap_or_default());
    let trace = &Trace::new(operator::acteur(), Action::ImportNomenclature).detail(&detail);
    let outcome = store
        .run("import a nomenclature", |tx| {
            let import = ImportNomenclature { table: read, fichier, sha256: digest, plus_ancien: older };
            Box::pin(async move {
                let bilan = tx.import_nomenclature(&import).await?;
                if bilan.is_some() {
                    tx.trace(trace).await?;
                }
                Ok(bilan)
            })
        })
        .await;
    let listed = store.read(|reader| Box::pin(async move { reader.imported_nomenclatures().await })).await?;
    store.close().await;
    let bilan = outcome.map_err(|error| match error {
        Error::Refused(Refusal::OlderNomenclature) => Failure::because(format!(
            "{}: {error}; nothing was changed. `vtpa nos list` shows it; --older imports this file all the same",
            file.display()
        )),
        error => Failure::because(format!("{}: {error}", file.display())),
    })?;
    let codes = listed.iter().find(|one| one.oid == table.oid).map_or(0, |one| one.codes);
    let imported = imported(&table, bilan, codes, &before);
    if as_json { print(&json(&imported)?) } else { print(&told(&name, &imported)) }
}

/// The table of a file, which must be of use here.
fn read(file: &Path, bytes: &[u8]) -> Outcome<NosTable> {
    let name = file.display();
    let table = NosTable::read(bytes).map_err(|error| {
        Failure::because(format!("{name}: {error}\n{}; nothing was imported", error.cause.remede()))
    })?;
    if table.connus().next().is_none() {
        let known: Vec<_> =
            NomTable::TOUTES.iter().map(|table| format!("{} {}", table.nom(), table.oid())).collect();
        return Err(Failure::because(format!(
            "{name}: {} ({}) is no table that requests are checked against, and has no code of one\nknown: {}; \
             nothing was imported",
            table.nom,
            table.oid,
            known.join(", ")
        )));
    }
    Ok(table)
}

fn imported(
    table: &NosTable,
    bilan: Option<BilanNomenclature>,
    codes: u64,
    before: &Nomenclatures,
) -> Imported {
    let mut tables: Vec<_> = table.connus().map(|(table, _)| table).collect();
    let known = tables.len();
    tables.sort();
    tables.dedup();
    let mut new: Vec<_> = table
        .connus()
        .filter(|(table, concept)| !before.connait(*table, &concept.code))
        .map(|(table, concept)| (table, &concept.code))
        .collect();
    new.dedup();
    Imported {
        tables: tables.into_iter().map(NomTable::nom).collect(),
        oid: table.oid.clone(),
        name: table.nom.clone(),
        version: table.edition(),
        updated: table.mise_a_jour.map(|date| date.to_string()),
        rows: known,
        ignored: table.concepts().len() - known,
        changed: bilan.is_some(),
        codes: bilan.map_or(codes, |bilan| bilan.codes),
        new: new.len(),
        since_earlier: bilan.filter(|bilan| !bilan.premier).map(|bilan| Difference {
            added: bilan.ajoutes,
            removed: bilan.retires,
            changed: bilan.modifies,
        }),
    }
}

fn told(file: &str, of: &Imported) -> String {
    let version = of.version.as_deref().map(|version| format!(" version {version}")).unwrap_or_default();
    let updated = of.updated.as_deref().map(|date| format!(", of {}", day(date))).unwrap_or_default();
    let mut lines = vec![format!("{file}: {}{version}{updated}; table {}", of.name, of.tables.join(", "))];
    let counted = plural(of.codes, "code");
    lines.push(if of.changed {
        format!("imported: {counted}, {} of them not known before", thousands(of.new as u64))
    } else {
        format!("this very file is in force already ({counted}): nothing to do")
    });
    if let Some(Difference { added, removed, changed }) = of.since_earlier {
        lines.push(format!(
            "against the earlier import of the table: {} added, {} removed, {} changed",
            thousands(added),
            thousands(removed),
            thousands(changed)
        ));
    }
    if of.ignored > 0 {
        lines.push(format!(
            "left out: {} of tables that requests are not checked against",
            plural(of.ignored as u64, "row")
        ));
    }
    lines.join("\n")
}

/// A table as `nos list` prints it.
#[derive(Serialize)]
struct Listed {
    table: &'static str,
    oid: &'static str,
    origin: &'static str,
    version: Option<String>,
    updated: Option<String>,
    codes: u64,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<ListedImport>,
}

#[derive(Serialize)]
struct ListedImport {
    oid: String,
    file: String,
    sha256: String,
    at: String,
}

async fn list(List { json: as_json, data }: List) -> Outcome {
    let store = data.open().await?;
    let imports = store.read(|reader| Box::pin(async move { reader.imported_nomenclatures().await })).await?;
    store.close().await;
    let listed = listed(&imports);
    if as_json {
        return print(&json(&listed)?);
    }
    let heads = ["table", "origin", "version", "updated", "codes", "source"].map(str::to_owned);
    let rows = listed.iter().map(row);
    let rows: Vec<[String; 6]> = [heads].into_iter().chain(rows).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths).enumerate().map(|(place, (cell, width))| {
            // Numbers end where their column does.
            if place == 4 { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    print(&lines.collect::<Vec<_>>().join("\n"))
}

/// Each built-in table, and after it what was imported over it.
fn listed(imports: &[NomenclatureImportee]) -> Vec<Listed> {
    let of = |table: NomTable| {
        let origine = table.origine();
        let built_in = Listed {
            table: table.nom(),
            oid: table.oid(),
            origin: "built in",
            version: Some(origine.version.to_owned()),
            updated: None,
            codes: origine.entrees as u64,
            source: origine.source.to_owned(),
            import: None,
        };
        let over =
            imports.iter().filter(move |import| import.tables.contains(&table)).map(move |import| Listed {
                table: table.nom(),
                oid: table.oid(),
                origin: "imported",
                version: import.version.clone(),
                updated: import.mise_a_jour.clone(),
                codes: import.codes,
                source: import.nom.clone(),
                import: Some(ListedImport {
                    oid: import.oid.clone(),
                    file: import.fichier.clone(),
                    sha256: import.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
                    at: import.importe_le.to_string(),
                }),
            });
        std::iter::once(built_in).chain(over)
    };
    NomTable::TOUTES.into_iter().flat_map(of).collect()
}

fn row(of: &Listed) -> [String; 6] {
    let source = match &of.import {
        None => of.source.clone(),
        Some(import) => {
            let at = import.at.get(..16).unwrap_or(&import.at).replace('T', " ");
            format!("{} from {}, imported {at} UTC", of.source, import.file)
        }
    };
    [
        of.table.to_owned(),
        of.origin.to_owned(),
        of.version.clone().unwrap_or_else(|| "-".to_owned()),
        of.updated.as_deref().map_or("-", day).to_owned(),
        thousands(of.codes),
        source,
    ]
}

/// The day of a date and time.
fn day(date: &str) -> &str {
    date.get(..10).unwrap_or(date)
}
