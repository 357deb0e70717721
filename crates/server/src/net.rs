//! Connections: TLS handshakes, HTTP/1.1 and HTTP/2 by ALPN, the time each stage may take, how many there may be, and a stop
//! that lets requests in flight finish.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::config::{Limits, seconds};
use crate::metrics;
use crate::peer::{PeerAddress, PeerCertificate};
use crate::state::AppState;

/// What a connection gets that is asked to end, or that has no request while the server stops.
const LINGER: Duration = Duration::from_secs(1);

/// Serves `app` on `listener` until `stop` turns true, then answers what is in flight and returns.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Router,
    state: Arc<AppState>,
    mut stop: watch::Receiver<bool>,
) {
    let mut size = state.live.now().limits.connections;
    let places = Arc::new(Semaphore::new(size.min(Semaphore::MAX_PERMITS)));
    let addresses = Addresses::default();
    let (alive, mut gone) = mpsc::channel::<Infallible>(1);
    loop {
        resize(&places, &mut size, state.live.now().limits.connections);
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Ok(place) = place else { return };
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => (stream, address.ip()),
                Err(error) => {
                    // out of file descriptors, or the peer was gone already: neither may end the server
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
            _ = stop.wait_for(|stop| *stop) => break,
        };
        if places.available_permits() == 0 {
            metrics::limit("connections");
        }
        // behind a proxy every caller has the proxy's address
        let most = if tls.is_some() { state.live.now().limits.connections_per_address } else { 0 };
        let Some(of_address) = addresses.enter(address, most) else {
            metrics::limit("connections_per_address");
            tracing::debug!("too many connections from one address");
            continue;
        };
        let from = PeerAddress { ip: address, behind_proxy: tls.is_none() };
        let (tls, app, state, stop) = (tls.clone(), app.clone(), Arc::clone(&state), stop.clone());
        let alive = alive.clone();
        tokio::spawn(async move {
            let _held = (place, of_address, alive);
            metrics::connection(1.0);
            connection(stream, from, tls, app, state, stop).await;
            metrics::connection(-1.0);
        });
    }
    drop((listener, alive));
    let drain = seconds(state.live.now().limits.drain_seconds);
    // the last connection's end closes the channel
    if timeout(drain, gone.recv()).await.is_err() {
        tracing::warn!("requests still in flight after {} s: closed", drain.as_secs());
    }
}

/// Follows a reload. Places that are taken are given up when they are free.
fn resize(places: &Semaphore, size: &mut usize, wanted: usize) {
    let wanted = wanted.min(Semaphore::MAX_PERMITS);
    if wanted > *size {
        places.add_permits(wanted - *size);
        *size = wanted;
    } else if wanted < *size {
        *size -= places.forget_permits(*size - wanted);
    }
}

/// One connection, from its handshake to its end.
async fn connection(
    stream: TcpStream,
    from: PeerAddress,
    tls: Option<TlsAcceptor>,
    app: Router,
    state: Arc<AppState>,
    mut stop: watch::Receiver<bool>,
) {
    let limits = Arc::clone(&state.live.now().limits);
    let begun = Instant::now();
    let (io, peer) = match timeout(seconds(limits.handshake_seconds), secure(stream, tls)).await {
        Ok(Some(secured)) => secured,
        Ok(None) => return,
        Err(_) => return metrics::limit("handshake"),
    };
    let activity = Arc::new(Activity { running: AtomicUsize::new(0), rest: Mutex::new((begun, 0)) });
    let busy = Arc::clone(&activity);
    // who holds the connection goes along with each of its requests
    let service = service_fn(move |mut request: Request<Incoming>| {
        let running = Running::begin(Arc::clone(&busy));
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(from);
        let keeps = request.version() <= Version::HTTP_11;
        let (answered, state) = (app.clone().oneshot(request), Arc::clone(&state));
        async move {
            let mut response = answered.await?;
            if keeps && state.is_draining() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            drop(running);
            Ok::<_, Infallible>(response)
        }
    });
    let server = builder(&limits);
    let mut connection = pin!(server.serve_connection(TokioIo::new(io), service));
    let (mut stopping, mut ending) = (false, None);
    loop {
        let patience = activity.patience(&limits, stopping);
        let overdue = ending.unwrap_or(patience);
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            () = sleep_until(overdue) => match ending {
                Some(_) => return,
                // a request may have begun meanwhile
                None if activity.patience(&limits, stopping) > Instant::now() => {}
                None => {
                    if !stopping {
                        metrics::limit(if activity.answered() == 0 { "header" } else { "idle" });
                    }
                    connection.as_mut().graceful_shutdown();
                    ending = Some(Instant::now() + LINGER);
                }
            },
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                // one that was just opened is about to ask
                if activity.answered() > 0 {
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    // Activity is what ends a connection that rests; hyper's own clock is the net below it
    let rest = seconds(limits.header_seconds.max(limits.idle_seconds));
    server.http1().timer(TokioTimer::new()).header_read_timeout(rest).keep_alive(true).max_buf_size(64 << 10);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(seconds(limits.header_seconds))
        .max_header_list_size(16 << 10)
        .max_concurrent_streams(64);
    server
}

/// What happens on a connection: for how long nothing has.
struct Activity {
    /// Requests whose answer is not begun.
    running: AtomicUsize,
    /// Since when there is none, and how many were answered before.
    rest: Mutex<(Instant, u64)>,
}

impl Activity {
    fn answered(&self) -> u64 {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Until when the connection may go on as it is; while a request is being answered, when to look again.
    fn patience(&self, limits: &Limits, stopping: bool) -> Instant {
        let (since, answered) = *self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let allowed = if stopping {
            LINGER
        } else {
            seconds(if answered == 0 { limits.header_seconds } else { limits.idle_seconds })
        };
        if self.running.load(Ordering::Acquire) > 0 { Instant::now() + allowed } else { since + allowed }
    }
}

/// That a request is being answered.
struct Running(Arc<Activity>);

impl Running {
    fn begin(activity: Arc<Activity>) -> Self {
        activity.running.fetch_add(1, Ordering::AcqRel);
        Self(activity)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut rest = self.0.rest.lock().unwrap_or_else(PoisonError::into_inner);
        *rest = (Instant::now(), rest.1 + 1);
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How many connections each address has.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Addresses {
    /// Lets a connection in; none where its address has `most` already (0: any number).
    fn enter(&self, address: IpAddr, most: usize) -> Option<OfAddress> {
        let address = who(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(address).or_default();
        if most > 0 && *count >= most {
            return None;
        }
        *count += 1;
        Some(OfAddress { addresses: self.clone(), address })
    }
}

/// A household or a firm has a /64 of IPv6 at the least, and all addresses in it.
fn who(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

struct OfAddress {
    addresses: Addresses,
    address: IpAddr,
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut all = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.address);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_an_ipv6_network_counts_as_one() {
        let addresses = Addresses::default();
        let enter = |address: &str| addresses.enter(address.parse().unwrap(), 2);
        let (first, _second) = (enter("192.0.2.1").unwrap(), enter("192.0.2.1").unwrap());
        assert!(enter("192.0.2.1").is_none() && enter("::ffff:192.0.2.1").is_none());
        let _other = enter("192.0.2.2").unwrap();
        drop(first);
        let _third = enter("192.0.2.1").unwrap();
        let (_a, _b) = (enter("2001:db8::1").unwrap(), enter("2001:db8::ffff:1").unwrap());
        assert!(enter("2001:db8::2").is_none());
        assert!(enter("2001:db8:0:1::2").is_some());
        assert!(addresses.enter("192.0.2.1".parse().unwrap(), 0).is_some(), "0 is any number");
    }

    #[tokio::test]
    async fn a_reload_changes_how_many_connections_there_may_be() {
        let (places, mut size) = (Arc::new(Semaphore::new(2)), 2);
        let held = Arc::clone(&places).acquire_many_owned(2).await.unwrap();
        resize(&places, &mut size, 1);
        assert_eq!((size, places.available_permits()), (2, 0), "those that are served are left");
        drop(held);
        resize(&places, &mut size, 1);
        assert_eq!((size, places.available_permits()), (1, 1));
        resize(&places, &mut size, 5);
        assert_eq!((size, places.available_permits()), (5, 5));
    }
}
