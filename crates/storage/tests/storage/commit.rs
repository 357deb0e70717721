//! What transactions that may share a commit owe one another.

use std::time::Duration;

use futures::future::join_all;
use storage::{Error, Refusal, Rights, Store};

use crate::support::{Base, demandeur, id, refused};

async fn create(store: &Store, number: u64, application: storage::ApplicationId) -> Result<(), Error> {
    let (id, demandeur) = (id(number), demandeur("DURAND"));
    let (id, demandeur) = (&id, &demandeur);
    store
        .run("test", move |tx| {
            Box::pin(async move { tx.create_dossier(id, demandeur, application, "dupont").await })
        })
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_there_once_acknowledged() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let creations = (1..=64).map(|number| {
        let store = base.store.clone();
        tokio::spawn(async move { create(&store, number, application).await })
    });
    for created in join_all(creations).await {
        assert_eq!(created.unwrap(), Ok(()));
    }
    // another connection sees what is committed, and nothing else
    assert_eq!(base.count("SELECT COUNT(*) FROM dossier"), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_refused_takes_nothing_of_the_others_with_it() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let work = (1..=60).map(|number| {
        let store = base.store.clone();
        tokio::spawn(async move {
            if number % 3 != 0 {
                return create(&store, number, application).await;
            }
            let name = format!("refusée {number}");
            let name = &name;
            store
                .run("test", move |tx| {
                    Box::pin(async move {
                        tx.add_application(name, Rights::ALL).await?;
                        Err::<(), Error>(Refusal::UnknownDossier.into())
                    })
                })
                .await
        })
    });
    for (number, outcome) in (1..=60).zip(join_all(work).await) {
        match outcome.unwrap() {
            Ok(()) => assert_ne!(number % 3, 0),
            refusal => assert_eq!((number % 3, refused(refusal)), (0, Refusal::UnknownDossier)),
        }
    }
    assert_eq!(base.count("SELECT COUNT(*) FROM dossier"), 40);
    assert_eq!(base.count("SELECT COUNT(*) FROM application"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_caller_goes_away_leaves_nothing_and_holds_nobody_up() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let work = (1..=40).map(|number| {
        let store = base.store.clone();
        async move {
            if number % 2 == 0 {
                return create(&store, number, application).await;
            }
            let name = format!("abandonnée {number}");
            let name = &name;
            let never = store.run("test", move |tx| {
                Box::pin(async move {
                    tx.add_application(name, Rights::ALL).await?;
                    std::future::pending::<Result<(), Error>>().await
                })
            });
            assert!(tokio::time::timeout(Duration::from_millis(5), never).await.is_err());
            Ok(())
        }
    });
    for done in join_all(work).await {
        assert_eq!(done, Ok(()));
    }
    assert_eq!(base.count("SELECT COUNT(*) FROM dossier"), 20);
    assert_eq!(base.count("SELECT COUNT(*) FROM application"), 1);
}
