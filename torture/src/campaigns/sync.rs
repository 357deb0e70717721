//! T3: fsync and fdatasync fail, as they do on a dying disk. strace puts the error in place of the call.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::context::Context;
use crate::house::{House, signal};
use crate::ledger::{found, untraceable};
use crate::load::{Load, Shared, locked, noted};
use crate::partner::{Outcome, creation};

const WRITERS: usize = 16;
/// How long after syncs succeed again a server may need to answer 999.
const RECOVERY: Duration = Duration::from_secs(10);

pub(super) async fn run(context: Context) -> Result<String> {
    let (long, single) = (context.rounds(1, 20), context.rounds(6, 200));
    let mut rng = context.rng();
    let house = House::on_sqlite(&context)?;
    let mut server = house.serve()?;
    let partner = server.partner()?;
    let ledger = Shared::default();
    let first =
        partner.create_until_acknowledged(|_| creation("sync", &mut testkit::rng(1)), RECOVERY).await?;
    locked(&ledger).note(first.0, &first.1, Instant::now());
    ensure!(partner.status("/pret").await? == 200, "/pret before anything was broken");

    let (mut refused, mut slowest) = (0, Duration::ZERO);
    for round in 0..long {
        let strace = Strace::attach(server.process(), "fsync,fdatasync:error=EIO", &house)?;
        let load =
            Load::start(std::slice::from_ref(&partner), WRITERS, &format!("sync-{round}"), &ledger, &mut rng);
        tokio::time::sleep(Duration::from_secs(2)).await;
        let ready = partner.status("/pret").await?;
        untraceable(&noted(&ledger, 0), &partner).await?;
        let tally = load.stop().await?;
        ensure!(tally.acknowledged == 0, "{} × 999 while nothing reached the disk", tally.acknowledged);
        ensure!(tally.unforeseen > 0, "no 000: {tally}");
        ensure!(tally.messages.iter().all(|message| message.ends_with(')')), "a 000 without the log's id");
        ensure!(ready == 503, "/pret says {ready} while nothing can be written");
        refused += tally.unforeseen;
        strace.detach()?;
        let again =
            |turn| creation(&format!("sync-{round}-again-{turn}"), &mut testkit::rng(u64::from(turn)));
        let (id, asked, took) = partner.create_until_acknowledged(again, RECOVERY).await?;
        locked(&ledger).note(id, &asked, Instant::now());
        slowest = slowest.max(took);
        ready_again(&partner).await?;
    }

    // One sync alone, the n-th: who waited for it is not told 999.
    let mut hit = 0;
    let mut progress = context.progress(single);
    for round in 0..single {
        let strace = Strace::attach(
            server.process(),
            &format!("fsync,fdatasync:error=EIO:when={}", round % 6 + 1),
            &house,
        )?;
        for turn in 0..8 {
            let asked = creation(&format!("sync-one-{round}-{turn}"), &mut rng);
            match partner.create(&asked).await {
                Outcome::Acknowledged(id) => locked(&ledger).note(id, &asked, Instant::now()),
                Outcome::Unforeseen(_) => hit += 1,
                other => bail!("after one failed sync: {other:?}"),
            }
        }
        strace.detach()?;
        server.still_runs()?;
        progress.after(round, &format_args!("{hit} × 000"));
    }
    ensure!(hit > 0, "no single failure of a sync was seen by anyone");

    // What the system still held in memory is not what counts: the next process reads the file anew.
    server.kill()?;
    house.is_whole().await?;
    let mut server = house.serve()?;
    let entries = noted(&ledger, 0);
    found(&entries, &server.partner()?).await?;
    locked(&ledger).none_twice()?;
    server.stop()?;
    Ok(format!(
        "{long} times no sync for 2 s: {refused} × 000, no 999, /pret 503, 999 again {:.2} s after; {single} single failures: {hit} × 000; {} × 999 found",
        slowest.as_secs_f64(),
        entries.len()
    ))
}

async fn ready_again(partner: &crate::partner::Partner) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < RECOVERY {
        if partner.status("/pret").await? == 200 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("/pret does not say 200 again within {RECOVERY:?}")
}

/// A strace that injects; the traced process goes on when it ends.
struct Strace(Child);

impl Strace {
    fn attach(process: u32, inject: &str, house: &House) -> Result<Self> {
        let log = house.folder.join("strace.log");
        let messages = house.folder.join("strace.err");
        let strace = Command::new("strace")
            .args(["-f", "-p", &process.to_string(), "-e", "trace=fsync,fdatasync"])
            .args(["-e", &format!("inject={inject}"), "-o"])
            .arg(&log)
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(&messages)?)
            .spawn()
            .context("strace (cargo xtask install)")?;
        let mut strace = Self(strace);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if std::fs::read_to_string(&messages)?.contains("attached") {
                return Ok(strace);
            }
            if let Some(status) = strace.0.try_wait()? {
                bail!("strace ended with {status}: {}", std::fs::read_to_string(&messages)?);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("strace did not attach")
    }

    fn detach(mut self) -> Result<()> {
        signal("INT", self.0.id())?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // It has ended already, unless the campaign failed; killed, it lets the traced process go.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
