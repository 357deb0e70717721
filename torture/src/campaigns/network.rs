//! T7: PostgreSQL is frozen, and the network between it and the server is slow, silent, or cut at the worst moment.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use testkit::cluster::Cluster;
use testkit::proxy::{Cut, Proxy, Trap};

use crate::context::Context;
use crate::database::Database;
use crate::house::{House, Server};
use crate::ledger::found;
use crate::load::{Load, Shared, Tally, locked, noted};
use crate::partner::{Outcome, Partner, creation};

const WRITERS: usize = 16;
/// How long after the trouble's end a server may need to answer 999.
const RECOVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(context: Context) -> Result<String> {
    let cuts = context.rounds(4, 200);
    let seconds = u64::from(context.rounds(3, 30));
    let mut cluster = Cluster::start();
    let direct = Database::at(&cluster.database("torture"));
    let proxy = Proxy::start(cluster.socket());
    let mut house = House::on(&context, &proxy.url("torture"))?;
    // What is checked is asked behind the proxy's back.
    house.database = direct;
    let mut server = house.serve()?;
    let partner = server.partner()?;
    let ledger = Shared::default();
    let mut rng = context.rng();

    let mut progress = context.progress(cuts);
    for round in 0..cuts {
        for (cut, kept) in [(Cut::Before, 0), (Cut::After, 1)] {
            cut_in_commit(&partner, &proxy, &house, cut, kept, round).await?;
        }
        let id_local = format!("cut-between-{round}");
        let asked = creation(&id_local, &mut testkit::rng(u64::from(round)));
        proxy.lay(Trap { first: Vec::new(), then: id_local.clone().into_bytes(), cut: Cut::Before });
        let outcome = partner.create(&asked).await;
        ensure!(proxy.take(), "the creation said nothing of its IdLocal: nothing was cut");
        let Outcome::Acknowledged(id) = outcome else {
            anyhow::bail!("cut before the commit, begun again: {outcome:?}");
        };
        locked(&ledger).note(id, &asked, Instant::now());
        made(&house, &id_local, 1).context("cut before the commit, begun again")?;
        progress.after(round, &format_args!("{} cut", 3 * (round + 1)));
    }

    let pause = Duration::from_secs(seconds);
    let mut total = Tally::default();
    let mut slowest = Duration::ZERO;
    let mut silent = Duration::ZERO;
    for trouble in ["frozen", "half-open", "cut off", "slow"] {
        let load = Load::start(std::slice::from_ref(&partner), WRITERS, trouble, &ledger, &mut rng);
        tokio::time::sleep(Duration::from_millis(500)).await;
        match trouble {
            "frozen" => cluster.freeze(),
            "half-open" => proxy.silence(true),
            "cut off" => {
                proxy.close(true);
                proxy.cut();
            }
            _ => proxy.latency(Duration::from_millis(200)),
        }
        let begun = Instant::now();
        if trouble != "slow" {
            let ready = tokio::time::timeout(Duration::from_secs(20), partner.status("/pret"));
            let ready =
                ready.await.with_context(|| format!("{trouble}: /pret does not answer within 20 s"))??;
            // In the short form it may have come back before anyone gave up.
            ensure!(ready == 503 || begun.elapsed() >= pause, "{trouble}: /pret says {ready}");
            silent = silent.max(begun.elapsed());
        }
        tokio::time::sleep(pause.saturating_sub(begun.elapsed())).await;
        let meanwhile = noted(&ledger, 0).iter().filter(|entry| entry.begun > begun).count();
        ensure!(
            trouble == "slow" || meanwhile == 0,
            "{trouble}: {meanwhile} × 999 for what was begun meanwhile"
        );
        match trouble {
            "frozen" => cluster.thaw(),
            "half-open" => proxy.silence(false),
            "cut off" => proxy.close(false),
            _ => proxy.latency(Duration::ZERO),
        }
        slowest = slowest.max(back(&partner, trouble, &ledger).await?);
        let tally = load.stop().await?;
        ensure!(tally.acknowledged > 0, "{trouble}: no 999 before and after: {tally}");
        total.add(tally);
        server.still_runs()?;
        house.is_whole().await.with_context(|| trouble.to_owned())?;
    }
    check(&ledger, &partner, &mut server, &house).await?;
    Ok(format!(
        "{} commits cut, {cuts} transactions cut and begun again; frozen, half-open, cut off {seconds} s each, 200 ms of latency: {total}; /pret 503 within {:.1} s; 999 again within {:.2} s",
        2 * cuts,
        silent.as_secs_f64(),
        slowest.as_secs_f64()
    ))
}

/// The connection ends during COMMIT: the server cannot know, says 000, and does not try again.
async fn cut_in_commit(
    partner: &Partner,
    proxy: &Proxy,
    house: &House,
    cut: Cut,
    kept: u64,
    round: u32,
) -> Result<()> {
    let id_local = format!("cut-{cut:?}-{round}");
    let asked = creation(&id_local, &mut testkit::rng(u64::from(round)));
    proxy.lay(Trap { first: id_local.clone().into_bytes(), then: b"COMMIT".to_vec(), cut });
    let outcome = partner.create(&asked).await;
    ensure!(proxy.take(), "the creation's COMMIT did not pass: nothing was cut");
    ensure!(
        matches!(outcome, Outcome::Unforeseen(_)),
        "cut in COMMIT ({cut:?}): {outcome:?} in place of 000"
    );
    made(house, &id_local, kept).with_context(|| format!("cut in COMMIT ({cut:?})"))
}

/// How many dossiers an IdLocal has.
fn made(house: &House, id_local: &str, expected: u64) -> Result<()> {
    let made = house.database.count(&format!("SELECT COUNT(*) FROM lien WHERE id_local = '{id_local}'"))?;
    ensure!(made == expected, "{made} dossiers in place of {expected}");
    Ok(())
}

/// 999 again, and how long that took.
async fn back(partner: &Partner, trouble: &str, ledger: &Shared) -> Result<Duration> {
    let again = |turn| creation(&format!("{trouble}-again-{turn}"), &mut testkit::rng(u64::from(turn)));
    let (id, asked, took) = partner
        .create_until_acknowledged(again, RECOVERY)
        .await
        .with_context(|| format!("after {trouble}"))?;
    locked(ledger).note(id, &asked, Instant::now());
    Ok(took)
}

async fn check(ledger: &Shared, partner: &Partner, server: &mut Server, house: &House) -> Result<()> {
    let entries = noted(ledger, 0);
    found(&entries, partner).await?;
    locked(ledger).none_twice()?;
    server.stop()?;
    house.is_whole().await
}
