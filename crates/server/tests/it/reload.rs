//! Keys, certificates, lists and limits are taken up while requests are answered, and none of these fails.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use server::Config;
use testkit::pki::{Identity, pki};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::Harness;
use crate::codes::creation_of;
use crate::slow::{connect, connector};
use crate::tls::{post, told};

/// The listener's own files: the signature's are others.
fn own_files(config: &mut Config, directory: &Path) {
    config.tls.certificate = directory.join("tls.pem");
    config.tls.key = directory.join("tls.key");
}

/// Writes an identity where the listener's is.
fn replace(directory: &Path, by: &Identity) {
    std::fs::write(directory.join("tls.pem"), &by.certificate_pem).unwrap();
    std::fs::write(directory.join("tls.key"), by.key_pem).unwrap();
}

/// A server whose listener has files of its own.
async fn harness() -> Harness {
    Harness::with(|config| {
        let directory = config.tls.certificate.parent().unwrap().to_owned();
        own_files(config, &directory);
        replace(&directory, &pki().server);
    })
    .await
}

/// The certificate that the listener shows.
async fn shown(address: std::net::SocketAddr) -> Vec<u8> {
    let tls = connect(&connector(), address).await.unwrap();
    tls.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_reloads_with_other_certificates_fail_no_request_of_a_client_that_calls_in_a_loop() {
    let harness = harness().await;
    let (now, address, reloader) = (harness.now(), harness.server.address(), harness.server.reloader());
    let file = harness.directory.path().join("vtpa.toml");
    let messages: Vec<_> = (0..400).map(|_| harness.message(&pki().partner, &creation_of("u"))).collect();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let Harness { server, directory, .. } = harness;
    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    // one connection that is kept open over all reloads, and a new one for each message
    let kept = {
        let (done, answered) = (Arc::clone(&done), Arc::clone(&answered));
        async move {
            let mut tls = connect(&connector(), address).await.unwrap();
            while !done.load(Ordering::Relaxed) {
                tls.write_all(b"GET /sante HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
                let mut answer = [0; 4096];
                let read = tls.read(&mut answer).await.unwrap();
                assert!(answer[..read].starts_with(b"HTTP/1.1 200"), "the kept connection");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let anew = {
        let (done, answered) = (Arc::clone(&done), Arc::clone(&answered));
        async move {
            for message in messages {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                assert_eq!(told(now, post(address, None, &message).await), "999");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let reloads = async {
        let mut certificates = std::collections::BTreeSet::new();
        for round in 0..20 {
            let identity = if round % 2 == 0 { &pki().renewed } else { &pki().server };
            replace(directory.path(), identity);
            let mut config = Config::load(&file).unwrap();
            own_files(&mut config, directory.path());
            let reloaded = reloader.reload(&config);
            assert_eq!((reloaded.taken.len(), reloaded.kept.len()), (5, 0), "{reloaded:?}");
            certificates.insert(shown(address).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(certificates.len(), 2, "each was shown");
        done.store(true, Ordering::Relaxed);
    };
    let work = async {
        tokio::join!(kept, anew, reloads);
        stop.send(true).unwrap();
    };
    tokio::join!(server.run(stopped), work);
    println!("{} requests answered during 20 reloads, none failed", answered.load(Ordering::Relaxed));
    assert!(answered.load(Ordering::Relaxed) > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_keeps_what_is_in_use_and_is_named_with_why() {
    let harness = harness().await;
    let (address, reloader) = (harness.server.address(), harness.server.reloader());
    let (file, directory) = (harness.directory.path().join("vtpa.toml"), harness.directory.path().to_owned());
    let message = |local: &str| harness.message(&pki().partner, &creation_of(local));
    let (before, after) = (message("a"), message("b"));
    let now = harness.now();
    let load = || {
        let mut config = Config::load(&file).unwrap();
        own_files(&mut config, &directory);
        config.limits.idle_seconds = 9;
        config
    };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let Harness { server, directory: _held, .. } = harness;
    let work = async {
        assert_eq!(told(now, post(address, None, &before).await), "999");
        // a key that is not the certificate's; no certificate; an authority that is none
        std::fs::write(directory.join("tls.pem"), &pki().renewed.certificate_pem).unwrap();
        std::fs::write(directory.join("ca.pem"), "nothing").unwrap();
        let reloaded = reloader.reload(&load());
        assert_eq!(reloaded.taken, ["signature certificate", "assertion issuers", "limits"]);
        let kept: Vec<_> = reloaded.kept.iter().map(ToString::to_string).collect();
        assert!(kept[0].contains("tls.key: does not go with"), "{kept:?}");
        assert!(kept[1].contains("ca.pem"), "{kept:?}");
        assert_eq!(shown(address).await, pki().server.certificate_der);
        assert_eq!(told(now, post(address, None, &after).await), "999", "the partner is still believed");
        // whole again, without a signal: the files are looked at
        std::fs::write(directory.join("tls.key"), pki().renewed.key_pem).unwrap();
        let mut tries = 0;
        while shown(address).await != pki().renewed.certificate_der {
            tries += 1;
            assert!(tries < 200, "the new certificate is shown");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stop.send(true).unwrap();
    };
    tokio::join!(server.run(stopped), work);
}

/// What `/pret` says, and whether the listener still answers.
#[tokio::test(flavor = "multi_thread")]
async fn before_it_stops_a_server_says_so_and_goes_on_answering() {
    let harness = Harness::with(|config| config.limits.drain_delay_seconds = 2).await;
    let (now, address) = (harness.now(), harness.server.address());
    let message = harness.message(&pki().partner, &creation_of("u"));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let Harness { server, directory: _held, .. } = harness;
    let work = async {
        let get = async |path: &str| {
            let mut tls = connect(&connector(), address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            tls.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            // the connection is kept but while the server ends
            let whole = tokio::time::timeout(Duration::from_millis(500), tls.read_to_end(&mut answer)).await;
            (whole.is_ok(), String::from_utf8(answer).unwrap())
        };
        assert!(!get("/pret").await.0, "kept open");
        stop.send(true).unwrap();
        let mut tries = 0;
        let (closed, answer) = loop {
            let (closed, answer) = get("/pret").await;
            if !answer.starts_with("HTTP/1.1 200") || tries > 100 {
                break (closed, answer);
            }
            tries += 1;
        };
        assert!(answer.starts_with("HTTP/1.1 503") && answer.ends_with("arrêt en cours\n"), "{answer}");
        assert!(closed && answer.to_lowercase().contains("connection: close"), "{answer}");
        assert!(get("/sante").await.1.starts_with("HTTP/1.1 200"), "it lives to its end");
        assert_eq!(told(now, post(address, None, &message).await), "999", "and serves");
    };
    tokio::join!(server.run(stopped), work);
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "then it is gone");
}
