//! Every address of the server × everyone who may ask for it. The addresses are read from the source: one that is not in the
//! table fails the test, and so does a row without an address.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::Method;

use super::browser::{Browser, encode, token};
use super::*;
use crate::web::{fichiers, reprise};

/// What everyone gets: nobody, whose session is over, who is in another dossier, who is in the dossier. For a form, each
/// sends it with the token of their own session, where they have one.
type Everyone = [u16; 4];

/// How a forged form is sent: in words, with which token, with which headers.
type Attempt<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)]);

struct Row {
    method: &'static str,
    path: &'static str,
    /// An address of this path.
    sample: &'static str,
    form: &'static [(&'static str, &'static str)],
    /// Whether it wants its session's token.
    csrf: bool,
    expected: Everyone,
}

/// A page.
const fn page(path: &'static str, sample: &'static str, expected: Everyone) -> Row {
    Row { method: "GET", path, sample, form: &[], csrf: false, expected }
}

/// A form of a session.
const fn form(
    path: &'static str,
    sample: &'static str,
    form: &'static [(&'static str, &'static str)],
    expected: Everyone,
) -> Row {
    Row { method: "POST", path, sample, form, csrf: true, expected }
}

/// What needs no session.
const fn open(method: &'static str, path: &'static str, sample: &'static str, status: u16) -> Row {
    Row { method, path, sample, form: &[], csrf: false, expected: [status; 4] }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // the services: XML without a signature is no message
    open("GET", "/ws/creation", "/ws/creation?wsdl", 200),
    open("POST", "/ws/creation", "/ws/creation", 415),
    open("GET", "/ws/consultation", "/ws/consultation?wsdl", 200),
    open("POST", "/ws/consultation", "/ws/consultation", 415),
    // the redirection
    open("GET", "/acces", "/acces?jeton=AAAA", 403),
    open("HEAD", "/acces", "/acces?jeton=AAAA", 204),
    open("POST", "/acces", "/acces", 403),
    // the family
    page("/dossier", "/dossier", [403, 403, 200, 200]),
    page("/dossier/partage", "/dossier/partage", [403, 403, 200, 200]),
    form("/dossier/partage/code", "/dossier/partage/code", &[], [403, 403, 200, 200]),
    page("/dossier/partage/retirer", "/dossier/partage/retirer?site=portail", [403, 403, 200, 200]),
    form("/dossier/partage/retirer", "/dossier/partage/retirer", &[("site", "inconnu")], [403, 403, 200, 200]),
    page("/dossier/reprise", "/dossier/reprise", [403, 403, 303, 303]),
    form("/dossier/reprise", "/dossier/reprise", &[], [403, 403, 303, 303]),
    form("/rester", "/rester", &[], [403, 403, 200, 200]),
    page("/dossier/proches", "/dossier/proches", [403, 403, 200, 200]),
    form("/dossier/proches", "/dossier/proches", &[("nouveau-nom", "Durand")], [403, 403, 409, 409]),
    page("/dossier/personne", "/dossier/personne", [403, 403, 200, 200]),
    form("/dossier/personne", "/dossier/personne", &[("prenom", "Odette")], [403, 403, 422, 422]),
    page("/dossier/administratif/identite", "/dossier/administratif/identite", [403, 403, 200, 200]),
    form("/dossier/administratif/identite", "/dossier/administratif/identite", &[("prenom", "Odette")], [403, 403, 409, 409]),
    page("/dossier/etablissements", "/dossier/etablissements?q=glycines", [403, 403, 200, 200]),
    page("/dossier/etablissements/ajouter", "/dossier/etablissements/ajouter?finess=010990018", [403, 403, 200, 200]),
    form("/dossier/etablissements/ajouter", "/dossier/etablissements/ajouter", &[("finess", "010990018")], [403, 403, 422, 422]),
    form("/dossier/etablissements/retirer", "/dossier/etablissements/retirer", &[("demande", "1")], [403, 403, 409, 409]),
    page("/dossier/envoyer", "/dossier/envoyer", [403, 403, 200, 200]),
    form("/dossier/envoyer", "/dossier/envoyer", &[], [403, 403, 303, 303]),
    page("/dossier/demandes", "/dossier/demandes?groupe=a-vous&page=2", [403, 403, 200, 200]),
    // an address that names a demande is the session's own dossier's, or none
    page("/dossier/demandes/{demande}", "/dossier/demandes/1", [403, 403, 404, 200]),
    page("/dossier/demandes/{demande}/annuler", "/dossier/demandes/1/annuler", [403, 403, 404, 200]),
    form("/dossier/demandes/{demande}/annuler", "/dossier/demandes/1/annuler", &[("statut", "ENVOYEE")], [403, 403, 404, 422]),
    page("/dossier/demandes/{demande}/reponse", "/dossier/demandes/1/reponse", [403, 403, 404, 200]),
    form("/dossier/demandes/{demande}/reponse", "/dossier/demandes/1/reponse", &[("reponse", "oui"), ("statut", "ENVOYEE")], [403, 403, 404, 422]),
    page("/dossier/annuler", "/dossier/annuler", [403, 403, 200, 200]),
    form("/dossier/annuler", "/dossier/annuler", &[], [403, 403, 422, 422]),
    page("/dossier/imprimer", "/dossier/imprimer", [403, 403, 200, 200]),
    page("/dossier/{volet}", "/dossier/autonomie", [403, 403, 200, 200]),
    page("/dossier/{volet}/{etape}", "/dossier/medical/medecin", [403, 403, 200, 200]),
    form("/dossier/{volet}/{etape}", "/dossier/medical/medecin", &[("revision", "-7")], [403, 403, 409, 409]),
    // who has no session leaves nothing; whose session holds leaves by a form of its own
    form("/quitter", "/quitter", &[], [200, 200, 200, 200]),
    // a partner's request to be linked has a cookie of its own
    open("GET", "/liaison", "/liaison", 403),
    open("POST", "/liaison", "/liaison", 403),
    open("POST", "/liaison/preuve", "/liaison/preuve", 403),
    open("POST", "/liaison/refus", "/liaison/refus", 403),
    // the establishment's desk: a family's session is nobody there; its own roles are in etablissement/tests/acces.rs
    open("GET", "/etablissement", "/etablissement", 303),
    open("GET", "/etablissement/demandes.csv", "/etablissement/demandes.csv", 303),
    open("HEAD", "/etablissement/demandes.csv", "/etablissement/demandes.csv", 204),
    open("GET", "/etablissement/demandes/{id}", "/etablissement/demandes/1", 303),
    open("HEAD", "/etablissement/demandes/{id}", "/etablissement/demandes/1", 204),
    open("GET", "/etablissement/demandes/{id}/{action}", "/etablissement/demandes/1/admission", 303),
    open("POST", "/etablissement/demandes/{id}/{action}", "/etablissement/demandes/1/admission", 303),
    open("GET", "/etablissement/reprise", "/etablissement/reprise", 303),
    open("POST", "/etablissement/reprise", "/etablissement/reprise", 303),
    open("GET", "/etablissement/connexion", "/etablissement/connexion", 200),
    open("POST", "/etablissement/connexion", "/etablissement/connexion", 403),
    // without [openid] there is no such door; with it: etablissement/tests/openid.rs
    open("GET", "/etablissement/openid", "/etablissement/openid", 404),
    open("HEAD", "/etablissement/openid", "/etablissement/openid", 204),
    open("GET", "/etablissement/openid/retour", "/etablissement/openid/retour?state=A&code=B", 404),
    open("HEAD", "/etablissement/openid/retour", "/etablissement/openid/retour?state=A&code=B", 204),
    open("POST", "/etablissement/deconnexion", "/etablissement/deconnexion", 200),
    open("POST", "/etablissement/rester", "/etablissement/rester", 303),
    open("GET", "/etablissement/code", "/etablissement/code", 303),
    open("POST", "/etablissement/code", "/etablissement/code", 303),
    open("GET", "/etablissement/second-facteur", "/etablissement/second-facteur", 303),
    open("POST", "/etablissement/second-facteur", "/etablissement/second-facteur", 303),
    open("GET", "/etablissement/second-facteur/qr.svg", "/etablissement/second-facteur/qr.svg", 303),
    open("GET", "/etablissement/mot-de-passe", "/etablissement/mot-de-passe", 303),
    open("POST", "/etablissement/mot-de-passe", "/etablissement/mot-de-passe", 303),
    open("GET", "/etablissement/compte", "/etablissement/compte", 303),
    open("POST", "/etablissement/compte/sessions/{id}/fermer", "/etablissement/compte/sessions/1/fermer", 303),
    open("GET", "DESK_STYLE", "DESK_STYLE", 200),
    // everyone
    open("GET", "/accessibilite", "/accessibilite", 200),
    open("GET", "/confidentialite", "/confidentialite", 200),
    open("GET", "/explications", "/explications", 200),
    open("GET", "/explications/{id}", "/explications/VTPA-SEC-014", 200),
    open("GET", "/icone.svg", "/icone.svg", 200),
    open("GET", "STYLE", "STYLE", 200),
    open("GET", "/sante", "/sante", 200),
    open("GET", "/pret", "/pret", 200),
    // a sandbox's alone
    open("GET", "/bac-a-sable", "/bac-a-sable", 404),
    open("POST", "/bac-a-sable", "/bac-a-sable", 404),
];

/// Of paths that the source names otherwise than by a text.
fn named(expression: &str) -> Option<Vec<&'static str>> {
    Some(match expression {
        "service.path()" => vec!["/ws/creation", "/ws/consultation"],
        "fichiers::style_path()" => vec!["STYLE"],
        "fichiers::desk_style_path()" => vec!["DESK_STYLE"],
        "fichiers::ICON_PATH" => vec![fichiers::ICON_PATH],
        "reprise::ADRESSE" => vec![reprise::ADRESSE],
        _ => return None,
    })
}

/// Every method and path that the source gives a router, but for the metrics' own listener.
fn declared() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = entry.file_name().into_string().unwrap();
            if path.is_dir() {
                if name != "tests" {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") && name != "metrics.rs" && name != "tests.rs" {
                let text = std::fs::read_to_string(&path).unwrap();
                for hidden in [".nest(", ".route_service(", ".nest_service(", "MethodRouter"] {
                    assert!(!text.contains(hidden), "{name}: the table of routes cannot see into {hidden}");
                }
                for route in text.split(".route(").skip(1) {
                    add(&mut found, &name, arguments(route));
                }
            }
        }
    }
    found
}

/// The arguments of a call that has just been opened.
fn arguments(text: &str) -> &str {
    let (mut depth, mut quoted) = (1, false);
    for (at, char) in text.char_indices() {
        match char {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    panic!("a call without an end: {text}");
}

fn add(found: &mut BTreeSet<(String, String)>, file: &str, route: &str) {
    let (path, handlers) = route.split_once(',').unwrap();
    let path = path.trim();
    let paths = match path.strip_prefix('"') {
        Some(text) => vec![text.trim_end_matches('"')],
        None => named(path).unwrap_or_else(|| panic!("{file}: teach the table of routes what {path} is")),
    };
    let mut methods = 0;
    for (at, _) in handlers.match_indices('(') {
        let name = handlers[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
        let called = handlers[..at].trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
        if called.ends_with("::") {
            continue;
        }
        match name {
            "get" | "post" | "head" | "put" | "delete" | "patch" | "options" => {
                methods += 1;
                for path in &paths {
                    found.insert((name.to_ascii_uppercase(), (*path).to_owned()));
                }
            }
            "any" | "on" => panic!("{file}: {path} takes any method"),
            _ => {}
        }
    }
    assert!(methods > 0, "{file}: {path} without a method");
}

#[test]
fn every_address_of_the_source_is_in_the_table() {
    let rows: BTreeSet<_> = ROWS.iter().map(|row| (row.method.to_owned(), row.path.to_owned())).collect();
    assert_eq!(rows.len(), ROWS.len(), "a row stands twice");
    let declared = declared();
    let missing: Vec<_> = declared.difference(&rows).collect();
    assert!(missing.is_empty(), "say in ROWS who may ask for {missing:?}");
    let gone: Vec<_> = rows.difference(&declared).collect();
    assert!(gone.is_empty(), "ROWS has what no router has: {gone:?}");
}

/// The site with two dossiers, and everyone.
struct Scene {
    site: Site,
    other: IdDossier,
}

const WHO: [&str; 4] = ["nobody", "a session that is over", "another dossier's session", "the session"];

impl Scene {
    async fn new() -> Self {
        let site = Site::new().await;
        let others = 1_234_567_890_129..1_234_567_890_140_u64;
        let other = others.into_iter().find_map(|number| IdDossier::parse(&number.to_string())).unwrap();
        let mut person = testkit::dossiers::creation("moi")["Demandeur"].clone();
        person["NomNaissance"] = "AUTREPERSONNE".into();
        let demandeur: Demandeur = serde_json::from_value(person).unwrap();
        let application = site.application;
        let created = site.store.run("create", |tx| {
            let (id, demandeur) = (&other, &demandeur);
            Box::pin(async move { tx.create_dossier(id, demandeur, application, "moi").await })
        });
        created.await.unwrap();
        let etablissement = dossier::Etablissement {
            num_finiss: "010990018".to_owned(),
            raison_sociale: Some("EHPAD Les Glycines".to_owned()),
            adresse: None,
            telephone: None,
            donnees_autres: None,
        };
        let id = site.dossier.clone();
        let asked = site.store.run("demande", |tx| {
            let (id, etablissement) = (&id, &etablissement);
            Box::pin(async move {
                tx.add_etablissement(etablissement).await?;
                let stay = dossier::TypeHebergement::NonRenseigne;
                let demande =
                    tx.add_demande(id, "010990018", stay, dossier::UrgenceDemande::NonRenseigne).await?;
                for state in ["ENVOYEE", "RECUE", "ADMISSION_PROPOSEE"] {
                    let state = dossier::StatutDemande::from_code(state).unwrap();
                    tx.change_statut(demande, state, None, None).await?;
                }
                Ok(demande)
            })
        });
        assert_eq!(asked.await.unwrap(), 1, "the rows name it");
        Self { site, other }
    }

    /// Everyone, each with a browser of their own. A session that is over is one that another took the place of.
    async fn everyone(&mut self) -> [Browser; 4] {
        let mut over = Browser::inside(&mut self.site).await;
        let former = over.jar.clone();
        over.enter(&mut self.site).await;
        over.jar = former;
        let inside = Browser::inside(&mut self.site).await;
        let dossier = std::mem::replace(&mut self.site.dossier, self.other.clone());
        let elsewhere = Browser::inside(&mut self.site).await;
        self.site.dossier = dossier;
        [Browser::default(), over, elsewhere, inside]
    }

    /// All that a form could have changed of the dossier.
    async fn state(&self) -> impl PartialEq + std::fmt::Debug + use<> {
        let dossier = self.site.dossier.clone();
        let read = self.site.store.read(move |reader| {
            Box::pin(async move {
                let stored = reader.dossier(&dossier).await?;
                let sites = reader.acces_partenaires(&dossier).await?;
                let history = reader.history(&dossier).await?;
                Ok((stored, sites, history, reader.code_acces_du(&dossier).await?))
            })
        });
        read.await.unwrap()
    }
}

/// The token of a browser's own session.
fn own(browser: &Browser) -> String {
    let session = browser.jar.get("__Host-session").and_then(|secret| Secret::parse(secret));
    session.map_or_else(String::new, |session| session.form_token())
}

fn path_of(row: &Row) -> &str {
    match row.sample {
        "STYLE" => fichiers::style_path(),
        "DESK_STYLE" => fichiers::desk_style_path(),
        sample => sample,
    }
}

/// What every answer carries, whatever it says.
fn assert_protected(what: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{what}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{what}");
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    let kind = answer.header("content-type");
    let kept = kind.starts_with("text/css") || kind == "image/svg+xml";
    assert!(kept || answer.header("cache-control") == "no-store", "{what}");
    assert!(answer.html.is_empty() || !kind.is_empty(), "{what}: no content-type");
    if !kind.starts_with("text/html") {
        return;
    }
    for inline in ["<script", "<style", " style=\"", " onclick", "javascript:"] {
        assert!(!answer.html.contains(inline), "{what}: {inline}");
    }
}

#[tokio::test]
async fn everyone_gets_what_is_theirs_from_every_address_and_nothing_else() {
    let mut scene = Scene::new().await;
    let name = &testkit::dossiers::creation("moi")["Demandeur"]["NomNaissance"];
    let name = name.as_str().unwrap().to_owned();
    let mut wrong = Vec::new();
    for row in ROWS {
        let everyone = scene.everyone().await;
        for ((who, mut browser), expected) in WHO.iter().zip(everyone).zip(row.expected) {
            let what = format!("{} {} by {who}", row.method, row.sample);
            let jeton = own(&browser);
            let fields = [&[("jeton", jeton.as_str())], row.form].concat();
            let sent = (row.method == "POST").then(|| encode(&fields));
            let method = Method::from_bytes(row.method.as_bytes()).unwrap();
            let headers = [("sec-fetch-site", "same-origin")];
            let headers = if row.method == "POST" { &headers[..] } else { &[] };
            let answer = browser.ask(&scene.site, method, path_of(row), headers, sent.as_deref()).await;
            if answer.status.as_u16() != expected {
                wrong.push(format!("{what}: {} for {expected}", answer.status));
            }
            assert_protected(&what, &answer);
            if *who != "the session" {
                assert!(!answer.html.contains(&name), "{what} shows whose dossier it is");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A desk's session, of the very establishment that was asked, opens nothing of the family's, under whatever cookie.
#[tokio::test]
async fn a_desk_s_session_is_nobody_at_the_family_s_addresses() {
    let scene = Scene::new().await;
    let secret = Secret::draw(&mut testkit::rng(77));
    let sha256 = secret.sha256();
    let opened = scene.site.store.run("desk", |tx| {
        Box::pin(async move {
            let nouveau = storage::NouveauCompte {
                etablissement: "010990018",
                login: "anne",
                nom: "Anne Duval",
                sujet: None,
                mot_de_passe: "none",
                provisoire: None,
            };
            let compte = tx.add_compte(&nouveau).await?;
            let session = storage::NouvelleSession {
                compte,
                second_vu: true,
                par_openid: true,
                navigateur: "Firefox",
                idle: std::time::Duration::from_mins(30),
                absolute: std::time::Duration::from_hours(20),
            };
            tx.open_bureau_session(&sha256, &session).await
        })
    });
    opened.await.unwrap();
    let cookie = secret.set_cookie().unwrap();
    let value = cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    let desk = Browser {
        jar: ["__Host-bureau", "__Host-session"].map(|name| (name.to_owned(), value.clone())).into(),
    };
    let mut inside = desk.clone();
    assert_eq!(
        inside.get(&scene.site, "/etablissement/compte").await.status,
        StatusCode::OK,
        "it holds there"
    );
    let before = scene.state().await;
    let jeton = secret.form_token();
    for row in ROWS.iter().filter(|row| !row.path.starts_with("/etablissement")) {
        let fields = [&[("jeton", jeton.as_str())], row.form].concat();
        let sent = (row.method == "POST").then(|| encode(&fields));
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let headers: &[_] = if row.method == "POST" { &[("sec-fetch-site", "same-origin")] } else { &[] };
        let answer = desk.clone().ask(&scene.site, method, path_of(row), headers, sent.as_deref()).await;
        assert_eq!(answer.status.as_u16(), row.expected[0], "{} {}", row.method, row.path);
    }
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn a_form_without_its_own_session_s_token_or_from_another_site_changes_nothing() {
    let mut scene = Scene::new().await;
    let before = scene.state().await;
    for row in ROWS.iter().filter(|row| row.csrf) {
        let [_, _, elsewhere, inside] = scene.everyone().await;
        let (mine, theirs) = (own(&inside), own(&elsewhere));
        let attempts: [Attempt<'_>; 6] = [
            ("no token", None, &[("sec-fetch-site", "same-origin")]),
            ("an empty token", Some(""), &[("sec-fetch-site", "same-origin")]),
            ("another session's token", Some(&theirs), &[("sec-fetch-site", "same-origin")]),
            ("another site", Some(&mine), &[("sec-fetch-site", "cross-site")]),
            ("a neighbour's site", Some(&mine), &[("sec-fetch-site", "same-site")]),
            ("another origin", Some(&mine), &[("origin", "https://ailleurs.exemple"), ("host", "ici")]),
        ];
        for (how, jeton, headers) in attempts {
            let mut fields: Vec<_> = jeton.map(|jeton| ("jeton", jeton)).into_iter().collect();
            fields.extend_from_slice(row.form);
            let what = format!("POST {} with {how}", row.sample);
            let mut browser = inside.clone();
            let answer =
                browser.ask(&scene.site, Method::POST, row.sample, headers, Some(&encode(&fields))).await;
            assert_eq!(answer.status.as_u16(), 403, "{what}: {}", answer.html);
            assert_protected(&what, &answer);
        }
    }
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn no_address_takes_a_method_that_it_does_not_have() {
    let mut scene = Scene::new().await;
    let before = scene.state().await;
    let [_, _, _, inside] = scene.everyone().await;
    let paths: BTreeSet<_> = ROWS.iter().map(|row| row.path).collect();
    for path in paths {
        let of_path = || ROWS.iter().filter(|row| row.path == path);
        let sample = of_path().next().unwrap();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
            if of_path().any(|row| row.method == method) {
                continue;
            }
            let mut browser = inside.clone();
            let named = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = browser.ask(&scene.site, named, path_of(sample), &[], Some("")).await;
            let what = format!("{method} {path}");
            assert_eq!(answer.status.as_u16(), 405, "{what}");
            assert_protected(&what, &answer);
        }
    }
    assert_eq!(scene.state().await, before);
}

/// The pages of a session lead back to its partner, and those that say that there is none do, too.
#[tokio::test]
async fn every_page_that_a_session_sees_leads_back_to_its_partner() {
    let mut scene = Scene::new().await;
    for row in ROWS.iter().filter(|row| row.method == "GET" && row.path.starts_with("/dossier")) {
        let [_, over, _, inside] = scene.everyone().await;
        for (who, mut browser) in [("over", over), ("inside", inside)] {
            let answer = browser.get(&scene.site, row.sample).await;
            let html = answer.header("content-type").starts_with("text/html");
            let back = answer.html.contains("href=\"https://portail.exemple/dossiers\"");
            assert!(!html || back, "{} {who}", row.sample);
            let mention = answer.html.contains("<a href=\"/accessibilite\">Accessibilité : non conforme</a>");
            assert!(!html || mention, "{} {who}", row.sample);
            let form = !answer.html.contains("method=\"post\"") || !token(&answer).is_empty();
            assert!(!html || who == "over" || form, "{}: a form without a token", row.sample);
        }
    }
}
