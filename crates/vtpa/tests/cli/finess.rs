//! `vtpa finess import`: real establishments, all of them; wrong lines, told; the same again.

use std::time::Instant;

use serde_json::{Value, json};

use crate::house::House;

const SAMPLE: &str = include_str!("../../../dossier/tests/data/finess-1753.tsv");
const EXTRACT: &[u8] = include_bytes!("../../../dossier/tests/data/finess-extrait.csv");
const HEAD: &str = "finess;etalab;111;2026-05-12\n";

/// A line of the extract: number, name, category, commune, and the rest of a row of the sample.
fn line(row: &[&str], number: &str, name: &str, category: &str) -> String {
    let [_, entity, short, _, _, way, index, kind, street, place, commune, postal, town, telephone, opened] =
        row
    else {
        panic!("a row of another form: {row:?}")
    };
    let (departement, commune) = match commune.split_at(2) {
        // FINESS has letters for the départements overseas.
        ("97", place) => {
            (["9A", "9B", "9C", "9D", "9E", "9F"][place[..1].parse::<usize>().unwrap() - 1], place)
        }
        ("98", place) if place.starts_with('6') => ("9J", place),
        other => other,
    };
    format!(
        "structureet;{number};{entity};{short};{name};;;{way};{kind};{street};{index};{place};{commune};{departement};\
         DEPARTEMENT;{postal} {town};{telephone};;{category};Libellé;1102;Agrégat;;8610Z;40;Fixation;;;{opened};;2024-04-22;\n"
    )
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|c| if c == '’' { 0x92 } else { u8::try_from(u32::from(c)).unwrap() }).collect()
}

fn rows() -> Vec<Vec<&'static str>> {
    SAMPLE.lines().skip(1).map(|row| row.split('\t').collect()).collect()
}

/// The sample as an extract.
fn sample() -> String {
    HEAD.to_owned() + &rows().iter().map(|row| line(row, row[0], row[3], row[4])).collect::<String>()
}

/// The check digit that makes a number of eight characters a FINESS number.
fn with_key(number: &str) -> String {
    let keyed = (0..10).map(|key| format!("{number}{key}"));
    keyed.into_iter().find(|number| dossier::format::finess(number)).expect("one of ten digits is the key")
}

fn counts(summary: &Value) -> [u64; 6] {
    let count = |key: &str| summary[key].as_u64().unwrap();
    let refused = summary["refused"].as_array().unwrap().len() as u64;
    [count("kept"), count("added"), count("changed"), count("unchanged"), count("closed"), refused]
}

#[test]
fn all_real_establishments_are_imported_and_found() {
    let house = House::new();
    house.write("finess.csv", latin_1(&sample()));
    let import = ["finess", "import", "finess.csv", "--all-categories", "--json"];
    let summary = house.operator(&import).status(0).json();
    assert_eq!(counts(&summary), [1753, 1753, 0, 0, 0, 0]);
    assert_eq!((&summary["lines"], &summary["date"]), (&json!(1754), &json!("2026-05-12")));
    assert_eq!(summary["categories"]["500"], 60);
    let again = house.operator(&import).status(0).json();
    assert_eq!(counts(&again), [1753, 0, 0, 1753, 0, 0]);

    let listed = house.operator(&["etablissement", "list", "--json"]).status(0).json();
    let mut listed: Vec<&str> =
        listed.as_array().unwrap().iter().map(|one| one["NumFINISS"].as_str().unwrap()).collect();
    listed.retain(|number| *number != crate::house::FINESS);
    let mut expected: Vec<&str> = rows().iter().map(|row| row[0]).collect();
    expected.sort_unstable();
    assert_eq!(listed, expected);
}

#[test]
fn those_that_take_elderly_people_are_kept_unless_others_are_asked_for() {
    let house = House::new();
    house.write("finess.csv", latin_1(&sample()));
    let kept = |arguments: &[&str]| {
        let import = [&["finess", "import", "finess.csv", "--json"], arguments].concat();
        house.operator(&import).status(0).json()["categories"].clone()
    };
    let elderly = kept(&[]);
    let codes: Vec<&String> = elderly.as_object().unwrap().keys().collect();
    assert!(
        codes.iter().all(|code| ["202", "207", "362", "381", "500", "501", "502"].contains(&code.as_str()))
    );
    assert_eq!(elderly["500"], 60);
    assert_eq!(kept(&["--category", "500"]), json!({ "500": 60 }));
    assert_eq!(kept(&["--category", "292", "--category", "297"]).as_object().unwrap().len(), 2);
    let toml = std::fs::read_to_string(house.path().join("vtpa.toml")).unwrap();
    house.write("vtpa.toml", format!("{toml}[finess]\ncategories = [\"500\", \"292\"]\n"));
    assert_eq!(kept(&[]).as_object().unwrap().len(), 2);
    assert_eq!(kept(&["--category", "500"]), json!({ "500": 60 }), "the command line has the last word");
    house.operator(&["finess", "import", "finess.csv", "--category", "50"]).status(2).says("three digits");
}

#[test]
fn wrong_lines_are_told_and_the_others_imported() {
    let house = House::new();
    let row = rows().into_iter().find(|row| row[4] == "500").unwrap();
    let line = |number: &str, name: &str, category: &str| line(&row, number, name, category);
    let good = with_key("01000001");
    let lines = [
        HEAD.to_owned(),
        line("010000013", "CLE FAUSSE", "500"),
        line(&good, "EHPAD DU PRÉ", "500"),
        line(&good, "ENCORE LUI", "500"),
        line(&with_key("01000002"), "CATEGORIE", "5OO"),
        "structureet;cut".to_owned(),
    ]
    .concat();
    house.write("finess.csv", latin_1(&lines));
    let ended = house.operator(&["finess", "import", "finess.csv"]).status(0);
    for refused in [
        "refused: line 2: `010000013` is no FINESS number",
        &format!("refused: line 4: `{good}` is on line 3 already"),
        "refused: line 5: `5OO` is no category",
        "refused: line 6: 2 fields",
    ] {
        assert!(ended.err.contains(refused), "{refused} is not in {}", ended.err);
    }
    assert!(ended.out.starts_with("finess.csv of 2026-05-12: 6 lines, 1 establishment kept, 4 refused\n"));
    assert!(ended.out.contains("1 added, 0 changed, 0 unchanged, 0 closed"), "{}", ended.out);
    let found = house.operator(&["etablissement", "search", "ehpad pre", "--json"]).status(0).json();
    assert_eq!(found["etablissements"][0]["RaisonSociale"], "EHPAD DU PRÉ");

    // A closed establishment stays with its demandes, and a file that is none changes nothing.
    let server = house.serve();
    let id = server.create("usager-1");
    let add =
        ["demande", "add", &id, "--finess", &good, "--hebergement", "Permanent", "--urgence", "SixMois"];
    house.operator(&add).status(0);
    house.write("later.csv", latin_1(&[HEAD, &line(&with_key("01000003"), "AUTRE", "500")].concat()));
    let summary = house.operator(&["finess", "import", "later.csv", "--json"]).status(0).json();
    assert_eq!(counts(&summary), [1, 1, 0, 0, 1, 0]);
    let demande = &server.consult(&id, "usager-1")["DemandesEtablissement"][0];
    assert_eq!(demande["Etablissement"]["RaisonSociale"], "EHPAD DU PRÉ");
    let search = |more: &[&str]| {
        let all = [&["etablissement", "search", "ehpad pre"], more].concat();
        house.operator(&all).status(0).out
    };
    assert_eq!(search(&[]), "none found\n");
    assert!(search(&["--closed"]).contains("(closed)"));
    for (content, words) in [
        ("<html>", "not a FINESS extract"),
        (HEAD, "none kept"),
        (&*HEAD.replace("2026-05-12\n", &format!("2026-05-11\n{}", line(&good, "VIEUX", "500"))), "--force"),
    ] {
        house.write("bad.csv", content);
        house.operator(&["finess", "import", "bad.csv"]).status(1).says(words).says("nothing was");
    }
}

#[test]
fn the_extract_as_published_is_read() {
    let house = House::new();
    house.write("etalab.csv", EXTRACT);
    let out = house.operator(&["finess", "import", "etalab.csv"]).status(0).out;
    assert!(out.starts_with("etalab.csv of 2026-05-12: 4 lines, 1 establishment kept, 0 refused\n"), "{out}");
    let found =
        house.operator(&["etablissement", "search", "--commune", "Cayenne", "--json"]).status(0).json();
    assert_eq!(found["total"], 1);
    let found = &found["etablissements"][0];
    assert_eq!((&found["NumFINISS"], &found["Categorie"]), (&json!("970302287"), &json!("500")));
    assert_eq!(found["Adresse"]["Localite"]["Code"], "97302");
}

/// As many lines as the whole extract has. Says how far it is, and how long it took.
#[test]
fn a_hundred_and_three_thousand_lines() {
    let house = House::new();
    let rows = rows();
    let lines: String = (0..103_000_u32)
        .map(|number| {
            let row = &rows[number as usize % rows.len()];
            let number = with_key(&format!("{:02}0{:05}", number % 95 + 1, number / 95));
            line(row, &number, row[3], if row[4] == "292" { "500" } else { row[4] })
        })
        .collect();
    house.write("finess.csv", latin_1(&format!("{HEAD}{lines}")));
    let begun = Instant::now();
    let ended = house.operator(&["finess", "import", "finess.csv"]).status(0);
    println!("imported in {:?}: {}", begun.elapsed(), ended.out);
    assert!(ended.out.starts_with("finess.csv of 2026-05-12: 103,001 lines, "), "{}", ended.out);
    assert!(ended.out.contains(" kept, 0 refused\n"), "{}", ended.out);
    let progress: Vec<&str> = ended.err.lines().filter(|line| line.contains(" %  ")).collect();
    assert!((4..=6).contains(&progress.len()), "now and then, where there is no terminal: {}", ended.err);
    assert!(!ended.err.contains('\r'), "no line that changes, where there is no terminal");
}
