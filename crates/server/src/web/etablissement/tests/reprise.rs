//! How a session of the desk ends: told before, put off, and without loss of what was typed.

use super::*;

const CONNEXION: &str = "/etablissement/connexion";
const REPRISE: &str = "/etablissement/reprise";
const TEXT: &str = "Comptez <six> mois. \u{202e}é 👵 \" =1+1";
const SHOWN: &str = "Comptez &#60;six&#62; mois. \u{202e}é 👵 &#34; =1+1";

/// What a form's page gave, to be sent later.
struct Form {
    path: String,
    jeton: String,
    version: String,
}

impl Form {
    async fn open(desk: &Desk, browser: &mut Browser, action: &str) -> Self {
        let demande = format!("/etablissement/demandes/{}", desk.demandes[0]);
        desk.get(browser, &demande).await;
        let path = format!("{demande}/{action}");
        let page = desk.get(browser, &path).await;
        Self { path, jeton: page.field("jeton"), version: page.field("version") }
    }

    async fn send(&self, desk: &Desk, browser: &mut Browser) -> Answer {
        let fields = [
            ("jeton", self.jeton.as_str()),
            ("version", &self.version),
            ("motif", "2"),
            ("remarque", TEXT),
            ("confirmation", "oui"),
        ];
        desk.post(browser, &self.path, &fields).await
    }
}

async fn desk_of_two() -> Desk {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    desk.account(GLYCINES, "bruno", "Bruno Petit").await;
    desk
}

fn half_an_hour_passes(desk: &Desk) {
    desk.execute("UPDATE session_bureau SET vue_le = vue_le - 1800001");
}

/// The form that takes up again what was kept, as its page gives it.
fn taken_up(page: &Answer) -> Vec<(&'static str, String)> {
    let form = page.html.split("action=\"/etablissement/demandes/").nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    ["jeton", "reprise", "version", "motif", "remarque", "confirmation"]
        .into_iter()
        .map(|name| {
            let value = form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
            let value = value.split('"').next().unwrap();
            let plain = value.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"");
            (name, plain.replace("&#38;", "&"))
        })
        .collect()
}

async fn send_again(desk: &Desk, browser: &mut Browser, path: &str, page: &Answer) -> Answer {
    let fields = taken_up(page);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    desk.post(browser, path, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_comes_too_late_is_kept_and_sent_once_its_writer_is_back() {
    let desk = desk_of_two().await;
    let mut anne = desk.entered("anne").await;
    let form = Form::open(&desk, &mut anne, "refus").await;
    half_an_hour_passes(&desk);
    let late = form.send(&desk, &mut anne).await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    assert!(late.html.contains("est gardé une heure") && late.html.contains(SHOWN), "{}", late.html);
    assert_eq!(desk.statut(desk.demandes[0]).await, "RECUE");
    assert_eq!(desk.get(&mut anne, REPRISE).await.outcome(), (303, CONNEXION), "nobody is in");

    // sealed by what the browser alone has: the file of the database does not tell it
    let stored = std::fs::read(desk.directory.path().join("vtpa.db")).unwrap();
    assert!(!stored.windows(5).any(|bytes| bytes == b"<six>"), "the text is in the database");

    desk.login(&mut anne, "anne", PASSWORD).await;
    assert_eq!(desk.get(&mut anne, "/etablissement").await.outcome(), (303, REPRISE));
    let page = desk.get(&mut anne, REPRISE).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains(SHOWN) && page.html.contains("Soins requis non assurés"), "{}", page.html);
    crate::web::vue::tests::assert_sound("reprise-bureau", &page.html);
    let sent = send_again(&desk, &mut anne, &form.path, &page).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    assert_eq!(desk.statut(desk.demandes[0]).await, "REFUSEE");
    let stored = desk.store.dossier(&desk.dossier).await.unwrap().unwrap();
    assert_eq!(stored.demandes[0].remarque.as_ref().map(dossier::Prive::as_str), Some(TEXT));
    assert_eq!(desk.get(&mut anne, "/etablissement").await.status, StatusCode::OK, "nothing is left of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_is_the_same_account_s_in_the_same_browser_alone() {
    let desk = desk_of_two().await;
    let mut anne = desk.entered("anne").await;
    let form = Form::open(&desk, &mut anne, "liste-attente").await;
    half_an_hour_passes(&desk);
    form.send(&desk, &mut anne).await;
    // a colleague at the same machine, she herself at another
    let mut colleague = anne.clone();
    desk.login(&mut colleague, "bruno", PASSWORD).await;
    let mut elsewhere = desk.entered("anne").await;
    for browser in [&mut colleague, &mut elsewhere] {
        assert_eq!(desk.get(browser, "/etablissement").await.status, StatusCode::OK);
        assert_eq!(desk.get(browser, REPRISE).await.outcome(), (303, "/etablissement"));
    }
    // what she does not want is forgotten
    desk.login(&mut anne, "anne", PASSWORD).await;
    let page = desk.get(&mut anne, REPRISE).await;
    let (jeton, id) = (page.field("jeton"), page.field("id"));
    let dropped = desk.post(&mut anne, REPRISE, &[("jeton", &jeton), ("id", &id)]).await;
    assert_eq!(dropped.outcome(), (303, "/etablissement"));
    assert_eq!(desk.get(&mut anne, "/etablissement").await.status, StatusCode::OK);
    assert_eq!(desk.statut(desk.demandes[0]).await, "RECUE");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_faster_meanwhile_is_not_overwritten_by_what_was_kept() {
    let desk = desk_of_two().await;
    let mut anne = desk.entered("anne").await;
    let form = Form::open(&desk, &mut anne, "liste-attente").await;
    half_an_hour_passes(&desk);
    form.send(&desk, &mut anne).await;
    let mut bruno = desk.entered("bruno").await;
    let proposal = format!("/etablissement/demandes/{}/proposition", desk.demandes[0]);
    desk.fill(&mut bruno, &proposal, &[]).await;
    desk.login(&mut anne, "anne", PASSWORD).await;
    let page = desk.get(&mut anne, REPRISE).await;
    let sent = send_again(&desk, &mut anne, &form.path, &page).await;
    assert_eq!(sent.status, StatusCode::CONFLICT);
    assert!(sent.html.contains("Bruno Petit") && sent.html.contains(SHOWN), "{}", sent.html);
    assert_eq!(desk.statut(desk.demandes[0]).await, "ADMISSION_PROPOSEE");
}

/// A window of a former session, in the browser that has entered again.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_left_open_loses_nothing_either() {
    let desk = desk_of_two().await;
    let mut anne = desk.entered("anne").await;
    let form = Form::open(&desk, &mut anne, "proposition").await;
    // the session is over, and she enters again in another window
    half_an_hour_passes(&desk);
    desk.login(&mut anne, "anne", PASSWORD).await;
    assert_eq!(form.send(&desk, &mut anne).await.outcome(), (303, REPRISE));
    let page = desk.get(&mut anne, REPRISE).await;
    let sent = send_again(&desk, &mut anne, &form.path, &page).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.statut(desk.demandes[0]).await, "ADMISSION_PROPOSEE");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_who_left_of_another_site_s_form_or_of_an_empty_one() {
    let desk = desk_of_two().await;
    let mut anne = desk.entered("anne").await;
    let form = Form::open(&desk, &mut anne, "liste-attente").await;
    half_an_hour_passes(&desk);
    let nothing = [("jeton", form.jeton.as_str()), ("version", &form.version), ("remarque", " ")];
    assert_eq!(desk.post(&mut anne, &form.path, &nothing).await.outcome(), (303, CONNEXION));
    let fields = [("jeton", form.jeton.as_str()), ("remarque", TEXT)];
    let crossed = desk.post_from(&mut anne, &form.path, &fields, "cross-site").await;
    assert_eq!(crossed.outcome(), (303, CONNEXION));
    let forged = [("jeton", "x"), ("remarque", TEXT)];
    assert_eq!(desk.post(&mut anne, &form.path, &forged).await.outcome(), (303, CONNEXION));

    let mut leaver = desk.entered("anne").await;
    let form = Form::open(&desk, &mut leaver, "liste-attente").await;
    let kept = leaver.clone();
    desk.post(&mut leaver, "/etablissement/deconnexion", &[("jeton", &form.jeton)]).await;
    assert_eq!(form.send(&desk, &mut kept.clone()).await.outcome(), (303, CONNEXION));
    desk.login(&mut anne, "anne", PASSWORD).await;
    assert_eq!(desk.get(&mut anne, "/etablissement").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_limits_are_told_before_they_strike_and_the_button_puts_the_first_off() {
    let desk = desk_of_two().await;
    let mut anne = desk.entered("anne").await;
    let page = desk.get(&mut anne, "/etablissement").await;
    assert!(page.html.contains("Si vous ne faites rien") && page.html.contains("dans tous les cas"));
    assert!(page.html.contains("action=\"/etablissement/rester\" target=\"_blank\""));
    let jeton = page.field("jeton");
    let pass = |minutes: i64| {
        let time = minutes * 60_000;
        desk.execute(&format!(
            "UPDATE session_bureau SET vue_le = vue_le - {time}, fin_le = fin_le - {time}"
        ));
    };
    // 19 h 40 of 20
    for _ in 0..45 {
        pass(26);
        let longer = desk.post(&mut anne, "/etablissement/rester", &[("jeton", &jeton)]).await;
        assert_eq!(longer.status, StatusCode::OK);
        assert!(longer.html.contains("Le bureau reste ouvert"));
        crate::web::vue::tests::assert_sound("rester-bureau", &longer.html);
    }
    let last = desk.get(&mut anne, "/etablissement").await;
    assert!(last.html.contains("dans tous les cas. Enregistrez"), "{}", last.html);
    assert!(!last.html.contains("action=\"/etablissement/rester\""), "nothing can be put off any more");
    pass(31);
    let over = desk.post(&mut anne, "/etablissement/rester", &[("jeton", &jeton)]).await;
    assert_eq!(over.outcome(), (303, CONNEXION));
}
