//! `vtpa nos`: what is read, what is refused and with which words, and a running server that follows.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::dossiers::creation;
use testkit::pki::pki;

use crate::house::{House, Running};
use crate::vtpa::Ended;

const JDV: &str = include_str!("../../../dossier/tests/data/JDV_J113_Civilite_ENREG.svs.xml");

/// R13 with a commune that the built-in table does not have.
const R13: &str = "\u{feff}<OID>;<Nature>;<Nom>;<Date valid>;<Date fin>;<Date MàJ>\r\n\
    1.2.250.1.213.2.23;TRE;TRE_R13-CommuneOM;20070725150435;;20260130120000\r\n\
    <OID>;<Code>;‹Libellé adapté>;‹Libellé court>;‹Libellé long>;<Date valid>;<Date fin>;<Date MàJ>\r\n\
    1.2.250.1.213.2.23;01053;Bourg-en-Bresse;;Bourg-en-Bresse;19430101000000;;20160101000000\r\n\
    1.2.250.1.213.2.23;01999;Valromey-Neuf;;Valromey-Neuf;20260101000000;;20260101000000\r\n";

const R20: &str = r#"{"resourceType": "CodeSystem", "identifier": [{"value": "urn:oid:1.2.250.1.213.2.24"}],
  "name": "TRE_R20_Pays", "version": "20260301120000", "date": "2026-03-01T12:00:00+01:00",
  "concept": [{"code": "99100", "display": "France"}, {"code": "99999", "display": "Syldavie"}]}"#;

fn import(house: &House, name: &str, content: &str) -> Ended {
    house.write(name, content);
    house.operator(&["nos", "import", name])
}

#[test]
fn each_format_is_read_and_told() {
    let house = House::new();
    for (name, content, told) in [
        (
            "r13.tabs",
            R13,
            "r13.tabs: TRE_R13-CommuneOM version 20260130120000, of 2026-01-30; table R13\n\
             imported: 2 codes, 1 of them not known before\n",
        ),
        (
            "JDV_J113.xml",
            JDV,
            "JDV_J113.xml: JDV_J113_Civilite_ENREG version 20200529120000, of 2020-05-29; table R81\n\
             imported: 2 codes, 0 of them not known before\n",
        ),
        (
            "r20.json",
            R20,
            "r20.json: TRE_R20_Pays version 20260301120000, of 2026-03-01; table R20\n\
             imported: 2 codes, 1 of them not known before\n",
        ),
    ] {
        assert_eq!(import(&house, name, content).status(0).out, told);
    }
    let again = house.operator(&["nos", "import", "r13.tabs"]).status(0).out;
    assert!(again.contains("in force already (2 codes): nothing to do"), "{again}");

    let next = R13.replace("20260130", "20260731").replace("01053;Bourg-en-Bresse", "01053;Bourg");
    let next = next.replace("01999;Valromey-Neuf", "01998;Valromey-Vieux");
    house.write("next.tabs", next);
    let told = house.operator(&["nos", "import", "next.tabs", "--json"]).status(0).json();
    assert_eq!(
        told,
        json!({
            "tables": ["R13"], "oid": "1.2.250.1.213.2.23", "name": "TRE_R13-CommuneOM",
            "version": "20260731120000", "updated": "2026-07-31T12:00:00", "rows": 2, "ignored": 0,
            "changed": true, "codes": 2, "new": 1,
            "since_earlier": { "added": 1, "removed": 1, "changed": 1 },
        })
    );
    house.operator(&["nos", "import", "r13.tabs"]).status(1).says("--older").says("later date");
    house.operator(&["nos", "import", "r13.tabs", "--older"]).status(0);
}

#[test]
fn what_is_in_force_is_listed() {
    let house = House::new();
    let codes = |listed: &Value| -> Vec<(String, String, u64)> {
        let rows = listed.as_array().unwrap().iter();
        rows.map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text("table"), text("origin"), row["codes"].as_u64().unwrap())
        })
        .collect()
    };
    let built_in = |table: &str, codes| (table.to_owned(), "built in".to_owned(), codes);
    let list = || house.operator(&["nos", "list", "--json"]).status(0).json();
    let expected = [
        built_in("R81", 3),
        built_in("R13", 39_254),
        built_in("R20", 256),
        built_in("R35", 345),
        built_in("CodePostal", 6_333),
        built_in("TypeContact", 3),
    ];
    assert_eq!(codes(&list()), expected);
    import(&house, "r13.tabs", R13).status(0);
    let listed = list();
    assert_eq!(listed.as_array().unwrap().len(), 7);
    let import = &listed[2];
    assert_eq!((&import["table"], &import["origin"]), (&json!("R13"), &json!("imported")));
    assert_eq!((&import["version"], &import["codes"]), (&json!("20260130120000"), &json!(2)));
    assert_eq!(import["import"]["file"], "r13.tabs");
    assert_eq!(import["import"]["sha256"].as_str().unwrap().len(), 64);
    let text = house.operator(&["nos", "list"]).status(0).out;
    let line = text.lines().find(|line| line.contains("imported ")).unwrap();
    for part in ["R13", "20260130120000", "2026-01-30", "TRE_R13-CommuneOM from r13.tabs", "UTC"] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[test]
fn a_file_that_cannot_be_imported_is_refused_with_its_line_and_the_remedy_and_changes_nothing() {
    let house = House::new();
    import(&house, "r13.tabs", R13).status(0);
    let before = house.operator(&["nos", "list", "--json"]).status(0).out;
    let row = "1.2.250.1.213.2.23;01999;Valromey-Neuf;;Valromey-Neuf;20260101000000;;20260101000000\r\n";
    let long = "é".repeat(101);
    for (content, place, words) in [
        (R13.replace(row, "1.2.250.1.213.2.23;01999;Valr"), "line 5", "cut"),
        (R13.replace("01999", ""), "line 5", "code"),
        (R13.replace("20260101000000;;", "20260132000000;;"), "line 5", "AAAAMMJJhhmmss"),
        (R13.replace("01999;Valromey-Neuf", &format!("01999;{long}")), "line 5", "100 characters"),
        (R13.replace("1.2.250.1.213.2.23", "1.2.250.1.213.2.99"), "R13 1.2.250.1.213.2.23", "no table that"),
        (JDV.replace("</ConceptList>", ""), "line 18", "download the file anew"),
        (R20.replace("\"code\": \"99999\", ", ""), "line 3", "missing field `code`"),
        ("code,label\n1,x\n".to_owned(), "line 3", "as the ANS publishes it"),
        (String::new(), "line 1", "empty"),
    ] {
        import(&house, "bad", &content).status(1).says(place).says(words).says("nothing was imported");
    }
    house.write(
        "latin1.tabs",
        R13.trim_start_matches('\u{feff}')
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
            .collect::<Vec<u8>>(),
    );
    house.operator(&["nos", "import", "latin1.tabs"]).status(1).says("not UTF-8").says("iconv");
    house.operator(&["nos", "import", "absent"]).status(1).says("absent");
    assert_eq!(house.operator(&["nos", "list", "--json"]).status(0).out, before);
}

/// Asks for a creation whose commune has a code and no DisplayName; gives the code of the answer.
fn create(server: &Running, house: &House, commune: &str, id_local: &str) -> (i32, String) {
    let mut wanted = creation(id_local);
    wanted["Demandeur"]["Adresse"]["Localite"] = json!({ "Code": commune });
    let file = house.write(&format!("{id_local}.json"), wanted.to_string());
    let ended = server.call(&pki().partner, &["creer", file.to_str().unwrap()]);
    let code = ended.json()["CodeRetour"]["Code"].as_str().unwrap().to_owned();
    (ended.status, code)
}

/// Issue 5: "a running server picks it up"; the task says within two seconds.
#[test]
fn a_running_server_takes_an_import_up_without_a_restart() {
    let house = House::new();
    let server = house.serve();
    assert_eq!(create(&server, &house, "01999", "avant"), (3, "372".to_owned()));
    import(&house, "r13.tabs", R13).status(0);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(create(&server, &house, "01999", "apres"), (0, "999".to_owned()));
    // A file that is refused changes nothing for the server either.
    import(&house, "bad.tabs", "a;b\n").status(1);
    assert_eq!(create(&server, &house, "01999", "toujours"), (0, "999".to_owned()));
    assert_eq!(create(&server, &house, "01997", "inconnu"), (3, "372".to_owned()));
}

#[test]
fn requests_in_flight_are_answered_while_tables_come_and_go() {
    let house = House::new();
    let server = house.serve();
    std::thread::scope(|scope| {
        let imports = scope.spawn(|| {
            for year in 2027..2033 {
                let file = R13.replace("20260130", &format!("{year}0130"));
                import(&house, "next.tabs", &file).status(0);
                std::thread::sleep(Duration::from_millis(300));
            }
        });
        let mut answered = 0;
        while !imports.is_finished() {
            let id = format!("usager-{answered}");
            assert_eq!(create(&server, &house, "01053", &id), (0, "999".to_owned()));
            answered += 1;
        }
        imports.join().unwrap();
        assert!(answered > 2, "{answered}");
    });
}
