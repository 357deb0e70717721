//! The three formats, each as the ANS publishes it, and what is refused of each.

use jiff::civil::{date, datetime};
use proptest::prelude::*;

use super::*;

const JDV_SVS: &str = include_str!("../../../tests/data/JDV_J113_Civilite_ENREG.svs.xml");
const R81: &str = "1.2.250.1.213.1.6.1.69";

const R13_TABS: &str = "\u{feff}<OID>;<Nature>;<Nom>;<Date valid>;<Date fin>;<Date MàJ>\r
1.2.250.1.213.2.23;TRE;TRE_R13-CommuneOM;20070725150435;;20260130120000\r
<OID>;<Code>;‹Libellé adapté>;‹Libellé court>;‹Libellé long>;<Date valid>;<Date fin>;<Date MàJ>\r
1.2.250.1.213.2.23;01015;Arboys en Bugey;;Arboys en Bugey;20160101000000;;20160101000000\r
1.2.250.1.213.2.23;01015;Arbignieu;;Arbignieu;19430101000000;20160101000000;20160101000000\r
1.2.250.1.213.2.23;01340;;;Saint-Bois;19430101000000;20160101000000;20160101000000;\r
\r
";

const R81_FHIR: &str = r#"{
  "resourceType": "CodeSystem",
  "id": "TRE-R81-Civilite",
  "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.213.1.6.1.69"}],
  "name": "TRE_R81_Civilite",
  "date": "2026-01-30T12:00:00+01:00",
  "concept": [
    {"code": "MLLE", "display": "Mademoiselle", "property": [
      {"code": "dateValid", "valueDateTime": "2007-07-25T15:04:35+01:00"},
      {"code": "dateFin", "valueDateTime": "2016-09-01T00:00:00+01:00"},
      {"code": "status", "valueCode": "deprecated"}]},
    {"code": "MME", "display": "Madame", "concept": [{"code": "MME1", "display": "Madame, dedans"}]}
  ]
}"#;

#[test]
fn tabs() {
    let table = NosTable::read(R13_TABS.as_bytes()).unwrap();
    assert_eq!(
        (table.oid.as_str(), table.nom.as_str()),
        (crate::nomenclature::OID_COMMUNE, "TRE_R13-CommuneOM")
    );
    assert_eq!(table.mise_a_jour, Some(datetime(2026, 1, 30, 12, 0, 0, 0)));
    let rows: Vec<_> = table.concepts().iter().map(|c| (c.code.as_str(), c.libelle.as_str())).collect();
    assert_eq!(rows, [("01015", "Arbignieu"), ("01015", "Arboys en Bugey"), ("01340", "Saint-Bois")]);
    assert_eq!(table.concepts()[0].fin, Some(datetime(2016, 1, 1, 0, 0, 0, 0)));
}

#[test]
fn a_code_has_the_label_of_its_day() {
    let table = NosTable::read(R13_TABS.as_bytes()).unwrap();
    for (code, day, expected) in [
        ("01015", date(1950, 1, 1), Some("Arbignieu")),
        ("01015", date(2015, 12, 31), Some("Arbignieu")),
        ("01015", date(2016, 1, 1), Some("Arboys en Bugey")),
        ("01340", date(2026, 1, 1), Some("Saint-Bois")), // no longer valid, and still known
        ("01341", date(2026, 1, 1), None),
    ] {
        assert_eq!(table.libelle(&table.oid, code, day), expected, "{code} on {day}");
    }
    assert_eq!(table.libelle(R81, "01015", date(2026, 1, 1)), None);
}

#[test]
fn tabs_of_a_value_set_have_neither_dates_nor_one_code_system() {
    let file = "<OID>;<Nom>\n1.2.250.1.213.1.6.1.184;JDV_J113-Civilite-ENREG\n<OID>;<Code>;‹Libellé>\n\
                1.2.250.1.213.1.6.1.69;M;Monsieur\n1.2.250.1.213.1.6.1.11;DR;Docteur\n";
    let table = NosTable::read(file.as_bytes()).unwrap();
    assert_eq!(table.mise_a_jour, None);
    assert_eq!(table.libelle(R81, "M", date(2026, 1, 1)), Some("Monsieur"));
    assert_eq!(table.libelle("1.2.250.1.213.1.6.1.11", "DR", date(2026, 1, 1)), Some("Docteur"));
}

#[test]
fn svs() {
    for file in [JDV_SVS.to_owned(), JDV_SVS.replace("<Concept ", "<concept "), format!("\u{feff}{JDV_SVS}")]
    {
        let table = NosTable::read(file.as_bytes()).unwrap();
        assert_eq!(
            (table.oid.as_str(), table.nom.as_str()),
            ("1.2.250.1.213.1.6.1.184", "JDV_J113_Civilite_ENREG")
        );
        assert_eq!(table.mise_a_jour, Some(datetime(2020, 5, 29, 12, 0, 0, 0)));
        assert_eq!(table.concepts().len(), 2);
        assert_eq!(table.libelle(R81, "MME", date(2026, 1, 1)), Some("Madame"));
    }
}

#[test]
fn fhir() {
    let table = NosTable::read(R81_FHIR.as_bytes()).unwrap();
    assert_eq!((table.oid.as_str(), table.nom.as_str()), (R81, "TRE_R81_Civilite"));
    assert_eq!(table.mise_a_jour, Some(datetime(2026, 1, 30, 12, 0, 0, 0)));
    let rows: Vec<_> =
        table.concepts().iter().map(|c| (c.code.as_str(), c.en_vigueur(date(2026, 1, 1)))).collect();
    assert_eq!(rows, [("MLLE", false), ("MME", true), ("MME1", true)]);
}

#[test]
fn an_edition_is_the_version_or_the_date() {
    let said = R81_FHIR.replace("\"date\":", "\"version\": \"20260130\", \"date\":");
    for (file, expected) in [
        (R13_TABS, Some("20260130120000")),
        (JDV_SVS, Some("20200529120000")),
        (&said, Some("20260130")),
        (&R81_FHIR.replace("\"date\": \"2026-01-30T12:00:00+01:00\",", ""), None),
    ] {
        let table = NosTable::read(file.as_bytes()).unwrap();
        assert_eq!(table.edition().as_deref(), expected, "{file}");
    }
}

#[test]
fn what_is_of_other_tables_is_told_apart() {
    let file = "<OID>;<Nom>\n1.2.250.1.213.1.6.1.184;JDV_J113-Civilite-ENREG\n<OID>;<Code>;‹Libellé>\n\
                1.2.250.1.213.1.6.1.69;M;Monsieur\n1.2.250.1.213.1.6.1.11;DR;Docteur\n\
                TypeContactPA;3;Médecin traitant\n";
    let table = NosTable::read(file.as_bytes()).unwrap();
    let known: Vec<_> = table.connus().map(|(table, concept)| (table, concept.code.as_str())).collect();
    assert_eq!(known, [(NomTable::Civilite, "M"), (NomTable::TypeContact, "3")]);
    assert_eq!(table.concepts().len(), 3);
}

#[test]
fn every_cause_says_what_to_do() {
    for file in ["", "a;b", "{", "<a>", "<OID>;<Nom>\n1.2.3;TRE_X\n<OID>;<Code>;<Libellé>\n1.2.3;a\n"] {
        let error = NosTable::read(file.as_bytes()).unwrap_err();
        assert!(error.cause.remede().len() > 20, "{error}");
    }
}

#[test]
fn errors_tell_where() {
    let row = "1.2.250.1.213.2.23;01015;Arboys en Bugey;;Arboys en Bugey;20160101000000;;20160101000000";
    let tabs = |row_instead: &str| R13_TABS.replace(row, row_instead);
    let no_oid = "TRE_R13\nTRE_R13\n<OID>;<Code>;<Libellé>\n";
    let short_heads = "a;b\nc;d\n<OID>;<Code>\n";
    let no_row = "<OID>;<Nom>\n1.2.3;TRE_X\n<OID>;<Code>;<Libellé>\n";
    let long = "é".repeat(101);
    let postal = "1.2.250.1.214.2.45";
    let rows: [(String, usize, usize, ImportCause); 24] = [
        (
            tabs(&format!("1.2.250.1.213.2.23;01015;{long};;;;;")),
            4,
            20,
            ImportCause::TooLong { code: "01015".into(), most: 100 },
        ),
        (
            tabs("1.2.250.1.213.2.23;0101501015010150;é;;;;;"),
            4,
            20,
            ImportCause::TooLong { code: "0101501015010150".into(), most: 15 },
        ),
        (tabs(&format!("{postal};0100;é;;;;;")), 4, 20, ImportCause::CodePostal("0100".into())),
        (
            JDV_SVS.replace("displayName=\"Madame\"", "displayName=\"Ma&#10;dame\""),
            16,
            10,
            ImportCause::Control("MME".into()),
        ),
        (R81_FHIR.replace("Madame, dedans", "\\n"), 12, 63, ImportCause::NoLabel("MME1".into())),
        (R81_FHIR.replace("Madame, dedans", "a\\u0000"), 12, 63, ImportCause::Control("MME1".into())),
        (" \n".into(), 1, 1, ImportCause::Empty),
        ("a;b\nc;d\n".into(), 3, 1, ImportCause::NoHeads),
        (short_heads.into(), 3, 1, ImportCause::NoHeads),
        (no_oid.into(), 1, 1, ImportCause::NoOid),
        (no_oid.replacen("TRE_R13", "1.2.3", 2), 1, 1, ImportCause::NoName),
        (no_row.into(), 4, 1, ImportCause::NoConcept),
        (tabs("1.2.3;01015;é"), 4, 13, ImportCause::Fields { expected: 8, found: 3 }),
        (tabs(&format!("{row};;x")), 4, 90, ImportCause::Fields { expected: 8, found: 10 }),
        (tabs("1.2.3;;é;;;;;"), 4, 7, ImportCause::NoCode),
        (tabs("1,2;é;é;;;;;"), 4, 1, ImportCause::NoOid),
        (tabs("1.2.3;é;;;;;;"), 4, 9, ImportCause::NoLabel("é".into())),
        (tabs("1.2.3;é;é;;;20160230000000;;"), 4, 13, ImportCause::Date("20160230000000".into())),
        (JDV_SVS.replace("svs:2008", "svs:2007"), 2, 1, ImportCause::NotSvs),
        (JDV_SVS.replace("code=\"MME\"", "code=\"\""), 16, 10, ImportCause::NoCode),
        (
            JDV_SVS.replace("dateMaj=\"2020", "dateMaj=\"202O"),
            4,
            4,
            ImportCause::Date("202O0529120000".into()),
        ),
        (JDV_SVS.replace("</ConceptList>", ""), 18, 4, ImportCause::Xml(xmlsec::ParseCause::MismatchedTag)),
        (R81_FHIR.replace("urn:oid:", "urn:uuid:"), 1, 1, ImportCause::NoOid),
        (
            R81_FHIR.replace("\"code\": \"MME\", ", ""),
            12,
            85,
            ImportCause::Json("missing field `code`".into()),
        ),
    ];
    for (file, line, column, cause) in rows {
        assert_eq!(NosTable::read(file.as_bytes()), Err(ImportError { line, column, cause }), "{file}");
    }
    let latin = NosTable::read(b"a;b\nc;\xe9\n").unwrap_err();
    assert_eq!(latin.to_string(), "line 2, column 3: the file is not UTF-8");
    for (wrong, line) in [("2016-09-01T", 10), ("CodeSystem", 2)] {
        let error = NosTable::read(R81_FHIR.replacen(wrong, "x", 1).as_bytes()).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(matches!(error.cause, ImportCause::Json(_)), "{error}");
    }
}

proptest! {
    /// Whatever a file holds, it is read or refused with a place inside it, and what is read fits into an answer.
    #[test]
    fn any_file_is_read_or_refused_with_its_place(
        which in 0..3_usize,
        cut in any::<prop::sample::Index>(),
        instead in prop_oneof![
            Just(Vec::new()),
            "[;<>‹›{}\"&#0-9a-zé\\n\\r\u{0}]{1,6}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 1..4),
        ],
        away in 0..12_usize,
    ) {
        let mut file = [R13_TABS, JDV_SVS, R81_FHIR][which].as_bytes().to_vec();
        let at = cut.index(file.len());
        let end = (at + away).min(file.len());
        file.splice(at..end, instead);
        match NosTable::read(&file) {
            Ok(table) => {
                prop_assert!(!table.concepts().is_empty());
                for (_, concept) in table.connus() {
                    prop_assert!((1..=15).contains(&concept.code.chars().count()));
                    prop_assert!((1..=100).contains(&concept.libelle.chars().count()));
                    prop_assert!(!concept.libelle.contains(char::is_control));
                }
            }
            Err(error) => {
                // The end of a file may be the place, and a file without rows is told by the line that lacks.
                let lines = file.iter().filter(|byte| **byte == b'\n').count() + 1;
                prop_assert!((1..=lines.max(4)).contains(&error.line), "{error}");
                prop_assert!(!error.cause.remede().is_empty());
            }
        }
    }
}
