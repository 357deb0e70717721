use dossier::StatutDemande;
use std::borrow::Cow;

use crate::KeyId;

/// Why the store did not do what it was asked. Holds no personal data, and compares.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule of the domain forbids it; nothing has changed.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Another one was first: the identifier is taken, or what it refers to does not exist.
    #[error("conflict: the identifier exists already, or what it refers to does not")]
    Conflict,
    /// The database does not answer as it should; the same call may succeed later. Nothing has been acknowledged.
    #[error("database unavailable: {0}")]
    Unavailable(Cause),
    /// What is stored cannot be what this version stored.
    #[error("inconsistent value in {table}.{column}, row {row}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: Cow<'static, str>,
        /// The row's key, where the key is no secret; empty otherwise.
        row: String,
    },
    /// What is stored is encrypted under keys that are not at hand.
    #[error(
        "the database is encrypted by {}, and at hand {}: put the file of each key it needs into [at_rest] (`key`, or \
         `previous` for one that shall read only); `vtpa key status` tells what needs which key",
        keys(needed),
        if at_hand.is_empty() { "is no key".to_owned() } else { format!("is {}", keys(at_hand)) }
    )]
    MissingKey {
        /// Those that are not at hand.
        needed: Vec<KeyId>,
        /// Those that are.
        at_hand: Vec<KeyId>,
    },
    /// The database was made by a later version.
    #[error(
        "the database's schema is at version {found}, this program knows versions up to {known}: use the newer program"
    )]
    NewerSchema {
        /// The version found in the database.
        found: i64,
        /// The latest version this program knows.
        known: i64,
    },
    /// A migration that was applied is not the one that this program knows under its number.
    #[error("the database's schema was made by another program: its step {version} differs from ours")]
    ForeignSchema {
        /// The migration's number.
        version: i64,
    },
    /// The URL names no database that this program can open.
    #[error("unknown database URL; expected sqlite:PATH or postgres://…")]
    UnknownUrl,
    /// Another process serves this SQLite file.
    #[error(
        "another server serves this SQLite database; SQLite is for one server process: stop the other one, or move \
         to PostgreSQL (database.url = \"postgres://…\"), which any number of servers may share"
    )]
    ServedAlready,
    /// The database does not keep a promise that the product relies on.
    #[error("the database does not hold {setting}: it must be {expected}")]
    NotDurable {
        /// The pragma.
        setting: &'static str,
        /// The value it must have.
        expected: &'static str,
    },
}

/// What made the database unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// Another process held the lock longer than the time-out.
    #[error("locked by another process")]
    Busy,
    /// No space left.
    #[error("disk full")]
    Full,
    /// The file, its folder or the file system cannot be written.
    #[error("read-only")]
    ReadOnly,
    /// The file cannot be opened.
    #[error("cannot be opened: its folder must be there, and writable for the user that this runs as")]
    CannotOpen,
    /// Reading, writing or syncing failed.
    #[error("input or output error (SQLite code {0})")]
    Io(i32),
    /// The file is no database, or is damaged.
    #[error("damaged, or not a database (SQLite code {0})")]
    Corrupt(i32),
    /// SQLite gave up a transaction by itself.
    #[error("rolled back by SQLite")]
    RolledBack,
    /// No connection became free in time, or the connection's thread is gone.
    #[error("no connection")]
    NoConnection,
    /// PostgreSQL found that another transaction was in the way, and that the same one may succeed if it is repeated.
    #[error("another transaction was in the way")]
    Contention,
    /// The connection to PostgreSQL broke, or PostgreSQL is stopping or starting; nothing was committed.
    #[error("connection lost")]
    Disconnected,
    /// The connection to PostgreSQL broke while a transaction was being committed: it may have been.
    #[error("connection lost while committing: the outcome is unknown")]
    CommitUnknown,
    /// A statement or a lock took longer than its time-out.
    #[error("took too long")]
    Timeout,
    /// PostgreSQL refused: the user, its password, the database's name, a right.
    #[error("PostgreSQL refused (SQLSTATE {0})")]
    Denied(SqlState),
    /// What was to be done or seen could not be traced.
    #[error("the audit trail cannot be written")]
    Untraceable,
    /// Any other SQLSTATE of PostgreSQL's.
    #[error("PostgreSQL SQLSTATE {0}")]
    Postgres(SqlState),
    /// Any other code of SQLite's.
    #[error("SQLite code {0}")]
    Other(i32),
}

/// Five letters or digits by which PostgreSQL names what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlState([u8; 5]);

impl std::fmt::Display for SqlState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or("?????"))
    }
}

/// Which rule forbade it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A rotation has no key to go over to.
    #[error("there is no key to encrypt with: name its file in [at_rest] key")]
    NoKey,
    /// No application of this name.
    #[error("no such application")]
    UnknownApplication,
    /// The certificate is another application's.
    #[error("the certificate belongs to another application")]
    CertificateTaken,
    /// No dossier has this number.
    #[error("no such dossier")]
    UnknownDossier,
    /// The dossier is under legal hold: it is neither erased nor archived, nor held twice.
    #[error("the dossier is under legal hold")]
    DossierHeld,
    /// The dossier is under no legal hold.
    #[error("the dossier is under no legal hold")]
    NotHeld,
    /// The dossier is archived.
    #[error("the dossier is archived already")]
    DossierArchive,
    /// The dossier is not archived.
    #[error("the dossier is not archived")]
    NotArchived,
    /// The dossier is cancelled.
    #[error("the dossier is cancelled")]
    DossierAnnule,
    /// No demande has this number.
    #[error("no such demande")]
    UnknownDemande,
    /// No establishment has this FINESS number.
    #[error("no such establishment")]
    UnknownEtablissement,
    /// No account of the desk has this login.
    #[error("no such account")]
    UnknownCompte,
    /// Another account has this login.
    #[error("this login is taken")]
    LoginTaken,
    /// Another account is of this subject of OpenID Connect.
    #[error("another account is of this OpenID Connect subject")]
    SujetTaken,
    /// The imported nomenclature is of a later date than the file.
    #[error("the one imported is of a later date than this file")]
    OlderNomenclature,
    /// The imported extract is of a later date than the file.
    #[error("the last extract imported is of {0}, later than this file's date")]
    OlderExtract(jiff::civil::Date),
    /// Most establishments would be closed: the file must have been cut.
    #[error("{fermes} of {ouverts} establishments would be closed: they are not in this file")]
    TooManyClosed {
        /// Those that are not in the file.
        fermes: u64,
        /// Those that are open.
        ouverts: u64,
    },
    /// The establishment exists already.
    #[error("this establishment exists already")]
    EtablissementExists,
    /// A dossier has at most 40 demandes.
    #[error("the dossier has 40 demandes already")]
    TooManyDemandes,
    /// The establishment has a demande of this dossier that is not over.
    #[error("this establishment has a demande of this dossier that is not over")]
    DemandeEnCours,
    /// `spec/decisions.md` §5 knows no such transition.
    #[error("a demande that is {} cannot become {}", .from.code(), .to.code())]
    Transition {
        /// The present state.
        from: StatutDemande,
        /// The state asked for.
        to: StatutDemande,
    },
    /// The motive's code is unknown or does not go with the state.
    #[error("this motive does not go with {}", .to.code())]
    Motif {
        /// The state asked for.
        to: StatutDemande,
    },
    /// DernierEchange holds 1000 characters at most.
    #[error("the remark has more than 1000 characters")]
    RemarqueTooLong,
    /// Someone else has changed it since it was looked at.
    #[error("it has been changed since it was looked at")]
    Depasse,
}

/// `key 0011…` or `keys 0011…, 2233…`.
fn keys(ids: &[KeyId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("{} {}", if ids.len() == 1 { "key" } else { "keys" }, ids.join(", "))
}

impl Error {
    pub(crate) fn inconsistent(table: &'static str, column: &'static str, row: impl ToString) -> Self {
        Self::Inconsistent { table, column: column.into(), row: row.to_string() }
    }

    fn from_code(extended: i32) -> Self {
        const CONSTRAINT: i32 = 19;
        Self::Unavailable(match extended & 0xff {
            CONSTRAINT => return Self::Conflict,
            5 | 6 => Cause::Busy,
            8 => Cause::ReadOnly,
            10 => Cause::Io(extended),
            11 | 26 => Cause::Corrupt(extended),
            13 => Cause::Full,
            14 => Cause::CannotOpen,
            _ => Cause::Other(extended),
        })
    }
}

impl Error {
    /// PostgreSQL's appendix A: the first two characters are the class.
    fn from_state(state: &str) -> Self {
        let known = SqlState(state.as_bytes().try_into().unwrap_or(*b"XX000"));
        Self::Unavailable(match state {
            "40001" | "40P01" => Cause::Contention,
            "55P03" | "57014" | "25P03" => Cause::Timeout,
            "53100" => Cause::Full,
            "25006" => Cause::ReadOnly,
            // Too many connections; stopping, starting, a pooler without a server.
            "53300" | "57P01" | "57P02" | "57P03" | "57P05" => Cause::Disconnected,
            // Made meanwhile by another instance: a table, a function, a column.
            "42P07" | "42723" | "42701" => return Self::Conflict,
            _ => match state.get(..2) {
                Some("23") => return Self::Conflict,
                Some("08") => Cause::Disconnected,
                Some("28" | "3D") => Cause::Denied(known),
                _ if state == "42501" => Cause::Denied(known),
                _ => Cause::Postgres(known),
            },
        })
    }

    /// The error of a COMMIT. Only where the database said itself that it rolled back may it be begun again.
    pub(crate) fn of_commit(self) -> Self {
        match self {
            Self::Unavailable(Cause::Disconnected | Cause::NoConnection) => {
                Self::Unavailable(Cause::CommitUnknown)
            }
            error => error,
        }
    }

    /// Whether SQLite's connection may hold, after this, what the file does not: it is closed, and another one opened. After a
    /// failed sync it is unknown which pages reached the disk; a connection that was opened to read only stays so.
    pub(crate) fn spoils(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(
                Cause::Io(_)
                    | Cause::Full
                    | Cause::ReadOnly
                    | Cause::CannotOpen
                    | Cause::Corrupt(_)
                    | Cause::RolledBack
                    | Cause::NoConnection
                    | Cause::Other(_)
            )
        )
    }

    /// Whether the same transaction may be begun again: nothing of it was committed, and it may succeed.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Unavailable(Cause::Busy | Cause::Contention | Cause::Disconnected))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error)
                if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() =>
            {
                Self::from_state(error.code().as_deref().unwrap_or_default())
            }
            sqlx::Error::Database(error) => {
                Self::from_code(error.code().and_then(|code| code.parse().ok()).unwrap_or(1))
            }
            // SQLite's own errors of this kind come with its codes; this is a connection.
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
                Self::Unavailable(Cause::Disconnected)
            }
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(Cause::NoConnection),
            // A driver's refusal before the database was asked: a fault of ours, told by SQLite's code for misuse.
            _ => Self::Unavailable(Cause::Other(21)),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(code, _) => Self::from_code(code.extended_code),
            _ => Self::Unavailable(Cause::Other(21)),
        }
    }
}
