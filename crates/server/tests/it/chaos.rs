//! A sandbox that misbehaves on purpose keeps its promises all the same.

use server::Misbehaviour;
use testkit::pki::pki;

use crate::Harness;
use crate::codes::{creation_of, jeton_of};
use crate::faults::{SOAP, assert_fault};

async fn always(kind: Misbehaviour) -> Harness {
    Harness::with(move |config| {
        config.sandbox = true;
        config.chaos = server::config::Chaos { kinds: vec![kind], percent: 100, slow_seconds: 1 };
    })
    .await
}

#[tokio::test]
async fn unforeseen_is_000_with_the_log_s_number_and_creates_nothing() {
    let harness = always(Misbehaviour::Unforeseen).await;
    let answer = harness.ask(&creation_of("u")).await;
    assert_eq!(answer.codes(), ["000"]);
    assert!(answer.message().starts_with("Erreur non identifiée ("), "{}", answer.message());
    assert_eq!(harness.dossiers().await, 0);
}

#[tokio::test]
async fn a_refused_message_created_nothing() {
    let harness = always(Misbehaviour::Refused).await;
    let message = harness.message(&pki().partner, &creation_of("u"));
    let reply = harness.post("/ws/creation", SOAP, message).await;
    assert_fault(&harness, &reply, "Sender", Some("FailedCheck"), "refused");
    assert_eq!(reply.fault(harness.now()).explanation.as_deref(), Some("VTPA-SEC-027"));
    assert_eq!(harness.dossiers().await, 0);
}

#[tokio::test]
async fn a_slow_answer_comes_and_its_dossier_is_there() {
    let harness = always(Misbehaviour::Slow).await;
    let started = std::time::Instant::now();
    harness.create("u").await;
    assert!(started.elapsed().as_millis() >= 1000);
    assert_eq!(harness.dossiers().await, 1);
}

#[tokio::test]
async fn an_expired_token_opens_nothing_however_often_it_is_tried() {
    let harness = always(Misbehaviour::Expired).await;
    let dossier = harness.create("u").await;
    let answer = harness.ask(&jeton_of(&dossier, "u")).await;
    let token = answer.text("JetonSecurite").unwrap();
    for _ in 0..2 {
        assert_eq!(harness.get(&format!("/acces?jeton={token}")).await.status, 403);
    }
}
