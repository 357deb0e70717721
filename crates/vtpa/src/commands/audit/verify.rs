//! `vtpa audit verify`

use std::path::PathBuf;

use serde::Serialize;
use server::Config;
use server::audit::{self, Report};
use xmlsec::Certificate;

use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};
use crate::keyfile;
use crate::progress::Progress;

/// Look whether the audit trail is as it was written
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Hashes every row and link again, from the first one or from where [audit] keep_months ended the
trail, and verifies each day's signature and that of the end. It finds rows that were changed,
removed, added or moved, an end that was cut off since the last signature, and signatures that are
not by [signature] certificate or one of [audit] former_certificates. It reads page by page beside a
running server and changes nothing. A million rows take about a minute.

What nobody can find is an end that was cut off together with every signature since. So keep the
last line elsewhere (on paper, in another system's log), and give it to the next --head.

Exit status: 0 all is as it was written, 1 it is not (each finding is a line), 2 wrong usage.

Examples:
  vtpa audit verify --config vtpa.toml
  vtpa audit verify --head 10482:5f1c…e0 --config vtpa.toml
  vtpa audit verify --config vtpa.toml --json | jq .findings")]
pub(crate) struct Verify {
    /// A head that an earlier verification printed: it must still be in the chain
    #[arg(long, value_name = "RANK:HASH")]
    head: Option<String>,
    /// A further certificate whose signatures count, PEM; repeat for several
    #[arg(long, value_name = "PEM")]
    signer: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// What is printed with `--json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    sound: bool,
    rows: u64,
    links: u64,
    waiting: u64,
    signatures: u64,
    kept_apart: u64,
    dropped_before: Option<String>,
    head: Option<String>,
    found: u64,
    findings: Vec<String>,
}

pub(super) async fn run(Verify { head, signer, json: as_json, data }: Verify) -> Outcome {
    let known = head.as_deref().map(rank_and_hash).transpose()?;
    let signers = signers(data.configuration()?.as_ref(), &signer)?;
    let store = data.open().await?;
    let mut progress = Progress::new(100_000);
    let mut told = 0;
    let report = audit::verify(&store, &signers, known, |at| match at.of {
        Some(of) => progress.tell(at.step, at.done, of),
        // a line for each hundred thousand, not for each page
        None if at.done / 100_000 != told => {
            told = at.done / 100_000;
            progress.count(at.step, at.done);
        }
        None => {}
    })
    .await;
    drop(progress);
    store.close().await;
    let document = document(&report?);
    print(&if as_json { json(&document)? } else { text(&document) })?;
    if document.sound { Ok(()) } else { Err(Failure::Silent) }
}

/// Certificates whose signatures over the trail count.
fn signers(config: Option<&Config>, further: &[PathBuf]) -> Outcome<Vec<Certificate>> {
    let configured = config.into_iter().flat_map(|config| {
        std::iter::once(&config.signature.certificate).chain(&config.audit.former_certificates)
    });
    let mut signers = Vec::new();
    for file in configured.chain(further) {
        for der in keyfile::certificates(file)?.iter().take(1) {
            signers.push(Certificate::parse(der)?);
        }
    }
    if signers.is_empty() {
        return Err(Failure::Usage(
            "say whose signatures count: --config FILE (its [signature] certificate), or --signer PEM"
                .to_owned(),
        ));
    }
    Ok(signers)
}

fn rank_and_hash(text: &str) -> Outcome<(i64, [u8; 32])> {
    let parsed = text.split_once(':').and_then(|(rank, hash)| {
        let mut bytes = [0; 32];
        if hash.len() != 64 || !hash.is_ascii() {
            return None;
        }
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hash.get(2 * place..2 * place + 2)?, 16).ok()?;
        }
        Some((rank.parse().ok().filter(|rank| *rank > 0)?, bytes))
    });
    parsed.ok_or_else(|| {
        Failure::Usage(format!(
            "--head {text:?} is not RANK:HASH as `vtpa audit verify` prints it: 10482:5f1c…"
        ))
    })
}

fn document(report: &Report) -> Document {
    Document {
        sound: report.holds(),
        rows: report.rows,
        links: report.links,
        waiting: report.waiting,
        signatures: report.signatures,
        kept_apart: report.pieces,
        dropped_before: report.dropped.clone(),
        head: report.head.as_ref().map(|(rank, hash)| format!("{rank}:{hash}")),
        found: report.found,
        findings: report.findings.iter().map(ToString::to_string).collect(),
    }
}

fn text(document: &Document) -> String {
    let Document { rows, links, waiting, signatures, kept_apart, found, findings, .. } = document;
    let mut lines = findings.clone();
    if *found > findings.len() as u64 {
        lines.push(format!("… and {} more", found - findings.len() as u64));
    }
    lines.push(format!(
        "{rows} rows, {links} links, {waiting} rows that wait for theirs, {signatures} signatures, \
         {kept_apart} requests and assertions kept apart"
    ));
    if let Some(before) = &document.dropped_before {
        lines
            .push(format!("rows before {before} were dropped by [audit] keep_months, under a signed record"));
    }
    lines.push(match found {
        0 => "the audit trail is as it was written".to_owned(),
        found => format!("THE AUDIT TRAIL IS NOT AS IT WAS WRITTEN: {found} findings"),
    });
    if let Some(head) = &document.head {
        lines.push(format!("head {head}"));
    }
    lines.join("\n")
}
