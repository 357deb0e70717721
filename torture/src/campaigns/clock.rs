//! T5: a server's clock jumps while it runs. libfaketime reads the offset from a file at each call.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use testkit::cluster::Cluster;

use crate::context::Context;
use crate::house::{House, Server};
use crate::ledger::found;
use crate::load::{Shared, locked, noted};
use crate::partner::{Outcome, Partner, creation};

const HOUR: i64 = 3600;
/// Where a clock may be found, in seconds; it goes from each to the next while the server runs.
const JUMPS: [i64; 8] = [10, -10, 300, -300, 86_400, -86_400, -HOUR, 0];

pub(super) async fn run(context: Context) -> Result<String> {
    let house = House::on_sqlite(&context)?;
    let on_sqlite = stepped(&house, true).await.context("SQLite")?;
    let cluster = Cluster::start();
    let context = context.within("postgres")?;
    let house = House::on(&context, &cluster.database("torture"))?;
    let on_postgres = stepped(&house, false).await.context("PostgreSQL")?;
    Ok(format!(
        "{} jumps on each database, back an hour among them; {on_sqlite} × 999 on SQLite and {on_postgres} on PostgreSQL found; no crash",
        JUMPS.len()
    ))
}

/// What a server does whose clock is turned; `own` says that the database's clock turns with it, as SQLite's does.
async fn stepped(house: &House, own: bool) -> Result<usize> {
    let clock = Turned::new(&house.folder)?;
    let mut server = clock.serve(house)?;
    let partner = server.partner()?;
    let ledger = Shared::default();

    let id = acknowledged(&partner, "clock-before", &ledger).await?;
    let kept = partner.message(&creation("clock-kept", &mut testkit::rng(2)))?;
    ensure!(partner.post(kept.clone()).await?.0 == 200, "a message in order");
    let token = partner.token(&id, "clock-before").await?;

    clock.turn(-HOUR)?;
    refused(&partner, "a message from an hour ahead").await?;
    let (status, _) = partner.post(kept.clone()).await?;
    ensure!(status != 200, "a message that was accepted before the step was accepted again after it");
    let behind = partner.off_by(-HOUR);
    acknowledged(&behind, "clock-behind", &ledger).await?;
    let accepted_behind = behind.message(&creation("clock-kept-behind", &mut testkit::rng(3)))?;
    ensure!(
        behind.post(accepted_behind.clone()).await?.0 == 200,
        "a message in order with the server's clock"
    );
    ensure!(behind.post(accepted_behind.clone()).await?.0 != 200, "the same message again");
    // A step back never ends a token early, and never lets it be used twice.
    once(&partner, &token).await.context("a token from before the step")?;
    once(&partner, &behind.token(&id, "clock-before").await?).await.context("a token from after the step")?;

    clock.turn(0)?;
    for (message, what) in [(&kept, "from before the step back"), (&accepted_behind, "from during it")] {
        ensure!(partner.post(message.clone()).await?.0 != 200, "a message {what} was accepted again");
    }
    acknowledged(&partner, "clock-again", &ledger).await?;

    // Tokens last thirty seconds of the database's clock, whatever the server believes.
    let token = partner.token(&id, "clock-before").await?;
    clock.turn(31)?;
    let status = partner.status(&format!("/acces?jeton={token}")).await?;
    let expected = if own { 403 } else { 303 };
    ensure!(status == expected, "a token 31 s later by the server's clock: {status} in place of {expected}");

    for jump in JUMPS {
        clock.turn(jump)?;
        let along = partner.off_by(jump);
        acknowledged(&along, &format!("clock-{jump}"), &ledger).await.with_context(|| format!("{jump} s"))?;
        once(&along, &along.token(&id, "clock-before").await?).await.with_context(|| format!("{jump} s"))?;
        ensure!(along.status("/pret").await? == 200, "/pret, {jump} s off");
    }
    server.still_runs()?;
    let entries = noted(&ledger, 0);
    found(&entries, &partner).await?;
    server.stop()?;
    house.is_whole().await?;
    let log = std::fs::read_to_string(house.folder.join("server.log"))?;
    ensure!(
        !log.contains("panicked"),
        "something panicked; see {}",
        house.folder.join("server.log").display()
    );
    Ok(entries.len())
}

async fn acknowledged(partner: &Partner, id_local: &str, ledger: &Shared) -> Result<String> {
    let asked = creation(id_local, &mut testkit::rng(1));
    match partner.create(&asked).await {
        Outcome::Acknowledged(id) => {
            locked(ledger).note(id.clone(), &asked, Instant::now());
            Ok(id)
        }
        other => bail!("{id_local}: {other:?}"),
    }
}

async fn refused(partner: &Partner, what: &str) -> Result<()> {
    match partner.create(&creation("clock-refused", &mut testkit::rng(1))).await {
        // The fault is of another hour than the partner's, which therefore cannot believe it either.
        Outcome::Fault(_) | Outcome::Broken(_) => Ok(()),
        other => bail!("{what}: {other:?}"),
    }
}

/// The first who redeems it is let in, the second is not.
async fn once(partner: &Partner, token: &str) -> Result<()> {
    let path = format!("/acces?jeton={token}");
    let (first, second) = (partner.status(&path).await?, partner.status(&path).await?);
    ensure!((first, second) == (303, 403), "redeemed twice: {first}, then {second}");
    Ok(())
}

/// A clock that a file sets.
struct Turned {
    file: PathBuf,
    library: PathBuf,
}

impl Turned {
    fn new(folder: &Path) -> Result<Self> {
        let clock = Self { file: folder.join("clock"), library: library()? };
        clock.turn(0)?;
        Ok(clock)
    }

    fn turn(&self, seconds: i64) -> Result<()> {
        // Written beside and renamed, so that nobody reads half of it.
        let beside = self.file.with_extension("new");
        std::fs::write(&beside, format!("{seconds:+}\n"))?;
        std::fs::rename(&beside, &self.file).context("the clock's file")
    }

    /// A server by this clock. Waiting is by the other, which does not jump.
    fn serve(&self, house: &House) -> Result<Server> {
        let mut command = Command::new(&house.vtpa);
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        house.serve_by(command, "server")
    }
}

/// Debian's libfaketime, for programs with threads.
fn library() -> Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib")?.flatten();
    let mut candidates = folders.map(|one| one.path().join("faketime/libfaketimeMT.so.1"));
    candidates.find(|file| file.exists()).context("libfaketime (cargo xtask install)")
}
