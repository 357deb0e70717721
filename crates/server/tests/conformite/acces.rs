//! §3.2: ConsulterDossierPA and GenererJetonSecuritePA, which both name a dossier by IdDossier and IdLocal.

use storage::Rights;
use testkit::pki::pki;

use crate::request::{accepted, code, creation};
use crate::sheet::Sheet;
use crate::tree::{Change, Tree};

/// Thirteen digits with the right key that nobody has.
const NOBODY: &str = "0000000000000";

pub(crate) fn consultation(entries: &[(&str, &str)]) -> Tree {
    let entry = |(dossier, local): &(&str, &str)| {
        format!(
            "<AccesDossierRequest><IdDossier>{dossier}</IdDossier><IdLocal>{local}</IdLocal></AccesDossierRequest>"
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    Tree::read(&format!("<ConsulterDossierPA><ListeDossier>{entries}</ListeDossier></ConsulterDossierPA>"))
}

pub(crate) fn jeton(dossier: &str, local: &str) -> Tree {
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
        ("Dossier nil", "/Dossier", Change::Nil("1"), code("200", "Dossier")),
        ("Dossier of another namespace", "/Dossier", Change::Foreign, code("200", "Dossier")),
        ("the operation nil", "/", Change::Nil("true"), code("200", "Dossier")),
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
    sheet.end("a_token_is_asked_for_by_both_numbers").await;
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
    // §2 of the decisions: what is empty or nil is absent, whatever is in it
    let neither = code("200", "IdDossier, IdLocal");
    for (case, change, expected) in [
        ("empty", Change::Empty, vec![accepted(), neither.clone()]),
        ("nil, its content left where it is", Change::Nil("true"), vec![accepted(), neither.clone()]),
        ("blank", Change::Blank, vec![accepted(), neither]),
        ("not nil", Change::Nil("false"), vec![accepted(); 2]),
        ("of another namespace", Change::Foreign, vec![accepted()]),
        ("another attribute", Change::Attribute, vec![accepted(); 2]),
    ] {
        let request = two().with("/ListeDossier[2]", change);
        let case = format!("[2]: {case}");
        let answer = sheet.row(&case, &request.xml(), &expected).await;
        let numbers = answer.texts("ConsulterDossierPResponse").len();
        sheet.check(&case, numbers == expected.len(), "as many answers as entries");
    }
    let reversed = two().with("/ListeDossier[2]", Change::Reversed);
    sheet.row("members from last to first", &reversed.xml(), &[accepted(), accepted()]).await;
    sheet.end("a_consultation_answers_each_entry_with_its_own_code").await;
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
        (
            "a list of others' elements",
            one().with("/ListeDossier[1]", Change::Foreign),
            code("200", "ListeDossier"),
        ),
        ("the operation nil", one().with("/", Change::Nil("1")), code("200", "ListeDossier")),
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
    sheet.end("an_error_of_the_whole_call_is_one_element_without_a_number").await;
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
    sheet.end("entries_are_answered_in_their_order_repetitions_included").await;
}

#[tokio::test]
async fn another_application_s_dossier_is_110_and_shows_nothing() {
    let (mut sheet, id) = with_a_dossier().await;
    sheet.harness.register("voisin", &pki().second, Rights::ALL).await;
    for table in ["application", "certificat"] {
        sheet.expect(table, 1);
    }
    let request = |id: &str| [consultation(&[(id, "usager-7")]).xml(), jeton(id, "usager-7").xml()];
    for theirs in request(&id) {
        sheet.row_of(&pki().second, "the neighbour asks for ours", &theirs, &[code("110", "")]).await;
    }
    // and its own dossier of the same IdLocal is another
    let creation = creation().xml();
    let answer = sheet.row_of(&pki().second, "the neighbour creates", &creation, &[accepted()]).await;
    let own = answer.texts("IdDossier").remove(0);
    for request in request(&own) {
        sheet.row_of(&pki().second, "the neighbour asks for its own", &request, &[accepted()]).await;
        sheet.row("we ask for the neighbour's", &request, &[code("110", "")]).await;
    }
    // a dossier may be linked to several applications, to each by an IdLocal of its own
    let number = dossier::IdDossier::parse(&own).unwrap();
    let number = &number;
    let store = sheet.harness.server.store();
    store
        .run("link", |tx| {
            Box::pin(async move {
                let ours = tx.application_by_name("portail").await?.unwrap().id;
                tx.link_dossier(number, ours, "usager-9").await
            })
        })
        .await
        .unwrap();
    sheet.expect("lien", 1);
    for (local, expected) in [("usager-9", accepted()), ("usager-7", code("110", ""))] {
        let asked = consultation(&[(&own, local)]).xml();
        sheet.row(&format!("linked to us as usager-9, asked as {local}"), &asked, &[expected]).await;
    }
    let asked = consultation(&[(&own, "usager-9")]).xml();
    sheet.row_of(&pki().second, "our IdLocal is not theirs", &asked, &[code("110", "")]).await;
    sheet.end("another_application_s_dossier_is_110_and_shows_nothing").await;
}
