//! SQLite's one writer, and how transactions share a commit.
//!
//! Whoever has the turn does its work on the writer's connection, inside a savepoint, and hands the turn on without
//! committing. The first of them has a task wait in the same line, behind all who wait already; when the task's turn comes it
//! commits what they did together and tells each. So nobody waits who is alone, and while a disk syncs the next ones gather.
//!
//! - What fails, panics or is dropped in the middle is rolled back to its savepoint when it lets the turn go: nothing of the
//!   others' changes.
//! - The task belongs to none of them: whoever goes away, the others are committed and told.
//! - A commit that fails fails all. Then, and after an error of input or output, the connection is closed: what it holds in
//!   memory is not to be trusted. The next one opens another.
//!
//! Statements run on the caller's thread, where one costs microseconds; whatever waits for a disk or for another process runs
//! on a thread of its own.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use crate::{
    Cause, Error, open,
    seam::{Seam, pass},
    store::Shared,
};

/// How a transaction is written down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// On disk before it is acknowledged.
    Durable,
    /// On disk with the next durable one, or the next checkpoint.
    Batched,
    /// On disk before it is acknowledged; on PostgreSQL at READ COMMITTED. For what decides by a row's lock or only adds, so
    /// that serializable transactions that write the same tables are not begun again for its sake.
    Apart,
}

/// What becomes of a commit; none before it is tried.
type Outcome = Option<Result<(), Error>>;

/// Transactions of one commit at most…
const MEMBERS_MAX: u32 = 256;
/// …and how long after the first one others may join, so that its answer is not put off for ever.
const GATHER_MAX: Duration = Duration::from_millis(20);

/// The line of those who write. Waiting in it is fair and wakes at once; SQLite's own waiting sleeps.
#[derive(Clone)]
pub(crate) struct Writer(Arc<Mutex<Line>>);

struct Line {
    path: PathBuf,
    shared: Arc<Shared>,
    closed: bool,
    /// `synchronous=FULL`.
    durable: Option<Connection>,
    /// `synchronous=NORMAL`, for what the next durable commit syncs along.
    batched: Option<Connection>,
    /// The transaction that is open.
    batch: Option<Batch>,
}

/// Transactions that will be committed together.
struct Batch {
    way: Durability,
    outcome: watch::Sender<Outcome>,
    members: u32,
    since: Instant,
    /// Whether the task that commits waits in the line.
    awaited: bool,
}

/// That it is one's turn, within one's savepoint. Dropped, it leaves nothing.
pub(crate) struct Turn {
    line: OwnedMutexGuard<Line>,
    inside: bool,
}

impl Writer {
    pub(crate) fn new(opened: open::Opened, shared: Arc<Shared>) -> Self {
        let open::Opened { path, durable, batched } = opened;
        let (durable, batched) = (Some(durable), Some(batched));
        Self(Arc::new(Mutex::new(Line { path, shared, closed: false, durable, batched, batch: None })))
    }

    /// Waits for one's turn and begins.
    pub(crate) async fn turn(&self, way: Durability) -> Result<Turn, Error> {
        let mut turn = self.take().await;
        if turn.line.batch.as_ref().is_some_and(Batch::is_complete) {
            turn = turn.apart(Line::commit).await?.0;
        }
        if !turn.line.begin_at_once(way)? {
            let (taken, begun) = turn.apart(move |line| line.begin(way)).await?;
            turn = taken;
            begun?;
        }
        turn.line.connection()?.prepare_cached("SAVEPOINT membre")?.execute([])?;
        turn.inside = true;
        Ok(turn)
    }

    /// Does something with the durable connection and no transaction open, on a thread where it may take long.
    pub(crate) async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.take().await;
        let done = turn.apart(move |line| {
            line.commit();
            line.open(Durability::Durable)?;
            let outcome = work(line.durable.as_ref().ok_or(Error::Unavailable(Cause::NoConnection))?);
            if outcome.as_ref().is_err_and(Error::spoils) {
                line.durable = None;
            }
            outcome
        });
        done.await?.1
    }

    /// Commits what is open and closes the connections for good.
    pub(crate) async fn close(&self) {
        let closed = self.take().await.apart(|line| {
            line.commit();
            line.closed = true;
            (line.durable, line.batched) = (None, None);
        });
        // The only failure is that of a runtime which is ending, and everything with it.
        closed.await.ok();
    }

    /// Whether nobody has the turn.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.try_lock().is_ok()
    }

    async fn take(&self) -> Turn {
        Turn { line: Arc::clone(&self.0).lock_owned().await, inside: false }
    }
}

impl Turn {
    /// For statements, on the caller's thread.
    pub(crate) fn connection(&self) -> Result<&Connection, Error> {
        self.line.connection()
    }

    /// Keeps what was done. Returns when it is committed as its durability says, or was not.
    pub(crate) async fn keep(mut self, writer: &Writer) -> Result<(), Error> {
        let released = self.line.connection()?.prepare_cached("RELEASE membre")?.execute([]);
        released?;
        self.inside = false;
        let batch = self.line.batch.as_mut().ok_or(Error::Unavailable(Cause::NoConnection))?;
        batch.members += 1;
        let mut outcome = batch.outcome.subscribe();
        if batch.way == Durability::Batched {
            self.apart(Line::commit).await?;
        } else {
            if !batch.awaited {
                batch.awaited = true;
                tokio::spawn(commit_in_turn(writer.clone()));
            }
            drop(self);
        }
        let outcome = outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or(Err(Error::Unavailable(Cause::NoConnection)))
    }

    /// Leaves the work undone. After some errors nothing that is open can be trusted either, and all who share it are told.
    pub(crate) fn give_up(mut self, error: &Error) {
        if error.spoils() {
            self.inside = false;
            self.line.fail(error);
        }
    }

    /// Does something that waits for a disk or another process on a thread where it may. If the caller goes away meanwhile it
    /// is done nevertheless, and the turn let go.
    async fn apart<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&mut Line) -> T + Send + 'static,
    ) -> Result<(Self, T), Error> {
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work(&mut self.line);
            (self, outcome)
        });
        done.await.map_err(|_| Error::Unavailable(Cause::NoConnection))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.line.leave(self.inside);
    }
}

/// The task that commits.
async fn commit_in_turn(writer: Writer) {
    // Whoever is ready to run joins the line first.
    tokio::task::yield_now().await;
    let turn = writer.take().await;
    // The only failure is that of a runtime which is ending; then those who wait end too.
    turn.apart(Line::commit).await.ok();
}

impl Line {
    /// The connection of the transaction that is open.
    fn connection(&self) -> Result<&Connection, Error> {
        let way = self.batch.as_ref().map_or(Durability::Durable, |batch| batch.way);
        match way {
            Durability::Durable | Durability::Apart => self.durable.as_ref(),
            Durability::Batched => self.batched.as_ref(),
        }
        .ok_or(Error::Unavailable(Cause::NoConnection))
    }

    fn slot(&mut self, way: Durability) -> &mut Option<Connection> {
        match way {
            Durability::Durable | Durability::Apart => &mut self.durable,
            Durability::Batched => &mut self.batched,
        }
    }

    /// Opens the connection where there is none.
    fn open(&mut self, way: Durability) -> Result<(), Error> {
        if self.closed {
            return Err(Error::Unavailable(Cause::NoConnection));
        }
        if self.slot(way).is_none() {
            let opened = open::writer(&self.path, way)?;
            *self.slot(way) = Some(opened);
            tracing::info!("the database is open for writing again");
        }
        Ok(())
    }

    /// Joins what is open, or begins where nothing has to be waited for. False: [`Line::begin`] will wait.
    fn begin_at_once(&mut self, way: Durability) -> Result<bool, Error> {
        if self.batch.is_some() {
            return Ok(true);
        }
        let Some(connection) = self.slot(way) else { return Ok(false) };
        connection.busy_timeout(Duration::ZERO)?;
        let begun = begin(connection);
        connection.busy_timeout(open::BUSY)?;
        match begun {
            Ok(()) => {
                self.begun(way);
                Ok(true)
            }
            Err(Error::Unavailable(Cause::Busy)) => Ok(false),
            Err(error) => Err(self.refuse(way, error)),
        }
    }

    /// Begins, opening the connection and waiting for other processes as needed.
    fn begin(&mut self, way: Durability) -> Result<(), Error> {
        self.open(way)?;
        let connection = self.slot(way).as_ref().ok_or(Error::Unavailable(Cause::NoConnection))?;
        match begin(connection) {
            Ok(()) => self.begun(way),
            Err(error) => return Err(self.refuse(way, error)),
        }
        Ok(())
    }

    fn begun(&mut self, way: Durability) {
        let (outcome, _) = watch::channel(None);
        self.batch = Some(Batch { way, outcome, members: 0, since: Instant::now(), awaited: false });
    }

    fn refuse(&mut self, way: Durability, error: Error) -> Error {
        if error.spoils() {
            *self.slot(way) = None;
        }
        error
    }

    /// Commits what is open, and tells all who take part.
    fn commit(&mut self) {
        let Some(batch) = &self.batch else { return };
        let way = batch.way;
        let committed = self.connection().and_then(|connection| {
            if connection.is_autocommit() {
                // SQLite rolled back by itself, and whoever saw it did not say so.
                return Err(Error::Unavailable(Cause::RolledBack));
            }
            pass(Seam::BeforeSharedCommit, "")?;
            connection.prepare_cached("COMMIT")?.execute([])?;
            pass(Seam::AfterSharedCommit, "")
        });
        match committed {
            Ok(()) => {
                self.shared.commits.fetch_add(1, Ordering::Relaxed);
                if let Some(batch) = self.batch.take() {
                    batch.outcome.send_replace(Some(Ok(())));
                }
            }
            Err(error) => {
                self.fail(&error);
                *self.slot(way) = None;
            }
        }
    }

    /// Gives up what is open: all who take part are told this error.
    fn fail(&mut self, error: &Error) {
        let Some(batch) = self.batch.take() else { return };
        // Closing rolls back.
        *self.slot(batch.way) = None;
        if batch.members > 0 {
            tracing::warn!(%error, transactions = batch.members, "a shared commit failed");
        }
        batch.outcome.send_replace(Some(Err(error.clone())));
    }

    /// Someone lets the turn go, `inside` a savepoint or not. Others' work stays; a transaction of nobody's ends.
    fn leave(&mut self, inside: bool) {
        let Some(batch) = &self.batch else { return };
        let members = batch.members;
        let undone = self.connection().and_then(|connection| {
            if members == 0 {
                connection.prepare_cached("ROLLBACK")?.execute([])?;
            } else if inside {
                connection.prepare_cached("ROLLBACK TO membre")?.execute([])?;
                connection.prepare_cached("RELEASE membre")?.execute([])?;
            }
            Ok(())
        });
        match undone {
            Ok(()) if members == 0 => self.batch = None,
            Ok(()) => {}
            // SQLite rolled all of it back before, as it does when a disk is full.
            Err(error) => self.fail(&error),
        }
    }
}

impl Batch {
    fn is_complete(&self) -> bool {
        self.members >= MEMBERS_MAX || self.since.elapsed() >= GATHER_MAX
    }
}

fn begin(connection: &Connection) -> Result<(), Error> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Coffre, open};

    const FULL: Error = Error::Unavailable(Cause::Full);

    async fn writer(dir: &tempfile::TempDir) -> Writer {
        let opened = open::open(&format!("sqlite:{}", dir.path().join("vtpa.db").display())).await.unwrap();
        opened.durable.execute_batch("CREATE TABLE big (x BLOB); PRAGMA max_page_count = 1").unwrap();
        Writer::new(opened, Arc::new(Shared::new(Coffre::plain())))
    }

    fn insert(turn: &Turn, bytes: i64) -> Result<(), Error> {
        turn.connection()?.execute("INSERT INTO big VALUES (zeroblob(?1))", [bytes])?;
        Ok(())
    }

    async fn write(writer: Writer, bytes: i64) -> Result<(), Error> {
        let turn = writer.turn(Durability::Durable).await?;
        match insert(&turn, bytes) {
            Ok(()) => turn.keep(&writer).await,
            Err(error) => {
                turn.give_up(&error);
                Err(error)
            }
        }
    }

    #[tokio::test]
    async fn a_full_disk_fails_all_who_share_the_commit_and_the_next_one_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir).await;
        // On one thread, so that the second one's turn comes before the task's that commits.
        let first = tokio::spawn(write(writer.clone(), 10));
        let second = tokio::spawn(write(writer.clone(), 1_000_000));
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Err(FULL), Err(FULL)));
        let rows = writer.alone(|connection| {
            Ok(connection.query_row("SELECT COUNT(*) FROM big", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(rows.await, Ok(0));
        // Space again: the connection that was opened anew knows nothing of the first one's limit.
        assert_eq!(write(writer, 1_000_000).await, Ok(()));
    }

    #[tokio::test]
    async fn those_who_wait_together_share_one_commit() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir).await;
        let done = futures::future::join_all((0..32).map(|_| write(writer.clone(), 1))).await;
        assert_eq!(done, vec![Ok(()); 32]);
        let commits = writer.0.lock().await.shared.commits.load(Ordering::Relaxed);
        assert!((1..=4).contains(&commits), "{commits} commits of 32 transactions");
    }
}
