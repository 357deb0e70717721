//! `[at_rest]`: the keys that encrypt what is personal in the database.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Config, ConfigError, SecretValue};

/// `[at_rest]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AtRest {
    /// File of the key that writes (`vtpa key new FILE`).
    pub key: Option<PathBuf>,
    /// Files of the keys that still read.
    pub previous: Vec<PathBuf>,
    /// The key itself in base64, in place of its file: for the environment, `VTPA_AT_REST__KEY_VALUE`.
    pub key_value: Option<SecretValue>,
    /// The keys that still read, in base64: for the environment, `VTPA_AT_REST__PREVIOUS_VALUES=["…"]`.
    pub previous_values: Vec<SecretValue>,
    /// Outside a sandbox: nothing is encrypted, and that is meant.
    pub plain: bool,
    /// The configuration file that this was read from; it is read anew when a key turns out to be missing.
    #[serde(skip)]
    pub(crate) file: PathBuf,
}

impl AtRest {
    /// Whether there is a key to write with.
    pub fn encrypts(&self) -> bool {
        self.key.is_some() || self.key_value.is_some()
    }

    pub(super) fn resolve(&mut self, file: &Path, directory: &Path) {
        for path in self.key.iter_mut().chain(&mut self.previous) {
            *path = directory.join(&*path);
        }
        // The working directory is another one some day.
        self.file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    }

    pub(super) fn validate(&self, config: &Config) -> Result<(), ConfigError> {
        let invalid = |key, problem: &str| Err(ConfigError::Invalid { key, problem: problem.to_owned() });
        if self.key.is_some() && self.key_value.is_some() {
            return invalid("at_rest.key_value", "and at_rest.key exclude each other: one key writes");
        }
        if self.plain && self.encrypts() {
            return invalid("at_rest.plain", "= true and a key exclude each other: leave one of them out");
        }
        if !self.encrypts() && !self.plain && !config.is_trial() {
            return invalid(
                "at_rest.key",
                "is required for a service that others reach: make one (`vtpa key new vtpa.cle`), keep a copy of it \
                 apart from the database, and write [at_rest] key = \"vtpa.cle\"; or, if the database's volume is \
                 encrypted and that is enough, [at_rest] plain = true",
            );
        }
        Ok(())
    }
}

impl Config {
    /// Whether no real person's data are to be expected: a sandbox, or an address that only this machine reaches.
    pub fn is_trial(&self) -> bool {
        let host = self.public_url.strip_prefix("https://").unwrap_or_default();
        let host = host.split(['/', '?']).next().unwrap_or_default();
        let host =
            host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(host, _)| host);
        self.sandbox || ["localhost", "127.0.0.1", "[::1]"].contains(&host)
    }
}
