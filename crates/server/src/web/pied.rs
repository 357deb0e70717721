//! What the foot of every page says whatever the page is about. It is told along the request, so that no page can leave it out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::config::Conformite;
use crate::state::AppState;

tokio::task_local! {
    static CONFORMITE: Conformite;
}

/// Answers a request with the foot that this server's pages have.
pub(super) async fn around(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    CONFORMITE.scope(state.config.mentions.conformite(), next.run(request)).await
}

/// « Accessibilité : … » (decree 2019-768, article 5).
pub(super) fn accessibilite() -> &'static str {
    CONFORMITE.try_with(|conformite| *conformite).unwrap_or_default().mention()
}
