//! The site through the server's own router, on a real database.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use dossier::{Demandeur, IdDossier};
use storage::{ApplicationId, Rights, Settings, Store};
use testkit::pki::pki;
use tower::ServiceExt as _;

use super::secret::Secret;

mod browser;
mod duree;
mod essais;
mod hostile;
mod personne;
mod quarante;
mod routes;

use crate::{Clock, Config, Server};

/// A site with a dossier, a partner and, in `site`, what a browser would reach.
struct Site {
    router: Router,
    store: Store,
    application: ApplicationId,
    dossier: IdDossier,
    draws: u64,
    directory: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `name=value` of every cookie that was set.
    fn cookies(&self) -> String {
        let cookies = self.headers.get_all("set-cookie").into_iter();
        let pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
        pairs.collect::<Vec<_>>().join("; ")
    }
}

impl Site {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        pki().server.write(directory.path());
        pki().ca.write(directory.path());
        let (certificate, key) = pki().server.write(directory.path());
        let pair = crate::config::KeyPair { certificate, key };
        let mut config = Config { signature: pair.clone(), ..Config::default() };
        (config.tls.certificate, config.tls.key) = (pair.certificate, pair.key);
        config.listen.https.set_port(0);
        config.database.url = format!("sqlite:{}", directory.path().join("vtpa.db").display());
        // any 32 bytes: what is personal is encrypted, as where real persons' data are
        config.at_rest.key_value = Some("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned().into());
        let server = Server::start(config, Clock::from_fn(testkit::instant)).await.unwrap();
        let dossier = IdDossier::parse("1234567890128").unwrap();
        let store = server.store().clone();
        let application = partner(&store, "portail", Some("https://portail.exemple/dossiers")).await;
        let demandeur: Demandeur =
            serde_json::from_value(testkit::dossiers::creation("moi")["Demandeur"].clone()).unwrap();
        let id = dossier.clone();
        store
            .run("create", |tx| {
                let (id, demandeur) = (&id, &demandeur);
                Box::pin(async move { tx.create_dossier(id, demandeur, application, "moi").await })
            })
            .await
            .unwrap();
        Self { router: server.router(), store, application, dossier, draws: 0, directory }
    }

    /// A token good for the dossier.
    async fn token(&mut self) -> String {
        self.draws += 1;
        let secret = Secret::draw(&mut testkit::rng(self.draws));
        let (sha256, dossier, application) = (secret.sha256(), self.dossier.clone(), self.application);
        self.store
            .run("token", |tx| {
                let dossier = &dossier;
                Box::pin(async move { tx.issue_jeton(&sha256, dossier, application).await })
            })
            .await
            .unwrap();
        let cookie = secret.set_cookie().unwrap();
        let value = cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap();
        value.to_owned()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, html: String::from_utf8(body.into()).unwrap() }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request =
            headers.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
        self.send(request.method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    async fn post(&self, path: &str, content_type: &str, body: &str) -> Answer {
        let request = Request::post(path).header("content-type", content_type);
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// The cookies of a new session.
    async fn enter(&mut self) -> String {
        let token = self.token().await;
        let answer = self.get(&format!("/acces?jeton={token}")).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/dossier"));
        answer.cookies()
    }

    async fn open(&self, cookies: &str) -> Answer {
        self.ask(Method::GET, "/dossier", &[("cookie", cookies)]).await
    }

    async fn suspend(&self) {
        let application = self.application;
        let suspended = self.store.run("suspend", move |tx| {
            Box::pin(async move { tx.suspend_application(application, true).await })
        });
        suspended.await.unwrap();
    }
}

async fn partner(store: &Store, name: &'static str, url_retour: Option<&str>) -> ApplicationId {
    let settings = Settings { url_retour: url_retour.map(str::to_owned), ..Settings::default() };
    let made = store.run("partner", |tx| {
        let settings = &settings;
        Box::pin(async move {
            let application = tx.add_application(name, Rights::ALL).await?;
            tx.set_settings(application, settings).await?;
            Ok(application)
        })
    });
    made.await.unwrap()
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_posted_token_opens_the_dossier() {
    let mut site = Site::new().await;
    let token = site.token().await;
    let answer = site.post("/acces", FORM, &format!("jeton={token}&autre=1")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/dossier"));
    let cookies: Vec<&str> =
        answer.headers.get_all("set-cookie").into_iter().map(|cookie| cookie.to_str().unwrap()).collect();
    for (cookie, name) in cookies.iter().zip(["__Host-session=", "__Host-partenaire="]) {
        assert!(
            cookie.starts_with(name) && cookie.ends_with("; Path=/; HttpOnly; Secure; SameSite=Lax"),
            "{cookie}"
        );
    }
    let page = site.open(&answer.cookies()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("Revenir sur portail"));
    assert!(page.html.contains("data-champ=\"Demandeur.NomNaissance\""));
    assert!(!page.html.contains(&token));
}

/// Decisions §9: HEAD and prefetches get 204 and nothing happens.
#[tokio::test]
async fn a_look_ahead_uses_nothing_up() {
    let mut site = Site::new().await;
    let token = site.token().await;
    let path = format!("/acces?jeton={token}");
    let looks: [(Method, &[(&str, &str)]); 7] = [
        (Method::HEAD, &[]),
        (Method::GET, &[("sec-purpose", "prefetch")]),
        (Method::GET, &[("sec-purpose", "prefetch;prerender")]),
        (Method::GET, &[("purpose", "prefetch")]),
        (Method::GET, &[("x-purpose", "preview")]),
        (Method::GET, &[("x-moz", "Prefetch")]),
        (Method::POST, &[("sec-purpose", "prefetch")]),
    ];
    for (method, headers) in looks {
        let answer = site.ask(method, &path, headers).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{headers:?}");
        assert_eq!((answer.cookies(), answer.html), (String::new(), String::new()));
    }
    assert_eq!(site.get(&path).await.status, StatusCode::SEE_OTHER);
}

/// Decisions §6, §9: whatever is wrong with a token, one and the same page.
#[tokio::test]
async fn every_token_that_opens_nothing_gets_the_same_page() {
    let mut site = Site::new().await;
    let used = site.token().await;
    let cookies = site.get(&format!("/acces?jeton={used}")).await.cookies();
    let unused = site.token().await;
    let unknown = "A".repeat(43);
    let page = site.get("/acces").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.html.contains("href=\"https://portail.exemple/dossiers\""), "no way back");
    let queries = [
        "?",
        "?jeton",
        "?jeton=",
        "?jeton=x",
        "?jeton=%FF",
        "?autre=1",
        &format!("?jeton={unknown}"),
        &format!("?jeton={used}"),
        &format!("?jeton={unused}="),
        &format!("?jeton={unused}%20"),
        &format!("?jeton={unused}&jeton={unused}"),
        &format!("?Jeton={unused}"),
        &format!("?jeton={}", "A".repeat(3000)),
    ];
    for query in queries {
        let answer = site.get(&format!("/acces{query}")).await;
        assert_eq!((answer.status, answer.html == page.html), (StatusCode::FORBIDDEN, true), "{query}");
        assert_eq!(answer.cookies(), "");
    }
    let forms = [
        (FORM, ""),
        (FORM, "jeton="),
        ("text/plain", "jeton=x"),
        ("application/json", "{}"),
        (FORM, &format!("jeton={}", "A".repeat(9000))),
    ];
    for (content_type, body) in forms {
        let answer = site.post("/acces", content_type, body).await;
        assert_eq!(
            (answer.status, answer.html == page.html),
            (StatusCode::FORBIDDEN, true),
            "{content_type} {body}"
        );
    }
    // from a browser that was here before, too
    let again = site.ask(Method::GET, &format!("/acces?jeton={used}"), &[("cookie", &cookies)]).await;
    assert_eq!((again.status, again.html == page.html), (StatusCode::FORBIDDEN, true));
    // and once the partner is suspended, which is no way back any more
    site.suspend().await;
    let before = site.get("/acces").await;
    assert_eq!(site.get(&format!("/acces?jeton={unused}")).await.html, before.html);
    assert!(!before.html.contains("portail.exemple"));
}

#[tokio::test]
async fn the_dossier_needs_a_session_that_holds() {
    let mut site = Site::new().await;
    let cookies = site.enter().await;
    assert_eq!(site.open(&cookies).await.status, StatusCode::OK);
    let forged = format!("__Host-session={}", "A".repeat(43));
    for none in ["", "a=b", "__Host-session=", &forged] {
        let page = site.open(none).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{none}");
        assert!(page.html.contains("Le dossier est fermé") && page.html.contains("portail.exemple"));
        assert!(!page.html.contains("data-champ"));
    }
    site.suspend().await;
    assert_eq!(site.open(&cookies).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_browser_has_one_session_and_never_one_it_brought() {
    let mut site = Site::new().await;
    let first = site.enter().await;
    let token = site.token().await;
    let again =
        site.ask(Method::GET, &format!("/acces?jeton={token}"), &[("cookie", &first)]).await.cookies();
    assert_ne!(first, again);
    assert_eq!(site.open(&first).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.open(&again).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_leaves_is_out_and_sees_the_way_back() {
    let mut site = Site::new().await;
    let cookies = site.enter().await;
    let mut browser = browser::Browser::default();
    for pair in cookies.split("; ") {
        let (name, value) = pair.split_once('=').unwrap();
        browser.jar.insert(name.to_owned(), value.to_owned());
    }
    let jeton = browser::token(&browser.get(&site, "/dossier").await);
    let left = browser.post(&site, "/quitter", &[("jeton", &jeton)]).await;
    assert_eq!(left.status, StatusCode::OK);
    assert!(left.html.contains("Revenir sur portail"));
    assert!(
        left.header("set-cookie").contains("__Host-session=;")
            && left.header("set-cookie").contains("Max-Age=0")
    );
    assert_eq!(site.open(&cookies).await.status, StatusCode::FORBIDDEN);
    // twice, or without a session, is no error
    assert_eq!(site.ask(Method::POST, "/quitter", &[("cookie", &cookies)]).await.status, StatusCode::OK);
    assert_eq!(site.ask(Method::POST, "/quitter", &[]).await.status, StatusCode::OK);
}

/// A browser that was here goes back to its own partner; one that was not, to none while there are several.
#[tokio::test]
async fn the_way_back_is_that_of_one_s_own_partner() {
    let mut site = Site::new().await;
    let cookies = site.enter().await;
    partner(&site.store, "autre", Some("https://autre.exemple/")).await;
    let partner_alone = cookies.split("; ").find(|cookie| cookie.starts_with("__Host-partenaire")).unwrap();
    assert!(site.open(partner_alone).await.html.contains("https://portail.exemple/dossiers"));
    let stranger = site.open("").await.html;
    assert!(!stranger.contains("portail.exemple") && !stranger.contains("autre.exemple"));
}

#[tokio::test]
async fn what_is_no_web_address_is_no_way_back() {
    let mut site = Site::new().await;
    partner(&site.store, "autre", Some("javascript:alert(1)")).await;
    let cookies = site.enter().await;
    assert!(site.open(&cookies).await.html.contains("portail.exemple"));
    assert!(!site.get("/acces").await.html.contains("javascript:"));
}

#[tokio::test]
async fn every_answer_protects_its_reader() {
    let mut site = Site::new().await;
    let token = site.token().await;
    let cookies = site.enter().await;
    let answers = [
        site.get(&format!("/acces?jeton={token}")).await,
        site.get(&format!("/acces?jeton={token}")).await,
        site.open(&cookies).await,
        site.get("/dossier").await,
        site.get("/nulle-part").await,
        site.ask(Method::DELETE, "/dossier", &[]).await,
        site.ask(Method::HEAD, "/acces", &[]).await,
        site.ask(Method::POST, "/quitter", &[]).await,
    ];
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [303, 403, 200, 403, 404, 405, 204, 200]);
    for answer in answers {
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.header(name), value, "{}", answer.status);
        }
        assert!(!answer.html.contains(&token) && !answer.header("location").contains(&token));
    }
}

#[tokio::test]
async fn the_style_sheet_is_kept_for_ever_under_its_own_hash() {
    let site = Site::new().await;
    let page = site.get("/dossier").await.html;
    let path =
        page.split("href=\"").find(|rest| rest.starts_with("/style-")).unwrap().split('"').next().unwrap();
    let style = site.get(path).await;
    assert_eq!((style.status, style.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(style.header("cache-control").contains("immutable"));
    assert_eq!(site.get("/style-0000000000000000.css").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/icone.svg").await.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn health() {
    let site = Site::new().await;
    assert_eq!(site.get("/sante").await.status, StatusCode::OK);
    assert_eq!(site.get("/pret").await.status, StatusCode::OK);
    // a disk that gives back something else
    site.store.close().await;
    std::fs::remove_file(site.directory.path().join("vtpa.db")).unwrap();
    std::fs::write(site.directory.path().join("vtpa.db"), [0x55; 8192]).unwrap();
    assert_eq!(site.get("/sante").await.status, StatusCode::OK);
    assert_eq!(site.get("/pret").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = site.open(&format!("__Host-session={}", "A".repeat(43))).await;
    assert!(page.status.is_server_error() && page.html.contains("Le site a un problème"), "{}", page.status);
}
