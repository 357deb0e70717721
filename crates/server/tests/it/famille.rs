//! The family's dossier (issue 7): what is done on its pages shows in ConsulterDossierPA at once, nothing happens twice, nothing
//! that was typed is lost, nobody else's form does anything.

mod corrections;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use dossier::StatutDemande::{AdmissionProposee, ListeAttente, Recue, Refusee};
use dossier::volet::{Champ, Genre, Volet, formulaire};
use dossier::{Adresse, Etablissement, IdDossier, Nomenclature, StatutDemande};
use tower::ServiceExt as _;

use crate::codes::{consultation_of, jeton_of};
use crate::{Answer, Harness, Reply};

/// A person in their dossier.
struct Famille<'h> {
    harness: &'h Harness,
    dossier: String,
    local: &'static str,
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

    /// The values of the hidden fields of this name, as text.
    fn hidden(&self, name: &str) -> Vec<String> {
        let begin = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
        let values = self.html.split(&begin).skip(1).filter_map(|rest| rest.split('"').next());
        values.map(str::to_owned).collect()
    }

    fn says(&self, words: &str) {
        assert!(self.html.contains(words), "{words} in {}", self.html);
    }
}

/// As a browser writes a form.
fn encoded(pairs: &[(String, String)]) -> String {
    let bytes = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", bytes(name), bytes(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Establishments as FINESS has them: three that differ, and as many as wanted after them.
fn etablissement(rank: usize) -> Etablissement {
    let (name, postal, town) = match rank {
        0 => ("EHPAD Les Glycines".to_owned(), "01000", "Bourg-en-Bresse"),
        1 => ("Résidence Les Tilleuls".to_owned(), "38000", "Grenoble"),
        2 => ("EHPAD <b>du Lac</b>".to_owned(), "74000", "Annecy"),
        rank => (format!("EHPAD numéro {rank}"), "69001", "Lyon"),
    };
    let coded = |code: &str, label: &str| Nomenclature {
        code: code.to_owned(),
        code_system: None,
        code_system_name: None,
        code_system_version: None,
        display_name: Some(label.to_owned()),
    };
    Etablissement {
        num_finiss: finess(rank),
        raison_sociale: Some(name),
        adresse: Some(Adresse {
            numero_voie: "12".into(),
            type_voie: "R".to_owned(),
            libelle_voie: "du Parc".into(),
            code_postal: coded(postal, postal),
            localite: coded("01053", town),
        }),
        telephone: Some("04 74 00 00 01".to_owned()),
        donnees_autres: None,
    }
}

fn finess(rank: usize) -> String {
    format!("01099{rank:04}")
}

async fn establishments(harness: &Harness, count: usize) {
    let store = harness.server.store();
    let added = store.run("establishments", |tx| {
        Box::pin(async move {
            for rank in 0..count {
                tx.add_etablissement(&etablissement(rank)).await?;
            }
            Ok(())
        })
    });
    added.await.unwrap();
}

impl<'h> Famille<'h> {
    async fn enter(harness: &'h Harness, local: &'static str) -> Self {
        let dossier = harness.create(local).await;
        let token = harness.ask(&jeton_of(&dossier, local)).await.text("JetonSecurite").unwrap();
        let mut famille = Self { harness, dossier, local, session: String::new() };
        let answer = famille.get(&format!("/acces?jeton={token}")).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        famille.session = cookie.split(';').next().unwrap().to_owned();
        famille
    }

    async fn send(&self, request: Request<Body>) -> Page {
        let response = self.harness.app.clone().oneshot(request).await.unwrap();
        let headers = response.headers().clone();
        let Reply { status, body } = Reply::read(response).await;
        Page { status, headers, html: String::from_utf8(body).unwrap() }
    }

    async fn get(&self, path: &str) -> Page {
        let path = path.split('#').next().unwrap();
        self.send(Request::get(path).header("cookie", &self.session).body(Body::empty()).unwrap()).await
    }

    async fn post_from(&self, site: &str, path: &str, form: &[(String, String)]) -> Page {
        let request = Request::post(path)
            .header("cookie", &self.session)
            .header("sec-fetch-site", site)
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(encoded(form))).unwrap()).await
    }

    /// Fills in the form of a page as a browser would: what is hidden goes with what is typed.
    fn form(page: &Page, typed: &[(String, String)]) -> Vec<(String, String)> {
        let mut form = Vec::new();
        for name in ["jeton", "revision", "vu", "statut", "finess"] {
            form.extend(page.hidden(name).into_iter().take(1).map(|value| (name.to_owned(), value)));
        }
        form.extend(page.hidden("demande").into_iter().map(|value| ("demande".to_owned(), value)));
        form.extend_from_slice(typed);
        form
    }

    /// Opens a page, fills it in and sends it.
    async fn fill(&self, path: &str, typed: &[(&str, &str)]) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let form = Self::form(&page, &pairs(typed));
        self.post_from("same-origin", path.split('?').next().unwrap(), &form).await
    }

    /// Chooses an establishment.
    async fn choose(&self, rank: usize) -> Page {
        let path = format!("/dossier/etablissements/ajouter?finess={}", finess(rank));
        self.fill(&path, &[("hebergement", "Permanent"), ("urgence", "SixMois")]).await
    }

    /// What the partner is told of the dossier.
    async fn seen(&self) -> Answer {
        self.harness.ask(&consultation_of(&[(&self.dossier, self.local)])).await
    }

    async fn states(&self) -> Vec<String> {
        self.seen().await.texts("StatutDemande")
    }

    /// What an establishment answers.
    async fn answered(&self, rank: usize, states: &[StatutDemande]) -> i64 {
        let store = self.harness.server.store();
        let number = finess(rank);
        let id = IdDossier::parse(&self.dossier).unwrap();
        let dossier = store.dossier(&id).await.unwrap().unwrap();
        let demande = dossier.demandes.iter().find(|one| one.etablissement.num_finiss == number).unwrap().id;
        let moved = store.run("answer", |tx| {
            Box::pin(async move {
                for state in states {
                    tx.change_statut(demande, *state, None, Some("<b>Venez</b>")).await?;
                }
                Ok(())
            })
        });
        moved.await.unwrap();
        demande
    }
}

/// Something that each field takes.
fn any_answer(champ: &Champ) -> (String, String) {
    let value = match champ.genre {
        Genre::Ligne(_) | Genre::Texte(_) => "texte".to_owned(),
        Genre::Un(offered) | Genre::Plusieurs(offered) => offered[0].code.to_owned(),
        Genre::DatePassee => "14/05/2026".to_owned(),
        Genre::Telephone(_) => "04 74 00 00 12".to_owned(),
        Genre::Mail(_) => "a@exemple.fr".to_owned(),
        Genre::Montant => "1 450".to_owned(),
        Genre::Nombre(min, _) => min.to_string(),
        Genre::Chiffres(count) => "1".repeat(count),
        Genre::Activite => "C".to_owned(),
    };
    (champ.nom.to_owned(), value)
}

const FLAGS: [&str; 3] = ["EstRenseigneVoletAdmin", "EstRenseigneVoletAutonomie", "EstRenseigneVoletMedical"];

#[tokio::test]
async fn three_parts_are_filled_in_page_by_page_and_the_partner_sees_each_at_once() {
    let harness = Harness::new().await;
    let famille = Famille::enter(&harness, "moi").await;
    for (done, volet) in Volet::TOUS.into_iter().enumerate() {
        let form = formulaire(volet);
        for etape in form.etapes {
            let seen = famille.seen().await;
            for (rank, flag) in FLAGS.iter().enumerate() {
                let expected = if rank < done { "true" } else { "false" };
                assert_eq!(seen.text(flag).unwrap(), expected, "{flag} before {}", etape.nom);
            }
            let typed: Vec<(String, String)> = etape.champs.iter().map(any_answer).collect();
            let typed: Vec<_> = typed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let path = format!("/dossier/{}/{}", volet.code(), etape.nom);
            let saved = famille.fill(&path, &typed).await;
            assert_eq!(saved.status, StatusCode::SEE_OTHER, "{path}: {}", saved.html);
            let next = form.suivante(etape).map_or(String::new(), |next| format!("/{}", next.nom));
            assert_eq!(saved.location(), format!("/dossier/{}{next}", volet.code()));
        }
        famille.get(&format!("/dossier/{}", volet.code())).await.says("Elle est remplie");
    }
    let seen = famille.seen().await;
    assert_eq!(FLAGS.map(|flag| seen.text(flag).unwrap()), ["true"; 3]);
    famille.get("/dossier/autonomie").await.says("data-gir=\"1\"");

    // an answer that is taken back is missing again, at once
    let last = formulaire(Volet::Autonomie).etapes.first().unwrap();
    famille.fill(&format!("/dossier/autonomie/{}", last.nom), &[]).await;
    assert_eq!(famille.seen().await.text(FLAGS[1]).unwrap(), "false");
    let page = famille.get("/dossier/autonomie").await;
    page.says("Il reste 1 page");
    assert!(!page.html.contains("data-gir"));
}

#[tokio::test]
async fn a_part_is_left_and_resumed_and_says_what_is_missing() {
    let harness = Harness::new().await;
    let famille = Famille::enter(&harness, "moi").await;
    let before = famille.get("/dossier/medical").await;
    before.says("Commencer : ");
    let medecin = [("medecin-nom", "Hélène Roux"), ("ensuite", "quitter")];
    let first = formulaire(Volet::Medical).etapes[0].nom;
    let left = famille.fill(&format!("/dossier/medical/{first}"), &medecin).await;
    assert_eq!((left.status, left.location()), (StatusCode::SEE_OTHER, "/dossier/medical"));
    let page = famille.get("/dossier/medical").await;
    page.says("Continuer : ");
    page.says("Hélène Roux");
    page.says("<li>Téléphone du médecin</li>");
    famille.get(&format!("/dossier/medical/{first}")).await.says("value=\"Hélène Roux\"");
    famille.get("/dossier").await.says("Il reste ");
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_what_was_typed_is_still_there() {
    let harness = Harness::new().await;
    let famille = Famille::enter(&harness, "moi").await;
    let path = format!("/dossier/medical/{}", formulaire(Volet::Medical).etapes[0].nom);
    let typed =
        [("medecin-nom", "Hélène Roux"), ("medecin-telephone", "le soir <b>"), ("medecin-mail", "roux")];
    let page = famille.fill(&path, &typed).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in [
        "<title>Erreur – ",
        "href=\"#medecin-telephone\"",
        "aria-invalid=\"true\"",
        "id=\"erreur-medecin-mail\"",
        "Par exemple : 04 74 00 00 12",
        "value=\"Hélène Roux\"",
        "value=\"le soir &#60;b&#62;\"",
        "value=\"roux\"",
    ] {
        page.says(words);
    }
    assert!(!famille.get("/dossier/medical").await.html.contains("Hélène Roux"), "nothing was saved");
    // the page that came back is a form like the first
    let form = Famille::form(&page, &pairs(&[("medecin-nom", "Hélène Roux")]));
    assert_eq!(famille.post_from("same-origin", &path, &form).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nobody_overwrites_what_they_have_not_seen_and_a_double_click_is_one() {
    let harness = Harness::new().await;
    let famille = Famille::enter(&harness, "moi").await;
    let path = format!("/dossier/medical/{}", formulaire(Volet::Medical).etapes[0].nom);
    let (mine, theirs) = (famille.get(&path).await, famille.get(&path).await);
    let first = Famille::form(&theirs, &pairs(&[("medecin-nom", "Premier")]));
    let second = Famille::form(&mine, &pairs(&[("medecin-nom", "Second")]));
    for _ in 0..2 {
        assert_eq!(famille.post_from("same-origin", &path, &first).await.status, StatusCode::SEE_OTHER);
    }
    let overtaken = famille.post_from("same-origin", &path, &second).await;
    assert_eq!(overtaken.status, StatusCode::CONFLICT);
    overtaken.says("Cette partie a changé entre-temps");
    overtaken.says("value=\"Second\"");
    famille.get("/dossier/medical").await.says("Premier");
    let again = Famille::form(&overtaken, &pairs(&[("medecin-nom", "Second")]));
    assert_eq!(famille.post_from("same-origin", &path, &again).await.status, StatusCode::SEE_OTHER);
    famille.get("/dossier/medical").await.says("Second");

    // the same for those close to the person
    let (mine, theirs) = (famille.get("/dossier/proches").await, famille.get("/dossier/proches").await);
    let add = |page: &Page, name: &str| {
        Famille::form(
            page,
            &pairs(&[("nouveau-nom", name), ("nouveau-role", "1"), ("nouveau-portable", "06 00 00 00 13")]),
        )
    };
    for expected in [StatusCode::SEE_OTHER; 2] {
        let saved = famille.post_from("same-origin", "/dossier/proches", &add(&mine, "Paul")).await;
        assert_eq!(saved.status, expected, "{}", saved.html);
    }
    let late = famille.post_from("same-origin", "/dossier/proches", &add(&theirs, "Anne")).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says("value=\"Anne\"");
    let names = famille.seen().await.texts("NomNaissance");
    assert_eq!(names.iter().filter(|name| *name == "Paul").count(), 1, "{names:?}");
}

#[tokio::test]
async fn establishments_are_found_chosen_sent_and_taken_back() {
    let harness = Harness::new().await;
    establishments(&harness, 3).await;
    let famille = Famille::enter(&harness, "moi").await;
    for (query, found, not) in [
        ("nom=glycines", "EHPAD Les Glycines", "Tilleuls"),
        ("lieu=Grenoble", "Les Tilleuls", "EHPAD Les Glycines"),
        ("lieu=74000", "&#60;b&#62;du Lac", "EHPAD Les Glycines"),
        ("lieu=01&nom=ehpad", "EHPAD Les Glycines", "du Lac"),
        ("nom=introuvable", "Aucun établissement trouvé", "EHPAD"),
        ("nom=%3Cb%3E%22", "value=\"&#60;b&#62;&#34;\"", "<b>"),
    ] {
        let page = famille.get(&format!("/dossier/etablissements?{query}")).await;
        assert_eq!(page.status, StatusCode::OK);
        page.says(found);
        assert!(!page.html.contains(not), "{query}: {not}");
    }
    // half an answer is none, and is said at its field
    let path = format!("/dossier/etablissements/ajouter?finess={}", finess(0));
    let half = famille.fill(&path, &[("hebergement", "Permanent")]).await;
    assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY);
    half.says("href=\"#urgence-Immédiat\"");
    assert!(famille.states().await.is_empty());
    for rank in [0, 0, 1, 2] {
        assert_eq!(famille.choose(rank).await.location(), "/dossier/etablissements#choisis");
    }
    assert_eq!(famille.states().await, ["NON_ENVOYEE"; 3], "one that is chosen twice is chosen once");

    // one is taken back before it is sent, twice, and chosen again
    let list = famille.get("/dossier/etablissements").await;
    let jeton = list.hidden("jeton").remove(0);
    let third = list.html.split("data-choisi=\"").nth(3).unwrap().split('"').next().unwrap();
    list.says(&format!("name=\"demande\" value=\"{third}\">Retirer"));
    let back = pairs(&[("jeton", jeton.as_str()), ("demande", third)]);
    for _ in 0..2 {
        let taken = famille.post_from("same-origin", "/dossier/etablissements/retirer", &back).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(famille.states().await.len(), 2);
    famille.choose(2).await;

    let review = famille.get("/dossier/envoyer").await;
    review.says("3 établissements vont recevoir le dossier");
    let form = Famille::form(&review, &[]);
    for _ in 0..2 {
        let sent = famille.post_from("same-origin", "/dossier/envoyer", &form).await;
        assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, "/dossier?fait=envoi"));
    }
    let seen = famille.seen().await;
    assert_eq!(seen.texts("StatutDemande"), ["ENVOYEE"; 3]);
    assert_eq!(seen.text("StatutDossier").unwrap(), "ENVOYEE");
    famille.get("/dossier?fait=envoi").await.says("Vos demandes sont envoyées");
    famille.get("/dossier/envoyer").await.says("Il n’y a rien à envoyer");
}

#[tokio::test]
async fn forty_establishments_are_asked_and_no_more() {
    let harness = Harness::new().await;
    establishments(&harness, 41).await;
    let famille = Famille::enter(&harness, "moi").await;
    for rank in 0..41 {
        assert_eq!(famille.choose(rank).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(famille.states().await.len(), 40);
    let page = famille.get("/dossier/etablissements?nom=ehpad").await;
    page.says("Vous ne pouvez plus ajouter d’établissement");
    assert!(!page.html.contains("/dossier/etablissements/ajouter?finess"));
}

#[tokio::test]
async fn a_proposal_is_answered_and_a_demande_is_withdrawn_once() {
    let harness = Harness::new().await;
    establishments(&harness, 3).await;
    let famille = Famille::enter(&harness, "moi").await;
    for rank in 0..3 {
        famille.choose(rank).await;
    }
    famille.fill("/dossier/envoyer", &[]).await;
    let proposed = famille.answered(0, &[Recue, AdmissionProposee]).await;
    let other = famille.answered(1, &[Recue, ListeAttente, AdmissionProposee]).await;
    let refused = famille.answered(2, &[Recue, Refusee]).await;
    let page = famille.get("/dossier").await;
    page.says("vous propose une place");
    page.says(&format!("href=\"/dossier/demandes/{proposed}\""));
    let own = famille.get(&format!("/dossier/demandes/{proposed}")).await;
    own.says("&#60;b&#62;Venez&#60;/b&#62;");
    own.says(&format!("href=\"/dossier/demandes/{proposed}/reponse\""));

    // nothing chosen: said at the field, and the establishment's words are shown as text
    let path = format!("/dossier/demandes/{proposed}/reponse");
    let empty = famille.fill(&path, &[("message", "Merci <i>")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    empty.says("href=\"#reponse-ADMISSION_ACCEPTEE\"");
    empty.says("Merci &#60;i&#62;</textarea>");

    let old = famille.get(&path).await;
    let accept = Famille::form(&old, &pairs(&[("reponse", "ADMISSION_ACCEPTEE"), ("message", "Merci <i>")]));
    for _ in 0..2 {
        let accepted = famille.post_from("same-origin", &path, &accept).await;
        assert_eq!(accepted.location(), "/dossier?fait=acceptee");
    }
    // the back button: the old form, another answer
    let back = Famille::form(&old, &pairs(&[("reponse", "LISTE_ATTENTE")]));
    let overtaken = famille.post_from("same-origin", &path, &back).await;
    assert_eq!(overtaken.status, StatusCode::CONFLICT);
    overtaken.says("Le dossier a changé entre-temps");
    assert_eq!(famille.get(&path).await.status, StatusCode::CONFLICT);

    let wait = format!("/dossier/demandes/{other}/reponse");
    let kept = famille.fill(&wait, &[("reponse", "LISTE_ATTENTE"), ("motif", "14")]).await;
    assert_eq!(kept.location(), "/dossier?fait=attente");
    let seen = famille.seen().await;
    assert_eq!(seen.texts("StatutDemande"), ["ADMISSION_ACCEPTEE", "LISTE_ATTENTE", "REFUSEE"]);
    assert_eq!(seen.texts("DernierEchange")[0], "Merci <i>");

    let withdraw = format!("/dossier/demandes/{other}/annuler");
    assert_eq!(famille.fill(&withdraw, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let gone = famille.fill(&withdraw, &[("motif", "12"), ("message", "Elle reste chez elle.")]).await;
    assert_eq!(gone.location(), "/dossier?fait=retiree");
    assert_eq!(famille.states().await, ["ADMISSION_ACCEPTEE", "ANNULEE", "REFUSEE"]);
    for over in [other, refused] {
        let again = famille.get(&format!("/dossier/demandes/{over}/annuler")).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
    }
    let page = famille.get(&format!("/dossier/demandes/{other}")).await;
    page.says("Elle reste chez elle.");
    assert!(!page.html.contains("/annuler") && !page.html.contains("/reponse"), "nothing is left to do");
}

#[tokio::test]
async fn the_whole_dossier_is_cancelled_after_a_question_and_then_changes_no_more() {
    let harness = Harness::new().await;
    establishments(&harness, 2).await;
    let famille = Famille::enter(&harness, "moi").await;
    famille.choose(0).await;
    famille.fill("/dossier/envoyer", &[]).await;
    let proches = famille.get("/dossier/proches").await;
    assert_eq!(famille.fill("/dossier/annuler", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(famille.seen().await.text("EstAnnule").unwrap(), "false");
    let cancel = famille.get("/dossier/annuler").await;
    cancel.says("La demande en cours sera arrêtée");
    let form = Famille::form(&cancel, &pairs(&[("confirmation", "oui")]));
    let cancelled = famille.post_from("same-origin", "/dossier/annuler", &form).await;
    assert_eq!(cancelled.location(), "/dossier?fait=annule");
    let seen = famille.seen().await;
    assert_eq!(
        (seen.text("StatutDossier").unwrap(), seen.texts("StatutDemande")),
        ("ANNULEE".to_owned(), vec!["ANNULEE".to_owned()])
    );

    let again = famille.post_from("same-origin", "/dossier/annuler", &form).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let late = Famille::form(&proches, &pairs(&[("nouveau-nom", "Paul")]));
    let late = famille.post_from("same-origin", "/dossier/proches", &late).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says("Un dossier annulé ne peut plus être changé");
    let page = famille.get("/dossier").await;
    for address in ["/dossier/annuler", "/dossier/proches", "/dossier/etablissements"] {
        assert!(!page.html.contains(&format!("href=\"{address}\"")), "{address}");
    }
}

/// Every form of the dossier, with what would change something.
async fn forms(famille: &Famille<'_>) -> Vec<(String, Vec<(String, String)>)> {
    let proposed = famille.answered(0, &[Recue, AdmissionProposee]).await;
    let first = &formulaire(Volet::Autonomie).etapes[0];
    let answers: Vec<_> = first.champs.iter().map(any_answer).collect();
    let mut forms = Vec::new();
    for (path, typed) in [
        ("/dossier/proches".to_owned(), pairs(&[("nouveau-nom", "Intrus")])),
        ("/dossier/administratif/identite".to_owned(), pairs(&[("mail", "intrus@exemple.fr")])),
        (format!("/dossier/autonomie/{}", first.nom), answers),
        (
            format!("/dossier/etablissements/ajouter?finess={}", finess(2)),
            pairs(&[("hebergement", "Permanent"), ("urgence", "SixMois")]),
        ),
        ("/dossier/envoyer".to_owned(), Vec::new()),
        (format!("/dossier/demandes/{proposed}/reponse"), pairs(&[("reponse", "ADMISSION_ACCEPTEE")])),
        (format!("/dossier/demandes/{proposed}/annuler"), pairs(&[("motif", "12")])),
        ("/dossier/annuler".to_owned(), pairs(&[("confirmation", "oui")])),
    ] {
        let page = famille.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        forms.push((path.split('?').next().unwrap().to_owned(), Famille::form(&page, &typed)));
    }
    let list = famille.get("/dossier/etablissements").await;
    forms.push(("/dossier/etablissements/retirer".to_owned(), Famille::form(&list, &[])));
    forms
}

#[tokio::test]
async fn forms_of_other_sites_other_sessions_and_no_session_change_nothing() {
    let harness = Harness::new().await;
    establishments(&harness, 3).await;
    let famille = Famille::enter(&harness, "moi").await;
    let other = Famille::enter(&harness, "elle").await;
    famille.choose(0).await;
    famille.fill("/dossier/envoyer", &[]).await;
    famille.choose(1).await;
    let forms = forms(&famille).await;
    let before = famille.seen().await.body;
    let theirs = other.get("/dossier/proches").await.hidden("jeton").remove(0);
    let nobody = Famille { session: String::new(), dossier: famille.dossier.clone(), ..other };
    for (path, form) in &forms {
        let without: Vec<_> = form.iter().filter(|(name, _)| name != "jeton").cloned().collect();
        let mut foreign = without.clone();
        foreign.push(("jeton".to_owned(), theirs.clone()));
        for (what, answer) in [
            ("another site", famille.post_from("cross-site", path, form).await),
            ("a sister site", famille.post_from("same-site", path, form).await),
            ("no token", famille.post_from("same-origin", path, &without).await),
            ("another session's token", famille.post_from("same-origin", path, &foreign).await),
            ("no session", nobody.post_from("same-origin", path, form).await),
        ] {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}, {what}");
        }
        assert!(!nobody.get(path).await.status.is_success(), "{path}");
    }
    assert_eq!(famille.seen().await.body, before);
}

#[tokio::test]
async fn another_dossier_s_demande_is_none_of_this_one() {
    let harness = Harness::new().await;
    establishments(&harness, 3).await;
    let famille = Famille::enter(&harness, "moi").await;
    let other = Famille::enter(&harness, "elle").await;
    famille.choose(0).await;
    famille.fill("/dossier/envoyer", &[]).await;
    let demande = famille.answered(0, &[Recue, AdmissionProposee]).await;
    famille.choose(1).await;
    let unsent = famille.get("/dossier/envoyer").await.hidden("demande").remove(0);
    let before = famille.seen().await.body;
    for what in ["", "/reponse", "/annuler"] {
        let page = other.get(&format!("/dossier/demandes/{demande}{what}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
    }
    let jeton = other.get("/dossier/proches").await.hidden("jeton").remove(0);
    let own = |more: &[(&str, &str)]| [pairs(&[("jeton", &jeton)]), pairs(more)].concat();
    let table = [
        (
            format!("/dossier/demandes/{demande}/reponse"),
            own(&[("reponse", "ADMISSION_ACCEPTEE"), ("statut", "ADMISSION_PROPOSEE")]),
        ),
        (
            format!("/dossier/demandes/{demande}/annuler"),
            own(&[("motif", "12"), ("statut", "ADMISSION_PROPOSEE")]),
        ),
        ("/dossier/etablissements/retirer".to_owned(), own(&[("demande", &unsent)])),
        ("/dossier/envoyer".to_owned(), own(&[("demande", &unsent)])),
    ];
    for (path, form) in table {
        other.post_from("same-origin", &path, &form).await;
        assert_eq!(famille.seen().await.body, before, "{path}");
    }
    for path in [
        "/dossier/autre",
        "/dossier/medical/autre",
        "/dossier/demandes/abc/annuler",
        "/dossier/demandes/-1/reponse",
    ] {
        assert_eq!(famille.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

/// Markup, template syntax, right-to-left marks, four bytes, a formula.
const HOSTILE: &str =
    "=1+1 </textarea><script>alert(1)</script>\"' {{7*7}} {% raw %} \u{202e}gauche \u{1f9d3}";

#[tokio::test]
async fn hostile_text_in_every_field_is_shown_as_text_on_every_page() {
    let harness = Harness::new().await;
    establishments(&harness, 1).await;
    let famille = Famille::enter(&harness, "moi").await;
    for volet in Volet::TOUS {
        for etape in formulaire(volet).etapes {
            let typed: Vec<(String, String)> = etape
                .champs
                .iter()
                .map(|champ| match champ.genre {
                    Genre::Ligne(max) | Genre::Texte(max) => {
                        (champ.nom.to_owned(), HOSTILE.chars().take(max).collect())
                    }
                    _ => any_answer(champ),
                })
                .collect();
            let typed: Vec<_> = typed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let path = format!("/dossier/{}/{}", volet.code(), etape.nom);
            let saved = famille.fill(&path, &typed).await;
            assert_eq!(saved.status, StatusCode::SEE_OTHER, "{path}: {}", saved.html);
            let wrong: Vec<_> = etape.champs.iter().map(|champ| (champ.nom, HOSTILE)).collect();
            harmless(&path, &famille.fill(&path, &wrong).await);
            harmless(&path, &famille.get(&path).await);
        }
        let path = format!("/dossier/{}", volet.code());
        harmless(&path, &famille.get(&path).await);
    }
    let name: String = HOSTILE.chars().take(50).collect();
    let saved = famille.fill("/dossier/proches", &[("nouveau-nom", &name), ("nouveau-prenom", &name)]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.html);
    assert!(famille.seen().await.texts("NomNaissance").contains(&name), "as it was typed, to the partner");
    famille.choose(0).await;
    famille.fill("/dossier/envoyer", &[]).await;
    let demande = famille.answered(0, &[Recue]).await;
    let path = format!("/dossier/demandes/{demande}/annuler");
    harmless(&path, &famille.fill(&path, &[("motif", HOSTILE), ("message", HOSTILE)]).await);
    famille.fill(&path, &[("motif", "12"), ("message", HOSTILE)]).await;
    assert!(famille.seen().await.texts("DernierEchange").contains(&HOSTILE.to_owned()));
    for path in
        ["/dossier", "/dossier/proches", "/dossier/imprimer", "/dossier/etablissements", "/dossier/envoyer"]
    {
        let page = famille.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        harmless(path, &page);
    }
    famille.get("/dossier/imprimer").await.says("=1+1 &#60;/textarea&#62;&#60;script&#62;");
}

fn harmless(path: &str, page: &Page) {
    for raw in ["<script", "\"' {{", "alert(1)</"] {
        assert!(!page.html.contains(raw), "{path}: {raw} in {}", page.html);
    }
}

/// Style included, as the old phone of a family loads it.
#[tokio::test]
async fn no_page_of_the_dossier_is_heavier_than_30_kb() {
    let harness = Harness::new().await;
    establishments(&harness, 12).await;
    let famille = Famille::enter(&harness, "moi").await;
    for rank in 0..3 {
        famille.choose(rank).await;
    }
    let style = {
        let page = famille.get("/dossier").await;
        let address = page.html.split("href=\"/").find(|rest| rest.contains(".css\"")).unwrap();
        famille.get(&format!("/{}", address.split('"').next().unwrap())).await.html.len()
    };
    let mut paths: Vec<String> =
        ["", "/proches", "/etablissements?nom=ehpad", "/envoyer", "/annuler", "/imprimer"]
            .map(|path| format!("/dossier{path}"))
            .into();
    for volet in Volet::TOUS {
        paths.push(format!("/dossier/{}", volet.code()));
        paths.extend(
            formulaire(volet).etapes.iter().map(|etape| format!("/dossier/{}/{}", volet.code(), etape.nom)),
        );
    }
    for path in paths {
        let page = famille.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let size = page.html.len() + style;
        assert!(size <= 30 * 1024, "{path}: {size} bytes");
    }
}

#[tokio::test]
async fn every_view_and_change_is_in_the_trail() {
    let harness = Harness::new().await;
    establishments(&harness, 3).await;
    let famille = Famille::enter(&harness, "moi").await;
    famille.choose(0).await;
    famille.choose(1).await;
    famille.fill("/dossier/envoyer", &[]).await;
    for (path, form) in forms(&famille).await {
        famille.post_from("same-origin", &path, &form).await;
    }
    harness.server.traced().await;
    let actions = harness.actions().await;
    for action in [
        "page.vue",
        "demande.ajoutee",
        "demande.statut",
        "contacts.modifies",
        "dossier.modifie",
        "volet.enregistre",
        "dossier.annule",
    ] {
        assert!(actions.iter().any(|found| found == action), "{action} in {actions:?}");
    }
}
