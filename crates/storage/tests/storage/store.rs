use std::time::Duration;

use storage::{Acces, Cause, Error, Rights, Store};

use crate::{
    ours::{ZERO, bytes},
    support::{Base, demandeur, id, read, run},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_reopening() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    let base = base.reopened().await;
    assert_eq!(base.stored(&id).await.demandeur, demandeur("DURAND"));
    assert!(matches!(base.store.consult(id.as_str(), application, "dupont").await, Ok(Acces::Lie(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_later_version_is_refused_and_left_alone() {
    let base = Base::new().await;
    let url = base.url();
    let steps = base.count("SELECT COUNT(*) FROM _sqlx_migrations");
    let known = base.count("SELECT MAX(version) FROM _sqlx_migrations");
    base.execute(&format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of the future', true, {ZERO}, 0)"
    ));
    let error = Store::open(&url).await.map(drop).unwrap_err();
    assert_eq!(error, Error::NewerSchema { found: 9999, known });
    assert_eq!(
        error.to_string(),
        format!(
            "the database's schema is at version 9999, this program knows versions up to {known}: use the newer program"
        )
    );
    assert_eq!(base.count("SELECT COUNT(*) FROM _sqlx_migrations"), steps + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_migrations_are_not_ours_is_refused() {
    let base = Base::new().await;
    base.execute(&format!("UPDATE _sqlx_migrations SET checksum = {ZERO}"));
    assert_eq!(Store::open(&base.url()).await.map(drop), Err(Error::ForeignSchema { version: 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_may_open_a_new_database_at_once() {
    let place = crate::ours::Place::new();
    let url = place.url();
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Store::open(&url).await.map(drop) })
        })
        .collect();
    for opened in opening {
        assert_eq!(opened.await.unwrap(), Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_fails_leaves_nothing() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let (id, demandeur) = (id(7), demandeur("DURAND"));
    let (id_ref, demandeur) = (&id, &demandeur);
    let outcome: Result<(), Error> = base
        .store
        .run("half", |tx| {
            Box::pin(async move {
                tx.create_dossier(id_ref, demandeur, application, "dupont").await?;
                assert!(tx.dossier(id_ref).await?.is_some(), "a transaction sees what it did");
                Err(Error::Conflict)
            })
        })
        .await;
    assert_eq!(outcome, Err(Error::Conflict));
    assert_eq!(base.store.dossier(&id).await, Ok(None));
    assert_eq!(base.count("SELECT COUNT(*) FROM lien"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_leaves_nothing_and_holds_nobody_up() {
    let base = Base::new().await;
    let gone = base.store.run("abandoned", |tx| {
        Box::pin(async move {
            tx.add_application("abandoned", Rights::ALL).await?;
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        })
    });
    assert!(tokio::time::timeout(Duration::from_millis(100), gone).await.is_err());
    base.application("portail").await;
    let names: Vec<String> = read!(base, applications()).into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["portail"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_sees_one_state_of_the_database() {
    let base = Base::new().await;
    let (store, url) = (&base.store, base.url());
    let url = &url;
    store
        .read(|reader| {
            Box::pin(async move {
                assert_eq!(reader.applications().await?, []);
                let other = Store::open(url).await?;
                other
                    .run("elsewhere", |tx| {
                        Box::pin(async { tx.add_application("portail", Rights::ALL).await })
                    })
                    .await?;
                assert_eq!(reader.applications().await?, []);
                Ok(())
            })
        })
        .await
        .unwrap();
    assert_eq!(read!(base, applications()).len(), 1, "the next read sees the next state");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_value_is_named_and_not_shown() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    base.execute(&format!("UPDATE dossier SET demandeur = {}", bytes("{\"NomNaissance\": \"DURAND\"")));
    let error = base.store.dossier(&id).await.unwrap_err();
    let row = id.as_str().trim_start_matches('0').to_owned();
    assert_eq!(error, Error::Inconsistent { table: "dossier", column: "demandeur".into(), row });
    assert!(!format!("{error} {error:?}").contains("DURAND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_unavailable() {
    let base = Base::new().await;
    assert_eq!(base.store.ready().await, Ok(()));
    base.store.close().await;
    assert_eq!(
        run!(base, add_application("portail", Rights::ALL)),
        Err(Error::Unavailable(Cause::NoConnection))
    );
}
