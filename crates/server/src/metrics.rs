//! Prometheus metrics: what was asked and how it was answered, and what an operator watches. No label holds anything personal.
//! docs/exploitation.md lists them all, with what to be woken for.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use storage::Risk;

use crate::state::AppState;

const SECONDS: &str = "vtpa_request_seconds";
const HTTP_SECONDS: &str = "vtpa_http_seconds";
const BUCKETS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];

/// `/metrics`
pub(crate) fn router(state: Arc<AppState>) -> Router {
    Router::new().route("/metrics", get(shown)).with_state(state)
}

async fn shown(State(state): State<Arc<AppState>>) -> String {
    let Some(handle) = handle() else { return String::new() };
    look(&state).await;
    handle.run_upkeep();
    handle.render()
}

/// One SOAP request that was answered.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) service: &'static str,
    /// The operation's name, where security held.
    pub(crate) operation: Option<&'a str>,
    /// A CodeRetour's code, or `fault`.
    pub(crate) code: &'a str,
    /// The id of the explanation of a security failure.
    pub(crate) explanation: Option<&'a str>,
    /// Refused as received before.
    pub(crate) replayed: bool,
    pub(crate) took: Duration,
}

/// Counts one SOAP request.
pub(crate) fn request(asked: &Asked<'_>) {
    if handle().is_none() {
        return;
    }
    let (service, operation) = (asked.service, asked.operation.unwrap_or("-").to_owned());
    counter!("vtpa_requests_total", "service" => service, "operation" => operation.clone(), "code" => asked.code.to_owned())
        .increment(1);
    histogram!(SECONDS, "service" => service, "operation" => operation).record(asked.took.as_secs_f64());
    if asked.code == "fault" {
        let explanation = asked.explanation.unwrap_or("-").to_owned();
        counter!("vtpa_faults_total", "explanation" => explanation).increment(1);
    }
    if asked.replayed {
        counter!("vtpa_replays_refused_total").increment(1);
    }
}

/// Counts one HTTP request of any kind, by the pattern of its address.
pub(crate) fn http(route: &str, status: u16, took: Duration) {
    if handle().is_some() {
        let route = route.to_owned();
        counter!("vtpa_http_requests_total", "route" => route.clone(), "status" => status.to_string())
            .increment(1);
        histogram!(HTTP_SECONDS, "route" => route).record(took.as_secs_f64());
    }
}

/// Counts something refused or ended because a limit of `[limits]` was reached.
pub(crate) fn limit(limit: &'static str) {
    if handle().is_some() {
        counter!("vtpa_limits_total", "limit" => limit).increment(1);
    }
}

/// How many instances serve this database, as far as this one hears.
pub(crate) fn instances(count: usize) {
    if handle().is_some() {
        gauge!("vtpa_instances").set(number(count));
    }
}

/// Connections that are open.
pub(crate) fn connection(change: f64) {
    if handle().is_some() {
        gauge!("vtpa_connections").increment(change);
    }
}

/// Counts a reload, or a part of one that was kept as it was.
pub(crate) fn reloaded(outcome: &'static str) {
    if handle().is_some() {
        counter!("vtpa_reloads_total", "outcome" => outcome).increment(1);
    }
}

/// What is looked at when it is asked for.
async fn look(state: &AppState) {
    gauge!("vtpa_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    gauge!("vtpa_draining").set(if state.is_draining() { 1.0 } else { 0.0 });
    gauge!("vtpa_audit_writable").set(if state.trail.is_good() { 1.0 } else { 0.0 });
    gauge!("vtpa_journal_waiting").set(number(state.journal.waiting()));
    let done = state.store.statistics();
    counter!("vtpa_database_statements_total").absolute(done.statements);
    counter!("vtpa_database_commits_total").absolute(done.commits);
    counter!("vtpa_database_retries_total").absolute(done.retries);
    let pool = state.store.connections();
    gauge!("vtpa_database_connections", "state" => "open").set(f64::from(pool.open));
    gauge!("vtpa_database_connections", "state" => "idle").set(f64::from(pool.idle));
    gauge!("vtpa_database_connections", "state" => "most").set(f64::from(pool.most));
    // a scrape is not kept waiting by a database that hangs
    let asked = async {
        state.store.ready().await?;
        Ok::<_, storage::Error>((state.store.sessions_vivantes().await?, state.store.risks().await?))
    };
    let answered = tokio::time::timeout(Duration::from_secs(2), asked).await;
    gauge!("vtpa_database_up").set(if matches!(&answered, Ok(Ok(_))) { 1.0 } else { 0.0 });
    if let Ok(Ok((sessions, risks))) = answered {
        for risk in Risk::ALL {
            let held = if risks.contains(&risk) { 0.0 } else { 1.0 };
            gauge!("vtpa_durability", "setting" => risk.setting()).set(held);
        }
        gauge!("vtpa_sessions").set(f64::from(u32::try_from(sessions).unwrap_or(u32::MAX)));
    }
    for (name, ends) in crate::expiry::certificates(state).await {
        gauge!("vtpa_certificate_expiry_timestamp_seconds", "certificate" => name).set(seconds(ends));
    }
    if let Some(lists) = crate::expiry::lists(state) {
        let now = state.clock.now();
        gauge!("vtpa_crl_age_seconds").set(seconds(now) - seconds(lists.issued));
        if let Some(next) = lists.next {
            gauge!("vtpa_crl_next_update_timestamp_seconds").set(seconds(next));
        }
    }
}

fn seconds(of: jiff::Timestamp) -> f64 {
    of.as_duration().as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn number(of: usize) -> f64 {
    of as f64
}

/// The process's one recorder, installed at its first use; another library's recorder is left in its place.
fn handle() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let buckets = |builder: PrometheusBuilder, name: &str| {
                builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), &BUCKETS)
            };
            let builder = buckets(PrometheusBuilder::new(), SECONDS).ok()?;
            let recorder = buckets(builder, HTTP_SECONDS).ok()?.build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).ok()?;
            describe();
            Some(handle)
        })
        .as_ref()
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Every metric with its help line. docs/exploitation.md has them all, by a test.
const METRICS: [(Kind, &str, &str); 24] = [
    (Kind::Counter, "vtpa_requests_total", "SOAP requests answered, by operation and CodeRetour"),
    (Kind::Counter, "vtpa_faults_total", "SOAP faults, by the explanation's id (vtpa explain)"),
    (Kind::Counter, "vtpa_replays_refused_total", "Messages refused as received before"),
    (Kind::Counter, "vtpa_http_requests_total", "HTTP requests, by pattern of address and status"),
    (Kind::Counter, "vtpa_limits_total", "Requests and connections refused or ended at a limit"),
    (Kind::Counter, "vtpa_reloads_total", "Files and settings taken up, or kept because broken"),
    (Kind::Counter, "vtpa_database_statements_total", "SQL statements"),
    (Kind::Counter, "vtpa_database_commits_total", "Transactions committed"),
    (Kind::Counter, "vtpa_database_retries_total", "Transactions begun again"),
    (Kind::Histogram, SECONDS, "Time to answer a SOAP request, its body received"),
    (Kind::Histogram, HTTP_SECONDS, "Time to answer an HTTP request, its body included"),
    (Kind::Gauge, "vtpa_build_info", "1, with the version"),
    (Kind::Gauge, "vtpa_connections", "Connections open"),
    (Kind::Gauge, "vtpa_instances", "Servers on this database (PostgreSQL)"),
    (Kind::Gauge, "vtpa_draining", "1 while the server is about to stop"),
    (Kind::Gauge, "vtpa_journal_waiting", "Journal entries not written yet"),
    (Kind::Gauge, "vtpa_database_up", "1 when the database answers"),
    (Kind::Gauge, "vtpa_database_connections", "Connections to the database"),
    (Kind::Gauge, "vtpa_durability", "0 where a setting of PostgreSQL's could lose an acknowledged commit"),
    (Kind::Gauge, "vtpa_sessions", "People's sessions that are open"),
    (
        Kind::Gauge,
        "vtpa_certificate_expiry_timestamp_seconds",
        "When the soonest certificate of each kind ends",
    ),
    (Kind::Gauge, "vtpa_crl_age_seconds", "Age of the oldest revocation list"),
    (
        Kind::Gauge,
        "vtpa_crl_next_update_timestamp_seconds",
        "When the first revocation list should be renewed",
    ),
    (Kind::Gauge, "vtpa_audit_writable", "1 while the audit trail is written; at 0 nothing is served"),
];

/// The help lines of `/metrics`.
fn describe() {
    for (kind, name, help) in METRICS {
        match kind {
            Kind::Counter => metrics::describe_counter!(name, help),
            Kind::Gauge => metrics::describe_gauge!(name, help),
            Kind::Histogram => metrics::describe_histogram!(name, help),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The names behind `mark`, up to the character after them.
    fn names<'t>(text: &'t str, mark: &str, end: char) -> BTreeSet<&'t str> {
        let name = |rest: &'t str| rest.split_once(end).map(|(name, _)| name);
        text.split(mark).skip(1).filter_map(name).filter(|name| name.starts_with("vtpa_")).collect()
    }

    fn sources(directory: &Path, texts: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, texts);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                texts.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_metric_has_its_help_line_and_its_row_in_the_operator_s_guide() {
        let described: BTreeSet<&str> = METRICS.iter().map(|(_, name, _)| *name).collect();
        assert_eq!(described.len(), METRICS.len());
        let guide = include_str!("../../../docs/exploitation.md");
        assert_eq!(names(guide, "\n| `", '`'), described, "docs/exploitation.md, « Surveiller »");

        let mut texts = Vec::new();
        for directory in ["src", "../storage/src", "../vtpa/src"] {
            sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(directory), &mut texts);
        }
        let calls = ["counter!(\"", "gauge!(\"", "histogram!(\""];
        let used = texts.iter().flat_map(|text| calls.iter().flat_map(|call| names(text, call, '"')));
        let used: BTreeSet<&str> = used.chain([SECONDS, HTTP_SECONDS]).collect();
        assert_eq!(used, described, "crates/server/src/metrics.rs, METRICS");
    }
}
