//! What the storage promises, on a real SQLite file; tests/postgres is the same on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in helpers of tests too, what fails should fail the test"
)]

mod application;
mod bureau;
mod cle_idempotence;
mod coffre;
mod commit;
mod compte;
mod demande;
mod dossier;
mod etablissement;
mod fichier;
mod instance;
mod invariants;
mod jeton;
mod journal;
mod liaison;
mod logs;
mod nomenclature;
mod openid;
mod ours;
mod rejeu;
mod reprise;
mod residus;
mod retention;
mod sauvegarde;
mod session;
mod store;
mod support;
mod trace;
mod volet;
