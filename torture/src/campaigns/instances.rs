//! T9: what is used up at one server is used up at the other.

use anyhow::{Context as _, Result, ensure};
use futures::future::join_all;
use testkit::cluster::Cluster;

use crate::context::Context;
use crate::house::House;
use crate::partner::{Outcome, creation};

const REDEEMERS: usize = 500;
const COPIES: usize = 40;

pub(super) async fn run(context: Context) -> Result<String> {
    let (tokens, messages) = (context.rounds(2, 200), context.rounds(10, 1000));
    let mut rng = context.rng();
    let cluster = Cluster::start();
    let house = House::on(&context, &cluster.database("torture"))?;
    let mut servers = [house.serve()?, house.serve()?];
    let partners = [servers[0].partner()?, servers[1].partner()?];

    let Outcome::Acknowledged(id) = partners[0].create(&creation("moi", &mut rng)).await else {
        anyhow::bail!("no dossier to make tokens for");
    };
    let mut busy = 0;
    let mut progress = context.progress(tokens);
    for round in 0..tokens {
        // Those who were refused last time are counted against their address, which they share with those who come now.
        house.database.ask("DELETE FROM essai")?;
        let token = partners[1].token(&id, "moi").await?;
        let path = format!("/acces?jeton={token}");
        let redeemed = partners.iter().cycle().take(REDEEMERS).map(|partner| partner.status(&path));
        let statuses = join_all(redeemed).await.into_iter().collect::<Result<Vec<_>>>()?;
        let count = |status: u16| statuses.iter().filter(|one| **one == status).count();
        // Of many at once on a busy machine some are told to come again; they have redeemed nothing.
        let (let_in, refused, later) = (count(303), count(403), count(503));
        ensure!(
            let_in == 1 && let_in + refused + later == REDEEMERS && refused > REDEEMERS / 2,
            "of {REDEEMERS} who redeemed one token {let_in} were let in, {refused} were refused, {later} told to come again: {statuses:?}"
        );
        busy += later;
        progress.after(round, &"tokens");
    }
    let sessions = house.database.count("SELECT COUNT(*) FROM session")?;
    ensure!(sessions == u64::from(tokens), "{sessions} sessions of {tokens} tokens");

    let before = house.database.dossiers()?;
    let mut progress = context.progress(messages);
    for round in 0..messages {
        let message = partners[0].message(&creation(&format!("replay-{round}"), &mut rng))?;
        let sent = partners.iter().cycle().take(COPIES).map(|partner| partner.post(message.clone()));
        let answers = join_all(sent).await.into_iter().collect::<Result<Vec<_>>>()?;
        let accepted = answers.iter().filter(|(status, _)| *status == 200).count();
        ensure!(accepted == 1, "of {COPIES} copies of one message {accepted} were accepted");
        progress.after(round, &"messages");
    }
    let made = house.database.dossiers()?.checked_sub(before).context("dossiers vanished")?;
    ensure!(made == u64::from(messages), "{messages} messages made {made} dossiers");
    for server in &mut servers {
        server.stop()?;
    }
    Ok(format!(
        "{tokens} tokens × {REDEEMERS} redemptions ({busy} of them 503), {messages} messages × {COPIES} copies over two servers"
    ))
}
