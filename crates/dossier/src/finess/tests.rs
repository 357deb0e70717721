//! Real lines of the extract, 1,753 real establishments, and every way a line can be wrong.

use std::io::BufRead;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const EXTRACT: &[u8] = include_bytes!("../../tests/data/finess-extrait.csv");
const SAMPLE: &str = include_str!("../../tests/data/finess-1753.tsv");
const HEAD: &str = "finess;etalab;111;2026-05-12\n";

fn lines(file: &[u8]) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    BufRead::split(file, b'\n')
}

fn read(file: &[u8], categories: &Categories) -> Vec<Result<EtablissementFiness, FinessError>> {
    Extract::new(lines(file), categories).unwrap().collect()
}

fn all() -> Categories {
    Categories::toutes()
}

#[test]
fn the_extract_as_published() {
    let categories = Categories::default();
    let extract = Extract::new(lines(EXTRACT), &categories).unwrap();
    assert_eq!(extract.date(), Some(date(2026, 5, 12)));
    let kept: Vec<_> = extract.map(Result::unwrap).collect();
    let expected = EtablissementFiness {
        numero: "970302287".into(),
        entite_juridique: "970302022".into(),
        nom: "E.H.P.A.D. DU CENTRE HOSPITALIER DE CAYENNE".into(),
        categorie: "500".into(),
        adresse: AdresseFiness {
            numero_voie: String::new(),
            type_voie: "AV".into(),
            libelle_voie: "ALEXIS BLAISE".into(),
            lieu_dit: "BP 6006".into(),
            code_commune: "97302".into(),
            code_postal: "97306".into(),
            localite: "CAYENNE CEDEX".into(),
        },
        telephone: Some("0594395050".into()),
        ouverture: Some(date(1988, 5, 2)),
    };
    assert_eq!(kept, [expected]);
}

#[test]
fn communes_of_the_extract() {
    let rows: Vec<_> = read(EXTRACT, &all()).into_iter().map(Result::unwrap).collect();
    let communes: Vec<_> = rows.iter().map(|row| row.adresse.code_commune.as_str()).collect();
    assert_eq!(communes, ["01451", "97302", "98613"]);
    assert!(communes.iter().all(|code| nomenclature::commune(code).is_some()));
    for (departement, commune, expected) in [
        ("2A", "004", "2A004"),
        ("75", "120", "75120"),
        ("9D", "411", "97411"),
        ("9F", "608", "97608"),
        ("9H", "818", "98818"),
    ] {
        assert_eq!(code_commune(departement, commune), expected);
    }
}

#[test]
fn an_establishment_as_the_services_tell_it() {
    let told =
        read(EXTRACT, &Categories::default()).remove(0).unwrap().etablissement(&Nomenclatures::default());
    assert_eq!((told.num_finiss.as_str(), told.telephone.as_deref()), ("970302287", Some("0594395050")));
    let adresse = told.adresse.unwrap();
    assert_eq!(adresse.libelle_voie.as_str(), "ALEXIS BLAISE");
    assert_eq!(adresse.code_postal.code, "97306");
    assert_eq!(adresse.localite.display_name.as_deref(), Some("Cayenne"));
    // Wallis has a box at the post and no street.
    let wallis =
        read(EXTRACT, &all()).remove(2).unwrap().etablissement(&Nomenclatures::default()).adresse.unwrap();
    assert_eq!(wallis.libelle_voie.as_str(), "BP 4 - MATA'UTU");
}

/// A line of the extract made of a line of the sample, in Latin-1.
fn line(row: &str) -> Vec<u8> {
    let [
        et,
        ej,
        court,
        long,
        categorie,
        numero,
        index,
        voie,
        libelle,
        lieu,
        commune,
        postal,
        ville,
        telephone,
        ouverture,
    ] = <[&str; 15]>::try_from(row.split('\t').collect::<Vec<_>>().as_slice()).unwrap();
    let (departement, commune) = match commune.split_at(2) {
        // FINESS has letters for the départements overseas.
        ("97", place) => {
            (["9A", "9B", "9C", "9D", "9E", "9F"][place[..1].parse::<usize>().unwrap() - 1], place)
        }
        ("98", place) if place.starts_with('6') => ("9J", place),
        other => other,
    };
    let text = format!(
        "structureet;{et};{ej};{court};{long};;;{numero};{voie};{libelle};{index};{lieu};{commune};{departement};;\
         {postal} {ville};{telephone};;{categorie};;;;;;;;;;{ouverture};;;\r\n"
    );
    text.chars().map(|c| if c == '’' { 0x92 } else { u8::try_from(u32::from(c)).unwrap() }).collect()
}

#[test]
fn all_real_establishments_are_taken() {
    let rows: Vec<&str> = SAMPLE.lines().skip(1).collect();
    assert_eq!(rows.len(), 1753);
    let mut file = HEAD.as_bytes().to_vec();
    rows.iter().for_each(|row| file.extend(line(row)));
    let taken: Vec<_> = read(&file, &all()).into_iter().map(Result::unwrap).collect();
    assert_eq!(taken.len(), 1753);
    for (row, taken) in rows.iter().zip(&taken) {
        let fields: Vec<&str> = row.split('\t').collect();
        assert_eq!(taken.numero, fields[0]);
        assert!(format::finess(&taken.entite_juridique), "{row}");
        assert_eq!(taken.adresse.code_commune, fields[10], "{row}");
        assert_eq!(
            (taken.adresse.code_postal.as_str(), taken.adresse.localite.as_str()),
            (fields[11], fields[12])
        );
        assert_eq!(taken.telephone.as_deref().unwrap_or_default(), fields[13], "{row}");
        assert!(taken.nom == fields[3] || fields[3].is_empty() && taken.nom == fields[2]);
        // What a server would ask of such an address in a request, it must find here.
        assert!(nomenclature::departement_connu(&taken.adresse.code_postal), "{row}");
        assert!(
            taken.adresse.type_voie.is_empty() || nomenclature::type_voie(&taken.adresse.type_voie),
            "{row}"
        );
        assert!(nomenclature::commune(fields[10]).is_some() || fields[10] == "97127", "{row}"); // Saint-Martin until 2007
        assert!(taken.etablissement(&Nomenclatures::default()).adresse.is_some());
    }
    let elderly = read(&file, &Categories::default()).len();
    let expected = rows.iter().filter(|row| Categories::default().contains(row.split('\t').nth(4).unwrap()));
    assert_eq!(elderly, expected.count());
    assert!(elderly > 60);
}

#[test]
fn every_digit_of_every_key_counts() {
    for row in SAMPLE.lines().skip(1) {
        let (order, key) = row[..9].split_at(8);
        let good: Vec<String> = (0..10)
            .map(|key| key.to_string())
            .filter(|key| format::finess(&format!("{order}{key}")))
            .collect();
        assert_eq!(good, [key], "{order}");
    }
}

#[test]
fn wrong_lines_are_told_and_the_others_read() {
    let good = "structureet;970302287;970302022;NOM;;;;;;;;;302;9C;GUYANE;97306 CAYENNE;;;500;;;;;;;;;;1988-05-02;;;";
    let known = Some("970302287".to_owned());
    let rows: [(String, Option<String>, FinessCause); 12] = [
        (good.replace("structureet", "structureej"), known.clone(), FinessCause::Kind("structureej".into())),
        (format!("{good};"), known.clone(), FinessCause::Fields(33)),
        ("structureet;970302287".into(), known.clone(), FinessCause::Fields(2)),
        (good.replace("970302287", "970302286"), None, FinessCause::Number("970302286".into())),
        (good.replace("970302287", ""), None, FinessCause::Number(String::new())),
        (good.replace(";500;", ";5OO;"), known.clone(), FinessCause::Category("5OO".into())),
        (good.replace("NOM", " "), known.clone(), FinessCause::Name),
        (good.replace("05-02", "02-30"), known.clone(), FinessCause::Date("1988-02-30".into())),
        (good.replace("NOM", &"é".repeat(256)), known.clone(), FinessCause::TooLong("the name", 255)),
        (
            good.replace("NOM;;;;;", "NOM;;;;12345678901;"),
            known.clone(),
            FinessCause::TooLong("the number of the street", 10),
        ),
        (good.replace("NOM", "N\u{0}M"), known.clone(), FinessCause::Control),
        (good.to_owned(), known, FinessCause::Repeated { numero: "970302287".into(), first: 2 }),
    ];
    let lines: Vec<&str> = [good]
        .into_iter()
        .chain(rows.iter().map(|(line, ..)| line.as_str()))
        .chain(["", "geolocalisation;1"])
        .collect();
    let mut read = read(format!("{HEAD}{}", lines.join("\n")).as_bytes(), &Categories::default());
    assert_eq!(read.remove(0).unwrap().nom, "NOM");
    let expected: Vec<_> =
        (3..).zip(rows).map(|(line, (_, numero, cause))| Err(FinessError { line, numero, cause })).collect();
    assert_eq!(read, expected);
    assert_eq!(
        read[3].as_ref().unwrap_err().to_string(),
        "line 6: `970302286` is no FINESS number, or its key is wrong"
    );
}

#[test]
fn other_files_and_failing_ones() {
    let categories = Categories::default();
    for file in ["", "structureet;1", "finess;autre;1", "<html>"] {
        let error = Extract::new(lines(file.as_bytes()), &categories).err().unwrap();
        assert_eq!(error, FinessError { line: 1, numero: None, cause: FinessCause::NotFiness });
    }
    // A disk that fails fails for ever; the reading ends there.
    let fails = || Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    let lines = std::iter::once(Ok(HEAD.into())).chain(std::iter::repeat_with(fails));
    let mut extract = Extract::new(lines, &categories).unwrap();
    let cause = FinessCause::Read(io::ErrorKind::UnexpectedEof);
    assert_eq!(extract.next(), Some(Err(FinessError { line: 2, numero: None, cause })));
    assert_eq!((extract.next(), extract.line()), (None, 2));
}

#[test]
fn categories_are_three_digits() {
    assert_eq!(
        Categories::new(Categories::PERSONNES_AGEES.map(|(code, _)| code)),
        Some(Categories::default())
    );
    for wrong in ["", "50", "5000", "EHP", "٥٠٠"] {
        assert_eq!(Categories::new(["500", wrong]), None, "{wrong}");
    }
}

#[test]
fn letters_of_latin_1() {
    assert_eq!(
        decoded(b"\xc9tablissement d'h\xe9bergement \x8cuvre \x9c \x92"),
        "Établissement d'hébergement Œuvre œ ’"
    );
    assert_eq!(decoded(b"\x80 \x85 \x93\xe9\x94 \x96 \x9f \xa0\xff"), "€ … “é” – Ÿ \u{a0}ÿ");
    assert_eq!(decoded("Établissement".as_bytes()), "Établissement");
}

proptest! {
    /// Whatever lines a file holds, each gives an establishment, a refusal or nothing, and what is given is sound.
    #[test]
    fn any_line_is_taken_or_refused(
        line in prop::collection::vec(any::<u8>(), 0..200),
        field in 0..40_usize,
        instead in "\\PC{0,12}",
    ) {
        let good = "structureet;970302287;970302022;NOM;;;;;;;;;302;9C;GUYANE;97306 CAYENNE;;;500;;;;;;;;;;1988-05-02;;;";
        let mut fields: Vec<&str> = good.split(';').collect();
        if let Some(field) = fields.get_mut(field) {
            *field = &instead;
        }
        let file = [HEAD.as_bytes(), fields.join(";").as_bytes(), b"\n", &line].concat();
        for one in read(&file, &all()).into_iter().flatten() {
            prop_assert!(format::finess(&one.numero) && is_category(&one.categorie) && !one.nom.is_empty());
            prop_assert!(one.nom.chars().count() <= 255 && !one.nom.contains(char::is_control));
            prop_assert!(one.telephone.iter().all(|telephone| format::telephone(telephone)));
            let told = one.etablissement(&Nomenclatures::default());
            prop_assert!(told.adresse.is_none_or(|adresse| format::code_postal(&adresse.code_postal.code)));
        }
    }
}
