//! Start, serve, stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use storage::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::config::{Config, Nir};
use crate::journal::Journal;
use crate::keys::{self, KeyFileError};
use crate::net;
use crate::registered::Registered;
use crate::replay::Guard;
use crate::state::AppState;
use crate::tables::Tables;
use crate::trust::Trust;
use crate::{at_rest, soap, web};

/// How often what is over is removed.
const PURGE: Duration = Duration::from_secs(60);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A certificate, key or revocation list.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The TLS key does not serve.
    #[error("tls: {0}")]
    Tls(#[from] rustls::Error),
    /// The database.
    #[error("database: {0}")]
    Storage(#[from] storage::Error),
    /// An address that could not be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
}

impl From<at_rest::OpenError> for StartError {
    fn from(error: at_rest::OpenError) -> Self {
        match error {
            at_rest::OpenError::KeyFile(error) => Self::KeyFile(error),
            at_rest::OpenError::Storage(error) => Self::Storage(error),
        }
    }
}

/// A server that listens; [`Server::run`] makes it answer.
pub struct Server {
    state: Arc<AppState>,
    app: Router,
    https: TcpListener,
    http: Option<TcpListener>,
    metrics: Option<TcpListener>,
    tls: TlsAcceptor,
    address: SocketAddr,
}

impl Server {
    /// Opens the database (creating or migrating it), reads keys and certificates, listens.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let identity = keys::identity(&config.signature)?;
        let decryption = keys::decryption(&config.signature)?;
        let trust = Trust::load(&config.trust)?;
        let assertion_issuers = keys::assertion_issuers(&config.trust)?;
        let (chain, key) = keys::tls(&config.tls)?;
        let store = at_rest::open_store(&config, config.database.options()).await?;
        let serving = store.serve()?;
        let https = listen(config.listen.https).await?;
        let http = listen_if(config.listen.http).await?;
        let metrics = listen_if(config.listen.metrics).await?;
        let address =
            https.local_addr().map_err(|error| StartError::Listen { address: config.listen.https, error })?;
        let replay = Guard::load(&store, &clock).await?;
        let tables = Tables::load(&store, &clock).await?;
        let journal = Journal::new(config.sandbox);
        let journal = match config.donnees.nir {
            Nir::Keep => journal,
            Nir::Verify => journal.without_messages(),
        };
        let state = Arc::new(AppState {
            config,
            store,
            clock,
            identity,
            decryption,
            trust,
            assertion_issuers,
            registered: Registered::default(),
            replay,
            journal,
            _serving: serving,
            tables,
        });
        let tls = net::tls_acceptor(chain, key, &state)?;
        let app = soap::router(Arc::clone(&state)).merge(web::router(Arc::clone(&state)));
        Ok(Self { state, app, https, http, metrics, tls, address })
    }

    /// The address of the HTTPS listener, its port the real one where 0 was asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The routes, for those who bring their own connections.
    pub fn router(&self) -> Router {
        self.app.clone()
    }

    /// The database, shared.
    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// Serves until `stop` turns true, answers what is in flight, writes what is to be written.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let limits = self.state.config.limits.clone();
        let (quiet, flushed) = watch::channel(false);
        let (state, ended) = (Arc::clone(&self.state), flushed.clone());
        let journal =
            tokio::spawn(async move { state.journal.write_behind(&state.store, &state.clock, ended).await });
        let state = Arc::clone(&self.state);
        let guard = tokio::spawn(async move { state.replay.tend(&state.store, &state.clock, flushed).await });
        let state = Arc::clone(&self.state);
        let purge = tokio::spawn(async move { purge(&state).await });
        let state = Arc::clone(&self.state);
        let tables = tokio::spawn(async move { state.tables.follow(&state.store, &state.clock).await });
        let state = Arc::clone(&self.state);
        let trust = tokio::spawn(async move { state.trust.follow().await });
        let https = net::serve(self.https, Some(self.tls), self.app.clone(), limits.clone(), stop.clone());
        let plain = [(self.http, self.app), (self.metrics, crate::metrics::router())];
        let plain = plain.map(|(listener, app)| {
            let (limits, stop) = (limits.clone(), stop.clone());
            async move {
                if let Some(listener) = listener {
                    net::serve(listener, None, app, limits, stop).await;
                }
            }
        });
        let [http, metrics] = plain;
        tokio::join!(https, http, metrics);
        purge.abort();
        tables.abort();
        trust.abort();
        // only once the last request is answered is the replay memory complete
        let _ = quiet.send(true);
        if let Err(error) = guard.await {
            tracing::error!(%error, "the replay guard's writer ended badly");
        }
        if let Err(error) = journal.await {
            tracing::error!(%error, "the journal's writer ended badly");
        }
        self.state.store.close().await;
    }
}

/// Forgets, every minute, tokens and sessions that are over, and the journal's old entries.
async fn purge(state: &AppState) {
    let AppState { store, clock, journal, .. } = state;
    loop {
        tokio::time::sleep(PURGE).await;
        if let Err(error) = store.run("purge", |tx| Box::pin(async { tx.purge().await })).await {
            tracing::warn!(%error, "tokens and sessions that are over were not removed");
        }
        if let Err(error) =
            store.run("purge the desk", |tx| Box::pin(async { tx.purge_bureau().await })).await
        {
            tracing::warn!(%error, "sessions of the desk that are over were not removed");
        }
        journal.purge(store, clock.now()).await;
    }
}

async fn listen_if(address: Option<SocketAddr>) -> Result<Option<TcpListener>, StartError> {
    match address {
        Some(address) => listen(address).await.map(Some),
        None => Ok(None),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| StartError::Listen { address, error })
}
