//! Everything that is held on a person, for them.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;
use storage::{Action, Trace};

use super::{number, refused};
use crate::cli::Data;
use crate::demo::pki::write_new;
use crate::exit::{Outcome, json as pretty, print};
use crate::operator;

/// Export everything that is held on a dossier's person, as JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For a person who asks what is known of them, or takes it elsewhere (RGPD, articles 15 and 20):
`content` is the dossier with its demandes, their history, its links; `around` says who is inside,
who saw it and when, how long it is kept. `sha256` is that of `content` and stays as the mark of an
erasure. The export itself is in the audit trail.

Examples:
  vtpa dossier export 1234567890128 --config vtpa.toml | jq .content
  vtpa dossier export 1234567890128 --output dossier.json --config vtpa.toml")]
pub(crate) struct Export {
    /// IdDossier: 13 digits
    #[arg(value_name = "ID")]
    id: String,
    /// Write into a new file that only its owner reads, instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

pub(super) async fn run(Export { id, output, data }: Export, now: Timestamp) -> Outcome {
    let (store, id) = (data.open().await?, number(&id)?);
    let dossier = &id;
    let trace = &Trace::new(operator::acteur(), Action::DossierExporte).dossier(dossier);
    // in one transaction: nobody gets an export that is not traced
    let exported = store
        .run("export a dossier", |tx| {
            Box::pin(async move {
                let exported = tx.export(dossier).await?;
                if exported.is_some() {
                    tx.trace(trace).await?;
                }
                Ok(exported)
            })
        })
        .await;
    store.close().await;
    let exported = exported.map_err(|error| refused(&id, error))?;
    let exported = exported.ok_or_else(|| refused(&id, "no such dossier"))?;
    let sha256: String = exported.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = pretty(&json!({
        "format": "vtpa-dossier-1",
        "exportedAt": now,
        "sha256": sha256,
        "content": exported.content,
        "around": exported.around,
    }))?;
    match output {
        Some(file) => {
            write_new(&file, format!("{text}\n").as_bytes(), 0o600)?;
            print(&format!("{}", file.display()))
        }
        None => print(&text),
    }
}
