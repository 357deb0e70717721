//! SQLite: a file of one's own.

use tempfile::TempDir;

/// The database's clock, in milliseconds.
pub(crate) const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
/// One byte of zero.
pub(crate) const ZERO: &str = "x'00'";

/// A text as the bytes of a column.
pub(crate) fn bytes(text: &str) -> String {
    format!("CAST('{text}' AS BLOB)")
}

pub(crate) struct Place {
    pub(crate) dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}", self.dir.path().join("vtpa.db").display())
    }

    /// Another process's view of the file.
    pub(crate) fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("vtpa.db")).unwrap()
    }

    pub(crate) fn execute(&self, sql: &str) -> usize {
        self.raw().execute(sql, []).unwrap()
    }

    pub(crate) fn try_execute(&self, sql: &str) -> Result<(), String> {
        self.raw().execute(sql, []).map(drop).map_err(|error| error.to_string())
    }

    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.raw().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// Whether a text is anywhere in the database's files, the log included, used or free.
pub(crate) fn holds(place: &Place, text: &str) -> bool {
    let files = std::fs::read_dir(place.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut contents = files.map(|file| std::fs::read(file).unwrap());
    contents.any(|content| content.windows(text.len()).any(|window| window == text.as_bytes()))
}

/// Makes the schema as it was at that version.
pub(crate) async fn make_version(place: &Place, version: i64) {
    let file = place.dir.path().join("vtpa.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let options = options.journal_mode(sqlx::sqlite::SqliteJournalMode::Wal);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::migrate!("migrations/sqlite").run_to(version, &pool).await.unwrap();
    pool.close().await;
}
