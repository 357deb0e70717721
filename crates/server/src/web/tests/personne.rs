//! Name, birth and address are corrected: traced, sealed, nothing typed lost.

use super::browser::{Browser, attribute, token};
use super::*;

const PAGE: &str = "/dossier/personne";

/// The form as its page shows it, with these fields typed anew.
fn form(page: &Answer, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let form =
        page.html.split("action=\"/dossier/personne\"").nth(1).unwrap().split("</form>").next().unwrap();
    let mut fields = Vec::new();
    for tag in form.split("<input ").skip(1).map(|tag| format!(" {}", tag.split('>').next().unwrap())) {
        let name = attribute(&tag, " name=\"").unwrap();
        if tag.contains("type=\"radio\"") && !tag.contains(" checked") {
            continue;
        }
        let change = changes.iter().find(|(changed, _)| *changed == name).map(|(_, text)| (*text).to_owned());
        fields.push((name, change.or_else(|| attribute(&tag, " value=\"")).unwrap_or_default()));
    }
    fields
}

async fn send(site: &Site, browser: &mut Browser, page: &Answer, changes: &[(&str, &str)]) -> Answer {
    let fields = form(page, changes);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(site, PAGE, &fields).await
}

async fn person(site: &Site) -> Demandeur {
    site.store.dossier(&site.dossier).await.unwrap().unwrap().demandeur
}

/// The details of what the trail holds of corrections.
async fn corrections(site: &Site) -> Vec<String> {
    use sqlx::Connection as _;
    let url = format!("sqlite:{}", site.directory.path().join("vtpa.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT detail FROM trace WHERE action = 'dossier.modifie' ORDER BY id")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    rows.into_iter().map(|(detail,)| detail).collect()
}

#[tokio::test]
async fn a_correction_is_kept_sealed_and_the_trail_says_which_fields_and_none_of_their_values() {
    let mut site = Site::new().await;
    let mut browser = Browser::inside(&mut site).await;
    let before = person(&site).await;
    let page = browser.get(&site, PAGE).await;
    assert!(page.html.contains("ne se corrige pas ici"), "the social security number is the partner's");
    let changes = [
        ("nom-naissance", "ZZCORRIGEE"),
        ("date-naissance", "15/05/1936"),
        ("numero-voie", "7 ter"),
        ("type-voie", "avenue"),
        ("libelle-voie", "ZZVOIE"),
        ("code-postal", "38000"),
        ("localite", "grenoble"),
    ];
    for _ in 0..2 {
        let saved = send(&site, &mut browser, &page, &changes).await;
        assert_eq!((saved.status.as_u16(), saved.header("location")), (303, "/dossier?fait=personne"));
    }
    let after = person(&site).await;
    assert_eq!(after.nom_naissance.as_str(), "ZZCORRIGEE");
    assert_eq!(after.date_naissance.to_string(), "1936-05-15");
    assert_eq!(after.adresse.localite.code, "38185");
    assert_eq!(
        (&after.num_secu, &after.contacts, &after.mail),
        (&before.num_secu, &before.contacts, &before.mail)
    );
    let shown = browser.get(&site, "/dossier").await.html;
    assert!(shown.contains("ZZCORRIGEE") && shown.contains("15 mai 1936") && shown.contains("Grenoble"));

    assert_eq!(corrections(&site).await, ["personne NomNaissance DateNaissance Adresse"], "twice is once");
    // sealed, as the columns are: in none of the files of the database
    for entry in std::fs::read_dir(site.directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for value in [b"ZZCORRIGEE".as_slice(), b"ZZVOIE"] {
            assert!(!bytes.windows(value.len()).any(|window| window == value), "in the open");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost() {
    let mut site = Site::new().await;
    let mut browser = Browser::inside(&mut site).await;
    let before = person(&site).await;
    let page = browser.get(&site, PAGE).await;
    let changes = [
        ("prenom", ""),
        ("nom-usage", "Vernoux <b>"),
        ("date-naissance", "31/02/1937"),
        ("type-voie", "sentine"),
        ("code-postal", "99999"),
        ("localite", "Introuvable"),
        ("pays-naissance", "Syldavie"),
    ];
    let wrong = send(&site, &mut browser, &page, &changes).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.html.contains("<title>Erreur – "));
    for (field, words) in [
        ("prenom", "Cette réponse est nécessaire."),
        ("date-naissance", "Écrivez le jour, le mois et l’année."),
        ("type-voie", "Nous ne connaissons pas ce type de voie."),
        ("code-postal", "Aucun département n’a ce code postal."),
        ("localite", "Nous ne trouvons pas cette commune."),
        ("pays-naissance", "Nous ne trouvons pas ce pays."),
    ] {
        assert!(wrong.html.contains(&format!("href=\"#{field}\"")), "{field}");
        let said = wrong.html.split(&format!("id=\"erreur-{field}\">Erreur : ")).nth(1).unwrap();
        assert!(said.starts_with(words), "{field}: {}", said.split('<').next().unwrap());
    }
    for typed in ["Vernoux &#60;b&#62;", "31/02/1937", "sentine", "99999", "Introuvable", "Syldavie"] {
        assert!(wrong.html.contains(&format!("value=\"{typed}\"")), "{typed}");
    }
    crate::web::vue::tests::assert_sound("personne-erreurs", &wrong.html);
    assert_eq!(person(&site).await, before);

    // someone else was faster: told, not overwritten; and what was typed is there still
    let theirs = send(&site, &mut browser, &page, &[("prenom", "Premier")]).await;
    assert_eq!(theirs.status, StatusCode::SEE_OTHER);
    let mine = send(&site, &mut browser, &page, &[("prenom", "Second")]).await;
    assert_eq!(mine.status, StatusCode::CONFLICT);
    assert!(mine.html.contains("Cette page a changé entre-temps") && mine.html.contains("value=\"Second\""));
    let again = send(&site, &mut browser, &mine, &[("prenom", "Second")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(person(&site).await.prenom.as_str(), "Second");
}

/// As of every form of the dossier.
#[tokio::test]
async fn a_correction_sent_after_the_session_is_kept_and_offered_again() {
    let mut site = Site::new().await;
    let mut browser = Browser::inside(&mut site).await;
    let page = browser.get(&site, PAGE).await;
    super::duree::wait(&site, std::time::Duration::from_mins(31)).await;
    let late = send(&site, &mut browser, &page, &[("prenom", "Odette")]).await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    assert!(late.html.contains("votre texte est gardé"));
    browser.enter(&mut site).await;
    let offer = browser.get(&site, "/dossier/reprise").await;
    assert!(offer.html.contains("Le nom, la naissance et l’adresse") && offer.html.contains("Odette"));
    let mut fields = form(&offer, &[]);
    fields.retain(|(name, _)| name != "jeton");
    fields.push(("jeton".to_owned(), token(&offer)));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = browser.post(&site, PAGE, &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(person(&site).await.prenom.as_str(), "Odette");
}
