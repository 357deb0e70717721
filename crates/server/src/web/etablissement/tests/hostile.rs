//! Hostile text in every field that the desk has: a message, a motive, an account's name, a login. It is refused, or it is text
//! wherever it is shown: to the desk, to the family, in the file for a spreadsheet. ConsulterDossierPA's own:
//! tests/it/famille/corrections.rs.

use super::*;
use crate::web::secret::Secret;

const TEXTS: &[&str] = &[
    "</q></blockquote><script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "{{7*7}}{% raw %}${7*7}",
    "\u{202e}gauche\u{200f} 🧓\u{1f468}\u{200d}\u{1f467}",
    "=HYPERLINK(\"http://x\");+1",
    "@SUM(A1)\n=1+1",
    "&amp;&#60;</textarea>",
];

/// As a page writes text.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    text.replace('"', "&#34;").replace('\'', "&#39;")
}

/// That no markup came of it; how often the text stands there.
fn assert_text(what: &str, html: &str, text: &str) -> usize {
    for element in ["<script", "<img src=x", "onerror='", "49$"] {
        assert!(!html.contains(element), "{what}: {text:?} made {element}");
    }
    assert!(!text.contains(['<', '"']) || !html.contains(text), "{what}: {text:?} stands as it is");
    html.matches(&escaped(text)).count()
}

/// A family in the dossier.
async fn family(desk: &Desk, seed: u64) -> Browser {
    let secret = Secret::draw(&mut testkit::rng(seed));
    let (sha256, dossier) = (secret.sha256(), &desk.dossier);
    let opened = desk.store.run("family", |tx| {
        Box::pin(async move {
            let application = tx.application_by_name("portail").await?.unwrap().id;
            let (idle, absolute) = (std::time::Duration::from_mins(30), std::time::Duration::from_hours(20));
            tx.open_session(&sha256, dossier, application, idle, absolute).await
        })
    });
    opened.await.unwrap();
    let cookie = secret.set_cookie().unwrap();
    let value = cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    Browser(vec![("__Host-session".to_owned(), value)])
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_of_a_desk_is_text_to_everyone() {
    let (mut desk_shown, mut family_shown) = (0, 0);
    for (rank, text) in TEXTS.iter().enumerate() {
        let desk = Desk::sandbox().await;
        // an account's name is the operator's to give: one line
        let name = text.replace('\n', " ");
        desk.account(GLYCINES, "malice", &name).await;
        let mut malice = desk.entered("malice").await;
        let demande = format!("/etablissement/demandes/{}", desk.demandes[0]);
        desk.get(&mut malice, &demande).await;
        for (action, fields) in [
            ("liste-attente", vec![("remarque", *text)]),
            ("proposition", vec![("remarque", *text)]),
            ("retour-liste-attente", vec![("remarque", "")]),
        ] {
            let done = desk.fill(&mut malice, &format!("{demande}/{action}"), &fields).await;
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{action} {text:?}");
        }
        // a motive is one of five: another is refused and shown nowhere; the message beside it is there still
        let refused = desk
            .fill(
                &mut malice,
                &format!("{demande}/refus"),
                &[("motif", *text), ("remarque", *text), ("confirmation", *text)],
            )
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(assert_text("motive", &refused.html, text) >= 1, "{text:?} is lost");
        for path in ["/etablissement", "/etablissement/compte", &demande, &format!("{demande}/refus")] {
            let page = desk.get(&mut malice, path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            desk_shown += assert_text(path, &page.html, text);
            crate::web::vue::tests::assert_sound(&path.replace('/', "-"), &page.html);
        }
        // at the door: the login is shown again, to be mended
        let door = desk.login(&mut Browser::default(), text, PASSWORD).await;
        assert_eq!(door.status, StatusCode::FORBIDDEN);
        assert_text("door", &door.html, text);

        let mut family = family(&desk, 100 + u64::try_from(rank).unwrap()).await;
        let own = format!("/dossier/demandes/{}", desk.demandes[0]);
        for path in ["/dossier", "/dossier/demandes", &own, "/dossier/imprimer"] {
            let page = desk.get(&mut family, path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            let times = assert_text(path, &page.html, text);
            assert!(path != own || times >= 2, "{text:?}: of two messages {times} are shown");
            family_shown += times;
        }

        let csv = desk.get(&mut malice, "/etablissement/demandes.csv?etat=toutes").await.html;
        let cell = csv.split("\r\n").nth(1).unwrap().rsplit(";\"").next().unwrap();
        let quoted = text.replace('"', "\"\"");
        assert!(csv.contains(&quoted), "{text:?}: {csv}");
        let formula = text.starts_with(['=', '+', '-', '@']);
        assert!(!formula || csv.contains(&format!(";\"'{quoted}\"")), "{text:?} is a formula: {cell}");
    }
    assert!(desk_shown >= 3 * TEXTS.len() && family_shown >= 2 * TEXTS.len(), "{desk_shown} {family_shown}");
}
