//! The load of `cargo xtask bench`: ConsulterDossierPA or CreerDossierPA over kept-alive HTTPS connections, as fast as the
//! server answers.
//!
//! `load BASE CA PARTNER-PEM PARTNER-KEY WHAT IDLOCAL MESSAGES CONNECTIONS x509|saml|encrypted SERVER-PEM`
//!
//! WHAT is the IdDossier to ask for, or the file (`….json`) of what to create, for users named IDLOCAL-1, IDLOCAL-2 and so on.
//! Every message is another one and is signed before the clock starts, so that what is measured is the server. An answer that is
//! not a 200 with code 999 ends the run. Prints one JSON document.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Barrier};
use std::time::Instant;

use dossier::{AccesSaisi, CreationSaisie, Requete};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use xmlsec::{Certificate, SigningKey};

type Failure = Box<dyn Error + Send + Sync>;
type Connection = BufReader<StreamOwned<ClientConnection, TcpStream>>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, ca, certificate, key, what, id_local, messages, connections, profile, server] =
        arguments.as_slice()
    else {
        return Err("see the head of this file for what to give".into());
    };
    let identity = wss::Identity::new(
        SigningKey::from_pem(&std::fs::read(key)?)?,
        Certificate::from_pem(&std::fs::read(certificate)?)?.swap_remove(0),
    )?;
    let sealing = sealing(profile, &Certificate::from_pem(&std::fs::read(server)?)?.swap_remove(0))?;
    let (messages, connections): (usize, usize) = (messages.parse()?, connections.parse()?);
    let mut requests = requests(what, id_local)?;
    let host = base.strip_prefix("https://").ok_or("BASE begins with https://")?;
    let tls = tls(&std::fs::read(ca)?)?;

    let mut shares = Vec::new();
    for _ in 0..connections {
        let signed: Result<Vec<_>, Failure> =
            (0..messages / connections).map(|_| post(host, &requests()?, &identity, &sealing)).collect();
        shares.push((connect(host, &tls)?, signed?));
    }

    let start = Arc::new(Barrier::new(connections + 1));
    let threads: Vec<_> = shares
        .into_iter()
        .map(|(connection, share)| {
            let start = Arc::clone(&start);
            std::thread::spawn(move || run(connection, &share, &start))
        })
        .collect();
    start.wait();
    let started = Instant::now();
    let mut bytes = 0;
    for thread in threads {
        bytes = thread.join().map_err(|_| "a connection's thread broke")??;
    }
    let seconds = started.elapsed().as_secs_f64();
    let sent = messages / connections * connections;
    println!(r#"{{"requests": {sent}, "seconds": {seconds:.3}, "answer_bytes": {bytes}}}"#);
    Ok(())
}

/// What gives one request after the other.
fn requests(what: &str, id_local: &str) -> Result<Box<dyn FnMut() -> Result<Requete, Failure>>, Failure> {
    let id_local = id_local.to_owned();
    if !what.ends_with(".json") {
        let access = AccesSaisi { id_dossier: what.to_owned(), id_local };
        return Ok(Box::new(move || Ok(Requete::ConsulterDossierPA(vec![access.clone()]))));
    }
    let mut creation: serde_json::Value = serde_json::from_slice(&std::fs::read(what)?)?;
    let mut user = 0;
    Ok(Box::new(move || {
        user += 1;
        let members = creation.as_object_mut().ok_or("what to create is no object")?;
        members.insert("IdLocal".to_owned(), format!("{id_local}-{user}").into());
        Ok(Requete::CreerDossierPA(CreationSaisie::from_json(creation.clone())?))
    }))
}

fn tls(ca: &[u8]) -> Result<Arc<ClientConfig>, Failure> {
    let mut roots = RootCertStore::empty();
    for anchor in Certificate::from_pem(ca)? {
        roots.add(anchor.der().to_vec().into())?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth().into())
}

fn connect(host: &str, tls: &Arc<ClientConfig>) -> Result<Connection, Failure> {
    let (name, _) = host.split_once(':').ok_or("BASE has a port")?;
    let socket = TcpStream::connect(host)?;
    socket.set_nodelay(true)?;
    let connection = ClientConnection::new(Arc::clone(tls), name.to_owned().try_into()?)?;
    Ok(BufReader::with_capacity(1 << 15, StreamOwned::new(connection, socket)))
}

/// How a message of this profile is secured.
fn sealing(profile: &str, server: &Certificate) -> Result<wss::Sealing, Failure> {
    let plain = wss::Sealing::default();
    Ok(match profile {
        "x509" => plain,
        "saml" => wss::Sealing {
            assertion: Some(wss::UserAssertion {
                confirmation: wss::Confirmation::Bearer,
                name_id: "bench".to_owned(),
                authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password".to_owned(),
                attributes: vec![("Authentification_Mode".to_owned(), "INDIRECTE".to_owned())],
            }),
            ..plain
        },
        "encrypted" => wss::Sealing {
            encryption: Some(wss::EncryptFor::new(server, wss::EncryptionAlgorithms::default())?),
            ..plain
        },
        other => return Err(format!("no such profile: {other}").into()),
    })
}

#[expect(clippy::disallowed_methods, reason = "messages are signed for the moment at which they are sent")]
fn post(
    host: &str,
    request: &Requete,
    identity: &wss::Identity,
    sealing: &wss::Sealing,
) -> Result<Vec<u8>, Failure> {
    let envelope =
        wss::seal(identity, sealing, jiff::Timestamp::now(), &mut rand::rng(), |w| request.encode(w))?;
    let operation = request.operation();
    let mut post = format!(
        "POST {} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/soap+xml; charset=utf-8; action=\"{}\"\r\nContent-Length: {}\r\n\r\n",
        operation.service().path(),
        operation.action(),
        envelope.len()
    )
    .into_bytes();
    post.extend_from_slice(&envelope);
    Ok(post)
}

/// Sends the share, one message after the other's answer; the length of the last answer.
fn run(mut connection: Connection, share: &[Vec<u8>], start: &Barrier) -> Result<usize, Failure> {
    let mut answer = Vec::new();
    start.wait();
    for message in share {
        connection.get_mut().write_all(message)?;
        connection.get_mut().flush()?;
        let status = receive(&mut connection, &mut answer)?;
        // what is encrypted shows no code
        let holds = |text: &[u8]| answer.windows(text.len()).any(|bytes| bytes == text);
        if !status.contains(" 200 ") || !(holds(b">999<") || holds(b"<xenc:EncryptedData ")) {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&answer)).into());
        }
    }
    Ok(answer.len())
}

/// Reads one answer; its status line.
fn receive(connection: &mut Connection, answer: &mut Vec<u8>) -> Result<String, Failure> {
    let mut status = String::new();
    connection.read_line(&mut status)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        connection.read_line(&mut header)?;
        match header.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse()?
            }
            Some(_) => {}
            None => break,
        }
    }
    answer.resize(length, 0);
    connection.read_exact(answer)?;
    Ok(status)
}
