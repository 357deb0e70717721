//! Prometheus metrics: what was asked and how it was answered, and what an operator watches. No label holds anything personal.
//! docs/exploitation.md lists them all, with what to be woken for.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

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
        state.store.sessions_vivantes().await
    };
    let answered = tokio::time::timeout(Duration::from_secs(2), asked).await;
    gauge!("vtpa_database_up").set(if matches!(answered, Ok(Ok(_))) { 1.0 } else { 0.0 });
    if let Ok(Ok(sessions)) = answered {
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

/// The help lines of `/metrics`.
fn describe() {
    use metrics::{describe_counter as counter, describe_gauge as gauge, describe_histogram as histogram};
    counter!("vtpa_requests_total", "SOAP requests answered, by operation and CodeRetour");
    counter!("vtpa_faults_total", "SOAP faults, by the explanation's id (vtpa explain)");
    counter!("vtpa_replays_refused_total", "Messages refused as received before");
    counter!("vtpa_http_requests_total", "HTTP requests, by pattern of address and status");
    counter!("vtpa_limits_total", "Requests and connections refused or ended at a limit");
    counter!("vtpa_reloads_total", "Files and settings taken up, or kept because broken");
    counter!("vtpa_database_statements_total", "SQL statements");
    counter!("vtpa_database_commits_total", "Transactions committed");
    counter!("vtpa_database_retries_total", "Transactions begun again");
    histogram!(SECONDS, "Time to answer a SOAP request, its body received");
    histogram!(HTTP_SECONDS, "Time to answer an HTTP request, its body included");
    gauge!("vtpa_build_info", "1, with the version");
    gauge!("vtpa_connections", "Connections open");
    gauge!("vtpa_instances", "Servers on this database (PostgreSQL)");
    gauge!("vtpa_draining", "1 while the server is about to stop");
    gauge!("vtpa_journal_waiting", "Journal entries not written yet");
    gauge!("vtpa_database_up", "1 when the database answers");
    gauge!("vtpa_database_connections", "Connections to the database");
    gauge!("vtpa_sessions", "People's sessions that are open");
    gauge!("vtpa_certificate_expiry_timestamp_seconds", "When the soonest certificate of each kind ends");
    gauge!("vtpa_crl_age_seconds", "Age of the oldest revocation list");
    gauge!("vtpa_crl_next_update_timestamp_seconds", "When the first revocation list should be renewed");
}
