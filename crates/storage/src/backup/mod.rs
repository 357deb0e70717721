//! Backups of a SQLite database: made while a server runs, consistent, encrypted; and their way back.
//!
//! A backup begins with a copy by `VACUUM INTO`, which is one read transaction: what was acknowledged before it began is in
//! it, writers go on meanwhile, and what was erased is not in it, since free pages are not copied. The copy lies beside
//! the database, as private as that one, and is deleted; what leaves is encrypted (`format`). On PostgreSQL its own
//! tools do this: docs/sauvegarde.md.

mod format;
mod key;
mod restore;

use std::{
    fs::File,
    io::{BufReader, Seek as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::OpenFlags;
use tempfile::NamedTempFile;

pub use self::{
    format::Header,
    key::BackupKey,
    restore::{Restored, Restoring, restore},
};
use crate::{Error, open};

/// Why a backup was not made, or not believed. Holds no personal data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database.
    #[error("database: {0}")]
    Storage(#[from] Error),
    /// A file.
    #[error("{}: {error}", file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is PostgreSQL.
    #[error(
        "this is for SQLite. Back PostgreSQL up by its own tools: pg_dump --format=custom --file=vtpa.dump DATABASE, and \
         pg_restore --exit-on-error --dbname=DATABASE vtpa.dump; docs/sauvegarde.md has both, and how erasures are done again \
         (vtpa restore --after-pg-restore)"
    )]
    Postgres,
    /// There is no such database.
    #[error("there is no database at {}", .0.display())]
    NoDatabase(PathBuf),
    /// What would be written is there already.
    #[error("{} exists: --force {what}", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
        /// What `--force` does with it.
        what: &'static str,
    },
    /// The file does not begin as a backup does.
    #[error("{} is no backup of vtpa", .0.display())]
    NotABackup(PathBuf),
    /// A backup of a later format.
    #[error("the backup's format is {found}, this program knows {known}: use the newer program")]
    NewerFormat {
        /// The format found.
        found: u32,
        /// The only one known.
        known: u32,
    },
    /// It was encrypted by another key.
    #[error("the backup was made with the key {made_with}, and the key given is {given}")]
    WrongKey {
        /// The key's fingerprint in the header.
        made_with: String,
        /// That of the key at hand.
        given: String,
    },
    /// A chunk does not authenticate.
    #[error(
        "chunk {chunk} of {chunks} does not authenticate: the file was changed, or its parts were exchanged, after it was made"
    )]
    Altered {
        /// Which, from 1.
        chunk: u64,
        /// Of how many.
        chunks: u64,
    },
    /// The file ends too early.
    #[error("the file has {found} bytes of {expected}: it was cut, or copied only in part")]
    Truncated {
        /// Its size.
        found: u64,
        /// What the header says.
        expected: u64,
    },
    /// Something follows its end.
    #[error("{0} bytes follow the backup's end: the file was changed after it was made")]
    Trailing(u64),
    /// What was backed up, or the database that would be, is damaged.
    #[error("the database inside is damaged: {0}")]
    Damaged(String),
    /// The database that would be replaced cannot tell what was erased.
    #[error(
        "the database to be replaced does not tell which dossiers were erased ({0}): give the list that was exported by `vtpa \
         dossier erasures --json` as --erasures FILE, or --without-erasures, which may bring back people who asked to be erased"
    )]
    ErasuresUnreadable(Error),
}

/// A backup to be made.
#[derive(Debug)]
pub struct Making<'a> {
    /// `sqlite:PATH`.
    pub url: &'a str,
    /// Where to.
    pub file: &'a Path,
    /// Encrypts it.
    pub key: &'a BackupKey,
    /// The program's version, for the header.
    pub version: &'a str,
    /// Now.
    pub date: Timestamp,
    /// Random bytes, never used twice.
    pub salt: [u8; 32],
    /// Whether a file that is there is replaced.
    pub overwrite: bool,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The database is copied.
    Copying,
    /// The copy is encrypted.
    Encrypting,
    /// A backup is decrypted.
    Decrypting,
    /// The database in it is checked.
    Checking,
}

/// Told now and then: what is being done, so many bytes of so many.
pub type Progress<'a> = &'a mut (dyn FnMut(Work, u64, u64) + Send);

/// What `vtpa backup verify` found: the header was right, every chunk authentic, the database in it sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What it says of itself.
    pub header: Header,
    /// The backup's bytes.
    pub bytes: u64,
    /// Dossiers in it.
    pub dossiers: u64,
}

/// Makes a backup.
pub fn back_up(making: &Making<'_>, progress: Progress<'_>) -> Result<Header, BackupError> {
    let database = database(making.url)?;
    if !database.exists() {
        return Err(BackupError::NoDatabase(database));
    }
    if making.file.exists() && !making.overwrite {
        return Err(exists(making.file));
    }
    let folder = folder(making.file);
    let out = private(folder, ".part").map_err(|error| io(folder, error))?;
    let mut snapshot = snapshot(&database, progress)?;
    let inside = Inside::look(snapshot.path())?;
    let bytes = snapshot.as_file().metadata().map_err(|error| io(&database, error))?.len();
    let header = Header::new(making, inside.schema, inside.keys()?, bytes);
    snapshot.rewind().map_err(|error| io(&database, error))?;
    format::encrypt(&header, making.key, snapshot.as_file_mut(), out.as_file(), &mut |done| {
        progress(Work::Encrypting, done, bytes);
    })
    .map_err(|error| error.of(making.file))?;
    out.as_file().sync_all().map_err(|error| io(making.file, error))?;
    let persisted = match making.overwrite {
        true => out.persist(making.file),
        false => out.persist_noclobber(making.file),
    };
    persisted.map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(making.file),
        _ => io(making.file, error.error),
    })?;
    sync_folder(folder)?;
    Ok(header)
}

/// Decrypts a backup into a private file in `folder`, holds the database in it against SQLite's own checks, and deletes
/// it again.
pub fn verify(
    file: &Path,
    key: &BackupKey,
    work: &Path,
    progress: Progress<'_>,
) -> Result<Verified, BackupError> {
    let (header, bytes, opened) = unpack(file, key, work, progress)?;
    progress(Work::Checking, 0, header.database_bytes);
    let inside = Inside::look(opened.path())?;
    inside.check()?;
    Ok(Verified { bytes, dossiers: inside.dossiers()?, header })
}

/// The schema that this program migrates to: a database of another one is backed up as it is.
pub fn schema() -> i64 {
    open::newest()
}

/// The header of a backup, as it says of itself: nothing of it is checked but its form.
pub fn header(file: &Path) -> Result<Header, BackupError> {
    let opened = File::open(file).map_err(|error| io(file, error))?;
    format::read_header(&mut BufReader::new(opened)).map(|(header, _)| header).map_err(|error| error.of(file))
}

/// The database in a backup, decrypted into a private file that goes when it is dropped.
fn unpack(
    file: &Path,
    key: &BackupKey,
    folder: &Path,
    progress: Progress<'_>,
) -> Result<(Header, u64, NamedTempFile), BackupError> {
    let opened = File::open(file).map_err(|error| io(file, error))?;
    let bytes = opened.metadata().map_err(|error| io(file, error))?.len();
    sweep(folder);
    let out = private(folder, SNAPSHOT).map_err(|error| io(folder, error))?;
    let header = format::decrypt(key, BufReader::new(opened), bytes, out.as_file(), &mut |done, all| {
        progress(Work::Decrypting, done, all);
    })
    .map_err(|error| error.of(file))?;
    Ok((header, bytes, out))
}

/// A copy of the database as it is at one moment.
fn snapshot(database: &Path, progress: Progress<'_>) -> Result<NamedTempFile, BackupError> {
    const LOOK: Duration = Duration::from_millis(100);
    let folder = folder(database);
    sweep(folder);
    let copy = private(folder, SNAPSHOT).map_err(|error| io(folder, error))?;
    let source = open::existing(database)?;
    let size = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    let all: i64 = source.query_row(size, [], |row| row.get(0)).map_err(Error::from)?;
    let into = copy.path().to_string_lossy().into_owned();
    let done = std::thread::scope(|scope| {
        let copying = scope.spawn(move || source.execute("VACUUM INTO ?1", [into]));
        while !copying.is_finished() {
            std::thread::sleep(LOOK);
            let so_far = copy.as_file().metadata().map_or(0, |about| about.len());
            progress(Work::Copying, so_far.min(all.unsigned_abs()), all.unsigned_abs());
        }
        copying.join()
    });
    match done {
        Ok(Ok(_)) => Ok(copy),
        Ok(Err(error)) => Err(Error::from(error).into()),
        Err(_) => Err(Error::Unavailable(crate::Cause::NoConnection).into()),
    }
}

/// A database in a file of ours, looked at without changing it.
struct Inside {
    connection: rusqlite::Connection,
    schema: i64,
}

impl Inside {
    fn look(path: &Path) -> Result<Self, BackupError> {
        let damaged = |error: rusqlite::Error| BackupError::Damaged(Error::from(error).to_string());
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(path, flags).map_err(damaged)?;
        let schema = "SELECT MAX(version) FROM _sqlx_migrations WHERE success";
        let schema = connection.query_row(schema, [], |row| row.get(0)).map_err(damaged)?;
        Ok(Self { connection, schema })
    }

    /// SQLite's own checks of pages, indexes and references.
    fn check(&self) -> Result<(), BackupError> {
        let damaged = |error: rusqlite::Error| BackupError::Damaged(Error::from(error).to_string());
        let said: String =
            self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(damaged)?;
        // What SQLite says names pages and indexes, no content.
        if said != "ok" {
            return Err(BackupError::Damaged(said));
        }
        let references = "SELECT COUNT(*) FROM pragma_foreign_key_check";
        let broken: i64 = self.connection.query_row(references, [], |row| row.get(0)).map_err(damaged)?;
        match broken {
            0 => Ok(()),
            _ => Err(BackupError::Damaged(format!("{broken} rows refer to rows that are not there"))),
        }
    }

    /// Ids of the keys that encrypt what is personal in it; of before there were any: none.
    fn keys(&self) -> Result<Vec<String>, BackupError> {
        const THERE: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'cle_coffre'";
        const KEYS: &str =
            "SELECT lower(hex(id)) FROM cle_coffre WHERE id <> zeroblob(8) ORDER BY courante DESC, cree_le";
        let ask = || {
            let there: i64 = self.connection.query_row(THERE, [], |row| row.get(0))?;
            let keys = if there == 0 { return Ok(Vec::new()) } else { KEYS };
            self.connection.prepare(keys)?.query_map([], |row| row.get(0))?.collect()
        };
        ask().map_err(|error: rusqlite::Error| Error::from(error).into())
    }

    fn dossiers(&self) -> Result<u64, BackupError> {
        let count: i64 = self
            .connection
            .query_row("SELECT COUNT(*) FROM dossier", [], |row| row.get(0))
            .map_err(Error::from)?;
        Ok(count.unsigned_abs())
    }
}

/// What our private files end in.
const SNAPSHOT: &str = ".snapshot";
const PREFIX: &str = ".vtpa-";

/// A file that only its owner reads, gone when dropped, and locked as long as it is in use.
fn private(folder: &Path, suffix: &str) -> std::io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix(PREFIX).suffix(suffix).tempfile_in(folder)?;
    file.as_file().lock_shared()?;
    Ok(file)
}

/// Removes copies that a process left behind when it was killed: those that nobody holds.
fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SNAPSHOT));
        if ours && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            remove_logs(&path);
            // Whoever is first removes it.
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// SQLite's files beside a copy of ours; they may not be there.
fn remove_logs(path: &Path) {
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(named(path, suffix));
    }
}

fn named(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn database(url: &str) -> Result<PathBuf, BackupError> {
    if crate::postgres::named(url) {
        return Err(BackupError::Postgres);
    }
    Ok(open::path(url)?)
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// So that the new name is there after a power cut.
fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(|error| io(folder, error))
}

fn exists(file: &Path) -> BackupError {
    BackupError::Exists { file: file.to_owned(), what: "replaces it" }
}

fn io(file: &Path, error: std::io::Error) -> BackupError {
    BackupError::Io { file: file.to_owned(), error }
}
