//! `vtpa etablissement`.

use serde_json::json;

use crate::house::{FINESS, House};

#[test]
fn what_is_added_is_listed() {
    let house = House::new();
    let add = ["etablissement", "add", "--finess", "2A0990032", "--name", "EHPAD A Marina"];
    house.operator(&[&add[..], &["--commune", "2A004", "--postal", "20000"]].concat()).status(0);
    let listed = house.operator(&["etablissement", "list", "--json"]).status(0).json();
    assert_eq!(listed[0], json!({ "NumFINISS": FINESS, "RaisonSociale": "EHPAD Les Glycines" }));
    assert_eq!(listed[1]["NumFINISS"], "2A0990032");
    assert_eq!(listed[1]["RaisonSociale"], "EHPAD A Marina");
    assert_eq!(listed[1]["Adresse"]["CodePostal"]["Code"], "20000");
    assert_eq!(listed[1]["Adresse"]["Localite"]["Code"], "2A004");
    let text = house.operator(&["etablissement", "list"]).status(0).out;
    assert_eq!(text, "010990018  EHPAD Les Glycines\n2A0990032  EHPAD A Marina\n");
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let house = House::new();
    let add = |finess: &str| house.operator(&["etablissement", "add", "--finess", finess, "--name", "Essai"]);
    add("010990019").status(1).says("check digit").says("8");
    add("01099001").status(1).says("nine characters");
    add("01099OO18").status(1).says("nine characters");
    add("é10990018").status(1).says("nine characters");
    add(FINESS).status(1).says("exists already");
    let half = ["etablissement", "add", "--finess", "260990023", "--name", "Essai", "--commune", "26362"];
    house.operator(&half).status(2).says("--postal");
    house
        .operator(&["etablissement", "add", "--finess", "260990023", "--name", " "])
        .status(1)
        .says("--name");
}

#[test]
fn search_finds_by_name_commune_and_postal_code() {
    let house = House::new();
    for (finess, name, commune, postal) in [
        ("2A0990032", "EHPAD A Marina", "2A004", "20000"),
        ("420990053", "Résidence Saint-Étienne", "42218", "42000"),
    ] {
        let add = ["etablissement", "add", "--finess", finess, "--name", name];
        house.operator(&[&add[..], &["--commune", commune, "--postal", postal]].concat()).status(0);
    }
    for (search, expected) in [
        (&["GLYC"][..], "010990018  EHPAD Les Glycines\n"),
        (&["st", "etienne"], "420990053  Résidence Saint-Étienne, 42000 Saint-Étienne\n"),
        (&["--commune", "ajaccio"], "2A0990032  EHPAD A Marina, 20000 Ajaccio\n"),
        (&["--commune", "2A004"], "2A0990032  EHPAD A Marina, 20000 Ajaccio\n"),
        (&["--postal", "42"], "420990053  Résidence Saint-Étienne, 42000 Saint-Étienne\n"),
        (&["nulle", "part"], "none found\n"),
        (
            &["ehpad", "--limit", "1", "--page", "2"],
            "010990018  EHPAD Les Glycines\npage 2 of 2, 2 establishments in all\n",
        ),
    ] {
        let all = [&["etablissement", "search"], search].concat();
        assert_eq!(house.operator(&all).status(0).out, expected, "{search:?}");
    }
    let found =
        house.operator(&["etablissement", "search", "ehpad", "--limit", "1", "--json"]).status(0).json();
    let counted = (&found["total"], &found["page"], &found["pages"]);
    assert_eq!(counted, (&json!(2), &json!(1), &json!(2)));
    assert_eq!(found["etablissements"][0]["Ferme"], false);
    house.operator(&["etablissement", "search", "--postal", "x"]).status(2).says("digits");
    house.operator(&["etablissement", "search", "--limit", "0"]).status(2);
}

#[test]
fn an_account_is_made_listed_reset_disabled_and_its_sessions_revoked() {
    let house = House::new();
    let account = |arguments: &[&str]| house.operator(&[&["etablissement", "account"], arguments].concat());
    account(&["list"]).status(0).prints("there is no account");
    let made = account(&["add", "A.Duval", "--finess", FINESS, "--name", "Anne Duval"]).status(0);
    let first = made.out.trim().to_owned();
    assert_eq!((made.out.lines().count(), first.len()), (1, 19), "the password alone, for a pipe");
    account(&["add", "a.duval", "--finess", FINESS, "--name", "Autre"]).status(1).says("a.duval");
    account(&["add", "b.martin", "--finess", "260990023", "--name", "Bruno Martin"])
        .status(1)
        .says("260990023");
    account(&["add", "anne duval", "--finess", FINESS, "--name", "Anne"]).status(1).says("is no login");

    let listed = account(&["list", "--json"]).status(0);
    assert!(!listed.out.contains(&first) && !listed.out.contains("argon2"), "{}", listed.out);
    let listed = listed.json();
    assert_eq!(listed[0]["login"], "a.duval");
    assert_eq!(listed[0]["password"], "provisional");
    assert_eq!(listed[0]["second_factor"], false);
    let text = account(&["list", "--finess", FINESS]).status(0).out;
    assert_eq!(text, "010990018  a.duval  Anne Duval, first password not replaced yet, no second factor\n");

    let second = account(&["reset", "a.duval"]).status(0).out;
    assert_ne!(second.trim(), first);
    account(&["disable", "a.duval"]).status(0).prints("is disabled");
    assert_eq!(account(&["list", "--json"]).status(0).json()[0]["disabled"], true);
    account(&["enable", "a.duval"]).status(0).prints("may enter again");
    account(&["sessions", "a.duval"]).status(0).prints("has no session");
    account(&["revoke", "a.duval", "--session", "7"]).status(1).says("no session 7");
    account(&["revoke", "a.duval", "--all"]).status(0).prints("0 sessions over");
    account(&["revoke", "a.duval"]).status(2).says("--session");
    for absent in ["reset", "disable", "sessions"] {
        account(&[absent, "c.nulle"]).status(1).says("there is no account c.nulle");
    }
}

#[test]
fn an_account_is_linked_to_one_openid_connect_subject_and_a_subject_to_one_account() {
    let house = House::new();
    let account = |arguments: &[&str]| house.operator(&[&["etablissement", "account"], arguments].concat());
    let add = |login: &'static str, more: &[&'static str]| {
        account(&[&["add", login, "--finess", FINESS, "--name", "Anne Duval"], more].concat())
    };
    let subject = || account(&["list", "--json"]).status(0).json()[0]["subject"].clone();
    add("a.duval", &["--subject", "899700218896"]).status(0);
    add("b.martin", &[]).status(0);
    assert_eq!(subject(), "899700218896");
    account(&["list"]).status(0).prints(
        "a.duval  Anne Duval, first password not replaced yet, no second factor, OpenID Connect 899700218896",
    );
    account(&["link", "b.martin", "--subject", "899700218896"]).status(1).says("another account is of this");
    add("c.roux", &["--subject", "899700218896"]).status(1).says("another account is of this");
    account(&["unlink", "a.duval"]).status(0).prints("no more");
    assert!(subject().is_null());
    account(&["link", "a.duval", "--subject", " f:1:800000000001 "]).status(0).prints("f:1:800000000001");
    assert_eq!(subject(), "f:1:800000000001");
    account(&["link", "a.duval", "--subject", " "]).status(1).says("--subject is 1 to 255 characters");
    account(&["link", "c.nulle", "--subject", "1"]).status(1).says("there is no account c.nulle");
}
