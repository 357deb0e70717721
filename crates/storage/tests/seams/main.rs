//! Transactions that fail where a test wants it, on SQLite: those that hold on PostgreSQL too, and those of a shared commit.
#![cfg(test)]

mod partage;
mod transactions;

/// A file of a test's own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("vtpa.db").display())
    }

    /// What another process reads.
    fn count(&self, sql: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.0.path().join("vtpa.db")).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}
