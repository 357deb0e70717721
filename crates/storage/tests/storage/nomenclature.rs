//! Imports of nomenclatures: whole or not at all, once, and seen by who looks for them.

use dossier::nomenclature::import::NosTable;
use jiff::civil::date;
use storage::{BilanNomenclature, Error, ImportNomenclature, Refusal};

use crate::support::{Base, read, refused, sha};

const ARBIGNIEU: &str = "01015;Arbignieu;19430101000000;20160101000000";
const ARBOYS: &str = "01015;Arboys neuf;20160101000000;";
const NEUF: &str = "01999;Valromey-Neuf;20260101000000;";
const FUTUR: &str = "01999;Valromey-Demain;20270101000000;";

/// A file of R13 of the year `year` with these rows.
fn communes(year: u32, rows: &[&str]) -> NosTable {
    let rows: String = rows.iter().map(|row| format!("1.2.250.1.213.2.23;{row}\n")).collect();
    let text = format!(
        "<OID>;<Nom>;<Date MàJ>\n1.2.250.1.213.2.23;TRE_R13-CommuneOM;{year}0130120000\n\
         <OID>;<Code>;<Libellé>;<Date valid>;<Date fin>\n{rows}"
    );
    NosTable::read(text.as_bytes()).unwrap()
}

async fn import(base: &Base, table: &NosTable, file: u8) -> Result<Option<BilanNomenclature>, Error> {
    import_with(base, table, file, false).await
}

async fn import_with(
    base: &Base,
    table: &NosTable,
    file: u8,
    plus_ancien: bool,
) -> Result<Option<BilanNomenclature>, Error> {
    let sha256 = &sha(file);
    base.store
        .run("test", |tx| {
            let import = ImportNomenclature { table, fichier: "r13.tabs", sha256, plus_ancien };
            Box::pin(async move { tx.import_nomenclature(&import).await })
        })
        .await
}

async fn commune(base: &Base, code: &str) -> Option<String> {
    let (tables, _) = base.store.nomenclatures(date(2026, 11, 24)).await.unwrap();
    tables.commune(code).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_lies_over_the_built_in_table_and_the_next_takes_its_place() {
    let base = Base::new().await;
    assert_eq!(commune(&base, "01999").await, None);
    let bilan = |codes, ajoutes, retires, modifies| {
        let premier = (codes, ajoutes, retires, modifies) == (1, 1, 0, 0);
        BilanNomenclature { premier, codes, ajoutes, retires, modifies }
    };
    let steps = [
        (communes(2025, &[ARBIGNIEU]), bilan(1, 1, 0, 0), ["Arbignieu", "-"]),
        (communes(2026, &[ARBIGNIEU, ARBOYS, NEUF]), bilan(2, 1, 0, 1), ["Arboys neuf", "Valromey-Neuf"]),
        // What a later file renames in a year to come bears its name of today until then.
        (
            communes(2026, &[ARBIGNIEU, ARBOYS, NEUF, FUTUR]),
            bilan(2, 0, 0, 1),
            ["Arboys neuf", "Valromey-Neuf"],
        ),
        // What a later file has no more is known as it is built in, or not at all.
        (communes(2026, &["01053;Bourg;;"]), bilan(1, 1, 2, 0), ["Arboys en Bugey", "-"]),
    ];
    for (file, (table, expected, labels)) in (1..).zip(steps) {
        assert_eq!(import(&base, &table, file).await, Ok(Some(expected)), "file {file}");
        for (code, label) in ["01015", "01999"].into_iter().zip(labels) {
            assert_eq!(commune(&base, code).await.as_deref().unwrap_or("-"), label, "file {file}: {code}");
        }
        assert_eq!(base.store.nomenclature_revision().await, Ok(file.into()));
        assert_eq!(base.store.nomenclatures(date(2026, 11, 24)).await.unwrap().1, i64::from(file));
    }
    let listed = read!(base, imported_nomenclatures());
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].nom.as_str(), listed[0].codes), ("TRE_R13-CommuneOM", 1));
    assert_eq!(listed[0].version.as_deref(), Some("20260130120000"));
    assert_eq!(listed[0].mise_a_jour.as_deref(), Some("2026-01-30T12:00:00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_again_changes_nothing_and_an_older_one_is_refused() {
    let base = Base::new().await;
    let table = communes(2026, &[NEUF]);
    import(&base, &table, 1).await.unwrap();
    assert_eq!(import(&base, &table, 1).await, Ok(None));
    let older = communes(2025, &[ARBIGNIEU]);
    assert_eq!(refused(import(&base, &older, 2).await), Refusal::OlderNomenclature);
    assert_eq!(commune(&base, "01999").await.as_deref(), Some("Valromey-Neuf"));
    assert_eq!(base.store.nomenclature_revision().await, Ok(1));
    import_with(&base, &older, 2, true).await.unwrap().unwrap();
    assert_eq!(commune(&base, "01999").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_the_last_word_over_a_value_set() {
    let base = Base::new().await;
    let set = "<OID>;<Nom>\n1.2.250.1.213.1.6.1.184;JDV_X\n<OID>;<Code>;<Libellé>\n\
               1.2.250.1.213.2.23;01999;Choisi\n1.2.250.1.213.2.23;01998;Choisi aussi\n1.2.3;x;Autre\n";
    let set = NosTable::read(set.as_bytes()).unwrap();
    for order in [[0, 1], [1, 0]] {
        let both = [communes(2026, &[NEUF]), set.clone()];
        for turn in order {
            import(
                &base,
                &both[turn],
                10 * u8::try_from(turn).unwrap() + 1 + u8::try_from(order[0]).unwrap(),
            )
            .await
            .unwrap();
        }
        assert_eq!(commune(&base, "01999").await.as_deref(), Some("Valromey-Neuf"));
        assert_eq!(commune(&base, "01998").await.as_deref(), Some("Choisi aussi"));
    }
    assert_eq!(base.count("SELECT COUNT(*) FROM nomenclature_code WHERE systeme = '1.2.3'"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_fails_leaves_the_earlier_one() {
    let base = Base::new().await;
    import(&base, &communes(2025, &[NEUF]), 1).await.unwrap();
    let (table, sha256) = (&communes(2026, &[ARBIGNIEU]), &sha(2));
    let outcome: Result<(), Error> = base
        .store
        .run("half", |tx| {
            let import = ImportNomenclature { table, fichier: "r13.tabs", sha256, plus_ancien: false };
            Box::pin(async move {
                tx.import_nomenclature(&import).await?;
                Err(Error::Conflict)
            })
        })
        .await;
    assert_eq!(outcome, Err(Error::Conflict));
    assert_eq!(commune(&base, "01999").await.as_deref(), Some("Valromey-Neuf"));
    assert_eq!(base.store.nomenclature_revision().await, Ok(1));
    import(&base, table, 2).await.unwrap().unwrap();
}
