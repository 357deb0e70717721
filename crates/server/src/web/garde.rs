//! What every form of the site is held against: it was sent by a page of the site itself.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether the browser says that a page of this site sent the form. Cookies are `SameSite=Lax`, so that another site's form
/// comes without a session; this refuses it in the browsers, too, that are mistaken about the site.
pub(super) fn from_here(headers: &HeaderMap) -> bool {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = value("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    // before 2023 browsers sent Origin alone; « null » is what a page sends that hides where it is
    match value(ORIGIN.as_str()) {
        None => true,
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == value(HOST.as_str())
        }
    }
}

/// As [`from_here`] the other way round, for forms that carry their session's token: where the browser does not say, the token
/// decides. Browsers of before 2023 say `null` of a site's own forms, too, since its pages send no referrer.
pub(super) fn from_elsewhere(headers: &HeaderMap) -> bool {
    let says_nothing = headers.get("sec-fetch-site").is_none()
        && headers.get(ORIGIN).is_none_or(|origin| origin.as_bytes() == b"null");
    !says_nothing && !from_here(headers)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_form_comes_from_a_page_of_the_site() {
        let table: [(&[(&'static str, &'static str)], bool); 8] = [
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://ici"), ("host", "ici")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "https://ici:8443"), ("host", "ici:8443")], true),
            (&[("origin", "https://ailleurs"), ("host", "ici")], false),
            (&[("origin", "null"), ("host", "ici")], false),
            (&[("host", "ici")], true),
        ];
        for (given, expected) in table {
            let headers: HeaderMap = given
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            assert_eq!(from_here(&headers), expected, "{given:?}");
            // an origin that is not told is no origin elsewhere
            let untold = given.contains(&("origin", "null"));
            assert_eq!(from_elsewhere(&headers), !expected && !untold, "{given:?}");
        }
    }
}
