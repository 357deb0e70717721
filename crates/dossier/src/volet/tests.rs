use std::collections::HashSet;

use jiff::civil::{Date, date};

use super::*;

const TODAY: Date = date(2026, 11, 27);

fn typed(pairs: &[(&str, &str)]) -> Saisie {
    Saisie::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn field(genre: Genre) -> Champ {
    Champ { nom: "x", libelle: "", aide: "", genre, quand: Quand::Toujours, remplissage: "" }
}

/// The simplest answer that a field takes.
fn any_answer(champ: &Champ) -> Vec<(String, String)> {
    let value = match champ.genre {
        Genre::Ligne(_) | Genre::Texte(_) => "texte".to_owned(),
        Genre::Un(offertes) | Genre::Plusieurs(offertes) => offertes[0].code.to_owned(),
        Genre::DatePassee => "14/05/2026".to_owned(),
        Genre::Telephone(_) => "04 74 00 00 12".to_owned(),
        Genre::Mail(_) => "a@exemple.fr".to_owned(),
        Genre::Montant => "1 450".to_owned(),
        Genre::Nombre(min, _) => min.to_string(),
        Genre::Chiffres(count) => "1".repeat(count),
        Genre::Activite => "A".to_owned(),
    };
    vec![(champ.nom.to_owned(), value)]
}

fn filled(volet: Volet) -> Reponses {
    let form = formulaire(volet);
    form.etapes.iter().fold(Reponses::default(), |before, etape| {
        let pairs = etape.champs.iter().flat_map(any_answer).collect();
        let lecture = etape.lire(&Saisie::new(pairs), &before, TODAY);
        assert_eq!(lecture.fautes, [], "{}", etape.nom);
        lecture.reponses
    })
}

#[test]
fn what_is_typed_becomes_what_is_stored() {
    let offer: &'static [Choix] =
        &[Choix { code: "a", libelle: "Premier" }, Choix { code: "b", libelle: "Second" }];
    type Row = (Genre, &'static str, Result<Option<&'static str>, Faute>);
    let rows: [Row; 41] = [
        (Genre::Ligne(5), "", Ok(None)),
        (Genre::Ligne(5), "  \t ", Ok(None)),
        (Genre::Ligne(5), " abcde ", Ok(Some("abcde"))),
        (Genre::Ligne(5), "éééé\u{1f9d3}", Ok(Some("éééé\u{1f9d3}"))),
        (Genre::Ligne(5), "abcdef", Err(Faute::TropLong(5))),
        (Genre::Ligne(5), "a\nb", Err(Faute::Caractere)),
        (Genre::Ligne(5), "a\u{0}b", Err(Faute::Caractere)),
        (Genre::Ligne(50), "<b>\u{202e}{{7*7}}</b>", Ok(Some("<b>\u{202e}{{7*7}}</b>"))),
        (Genre::Texte(5), "a\r\nb", Ok(Some("a\nb"))),
        (Genre::Texte(3), "a\r\nb", Ok(Some("a\nb"))),
        (Genre::Texte(9), "a\u{7}b", Err(Faute::Caractere)),
        (Genre::Un(offer), "a", Ok(Some("a"))),
        (Genre::Un(offer), "c", Err(Faute::PasOffert)),
        (Genre::Un(offer), "A", Err(Faute::PasOffert)),
        (Genre::Plusieurs(offer), "b", Ok(Some("b"))),
        (Genre::Plusieurs(offer), "", Ok(None)),
        (Genre::Plusieurs(offer), "a b", Err(Faute::PasOffert)),
        (Genre::DatePassee, "27/11/2026", Ok(Some("2026-11-27"))),
        (Genre::DatePassee, "1.2.2026", Ok(Some("2026-02-01"))),
        (Genre::DatePassee, "14 05 1937", Ok(Some("1937-05-14"))),
        (Genre::DatePassee, "28/11/2026", Err(Faute::DateFuture)),
        (Genre::DatePassee, "31/02/2026", Err(Faute::Date)),
        (Genre::DatePassee, "14/05/37", Err(Faute::Date)),
        (Genre::DatePassee, "2026-05-14", Err(Faute::Date)),
        (Genre::DatePassee, "14/05/0026", Err(Faute::Date)),
        (Genre::DatePassee, "hier", Err(Faute::Date)),
        (Genre::Telephone(15), "+33 (0)4.74-00", Ok(Some("+33 (0)4.74-00"))),
        (Genre::Telephone(15), "+33 6 00 00 00 13", Ok(Some("+33600000013"))),
        (Genre::Telephone(15), "le soir", Err(Faute::Telephone)),
        (Genre::Telephone(15), "000000000000000000000", Err(Faute::Telephone)),
        (Genre::Mail(75), "a@b.fr", Ok(Some("a@b.fr"))),
        (Genre::Mail(75), "a b.fr", Err(Faute::Mail)),
        (Genre::Montant, "1 450", Ok(Some("1450"))),
        (Genre::Montant, "1\u{202f}450,5 €", Ok(Some("1450.50"))),
        (Genre::Montant, "-3", Err(Faute::Montant)),
        (Genre::Montant, "=1+1", Err(Faute::Montant)),
        (Genre::Nombre(0, 30), "31", Err(Faute::Nombre(0, 30))),
        (Genre::Nombre(0, 30), "02", Ok(Some("2"))),
        (Genre::Nombre(0, 30), "99999999999", Err(Faute::Nombre(0, 30))),
        (Genre::Chiffres(11), "1 0000 000 123", Ok(Some("10000000123"))),
        (Genre::Chiffres(11), "1234", Err(Faute::Chiffres(11))),
    ];
    for (genre, text, expected) in rows {
        let read = field(genre).lire(&typed(&[("x", text)]), TODAY);
        let read = read.map(|value| value.map(|value| value.as_str().to_owned()));
        assert_eq!(read, expected.map(|value| value.map(str::to_owned)), "{genre:?} {text:?}");
    }
}

#[test]
fn several_boxes_are_stored_in_the_order_of_the_offer() {
    let offer: &'static [Choix] =
        &[Choix { code: "a", libelle: "Premier" }, Choix { code: "b", libelle: "Second" }];
    let champ = field(Genre::Plusieurs(offer));
    let read = champ.lire(&typed(&[("x", "b"), ("y", "c"), ("x", "a"), ("x", "b")]), TODAY).unwrap().unwrap();
    assert_eq!((read.as_str(), champ.dire("a b").as_deref()), ("a b", Some("Premier ; Second")));
}

#[test]
fn an_activity_done_in_part_says_what_is_missing() {
    let champ = field(Genre::Activite);
    for (pairs, expected) in [
        (vec![], Ok(None)),
        (vec![("x", "A")], Ok(Some("A"))),
        (vec![("x", "A"), ("x-manque", "S")], Ok(Some("A"))),
        (vec![("x", "C")], Ok(Some("C"))),
        (vec![("x", "B")], Err(Faute::QuoiManque)),
        (vec![("x", "B"), ("x-manque", "H"), ("x-manque", "S")], Ok(Some("B:SH"))),
        (vec![("x", "B"), ("x-manque", "Z")], Err(Faute::PasOffert)),
        (
            vec![("x", "B"), ("x-manque", "S"), ("x-manque", "T"), ("x-manque", "C"), ("x-manque", "H")],
            Ok(Some("C")),
        ),
        (vec![("x", "B:S")], Err(Faute::PasOffert)),
    ] {
        let read =
            champ.lire(&typed(&pairs), TODAY).map(|value| value.map(|value| value.as_str().to_owned()));
        assert_eq!(read, expected.map(|value| value.map(str::to_owned)), "{pairs:?}");
    }
}

#[test]
fn names_of_fields_are_unique_in_their_part_and_conditions_name_fields_of_their_page() {
    for volet in Volet::TOUS {
        let form = formulaire(volet);
        assert_eq!((form.volet, Volet::from_code(volet.code())), (volet, Some(volet)));
        let mut names = HashSet::new();
        for etape in form.etapes {
            for champ in etape.champs {
                assert!(names.insert(champ.nom), "{} stands twice", champ.nom);
                if let Quand::Si(other, codes) | Quand::LibreSi(other, codes) = champ.quand {
                    let asked = etape.champs.iter().find(|champ| champ.nom == other).unwrap();
                    let (Genre::Un(offertes) | Genre::Plusieurs(offertes)) = asked.genre else {
                        panic!("{other} offers nothing")
                    };
                    let offered = |code: &&str| offertes.iter().any(|offerte| offerte.code == *code);
                    assert!(codes.iter().all(offered), "{}", champ.nom);
                }
                if let Genre::Un(offertes) | Genre::Plusieurs(offertes) = champ.genre {
                    let codes: HashSet<&str> = offertes.iter().map(|offerte| offerte.code).collect();
                    assert_eq!(codes.len(), offertes.len(), "{}", champ.nom);
                    assert!(codes.iter().all(|code| !code.contains(' ')), "{}", champ.nom);
                }
            }
            assert!(etape.champs.iter().any(|champ| champ.quand == Quand::Toujours), "{}", etape.nom);
        }
    }
}

/// A part is complete when, and only when, each obligatory answer is there.
#[test]
fn each_obligatory_answer_that_is_taken_away_makes_its_part_incomplete() {
    for volet in Volet::TOUS {
        let form = formulaire(volet);
        let whole = filled(volet);
        assert!(form.est_complet(&whole) && form.incompletes(&whole) == 0, "{}", volet.code());
        assert!(!form.est_complet(&Reponses::default()));
        for etape in form.etapes {
            assert_eq!(etape.etat(&Reponses::default()), EtatEtape::Vide, "{}", etape.nom);
            for champ in etape.champs {
                let mut without = whole.clone();
                without.poser(champ.nom, None);
                // without an answer that others hang on, those are not asked either
                assert_eq!(!form.est_complet(&without), champ.est_obligatoire(&without), "{}", champ.nom);
            }
        }
    }
}

#[test]
fn what_hangs_on_another_answer_is_asked_with_it_and_forgotten_without() {
    let page = formulaire(Volet::Admin).etape("protection").unwrap();
    let pairs = |mesure| {
        typed(&[
            ("mesure", mesure),
            ("representant-nom", "Anne Morel"),
            ("representant-telephone", "x"),
            ("personne-confiance", "non"),
        ])
    };
    let protected = page.lire(&pairs("tutelle"), &Reponses::default(), TODAY);
    assert_eq!(protected.fautes, [("representant-telephone", Faute::Telephone)]);
    assert_eq!(protected.reponses.valeur("representant-nom"), Some("Anne Morel"));
    let missing: Vec<&str> = page.manquent(&protected.reponses).map(|champ| champ.nom).collect();
    assert_eq!(missing, ["representant-telephone"]);
    assert_eq!(page.etat(&protected.reponses), EtatEtape::Incomplete(1));

    let free = page.lire(&pairs("aucune"), &protected.reponses, TODAY);
    assert_eq!(free.fautes, []);
    assert_eq!(free.reponses.valeur("representant-nom"), None);
    assert_eq!(page.etat(&free.reponses), EtatEtape::Complete);
}

#[test]
fn a_page_leaves_the_answers_of_the_others() {
    let whole = filled(Volet::Autonomie);
    let page = formulaire(Volet::Autonomie).etape("toilette").unwrap();
    let read = page.lire(&typed(&[("toilette-haut", "C"), ("habillage-haut", "C")]), &whole, TODAY);
    assert_eq!(read.reponses.valeur("toilette-haut"), Some("C"));
    assert_eq!(
        read.reponses.valeur("toilette-bas"),
        None,
        "a page is read whole: what it does not say is gone"
    );
    assert_eq!(read.reponses.valeur("habillage-haut"), Some("A"), "another page's field is not taken");
}

#[test]
fn the_gir_comes_with_the_eighth_variable() {
    let mut answers = filled(Volet::Autonomie);
    assert_eq!(answers.gir().map(|gir| gir.groupe), Some(6));
    answers.poser("communication", None);
    assert_eq!(answers.gir().map(|gir| gir.groupe), Some(6), "it counts for nothing");
    answers.poser("interieur", None);
    assert_eq!(answers.gir(), None);
    for variable in aggir::VARIABLES.iter().flat_map(|variable| variable.activites) {
        answers.poser(variable.champ, Some("C".into()));
    }
    assert_eq!(answers.gir().map(|gir| (gir.rang, gir.groupe)), Some((1, 1)));
}

#[test]
fn answers_survive_their_json_and_hide_from_debug() {
    let answers = filled(Volet::Medical);
    let json = serde_json::to_string(&answers).unwrap();
    assert_eq!(serde_json::from_str::<Reponses>(&json).unwrap(), answers);
    let shown = format!("{answers:?} {:?}", typed(&[("maladies", "secret")]));
    assert!(!shown.contains("texte") && !shown.contains("secret"), "{shown}");
}

/// House rule: a family reads twenty words a sentence at most.
#[test]
fn sentences_have_twenty_words_at_most() {
    for etape in Volet::TOUS.iter().flat_map(|volet| formulaire(*volet).etapes) {
        let fields = etape.champs.iter().flat_map(|champ| [champ.libelle, champ.aide]);
        let offers = etape.champs.iter().flat_map(|champ| match champ.genre {
            Genre::Un(offertes) | Genre::Plusieurs(offertes) => offertes,
            _ => &[],
        });
        let texts = [etape.titre, etape.presentation].into_iter().chain(fields);
        for text in texts.chain(offers.map(|offerte| offerte.libelle)) {
            for sentence in text.split(['.', '?']) {
                let words = sentence.split([' ', '’']).filter(|word| word.chars().any(char::is_alphanumeric));
                assert!(words.count() <= 20, "{sentence}");
            }
        }
    }
}
