//! Scale: a database with a million dossiers answers as one with a thousand does. Two servers, one on each, are asked in
//! turns, so that whatever else the machine does at that moment troubles both.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rand::RngExt as _;
use rand::rngs::StdRng;
use testkit::cluster::Cluster;

use crate::context::Context;
use crate::fill::{Filled, fill};
use crate::house::{House, Server};
use crate::partner::Partner;

/// What the many are compared with.
const FEW: u32 = 1_000;
/// By how much the slowest hundredth of the answers may be slower.
const BOUND: f64 = 1.2;

pub(super) async fn run(context: Context) -> Result<String> {
    let mut told = Vec::new();
    if context.tries("sqlite") {
        let line = format!("SQLite: {}", on_sqlite(&context).await.context("SQLite")?);
        println!("  scale: {line}");
        told.push(line);
    }
    if context.tries("postgres") {
        told.push(format!("PostgreSQL: {}", on_postgres(&context).await.context("PostgreSQL")?));
    }
    Ok(told.join("; "))
}

async fn on_sqlite(context: &Context) -> Result<String> {
    let (few, many) = (context.within("sqlite-few")?, context.within("sqlite-many")?);
    let outcome = compared(context, &House::on_sqlite(&few)?, &House::on_sqlite(&many)?).await;
    // Gigabytes that nobody looks at afterwards.
    for context in [&few, &many] {
        std::fs::remove_dir_all(&context.folder)?;
    }
    outcome
}

async fn on_postgres(context: &Context) -> Result<String> {
    let cluster = Cluster::start();
    let house = |name: &str| {
        let own = context.within(&format!("postgres-{name}"))?;
        House::on(&own, &cluster.database(name))
    };
    compared(context, &house("few")?, &house("many")?).await
}

async fn compared(context: &Context, few: &House, many: &House) -> Result<String> {
    let mut rng = context.rng();
    let small = fill(few, FEW, &mut rng).await?;
    let begun = Instant::now();
    let large = fill(many, context.dossiers(), &mut rng).await?;
    let loaded = begun.elapsed();
    let (mut small, mut large) = (Side::start(few, small)?, Side::start(many, large)?);
    for side in [&small, &large] {
        settled(side.house).await?;
    }
    // Questions that one server is asked before the other has its turn, and how often.
    let (block, blocks) = (context.rounds(50, 250), context.rounds(2, 80));
    let mut progress = context.progress(blocks);
    for round in 0..blocks {
        small.asked(block, &mut rng).await?;
        large.asked(block, &mut rng).await?;
        progress.after(round, &"asked in turns");
    }
    let (of_few, of_many) = (percentiles(&mut small.latencies), percentiles(&mut large.latencies));
    let ratio = of_many.1.as_secs_f64() / of_few.1.as_secs_f64();
    let count = large.filled.ids.len();
    let (bytes, trail) = size(many)?;
    for side in [&mut small, &mut large] {
        side.server.stop()?;
    }
    ensure!(
        !context.long || ratio <= BOUND,
        "p99 of {count} dossiers is {ratio:.2} × that of {FEW}: {:?} in place of {:?}",
        of_many.1,
        of_few.1
    );
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(format!(
        "{count} dossiers in {} s, {} bytes each ({} of them audit trail); consult p50 {:.2} ms, p99 {:.2} ms; of {FEW}: \
         p50 {:.2} ms, p99 {:.2} ms; ratio of p99 {ratio:.2}",
        loaded.as_secs(),
        bytes / count as u64,
        trail / count as u64,
        millis(of_many.0),
        millis(of_many.1),
        millis(of_few.0),
        millis(of_few.1),
    ))
}

/// A database and the server on it.
struct Side<'h> {
    house: &'h House,
    server: Server,
    partner: Partner,
    filled: Filled,
    latencies: Vec<Duration>,
}

impl<'h> Side<'h> {
    fn start(house: &'h House, filled: Filled) -> Result<Self> {
        let server = house.serve()?;
        Ok(Self { house, partner: server.partner()?, server, filled, latencies: Vec::new() })
    }

    /// One dossier after the other, drawn from all; each message is signed before its clock starts.
    async fn asked(&mut self, block: u32, rng: &mut StdRng) -> Result<()> {
        for _ in 0..block {
            let number = rng.random_range(0..self.filled.ids.len());
            let id = self.filled.ids.get(number).context("a number below the length")?;
            let message = self.partner.question(id, &Filled::id_local(number))?;
            let begun = Instant::now();
            let (status, answer) = self.partner.post_to("consultation", message).await?;
            self.latencies.push(begun.elapsed());
            ensure!(status == 200 && answer.contains(">999<"), "dossier {id}: {status}");
        }
        Ok(())
    }
}

/// The median and what one in a hundred exceeds.
fn percentiles(latencies: &mut [Duration]) -> (Duration, Duration) {
    latencies.sort_unstable();
    let at = |part: usize| latencies.get(latencies.len() * part / 100).copied().unwrap_or_default();
    (at(50), at(99))
}

/// The server has chained what was loaded, as it does after any busy hour, and PostgreSQL knows what it holds.
async fn settled(house: &House) -> Result<()> {
    let begun = Instant::now();
    while house.database.count("SELECT COUNT(*) FROM trace_attente")? > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(1200), "the trail is not chained after 20 min");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    if house.database.is_postgres() {
        house.database.ask("VACUUM ANALYZE")?;
    }
    Ok(())
}

/// Bytes of the whole database, and those of the audit trail.
fn size(house: &House) -> Result<(u64, u64)> {
    let (whole, trail) = if house.database.is_postgres() {
        (
            "SELECT pg_database_size(current_database())",
            "SELECT SUM(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'trace%'",
        )
    } else {
        ("SELECT SUM(pgsize) FROM dbstat", "SELECT SUM(pgsize) FROM dbstat WHERE name LIKE '%trace%'")
    };
    Ok((house.database.count(whole)?, house.database.count(trail)?))
}
