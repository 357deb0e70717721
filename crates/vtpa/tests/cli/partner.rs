//! `vtpa partner`: what changes applies to a running server at once.

use testkit::pki::{Identity, pki};

use crate::house::{House, Running};

/// The code that `who` gets for a consultation.
fn code(server: &Running, who: &Identity, status: i32) -> String {
    let answer = server.call(who, &["consulter", "1234567890128:usager-1"]).status(status).json();
    answer[0]["CodeRetour"]["Code"].as_str().unwrap().to_owned()
}

#[test]
fn add_suspend_resume_and_remove_apply_to_the_running_server() {
    let house = House::new();
    let server = house.serve();
    let second = &pki().second;
    assert_eq!(code(&server, second, 3), "100", "trusted, but not registered");
    house.operator(&["partner", "add", "suivi", "--cert", "second.pem"]).status(0);
    assert_eq!(code(&server, second, 3), "460", "registered: the dossier is looked for");
    house.operator(&["partner", "suspend", "suivi"]).status(0);
    assert_eq!(code(&server, second, 3), "100");
    assert_eq!(code(&server, &pki().partner, 3), "460", "another application goes on");
    house.operator(&["partner", "resume", "suivi"]).status(0);
    assert_eq!(code(&server, second, 3), "460");
    house.operator(&["partner", "remove", "suivi"]).status(0);
    assert_eq!(code(&server, second, 3), "100");
}

#[test]
fn an_application_may_carry_several_certificates_for_rotation() {
    let house = House::new();
    let server = house.serve();
    house.operator(&["partner", "add", "portail", "--cert", "second.pem"]).status(0);
    let id = server.create("usager-1");
    let answer = server.call(&pki().second, &["consulter", &format!("{id}:usager-1")]).status(0).json();
    assert_eq!(answer[0]["Dossier"]["IdDossier"], id.as_str(), "the new certificate is the same application");
    let again = house.operator(&["partner", "add", "portail", "--cert", "second.pem"]).status(0);
    assert!(again.out.contains("already"), "{}", again.out);
}

#[test]
fn rights_are_those_that_were_given() {
    let house = House::new();
    let server = house.serve();
    let add = ["partner", "add", "suivi", "--cert", "second.pem", "--operation", "ConsulterDossierPA"];
    house.operator(&add).status(0);
    assert_eq!(code(&server, &pki().second, 3), "460");
    let refused = server.call(&pki().second, &["jeton", "1234567890128:usager-1"]).status(3).json();
    assert_eq!(refused["CodeRetour"]["Code"], "100");
    let add = ["partner", "add", "suivi", "--cert", "second.pem", "--operation", "GenererJetonSecuritePA"];
    house.operator(&add).status(0);
    assert_eq!(code(&server, &pki().second, 3), "100", "the rights named replace those of before");
}

#[test]
fn a_certificate_belongs_to_one_application_at_most() {
    let house = House::new();
    let taken = house.operator(&["partner", "add", "autre", "--cert", "partner.pem"]).status(1);
    let taken = taken.says("portail").says("one application at most").says("vtpa partner remove portail");
    assert_eq!(taken.out, "");
    let listed = house.operator(&["partner", "list", "--json"]).status(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "nothing was registered");
}

#[test]
fn a_removed_application_leaves_its_dossiers_to_nobody() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    house.operator(&["partner", "remove", "portail"]).status(0);
    house.operator(&["partner", "add", "portail", "--cert", "partner.pem"]).status(0);
    let answer = server.call(&pki().partner, &["consulter", &format!("{id}:usager-1")]).status(3).json();
    assert_eq!(answer[0]["CodeRetour"]["Code"], "110", "a later application of the same name is another one");
    house.operator(&["dossier", "show", &id, "--json"]).status(0);
}

#[test]
fn the_list_tells_rights_certificates_and_settings() {
    let house = House::new();
    house
        .operator(&["partner", "set", "portail", "url_retour=https://portail.exemple.fr", "encrypt=always"])
        .status(0);
    house.operator(&["partner", "suspend", "portail"]).status(0);
    let listed = house.operator(&["partner", "list", "--json"]).status(0).json();
    let portail = &listed[0];
    assert_eq!(portail["name"], "portail");
    assert_eq!(portail["suspended"], true);
    let all = serde_json::json!(["CreerDossierPA", "ConsulterDossierPA", "GenererJetonSecuritePA"]);
    assert_eq!(portail["operations"], all);
    assert_eq!(portail["settings"]["url_retour"], "https://portail.exemple.fr");
    assert_eq!(portail["settings"]["encrypt"], "always");
    assert_eq!(portail["settings"]["timestamp"], "required");
    assert!(portail["certificates"][0]["subject"].as_str().unwrap().contains("Application partenaire"));
    let text = house.operator(&["partner", "list"]).status(0).out;
    assert!(text.contains("portail (suspended)") && text.contains("Application partenaire"), "{text}");
}

#[test]
fn settings_that_cannot_be_are_wrong_usage_and_change_nothing() {
    let house = House::new();
    let before = house.operator(&["partner", "list", "--json"]).out;
    for (setting, says) in [
        ("assertion", "KEY=VALUE"),
        ("assertion=perhaps", "required or optional"),
        ("asertion=required", "assertion"),
        ("cbc=1", "true or false"),
        ("key_reference=x509", "bst"),
        ("url_retour=javascript:alert(1)", "https://"),
    ] {
        house.operator(&["partner", "set", "portail", "encrypt=always", setting]).status(2).says(says);
    }
    assert_eq!(house.operator(&["partner", "list", "--json"]).out, before);
}

#[test]
fn an_unknown_name_is_told_with_those_that_there_are() {
    let house = House::new();
    for command in ["suspend", "resume", "remove"] {
        house.operator(&["partner", command, "portial"]).status(1).says("portial").says("portail");
    }
    house.operator(&["partner", "set", "portial", "cbc=true"]).status(1).says("there are: portail");
}

#[test]
fn a_certificate_that_the_server_would_refuse_is_registered_with_a_warning() {
    let house = House::new();
    for (identity, says) in [
        (&pki().wrong_ca, "does not chain"),
        (&pki().expired, "expired on 2026-01-01"),
        (&pki().other_ca, "certificate of an authority"),
    ] {
        identity.write(house.path());
        let (file, name) = (format!("{}.pem", identity.name), identity.name);
        house.operator(&["partner", "add", name, "--cert", &file]).status(0).says("warning").says(says);
    }
    house.operator(&["partner", "add", "x", "--cert", "partner.key"]).status(1).says("a private key");
    house.operator(&["partner", "add", "x", "--cert", "absent.pem"]).status(1).says("absent.pem");
    house.operator(&["partner", "add", " ", "--cert", "second.pem"]).status(2).says("NAME");
}

#[test]
fn the_database_is_named_by_configuration_or_by_itself() {
    let house = House::new();
    let by_url = format!("sqlite:{}", house.path().join("vtpa.db").display());
    let listed = crate::vtpa::vtpa(["partner", "list", "--database", &by_url, "--json"]).status(0).json();
    assert_eq!(listed[0]["name"], "portail");
    let nowhere = format!("sqlite:{}", house.path().join("absent.db").display());
    crate::vtpa::vtpa(["partner", "list", "--database", &nowhere]).status(1).says("no database at");
    assert!(!house.path().join("absent.db").exists(), "looking makes nothing");
}
