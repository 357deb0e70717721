//! T2: PostgreSQL is killed under two servers.

use std::time::Duration;

use anyhow::{Result, ensure};
use rand::RngExt as _;
use testkit::cluster::Cluster;

use crate::context::Context;
use crate::house::House;
use crate::ledger::found;
use crate::load::{Load, Shared, Tally, locked, noted};
use crate::partner::creation;

const WRITERS: usize = 64;
/// How long after PostgreSQL answers a server may need to answer 999.
const RECOVERY: Duration = Duration::from_secs(10);

pub(super) async fn run(context: Context) -> Result<String> {
    let rounds = context.rounds(2, 50);
    let mut rng = context.rng();
    let mut cluster = Cluster::start();
    let house = House::on(&context, &cluster.database("torture"))?;
    let mut servers = [house.serve()?, house.serve()?];
    let partners = [servers[0].partner()?, servers[1].partner()?];
    let ledger = Shared::default();
    let mut total = Tally::default();
    let mut slowest = Duration::ZERO;
    let mut checked = 0;
    let mut progress = context.progress(rounds);
    for round in 0..rounds {
        let load = Load::start(&partners, WRITERS, &format!("postgres-{round}"), &ledger, &mut rng);
        tokio::time::sleep(Duration::from_millis(rng.random_range(300..1500))).await;
        cluster.kill();
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..1000))).await;
        cluster.restart();
        for (partner, number) in partners.iter().zip(0..) {
            let asked = |turn| {
                creation(&format!("again-{round}-{number}-{turn}"), &mut testkit::rng(u64::from(turn)))
            };
            let begun = std::time::Instant::now();
            let (id, asked, took) = partner.create_until_acknowledged(asked, RECOVERY).await?;
            locked(&ledger).note(id, &asked, begun);
            slowest = slowest.max(took);
        }
        total.add(load.stop().await?);
        for server in &mut servers {
            server.still_runs()?;
        }
        let entries = noted(&ledger, checked);
        // Each asks the other's dossiers as well as its own.
        let [one, other] = &partners;
        found(&entries, if round % 2 == 0 { one } else { other }).await?;
        checked += entries.len();
        house.is_whole().await?;
        progress.after(round, &total);
    }
    let entries = noted(&ledger, 0);
    found(&entries, &partners[0]).await?;
    locked(&ledger).none_twice()?;
    ensure!(total.acknowledged > rounds as usize, "too few creations to show anything: {total}");
    for server in &mut servers {
        server.stop()?;
    }
    Ok(format!(
        "{rounds} kills under two servers; {total}; 999 again {:.2} s after PostgreSQL's start at the latest",
        slowest.as_secs_f64()
    ))
}
