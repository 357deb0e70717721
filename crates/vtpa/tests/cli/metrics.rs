//! `/metrics` after known requests.

use std::net::TcpListener;

use testkit::pki::pki;

use crate::house::{House, Running};
use crate::web::{browser, wait_for};

/// The value of a sample, its labels in any order.
fn sample(metrics: &str, name: &str, labels: &[&str]) -> Option<f64> {
    metrics.lines().find_map(|line| {
        let (sample, value) = line.rsplit_once(' ')?;
        let (found, given) = sample.split_once('{').unwrap_or((sample, ""));
        (found == name && labels.iter().all(|label| given.contains(label))).then(|| value.parse().unwrap())
    })
}

#[test]
fn what_was_asked_and_what_an_operator_watches() {
    let house = House::new();
    std::fs::write(house.path().join("ca.crl"), &pki().crl).unwrap();
    let text = std::fs::read_to_string(house.path().join("vtpa.toml")).unwrap();
    house.write("vtpa.toml", text + "crls = [\"ca.crl\"]\n[limits.application]\nrate = 1\nburst = 1000\n");
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let arguments = ["serve", "--config", "vtpa.toml", "--listen", "127.0.0.1:0", "--metrics", &listen];
    let server = Running::start(house.path(), &arguments);

    let dossier = server.create("a");
    server.create("b");
    server.consult(&dossier, "a");
    // someone who is trusted and not registered: 100; and someone whose message cannot be believed
    let creation = house.write("creation.json", testkit::dossiers::creation("c").to_string());
    let creation = creation.to_str().unwrap();
    server.call(&pki().unregistered, &["creer", creation]).status(3);
    server.call(&pki().revoked, &["creer", creation]).status(4);

    let metrics = wait_for(async {
        let browser = browser(house.path());
        browser.get(format!("{}/acces?jeton=unknown-token", server.url())).send().await.unwrap();
        let shown = browser.get(format!("http://{listen}/metrics")).send().await.unwrap();
        shown.text().await.unwrap()
    });
    for (name, labels, value) in [
        ("vtpa_requests_total", &["operation=\"CreerDossierPA\"", "code=\"999\""][..], 2.0),
        ("vtpa_requests_total", &["operation=\"ConsulterDossierPA\"", "code=\"999\""], 1.0),
        ("vtpa_requests_total", &["operation=\"CreerDossierPA\"", "code=\"100\""], 1.0),
        ("vtpa_requests_total", &["code=\"fault\""], 1.0),
        ("vtpa_faults_total", &["explanation=\"VTPA-SEC-"], 1.0),
        ("vtpa_request_seconds_count", &["operation=\"CreerDossierPA\""], 3.0),
        ("vtpa_http_requests_total", &["route=\"/ws/creation\"", "status=\"200\""], 3.0),
        ("vtpa_http_requests_total", &["route=\"/acces\"", "status=\"403\""], 1.0),
        ("vtpa_database_up", &[], 1.0),
        ("vtpa_sessions", &[], 0.0),
        ("vtpa_draining", &[], 0.0),
        ("vtpa_audit_writable", &[], 1.0),
        ("vtpa_build_info", &[concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"")], 1.0),
    ] {
        assert_eq!(sample(&metrics, name, labels), Some(value), "{name} {labels:?} in\n{metrics}");
    }
    let end = pki().server.certificate_der.as_slice();
    let end = xmlsec::Certificate::parse(end).unwrap().not_after().as_second();
    for kind in ["tls", "signature", "anchor", "partner"] {
        let told = sample(&metrics, "vtpa_certificate_expiry_timestamp_seconds", &[kind]);
        assert!(told.is_some_and(|told| told > 1.7e9), "{kind}: {told:?}");
        if kind == "tls" {
            #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
            let end = end as f64;
            assert_eq!(told, Some(end));
        }
    }
    assert!(sample(&metrics, "vtpa_crl_age_seconds", &[]).is_some(), "{metrics}");
    assert!(sample(&metrics, "vtpa_database_commits_total", &[]).is_some_and(|commits| commits >= 2.0));
    for personal in [dossier.as_str(), "unknown-token", "Chastaing"] {
        assert!(!metrics.contains(personal), "{personal} in\n{metrics}");
    }
}
