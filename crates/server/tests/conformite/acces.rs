//! §3.2: ConsulterDossierPA and GenererJetonSecuritePA, which both name a dossier by IdDossier and IdLocal.

use storage::Rights;
use testkit::pki::pki;

use crate::request::{accepted, code, creation};
use crate::sheet::Sheet;
use crate::tree::{Change, Tree};

/// Thirteen digits with the right key that nobody has.
const NOBODY: &str = "0000000000000";

fn consultation(entries: &[(&str, &str)]) -> Tree {
    let entry = |(dossier, local): &(&str, &str)| {
        format!(
            "<AccesDossierRequest><IdDossier>{dossier}</IdDossier><IdLocal>{local}</IdLocal></AccesDossierRequest>"
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    Tree::read(&format!("<ConsulterDossierPA><ListeDossier>{entries}</ListeDossier></ConsulterDossierPA>"))
}

fn jeton(dossier: &str, local: &str) -> Tree {
    Tree::read(&format!(
        "<GenererJetonSecuritePA><Dossier><IdDossier>{dossier}</IdDossier><IdLocal>{local}</IdLocal></Dossier></GenererJetonSecuritePA>"
    ))
}

/// A sheet with a dossier of `usager-7`, and its number.
async fn with_a_dossier() -> (Sheet, String) {
    let mut sheet = Sheet::new().await;
    let id = a_dossier(&mut sheet, "usager-7").await;
    (sheet, id)
}

async fn a_dossier(sheet: &mut Sheet, id_local: &str) -> String {
    let request = creation().with("IdLocal", Change::Text(id_local.to_owned()));
    let answer = sheet.creation(&format!("a dossier of {id_local}"), &request.xml(), &accepted()).await;
    answer.texts("IdDossier").remove(0)
}

/// Rows of both operations, which read the pair alike: what is done to IdDossier or IdLocal, the code, the path.
fn pair() -> Vec<(&'static str, &'static str, Change, String)> {
    let text = |text: &str| Change::Text(text.to_owned());
    let mut rows = Vec::new();
    for (member, limit) in [("IdDossier", 50), ("IdLocal", 255)] {
        let absent = || code("200", member);
        rows.extend([
            (member, "absent", Change::Absent, absent()),
            (member, "empty", Change::Empty, absent()),
            (member, "xsi:nil", Change::Nil("true"), absent()),
            (member, "white space", Change::Blank, absent()),
            (member, "of another namespace", Change::Foreign, absent()),
            (member, "twice", Change::Twice, code("490", member)),
            (member, "too long by one", Change::Text("é".repeat(limit + 1)), code("490", member)),
            (member, "another attribute", Change::Attribute, accepted()),
            (member, "white space around it", Change::Padded, accepted()),
            (
                member,
                "a foreign element in it",
                Change::Append("<a xmlns='urn:autre'>x</a>".into()),
                accepted(),
            ),
            (
                member,
                "an unknown element in it",
                Change::Append("<Intrus>x</Intrus>".into()),
                code("490", &format!("{member}.Intrus")),
            ),
        ]);
    }
    rows.extend([
        ("IdDossier", "of nobody", text(NOBODY), code("460", "")),
        ("IdDossier", "no number", text("dossier"), code("460", "")),
        ("IdDossier", "at its limit", Change::Text("1".repeat(50)), code("460", "")),
        ("IdLocal", "another's", text("usager-8"), code("110", "")),
        ("IdLocal", "in capitals", text("USAGER-7"), code("110", "")),
        ("IdLocal", "at its limit", Change::Text("😀".repeat(255)), code("110", "")),
        ("IdLocal", "a control in it", text("usager\u{7f}7"), code("490", "IdLocal")),
    ]);
    rows
}

#[tokio::test]
async fn a_token_is_asked_for_by_both_numbers() {
    let (mut sheet, id) = with_a_dossier().await;
    sheet.row("right", &jeton(&id, "usager-7").xml(), &[accepted()]).await;
    for (member, case, change, expected) in pair() {
        let request = jeton(&id, "usager-7").with(&format!("/Dossier.{member}"), change);
        sheet.row(&format!("{member}: {case}"), &request.xml(), &[expected]).await;
    }
    for (case, path, change, expected) in [
        ("Dossier absent", "/Dossier", Change::Absent, code("200", "Dossier")),
        ("Dossier empty", "/Dossier", Change::Empty, code("200", "Dossier")),
        ("Dossier twice", "/Dossier", Change::Twice, code("490", "Dossier")),
        ("members from last to first", "/Dossier", Change::Reversed, accepted()),
        ("an unknown element beside", "/", Change::Append("<Intrus/>".into()), code("490", "Intrus")),
        ("an unknown element in it", "/Dossier", Change::Append("<Intrus/>".into()), code("490", "Intrus")),
    ] {
        let request = jeton(&id, "usager-7").with(path, change);
        sheet.row(case, &request.xml(), &[expected]).await;
    }
    let both = jeton("", "");
    let emptied = both.with("/Dossier", Change::Append("<Intrus/>".into()));
    sheet
        .row("200 before 490, both members named", &emptied.xml(), &[code("200", "IdDossier, IdLocal")])
        .await;
    let long = jeton(&"1".repeat(51), &"x".repeat(256));
    sheet.row("490 of both", &long.xml(), &[code("490", "IdDossier, IdLocal")]).await;
    sheet.row("460 before 110", &jeton(NOBODY, "usager-8").xml(), &[code("460", "")]).await;
    sheet.end(38).await;
}

#[tokio::test]
async fn a_consultation_answers_each_entry_with_its_own_code() {
    let (mut sheet, id) = with_a_dossier().await;
    let two = || consultation(&[(&id, "usager-7"), (&id, "usager-7")]);
    sheet.row("right, twice the same", &two().xml(), &[accepted(), accepted()]).await;
    for (member, case, change, expected) in pair() {
        let request = two().with(&format!("/ListeDossier[1].{member}"), change);
        sheet.row(&format!("[1].{member}: {case}"), &request.xml(), &[expected, accepted()]).await;
    }
    // decisions §9: an unknown element in an entry is the entry's
    let intruder = two().with("/ListeDossier[2]", Change::Append("<Intrus/>".into()));
    sheet
        .row("an unknown element in the second", &intruder.xml(), &[accepted(), code("490", "Intrus")])
        .await;
    let reversed = two().with("/ListeDossier[2]", Change::Reversed);
    sheet.row("members from last to first", &reversed.xml(), &[accepted(), accepted()]).await;
    sheet.end(30).await;
}

#[tokio::test]
async fn an_error_of_the_whole_call_is_one_element_without_a_number() {
    let (mut sheet, id) = with_a_dossier().await;
    let one = || consultation(&[(&id, "usager-7")]);
    let hundred = vec![(id.as_str(), "usager-7"); 100];
    let more = vec![(id.as_str(), "usager-7"); 101];
    for (case, request, expected) in [
        ("no list", one().with("/ListeDossier", Change::Absent), code("200", "ListeDossier")),
        ("an empty list", one().with("/ListeDossier", Change::Empty), code("200", "ListeDossier")),
        ("a nil list", one().with("/ListeDossier", Change::Nil("true")), code("200", "ListeDossier")),
        ("two lists", one().with("/ListeDossier", Change::Twice), code("490", "ListeDossier")),
        ("beside the list", one().with("/", Change::Append("<Intrus/>".into())), code("490", "Intrus")),
        (
            "in the list",
            one().with("/ListeDossier", Change::Append("<Intrus/>".into())),
            code("490", "ListeDossier.Intrus"),
        ),
        ("101 entries", consultation(&more), code("202", "ListeDossier")),
    ] {
        let answer = sheet.row(case, &request.xml(), &[expected]).await;
        sheet.check(case, answer.texts("IdDossier").is_empty(), "no IdDossier");
    }
    sheet.row("100 entries", &consultation(&hundred).xml(), &vec![accepted(); 100]).await;
    sheet.end(9).await;
}

#[tokio::test]
async fn entries_are_answered_in_their_order_repetitions_included() {
    let mut sheet = Sheet::new().await;
    let (first, second) = (a_dossier(&mut sheet, "a").await, a_dossier(&mut sheet, "b").await);
    let asked = [
        (second.as_str(), "b", accepted()),
        (NOBODY, "b", code("460", "")),
        (&first, "a", accepted()),
        (&second, "a", code("110", "")),
        (&second, "b", accepted()),
        ("", "b", code("200", "IdDossier")),
        (&first, "a", accepted()),
    ];
    let request = consultation(&asked.each_ref().map(|(dossier, local, _)| (*dossier, *local)));
    let expected = asked.each_ref().map(|(_, _, code)| code.clone());
    let answer = sheet.row("seven entries", &request.xml(), &expected).await;
    // an entry that is answered with a dossier has the number twice: the dossier's own, then the entry's
    let numbers: Vec<String> = asked
        .iter()
        .flat_map(|(dossier, _, code)| vec![(*dossier).to_owned(); if *code == accepted() { 2 } else { 1 }])
        .collect();
    sheet.check(
        "seven entries",
        answer.texts("IdDossier") == numbers,
        "each entry's number, in the request's order",
    );
    sheet.end(3).await;
}

#[tokio::test]
async fn another_application_s_dossier_is_110_and_shows_nothing() {
    let (sheet, id) = with_a_dossier().await;
    sheet.harness.register("voisin", &pki().second, Rights::ALL).await;
    for request in [consultation(&[(&id, "usager-7")]), jeton(&id, "usager-7")] {
        let answer = sheet.harness.call(&pki().second, &request.xml()).await;
        assert_eq!(answer.codes(), [code("110", "")]);
        assert!(answer.texts("NomNaissance").is_empty() && answer.texts("JetonSecurite").is_empty());
    }
    // and its own dossier of the same IdLocal is another
    let answer = sheet.harness.call(&pki().second, &creation().xml()).await;
    let own = answer.texts("IdDossier").remove(0);
    assert_eq!(
        sheet.harness.call(&pki().second, &consultation(&[(&own, "usager-7")]).xml()).await.codes(),
        [accepted()]
    );
    let theirs = sheet.harness.call(&pki().partner, &consultation(&[(&own, "usager-7")]).xml()).await;
    assert_eq!(theirs.codes(), [code("110", "")]);
}

/// What was sent is what is shown: every member of every object, in the contract's order.
#[tokio::test]
async fn what_was_created_is_what_is_consulted() {
    let (mut sheet, id) = with_a_dossier().await;
    let answer = sheet.row("consult", &consultation(&[(&id, "usager-7")]).xml(), &[accepted()]).await;
    let sent = creation().xml();
    for name in [
        "NomNaissance",
        "NomUsuel",
        "Prenom",
        "AutrePrenoms",
        "DateNaissance",
        "Mail",
        "TelephoneFixe",
        "TelephonePortable",
        "NumSecu",
        "ContacteurDemandeur",
        "NumeroVoie",
        "TypeVoie",
        "LibelleVoie",
    ] {
        let of = |xml: &str| -> Vec<String> {
            let document = xmlsec::Document::parse(xml.as_bytes(), &xmlsec::Limits::default()).unwrap();
            let demandeur =
                document.root().descendants().find(|node| node.local_name() == "Demandeur").unwrap();
            let named = demandeur.descendants().filter(|node| node.local_name() == name);
            named.map(|node| node.text().trim().to_owned()).collect()
        };
        let (sent, shown) = (of(&sent), of(&answer.body));
        sheet.check(name, !sent.is_empty() && sent == shown, &format!("sent {sent:?}, shown {shown:?}"));
    }
    for (name, expected) in [("StatutDossier", "NON_ENVOYEE"), ("IdDossier", id.as_str())] {
        let shown = answer.texts(name);
        sheet.check(name, shown.first().is_some_and(|first| first == expected), &format!("{shown:?}"));
    }
    sheet.end(2).await;
}
