//! `vtpa audit export`

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use server::audit;
use storage::{Action, FiltreTrace, Store, Trace};

use crate::cli::Data;
use crate::commands::dossier::number;
use crate::exit::{Failure, Outcome, print};
use crate::operator;
use crate::progress::Progress;

/// Export rows of the audit trail, one JSON object a line
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Rows come in the order in which they were written: time (UTC), actor (partenaire, famille,
etablissement, operateur, systeme), application, certificate_sha256, id_local, assertion, action,
dossier, demande, code, message_id, log_id, request_sha256, link (the row's place in the chain).
The export itself gets a row first. What is exported names persons: keep it as such.

With --requests each row has the request as it was signed, if [audit] keep_requests kept it: its
signature can be verified anew (`vtpa inspect`), with the certificate that is in it.

Examples:
  # who saw or changed this dossier?
  vtpa audit export --dossier 1234567890128 --config vtpa.toml
  # what did this application do in November (UTC)?
  vtpa audit export --application mon-portail --from 2026-11-01 --to 2026-12-01 \\
      --output novembre.jsonl --config vtpa.toml
  # answers other than 999, counted
  vtpa audit export --from 2026-11-27 --config vtpa.toml | jq -r 'select(.code != \"999\") | .code' \\
      | sort | uniq -c")]
pub(crate) struct Export {
    /// From this day or instant on: 2026-11-01, 2026-11-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Option<Timestamp>,
    /// Before this day or instant
    #[arg(long, value_name = "TIME", value_parser = instant)]
    to: Option<Timestamp>,
    /// Of this dossier: 13 digits
    #[arg(long, value_name = "ID")]
    dossier: Option<String>,
    /// By this application, or by families that came from it
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    /// On behalf of this user of an application
    #[arg(long, value_name = "IDLOCAL")]
    id_local: Option<String>,
    /// Put the requests in, where they were kept
    #[arg(long)]
    requests: bool,
    /// Write into a new file that only its owner reads, instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

/// A day means its first instant.
fn instant(text: &str) -> Result<Timestamp, String> {
    let day = |day: Date| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    text.parse::<Timestamp>()
        .or_else(|_| text.parse::<Date>().and_then(day))
        .map_err(|_| "neither a day (2026-11-01) nor an instant (2026-11-01T08:00:00Z)".to_owned())
}

pub(super) async fn run(export: Export) -> Outcome {
    let Export { from, to, dossier, application, id_local, requests, output, data } = export;
    let dossier = dossier.as_deref().map(number).transpose()?;
    let store = data.open().await?;
    if let Some(name) = &application {
        let known = store.read(|reader| Box::pin(async move { reader.was_application(name).await })).await?;
        if !known {
            return Err(Failure::because(format!("no application is, or was, called {name}")));
        }
    }
    let filtre =
        FiltreTrace { from, to, dossier: dossier.as_ref().map(ToString::to_string), application, id_local };
    let mut out: Box<dyn Write> = match &output {
        Some(file) => Box::new(BufWriter::new(new_file(file)?)),
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    // before anything leaves: nobody gets an export that is not traced
    let mut trace = Trace::new(operator::acteur(), Action::TraceExportee).detail(&asked(&filtre, requests));
    if let Some(dossier) = &dossier {
        trace = trace.dossier(dossier);
    }
    store.trace_all(&[trace]).await?;
    let written = rows(&store, &filtre, requests, &mut out).await;
    store.close().await;
    let rows = written?;
    match output {
        Some(file) => print(&format!("{}: {rows} rows", file.display())),
        None => Ok(()),
    }
}

/// Page by page. A reader that went away (`| head`) is no failure.
async fn rows(store: &Store, filtre: &FiltreTrace, requests: bool, out: &mut dyn Write) -> Outcome<u64> {
    let mut progress = Progress::new(100_000);
    let (mut after, mut rows) = (0, 0_u64);
    loop {
        let page =
            store.read(|reader| Box::pin(async move { reader.trace_export(filtre, after).await })).await?;
        let Some(last) = page.last() else { break };
        after = last.row.id;
        for mut exported in page {
            if !requests {
                exported.requete = None;
            }
            match writeln!(out, "{}", audit::line(&exported)?) {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(rows),
                outcome => outcome?,
            }
            rows += 1;
        }
        if rows.is_multiple_of(100_000) {
            progress.count("rows", rows);
        }
    }
    match out.flush() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(rows),
    }
}

fn new_file(file: &PathBuf) -> Outcome<File> {
    Ok(OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| file.display().to_string())?)
}

/// What was asked for, without the user's name.
fn asked(filtre: &FiltreTrace, requests: bool) -> String {
    let FiltreTrace { from, to, application, id_local, .. } = filtre;
    let parts = [
        from.map(|from| format!("from {from}")),
        to.map(|to| format!("to {to}")),
        application.as_ref().map(|name| format!("application {name}")),
        id_local.as_ref().map(|_| "one IdLocal".to_owned()),
        requests.then(|| "with requests".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
