use super::*;

fn coded(table: NomTable, code: &str, label: &str) -> Nomenclature {
    Nomenclature {
        code: code.to_owned(),
        code_system: Some(table.oid().to_owned()),
        code_system_name: Some(table.nom().to_owned()),
        code_system_version: None,
        display_name: Some(label.to_owned()),
    }
}

/// As a partner sent her: born in a place without a code of ours, at an address of an old code.
fn marguerite() -> Demandeur {
    Demandeur {
        civilite: coded(NomTable::Civilite, "MME", "Madame"),
        nom_naissance: "Chastaing".into(),
        nom_usuel: Some("Vernoux".into()),
        prenom: "Marguerite".into(),
        autre_prenoms: None,
        date_naissance: jiff::civil::date(1937, 5, 14),
        adresse: Adresse {
            numero_voie: "12".into(),
            type_voie: "R".to_owned(),
            libelle_voie: "des Glycines".into(),
            code_postal: coded(NomTable::CodePostal, "01000", "01000"),
            localite: coded(NomTable::Commune, "01053", "Bourg-en-Bresse"),
        },
        mail: None,
        telephone_fixe: None,
        telephone_portable: None,
        pays_naissance: None,
        ville_naissance: Some(Nomenclature {
            code: "ICI".to_owned(),
            display_name: Some("Ville d’ailleurs".to_owned()),
            ..Nomenclature::default()
        }),
        num_secu: Some("237050105300113".into()),
        contacteur_demandeur: None,
        contacts: Vec::new(),
        autres_donnees: None,
    }
}

/// The form as the page shows it, with these fields typed anew.
fn typed(changes: &[(&str, &str)]) -> Saisie {
    let known = connu(&marguerite());
    let pairs = IDENTITE.champs.iter().map(|champ| {
        let shown = champ.ecrire(known.valeur(champ.nom).unwrap_or_default());
        let change = changes.iter().find(|(nom, _)| *nom == champ.nom).map(|(_, text)| (*text).to_owned());
        (champ.nom.to_owned(), change.unwrap_or(shown))
    });
    Saisie::new(pairs.collect())
}

fn correct(changes: &[(&str, &str)]) -> (Vec<(&'static str, Faute)>, Option<Demandeur>) {
    let today = jiff::civil::date(2026, 11, 27);
    let (lecture, demandeur) = corriger(&typed(changes), &marguerite(), &Nomenclatures::default(), today);
    (lecture.fautes, demandeur)
}

#[test]
fn what_is_sent_as_it_was_shown_changes_nothing() {
    assert_eq!(correct(&[]), (Vec::new(), Some(marguerite())));
}

#[test]
fn each_field_is_corrected_and_codes_are_those_of_the_tables() {
    type Seen = fn(&Demandeur) -> String;
    /// Fields and what is typed; who shows what became of them; that; the names of what changed.
    type Row = (&'static [(&'static str, &'static str)], Seen, &'static str, &'static [&'static str]);
    let rows: [Row; 15] = [
        (&[("prenom", "Margot")], |d| d.prenom.as_str().to_owned(), "Margot", &["Prenom"]),
        (
            &[("nom-naissance", "Chastain")],
            |d| d.nom_naissance.as_str().to_owned(),
            "Chastain",
            &["NomNaissance"],
        ),
        (&[("nom-usage", "")], |d| format!("{}", d.nom_usuel.is_none()), "true", &["NomUsuel"]),
        (
            &[("autres-prenoms", "Jeanne")],
            |d| d.autre_prenoms.clone().unwrap().as_str().to_owned(),
            "Jeanne",
            &["AutrePrenoms"],
        ),
        (
            &[("civilite", "M")],
            |d| format!("{:?}", d.civilite.display_name),
            "Some(\"Monsieur\")",
            &["Civilite"],
        ),
        (
            &[("date-naissance", "15.05.1937")],
            |d| d.date_naissance.to_string(),
            "1937-05-15",
            &["DateNaissance"],
        ),
        (
            &[("ville-naissance", "Saint-Denis (93)")],
            |d| d.ville_naissance.clone().unwrap().code,
            "93066",
            &["VilleNaissance"],
        ),
        (
            &[("ville-naissance", "")],
            |d| format!("{}", d.ville_naissance.is_none()),
            "true",
            &["VilleNaissance"],
        ),
        (
            &[("pays-naissance", "algérie")],
            |d| d.pays_naissance.clone().unwrap().code,
            "99352",
            &["PaysNaissance"],
        ),
        (&[("numero-voie", "12 bis")], |d| d.adresse.numero_voie.as_str().to_owned(), "12 bis", &["Adresse"]),
        (&[("type-voie", "Lotissement")], |d| d.adresse.type_voie.clone(), "LOT", &["Adresse"]),
        (&[("type-voie", "Avenue")], |d| d.adresse.type_voie.clone(), "AV", &["Adresse"]),
        (
            &[("code-postal", "38 000"), ("localite", "grenoble cedex 9")],
            |d| d.adresse.localite.code.clone(),
            "38185",
            &["Adresse"],
        ),
        (
            &[("code-postal", "20000"), ("localite", "Ajaccio")],
            |d| d.adresse.localite.code.clone(),
            "2A004",
            &["Adresse"],
        ),
        (&[("localite", "Péronnas")], |d| d.adresse.localite.code.clone(), "01289", &["Adresse"]),
    ];
    for (changes, seen, expected, names) in rows {
        let (fautes, demandeur) = correct(changes);
        assert_eq!(fautes, [], "{changes:?}");
        let demandeur = demandeur.unwrap();
        assert_eq!(seen(&demandeur), expected, "{changes:?}");
        assert_eq!(differences(&marguerite(), &demandeur), names, "{changes:?}");
        assert_eq!(demandeur.num_secu, marguerite().num_secu);
    }
    let (_, demandeur) = correct(&[("code-postal", "38000"), ("localite", "Grenoble")]);
    let adresse = demandeur.unwrap().adresse;
    assert_eq!(adresse.code_postal, coded(NomTable::CodePostal, "38000", "38000"));
    assert_eq!(adresse.localite, coded(NomTable::Commune, "38185", "Grenoble"));
    // a new postal code of the same commune
    let (_, demandeur) = correct(&[("code-postal", "01001")]);
    assert_eq!(demandeur.unwrap().adresse.localite, marguerite().adresse.localite);
}

/// The checks of a creation: 201, 203, 202, 360, 370, 371, 372, 373, 300.
#[test]
fn what_a_creation_refuses_is_refused_at_its_field() {
    let long = "a".repeat(51);
    let street = "a".repeat(81);
    let rows: [(&str, &str, Faute); 22] = [
        ("civilite", "", Faute::Absente),
        ("civilite", "DR", Faute::PasOffert),
        ("prenom", " ", Faute::Absente),
        ("prenom", &long, Faute::TropLong(50)),
        ("prenom", "a\u{7}", Faute::Caractere),
        ("nom-naissance", "", Faute::Absente),
        ("nom-usage", &long, Faute::TropLong(50)),
        ("date-naissance", "", Faute::Absente),
        ("date-naissance", "31/02/1937", Faute::Date),
        ("date-naissance", "28/11/2026", Faute::DateFuture),
        ("date-naissance", "31/12/1879", Faute::Date),
        ("ville-naissance", "Introuvable", Faute::Commune),
        ("ville-naissance", "Saint-Denis", Faute::Communes),
        ("pays-naissance", "Syldavie", Faute::Pays),
        ("numero-voie", "12345678901", Faute::TropLong(10)),
        ("type-voie", "sentine", Faute::TypeVoie),
        ("libelle-voie", &street, Faute::TropLong(80)),
        ("libelle-voie", "", Faute::Absente),
        ("code-postal", "0100", Faute::Chiffres(5)),
        ("code-postal", "99999", Faute::Departement),
        ("code-postal", "", Faute::Absente),
        ("localite", "Introuvable", Faute::Commune),
    ];
    for (champ, text, faute) in rows {
        let (fautes, demandeur) = correct(&[(champ, text)]);
        assert!(fautes.contains(&(champ, faute)), "{champ} {text:?}: {fautes:?}");
        assert_eq!(demandeur, None, "{champ} {text:?}");
    }
    // all that is wrong is said at once, in the page's order
    let (fautes, _) = correct(&[("localite", "Introuvable"), ("prenom", ""), ("type-voie", "sentine")]);
    let names: Vec<_> = fautes.iter().map(|(nom, _)| *nom).collect();
    assert_eq!(names, ["prenom", "type-voie", "localite"]);
}

#[test]
fn kinds_of_way_are_words() {
    for (given, word) in [("R", "rue"), ("bd", "boulevard"), ("Avenue", "avenue"), ("ABE", "abe")] {
        assert_eq!(voie(given), word);
    }
    for (code, _) in VOIES {
        assert!(crate::nomenclature::type_voie(code), "{code}");
    }
}
