//! The campaigns, one file each; the numbers are those of the project's plan of campaigns.

mod instances;
mod kill;
mod postgres;

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
        name: "instances",
        what: "T9: two servers on one PostgreSQL race for tokens and for one message",
        oracle: "of 500 who redeem one token one is let in; of 40 copies of one message one makes a dossier",
        run: |context| Box::pin(instances::run(context)),
    },
];
