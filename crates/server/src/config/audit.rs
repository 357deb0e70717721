//! `[audit]`

use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigError;

/// `[audit]`: the trail of who did or saw what. There is no switch that turns it off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Whether each request is kept as it was signed, beside its row.
    pub keep_requests: bool,
    /// Whole months that are kept before the present one.
    pub keep_months: u32,
    /// PEM files of certificates that `[signature]` had before: signatures over the trail by their keys still count.
    pub former_certificates: Vec<PathBuf>,
}

impl Default for Audit {
    fn default() -> Self {
        Self { keep_requests: false, keep_months: 120, former_certificates: Vec::new() }
    }
}

impl Audit {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if (1..=1200).contains(&self.keep_months) {
            return Ok(());
        }
        Err(ConfigError::Invalid { key: "audit.keep_months", problem: "must be from 1 to 1200".to_owned() })
    }
}
