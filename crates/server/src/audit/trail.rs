//! What is traced without a transaction of its own: gathered, and written a moment later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use storage::{Store, Trace};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long traces are gathered.
const BATCH: Duration = Duration::from_millis(250);
/// Nothing is answered while the oldest trace has waited longer than this…
const BEHIND: Duration = Duration::from_secs(1);
/// …but for so long an answer waits for the trail to catch up.
const PATIENCE: Duration = Duration::from_secs(2);
/// Traces that are written in one transaction.
const FEW: usize = 2_000;
/// Traces that may wait.
const MANY: usize = 50_000;

/// The trail cannot be written: nothing may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail cannot be written")]
pub(crate) struct Untraceable;

impl From<Untraceable> for storage::Error {
    fn from(_: Untraceable) -> Self {
        Self::Unavailable(storage::Cause::Untraceable)
    }
}

/// What waits for the database. Its writer runs only while something does.
#[derive(Clone)]
pub(crate) struct Trail(Arc<Inner>);

struct Inner {
    store: Store,
    state: Mutex<State>,
    /// Rung after each attempt.
    attempted: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Instant, Trace)>,
    /// Since when those have waited that are being written at this moment.
    writing: Option<Instant>,
    /// Whether a writer runs.
    running: bool,
    /// Why the last attempt failed, if it did.
    failing: Option<storage::Error>,
}

enum Condition {
    Good,
    Behind,
    Failing,
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn condition(&self) -> Condition {
        let state = self.state();
        let oldest = state.writing.or_else(|| state.waiting.front().map(|(since, _)| *since));
        if state.failing.is_some() {
            Condition::Failing
        } else if state.waiting.len() >= MANY || oldest.is_some_and(|since| since.elapsed() > BEHIND) {
            Condition::Behind
        } else {
            Condition::Good
        }
    }

    /// Writes until nothing waits.
    async fn write_behind(self: Arc<Self>) {
        loop {
            tokio::time::sleep(BATCH).await;
            self.flush().await;
            let mut state = self.state();
            if state.waiting.is_empty() {
                state.running = false;
                return;
            }
        }
    }

    /// Writes all that waits, or stops at what cannot be written and keeps it.
    async fn flush(&self) {
        loop {
            let batch: Vec<(Instant, Trace)> = {
                let mut state = self.state();
                let few = state.waiting.len().min(FEW);
                let batch: Vec<_> = state.waiting.drain(..few).collect();
                state.writing = batch.first().map(|(since, _)| *since);
                batch
            };
            if batch.is_empty() {
                return;
            }
            let traces: Vec<Trace> = batch
                .iter()
                .map(|(since, trace)| {
                    let age = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
                    trace.clone().milliseconds_ago(age)
                })
                .collect();
            let written = self.store.trace_all(&traces).await;
            {
                let mut state = self.state();
                state.writing = None;
                let failing = written.clone().err();
                // once for each cause: a disk that was full may come back read-only
                if failing != state.failing {
                    match &failing {
                        Some(error) => {
                            tracing::error!(%error, "the audit trail cannot be written: nothing is answered until it can");
                        }
                        None => tracing::info!("the audit trail is written again"),
                    }
                }
                if failing.is_some() {
                    for entry in batch.into_iter().rev() {
                        state.waiting.push_front(entry);
                    }
                }
                state.failing = failing;
            }
            self.attempted.notify_waiters();
            if written.is_err() {
                return;
            }
            // A contact keeps a dossier from the archive. One that is not noted is no reason to refuse service.
            let contacts: Vec<_> = traces.iter().filter_map(Trace::contact).collect();
            if let Err(error) = self.store.note_contacts(&contacts).await {
                tracing::warn!(%error, "contacts of dossiers were not noted");
            }
        }
    }
}

impl Trail {
    pub(crate) fn new(store: Store) -> Self {
        Self(Arc::new(Inner { store, state: Mutex::default(), attempted: Notify::new() }))
    }

    /// Whether something may be answered that is then given to [`Trail::record`]. Waits a moment for a trail that is late.
    pub(crate) async fn admit(&self) -> Result<(), Untraceable> {
        match self.0.condition() {
            Condition::Good => return Ok(()),
            Condition::Failing => return Err(Untraceable),
            Condition::Behind => {}
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let attempted = self.0.attempted.notified();
            match self.0.condition() {
                Condition::Good => return Ok(()),
                Condition::Failing => return Err(Untraceable),
                Condition::Behind => {
                    tokio::time::timeout_at(until, attempted).await.map_err(|_| Untraceable)?
                }
            }
        }
    }

    /// Whether something is admitted at this moment.
    pub(crate) fn is_good(&self) -> bool {
        matches!(self.0.condition(), Condition::Good)
    }

    /// Takes note of what was seen or refused.
    pub(crate) fn record(&self, traces: impl IntoIterator<Item = Trace>) {
        let now = Instant::now();
        let mut state = self.0.state();
        state.waiting.extend(traces.into_iter().map(|trace| (now, trace)));
        // Only refusals come here unadmitted. They are in the journal too.
        while state.waiting.len() > 2 * MANY {
            state.waiting.pop_back();
        }
        if !state.running && !state.waiting.is_empty() {
            state.running = true;
            tokio::spawn(Arc::clone(&self.0).write_behind());
        }
    }

    /// Waits until all that was recorded is written, or until it cannot be.
    pub(crate) async fn written(&self) {
        loop {
            let attempted = self.0.attempted.notified();
            {
                let state = self.0.state();
                if state.failing.is_some() || (state.waiting.is_empty() && state.writing.is_none()) {
                    return;
                }
            }
            attempted.await;
        }
    }

    /// Writes what waits, at once: the last act of a server.
    pub(crate) async fn finish(&self) {
        self.0.flush().await;
        self.written().await;
    }
}

#[cfg(test)]
mod tests {
    use storage::{Acteur, Action};

    use super::*;

    fn trace() -> Trace {
        Trace::new(Acteur::Systeme, Action::PageVue)
    }

    async fn trail() -> (tempfile::TempDir, Trail) {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("vtpa.db").display());
        (directory, Trail::new(Store::open(&url).await.unwrap()))
    }

    /// Rows in the database.
    async fn rows(trail: &Trail) -> usize {
        let (mut after, mut rows) = (0, 0);
        while let Some(page) = trail
            .0
            .store
            .read(|reader| Box::pin(async move { reader.trace_page(after).await }))
            .await
            .unwrap()
        {
            (after, rows) = (page.last, rows + page.rows);
        }
        rows
    }

    #[tokio::test]
    async fn what_is_recorded_is_written_within_a_second() {
        let (_directory, trail) = trail().await;
        trail.admit().await.unwrap();
        trail.record((0..5_000).map(|_| trace()));
        let begun = Instant::now();
        while rows(&trail).await < 5_000 {
            assert!(begun.elapsed() < BEHIND, "late");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        trail.admit().await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_admitted_while_the_trail_cannot_be_written_and_all_is_written_afterwards() {
        let (directory, trail) = trail().await;
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", directory.path().join("vtpa.db").display());
        let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let refuse = "CREATE TRIGGER full BEFORE INSERT ON trace BEGIN SELECT RAISE(ABORT, 'no'); END";
        sqlx::query(refuse).execute(&mut other).await.unwrap();
        trail.record([trace()]);
        trail.written().await;
        assert_eq!(trail.admit().await, Err(Untraceable));
        assert!(!trail.is_good());
        trail.record([trace()]);
        sqlx::query("DROP TRIGGER full").execute(&mut other).await.unwrap();
        let begun = Instant::now();
        while trail.admit().await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(5), "it does not recover");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(trail.is_good());
        trail.finish().await;
        assert_eq!(rows(&trail).await, 2, "what was answered before it was known is not lost");
    }

    #[tokio::test]
    async fn a_trail_that_hangs_admits_nothing_after_a_second() {
        let (directory, trail) = trail().await;
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", directory.path().join("vtpa.db").display());
        let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        trail.record([trace()]);
        tokio::time::sleep(BEHIND + BATCH).await;
        assert_eq!(trail.admit().await, Err(Untraceable), "after its patience");
        sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
        trail.written().await;
        assert_eq!(trail.admit().await, Ok(()));
    }
}
