use dossier::StatutDemande;
use std::borrow::Cow;

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
    #[error("unknown database URL; expected sqlite:PATH")]
    UnknownUrl,
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
    #[error("cannot be opened")]
    CannotOpen,
    /// Reading, writing or syncing failed.
    #[error("input or output error (SQLite code {0})")]
    Io(i32),
    /// The file is no database, or is damaged.
    #[error("damaged, or not a database (SQLite code {0})")]
    Corrupt(i32),
    /// No connection became free in time, or the connection's thread is gone.
    #[error("no connection")]
    NoConnection,
    /// Any other code of SQLite's.
    #[error("SQLite code {0}")]
    Other(i32),
}

/// Which rule forbade it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No application of this name.
    #[error("no such application")]
    UnknownApplication,
    /// The certificate is another application's.
    #[error("the certificate belongs to another application")]
    CertificateTaken,
    /// No dossier has this number.
    #[error("no such dossier")]
    UnknownDossier,
    /// The dossier is cancelled.
    #[error("the dossier is cancelled")]
    DossierAnnule,
    /// No demande has this number.
    #[error("no such demande")]
    UnknownDemande,
    /// No establishment has this FINESS number.
    #[error("no such establishment")]
    UnknownEtablissement,
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

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                Self::from_code(error.code().and_then(|code| code.parse().ok()).unwrap_or(1))
            }
            sqlx::Error::Io(_) => Self::Unavailable(Cause::Io(10)),
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
