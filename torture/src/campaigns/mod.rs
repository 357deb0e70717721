//! The campaigns, one file each; the numbers are those of the project's plan of campaigns.

mod clock;
mod disk;
mod instances;
mod kill;
mod network;
mod postgres;
mod scale;
mod sync;
mod upgrade;

use std::pin::Pin;

use anyhow::Result;

use crate::context::Context;

type Outcome = Pin<Box<dyn Future<Output = Result<String>>>>;

/// What is broken, and what must hold nevertheless.
pub(crate) struct Campaign {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) oracle: &'static str,
    /// Gives the line of figures.
    pub(crate) run: fn(Context) -> Outcome,
}

/// All of them, in the order in which they run.
pub(crate) const CAMPAIGNS: &[Campaign] = &[
    Campaign {
        name: "kill",
        what: "T1: SIGKILL of the server and of a command beside it, at random moments under 64 writers; SQLite",
        oracle: "every 999 is found with its content, no number twice, no half dossier, each acknowledged state kept, integrity_check",
        run: |context| Box::pin(kill::run(context)),
    },
    Campaign {
        name: "postgres",
        what: "T2: PostgreSQL killed (pg_ctl stop -m immediate) and started again under two servers",
        oracle: "as kill; both servers answer 999 again without a restart of theirs",
        run: |context| Box::pin(postgres::run(context)),
    },
    Campaign {
        name: "sync",
        what: "T3: fsync and fdatasync fail with EIO (strace); SQLite",
        oracle: "no 999 while nothing reaches the disk, 000 with the log's id, /pret 503, reads refused since none goes untraced; then 999 again without a restart, every 999 found after a kill",
        run: |context| Box::pin(sync::run(context)),
    },
    Campaign {
        name: "disk",
        what: "T4: the disk is full (a small tmpfs); SQLite",
        oracle: "000 with the log's id, reads refused since none goes untraced, the log says full; 999 again once there is space, every 999 found after a kill",
        run: |context| Box::pin(disk::run(context)),
    },
    Campaign {
        name: "clock",
        what: "T5: the server's clock jumps while it runs (libfaketime), back an hour among others",
        oracle: "tokens follow the database's clock and are used once, no message is accepted twice, one an hour off is refused, no crash",
        run: |context| Box::pin(clock::run(context)),
    },
    Campaign {
        name: "network",
        what: "T7: PostgreSQL frozen; the connection slow, half-open, cut off, cut in a transaction and in COMMIT (proxy)",
        oracle: "an unknown commit is 000 and never made twice, a transaction cut before is begun again and made once, 999 again within 5 s",
        run: |context| Box::pin(network::run(context)),
    },
    Campaign {
        name: "instances",
        what: "T9: two servers on one PostgreSQL race for tokens and for one message",
        oracle: "of 500 who redeem one token one is let in; of 40 copies of one message one makes a dossier",
        run: |context| Box::pin(instances::run(context)),
    },
    Campaign {
        name: "upgrade",
        what: "T10: a database of schema 3 opened by this version; one of a later version",
        oracle: "old dossiers are answered as they were, the schema is the new one, a later schema is refused by its number and left as it is",
        run: |context| Box::pin(upgrade::run(context)),
    },
    Campaign {
        name: "scale",
        what: "a million dossiers beside a thousand, on both databases; bytes per dossier",
        oracle: "ConsulterDossierPA: p99 within 1.2 × that of the thousand (long form), each dossier found",
        run: |context| Box::pin(scale::run(context)),
    },
];
