//! T1: kill -9.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, ensure};
use rand::RngExt as _;
use rand::seq::SliceRandom as _;

use crate::changes::{Changes, Known, held};
use crate::context::Context;
use crate::house::House;
use crate::ledger::found;
use crate::load::{Load, Shared, Tally, locked, noted};

const WRITERS: usize = 64;
/// Dossiers whose demandes are moved in a round: more than a round has time for.
const MOVED: usize = 50;

pub(super) async fn run(context: Context) -> Result<String> {
    let rounds = context.rounds(10, 200);
    let mut rng = context.rng();
    let house = House::on_sqlite(&context)?;
    let (ledger, known) = (Shared::default(), Arc::new(Mutex::new(Known::default())));
    let mut total = Tally::default();
    let mut starts = Vec::new();
    let mut checked = 0;
    let mut progress = context.progress(rounds);
    for round in 0..rounds {
        let mut server = house.serve()?;
        starts.push(server.started_in);
        let partner = server.partner()?;
        // What the kill left is the server's to mend; nobody looks before it has.
        found(&noted(&ledger, checked), &partner).await?;
        checked = locked(&ledger).len();
        house.is_whole().await?;
        held(&known).holds(&house.database)?;

        let mut ids: Vec<String> = noted(&ledger, 0).into_iter().map(|entry| entry.id).collect();
        ids.shuffle(&mut rng);
        ids.truncate(MOVED);
        let load = Load::start(&[partner], WRITERS, &format!("kill-{round}"), &ledger, &mut rng);
        let changes = Changes::start(&house, ids, &known);
        tokio::time::sleep(Duration::from_millis(rng.random_range(200..1500))).await;
        server.kill()?;
        changes.kill();
        total.add(load.stop().await?);
        progress.after(round, &total);
    }
    let mut server = house.serve()?;
    found(&noted(&ledger, 0), &server.partner()?).await?;
    server.stop()?;
    house.is_whole().await?;
    held(&known).holds(&house.database)?;
    locked(&ledger).none_twice()?;

    let changed = held(&known).acknowledged;
    let dossiers = house.database.dossiers()?;
    ensure!(total.acknowledged > rounds as usize, "too few creations to show anything: {total}");
    ensure!(changed > 0, "no change of state was acknowledged: nothing is shown of them");
    ensure!(
        total.unforeseen == 0,
        "{} × 000 from a server that nothing was done to but a kill",
        total.unforeseen
    );
    starts.sort();
    let start = starts.get(starts.len() / 2).copied().unwrap_or_default();
    Ok(format!(
        "{rounds} kills; {total}; {changed} changes of state; {dossiers} dossiers in the database; up again in {:.2} s (median)",
        start.as_secs_f64()
    ))
}
