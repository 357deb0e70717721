//! `vtpa dossier`: the operator's view, and that what is changed reaches the partner.

use crate::house::House;

#[test]
fn show_is_the_dossier_of_the_contract() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let shown = house.operator(&["dossier", "show", &id, "--json"]).status(0).json();
    assert_eq!(shown, server.consult(&id, "usager-1"), "the operator and the partner see the same");
    let text = house.operator(&["dossier", "show", &id]).status(0).out;
    assert!(text.starts_with(&format!("{id}  NON_ENVOYEE\n")) && text.contains("volet médical"), "{text}");
    assert!(!text.contains("Chastaing"), "a terminal is read over the shoulder: names only on demand");
}

#[test]
fn parts_are_marked_one_by_one() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let parts = || {
        let dossier = server.consult(&id, "usager-1");
        ["Admin", "Medical", "Autonomie"].map(|part| dossier[format!("EstRenseigneVolet{part}")] == true)
    };
    assert_eq!(parts(), [false, false, false]);
    house.operator(&["dossier", "volet", &id, "--medical"]).status(0);
    assert_eq!(parts(), [false, true, false]);
    house.operator(&["dossier", "volet", &id, "--admin", "--autonomie"]).status(0);
    assert_eq!(parts(), [true, true, true]);
}

#[test]
fn a_cancelled_dossier_is_annulee() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    house.operator(&["dossier", "cancel", &id]).status(0);
    let dossier = server.consult(&id, "usager-1");
    assert_eq!((&dossier["StatutDossier"], &dossier["EstAnnule"]), (&"ANNULEE".into(), &true.into()));
    let add = [
        "demande",
        "add",
        &id,
        "--finess",
        "010990018",
        "--hebergement",
        "Permanent",
        "--urgence",
        "SixMois",
    ];
    house.operator(&add).status(1).says("cancelled");
}

#[test]
fn what_is_no_dossier_is_told() {
    let house = House::new();
    for command in [&["show"][..], &["cancel"], &["volet", "--admin"]] {
        let run = |id: &str| house.operator(&[&["dossier"], command, &[id]].concat());
        run("1234567890128").status(1).says("1234567890128").says("no such dossier");
        run("1234567890123").status(1).says("check digit");
    }
}
