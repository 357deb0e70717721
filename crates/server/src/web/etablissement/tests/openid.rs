//! Entering by OpenID Connect, against a provider that lies on demand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::fournisseur::{CLIENT, Change, Fournisseur, RPPS, SECRET, SUB, Scenario, Signe, decoded, sha256};
use super::*;
use crate::config::OpenId;

const CONNEXION: &str = "/etablissement/connexion";
const DEPART: &str = "/etablissement/openid";
const UNKNOWN: &str = "votre compte n’est pas connu de cet établissement";
const NOBODY: &str = "Pro Santé Connect ne vous a pas identifié";
const INVALID: &str = "a commencé dans un autre navigateur";
const DOWN: &str = "Pro Santé Connect ne répond pas en ce moment";

/// A production server's desk with a provider, as Pro Santé Connect is configured; Anne's account is linked.
async fn desk() -> (Desk, Fournisseur) {
    configured(|_| {}).await
}

async fn configured(change: impl FnOnce(&mut OpenId)) -> (Desk, Fournisseur) {
    let now = Arc::new(Mutex::new(testkit::instant()));
    let provider = Fournisseur::start(Arc::clone(&now)).await;
    let issuer = provider.issuer();
    let desk = Desk::with(false, now, |config, directory| {
        config.openid = OpenId {
            issuer,
            metadata: "/.well-known/wallet-openid-configuration".to_owned(),
            client_id: CLIENT.to_owned(),
            client_secret: Some(SECRET.to_owned().into()),
            claim: "SubjectNameID".to_owned(),
            ca: Some(pki().ca.write(directory).0),
            ..OpenId::default()
        };
        change(&mut config.openid);
    })
    .await;
    linked(&desk, "anne", "Anne Duval", RPPS).await;
    (desk, provider)
}

/// An account whose owner never replaced the operator's password, and has no second factor.
async fn linked(desk: &Desk, login: &str, nom: &str, sujet: &str) -> CompteId {
    let hash = bureau::hash(PASSWORD, &mut testkit::rng(1)).unwrap();
    let nouveau = &NouveauCompte {
        etablissement: GLYCINES,
        login,
        nom,
        sujet: Some(sujet),
        mot_de_passe: &hash,
        provisoire: Some(bureau::PROVISIONAL),
    };
    desk.store.run("account", |tx| Box::pin(async move { tx.add_compte(nouveau).await })).await.unwrap()
}

impl Desk {
    /// To the provider; gives its address.
    async fn departs(&self, browser: &mut Browser) -> String {
        let answer = self.get(browser, DEPART).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.html);
        answer.header("location").to_owned()
    }

    /// Back from it: by another site's page, so that the desk's own cookies do not come along.
    async fn returns(&self, browser: &mut Browser, path: &str) -> Answer {
        let strict = browser.0.extract_if(.., |(name, _)| name != "__Host-openid").collect::<Vec<_>>();
        let answer = self.get(browser, path).await;
        let given: Vec<String> = browser.0.iter().map(|(name, _)| name.clone()).collect();
        browser.0.extend(strict.into_iter().filter(|(name, _)| !given.contains(name)));
        answer
    }

    async fn signs_in(&self, browser: &mut Browser, provider: &Fournisseur) -> Answer {
        let address = self.departs(browser).await;
        self.returns(browser, &provider.authorize(&address)).await
    }

    async fn is_in(&self, browser: &Browser) -> bool {
        let answer = self.get(&mut browser.clone(), "/etablissement").await;
        assert!(answer.status == StatusCode::OK || answer.outcome() == (303, CONNEXION), "{}", answer.html);
        answer.status == StatusCode::OK
    }

    /// What the trail has of entering, in its order.
    async fn trail(&self) -> Vec<String> {
        self.server.traced().await;
        use sqlx::{Connection as _, Row as _};
        let url = format!("sqlite:{}", self.directory.path().join("vtpa.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let sql = "SELECT compte, action, detail FROM trace WHERE action LIKE 'connexion%' ORDER BY id";
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        let text =
            |row: &sqlx::sqlite::SqliteRow, at: usize| row.get::<Option<String>, _>(at).unwrap_or_default();
        rows.iter().map(|row| format!("{} {} {}", text(row, 0), text(row, 1), text(row, 2))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_at_the_provider_is_at_the_desk_without_password_or_second_factor() {
    let (desk, provider) = desk().await;
    let mut browser = Browser::default();
    let door = desk.get(&mut browser, CONNEXION).await;
    assert!(door.html.contains(
        "<a class=\"bouton\" href=\"/etablissement/openid\">S’identifier avec Pro Santé Connect</a>"
    ));
    assert!(door.html.contains("name=\"mot_de_passe\""), "a password does, too");

    let left = desk.get(&mut browser, DEPART).await;
    let address = left.header("location").to_owned();
    let cookie = left.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-openid=") && cookie.ends_with("; SameSite=Lax; Max-Age=300"),
        "{cookie}"
    );
    let asked = decoded(address.split_once('?').unwrap().1);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", "https://localhost:8443/etablissement/openid/retour"),
        ("scope", "openid scope_all"),
        ("acr_values", "eidas1"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    assert!(!address.contains(secret) && !address.contains("geheim"));

    let back = desk.returns(&mut browser, &provider.authorize(&address)).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.html);
    // the browser goes on by itself, from this page of ours: then it sends the desk's cookie
    assert!(back.html.contains("<meta http-equiv=\"refresh\" content=\"0; url=/etablissement\">"));
    assert!(back.html.contains("<a class=\"bouton\" href=\"/etablissement\">Ouvrir le bureau</a>"));
    let given: Vec<_> = back.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    assert!(
        given.iter().any(|one| one.starts_with("__Host-bureau=") && one.contains("SameSite=Strict")),
        "{given:?}"
    );

    assert!(
        desk.is_in(&browser).await,
        "though the password is the operator's and there is no second factor"
    );
    let page = desk.get(&mut browser, "/etablissement").await;
    assert!(page.html.contains("Anne Duval") && page.html.contains("EHPAD Les Glycines"));
    let form = provider.last_form();
    assert_eq!(URL_SAFE_NO_PAD.encode(sha256(&form["code_verifier"])), asked["code_challenge"]);
    assert_eq!(desk.trail().await, [format!("{GLYCINES} anne connexion.ouverte OpenID Connect")]);
}

type Lie = fn(&mut Scenario);

/// What is configured otherwise.
type Otherwise = fn(&mut OpenId);

/// A claim of the id_token is this; null: it is missing.
fn says(scenario: &mut Scenario, name: &'static str, value: Value) {
    scenario.claims = Some(Box::new(move |claims| {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }));
}

fn seconds(from_now: i64) -> Value {
    (testkit::instant().as_second() + from_now).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_did_not_say_lets_nobody_in() {
    let (desk, provider) = desk().await;
    // what is wrong, what the trail says of it
    let lies: &[(&str, Lie, &str)] = &[
        ("another issuer", |it| says(it, "iss", json!("https://ailleurs.exemple")), "iss is not"),
        ("another client", |it| says(it, "aud", json!("autre")), "aud is not"),
        ("two clients", |it| says(it, "aud", json!([CLIENT, "autre"])), "aud is not"),
        ("issued to another", |it| says(it, "azp", json!("autre")), "azp is not"),
        ("over", |it| says(it, "exp", seconds(-61)), "exp is over"),
        ("no end", |it| says(it, "exp", Value::Null), "lacks a claim"),
        ("of yesterday", |it| says(it, "iat", seconds(-86_400)), "iat is too long ago"),
        ("of tomorrow", |it| says(it, "iat", seconds(86_400)), "iat is too long ago"),
        ("another sign-in's", |it| says(it, "nonce", json!("A".repeat(43))), "nonce is not"),
        ("no sign-in's", |it| says(it, "nonce", Value::Null), "nonce is not"),
        ("a password alone", |it| says(it, "acr", json!("eidas0")), "acr is none"),
        ("no level", |it| says(it, "acr", Value::Null), "acr is none"),
        ("another access token", |it| says(it, "at_hash", json!("A".repeat(22))), "at_hash is not"),
        ("unsigned", |it| it.signe = Signe::Sans, "not signed by RS256"),
        ("the public key as a secret", |it| it.signe = Signe::Hmac, "not signed by RS256"),
        ("another key", |it| it.signe = Signe::Autre, "signature does not hold"),
        ("a key that came along", |it| it.signe = Signe::Incluse, "signature does not hold"),
        ("a key that nobody has", |it| it.signe = Signe::Inconnue, "no key that the provider has"),
        ("changed on the way", |it| it.signe = Signe::Puis, "signature does not hold"),
        (
            "userinfo of another",
            |it| it.userinfo = Some(Box::new(|info| info["sub"] = "f:550dc1c8:8".into())),
            "userinfo is of another subject",
        ),
        (
            "userinfo of nobody",
            |it| it.userinfo = Some(Box::new(|info| *info = json!({"SubjectNameID": RPPS}))),
            "userinfo is of another subject",
        ),
        (
            "no such claim",
            |it| it.userinfo = Some(Box::new(|info| *info = json!({"sub": SUB}))),
            "the claim of openid.claim is missing",
        ),
        (
            "a list for a name",
            |it| it.userinfo = Some(Box::new(|info| info["SubjectNameID"] = json!([RPPS]))),
            "the claim of openid.claim is missing",
        ),
        (
            "a code that it does not know",
            |it| it.tokens = Some((400, json!({"error": "invalid_grant"}).to_string())),
            "does not know the code",
        ),
    ];
    for (position, (what, lie, told)) in lies.iter().enumerate() {
        let mut scenario = Scenario::default();
        lie(&mut scenario);
        provider.does(scenario);
        let mut browser = Browser::default();
        let answer = desk.signs_in(&mut browser, &provider).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}: {}", answer.html);
        assert!(answer.html.contains(NOBODY), "{what}: {}", answer.html);
        assert!(!answer.html.contains(told), "{what}: the page does not say why");
        assert!(!desk.is_in(&browser).await, "{what}");
        let trail = desk.trail().await;
        assert_eq!(trail.len(), position + 1, "{what}");
        let last = trail.last().unwrap();
        assert!(
            last.starts_with("(OpenID Connect) connexion.refusee") && last.contains(told),
            "{what}: {last}"
        );
        assert!(!last.contains("899700"), "{what}: whom it was about is not told: {last}");
    }
    provider.does(Scenario::default());
    let mut browser = Browser::default();
    desk.signs_in(&mut browser, &provider).await;
    assert!(desk.is_in(&browser).await, "the truth does");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_serves_once_in_its_own_browser_and_in_time() {
    let (desk, provider) = desk().await;
    let (mut mine, mut other) = (Browser::default(), Browser::default());
    let address = desk.departs(&mut mine).await;
    desk.departs(&mut other).await;
    let back = provider.authorize(&address);
    let refused = async |browser: &mut Browser, path: &str, why: &str| {
        let answer = desk.returns(browser, path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{why}");
        assert!(answer.html.contains(INVALID), "{why}: {}", answer.html);
        assert!(!desk.is_in(browser).await, "{why}");
    };
    refused(&mut other, &back, "another browser's").await;
    refused(&mut Browser::default(), &back, "of a browser that never left").await;
    let state = back.split_once("&state=").unwrap().1;
    for (path, why) in [
        ("/etablissement/openid/retour".to_owned(), "nothing"),
        ("/etablissement/openid/retour?code=code/1".to_owned(), "no state"),
        (back.replace(state, ""), "an empty state"),
        (back.replace(state, &"A".repeat(43)), "a state that was never given"),
        (format!("{back}&state={state}"), "two states"),
    ] {
        refused(&mut mine, &path, why).await;
    }
    assert_eq!(provider.count("/token"), 0, "none of these codes went anywhere");
    // what strangers tried does not keep the right one out
    assert_eq!(desk.returns(&mut mine, &back).await.status, StatusCode::OK);
    assert!(desk.is_in(&mine).await);
    let mut again = Browser(mine.0.iter().filter(|(name, _)| name == "__Host-openid").cloned().collect());
    refused(&mut again, &back, "used up").await;
    assert_eq!(provider.count("/token"), 1);

    let mut late = Browser::default();
    let back = provider.authorize(&desk.departs(&mut late).await);
    desk.execute("UPDATE openid_depart SET expire_le = expire_le - 300001");
    refused(&mut late, &back, "six minutes later").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_of_one_browser_do_not_disturb_each_other() {
    let (desk, provider) = desk().await;
    let mut browser = Browser::default();
    let (first, second) = (desk.departs(&mut browser).await, desk.departs(&mut browser).await);
    for address in [second, first] {
        let mut window = browser.clone();
        desk.returns(&mut window, &provider.authorize(&address)).await;
        assert!(desk.is_in(&window).await);
    }
}

/// Someone brings another's code into their own sign-in, or their own into another's (RFC 9700 §4.5).
#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_sign_in_lets_nobody_in() {
    let (desk, provider) = desk().await;
    for (sans_pkce, told) in
        [(false, "does not know the code"), (true, "nonce is not the one of this sign-in")]
    {
        provider.does(Scenario { sans_pkce, ..Scenario::default() });
        let (mut victim, mut thief) = (Browser::default(), Browser::default());
        let stolen = provider.authorize(&desk.departs(&mut victim).await);
        let own = provider.authorize(&desk.departs(&mut thief).await);
        let mixed = format!(
            "{}&state={}",
            stolen.split_once("&state=").unwrap().0,
            own.split_once("&state=").unwrap().1
        );
        let answer = desk.returns(&mut thief, &mixed).await;
        assert!(answer.html.contains(NOBODY), "{}", answer.html);
        assert!(!desk.is_in(&thief).await, "provider without PKCE: {sans_pkce}");
        assert!(desk.trail().await.last().unwrap().contains(told));
        // the code is used up by the attempt: its owner begins anew
        assert!(desk.returns(&mut victim, &stolen).await.html.contains(NOBODY));
    }
}

/// RFC 9207: an answer says whose it is, and is given to nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_issuer_goes_nowhere() {
    let (desk, provider) = desk().await;
    let own = decoded(&format!("x={}", provider.issuer())).remove("x").unwrap();
    let ailleurs = "https://ailleurs.exemple";
    for (said, required, let_in) in [
        (Some(ailleurs), false, false),
        (Some(own.as_str()), false, true),
        (None, true, false),
        (None, false, true),
    ] {
        provider.does(Scenario {
            metadata: Some(Box::new(move |all| {
                all["authorization_response_iss_parameter_supported"] = required.into();
            })),
            ..Scenario::default()
        });
        desk.later(3601); // the metadata are asked for again
        let before = provider.count("/token");
        let mut browser = Browser::default();
        let back = provider.authorize(&desk.departs(&mut browser).await);
        let iss = said.map_or_else(String::new, |iss| format!("&iss={}", percent(iss)));
        desk.returns(&mut browser, &format!("{back}{iss}")).await;
        assert_eq!(desk.is_in(&browser).await, let_in, "{said:?} {required}");
        assert_eq!(provider.count("/token"), before + usize::from(let_in), "the code stays here");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_disabled_are_one_page_and_whom_the_provider_names_is_not_shown() {
    let (desk, provider) = desk().await;
    let named = |sujet: &'static str| {
        provider.does(Scenario {
            userinfo: Some(Box::new(move |info| info["SubjectNameID"] = sujet.into())),
            ..Scenario::default()
        });
    };
    let closed = linked(&desk, "bruno", "Bruno Petit", "800000000001").await;
    desk.store
        .run("close", |tx| Box::pin(async move { tx.disable_compte(closed, true).await }))
        .await
        .unwrap();
    let mut pages = Vec::new();
    // neither another's number with a space, nor in other letters
    for sujet in ["800000000001", "800000000009", "8997002188960", "899700218896\u{a0}", "*"] {
        named(sujet);
        let mut browser = Browser::default();
        let answer = desk.signs_in(&mut browser, &provider).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{sujet}");
        assert!(!desk.is_in(&browser).await, "{sujet}");
        pages.push(answer.html);
    }
    assert!(pages[3].contains(NOBODY), "with a space at its end it is no subject");
    pages.remove(3);
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert!(pages[0].contains(UNKNOWN) && !pages[0].contains("8000000") && !pages[0].contains("Bruno"));
    let trail = desk.trail().await;
    assert_eq!(trail[0], format!("{GLYCINES} bruno connexion.refusee OpenID Connect: disabled"));
    assert_eq!(trail[1], "(OpenID Connect) connexion.refusee OpenID Connect: the subject is of no account");
    // the person said no, or the provider could not tell who it is
    let mut browser = Browser::default();
    let state =
        provider.authorize(&desk.departs(&mut browser).await).split_once("&state=").unwrap().1.to_owned();
    let path =
        format!("/etablissement/openid/retour?error=access_denied&error_description=%3Cb%3E&state={state}");
    let answer = desk.returns(&mut browser, &path).await;
    assert!(
        answer.html.contains(NOBODY)
            && !answer.html.contains("<b>")
            && !answer.html.contains("access_denied")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_provider_does_not_answer_a_password_still_does() {
    let now = Arc::new(Mutex::new(testkit::instant()));
    let provider = Fournisseur::start(now).await;
    let elsewhere =
        |change: fn(&mut Value)| Scenario { metadata: Some(Box::new(change)), ..Scenario::default() };
    let down: Vec<(&str, Otherwise, Scenario)> = vec![
        ("nobody listens", |openid| openid.issuer = "https://localhost:9".to_owned(), Scenario::default()),
        ("no such page", |openid| openid.metadata = "/rien".to_owned(), Scenario::default()),
        (
            "another authority's certificate",
            |openid| {
                let file = openid.ca.as_ref().unwrap().parent().unwrap().to_owned();
                openid.ca = Some(pki().other_ca.write(&file).0);
            },
            Scenario::default(),
        ),
        ("a certificate of other authorities than browsers'", |openid| openid.ca = None, Scenario::default()),
        ("another issuer", |_| {}, elsewhere(|all| all["issuer"] = "https://localhost".into())),
        ("tokens in clear", |_| {}, elsewhere(|all| all["token_endpoint"] = "http://localhost/token".into())),
        ("keys from a file", |_| {}, elsewhere(|all| all["jwks_uri"] = "file:///etc/passwd".into())),
        ("no keys", |_| {}, elsewhere(|all| drop(all.as_object_mut().unwrap().remove("jwks_uri")))),
        ("too much", |_| {}, elsewhere(|all| all["padding"] = "x".repeat(300_000).into())),
        ("no object", |_| {}, elsewhere(|all| *all = json!([]))),
    ];
    for (what, change, scenario) in down {
        let issuer = provider.issuer();
        provider.does(scenario);
        let (desk, _own) = configured(|openid| {
            openid.issuer = issuer;
            change(openid);
        })
        .await;
        let mut browser = Browser::default();
        let answer = desk.get(&mut browser, DEPART).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{what}: {:?}", answer.outcome());
        assert!(answer.html.contains(DOWN) && answer.html.contains("avec votre mot de passe"), "{what}");
        desk.account(LAVANDES, "chloe", "Chloé Roux").await;
        let entered = desk.login(&mut browser, "chloe", PASSWORD).await;
        assert_eq!(entered.outcome(), (303, "/etablissement"), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_token_endpoint_that_is_none_is_the_provider_s_fault() {
    let (desk, provider) = desk().await;
    for (status, body) in [
        (500, "<html>".to_owned()),
        (200, "<html>".to_owned()),
        (200, json!({"access_token": "a"}).to_string()),
        (302, String::new()),
        (401, json!({"error": "invalid_client"}).to_string()),
        (400, json!({"error": "unauthorized_client"}).to_string()),
        (200, "x".repeat(300_000)),
    ] {
        provider.does(Scenario { tokens: Some((status, body.clone())), ..Scenario::default() });
        let mut browser = Browser::default();
        let answer = desk.signs_in(&mut browser, &provider).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{status} {body:.40}");
        assert!(answer.html.contains(DOWN) && !desk.is_in(&browser).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_come_are_taken_up_and_asked_for_no_more_often_than_every_half_minute() {
    let (desk, provider) = desk().await;
    let renamed =
        || -> Option<Change> { Some(Box::new(|set: &mut Value| set["keys"][1]["kid"] = "autre".into())) };
    let let_in = async || {
        let mut browser = Browser::default();
        desk.signs_in(&mut browser, &provider).await;
        desk.is_in(&browser).await
    };
    provider.does(Scenario { keys: renamed(), ..Scenario::default() });
    assert!(!let_in().await, "the provider has no key of this name");
    assert_eq!(provider.count("/certs"), 1);
    provider.does(Scenario::default());
    for _ in 0..3 {
        assert!(!let_in().await, "its keys were asked for a moment ago");
    }
    assert_eq!(provider.count("/certs"), 1);
    desk.later(31);
    assert!(let_in().await, "the new one is there");
    assert_eq!(provider.count("/certs"), 2);
    for _ in 0..3 {
        assert!(let_in().await);
    }
    assert_eq!((provider.count("/certs"), provider.count("-configuration")), (2, 1), "both are remembered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_whose_keys_cannot_be_had_is_left_alone_for_five_seconds() {
    let (desk, provider) = desk().await;
    let tried = async || {
        let mut browser = Browser::default();
        let status = desk.signs_in(&mut browser, &provider).await.status;
        (status.as_u16(), desk.is_in(&browser).await)
    };
    provider.does(Scenario { keys: Some(Box::new(|set| *set = json!([]))), ..Scenario::default() });
    assert_eq!(tried().await, (503, false));
    provider.does(Scenario::default());
    assert_eq!(tried().await, (503, false), "it was asked a moment ago");
    assert_eq!(provider.count("/certs"), 1);
    desk.later(5);
    assert_eq!(tried().await, (200, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_that_differ_are_understood() {
    type Different = (&'static str, Otherwise, Lie, usize);
    let rows: [Different; 6] = [
        ("PS256", |_| {}, |it| it.signe = Signe::Ps256, 1),
        ("ES256", |_| {}, |it| it.signe = Signe::Es256, 1),
        (
            "the secret in the form",
            |_| {},
            |it| {
                it.metadata = Some(Box::new(|all| {
                    all["token_endpoint_auth_methods_supported"] =
                        json!(["private_key_jwt", "client_secret_post"]);
                }));
            },
            1,
        ),
        ("the claim in the id_token", |_| {}, |it| says(it, "SubjectNameID", json!(RPPS)), 0),
        ("sub", |openid| openid.claim = "sub".to_owned(), |it| says(it, "sub", json!(RPPS)), 0),
        ("one of two levels", |openid| openid.acr_values = "eidas2 eidas1".to_owned(), |_| {}, 1),
    ];
    for (what, change, scenario, userinfo) in rows {
        let (desk, provider) = configured(change).await;
        let mut does = Scenario::default();
        scenario(&mut does);
        provider.does(does);
        let mut browser = Browser::default();
        let answer = desk.signs_in(&mut browser, &provider).await;
        assert!(desk.is_in(&browser).await, "{what}: {}", answer.html);
        assert_eq!(provider.count("/userinfo"), userinfo, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_provider_is_the_only_way_passwords_are_none() {
    let (desk, provider) = configured(|openid| openid.only = true).await;
    desk.account(LAVANDES, "chloe", "Chloé Roux").await;
    let mut browser = Browser::default();
    let door = desk.get(&mut browser, CONNEXION).await;
    assert!(
        door.html.contains("/etablissement/openid") && !door.html.contains("mot_de_passe"),
        "{}",
        door.html
    );
    let fields = [("jeton", "x"), ("identifiant", "chloe"), ("mot_de_passe", PASSWORD)];
    let answer = desk.post(&mut browser, CONNEXION, &fields).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!desk.is_in(&browser).await);
    desk.signs_in(&mut browser, &provider).await;
    assert!(desk.is_in(&browser).await);
    // a session of before is over
    desk.execute("UPDATE session_bureau SET par_openid = 0");
    assert!(!desk.is_in(&browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_out_here_and_may_leave_the_provider_too() {
    let (desk, provider) = desk().await;
    let mut browser = Browser::default();
    desk.signs_in(&mut browser, &provider).await;
    let kept = browser.clone();
    let jeton = desk.get(&mut browser, "/etablissement").await.field("jeton");
    let left = desk.post(&mut browser, "/etablissement/deconnexion", &[("jeton", &jeton)]).await;
    assert!(!desk.is_in(&kept).await, "{}", left.html);
    let link =
        left.html.split("<a href=\"").find(|rest| rest.contains("Se déconnecter aussi de Pro Santé Connect"));
    let address = link.unwrap().split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let (place, query) = address.split_once('?').unwrap();
    assert_eq!(place, format!("{}/logout", provider.issuer()));
    let query = decoded(query);
    assert_eq!(query["client_id"], CLIENT);
    assert_eq!(query["post_logout_redirect_uri"], "https://localhost:8443/etablissement/connexion");
    // who came by password was never there
    desk.account(LAVANDES, "chloe", "Chloé Roux").await;
    let mut browser = Browser::default();
    desk.login(&mut browser, "chloe", PASSWORD).await;
    let jeton = desk.get(&mut browser, "/etablissement/second-facteur").await.field("jeton");
    let left = desk.post(&mut browser, "/etablissement/deconnexion", &[("jeton", &jeton)]).await;
    assert!(left.html.contains("Vous avez quitté le bureau") && !left.html.contains("/logout"));
}

/// A session's name that somebody planted is not the one that is entered by.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_new_for_whoever_enters() {
    let (desk, provider) = desk().await;
    desk.account(GLYCINES, "bruno", "Bruno Petit").await;
    let mut thief = Browser::default();
    desk.login(&mut thief, "bruno", PASSWORD).await;
    let planted = thief.0.iter().find(|(name, _)| name == "__Host-bureau").unwrap().clone();
    // a browser that sends the cookie all the same
    let mut browser = Browser::default();
    let back = provider.authorize(&desk.departs(&mut browser).await);
    browser.0.push(planted.clone());
    desk.get(&mut browser, &back).await;
    assert!(desk.is_in(&browser).await);
    assert!(!browser.0.contains(&planted), "{:?}", browser.0.len());
    assert!(!desk.is_in(&thief).await, "and the planted one is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_sends_nobody_to_the_provider_and_one_address_not_without_end() {
    let (mut desk, provider) = desk().await;
    let request = Request::get(DEPART).header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    let answer = desk.send(&mut Browser::default(), request).await;
    assert_eq!(answer.outcome(), (303, CONNEXION));
    for _ in 0..60 {
        desk.departs(&mut Browser::default()).await;
    }
    let waits = desk.get(&mut Browser::default(), DEPART).await;
    assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(waits.html.contains("Attendez"));
    let forged = format!("/etablissement/openid/retour?code=x&state={}", "A".repeat(43));
    assert_eq!(desk.get(&mut Browser::default(), &forged).await.status, StatusCode::TOO_MANY_REQUESTS);
    desk.address = "198.51.100.7";
    for _ in 0..70 {
        let mut browser = Browser::default();
        desk.signs_in(&mut browser, &provider).await;
        assert!(desk.is_in(&browser).await, "who enters is not counted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_that_is_unlinked_is_out_at_once() {
    let (desk, provider) = desk().await;
    let mut browser = Browser::default();
    desk.signs_in(&mut browser, &provider).await;
    assert!(desk.is_in(&browser).await);
    desk.store
        .run("unlink", |tx| {
            Box::pin(async move {
                let compte = tx.compte_by_login("anne").await?.unwrap();
                tx.set_sujet(compte.id, None).await
            })
        })
        .await
        .unwrap();
    assert!(!desk.is_in(&browser).await);
    let answer = desk.signs_in(&mut browser, &provider).await;
    assert!(answer.html.contains(UNKNOWN));
}
