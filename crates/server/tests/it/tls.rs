//! Certificates at the TLS level, over real connections: whose handshake it is must be who signs (attack catalogue 43).

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use server::config::ClientCertificates;
use storage::Rights;
use testkit::pki::{Identity, pki};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use wss::ReceivedFault;
use xmlsec::{Document, Limits};

use crate::codes::creation_of;
use crate::faults::SOAP;
use crate::{Harness, verified};

/// One POST to `/ws/creation` over a connection of its own, with this certificate or none; the answer's Body, or why the
/// connection failed.
pub(crate) async fn post(
    address: SocketAddr,
    as_whom: Option<&Identity>,
    message: &str,
) -> Result<Vec<u8>, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pki().ca.certificate_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match as_whom {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = vec![CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let failed = |error: std::io::Error| error.to_string();
    let mut tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.map_err(failed)?;
    let length = message.len();
    let head = format!(
        "POST /ws/creation HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {SOAP}\r\nContent-Length: {length}\r\n\r\n"
    );
    tls.write_all(format!("{head}{message}").as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    // in TLS 1.3 a server's refusal of the certificate shows only when the client reads
    tls.read_to_end(&mut answer).await.map_err(failed)?;
    let start = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no answer")? + 4;
    Ok(answer.split_off(start))
}

/// What the answers say: `999`, `100`, or a fault's subcode.
pub(crate) fn told(harness_now: jiff::Timestamp, answer: Result<Vec<u8>, String>) -> String {
    let Ok(body) = answer else { return "no connection".to_owned() };
    let document = Document::parse(&body, &Limits::default()).unwrap();
    let opened = verified(&document, harness_now);
    match ReceivedFault::read(opened.body()) {
        Some(fault) => fault.subcode.unwrap_or_default(),
        None => crate::Answer::read(&body, harness_now).codes().concat(),
    }
}

#[tokio::test]
async fn the_connection_s_certificate_is_of_the_application_that_signs() {
    // each row: what is configured, whose connection, who signs, what comes of it
    let rows = [
        (ClientCertificates::Off, None, &pki().partner, "999"),
        (ClientCertificates::Off, Some(&pki().unregistered), &pki().partner, "999"), // not asked for, so not given
        (ClientCertificates::Optional, None, &pki().partner, "999"),
        (ClientCertificates::Optional, Some(&pki().partner), &pki().partner, "999"),
        (ClientCertificates::Optional, Some(&pki().second), &pki().partner, "FailedAuthentication"),
        (ClientCertificates::Optional, Some(&pki().unregistered), &pki().partner, "FailedAuthentication"),
        (ClientCertificates::Optional, Some(&pki().partner), &pki().unregistered, "100"),
        (ClientCertificates::Optional, Some(&pki().wrong_ca), &pki().partner, "no connection"),
        (ClientCertificates::Optional, Some(&pki().expired), &pki().partner, "no connection"),
        (ClientCertificates::Required, None, &pki().partner, "FailedAuthentication"),
        (ClientCertificates::Required, Some(&pki().partner), &pki().partner, "999"),
        (ClientCertificates::Required, None, &pki().unregistered, "100"),
    ];
    for asked in [ClientCertificates::Off, ClientCertificates::Optional, ClientCertificates::Required] {
        let harness = Harness::with(|config| config.tls.client_certificates = asked).await;
        harness.register("autre", &pki().second, Rights::ALL).await;
        let now = harness.now();
        let messages: Vec<_> = rows
            .iter()
            .filter(|row| row.0 == asked)
            .map(|row| (row, harness.message(row.2, &creation_of("u"))))
            .collect();
        let address = harness.server.address();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let Harness { server, directory, .. } = harness;
        let calls = async {
            for ((_, connection, signer, expected), message) in messages {
                let name = connection.map_or("nobody", |identity| identity.name);
                let answer = told(now, post(address, *connection, &message).await);
                assert_eq!(answer, *expected, "{asked:?}: connection of {name}, signed by {}", signer.name);
            }
            stop.send(true).unwrap();
        };
        tokio::join!(server.run(stopped), calls);
        drop(directory);
    }
}
