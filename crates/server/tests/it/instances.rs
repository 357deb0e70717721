//! Two instances on one PostgreSQL: what is used up at one is used up at the other.

use axum::http::StatusCode;
use testkit::pki::pki;
use testkit::postgres::Place;

use crate::Harness;
use crate::codes::{creation_of, jeton_of};

const SOAP: &str = "application/soap+xml; charset=utf-8";

async fn two() -> (Place, [Harness; 2]) {
    let place = Place::new();
    let first = Harness::with(|config| config.database.url = place.url()).await;
    let second = Harness::start(|config| config.database.url = place.url()).await;
    (place, [first, second])
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_sent_to_both_at_once_is_accepted_by_one() {
    let (place, instances) = two().await;
    for round in 1..=5 {
        let message = instances[0].message(&pki().partner, &creation_of("u"));
        let sent = (0..20).map(|number| {
            let instance = &instances[number % 2];
            instance.post("/ws/creation", SOAP, message.clone())
        });
        let replies = futures::future::join_all(sent).await;
        let accepted = replies.iter().filter(|reply| reply.status == StatusCode::OK).count();
        assert_eq!(accepted, 1);
        assert_eq!(place.count("SELECT COUNT(*) FROM dossier"), round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_accepted_the_other_refuses_as_a_replay_after_the_first_is_gone_without_a_farewell() {
    let (place, [first, second]) = two().await;
    let message = first.message(&pki().partner, &creation_of("u"));
    assert_eq!(first.post("/ws/creation", SOAP, message.clone()).await.status, StatusCode::OK);
    drop(first);
    let again = second.post("/ws/creation", SOAP, message.clone()).await;
    assert_eq!(again.status, StatusCode::INTERNAL_SERVER_ERROR);
    let third = Harness::start(|config| config.database.url = place.url()).await;
    assert_eq!(third.post("/ws/creation", SOAP, message).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    let fresh = third.message(&pki().partner, &creation_of("v"));
    assert_eq!(third.post("/ws/creation", SOAP, fresh).await.status, StatusCode::OK, "and no more than that");
    assert_eq!(place.count("SELECT COUNT(*) FROM dossier"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_five_hundred_who_redeem_a_token_at_both_at_once_one_succeeds() {
    let (place, instances) = two().await;
    let dossier = instances[0].create("moi").await;
    let token = instances[1].ask(&jeton_of(&dossier, "moi")).await.text("JetonSecurite").unwrap();
    let path = format!("/acces?jeton={token}");
    let path = path.as_str();
    let redeemed = (0..500).map(|number| {
        let instance = &instances[number % 2];
        async move { instance.get(path).await.status }
    });
    let statuses = futures::future::join_all(redeemed).await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::SEE_OTHER).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::FORBIDDEN).count(), 499);
    assert_eq!(place.count("SELECT COUNT(*) FROM session"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_suspended_at_one_is_suspended_at_the_other() {
    let (_place, instances) = two().await;
    let dossier = instances[0].create("moi").await;
    let store = instances[0].server.store();
    let id = store
        .read(|reader| Box::pin(async move { reader.application_by_name("portail").await }))
        .await
        .unwrap()
        .unwrap()
        .id;
    store.run("suspend", |tx| Box::pin(async move { tx.suspend_application(id, true).await })).await.unwrap();
    assert_ne!(instances[1].ask(&jeton_of(&dossier, "moi")).await.codes(), ["999"]);
}
