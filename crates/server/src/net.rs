//! Connections: TLS handshakes, HTTP/1.1 and HTTP/2 by ALPN, time-outs, and a stop that lets requests in flight finish.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::config::Limits;
use crate::peer::{ClientVerifier, PeerAddress, PeerCertificate};
use crate::state::AppState;

/// How long requests in flight may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// The TLS side of the HTTPS listener: TLS 1.2 and 1.3 (decisions §8), HTTP/2 or HTTP/1.1 by ALPN.
pub(crate) fn tls_acceptor(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    state: &Arc<AppState>,
) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match ClientVerifier::new(state, &provider) {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves `app` on `listener` until `stop` turns true, then answers what is in flight and returns.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut server = auto::Builder::new(TokioExecutor::new());
    let headers = Duration::from_secs(limits.header_seconds);
    server.http1().timer(TokioTimer::new()).header_read_timeout(headers).keep_alive(true);
    server.http2().timer(TokioTimer::new()).keep_alive_interval(headers).max_concurrent_streams(64);
    let server = Arc::new(server);

    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (stream, from) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => (stream, from.ip()),
                Err(error) => {
                    // out of file descriptors, or the peer was gone already: neither may end the server
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (tls, app, server, watcher) = (tls.clone(), app.clone(), Arc::clone(&server), graceful.watcher());
        let handshake = Duration::from_secs(limits.handshake_seconds);
        let from = PeerAddress { ip: from, behind_proxy: tls.is_none() };
        tokio::spawn(async move {
            let _place = place;
            let Ok(Some((io, peer))) = timeout(handshake, secure(stream, tls)).await else { return };
            // who holds the connection goes along with each of its requests
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer);
                request.extensions_mut().insert(from);
                app.clone().oneshot(request)
            });
            let connection = server.serve_connection(TokioIo::new(io), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
    drop(listener);
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still in flight after {} s: closed", DRAIN.as_secs());
    }
}

/// A stream that may or may not be encrypted.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn secure(stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<(Box<dyn Stream>, PeerCertificate)> {
    let _ = stream.set_nodelay(true);
    match tls {
        None => Some((Box::new(stream), PeerCertificate::default())),
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => {
                let peer = PeerCertificate::of(stream.get_ref().1.peer_certificates());
                Some((Box::new(stream), peer))
            }
            Err(error) => {
                tracing::debug!(%error, "TLS handshake failed");
                None
            }
        },
    }
}
