//! `vtpa dossier`: a dossier as the operator sees it.

mod erase;
mod export;
mod hold;

use ::dossier::{Dossier, IdDossier};
use jiff::Timestamp;
use storage::{Action, Conservation, Error, Store, Trace, Volet as Part};

use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};
use crate::operator;

/// Look at a dossier, change it, keep it, export it, erase it
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// Show a dossier with its demandes
    #[command(after_help = SHOW_HELP)]
    Show(Show),
    /// Mark parts (volets) of a dossier as filled in
    #[command(after_help = VOLET_HELP)]
    Volet(Volet),
    /// Cancel a dossier: its state becomes ANNULEE
    #[command(after_help = CANCEL_HELP)]
    Cancel(Cancel),
    Export(export::Export),
    Erase(erase::Erase),
    Erasures(erase::Erasures),
    Hold(hold::Hold),
    Unhold(hold::Unhold),
    Archive(hold::Archive),
    Reactivate(hold::Reactivate),
}

const HELP: &str = "\
Examples:
  vtpa dossier show 1234567890128 --config vtpa.toml
  vtpa dossier volet 1234567890128 --admin --medical --config vtpa.toml
  vtpa dossier cancel 1234567890128 --config vtpa.toml

What a person may ask for (RGPD, articles 15, 17 and 18):
  vtpa dossier export 1234567890128 --config vtpa.toml > dossier.json
  vtpa dossier erase 1234567890128 --reason request --yes --config vtpa.toml
  vtpa dossier hold 1234567890128 --reason 'RG 26/01234' --config vtpa.toml";

const SHOW_HELP: &str = "\
With --json: the Dossier of the contract, member for member.

Examples:
  vtpa dossier show 1234567890128 --config vtpa.toml
  vtpa dossier show 1234567890128 --config vtpa.toml --json | jq -r .StatutDossier";

const VOLET_HELP: &str = "\
Examples:
  vtpa dossier volet 1234567890128 --admin --config vtpa.toml
  vtpa dossier volet 1234567890128 --medical --autonomie --config vtpa.toml";

const CANCEL_HELP: &str = "\
Example:
  vtpa dossier cancel 1234567890128 --config vtpa.toml";

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Volet {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    parts: Parts,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Parts {
    /// The administrative part
    #[arg(long)]
    admin: bool,
    /// The medical part
    #[arg(long)]
    medical: bool,
    /// The part on autonomy
    #[arg(long)]
    autonomie: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Cancel {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    data: Data,
}

pub(crate) async fn run(command: Command, now: Timestamp) -> Outcome {
    match command {
        Command::Show(arguments) => show(arguments).await,
        Command::Volet(arguments) => volet(arguments).await,
        Command::Cancel(arguments) => cancel(arguments).await,
        Command::Export(arguments) => export::run(arguments, now).await,
        Command::Erase(arguments) => erase::run(arguments).await,
        Command::Erasures(arguments) => erase::list(arguments).await,
        Command::Hold(arguments) => hold::hold(arguments).await,
        Command::Unhold(arguments) => hold::unhold(arguments).await,
        Command::Archive(arguments) => hold::archive(arguments).await,
        Command::Reactivate(arguments) => hold::reactivate(arguments).await,
    }
}

async fn show(Show { id, json: as_json, data }: Show) -> Outcome {
    let (store, id) = (data.open().await?, number(&id)?);
    let dossier = &id;
    let found = store
        .read(|reader| {
            Box::pin(async move { Ok((reader.dossier(dossier).await?, reader.conservation(dossier).await?)) })
        })
        .await;
    if matches!(found, Ok((Some(_), _))) {
        // before anything is shown: nobody looks at a dossier without a trace
        store.trace_all(&[Trace::new(operator::acteur(), Action::DossierConsulte).dossier(&id)]).await?;
    }
    store.close().await;
    let (Some(stored), Some(conservation)) = found? else { return Err(refused(&id, "no such dossier")) };
    let dossier = server::dossier_du_contrat(stored);
    if as_json { print(&json(&dossier)?) } else { print(&text(&id, &dossier, &conservation)) }
}

async fn volet(Volet { id, parts, data }: Volet) -> Outcome {
    let (store, id) = (data.open().await?, number(&id)?);
    let parts: Vec<_> =
        [(parts.admin, Part::Admin), (parts.medical, Part::Medical), (parts.autonomie, Part::Autonomie)]
            .into_iter()
            .filter_map(|(wanted, part)| wanted.then_some(part))
            .collect();
    let (dossier, parts) = (&id, parts.as_slice());
    let trace = &Trace::new(operator::acteur(), Action::VoletEnregistre).dossier(dossier);
    let outcome = store
        .run("fill in parts of a dossier", |tx| {
            Box::pin(async move {
                for part in parts {
                    tx.fill_volet(dossier, *part).await?;
                    tx.trace(&trace.clone().detail(part.code())).await?;
                }
                Ok(())
            })
        })
        .await;
    done(&store, &id, outcome).await
}

async fn cancel(Cancel { id, data }: Cancel) -> Outcome {
    let (store, id) = (data.open().await?, number(&id)?);
    let dossier = &id;
    let trace = &Trace::new(operator::acteur(), Action::DossierAnnule).dossier(dossier);
    let outcome = store
        .run("cancel a dossier", |tx| {
            Box::pin(async move {
                tx.cancel_dossier(dossier).await?;
                tx.trace(trace).await
            })
        })
        .await;
    done(&store, &id, outcome).await
}

async fn done(store: &Store, id: &IdDossier, outcome: Result<(), Error>) -> Outcome {
    store.close().await;
    outcome.map_err(|error| refused(id, error))
}

fn refused(id: &IdDossier, why: impl std::fmt::Display) -> Failure {
    Failure::because(format!("dossier {id}: {why}"))
}

/// IdDossier as typed: its check digit finds a slip before the database is asked.
pub(super) fn number(text: &str) -> Outcome<IdDossier> {
    IdDossier::parse(text.trim()).ok_or_else(|| {
        Failure::because(format!("{text:?} is no IdDossier: 13 digits, the last of them a check digit"))
    })
}

fn text(id: &IdDossier, dossier: &Dossier, conservation: &Conservation) -> String {
    let mut lines = vec![format!("{id}  {}", dossier.statut_dossier.code())];
    for (name, filled) in [
        ("volet administratif", dossier.est_renseigne_volet_admin),
        ("volet médical", dossier.est_renseigne_volet_medical),
        ("volet autonomie", dossier.est_renseigne_volet_autonomie),
    ] {
        lines.push(format!("  {name:20} {}", if filled { "renseigné" } else { "non renseigné" }));
    }
    lines.extend(dossier.demandes_etablissement.iter().map(|demande| {
        let name = demande.etablissement.raison_sociale.as_deref().unwrap_or_default();
        let number = &demande.etablissement.num_finiss;
        format!("  demande {:12} {:20} {number} {name}", demande.id_demande, demande.statut_demande.code())
    }));
    let Conservation { contact, archived, held } = conservation;
    lines.push(format!("  last contact         {}", contact.strftime("%Y-%m-%d")));
    lines.extend(archived.map(|since| format!("  archived             {}", since.strftime("%Y-%m-%d"))));
    lines.extend(
        held.as_ref().map(|(since, reason)| {
            format!("  under legal hold     {}, {reason}", since.strftime("%Y-%m-%d"))
        }),
    );
    lines.join("\n")
}
