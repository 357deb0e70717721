//! The replay guard of one process: memory is the authority, the database its memory across restarts.
//!
//! Entries reach the database in batches, so a message costs no commit of its own. A crash may lose the last
//! batch; so after a stop that was not clean, messages created before the new start are refused: the guard says
//! that it cannot know, never that it has not seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use storage::{EntreeRejeu, Store};
use tokio::sync::watch;
use wss::{Admission, GuardUnavailable, ReplayEntry, ReplayGuard};

/// How often entries are written.
const BATCH: Duration = Duration::from_millis(200);

/// Remembers accepted signatures.
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
    pub(crate) async fn load(store: &Store, now: Timestamp) -> Result<Self, storage::Error> {
        let memory = store.rejeu_demarrer(now).await?;
        let seen = memory.entrees.into_iter().map(|entry| (entry.cle, entry.jusqu_a)).collect();
        Ok(Self {
            state: Mutex::new(State { seen, unwritten: Vec::new() }),
            blind_before: (!memory.arret_propre).then_some(now),
        })
    }

    /// Writes batches until `stop`, then the last one and the mark of a clean stop.
    pub(crate) async fn write_behind(
        &self,
        store: &Store,
        clock: &crate::Clock,
        mut stop: watch::Receiver<bool>,
    ) {
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
