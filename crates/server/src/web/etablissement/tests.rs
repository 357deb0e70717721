//! The desk through the server's own router, on a real database.

mod acces;
mod demandes;
mod entree;
mod fournisseur;
mod hostile;
mod independant;
mod nombre;
mod openid;
mod reprise;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use dossier::{IdDossier, StatutDemande, TypeHebergement, UrgenceDemande};
use jiff::{SignedDuration, Timestamp};
use serde_json::{from_value, json};
use storage::{CompteId, NouveauCompte, Rights, Store};
use testkit::pki::pki;
use tower::ServiceExt as _;

use crate::bureau::{self, SecretTotp};
use crate::peer::PeerAddress;
use crate::{Clock, Config, Server};

/// Two establishments.
const GLYCINES: &str = "010990018";
const LAVANDES: &str = "260990023";
const PASSWORD: &str = "quatre mots sans lien";

/// A server with two establishments and a dossier sent to both.
struct Desk {
    router: Router,
    store: Store,
    server: Server,
    now: Arc<Mutex<Timestamp>>,
    /// At Les Glycines, at Les Lavandes.
    demandes: [i64; 2],
    dossier: IdDossier,
    address: &'static str,
    directory: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

/// A browser: its cookies.
#[derive(Clone, Default)]
struct Browser(Vec<(String, String)>);

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What came, shortly: a status, and where to.
    fn outcome(&self) -> (u16, &str) {
        (self.status.as_u16(), self.header("location"))
    }

    /// The value of a form's hidden field.
    fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        self.html.split(&mark).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
    }
}

impl Browser {
    fn take(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; Path=/; HttpOnly; Secure; SameSite="), "{cookie}");
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.0.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn header(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}

impl Desk {
    /// A production server's desk: the second factor is obligatory.
    async fn production() -> Self {
        Self::new(false).await
    }

    /// A sandbox's.
    async fn sandbox() -> Self {
        Self::new(true).await
    }

    async fn new(sandbox: bool) -> Self {
        Self::with(sandbox, Arc::new(Mutex::new(testkit::instant())), |_, _| {}).await
    }

    /// One whose configuration is another, its clock the given one.
    async fn with(
        sandbox: bool,
        now: Arc<Mutex<Timestamp>>,
        prepare: impl FnOnce(&mut Config, &std::path::Path),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = pki().server.write(directory.path());
        let pair = crate::config::KeyPair { certificate, key };
        let mut config = Config { signature: pair.clone(), sandbox, ..Config::default() };
        (config.tls.certificate, config.tls.key) = (pair.certificate, pair.key);
        config.listen.https.set_port(0);
        config.database.url = format!("sqlite:{}", directory.path().join("vtpa.db").display());
        prepare(&mut config, directory.path());
        let clock = Arc::clone(&now);
        let server = Server::start(config, Clock::from_fn(move || *clock.lock().unwrap())).await.unwrap();
        let store = server.store().clone();
        let dossier = IdDossier::parse("1234567890128").unwrap();
        let id = &dossier;
        let demandes = store
            .run("fill", |tx| {
                Box::pin(async move {
                    let application = tx.add_application("portail", Rights::ALL).await?;
                    let demandeur =
                        from_value(testkit::dossiers::creation("moi")["Demandeur"].clone()).unwrap();
                    tx.create_dossier(id, &demandeur, application, "moi").await?;
                    let mut demandes = [0; 2];
                    for (demande, (number, name)) in demandes
                        .iter_mut()
                        .zip([(GLYCINES, "EHPAD Les Glycines"), (LAVANDES, "Les Lavandes")])
                    {
                        let one = from_value(json!({"NumFINISS": number, "RaisonSociale": name})).unwrap();
                        tx.seed_etablissement(&one).await?;
                        *demande = tx
                            .add_demande(id, number, TypeHebergement::Permanent, UrgenceDemande::SixMois)
                            .await?;
                        tx.change_statut(*demande, StatutDemande::Envoyee, None, None).await?;
                    }
                    Ok(demandes)
                })
            })
            .await
            .unwrap();
        let router = server.router();
        Self { router, store, server, now, demandes, dossier, address: "192.0.2.1", directory }
    }

    /// An account whose owner has chosen [`PASSWORD`].
    async fn account(&self, etablissement: &str, login: &str, nom: &str) -> CompteId {
        let hash = bureau::hash(PASSWORD, &mut testkit::rng(1)).unwrap();
        let nouveau =
            &NouveauCompte { etablissement, login, nom, sujet: None, mot_de_passe: &hash, provisoire: None };
        self.store.run("account", |tx| Box::pin(async move { tx.add_compte(nouveau).await })).await.unwrap()
    }

    fn later(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    fn code(&self, secret: &SecretTotp) -> String {
        secret.code_at(*self.now.lock().unwrap())
    }

    async fn send(&self, browser: &mut Browser, request: Request<Body>) -> Answer {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert("cookie", browser.header().parse().unwrap());
        parts.headers.insert("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/130.0".parse().unwrap());
        parts.extensions.insert(PeerAddress { ip: self.address.parse().unwrap(), behind_proxy: false });
        let request = Request::from_parts(parts, body);
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let html = String::from_utf8(body.into()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, html };
        browser.take(&answer);
        answer
    }

    async fn get(&self, browser: &mut Browser, path: &str) -> Answer {
        self.send(browser, Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(browser, path, fields, "same-origin").await
    }

    async fn post_from(
        &self,
        browser: &mut Browser,
        path: &str,
        fields: &[(&str, &str)],
        site: &str,
    ) -> Answer {
        let encoded: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site)
            .body(Body::from(encoded.join("&")))
            .unwrap();
        self.send(browser, request).await
    }

    /// Fills in the form of a page and sends it to the page's own address.
    async fn fill(&self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(browser, path).await;
        let (jeton, version) = (page.field("jeton"), page.field("version"));
        let mut all = vec![("jeton", jeton.as_str())];
        if !version.is_empty() {
            all.push(("version", version.as_str()));
        }
        all.extend(fields);
        let path = path.split('?').next().unwrap();
        self.post(browser, path, &all).await
    }

    async fn login(&self, browser: &mut Browser, login: &str, password: &str) -> Answer {
        self.fill(browser, "/etablissement/connexion", &[("identifiant", login), ("mot_de_passe", password)])
            .await
    }

    /// Someone who has entered a sandbox's desk.
    async fn entered(&self, login: &str) -> Browser {
        let mut browser = Browser::default();
        let answer = self.login(&mut browser, login, PASSWORD).await;
        assert_eq!(answer.outcome(), (303, "/etablissement"), "{}", answer.html);
        browser
    }

    async fn statut(&self, demande: i64) -> &'static str {
        let found = self.store.read(move |reader| Box::pin(async move { reader.demande(demande).await }));
        found.await.unwrap().unwrap().1.code()
    }

    async fn family(&self, demande: usize, vers: StatutDemande) {
        let demande = self.demandes[demande];
        self.store
            .run("family", |tx| Box::pin(async move { tx.change_statut(demande, vers, None, None).await }))
            .await
            .unwrap();
    }

    /// What SQLite's own shell would do.
    fn execute(&self, sql: &str) {
        let path = self.directory.path().join("vtpa.db");
        let url = format!("sqlite:{}", path.display());
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                use sqlx::Connection as _;
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
            });
        });
    }
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
