//! Around every request: its id, the span that each of its log lines and its trace carry, and its count. No address, no header,
//! no query (a token may stand there), no person.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument as _, info_span};

use crate::log_id::LogId;
use crate::metrics;

/// The target of spans within a request, for traces alone: no log line bears them.
pub(crate) use storage::STEP;

/// Whether a span of this target is a step within a request.
pub fn is_step(target: &str) -> bool {
    target == STEP
}

/// Whether spans of this target are for traces.
pub fn is_traced(target: &str) -> bool {
    target == module_path!() || is_step(target)
}

/// Observes a request from its headers to its answer.
pub(crate) async fn observed(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = LogId::draw(&mut crate::clock::rng());
    // the pattern of the address, never the address itself
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = info_span!(
        "request",
        id = id.as_str(),
        method = method.as_str(),
        route,
        status = Empty,
        application = Empty,
        operation = Empty,
        code = Empty,
    );
    request.extensions_mut().insert(id);
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.record("status", status.as_u16());
    metrics::http(&route, status.as_u16(), begun.elapsed());
    response
}
