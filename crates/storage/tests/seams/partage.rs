//! A commit that several transactions share (`crates/storage/src/writer.rs`): what befalls it befalls all of them.

use fail::FailScenario;
use futures::future::join_all;
use storage::{Cause, Error, Store};

use crate::Place;
use crate::transactions::{add, made};

const SYNC_FAILED: Error = Error::Unavailable(Cause::Io(1034));

/// Eight at once. On one thread all of them are done before the task that commits has its turn.
async fn eight(store: &Store) -> Vec<Result<(), Error>> {
    join_all((0..8).map(|number| async move { add(store, "whole", &format!("application {number}")).await }))
        .await
}

async fn opened() -> (Place, Store) {
    let place = Place::new();
    let store = Store::open(&place.url()).await.unwrap();
    (place, store)
}

#[tokio::test]
async fn eight_at_once_share_one_commit() {
    let scenario = FailScenario::setup();
    let (place, store) = opened().await;
    let before = store.statistics().commits;
    assert_eq!(eight(&store).await, vec![Ok(()); 8]);
    assert_eq!((store.statistics().commits - before, made(&place)), (1, [8; 4]));
    scenario.teardown();
}

#[tokio::test]
async fn a_shared_commit_that_fails_is_told_to_all_and_nothing_of_any_is_there() {
    let scenario = FailScenario::setup();
    let (place, store) = opened().await;
    fail::cfg("before_shared_commit/", "1*return(sync)->off").unwrap();
    assert_eq!(eight(&store).await, vec![Err(SYNC_FAILED); 8]);
    assert_eq!(made(&place), [0; 4]);
    assert_eq!(eight(&store).await, vec![Ok(()); 8], "the next ones go on, on a connection opened anew");
    assert_eq!(made(&place), [8; 4]);
    scenario.teardown();
}

#[tokio::test]
async fn a_shared_commit_whose_outcome_is_lost_is_acknowledged_to_nobody_and_all_of_it_is_there() {
    let scenario = FailScenario::setup();
    let (place, store) = opened().await;
    fail::cfg("after_shared_commit/", "1*return(sync)->off").unwrap();
    assert_eq!(eight(&store).await, vec![Err(SYNC_FAILED); 8]);
    assert_eq!(made(&place), [8; 4]);
    assert_eq!(add(&store, "whole", "next").await, Ok(()));
    assert_eq!(made(&place), [9; 4]);
    scenario.teardown();
}

#[tokio::test]
async fn one_of_eight_that_fails_before_the_shared_commit_leaves_it_to_the_seven() {
    let scenario = FailScenario::setup();
    let (place, store) = opened().await;
    fail::cfg("before_commit/whole", "3*off->1*return->off").unwrap();
    let before = store.statistics().commits;
    let outcomes = eight(&store).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 7);
    assert_eq!((store.statistics().commits - before, made(&place)), (1, [7; 4]));
    scenario.teardown();
}
