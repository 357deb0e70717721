//! Whether the trail is as it was written: every row and link hashed again, every signature verified.
//!
//! It reads pages one after the other beside running servers; what they add meanwhile is verified too, or waits.

use std::fmt;

use storage::{Error, Maillon, MaillonLu, Oubli, Store};
use xmlsec::Certificate;

use super::sha256;

/// The findings that are listed; more are counted.
const LISTED: usize = 1_000;

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Findings {
    /// A row says something else than what was chained.
    RowChanged {
        /// The row.
        row: i64,
        /// Its link.
        rank: i64,
    },
    /// A row is gone.
    RowRemoved {
        /// The row.
        row: i64,
        /// Its link, if it was chained.
        rank: Option<i64>,
    },
    /// A row that nobody of ours wrote.
    RowAdded {
        /// The row.
        row: i64,
    },
    /// A link does not follow from the one before it: it was changed, moved or put in.
    LinkBroken {
        /// The link.
        rank: i64,
    },
    /// Links are gone.
    LinksRemoved {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// The head is not the last link, or not the one that was signed.
    HeadMoved {
        /// The rank that the head, or a signature, tells.
        rank: i64,
    },
    /// A head that was kept elsewhere is not in the chain.
    HeadForgotten {
        /// Its rank.
        rank: i64,
    },
    /// A signature does not hold, or is not by a certificate that is trusted for it.
    Signature {
        /// What was signed.
        what: String,
        /// Why it does not hold.
        cause: &'static str,
    },
    /// What lies apart under a SHA-256 has another.
    PieceChanged {
        /// The SHA-256.
        sha256: String,
    },
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowChanged { row, rank } => {
                write!(f, "row {row} was changed after it was chained (link {rank})")
            }
            Self::RowRemoved { row, rank: Some(rank) } => write!(f, "row {row} was removed (link {rank})"),
            Self::RowRemoved { row, rank: None } => write!(f, "row {row} was removed before it was chained"),
            Self::RowAdded { row } => {
                write!(f, "row {row} was added by something else than vtpa: it is not chained")
            }
            Self::LinkBroken { rank } => {
                write!(
                    f,
                    "link {rank} does not follow from the one before it: it was changed, moved or put in"
                )
            }
            Self::LinksRemoved { from, to } if from == to => write!(f, "link {from} was removed"),
            Self::LinksRemoved { from, to } => write!(f, "links {from} to {to} were removed"),
            Self::HeadMoved { rank } => write!(f, "the chain ends elsewhere than at its head, link {rank}"),
            Self::HeadForgotten { rank } => {
                write!(f, "the head that was kept elsewhere, link {rank}, is not in the chain")
            }
            Self::Signature { what, cause } => write!(f, "the signature of {what} {cause}"),
            Self::PieceChanged { sha256 } => write!(f, "what lies apart under {sha256} was changed"),
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub step: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// Of how much, where that is known.
    pub of: Option<u64>,
}

/// What was verified, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows read.
    pub rows: u64,
    /// Links verified.
    pub links: u64,
    /// The last link's rank and hash, hexadecimal: to be kept elsewhere.
    pub head: Option<(i64, String)>,
    /// Rows that were written and wait for their link.
    pub waiting: u64,
    /// Signatures that hold.
    pub signatures: u64,
    /// Requests and assertions that lie apart.
    pub pieces: u64,
    /// Rows that retention dropped, before which day.
    pub dropped: Option<String>,
    /// What is not as it was written; the first thousand.
    pub findings: Vec<Findings>,
    /// How many there are.
    pub found: u64,
}

impl Report {
    /// Whether all is as it was written.
    pub fn holds(&self) -> bool {
        self.found == 0
    }

    fn find(&mut self, finding: Findings) {
        self.found += 1;
        if self.findings.len() < LISTED {
            self.findings.push(finding);
        }
    }
}

/// Verifies all of it. `signers` are the certificates whose signatures count: the server's, and its former ones; `known` a
/// rank and its hash that were kept elsewhere.
pub async fn verify(
    store: &Store,
    signers: &[Certificate],
    known: Option<(i64, [u8; 32])>,
    mut progress: impl FnMut(Progress),
) -> Result<Report, Error> {
    let mut report = Report::default();
    let dropped = store.read(|reader| Box::pin(async move { reader.trace_dropped().await })).await?;
    if let Some(oubli) = &dropped {
        let day = jiff::tz::TimeZone::UTC.to_datetime(oubli.jusqu_a).date().to_string();
        let what = format!("what was dropped before {day}");
        check(&mut report, signers, &what, &oubli.to_sign(), &oubli.signature, &oubli.certificat);
        report.dropped = Some(day);
    }
    let last = links(store, dropped.as_ref(), &mut report, &mut progress).await?;
    signatures(store, signers, dropped.as_ref(), last, &mut report, &mut progress).await?;
    if let Some((rank, hash)) = known {
        kept_elsewhere(store, rank, hash, dropped.as_ref(), &mut report).await?;
    }
    rows(store, &mut report, &mut progress).await?;
    pieces(store, &mut report, &mut progress).await?;
    Ok(report)
}

/// Walks the chain from its beginning, or from where retention ended it.
async fn links(
    store: &Store,
    dropped: Option<&Oubli>,
    report: &mut Report,
    progress: &mut impl FnMut(Progress),
) -> Result<Maillon, Error> {
    // what was chained before this is there; what is chained meanwhile may be too
    let head = store.read(|reader| Box::pin(async move { reader.trace_head().await })).await?;
    let mut last = dropped.map_or(Maillon::ORIGINE, |oubli| oubli.tete);
    let begin = last.rang;
    loop {
        let after = last.rang;
        let page = store.read(|reader| Box::pin(async move { reader.trace_links(after).await })).await?;
        if page.is_empty() {
            break;
        }
        for link in page {
            link_of(store, &link, last, dropped, report).await?;
            last = link.maillon;
            report.links += 1;
            if last.rang == head.rang && last != head {
                report.find(Findings::HeadMoved { rank: head.rang });
            }
        }
        let of = u64::try_from(head.rang - begin).ok();
        progress(Progress { step: "links", done: report.links, of });
    }
    if last.rang < head.rang {
        report.find(Findings::LinksRemoved { from: last.rang + 1, to: head.rang });
    }
    report.head = (last.rang > 0).then(|| (last.rang, hex(&last.empreinte)));
    Ok(last)
}

async fn link_of(
    store: &Store,
    link: &MaillonLu,
    before: Maillon,
    dropped: Option<&Oubli>,
    report: &mut Report,
) -> Result<(), Error> {
    let rank = link.maillon.rang;
    if rank > before.rang + 1 {
        report.find(Findings::LinksRemoved { from: before.rang + 1, to: rank - 1 });
    } else if !link.follows(&before, sha256) {
        report.find(Findings::LinkBroken { rank });
    }
    match &link.row {
        Some(row) if row.hash(sha256) == link.ligne => {}
        Some(row) => report.find(Findings::RowChanged { row: row.id, rank }),
        None if dropped.is_some_and(|oubli| link.trace_le < oubli.jusqu_a) => {}
        None => {
            let row = link.trace;
            let there =
                store.read(|reader| Box::pin(async move { reader.trace_is_there(row).await })).await?;
            report.find(if there {
                Findings::RowChanged { row, rank }
            } else {
                Findings::RowRemoved { row, rank: Some(rank) }
            });
        }
    }
    Ok(())
}

/// Signatures over heads, each against the chain; and the one that follows the head, against its end.
async fn signatures(
    store: &Store,
    signers: &[Certificate],
    dropped: Option<&Oubli>,
    last: Maillon,
    report: &mut Report,
    progress: &mut impl FnMut(Progress),
) -> Result<(), Error> {
    let (mut jour, mut rang) = (String::new(), 0);
    loop {
        let after = (jour.clone(), rang);
        let page = store
            .read(|reader| Box::pin(async move { reader.trace_signatures(&after.0, after.1).await }))
            .await?;
        let Some(end) = page.last() else { break };
        (jour, rang) = (end.jour.clone(), end.tete.rang);
        for signed in page {
            let what = format!("{} (link {})", signed.jour, signed.tete.rang);
            let text = signed.tete.to_sign(&signed.jour);
            check(report, signers, &what, &text, &signed.signature, &signed.certificat);
            at_its_place(store, signed.tete, dropped, last, report).await?;
        }
        progress(Progress { step: "signatures", done: report.signatures, of: None });
    }
    let head = store.read(|reader| Box::pin(async move { reader.trace_head_signed().await })).await?;
    if let Some(signed) = head {
        let text = signed.tete.to_sign(&signed.jour);
        check(report, signers, "the head", &text, &signed.signature, &signed.certificat);
        at_its_place(store, signed.tete, dropped, last, report).await?;
    }
    Ok(())
}

/// What was signed is the link that has its rank, or was dropped since.
async fn at_its_place(
    store: &Store,
    tete: Maillon,
    dropped: Option<&Oubli>,
    last: Maillon,
    report: &mut Report,
) -> Result<(), Error> {
    if dropped.is_some_and(|oubli| tete.rang <= oubli.tete.rang) {
        return Ok(());
    }
    let found = store.read(|reader| Box::pin(async move { reader.trace_link(tete.rang).await })).await?;
    match found {
        Some(found) if found == tete => {}
        Some(_) => report.find(Findings::HeadMoved { rank: tete.rang }),
        None if tete.rang > last.rang => {
            report.find(Findings::LinksRemoved { from: last.rang + 1, to: tete.rang });
        }
        // the walk along the chain found that
        None => {}
    }
    Ok(())
}

/// A head that was kept elsewhere is in the chain, or was dropped since.
async fn kept_elsewhere(
    store: &Store,
    rank: i64,
    hash: [u8; 32],
    dropped: Option<&Oubli>,
    report: &mut Report,
) -> Result<(), Error> {
    let found = store.read(|reader| Box::pin(async move { reader.trace_link(rank).await })).await?;
    let found = match dropped {
        Some(oubli) if rank == oubli.tete.rang => Some(oubli.tete),
        Some(oubli) if rank < oubli.tete.rang => return Ok(()),
        _ => found,
    };
    if found.is_none_or(|found| found.empreinte != hash) {
        report.find(Findings::HeadForgotten { rank });
    }
    Ok(())
}

fn check(
    report: &mut Report,
    signers: &[Certificate],
    what: &str,
    text: &str,
    signature: &[u8],
    certificate: &[u8],
) {
    let cause = match signers.iter().find(|signer| signer.der() == certificate) {
        None => {
            "is by a certificate that is neither [signature] certificate nor among [audit] former_certificates"
        }
        Some(signer) => {
            let key = signer.public_key();
            if key.verify(key.natural_method(), text.as_bytes(), signature) {
                report.signatures += 1;
                return;
            }
            "does not hold"
        }
    };
    report.find(Findings::Signature { what: what.to_owned(), cause });
}

/// Rows that nobody chained.
async fn rows(store: &Store, report: &mut Report, progress: &mut impl FnMut(Progress)) -> Result<(), Error> {
    let mut after = 0;
    loop {
        let page = store.read(|reader| Box::pin(async move { reader.trace_page(after).await })).await?;
        let Some(page) = page else { break };
        after = page.last;
        report.rows += page.rows as u64;
        for row in page.unchained {
            report.find(Findings::RowAdded { row });
        }
        progress(Progress { step: "rows", done: report.rows, of: None });
    }
    let (waiting, gone) = store.read(|reader| Box::pin(async move { reader.trace_waiting().await })).await?;
    report.waiting = waiting;
    for row in gone {
        report.find(Findings::RowRemoved { row, rank: None });
    }
    Ok(())
}

/// What lies apart, as far as it was not erased.
async fn pieces(
    store: &Store,
    report: &mut Report,
    progress: &mut impl FnMut(Progress),
) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let from = after.clone();
        let page = store.read(|reader| Box::pin(async move { reader.trace_pieces(&from).await })).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for (named, contents) in page {
            report.pieces += 1;
            if hex(&sha256(&contents)) != named {
                report.find(Findings::PieceChanged { sha256: named });
            }
        }
        progress(Progress { step: "pieces", done: report.pieces, of: None });
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}
