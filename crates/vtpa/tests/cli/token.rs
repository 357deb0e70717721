//! The token of GenererJetonSecuritePA: once, and for thirty seconds (decisions §6).

use std::time::{Duration, Instant};

use testkit::pki::pki;

use crate::house::{House, Running};
use crate::web::{browser, cookie, enter, wait_for};

fn token(server: &Running, dossier: &str) -> String {
    let answer = server.call(&pki().partner, &["jeton", dossier]).status(0).json();
    answer["JetonSecurite"].as_str().expect("a token").to_owned()
}

#[test]
fn of_a_hundred_concurrent_redemptions_exactly_one_succeeds() {
    let house = House::new();
    let server = house.serve();
    let id = server.create("usager-1");
    let token = token(&server, &format!("{id}:usager-1"));
    let (entered, refused) = wait_for(async {
        let browser = browser(house.path());
        let tries = (0..100).map(|_| {
            let (browser, url, token) = (browser.clone(), server.url().to_owned(), token.clone());
            tokio::spawn(async move { enter(&browser, &url, &token).await.status().as_u16() })
        });
        let (mut entered, mut refused) = (0, 0);
        for attempt in tries.collect::<Vec<_>>() {
            match attempt.await.unwrap() {
                303 => entered += 1,
                403 => refused += 1,
                other => panic!("HTTP {other}"),
            }
        }
        (entered, refused)
    });
    assert_eq!((entered, refused), (1, 99));
}

/// Waits for real, while the other tests run.
#[test]
fn at_31_seconds_no_token_opens_anything() {
    let house = House::new();
    let server = house.serve();
    let dossier = format!("{}:usager-1", server.create("usager-1"));
    let (late, in_time) = (token(&server, &dossier), token(&server, &dossier));
    let issued = Instant::now();
    wait_for(async {
        let browser = browser(house.path());
        assert_eq!(enter(&browser, server.url(), &in_time).await.status(), 303, "before 30 seconds it opens");
        tokio::time::sleep_until((issued + Duration::from_secs(31)).into()).await;
        let refused = enter(&browser, server.url(), &late).await;
        assert_eq!(refused.status(), 403);
        assert!(!refused.headers().contains_key("set-cookie"));
    });
}

/// One and the same page for every reason, so that nobody learns which (decisions §6).
#[test]
fn used_unknown_malformed_and_absent_tokens_get_the_same_page() {
    let house = House::new();
    let server = house.serve();
    let dossier = format!("{}:usager-1", server.create("usager-1"));
    let used = token(&server, &dossier);
    wait_for(async {
        let browser = browser(house.path());
        let entered = enter(&browser, server.url(), &used).await;
        assert_eq!(entered.status(), 303);
        assert!(cookie(&entered).starts_with("__Host-"));
        let mut pages = Vec::new();
        for way in [
            format!("?jeton={used}"),
            format!("?jeton={}", "A".repeat(43)),
            "?jeton=%00".into(),
            String::new(),
        ] {
            let page = browser.get(format!("{}/acces{way}", server.url())).send().await.unwrap();
            assert_eq!(page.status(), 403, "{way}");
            pages.push(page.text().await.unwrap());
        }
        assert!(pages.iter().all(|page| page == &pages[0]), "the pages differ");
    });
}

#[test]
fn a_prefetch_uses_nothing_up_and_a_suspended_application_opens_nothing() {
    let house = House::new();
    let server = house.serve();
    let dossier = format!("{}:usager-1", server.create("usager-1"));
    let (first, second) = (token(&server, &dossier), token(&server, &dossier));
    wait_for(async {
        let browser = browser(house.path());
        let address = format!("{}/acces?jeton={first}", server.url());
        assert_eq!(browser.head(&address).send().await.unwrap().status(), 204);
        let prefetch = browser.get(&address).header("sec-purpose", "prefetch").send().await.unwrap();
        assert_eq!(prefetch.status(), 204);
        let form = browser
            .post(format!("{}/acces", server.url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("jeton={first}"));
        assert_eq!(form.send().await.unwrap().status(), 303, "neither used it up");
        house.operator(&["partner", "suspend", "portail"]).status(0);
        assert_eq!(enter(&browser, server.url(), &second).await.status(), 403);
    });
}
