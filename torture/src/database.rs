//! The database as another program sees it: what must hold of it after each campaign, whatever was broken.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use server::{Config, at_rest, audit, audit_signers};
use storage::Options;

use crate::house::{FINESS, House, output};

/// A database by its URL, asked through `sqlite3` and `psql`.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    url: String,
}

/// What no committed transaction leaves behind: a count that must be 0, and what it would mean.
const NEVER: &[(&str, &str)] = &[
    (
        "SELECT COUNT(*) FROM dossier d WHERE NOT EXISTS (SELECT 1 FROM lien l WHERE l.dossier = d.id)",
        "dossiers without a link",
    ),
    (
        "SELECT COUNT(*) FROM dossier d WHERE d.demandes <> (SELECT COUNT(*) FROM demande q WHERE q.dossier = d.id)",
        "dossiers with another number of demandes than they count",
    ),
    (
        "SELECT COUNT(*) FROM demande q WHERE NOT EXISTS \
         (SELECT 1 FROM demande_historique h WHERE h.demande = q.id AND h.de IS NULL)",
        "demandes without their birth",
    ),
    (
        "SELECT COUNT(*) FROM demande q WHERE q.statut <> \
         (SELECT h.vers FROM demande_historique h WHERE h.demande = q.id ORDER BY h.id DESC LIMIT 1)",
        "demandes in another state than their history ends with",
    ),
    (
        "SELECT COUNT(*) FROM (SELECT id_local FROM lien GROUP BY id_local HAVING COUNT(*) > 1) AS twice",
        "creations that made two dossiers",
    ),
    (
        "SELECT COUNT(*) FROM dossier WHERE cree_le >= (SELECT MIN(le) FROM trace) \
         AND id NOT IN (SELECT dossier FROM trace WHERE action = 'CreerDossierPA' AND dossier IS NOT NULL)",
        "dossiers whose making was not traced",
    ),
    (
        "SELECT COUNT(*) FROM trace WHERE action = 'CreerDossierPA' AND code = '999' \
         AND dossier NOT IN (SELECT id FROM dossier)",
        "traces of dossiers that are not there",
    ),
];

impl Database {
    pub(crate) fn at(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        !self.url.starts_with("sqlite:")
    }

    /// What a query gives.
    pub(crate) fn ask(&self, sql: &str) -> Result<String> {
        let printed = match self.url.strip_prefix("sqlite:") {
            Some(path) => output(Command::new("sqlite3").args(["-cmd", ".timeout 10000", path, sql])),
            None => {
                output(Command::new("psql").args(["-qtAX", "-v", "ON_ERROR_STOP=1", &self.url, "-c", sql]))
            }
        };
        Ok(printed?.trim().to_owned())
    }

    /// The number that a query gives.
    pub(crate) fn count(&self, sql: &str) -> Result<u64> {
        self.ask(sql)?.parse().with_context(|| format!("no number: {sql}"))
    }

    pub(crate) fn dossiers(&self) -> Result<u64> {
        self.count("SELECT COUNT(*) FROM dossier")
    }

    /// Holds the database against what must be true of it. Every creation of a campaign asks every establishment, so a
    /// dossier with fewer demandes is half of one.
    pub(crate) fn is_whole(&self) -> Result<()> {
        if self.url.starts_with("sqlite:") {
            let verdict = self.ask("PRAGMA integrity_check")?;
            ensure!(verdict == "ok", "integrity_check: {verdict}");
            let verdict = self.ask("PRAGMA foreign_key_check")?;
            ensure!(verdict.is_empty(), "foreign_key_check: {verdict}");
        }
        if self.is_postgres() {
            // A PostgreSQL that was killed forgets what it counted, and would look at every row for every row.
            self.ask("ANALYZE")?;
        }
        for (sql, what) in NEVER {
            let found = self.count(sql)?;
            ensure!(found == 0, "{found} {what}");
        }
        let half = self.count(&format!("SELECT COUNT(*) FROM dossier WHERE demandes <> {}", FINESS.len()))?;
        ensure!(half == 0, "{half} half dossiers: with some of their demandes");
        Ok(())
    }
}

impl House {
    /// The database is whole, and the audit trail is as it was written.
    pub(crate) async fn is_whole(&self) -> Result<()> {
        self.database.is_whole()?;
        let config = Config::load(&self.folder.join("vtpa.toml"))?;
        let store = at_rest::open_store(&config, Options::default()).await?;
        let report = audit::verify(&store, &audit_signers(&config)?, None, |_| {}).await?;
        store.close().await;
        ensure!(
            report.holds(),
            "the audit trail: {} findings, the first: {:?}",
            report.found,
            report.findings.first()
        );
        Ok(())
    }
}
