//! Opening: the file and its mode, the connections and their settings, the schema and its version.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::OpenFlags;
use sqlx::{
    ConnectOptions as _, Connection as _, Row as _, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Cause, Error};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long SQLite waits for another process before it says busy.
const BUSY: Duration = Duration::from_secs(5);

/// How often, and how long apart, an opening is tried while others are opening too.
pub(crate) const TRIES: u32 = 50;
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) durable: SqlitePool,
    pub(crate) batched: SqlitePool,
}

pub(crate) async fn open(url: &str) -> Result<Opened, Error> {
    let path = path(url)?;
    create_private(&path)?;
    for ending in ["-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(ending);
        close_to_others(Path::new(&beside))?;
    }
    // Several processes may make a new database at once; who comes second finds the work done when it looks again.
    // SQLite's own waiting does not cover the step to the write-ahead log.
    for _ in 1..TRIES {
        match connect(&path).await {
            Err(Error::Unavailable(Cause::Busy) | Error::Conflict) => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
    connect(&path).await
}

async fn connect(path: &Path) -> Result<Opened, Error> {
    let durable = writer(path, SqliteSynchronous::Full).await?;
    migrate(&durable).await?;
    assert_settings(&durable).await?;
    let batched = writer(path, SqliteSynchronous::Normal).await?;
    Ok(Opened { path: path.to_owned(), durable, batched })
}

/// Locks `PATH.lock`, beside the database, for as long as what is given lives, whatever ends it. The database's own
/// file would not do: SQLite gives its locks up when any other handle on it is closed.
pub(crate) fn lock(path: &Path) -> Result<File, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    create_private(&path)?;
    let cannot_open = |_| Error::Unavailable(Cause::CannotOpen);
    let file = File::options().write(true).open(&path).map_err(cannot_open)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::ServedAlready),
        Err(TryLockError::Error(error)) => Err(cannot_open(error)),
    }
}

/// A connection that only reads. The file exists and has its schema.
pub(crate) fn reader(path: &Path) -> Result<rusqlite::Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8000;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A connection to a file that is there, of whatever schema.
pub(crate) fn existing(path: &Path) -> Result<rusqlite::Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// `sqlite:PATH`, and `sqlite://PATH`, which many tools write. Memory would be another database per connection.
pub(crate) fn path(url: &str) -> Result<PathBuf, Error> {
    let path = url.strip_prefix("sqlite:").ok_or(Error::UnknownUrl)?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(":memory:") || path.contains('?') {
        return Err(Error::UnknownUrl);
    }
    Ok(PathBuf::from(path))
}

/// The file is its owner's alone; SQLite gives the log and the index beside it the same mode.
#[cfg(unix)]
fn create_private(path: &Path) -> Result<(), Error> {
    use std::{fs::OpenOptions, io::ErrorKind, os::unix::fs::OpenOptionsExt as _};
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => close_to_others(path),
        Err(error) => Err(not_opened(&error)),
    }
}

/// Takes a file that is there from the eyes of others, and tells that it was open to them.
#[cfg(unix)]
fn close_to_others(path: &Path) -> Result<(), Error> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(
            file = %path.display(),
            mode = format!("{mode:o}"),
            "the database was readable by others: mode set to 600"
        );
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|error| not_opened(&error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn not_opened(error: &std::io::Error) -> Error {
    use std::io::ErrorKind;
    Error::Unavailable(match error.kind() {
        ErrorKind::ReadOnlyFilesystem => Cause::ReadOnly,
        ErrorKind::StorageFull => Cause::Full,
        _ => Cause::CannotOpen,
    })
}

#[cfg(not(unix))]
fn create_private(_: &Path) -> Result<(), Error> {
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> Result<(), Error> {
    Ok(())
}

/// One connection, kept for good. Statements are not logged: their values are people's.
async fn writer(path: &Path, synchronous: SqliteSynchronous) -> Result<SqlitePool, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        // What is deleted or written anew leaves nothing of its former self in the file.
        .pragma("secure_delete", "ON")
        .busy_timeout(BUSY)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        // Where a disk is full or fails, SQLite has rolled back by itself, of which sqlx learns nothing: it counts a
        // transaction that is no more, and would refuse every one after it.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// The latest schema known here.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

async fn migrate(pool: &SqlitePool) -> Result<(), Error> {
    MIGRATIONS.run(pool).await.map_err(|error| not_migrated(&MIGRATIONS, error))
}

/// Forward only: what is there may be older than what this program knows, or equal.
pub(crate) fn not_migrated(migrations: &Migrator, error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(found) => {
            let known = migrations.iter().map(|migration| migration.version).max().unwrap_or(0);
            if found > known {
                Error::NewerSchema { found, known }
            } else {
                Error::ForeignSchema { version: found }
            }
        }
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
            Error::ForeignSchema { version }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => migrating(error),
        _ => Error::Unavailable(Cause::Other(21)),
    }
}

/// SQLite says "table exists already" with its general code: another process made it meanwhile.
fn migrating(error: sqlx::Error) -> Error {
    match Error::from(error) {
        Error::Unavailable(Cause::Other(1)) => Error::Conflict,
        error => error,
    }
}

/// What "999 is on disk" stands on is asked of the database itself.
async fn assert_settings(pool: &SqlitePool) -> Result<(), Error> {
    let journal: String = sqlx::query("PRAGMA journal_mode").fetch_one(pool).await?.try_get(0)?;
    if journal != "wal" {
        return Err(Error::NotDurable { setting: "journal_mode", expected: "WAL" });
    }
    let synchronous: i64 = sqlx::query("PRAGMA synchronous").fetch_one(pool).await?.try_get(0)?;
    if synchronous != 2 {
        return Err(Error::NotDurable { setting: "synchronous", expected: "FULL" });
    }
    let foreign_keys: i64 = sqlx::query("PRAGMA foreign_keys").fetch_one(pool).await?.try_get(0)?;
    if foreign_keys != 1 {
        return Err(Error::NotDurable { setting: "foreign_keys", expected: "ON" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn acknowledged_means_on_disk_and_replay_entries_ride_along() {
        let dir = tempfile::tempdir().unwrap();
        let opened = open(&format!("sqlite:{}", dir.path().join("vtpa.db").display())).await.unwrap();
        for (pool, setting, expected) in [
            (&opened.durable, "PRAGMA synchronous", "2"),
            (&opened.batched, "PRAGMA synchronous", "1"),
            (&opened.durable, "PRAGMA journal_mode", "wal"),
            (&opened.durable, "PRAGMA foreign_keys", "1"),
            (&opened.batched, "PRAGMA foreign_keys", "1"),
            (&opened.durable, "PRAGMA busy_timeout", "5000"),
        ] {
            let row = sqlx::query(setting).fetch_one(pool).await.unwrap();
            let value = row
                .try_get::<String, _>(0)
                .or_else(|_| row.try_get::<i64, _>(0).map(|value| value.to_string()));
            assert_eq!(value.unwrap(), expected, "{setting}");
        }
    }

    #[tokio::test]
    async fn a_database_that_would_lose_what_it_acknowledged_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vtpa.db");
        let pool = writer(&path, SqliteSynchronous::Normal).await.unwrap();
        let refusal = Error::NotDurable { setting: "synchronous", expected: "FULL" };
        assert_eq!(assert_settings(&pool).await, Err(refusal));
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_rolled_back_by_itself_does_not_end_the_writer() {
        let dir = tempfile::tempdir().unwrap();
        let opened = open(&format!("sqlite:{}", dir.path().join("vtpa.db").display())).await.unwrap();
        let pool = &opened.durable;
        sqlx::query("CREATE TABLE big (x BLOB)").execute(pool).await.unwrap();
        sqlx::query("PRAGMA max_page_count = 1").execute(pool).await.unwrap();
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let big = "INSERT INTO big VALUES (zeroblob(1000000))";
        let full: Error = sqlx::query(big).execute(&mut *transaction).await.unwrap_err().into();
        assert_eq!(full, Error::Unavailable(Cause::Full));
        transaction.rollback().await.ok();
        // Space again: another connection knows nothing of the first one's limit.
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::query(big).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vtpa.db");
        open(&format!("sqlite:{}", path.display())).await.unwrap();
        let error: Error = reader(&path).unwrap().execute("DELETE FROM marche", []).unwrap_err().into();
        assert_eq!(error, Error::Unavailable(Cause::ReadOnly));
    }
}
