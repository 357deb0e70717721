//! What the server said yes to, as its partner wrote it down: the oracle of every campaign.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use crate::house::FINESS;
use crate::partner::Partner;

/// A dossier that was answered 999.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) id_local: String,
    /// The Demandeur that was sent.
    demandeur: Value,
    /// When the request was begun.
    pub(crate) begun: Instant,
}

/// Every 999, in the order of its coming.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    numbers: HashSet<String>,
    /// Numbers that were given a second time.
    twice: Vec<String>,
}

/// Members that a dossier gives back as they were sent.
const KEPT: [&str; 4] = ["NomNaissance", "Prenom", "DateNaissance", "Mail"];

impl Ledger {
    pub(crate) fn note(&mut self, id: String, creation: &Value, begun: Instant) {
        if !self.numbers.insert(id.clone()) {
            self.twice.push(id.clone());
        }
        let text = |name: &str| creation.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let demandeur = creation.get("Demandeur").cloned().unwrap_or_default();
        self.entries.push(Entry { id, id_local: text("IdLocal"), demandeur, begun });
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What was noted since there were `first`.
    pub(crate) fn since(&self, first: usize) -> Vec<Entry> {
        self.entries.iter().skip(first).cloned().collect()
    }

    /// Nobody was given a number that another had.
    pub(crate) fn none_twice(&self) -> Result<()> {
        ensure!(self.twice.is_empty(), "numbers given twice: {:?}", self.twice);
        Ok(())
    }
}

/// Asks the server for each dossier: it is there, with what was sent and all its demandes.
pub(crate) async fn found(entries: &[Entry], partner: &Partner) -> Result<()> {
    for hundred in entries.chunks(100) {
        let asked: Vec<(&str, &str)> =
            hundred.iter().map(|entry| (entry.id.as_str(), entry.id_local.as_str())).collect();
        for (entry, answer) in hundred.iter().zip(partner.consult(&asked).await?) {
            let code = answer.code_retour.code();
            ensure!(code == "999", "LOST: dossier {} was answered 999 and is now {code}", entry.id);
            let found = serde_json::to_value(&answer.dossier)?;
            for name in KEPT {
                let (sent, kept) = (entry.demandeur.get(name), found.pointer(&format!("/Demandeur/{name}")));
                ensure!(sent == kept, "dossier {}: its {name} is another than was sent", entry.id);
            }
            let demandes =
                found.pointer("/DemandesEtablissement").and_then(Value::as_array).map_or(0, Vec::len);
            ensure!(demandes == FINESS.len(), "dossier {} has {demandes} of its demandes", entry.id);
        }
    }
    Ok(())
}

/// While the audit trail cannot be written nobody reads either: soon after that began the first dossier of the ledger is
/// answered 000.
pub(crate) async fn untraceable(entries: &[Entry], partner: &Partner) -> Result<()> {
    const SOON: Duration = Duration::from_secs(5);
    let Some(entry) = entries.first() else { bail!("nothing to ask for") };
    let begun = Instant::now();
    let mut last = String::new();
    while begun.elapsed() < SOON {
        let answers = partner.consult(&[(&entry.id, &entry.id_local)]).await?;
        last = answers.first().map(|answer| answer.code_retour.code().to_owned()).unwrap_or_default();
        match last.as_str() {
            "000" => return Ok(()),
            "999" => tokio::time::sleep(Duration::from_millis(50)).await,
            other => bail!("LOST: dossier {} was answered 999 and is now {other}", entry.id),
        }
    }
    bail!("{last} for a dossier that was read, {SOON:?} after the trail could last be written")
}
