//! What the storage promises, on a real PostgreSQL: the tests of tests/storage, and what holds of PostgreSQL alone.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in helpers of tests too, what fails should fail the test"
)]

#[path = "../storage/application.rs"]
mod application;
#[path = "../storage/bureau.rs"]
mod bureau;
#[path = "../storage/cle_idempotence.rs"]
mod cle_idempotence;
#[path = "../storage/coffre.rs"]
mod coffre;
#[path = "../storage/commit.rs"]
mod commit;
#[path = "../storage/compte.rs"]
mod compte;
#[path = "../storage/demande.rs"]
mod demande;
#[path = "../storage/dossier.rs"]
mod dossier;
#[path = "../storage/etablissement.rs"]
mod etablissement;
#[path = "../storage/instance.rs"]
mod instance;
#[path = "../storage/invariants.rs"]
mod invariants;
#[path = "../storage/jeton.rs"]
mod jeton;
#[path = "../storage/journal.rs"]
mod journal;
#[path = "../storage/liaison.rs"]
mod liaison;
#[path = "../storage/logs.rs"]
mod logs;
#[path = "../storage/nomenclature.rs"]
mod nomenclature;
#[path = "../storage/openid.rs"]
mod openid;
#[path = "../storage/rejeu.rs"]
mod rejeu;
#[path = "../storage/reprise.rs"]
mod reprise;
#[path = "../storage/retention.rs"]
mod retention;
#[path = "../storage/session.rs"]
mod session;
#[path = "../storage/store.rs"]
mod store;
#[path = "../storage/support.rs"]
mod support;
#[path = "../storage/trace.rs"]
mod trace;
#[path = "../storage/volet.rs"]
mod volet;

mod ours;
mod serveur;
