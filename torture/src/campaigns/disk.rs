//! T4: the disk is full. A small tmpfs takes the database, and a ballast takes the rest of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rand::RngExt as _;
use testkit::disk::{Disk, PAGE};

use crate::context::Context;
use crate::house::House;
use crate::ledger::{found, untraceable};
use crate::load::{Load, Shared, Tally, locked, noted};
use crate::partner::creation;

const WRITERS: usize = 16;
/// How long after there is space again a server may need to answer 999.
const RECOVERY: Duration = Duration::from_secs(10);

pub(super) async fn run(context: Context) -> Result<String> {
    let rounds = context.rounds(6, 100);
    let mut rng = context.rng();
    let disk = Disk::mount(&context.folder.join("disk"), if context.long { "256m" } else { "24m" });
    let mut disk = disk.context("a disk to fill")?;
    let house = House::on(&context, &format!("sqlite:{}", disk.folder().join("vtpa.db").display()))?;
    let mut server = house.serve()?;
    let partner = server.partner()?;
    let ledger = Shared::default();
    let first =
        partner.create_until_acknowledged(|_| creation("disk", &mut testkit::rng(1)), RECOVERY).await?;
    locked(&ledger).note(first.0, &first.1, Instant::now());

    let (mut total, mut slowest) = (Tally::default(), Duration::ZERO);
    let mut progress = context.progress(rounds);
    for round in 0..rounds {
        // SQLite writes its log anew from the beginning: a long one would take many a commit on a full disk.
        house.database.ask("PRAGMA wal_checkpoint(TRUNCATE)")?;
        // From the n-th page on nothing can be written.
        disk.fill(rng.random_range(0..100) * PAGE).context("the ballast")?;
        let load =
            Load::start(std::slice::from_ref(&partner), WRITERS, &format!("disk-{round}"), &ledger, &mut rng);
        tokio::time::sleep(Duration::from_millis(1200)).await;
        untraceable(&noted(&ledger, 0), &partner).await?;
        let tally = load.stop().await?;
        ensure!(tally.unforeseen > 0, "no 000 on a full disk: {tally}");
        ensure!(tally.messages.iter().all(|message| message.ends_with(')')), "a 000 without the log's id");
        server.still_runs()?;
        disk.empty().context("the ballast")?;
        let again =
            |turn| creation(&format!("disk-{round}-again-{turn}"), &mut testkit::rng(u64::from(turn)));
        let (id, asked, took) = partner.create_until_acknowledged(again, RECOVERY).await?;
        locked(&ledger).note(id, &asked, Instant::now());
        slowest = slowest.max(took);
        total.add(tally);
        progress.after(round, &total);
    }
    house.is_whole().await?;
    let log = std::fs::read_to_string(house.folder.join("server.log"))?;
    ensure!(log.contains("full"), "the log does not say that the disk is full");
    // The file is read anew by another process.
    server.kill()?;
    let mut server = house.serve()?;
    let entries = noted(&ledger, 0);
    found(&entries, &server.partner()?).await?;
    locked(&ledger).none_twice()?;
    server.stop()?;
    house.is_whole().await?;
    Ok(format!(
        "{rounds} times full; {total}; 999 again {:.2} s after there is space at the latest; {} × 999 found",
        slowest.as_secs_f64(),
        entries.len()
    ))
}
