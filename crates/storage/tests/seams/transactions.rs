//! What holds of one transaction and its neighbours, on both databases.

use fail::FailScenario;
use futures::future::join_all;
use storage::{Acteur, Action, Cause, Error, Rights, Store, Trace};

use crate::Place;

/// Adds an application, traced, in a transaction of that name.
pub(crate) async fn add(store: &Store, transaction: &'static str, name: &str) -> Result<(), Error> {
    let trace = &Trace::new(Acteur::Operateur { compte: "root".to_owned() }, Action::PartenaireAjoute);
    store
        .run(transaction, move |tx| {
            Box::pin(async move {
                let id = tx.add_application(name, Rights::ALL).await?;
                tx.add_certificate(id, &digest(name), name.as_bytes()).await?;
                tx.trace(trace).await
            })
        })
        .await
}

fn digest(name: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    digest
}

/// Applications, their certificates, their rows in the trail and in its queue: whole, each number is the same.
pub(crate) fn made(place: &Place) -> [i64; 4] {
    [
        "SELECT COUNT(*) FROM application",
        "SELECT COUNT(*) FROM certificat",
        "SELECT COUNT(*) FROM trace",
        "SELECT COUNT(*) FROM trace_attente",
    ]
    .map(|sql| place.count(sql))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_before_its_commit_leaves_nothing_and_its_neighbours_stand() {
    let scenario = FailScenario::setup();
    let place = Place::new();
    let store = Store::open(&place.url()).await.unwrap();
    fail::cfg("before_commit/broken", "return").unwrap();
    let work = (0..60).map(|number| {
        let (store, broken) = (store.clone(), number % 3 == 0);
        tokio::spawn(async move {
            let transaction = if broken { "broken" } else { "whole" };
            (broken, add(&store, transaction, &format!("application {number}")).await)
        })
    });
    for done in join_all(work).await {
        let (broken, outcome) = done.unwrap();
        let expected = if broken { Err(Error::Unavailable(Cause::Timeout)) } else { Ok(()) };
        assert_eq!(outcome, expected);
    }
    assert_eq!(made(&place), [40; 4]);
    scenario.teardown();
    assert_eq!(add(&store, "broken", "application 0").await, Ok(()), "its name is not taken");
    assert_eq!(made(&place), [41; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_connection_breaks_before_its_commit_is_begun_again_and_made_once() {
    let scenario = FailScenario::setup();
    let place = Place::new();
    let store = Store::open(&place.url()).await.unwrap();
    fail::cfg("before_commit/broken", "2*return(disconnected)->off").unwrap();
    assert_eq!(add(&store, "broken", "portail").await, Ok(()));
    assert_eq!(made(&place), [1; 4]);
    assert_eq!(store.statistics().retries, 2);
    scenario.teardown();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_answer_is_lost_after_its_commit_is_whole_unacknowledged_and_not_made_again() {
    let scenario = FailScenario::setup();
    let place = Place::new();
    let store = Store::open(&place.url()).await.unwrap();
    fail::cfg("after_commit/broken", "return(unknown)").unwrap();
    let unknown = Err(Error::Unavailable(Cause::CommitUnknown));
    assert_eq!(add(&store, "broken", "portail").await, unknown);
    assert_eq!(made(&place), [1; 4]);
    scenario.teardown();
    assert_eq!(add(&store, "whole", "autre").await, Ok(()), "the next one goes on");
    assert_eq!(made(&place), [2; 4]);
}
