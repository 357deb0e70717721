//! `[telemetry]`: traces for an OpenTelemetry collector.

use serde::Deserialize;

use super::ConfigError;

/// `[telemetry]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Where spans are sent, OTLP over HTTP: `http://127.0.0.1:4318`. Absent: nowhere.
    pub otlp: Option<String>,
    /// What this service is called there.
    pub service: String,
    /// How many of a hundred requests are traced.
    pub percent: u8,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp: None, service: "vtpa".to_owned(), percent: 100 }
    }
}

impl Telemetry {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let invalid = |key, problem: &str| Err(ConfigError::Invalid { key, problem: problem.to_owned() });
        if self
            .otlp
            .as_ref()
            .is_some_and(|url| !["http://", "https://"].iter().any(|one| url.starts_with(one)))
        {
            return invalid(
                "telemetry.otlp",
                "must begin with http:// or https://: the collector's address, without /v1/traces",
            );
        }
        if self.percent > 100 {
            return invalid("telemetry.percent", "must be from 0 to 100");
        }
        Ok(())
    }
}
