//! SIGHUP: what may change while the server runs is taken up, what is broken is named and changes nothing; and the log, for
//! people and for programs.

use testkit::pki::pki;

use crate::house::House;

/// The house's configuration and more.
fn configuration(more: &str) -> String {
    format!(
        "public_url = \"https://localhost:8443\"\nsandbox = true\n[listen]\nhttps = \"127.0.0.1:0\"\n\
         [database]\nurl = \"sqlite:vtpa.db\"\n[trust]\nanchors = [\"ca.pem\"]\n{more}"
    )
}

#[test]
fn a_signal_takes_up_the_configuration_and_a_broken_one_changes_nothing() {
    let house = House::new();
    let mut server = house.serve_logged();
    server.create("a");
    house.write("vtpa.toml", configuration("[limits]\nconections = 3\n"));
    server.signal("HUP");
    house.log_with("did you mean \"limits.connections\"?");
    server.create("b");

    house.write(
        "vtpa.toml",
        configuration("[log]\nlevel = \"debug\"\n[operations]\ndisabled = [\"CreerDossierPA\"]\n"),
    );
    house.write("server.pem", "half a certif");
    server.signal("HUP");
    let log = house.log_with("reloaded");
    assert!(log.contains("server.pem") && log.contains("stays in use"), "{log}");
    assert!(log.contains("section=\"operations\""), "{log}");
    server.create("c");
    let log = house.log_with("DEBUG");
    assert!(!log.contains("Chastaing") && !log.contains("half a certif"), "{log}");

    house.write("server.pem", &pki().server.certificate_pem);
    assert_eq!(server.end_by("TERM"), Some(0));
}

#[test]
fn a_log_for_programs_is_an_object_a_line_and_each_of_a_request_has_its_id() {
    let house = House::new();
    house.write("vtpa.toml", configuration("[log]\nformat = \"json\"\nlevel = \"debug\"\n"));
    let mut server = house.serve_logged();
    server.create("usager-42");
    assert_eq!(server.end_by("TERM"), Some(0));
    let log = house.log_with("answered");
    let mut of_requests = 0;
    for line in log.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        if line["message"] == "answered" {
            assert_eq!(line["span"]["name"], "request", "{line}");
            assert_eq!(line["span"]["id"].as_str().map(str::len), Some(16), "{line}");
            assert_eq!((&line["code"], &line["application"]), (&"999".into(), &"portail".into()), "{line}");
            of_requests += 1;
        }
    }
    assert_eq!(of_requests, 1, "{log}");
    for personal in ["usager-42", "Chastaing", "Marguerite", "BinarySecurityToken"] {
        assert!(!log.contains(personal), "{personal} is in {log}");
    }
}
