//! `[telemetry]`: traces for an OpenTelemetry collector.

use serde::Deserialize;

/// `[telemetry]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Where spans are sent, OTLP over HTTP: `http://127.0.0.1:4318`. Absent: nowhere.
    pub otlp: Option<String>,
    /// What this service is called there.
    pub service: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp: None, service: "vtpa".to_owned() }
    }
}
