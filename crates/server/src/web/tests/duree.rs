//! How a session ends: told before, put off, and without loss of what was typed.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use sqlx::Connection as _;

use super::browser::{Browser, attribute, token};
use super::*;

const MINUTE: Duration = Duration::from_mins(1);
const PAGE: &str = "/dossier/partage";
const FORMULAIRE: &str = "/dossier/partage/retirer";
const TEXTE: &str = "l’été <b>\u{202e}𝒶 =1+1";

/// Lets time pass for all sessions and what is kept of them.
pub(super) async fn wait(site: &Site, time: Duration) {
    let url = format!("sqlite:{}", site.directory.path().join("vtpa.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for statement in [
        "UPDATE session SET vue_le = vue_le - $1, fin_le = fin_le - $1",
        "UPDATE reprise SET gardee_le = gardee_le - $1, fin_le = fin_le - $1",
    ] {
        let time = i64::try_from(time.as_millis()).unwrap();
        sqlx::query(statement).bind(time).execute(&mut connection).await.unwrap();
    }
}

/// What a page says of the session's end.
fn limits(page: &Answer) -> &str {
    page.html.split("<div class=\"session\">").nth(1).unwrap().split("</p>").next().unwrap()
}

#[tokio::test]
async fn both_limits_are_told_before_they_strike_and_the_button_puts_the_first_off() {
    let mut site = Site::new().await;
    let mut browser = Browser::inside(&mut site).await;
    let page = browser.get(&site, PAGE).await;
    assert!(limits(&page).contains("Si vous ne faites rien"), "{}", limits(&page));
    assert!(limits(&page).contains("dans tous les cas"), "{}", limits(&page));
    assert!(page.html.contains("action=\"/rester\" target=\"_blank\""));
    assert!(!page.html.contains("http-equiv") && !page.html.contains("<script"));
    for _ in 0..3 {
        wait(&site, 29 * MINUTE).await;
        let longer = browser.post(&site, "/rester", &[("jeton", &token(&page))]).await;
        assert_eq!(longer.status, StatusCode::OK);
        assert!(longer.html.contains("Le dossier reste ouvert") && longer.html.contains("portail.exemple"));
    }
    // 19 h 40 of 20
    for _ in 0..42 {
        wait(&site, 26 * MINUTE).await;
        browser.post(&site, "/rester", &[("jeton", &token(&page))]).await;
    }
    let last = browser.get(&site, PAGE).await;
    assert!(limits(&last).contains("dans tous les cas. Enregistrez"), "{}", limits(&last));
    assert!(!last.html.contains("action=\"/rester\""), "nothing can be put off any more");
    wait(&site, 29 * MINUTE).await;
    let over = browser.post(&site, "/rester", &[("jeton", &token(&page))]).await;
    assert_eq!(over.status, StatusCode::FORBIDDEN);
}

/// « 0 h 03, le 28 novembre 2026 » is told of a session that ends after midnight: the sentences are short then too.
#[tokio::test]
async fn the_limits_are_told_in_twenty_words_at_most_also_before_midnight() {
    let mut site = Site::new().await;
    let mut browser = Browser::inside(&mut site).await;
    let page = browser.get(&site, PAGE).await;
    let (before, rest) = limits(&page).split_once("<strong>").unwrap();
    let (_, after) = rest.split_once("</strong>").unwrap();
    let sentence = format!(
        "{} 0 h 03, le 28 novembre 2026{}",
        before.replace("<p>", ""),
        after.split('.').next().unwrap()
    );
    assert!(sentence.split_whitespace().count() <= 20, "{sentence}");
}

#[tokio::test]
async fn a_session_lasts_longer_by_its_own_button_alone() {
    let mut site = Site::new().await;
    let mut browser = Browser::inside(&mut site).await;
    let jeton = token(&browser.get(&site, PAGE).await);
    wait(&site, 20 * MINUTE).await;
    let form = format!("jeton={jeton}");
    let cross = [("sec-fetch-site", "cross-site")];
    let forged = [
        browser.ask(&site, Method::POST, "/rester", &cross, Some(&form)).await,
        browser.post(&site, "/rester", &[("jeton", "AAAA")]).await,
        browser.post(&site, "/rester", &[]).await,
    ];
    for answer in forged {
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    wait(&site, 11 * MINUTE).await;
    assert_eq!(browser.get(&site, PAGE).await.status, StatusCode::FORBIDDEN, "none of them counted");
}

/// What the form of `/dossier/reprise` would send.
fn offered(page: &Answer) -> (String, String) {
    let id = attribute(&page.html, "name=\"reprise\" value=\"").unwrap();
    (id, attribute(&page.html, "name=\"site\" value=\"").unwrap())
}

#[tokio::test]
async fn what_is_sent_too_late_is_offered_again_to_the_same_person_in_the_same_dossier() {
    let mut site = Site::new().await;
    let mut browser = Browser::inside(&mut site).await;
    let jeton = token(&browser.get(&site, PAGE).await);
    wait(&site, 31 * MINUTE).await;
    let late = browser.post(&site, FORMULAIRE, &[("jeton", &jeton), ("site", TEXTE)]).await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    assert!(late.html.contains("votre texte est gardé") && late.html.contains("portail.exemple"));
    assert!(!late.html.contains("𝒶"), "the text is shown to no one who has no session");

    // another person's browser, and one with the same cookie but another dossier, see nothing of it
    let mut other = Browser::inside(&mut site).await;
    assert_eq!(other.get(&site, "/dossier").await.status, StatusCode::OK);
    let mut elsewhere = browser.clone();
    let other = another(&site).await;
    let former = std::mem::replace(&mut site.dossier, other);
    elsewhere.enter(&mut site).await;
    assert_eq!(elsewhere.get(&site, "/dossier").await.status, StatusCode::OK);
    assert_eq!(elsewhere.get(&site, "/dossier/reprise").await.header("location"), "/dossier");
    site.dossier = former;

    browser.enter(&mut site).await;
    assert_eq!(browser.get(&site, "/dossier").await.header("location"), "/dossier/reprise");
    let page = browser.get(&site, "/dossier/reprise").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.html.contains("<li class=\"remarque\">l’été &#60;b&#62;\u{202e}𝒶 =1+1</li>"),
        "{}",
        page.html
    );
    let (id, text) = offered(&page);
    assert_eq!(text, TEXTE);
    let jeton = token(&page);
    let sent = browser.post(&site, FORMULAIRE, &[("jeton", &jeton), ("reprise", &id), ("site", &text)]).await;
    assert_eq!(sent.status, StatusCode::OK);
    assert_eq!(browser.get(&site, "/dossier").await.status, StatusCode::OK, "it is offered once");
}

#[tokio::test]
async fn a_window_that_stayed_open_loses_nothing_when_its_person_came_back_in_another() {
    let mut site = Site::new().await;
    let mut browser = Browser::inside(&mut site).await;
    let jeton = token(&browser.get(&site, PAGE).await);
    browser.enter(&mut site).await;
    let old = browser.post(&site, FORMULAIRE, &[("jeton", &jeton), ("site", TEXTE)]).await;
    assert_eq!((old.status, old.header("location")), (StatusCode::SEE_OTHER, "/dossier/reprise"));
    let page = browser.get(&site, "/dossier/reprise").await;
    assert_eq!(offered(&page).1, TEXTE);
    let dropped = browser.post(&site, "/dossier/reprise", &[("jeton", &token(&page))]).await;
    assert_eq!((dropped.status, dropped.header("location")), (StatusCode::SEE_OTHER, "/dossier"));
    assert_eq!(browser.get(&site, "/dossier").await.status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_is_kept_of_who_left_of_a_forged_form_or_beyond_an_hour() {
    let mut site = Site::new().await;
    let mut browser = Browser::inside(&mut site).await;
    let jeton = token(&browser.get(&site, PAGE).await);
    let form = [("jeton", jeton.as_str()), ("site", TEXTE)];
    let left = browser.clone();
    // forged: another site's page, another session's token, none
    wait(&site, 31 * MINUTE).await;
    let cross = [("sec-fetch-site", "cross-site")];
    let encoded = super::browser::encode(&form);
    browser.ask(&site, Method::POST, FORMULAIRE, &cross, Some(&encoded)).await;
    browser.post(&site, FORMULAIRE, &[("jeton", "AAAA"), ("site", TEXTE)]).await;
    browser.post(&site, FORMULAIRE, &[("site", TEXTE)]).await;
    browser.enter(&mut site).await;
    assert_eq!(browser.get(&site, "/dossier").await.status, StatusCode::OK);
    // an hour
    browser.post(&site, FORMULAIRE, &form).await;
    wait(&site, 10 * MINUTE).await;
    assert_eq!(browser.get(&site, "/dossier").await.status, StatusCode::SEE_OTHER);
    wait(&site, 19 * MINUTE).await;
    browser.get(&site, PAGE).await;
    wait(&site, 29 * MINUTE).await;
    browser.get(&site, PAGE).await;
    wait(&site, 3 * MINUTE).await;
    assert_eq!(browser.get(&site, "/dossier").await.status, StatusCode::OK);
    // left: the session is none, and what was kept before is gone with it
    browser.post(&site, FORMULAIRE, &form).await;
    let jeton = token(&browser.get(&site, PAGE).await);
    browser.post(&site, "/quitter", &[("jeton", &jeton)]).await;
    assert!(!browser.jar.contains_key("__Host-reprise"));
    let mut back = left;
    back.enter(&mut site).await;
    assert_eq!(back.get(&site, "/dossier").await.status, StatusCode::OK);
}

/// Another dossier of the same person.
async fn another(site: &Site) -> IdDossier {
    let others = 1_234_567_890_129..1_234_567_890_140_u64;
    let id = others.into_iter().find_map(|number| IdDossier::parse(&number.to_string())).unwrap();
    let demandeur: Demandeur =
        serde_json::from_value(testkit::dossiers::creation("moi")["Demandeur"].clone()).unwrap();
    let application = site.application;
    let created = site.store.run("create", |tx| {
        let (id, demandeur) = (&id, &demandeur);
        Box::pin(async move { tx.create_dossier(id, demandeur, application, "moi").await })
    });
    created.await.unwrap();
    id
}
