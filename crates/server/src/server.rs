//! Start, serve, stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, map_request_with_state, map_response_with_state};
use storage::{Acteur, Action, Store, Trace};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::audit::{Chain, Trail};
use crate::clock::Clock;
use crate::config::{Config, Nir, seconds};
use crate::journal::Journal;
use crate::keys::KeyFileError;
use crate::live::Live;
use crate::log_id::LogId;
use crate::net;
use crate::observed;
use crate::openid::Fournisseur;
use crate::pace;
use crate::quota::Quotas;
use crate::registered::Registered;
use crate::reload::{Reloader, Watched};
use crate::replay::Guard;
use crate::state::AppState;
use crate::tables::Tables;
use crate::tls::{self, TlsKeys};
use crate::trust::Trust;
use crate::{at_rest, retention, soap, web};

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
    Storage(storage::Error),
    /// An address that could not be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
}

// Not `#[from]`, which makes it a source too: whoever prints the whole chain says it twice.
impl From<storage::Error> for StartError {
    fn from(error: storage::Error) -> Self {
        Self::Storage(error)
    }
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
        raise_open_files();
        let watched = Watched::new(&config);
        let live = Live::load(&config)?;
        let trust = Trust::load(&config.trust)?;
        let tls = Arc::new(TlsKeys::load(&config.tls)?);
        let store = at_rest::open_store(&config, config.database.options()).await?;
        let serving = store.serve()?;
        for risk in store.risks().await? {
            let (setting, consequence) = (risk.setting(), risk.consequence());
            tracing::warn!(setting, consequence, "PostgreSQL is set so that answered creations can be lost");
        }
        let openid = Fournisseur::new(&config.openid, &config.public_url, &clock)?;
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
        let trail = Trail::new(store.clone());
        let version = concat!("vtpa ", env!("CARGO_PKG_VERSION"));
        store.trace_all(&[Trace::new(Acteur::Systeme, Action::ServeurDemarre).detail(version)]).await?;
        let state = Arc::new(AppState {
            config,
            store,
            clock,
            live,
            tls,
            trust,
            watched,
            quotas: Quotas::default(),
            draining: AtomicBool::new(false),
            registered: Registered::default(),
            replay,
            journal,
            trail,
            _serving: serving,
            openid,
            tables,
        });
        let tls = tls::acceptor(&state)?;
        let app = soap::router(Arc::clone(&state)).merge(web::router(Arc::clone(&state)));
        let app = app
            .layer(map_response_with_state(Arc::clone(&state), web::protect))
            .layer(map_request_with_state(Arc::clone(&state), pace::paced))
            .layer(from_fn(observed::observed));
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

    /// Waits until what was answered so far is in the audit trail: a second at the most.
    pub async fn traced(&self) {
        self.state.trail.written().await;
    }

    /// What takes up changed keys, certificates, lists and limits while this runs.
    pub fn reloader(&self) -> Reloader {
        Reloader(Arc::clone(&self.state))
    }

    /// Serves until `stop` turns true, says at `/pret` that it ends for as long as `[limits] drain_delay_seconds` asks,
    /// answers what is in flight, writes what is to be written.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (close, closed) = watch::channel(false);
        let state = Arc::clone(&self.state);
        let draining = async move {
            // an error means that nobody can ask for the end any more: then it is now
            let _ = stop.wait_for(|stop| *stop).await;
            state.draining.store(true, Ordering::Relaxed);
            tokio::time::sleep(seconds(state.live.now().limits.drain_delay_seconds)).await;
            let _ = close.send(true);
        };
        let stop = closed;
        let (quiet, flushed) = watch::channel(false);
        let (state, ended) = (Arc::clone(&self.state), flushed.clone());
        let journal =
            tokio::spawn(async move { state.journal.write_behind(&state.store, &state.clock, ended).await });
        let state = Arc::clone(&self.state);
        let guard = tokio::spawn(async move { state.replay.tend(&state.store, &state.clock, flushed).await });
        let (last, ended) = watch::channel(false);
        let state = Arc::clone(&self.state);
        let chain = tokio::spawn(async move {
            let months = state.config.audit.keep_months;
            Chain::new().tend(&state.store, || Arc::clone(&state.live.now().identity), months, ended).await;
        });
        let state = Arc::clone(&self.state);
        let purge = tokio::spawn(async move { purge(&state).await });
        let state = Arc::clone(&self.state);
        let tables = tokio::spawn(async move { state.tables.follow(&state.store, &state.clock).await });
        let state = Arc::clone(&self.state);
        let trust = tokio::spawn(async move { state.trust.follow().await });
        let state = Arc::clone(&self.state);
        let files = tokio::spawn(async move { state.follow_files().await });
        let (state, ended) = (Arc::clone(&self.state), stop.clone());
        let instance = LogId::draw(&mut crate::clock::rng());
        let (keeper, name) = (Arc::clone(&self.state), instance.clone());
        let retention = tokio::spawn(async move { retention::tend(&keeper, name.as_str()).await });
        let quotas = tokio::spawn(async move {
            state.quotas.exchange(&state.store, &state.live, instance.as_str(), ended).await;
        });
        let state = &self.state;
        let https = net::serve(self.https, Some(self.tls), self.app.clone(), Arc::clone(state), stop.clone());
        let plain = [(self.http, self.app), (self.metrics, crate::metrics::router(Arc::clone(state)))];
        let plain = plain.map(|(listener, app)| {
            let (state, stop) = (Arc::clone(state), stop.clone());
            async move {
                if let Some(listener) = listener {
                    net::serve(listener, None, app, state, stop).await;
                }
            }
        });
        let [http, metrics] = plain;
        tokio::join!(draining, https, http, metrics);
        purge.abort();
        retention.abort();
        tables.abort();
        trust.abort();
        files.abort();
        // only once the last request is answered is the replay memory complete
        let _ = quiet.send(true);
        if let Err(error) = guard.await {
            tracing::error!(%error, "the replay guard's writer ended badly");
        }
        if let Err(error) = journal.await {
            tracing::error!(%error, "the journal's writer ended badly");
        }
        if let Err(error) = quotas.await {
            tracing::error!(%error, "the exchange between instances ended badly");
        }
        // what was answered last is chained too, and the chain's end signed
        self.state.trail.record([Trace::new(Acteur::Systeme, Action::ServeurArrete)]);
        self.state.trail.finish().await;
        let _ = last.send(true);
        if let Err(error) = chain.await {
            tracing::error!(%error, "the audit trail's chain ended badly");
        }
        self.state.store.close().await;
    }
}

/// Forgets, every minute, tokens and sessions that are over, and the journal's old entries.
async fn purge(state: &AppState) {
    let AppState { store, clock, journal, .. } = state;
    loop {
        tokio::time::sleep(PURGE).await;
        let purged = store.run("purge", |tx| {
            Box::pin(async move {
                tx.untraced("what is over by itself: tokens, sessions, requests to be linked");
                tx.purge().await
            })
        });
        if let Err(error) = purged.await {
            tracing::warn!(%error, "tokens and sessions that are over were not removed");
        }
        let purged = store.run("purge the desk", |tx| {
            Box::pin(async move {
                tx.untraced("what is over by itself: sessions, counted attempts");
                tx.purge_bureau().await
            })
        });
        if let Err(error) = purged.await {
            tracing::warn!(%error, "sessions of the desk that are over were not removed");
        }
        journal.purge(store, clock.now()).await;
    }
}

/// Each connection is an open file; many systems give a process 1,024 unless it asks for what it may have.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::debug!(%error, "the limit of open files stays at {current:?}");
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
