//! Writers that create dossiers all at once, and note what they are told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::task::JoinHandle;

use crate::ledger::{Entry, Ledger};
use crate::partner::{Outcome, Partner, creation};

/// A ledger that writers share.
pub(crate) type Shared = Arc<Mutex<Ledger>>;

/// How the creations went.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: usize,
    pub(crate) unforeseen: usize,
    pub(crate) faults: usize,
    pub(crate) no_answer: usize,
    /// What may never come, word by word: another code for a creation in order, an answer without a signature.
    wrong: Vec<String>,
    /// Messages of 000.
    pub(crate) messages: Vec<String>,
}

/// Writers at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    writers: Vec<JoinHandle<Tally>>,
}

impl Load {
    /// `writers` of them, dealt out over `partners`. `name` makes their IdLocals unique.
    pub(crate) fn start(
        partners: &[Partner],
        writers: usize,
        name: &str,
        ledger: &Shared,
        rng: &mut StdRng,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let writers = partners.iter().cycle().take(writers).zip(0..).map(|(partner, number)| {
            let (partner, stop, ledger) = (partner.clone(), Arc::clone(&stop), Arc::clone(ledger));
            let (name, rng) = (format!("{name}-{number}"), testkit::rng(rng.random()));
            tokio::spawn(write(partner, name, rng, stop, ledger))
        });
        Self { writers: writers.collect(), stop }
    }

    /// Lets each finish what it is at.
    pub(crate) async fn stop(self) -> Result<Tally> {
        self.stop.store(true, Ordering::SeqCst);
        let mut total = Tally::default();
        for writer in self.writers {
            total.add(writer.await?);
        }
        ensure!(
            total.wrong.is_empty(),
            "{} answers that may not come, such as {:?}",
            total.wrong.len(),
            total.wrong.first()
        );
        Ok(total)
    }
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.unforeseen += other.unforeseen;
        self.faults += other.faults;
        self.no_answer += other.no_answer;
        self.wrong.extend(other.wrong);
        self.messages.extend(other.messages);
    }

    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Acknowledged(_) => self.acknowledged += 1,
            Outcome::Unforeseen(message) => {
                self.unforeseen += 1;
                self.messages.push(message);
            }
            Outcome::Fault(_) => self.faults += 1,
            Outcome::NoAnswer(_) => self.no_answer += 1,
            Outcome::Refused(what) | Outcome::Broken(what) => self.wrong.push(what),
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { acknowledged, unforeseen, faults, no_answer, .. } = self;
        write!(f, "{acknowledged} × 999, {unforeseen} × 000, {faults} faults, {no_answer} without an answer")
    }
}

async fn write(
    partner: Partner,
    name: String,
    mut rng: StdRng,
    stop: Arc<AtomicBool>,
    ledger: Shared,
) -> Tally {
    let mut tally = Tally::default();
    for turn in 0_u64.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let asked = creation(&format!("{name}-{turn}"), &mut rng);
        let begun = Instant::now();
        let outcome = partner.create(&asked).await;
        if let Outcome::Acknowledged(id) = &outcome {
            locked(&ledger).note(id.clone(), &asked, begun);
        } else {
            // Whoever gets no dossier tries again, but not at once.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tally.note(outcome);
    }
    tally
}

/// The ledger; a writer that panicked has left it whole.
pub(crate) fn locked(ledger: &Shared) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was noted since there were `first` entries.
pub(crate) fn noted(ledger: &Shared, first: usize) -> Vec<Entry> {
    locked(ledger).since(first)
}
