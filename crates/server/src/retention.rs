//! Retention, once a day, by one server at a time: dossiers without a contact are archived, then erased.

use std::time::Duration;

use storage::{Acteur, Action, Error, Retained, Trace};

use crate::config::Retention;
use crate::state::AppState;

/// The lease under which servers and `vtpa purge` do it.
pub const LEASE: &str = "retention";

/// How long after its start a server asks first whether it is time.
const FIRST: Duration = Duration::from_secs(5);
/// How often it asks then.
const LOOK: Duration = Duration::from_secs(60);
/// Between one run and the next.
const DAY: Duration = Duration::from_secs(86_400);

/// Looks now and then until it is aborted; a transaction in flight is then rolled back, and the next run goes on.
pub(crate) async fn tend(state: &AppState, instance: &str) {
    if !state.config.retention.enabled {
        return;
    }
    let mut pause = FIRST;
    loop {
        tokio::time::sleep(pause).await;
        pause = LOOK;
        if let Err(error) = once(state, instance).await {
            tracing::warn!(%error, "retention did not come to its end: it goes on in a minute");
        }
    }
}

async fn once(state: &AppState, instance: &str) -> Result<(), Error> {
    let AppState { config, store, .. } = state;
    let retention = &config.retention;
    let Some(lease) = store.lease(LEASE, instance, DAY).await? else { return Ok(()) };
    let done = store.retain(&retention.rules(), &lease, &Acteur::Systeme, |_| {}).await?;
    let Retained { archived, erased, held } = done;
    tracing::info!(archived, erased, held, "retention: dossiers archived, erased, kept by legal hold");
    if archived + erased > 0 {
        store.trace_all(&[trace(Acteur::Systeme, &done)]).await?;
    }
    if erased > 0 {
        forget(state, retention).await;
    }
    Ok(())
}

/// What retention did, as the audit trail sums it up; each dossier has its own row.
pub fn trace(acteur: Acteur, done: &Retained) -> Trace {
    let Retained { archived, erased, held } = done;
    Trace::new(acteur, Action::Purge).detail(&format!("archived {archived} erased {erased} held {held}"))
}

/// Deleted rows are overwritten; pages that were split or joined before may still hold copies. Writers wait meanwhile, so
/// a large file is left to `vtpa purge --compact`.
async fn forget(state: &AppState, retention: &Retention) {
    let Some(size) = state.store.file_size() else { return };
    if size > retention.compact_up_to_mib.saturating_mul(1 << 20) {
        tracing::warn!(
            size,
            "what was erased may still be seen in free space of the database's file: vtpa purge --compact"
        );
        return;
    }
    if let Err(error) = state.store.compact().await {
        tracing::warn!(%error, "the database's file was not written anew: vtpa purge --compact");
    }
}
