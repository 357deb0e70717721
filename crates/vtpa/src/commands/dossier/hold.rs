//! Legal hold and archive of one dossier.

use ::dossier::IdDossier;
use storage::{Action, Trace};

use super::{done, number};
use crate::cli::Data;
use crate::exit::{Failure, Outcome};
use crate::operator;

/// Keep a dossier as it is: neither archived nor erased until `unhold`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For a dispute, an inspection, a person who asks that their data be kept (RGPD, article 18). The reason
is a reference to your own files: no personal data, it goes into the audit trail.

Example:
  vtpa dossier hold 1234567890128 --reason 'RG 26/01234' --config vtpa.toml")]
pub(crate) struct Hold {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    /// A reference, without personal data
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    data: Data,
}

/// End a legal hold: retention counts again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  vtpa dossier unhold 1234567890128 --config vtpa.toml")]
pub(crate) struct Unhold {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    data: Data,
}

/// Archive a dossier before its time: code 460 for partners, closed for its family
#[derive(Debug, clap::Args)]
#[command(after_help = "\
From now its time in the archive counts ([retention] erase_after_days). `reactivate` opens it again.

Example:
  vtpa dossier archive 1234567890128 --config vtpa.toml")]
pub(crate) struct Archive {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    data: Data,
}

/// Open an archived dossier again: its person came back
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  vtpa dossier reactivate 1234567890128 --config vtpa.toml")]
pub(crate) struct Reactivate {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    data: Data,
}

enum Act<'a> {
    Hold(&'a str),
    Unhold,
    Archive,
    Reactivate,
}

pub(super) async fn hold(Hold { id, reason, data }: Hold) -> Outcome {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 200 {
        return Err(Failure::Usage("--reason takes 1 to 200 characters".to_owned()));
    }
    act(&id, &data, Act::Hold(reason)).await
}

pub(super) async fn unhold(Unhold { id, data }: Unhold) -> Outcome {
    act(&id, &data, Act::Unhold).await
}

pub(super) async fn archive(Archive { id, data }: Archive) -> Outcome {
    act(&id, &data, Act::Archive).await
}

pub(super) async fn reactivate(Reactivate { id, data }: Reactivate) -> Outcome {
    act(&id, &data, Act::Reactivate).await
}

async fn act(id: &str, data: &Data, act: Act<'_>) -> Outcome {
    let (store, id) = (data.open().await?, number(id)?);
    let (dossier, act): (&IdDossier, &Act<'_>) = (&id, &act);
    let acteur = &operator::acteur();
    let outcome = store
        .run("keep a dossier", |tx| {
            Box::pin(async move {
                let trace = |action| Trace::new(acteur.clone(), action).dossier(dossier);
                let trace = match act {
                    Act::Hold(reason) => {
                        tx.hold_dossier(dossier, reason).await?;
                        trace(Action::DossierConserve).detail(&format!("hold: {reason}"))
                    }
                    Act::Unhold => {
                        tx.release_dossier(dossier).await?;
                        trace(Action::DossierConserve).detail("unhold")
                    }
                    Act::Archive => {
                        tx.archive_dossier(dossier).await?;
                        trace(Action::DossierArchive)
                    }
                    Act::Reactivate => {
                        tx.reactivate_dossier(dossier).await?;
                        trace(Action::DossierReactive)
                    }
                };
                tx.trace(&trace).await
            })
        })
        .await;
    done(&store, &id, outcome).await
}
