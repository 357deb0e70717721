//! `vtpa etablissement`: the establishments that demandes can be sent to.

use ::dossier::{Adresse, Etablissement, Nomenclature, Prive};

use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};

/// List and add establishments
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// List the establishments
    #[command(after_help = LIST_HELP)]
    List(List),
    /// Add an establishment
    #[command(after_help = ADD_HELP)]
    Add(Add),
}

const HELP: &str = "\
Examples:
  vtpa etablissement list --config vtpa.toml
  vtpa etablissement add --finess 010990018 --name \"EHPAD Les Glycines\" --config vtpa.toml";

const LIST_HELP: &str = "\
Examples:
  vtpa etablissement list --config vtpa.toml
  vtpa etablissement list --config vtpa.toml --json | jq -r '.[0].NumFINISS'";

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
        Command::Add(arguments) => add(arguments).await,
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

fn line(etablissement: &Etablissement) -> String {
    let name = etablissement.raison_sociale.as_deref().unwrap_or("");
    format!("{}  {name}", etablissement.num_finiss)
}

async fn add(Add { finess, name, commune, postal, data }: Add) -> Outcome {
    let etablissement = etablissement(&finess, &name, commune.as_deref(), postal.as_deref())?;
    let store = data.open_or_create().await?;
    let added = &etablissement;
    let outcome = store
        .run("add an establishment", |tx| Box::pin(async move { tx.add_etablissement(added).await }))
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
    let nomenclature = |code: &str, system: &str, name: &str| Nomenclature {
        code: code.to_owned(),
        code_system: Some(system.to_owned()),
        code_system_name: Some(name.to_owned()),
        ..Nomenclature::default()
    };
    Adresse {
        numero_voie: Prive::default(),
        type_voie: String::new(),
        libelle_voie: Prive::default(),
        code_postal: nomenclature(postal, "1.2.250.1.214.2.45", "CodePostal"),
        localite: nomenclature(commune, "1.2.250.1.213.2.23", "R13"),
    }
}

/// The check digit that would make a number of these eight first characters of nine.
fn key(finess: &str) -> Option<u8> {
    let first = finess.get(..8).filter(|_| finess.len() == 9)?;
    (0..=9).find(|key| ::dossier::format::finess(&format!("{first}{key}")))
}
