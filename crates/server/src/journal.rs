//! The journal of requests: in a sandbox whole messages, so that a partner can look at its own through every check; in production
//! what was answered, without the message and without a person. Written in batches, off the request's path; bounded in number, bytes
//! and age.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use storage::{ApplicationId, BornesJournal, EntreeJournal, Store};
use tokio::sync::watch;

use crate::Clock;

/// How often entries are written.
const BATCH: Duration = Duration::from_millis(500);
/// The application's messages that are listed.
const LISTED: u32 = 20;

/// What is older is in no journal.
pub(crate) const OLDEST: SignedDuration = PRODUCTION.age;

/// What is kept.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    age: SignedDuration,
    entries: u32,
    bytes: u32,
    /// Entries that wait for the database; the oldest give way.
    waiting: usize,
}

const SANDBOX: Bounds =
    Bounds { age: SignedDuration::from_hours(1), entries: 200, bytes: 8 << 20, waiting: 200 };
// no bytes: what a sandbox kept before it became one of production goes with the first purge
const PRODUCTION: Bounds =
    Bounds { age: SignedDuration::from_hours(30 * 24), entries: 1_000_000, bytes: 0, waiting: 10_000 };

/// The journal of one process; the database's is that of all.
pub(crate) struct Journal {
    sandbox: bool,
    /// Whether messages are kept, whole.
    whole: bool,
    bounds: Bounds,
    /// What is not in the database yet, the latest last.
    waiting: Mutex<VecDeque<EntreeJournal>>,
}

impl Journal {
    pub(crate) fn new(sandbox: bool) -> Self {
        let bounds = if sandbox { SANDBOX } else { PRODUCTION };
        Self { sandbox, whole: sandbox, bounds, waiting: Mutex::default() }
    }

    /// The same, of what is asked and answered alone: a message may hold what shall be in no file.
    pub(crate) fn without_messages(self) -> Self {
        Self { whole: false, ..self }
    }

    /// Takes note of a request; its message is dropped outside a sandbox.
    pub(crate) fn record(&self, mut entry: EntreeJournal, message: Vec<u8>) {
        entry.message = self.whole.then_some(message);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(entry);
        self.bound(&mut waiting);
    }

    /// How many entries wait for the database.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn bound(&self, waiting: &mut VecDeque<EntreeJournal>) {
        let size = |entry: &EntreeJournal| entry.message.as_ref().map_or(0, Vec::len);
        let mut bytes: usize = if self.sandbox { waiting.iter().map(size).sum() } else { 0 };
        let most = usize::try_from(self.bounds.bytes).unwrap_or(usize::MAX);
        while waiting.len() > self.bounds.waiting || (bytes > most && waiting.len() > 1) {
            bytes -= waiting.pop_front().as_ref().map_or(0, size);
        }
    }

    /// Writes batches until `stop`, then the last one.
    pub(crate) async fn write_behind(&self, store: &Store, clock: &Clock, mut stop: watch::Receiver<bool>) {
        loop {
            let stopped = tokio::select! {
                () = tokio::time::sleep(BATCH) => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            self.flush(store, clock.now()).await;
            if stopped {
                return;
            }
        }
    }

    /// Writes what waits. In a sandbox the bounds are held at once, elsewhere by the purge of every minute.
    async fn flush(&self, store: &Store, now: Timestamp) {
        // copied, and taken off once written: what is looked for meanwhile is in one place or the other
        let batch: Vec<_> = {
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.iter().cloned().collect()
        };
        if batch.is_empty() {
            return;
        }
        if let Err(error) = store.journal_ajouter(&batch).await {
            tracing::warn!(%error, "journal entries not written yet");
            return;
        }
        let written: std::collections::HashSet<_> = batch.iter().map(|entry| &entry.reference).collect();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|entry| !written.contains(&entry.reference));
        if self.sandbox {
            self.purge(store, now).await;
        }
    }

    /// Deletes from the database what is kept no longer.
    pub(crate) async fn purge(&self, store: &Store, now: Timestamp) {
        let Bounds { age, entries, bytes, .. } = self.bounds;
        let bounds = BornesJournal { depuis: now - age, entrees: entries, octets: bytes };
        if let Err(error) = store.journal_purger(bounds).await {
            tracing::warn!(%error, "old journal entries were not removed");
        }
    }

    /// The request of that reference, while it is kept.
    pub(crate) async fn find(
        &self,
        store: &Store,
        reference: &str,
        now: Timestamp,
    ) -> Result<Option<EntreeJournal>, storage::Error> {
        let since = now - self.bounds.age;
        let own = |entry: &&EntreeJournal| entry.reference == reference && entry.recu_le >= since;
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).iter().find(own).cloned();
        if waiting.is_some() {
            return Ok(waiting);
        }
        store.read(|reader| Box::pin(async move { reader.journal_entree(reference, since).await })).await
    }

    /// The requests of an application, the latest first.
    pub(crate) async fn of_application(
        &self,
        store: &Store,
        application: ApplicationId,
        now: Timestamp,
    ) -> Result<Vec<EntreeJournal>, storage::Error> {
        let since = now - self.bounds.age;
        let own = |entry: &&EntreeJournal| entry.application == Some(application) && entry.recu_le >= since;
        let mut found: Vec<_> = {
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.iter().rev().filter(own).cloned().collect()
        };
        let stored = store.read(|reader| {
            Box::pin(async move { reader.journal_application(application, since, LISTED).await })
        });
        for entry in stored.await? {
            if !found.iter().any(|other| other.reference == entry.reference) {
                found.push(entry);
            }
        }
        found.truncate(usize::try_from(LISTED).unwrap_or(usize::MAX));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: usize, at: Timestamp) -> EntreeJournal {
        EntreeJournal {
            reference: format!("{number:016x}"),
            recu_le: at,
            service: "creation".to_owned(),
            operation: None,
            application: None,
            issue: "999".to_owned(),
            explication: None,
            message_id: None,
            duree: 1,
            rejoue: false,
            message: None,
        }
    }

    async fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("vtpa.db").display());
        let store = Store::open(&url).await.unwrap();
        (directory, store)
    }

    #[tokio::test]
    async fn a_sandbox_keeps_messages_bounded_and_across_a_restart() {
        let ((_directory, store), start) = (store().await, testkit::instant());
        let journal = Journal::new(true);
        for number in 0..250 {
            journal.record(entry(number, start), vec![b'x'; 10]);
        }
        journal.flush(&store, start).await;
        journal.record(entry(999, start), vec![b'y'; 10]);
        let find = async |number: usize, now| {
            let later = Journal::new(true);
            later.find(&store, &format!("{number:016x}"), now).await.unwrap()
        };
        assert!(find(49, start).await.is_none(), "the oldest gave way");
        assert_eq!(find(249, start).await.unwrap().message, Some(vec![b'x'; 10]));
        assert!(find(249, start + SANDBOX.age * 2).await.is_none(), "too old to be shown");
        assert!(find(999, start).await.is_none(), "not written yet");
        assert!(journal.find(&store, &format!("{:016x}", 999), start).await.unwrap().is_some());
        // large ones: eight of a mebibyte are kept
        for number in 1000..1020 {
            journal.record(entry(number, start + SignedDuration::from_secs(1)), vec![b'z'; 1 << 20]);
            journal.flush(&store, start).await;
        }
        let mut kept = 0;
        for number in 1000..1020 {
            kept += usize::from(find(number, start).await.is_some());
        }
        assert_eq!(kept, 8);
    }

    #[tokio::test]
    async fn production_keeps_no_message_and_forgets_after_thirty_days() {
        let ((_directory, store), start) = (store().await, testkit::instant());
        let journal = Journal::new(false);
        journal.record(entry(1, start), b"Suzanne".to_vec());
        journal.flush(&store, start).await;
        let later = Journal::new(false);
        let found = later.find(&store, &format!("{:016x}", 1), start).await.unwrap().unwrap();
        assert_eq!(found.message, None);
        journal.purge(&store, start + PRODUCTION.age + SignedDuration::from_secs(1)).await;
        assert!(later.find(&store, &format!("{:016x}", 1), start).await.unwrap().is_none());
    }
}
