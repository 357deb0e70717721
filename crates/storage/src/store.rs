use std::{
    fs::File,
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tracing::Instrument as _;

use crate::{
    Cause, Coffre, Error, Options, Tx,
    connection::{Reader, Readers},
    open, postgres,
    seam::{Seam, pass},
    sql::Value,
    writer::{Durability, Writer},
};

/// A future on the heap, so that a closure can return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The database. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    base: Base,
    shared: Arc<Shared>,
}

enum Base {
    Sqlite(Sqlite),
    Postgres(postgres::Base),
}

struct Sqlite {
    writer: Writer,
    readers: Arc<Readers>,
    path: PathBuf,
}

/// That this process serves the database. Dropping it lets another one.
#[derive(Debug)]
#[must_use]
pub struct Serving {
    _lock: Option<File>,
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
    /// Transactions that changed data and neither traced it nor said why not: each is a mistake of ours.
    pub untraced: u64,
}

/// The connections of the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// How many are open.
    pub open: u32,
    /// How many of them nobody uses.
    pub idle: u32,
    /// How many there may be.
    pub most: u32,
}

/// What all connections share: the vault, and counts of what was done.
pub(crate) struct Shared {
    pub(crate) coffre: Coffre,
    statements: AtomicU64,
    pub(crate) commits: AtomicU64,
    retries: AtomicU64,
    untraced: AtomicU64,
}

impl Store {
    /// How often a transaction is tried when another process holds SQLite's file, each try waiting up to the busy
    /// time-out of five seconds; and when PostgreSQL says that another transaction was in the way, at once.
    const TRIES_SQLITE: u32 = 4;
    const TRIES_POSTGRES: u32 = 12;
    /// How often the log of a SQLite database is tried to be emptied.
    const TRIES_EMPTY_LOG: u32 = 10;
    /// The longest pause between two tries.
    const PAUSE_MAX: Duration = Duration::from_millis(640);

    /// Opens the database that `url` (`sqlite:PATH`, `postgres://…`) names, making or migrating it as needed.
    ///
    /// A database made by a later version is refused ([`Error::NewerSchema`]) and left as it is.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::open_with(url, Options::default()).await
    }

    /// As [`Store::open`]; `options` are for PostgreSQL.
    ///
    /// Without a key: on a database that is encrypted, what touches a person's data fails with [`Error::MissingKey`] when it
    /// does. For tools that do not.
    pub async fn open_with(url: &str, options: Options) -> Result<Self, Error> {
        let store = Self::connect(url, options, Coffre::plain()).await?;
        store.ready().await?;
        Ok(store)
    }

    /// As [`Store::open_with`]; what is personal is encrypted by the keys of `coffre`.
    ///
    /// [`Error::MissingKey`] if values of this database need another key.
    pub async fn open_sealed(url: &str, options: Options, coffre: Coffre) -> Result<Self, Error> {
        let store = Self::connect(url, options, coffre).await?;
        store.settle_keys().await?;
        Ok(store)
    }

    async fn connect(url: &str, options: Options, coffre: Coffre) -> Result<Self, Error> {
        let shared = Arc::new(Shared::new(coffre));
        let base = if postgres::named(url) {
            Base::Postgres(postgres::open(url, options).await?)
        } else {
            let opened = open::open(url).await?;
            Base::Sqlite(Sqlite {
                readers: Arc::new(Readers::new(opened.path.clone())),
                path: opened.path.clone(),
                writer: Writer::new(opened, Arc::clone(&shared)),
            })
        };
        Ok(Self { inner: Arc::new(Inner { base, shared }) })
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
        let span = tracing::info_span!(target: crate::STEP, "transaction", name);
        self.transaction(name, Durability::Durable, work).instrument(span).await
    }

    /// Reads: every statement of `work` sees the same state of the database.
    pub async fn read<'env, T, F>(&self, work: F) -> Result<T, Error>
    where
        F: for<'a> FnOnce(&'a mut Reader<'env>) -> BoxFuture<'a, Result<T, Error>> + Send + 'env,
        T: Send,
    {
        let mut reader = self.reader()?;
        reader.begin_snapshot().await?;
        work(&mut reader).await
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<(), Error> {
        const SQL: &str = "SELECT propre FROM marche";
        self.reader()?.row("marche", SQL, &[], |row| row.integer(0)).await.map(drop)
    }

    /// Whether the database answers, and does not say that it takes no writes. SQLite says so only when it is written.
    pub async fn writable(&self) -> Result<(), Error> {
        match &self.inner.base {
            Base::Sqlite(_) => self.ready().await,
            Base::Postgres(base) => base.is_writable().await,
        }
    }

    /// What the store has done since it was opened.
    pub fn statistics(&self) -> Statistics {
        let Shared { statements, commits, retries, untraced, .. } = &*self.inner.shared;
        Statistics {
            statements: statements.load(Ordering::Relaxed),
            commits: commits.load(Ordering::Relaxed),
            retries: retries.load(Ordering::Relaxed),
            untraced: untraced.load(Ordering::Relaxed),
        }
    }

    /// The connections of the moment: PostgreSQL's, or SQLite's two writers.
    pub fn connections(&self) -> Connections {
        let (open, idle, most) = match &self.inner.base {
            Base::Sqlite(sqlite) => (2, if sqlite.writer.is_idle() { 2 } else { 1 }, 2),
            Base::Postgres(base) => base.connections(),
        };
        Connections { open, idle: u32::try_from(idle).unwrap_or(u32::MAX), most }
    }

    /// Closes every connection once it is free; the last one to close writes the log back into the file.
    pub async fn close(&self) {
        match &self.inner.base {
            Base::Sqlite(sqlite) => {
                sqlite.readers.close();
                sqlite.writer.close().await;
            }
            Base::Postgres(base) => base.close().await,
        }
    }

    /// SQLite: writes the file anew without its free pages, and empties the log, so that nothing of what was there before is
    /// left in either. Others may read meanwhile, and wait to write. False on PostgreSQL, whose administrator does that.
    pub async fn compact(&self) -> Result<bool, Error> {
        let Base::Sqlite(sqlite) = &self.inner.base else { return Ok(false) };
        sqlite.writer.alone(|connection| Ok(connection.execute_batch("VACUUM")?)).await?;
        // Whoever still reads an older state of the database holds it up, and is waited for a while.
        for _ in 0..Self::TRIES_EMPTY_LOG {
            if sqlite.writer.alone(empty_log).await? {
                return Ok(true);
            }
            tokio::time::sleep(Self::PAUSE_MAX).await;
        }
        Err(Error::Unavailable(Cause::Busy))
    }

    /// A reader for one statement, which needs no transaction around it.
    pub(crate) fn reader<'env>(&self) -> Result<Reader<'env>, Error> {
        let shared = Arc::clone(&self.inner.shared);
        match &self.inner.base {
            Base::Sqlite(sqlite) => Ok(Reader::here(sqlite.readers.lend()?, shared)),
            Base::Postgres(base) => Ok(Reader::anywhere(base.clone(), shared)),
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// Whether several servers may serve this database at once: PostgreSQL's, not SQLite's.
    pub fn is_shared(&self) -> bool {
        matches!(self.inner.base, Base::Postgres(_))
    }

    /// What a server holds as long as it serves. Refused on a SQLite file that another one serves
    /// ([`Error::ServedAlready`]): a server decides about replays from its memory. Who only reads and writes needs none.
    pub fn serve(&self) -> Result<Serving, Error> {
        match &self.inner.base {
            Base::Sqlite(sqlite) => Ok(Serving { _lock: Some(open::lock(&sqlite.path)?) }),
            Base::Postgres(_) => Ok(Serving { _lock: None }),
        }
    }

    /// Bytes of SQLite's file; none on PostgreSQL.
    pub fn file_size(&self) -> Option<u64> {
        match &self.inner.base {
            Base::Sqlite(sqlite) => std::fs::metadata(&sqlite.path).ok().map(|about| about.len()),
            Base::Postgres(_) => None,
        }
    }

    /// One statement that is its own transaction: durable when this returns. On PostgreSQL it takes one round trip, and
    /// is begun again only where the database said that it did nothing.
    pub(crate) async fn execute_alone(
        &self,
        name: &'static str,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, Error> {
        let Base::Postgres(base) = &self.inner.base else {
            return self
                .run(name, |tx| {
                    Box::pin(async move {
                        tx.untraced(
                            "what instances tell each other, and what is noted beside an act that is traced",
                        );
                        tx.execute(sql, values).await
                    })
                })
                .await;
        };
        for _ in 1..Self::TRIES_POSTGRES {
            self.inner.shared.statement();
            match base.execute(sql, values).await {
                Err(Error::Unavailable(Cause::Contention)) => {}
                outcome => return outcome.map_err(Error::of_commit),
            }
        }
        base.execute(sql, values).await.map_err(Error::of_commit)
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
        let (tries, mut pause) = match self.inner.base {
            Base::Sqlite(_) => (Self::TRIES_SQLITE, Duration::from_millis(10)),
            Base::Postgres(_) => (Self::TRIES_POSTGRES, Duration::from_millis(1)),
        };
        for _ in 1..tries {
            match self.attempt(name, durability, &work).await {
                Err(error) if error.passes() => {
                    self.inner.shared.retries.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(transaction = name, %error, "beginning again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 4).min(Self::PAUSE_MAX);
                }
                outcome => return outcome,
            }
        }
        self.attempt(name, durability, &work).await
    }

    async fn attempt<'env, T, F>(
        &self,
        name: &'static str,
        durability: Durability,
        work: &F,
    ) -> Result<T, Error>
    where
        F: for<'a> Fn(&'a mut Tx<'env>) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'env,
        T: Send,
    {
        let shared = Arc::clone(&self.inner.shared);
        let mut tx = match &self.inner.base {
            Base::Sqlite(sqlite) => Tx::on_sqlite(sqlite.writer.turn(durability).await?, shared),
            Base::Postgres(base) => {
                let begun = match durability {
                    Durability::Apart => base.begin_apart().await?,
                    Durability::Durable | Durability::Batched => base.begin().await?,
                };
                Tx::on_postgres(base.clone(), begun, shared)
            }
        };
        let outcome = work(&mut tx).await;
        // the other ways of writing are this crate's own: trail, journal, replay entries
        if outcome.is_ok() && matches!(durability, Durability::Durable) && tx.is_unaccounted() {
            self.inner.shared.untraced.fetch_add(1, Ordering::Relaxed);
            tracing::error!(transaction = name, "data are changed without a trace");
        }
        let outcome = outcome.and_then(|value| pass(Seam::BeforeCommit, name).map(|()| value));
        let value = match (&self.inner.base, outcome) {
            (Base::Sqlite(sqlite), Ok(value)) => {
                tx.keep(&sqlite.writer).await?;
                value
            }
            (Base::Postgres(_), Ok(value)) => {
                tx.commit().await?;
                self.inner.shared.commits.fetch_add(1, Ordering::Relaxed);
                value
            }
            (_, Err(error)) => {
                tx.roll_back(&error).await;
                return Err(error);
            }
        };
        pass(Seam::AfterCommit, name)?;
        Ok(value)
    }
}

/// Whether the log could be emptied.
fn empty_log(connection: &rusqlite::Connection) -> Result<bool, Error> {
    let held: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(held == 0)
}

impl Shared {
    pub(crate) fn new(coffre: Coffre) -> Self {
        let (statements, commits, retries, untraced) = Default::default();
        Self { coffre, statements, commits, retries, untraced }
    }

    pub(crate) fn statement(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }
}
