//! The token and the redirection (decisions §6), through the same router as the services.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use tower::ServiceExt as _;

use crate::Harness;
use crate::codes::jeton_of;

async fn token(harness: &Harness) -> String {
    let dossier = harness.create("moi").await;
    harness.ask(&jeton_of(&dossier, "moi")).await.text("JetonSecurite").unwrap()
}

async fn enter(harness: &Harness, token: &str) -> StatusCode {
    harness.get(&format!("/acces?jeton={token}")).await.status
}

#[tokio::test]
async fn a_token_opens_the_dossier_once() {
    let harness = Harness::new().await;
    let token = token(&harness).await;
    let request = Request::get(format!("/acces?jeton={token}")).body(Body::empty()).unwrap();
    let response = harness.app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["location"], "/dossier");
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-"), "{cookie}");

    let session = cookie.split(';').next().unwrap();
    let request = Request::get("/dossier").header("cookie", session).body(Body::empty()).unwrap();
    let page = crate::Reply::read(harness.app.clone().oneshot(request).await.unwrap()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("data-champ=\"Demandeur.NomNaissance\""));

    assert_eq!(enter(&harness, &token).await, StatusCode::FORBIDDEN);
    assert_eq!(harness.get("/dossier").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn of_a_hundred_who_redeem_a_token_at_once_one_succeeds() {
    let harness = Harness::new().await;
    let token = token(&harness).await;
    let statuses = futures::future::join_all((0..100).map(|_| enter(&harness, &token))).await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::SEE_OTHER).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::FORBIDDEN).count(), 99);
}

#[tokio::test]
async fn at_29_seconds_a_token_still_opens_and_at_31_none_does() {
    let harness = Harness::new().await;
    for (age_ms, status) in [(29_000, StatusCode::SEE_OTHER), (31_000, StatusCode::FORBIDDEN)] {
        let token = token(&harness).await;
        // the database's clock decides: the token is made older there
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", harness.directory.path().join("vtpa.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query("UPDATE jeton SET expire_le = expire_le - $1")
            .bind(age_ms)
            .execute(&mut connection)
            .await
            .unwrap();
        assert_eq!(enter(&harness, &token).await, status, "{age_ms} ms old");
    }
}
