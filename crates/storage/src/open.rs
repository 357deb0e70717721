//! Opening: the file and its mode, the connections and their settings, the schema and its version.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use sqlx::{
    ConnectOptions as _,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Cause, Error, writer::Durability};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long SQLite waits for another process before it says busy.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// How often, and how long apart, an opening is tried while others are opening too.
pub(crate) const TRIES: u32 = 50;
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) durable: Connection,
    pub(crate) batched: Connection,
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
    migrate(path).await?;
    let path = path.to_owned();
    let opening = tokio::task::spawn_blocking(move || {
        let durable = writer(&path, Durability::Durable)?;
        assert_settings(&durable)?;
        let batched = writer(&path, Durability::Batched)?;
        Ok(Opened { path, durable, batched })
    });
    opening.await.unwrap_or(Err(Error::Unavailable(Cause::NoConnection)))
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

/// A connection that writes. The file exists and has its schema.
pub(crate) fn writer(path: &Path, way: Durability) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // What is deleted or written anew leaves nothing of its former self in the file.
    connection.execute_batch(match way {
        Durability::Durable | Durability::Apart => {
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
        }
        Durability::Batched => {
            "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
        }
    })?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Makes the file a database with a write-ahead log, and its schema what this program knows. Statements are not logged: their
/// values are people's.
async fn migrate(path: &Path) -> Result<(), Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("secure_delete", "ON")
        .busy_timeout(BUSY)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let migrated = MIGRATIONS.run(&pool).await.map_err(|error| not_migrated(&MIGRATIONS, error));
    pool.close().await;
    migrated
}

/// The latest schema known here.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
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
fn assert_settings(connection: &Connection) -> Result<(), Error> {
    let journal: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if journal != "wal" {
        return Err(Error::NotDurable { setting: "journal_mode", expected: "WAL" });
    }
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if synchronous != 2 {
        return Err(Error::NotDurable { setting: "synchronous", expected: "FULL" });
    }
    let foreign_keys: i64 = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
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
        for (connection, setting, expected) in [
            (&opened.durable, "PRAGMA synchronous", "2"),
            (&opened.batched, "PRAGMA synchronous", "1"),
            (&opened.durable, "PRAGMA journal_mode", "wal"),
            (&opened.durable, "PRAGMA foreign_keys", "1"),
            (&opened.batched, "PRAGMA foreign_keys", "1"),
            (&opened.durable, "PRAGMA secure_delete", "1"),
            (&opened.batched, "PRAGMA secure_delete", "1"),
            (&opened.durable, "PRAGMA busy_timeout", "5000"),
        ] {
            let value: rusqlite::types::Value = connection.query_row(setting, [], |row| row.get(0)).unwrap();
            let value = match value {
                rusqlite::types::Value::Integer(value) => value.to_string(),
                rusqlite::types::Value::Text(value) => value,
                other => panic!("{setting}: {other:?}"),
            };
            assert_eq!(value, expected, "{setting}");
        }
    }

    #[tokio::test]
    async fn a_database_that_would_lose_what_it_acknowledged_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vtpa.db");
        migrate(&path).await.unwrap();
        let refusal = Error::NotDurable { setting: "synchronous", expected: "FULL" };
        assert_eq!(assert_settings(&writer(&path, Durability::Batched).unwrap()), Err(refusal));
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
