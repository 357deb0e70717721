//! Chapter 2 as the specification prints it, and for each member of each object of a creation: absent, empty, nil,
//! white space, padded, at its limit, one character more, control characters, repeated, an element inside it.
//!
//! The tables are the specification's; the rows are made from them.

use crate::request::{accepted, code, creation};
use crate::sheet::Sheet;
use crate::tree::Change;

/// A class of chapter 2: name, type, and whether it must be there (the column « Mult. »).
type Class = &'static [(&'static str, Type, Presence)];

#[derive(Clone, Copy, PartialEq)]
enum Presence {
    /// 1: absent, it is 201.
    One,
    /// A parameter of the operation: absent, it is 200 (decisions §3, row 3).
    Parameter,
    /// 0-1 or 0..*
    Optional,
}
use Presence::{One, Optional, Parameter};

#[derive(Clone, Copy)]
enum Type {
    /// String(n)
    Text(usize),
    /// String, no length given
    Unbounded,
    /// String(n) that is an address: too long is 202, malformed 203
    Mail(usize),
    /// String(15) that is a telephone number
    Telephone,
    /// String(15) that is a NIR: 13 or 15 characters, any other length is malformed
    Nir,
    Date,
    Boolean,
    /// String(10) of NOS R35
    Voie,
    IdLocal,
    /// A Nomenclature, the code of a value outside it, and whether DisplayName stands for an unknown code
    Nomenclature(Table),
    Object(Class),
    /// « Liste de X »: the item's class
    List(&'static Type),
    /// Code of a Nomenclature
    Code(Table),
    /// CodeSystem of a Nomenclature
    System(Table),
}
use Type::{Boolean, Date, IdLocal, List, Mail, Nir, Nomenclature, Object, Telephone, Text, Unbounded, Voie};

/// The tables of §2.2 and §2.3.
#[derive(Clone, Copy, PartialEq)]
enum Table {
    Civilite,
    Commune,
    Pays,
    CodePostal,
    TypeContact,
}

/// §2.1.2
const ADRESSE: Class = &[
    ("NumeroVoie", Text(10), One),
    ("TypeVoie", Voie, One),
    ("LibelleVoie", Text(80), One),
    ("CodePostal", Nomenclature(Table::CodePostal), One),
    ("Localite", Nomenclature(Table::Commune), One),
];

/// §2.1.6
const CONTACT: Class = &[
    ("Adresse", Object(ADRESSE), Optional),
    ("NomNaissance", Text(50), One),
    ("NomUsuel", Text(50), Optional),
    ("Prenom", Text(50), Optional),
    ("Mail", Mail(50), Optional),
    ("TelephoneFixe", Telephone, Optional),
    ("TelephonePortable", Telephone, Optional),
    ("Type", List(&Nomenclature(Table::TypeContact)), One),
];

/// Dictionnaire (string, string)
const PARAMETRE: Class = &[("Nom", Unbounded, One), ("Valeur", Unbounded, One)];
const DICTIONNAIRE: Type = List(&Object(PARAMETRE));

/// §2.1.1; Mail is 1 by the sentence under the table of §3.1.1.2.
const DEMANDEUR: Class = &[
    ("Civilite", Nomenclature(Table::Civilite), One),
    ("NomNaissance", Text(50), One),
    ("NomUsuel", Text(50), Optional),
    ("Prenom", Text(50), One),
    ("AutrePrenoms", Text(50), Optional),
    ("DateNaissance", Date, One),
    ("Adresse", Object(ADRESSE), One),
    ("Mail", Mail(75), One),
    ("TelephoneFixe", Telephone, Optional),
    ("TelephonePortable", Telephone, Optional),
    ("PaysNaissance", Nomenclature(Table::Pays), Optional),
    ("VilleNaissance", Nomenclature(Table::Commune), Optional),
    ("NumSecu", Nir, Optional),
    ("ContacteurDemandeur", Boolean, Optional),
    ("Contacts", List(&Object(CONTACT)), Optional),
    ("AutresDonnees", DICTIONNAIRE, Optional),
];

/// §2.1.4
const ETABLISSEMENT: Class = &[
    ("NumFINISS", Text(50), One),
    ("RaisonSociale", Text(255), Optional),
    ("Adresse", Object(ADRESSE), Optional),
    ("Telephone", Telephone, Optional),
    ("DonneesAutres", DICTIONNAIRE, Optional),
];

/// §3.1.1.2
const CREATION: Class = &[
    ("Demandeur", Object(DEMANDEUR), One),
    ("IdLocal", IdLocal, Parameter),
    ("Etablissements", List(&Object(ETABLISSEMENT)), Optional),
    ("ParametresOptionnels", DICTIONNAIRE, Optional),
];

/// §2.1.5, of a table
fn nomenclature(table: Table) -> [(&'static str, Type, Presence); 5] {
    [
        ("Code", Type::Code(table), One),
        ("CodeSystem", Type::System(table), Optional),
        ("CodeSystemName", Text(50), Optional),
        ("CodeSystemVersion", Text(50), Optional),
        ("DisplayName", Text(100), Optional),
    ]
}

/// A row: the field, what is done to it, what comes back.
struct Row {
    path: String,
    case: &'static str,
    change: Change,
    expected: String,
}

/// Rows of the members of `class` at `path`, and of the members of these.
fn rows_of(class: &[(&'static str, Type, Presence)], path: &str, rows: &mut Vec<Row>) {
    for (name, kind, presence) in class {
        let member = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        rows_of_member(&member, *kind, *presence, rows);
    }
}

fn rows_of_member(path: &str, kind: Type, presence: Presence, rows: &mut Vec<Row>) {
    let mut row = |case, change, expected: String| {
        rows.push(Row { path: path.to_owned(), case, change, expected });
    };
    let absent = match presence {
        One => code("201", path),
        Parameter => code("200", path),
        Optional => accepted(),
    };
    row("absent", Change::Absent, absent.clone());
    row("empty", Change::Empty, absent.clone());
    row("xsi:nil=true", Change::Nil("true"), absent.clone());
    row("xsi:nil=1", Change::Nil("1"), absent.clone());
    row("xsi:nil=false", Change::Nil("false"), accepted());
    row("white space", Change::Blank, absent.clone());
    row("of another namespace", Change::Foreign, absent);
    row("another attribute", Change::Attribute, accepted());
    row("twice", Change::Twice, code("490", path));
    row(
        "an unknown element in it",
        Change::Append("<Intrus>x</Intrus>".into()),
        code("490", &format!("{path}.Intrus")),
    );
    row("a foreign element in it", Change::Append("<a xmlns='urn:autre'>x</a>".into()), accepted());
    match kind {
        Object(class) => {
            row("its members from last to first", Change::Reversed, accepted());
            rows_of(class, path, rows);
        }
        Nomenclature(table) => {
            row("its members from last to first", Change::Reversed, accepted());
            rows_of(&nomenclature(table), path, rows);
        }
        List(item) => {
            row("its items from last to first", Change::Reversed, accepted());
            match item {
                Object(class) => rows_of(class, &format!("{path}[1]"), rows),
                Nomenclature(table) => rows_of(&nomenclature(*table), &format!("{path}[1]"), rows),
                _ => {}
            }
        }
        simple => {
            row("white space around it", Change::Padded, accepted());
            values(simple, path, &mut row);
        }
    }
}

/// Lengths in characters: é has two bytes, 😀 four, and each counts as one.
fn values(kind: Type, path: &str, row: &mut impl FnMut(&'static str, Change, String)) {
    let of = |character: &str, length: usize| Change::Text(character.repeat(length));
    let text = |text: &str| Change::Text(text.to_owned());
    match kind {
        Text(limit) => {
            row("at its limit", of("x", limit), accepted());
            row("at its limit, two bytes each", of("é", limit), accepted());
            row("at its limit, four bytes each", of("😀", limit), accepted());
            row("too long by one", of("x", limit + 1), code("202", path));
            row("too long by one, two bytes each", of("é", limit + 1), code("202", path));
            row("a tabulation in it", text("a\tb"), code("202", path));
            row("a line end in it", text("a\nb"), code("202", path));
            row("a C1 control in it", text("a\u{85}b"), code("202", path));
        }
        Unbounded => {
            row("long", of("é", 5000), accepted());
        }
        IdLocal => {
            row("at its limit", of("é", 255), accepted());
            row("at its limit, four bytes each", of("😀", 255), accepted());
            row("too long by one", of("é", 256), code("490", path));
            row("a control in it", text("a\u{7f}b"), code("490", path));
        }
        Mail(limit) => {
            let address = |length: usize| format!("{}@exemple.fr", "x".repeat(length - "@exemple.fr".len()));
            row("at its limit", text(&address(limit)), accepted());
            row("too long by one", text(&address(limit + 1)), code("202", path));
            row("no address", text("suzanne"), code("203", path));
            row("no address and too long", of("é", limit + 1), code("203", path));
        }
        Telephone => {
            row("at its limit", text("+33 47400 00 12"), accepted());
            row("too long by one", text("+33 47400 00 123"), code("202", path));
            row("no number", text("zéro quatre"), code("203", path));
        }
        Nir => {
            row("15 characters", text("255081416802538"), accepted());
            row("13 characters", text("2550814168025"), accepted());
            row("14 characters", text("25508141680253"), code("203", path));
            row("16 characters", text("2550814168025380"), code("203", path));
            row("a wrong key", text("255081416802539"), code("203", path));
        }
        Date => {
            row("no date", text("07/03/1938"), code("203", path));
            row("no day of the calendar", text("1938-02-29"), code("203", path));
        }
        Boolean => {
            row("false", text("false"), accepted());
            row("0", text("0"), accepted());
            row("1", text("1"), accepted());
            row("no boolean", text("oui"), code("203", path));
            row("no boolean by its capital", text("True"), code("203", path));
        }
        Voie => {
            row("at its limit", text("rond point"), accepted());
            row("at its limit, outside R35", of("é", 10), code("370", path));
            row("too long by one, of R35", text("lotissement"), code("202", path));
            row("too long by one, outside R35", of("é", 11), code("202", path));
            row("outside R35", text("sentine"), code("370", path));
        }
        Type::Code(table) => codes(table, path, row),
        Type::System(table) => {
            let (field, _) = path.rsplit_once('.').unwrap();
            row("another OID", text("1.2.250.1.213.9"), code(outside(table), field));
            row("another OID at its limit", of("é", 50), code(outside(table), field));
            row("too long by one", of("é", 51), code("202", path));
        }
        Object(_) | Nomenclature(_) | List(..) => {}
    }
}

/// An unknown code, the OID right: its DisplayName stands for it, but for the civilité (§2.2.1).
fn codes(table: Table, path: &str, row: &mut impl FnMut(&'static str, Change, String)) {
    let (field, _) = path.rsplit_once('.').unwrap();
    let unknown = if table == Table::Civilite { code("360", field) } else { accepted() };
    if table == Table::CodePostal {
        // five digits or 203, whatever its length (decisions §3, row 6)
        row("no five digits", Change::Text("1000".into()), code("203", field));
        row("too long by one", Change::Text("é".repeat(16)), code("203", field));
        row("unknown", Change::Text("01999".into()), accepted());
        return;
    }
    row("unknown at its limit", Change::Text("é".repeat(15)), unknown.clone());
    row("too long by one", Change::Text("é".repeat(16)), code("202", path));
    row("a control in it", Change::Text("A\u{85}B".into()), code("202", path));
    row("unknown", Change::Text("ZZ".into()), unknown);
}

/// Decisions §4.
fn outside(table: Table) -> &'static str {
    match table {
        Table::Civilite => "360",
        Table::CodePostal => "371",
        Table::Commune => "372",
        Table::Pays | Table::TypeContact => "300",
    }
}

async fn ask(class: Class, path: &str, test: &str) {
    let mut rows = Vec::new();
    rows_of(class, path, &mut rows);
    let mut sheet = Sheet::new().await;
    sheet.creation("unchanged", &creation().xml(), &accepted()).await;
    let rows = rows.into_iter().map(|row| {
        let request = creation().with(&row.path, row.change);
        (format!("{}: {}", row.path, row.case), request.xml(), row.expected)
    });
    sheet.creations(rows).await;
    sheet.end(test).await;
}

#[tokio::test]
async fn creation_dossier_request() {
    ask(&CREATION[1..], "", "creation_dossier_request").await;
}

#[tokio::test]
async fn demandeur() {
    ask(DEMANDEUR, "Demandeur", "demandeur").await;
}
