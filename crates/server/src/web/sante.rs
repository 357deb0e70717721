//! `/sante` and `/pret`, for load balancers: the process lives; it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::state::AppState;

/// Liveness: this process answers.
pub(super) async fn alive() -> &'static str {
    "vivant\n"
}

/// Readiness: the database answers too, and the server is not about to stop.
pub(super) async fn ready(State(state): State<Arc<AppState>>) -> (StatusCode, &'static str) {
    if state.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "arrêt en cours\n");
    }
    match state.store.ready().await {
        Ok(()) => (StatusCode::OK, "prêt\n"),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "la base de données ne répond pas\n")
        }
    }
}
