//! Whose certificates are believed: the configured anchors, with the answer for a certificate remembered for a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use wss::CertificateCheck;
use xmlsec::{Certificate, PathError, TrustAnchors};

/// How long a path that held is believed without building it again: a path costs some 200 µs, and dates and
/// revocation lists change by the hour.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Certificates remembered; beyond it the memory is emptied.
const REMEMBERED: usize = 10_000;

/// Path validation with a short memory.
#[derive(Debug)]
pub(crate) struct Trust {
    anchors: TrustAnchors,
    held: Mutex<HashMap<[u8; 32], Timestamp>>,
}

impl Trust {
    pub(crate) fn new(anchors: TrustAnchors) -> Self {
        Self { anchors, held: Mutex::default() }
    }

    fn held_lately(&self, fingerprint: &[u8; 32], now: Timestamp) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(fingerprint).is_some_and(|at| {
            let age = now.duration_since(*at);
            age >= SignedDuration::ZERO && age < BELIEVED_FOR
        })
    }
}

impl CertificateCheck for Trust {
    fn check(
        &self,
        certificate: &Certificate,
        intermediates: &[Certificate],
        now: Timestamp,
    ) -> Result<(), PathError> {
        let fingerprint = certificate.fingerprint_sha256();
        // within the minute too a certificate ends on the second that it says
        let in_date = certificate.not_before() <= now && now <= certificate.not_after();
        if in_date && self.held_lately(fingerprint, now) {
            return Ok(());
        }
        self.anchors.verify(certificate, intermediates, now)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= REMEMBERED {
            held.clear();
        }
        held.insert(*fingerprint, now);
        Ok(())
    }
}
