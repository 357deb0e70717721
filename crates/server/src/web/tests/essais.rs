//! Tokens that open nothing are limited by address, and nobody can tell by the answer.

use axum::http::Method;
use sqlx::Connection as _;

use super::*;
use crate::peer::PeerAddress;

async fn from(site: &Site, address: &str, token: &str) -> Answer {
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(format!("/acces?jeton={token}"))
        .body(Body::empty())
        .unwrap();
    let ip = address.parse().unwrap();
    request.extensions_mut().insert(PeerAddress { ip, behind_proxy: false });
    site.send(request).await
}

async fn execute(site: &Site, statement: &'static str) {
    let url = format!("sqlite:{}", site.directory.path().join("vtpa.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn after_many_tokens_that_open_nothing_an_address_waits_and_its_page_says_nothing_of_it() {
    let mut site = Site::new().await;
    let page = site.get("/acces").await.html;
    let used = site.token().await;
    assert_eq!(from(&site, "192.0.2.1", &used).await.status, StatusCode::SEE_OTHER);
    for rank in 0..105_u32 {
        // unknown, used, malformed: one page
        let unknown = format!("{rank:A<43}");
        let token = match rank % 5 {
            0 => used.as_str(),
            1 => "x",
            _ => &unknown,
        };
        let answer = from(&site, "192.0.2.1", token).await;
        assert_eq!((answer.status, answer.html == page), (StatusCode::FORBIDDEN, true), "{rank}");
    }
    // as after many more of them, one after the other
    execute(&site, "UPDATE essai SET echecs = echecs + 20").await;
    // too early: a token that is good is not looked at, and its page is the same
    let good = site.token().await;
    let early = from(&site, "192.0.2.1", &good).await;
    assert_eq!((early.status, early.html == page), (StatusCode::FORBIDDEN, true));
    // it was not used up by that, and nobody elsewhere waits
    assert_eq!(from(&site, "192.0.2.2", &good).await.status, StatusCode::SEE_OTHER);
    // after the wait whoever enters clears the count for the whole house
    execute(&site, "UPDATE essai SET dernier_le = dernier_le - 61000").await;
    let good = site.token().await;
    assert_eq!(from(&site, "192.0.2.1", &good).await.status, StatusCode::SEE_OTHER);
    from(&site, "192.0.2.1", &used).await;
    let good = site.token().await;
    assert_eq!(from(&site, "192.0.2.1", &good).await.status, StatusCode::SEE_OTHER);
}
