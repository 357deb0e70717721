//! Entering: passwords, delays, the second factor, sessions.

use super::*;

const CONNEXION: &str = "/etablissement/connexion";

#[tokio::test(flavor = "multi_thread")]
async fn unknown_disabled_and_wrong_are_one_answer() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let closed = desk.account(GLYCINES, "bruno", "Bruno Petit").await;
    desk.store
        .run("disable", |tx| Box::pin(async move { tx.disable_compte(closed, true).await }))
        .await
        .unwrap();
    let mut pages = Vec::new();
    for (login, password) in [
        ("personne", PASSWORD),
        ("anne", "un autre mot de passe"),
        ("anne", ""),
        ("bruno", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ] {
        let mut browser = Browser::default();
        let answer = desk.login(&mut browser, login, password).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{login}");
        assert_eq!(desk.get(&mut browser, "/etablissement").await.outcome(), (303, CONNEXION));
        let typed = format!("value=\"{}\"", login.replace('\'', "&#39;"));
        pages.push(answer.html.replace(&answer.field("jeton"), "").replace(&typed, ""));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert!(pages[0].contains("n’est pas le bon"));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_make_wait_and_a_browser_that_entered_before_is_not_kept_out_by_strangers() {
    let mut desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let mut own = desk.entered("anne").await;
    own.0.retain(|(name, _)| name != "__Host-bureau");
    let mut stranger = Browser::default();
    desk.address = "198.51.100.7";
    for _ in 0..5 {
        assert_eq!(desk.login(&mut stranger, "anne", "faux faux faux").await.status, StatusCode::FORBIDDEN);
    }
    let waits = desk.login(&mut stranger, "anne", PASSWORD).await;
    assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS, "even with the right one");
    assert!(waits.html.contains("Attendez 1 seconde") || waits.html.contains("Attendez 2 secondes"));
    desk.address = "192.0.2.1";
    let mut elsewhere = Browser::default();
    assert_eq!(desk.login(&mut elsewhere, "anne", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(desk.login(&mut own, "anne", PASSWORD).await.outcome(), (303, "/etablissement"));
    assert_eq!(
        desk.login(&mut stranger, "bruno", "faux").await.status,
        StatusCode::FORBIDDEN,
        "others are not"
    );
    // the wait ends: a minute at most, whatever strangers do
    desk.execute("UPDATE essai SET dernier_le = dernier_le - 60000");
    assert_eq!(desk.login(&mut elsewhere, "anne", PASSWORD).await.outcome(), (303, "/etablissement"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_waits_after_thirty_failures_whatever_the_logins() {
    let mut desk = Desk::sandbox().await;
    let mut browser = Browser::default();
    for number in 0..30 {
        let answer = desk.login(&mut browser, &format!("login{number}"), "faux").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{number}");
    }
    assert_eq!(desk.login(&mut browser, "autre", "faux").await.status, StatusCode::TOO_MANY_REQUESTS);
    desk.address = "198.51.100.7";
    assert_eq!(desk.login(&mut browser, "autre", "faux").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_operator_s_password_to_the_desk() {
    let desk = Desk::production().await;
    let hash = bureau::hash("k7wd-m2xq-provisoire", &mut testkit::rng(1)).unwrap();
    let nouveau = &NouveauCompte {
        etablissement: GLYCINES,
        login: "anne",
        nom: "Anne Duval",
        sujet: None,
        mot_de_passe: &hash,
        provisoire: Some(bureau::PROVISIONAL),
    };
    let id = desk.store.run("add", |tx| Box::pin(async move { tx.add_compte(nouveau).await })).await.unwrap();
    let mut browser = Browser::default();
    desk.login(&mut browser, "Anne ", "k7wd-m2xq-provisoire").await;
    // nothing opens before both steps are done
    for path in ["/etablissement", "/etablissement/compte", "/etablissement/second-facteur"] {
        assert_eq!(
            desk.get(&mut browser, path).await.outcome(),
            (303, "/etablissement/mot-de-passe"),
            "{path}"
        );
    }
    let path = "/etablissement/mot-de-passe";
    for (fields, words) in [
        (["k7wd-m2xq-provisoire", "court", "court"], "au moins 12"),
        (["k7wd-m2xq-provisoire", PASSWORD, "quatre mots"], "pas le même"),
        (["k7wd-m2xq-provisoire", "k7wd-m2xq-provisoire", "k7wd-m2xq-provisoire"], "différent de l’actuel"),
        (["un autre", PASSWORD, PASSWORD], "pas votre mot de passe actuel"),
    ] {
        let [actuel, nouveau, encore] = fields;
        let answer = desk
            .fill(&mut browser, path, &[("actuel", actuel), ("nouveau", nouveau), ("encore", encore)])
            .await;
        assert!(answer.status.is_client_error() && answer.html.contains(words), "{words}: {}", answer.html);
        assert!(answer.html.contains("<title>Erreur : ") && answer.html.contains("aria-invalid=\"true\""));
    }
    let fields = [("actuel", "k7wd-m2xq-provisoire"), ("nouveau", PASSWORD), ("encore", PASSWORD)];
    assert_eq!(desk.fill(&mut browser, path, &fields).await.status, StatusCode::SEE_OTHER);
    let setup = "/etablissement/second-facteur";
    assert_eq!(desk.get(&mut browser, "/etablissement").await.outcome(), (303, setup));
    let page = desk.get(&mut browser, setup).await;
    let key = page.html.split("class=\"cle\">").nth(1).unwrap().split("</strong>").next().unwrap();
    let key: String = key.split('>').filter_map(|part| part.split('<').next()).collect();
    let secret = SecretTotp::from_base32(&key).unwrap();
    let svg = desk.get(&mut browser, "/etablissement/second-facteur/qr.svg").await;
    assert_eq!((svg.status, svg.header("content-type")), (StatusCode::OK, "image/svg+xml"));
    assert_eq!(svg.html, bureau::qr(&secret.uri("anne")).unwrap(), "the image holds the key that is written");
    assert_eq!(desk.fill(&mut browser, setup, &[("code", "000000")]).await.status, StatusCode::FORBIDDEN);
    let before = browser.clone();
    let code = desk.code(&secret);
    assert_eq!(desk.fill(&mut browser, setup, &[("code", &code)]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.get(&mut browser, "/etablissement").await.status, StatusCode::OK);
    assert_eq!(
        desk.get(&mut before.clone(), "/etablissement").await.outcome(),
        (303, CONNEXION),
        "the session goes on under another cookie"
    );
    let stored = desk.store.read(move |reader| Box::pin(async move { reader.compte(id).await }));
    assert!(stored.await.unwrap().unwrap().entre_le.is_some());
}

async fn with_second_factor(desk: &Desk) -> SecretTotp {
    let id = desk.account(GLYCINES, "anne", "Anne Duval").await;
    let secret = SecretTotp::draw(&mut testkit::rng(7));
    let text = dossier::Prive::new(secret.base32());
    let kept = &text;
    desk.store
        .run("totp", |tx| Box::pin(async move { tx.set_second_facteur(id, kept, 0).await }))
        .await
        .unwrap();
    secret
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_used_once() {
    let desk = Desk::production().await;
    let secret = with_second_factor(&desk).await;
    let (mut first, mut second) = (Browser::default(), Browser::default());
    for browser in [&mut first, &mut second] {
        desk.login(browser, "anne", PASSWORD).await;
        assert_eq!(desk.get(browser, "/etablissement").await.outcome(), (303, "/etablissement/code"));
    }
    let code = desk.code(&secret);
    let path = "/etablissement/code";
    assert_eq!(desk.fill(&mut first, path, &[("code", &code)]).await.outcome(), (303, "/etablissement"));
    let again = desk.fill(&mut second, path, &[("code", &code)]).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN, "used up by the first");
    assert!(again.html.contains("a déjà servi"));
    desk.later(-30);
    let earlier = desk.code(&secret);
    desk.later(30);
    assert_eq!(desk.fill(&mut second, path, &[("code", &earlier)]).await.status, StatusCode::FORBIDDEN);
    desk.later(30);
    let next = desk.code(&secret);
    assert_eq!(desk.fill(&mut second, path, &[("code", &next)]).await.outcome(), (303, "/etablissement"));
    assert_eq!(desk.get(&mut second, "/etablissement").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_end_the_session_and_make_wait() {
    let desk = Desk::production().await;
    let secret = with_second_factor(&desk).await;
    let mut browser = Browser::default();
    desk.login(&mut browser, "anne", PASSWORD).await;
    for _ in 0..4 {
        let answer = desk.fill(&mut browser, "/etablissement/code", &[("code", "000000")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let fifth = desk.fill(&mut browser, "/etablissement/code", &[("code", "000000")]).await;
    assert_eq!(fifth.outcome(), (303, CONNEXION));
    // the right password again gives no new tries
    desk.login(&mut browser, "anne", PASSWORD).await;
    let code = desk.code(&secret);
    let answer = desk.fill(&mut browser, "/etablissement/code", &[("code", &code)]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    desk.execute("UPDATE essai SET dernier_le = dernier_le - 2000");
    let answer = desk.fill(&mut browser, "/etablissement/code", &[("code", &code)]).await;
    assert_eq!(answer.outcome(), (303, "/etablissement"));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_sandbox_the_second_factor_can_be_put_off_and_set_up() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let mut browser = desk.entered("anne").await;
    assert_eq!(desk.get(&mut browser, "/etablissement").await.status, StatusCode::OK);
    let page = desk.get(&mut browser, "/etablissement/second-facteur").await;
    assert!(page.html.contains("Plus tard"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_s_password_is_worth_nothing_once_it_is_old() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    desk.execute("UPDATE compte SET provisoire_fin = 1");
    let answer = desk.login(&mut Browser::default(), "anne", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.html.contains("n’est plus valable"));
    let answer = desk.login(&mut Browser::default(), "anne", "faux faux faux").await;
    assert!(answer.html.contains("n’est pas le bon"), "who does not know it learns nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_seen_and_closed_by_their_owner_and_a_new_password_closes_the_others() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    desk.account(GLYCINES, "bruno", "Bruno Petit").await;
    let (mut here, mut there, mut bruno) =
        (desk.entered("anne").await, desk.entered("anne").await, desk.entered("bruno").await);
    let page = desk.get(&mut here, "/etablissement/compte").await;
    assert_eq!(page.html.matches("Firefox, Linux</h3>").count(), 1, "the other one");
    assert_eq!(page.html.matches("(cette page)").count(), 1);
    let forms: Vec<&str> = page.html.split("action=\"").filter_map(|rest| rest.split('"').next()).collect();
    let closing: Vec<_> = forms.iter().filter(|action| action.contains("/sessions/")).collect();
    assert_eq!(closing.len(), 2);
    // Bruno may not, whatever he knows
    let jeton = desk.get(&mut bruno, "/etablissement/compte").await.field("jeton");
    for action in &closing {
        desk.post(&mut bruno, action, &[("jeton", &jeton)]).await;
    }
    assert_eq!(desk.get(&mut here, "/etablissement").await.status, StatusCode::OK);
    assert_eq!(desk.get(&mut there, "/etablissement").await.status, StatusCode::OK);
    // the latest is listed first: that of the other browser
    let jeton = page.field("jeton");
    let answer = desk.post(&mut here, closing[0], &[("jeton", &jeton)]).await;
    assert_eq!(answer.outcome(), (303, "/etablissement/compte?fait=session"));
    assert_eq!(desk.get(&mut there, "/etablissement").await.outcome(), (303, CONNEXION));
    let mut third = desk.entered("anne").await;
    let fields =
        [("actuel", PASSWORD), ("nouveau", "cinq autres mots ici"), ("encore", "cinq autres mots ici")];
    desk.fill(&mut here, "/etablissement/mot-de-passe", &fields).await;
    assert_eq!(desk.get(&mut here, "/etablissement").await.status, StatusCode::OK);
    assert_eq!(desk.get(&mut third, "/etablissement").await.outcome(), (303, CONNEXION));
    assert_eq!(desk.login(&mut third, "anne", PASSWORD).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_out() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let mut browser = desk.entered("anne").await;
    let kept = browser.clone();
    let jeton = desk.get(&mut browser, "/etablissement").await.field("jeton");
    let left = desk.post(&mut browser, "/etablissement/deconnexion", &[("jeton", &jeton)]).await;
    assert!(left.html.contains("Vous avez quitté le bureau"));
    assert!(
        left.headers.get_all("set-cookie").into_iter().any(|one| one.to_str().unwrap().contains("Max-Age=0"))
    );
    assert_eq!(desk.get(&mut kept.clone(), "/etablissement").await.outcome(), (303, CONNEXION));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_thirty_minutes_and_nothing_typed_is_lost() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let mut browser = desk.entered("anne").await;
    let path = format!("/etablissement/demandes/{}", desk.demandes[0]);
    desk.get(&mut browser, &path).await;
    let form = format!("{path}/liste-attente");
    let page = desk.get(&mut browser, &form).await;
    desk.execute("UPDATE session_bureau SET vue_le = vue_le - 1800001");
    let (jeton, version) = (page.field("jeton"), page.field("version"));
    let fields = [("jeton", jeton.as_str()), ("version", &version), ("remarque", "Comptez <six> mois.")];
    let answer = desk.post(&mut browser, &form, &fields).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.html.contains("Comptez &#60;six&#62; mois."), "{}", answer.html);
    assert_eq!(desk.statut(desk.demandes[0]).await, "RECUE");
    assert_eq!(desk.get(&mut browser, &path).await.outcome(), (303, CONNEXION));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_limits_are_told_before_they_strike_and_the_button_puts_the_first_off() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let mut browser = desk.entered("anne").await;
    let page = desk.get(&mut browser, "/etablissement").await;
    let button = "action=\"/etablissement/rester\" target=\"_blank\"";
    for words in ["Si vous ne faites rien", "dans tous les cas", button] {
        assert!(page.html.contains(words), "{words}");
    }
    let jeton = page.field("jeton");
    let later = |minutes: u32| {
        let time = minutes * 60_000;
        desk.execute(&format!(
            "UPDATE session_bureau SET vue_le = vue_le - {time}, fin_le = fin_le - {time}"
        ));
    };
    for _ in 0..3 {
        later(29);
        let longer = desk.post(&mut browser, "/etablissement/rester", &[("jeton", &jeton)]).await;
        assert_eq!(longer.status, StatusCode::OK);
        assert!(longer.html.contains("Le bureau reste ouvert"));
    }
    // the last twenty minutes of ten hours
    desk.execute("UPDATE session_bureau SET fin_le = vue_le + 1200000");
    let last = desk.get(&mut browser, "/etablissement").await;
    assert!(last.html.contains("dans tous les cas. Enregistrez"));
    assert!(!last.html.contains(button), "nothing can be put off any more");
    later(20);
    let over = desk.post(&mut browser, "/etablissement/rester", &[("jeton", &jeton)]).await;
    assert_eq!(over.outcome(), (303, CONNEXION));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_longer_by_its_own_button_alone() {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    let mut browser = desk.entered("anne").await;
    let jeton = desk.get(&mut browser, "/etablissement").await.field("jeton");
    for (jeton, site) in [(jeton.as_str(), "cross-site"), ("AAAA", "same-origin"), ("", "same-origin")] {
        let answer = desk.post_from(&mut browser, "/etablissement/rester", &[("jeton", jeton)], site).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{site}");
        assert!(!answer.html.contains("reste ouvert"));
    }
}
