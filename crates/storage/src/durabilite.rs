//! What could lose a commit that was acknowledged, as the database is set.

use crate::{Error, Store};

/// A setting of PostgreSQL's by which an answered 999 may be gone after a crash or a failover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// `fsync = off`.
    Fsync,
    /// `synchronous_commit = off`, or less than a synchronous standby needs.
    SynchronousCommit,
    /// `full_page_writes = off`.
    FullPageWrites,
    /// A standby follows, and no commit waits for it.
    Standby,
}

impl Risk {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Fsync, Self::SynchronousCommit, Self::FullPageWrites, Self::Standby];

    /// The setting to change.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Fsync => "fsync",
            Self::SynchronousCommit => "synchronous_commit",
            Self::FullPageWrites => "full_page_writes",
            Self::Standby => "synchronous_standby_names",
        }
    }

    /// What may happen.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::Fsync => "a crash of the machine may lose answered creations and damage the database",
            Self::SynchronousCommit => "a crash or a failover may lose creations that were answered last",
            Self::FullPageWrites => "a crash of the machine may damage the database",
            Self::Standby => "a failover may lose creations that were answered last",
        }
    }

    fn of(settings: &Settings) -> Vec<Self> {
        let waits = !settings.standbys.trim().is_empty();
        let reached: &[&str] =
            if waits { &["on", "remote_apply"] } else { &["on", "remote_apply", "remote_write", "local"] };
        let is = |risk: &Self| match risk {
            Self::Fsync => settings.fsync != "on",
            Self::SynchronousCommit => !reached.contains(&settings.synchronous_commit.as_str()),
            Self::FullPageWrites => settings.full_page_writes != "on",
            Self::Standby => settings.followed && !waits,
        };
        Self::ALL.into_iter().filter(is).collect()
    }
}

struct Settings {
    fsync: String,
    synchronous_commit: String,
    full_page_writes: String,
    standbys: String,
    followed: bool,
}

impl Store {
    /// What is set so that an acknowledged commit could be lost. Nothing on SQLite, whose settings are the program's own.
    pub async fn risks(&self) -> Result<Vec<Risk>, Error> {
        const SQL: &str = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), \
             current_setting('full_page_writes'), current_setting('synchronous_standby_names'), \
             (SELECT COUNT(*) FROM pg_stat_replication)";
        if !self.is_shared() {
            return Ok(Vec::new());
        }
        let mut reader = self.reader()?;
        let read = reader.row("settings", SQL, &[], |row| {
            Ok(Settings {
                fsync: row.text(0)?.to_owned(),
                synchronous_commit: row.text(1)?.to_owned(),
                full_page_writes: row.text(2)?.to_owned(),
                standbys: row.text(3)?.to_owned(),
                followed: row.integer(4)? > 0,
            })
        });
        Ok(read.await?.as_ref().map(Risk::of).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_that_could_lose_an_answered_creation_is_told() {
        for (fsync, commit, pages, standbys, followed, told) in [
            ("on", "on", "on", "", false, &[][..]),
            ("on", "local", "on", "", false, &[]),
            ("on", "remote_apply", "on", "ANY 1 (*)", true, &[]),
            ("off", "on", "on", "", false, &[Risk::Fsync]),
            ("on", "off", "on", "", false, &[Risk::SynchronousCommit]),
            ("on", "on", "off", "", false, &[Risk::FullPageWrites]),
            ("on", "on", "on", " ", true, &[Risk::Standby]),
            ("on", "local", "on", "secours", true, &[Risk::SynchronousCommit]),
            ("on", "remote_write", "on", "secours", false, &[Risk::SynchronousCommit]),
            ("off", "off", "off", "", true, &Risk::ALL),
        ] {
            let settings = Settings {
                fsync: fsync.to_owned(),
                synchronous_commit: commit.to_owned(),
                full_page_writes: pages.to_owned(),
                standbys: standbys.to_owned(),
                followed,
            };
            assert_eq!(Risk::of(&settings), told, "{fsync} {commit} {pages} {standbys:?} {followed}");
        }
    }
}
