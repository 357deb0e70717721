//! Answering: states, colleagues, double clicks, what is typed, the file for a spreadsheet.

use super::*;

async fn opened(desk: &Desk, login: &str) -> Browser {
    let mut browser = desk.entered(login).await;
    let answer = desk.get(&mut browser, &path(desk)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.html);
    browser
}

fn path(desk: &Desk) -> String {
    format!("/etablissement/demandes/{}", desk.demandes[0])
}

async fn two_colleagues() -> Desk {
    let desk = Desk::sandbox().await;
    desk.account(GLYCINES, "anne", "Anne Duval").await;
    desk.account(GLYCINES, "bruno", "Bruno Petit").await;
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_look_to_the_admission() {
    let desk = two_colleagues().await;
    let mut anne = desk.entered("anne").await;
    let list = desk.get(&mut anne, "/etablissement").await;
    assert!(list.html.contains("data-attendent=\"1\"") && list.html.contains("Nouvelle demande"));
    assert_eq!(desk.statut(desk.demandes[0]).await, "ENVOYEE", "a list opens nothing");
    let page = desk.get(&mut anne, &path(&desk)).await;
    assert!(page.html.contains("data-statut=\"RECUE\"") && page.html.contains("par Anne Duval"));
    assert!(!page.html.contains("Lavandes"), "what was asked of others is not shown");
    let demande = path(&desk);
    for (action, expected) in [
        ("liste-attente", "LISTE_ATTENTE"),
        ("proposition", "ADMISSION_PROPOSEE"),
        ("retour-liste-attente", "LISTE_ATTENTE"),
        ("proposition", "ADMISSION_PROPOSEE"),
    ] {
        let answer =
            desk.fill(&mut anne, &format!("{demande}/{action}"), &[("remarque", "Bonjour\r\nà vous")]).await;
        assert_eq!(answer.outcome(), (303, format!("{demande}?fait={action}").as_str()), "{}", answer.html);
        assert_eq!(desk.statut(desk.demandes[0]).await, expected);
        assert!(desk.get(&mut anne, answer.header("location")).await.html.contains("C’est enregistré"));
    }
    let list = desk.get(&mut anne, "/etablissement").await;
    assert!(list.html.contains("data-attendent=\"0\""));
    desk.family(0, StatutDemande::AdmissionAcceptee).await;
    let list = desk.get(&mut anne, "/etablissement").await;
    assert!(list.html.contains("data-attendent=\"1\"") && list.html.contains("Place acceptée"));
    let form = format!("{demande}/admission");
    let unconfirmed = desk.fill(&mut anne, &form, &[]).await;
    assert_eq!(unconfirmed.status, StatusCode::BAD_REQUEST);
    assert!(unconfirmed.html.contains("Cochez la case"));
    assert_eq!(desk.fill(&mut anne, &form, &[("confirmation", "oui")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.statut(desk.demandes[0]).await, "ADMISSION_EFFECTUEE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_a_motive_and_is_confirmed() {
    let desk = two_colleagues().await;
    let mut anne = opened(&desk, "anne").await;
    let form = format!("{}/refus", path(&desk));
    for (fields, words) in [
        (&[("confirmation", "oui")][..], "Choisissez le motif"),
        (&[("motif", "11"), ("confirmation", "oui")], "Choisissez le motif"),
        (&[("motif", "2")], "Cochez la case"),
        (&[("motif", "2"), ("confirmation", "oui"), ("remarque", &"a".repeat(1001))], "raccourcissez"),
    ] {
        let answer = desk.fill(&mut anne, &form, fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{words}");
        assert!(answer.html.contains(words) && answer.html.contains("<title>Erreur : "), "{words}");
    }
    assert_eq!(desk.statut(desk.demandes[0]).await, "RECUE");
    let fields = [("motif", "2"), ("confirmation", "oui"), ("remarque", "Pas d’unité protégée.")];
    assert_eq!(desk.fill(&mut anne, &form, &fields).await.status, StatusCode::SEE_OTHER);
    let page = desk.get(&mut anne, &path(&desk)).await;
    assert!(page.html.contains("Pas d’unité protégée.") && page.html.contains("Demande refusée"));
    assert!(!page.html.contains("data-champ=\"Demandeur.Adresse"), "its dossier is not shown any more");
    let stored = desk.store.dossier(&desk.dossier).await.unwrap().unwrap();
    let demande = stored.demandes.iter().find(|one| one.id == desk.demandes[0]).unwrap();
    assert_eq!(demande.motif.as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_colleagues_do_not_overwrite_each_other() {
    let desk = two_colleagues().await;
    let (mut anne, mut bruno) = (opened(&desk, "anne").await, opened(&desk, "bruno").await);
    let refusal = format!("{}/refus", path(&desk));
    let page = desk.get(&mut anne, &refusal).await;
    let (jeton, version) = (page.field("jeton"), page.field("version"));
    let fields = [("remarque", "Une <chambre> le 1er mars")];
    desk.fill(&mut bruno, &format!("{}/proposition", path(&desk)), &fields).await;
    let fields = [
        ("jeton", jeton.as_str()),
        ("version", &version),
        ("motif", "1"),
        ("confirmation", "oui"),
        ("remarque", "Plus de place"),
    ];
    let answer = desk.post(&mut anne, &refusal, &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    for words in ["Bruno Petit", "Place proposée", "Une &#60;chambre&#62; le 1er mars", "Plus de place"] {
        assert!(answer.html.contains(words), "{words}: {}", answer.html);
    }
    assert_eq!(desk.statut(desk.demandes[0]).await, "ADMISSION_PROPOSEE");
    // a link of a page that showed an earlier state leads to no form
    let old = desk.get(&mut anne, &format!("{refusal}?version={version}")).await;
    assert_eq!(old.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_and_the_back_button_have_one_effect() {
    let desk = two_colleagues().await;
    let mut anne = opened(&desk, "anne").await;
    let form = format!("{}/liste-attente", path(&desk));
    let page = desk.get(&mut anne, &form).await;
    let (jeton, version) = (page.field("jeton"), page.field("version"));
    let fields = [("jeton", jeton.as_str()), ("version", version.as_str()), ("remarque", "Six mois")];
    let (mut first, mut second) = (anne.clone(), anne.clone());
    let (a, b) = tokio::join!(desk.post(&mut first, &form, &fields), desk.post(&mut second, &form, &fields));
    let done = format!("{}?fait=liste-attente", path(&desk));
    assert_eq!((a.outcome(), b.outcome()), ((303, done.as_str()), (303, done.as_str())));
    let again = desk.post(&mut anne, &form, &fields).await;
    assert_eq!(again.outcome(), (303, done.as_str()), "the back button");
    let history = &desk.dossier;
    let steps = desk.store.read(move |reader| Box::pin(async move { reader.history(history).await }));
    let waiting = steps.await.unwrap().into_iter().filter(|step| step.vers == StatutDemande::ListeAttente);
    assert_eq!(waiting.count(), 1);
    // and what the family did meanwhile is not undone by it
    desk.family(0, StatutDemande::Annulee).await;
    desk.post(&mut anne, &form, &fields).await;
    assert_eq!(desk.statut(desk.demandes[0]).await, "ANNULEE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_state_does_not_allow_is_told_and_changes_nothing() {
    let desk = two_colleagues().await;
    let mut anne = opened(&desk, "anne").await;
    for action in ["admission", "retour-liste-attente"] {
        let answer = desk.get(&mut anne, &format!("{}/{action}", path(&desk))).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{action}");
    }
    let page = desk.get(&mut anne, &format!("{}/refus", path(&desk))).await;
    let (jeton, version) = (page.field("jeton"), page.field("version"));
    let fields = [("jeton", jeton.as_str()), ("version", &version), ("confirmation", "oui")];
    let answer = desk.post(&mut anne, &format!("{}/admission", path(&desk)), &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(desk.statut(desk.demandes[0]).await, "RECUE");
}

/// Markup, template syntax, right-to-left marks, four-byte characters: text everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_text() {
    let desk = two_colleagues().await;
    desk.account(GLYCINES, "malice", "<script>alert(1)</script>{{ 7*7 }}").await;
    let mut malice = opened(&desk, "malice").await;
    let remark =
        "</q><script>alert(2)</script> {{ 7*7 }} {% raw %} \u{202e}renversé 👵 \" onload=\"x ' &amp; =1+1";
    let form = format!("{}/liste-attente", path(&desk));
    assert_eq!(desk.fill(&mut malice, &form, &[("remarque", remark)]).await.status, StatusCode::SEE_OTHER);
    let demande = path(&desk);
    for page in ["/etablissement", "/etablissement/compte", &demande, &format!("{demande}/refus")] {
        let html = desk.get(&mut malice, page).await.html;
        assert!(!html.contains("<script") && !html.contains("onload=\"x"), "{page}");
        crate::web::vue::tests::assert_sound(page, &html);
    }
    let html = desk.get(&mut malice, &demande).await.html;
    assert!(html.contains("{{ 7*7 }}") && html.contains("👵") && html.contains("&#38;amp;"), "{html}");
    let csv = desk.get(&mut malice, "/etablissement/demandes.csv?etat=toutes").await.html;
    assert!(csv.contains("{{ 7*7 }}") && csv.contains("👵"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_a_file_for_a_spreadsheet() {
    let desk = two_colleagues().await;
    let mut anne = opened(&desk, "anne").await;
    let form = format!("{}/liste-attente", path(&desk));
    desk.fill(&mut anne, &form, &[("remarque", "=HYPERLINK(\"x\");fin")]).await;
    let file = desk.get(&mut anne, "/etablissement/demandes.csv?etat=toutes").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"demandes-010990018-"));
    let text = file.html.strip_prefix('\u{feff}').expect("a byte order mark");
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("\"Demande\";\"Dossier\";\"État\";"));
    assert!(lines[1].contains(";\"Sur votre liste d’attente\";"), "{}", lines[1]);
    assert!(lines[1].ends_with(";\"'=HYPERLINK(\"\"x\"\");fin\""), "{}", lines[1]);
    assert!(!text.contains("Lavandes"));
    let none = desk.get(&mut anne, "/etablissement/demandes.csv?etat=refusees").await.html;
    assert_eq!(none.matches("\r\n").count(), 1, "the names alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_by_state_and_turned_by_pages() {
    let desk = two_colleagues().await;
    let store = &desk.store;
    store
        .run("many", |tx| {
            Box::pin(async move {
                let application = tx.application_by_name("portail").await?.unwrap().id;
                let demandeur = from_value(testkit::dossiers::creation("moi")["Demandeur"].clone()).unwrap();
                for seed in 0..24 {
                    let id = IdDossier::draw(&mut testkit::rng(100 + seed));
                    tx.create_dossier(&id, &demandeur, application, "moi").await?;
                    let (permanent, later) = (TypeHebergement::Permanent, UrgenceDemande::Eloigne);
                    let demande = tx.add_demande(&id, GLYCINES, permanent, later).await?;
                    tx.change_statut(demande, StatutDemande::Envoyee, None, None).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    let mut anne = opened(&desk, "anne").await;
    for (query, lines, pages) in [
        ("", 15, "Page 1 sur 2"),
        ("?page=2", 10, "Page 2 sur 2"),
        ("?page=3", 10, "Page 2 sur 2"),
        ("?page=x&etat=%27", 15, "Page 1 sur 2"),
        ("?etat=nouvelles", 15, "Page 1 sur 2"),
        ("?etat=a-etudier", 1, ""),
        ("?etat=refusees", 0, ""),
        ("?etat=toutes&tri=recentes", 15, "Page 1 sur 2"),
    ] {
        let html = desk.get(&mut anne, &format!("/etablissement{query}")).await.html;
        assert_eq!(html.matches("<article").count(), lines, "{query}");
        assert!(lines == 0 || html.contains(pages), "{query}");
        assert!(html.contains("data-attendent=\"25\""));
        assert!(html.len() < 13_000, "{query}: {} bytes", html.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counter_says_how_many_demandes_wait_for_this_establishment() {
    use StatutDemande as S;
    let desk = two_colleagues().await;
    desk.account(LAVANDES, "chloe", "Chloé Roux").await;
    let (mut anne, mut chloe) = (desk.entered("anne").await, desk.entered("chloe").await);
    let (none, one) =
        ("Aucune demande n’attend de réponse", "<strong>Une demande</strong> attend une réponse");
    for (vers, waiting, words) in [
        (S::Envoyee, 1, one),
        (S::Recue, 1, one),
        (S::ListeAttente, 0, none),
        (S::AdmissionProposee, 0, none),
        (S::AdmissionAcceptee, 1, one),
        (S::AdmissionEffectuee, 0, none),
    ] {
        if vers != S::Envoyee {
            desk.family(0, vers).await;
        }
        let html = desk.get(&mut anne, "/etablissement").await.html;
        assert!(html.contains(&format!("data-attendent=\"{waiting}\"")) && html.contains(words), "{vers:?}");
        let other = desk.get(&mut chloe, "/etablissement").await.html;
        assert!(
            other.contains("data-attendent=\"1\""),
            "another establishment's counter is its own: {vers:?}"
        );
    }
    desk.family(1, S::Recue).await;
    desk.family(1, S::Refusee).await;
    assert!(desk.get(&mut chloe, "/etablissement").await.html.contains("data-attendent=\"0\""));
}

/// Whoever sees whose demande it is leaves a row, whatever the page is for.
#[tokio::test(flavor = "multi_thread")]
async fn every_look_at_a_form_of_a_demande_is_in_the_trail() {
    use sqlx::Connection as _;
    let desk = two_colleagues().await;
    let (mut anne, mut bruno) = (opened(&desk, "anne").await, opened(&desk, "bruno").await);
    let refusal = format!("{}/refus", path(&desk));
    let page = desk.get(&mut anne, &refusal).await;
    assert!(page.html.contains("Marguerite Vernoux"), "the form names the person: {}", page.html);
    assert_eq!(desk.fill(&mut anne, &refusal, &[("motif", "2")]).await.status, StatusCode::BAD_REQUEST);
    desk.fill(&mut bruno, &format!("{}/proposition", path(&desk)), &[]).await;
    assert_eq!(desk.get(&mut anne, &refusal).await.status, StatusCode::CONFLICT);
    // nobody's, and so nothing of anyone is shown
    assert_eq!(desk.get(&mut anne, "/etablissement/demandes/999/refus").await.status, StatusCode::NOT_FOUND);
    let expected = [
        "anne etablissement refus 200",
        // the form once more, which the test fills in
        "anne etablissement refus 200",
        "anne etablissement refus 400",
        "bruno etablissement proposition 200",
        "anne etablissement refus 409",
    ]
    .map(|row| format!("{GLYCINES} {row}"));
    let url = format!("sqlite:{}", desk.directory.path().join("vtpa.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let sql = "SELECT compte || ' ' || detail || ' ' || code FROM trace \
               WHERE action = 'page.vue' AND demande = $1 AND dossier = $2 ORDER BY id";
    let begun = std::time::Instant::now();
    loop {
        let rows: Vec<String> = sqlx::query_scalar(sql)
            .bind(desk.demandes[0])
            .bind(desk.dossier.as_str().parse::<i64>().unwrap())
            .fetch_all(&mut connection)
            .await
            .unwrap();
        if rows == expected {
            return;
        }
        // a look is written within a second
        assert!(begun.elapsed().as_secs() < 5, "{rows:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
