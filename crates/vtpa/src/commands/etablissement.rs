//! `vtpa etablissement`: the establishments that demandes can be sent to, and the accounts of their desks.

mod account;

use ::dossier::{Adresse, Etablissement, Nomenclature, Prive, nomenclature as tables};
use serde::Serialize;
use storage::{Action, EtablissementTrouve, Recherche, Trace};

use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};
use crate::input::plural;
use crate::operator;

/// Search, list and add establishments; accounts of their desks
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// List the establishments
    #[command(after_help = LIST_HELP)]
    List(List),
    /// Search by name, commune or postal code
    #[command(after_help = SEARCH_HELP)]
    Search(Search),
    /// Add an establishment
    #[command(after_help = ADD_HELP)]
    Add(Add),
    #[command(subcommand)]
    Account(account::Command),
}

const HELP: &str = "\
`vtpa finess import` brings those of the FINESS register.

Examples:
  vtpa etablissement list --config vtpa.toml
  vtpa etablissement search glycines bourg --config vtpa.toml
  vtpa etablissement add --finess 010990018 --name \"EHPAD Les Glycines\" --config vtpa.toml
  vtpa etablissement account --help     # who may enter its desk";

const LIST_HELP: &str = "\
Examples:
  vtpa etablissement list --config vtpa.toml
  vtpa etablissement list --config vtpa.toml --json | jq -r '.[0].NumFINISS'";

const SEARCH_HELP: &str = "\
Words are looked for in the name and the place, each by its beginning, in any order; capitals
and accents do not matter, `St` is `Saint`. Names that begin so come first. Closed establishments
are not shown unless asked for.

Examples:
  vtpa etablissement search glycines --config vtpa.toml
  vtpa etablissement search --commune bourg-en-bresse --config vtpa.toml
  vtpa etablissement search ehpad --postal 01 --page 2 --config vtpa.toml --json";

const ADD_HELP: &str = "\
A FINESS number has nine characters, the last of them a check digit (Luhn), which is verified.

Example:
  vtpa etablissement add --finess 010990018 --name \"EHPAD Les Glycines\" \\
      --commune 01053 --postal 01000 --config vtpa.toml";

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Search {
    /// Words of the name or the place
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Only of this commune: its INSEE code, or words of its name
    #[arg(long, value_name = "COMMUNE")]
    commune: Option<String>,
    /// Only of this postal code, or those that begin so
    #[arg(long, value_name = "DIGITS", value_parser = digits)]
    postal: Option<String>,
    /// Only of this category of FINESS (repeatable)
    #[arg(long, value_name = "CODE", value_parser = digits)]
    category: Vec<String>,
    /// Closed establishments too
    #[arg(long)]
    closed: bool,
    /// How many to a page
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Which page
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    page: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

fn digits(text: &str) -> Result<String, String> {
    let text = text.trim();
    let digits = !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.to_owned()).ok_or_else(|| "one to five digits".to_owned())
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// Its FINESS number
    #[arg(long, value_name = "N")]
    finess: String,
    /// Its name (RaisonSociale)
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The INSEE code of its commune
    #[arg(long, value_name = "CODE")]
    commune: Option<String>,
    /// Its postal code
    #[arg(long, value_name = "CODE")]
    postal: Option<String>,
    #[command(flatten)]
    data: Data,
}

pub(crate) async fn run(command: Command) -> Outcome {
    match command {
        Command::List(arguments) => list(arguments).await,
        Command::Search(arguments) => search(arguments).await,
        Command::Add(arguments) => add(arguments).await,
        Command::Account(command) => account::run(command).await,
    }
}

async fn list(List { json: as_json, data }: List) -> Outcome {
    let store = data.open().await?;
    let all = store.read(|reader| Box::pin(async move { reader.etablissements().await })).await?;
    store.close().await;
    if as_json {
        return print(&json(&all)?);
    }
    if all.is_empty() {
        return print(
            "there is no establishment: vtpa etablissement add --finess N --name NAME --config FILE",
        );
    }
    print(&all.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// What `etablissement search --json` prints.
#[derive(Serialize)]
struct Found {
    total: u64,
    page: u32,
    pages: u64,
    etablissements: Vec<FoundOne>,
}

/// An establishment in the contract's names, and what FINESS says besides.
#[derive(Serialize)]
struct FoundOne {
    #[serde(flatten)]
    etablissement: Etablissement,
    #[serde(rename = "Categorie", skip_serializing_if = "Option::is_none")]
    categorie: Option<String>,
    #[serde(rename = "Ferme")]
    ferme: bool,
}

async fn search(
    Search { words, commune, postal, category, closed, limit, page, json: as_json, data }: Search,
) -> Outcome {
    let words = words.join(" ");
    let recherche = &Recherche {
        texte: Some(&words),
        commune: commune.as_deref(),
        code_postal: postal.as_deref(),
        categories: &category,
        fermes: closed,
        depuis: (page - 1).saturating_mul(limit),
        limite: limit,
    };
    let store = data.open().await?;
    let results =
        store.read(|reader| Box::pin(async move { reader.search_etablissements(recherche).await })).await?;
    store.close().await;
    let pages = results.total.div_ceil(limit.into());
    if as_json {
        let etablissements = results.page.into_iter().map(|one| FoundOne {
            etablissement: one.etablissement,
            categorie: one.categorie,
            ferme: one.ferme,
        });
        return print(&json(&Found {
            total: results.total,
            page,
            pages,
            etablissements: etablissements.collect(),
        })?);
    }
    if results.total == 0 {
        return print("none found");
    }
    let mut lines: Vec<String> = results.page.iter().map(found_line).collect();
    if pages > 1 {
        lines.push(format!("page {page} of {pages}, {} in all", plural(results.total, "establishment")));
    }
    print(&lines.join("\n"))
}

fn found_line(one: &EtablissementTrouve) -> String {
    let place = one.etablissement.adresse.as_ref().map(|adresse| {
        let commune = &adresse.localite;
        let name = commune.display_name.as_deref().unwrap_or(&commune.code);
        format!(", {} {name}", adresse.code_postal.code)
    });
    let closed = if one.ferme { " (closed)" } else { "" };
    format!("{}{}{closed}", line(&one.etablissement), place.unwrap_or_default())
}

fn line(etablissement: &Etablissement) -> String {
    let name = etablissement.raison_sociale.as_deref().unwrap_or("");
    format!("{}  {name}", etablissement.num_finiss)
}

async fn add(Add { finess, name, commune, postal, data }: Add) -> Outcome {
    let etablissement = etablissement(&finess, &name, commune.as_deref(), postal.as_deref())?;
    let store = data.open_or_create().await?;
    let added = &etablissement;
    let trace = &Trace::new(operator::acteur(), Action::EtablissementModifie).detail(finess.trim());
    let outcome = store
        .run("add an establishment", |tx| {
            Box::pin(async move {
                tx.add_etablissement(added).await?;
                tx.trace(trace).await
            })
        })
        .await;
    store.close().await;
    outcome.map_err(|error| Failure::because(format!("{finess}: {error}")))?;
    print(&line(&etablissement))
}

/// An establishment from what the command line says of it.
fn etablissement(
    finess: &str,
    name: &str,
    commune: Option<&str>,
    postal: Option<&str>,
) -> Outcome<Etablissement> {
    let finess = finess.trim();
    if !::dossier::format::finess(finess) {
        return Err(Failure::because(match key(finess) {
            Some(key) => {
                format!("{finess}: the check digit is wrong (it would be {key}): a digit was mistyped")
            }
            None => format!(
                "{finess:?} is no FINESS number: nine characters, the département, 0, five digits and a check digit"
            ),
        }));
    }
    if name.trim().is_empty() || name.chars().count() > 255 {
        return Err(Failure::because("--name is 1 to 255 characters"));
    }
    let adresse = match (commune, postal) {
        (None, None) => None,
        (Some(commune), Some(postal)) => Some(adresse(commune, postal)),
        _ => {
            return Err(Failure::Usage("--commune and --postal go together: an address has both".to_owned()));
        }
    };
    Ok(Etablissement {
        num_finiss: finess.to_owned(),
        raison_sociale: Some(name.trim().to_owned()),
        adresse,
        telephone: None,
        donnees_autres: None,
    })
}

/// An address known by its commune alone.
fn adresse(commune: &str, postal: &str) -> Adresse {
    let nomenclature = |code: &str, system: &str, name: &str, label: Option<&str>| Nomenclature {
        code: code.to_owned(),
        code_system: Some(system.to_owned()),
        code_system_name: Some(name.to_owned()),
        display_name: label.map(str::to_owned),
        ..Nomenclature::default()
    };
    Adresse {
        numero_voie: Prive::default(),
        type_voie: String::new(),
        libelle_voie: Prive::default(),
        code_postal: nomenclature(postal, tables::OID_CODE_POSTAL, tables::NOM_CODE_POSTAL, Some(postal)),
        localite: nomenclature(commune, tables::OID_COMMUNE, tables::R13, tables::commune(commune)),
    }
}

/// The check digit that would make a number of these eight first characters of nine.
fn key(finess: &str) -> Option<u8> {
    let first = finess.get(..8).filter(|_| finess.len() == 9)?;
    (0..=9).find(|key| ::dossier::format::finess(&format!("{first}{key}")))
}
