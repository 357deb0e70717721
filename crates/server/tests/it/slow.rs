//! Slow clients: a thousand at once, of each kind, do not stop others being served, and their connections end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use testkit::pki::pki;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Harness;
use crate::codes::creation_of;
use crate::faults::SOAP;
use crate::tls::{post, told};

const SLOW: usize = 1000;

pub(crate) fn connector() -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pki().ca.certificate_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

pub(crate) async fn connect(
    connector: &TlsConnector,
    address: SocketAddr,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    connector.connect(ServerName::try_from("localhost").unwrap(), tcp).await
}

/// How a client dawdles.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Slowness {
    /// Connects, and sends the first bytes of a handshake.
    Handshake,
    /// Sends the headers a few bytes at a time and never their end.
    Headers,
    /// Announces a body and sends it a byte at a time.
    Body,
    /// Asks once, then keeps the connection.
    Idle,
}

/// Dawdles until the server ends it; gives how long that took.
async fn dawdle(how: Slowness, connector: TlsConnector, address: SocketAddr) -> Duration {
    let begun = Instant::now();
    if how == Slowness::Handshake {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        // a ClientHello of 512 bytes of which 5 come
        let _ = tcp.write_all(&[22, 3, 1, 2, 0]).await;
        let _ = tcp.read(&mut [0; 64]).await;
        return begun.elapsed();
    }
    let Ok(mut tls) = connect(&connector, address).await else { return begun.elapsed() };
    let (head, more): (String, &[u8]) = match how {
        Slowness::Headers => ("POST /ws/creation HTTP/1.1\r\nHost: localhost\r\n".to_owned(), b"X-A: b\r\n"),
        Slowness::Body => (
            format!(
                "POST /ws/creation HTTP/1.1\r\nHost: localhost\r\nContent-Type: {SOAP}\r\nContent-Length: 9000\r\n\r\n"
            ),
            b" ",
        ),
        _ => ("GET /sante HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), b""),
    };
    if tls.write_all(head.as_bytes()).await.is_err() {
        return begun.elapsed();
    }
    let mut answer = [0; 1024];
    let mut answered = 0;
    loop {
        tokio::select! {
            read = tls.read(&mut answer) => match read {
                // an answer to a request that is not whole ends the connection
                Ok(read) if read > 0 => answered += read,
                _ => {
                    assert!(answered > 0 || how == Slowness::Headers, "{how:?}");
                    return begun.elapsed();
                }
            },
            () = tokio::time::sleep(Duration::from_millis(500)) => {
                if !more.is_empty() && tls.write_all(more).await.is_err() {
                    return begun.elapsed();
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_slow_connections_of_each_kind_do_not_stop_others_being_served() {
    let harness = Harness::with(|config| {
        // all come from one address here
        config.limits.connections_per_address = 0;
        config.limits.handshake_seconds = 10;
        config.limits.header_seconds = 10;
        config.limits.body_seconds = 20;
        config.limits.idle_seconds = 5;
    })
    .await;
    let (now, address) = (harness.now(), harness.server.address());
    let messages: Vec<_> = (0..120).map(|_| harness.message(&pki().partner, &creation_of("u"))).collect();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let Harness { server, directory, .. } = harness;
    let calls = async {
        let mut messages = messages.into_iter();
        for how in [Slowness::Handshake, Slowness::Headers, Slowness::Body, Slowness::Idle] {
            let connector = connector();
            let slow: Vec<_> =
                (0..SLOW).map(|_| tokio::spawn(dawdle(how, connector.clone(), address))).collect();
            // while they come and while they are there
            let mut took: Vec<_> = Vec::new();
            for message in messages.by_ref().take(30) {
                let begun = Instant::now();
                assert_eq!(told(now, post(address, None, &message).await), "999", "{how:?}");
                took.push(begun.elapsed());
            }
            took.sort();
            let open = slow.iter().filter(|slow| !slow.is_finished()).count();
            println!(
                "{how:?}: {} creations answered beside {open} slow connections, median {:?}, longest {:?}",
                took.len(),
                took[took.len() / 2],
                took[took.len() - 1]
            );
            assert_eq!(took.len(), 30);
            let ended = futures::future::join_all(slow).await;
            let longest = ended.into_iter().map(Result::unwrap).max().unwrap();
            println!("{how:?}: the last of {SLOW} was ended after {longest:?}");
        }
        stop.send(true).unwrap();
    };
    tokio::join!(server.run(stopped), calls);
    drop(directory);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_no_more_connections_than_it_may() {
    let harness = Harness::with(|config| config.limits.connections_per_address = 3).await;
    let address = harness.server.address();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let Harness { server, directory, .. } = harness;
    let calls = async {
        let connector = connector();
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(connect(&connector, address).await.unwrap());
        }
        assert!(connect(&connector, address).await.is_err(), "a fourth is closed at once");
        // another address of this machine is another caller
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.9:0".parse().unwrap()).unwrap();
        let tcp = socket.connect(address).await.unwrap();
        connector.connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap();
        drop(held);
        // the server sees that they are gone a moment later
        let mut tries = 0;
        while connect(&connector, address).await.is_err() {
            tries += 1;
            assert!(tries < 100, "places are free again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stop.send(true).unwrap();
    };
    tokio::join!(server.run(stopped), calls);
    drop(directory);
}
