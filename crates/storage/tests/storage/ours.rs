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
