//! §3.3.1: every code has its case with every operation, or a reason why none can exist.

use crate::acces::{consultation, jeton};
use crate::cycle::{asking, finess, with_establishments};
use crate::harness::Harness;
use crate::request::{LABELS, accepted, code, creation};
use crate::sheet::Sheet;
use crate::tree::Change;

/// A code with an operation: the test that shows it, or why there can be none.
enum Case {
    Shown(&'static str),
    None(&'static str),
}
use Case::{None, Shown};

const ORDER: Case = Shown("of_two_faults_the_earlier_in_the_order_is_told");
const ENTRY: Case = Shown("a_consultation_answers_each_entry_with_its_own_code");
const CALL: Case = Shown("an_error_of_the_whole_call_is_one_element_without_a_number");
const TOKEN: Case = Shown("a_token_is_asked_for_by_both_numbers");
const RIGHTS: Case = Shown("who_may_what");
const DATABASE: Case = Shown("a_fault_of_the_database_is_000_with_the_log_s_number");
const NO_DATA: Case = None(
    "the operation has parameters alone, which are 200 and 490; data are those of an object (decisions §3)",
);
const NO_TABLE: Case = None("no parameter of the operation is of a nomenclature");
const NO_DOSSIER: Case = None("a creation names no dossier: its number is drawn");
const NO_ESTABLISHMENT: Case = None("the operation names no establishment");

/// The code, then CreerDossierPA, ConsulterDossierPA, GenererJetonSecuritePA.
const CASES: [(&str, [Case; 3]); 18] = [
    ("000", [DATABASE, DATABASE, DATABASE]),
    (
        "020",
        [
            Shown("creer_dossier_switched_off_is_020_for_whoever_may"),
            Shown("consulter_dossier_switched_off_is_020_for_whoever_may"),
            Shown("generer_jeton_switched_off_is_020_for_whoever_may"),
        ],
    ),
    ("100", [RIGHTS, RIGHTS, RIGHTS]),
    ("110", [NO_DOSSIER, Shown("another_application_s_dossier_is_110_and_shows_nothing"), TOKEN]),
    ("200", [ORDER, ENTRY, TOKEN]),
    ("201", [ORDER, NO_DATA, NO_DATA]),
    ("202", [ORDER, CALL, NO_DATA]),
    ("203", [ORDER, NO_DATA, NO_DATA]),
    ("300", [ORDER, NO_TABLE, NO_TABLE]),
    ("360", [ORDER, NO_TABLE, NO_TABLE]),
    ("370", [ORDER, NO_TABLE, NO_TABLE]),
    ("371", [ORDER, NO_TABLE, NO_TABLE]),
    ("372", [ORDER, NO_TABLE, NO_TABLE]),
    ("373", [ORDER, NO_TABLE, NO_TABLE]),
    (
        "431",
        [
            Shown("establishments_that_are_taken_become_demandes_and_unknown_ones_are_431"),
            NO_ESTABLISHMENT,
            NO_ESTABLISHMENT,
        ],
    ),
    ("460", [NO_DOSSIER, ENTRY, TOKEN]),
    ("490", [ORDER, ENTRY, TOKEN]),
    ("999", [ORDER_RIGHT, ENTRY, TOKEN]),
];
const ORDER_RIGHT: Case = Shown("all_faults_at_once_are_told_one_code_at_a_time");

#[test]
fn every_code_of_the_specification_has_its_case() {
    let listed = LABELS.map(|(code, _)| code);
    assert_eq!(
        listed,
        CASES.each_ref().map(|(code, _)| *code),
        "each code once, in the specification's order"
    );
    let sources = [
        include_str!("codes.rs"),
        include_str!("acces.rs"),
        include_str!("precedence.rs"),
        include_str!("droits.rs"),
    ];
    for (code, cases) in &CASES {
        for case in cases {
            match case {
                Shown(test) => {
                    let there = sources.iter().find(|source| source.contains(&format!("fn {test}(")));
                    let there = there.unwrap_or_else(|| panic!("{code}: there is no {test}"));
                    // it asks for the code itself, or for one of a table of faults that holds it
                    let asked = there.contains(&format!("\"{code}\"")) || *code == "999";
                    assert!(asked, "{code} does not stand where {test} is");
                }
                None(reason) => assert!(reason.len() > 20, "{code} needs a reason"),
            }
        }
    }
    // and the server knows these, with these labels, and no others
    let mut known = dossier::Code::ALL.map(|code| {
        let code = dossier::CodeRetour::seul(code);
        (code.code().to_owned(), code.message().to_owned())
    });
    known.sort();
    assert_eq!(known, LABELS.map(|(code, label)| (code.to_owned(), label.to_owned())));
}

#[tokio::test]
async fn establishments_that_are_taken_become_demandes_and_unknown_ones_are_431() {
    let mut sheet = with_establishments(0).await;
    let unknown = "Etablissements[1].NumFINISS, Etablissements[2].NumFINISS";
    for (case, request, expected) in [
        ("both unknown", creation(), code("431", unknown)),
        (
            "202 before 431",
            creation().with("Etablissements[2].NumFINISS", Change::Text("x".repeat(51))),
            code("202", "Etablissements[2].NumFINISS"),
        ),
        (
            "300 before 431",
            creation().with("Demandeur.PaysNaissance.CodeSystem", Change::Text("1.2".into())),
            code("300", "Demandeur.PaysNaissance"),
        ),
        ("none", creation().with("Etablissements", Change::Absent), accepted()),
    ] {
        sheet.creation(case, &request.xml(), &expected).await;
    }
    sheet.end("establishments_that_are_taken_become_demandes_and_unknown_ones_are_431").await;
}

/// Known ones: a demande each, none when any is unknown.
#[tokio::test]
async fn establishments_that_are_known_become_demandes() {
    let mut sheet = with_establishments(2).await;
    let second = "Etablissements[2].NumFINISS";
    let with = |number: &str| asking(2).with(second, Change::Text(number.to_owned()));
    for (case, request, expected, demandes) in [
        ("both", asking(2), accepted(), vec![finess(1), finess(2)]),
        ("one", asking(1), accepted(), vec![finess(1)]),
        (
            "in the order sent",
            asking(2).with("Etablissements", Change::Reversed),
            accepted(),
            vec![finess(2), finess(1)],
        ),
        (
            "white space around a number",
            with(&format!(" {}\n", finess(2))),
            accepted(),
            vec![finess(1), finess(2)],
        ),
        ("the second unknown", with("010009999"), code("431", second), vec![]),
        ("no number of an establishment", with("EHPAD"), code("431", second), vec![]),
        // decisions §5: an establishment has one demande that is not over
        ("the same twice", with(&finess(1)), code("202", second), vec![]),
    ] {
        let answer = sheet.creation(case, &request.xml(), &expected).await;
        for table in ["demande", "demande_historique"] {
            sheet.expect(table, i64::try_from(demandes.len()).unwrap());
        }
        let Some(id) = answer.texts("IdDossier").first().cloned() else { continue };
        let shown = sheet.row(case, &consultation(&[(&id, "usager-7")]).xml(), &[accepted()]).await;
        sheet.check(case, shown.texts("NumFINISS") == demandes, &shown.body);
        let states = shown.texts("StatutDemande");
        sheet.check(case, states == vec!["NON_ENVOYEE"; demandes.len()], &format!("{states:?}"));
        sheet.check(case, shown.texts("StatutDossier") == ["NON_ENVOYEE"], &shown.body);
    }
    sheet.end("establishments_that_are_known_become_demandes").await;
}

#[tokio::test]
async fn establishments_that_are_not_taken_are_read_and_left() {
    let mut sheet = Sheet::new().await;
    let second = "Etablissements[2].NumFINISS";
    for (case, change, expected) in [
        ("unknown", Change::Text("010009999".into()), accepted()),
        ("the same twice", Change::Text("010000024".into()), accepted()),
        ("no number", Change::Absent, code("201", second)),
        ("too long", Change::Text("x".repeat(51)), code("202", second)),
    ] {
        let request = creation().with(second, change);
        let answer = sheet.creation(case, &request.xml(), &expected).await;
        let Some(id) = answer.texts("IdDossier").first().cloned() else { continue };
        let shown = sheet.row(case, &consultation(&[(&id, "usager-7")]).xml(), &[accepted()]).await;
        sheet.check(case, shown.texts("IdDemande").is_empty(), "no demande");
    }
    sheet.end("establishments_that_are_not_taken_are_read_and_left").await;
}

/// The cause is in the log alone; the caller has its number.
#[tokio::test]
async fn a_fault_of_the_database_is_000_with_the_log_s_number() {
    use sqlx::Connection as _;
    let harness = Harness::new().await;
    let mut sheet = Sheet::of(harness).await;
    let created = sheet.creation("while all is well", &creation().xml(), &accepted()).await;
    let id = created.texts("IdDossier").remove(0);
    let url = format!("sqlite:{}", sheet.harness.directory.path().join("vtpa.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("ALTER TABLE dossier RENAME TO ailleurs").execute(&mut connection).await.unwrap();
    let mut numbers = Vec::new();
    let two = [(id.as_str(), "usager-7"), (id.as_str(), "usager-7")];
    for request in [creation().xml(), consultation(&two).xml(), jeton(&id, "usager-7").xml()] {
        let answer = sheet.harness.call(&testkit::pki::pki().partner, &request).await;
        let codes = answer.codes();
        assert_eq!(codes.len(), 1, "an error of the whole call is one element: {codes:?}");
        let number =
            codes[0].strip_prefix("000 Erreur non identifiée (").and_then(|rest| rest.strip_suffix(')'));
        numbers.push(number.unwrap_or_else(|| panic!("{codes:?}")).to_owned());
        assert!(!answer.body.contains("ailleurs") && !answer.body.contains("table"), "{}", answer.body);
        assert!(answer.texts("IdDossier").is_empty() && answer.texts("JetonSecurite").is_empty());
    }
    numbers.dedup();
    assert!(numbers.len() == 3 && numbers.iter().all(|number| number.len() == 16), "{numbers:?}");
    sqlx::query("ALTER TABLE ailleurs RENAME TO dossier").execute(&mut connection).await.unwrap();
    sheet.creation("after it is well again", &creation().xml(), &accepted()).await;
    sheet.end("a_fault_of_the_database_is_000_with_the_log_s_number").await;
}
