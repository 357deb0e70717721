//! `/sante` and `/pret`, for load balancers: the process lives; it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use storage::Cause;

use crate::state::AppState;

/// Liveness: this process answers.
pub(super) async fn alive() -> &'static str {
    "vivant\n"
}

/// Readiness: the database answers too and takes writes, what is done can be traced, and the server is not about to stop.
pub(super) async fn ready(State(state): State<Arc<AppState>>) -> (StatusCode, &'static str) {
    if state.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "arrêt en cours\n");
    }
    match state.store.writable().await {
        Ok(()) if state.trail.is_good() => (StatusCode::OK, "prêt\n"),
        Ok(()) | Err(storage::Error::Unavailable(Cause::ReadOnly)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "la base de données ne peut pas être écrite\n")
        }
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "la base de données ne répond pas\n")
        }
    }
}
