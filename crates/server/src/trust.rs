//! Whose certificates are believed: the configured anchors and revocation lists, read again when their files change, with
//! the answer for a certificate remembered for a minute.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use wss::CertificateCheck;
use xmlsec::{Certificate, PathError, TrustAnchors};

use crate::config;
use crate::keys::{self, KeyFileError};
use crate::reload::{Stamp, stamps};

/// How long a path that held is believed without building it again: a path costs some 20 µs, and dates change by the day.
/// New lists empty the memory.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Certificates remembered; beyond it the memory is emptied.
const REMEMBERED: usize = 10_000;
/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Path validation with a short memory.
#[derive(Debug)]
pub(crate) struct Trust {
    files: RwLock<config::Trust>,
    anchors: RwLock<Arc<TrustAnchors>>,
    read: Mutex<Vec<Stamp>>,
    held: Mutex<HashMap<[u8; 32], Timestamp>>,
}

impl Trust {
    /// Reads the anchors and revocation lists.
    pub(crate) fn load(files: &config::Trust) -> Result<Self, KeyFileError> {
        // stamps first: a change while we read is then seen as one
        let read = Mutex::new(stamps(named(files)));
        let anchors = RwLock::new(Arc::new(keys::anchors(files)?));
        Ok(Self { files: RwLock::new(files.clone()), anchors, read, held: Mutex::default() })
    }

    /// When the first of the anchors ends.
    pub(crate) fn soonest_end(&self) -> Option<Timestamp> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner).anchors.clone();
        let all = files.iter().filter_map(|file| keys::certificates(file).ok()).flatten();
        all.map(|certificate| certificate.not_after()).min()
    }

    /// The files of the revocation lists.
    pub(crate) fn lists(&self) -> Vec<PathBuf> {
        self.files.read().unwrap_or_else(PoisonError::into_inner).crls.clone()
    }

    /// Takes up changed files. Does not end.
    pub(crate) async fn follow(&self) {
        let mut failing = false;
        loop {
            tokio::time::sleep(EVERY).await;
            match self.refresh() {
                Ok(false) => {}
                Ok(true) => {
                    failing = false;
                    tracing::info!("anchors and revocation lists read again");
                }
                // Told once. A file that is being written reads well the next time.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "anchors and revocation lists stay as they were");
                }
                Err(_) => {}
            }
        }
    }

    /// Whether something was read anew. What cannot be read leaves what there is: trust is neither widened nor lost by a
    /// broken file.
    fn refresh(&self) -> Result<bool, KeyFileError> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner).clone();
        let present = stamps(named(&files));
        if *self.read.lock().unwrap_or_else(PoisonError::into_inner) == present {
            return Ok(false);
        }
        self.take(&files, present)?;
        Ok(true)
    }

    /// Reads these files, which take the place of those before, and are looked at from now on.
    pub(crate) fn reload(&self, files: &config::Trust) -> Result<(), KeyFileError> {
        self.take(files, stamps(named(files)))?;
        *self.files.write().unwrap_or_else(PoisonError::into_inner) = files.clone();
        Ok(())
    }

    fn take(&self, files: &config::Trust, present: Vec<Stamp>) -> Result<(), KeyFileError> {
        let anchors = keys::anchors(files)?;
        *self.anchors.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(anchors);
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = present;
        Ok(())
    }

    fn held_lately(&self, fingerprint: &[u8; 32], now: Timestamp) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(fingerprint).is_some_and(|at| {
            let age = now.duration_since(*at);
            age >= SignedDuration::ZERO && age < BELIEVED_FOR
        })
    }
}

fn named(files: &config::Trust) -> impl Iterator<Item = &PathBuf> {
    files.anchors.iter().chain(&files.crls)
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
        let anchors = Arc::clone(&self.anchors.read().unwrap_or_else(PoisonError::into_inner));
        anchors.verify(certificate, intermediates, now)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // not what lists said that were replaced meanwhile
        if Arc::ptr_eq(&anchors, &self.anchors.read().unwrap_or_else(PoisonError::into_inner)) {
            if held.len() >= REMEMBERED {
                held.clear();
            }
            held.insert(*fingerprint, now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use testkit::pki::pki;

    use super::*;

    #[test]
    fn a_certificate_revoked_meanwhile_is_refused_without_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let (anchor, list) = (directory.path().join("ca.pem"), directory.path().join("list.pem"));
        std::fs::write(&anchor, &pki().ca.certificate_pem).unwrap();
        std::fs::write(&list, &pki().earlier_crl).unwrap();
        let files =
            config::Trust { anchors: vec![anchor.clone()], crls: vec![list.clone()], ..Default::default() };
        let trust = Trust::load(&files).unwrap();
        let now = testkit::instant();
        let certificate = |of: &testkit::pki::Identity| Certificate::parse(&of.certificate_der).unwrap();
        let (revoked, partner) = (certificate(&pki().revoked), certificate(&pki().partner));
        let check = |certificate| trust.check(certificate, &[], now);
        assert_eq!((check(&revoked), check(&partner)), (Ok(()), Ok(())));
        assert!(!trust.refresh().unwrap(), "nothing changed");

        // a list that is half written changes nothing, and is read when it is whole
        let half = &pki().crl[..pki().crl.len() / 2];
        std::fs::write(&list, half).unwrap();
        assert!(trust.refresh().is_err());
        assert_eq!((check(&revoked), check(&partner)), (Ok(()), Ok(())));
        std::fs::write(&list, &pki().crl).unwrap();
        assert!(trust.refresh().unwrap());
        assert_eq!(
            (check(&revoked), check(&partner)),
            (Err(PathError::Revoked), Ok(())),
            "remembered or not"
        );

        // a list that is gone opens nothing
        std::fs::remove_file(&list).unwrap();
        assert!(trust.refresh().is_err());
        assert_eq!(check(&revoked), Err(PathError::Revoked));
        std::fs::write(&list, &pki().crl).unwrap();

        // another authority in the place of ours
        std::fs::write(&anchor, &pki().other_ca.certificate_pem).unwrap();
        assert!(trust.refresh().unwrap());
        assert_eq!(check(&partner), Err(PathError::UnknownIssuer));
        assert_eq!(check(&certificate(&pki().wrong_ca)), Ok(()));
    }

    #[test]
    fn whose_revocation_nobody_can_tell_is_refused_where_that_is_configured() {
        let directory = tempfile::tempdir().unwrap();
        let [anchor, other, list] = ["ca.pem", "other.pem", "ca.crl"].map(|name| directory.path().join(name));
        std::fs::write(&anchor, &pki().ca.certificate_pem).unwrap();
        std::fs::write(&other, &pki().other_ca.certificate_pem).unwrap();
        std::fs::write(&list, &pki().crl).unwrap();
        let certificate = |of: &testkit::pki::Identity| Certificate::parse(&of.certificate_der).unwrap();
        let now = testkit::instant();
        // of one authority there is a list, of the other none
        for (unknown, of_other) in [
            (config::UnknownRevocation::Accept, Ok(())),
            (config::UnknownRevocation::Refuse, Err(PathError::RevocationUnknown)),
        ] {
            let trust = Trust::load(&config::Trust {
                anchors: vec![anchor.clone(), other.clone()],
                crls: vec![list.clone()],
                unknown_revocation: unknown,
                ..Default::default()
            })
            .unwrap();
            assert_eq!(trust.check(&certificate(&pki().partner), &[], now), Ok(()), "{unknown:?}");
            assert_eq!(
                trust.check(&certificate(&pki().revoked), &[], now),
                Err(PathError::Revoked),
                "{unknown:?}"
            );
            assert_eq!(trust.check(&certificate(&pki().wrong_ca), &[], now), of_other, "{unknown:?}");
        }
    }
}
