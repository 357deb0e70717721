//! A browser: it keeps cookies, and sends forms as a page of the site gave them.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request};

use super::{Answer, FORM, Site};

#[derive(Clone, Default)]
pub(super) struct Browser {
    pub(super) jar: BTreeMap<String, String>,
}

impl Browser {
    /// One that just entered the dossier.
    pub(super) async fn inside(site: &mut Site) -> Self {
        let mut browser = Self::default();
        browser.enter(site).await;
        browser
    }

    /// Comes from the partner, with a token.
    pub(super) async fn enter(&mut self, site: &mut Site) {
        let token = site.token().await;
        let answer = self.get(site, &format!("/acces?jeton={token}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/dossier"));
    }

    pub(super) async fn get(&mut self, site: &Site, path: &str) -> Answer {
        self.ask(site, Method::GET, path, &[], None).await
    }

    /// Sends a form from a page of the site.
    pub(super) async fn post(&mut self, site: &Site, path: &str, form: &[(&str, &str)]) -> Answer {
        self.ask(site, Method::POST, path, &[("sec-fetch-site", "same-origin")], Some(&encode(form))).await
    }

    pub(super) async fn ask(
        &mut self,
        site: &Site,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: Option<&str>,
    ) -> Answer {
        let cookies: Vec<_> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header("cookie", cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match form {
            Some(form) => {
                request = request.header("content-type", FORM).header("content-length", form.len());
                Body::from(form.to_owned())
            }
            None => Body::empty(),
        };
        let answer = site.send(request.body(body).unwrap()).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// The token that the first form of a page carries.
pub(super) fn token(page: &Answer) -> String {
    attribute(&page.html, "name=\"jeton\" value=\"").unwrap_or_default()
}

/// What stands after `before` up to the next quotation mark, as the browser reads it.
pub(super) fn attribute(html: &str, before: &str) -> Option<String> {
    let value = html.split(before).nth(1)?.split('"').next()?;
    let plain =
        value.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'");
    Some(plain.replace("&#38;", "&"))
}

pub(super) fn encode(form: &[(&str, &str)]) -> String {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    form.iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}
