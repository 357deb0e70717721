//! The import of FINESS, and the search of establishments.

use std::sync::LazyLock;

use dossier::finess::{Categories, EtablissementFiness, Extract};
use dossier::nomenclature::Nomenclatures;
use jiff::civil::date;
use storage::{BilanFiness, Error, ImportFiness, Recherche, Refusal, Store};

use crate::support::{Base, read, refused};

/// Number, name, category, commune (département and three digits), last line of the address.
type Line = (&'static str, &'static str, &'static str, [&'static str; 2], &'static str);

const GLYCINES: Line =
    ("010990018", "EHPAD LES GLYCINES", "500", ["01", "053"], "01012 BOURG EN BRESSE CEDEX");
const LINES: [Line; 7] = [
    GLYCINES,
    ("2A0990032", "E.H.P.A.D. A MARINA", "500", ["2A", "004"], "20000 AJACCIO"),
    ("420990053", "RESIDENCE AUTONOMIE LE CLOS", "202", ["42", "218"], "42000 ST ETIENNE"),
    ("690990064", "EHPAD ST JOSEPH", "500", ["69", "388"], "69008 LYON"),
    ("750990012", "RESIDENCE DE L'ŒUVRE", "501", ["75", "111"], "75011 PARIS"),
    ("260990023", "GLYCINES ET LAVANDES", "207", ["26", "362"], "26000 VALENCE"),
    ("740990080", "Résidence Saint-Étienne", "500", ["74", "010"], "74000 ANNECY"),
];

fn extract(lines: &[Line]) -> Vec<EtablissementFiness> {
    let mut file = vec![Ok(b"finess;etalab;111;2026-05-12".to_vec())];
    file.extend(lines.iter().map(|(number, name, category, [departement, commune], town)| {
        Ok(format!(
            "structureet;{number};;{name};;;;;;;;;{commune};{departement};;{town};;;{category};;;;;;;;;;2001-01-31;;;"
        )
        .into_bytes())
    }));
    let categories = Categories::default();
    Extract::new(file.into_iter(), &categories).unwrap().map(Result::unwrap).collect()
}

async fn import(base: &Base, kept: &[EtablissementFiness]) -> Result<BilanFiness, Error> {
    import_with(base, kept, |_| {}).await
}

async fn import_with<'a>(
    base: &Base,
    etablissements: &'a [EtablissementFiness],
    change: impl Fn(&mut ImportFiness<'a>),
) -> Result<BilanFiness, Error> {
    static TABLES: LazyLock<Nomenclatures> = LazyLock::new(Nomenclatures::default);
    let mut import = ImportFiness {
        acteur: &storage::Acteur::Systeme,
        etablissements,
        categories: &["202", "207", "500", "501"],
        illisibles: &[],
        tables: &TABLES,
        fichier: "finess.csv",
        sha256: &[1; 32],
        date_du: Some(date(2026, 5, 12)),
        lignes: 8,
        refusees: 0,
        force: false,
    };
    change(&mut import);
    base.store.import_finess(&import).await
}

fn bilan(ajoutes: u64, modifies: u64, inchanges: u64, fermes: u64) -> Result<BilanFiness, Error> {
    Ok(BilanFiness { ajoutes, modifies, inchanges, fermes })
}

pub(crate) async fn found(store: &Store, recherche: Recherche<'_>) -> Vec<String> {
    let recherche = &Recherche { limite: 20, ..recherche };
    let results = store
        .read(|reader| Box::pin(async move { reader.search_etablissements(recherche).await }))
        .await
        .unwrap();
    assert_eq!(results.total, results.page.len() as u64);
    results.page.into_iter().map(|one| one.etablissement.num_finiss).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_adds_changes_closes_and_reopens() {
    let base = Base::new().await;
    let all = extract(&LINES);
    assert_eq!(import(&base, &all).await, bilan(7, 0, 0, 0));
    assert_eq!(import(&base, &all).await, bilan(0, 0, 7, 0), "once more");
    let renamed = (GLYCINES.0, "EHPAD LES LILAS", GLYCINES.2, GLYCINES.3, GLYCINES.4);
    assert_eq!(import(&base, &extract(&[&[renamed], &LINES[1..]].concat())).await, bilan(0, 1, 6, 0));
    assert_eq!(
        found(&base.store, Recherche { texte: Some("lilas"), ..Recherche::default() }).await,
        [GLYCINES.0]
    );
    assert!(
        !found(&base.store, Recherche { texte: Some("glyc"), ..Recherche::default() })
            .await
            .contains(&GLYCINES.0.to_owned())
    );
    assert_eq!(import(&base, &all[1..]).await, bilan(0, 0, 6, 1), "closed");
    let gone = Recherche { texte: Some("lilas"), ..Recherche::default() };
    assert_eq!(found(&base.store, gone).await, [""; 0]);
    assert_eq!(found(&base.store, Recherche { fermes: true, ..gone }).await, [GLYCINES.0]);
    assert!(read!(base, etablissement(GLYCINES.0)).is_some(), "closed is not removed");
    assert_eq!(import(&base, &all).await, bilan(0, 1, 6, 0), "open again");
    assert_eq!(base.count("SELECT COUNT(*) FROM finess_import"), 5);
    assert_eq!(read!(base, last_finess_import()).unwrap().date_du, Some(date(2026, 5, 12)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_closed_that_the_file_says_nothing_against() {
    let base = Base::new().await;
    base.etablissements(3).await;
    let all = extract(&LINES);
    import(&base, &all).await.unwrap();
    // A line that could not be read, a category that was not asked for, an operator's own establishment.
    let unreadable = [LINES[0].0.to_owned()];
    let outcome = import_with(&base, &all[1..], |import| {
        import.illisibles = &unreadable;
    });
    assert_eq!(outcome.await, bilan(0, 0, 6, 0));
    assert_eq!(import_with(&base, &all[..1], |import| import.categories = &["501"]).await, bilan(0, 0, 1, 1));
    // An operator's establishment becomes FINESS's once FINESS has it.
    let own = ("750000002", GLYCINES.1, GLYCINES.2, GLYCINES.3, GLYCINES.4);
    assert_eq!(
        import_with(&base, &extract(&[own]), |import| import.categories = &["999"]).await,
        bilan(0, 1, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_and_one_that_is_old_are_refused() {
    let base = Base::new().await;
    let numbers = (0..10_000_000_u32).map(|number| format!("01{number:07}"));
    let numbers: Vec<String> = numbers.filter(|number| dossier::format::finess(number)).take(300).collect();
    let model = extract(&[GLYCINES]).remove(0);
    let many: Vec<_> = numbers
        .iter()
        .map(|number| EtablissementFiness { numero: number.clone(), ..model.clone() })
        .collect();
    import(&base, &many).await.unwrap();
    let cut = Refusal::TooManyClosed { fermes: 151, ouverts: 300 };
    assert_eq!(refused(import(&base, &many[..149]).await), cut);
    let old = |import: &mut ImportFiness<'_>| import.date_du = Some(date(2026, 5, 11));
    assert_eq!(refused(import_with(&base, &many, old).await), Refusal::OlderExtract(date(2026, 5, 12)));
    assert_eq!(base.count("SELECT COUNT(*) FROM etablissement WHERE ferme_le IS NOT NULL"), 0);
    assert_eq!(base.count("SELECT COUNT(*) FROM finess_import"), 1);
    assert_eq!(import(&base, &many[..150]).await, bilan(0, 0, 150, 150), "half may close");
    let forced = import_with(&base, &many[..1], |import| {
        import.force = true;
        import.date_du = Some(date(2020, 1, 1));
    });
    assert_eq!(forced.await, bilan(0, 0, 1, 149));
}

#[tokio::test(flavor = "multi_thread")]
async fn search() {
    let base = Base::new().await;
    import(&base, &extract(&LINES)).await.unwrap();
    let categories = ["202".to_owned(), "207".to_owned()];
    let texte = |texte| Recherche { texte: Some(texte), ..Recherche::default() };
    let commune = |commune| Recherche { commune: Some(commune), ..Recherche::default() };
    let postal = |code_postal| Recherche { code_postal: Some(code_postal), ..Recherche::default() };
    let rows: [(Recherche<'_>, &[usize]); 27] = [
        // Case, accents, order and ends of words do not matter; names that begin so come first.
        (texte("glycines"), &[5, 0]),
        (texte("Glyc"), &[5, 0]),
        (texte("les GLYCINES"), &[0]),
        (texte("glycines ehpad"), &[0]),
        (texte("ehpad marina"), &[1]),
        (texte("E.H.P.A.D."), &[1, 3, 0]),
        (texte("résidence"), &[4, 2, 6]),
        (texte("oeuvre"), &[4]),
        (texte("l'Œuvre"), &[4]),
        (texte("ycines"), &[]),
        // The name says it better than the place.
        (texte("saint etienne"), &[6, 2]),
        (texte("St-Étienne"), &[6, 2]),
        (texte("st"), &[6, 3, 2]),
        (texte("glycines bourg"), &[0]),
        (texte("ehpad 69008"), &[3]),
        (texte("\" OR nom:*"), &[]),
        (texte("'\"*"), &[]),
        (commune("01053"), &[0]),
        (commune("2a004"), &[1]),
        (commune("69123"), &[3]), // Lyon, of which it is the 8e
        (commune("75056"), &[4]),
        (commune("bourg-en-bresse"), &[0]),
        (commune("SAINT ETIENNE"), &[2]),
        (postal("01012"), &[0]),
        (postal("26"), &[5]),
        (Recherche { texte: Some("residence"), code_postal: Some("42"), ..Recherche::default() }, &[2]),
        (Recherche { categories: &categories, ..Recherche::default() }, &[5, 2]),
    ];
    for (recherche, expected) in rows {
        let mut numbers = found(&base.store, recherche).await;
        let mut expected: Vec<String> = expected.iter().map(|line| LINES[*line].0.to_owned()).collect();
        if expected.len() > 2 || recherche.texte.is_none() {
            numbers.sort();
            expected.sort();
        }
        assert_eq!(numbers, expected, "{recherche:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages() {
    let base = Base::new().await;
    base.etablissements(25).await;
    let mut seen = Vec::new();
    for depuis in [0, 10, 20, 30] {
        for texte in [None, Some("tilleuls")] {
            let recherche = &Recherche { texte, depuis, limite: 10, ..Recherche::default() };
            let results = base
                .store
                .read(|reader| Box::pin(async move { reader.search_etablissements(recherche).await }))
                .await
                .unwrap();
            assert_eq!(results.total, 25);
            seen.extend(results.page.into_iter().map(|one| (texte, one.etablissement.num_finiss)));
        }
    }
    assert_eq!(seen.len(), 50);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 50, "no page repeats another");
}
