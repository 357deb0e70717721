//! §3.3.1: every code has its case, or a reason why none can exist.

use storage::Rights;
use testkit::pki::pki;

use crate::harness::Harness;
use crate::request::{LABELS, accepted, code, creation};
use crate::sheet::Sheet;
use crate::tree::Change;

/// Where the case of each code is.
const CASES: [(&str, &str); 18] = [
    ("000", "a_fault_of_the_database_is_000_with_the_log_s_number"),
    ("020", "an_operation_switched_off_is_020_after_100_and_before_all_else"),
    ("100", "an_operation_switched_off_is_020_after_100_and_before_all_else"),
    ("110", "another_application_s_dossier_is_110_and_shows_nothing"),
    ("200", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("201", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("202", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("203", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("300", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("360", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("370", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("371", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("372", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("373", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("431", "establishments_that_are_taken_become_demandes_and_unknown_ones_are_431"),
    ("460", "a_token_is_asked_for_by_both_numbers"),
    ("490", "of_two_faults_the_earlier_in_the_order_is_told"),
    ("999", "what_was_created_is_what_is_consulted"),
];

#[test]
fn every_code_of_the_specification_has_its_case() {
    let listed = LABELS.map(|(code, _)| code);
    assert_eq!(listed, CASES.map(|(code, _)| code), "each code once, in the specification's order");
    let sources =
        [include_str!("codes.rs"), include_str!("acces.rs"), include_str!("precedence.rs")].concat();
    for (code, case) in CASES {
        assert!(sources.contains(&format!("fn {case}(")), "{code}: there is no {case}");
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
async fn an_operation_switched_off_is_020_after_100_and_before_all_else() {
    let harness = Harness::with(|config| config.operations.disabled = vec!["CreerDossierPA".into()]).await;
    let nothing = Rights::NONE.with(dossier::Operation::ConsulterDossierPA);
    harness.register("lecteur", &pki().second, nothing).await;
    let mut sheet = Sheet::of(harness).await;
    sheet.creation("right", &creation().xml(), &code("020", "")).await;
    let wrong = creation().with("IdLocal", Change::Absent);
    sheet.creation("020 before 200", &wrong.xml(), &code("020", "")).await;
    for signer in [&pki().second, &pki().unregistered] {
        let answer = sheet.harness.call(signer, &wrong.xml()).await;
        assert_eq!(answer.codes(), [code("100", "")], "100 before 020");
    }
    sheet.end(2).await;
}

#[tokio::test]
async fn establishments_that_are_taken_become_demandes_and_unknown_ones_are_431() {
    let harness =
        Harness::with(|config| config.creation.etablissements = server::config::Etablissements::Record).await;
    let mut sheet = Sheet::of(harness).await;
    let unknown = "Etablissements[1].NumFINISS, Etablissements[2].NumFINISS";
    sheet.creation("both unknown", &creation().xml(), &code("431", unknown)).await;
    let malformed = creation().with("Etablissements[2].NumFINISS", Change::Text("x".repeat(51)));
    sheet.creation("202 before 431", &malformed.xml(), &code("202", "Etablissements[2].NumFINISS")).await;
    let none = creation().with("Etablissements", Change::Absent);
    sheet.creation("none", &none.xml(), &accepted()).await;
    sheet.end(3).await;
}

/// Known ones: a demande each, none when any is unknown.
#[tokio::test]
async fn establishments_that_are_known_become_demandes() {
    let harness =
        Harness::with(|config| config.creation.etablissements = server::config::Etablissements::Record).await;
    for number in ["010000024", "010780054"] {
        let etablissement = dossier::Etablissement {
            num_finiss: number.to_owned(),
            raison_sociale: Some("Résidence des Lilas".to_owned()),
            adresse: None,
            telephone: None,
            donnees_autres: None,
        };
        let added = &etablissement;
        let store = harness.server.store();
        store
            .run("establishment", |tx| Box::pin(async move { tx.add_etablissement(added).await }))
            .await
            .unwrap();
    }
    let stranger = creation().with("Etablissements[2].NumFINISS", Change::Text("010000032".to_owned()));
    let refused = harness.call(&pki().partner, &stranger.xml()).await;
    assert_eq!(refused.codes(), [code("431", "Etablissements[2].NumFINISS")]);
    // decisions §5: an establishment has one demande that is not over
    let twice = creation().with("Etablissements[2].NumFINISS", Change::Text("010000024".to_owned()));
    let refused = harness.call(&pki().partner, &twice.xml()).await;
    assert_eq!(refused.codes(), [code("202", "Etablissements[2].NumFINISS")]);
    let one = creation().with("Etablissements[2]", Change::Absent);
    for (request, expected) in [(creation(), vec!["010000024", "010780054"]), (one, vec!["010000024"])] {
        let answer = harness.call(&pki().partner, &request.xml()).await;
        assert_eq!(answer.codes(), [accepted()]);
        let id = answer.texts("IdDossier").remove(0);
        let shown = harness
            .call(
                &pki().partner,
                &format!(
                    "<ConsulterDossierPA xmlns='urn:viatrajectoire:ws:pa:1'><ListeDossier><AccesDossierRequest><IdDossier>{id}</IdDossier>\
                     <IdLocal>usager-7</IdLocal></AccesDossierRequest></ListeDossier></ConsulterDossierPA>"
                ),
            )
            .await;
        assert_eq!(shown.texts("NumFINISS"), expected, "{}", shown.body);
        assert_eq!(shown.texts("StatutDossier"), ["NON_ENVOYEE"]);
    }
}

/// The cause is in the log alone; the caller has its number.
#[tokio::test]
async fn a_fault_of_the_database_is_000_with_the_log_s_number() {
    use sqlx::Connection as _;
    let harness = Harness::new().await;
    let created = harness.call(&pki().partner, &creation().xml()).await;
    let id = created.texts("IdDossier").remove(0);
    let url = format!("sqlite:{}", harness.directory.path().join("vtpa.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("ALTER TABLE dossier RENAME TO ailleurs").execute(&mut connection).await.unwrap();
    let consultation = format!(
        "<ConsulterDossierPA xmlns='urn:viatrajectoire:ws:pa:1'><ListeDossier><AccesDossierRequest><IdDossier>{id}</IdDossier>\
         <IdLocal>usager-7</IdLocal></AccesDossierRequest></ListeDossier></ConsulterDossierPA>"
    );
    for request in [creation().xml(), consultation] {
        let answer = harness.call(&pki().partner, &request).await;
        let codes = answer.codes();
        let number =
            codes[0].strip_prefix("000 Erreur non identifiée (").and_then(|rest| rest.strip_suffix(')'));
        assert!(number.is_some_and(|number| number.len() >= 8), "{codes:?}");
        assert!(!answer.body.contains("ailleurs") && !answer.body.contains("table"), "{}", answer.body);
        assert!(answer.texts("IdDossier").iter().all(String::is_empty), "{}", answer.body);
    }
}

#[tokio::test]
async fn establishments_that_are_not_taken_are_read_and_left() {
    let mut sheet = Sheet::new().await;
    sheet.creation("unknown, not taken", &creation().xml(), &accepted()).await;
    let malformed = creation().with("Etablissements[2].NumFINISS", Change::Text("x".repeat(51)));
    sheet
        .creation("their form is checked", &malformed.xml(), &code("202", "Etablissements[2].NumFINISS"))
        .await;
    sheet.end(2).await;
}
