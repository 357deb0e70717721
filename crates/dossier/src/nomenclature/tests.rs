//! What the tables must know, and every entry of them looked up.

use std::time::Instant;

use super::*;

const TABLES: [(&str, &Table); 6] = [
    ("civilités", &CIVILITES),
    ("communes", &COMMUNES),
    ("pays", &PAYS),
    ("codes postaux", &CODES_POSTAUX),
    ("départements", &DEPARTEMENTS),
    ("types de voie", &TYPES_VOIE),
];

#[test]
fn labels() {
    type Label = fn(&str) -> Option<&'static str>;
    let rows: [(Label, &str, Option<&str>); 24] = [
        (civilite, "M", Some("Monsieur")),
        (civilite, "MME", Some("Madame")),
        (civilite, "MLLE", Some("Mademoiselle")), // deprecated, still of §2.2.3
        (civilite, "DR", None),                   // R11, another table
        (civilite, "Mme", None),                  // codes are compared exactly
        (commune, "01004", Some("Ambérieu-en-Bugey")),
        (commune, "2A004", Some("Ajaccio")),
        (commune, "75056", Some("Paris")),
        (commune, "75120", Some("Paris 20e Arrondissement")),
        (commune, "69381", Some("Lyon 1er Arrondissement")),
        (commune, "97302", Some("Cayenne")),
        (commune, "98818", Some("Nouméa")),
        (commune, "01015", Some("Arboys en Bugey")), // and not Arbignieu, now a part of it
        (commune, "01340", Some("Saint-Bois")),      // a commune déléguée
        (commune, "01003", Some("Francheleins")),    // Amareins, before 1983
        (commune, "2a004", None),
        (commune, "99999", None),
        (pays, "99100", Some("France")),
        (pays, "99000", Some("France")), // obsolete
        (pays, "99352", Some("Algérie")),
        (pays, "FR", None),
        (type_contact, "1", Some("Personne à contacter")),
        (type_contact, "3", None),
        (motif_echange, "6", None),
    ];
    for (label, code, expected) in rows {
        assert_eq!(label(code), expected, "{code}");
    }
    assert_eq!((0..20).filter(|code| type_contact(&code.to_string()).is_some()).count(), 3);
    let motives: Vec<i32> = (0..20).filter(|code| motif_echange(&code.to_string()).is_some()).collect();
    assert_eq!(motives, [1, 2, 3, 4, 5, 11, 12, 13, 14, 15]);
}

#[test]
fn every_entry_is_found_and_has_a_plain_form() {
    for (name, table) in TABLES {
        let mut before = None;
        for (key, label) in table.entries() {
            assert_eq!(table.label(key), Some(label), "{name}: {key}");
            assert!(before.is_none_or(|before| before < key), "{name}: {key} is out of order");
            assert!(!key.is_empty() && key.trim() == key && label.trim() == label, "{name}: {key}");
            before = Some(key);
        }
    }
    for table in [&CIVILITES, &COMMUNES, &PAYS] {
        assert!(table.entries().all(|(_, label)| !label.is_empty()));
    }
}

#[test]
fn tables_are_whole() {
    let counts = TABLES.map(|(name, table)| (name, table.entries().count()));
    assert_eq!(
        counts,
        [
            ("civilités", 3),
            ("communes", 39_254),
            ("pays", 256),
            ("codes postaux", 6_333),
            ("départements", 109),
            ("types de voie", 345),
        ]
    );
}

#[test]
fn every_postal_code_is_known_and_in_a_departement() {
    for (code, _) in CODES_POSTAUX.entries() {
        assert!(crate::format::code_postal(code), "{code}");
        assert!(code_postal_connu(code), "{code}");
        assert!(departement_connu(code), "{code}");
    }
}

#[test]
fn departements_of_postal_codes() {
    // CEDEX codes, which no table has: Bourg-en-Bresse, Paris La Défense, Ajaccio, Bastia, Cayenne, Nouméa.
    for cedex in ["01012", "92042", "20179", "20407", "97306", "98845"] {
        assert!(!code_postal_connu(cedex) && departement_connu(cedex), "{cedex}");
    }
    for nowhere in ["00100", "96000", "99100", "97000", "97900", "98100", "", "0", "9", "2A000", "é1000"] {
        assert!(!departement_connu(nowhere), "{nowhere:?}");
    }
}

#[test]
fn types_de_voie() {
    for known in [
        "R",
        "r",
        "Rue",
        "RUE",
        "rue",
        "AV",
        "Avenue",
        "BD",
        "boulevard",
        "Allée",
        "ALLEE",
        "allee",
        "Alle\u{301}e",
        "Chaussée",
        "Écluse",
        "château",
        "Presqu'île",
        "Presqu’ile",
        "Zone d'activité",
        "Chemin",
        "Vallon",
        "Vallée, vallon",
    ] {
        assert!(type_voie(known), "{known:?}");
    }
    for unknown in ["", "RU", "Rues", "Rue ", "A", "Avenu", "Strasse", "ß", "É", "\u{301}"] {
        assert!(!type_voie(unknown), "{unknown:?}");
    }
}

/// Figures for those who ask (`cargo test -p dossier figures -- --nocapture`); the clock decides nothing.
#[test]
fn figures() {
    let bytes: usize = TABLES.iter().map(|(_, table)| table.size()).sum();
    let begin = Instant::now();
    let found = COMMUNES.entries().filter(|(code, _)| commune(code).is_some()).count();
    let each = begin.elapsed() / u32::try_from(found).unwrap();
    println!("nothing to load, {bytes} bytes in the executable; {found} communes found, {each:?} each");
    assert!(bytes < 15_000_000);
}
