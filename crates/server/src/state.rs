//! What every request shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use storage::Store;

use crate::audit::Trail;
use crate::clock::Clock;
use crate::config::Config;
use crate::journal::Journal;
use crate::live::Live;
use crate::openid::Fournisseur;
use crate::quota::Quotas;
use crate::registered::Registered;
use crate::reload::Watched;
use crate::replay::Guard;
use crate::tables::Tables;
use crate::tls::TlsKeys;
use crate::trust::Trust;

/// Shared by all requests, immutable but for what locks itself.
pub(crate) struct AppState {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// Keys, issuers and limits, which a reload replaces.
    pub(crate) live: Live,
    /// What the HTTPS listener shows.
    pub(crate) tls: Arc<TlsKeys>,
    pub(crate) trust: Trust,
    /// The files of all these.
    pub(crate) watched: Watched,
    pub(crate) quotas: Quotas,
    /// Whether the server is about to stop: `/pret` says so, and connections are not kept.
    pub(crate) draining: AtomicBool,
    pub(crate) registered: Registered,
    pub(crate) replay: Guard,
    /// In a sandbox, its last messages.
    pub(crate) journal: Journal,
    /// Who did or saw what, as far as it is not written by the act itself.
    pub(crate) trail: Trail,
    /// Lets no other process serve the same SQLite file.
    pub(crate) _serving: storage::Serving,
    /// By whom the establishments' people may enter besides, where one is configured.
    pub(crate) openid: Option<Fournisseur>,
    /// Nomenclatures, as they are at this moment.
    pub(crate) tables: Tables,
}

impl AppState {
    /// Whether the server is about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
