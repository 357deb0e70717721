//! Decisions §3: the order of the checks, and all fields of the first code that applies.
//!
//! Each code's fault is put beside that of every later code: the earlier one is answered, and it names its own
//! fields alone.

use crate::request::{accepted, code, creation};
use crate::sheet::Sheet;
use crate::tree::{Change, Tree};

/// A fault of one code: what is done to a creation, and the field that the Message then names.
struct Fault {
    code: &'static str,
    path: &'static str,
    change: fn() -> Change,
    field: &'static str,
}

/// A row: the case, what is changed, and the code with every field that it names.
type Row<'a> = (&'a str, &'a [(&'a str, Change)], String);

fn text(text: &str) -> Change {
    Change::Text(text.to_owned())
}

/// In the order of decisions §3, those of row 8 in the order of §9. No two touch the same element.
const FAULTS: [Fault; 11] = [
    Fault { code: "200", path: "IdLocal", change: || Change::Absent, field: "IdLocal" },
    Fault { code: "490", path: "", change: || Change::Append("<Intrus/>".into()), field: "Intrus" },
    Fault { code: "201", path: "Demandeur.Prenom", change: || Change::Absent, field: "Demandeur.Prenom" },
    Fault { code: "203", path: "Demandeur.Mail", change: || text("suzanne"), field: "Demandeur.Mail" },
    Fault {
        code: "202",
        path: "Demandeur.DateNaissance",
        change: || text("1879-12-31"),
        field: "Demandeur.DateNaissance",
    },
    Fault {
        code: "360",
        path: "Demandeur.Civilite.Code",
        change: || text("ZZ"),
        field: "Demandeur.Civilite",
    },
    Fault {
        code: "370",
        path: "Demandeur.Adresse.TypeVoie",
        change: || text("sentine"),
        field: "Demandeur.Adresse.TypeVoie",
    },
    Fault {
        code: "371",
        path: "Demandeur.Contacts[1].Adresse.CodePostal.CodeSystem",
        change: || text("1.2.3"),
        field: "Demandeur.Contacts[1].Adresse.CodePostal",
    },
    Fault {
        code: "372",
        path: "Demandeur.VilleNaissance.CodeSystem",
        change: || text("1.2.3"),
        field: "Demandeur.VilleNaissance",
    },
    Fault {
        code: "373",
        path: "Demandeur.Adresse.CodePostal.Code",
        change: || text("00123"),
        field: "Demandeur.Adresse.CodePostal",
    },
    Fault {
        code: "300",
        path: "Demandeur.PaysNaissance.CodeSystem",
        change: || text("1.2.3"),
        field: "Demandeur.PaysNaissance",
    },
];

#[tokio::test]
async fn of_two_faults_the_earlier_in_the_order_is_told() {
    let mut rows = Vec::new();
    for (at, first) in FAULTS.iter().enumerate() {
        let expected = code(first.code, first.field);
        rows.push((
            first.code.to_owned(),
            creation().with(first.path, (first.change)()).xml(),
            expected.clone(),
        ));
        for second in FAULTS.iter().skip(at + 1) {
            let case = format!("{} with {}", first.code, second.code);
            // the later one first: an element that is gone is no way to another
            let request = creation().with(second.path, (second.change)()).with(first.path, (first.change)());
            rows.push((case, request.xml(), expected.clone()));
        }
    }
    let mut sheet = Sheet::new().await;
    sheet.creations(rows).await;
    sheet.end("of_two_faults_the_earlier_in_the_order_is_told").await;
}

#[tokio::test]
async fn all_faults_at_once_are_told_one_code_at_a_time() {
    let whole =
        FAULTS.iter().rev().fold(creation(), |request, fault| request.with(fault.path, (fault.change)()));
    let mut sheet = Sheet::new().await;
    let mut mended = 0;
    // Whoever mends what is told and asks again meets the next code, and in the end 999.
    while mended < FAULTS.len() {
        let left = &FAULTS[mended..];
        let request =
            left.iter().rev().fold(creation(), |request, fault| request.with(fault.path, (fault.change)()));
        if mended == 0 {
            assert_eq!(request.xml(), whole.xml());
        }
        sheet.creation(&format!("{mended} mended"), &request.xml(), &code(left[0].code, left[0].field)).await;
        mended += 1;
    }
    sheet.creation("all mended", &creation().xml(), &accepted()).await;
    sheet.end("all_faults_at_once_are_told_one_code_at_a_time").await;
}

#[tokio::test]
async fn every_field_of_the_code_is_named_in_the_document_s_order() {
    let rows: [Row<'_>; 9] = [
        (
            "201: the six of §3.1.1.2",
            &[
                ("Demandeur.Mail", Change::Absent),
                ("Demandeur.Adresse", Change::Absent),
                ("Demandeur.DateNaissance", Change::Absent),
                ("Demandeur.Prenom", Change::Absent),
                ("Demandeur.NomNaissance", Change::Absent),
                ("Demandeur.Civilite", Change::Absent),
            ],
            code(
                "201",
                "Demandeur.Civilite, Demandeur.NomNaissance, Demandeur.Prenom, Demandeur.DateNaissance, Demandeur.Adresse, \
                 Demandeur.Mail",
            ),
        ),
        (
            "201 at every depth",
            &[
                ("Demandeur.Contacts[2].Type", Change::Absent),
                ("Demandeur.Contacts[1].Adresse.Localite.Code", Change::Absent),
                ("Demandeur.Contacts[1].NomNaissance", Change::Empty),
                ("Demandeur.Adresse.CodePostal", Change::Blank),
                ("Demandeur.Civilite.Code", Change::Nil("true")),
            ],
            code(
                "201",
                "Demandeur.Civilite.Code, Demandeur.Adresse.CodePostal, Demandeur.Contacts[1].Adresse.Localite.Code, \
                 Demandeur.Contacts[1].NomNaissance, Demandeur.Contacts[2].Type",
            ),
        ),
        (
            "203, all formats",
            &[
                ("Demandeur.DateNaissance", text("7 mars 1938")),
                ("Demandeur.Mail", text("@")),
                ("Demandeur.TelephoneFixe", text("123")),
                ("Demandeur.TelephonePortable", text("06+0000")),
                ("Demandeur.NumSecu", text("1")),
                ("Demandeur.ContacteurDemandeur", text("vrai")),
                ("Demandeur.Contacts[2].Mail", text("a@b@c")),
            ],
            code(
                "203",
                "Demandeur.DateNaissance, Demandeur.Mail, Demandeur.TelephoneFixe, Demandeur.TelephonePortable, \
                 Demandeur.NumSecu, Demandeur.ContacteurDemandeur, Demandeur.Contacts[2].Mail",
            ),
        ),
        (
            "202, lengths and limits together",
            &[
                ("Demandeur.NomNaissance", Change::Text("é".repeat(256))),
                ("Demandeur.DateNaissance", text("2999-01-01")),
                ("Demandeur.Adresse.CodePostal.DisplayName", Change::Text("x".repeat(101))),
                ("Demandeur.AutresDonnees[2].Nom", text("canal")),
            ],
            code(
                "202",
                "Demandeur.NomNaissance, Demandeur.DateNaissance, Demandeur.Adresse.CodePostal.DisplayName, \
                 Demandeur.AutresDonnees[2]",
            ),
        ),
        (
            "370 in two addresses",
            &[
                ("Demandeur.Contacts[2].Adresse.TypeVoie", text("x")),
                ("Demandeur.Adresse.TypeVoie", text("x")),
            ],
            code("370", "Demandeur.Adresse.TypeVoie, Demandeur.Contacts[2].Adresse.TypeVoie"),
        ),
        (
            "372 of birth and abode",
            &[
                ("Demandeur.VilleNaissance.CodeSystem", text("1.2.3")),
                ("Demandeur.Adresse.Localite.CodeSystem", text("1.2.3")),
            ],
            code("372", "Demandeur.Adresse.Localite, Demandeur.VilleNaissance"),
        ),
        (
            "300 of the country and of a contact's second type",
            &[
                ("Demandeur.Contacts[2].Type[2].CodeSystem", text("1.2.3")),
                ("Demandeur.PaysNaissance.CodeSystem", text("1.2.3")),
            ],
            code("300", "Demandeur.PaysNaissance, Demandeur.Contacts[2].Type[2]"),
        ),
        (
            "490 of two intruders",
            &[
                ("Demandeur.Adresse", Change::Append("<Etage>2</Etage>".into())),
                ("Demandeur", Change::Append("<Age>88</Age>".into())),
            ],
            code("490", "Demandeur.Adresse.Etage, Demandeur.Age"),
        ),
        ("200 of everything", &[("", Change::Empty)], code("200", "CreationDossier")),
    ];
    let rows = rows.into_iter().map(|(case, changes, expected)| {
        let request = changes
            .iter()
            .fold(creation(), |request: Tree, (path, change)| request.with(path, change.clone()));
        (case.to_owned(), request.xml(), expected)
    });
    let mut sheet = Sheet::new().await;
    sheet.creations(rows).await;
    sheet.end("every_field_of_the_code_is_named_in_the_document_s_order").await;
}
