//! PostgreSQL: its connections and their limits, its schema and its version.

use std::{
    str::FromStr as _,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool, Postgres, Row as _, Transaction,
    migrate::Migrator,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
};

use crate::{
    Cause, Error,
    dialect::postgres,
    open::{PAUSE, TRIES, not_migrated},
    sql::Value,
};

/// Without sqlx's lock, which is the session's and would stay behind in pgbouncer's connection.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("migrations/postgres");
    migrations.set_locking(false);
    migrations
});

/// Waiting longer than this for a free connection is an answer too.
const ACQUIRE: Duration = Duration::from_secs(5);
/// A connection that rested longer than this is asked whether it is still there before it is used.
const REST: Duration = Duration::from_secs(1);

/// After a restart of PostgreSQL every connection is broken, and each is found so once; those that rested, before.
const BROKEN: u32 = 4;

/// What a transaction may take: waiting for a lock, one statement, and a client that went silent. Set for each
/// transaction, since between transactions pgbouncer may give the connection to another.
macro_rules! limits {
    ($begin:literal) => {
        concat!(
            $begin,
            "; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '30s'; ",
            "SET LOCAL idle_in_transaction_session_timeout = '60s'"
        )
    };
}

/// How PostgreSQL is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Connections at most. About twice as many as cores serve best.
    pub connections: u32,
    /// Whether what is connected to is pgbouncer, in transaction mode: then nothing outlives its transaction, prepared
    /// statements neither.
    pub pgbouncer: bool,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { connections: u32::try_from(cores * 2).unwrap_or(8).clamp(4, 64), pgbouncer: false }
    }
}

/// The connections.
#[derive(Clone)]
pub(crate) struct Base {
    pool: PgPool,
    /// False behind pgbouncer. Then a statement alone needs a transaction around it too: it is prepared and executed in
    /// two messages, between which the connection may be another one's.
    persistent: bool,
    read_only: ReadOnly,
}

/// When the database last refused to be written, if it ever did. A session keeps the `default_transaction_read_only` that it
/// began with, whatever becomes of the database's: those that are older than this are not used again.
#[derive(Clone, Default)]
struct ReadOnly(Arc<Mutex<Option<Instant>>>);

impl ReadOnly {
    fn seen(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a session of this age began before.
    fn outlives(&self, age: Duration) -> bool {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.is_some_and(|seen| age >= seen.elapsed())
    }
}

/// Whether `url` is PostgreSQL's.
pub(crate) fn named(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Connects, makes or migrates the schema. Several instances may do so at once.
pub(crate) async fn open(url: &str, options: Options) -> Result<Base, Error> {
    let mut connect = PgConnectOptions::from_str(url)
        .map_err(|_| Error::UnknownUrl)?
        .application_name("vtpa")
        .disable_statement_logging();
    if options.pgbouncer {
        connect = connect.statement_cache_capacity(0).extra_float_digits(None);
    } else {
        // For the statements that are their own transaction. pgbouncer would refuse such a connection.
        connect = connect.options([("statement_timeout", "30s"), ("lock_timeout", "5s")]);
    }
    let read_only = ReadOnly::default();
    let seen = read_only.clone();
    let pool = PgPoolOptions::new()
        .max_connections(options.connections.max(1))
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(move |connection, about| {
            let outlived = seen.outlives(about.age);
            Box::pin(async move {
                if outlived {
                    return Ok(false);
                }
                if about.idle_for > REST {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(connect)
        .await?;
    let base = Base { pool, persistent: !options.pgbouncer, read_only };
    for _ in 1..TRIES {
        match migrate(&base.pool).await {
            Err(Error::Conflict | Error::Unavailable(Cause::Contention)) => tokio::time::sleep(PAUSE).await,
            outcome => return outcome.map(|()| base),
        }
    }
    migrate(&base.pool).await.map(|()| base)
}

/// All in one transaction: on one connection, whoever shares it, and whole or not at all. Of several instances at once one
/// succeeds; the others fail on what it made, and find the work done when they look again.
async fn migrate(pool: &PgPool) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    assert_utf8(&mut transaction).await?;
    MIGRATIONS
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(|error| not_migrated(&MIGRATIONS, error))?;
    // a server that was stopped for a season finds no month to write into otherwise
    sqlx::query("SELECT vtpa_partitions(3)").persistent(false).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// Names have accents; another encoding would refuse some of them late.
async fn assert_utf8(connection: &mut PgConnection) -> Result<(), Error> {
    let encoding = sqlx::query("SELECT current_setting('server_encoding')").persistent(false);
    let encoding: String = encoding.fetch_one(connection).await?.try_get(0)?;
    if encoding == "UTF8" {
        Ok(())
    } else {
        Err(Error::NotDurable { setting: "server_encoding", expected: "UTF8" })
    }
}

impl Base {
    /// How many connections are open, idle, allowed.
    pub(crate) fn connections(&self) -> (u32, usize, u32) {
        (self.pool.size(), self.pool.num_idle(), self.pool.options().get_max_connections())
    }

    /// A transaction that is as if it were alone, or fails with [`Cause::Contention`].
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        self.begin_with(limits!("BEGIN ISOLATION LEVEL SERIALIZABLE")).await
    }

    /// A transaction each of whose statements sees what was committed before it.
    pub(crate) async fn begin_apart(&self) -> Result<Transaction<'static, Postgres>, Error> {
        self.begin_with(limits!("BEGIN ISOLATION LEVEL READ COMMITTED")).await
    }

    /// A transaction that only reads, and one state of the database.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Postgres>, Error> {
        self.begin_with(limits!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")).await
    }

    /// Nothing was done yet: where a connection was found broken, another one does.
    async fn begin_with(&self, begin: &'static str) -> Result<Transaction<'static, Postgres>, Error> {
        for _ in 0..BROKEN {
            match self.pool.begin_with(begin).await.map_err(Error::from) {
                Err(Error::Unavailable(Cause::Disconnected)) => {}
                outcome => return outcome,
            }
        }
        Ok(self.pool.begin_with(begin).await?)
    }

    /// The rows of one statement, which is its own transaction. It only reads, so that it may be asked again on another
    /// connection where one was found broken.
    pub(crate) async fn fetch(&self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<PgRow>, Error> {
        if !self.persistent {
            let mut transaction = self.begin_with(limits!("BEGIN READ ONLY")).await?;
            let rows = self.query(sql, values)?.fetch_all(&mut *transaction).await?;
            transaction.commit().await?;
            return Ok(rows);
        }
        for _ in 0..BROKEN {
            match self.query(sql, values)?.fetch_all(&self.pool).await.map_err(Error::from) {
                Err(Error::Unavailable(Cause::Disconnected)) => {}
                outcome => return outcome,
            }
        }
        Ok(self.query(sql, values)?.fetch_all(&self.pool).await?)
    }

    /// Executes one statement, which is its own transaction; gives the number of rows it changed. Never tried again.
    pub(crate) async fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Error> {
        if !self.persistent {
            let mut transaction = self.begin_with(limits!("BEGIN")).await?;
            let done = self.query(sql, values)?.execute(&mut *transaction).await;
            let done = done.map_err(|error| self.noted(error.into()))?;
            transaction.commit().await?;
            return Ok(done.rows_affected());
        }
        let done = self.query(sql, values)?.execute(&self.pool).await;
        Ok(done.map_err(|error| self.noted(error.into()))?.rows_affected())
    }

    /// Takes note of an error that says something of all sessions.
    pub(crate) fn noted(&self, error: Error) -> Error {
        if error == Error::Unavailable(Cause::ReadOnly) {
            self.read_only.seen();
        }
        error
    }

    /// Whether transactions may write, as far as a session can say without one.
    pub(crate) async fn is_writable(&self) -> Result<(), Error> {
        const SQL: &str =
            "SELECT current_setting('default_transaction_read_only') = 'on' OR pg_is_in_recovery()";
        let rows = self.fetch(SQL, &[]).await?;
        match rows.first().and_then(|row| integer(row, 0)) {
            Some(Some(0)) => Ok(()),
            _ => Err(self.noted(Error::Unavailable(Cause::ReadOnly))),
        }
    }

    pub(crate) fn query(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<sqlx::query::Query<'static, Postgres, PgArguments>, Error> {
        Ok(sqlx::query_with(postgres(sql), arguments(values)?).persistent(self.persistent))
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

fn arguments(values: &[Value<'_>]) -> Result<PgArguments, Error> {
    use sqlx::Arguments as _;
    let mut arguments = PgArguments::default();
    for value in values {
        match *value {
            Value::Integer(value) => arguments.add(value),
            Value::MaybeInteger(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            Value::MaybeText(value) => arguments.add(value),
            Value::MaybeBytes(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A whole number, or a truth as SQLite has it.
pub(crate) fn integer(row: &PgRow, index: usize) -> Option<Option<i64>> {
    row.try_get::<Option<i64>, _>(index)
        .ok()
        .or_else(|| row.try_get::<Option<bool>, _>(index).ok().map(|value| value.map(i64::from)))
        .or_else(|| row.try_get::<Option<i32>, _>(index).ok().map(|value| value.map(i64::from)))
}
