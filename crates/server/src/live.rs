//! What a reload replaces while requests are answered. Each request takes one look and keeps what it saw to its end.

use std::sync::{Arc, PoisonError, RwLock};

use wss::{DecryptAs, Identity};
use xmlsec::Certificate;

use crate::config::{self, Limits};
use crate::keys::{self, KeyFileError};

/// What holds at one moment.
#[derive(Clone)]
pub(crate) struct Current {
    /// Signs answers.
    pub(crate) identity: Arc<Identity>,
    /// Reads what was encrypted for that identity's certificate, if its key is RSA.
    pub(crate) decryption: Arc<Option<DecryptAs>>,
    /// Whose holder-of-key assertions are believed beside the application's own.
    pub(crate) assertion_issuers: Arc<[Certificate]>,
    pub(crate) limits: Arc<Limits>,
}

/// What holds now.
pub(crate) struct Live(RwLock<Arc<Current>>);

impl Live {
    /// Reads the files that the configuration names.
    pub(crate) fn load(config: &config::Config) -> Result<Self, KeyFileError> {
        Ok(Self(RwLock::new(Arc::new(Current {
            identity: Arc::new(keys::identity(&config.signature)?),
            decryption: Arc::new(keys::decryption(&config.signature)?),
            assertion_issuers: keys::assertion_issuers(&config.trust)?.into(),
            limits: Arc::new(config.limits.clone()),
        }))))
    }

    /// What holds now.
    pub(crate) fn now(&self) -> Arc<Current> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what holds from now on.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Current)) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Current::clone(&held);
        change(&mut next);
        *held = Arc::new(next);
    }
}
