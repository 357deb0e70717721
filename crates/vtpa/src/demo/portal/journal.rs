//! What went over the wire, the last calls of each user: « Ce qui a circulé ».

use std::collections::VecDeque;
use std::sync::Mutex;

use client::{Answer, CallError, Exchange};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::enveloppe::readable;

/// Calls kept, of all users.
const PLACES: usize = 60;
/// Calls shown on a page.
const MONTRES: usize = 6;

/// The last calls, in memory alone.
#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<VecDeque<Etape>>);

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Etape {
    numero: u64,
    id_local: String,
    operation: &'static str,
    heure: String,
    issue: String,
    reussie: bool,
    exchange: Exchange,
}

/// One call as a page shows it.
#[derive(Debug)]
pub(super) struct Circule {
    pub(super) numero: u64,
    pub(super) operation: &'static str,
    pub(super) heure: String,
    pub(super) issue: String,
    pub(super) reussie: bool,
    pub(super) requete: Enveloppe,
    pub(super) reponse: Option<Enveloppe>,
}

/// One envelope, for reading.
#[derive(Debug)]
pub(super) struct Enveloppe {
    pub(super) texte: String,
    pub(super) octets: usize,
}

impl Enveloppe {
    fn new(octets: &[u8]) -> Self {
        Self { texte: readable(octets), octets: octets.len() }
    }
}

impl Journal {
    /// Keeps a call that was made.
    pub(super) fn noter(
        &self,
        id_local: &str,
        operation: &'static str,
        outcome: &Result<Answer, CallError>,
        now: Timestamp,
    ) {
        let (issue, reussie, exchange) = match outcome {
            Ok(answer) => {
                let codes = answer.reponse.codes();
                let reussie = codes.iter().all(|code| code.est_succes());
                let mut issue: Vec<String> = codes.iter().map(|code| code.to_string()).collect();
                issue.dedup();
                (issue.join(" ; "), reussie, Some(&answer.exchange))
            }
            Err(error) => (error.to_string(), false, error.exchange()),
        };
        let paris = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC).to_datetime(now);
        let heure = format!("{} h {:02} min {:02} s", paris.hour(), paris.minute(), paris.second());
        let mut etapes = self.etapes();
        let numero = etapes.back().map_or(1, |etape| etape.numero + 1);
        if etapes.len() >= PLACES {
            etapes.pop_front();
        }
        let exchange = exchange.cloned().unwrap_or_default();
        etapes.push_back(Etape {
            numero,
            id_local: id_local.to_owned(),
            operation,
            heure,
            issue,
            reussie,
            exchange,
        });
    }

    /// A user's last calls, latest first.
    pub(super) fn montrer(&self, id_local: &str) -> Vec<Circule> {
        let etapes = self.etapes();
        let siennes = etapes.iter().rev().filter(|etape| etape.id_local == id_local).take(MONTRES);
        siennes
            .map(|etape| Circule {
                numero: etape.numero,
                operation: etape.operation,
                heure: etape.heure.clone(),
                issue: etape.issue.clone(),
                reussie: etape.reussie,
                requete: Enveloppe::new(&etape.exchange.request),
                reponse: (!etape.exchange.response.is_empty())
                    .then(|| Enveloppe::new(&etape.exchange.response)),
            })
            .collect()
    }

    /// The envelopes of a call, as sent.
    pub(super) fn octets(&self, id_local: &str, numero: u64) -> Option<Exchange> {
        let etapes = self.etapes();
        let etape = etapes.iter().find(|etape| etape.numero == numero && etape.id_local == id_local)?;
        Some(etape.exchange.clone())
    }

    fn etapes(&self) -> std::sync::MutexGuard<'_, VecDeque<Etape>> {
        // a panic elsewhere leaves the list whole: nothing is written in two steps
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
