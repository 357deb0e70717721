//! Hostile text in every leaf of a creation: markup, template syntax, right-to-left marks, characters of four bytes, formulas of a
//! spreadsheet. It is refused, or it is text wherever it comes up: in answers, in the person's pages.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use storage::Rights;
use testkit::pki::pki;
use tower::ServiceExt as _;
use xmlsec::Document;

use crate::acces::{consultation, jeton};
use crate::harness::{Answer, Harness, answers};
use crate::request::creation;
use crate::tree::{Change, Tree};

/// Short enough for the shortest field that takes free text, and long ones for the others.
const TEXTS: &[&str] = &[
    "<b>x</b>",
    "\"><i x='",
    "{{7*7}}",
    "\u{202e}a\u{200f}",
    "🧓𝒶\u{1f468}",
    "=1+1",
    "@SUM(A1)",
    "</textarea><script>alert(1)</script>",
    "{% include 'base.html' %}${7*7}#{7*7}",
    "=HYPERLINK(\"http://x\";\"y\")",
    "javascript:alert(1)",
    "&lt;b&gt;&amp;&#60;",
    "]]><!--x--><![CDATA[",
    "'; DROP TABLE dossier; --",
    "a=b;c=d\\\"%0d%0aSet-Cookie:x=y",
];

/// The paths of all elements without children, as messages write them.
fn leaves(tree: &Tree, path: &str, found: &mut Vec<String>) {
    const LISTS: [&str; 6] =
        ["Contacts", "Type", "AutresDonnees", "Etablissements", "ParametresOptionnels", "DonneesAutres"];
    for (place, child) in (1..).zip(tree.children()) {
        let path = match (LISTS.contains(&tree.name()), path) {
            (true, _) => format!("{path}[{place}]"),
            (false, "") => child.name().to_owned(),
            (false, _) => format!("{path}.{}", child.name()),
        };
        if child.children().is_empty() {
            found.push(path);
        } else {
            leaves(child, &path, found);
        }
    }
}

/// As a page writes text.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    text.replace('"', "&#34;").replace('\'', "&#39;")
}

struct Site(Harness);

impl Site {
    async fn create(&self, request: &Tree) -> (Answer, Vec<String>) {
        let answer = self.0.call(&pki().partner, &request.xml()).await;
        let codes = answer.texts("Code");
        (answer, codes)
    }

    /// The page of a dossier, reached by a token.
    async fn page(&self, dossier: &str, local: &str, path: &str) -> String {
        let answer = self
            .0
            .call(
                &pki().partner,
                &jeton(dossier, "").with("/Dossier.IdLocal", Change::Text(local.to_owned())).xml(),
            )
            .await;
        let token = answer.texts("JetonSecurite").remove(0);
        let entered = self.get(&format!("/acces?jeton={token}"), "").await;
        assert_eq!(entered.status(), StatusCode::SEE_OTHER);
        let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let page = self.get(path, &cookie).await;
        assert_eq!(page.status(), StatusCode::OK);
        let body = axum::body::to_bytes(page.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.into()).unwrap()
    }

    async fn get(&self, path: &str, cookie: &str) -> axum::http::Response<Body> {
        let request = Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap();
        self.0.app.clone().oneshot(request).await.unwrap()
    }
}

/// The creation with `text` in every one of `leaves`, each person of their own.
fn filled(leaves: &[String], text: &str) -> Tree {
    leaves.iter().fold(creation(), |tree, path| tree.with(path, Change::Text(text.to_owned())))
}

#[tokio::test]
async fn hostile_text_in_any_field_is_refused_or_is_text() {
    let site = Site(Harness::start(|_| {}).await);
    site.0.register("portail", &pki().partner, Rights::ALL).await;
    let mut paths = Vec::new();
    leaves(&creation().children()[0], "", &mut paths);
    assert!(
        paths.len() > 80 && paths.contains(&"Demandeur.Contacts[2].Type[1].DisplayName".to_owned()),
        "{paths:?}"
    );
    // the same classes stand in several places: two of each are tried, all together in the end
    let mut shown = 0;
    for text in TEXTS {
        let mut accepted = Vec::new();
        for path in &paths {
            let request = creation().with(path, Change::Text((*text).to_owned()));
            let (answer, codes) = site.create(&request).await;
            match codes.as_slice() {
                [code] if code == "999" => accepted.push(path.clone()),
                [code] => {
                    assert!(
                        ["202", "203", "300", "360", "370", "371", "372", "431", "490"]
                            .contains(&code.as_str()),
                        "{path} {text:?}: {code}"
                    );
                    // one answer's elements, whatever the text: no element of the sender's came out of it
                    let document = Document::parse(answer.body.as_bytes(), &answers()).unwrap();
                    assert!(
                        document
                            .root()
                            .descendants()
                            .all(|node| !["b", "i", "script"].contains(&node.local_name()))
                    );
                }
                codes => panic!("{path} {text:?}: {codes:?}"),
            }
        }
        let names = [
            "Demandeur.NomNaissance",
            "Demandeur.Prenom",
            "Demandeur.Adresse.LibelleVoie",
            "Demandeur.Contacts[1].NomUsuel",
        ];
        for name in names {
            assert!(accepted.iter().any(|path| path == name), "{name} takes any text: {text:?}");
        }
        shown += accepted.len();
        // two entries of a dictionary, and two types of a contact, may not be the same
        accepted.retain(|path| !path.ends_with("[2].Nom") && !path.contains("Type[2]"));
        let (answer, codes) = site.create(&filled(&accepted, text)).await;
        assert_eq!(codes, ["999"], "{text:?} in {accepted:?}");
        let dossier = answer.texts("IdDossier").remove(0);
        let local = if accepted.iter().any(|path| path == "IdLocal") { *text } else { "usager-7" };
        let read = site
            .0
            .call(
                &pki().partner,
                &consultation(&[(&dossier, "")])
                    .with("/ListeDossier[1].IdLocal", Change::Text(local.to_owned()))
                    .xml(),
            )
            .await;
        assert_eq!(
            read.texts("NomNaissance").first().map(String::as_str),
            Some(*text),
            "read back as it was sent: {}",
            read.body
        );
        let page = site.page(&dossier, local, "/dossier").await;
        let written = escaped(text);
        assert!(
            page.contains(&format!("data-champ=\"Demandeur.NomNaissance\">{written}</span>")),
            "{text:?}: {page}"
        );
        let count = page.matches(&written).count();
        assert!(count >= names.len(), "{text:?} is shown {count} times");
        if text.contains(['<', '>', '"', '\'', '&']) {
            assert!(!page.contains(text), "{text:?} stands as it is");
        }
        for element in ["<script", "<b>", "<i ", "<textarea></textarea>", "href=\"javascript:", "<!--"] {
            assert!(!page.contains(element), "{text:?} made {element}");
        }
        assert!(!page.contains(">49<"), "{text:?} was computed");
    }
    println!("{} leaves, {} texts; {shown} accepted and shown", paths.len(), TEXTS.len());
}
