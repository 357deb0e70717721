//! `vtpa demande`: what a dossier asks of establishments, and what they answer.

use ::dossier::{StatutDemande, TypeHebergement, UrgenceDemande};
use storage::{Action, Error, Refusal, Trace};

use super::dossier::number;
use crate::cli::Data;
use crate::exit::{Failure, Outcome, print};
use crate::operator;

/// Send a dossier's demande to an establishment and record its answers
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// Add a demande to a dossier; prints its IdDemande alone
    #[command(after_help = ADD_HELP)]
    Add(Add),
    /// Record a new state of a demande
    #[command(after_help = STATUS_HELP)]
    Status(Status),
}

const HELP: &str = "\
Examples:
  DEMANDE=$(vtpa demande add 1234567890128 --finess 010990018 \\
      --hebergement Permanent --urgence SixMois --config vtpa.toml)
  vtpa demande status $DEMANDE ENVOYEE --config vtpa.toml";

const ADD_HELP: &str = "\
The demande begins as NON_ENVOYEE. A dossier has at most 40, an establishment at most one that is
not over. `vtpa etablissement list` gives the numbers.

Example:
  vtpa demande add 1234567890128 --finess 010990018 --hebergement Permanent --urgence SixMois \\
      --config vtpa.toml";

const STATUS_HELP: &str = "\
Allowed:
  NON_ENVOYEE → ENVOYEE → RECUE → LISTE_ATTENTE ⇄ ADMISSION_PROPOSEE → ADMISSION_ACCEPTEE
      → ADMISSION_EFFECTUEE → ARCHIVEE
  RECUE → ADMISSION_PROPOSEE; RECUE or LISTE_ATTENTE → REFUSEE
  any state before ADMISSION_EFFECTUEE → ANNULEE; REFUSEE or ANNULEE → ARCHIVEE
Anything else exits 1 and changes nothing.

Motives:
  with REFUSEE   1 Absence de place, 2 Soins requis non assurés, 3 Dossier incomplet,
                 4 Hors du secteur, 5 Autre motif de l'établissement
  with ANNULEE   11 Admission ailleurs, 12 Maintien à domicile, 13 Renoncement, 14 Décès,
                 15 Autre motif du demandeur

Examples:
  vtpa demande status 42 RECUE --config vtpa.toml
  vtpa demande status 42 REFUSEE --motif 1 --remarque \"Aucune place avant l'été.\" \\
      --config vtpa.toml";

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    /// The establishment's FINESS number
    #[arg(long, value_name = "N")]
    finess: String,
    /// The kind of stay: Permanent, Temporaire, AccueilDeJour, AccueilDeNuit, AccueilSequentiel, NonRenseigne
    #[arg(long, value_name = "TYPE")]
    hebergement: String,
    /// How soon: Immédiat, SixMois, Eloigne, NonRenseigne
    #[arg(long, value_name = "URGENCE")]
    urgence: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// IdDemande, as `demande add` printed it
    #[arg(value_name = "IDDEMANDE")]
    id: i64,
    /// The new state
    #[arg(value_name = "STATUT")]
    statut: String,
    /// Why, by the code of the table below
    #[arg(long, value_name = "CODE")]
    motif: Option<String>,
    /// A remark that the family and the partner read, 1000 characters at most
    #[arg(long, value_name = "TEXT")]
    remarque: Option<String>,
    #[command(flatten)]
    data: Data,
}

pub(crate) async fn run(command: Command) -> Outcome {
    match command {
        Command::Add(arguments) => add(arguments).await,
        Command::Status(arguments) => status(arguments).await,
    }
}

async fn add(Add { id, finess, hebergement, urgence, data }: Add) -> Outcome {
    let (hebergement, urgence) = (type_hebergement(&hebergement)?, urgence_demande(&urgence)?);
    let (store, id) = (data.open().await?, number(&id)?);
    let (dossier, etablissement) = (&id, finess.trim());
    let trace = Trace::new(operator::acteur(), Action::DemandeAjoutee).dossier(dossier).detail(etablissement);
    let trace = &trace;
    let outcome = store
        .run("add a demande", |tx| {
            Box::pin(async move {
                let demande = tx.add_demande(dossier, etablissement, hebergement, urgence).await?;
                tx.trace(&trace.clone().demande(demande)).await?;
                Ok(demande)
            })
        })
        .await;
    store.close().await;
    let demande = outcome.map_err(|error| {
        let hint = match error {
            Error::Refused(Refusal::UnknownEtablissement) => {
                "; vtpa etablissement list shows those that there are"
            }
            _ => "",
        };
        Failure::because(format!("dossier {id}, establishment {etablissement}: {error}{hint}"))
    })?;
    print(&demande.to_string())
}

async fn status(Status { id, statut, motif, remarque, data }: Status) -> Outcome {
    let statut = StatutDemande::from_code(&statut).ok_or_else(|| {
        let all = "NON_ENVOYEE, ENVOYEE, RECUE, LISTE_ATTENTE, ADMISSION_PROPOSEE, ADMISSION_ACCEPTEE, \
                   ADMISSION_EFFECTUEE, ARCHIVEE, REFUSEE, ANNULEE";
        Failure::Usage(format!("{statut:?} is no state of a demande; the states: {all}"))
    })?;
    let store = data.open().await?;
    let (motif, remarque) = (motif.as_deref(), remarque.as_deref());
    let detail = match motif {
        Some(motif) => format!("{} motif {motif}", statut.code()),
        None => statut.code().to_owned(),
    };
    let trace = &Trace::new(operator::acteur(), Action::DemandeStatut).demande(id).detail(&detail);
    let outcome = store
        .run("change a demande's state", |tx| {
            Box::pin(async move {
                tx.change_statut(id, statut, motif, remarque).await?;
                tx.trace(trace).await
            })
        })
        .await;
    store.close().await;
    outcome.map_err(|error| Failure::because(format!("demande {id}: {error}")))
}

fn type_hebergement(text: &str) -> Outcome<TypeHebergement> {
    TypeHebergement::from_code(text).ok_or_else(|| {
        let all = "Permanent, Temporaire, AccueilDeJour, AccueilDeNuit, AccueilSequentiel, NonRenseigne";
        Failure::Usage(format!("--hebergement {text:?} is none of {all}"))
    })
}

/// The contract's code has an accent that not every keyboard has.
fn urgence_demande(text: &str) -> Outcome<UrgenceDemande> {
    let code = if text == "Immediat" { "Immédiat" } else { text };
    UrgenceDemande::from_code(code).ok_or_else(|| {
        Failure::Usage(format!("--urgence {text:?} is none of Immédiat, SixMois, Eloigne, NonRenseigne"))
    })
}
