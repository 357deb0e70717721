//! The database: SQLite or PostgreSQL. All SQL of the product is in this crate; nothing else knows a table's name.
//!
//! [`Store`] is one handle for the whole process. What reads goes through [`Store::read`], what writes through
//! [`Store::run`]: a named transaction, committed durably (`synchronous=FULL`) before it returns, retried in
//! that one place when another process holds the database. The operations themselves are methods of [`Reader`]
//! and [`Tx`], one file per aggregate.
//!
//! - Times are the database's: no operation takes a `now`, and every instance on one database agrees.
//! - Single use (a token) is one atomic statement.
//! - A look-up gives an `Option`; a rule of `spec/decisions.md` §5 that would be broken is [`Error::Refused`] with
//!   the precise [`Refusal`], and then nothing has changed.
//! - No error, log line or `Debug` holds a person's data.
//!
//! Each statement is one text; the fragments where PostgreSQL says it otherwise are in one table (`dialect`).
//! On PostgreSQL, transactions are serializable and begun again when another was in the way or the connection was lost
//! before the commit; a commit whose outcome is unknown is an error, never repeated.
//! On SQLite, transactions have turns on one connection and share a commit where several wait (`writer`). Statements run on the
//! caller's thread, reads on connections of their own, since the way to another thread costs five times the statement.

mod application;
pub mod backup;
mod bail;
mod bureau;
mod cle_idempotence;
mod coffre;
mod compte;
mod connection;
mod demande;
mod dialect;
mod dossier;
mod durabilite;
mod effacement;
mod error;
mod essai;
mod etablissement;
mod finess;
mod instance;
mod jeton;
mod journal;
mod liaison;
mod nomenclature;
mod open;
mod openid;
mod postgres;
mod recherche;
mod rejeu;
mod reprise;
mod reprise_bureau;
mod retention;
pub mod seam;
mod session;
mod session_bureau;
mod settings;
mod sql;
mod store;
mod trace;
mod volet;
mod writer;

/// The target of spans for traces alone: a transaction here, and the steps of a request around it.
pub const STEP: &str = "vtpa::step";

pub use self::{
    application::{Application, ApplicationId},
    bail::Bail,
    bureau::{Acte, Decision, DemandeBureau, FiltreBureau, Issue, LigneBureau},
    cle_idempotence::{CleCreation, DejaCree},
    coffre::{Avancee, BilanRotation, Coffre, CompteCle, EtatCles, Key, KeyId, KeyRing, Randomness, Reload},
    compte::{Compte, CompteId, NouveauCompte, Provisoire},
    connection::{Reader, Tx},
    demande::{StoredDemande, Transition},
    dossier::{Acces, StoredDossier},
    durabilite::Risk,
    effacement::{Effacement, ErasureReason, Export, NotAnErasureList, erasures_from_json, erasures_to_json},
    error::{Cause, Error, Refusal, SqlState},
    essai::Cle,
    finess::{BilanFiness, ImportFiness, ImportPasse},
    instance::{Charge, Voisine},
    jeton::JetonPris,
    journal::{BornesJournal, EntreeJournal},
    liaison::{AccesPartenaire, Liaison, NouvelleLiaison, Preuve},
    nomenclature::{BilanNomenclature, ImportNomenclature, NomenclatureImportee},
    postgres::Options,
    recherche::{EtablissementTrouve, Recherche, Resultats},
    rejeu::{EntreeRejeu, Memoire, Purged},
    reprise::{NouvelleReprise, Reprise, SessionFinie},
    reprise_bureau::NouvelleRepriseBureau,
    retention::{Conservation, Delays, Due, Retained, RetentionRules, Stage},
    session::Session,
    session_bureau::{NouvelleSession, SessionBureau, SessionListee},
    settings::{Assertion, Encrypt, KeyReference, Rights, SettingError, Settings, TimestampRule},
    store::{BoxFuture, Connections, Serving, Statistics, Store},
    trace::{
        Acteur, Action, Enchaine, FiltreTrace, LigneExportee, LigneTrace, Maillon, MaillonLu, Oubli,
        PageTrace, Sha256, TeteSignee, Trace,
    },
    volet::StoredVolet,
};
/// A part of the dossier.
pub use ::dossier::volet::Volet;
