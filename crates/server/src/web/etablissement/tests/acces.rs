//! Who gets where: every route, by everyone.

use axum::http::Method;

use super::*;
use crate::web::etablissement::ROUTES;
use crate::web::secret::Secret;

/// Someone who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// No session.
    Nobody,
    /// A family's session, of the very dossier.
    Family,
    /// At the establishment, until they left; the browser kept its cookie.
    Left,
    /// At the establishment, until the session was over.
    Over,
    /// At the other establishment.
    Elsewhere,
    /// At the establishment, with the password alone so far.
    Half,
    /// At the establishment.
    Here,
}

const EVERYONE: [Who; 7] =
    [Who::Nobody, Who::Family, Who::Left, Who::Over, Who::Elsewhere, Who::Half, Who::Here];

/// What must come of a route: of GET for everyone in the order of [`EVERYONE`], of POST with a token of one's own. Whoever is
/// out, whatever cookie they bring, is nobody.
fn expected(method: &str, path: &str) -> [&'static str; 7] {
    let [nobody, family, elsewhere, half, here] = of_five(method, path);
    [nobody, family, nobody, nobody, elsewhere, half, here]
}

fn of_five(method: &str, path: &str) -> [&'static str; 5] {
    const DOOR: &str = "303 /etablissement/connexion";
    const CODE: &str = "303 /etablissement/code";
    match (method, path) {
        ("GET", "/etablissement/openid" | "/etablissement/openid/retour") => ["404"; 5],
        ("GET", "/etablissement") => [DOOR, DOOR, "200", CODE, "200"],
        ("GET", "/etablissement/demandes.csv") => [DOOR, DOOR, "200", CODE, "200"],
        ("GET", "/etablissement/demandes/{id}") => [DOOR, DOOR, "404", CODE, "200"],
        ("GET", "/etablissement/demandes/{id}/{action}") => [DOOR, DOOR, "404", CODE, "200"],
        ("POST", "/etablissement/demandes/{id}/{action}") => [DOOR, DOOR, "404", CODE, "303 done"],
        ("GET" | "POST", "/etablissement/reprise") => {
            [DOOR, DOOR, "303 /etablissement", CODE, "303 /etablissement"]
        }
        ("POST", "/etablissement/rester") => [DOOR, DOOR, "200", "200", "200"],
        ("GET", "/etablissement/connexion") => {
            ["200", "200", "303 /etablissement", "303 /etablissement", "303 /etablissement"]
        }
        ("POST", "/etablissement/connexion") => ["403", "403", "403", "403", "403"],
        ("POST", "/etablissement/deconnexion") => ["200", "200", "200", "200", "200"],
        ("GET", "/etablissement/code") => [DOOR, DOOR, "303 /etablissement", "200", "303 /etablissement"],
        ("POST", "/etablissement/code") => [DOOR, DOOR, "303 /etablissement", "403", "303 /etablissement"],
        ("GET", "/etablissement/second-facteur") => [DOOR, DOOR, "200", CODE, "303 /etablissement"],
        ("POST", "/etablissement/second-facteur") => [DOOR, DOOR, "403", CODE, "303 /etablissement"],
        ("GET", "/etablissement/second-facteur/qr.svg") => [DOOR, DOOR, "200", CODE, "303 /etablissement"],
        ("GET", "/etablissement/mot-de-passe") => [DOOR, DOOR, "200", CODE, "200"],
        ("POST", "/etablissement/mot-de-passe") => [DOOR, DOOR, "400", CODE, "400"],
        ("GET", "/etablissement/compte") => [DOOR, DOOR, "200", CODE, "200"],
        ("POST", "/etablissement/compte/sessions/{id}/fermer") => {
            [DOOR, DOOR, "303 closed", CODE, "303 closed"]
        }
        other => panic!("{other:?} has no row"),
    }
}

async fn browsers(desk: &Desk) -> [Browser; 7] {
    let anne = desk.account(GLYCINES, "anne", "Anne Duval").await;
    desk.account(LAVANDES, "chloe", "Chloé Roux").await;
    let chloe = desk.entered("chloe").await;
    // before she has a second factor: one session that is left, one that ends by itself
    let mut leaver = desk.entered("anne").await;
    let left = leaver.clone();
    let jeton = desk.get(&mut leaver, "/etablissement").await.field("jeton");
    desk.post(&mut leaver, "/etablissement/deconnexion", &[("jeton", &jeton)]).await;
    let over = desk.entered("anne").await;
    desk.execute("UPDATE session_bureau SET fin_le = vue_le WHERE id = (SELECT MAX(id) FROM session_bureau)");
    let secret = SecretTotp::draw(&mut testkit::rng(7));
    let text = dossier::Prive::new(secret.base32());
    let kept = &text;
    desk.store
        .run("totp", |tx| Box::pin(async move { tx.set_second_facteur(anne, kept, 0).await }))
        .await
        .unwrap();
    let (mut half, mut here) = (Browser::default(), Browser::default());
    desk.login(&mut half, "anne", PASSWORD).await;
    desk.login(&mut here, "anne", PASSWORD).await;
    let code = desk.code(&secret);
    let entered = desk.fill(&mut here, "/etablissement/code", &[("code", &code)]).await;
    assert_eq!(entered.outcome(), (303, "/etablissement"));
    // the family's session, of the same dossier
    let session = Secret::draw(&mut testkit::rng(9));
    let (sha256, dossier) = (session.sha256(), &desk.dossier);
    desk.store
        .run("family", |tx| {
            Box::pin(async move {
                let application = tx.application_by_name("portail").await?.unwrap().id;
                let (idle, absolute) =
                    (std::time::Duration::from_secs(600), std::time::Duration::from_secs(6000));
                tx.open_session(&sha256, dossier, application, idle, absolute).await
            })
        })
        .await
        .unwrap();
    let cookie = session.set_cookie().unwrap();
    let value = cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    // and the same secret where the desk looks for its own
    let family =
        Browser(vec![("__Host-session".to_owned(), value.clone()), ("__Host-bureau".to_owned(), value)]);
    [Browser::default(), family, left, over, chloe, half, here]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_by_everyone() {
    let desk = Desk::sandbox().await;
    let mut browsers = browsers(&desk).await;
    let id = desk.demandes[0];
    // it was opened and is to be answered
    desk.get(&mut browsers[6], &format!("/etablissement/demandes/{id}")).await;
    let version =
        desk.get(&mut browsers[6], &format!("/etablissement/demandes/{id}/refus")).await.field("version");
    // what changes most comes last, so that each row finds the desk as it was
    let mut routes = ROUTES.to_vec();
    routes.sort_by_key(|(_, path)| (path.contains("deconnexion"), path.contains("fermer")));
    for (method, route) in routes {
        let path = route.replace("sessions/{id}", "sessions/999").replace("{id}", &id.to_string());
        let path = path.replace("{action}", "refus");
        for (who, expected) in EVERYONE.iter().zip(expected(method, route)) {
            let browser = &mut browsers[EVERYONE.iter().position(|one| one == who).unwrap()].clone();
            let answer = match method {
                "GET" => desk.get(browser, &path).await,
                _ => {
                    let own = desk.get(browser, "/etablissement/mot-de-passe").await;
                    let own = if own.status == StatusCode::OK {
                        own
                    } else {
                        desk.get(browser, "/etablissement/code").await
                    };
                    let jeton = own.field("jeton");
                    let fields = [
                        ("jeton", jeton.as_str()),
                        ("version", &version),
                        ("motif", "1"),
                        ("confirmation", "oui"),
                        ("code", "000000"),
                    ];
                    desk.post(browser, &path, &fields).await
                }
            };
            let (status, location) = answer.outcome();
            let mut found = format!("{status} {location}").trim().to_owned();
            found = found.replace(&format!("/etablissement/demandes/{id}?fait=refus"), "done");
            found = found.replace("/etablissement/compte?fait=session", "closed");
            assert_eq!(found, expected, "{method} {route} by {who:?}");
        }
    }
}

/// Every address that changes something, without a token, with a wrong one, with another session's, from another site.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_not_the_session_s_own_changes_nothing() {
    let desk = Desk::sandbox().await;
    let mut browsers = browsers(&desk).await;
    let id = desk.demandes[0];
    desk.get(&mut browsers[6], &format!("/etablissement/demandes/{id}")).await;
    let others = desk.get(&mut browsers[4], "/etablissement").await.field("jeton");
    let page = desk.get(&mut browsers[6], &format!("/etablissement/demandes/{id}/refus")).await;
    let (own, version) = (page.field("jeton"), page.field("version"));
    let posts: Vec<&str> =
        ROUTES.iter().filter(|(method, _)| *method == "POST").map(|(_, path)| *path).collect();
    assert_eq!(posts.len(), 9);
    for route in posts {
        let path = route.replace("{id}", &id.to_string()).replace("{action}", "refus");
        for (jeton, site) in [
            ("", "same-origin"),
            ("x", "same-origin"),
            (others.as_str(), "same-origin"),
            (own.as_str(), "cross-site"),
            (own.as_str(), "same-site"),
        ] {
            let mut browser = browsers[6].clone();
            let fields = [("jeton", jeton), ("version", &version), ("motif", "1"), ("confirmation", "oui")];
            let answer = desk.post_from(&mut browser, &path, &fields, site).await;
            // the second factor of who has one is not asked for again, whoever asks
            let settled = ["/etablissement/code", "/etablissement/second-facteur"].contains(&route);
            let status = if settled { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, status, "{route} {jeton} {site}");
            assert_eq!(desk.get(&mut browser, "/etablissement").await.status, StatusCode::OK, "{route}");
        }
    }
    assert_eq!(desk.statut(id).await, "RECUE");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_s_demande_is_as_unknown_as_none() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let mut anne = desk.entered("anne").await;
    let unknown = desk.get(&mut anne, "/etablissement/demandes/999999").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    for id in [desk.demandes[1].to_string(), "0".to_owned(), "-1".to_owned(), "x".to_owned(), "9".repeat(30)]
    {
        for path in [format!("/etablissement/demandes/{id}"), format!("/etablissement/demandes/{id}/refus")] {
            let answer = desk.get(&mut anne, &path).await;
            assert_eq!((answer.status, answer.html == unknown.html), (StatusCode::NOT_FOUND, true), "{path}");
        }
    }
    assert_eq!(desk.statut(desk.demandes[1]).await, "ENVOYEE", "no one has opened it");
    let action = format!("/etablissement/demandes/{}/n-importe-quoi", desk.demandes[0]);
    assert_eq!(desk.get(&mut anne, &action).await.html, unknown.html);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_ahead_opens_nothing() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let mut anne = desk.entered("anne").await;
    let path = format!("/etablissement/demandes/{}", desk.demandes[0]);
    let ahead = Request::get(&path).header("sec-purpose", "prefetch;prerender").body(Body::empty()).unwrap();
    assert_eq!(desk.send(&mut anne, ahead).await.status, StatusCode::NO_CONTENT);
    let head = Request::builder().method(Method::HEAD).uri(&path).body(Body::empty()).unwrap();
    assert_eq!(desk.send(&mut anne, head).await.status, StatusCode::NO_CONTENT);
    assert_eq!(desk.statut(desk.demandes[0]).await, "ENVOYEE");
    desk.get(&mut anne, &path).await;
    assert_eq!(desk.statut(desk.demandes[0]).await, "RECUE");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_light_quiet_and_allow_nothing_from_elsewhere() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let mut anne = desk.entered("anne").await;
    let style = |html: &str, mark: &str| {
        html.split("href=\"")
            .find(|rest| rest.starts_with(mark))
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    };
    let list = desk.get(&mut anne, "/etablissement").await.html;
    let mut sheets = 0;
    for mark in ["/style-", "/bureau-"] {
        let sheet = desk.get(&mut anne, &style(&list, mark)).await;
        assert!(sheet.header("cache-control").contains("immutable"));
        sheets += sheet.html.len();
    }
    let demande = format!("/etablissement/demandes/{}", desk.demandes[0]);
    let mut nobody = Browser::default();
    for path in [
        "/etablissement",
        "/etablissement/compte",
        &demande,
        &format!("{demande}/refus"),
        "/etablissement/mot-de-passe",
    ] {
        let page = desk.get(&mut anne, path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.html.len() + sheets <= 30_000, "{path}: {} bytes", page.html.len() + sheets);
        assert_eq!(page.header("cache-control"), "no-store");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("unsafe"));
        crate::web::vue::tests::assert_sound(path, &page.html);
    }
    let door = desk.get(&mut nobody, "/etablissement/connexion").await;
    crate::web::vue::tests::assert_sound("door", &door.html);
}
