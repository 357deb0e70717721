//! Formats, limits and nomenclatures by example: what decisions §3 to §4 and §9 say of single values.

use crate::request::{accepted, code, creation};
use crate::sheet::Sheet;
use crate::tree::{Change, Tree};

/// Asks each row: the value put at `path`, and the code that it gives; empty for 999.
async fn values(test: &str, path: &str, field: &str, rows: &[(&str, &str)]) {
    let mut sheet = Sheet::new().await;
    let asked = rows.iter().map(|(value, expected)| {
        let request = creation().with(path, Change::Text((*value).to_owned()));
        let expected = if expected.is_empty() { accepted() } else { code(expected, field) };
        (format!("{path} = {value}"), request.xml(), expected)
    });
    sheet.creations(asked).await;
    sheet.end(test).await;
}

/// The key of thirteen characters, by the rule of the INSEE: 97 − (N mod 97), 2A as 19 and 2B as 18.
fn with_key(number: &str) -> String {
    let digits = number.replacen("2A", "19", 1).replacen("2B", "18", 1);
    format!("{number}{:02}", 97 - digits.parse::<u64>().unwrap() % 97)
}

#[tokio::test]
async fn num_secu() {
    let keyed = [
        "2550814168025", // of the Calvados
        "1380375056001", // of Paris
        "238032A004001", // Corse-du-Sud
        "238032B033001", // Haute-Corse
        "2380399100001", // born abroad: 99 and a country
        "1380399351002",
        "2380397411001", // La Réunion
        "1382075056001", // a month not known
        "1386275056001",
        "3380375056001", // sex of those who are not yet immatriculated
        "4380375056001",
        "7380375056001",
        "8380375056001",
    ]
    .map(with_key);
    let mut rows: Vec<(&str, &str)> = keyed.iter().map(|number| (number.as_str(), "")).collect();
    rows.extend([
        ("238032A004001", ""),      // without its key
        ("238032A00400100", "203"), // a key that is none
        ("2A8030400400112", "203"), // Corsica in another's place
        ("238032C00400112", "203"), // no such département
        ("0380375056001", "203"),   // sex
        ("5380375056001", "203"),
        ("1380075056001", "203"),         // month 0
        ("1381375056001", "203"),         // month 13
        ("1 38 03 75 056 001 12", "203"), // decisions §9: no spaces
        ("13803750560012", "203"),        // fourteen
    ]);
    values("num_secu", "Demandeur.NumSecu", "Demandeur.NumSecu", &rows).await;
}

#[tokio::test]
async fn date_naissance() {
    let today = testkit::instant().in_tz("Europe/Paris").unwrap().date();
    let tomorrow = today.tomorrow().unwrap().to_string();
    let today = today.to_string();
    let rows = [
        ("1880-01-01", ""),
        ("1879-12-31", "202"),
        (&today, ""),
        (&tomorrow, "202"),
        ("1936-02-29", ""),
        ("1937-02-29", "203"),
        ("1938-03-07Z", ""), // decisions §9: a zone is accepted and dropped
        ("1938-03-07+01:00", ""),
        ("1938-03-07-14:00", ""),
        ("1938-03-07+15:00", "203"),
        ("1938-3-7", "203"),
        ("1938-03-07T00:00:00", "203"),
        ("07/03/1938", "203"),
        ("19380307", "203"),
        ("-1938-03-07", "202"), // a date before our era is a date
        ("11938-03-07", "202"),
        ("0000-01-01", "203"),
    ];
    values("date_naissance", "Demandeur.DateNaissance", "Demandeur.DateNaissance", &rows).await;
}

#[tokio::test]
async fn mail() {
    let rows = [
        ("a@b", ""), // as HTML defines an address
        ("suzanne+ehpad@exemple.fr", ""),
        ("o'brien@exemple.fr", ""),
        ("suzanne@", "203"),
        ("@exemple.fr", "203"),
        ("suzanne@exemple..fr", "203"),
        ("suzanne@-exemple.fr", "203"),
        ("suzanne exemple@exemple.fr", "203"),
        ("suzanne@exemple.fr, paul@exemple.fr", "203"),
        ("Suzanne <suzanne@exemple.fr>", "203"),
        ("zoé@exemple.fr", "203"),
    ];
    values("mail", "Demandeur.Mail", "Demandeur.Mail", &rows).await;
}

#[tokio::test]
async fn telephone() {
    let rows = [
        ("0474000012", ""),
        ("04.74.00.00.12", ""),
        ("04-74-00-00-12", ""),
        ("(04) 74000012", ""),
        ("+33474000012", ""),
        ("3615", ""),
        ("361", "203"),
        ("04 74 00 00 1x", "203"),
        ("04+74000012", "203"),
        ("++3347400", "203"),
        ("....", "203"),
    ];
    values("telephone", "Demandeur.TelephoneFixe", "Demandeur.TelephoneFixe", &rows).await;
}

#[tokio::test]
async fn civilite() {
    let rows = [
        ("M", ""),
        ("MME", ""),
        ("mme", "360"),
        ("Madame", "360"),
        (" MME ", ""),
        ("DR", "360"),
        ("9", "360"),
        ("MLLE", ""), // deprecated in 2016, still in §2.2.3
        ("mlle", "360"),
    ];
    values("civilite", "Demandeur.Civilite.Code", "Demandeur.Civilite", &rows).await;
}

#[tokio::test]
async fn type_voie() {
    let rows = [
        ("rue", ""),
        ("RUE", ""),
        ("Rue", ""),
        ("R", ""), // the code
        ("AV", ""),
        ("avenue", ""),
        ("Allée", ""), // case and accents aside
        ("allee", ""),
        ("ALLÉE", ""),
        ("IMP", ""),
        ("place", ""),
        ("strasse", "370"),
        ("?", "370"),
        ("rond-point", "370"),  // R35 writes it with a space
        ("lotissement", "202"), // R35's own label, longer than String(10): LOT, its code, will do
        ("LOT", ""),
    ];
    values("type_voie", "Demandeur.Adresse.TypeVoie", "Demandeur.Adresse.TypeVoie", &rows).await;
}

#[tokio::test]
async fn code_postal() {
    let rows = [
        ("01000", ""),
        ("75001", ""),
        ("20000", ""), // Corsica has 20 in postal codes
        ("97400", ""),
        ("98000", ""), // not of the table, of a territory
        ("01999", ""), // unknown, of a known département: its DisplayName is kept
        ("00123", "373"),
        ("99123", "373"),
        ("1000", "203"),
        ("010000", "203"),
        ("2A000", "203"),
        ("F-01000", "203"),
    ];
    values("code_postal", "Demandeur.Adresse.CodePostal.Code", "Demandeur.Adresse.CodePostal", &rows).await;
}

/// What an OID does with a code that is known and with one that is not (decisions §4): field, code, OID, label, answer.
#[tokio::test]
async fn a_code_its_oid_and_its_label() {
    let (r13, r20, postal, contact) =
        ("1.2.250.1.213.2.23", "1.2.250.1.213.2.24", "1.2.250.1.214.2.45", "TypeContactPA");
    let place = "Demandeur.Adresse.Localite";
    let birth = "Demandeur.VilleNaissance";
    let country = "Demandeur.PaysNaissance";
    let code_postal = "Demandeur.Adresse.CodePostal";
    let kind = "Demandeur.Contacts[1].Type[1]";
    let rows = [
        (place, "01053", r13, "", ""),
        (place, "01053", "", "", ""),                    // no OID: the field's own
        (place, "01053", "1.2.250.1.2013.2.23", "", ""), // §2.2.1's misprint of it
        (place, "01053", r20, "", "372"),                // another's OID
        (place, "01053", "1.2.250.1.213.2.230", "", "372"),
        (place, "99999", r13, "Ville-Neuve", ""), // unknown, its label is kept
        (place, "99999", "", "Ville-Neuve", ""),
        (place, "99999", r13, "", "372"),
        (place, "99999", r20, "Ville-Neuve", "372"),
        (place, "75101", r13, "", ""), // an arrondissement
        (place, "13201", r13, "", ""),
        (place, "2A004", r13, "", ""), // Ajaccio
        (place, "2B033", r13, "", ""),
        (place, "97411", r13, "", ""),
        (place, "01003", r13, "", ""), // Amareins, a commune no more
        (birth, "01053", r13, "", ""),
        (birth, "99999", r13, "", "372"),
        (birth, "99999", r13, "Alger", ""),
        (country, "99100", r20, "", ""),
        (country, "99352", r20, "", ""),
        (country, "99352", r13, "", "300"),
        (country, "00000", r20, "", "300"),
        (country, "99000", r20, "", ""), // a former code of France
        (country, "99100", "", "", ""),
        (country, "FR", r20, "", "300"),
        (country, "99100", "1.2.250.1.2013.2.24", "", "300"), // the misprint is of the commune alone
        (birth, "01003", r13, "", ""),
        (birth, "2A004", "1.2.250.1.2013.2.23", "", ""),
        (birth, "01053", postal, "", "372"),
        (country, "00000", r20, "Pays disparu", ""),
        (code_postal, "01000", postal, "", ""),
        (code_postal, "01000", r13, "", "371"),
        (code_postal, "01999", postal, "Cedex", ""),
        (code_postal, "01999", "", "", ""), // its label is the code itself
        (code_postal, "00123", postal, "Nulle part", "373"),
        (kind, "0", contact, "", ""),
        (kind, "1", contact, "", ""),
        (kind, "99", contact, "", "300"),
        (kind, "99", contact, "Voisine", ""),
        (kind, "1", r13, "", "300"),
        (kind, "2", "", "", ""),
        (kind, "3", contact, "", "300"),
        (kind, "01", contact, "", "300"), // codes are compared exactly
        (kind, "1", "TypeContact", "", "300"),
        (kind, "1", "typecontactpa", "", "300"),
    ];
    let mut sheet = Sheet::new().await;
    let asked = rows.iter().map(|(field, value, oid, label, expected)| {
        let set = |request: Tree, member: &str, text: &str| {
            let change = if text.is_empty() { Change::Absent } else { Change::Text(text.to_owned()) };
            request.with(&format!("{field}.{member}"), change)
        };
        let request = set(set(set(creation(), "Code", value), "CodeSystem", oid), "DisplayName", label);
        let expected = if expected.is_empty() { accepted() } else { code(expected, field) };
        (format!("{field}: {value}, OID {oid:?}, label {label:?}"), request.xml(), expected)
    });
    sheet.creations(asked).await;
    sheet.end("a_code_its_oid_and_its_label").await;
}

#[tokio::test]
async fn how_many_of_each() {
    let dictionary = |entries: usize| -> String {
        (0..entries).map(|n| format!("<Parametre><Nom>n{n}</Nom><Valeur>v</Valeur></Parametre>")).collect()
    };
    let types = |number: usize| "<Nomenclature><Code>1</Code></Nomenclature>".repeat(number);
    let contacts = |number: usize| -> String {
        let one = "<Contact><NomNaissance>Lefèvre</NomNaissance><Type><Nomenclature><Code>1</Code></Nomenclature></Type></Contact>";
        one.repeat(number)
    };
    let list =
        |path: &str, items: String| creation().with(path, Change::Empty).with(path, Change::Append(items));
    let mut sheet = Sheet::new().await;
    let rows = [
        ("3 types of a contact", list("Demandeur.Contacts[1].Type", types(3)), accepted()),
        ("4 types", list("Demandeur.Contacts[1].Type", types(4)), code("202", "Demandeur.Contacts[1].Type")),
        ("50 contacts", list("Demandeur.Contacts", contacts(50)), accepted()),
        ("51 contacts", list("Demandeur.Contacts", contacts(51)), code("202", "Demandeur.Contacts")),
        ("100 entries", list("Demandeur.AutresDonnees", dictionary(100)), accepted()),
        (
            "101 entries",
            list("Demandeur.AutresDonnees", dictionary(101)),
            code("202", "Demandeur.AutresDonnees"),
        ),
        ("100 optional parameters", list("ParametresOptionnels", dictionary(100)), accepted()),
        (
            "101 optional parameters",
            list("ParametresOptionnels", dictionary(101)),
            code("202", "ParametresOptionnels"),
        ),
        (
            "a name of the dictionary twice",
            list("Demandeur.AutresDonnees", dictionary(2) + &dictionary(1)),
            code("202", "Demandeur.AutresDonnees[3]"),
        ),
        (
            "no contact, no establishment, no dictionary",
            ["Demandeur.Contacts", "Demandeur.AutresDonnees", "Etablissements", "ParametresOptionnels"]
                .iter()
                .fold(creation(), |request, path| request.with(path, Change::Absent)),
            accepted(),
        ),
    ];
    sheet.creations(rows.map(|(case, request, expected)| (case.to_owned(), request.xml(), expected))).await;
    sheet.end("how_many_of_each").await;
}

/// Fields that contradict each other. The specification demands no agreement, so none is refused (decisions §4).
#[tokio::test]
async fn no_agreement_between_fields_is_demanded() {
    let text = |text: &str| Change::Text(text.to_owned());
    let abroad = with_key("2380399352001");
    let corsica = with_key("238032A004001");
    let of_a_man = with_key("1380301053001");
    let rows: [(&str, Vec<(&str, Change)>); 12] = [
        ("a postal code of another commune", vec![("Demandeur.Adresse.CodePostal.Code", text("75001"))]),
        ("a commune of another département", vec![("Demandeur.Adresse.Localite.Code", text("2A004"))]),
        (
            "an overseas postal code, a commune of the mainland",
            vec![("Demandeur.Adresse.CodePostal.Code", text("97400"))],
        ),
        (
            "born in another country, in a French commune",
            vec![("Demandeur.PaysNaissance.Code", text("99352"))],
        ),
        ("born in France, in no commune", vec![("Demandeur.VilleNaissance", Change::Absent)]),
        ("born in a commune, in no country", vec![("Demandeur.PaysNaissance", Change::Absent)]),
        (
            "born abroad, in a town that no table has",
            vec![
                ("Demandeur.PaysNaissance.Code", text("99352")),
                ("Demandeur.VilleNaissance.Code", text("99352")),
                ("Demandeur.VilleNaissance.DisplayName", text("Alger")),
            ],
        ),
        ("a NIR of birth abroad, born in a French commune", vec![("Demandeur.NumSecu", text(&abroad))]),
        ("a NIR of Corsica, born in the Ain", vec![("Demandeur.NumSecu", text(&corsica))]),
        ("a man's NIR, Madame", vec![("Demandeur.NumSecu", text(&of_a_man))]),
        ("a NIR of another year than the birth's", vec![("Demandeur.DateNaissance", text("1941-12-31"))]),
        (
            "a contact of the same name at the same address, of one type twice",
            vec![("Demandeur.Contacts[2].Type[1].Code", text("1"))],
        ),
    ];
    let mut sheet = Sheet::new().await;
    let asked = rows.into_iter().map(|(case, changes)| {
        let request =
            changes.into_iter().fold(creation(), |request, (path, change)| request.with(path, change));
        (case.to_owned(), request.xml(), accepted())
    });
    sheet.creations(asked).await;
    sheet.end("no_agreement_between_fields_is_demanded").await;
}

/// Decisions §9: today is that of Europe/Paris.
#[tokio::test]
async fn the_day_of_birth_ends_with_the_day_in_paris() {
    let mut sheet = Sheet::new().await;
    for (now, born, expected) in [
        ("2026-11-20T22:59:59Z", "2026-11-20", ""),
        ("2026-11-20T22:59:59Z", "2026-11-21", "202"),
        ("2026-11-20T23:00:00Z", "2026-11-21", ""),
        ("2026-11-20T23:00:00Z", "2026-11-22", "202"),
        // two hours ahead in summer
        ("2027-07-01T21:59:59Z", "2027-07-02", "202"),
        ("2027-07-01T22:00:00Z", "2027-07-02", ""),
    ] {
        *sheet.harness.now.lock().unwrap() = now.parse().unwrap();
        let field = "Demandeur.DateNaissance";
        let expected = if expected.is_empty() { accepted() } else { code(expected, field) };
        let request = creation().with(field, Change::Text(born.to_owned()));
        sheet.creation(&format!("born on {born}, it is {now}"), &request.xml(), &expected).await;
    }
    sheet.end("the_day_of_birth_ends_with_the_day_in_paris").await;
}

/// The form of an ANS file: a code that is new, one that has ended, one that has another name.
const IMPORTED: &str = "<OID>;<Nom>\n1.2.250.1.213.2.23;TRE_R13-CommuneOM\n\
    <OID>;<Code>;<Libellé>;<Date valid>;<Date fin>\n\
    1.2.250.1.213.2.23;01999;Valromey-Neuf;;\n\
    1.2.250.1.213.2.23;01998;Valromey-Ancien;19000101000000;20200101000000\n\
    1.2.250.1.213.2.23;01053;Bourg en Bresse;;\n";

#[tokio::test]
async fn an_imported_table_is_what_creations_are_checked_against() {
    const PLACE: &str = "Demandeur.Adresse.Localite";
    let of = |commune: &str| {
        creation()
            .with(&format!("{PLACE}.Code"), Change::Text(commune.to_owned()))
            .with(&format!("{PLACE}.DisplayName"), Change::Absent)
    };
    let mut sheet = Sheet::new().await;
    for unknown in ["01999", "01998"] {
        sheet.creation(&format!("{unknown} before"), &of(unknown).xml(), &code("372", PLACE)).await;
    }
    let table = dossier::nomenclature::import::NosTable::read(IMPORTED.as_bytes()).unwrap();
    let import = storage::ImportNomenclature {
        table: &table,
        fichier: "TRE_R13.tabs",
        sha256: &[1; 32],
        plus_ancien: false,
    };
    let import = &import;
    let store = sheet.harness.server.store();
    store.run("test", |tx| Box::pin(async move { tx.import_nomenclature(import).await })).await.unwrap();
    sheet.expect("nomenclature", 1);
    sheet.expect("nomenclature_code", 3);
    sheet.harness = sheet.harness.restart().await;
    for (case, commune, expected, words) in [
        ("a new code", "01999", accepted(), "Valromey-Neuf"),
        // people were born there
        ("a code that has ended", "01998", accepted(), "Valromey-Ancien"),
        ("another name", "01053", accepted(), "Bourg en Bresse"),
        ("a built-in one that the import lacks", "01004", accepted(), "Ambérieu-en-Bugey"),
        ("one of neither", "01997", code("372", PLACE), ""),
    ] {
        let answer = sheet.creation(case, &of(commune).xml(), &expected).await;
        let Some(id) = answer.texts("IdDossier").first().cloned() else { continue };
        let request = crate::acces::consultation(&[(&id, "usager-7")]).xml();
        let shown = sheet.row(&format!("{case}, consulted"), &request, &[accepted()]).await;
        let shown = Tree::read(&shown.body);
        let shown = shown.text(&format!("/Response[1].Dossier.{PLACE}.DisplayName"));
        sheet.check(case, shown == words, shown);
    }
    sheet.end("an_imported_table_is_what_creations_are_checked_against").await;
}
