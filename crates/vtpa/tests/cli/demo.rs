//! `vtpa demo`: every file of the contract, nothing overwritten, and the whole way from creation to the page.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::house::Running;
use crate::vtpa::{tool, vtpa_in};
use crate::web::{browser, cookie, enter, wait_for};

const FILES: [&str; 12] = [
    "ca.key",
    "ca.pem",
    "partner.key",
    "partner.p12",
    "partner.pem",
    "server.key",
    "server.pem",
    "unregistered.key",
    "unregistered.pem",
    "vtpa.cle",
    "vtpa.db",
    "vtpa.toml",
];

fn start(directory: &Path) -> Running {
    let arguments = ["demo", "--dir", "demo", "--listen", "127.0.0.1:0", "--portal", "127.0.0.1:0"];
    Running::start(directory, &arguments)
}

/// The demonstration's files but the database, which a running server may change.
fn content(demo: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(demo).unwrap().map(|entry| entry.unwrap());
    let files = files.filter(|entry| !entry.file_name().to_string_lossy().starts_with("vtpa.db"));
    files.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn everything_is_there_at_the_first_start_and_the_same_at_the_second() {
    let directory = tempfile::tempdir().unwrap();
    let demo = directory.path().join("demo");
    let mut running = start(directory.path());
    for file in FILES {
        assert!(demo.join(file).is_file(), "{file}");
        let mode = fs::metadata(demo.join(file)).unwrap().permissions().mode() & 0o777;
        let private = [".key", ".p12", ".cle", ".db"].iter().any(|end| file.ends_with(end));
        assert_eq!(mode & 0o077 == 0, private, "{file} has mode {mode:o}");
    }
    let listed =
        vtpa_in(&demo, ["etablissement", "list", "--config", "vtpa.toml", "--json"]).status(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 8);
    assert!(listed[0]["NumFINISS"].is_string() && listed[0]["RaisonSociale"].is_string(), "{listed}");
    let partners = vtpa_in(&demo, ["partner", "list", "--config", "vtpa.toml", "--json"]).status(0).json();
    assert_eq!(partners.as_array().unwrap().len(), 1);
    assert_eq!(partners[0]["name"], "portail-demo");
    assert_eq!(running.end_by("INT"), Some(0));

    let before = content(&demo);
    let mut again = start(directory.path());
    let portal = again.ready.split(' ').nth(2).unwrap().to_owned();
    assert_eq!(content(&demo), before, "a second start overwrites nothing");
    let listed = vtpa_in(&demo, ["etablissement", "list", "--config", "vtpa.toml", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 8);
    let partners = vtpa_in(&demo, ["partner", "list", "--config", "vtpa.toml", "--json"]).json();
    assert_eq!(
        partners[0]["settings"]["url_retour"], portal,
        "the way back leads to the portal of this start"
    );
    assert_eq!(partners[0]["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(again.end_by("TERM"), Some(0));
}

#[test]
fn the_certificates_follow_the_specification_and_every_tool_reads_them() {
    let directory = tempfile::tempdir().unwrap();
    let demo = directory.path().join("demo");
    let mut running = start(directory.path());
    assert_eq!(running.end_by("TERM"), Some(0));

    for file in ["server.pem", "partner.pem", "unregistered.pem"] {
        vtpa_in(&demo, ["cert", "check", file]).status(0);
        tool(&demo, "openssl", &["verify", "-x509_strict", "-CAfile", "ca.pem", file]);
    }
    let names = tool(&demo, "openssl", &["x509", "-in", "server.pem", "-noout", "-ext", "subjectAltName"]);
    assert!(names.contains("DNS:localhost") && names.contains("IP Address:127.0.0.1"), "{names}");
    let ski =
        tool(&demo, "openssl", &["x509", "-in", "partner.pem", "-noout", "-ext", "subjectKeyIdentifier"]);
    assert!(ski.contains("Subject Key Identifier"), "{ski}");

    let p12 = ["pkcs12", "-in", "partner.p12", "-passin", "pass:demo", "-nodes"];
    let opened = tool(&demo, "openssl", &p12);
    assert_eq!(opened.matches("BEGIN CERTIFICATE").count(), 2, "the certificate and its authority");
    assert_eq!(opened.matches("BEGIN PRIVATE KEY").count(), 1);
    let keytool = ["-list", "-keystore", "partner.p12", "-storetype", "PKCS12", "-storepass", "demo", "-v"];
    let listed = tool(&demo, "keytool", &keytool);
    assert!(listed.contains("PrivateKeyEntry") && listed.contains("CN=portail-demo"), "{listed}");
}

#[test]
fn a_missing_file_is_made_again_and_fits_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let demo = directory.path().join("demo");
    assert_eq!(start(directory.path()).end_by("TERM"), Some(0));
    let before = content(&demo);
    for file in ["unregistered.pem", "unregistered.key", "partner.p12", "server.pem"] {
        fs::remove_file(demo.join(file)).unwrap();
    }
    assert_eq!(start(directory.path()).end_by("TERM"), Some(0));
    let after = content(&demo);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert_eq!(before["server.key"], after["server.key"], "a key that is there serves its new certificate");
    for file in ["server.pem", "unregistered.pem"] {
        assert_ne!(before[file], after[file]);
        tool(&demo, "openssl", &["verify", "-CAfile", "ca.pem", file]);
    }
}

#[test]
fn a_half_pair_is_told_apart_not_papered_over() {
    let directory = tempfile::tempdir().unwrap();
    let demo = directory.path().join("demo");
    assert_eq!(start(directory.path()).end_by("TERM"), Some(0));
    fs::remove_file(demo.join("partner.key")).unwrap();
    let arguments = ["demo", "--dir", "demo", "--listen", "127.0.0.1:0", "--portal", "127.0.0.1:0"];
    vtpa_in(directory.path(), arguments).status(1).says("partner.pem is there without its key");

    let partner = demo.join("partner.pem");
    fs::remove_file(&partner).unwrap();
    fs::remove_file(demo.join("ca.key")).unwrap();
    vtpa_in(directory.path(), arguments).status(1).says("ca.key").says("--dir");
    assert!(!partner.exists());
}

#[test]
fn a_port_that_is_taken_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let arguments = ["demo", "--dir", "demo", "--listen", "127.0.0.1:0", "--portal", &taken];
    vtpa_in(directory.path(), arguments).status(1).says(&taken);
}

/// What is read of a page: its text without the tags between.
fn text(page: &str) -> String {
    page.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect()
}

/// The way of issue 2: what the lines after `ready` say, typed one after the other.
#[test]
fn the_whole_way_from_creation_to_the_page() {
    let directory = tempfile::tempdir().unwrap();
    let demo = directory.path().join("demo");
    let mut running = start(directory.path());
    let server = running.url().to_owned();
    let portal = running.ready.split(' ').nth(2).unwrap().to_owned();
    let call = |arguments: &[&str]| {
        let who = ["--cert", "partner.pem", "--key", "partner.key", "--server-cert", "server.pem"];
        let where_to = ["--url", &server, "--ca", "ca.pem", "--profile", "x509"];
        vtpa_in(&demo, [&["call"], arguments, &who, &where_to].concat())
    };

    let id = call(&["creer", "dossier.json"]).status(0).out.trim().to_owned();
    assert_eq!(id.len(), 13);
    let dossier = format!("{id}:usager-1");
    let state = call(&["consulter", &dossier]).status(0);
    assert_eq!(state.out, format!("{id}  NON_ENVOYEE\n"));
    let token = call(&["jeton", &dossier]).status(0).out.trim().to_owned();

    wait_for(async {
        let browser = browser(&demo);
        let entered = enter(&browser, &server, &token).await;
        assert_eq!(entered.status(), 303);
        assert_eq!(entered.headers()["location"], "/dossier");
        let page =
            browser.get(format!("{server}/dossier")).header("cookie", cookie(&entered)).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        for champ in ["IdDossier", "Demandeur.NomNaissance", "StatutDossier"] {
            assert!(page.contains(&format!("data-champ=\"{champ}\"")), "{champ} is not on the page");
        }
        let read = text(&page);
        assert!(read.contains(&id) && read.contains("Chastaing"), "{read}");
        assert_eq!(enter(&browser, &server, &token).await.status(), 403, "a token serves once");

        let welcome = browser.get(&portal).send().await.unwrap();
        assert_eq!(welcome.status(), 200);
        assert!(welcome.text().await.unwrap().contains("<form"), "the portal has its form");
    });
    assert_eq!(running.end_by("INT"), Some(0));
}

/// What the demo prints to be copied is copied, into a shell, as it stands.
#[test]
fn the_lines_after_ready_work_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("à l'essai");
    fs::create_dir(&home).unwrap();
    let mut running = start(&home);
    let printed = running.lines_until("Ctrl-C ends it.");
    let script: String =
        printed.iter().filter_map(|line| line.strip_prefix("  ")).map(|l| format!("{l}\n")).collect();
    fs::write(home.join("lines.sh"), &script).unwrap();
    let out = tool(&home, "sh", &["-e", "lines.sh"]);
    let lines: Vec<_> = out.lines().collect();
    let [id, state, address] = lines[..] else { panic!("{script}\n{out}") };
    assert_eq!(state, format!("{id}  NON_ENVOYEE"));
    wait_for(async {
        let entered = browser(&home.join("demo")).get(address).send().await.unwrap();
        assert_eq!(entered.status(), 303, "{address}");
    });
    let show = ["dossier", "show", id, "--config", "demo/vtpa.toml", "--json"];
    assert_eq!(vtpa_in(&home, show).status(0).json()["StatutDossier"], "ENVOYEE");
    assert_eq!(running.end_by("TERM"), Some(0));
}
