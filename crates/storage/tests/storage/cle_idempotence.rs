//! Keys under which partners created dossiers: one key, one dossier, for a day.

use std::time::Duration;

use dossier::IdDossier;
use storage::{Acteur, ApplicationId, CleCreation, DejaCree, ErasureReason, Error, Store};

use crate::support::{Base, demandeur, id, read, run, sha};

fn cle(application: ApplicationId, cle: u8, contenu: u8) -> CleCreation {
    CleCreation { application, cle: sha(cle), contenu: sha(contenu) }
}

/// A creation under a key.
async fn create(store: &Store, id: &IdDossier, cle: &CleCreation) -> Result<(), Error> {
    let demandeur = &demandeur("DURAND");
    store
        .run("create", |tx| {
            Box::pin(async move {
                tx.create_dossier(id, demandeur, cle.application, "dupont").await?;
                tx.take_cle(cle, id).await
            })
        })
        .await
}

/// Lets time pass for all keys.
fn age(base: &Base, milliseconds: i64) {
    base.execute(&format!("UPDATE cle_idempotence SET cree_le = cree_le - {milliseconds}"));
}

const DAY: i64 = 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_tells_its_dossier_to_its_application_and_for_its_content_alone() {
    let base = Base::new().await;
    let (ours, theirs) = (base.application("ours").await, base.application("theirs").await);
    create(&base.store, &id(1), &cle(ours, 7, 1)).await.unwrap();
    for (asked, expected) in [
        (cle(ours, 7, 1), Some(DejaCree::Meme(id(1)))),
        (cle(ours, 7, 2), Some(DejaCree::Autre)),
        (cle(ours, 8, 1), None),
        (cle(theirs, 7, 1), None),
    ] {
        let asked = &asked;
        assert_eq!(read!(base, created_under(asked)), expected, "{asked:?}");
    }
    assert_eq!(create(&base.store, &id(2), &cle(ours, 7, 1)).await, Err(Error::Conflict));
    assert_eq!(create(&base.store, &id(2), &cle(ours, 7, 2)).await, Err(Error::Conflict));
    assert_eq!(base.store.dossier(&id(2)).await, Ok(None), "nothing is made where the key is taken");
    create(&base.store, &id(3), &cle(theirs, 7, 1)).await.unwrap();
    assert_eq!(base.count("SELECT COUNT(*) FROM dossier"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_holds_for_a_day_and_then_is_free_and_removed() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let (first, other) = (cle(application, 7, 1), cle(application, 7, 2));
    let (first_ref, other_ref) = (&first, &other);
    create(&base.store, &id(1), &first).await.unwrap();
    age(&base, DAY - 30_000);
    assert_eq!(read!(base, created_under(first_ref)), Some(DejaCree::Meme(id(1))), "30 s before its end");
    assert_eq!(create(&base.store, &id(2), &other).await, Err(Error::Conflict));
    run!(base, purge()).unwrap();
    assert_eq!(base.count("SELECT COUNT(*) FROM cle_idempotence"), 1, "it still holds");

    age(&base, 30_000);
    assert_eq!(read!(base, created_under(first_ref)), None);
    create(&base.store, &id(2), &other).await.unwrap();
    assert_eq!(read!(base, created_under(other_ref)), Some(DejaCree::Meme(id(2))));
    assert_eq!(read!(base, created_under(first_ref)), Some(DejaCree::Autre), "the key is the second one's");
    assert_eq!(base.count("SELECT COUNT(*) FROM cle_idempotence"), 1);

    age(&base, DAY);
    run!(base, purge()).unwrap();
    assert_eq!(base.count("SELECT COUNT(*) FROM cle_idempotence"), 0);
    assert_eq!(base.count("SELECT COUNT(*) FROM dossier"), 2, "dossiers stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_is_not_done_leaves_its_key_free() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let (key, taken) = (&cle(application, 7, 1), &id(1));
    let person = &demandeur("DURAND");
    let undone: Result<(), Error> = base
        .store
        .run("create", |tx| {
            Box::pin(async move {
                tx.create_dossier(taken, person, application, "dupont").await?;
                tx.take_cle(key, taken).await?;
                Err(Error::Conflict)
            })
        })
        .await;
    assert_eq!(undone, Err(Error::Conflict));
    assert_eq!(read!(base, created_under(key)), None);
    create(&base.store, taken, key).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_equal_calls_at_once_on_two_instances_one_makes_a_dossier() {
    let base = Base::new().await;
    let second = Store::open(&base.url()).await.unwrap();
    let application = base.application("portail").await;
    for round in 0..3 {
        let key = cle(application, round, 1);
        let calls: Vec<_> = (0..50)
            .map(|number| {
                let store = if number % 2 == 0 { base.store.clone() } else { second.clone() };
                let (key, id) = (key.clone(), id(u64::from(round) * 50 + number));
                tokio::spawn(async move {
                    match create(&store, &id, &key).await {
                        Ok(()) => (true, DejaCree::Meme(id)),
                        Err(Error::Conflict) => {
                            let key = &key;
                            let before =
                                store.run("again", |tx| Box::pin(async move { tx.created_under(key).await }));
                            (false, before.await.unwrap().unwrap())
                        }
                        Err(error) => panic!("{error}"),
                    }
                })
            })
            .collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        let made: Vec<_> = answers.iter().filter(|(made, _)| *made).collect();
        assert_eq!(made.len(), 1);
        assert!(answers.iter().all(|(_, answer)| answer == &made[0].1), "all are told the one");
        assert_eq!(base.count("SELECT COUNT(*) FROM dossier"), i64::from(round) + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_under_keys_of_their_own_are_not_in_each_others_way() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let calls = (0..64).map(|number| {
        let (store, key) = (base.store.clone(), cle(application, number, 1));
        tokio::spawn(async move { create(&store, &id(number.into()), &key).await })
    });
    for call in futures::future::join_all(calls).await {
        assert_eq!(call.unwrap(), Ok(()));
    }
    assert_eq!(base.count("SELECT COUNT(*) FROM cle_idempotence"), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_dossier_its_key_says_no_more_than_that_it_was_used() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let (key, gone) = (&cle(application, 7, 1), &id(1));
    create(&base.store, gone, key).await.unwrap();
    create(&base.store, &id(2), &cle(application, 8, 1)).await.unwrap();
    run!(base, erase_dossier(gone, ErasureReason::Request)).unwrap();
    let kept = "SELECT COUNT(*) FROM cle_idempotence WHERE dossier IS NOT NULL OR contenu IS NOT NULL";
    assert_eq!(base.count(kept), 1, "the other one's only");
    assert_eq!(read!(base, created_under(key)), Some(DejaCree::Autre));
    assert_eq!(create(&base.store, &id(3), key).await, Err(Error::Conflict), "nobody comes back by a repeat");
    age(&base, DAY);
    create(&base.store, &id(3), key).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_takes_the_dossier_of_a_key_with_it() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let key = &cle(application, 7, 1);
    create(&base.store, &id(1), key).await.unwrap();
    base.execute("UPDATE dossier SET modifie_le = 0, cree_le = 0, archive_le = 1");
    let delays = storage::Delays { archive: 1, erase: 1 };
    let rules = storage::RetentionRules { default: delays, states: vec![] };
    let bail = base.store.lease("retention", "a", Duration::ZERO).await.unwrap().unwrap();
    let done = base.store.retain(&rules, &bail, &Acteur::Systeme, |_| {}).await.unwrap();
    assert_eq!((done.erased, read!(base, created_under(key))), (1, Some(DejaCree::Autre)));
}
