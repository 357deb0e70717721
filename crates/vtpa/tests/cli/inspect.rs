//! `vtpa inspect` and `vtpa explain`: a message that a server took, looked at afterwards.

use std::fs;

use testkit::pki::pki;

use crate::house::House;
use crate::vtpa::{vtpa, vtpa_in};

#[test]
fn a_recorded_message_is_held_against_every_check() {
    let house = House::new();
    let mut server = house.serve();
    let id = server.create("usager-1");
    server.call(&pki().partner, &["consulter", &format!("{id}:usager-1"), "--trace", "traces"]).status(0);
    server.end_by("TERM");
    let request = house.path().join("traces/ConsulterDossierPA-request.xml");

    // what was sent was received: the same bytes again would be refused, and for nothing else
    let ended = house.operator(&["inspect", "traces/ConsulterDossierPA-request.xml"]).status(1);
    assert!(ended.out.contains("failed       not received before"), "{}", ended.out);
    assert!(ended.out.contains("ok           signature and digests"), "{}", ended.out);
    assert!(
        ended.out.contains("not reached  content") && ended.out.contains("vtpa explain VTPA-SEC-027"),
        "{}",
        ended.out
    );

    // changed on the way, as JSON
    let changed = fs::read_to_string(&request).unwrap().replace("usager-1", "usager-2");
    house.write("changed.xml", changed);
    let report = house.operator(&["inspect", "changed.xml", "--json"]).status(1).json();
    assert_eq!(report["accepted"], false);
    let failed: Vec<_> =
        report["checks"].as_array().unwrap().iter().filter(|one| one["verdict"] == "failed").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["explanation"], "VTPA-SEC-038");
    assert!(failed[0]["digested"].as_str().unwrap().contains("usager-2"), "what is there now");

    // years later
    let late = ["inspect", "traces/ConsulterDossierPA-request.xml", "--at", "2027-01-01T00:00:00Z"];
    assert!(house.operator(&late).status(1).out.contains("failed       fresh"));

    vtpa_in(house.path(), ["inspect", "nowhere.xml", "--config", "vtpa.toml"]).status(1).says("nowhere.xml");
}

#[test]
fn an_explanation_is_found_by_its_id_or_its_number() {
    let whole = vtpa(["explain", "VTPA-SEC-038"]).status(0).out;
    assert!(whole.contains("pretty-printing") && whole.contains("node-soap"), "{whole}");
    assert_eq!(vtpa(["explain", "38"]).status(0).out, whole);
    assert!(vtpa(["explain"]).status(0).out.lines().count() >= 40);
    vtpa(["explain", "VTPA-SEC-999"]).status(1).says("lists them all");
}
