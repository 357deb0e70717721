//! How much there may be of everything: demandes, entries, bytes.

use axum::http::StatusCode;
use testkit::pki::pki;

use crate::acces::consultation;
use crate::cycle::{asking, finess, with_establishments};
use crate::harness::Harness;
use crate::request::{accepted, code, creation};
use crate::sheet::Sheet;
use crate::tree::{Change, Tree};

/// §2.1.1: « 0-40 ».
#[tokio::test]
async fn a_dossier_begins_with_forty_demandes_at_most() {
    let mut sheet = with_establishments(41).await;
    for (case, request, expected, demandes) in [
        ("none", asking(0), accepted(), 0),
        ("one", asking(1), accepted(), 1),
        ("forty", asking(40), accepted(), 40),
        ("forty-one", asking(41), code("202", "Etablissements"), 0),
        (
            "forty-one, the last unknown: 202 before 431",
            asking(41).with("Etablissements[41].NumFINISS", Change::Text("010009999".into())),
            code("202", "Etablissements"),
            0,
        ),
        (
            "forty, the last unknown: none of them",
            asking(40).with("Etablissements[40].NumFINISS", Change::Text("010009999".into())),
            code("431", "Etablissements[40].NumFINISS"),
            0,
        ),
        (
            "forty, an empty one between",
            asking(39).with("Etablissements", Change::Append("<Etablissement/>".into())),
            accepted(),
            39,
        ),
        (
            "the place of an unknown one counts an empty one before it",
            asking(1).with("Etablissements[1]", Change::Empty).with(
                "Etablissements",
                Change::Append("<Etablissement><NumFINISS>010009999</NumFINISS></Etablissement>".into()),
            ),
            code("431", "Etablissements[2].NumFINISS"),
            0,
        ),
        (
            "the same twice, an empty one before them",
            asking(3)
                .with("Etablissements[1]", Change::Empty)
                .with("Etablissements[3].NumFINISS", Change::Text(finess(2))),
            code("202", "Etablissements[3].NumFINISS"),
            0,
        ),
    ] {
        let answer = sheet.creation(case, &request.xml(), &expected).await;
        sheet.expect("demande", demandes);
        sheet.expect("demande_historique", demandes);
        if let Some(id) = answer.texts("IdDossier").first() {
            let shown = sheet.row(case, &consultation(&[(id, "usager-7")]).xml(), &[accepted()]).await;
            let shown = shown.texts("DemandeEtablissement").len();
            sheet.check(case, i64::try_from(shown) == Ok(demandes), &format!("{shown} demandes"));
        }
    }
    sheet.end("a_dossier_begins_with_forty_demandes_at_most").await;
}

/// The whole of the largest question: its answer is in order, follows the contract, and costs no more statements.
#[tokio::test]
async fn a_hundred_dossiers_of_forty_demandes_cost_as_many_statements_as_one() {
    let mut sheet = with_establishments(40).await;
    let mut ids = Vec::new();
    for number in 1..=100 {
        let request = asking(40).with("IdLocal", Change::Text(format!("usager-{number}")));
        let answer = sheet.creation(&format!("dossier {number}"), &request.xml(), &accepted()).await;
        ids.push((answer.texts("IdDossier").remove(0), format!("usager-{number}")));
        sheet.expect("demande", 40);
        sheet.expect("demande_historique", 40);
    }
    let mut costs = Vec::new();
    for count in [2, 100] {
        let asked: Vec<(&str, &str)> =
            ids.iter().rev().take(count).map(|(id, local)| (&**id, &**local)).collect();
        let request = consultation(&asked);
        let mut least = u64::MAX;
        // the least of three: what the server does by itself now and then is none of the question's cost
        for _ in 0..3 {
            // not what is traced: a batch is one insert, however many rows it has, and comes when it comes
            sheet.harness.server.traced().await;
            let before = sheet.harness.server.store().statistics().statements;
            let answer =
                sheet.row(&format!("{count} dossiers"), &request.xml(), &vec![accepted(); count]).await;
            least = least.min(sheet.harness.server.store().statistics().statements - before);
            let shown = answer.texts("IdDemande").len();
            sheet.check(&format!("{count} dossiers"), shown == 40 * count, &format!("{shown} demandes"));
            let answer = Tree::read(&answer.body);
            let numbers: Vec<&str> =
                answer.at("/Response").unwrap().children().iter().map(|one| one.text("/IdDossier")).collect();
            let expected: Vec<&str> = asked.iter().map(|(id, _)| *id).collect();
            sheet.check(&format!("{count} dossiers"), numbers == expected, "in the request's order");
        }
        costs.push(least);
    }
    sheet.check("the cost", costs[0] == costs[1], &format!("{costs:?} statements"));
    sheet.end("a_hundred_dossiers_of_forty_demandes_cost_as_many_statements_as_one").await;
}

/// Bytes of the body as HTTP counts them; what is beyond is no message, and nothing is made of it.
#[tokio::test]
async fn a_message_is_as_large_as_the_server_allows_and_no_larger() {
    const SOAP: &str = "application/soap+xml; charset=utf-8";
    const MOST: usize = 60_000;
    let mut sheet = Sheet::of(Harness::with(|config| config.limits.body_bytes = MOST).await).await;
    let sized = |sheet: &Sheet, bytes: usize| {
        let plain = sheet.harness.message(&pki().partner, &creation().xml());
        let room = " ".repeat(bytes - plain.len());
        // white space after the last element is no part of what is signed
        plain + &room
    };
    let largest = sized(&sheet, MOST);
    sheet.sent("at the limit", &largest, &[accepted()]).await;
    let larger = sized(&sheet, MOST + 1);
    let reply = sheet.harness.post("/ws/creation", SOAP, larger).await;
    sheet.check("a byte more", reply.status == StatusCode::PAYLOAD_TOO_LARGE, &reply.status.to_string());
    sheet.end("a_message_is_as_large_as_the_server_allows_and_no_larger").await;
}

/// Elements within elements, and elements beside elements, more than a message has: a fault, which changes nothing.
#[tokio::test]
async fn a_message_past_a_limit_of_its_tree_is_a_fault() {
    let harness = Harness::new().await;
    let message = harness.message(&pki().partner, &creation().xml());
    let within = "<a>".repeat(100) + &"</a>".repeat(100);
    let beside = "<a/>".repeat(60_000);
    for (case, much) in [("100 deep", within), ("60,000 beside each other", beside)] {
        let large = message.replacen("<Prenom>", &format!("{much}<Prenom>"), 1);
        let reply = harness.post("/ws/creation", "application/soap+xml; charset=utf-8", large).await;
        assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "{case}");
        let text = String::from_utf8(reply.body).unwrap();
        assert!(text.contains("<soap:Fault>") && !text.contains("IdDossier"), "{case}: {text}");
    }
}
