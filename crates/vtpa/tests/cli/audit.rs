//! The audit trail by the built binary: what is in it, what is found in it, and what is in no log.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use testkit::pki::pki;

use crate::house::{FINESS, House, Running};
use crate::vtpa::vtpa_in;
use crate::web::{browser, cookie, enter, wait_for};

fn rows(house: &House, filter: &[&str]) -> Vec<Value> {
    let exported = house.operator(&[&["audit", "export"], filter].concat()).status(0).out;
    exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn told(rows: &[Value]) -> Vec<String> {
    let told = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", text("actor"), text("action"), text("code"))
    };
    rows.iter().map(told).collect()
}

/// A life of a dossier in all of its doors; returns its number.
fn live(house: &House, server: &Running, id_local: &str) -> String {
    let id = server.create(id_local);
    server.consult(&id, id_local);
    server.call(&pki().partner, &["consulter", &format!("{id}:quelquun-dautre")]).status(3);
    let jeton = server.call(&pki().partner, &["jeton", &format!("{id}:{id_local}")]).status(0).json();
    let jeton = jeton["JetonSecurite"].as_str().expect("a token").to_owned();
    wait_for(async {
        let browser = browser(house.path());
        let entered = enter(&browser, server.url(), &jeton).await;
        assert_eq!(entered.status(), 303);
        let cookie = cookie(&entered);
        for (page, status) in [("/dossier", 200), ("/dossier/partage", 200)] {
            let seen = browser.get(format!("{}{page}", server.url())).header("cookie", &cookie);
            assert_eq!(seen.send().await.unwrap().status(), status, "{page}");
        }
        assert_eq!(enter(&browser, server.url(), &jeton).await.status(), 403, "a token twice");
    });
    let demande = house.operator(&[
        "demande",
        "add",
        &id,
        "--finess",
        FINESS,
        "--hebergement",
        "Permanent",
        "--urgence",
        "SixMois",
    ]);
    let demande = demande.status(0).out.trim().to_owned();
    house.operator(&["demande", "status", &demande, "ENVOYEE"]).status(0);
    house.operator(&["dossier", "volet", &id, "--admin"]).status(0);
    house.operator(&["dossier", "show", &id]).status(0);
    house.operator(&["dossier", "hold", &id, "--reason", "RG 26/01234"]).status(0);
    house.operator(&["dossier", "cancel", &id]).status(0);
    id
}

fn everything_is_traced_exported_and_verified(house: &House) {
    let mut server = house.serve();
    let id = live(house, &server, "usager-7");
    assert_eq!(server.end_by("TERM"), Some(0));

    let of_dossier = rows(house, &["--dossier", &id]);
    // what is only seen is written up to a second later, so it may stand after an act that followed it
    let mut lines = told(&of_dossier);
    lines.sort();
    assert_eq!(
        lines,
        [
            "famille acces.ouvert 303",
            "famille page.vue 200",
            "famille page.vue 200",
            "operateur demande.ajoutee -",
            "operateur demande.statut -",
            "operateur dossier.annule -",
            "operateur dossier.conserve -",
            "operateur dossier.consulte -",
            "operateur trace.exportee -",
            "operateur volet.enregistre -",
            "partenaire ConsulterDossierPA 110",
            "partenaire ConsulterDossierPA 999",
            "partenaire CreerDossierPA 999",
            "partenaire GenererJetonSecuritePA 999",
        ]
    );
    let creation = &of_dossier[0];
    assert_eq!(creation["application"], "portail");
    assert_eq!(creation["id_local"], "usager-7");
    for proof in ["certificate_sha256", "request_sha256"] {
        assert_eq!(creation[proof].as_str().map(str::len), Some(64), "{proof}: {creation}");
    }
    assert!(creation["log_id"].is_string() && creation["link"].is_i64(), "{creation}");
    assert!(creation.get("request").is_none(), "requests are kept only where that is configured: {creation}");

    let all = told(&rows(house, &[]));
    for fact in [
        "operateur partenaire.ajoute -",
        "operateur etablissement.modifie -",
        "systeme serveur.demarre -",
        "famille acces.refuse 403",
        "systeme serveur.arrete -",
    ] {
        assert!(all.iter().any(|line| line == fact), "{fact} is not in {all:?}");
    }

    let report = house.operator(&["audit", "verify", "--json"]).status(0).json();
    assert_eq!((&report["sound"], &report["found"]), (&Value::Bool(true), &Value::from(0)), "{report}");
    assert!(report["signatures"].as_u64() >= Some(1), "a clean stop signs: {report}");
    // what commands wrote since waits for the next server
    assert!(report["waiting"].as_u64() >= Some(1) && report["links"].as_u64() >= Some(15), "{report}");
    let head = report["head"].as_str().expect("a head").to_owned();
    house.operator(&["audit", "verify", "--head", &head]).status(0);
    let (rank, _) = head.split_once(':').expect("rank and hash");
    let other = format!("{rank}:{}", "0".repeat(64));
    let ended = house.operator(&["audit", "verify", "--head", &other]).status(1);
    assert!(ended.out.contains("is not in the chain"), "{}", ended.out);
    house.operator(&["audit", "verify", "--head", "10482"]).status(2).says("RANK:HASH");
}

#[test]
fn on_sqlite_everything_is_traced_exported_and_verified() {
    everything_is_traced_exported_and_verified(&House::new());
}

#[test]
fn on_postgresql_everything_is_traced_exported_and_verified_and_a_changed_row_found() {
    let (house, place) = House::on_postgres();
    everything_is_traced_exported_and_verified(&house);
    place.execute_script(
        "DROP TRIGGER append_only ON trace; \
         UPDATE trace SET code = '999' WHERE action = 'ConsulterDossierPA' AND code = '110'",
    );
    let ended = house.operator(&["audit", "verify"]).status(1);
    assert!(ended.out.contains("was changed after it was chained"), "{}", ended.out);
    assert!(ended.out.contains("THE AUDIT TRAIL IS NOT AS IT WAS WRITTEN"), "{}", ended.out);
}

#[test]
fn a_signature_counts_only_by_the_servers_certificate_or_a_former_one() {
    let house = House::new();
    let mut server = house.serve();
    server.create("usager-1");
    assert_eq!(server.end_by("TERM"), Some(0));
    let of_another = ["audit", "verify", "--database", "sqlite:vtpa.db", "--signer", "second.pem"];
    let ended = vtpa_in(house.path(), of_another).status(1);
    assert!(ended.out.contains("former_certificates"), "{}", ended.out);
    vtpa_in(house.path(), ["audit", "verify", "--database", "sqlite:vtpa.db"]).status(2).says("--signer");
    // the server changed its certificate: the former one's signatures count where they are told to
    let toml = fs::read_to_string(house.path().join("vtpa.toml")).unwrap();
    let renewed = format!("{toml}[signature]\ncertificate = \"second.pem\"\nkey = \"second.key\"\n");
    house.write("vtpa.toml", &renewed);
    house.operator(&["audit", "verify"]).status(1);
    house.write("vtpa.toml", format!("{renewed}[audit]\nformer_certificates = [\"server.pem\"]\n"));
    house.operator(&["audit", "verify"]).status(0);
}

#[test]
fn requests_are_kept_as_they_were_signed_where_that_is_configured() {
    let house = House::new();
    let toml = fs::read_to_string(house.path().join("vtpa.toml")).unwrap();
    house.write("vtpa.toml", format!("{toml}[audit]\nkeep_requests = true\n"));
    let mut server = house.serve();
    let id = server.create("usager-1");
    assert_eq!(server.end_by("TERM"), Some(0));
    let output = house.path().join("export.jsonl");
    let filter = ["--dossier", &id, "--requests", "--output", "export.jsonl"];
    house.operator(&[&["audit", "export"], &filter[..]].concat()).status(0);
    assert_eq!(fs::metadata(&output).unwrap().permissions().mode() & 0o777, 0o600);
    let exported = fs::read_to_string(&output).unwrap();
    let row: Value = serde_json::from_str(exported.lines().next().unwrap()).unwrap();
    let request = row["request"]["text"].as_str().expect("the request");
    assert!(request.contains("SignatureValue") && request.contains("usager-1"), "{request}");
    house.write("kept.xml", request);
    // its signature can be verified anew; and the server knows the message
    let inspected = house.operator(&["inspect", "kept.xml", "--json"]).status(1).json();
    let verdict = |name: &str| {
        let checks = inspected["checks"].as_array().expect("a list of checks");
        checks.iter().find(|check| check["check"] == name).map(|check| check["verdict"].clone())
    };
    for (check, expected) in [("signature and digests", "ok"), ("not received before", "failed")] {
        assert_eq!(verdict(check), Some(Value::from(expected)), "{check}: {inspected}");
    }
    // never over a file that is there
    house.operator(&[&["audit", "export"], &filter[..]].concat()).status(1).says("export.jsonl");
    house.operator(&["audit", "verify"]).status(0);
}

/// Texts of a person: whatever the dossier says that is no code.
fn personal(value: &Value, key: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let code = key.starts_with("Code") || key == "DisplayName" || text.chars().count() < 4;
            if !code {
                found.insert(text.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| personal(item, key, found)),
        Value::Object(members) => members.iter().for_each(|(key, member)| personal(member, key, found)),
        _ => {}
    }
}

#[test]
fn whatever_is_done_no_log_holds_a_persons_data_and_no_change_goes_untraced() {
    let house = House::new();
    let toml = fs::read_to_string(house.path().join("vtpa.toml")).unwrap();
    house.write("vtpa.toml", format!("{toml}[log]\nlevel = \"debug\"\n"));
    let mut server = house.serve_logged();
    let id_local = "suzanne.delestrade-1937";
    let creation = testkit::dossiers::creation(id_local);
    let mut values = BTreeSet::from([id_local.to_owned()]);
    personal(&creation, "", &mut values);
    for marked in
        ["Chastaing", "Marguerite", "237050105300141", "marguerite.vernoux@exemple.fr", "1937-05-14"]
    {
        assert!(values.contains(marked), "{marked} is not in {values:?}");
    }
    live(&house, &server, id_local);
    // what is refused is logged too: a wrong field, a message that is not registered, one that does not parse
    let mut wrong = creation.clone();
    wrong["Demandeur"]["NumSecu"] = Value::from("237050105300199");
    values.insert("237050105300199".to_owned());
    house.write("wrong.json", wrong.to_string());
    server.call(&pki().partner, &["creer", "wrong.json"]).status(3);
    house.write("right.json", creation.to_string());
    server.call(&pki().unregistered, &["creer", "right.json"]).status(3);
    wait_for(async {
        let browser = browser(house.path());
        let broken = "<a>Chastaing Marguerite 237050105300141</b>";
        let sent = browser.post(format!("{}/ws/creation", server.url()));
        sent.header("content-type", "application/soap+xml").body(broken).send().await.unwrap();
        let page = browser.get(format!("{}/acces?jeton=Chastaing", server.url()));
        assert_eq!(page.send().await.unwrap().status(), 403);
    });
    assert_eq!(server.end_by("TERM"), Some(0));
    let log = house.log_with("CreerDossierPA");
    for value in &values {
        assert!(!log.contains(value.as_str()), "{value:?} is in the log: {log}");
    }
    assert!(!log.contains("without a trace"), "{log}");
}
