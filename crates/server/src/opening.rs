//! From a document to a message whose signature held: which application it names, what of it is encrypted, in the order in
//! which its sender worked. The endpoint and `inspect` go this way alike.

use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use storage::{Application, Store};
use wss::{
    CertificateCheck, Ciphertext, DecryptAs, EncryptionAlgorithms, Freshness, Order, Policy, Received,
    Refusal, Unspent,
};
use xmlsec::{Decrypted, Document, Limits};

use crate::config::{self, Config};
use crate::registered::Registered;

/// Why a message was not opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// For what it is.
    Refused(Refusal),
    /// The database could not be asked.
    Unavailable(storage::Error),
}

impl From<Refusal> for OpenError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<storage::Error> for OpenError {
    fn from(error: storage::Error) -> Self {
        Self::Unavailable(error)
    }
}

/// Where the readable form of an encrypted message is kept while it is worked on.
pub(crate) type Plain<'d> = OnceLock<Decrypted<'d>>;

/// What opening needs of a server.
pub(crate) struct Opening<'s, T> {
    pub(crate) config: &'s Config,
    pub(crate) limits: &'s config::Limits,
    pub(crate) store: &'s Store,
    pub(crate) registered: &'s Registered,
    pub(crate) trust: &'s T,
    pub(crate) decryption: Option<&'s DecryptAs>,
    /// SHA-256 of the TLS client's certificate.
    pub(crate) peer: Option<[u8; 32]>,
    pub(crate) now: Timestamp,
}

/// A message that names its certificate; nothing of it is believed yet.
pub(crate) struct Named<'d> {
    pub(crate) received: Received<'d>,
    /// Whether the message carries no certificate, but says which of those registered it means.
    pub(crate) selected: bool,
    pub(crate) application: Option<Application>,
    /// How it is, or was, encrypted.
    pub(crate) encryption: Option<EncryptionAlgorithms>,
    /// What is decrypted once the signature over it held.
    ciphertext: Option<Ciphertext<'d>>,
}

/// A message whose signature held.
pub(crate) struct Held<'d> {
    pub(crate) unspent: Unspent<'d>,
    pub(crate) application: Option<Application>,
    /// How it was encrypted.
    pub(crate) encryption: Option<EncryptionAlgorithms>,
}

impl<T: CertificateCheck> Opening<'_, T> {
    /// Reads the message, which is decrypted first where it was signed first, and looks its application up.
    pub(crate) async fn name<'d>(
        &self,
        document: &'d Document,
        plain: &'d Plain<'d>,
    ) -> Result<Named<'d>, OpenError> {
        let mut received = Received::read(document)?;
        let ciphertext = received.ciphertext().cloned();
        let encryption = ciphertext.as_ref().map(Ciphertext::algorithms);
        let first = ciphertext.as_ref().filter(|found| found.order() == Order::SignedFirst);
        let Some(first) = first else {
            let selected = received.selector().is_some();
            let application = self.application(&mut received).await?;
            return Ok(Named { received, selected, application, encryption, ciphertext });
        };
        // CBC is for those who are known before anything is decrypted: here by their connection alone
        let known = if first.algorithms().cipher.is_authenticated() {
            false
        } else {
            let application = self.application(&mut received).await?;
            takes_cbc(application.as_ref()) && self.is_connected(application.as_ref()).await?
        };
        let plain = self.decrypt(first, plain, known)?;
        let mut received = Received::decrypted(plain).map_err(Refusal::after_decryption)?;
        let selected = received.selector().is_some();
        let application = match self.application(&mut received).await {
            Err(OpenError::Refused(refusal)) => return Err(refusal.after_decryption().into()),
            other => other?,
        };
        Ok(Named { received, selected, application, encryption, ciphertext: None })
    }

    /// Certificate, signature, coverage, freshness; then decrypts what was encrypted first.
    pub(crate) fn verify<'d>(&self, named: Named<'d>, plain: &'d Plain<'d>) -> Result<Held<'d>, OpenError> {
        let Named { received, application, encryption, ciphertext, selected: _ } = named;
        let settings = &self.config.ws_security;
        let policy = Policy {
            freshness: Freshness {
                max_age: SignedDuration::from_secs(settings.max_age_seconds.into()),
                clock_skew: SignedDuration::from_secs(settings.clock_skew_seconds.into()),
            },
            timestamp_required: application
                .as_ref()
                .is_none_or(|application| application.settings.timestamp == storage::TimestampRule::Required),
        };
        let verified = received.verify(&policy, self.trust, self.now);
        let Some(ciphertext) = ciphertext else {
            let decrypted_before = encryption.is_some();
            let classed =
                |refusal: Refusal| if decrypted_before { refusal.after_decryption() } else { refusal };
            return Ok(Held { unspent: verified.map_err(classed)?, application, encryption });
        };
        let unspent = verified?;
        let plain = self.decrypt(&ciphertext, plain, takes_cbc(application.as_ref()))?;
        let unspent = unspent.decrypted(plain).map_err(Refusal::after_decryption)?;
        Ok(Held { unspent, application, encryption })
    }

    fn decrypt<'d>(
        &self,
        ciphertext: &Ciphertext<'d>,
        plain: &'d Plain<'d>,
        cbc: bool,
    ) -> Result<&'d Decrypted<'d>, Refusal> {
        let limits = limits(self.limits);
        let decrypted = ciphertext.decrypt(self.decryption, cbc, &limits)?;
        Ok(plain.get_or_init(|| decrypted))
    }

    async fn application(&self, received: &mut Received<'_>) -> Result<Option<Application>, OpenError> {
        self.registered.select(self.store, received, self.now).await?;
        let fingerprint = *received.certificate().ok_or(Refusal::TokenUnknown)?.fingerprint_sha256();
        Ok(self.store.application_by_fingerprint(&fingerprint).await?)
    }

    /// Whether the TLS connection is this application's.
    async fn is_connected(&self, application: Option<&Application>) -> Result<bool, OpenError> {
        let (Some(application), Some(peer)) = (application, self.peer) else { return Ok(false) };
        let caller = self.store.application_by_fingerprint(&peer).await?;
        Ok(caller.is_some_and(|caller| caller.id == application.id))
    }
}

fn takes_cbc(application: Option<&Application>) -> bool {
    application.is_some_and(|application| application.settings.cbc && !application.suspended)
}

/// What a message may be, encrypted or not.
pub(crate) fn limits(limits: &config::Limits) -> Limits {
    Limits { bytes: limits.body_bytes, ..Limits::default() }
}
