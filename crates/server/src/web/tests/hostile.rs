//! Hostile text in every field of every form that the dossier leads to: refused beside its field, or kept; text wherever it is
//! shown again. The forms are found by following the pages' links.

use std::collections::BTreeSet;

use axum::http::Method;

use super::browser::{Browser, attribute};
use super::*;

const TEXTS: &[&str] = &[
    "</textarea></title><script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "{{7*7}}{% raw %}${7*7}",
    "\u{202e}gauche\u{200f}",
    "🧓𝒶\u{1f468}\u{200d}\u{1f467}",
    "=HYPERLINK(\"http://x\")",
];

/// What leads out of the dossier, or ends it.
const LEFT_ALONE: &[&str] = &["/quitter", "/rester", "/dossier/annuler", "/dossier/partage/retirer"];

/// As a page writes text.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    text.replace('"', "&#34;").replace('\'', "&#39;")
}

/// A form of a page: where it goes, how, and its fields with what a hostile person puts in them.
struct Hostile {
    action: String,
    method: Method,
    fields: Vec<(String, String)>,
    /// How many of them take free text.
    free: usize,
}

/// The value of a tag's attribute.
fn of(tag: &str, name: &str) -> Option<String> {
    attribute(tag, &format!(" {name}=\""))
}

fn forms(html: &str, text: &str) -> Vec<Hostile> {
    html.split("<form ").skip(1).map(|form| hostile(form.split("</form>").next().unwrap(), text)).collect()
}

fn hostile(form: &str, text: &str) -> Hostile {
    let (head, body) = form.split_once('>').unwrap();
    let head = format!(" {head}");
    let (mut fields, mut free) = (Vec::new(), 0);
    for tag in body.split('<').skip(1) {
        let element = tag.split([' ', '>']).next().unwrap();
        let tag = tag.split('>').next().unwrap();
        let Some(name) = of(tag, "name") else { continue };
        let kind = of(tag, "type").unwrap_or_default();
        let value = of(tag, "value").unwrap_or_default();
        match (element, kind.as_str()) {
            ("input", "hidden") | ("button", _) => fields.push((name, value)),
            // of radio buttons the first; a box that says « oui » or the like
            ("input", "radio" | "checkbox") if fields.iter().any(|(known, _)| *known == name) => {}
            ("input", "radio" | "checkbox") => fields.push((name, value)),
            ("input" | "textarea" | "select", _) => {
                free += 1;
                fields.push((name, text.to_owned()));
            }
            _ => {}
        }
    }
    let method = if of(&head, "method").as_deref() == Some("post") { Method::POST } else { Method::GET };
    Hostile { action: of(&head, "action").unwrap_or_default(), method, fields, free }
}

fn links(html: &str) -> Vec<String> {
    let all = html.split("<a ").skip(1).filter_map(|tag| of(&format!(" {tag}"), "href"));
    all.filter(|link| link.starts_with("/dossier"))
        .map(|link| link.split('#').next().unwrap().to_owned())
        .collect()
}

/// That `text` stands in a page as text, where it stands at all; how often.
fn assert_text(page: &Answer, text: &str, what: &str) -> usize {
    let plain = text.contains(['<', '>', '"', '\'', '&']);
    assert!(!plain || !page.html.contains(text), "{what}: {text:?} stands as it is");
    for element in ["<script", "<img src=x", "onerror='", "</textarea></title>"] {
        assert!(!page.html.contains(element), "{what}: {text:?} made {element}");
    }
    assert!(!page.html.contains("49$"), "{what}: {text:?} was computed");
    page.html.matches(&escaped(text)).count()
}

#[tokio::test]
async fn hostile_text_in_any_field_of_any_form_is_text() {
    let (mut free, mut shown, mut kept) = (0, 0, 0);
    for text in TEXTS {
        let mut site = Site::new().await;
        let mut browser = Browser::inside(&mut site).await;
        let mut seen = BTreeSet::from(["/dossier".to_owned()]);
        let mut waiting = vec!["/dossier".to_owned()];
        while let Some(path) = waiting.pop() {
            let page = browser.get(&site, &path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert_text(&page, text, &path);
            waiting.extend(links(&page.html).into_iter().filter(|link| seen.insert(link.clone())));
            for form in forms(&page.html, text) {
                if form.free == 0 || LEFT_ALONE.contains(&form.action.as_str()) {
                    continue;
                }
                let fields: Vec<_> =
                    form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let what = format!("{} {}", form.method, form.action);
                let answer = if form.method == Method::POST {
                    browser.post(&site, &form.action, &fields).await
                } else {
                    let query = super::browser::encode(&fields);
                    browser.get(&site, &format!("{}?{query}", form.action)).await
                };
                assert!([200, 303, 422].contains(&answer.status.as_u16()), "{what}: {}", answer.status);
                free += form.free;
                let again = assert_text(&answer, text, &what);
                // what is refused is shown again, to be mended
                assert!(
                    answer.status != StatusCode::UNPROCESSABLE_ENTITY || again > 0,
                    "{what}: {text:?} is lost"
                );
                shown += again;
            }
        }
        assert!(seen.len() > 25, "{seen:?}");
        for path in &seen {
            let page = browser.get(&site, path).await;
            kept += assert_text(&page, text, path);
        }
    }
    println!("{free} free fields tried; shown again {shown} times, later {kept} times");
    assert!(shown > 100 && kept > 100, "{shown} {kept}");
}
