//! The replay guard. On SQLite, which one process serves: memory is the authority, the database its memory across
//! restarts. On PostgreSQL the database is the authority, for all instances, and a message costs one statement.
//!
//! On SQLite entries reach the database in batches, so a message costs no commit of its own. A crash may lose the last
//! batch; so after a stop that was not clean, messages created before the new start are refused: the guard says
//! that it cannot know, never that it has not seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use storage::{EntreeRejeu, Store};
use tokio::sync::watch;
use wss::{Admission, GuardUnavailable, ReplayEntry, ReplayGuard};

use crate::clock::Clock;

/// How often entries are written.
const BATCH: Duration = Duration::from_millis(200);

/// How often what need not be remembered any longer is forgotten, where the database is the authority.
const FORGET: Duration = Duration::from_secs(60);

/// Remembers accepted signatures.
pub(crate) enum Guard {
    /// SQLite's.
    Memory(MemoryGuard),
    /// PostgreSQL's.
    Shared(Store, Clock),
}

impl Guard {
    /// The guard that goes with the database.
    pub(crate) async fn load(store: &Store, clock: &Clock) -> Result<Self, storage::Error> {
        if store.is_shared() {
            return Ok(Self::Shared(store.clone(), clock.clone()));
        }
        Ok(Self::Memory(MemoryGuard::load(store, clock.now()).await?))
    }

    /// Writes, and forgets, until `stop`.
    pub(crate) async fn tend(&self, store: &Store, clock: &Clock, mut stop: watch::Receiver<bool>) {
        if let Self::Memory(guard) = self {
            return guard.write_behind(store, clock, stop).await;
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(FORGET) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            if let Err(error) = store.rejeu_oublier().await {
                tracing::warn!(%error, "replay entries that are over stay for now");
            }
        }
    }
}

impl ReplayGuard for Guard {
    async fn admit(&self, entry: ReplayEntry) -> Result<Admission, GuardUnavailable> {
        let (store, clock) = match self {
            Self::Memory(guard) => return guard.admit(entry).await,
            Self::Shared(store, clock) => (store, clock),
        };
        match store.rejeu_prendre(&entry.key, entry.until.duration_since(clock.now())).await {
            Ok(true) => Ok(Admission::First),
            Ok(false) => Ok(Admission::Seen),
            Err(error) => {
                tracing::warn!(%error, "the replay guard could not be asked");
                Err(GuardUnavailable)
            }
        }
    }
}

/// Remembers accepted signatures in this process.
#[derive(Debug)]
pub(crate) struct MemoryGuard {
    state: Mutex<State>,
    /// Messages created before this are refused: set when the last stop was not clean.
    blind_before: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct State {
    seen: HashMap<[u8; 32], Timestamp>,
    unwritten: Vec<ReplayEntry>,
}

impl MemoryGuard {
    /// Reads what earlier processes remembered, and whether the last one stopped cleanly.
    async fn load(store: &Store, now: Timestamp) -> Result<Self, storage::Error> {
        let memory = store.rejeu_demarrer(now).await?;
        let seen = memory.entrees.into_iter().map(|entry| (entry.cle, entry.jusqu_a)).collect();
        Ok(Self {
            state: Mutex::new(State { seen, unwritten: Vec::new() }),
            blind_before: (!memory.arret_propre).then_some(now),
        })
    }

    /// Writes batches until `stop`, then the last one and the mark of a clean stop.
    async fn write_behind(&self, store: &Store, clock: &Clock, mut stop: watch::Receiver<bool>) {
        loop {
            let stopped = tokio::select! {
                () = tokio::time::sleep(BATCH) => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            let written = self.flush(store, clock.now()).await;
            if stopped {
                if written.is_ok()
                    && let Err(error) = store.rejeu_arreter().await
                {
                    tracing::warn!(%error, "the clean stop could not be recorded: messages created before the next start will be refused");
                }
                return;
            }
        }
    }

    async fn flush(&self, store: &Store, now: Timestamp) -> Result<(), storage::Error> {
        let batch = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut state.unwritten)
        };
        if batch.is_empty() {
            return Ok(());
        }
        let entries: Vec<EntreeRejeu> =
            batch.iter().map(|entry| EntreeRejeu { cle: entry.key, jusqu_a: entry.until }).collect();
        let written = store.rejeu_ajouter(entries, now).await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &written {
            Ok(()) => state.seen.retain(|_, until| *until >= now),
            Err(error) => {
                tracing::warn!(%error, "replay entries not written yet: kept in memory");
                state.unwritten.extend(batch);
            }
        }
        written
    }
}

impl ReplayGuard for MemoryGuard {
    async fn admit(&self, entry: ReplayEntry) -> Result<Admission, GuardUnavailable> {
        if let (Some(blind_before), Some(created)) = (self.blind_before, entry.created)
            && created < blind_before
        {
            return Ok(Admission::BeforeRestart);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.seen.contains_key(&entry.key) {
            return Ok(Admission::Seen);
        }
        state.seen.insert(entry.key, entry.until);
        state.unwritten.push(entry);
        Ok(Admission::First)
    }
}
