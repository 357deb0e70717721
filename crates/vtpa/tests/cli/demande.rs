//! `vtpa demande`: the way of a demande (decisions §5), as the partner sees it.

use crate::house::{FINESS, House, Running};

fn add(house: &House, id: &str) -> String {
    let add =
        ["demande", "add", id, "--finess", FINESS, "--hebergement", "Permanent", "--urgence", "SixMois"];
    let out = house.operator(&add).status(0).out;
    let demande = out.strip_suffix('\n').unwrap().to_owned();
    assert!(demande.parse::<i64>().is_ok(), "IdDemande alone on standard output: {out:?}");
    demande
}

fn state(server: &Running, id: &str) -> (String, String) {
    let dossier = server.consult(id, "usager-1");
    let demande = &dossier["DemandesEtablissement"][0];
    (
        dossier["StatutDossier"].as_str().unwrap().to_owned(),
        demande["StatutDemande"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn the_whole_way_to_admission_shows_in_consulter_at_once() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let demande = add(&house, &id);
    assert_eq!(state(&server, &id), ("NON_ENVOYEE".to_owned(), "NON_ENVOYEE".to_owned()));
    for statut in [
        "ENVOYEE",
        "RECUE",
        "LISTE_ATTENTE",
        "ADMISSION_PROPOSEE",
        "LISTE_ATTENTE",
        "ADMISSION_PROPOSEE",
        "ADMISSION_ACCEPTEE",
        "ADMISSION_EFFECTUEE",
        "ARCHIVEE",
    ] {
        house.operator(&["demande", "status", &demande, statut]).status(0);
        assert_eq!(state(&server, &id), (statut.to_owned(), statut.to_owned()));
    }
    let dossier = server.consult(&id, "usager-1");
    let shown = &dossier["DemandesEtablissement"][0];
    assert_eq!(shown["IdDemande"].to_string(), demande);
    assert_eq!(shown["Etablissement"]["NumFINISS"], FINESS);
    assert_eq!(shown["Etablissement"]["RaisonSociale"], "EHPAD Les Glycines");
    assert_eq!((&shown["TypeHebergement"], &shown["Urgence"]), (&"Permanent".into(), &"SixMois".into()));
}

#[test]
fn a_transition_that_is_not_allowed_exits_1_and_changes_nothing() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let demande = add(&house, &id);
    for (present, refused) in [
        ("NON_ENVOYEE", &["NON_ENVOYEE", "RECUE", "REFUSEE", "ADMISSION_PROPOSEE", "ARCHIVEE"][..]),
        ("ENVOYEE", &["NON_ENVOYEE", "LISTE_ATTENTE", "REFUSEE", "ARCHIVEE"]),
        ("RECUE", &["ENVOYEE", "ADMISSION_ACCEPTEE", "ADMISSION_EFFECTUEE"]),
        ("REFUSEE", &["RECUE", "ANNULEE", "LISTE_ATTENTE", "ADMISSION_PROPOSEE"]),
        ("ARCHIVEE", &["REFUSEE", "ANNULEE", "NON_ENVOYEE"]),
    ] {
        if present != "NON_ENVOYEE" {
            house.operator(&["demande", "status", &demande, present]).status(0);
        }
        for statut in refused {
            house.operator(&["demande", "status", &demande, statut]).status(1).says(present).says(statut);
            assert_eq!(state(&server, &id).1, present, "after the refused {statut}");
        }
    }
}

#[test]
fn motives_and_remarks_reach_the_partner() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let demande = add(&house, &id);
    house.operator(&["demande", "status", &demande, "ENVOYEE"]).status(0);
    house.operator(&["demande", "status", &demande, "RECUE"]).status(0);
    for wrong in ["11", "6", "x"] {
        house
            .operator(&["demande", "status", &demande, "REFUSEE", "--motif", wrong])
            .status(1)
            .says("motive");
    }
    let long = "é".repeat(1001);
    house.operator(&["demande", "status", &demande, "REFUSEE", "--remarque", &long]).status(1).says("1000");
    assert_eq!(state(&server, &id).1, "RECUE");
    let refuse =
        ["demande", "status", &demande, "REFUSEE", "--motif", "1", "--remarque", "Aucune place avant l'été."];
    house.operator(&refuse).status(0);
    let dossier = server.consult(&id, "usager-1");
    let shown = &dossier["DemandesEtablissement"][0];
    assert_eq!(shown["DernierEchange"], "Aucune place avant l'été.");
    assert_eq!(shown["MotifDernierEchange"]["Code"], "1");
    assert_eq!(shown["MotifDernierEchange"]["CodeSystem"], "MotifEchangePA");
    assert_eq!(shown["MotifDernierEchange"]["DisplayName"], "Absence de place");
}

#[test]
fn an_establishment_has_one_demande_that_is_not_over() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let first = add(&house, &id);
    let again =
        ["demande", "add", &id, "--finess", FINESS, "--hebergement", "Permanent", "--urgence", "Immediat"];
    house.operator(&again).status(1).says("not over");
    house.operator(&["demande", "status", &first, "ANNULEE", "--motif", "12"]).status(0);
    house.operator(&again).status(0);
    let dossier = server.consult(&id, "usager-1");
    assert_eq!(dossier["DemandesEtablissement"][1]["Urgence"], "Immédiat", "the accent may be left out");
    assert_eq!(dossier["DemandesEtablissement"][0]["EstAnnule"], true);
}

#[test]
fn what_does_not_exist_is_named() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let add = |id: &str, finess: &str, kind: &str, urgence: &str| {
        house.operator(&[
            "demande",
            "add",
            id,
            "--finess",
            finess,
            "--hebergement",
            kind,
            "--urgence",
            urgence,
        ])
    };
    add(&id, "260990023", "Permanent", "SixMois").status(1).says("260990023").says("vtpa etablissement list");
    add("1234567890128", FINESS, "Permanent", "SixMois").status(1).says("1234567890128");
    add("1234567890123", FINESS, "Permanent", "SixMois").status(1).says("check digit");
    add(&id, FINESS, "Hotel", "SixMois").status(2).says("AccueilDeJour");
    add(&id, FINESS, "Permanent", "Demain").status(2).says("SixMois");
    house.operator(&["demande", "status", "99", "ENVOYEE"]).status(1).says("99").says("no such demande");
    house.operator(&["demande", "status", "99", "PERDUE"]).status(2).says("LISTE_ATTENTE");
}
