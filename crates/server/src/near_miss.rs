//! What the sender of a refused message did instead of what the message says: for the Detail of a sandbox's faults and for
//! `inspect`. It multiplies the work of a message, so that a production server never asks.

use jiff::{SignedDuration, Timestamp};
use storage::Store;
use wss::{Budget, Circumstances, Freshness, KnownCertificate, NearMiss, Received, Refusal, near_miss};
use xmlsec::{Certificate, Document, VerifyError};

use crate::config::Config;

/// The near miss, where one fits within the budget.
pub(crate) async fn find(
    config: &Config,
    store: &Store,
    document: &Document,
    refusal: &Refusal,
    now: Timestamp,
) -> Option<NearMiss> {
    // registered certificates are tried for a signature value alone
    let known = match refusal {
        Refusal::Signature(VerifyError::SignatureValue)
        | Refusal::AssertionSignature(VerifyError::SignatureValue) => known(store, document, now).await,
        _ => Vec::new(),
    };
    let settings = &config.ws_security;
    let circumstances = Circumstances {
        now,
        freshness: Freshness {
            max_age: SignedDuration::from_secs(settings.max_age_seconds.into()),
            clock_skew: SignedDuration::from_secs(settings.clock_skew_seconds.into()),
        },
        known: &known,
    };
    near_miss(document, refusal, &circumstances, &mut Budget::default())
}

/// The registered certificates, those of the message's own application marked. A database that cannot be asked leaves them out:
/// the message is refused all the same.
async fn known(store: &Store, document: &Document, now: Timestamp) -> Vec<KnownCertificate> {
    let read = store.read(|reader| Box::pin(async move { reader.certificates(None).await })).await;
    let stored: Vec<_> = read
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(application, der)| Some((application, Certificate::parse(&der).ok()?)))
        .collect();
    let mut received = Received::read(document).ok();
    if let Some(received) = &mut received {
        let certificates: Vec<Certificate> = stored.iter().map(|(_, one)| one.clone()).collect();
        // one that is not found shows as no certificate
        let _ = received.select(&certificates, now);
    }
    let named = received.as_ref().and_then(Received::certificate).map(Certificate::fingerprint_sha256);
    let own = stored
        .iter()
        .find(|(_, one)| Some(one.fingerprint_sha256()) == named)
        .map(|(application, _)| *application);
    stored
        .into_iter()
        .map(|(application, certificate)| KnownCertificate {
            certificate,
            same_application: own == Some(application),
        })
        .collect()
}
