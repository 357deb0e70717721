//! Prometheus metrics: how many requests, how answered, how long. No label holds anything personal.

use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const SECONDS: &str = "vtpa_request_seconds";
const BUCKETS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];

/// `/metrics`
pub(crate) fn router() -> Router {
    Router::new().route("/metrics", get(async || handle().map(PrometheusHandle::render).unwrap_or_default()))
}

/// Counts one SOAP request: `outcome` is a CodeRetour's code, or `fault`.
pub(crate) fn request(service: &'static str, outcome: &str, took: Duration) {
    if handle().is_some() {
        metrics::counter!("vtpa_requests_total", "service" => service, "outcome" => outcome.to_owned())
            .increment(1);
        metrics::histogram!(SECONDS, "service" => service).record(took.as_secs_f64());
    }
}

/// The process's one recorder, installed at its first use; another library's recorder is left in its place.
fn handle() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder =
                PrometheusBuilder::new().set_buckets_for_metric(Matcher::Full(SECONDS.to_owned()), &BUCKETS);
            let recorder = builder.ok()?.build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).ok()?;
            Some(handle)
        })
        .as_ref()
}
