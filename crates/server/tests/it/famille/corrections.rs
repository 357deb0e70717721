//! What is corrected of the person on the site is what ConsulterDossierPA answers from then on.

use super::*;

/// The person as the page shows it, with these fields typed anew.
async fn correct(famille: &Famille<'_>, path: &str, changes: &[(&str, &str)]) -> Page {
    let page = famille.get(path).await;
    let action = format!("action=\"{path}\"");
    let form = page.html.split(&action).nth(1).unwrap().split("</form>").next().unwrap();
    let mut typed: Vec<(String, String)> = Vec::new();
    for tag in form.split("<input ").skip(1).map(|tag| tag.split('>').next().unwrap()) {
        let of =
            |name: &str| tag.split(&format!("{name}=\"")).nth(1).map(|rest| rest.split('"').next().unwrap());
        if of("type") == Some("radio") && !tag.contains(" checked") {
            continue;
        }
        let name = of("name").unwrap();
        let value = changes.iter().find(|(changed, _)| *changed == name).map(|(_, text)| *text);
        typed.push((name.to_owned(), value.or_else(|| of("value")).unwrap_or_default().to_owned()));
    }
    typed.extend(
        changes
            .iter()
            .filter(|(name, _)| !typed.iter().any(|(known, _)| known == name))
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Vec<_>>(),
    );
    famille.post_from("same-origin", path, &typed).await
}

#[tokio::test]
async fn a_corrected_person_is_what_the_partner_is_told_at_once() {
    let harness = Harness::new().await;
    let famille = Famille::enter(&harness, "moi").await;
    let before = famille.seen().await;
    let changes = [
        ("civilite", "M"),
        ("prenom", "Marcel"),
        ("autres-prenoms", "Jean"),
        ("nom-naissance", "Durand-Ruel"),
        ("nom-usage", ""),
        ("date-naissance", "01/02/1940"),
        ("ville-naissance", "Saint-Denis (93)"),
        ("pays-naissance", "France"),
        ("numero-voie", "3"),
        ("type-voie", "avenue"),
        ("libelle-voie", "de la Gare"),
        ("code-postal", "38000"),
        ("localite", "Grenoble"),
    ];
    let saved = correct(&famille, "/dossier/personne", &changes).await;
    assert_eq!(saved.location(), "/dossier?fait=personne", "{}", saved.html);
    let seen = famille.seen().await;
    for (field, value) in [
        ("Prenom", "Marcel"),
        ("AutrePrenoms", "Jean"),
        ("NomNaissance", "Durand-Ruel"),
        ("DateNaissance", "1940-02-01"),
        ("NumeroVoie", "3"),
        ("TypeVoie", "AV"),
        ("LibelleVoie", "de la Gare"),
    ] {
        assert_eq!(seen.text(field).as_deref(), Some(value), "{field}");
    }
    // known codes come with their table's own words (decisions §4)
    for value in ["Monsieur", "R81", "93066", "Saint-Denis", "99100", "France", "38185", "Grenoble", "38000"]
    {
        assert!(seen.body.contains(&format!(">{value}<")), "{value}");
    }
    assert!(!seen.body.contains("Chastaing"));
    // what the partner knows the person by is as it was
    assert_eq!(seen.texts("NumSecu"), before.texts("NumSecu"));
    famille.get("/dossier/imprimer").await.says("Durand-Ruel");
}

#[tokio::test]
async fn a_mail_address_that_is_taken_away_is_in_no_answer_any_more() {
    let harness = Harness::new().await;
    let famille = Famille::enter(&harness, "moi").await;
    let before = famille.seen().await;
    let mine = before.texts("Mail")[0].clone();
    let path = "/dossier/administratif/identite";
    let saved = correct(&famille, path, &[("mail", ""), ("identite-verifiee", "oui")]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.html);
    let seen = famille.seen().await;
    assert_eq!(seen.codes(), before.codes(), "the answer is as whole as before");
    // those close to the person keep theirs
    assert_eq!(seen.texts("Mail"), before.texts("Mail")[1..], "{mine} is gone");
    assert!(!famille.get("/dossier").await.html.contains("data-champ=\"Demandeur.Mail\""));
    // and it may come back
    let again = correct(&famille, path, &[("mail", "neuf@exemple.fr"), ("identite-verifiee", "oui")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(famille.seen().await.texts("Mail")[0], "neuf@exemple.fr");
}

/// What a desk wrote reaches the partner as it was written, and as text.
#[tokio::test]
async fn a_desk_s_hostile_message_is_text_in_the_answer_and_on_the_page() {
    let harness = Harness::new().await;
    establishments(&harness, 1).await;
    let famille = Famille::enter(&harness, "moi").await;
    famille.choose(0).await;
    famille.fill("/dossier/envoyer", &[]).await;
    let demande = famille.answered(0, &[Recue, ListeAttente]).await;
    for (text, state) in [
        ("</DernierEchange><x/><![CDATA[", AdmissionProposee),
        ("\"><script>alert(1)</script>{{7*7}}", ListeAttente),
        ("\u{202e}gauche 🧓 &amp; =HYPERLINK(\"x\")", AdmissionProposee),
        ("fin ]]> &#60;", ListeAttente),
    ] {
        let moved = harness.server.store().run("desk", |tx| {
            Box::pin(async move { tx.change_statut(demande, state, None, Some(text)).await })
        });
        moved.await.unwrap();
        let seen = famille.seen().await;
        assert_eq!(seen.texts("DernierEchange"), [text]);
        assert_eq!(seen.codes(), ["999"]);
        let page = famille.get(&format!("/dossier/demandes/{demande}")).await;
        assert!(!page.html.contains("<script") && !page.html.contains("<x/>"));
        let shown =
            text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;");
        assert!(page.html.contains(&shown), "{shown}");
    }
}
