//! `vtpa serve`: it starts, says what keeps it from starting, ends in order, and loses nothing when it is killed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::{Client, ServerTrust, Settings};
use dossier::{AccesSaisi, CreationSaisie, Reponse, Requete};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use testkit::pki::pki;
use wss::Identity;
use xmlsec::{Certificate, SigningKey};

use crate::house::House;
use crate::vtpa::{tool, vtpa_in};
use crate::web::{browser, wait_for};

#[test]
fn it_answers_where_the_ready_line_says_and_ends_with_status_0() {
    let house = House::new();
    for signal in ["TERM", "INT"] {
        let mut server = house.serve();
        wait_for(async {
            let browser = browser(house.path());
            for path in ["/sante", "/pret"] {
                assert_eq!(
                    browser.get(format!("{}{path}", server.url())).send().await.unwrap().status(),
                    200
                );
            }
            let wsdl = browser.get(format!("{}/ws/creation?wsdl", server.url())).send().await.unwrap();
            let wsdl = wsdl.text().await.unwrap();
            assert!(
                wsdl.contains(&format!("{}/ws/creation", server.url())),
                "the WSDL leads to this server: {wsdl}"
            );
        });
        assert_eq!(server.end_by(signal), Some(0));
    }
}

/// A TLS connection to the server, to write and read at one's own pace.
fn connection(house: &House, url: &str) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(house.path().join("ca.pem")).unwrap()).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider().into();
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = rustls::ClientConnection::new(config.into(), "localhost".try_into().unwrap()).unwrap();
    let socket = TcpStream::connect(("127.0.0.1", port(url))).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    rustls::StreamOwned::new(client, socket)
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
fn a_request_in_flight_is_answered_before_the_end() {
    let house = House::new();
    let mut server = house.serve();
    let mut connection = connection(&house, server.url());
    let head = "POST /ws/creation HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/soap+xml\r\n\
                content-length: 20\r\n\r\n";
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(b"<half of").unwrap();
    connection.flush().unwrap();
    // Time for the server to have read what was sent, then for it to have understood the signal.
    std::thread::sleep(Duration::from_millis(300));
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    connection.write_all(b" a message/>").unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 500", "a fault, as for any message that is none");
    drop(connection);
    assert_eq!(server.end(), Some(0));
}

#[test]
fn connections_that_say_nothing_do_not_hold_up_the_end() {
    let house = House::new();
    let mut server = house.serve();
    let _before_tls = TcpStream::connect(("127.0.0.1", port(server.url()))).unwrap();
    let mut after_tls = connection(&house, server.url());
    after_tls.write_all(b"GET /sante HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    after_tls.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let begun = Instant::now();
    assert_eq!(server.end_by("TERM"), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
}

#[test]
fn a_file_that_cannot_serve_is_named_with_what_it_holds_and_what_mends_it() {
    let house = House::new();
    tool(
        house.path(),
        "openssl",
        &"req -new -key server.key -subj /CN=x -out server.csr".split(' ').collect::<Vec<_>>(),
    );
    let serve = |toml: &str| {
        let base = "[database]\nurl = \"sqlite:vtpa.db\"\n[listen]\nhttps = \"127.0.0.1:0\"\n";
        house.write("other.toml", format!("{base}{toml}"));
        vtpa_in(house.path(), ["serve", "--config", "other.toml"])
    };
    let trust = "[trust]\nanchors = [\"ca.pem\"]\n";
    let signature = |certificate: &str, key: &str| {
        format!("{trust}[signature]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n")
    };
    let csr = serve(&signature("server.csr", "server.key")).status(1);
    csr.says("server.csr").says("certificate request (CSR)").says("openssl x509 -req");
    serve(&signature("server.pem", "server.pem"))
        .status(1)
        .says("server.pem")
        .says("holds a certificate, not a PEM private key");
    serve(&signature("server.pem", "partner.key")).status(1).says("partner.key").says("server.pem");
    serve(&signature("absent.pem", "server.key")).status(1).says("absent.pem").says("cannot be read");
    serve("[trust]\nanchors = [\"ca.key\"]\n").status(1).says("ca.key").says("a private key");
    let tls = format!("{trust}[tls]\ncertificate = \"server.key\"\n");
    serve(&tls).status(1).says("server.key").says("a private key");
}

#[test]
fn a_configuration_that_cannot_be_is_explained() {
    let house = House::new();
    let serve = |toml: &str| {
        house.write("other.toml", toml);
        vtpa_in(house.path(), ["serve", "--config", "other.toml"]).status(1)
    };
    serve("[database]\nurl = \"sqlite:x.db\"\n[ws_security]\nmax_age_second = 3\n").says("max_age_seconds");
    serve("public_url = \"https://localhost\"\n").says("database.url");
    serve("[database\n").says("other.toml");
    vtpa_in(house.path(), ["serve", "--config", "absent.toml"]).status(1).says("absent.toml");
    vtpa_in(house.path(), ["serve"]).status(2).says("--config");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _held = std::net::TcpListener::bind(taken).unwrap();
    let arguments = ["serve", "--config", "vtpa.toml", "--listen", &taken.to_string()];
    vtpa_in(house.path(), arguments).status(1).says(&taken.to_string());
}

#[test]
fn the_database_may_be_named_on_the_command_line() {
    let house = House::new();
    let url = format!("sqlite:{}", house.path().join("other.db").display());
    let arguments = ["serve", "--config", "vtpa.toml", "--listen", "127.0.0.1:0", "--database", &url];
    let mut server = crate::house::Running::start(house.path(), &arguments);
    assert!(house.path().join("other.db").exists());
    let refused = server.call(&pki().partner, &["jeton", "1234567890128:x"]).status(3).json();
    assert_eq!(refused["CodeRetour"]["Code"], "100", "nobody is registered in the other database");
    assert_eq!(server.end_by("TERM"), Some(0));
}

#[test]
fn a_second_server_on_one_sqlite_file_is_refused_and_commands_work_beside_the_first() {
    let house = House::new();
    let mut server = house.serve();
    let arguments = ["serve", "--config", "vtpa.toml", "--listen", "127.0.0.1:0"];
    vtpa_in(house.path(), arguments)
        .status(1)
        .says("another server serves this SQLite database")
        .says("PostgreSQL");
    let dossier = server.create("moi");
    house.operator(&["dossier", "show", &dossier, "--json"]).status(0);
    house.operator(&["partner", "suspend", "portail"]).status(0);
    house.operator(&["etablissement", "list"]).status(0);
    assert_eq!(server.end_by("TERM"), Some(0));
    assert_eq!(house.serve().end_by("TERM"), Some(0), "once the first has ended");
}

#[test]
fn two_servers_share_one_postgresql_and_the_commands_reach_it() {
    let house = House::new();
    let url = testkit::postgres::Place::new().url();
    let toml = "sandbox = true\n[listen]\nhttps = \"127.0.0.1:0\"\n[trust]\nanchors = [\"ca.pem\"]\n";
    house.write("vtpa.toml", format!("{toml}[database]\nurl = \"{url}\"\n"));
    house.operator(&["partner", "add", "portail", "--cert", "partner.pem"]).status(0);
    let (mut first, mut second) = (house.serve(), house.serve());
    let dossier = first.create("moi");
    let shown = house.operator(&["dossier", "show", &dossier, "--json"]).status(0).json();
    assert!(shown.to_string().contains(&dossier), "{shown}");
    let read = second.call(&pki().partner, &["consulter", &format!("{dossier}:moi")]).status(0).json();
    assert!(read.to_string().contains(&dossier), "{read}");
    let by_url = vtpa_in(house.path(), ["partner", "list", "--json", "--database", &url]).status(0).json();
    assert!(by_url.to_string().contains("portail"), "{by_url}");
    assert_eq!((first.end_by("TERM"), second.end_by("INT")), (Some(0), Some(0)));
}

fn partner(url: &str) -> Client {
    let anchors = Certificate::from_pem(pki().ca.certificate_pem.as_bytes()).unwrap();
    let server = Certificate::parse(&pki().server.certificate_der).unwrap();
    let certificate = Certificate::parse(&pki().partner.certificate_der).unwrap();
    let key = SigningKey::from_pem(pki().partner.key_pem.as_bytes()).unwrap();
    Client::new(Settings {
        base_url: url.to_owned(),
        identity: Identity::new(key, certificate).unwrap(),
        assertion: None,
        tls_anchors: anchors,
        server: ServerTrust::Pinned(Box::new(server)),
        encryption: None,
        decryption: None,
    })
    .unwrap()
}

/// Creates dossiers until the server no longer answers; gives the numbers answered 999 with their IdLocal.
async fn create_until_it_dies(url: String, worker: usize, killed: Arc<AtomicBool>) -> Vec<(String, String)> {
    let client = partner(&url);
    let mut created = Vec::new();
    for turn in 0.. {
        let id_local = format!("usager-{worker}-{turn}");
        let creation = CreationSaisie::from_json(testkit::dossiers::creation(&id_local)).unwrap();
        match client.call(&Requete::CreerDossierPA(creation)).await {
            Ok(answer) => match answer.reponse {
                Reponse::CreerDossierPA { id_dossier: Some(id), code } if code.est_succes() => {
                    created.push((id.as_str().to_owned(), id_local));
                }
                other => panic!("{other:?}"),
            },
            Err(_) if killed.load(Ordering::SeqCst) => break,
            Err(error) => panic!("before the kill: {error}"),
        }
    }
    created
}

/// Issue 2: `kill -9` during creations; every dossier answered 999 is there after the restart.
#[test]
fn no_dossier_that_was_answered_999_is_lost_by_kill_9() {
    const WORKERS: usize = 8;
    let house = House::new();
    let mut acknowledged = Vec::new();
    for pause in [Duration::from_millis(700), Duration::from_millis(1100), Duration::from_millis(900)] {
        let mut server = house.serve();
        let killed = Arc::new(AtomicBool::new(false));
        acknowledged.extend(wait_for(async {
            let workers = (0..WORKERS).map(|worker| {
                tokio::spawn(create_until_it_dies(server.url().to_owned(), worker, Arc::clone(&killed)))
            });
            let workers: Vec<_> = workers.collect();
            tokio::time::sleep(pause).await;
            killed.store(true, Ordering::SeqCst);
            assert_eq!(server.end_by("KILL"), None, "it was killed, not ended");
            let mut created = Vec::new();
            for worker in workers {
                created.extend(worker.await.unwrap());
            }
            created
        }));
    }
    assert!(acknowledged.len() > WORKERS, "too few creations to show anything: {}", acknowledged.len());
    let distinct: std::collections::HashSet<_> = acknowledged.iter().map(|(id, _)| id).collect();
    assert_eq!(distinct.len(), acknowledged.len(), "no number was given twice");

    let server = house.serve();
    wait_for(async {
        let client = partner(server.url());
        for hundred in acknowledged.chunks(100) {
            let asked = hundred
                .iter()
                .map(|(id, local)| AccesSaisi { id_dossier: id.clone(), id_local: local.clone() });
            let answer = client.call(&Requete::ConsulterDossierPA(asked.collect())).await.unwrap();
            let codes = answer.reponse.codes();
            assert_eq!(codes.len(), hundred.len());
            assert!(codes.iter().all(|code| code.est_succes()), "a dossier is lost: {codes:?}");
        }
    });
}
