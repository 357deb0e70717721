//! What every request shares.

use storage::Store;
use wss::{DecryptAs, Identity};
use xmlsec::Certificate;

use crate::audit::Trail;
use crate::clock::Clock;
use crate::config::Config;
use crate::journal::Journal;
use crate::registered::Registered;
use crate::replay::Guard;
use crate::tables::Tables;
use crate::trust::Trust;

/// Shared by all requests, immutable but for what locks itself.
pub(crate) struct AppState {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// Signs answers.
    pub(crate) identity: Identity,
    /// Reads what was encrypted for that identity's certificate, if its key is RSA.
    pub(crate) decryption: Option<DecryptAs>,
    pub(crate) trust: Trust,
    /// Whose holder-of-key assertions are believed beside the application's own.
    pub(crate) assertion_issuers: Vec<Certificate>,
    pub(crate) registered: Registered,
    pub(crate) replay: Guard,
    /// In a sandbox, its last messages.
    pub(crate) journal: Journal,
    /// Who did or saw what, as far as it is not written by the act itself.
    pub(crate) trail: Trail,
    /// Lets no other process serve the same SQLite file.
    pub(crate) _serving: storage::Serving,
    /// Nomenclatures, as they are at this moment.
    pub(crate) tables: Tables,
}
