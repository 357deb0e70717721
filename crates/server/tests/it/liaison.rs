//! `/liaison` (issue 7): a second partner becomes one of a dossier's, by a request that it signs and a code that the person has; and
//! `/dossier/partage`, where the person gives the code and takes the access away.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};
use storage::{Rights, Settings};
use testkit::pki::{Identity as TestIdentity, pki};
use tower::ServiceExt as _;
use wss::Identity;
use xmlsec::{Certificate, DigestMethod, SigningKey};

use crate::codes::{consultation_of, jeton_of};
use crate::{Harness, Reply};

const RETOUR: &str = "https://autre.exemple/retour?page=1";

/// A dossier of `portail`'s user `moi`, and `autre`, which wants to see it for its user `elle`.
struct Scene {
    harness: Harness,
    dossier: String,
    /// The person's session.
    session: String,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

impl Page {
    fn location(&self) -> &str {
        self.headers.get("location").map_or("", |value| value.to_str().unwrap())
    }

    fn cookie(&self) -> Option<String> {
        let cookie = self.headers.get("set-cookie")?.to_str().unwrap();
        Some(cookie.split(';').next().unwrap().to_owned())
    }
}

impl Scene {
    async fn new(sandbox: bool) -> Self {
        let harness = Harness::with(|config| config.sandbox = sandbox).await;
        harness.register("autre", &pki().second, Rights::ALL).await;
        let store = harness.server.store();
        let settings = Settings { url_liaison: vec![RETOUR.to_owned()], ..Settings::default() };
        store
            .run("settings", |tx| {
                let settings = &settings;
                Box::pin(async move {
                    let autre = tx.application_by_name("autre").await?.unwrap();
                    tx.set_settings(autre.id, settings).await
                })
            })
            .await
            .unwrap();
        let dossier = harness.create("moi").await;
        let token = harness.ask(&jeton_of(&dossier, "moi")).await.text("JetonSecurite").unwrap();
        let mut scene = Self { harness, dossier, session: String::new() };
        scene.session = scene.get(&format!("/acces?jeton={token}"), "").await.cookie().unwrap();
        scene
    }

    async fn send(&self, request: Request<Body>) -> Page {
        let response = self.harness.app.clone().oneshot(request).await.unwrap();
        let headers = response.headers().clone();
        let Reply { status, body } = Reply::read(response).await;
        Page { status, headers, html: String::from_utf8(body).unwrap() }
    }

    async fn get(&self, path: &str, cookie: &str) -> Page {
        self.send(Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, cookie: &str, form: &str) -> Page {
        self.post_from(path, cookie, form, "same-origin").await
    }

    /// The form with the token that a page of the cookie's owner gives it.
    async fn post_from(&self, path: &str, cookie: &str, form: &str, site: &str) -> Page {
        let secret = cookie.split_once('=').map_or("", |(_, secret)| secret);
        let jeton = DigestMethod::Sha256.digest(format!("formulaire:{secret}").as_bytes());
        self.post_bare(path, cookie, &format!("jeton={}&{form}", URL_SAFE_NO_PAD.encode(jeton)), site).await
    }

    async fn post_bare(&self, path: &str, cookie: &str, form: &str, site: &str) -> Page {
        let request = Request::post(path)
            .header("cookie", cookie)
            .header("sec-fetch-site", site)
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// A new access code, as the person notes it.
    async fn code(&self) -> String {
        let page = self.post("/dossier/partage/code", &self.session, "").await;
        assert_eq!(page.status, StatusCode::OK);
        let shown = page.html.split("id=\"code-acces\">").nth(1).unwrap().split("</p>").next().unwrap();
        let groups =
            shown.split('>').filter_map(|rest| rest.split('<').next()).filter(|text| !text.is_empty());
        groups.collect::<Vec<_>>().join(" ")
    }

    fn claims(&self) -> Value {
        let exp = (self.harness.now() + SignedDuration::from_mins(2)).as_second();
        json!({"iss": "autre", "sub": "elle", "aud": "https://localhost:8443", "exp": exp, "jti": "une-fois"})
    }

    /// The cookie of a request that was taken.
    async fn arrive(&self, jti: &str) -> String {
        let mut claims = self.claims();
        claims["jti"] = jti.into();
        let answer = self.get(&format!("/liaison?jws={}", signed(&claims)), "").await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/liaison"));
        answer.cookie().unwrap()
    }

    fn proof(&self, code: &str) -> String {
        format!("numero={}&code={}&accord=oui", self.dossier, code.replace(' ', "+"))
    }

    /// What ConsulterDossierPA answers `autre` for its user.
    async fn seen_by_the_other(&self) -> Vec<String> {
        self.harness.ask_as(&pki().second, &consultation_of(&[(&self.dossier, "elle")])).await.codes()
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn compact(signer: &TestIdentity, header: &Value, claims: &str) -> String {
    let certificate = Certificate::parse(&signer.certificate_der).unwrap();
    let key = SigningKey::from_pem(signer.key_pem.as_bytes()).unwrap();
    let signed = format!("{}.{}", part(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = Identity::new(key, certificate).unwrap().sign_rs256(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn signed(claims: &Value) -> String {
    compact(&pki().second, &json!({"alg": "RS256"}), &claims.to_string())
}

#[tokio::test]
async fn a_person_links_their_dossier_to_a_second_partner_and_takes_it_back() {
    let scene = Scene::new(false).await;
    assert_eq!(scene.seen_by_the_other().await, ["110"]);
    let code = scene.code().await;
    let cookie = scene.arrive("a").await;
    let question = scene.get("/liaison", &cookie).await;
    assert_eq!(question.status, StatusCode::OK);
    assert!(question.html.contains("J’accepte que autre voie ce dossier"), "{}", question.html);
    let policy = question.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' https://autre.exemple;"), "{policy}");
    assert_eq!(scene.seen_by_the_other().await, ["110"], "asking gives nothing");

    let linked = scene.post("/liaison/preuve", &cookie, &scene.proof(&code.to_lowercase())).await;
    assert_eq!(linked.status, StatusCode::SEE_OTHER, "{}", linked.html);
    assert_eq!(linked.location(), format!("{RETOUR}&liaison=faite&IdDossier={}", scene.dossier));
    assert_eq!(scene.seen_by_the_other().await, ["999"]);
    // a double click, the back button
    let again = scene.post("/liaison/preuve", &cookie, &scene.proof(&code)).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);

    let page = scene.get("/dossier/partage", &scene.session).await;
    assert!(page.html.contains("<h3>autre</h3>") && page.html.contains("Vous venez de ce site"));
    assert!(!page.html.contains(&code[..4]), "a code is shown once");
    let question = scene.get("/dossier/partage/retirer?site=autre", &scene.session).await;
    assert!(question.html.contains("Retirer l’accès de autre ?") && !question.html.contains("dernier site"));
    for _ in 0..2 {
        let done = scene.post("/dossier/partage/retirer", &scene.session, "site=autre").await;
        assert_eq!(done.status, StatusCode::OK);
        assert!(!done.html.contains("<h3>autre</h3>"));
        assert_eq!(scene.seen_by_the_other().await, ["110"]);
    }
    let last = scene.get("/dossier/partage/retirer?site=portail", &scene.session).await;
    assert!(last.html.contains("C’est le dernier site"));
    assert_eq!(
        scene.get("/dossier/partage/retirer?site=inconnu", &scene.session).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_person_who_does_not_want_it_goes_back_and_nothing_is_linked() {
    let scene = Scene::new(false).await;
    let code = scene.code().await;
    let cookie = scene.arrive("a").await;
    let refused = scene.post("/liaison/refus", &cookie, "").await;
    assert_eq!(
        (refused.status, refused.location()),
        (StatusCode::SEE_OTHER, &*format!("{RETOUR}&liaison=refusee"))
    );
    let late = scene.post("/liaison/preuve", &cookie, &scene.proof(&code)).await;
    assert_eq!(
        (late.status, scene.seen_by_the_other().await),
        (StatusCode::FORBIDDEN, vec!["110".to_owned()])
    );
}

#[tokio::test]
async fn what_was_typed_wrong_is_said_beside_the_field_and_links_nothing() {
    let scene = Scene::new(false).await;
    let code = scene.code().await;
    let cookie = scene.arrive("a").await;
    let dossier = &scene.dossier;
    let other = if dossier.starts_with('1') { "2" } else { "1" };
    let wrong_number = format!("{other}{}", &dossier[1..]);
    let table = [
        (String::new(), "doit avoir 13 chiffres"),
        (format!("numero=12&code={code}&accord=oui"), "doit avoir 13 chiffres"),
        (format!("numero={dossier}&code=abc&accord=oui"), "doit avoir 12 lettres ou chiffres"),
        (format!("numero={dossier}&code={code}"), "Cochez la case"),
        (format!("numero={dossier}&code=0000+0000+0000&accord=oui"), "Le numéro ou le code n’est pas le bon"),
        (format!("numero={wrong_number}&code={code}&accord=oui"), "Le numéro ou le code n’est pas le bon"),
    ];
    for (form, said) in table {
        let page = scene.post("/liaison/preuve", &cookie, &form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(page.html.contains(said) && page.html.contains("aria-invalid"), "{form}: {}", page.html);
        assert!(!page.html.contains(&code), "a code is never shown again");
    }
    assert_eq!(scene.seen_by_the_other().await, ["110"]);
    // three more wrong proofs end it, and the right one comes too late
    for expected in [422, 422, 403] {
        let page = scene.post("/liaison/preuve", &cookie, &scene.proof("0000 0000 0000")).await;
        assert_eq!(page.status.as_u16(), expected);
    }
    let late = scene.post("/liaison/preuve", &cookie, &scene.proof(&code)).await;
    assert_eq!(
        (late.status, scene.seen_by_the_other().await),
        (StatusCode::FORBIDDEN, vec!["110".to_owned()])
    );
}

#[tokio::test]
async fn a_request_that_does_not_hold_begins_nothing_and_a_sandbox_says_why() {
    let scene = Scene::new(true).await;
    let header = json!({"alg": "RS256"});
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = scene.claims();
        change(&mut claims);
        signed(&claims)
    };
    let text = scene.claims().to_string();
    let alg = |header: Value| compact(&pki().second, &header, &text);
    let now = scene.harness.now().as_second();
    let valid = signed(&scene.claims());
    let (front, signature) = valid.rsplit_once('.').unwrap();
    let none = format!("{}.{}.", part(&json!({"alg": "none"})), URL_SAFE_NO_PAD.encode(&text));
    let swapped = with(&|claims| claims["sub"] = "un-autre".into());
    let mixed = format!("{}.{signature}", swapped.rsplit_once('.').unwrap().0);
    let twice = text.replacen("\"sub\":", "\"sub\":\"x\",\"sub\":", 1);
    let registered = "vtpa partner set";
    let table: Vec<(&str, String, &str)> = vec![
        ("nothing", String::new(), "JWS compact"),
        ("two parts", front.to_owned(), "JWS compact"),
        ("padding", format!("{valid}="), "JWS compact"),
        ("too long", "a".repeat(9000), "JWS compact"),
        ("alg none", none, "RS256"),
        ("alg HS256", alg(json!({"alg": "HS256"})), "RS256"),
        ("alg PS256", alg(json!({"alg": "PS256"})), "RS256"),
        ("no alg", alg(json!({})), "RS256"),
        ("crit", alg(json!({"alg": "RS256", "crit": ["b64"], "b64": false})), "RS256"),
        ("a claim twice", compact(&pki().second, &header, &twice), "chacun une seule fois"),
        ("no jti", with(&|claims| drop(claims.as_object_mut().unwrap().remove("jti"))), "jti"),
        ("empty jti", with(&|claims| claims["jti"] = "".into()), "jti"),
        ("exp as text", with(&|claims| claims["exp"] = "demain".into()), "exp (un nombre)"),
        ("unknown iss", with(&|claims| claims["iss"] = "inconnu".into()), "iss doit être"),
        ("iss of another", with(&|claims| claims["iss"] = "portail".into()), "aucun certificat"),
        ("signed by another", compact(&pki().partner, &header, &text), "aucun certificat"),
        ("signature of another content", mixed, "aucun certificat"),
        ("x5t of another", alg(json!({"alg": "RS256", "x5t#S256": "AAAA"})), "aucun certificat"),
        ("another audience", with(&|claims| claims["aud"] = "https://ailleurs".into()), "adresse publique"),
        ("over", with(&|claims| claims["exp"] = (now - 61).into()), "exp est passé"),
        ("for a day", with(&|claims| claims["exp"] = (now + 86_400).into()), "cinq minutes au plus"),
        ("for ever", with(&|claims| claims["exp"] = json!(1e300)), "exp"),
        ("sub with a control", with(&|claims| claims["sub"] = "a\u{7}".into()), "IdLocal"),
        ("retour elsewhere", with(&|claims| claims["retour"] = "https://voleur.exemple/".into()), registered),
        ("retour by prefix", with(&|claims| claims["retour"] = format!("{RETOUR}&x").into()), registered),
    ];
    for (name, jws, cause) in &table {
        let page = scene.post_from("/liaison", "", &format!("jws={jws}"), "cross-site").await;
        assert_eq!((page.status, page.cookie()), (StatusCode::FORBIDDEN, None), "{name}");
        assert!(page.html.contains(cause), "{name}: {}", page.html);
    }
    // once, by GET or POST; an audience may be one of several, a way back one of those registered
    let good = with(&|claims| {
        claims["aud"] = json!(["https://ailleurs", "https://localhost:8443/"]);
        claims["retour"] = RETOUR.into();
    });
    let page = scene.post_from("/liaison", "", &format!("jws={good}"), "cross-site").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let again = scene.get(&format!("/liaison?jws={good}"), "").await;
    assert!(again.status == StatusCode::FORBIDDEN && again.html.contains("déjà servi"));
}

#[tokio::test]
async fn production_says_nothing_of_the_cause_and_a_suspended_partner_asks_in_vain() {
    let scene = Scene::new(false).await;
    let page = scene.get("/liaison?jws=a.b.c", "").await;
    assert!(page.status == StatusCode::FORBIDDEN && !page.html.contains("JWS"), "{}", page.html);
    let cookie = scene.arrive("a").await;
    let store = scene.harness.server.store();
    let suspended = store.run("suspend", |tx| {
        Box::pin(async move {
            let autre = tx.application_by_name("autre").await?.unwrap();
            tx.suspend_application(autre.id, true).await
        })
    });
    suspended.await.unwrap();
    assert_eq!(scene.get("/liaison", &cookie).await.status, StatusCode::FORBIDDEN);
    let late = scene.get(&format!("/liaison?jws={}", signed(&scene.claims())), "").await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn forms_are_taken_from_our_own_pages_and_sessions_alone() {
    let scene = Scene::new(false).await;
    let code = scene.code().await;
    let cookie = scene.arrive("a").await;
    let forms = [
        ("/liaison/preuve", &cookie, scene.proof(&code)),
        ("/liaison/refus", &cookie, String::new()),
        ("/dossier/partage/code", &scene.session, String::new()),
        ("/dossier/partage/retirer", &scene.session, "site=portail".to_owned()),
    ];
    for (path, cookie, form) in &forms {
        let elsewhere = scene.post_from(path, cookie, form, "cross-site").await;
        assert_eq!(elsewhere.status, StatusCode::FORBIDDEN, "{path} from elsewhere");
        for jeton in ["", "jeton=&", "jeton=AAAA&"] {
            let forged = scene.post_bare(path, cookie, &format!("{jeton}{form}"), "same-origin").await;
            assert_eq!(forged.status, StatusCode::FORBIDDEN, "{path} with the token {jeton:?}");
        }
        assert_eq!(
            scene.post(path, "", form).await.status,
            StatusCode::FORBIDDEN,
            "{path} without a session"
        );
    }
    assert_eq!(scene.get("/dossier/partage", "").await.status, StatusCode::FORBIDDEN);
    // nothing of it happened: the code still serves, portail still sees
    let linked = scene.post("/liaison/preuve", &cookie, &scene.proof(&code)).await;
    assert_eq!(linked.status, StatusCode::SEE_OTHER);
    assert_eq!(scene.seen_by_the_other().await, ["999"]);
}
