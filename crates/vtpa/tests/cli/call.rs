//! `vtpa call`: what it sends, what it prints, and the exit status for each way a call can end.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use serde_json::json;
use testkit::dossiers;
use testkit::pki::pki;

use crate::house::House;
use crate::vtpa::{command, vtpa_in};

const WHO: [&str; 6] = ["--cert", "partner.pem", "--key", "partner.key", "--profile", "x509"];

#[test]
fn json_in_and_out_mirrors_the_contract() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let answer = server.call(&pki().partner, &["consulter", &format!("{id}:usager-1")]).status(0).json();
    let entry = &answer[0];
    assert_eq!(entry["IdDossier"], id.as_str());
    assert_eq!(entry["CodeRetour"], json!({ "Code": "999", "Message": "Succès" }));
    let demandeur = &entry["Dossier"]["Demandeur"];
    let sent = dossiers::demandeur();
    for member in
        ["NomNaissance", "NomUsuel", "Prenom", "DateNaissance", "Mail", "NumSecu", "ContacteurDemandeur"]
    {
        assert_eq!(demandeur[member], sent[member], "{member}");
    }
    assert_eq!(demandeur["Contacts"][0]["Prenom"], "Paul", "a list is an array of its items");
    assert_eq!(demandeur["AutresDonnees"][0]["Nom"], "Canal");
    assert_eq!(entry["Dossier"]["StatutDossier"], "NON_ENVOYEE");
    assert_eq!(entry["Dossier"]["DemandesEtablissement"], json!([]));
}

#[test]
fn answers_come_in_the_order_of_the_request_repeated_numbers_included() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let (ours, other) = (format!("{id}:usager-1"), format!("{id}:usager-2"));
    let unknown = "1234567890128:usager-1";
    let arguments = ["consulter", &ours, unknown, &other, &ours];
    let answer = server.call(&pki().partner, &arguments).status(3).says("460").json();
    let codes = answer.as_array().unwrap().iter().map(|entry| entry["CodeRetour"]["Code"].as_str().unwrap());
    assert_eq!(codes.collect::<Vec<_>>(), ["999", "460", "110", "999"]);
}

#[test]
fn without_json_standard_output_is_what_a_script_wants() {
    let house = House::new();
    let server = house.serve();
    house.write("creation.json", dossiers::creation_minimale("usager-1").to_string());
    let run = |arguments: &[&str]| {
        let server = ["--url", server.url(), "--ca", "ca.pem"];
        vtpa_in(house.path(), [&["call"], arguments, &server, &WHO].concat())
    };
    let created = run(&["creer", "creation.json"]).status(0);
    assert_eq!(created.err, "");
    let id = created.out.trim();
    assert!(id.len() == 13 && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    let token = run(&["jeton", &format!("{id}:usager-1")]).status(0).out;
    assert_eq!(token.trim().len(), 43, "256 bits in base64url: {token}");
    let list = run(&["consulter", &format!("{id}:usager-1"), "1234567890128:x"]).status(3);
    assert_eq!(list.out, format!("{id}  NON_ENVOYEE\n1234567890128  460 Le dossier n'existe pas\n"));
}

#[test]
fn an_assertion_comes_along_unless_the_certificate_alone_is_to_speak() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let dossier = format!("{id}:usager-1");
    let run = |profile: &[&str]| {
        let server = ["call", "consulter", &dossier, "--trace", "t", "--url", server.url(), "--ca", "ca.pem"];
        vtpa_in(house.path(), [&server, &WHO[..4], profile].concat())
    };
    for (profile, method) in [
        (&[][..], Some("sender-vouches")),
        (&["--profile", "saml"], Some("sender-vouches")),
        (&["--profile", "saml-hok"], Some("holder-of-key")),
        (&["--profile", "x509"], None),
    ] {
        run(profile).status(0);
        let files = std::fs::read_dir(house.path().join("t")).unwrap().map(|file| file.unwrap().path());
        let sent: String = files.map(|file| std::fs::read_to_string(file).unwrap()).collect();
        std::fs::remove_dir_all(house.path().join("t")).unwrap();
        assert_eq!(sent.contains("<saml:Assertion "), method.is_some(), "{profile:?}");
        assert!(
            sent.contains(&format!("cm:{}\"", method.unwrap_or_default())) == method.is_some(),
            "{profile:?}"
        );
    }
}

#[test]
fn an_encrypted_call_shows_its_content_to_nobody_and_demands_an_encrypted_answer() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let dossier = format!("{id}:usager-1");
    let run = |more: &[&str]| {
        let server = ["call", "consulter", &dossier, "--trace", "t", "--url", server.url(), "--ca", "ca.pem"];
        vtpa_in(house.path(), [&server, &WHO[..4], more].concat())
    };
    for (more, encrypted) in [
        (&["--profile", "x509"][..], false),
        (&["--profile", "x509", "--encrypt"], true),
        (&["--profile", "x509", "--encrypt", "--server-cert", "server.pem"], true),
        (&["--encrypt"], true),
        (&["--profile", "saml-hok", "--encrypt"], true),
    ] {
        let answer = run(more).status(0);
        assert_eq!(answer.out, format!("{id}  NON_ENVOYEE\n"), "{more:?}");
        let files = std::fs::read_dir(house.path().join("t")).unwrap().map(|file| file.unwrap().path());
        let wire: Vec<String> = files.map(|file| std::fs::read_to_string(file).unwrap()).collect();
        std::fs::remove_dir_all(house.path().join("t")).unwrap();
        assert_eq!(wire.len(), 2);
        for envelope in wire {
            assert_eq!(envelope.contains("<xenc:EncryptedData "), encrypted, "{more:?}");
            assert_eq!(envelope.contains(&id), !encrypted, "{more:?}");
            assert!(!(encrypted && envelope.contains("<saml:Assertion ")), "{more:?}");
        }
    }
    // for somebody else's certificate: the server cannot read it, and its fault is not that somebody's
    run(&["--profile", "x509", "--encrypt", "--server-cert", "partner.pem"])
        .status(5)
        .says("another certificate");
}

/// A file is sent as it is, so that a partner sees the code that its own mistake would get.
#[test]
fn business_codes_exit_3_and_are_told() {
    let house = House::new();
    let server = house.serve();
    let mut creation = dossiers::creation("usager-1");
    creation["Demandeur"].as_object_mut().unwrap().remove("NomNaissance");
    creation["Demandeur"]["Adresse"].as_object_mut().unwrap().remove("LibelleVoie");
    house.write("incomplete.json", creation.to_string());
    let answer = server.call(&pki().partner, &["creer", "incomplete.json"]).status(3).says("201");
    let code = &answer.json()["CodeRetour"];
    assert_eq!(code["Code"], "201");
    let paths = "Demandeur.NomNaissance, Demandeur.Adresse.LibelleVoie";
    assert_eq!(code["Message"], format!("Donnée obligatoire non renseignée : {paths}"));

    let refused = server.call(&pki().unregistered, &["jeton", "1234567890128:usager-1"]).status(3).json();
    assert_eq!(refused["CodeRetour"]["Code"], "100");
}

#[test]
fn a_soap_fault_exits_4_with_its_cause() {
    let house = House::new();
    let server = house.serve();
    for (who, cause) in [(&pki().wrong_ca, ""), (&pki().expired, ""), (&pki().no_signature_usage, "")] {
        let ended =
            server.call(who, &["jeton", "1234567890128:usager-1"]).status(4).says("SOAP fault").says(cause);
        assert!(ended.json()["Fault"]["Code"].is_string(), "{ended:?}");
    }
}

#[test]
fn an_answer_that_is_not_signed_by_whom_it_should_be_exits_5() {
    let house = House::new();
    let server = house.serve();
    let arguments = ["jeton", "1234567890128:usager-1", "--server-cert", "second.pem"];
    let ended = server.call(&pki().partner, &arguments).status(5).says("another certificate");
    assert_eq!(ended.out, "", "an answer that is not believed is not shown");
    let arguments = ["jeton", "1234567890128:usager-1", "--server-cert", "server.pem"];
    server.call(&pki().partner, &arguments).status(3);
}

/// A TLS server of the right name that answers without any signature.
#[test]
fn an_unsigned_answer_exits_5() {
    let house = House::new();
    let answer =
        "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\"><soap:Body/></soap:Envelope>";
    for (status, body) in [("200 OK", answer), ("502 Bad Gateway", "<html>sorry</html>"), ("200 OK", "")] {
        let port = impostor(format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/soap+xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ));
        let url = format!("https://localhost:{port}");
        let arguments = ["call", "jeton", "1234567890128:x", "--url", &url, "--ca", "ca.pem"];
        let ended = vtpa_in(house.path(), [&arguments[..], &WHO].concat()).status(5);
        assert_eq!(ended.out, "");
    }
}

fn impostor(answer: String) -> u16 {
    let key = rustls::pki_types::PrivateKeyDer::from(
        <rustls::pki_types::PrivatePkcs8KeyDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(
            pki().server.key_pem.as_bytes(),
        )
        .unwrap(),
    );
    let config =
        rustls::ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![pki().server.certificate_der.clone().into()], key)
            .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(config.into()).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, &mut socket);
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while !request.ends_with(b"Envelope>") {
            let read = tls.read(&mut chunk).unwrap();
            request.extend_from_slice(&chunk[..read]);
        }
        tls.write_all(answer.as_bytes()).unwrap();
        tls.conn.send_close_notify();
        // The client may have closed first.
        let _ = tls.flush();
    });
    port
}

#[test]
fn a_call_that_cannot_be_made_exits_1_and_says_why() {
    let house = House::new();
    house.write("creation.json", dossiers::creation("usager-1").to_string());
    house.write("broken.json", "{\"Demandeur\": ");
    house.write("misspelt.json", "{\"Demandeur\": {\"NomNaisance\": \"Chastaing\"}, \"IdLocal\": \"x\"}");
    house.write("locked.txt", "wrong\n");
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("https://{unused}");
    let trust = ["--url", &url, "--ca", "ca.pem", "--profile", "x509"];
    let ours = ["--cert", "partner.pem", "--key", "partner.key"];
    let run = |arguments: &[&str], who: &[&str]| {
        vtpa_in(house.path(), [&["call"], arguments, who, &trust].concat())
    };
    run(&["creer", "creation.json"], &ours).status(1).says(&url);
    run(&["creer", "absent.json"], &ours).status(1).says("absent.json");
    run(&["creer", "broken.json"], &ours).status(1).says("broken.json").says("line 1");
    run(&["creer", "misspelt.json"], &ours).status(1).says("NomNaisance").says("NomNaissance");
    let jeton = ["jeton", "1234567890128:x"];
    run(&jeton, &["--cert", "partner.pem", "--key", "second.key"])
        .status(1)
        .says("second.key")
        .says("partner.pem");
    run(&jeton, &["--cert", "partner.key", "--key", "partner.key"]).status(1).says("a private key");
    run(&jeton, &["--cert", "partner.pem", "--key", "partner.pem"]).status(1).says("a certificate");
    run(&jeton, &["--p12", "partner.pem", "--password-file", "locked.txt"]).status(1).says("not a PKCS#12");
}

#[test]
fn what_was_asked_in_a_way_that_cannot_be_exits_2() {
    let house = House::new();
    let jeton = ["call", "jeton", "1234567890128:x"];
    let run = |arguments: &[&str]| vtpa_in(house.path(), [&jeton, arguments].concat());
    for profile in [&[][..], &["--profile", "saml"], &["--profile", "saml-hok"]] {
        run(&[profile, &["--ca", "ca.pem"]].concat()).status(2).says("--cert PEM --key PEM");
    }
    run(&["--profile", "x509", "--cert", "partner.pem", "--key", "partner.key"]).status(2).says("--ca PEM");
    run(&["--profile", "x509", "--ca", "ca.pem"]).status(2).says("--cert PEM --key PEM");
    run(&["--profile", "x509", "--ca", "ca.pem", "--cert", "partner.pem"]).status(2);
    run(&["--profile", "x509", "--ca", "ca.pem", "--p12", "who.p12"]).status(2).says("--password-file");
    run(&["--profile", "password", "--ca", "ca.pem"]).status(2).says("x509");
    let arguments = ["call", "consulter", "1234567890128", "--ca", "ca.pem"];
    vtpa_in(house.path(), [&arguments[..], &WHO].concat()).status(2).says("IDDOSSIER:IDLOCAL");
}

#[test]
fn a_key_store_serves_like_certificate_and_key() {
    let house = House::new();
    let server = house.serve();
    let export = "pkcs12 -export -in partner.pem -inkey partner.key -certfile ca.pem -passout pass:secret -out who.p12";
    crate::vtpa::tool(house.path(), "openssl", &export.split(' ').collect::<Vec<_>>());
    house.write("password.txt", "secret\n");
    house.write("wrong.txt", "guess\n");
    house.write("creation.json", dossiers::creation("usager-1").to_string());
    let run = |password: &str| {
        let who = ["--p12", "who.p12", "--password-file", password, "--profile", "x509"];
        let call = ["call", "creer", "creation.json", "--url", server.url(), "--ca", "ca.pem"];
        vtpa_in(house.path(), [&call[..], &who].concat())
    };
    run("password.txt").status(0);
    run("wrong.txt").status(1).says("who.p12").says("password");
}

#[test]
fn standard_input_and_traces() {
    let house = House::new();
    let server = house.serve();
    let mut child = command()
        .current_dir(house.path())
        .args(["call", "creer", "-", "--url", server.url(), "--ca", "ca.pem", "--trace", "traces/today"])
        .args(WHO)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let creation = dossiers::creation("usager-1").to_string();
    child.stdin.take().unwrap().write_all(creation.as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    for (kind, root) in [("request", "CreerDossierPA"), ("response", "CreerDossierPAResponse")] {
        let file = house.path().join(format!("traces/today/CreerDossierPA-{kind}.xml"));
        let envelope = fs::read_to_string(file).unwrap();
        assert!(envelope.contains(root) && envelope.contains("SignatureValue"), "{envelope}");
    }
}
