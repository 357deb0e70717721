//! What is kept: a dossier holds what was sent and shows it again, in the database and in ConsulterDossierPA.

use dossier::IdDossier;
use testkit::pki::pki;

use crate::acces::consultation;
use crate::harness::{Answer, Harness};
use crate::request::{accepted, creation};
use crate::sheet::Sheet;
use crate::tree::{Change, Tree};

/// A row: the case, what is changed in the request, and by what else the Demandeur shown differs from that request.
type Row<'a> = (&'a str, &'a [(&'a str, Change)], &'a [(&'a str, Change)]);

fn text(text: &str) -> Change {
    Change::Text(text.to_owned())
}

fn changed(request: Tree, changes: &[(&str, Change)]) -> Tree {
    changes.iter().fold(request, |request, (path, change)| request.with(path, change.clone()))
}

/// What is shown of the dossier that `answer` names: the consultation's Dossier.
async fn shown(sheet: &mut Sheet, case: &str, answer: &Answer) -> Tree {
    let id = answer.texts("IdDossier").remove(0);
    let request = consultation(&[(&id, "usager-7")]);
    let shown = sheet.row(&format!("{case}, consulted"), &request.xml(), &[accepted()]).await;
    Tree::read(&shown.body).at("/Response[1].Dossier").unwrap().clone()
}

/// The Demandeur that the database holds, as JSON.
async fn stored(harness: &Harness, answer: &Answer) -> serde_json::Value {
    let id = IdDossier::parse(&answer.texts("IdDossier")[0]).unwrap();
    serde_json::to_value(harness.server.store().dossier(&id).await.unwrap().unwrap().demandeur).unwrap()
}

/// §2.3.2's own words for the contacts' types; everything else of the request is in its table's words already.
const LABELS: [(&str, &str); 3] = [
    ("Demandeur.Contacts[1].Type[1].DisplayName", "Personne à contacter"),
    ("Demandeur.Contacts[2].Type[1].DisplayName", "Personne de confiance désignée par le demandeur"),
    ("Demandeur.Contacts[2].Type[2].DisplayName", "Personne à contacter"),
];

#[tokio::test]
async fn what_was_sent_is_what_is_stored_and_shown() {
    const PLACE: &str = "Demandeur.Adresse.Localite";
    const POSTAL: &str = "Demandeur.Adresse.CodePostal";
    let absent = |path: &'static str| (path, Change::Absent);
    let rows: &[Row<'_>] = &[
        ("every member of every object", &[], &[]),
        (
            "white space around a value",
            &[("Demandeur.Prenom", Change::Padded)],
            &[("Demandeur.Prenom", text("Suzanne"))],
        ),
        (
            "members from last to first",
            &[("Demandeur", Change::Reversed)],
            &[("Demandeur", Change::Reversed)],
        ),
        (
            "an address's members from last to first",
            &[("Demandeur.Adresse", Change::Reversed)],
            &[("Demandeur.Adresse", Change::Reversed)],
        ),
        ("characters that XML escapes", &[("Demandeur.NomUsuel", text("D'<\"Arc\">&Cie]]>"))], &[]),
        ("letters of other scripts", &[("Demandeur.NomUsuel", text("Ñuñez-Œuvrard Ευα 伊 😀"))], &[]),
        ("an accent of its own", &[("Demandeur.Prenom", text("Zoe\u{301}"))], &[]),
        ("spaces within", &[("Demandeur.NomNaissance", text("de  La   Tour"))], &[]),
        (
            "a date with its zone",
            &[("Demandeur.DateNaissance", text("1938-03-07+01:00"))],
            &[("Demandeur.DateNaissance", text("1938-03-07"))],
        ),
        ("the last of February", &[("Demandeur.DateNaissance", text("1936-02-29"))], &[]),
        (
            "1 for true",
            &[("Demandeur.ContacteurDemandeur", text("1"))],
            &[("Demandeur.ContacteurDemandeur", text("true"))],
        ),
        (
            "0 for false",
            &[("Demandeur.ContacteurDemandeur", text("0"))],
            &[("Demandeur.ContacteurDemandeur", text("false"))],
        ),
        ("a telephone as it was written", &[("Demandeur.TelephoneFixe", text("+33(0)474.00-12"))], &[]),
        ("a NIR of Corsica", &[("Demandeur.NumSecu", text("238032A004001"))], &[]),
        ("a type de voie as it was written", &[("Demandeur.Adresse.TypeVoie", text("ALLÉE"))], &[]),
        (
            "§2.2.1's misprint",
            &[("Demandeur.Adresse.Localite.CodeSystem", text("1.2.250.1.2013.2.23"))],
            &[("Demandeur.Adresse.Localite.CodeSystem", text("1.2.250.1.213.2.23"))],
        ),
        (
            "a known code, another label",
            &[("Demandeur.Adresse.Localite.DisplayName", text("Bourg"))],
            &[("Demandeur.Adresse.Localite.DisplayName", text("Bourg-en-Bresse"))],
        ),
        (
            "a known code, another name of its table",
            &[("Demandeur.Civilite.CodeSystemName", text("Civilités"))],
            &[("Demandeur.Civilite.CodeSystemName", text("R81"))],
        ),
        ("the version as it was sent", &[("Demandeur.Civilite.CodeSystemVersion", text("20160901"))], &[]),
        (
            "a former commune",
            &[
                ("Demandeur.VilleNaissance.Code", text("01003")),
                ("Demandeur.VilleNaissance.DisplayName", text("Amareins")),
            ],
            &[("Demandeur.VilleNaissance.DisplayName", text("Francheleins"))],
        ),
        ("a former code of a country", &[("Demandeur.PaysNaissance.Code", text("99000"))], &[]),
        (
            "an unknown code with its label",
            &[
                (&format!("{PLACE}.Code"), text("99999")),
                (&format!("{PLACE}.DisplayName"), text("Ville-Neuve")),
            ],
            &[],
        ),
        (
            "an unknown code, no OID",
            &[
                (&format!("{PLACE}.Code"), text("99999")),
                (&format!("{PLACE}.DisplayName"), text("Ville-Neuve")),
                absent("Demandeur.Adresse.Localite.CodeSystem"),
                absent("Demandeur.Adresse.Localite.CodeSystemName"),
                absent("Demandeur.Adresse.Localite.CodeSystemVersion"),
            ],
            &[],
        ),
        (
            "a CEDEX code with its label",
            &[
                (&format!("{POSTAL}.Code"), text("01012")),
                (&format!("{POSTAL}.DisplayName"), text("01012 CEDEX")),
            ],
            &[],
        ),
        (
            "an empty contact between two",
            &[("Demandeur.Contacts", Change::Append("<Contact/>".into()))],
            &[("Demandeur.Contacts[3]", Change::Absent)],
        ),
        ("the order of the dictionary", &[("Demandeur.AutresDonnees", Change::Reversed)], &[]),
        (
            "lines in a value of the dictionary",
            &[("Demandeur.AutresDonnees[1].Valeur", text("une\r\ndeux\ttrois"))],
            &[],
        ),
        ("no contact", &[absent("Demandeur.Contacts")], &[]),
        ("no dictionary", &[absent("Demandeur.AutresDonnees")], &[]),
        (
            "an empty dictionary",
            &[("Demandeur.AutresDonnees", Change::Empty)],
            &[absent("Demandeur.AutresDonnees")],
        ),
        ("establishments are not kept", &[absent("Etablissements")], &[]),
        ("nor are optional parameters", &[absent("ParametresOptionnels")], &[]),
    ];
    let mut sheet = Sheet::new().await;
    for (case, asked, differs) in rows {
        let request = changed(creation(), asked);
        // Where no contact was sent there is no type of one to name.
        let labels = LABELS.iter().filter(|(path, _)| request.at(path).is_some());
        let labelled = labels.fold(request.clone(), |tree, (path, label)| tree.with(path, text(label)));
        let expected = changed(labelled, differs).at("Demandeur").unwrap().clone();
        let answer = sheet.creation(case, &request.xml(), &accepted()).await;
        let dossier = shown(&mut sheet, case, &answer).await;
        let seen = dossier.at("/Demandeur").unwrap();
        sheet.check(
            case,
            seen.xml() == expected.xml(),
            &format!("expected {}\n  shown    {}", expected.xml(), seen.xml()),
        );
        let kept = stored(&sheet.harness, &answer).await;
        sheet.check(
            case,
            kept == expected.json(),
            &format!("expected {}\n  stored   {kept}", expected.json()),
        );
    }
    sheet.end("what_was_sent_is_what_is_stored_and_shown").await;
}

/// The smallest creation: the six of §3.1.1.2 and nothing else comes back, and the dossier's own members are those of a
/// dossier on which nothing has happened.
#[tokio::test]
async fn a_minimal_dossier_shows_nothing_that_was_not_sent() {
    const SIX: [&str; 6] = ["Civilite", "NomNaissance", "Prenom", "DateNaissance", "Adresse", "Mail"];
    let mut request = creation();
    for path in ["Etablissements", "ParametresOptionnels"] {
        request.change(path, Change::Absent);
    }
    for member in creation().at("Demandeur").unwrap().children() {
        if !SIX.contains(&member.name()) {
            request.change(&format!("Demandeur.{}", member.name()), Change::Absent);
        }
    }
    for table in ["Civilite", "Adresse.CodePostal", "Adresse.Localite"] {
        for member in ["CodeSystem", "CodeSystemName", "CodeSystemVersion", "DisplayName"] {
            request.change(&format!("Demandeur.{table}.{member}"), Change::Absent);
        }
    }
    let mut sheet = Sheet::new().await;
    let answer = sheet.creation("the six alone", &request.xml(), &accepted()).await;
    let dossier = shown(&mut sheet, "the six alone", &answer).await;
    let names: Vec<&str> = dossier.children().iter().map(Tree::name).collect();
    let expected = [
        "IdDossier",
        "Demandeur",
        "EstAnnule",
        "StatutDossier",
        "EstRenseigneVoletAdmin",
        "EstRenseigneVoletMedical",
        "EstRenseigneVoletAutonomie",
        "DemandesEtablissement",
    ];
    sheet.check("the dossier", names == expected, &format!("{names:?}"));
    let values = expected.map(|name| dossier.text(&format!("/{name}")));
    let id = answer.texts("IdDossier").remove(0);
    let fresh = [id.as_str(), "", "false", "NON_ENVOYEE", "false", "false", "false", ""];
    sheet.check("the dossier", values == fresh, &format!("{values:?}"));
    let shown: Vec<&str> = dossier.at("/Demandeur").unwrap().children().iter().map(Tree::name).collect();
    sheet.check("the demandeur", shown == SIX, &format!("{shown:?}"));
    // decisions §4: a known code comes back with its table's name, OID and words
    for (table, words) in [
        ("Civilite", ["MME", "1.2.250.1.213.1.6.1.69", "R81", "Madame"]),
        ("Adresse.CodePostal", ["01000", "1.2.250.1.214.2.45", "CodePostal", "01000"]),
        ("Adresse.Localite", ["01053", "1.2.250.1.213.2.23", "R13", "Bourg-en-Bresse"]),
    ] {
        let seen = ["Code", "CodeSystem", "CodeSystemName", "DisplayName"]
            .map(|member| dossier.text(&format!("/Demandeur.{table}.{member}")));
        sheet.check(table, seen == words, &format!("{seen:?}"));
    }
    sheet.end("a_minimal_dossier_shows_nothing_that_was_not_sent").await;
}

/// Canonical XML is the same for these, so they pass the signature after it was made: what is read must not depend on
/// them. A comment must not cut a name in two.
#[tokio::test]
async fn what_the_signature_does_not_tell_apart_is_read_alike() {
    let mut sheet = Sheet::new().await;
    for (case, from, to) in [
        ("a comment in a name", "Suzanne", "Su<!-- x -->zanne"),
        ("a comment alone around it", "Suzanne", "<!-- a -->Suzanne<!-- b -->"),
        ("a CDATA section", "Suzanne", "Suz<![CDATA[an]]>ne"),
        ("a reference to a character", "Suzanne", "&#83;uz&#x61;nne"),
        ("white space in a tag", "<Prenom>Suzanne</Prenom>", "<Prenom\n >Suzanne</Prenom >"),
        ("a comment between members", "<Prenom>Suzanne", "<!-- prénom --><Prenom>Suzanne"),
    ] {
        let message = sheet.harness.message(&pki().partner, &creation().xml());
        assert!(message.contains(from), "{message}");
        let answer = sheet.sent(case, &message.replacen(from, to, 1), &[accepted()]).await;
        let dossier = shown(&mut sheet, case, &answer).await;
        let name = dossier.text("/Demandeur.Prenom");
        sheet.check(case, name == "Suzanne", name);
    }
    sheet.end("what_the_signature_does_not_tell_apart_is_read_alike").await;
}
