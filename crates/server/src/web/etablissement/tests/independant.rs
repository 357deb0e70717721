//! Entering by a provider that others wrote: `oidc-provider` on Node, which demands PKCE and knows its codes once.

use testkit::openid::{CLIENT_ID, CLIENT_SECRET, OpenIdProvider};

use super::*;
use crate::config::OpenId;

const BACK: &str = "https://localhost:8443/etablissement/openid/retour";
const LEFT: &str = "https://localhost:8443/etablissement/connexion";

/// A browser at the provider: it follows nothing by itself, and keeps cookies.
struct There {
    http: reqwest::Client,
    cookies: Browser,
}

impl There {
    fn new() -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(rustls_pki_types::CertificateDer::from(pki().ca.certificate_der.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = reqwest::Client::builder().use_preconfigured_tls(tls).no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, cookies: Browser::default() }
    }

    /// Asks for a page, or sends it a form; gives where it leads, and what it shows.
    async fn ask(&mut self, address: &str, form: Option<&str>) -> (String, String) {
        let request = match form {
            None => self.http.get(address),
            Some(form) => self
                .http
                .post(address)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned()),
        };
        let answer = request.header("cookie", self.cookies.header()).send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.0.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.0.push((name.to_owned(), value.to_owned()));
            }
        }
        let leads = answer.headers().get("location").map_or("", |value| value.to_str().unwrap()).to_owned();
        (leads, answer.text().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_provider_that_others_wrote_one_enters_leaves_and_enters_once_with_a_code() {
    let files = tempfile::tempdir().unwrap();
    let provider = OpenIdProvider::start(files.path(), BACK, LEFT);
    let issuer = provider.issuer().to_owned();
    // its tokens are of the machine's time
    let now = Arc::new(Mutex::new(Clock::system().now()));
    let desk = Desk::with(false, now, |config, directory| {
        config.openid = OpenId {
            issuer: issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned().into()),
            claim: "SubjectNameID".to_owned(),
            ca: Some(pki().ca.write(directory).0),
            ..OpenId::default()
        };
    })
    .await;
    let id = desk.account(GLYCINES, "anne", "Anne Duval").await;
    desk.store
        .run("link", |tx| Box::pin(async move { tx.set_sujet(id, Some("899700218896")).await }))
        .await
        .unwrap();
    for (number, entered) in [("899700218896", true), ("800000000001", false)] {
        let (mut browser, mut there) = (Browser::default(), There::new());
        let left = desk.get(&mut browser, "/etablissement/openid").await;
        assert_eq!(left.status, StatusCode::SEE_OTHER, "{}", left.html);
        let (interaction, page) = there.ask(left.header("location"), None).await;
        assert!(interaction.starts_with("/interaction/"), "{interaction} {page}");
        let (resume, page) =
            there.ask(&format!("{issuer}{interaction}"), Some(&format!("number={number}"))).await;
        assert!(resume.starts_with(&issuer), "{resume} {page}");
        let (back, page) = there.ask(&resume, None).await;
        let path = back.strip_prefix("https://localhost:8443").unwrap_or_else(|| panic!("{back} {page}"));
        assert!(path.contains("&iss="), "RFC 9207: {path}");
        let answer = desk.get(&mut browser, path).await;
        let status = if entered { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, status, "{number}: {}", answer.html);
        let inside = desk.get(&mut browser, "/etablissement").await;
        assert_eq!(inside.status == StatusCode::OK, entered, "{number}");
        if !entered {
            continue;
        }
        // back button, forward button
        assert_eq!(desk.get(&mut browser.clone(), path).await.status, StatusCode::FORBIDDEN, "once");
        let jeton = inside.field("jeton");
        let out = desk.post(&mut browser, "/etablissement/deconnexion", &[("jeton", &jeton)]).await;
        let link = out.html.split("<a href=\"").find(|rest| rest.contains("Se déconnecter aussi")).unwrap();
        let address = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let (_, page) = there.ask(&address, None).await;
        let xsrf = page.split("name=\"xsrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let form = format!("xsrf={}&logout=yes", xsrf.unwrap_or_else(|| panic!("{page}")));
        let (leads, page) = there.ask(&format!("{issuer}/session/end/confirm"), Some(&form)).await;
        assert_eq!(leads, LEFT, "{page}");
    }
}
