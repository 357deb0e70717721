use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::SqlitePool;
use tokio::sync::Mutex;

use crate::{
    Cause, Error, Tx,
    connection::{Reader, Readers},
    open,
};

/// A future on the heap, so that a closure can return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The database. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// One connection: `synchronous=FULL`.
    durable: SqlitePool,
    /// One connection: `synchronous=NORMAL`, for replay entries only, which the next durable commit syncs along.
    batched: SqlitePool,
    /// SQLite has one writer. Waiting for one's turn here is fair and wakes at once; SQLite's own waiting sleeps.
    turn: Mutex<()>,
    readers: Arc<Readers>,
    counters: Arc<Counters>,
}

/// How a transaction is written down.
#[derive(Clone, Copy)]
pub(crate) enum Durability {
    /// On disk before it is acknowledged.
    Durable,
    /// On disk with the next durable one, or the next checkpoint.
    Batched,
}

/// What the store has done since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Statements executed, transaction control not counted.
    pub statements: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions begun again because the database was held by another.
    pub retries: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    statements: AtomicU64,
    commits: AtomicU64,
    retries: AtomicU64,
}

impl Store {
    /// How often a transaction is tried when another process holds the database, each try waiting up to the
    /// busy time-out of five seconds.
    const TRIES: u32 = 4;

    /// Opens the database that `url` (`sqlite:PATH`) names, making or migrating it as needed.
    ///
    /// A database made by a later version is refused ([`Error::NewerSchema`]) and left as it is.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let opened = open::open(url).await?;
        let inner = Inner {
            durable: opened.durable,
            batched: opened.batched,
            turn: Mutex::new(()),
            readers: Arc::new(Readers::new(opened.path)),
            counters: Arc::default(),
        };
        let store = Self { inner: Arc::new(inner) };
        store.ready()?;
        Ok(store)
    }

    /// Runs `work` in a transaction called `name` in logs: committed durably if it gives `Ok`, rolled back otherwise.
    ///
    /// `work` may run several times, each time on an untouched database, so it must have no other effects.
    ///
    /// ```
    /// # async fn example(store: &storage::Store) -> Result<(), storage::Error> {
    /// let name = String::from("portail");
    /// store.run("add application", |tx| Box::pin(async { tx.add_application(&name, storage::Rights::ALL).await })).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run<'env, T, F>(&self, name: &'static str, work: F) -> Result<T, Error>
    where
        F: for<'a> Fn(&'a mut Tx<'env>) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'env,
        T: Send,
    {
        self.transaction(name, Durability::Durable, work).await
    }

    /// Reads: every statement of `work` sees the same state of the database.
    pub async fn read<'env, T, F>(&self, work: F) -> Result<T, Error>
    where
        F: for<'a> FnOnce(&'a mut Reader<'env>) -> BoxFuture<'a, Result<T, Error>> + Send + 'env,
        T: Send,
    {
        let mut reader = self.reader()?;
        reader.begin_snapshot()?;
        work(&mut reader).await
    }

    /// Whether the database answers.
    pub fn ready(&self) -> Result<(), Error> {
        let connection = self.inner.readers.lend()?;
        connection.get()?.prepare_cached("SELECT propre FROM marche")?.query_row([], |_| Ok(()))?;
        Ok(())
    }

    /// What the store has done since it was opened.
    pub fn statistics(&self) -> Statistics {
        let Counters { statements, commits, retries } = &*self.inner.counters;
        Statistics {
            statements: statements.load(Ordering::Relaxed),
            commits: commits.load(Ordering::Relaxed),
            retries: retries.load(Ordering::Relaxed),
        }
    }

    /// Closes every connection once it is free; the last one to close writes the log back into the file.
    pub async fn close(&self) {
        self.inner.readers.close();
        self.inner.batched.close().await;
        self.inner.durable.close().await;
    }

    /// A reader for one statement, which needs no transaction around it.
    pub(crate) fn reader<'env>(&self) -> Result<Reader<'env>, Error> {
        Ok(Reader::here(self.inner.readers.lend()?, Arc::clone(&self.inner.counters)))
    }

    /// The one place where transactions begin, end and are tried again.
    pub(crate) async fn transaction<'env, T, F>(
        &self,
        name: &'static str,
        durability: Durability,
        work: F,
    ) -> Result<T, Error>
    where
        F: for<'a> Fn(&'a mut Tx<'env>) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'env,
        T: Send,
    {
        let mut pause = Duration::from_millis(10);
        for _ in 1..Self::TRIES {
            match self.attempt(durability, &work).await {
                Err(Error::Unavailable(Cause::Busy)) => {
                    self.inner.counters.retries.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(transaction = name, "database held by another process: trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 4;
                }
                outcome => return outcome,
            }
        }
        self.attempt(durability, &work).await
    }

    async fn attempt<'env, T, F>(&self, durability: Durability, work: &F) -> Result<T, Error>
    where
        F: for<'a> Fn(&'a mut Tx<'env>) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'env,
        T: Send,
    {
        let pool = match durability {
            Durability::Durable => &self.inner.durable,
            Durability::Batched => &self.inner.batched,
        };
        let turn = self.inner.turn.lock().await;
        let mut tx = Tx::new(pool.begin_with("BEGIN IMMEDIATE").await?, Arc::clone(&self.inner.counters));
        let outcome = match work(&mut tx).await {
            Ok(value) => tx.commit().await.map(|()| value),
            Err(error) => {
                // If this fails too, the connection's next use rolls back; the first error is the one to tell.
                tx.roll_back().await.ok();
                Err(error)
            }
        };
        drop(turn);
        if outcome.is_ok() {
            self.inner.counters.commits.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }
}

impl Counters {
    pub(crate) fn statement(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }
}
