//! What holds of a file alone.

use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use storage::{Cause, Error, Recherche, Rights, Store};

use crate::support::{Base, etablissement};

#[tokio::test(flavor = "multi_thread")]
async fn the_files_are_their_owners_alone() {
    let base = Base::new().await;
    base.application("portail").await;
    for name in ["vtpa.db", "vtpa.db-wal", "vtpa.db-shm"] {
        let mode = std::fs::metadata(base.place.dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_others_could_read_is_closed_to_them() {
    let base = Base::new().await;
    let files = ["vtpa.db", "vtpa.db-wal", "vtpa.db-shm"].map(|name| base.place.dir.path().join(name));
    for file in &files {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let _second = Store::open(&base.url()).await.unwrap();
    for file in &files {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let garbage = dir.path().join("garbage.db");
    std::fs::write(&garbage, "this is not a database, but long enough to be looked at as one ".repeat(40))
        .unwrap();
    let cases = [
        ("mysql://localhost/vtpa".to_owned(), Error::UnknownUrl),
        ("vtpa.db".to_owned(), Error::UnknownUrl),
        ("sqlite:".to_owned(), Error::UnknownUrl),
        ("sqlite::memory:".to_owned(), Error::UnknownUrl),
        (format!("sqlite:{}/absent/vtpa.db", dir.path().display()), Error::Unavailable(Cause::CannotOpen)),
        (format!("sqlite:{}", garbage.display()), Error::Unavailable(Cause::Corrupt(26))),
    ];
    for (url, expected) in cases {
        assert_eq!(Store::open(&url).await.map(drop), Err(expected), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_that_writes_is_waited_for() {
    let base = Base::new().await;
    let raw = base.place.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing = tokio::spawn({
        let store = base.store.clone();
        async move {
            store
                .run("patient", |tx| Box::pin(async { tx.add_application("portail", Rights::ALL).await }))
                .await
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!writing.is_finished());
    raw.execute_batch("COMMIT").unwrap();
    writing.await.unwrap().unwrap();
}

/// A database of version 0.1, whose establishments have no words yet.
#[tokio::test(flavor = "multi_thread")]
async fn establishments_of_before_the_migration_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vtpa.db");
    let url = format!("sqlite:{}", path.display());
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::migrate!("migrations/sqlite").run_to(1, &pool).await.unwrap();
    let one = etablissement(7);
    sqlx::query(
        "INSERT INTO etablissement (num_finiss, raison_sociale, adresse, cree_le) VALUES ($1, $2, $3, 0)",
    )
    .bind(&one.num_finiss)
    .bind(&one.raison_sociale)
    .bind(serde_json::to_vec(&one.adresse).unwrap())
    .execute(&pool)
    .await
    .unwrap();
    sqlx::query("INSERT INTO etablissement (num_finiss, cree_le) VALUES ('010990018', 0)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let store = Store::open(&url).await.unwrap();
    for recherche in [
        Recherche { texte: Some("residence tilleuls"), ..Recherche::default() },
        Recherche { commune: Some("75111"), ..Recherche::default() },
        Recherche { code_postal: Some("75011"), ..Recherche::default() },
        Recherche { commune: Some("Paris"), ..Recherche::default() },
    ] {
        assert_eq!(
            crate::etablissement::found(&store, recherche).await,
            [one.num_finiss.as_str()],
            "{recherche:?}"
        );
    }
    assert_eq!(crate::etablissement::found(&store, Recherche::default()).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_serves_a_file_and_others_may_only_work_on_it() {
    let base = Base::new().await;
    let serving = base.store.serve().unwrap();
    let second = Store::open(&base.url()).await.unwrap();
    assert_eq!(second.serve().map(drop), Err(Error::ServedAlready));
    second
        .run("beside it", |tx| Box::pin(async { tx.add_application("portail", Rights::ALL).await }))
        .await
        .unwrap();
    let lock = base.place.dir.path().join("vtpa.db.lock");
    assert_eq!(std::fs::metadata(lock).unwrap().permissions().mode() & 0o777, 0o600);
    drop(serving);
    assert!(second.serve().is_ok(), "when the first has ended");
}
