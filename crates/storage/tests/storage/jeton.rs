use storage::{ApplicationId, Error};

use crate::support::{Base, id, run, sha};

/// A base with a token for dossier 1 of the application `portail`.
async fn base_with_jeton() -> (Base, ApplicationId) {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let dossier = &base.dossier(1, application, "dupont").await;
    run!(base, issue_jeton(&sha(1), dossier, application)).unwrap();
    (base, application)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_dossier_once() {
    let (base, application) = base_with_jeton().await;
    let taken = run!(base, take_jeton(&sha(1))).unwrap().unwrap();
    assert_eq!((taken.dossier, taken.application), (id(1), application));
    assert_eq!(run!(base, take_jeton(&sha(1))), Ok(None));
    assert_eq!(run!(base, take_jeton(&sha(2))), Ok(None), "unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_five_hundred_concurrent_redemptions_one_succeeds() {
    let (base, _) = base_with_jeton().await;
    // Two stores on the database, as two processes would be.
    let second = storage::Store::open(&base.url()).await.unwrap();
    let redemptions: Vec<_> = (0..500)
        .map(|number| {
            let store = if number % 2 == 0 { base.store.clone() } else { second.clone() };
            tokio::spawn(async move {
                store.run("acces", |tx| Box::pin(async { tx.take_jeton(&sha(1)).await })).await.unwrap()
            })
        })
        .collect();
    let mut taken = 0;
    for redemption in redemptions {
        taken += usize::from(redemption.await.unwrap().is_some());
    }
    assert_eq!(taken, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_thirty_seconds_of_the_databases_clock() {
    let (base, _) = base_with_jeton().await;
    let left = base.count(&format!("SELECT expire_le - {} FROM jeton", crate::ours::NOW));
    assert!((25_000..=30_001).contains(&left), "{left} ms left");
    base.execute("UPDATE jeton SET expire_le = expire_le - 31000");
    assert_eq!(run!(base, take_jeton(&sha(1))), Ok(None), "at 31 seconds");
    base.execute("UPDATE jeton SET expire_le = expire_le + 31000 - 20000");
    assert!(run!(base, take_jeton(&sha(1))).unwrap().is_some(), "at 20 seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_suspended_application_waits_and_of_a_removed_one_is_dead() {
    let (base, application) = base_with_jeton().await;
    run!(base, suspend_application(application, true)).unwrap();
    assert_eq!(run!(base, take_jeton(&sha(1))), Ok(None));
    run!(base, suspend_application(application, false)).unwrap();
    let dossier = &id(1);
    run!(base, issue_jeton(&sha(2), dossier, application)).unwrap();
    assert!(run!(base, take_jeton(&sha(1))).unwrap().is_some(), "a refusal used nothing up");
    run!(base, remove_application(application)).unwrap();
    assert_eq!(run!(base, take_jeton(&sha(2))), Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_leaves_the_earlier_one() {
    let (base, application) = base_with_jeton().await;
    let dossier = &id(1);
    run!(base, issue_jeton(&sha(2), dossier, application)).unwrap();
    assert!(run!(base, take_jeton(&sha(2))).unwrap().is_some());
    assert!(run!(base, take_jeton(&sha(1))).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_token_stays_taken_if_and_only_if_the_transaction_is_committed() {
    let (base, _) = base_with_jeton().await;
    let failed: Result<(), Error> = base
        .store
        .run("acces", |tx| {
            Box::pin(async {
                assert!(tx.take_jeton(&sha(1)).await?.is_some());
                Err(Error::Conflict)
            })
        })
        .await;
    assert_eq!(failed, Err(Error::Conflict));
    assert!(run!(base, take_jeton(&sha(1))).unwrap().is_some());
    let base = base.reopened().await;
    assert_eq!(run!(base, take_jeton(&sha(1))), Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_needs_a_dossier_and_a_hash_of_its_own() {
    let (base, application) = base_with_jeton().await;
    let (known, unknown) = (&id(1), &id(2));
    assert_eq!(run!(base, issue_jeton(&sha(2), unknown, application)), Err(Error::Conflict));
    assert_eq!(run!(base, issue_jeton(&sha(1), known, application)), Err(Error::Conflict));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_forgotten_a_day_after_they_expired() {
    let (base, _) = base_with_jeton().await;
    assert_eq!(run!(base, purge()).unwrap().jetons, 0);
    base.execute("UPDATE jeton SET expire_le = expire_le - 86400000 - 31000");
    assert_eq!(run!(base, purge()).unwrap().jetons, 1);
    assert_eq!(base.count("SELECT COUNT(*) FROM jeton"), 0);
}
