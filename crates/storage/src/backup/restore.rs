//! The way back: decrypted beside the database, checked, migrated, the erased erased again, and only then put in its place.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{
    BackupError, BackupKey, Header, Inside, Progress, Work, database, folder, io, named, remove_logs,
    sync_folder, unpack,
};
use crate::{Acteur, Action, Cause, Effacement, Error, Store, Trace, Tx, effacement, open};

/// A backup to be restored.
#[derive(Debug)]
pub struct Restoring<'a> {
    /// The backup.
    pub file: &'a Path,
    /// `sqlite:PATH`, which it becomes.
    pub url: &'a str,
    /// The backup's key.
    pub key: &'a BackupKey,
    /// Whether a database that is there is put aside.
    pub replace: bool,
    /// Erasures that are done again besides those that the replaced database knows.
    pub erasures: &'a [Effacement],
    /// Whether to go on where the replaced database cannot tell what was erased.
    pub without_erasures: bool,
    /// Who restores, for the audit trail.
    pub acteur: &'a Acteur,
    /// Now: names what is put aside.
    pub now: Timestamp,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says of itself.
    pub header: Header,
    /// The schema now.
    pub schema: i64,
    /// Dossiers now.
    pub dossiers: u64,
    /// Dossiers that were in the backup and are erased again.
    pub erased: u64,
    /// Where the database that was there is now.
    pub aside: Option<PathBuf>,
}

/// Restores a backup. No server may serve the database, and none can begin to until this is done.
pub async fn restore(restoring: &Restoring<'_>, progress: Progress<'_>) -> Result<Restored, BackupError> {
    let path = database(restoring.url)?;
    let lock = open::lock(&path)?;
    let there = path.exists();
    if there && !restoring.replace {
        let what = "puts it aside and takes its place";
        return Err(BackupError::Exists { file: path, what });
    }
    let mut erasures = match known_erasures(&path) {
        Ok(erasures) => erasures,
        Err(_) if restoring.without_erasures || !restoring.erasures.is_empty() => Vec::new(),
        Err(error) => return Err(BackupError::ErasuresUnreadable(error)),
    };
    erasures.extend_from_slice(restoring.erasures);

    let (header, _, unpacked) = unpack(restoring.file, restoring.key, folder(&path), progress)?;
    progress(Work::Checking, 0, header.database_bytes);
    Inside::look(unpacked.path())?.check()?;
    let erased = make_ready(unpacked.path(), &erasures, restoring.acteur, header.date).await;
    remove_logs(unpacked.path());
    let erased = erased?;
    let inside = Inside::look(unpacked.path())?;
    let (schema, dossiers) = (inside.schema, inside.dossiers()?);
    drop(inside);

    unpacked.as_file().sync_all().map_err(|error| io(&path, error))?;
    let aside = if there { Some(put_aside(&path, restoring.now)?) } else { None };
    unpacked.persist(&path).map_err(|error| io(&path, error.error))?;
    sync_folder(folder(&path))?;
    drop(lock);
    Ok(Restored { header, schema, dossiers, erased, aside })
}

/// Migrates the database in this file, and does in it what time has done meanwhile. It is one file again afterwards.
async fn make_ready(
    path: &Path,
    erasures: &[Effacement],
    acteur: &Acteur,
    date: Timestamp,
) -> Result<u64, BackupError> {
    let store = Store::open(&format!("sqlite:{}", path.display())).await?;
    let erased = store.after_restore(erasures, acteur, date).await;
    // free pages of the erased are no more either
    let compacted = store.compact().await;
    store.close().await;
    compacted?;
    Ok(erased?)
}

impl Store {
    /// Does in a database that came back what time has done meanwhile, and traces it: who was erased since is erased again,
    /// tokens and sessions are over. `date` is the moment that the database comes from, as far as it is known. No server may
    /// run. Gives how many dossiers were erased again.
    pub async fn after_restore(
        &self,
        erasures: &[Effacement],
        acteur: &Acteur,
        date: Timestamp,
    ) -> Result<u64, Error> {
        self.run("restore", |tx| Box::pin(async move { tx.after_restore(erasures, acteur, date).await }))
            .await
    }
}

impl Tx<'_> {
    /// A restored database knows nothing of what was done since the backup: messages that were received meanwhile must not
    /// be taken again, so that the next server refuses those from before its start; tokens and sessions are over.
    async fn after_restore(
        &mut self,
        erasures: &[Effacement],
        acteur: &Acteur,
        date: Timestamp,
    ) -> Result<u64, Error> {
        const OVER: [&str; 5] = [
            "UPDATE marche SET propre = 0",
            "DELETE FROM jeton",
            "DELETE FROM session",
            "DELETE FROM session_bureau",
            "DELETE FROM instance",
        ];
        for sql in OVER {
            self.execute(sql, &[]).await?;
        }
        let erased = self.erase_again(erasures, acteur).await?;
        let detail = format!("of {date}, {erased} erased again");
        self.trace(&Trace::new(acteur.clone(), Action::Restauration).detail(&detail)).await?;
        Ok(erased)
    }
}

/// What the database that is about to be replaced knows. One of before erasures knows none; none is there: none.
fn known_erasures(path: &Path) -> Result<Vec<Effacement>, Error> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let connection = open::existing(path)?;
    let migrated = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'effacement'";
    match connection.query_row(migrated, [], |row| row.get::<_, i64>(0))? {
        0 => Ok(Vec::new()),
        _ => effacement::of_connection(&connection),
    }
}

/// Gives the database a second name, where links are known: at no moment is there none, which a server would make anew.
fn put_aside(path: &Path, now: Timestamp) -> Result<PathBuf, BackupError> {
    let aside = named(path, &format!(".before-restore-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    if aside.exists() {
        return Err(BackupError::Exists {
            file: aside,
            what: "would not save it: it is an earlier restore's, of this second",
        });
    }
    // What is in the log goes into the file; a damaged database keeps its log, under the new name.
    if open::existing(path).and_then(|connection| Ok(empty_log(&connection)?)) == Ok(false) {
        return Err(Error::Unavailable(Cause::Busy).into());
    }
    for suffix in ["-wal", "-shm"] {
        let log = named(path, suffix);
        if log.exists() {
            std::fs::rename(&log, named(&aside, suffix)).map_err(|error| io(&log, error))?;
        }
    }
    std::fs::hard_link(path, &aside)
        .or_else(|_| std::fs::rename(path, &aside))
        .map_err(|error| io(path, error))?;
    Ok(aside)
}

fn empty_log(connection: &rusqlite::Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
}
