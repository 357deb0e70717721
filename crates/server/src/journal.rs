//! The last messages that a sandbox received, whole, so that a partner can look at its own through every check. In memory, bounded in
//! number, bytes and age; a production server keeps none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Messages kept.
const ENTRIES: usize = 200;
/// Bytes kept.
const BYTES: usize = 8 << 20;
/// How long.
const AGE: SignedDuration = SignedDuration::from_hours(1);

/// One message, with what it was answered.
#[derive(Clone)]
pub(crate) struct Recorded {
    /// The id of the log, which a fault's Detail gives as its Reference: 64 bits that nobody guesses.
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    /// The application whose signature held.
    pub(crate) application: Option<String>,
    /// The service's name.
    pub(crate) service: &'static str,
    /// The code answered, or `fault`.
    pub(crate) outcome: String,
    /// Whether it was refused as a replay; any other is seen since, and was not then.
    pub(crate) replayed: bool,
    pub(crate) message: Arc<[u8]>,
}

/// The messages, the latest last.
#[derive(Default)]
pub(crate) struct Journal(Mutex<VecDeque<Recorded>>);

impl Journal {
    pub(crate) fn record(&self, recorded: Recorded) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = recorded.at - AGE;
        entries.push_back(recorded);
        let mut bytes: usize = entries.iter().map(|entry| entry.message.len()).sum();
        while entries.front().is_some_and(|first| {
            entries.len() > ENTRIES || (bytes > BYTES && entries.len() > 1) || first.at < oldest
        }) {
            bytes -= entries.pop_front().map_or(0, |gone| gone.message.len());
        }
    }

    /// The message of that id, while it is kept.
    pub(crate) fn find(&self, id: &str, now: Timestamp) -> Option<Recorded> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().find(|entry| entry.id == id && entry.at >= now - AGE).cloned()
    }

    /// The messages of an application, the latest first.
    pub(crate) fn of_application(&self, name: &str, now: Timestamp) -> Vec<Recorded> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = |entry: &&Recorded| entry.application.as_deref() == Some(name) && entry.at >= now - AGE;
        entries.iter().rev().filter(own).take(20).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(number: usize, bytes: usize, at: Timestamp) -> Recorded {
        Recorded {
            id: format!("{number:016x}"),
            at,
            application: Some("portail".to_owned()),
            service: "creation",
            outcome: "999".to_owned(),
            replayed: false,
            message: vec![0; bytes].into(),
        }
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_bytes_and_age() {
        let (journal, start) = (Journal::default(), testkit::instant());
        for number in 0..ENTRIES + 50 {
            journal.record(recorded(number, 10, start));
        }
        assert!(journal.find(&format!("{:016x}", 49), start).is_none());
        assert!(journal.find(&format!("{:016x}", 50), start).is_some());
        assert_eq!(journal.of_application("portail", start).len(), 20);
        assert!(journal.of_application("autre", start).is_empty());
        assert!(journal.find(&format!("{:016x}", 60), start + AGE * 2).is_none(), "too old to be shown");

        let journal = Journal::default();
        for number in 0..20 {
            journal.record(recorded(number, 1 << 20, start));
        }
        assert_eq!(journal.0.lock().unwrap().len(), 8);
        journal.record(recorded(99, 1, start + AGE * 2));
        assert_eq!(journal.0.lock().unwrap().len(), 1, "the old ones are gone");
    }
}
