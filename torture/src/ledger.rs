//! What the server said yes to, as its partner wrote it down: the oracle of every campaign.

use std::collections::HashSet;
use std::time::Instant;

use anyhow::{Result, ensure};
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
