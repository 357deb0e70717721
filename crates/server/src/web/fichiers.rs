//! The style sheet and the icon, inside the binary. The sheet's address holds its hash, so that it may be kept for ever.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use xmlsec::DigestMethod;

static STYLE: LazyLock<String> = LazyLock::new(|| tight(include_str!("../../templates/style.css")));
const ICON: &str = include_str!("../../templates/icone.svg");

/// Where the icon is.
pub(super) const ICON_PATH: &str = "/icone.svg";

/// What the desk's pages have besides.
static DESK_STYLE: LazyLock<String> =
    LazyLock::new(|| tight(include_str!("../../templates/etablissement/bureau.css")));

/// Where the style sheet of this version is.
pub(super) fn style_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| format!("/style-{}.css", hash(&STYLE)));
    &PATH
}

/// Where that of the desk is.
pub(super) fn desk_style_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| format!("/bureau-{}.css", hash(&DESK_STYLE)));
    &PATH
}

fn hash(sheet: &str) -> String {
    let digest = DigestMethod::Sha256.digest(sheet.as_bytes());
    digest.as_ref().iter().take(8).fold(String::new(), |mut hash, byte| {
        // writing to a String cannot fail
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}

/// A sheet as it is sent: without its comments and the white space that only its writers need. Our sheets have neither in a
/// string but for single spaces after a letter.
fn tight(sheet: &str) -> String {
    let mut text = String::with_capacity(sheet.len());
    for (rank, part) in sheet.split("/*").enumerate() {
        text.push_str(if rank == 0 { part } else { part.split_once("*/").map_or("", |(_, rest)| rest) });
    }
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (loose, close) in [
        ("; ", ";"),
        (": ", ":"),
        (" {", "{"),
        ("{ ", "{"),
        (" }", "}"),
        (", ", ","),
        (";}", "}"),
        ("} ", "}"),
    ] {
        text = text.replace(loose, close);
    }
    text
}

const SHEET: [(axum::http::HeaderName, &str); 2] =
    [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=31536000, immutable")];

/// How long the sheet is.
#[cfg(test)]
pub(super) fn style_length() -> usize {
    STYLE.len()
}

pub(super) async fn style() -> impl IntoResponse {
    (SHEET, STYLE.as_str())
}

pub(super) async fn desk_style() -> impl IntoResponse {
    (SHEET, DESK_STYLE.as_str())
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")], ICON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_sent_without_what_only_its_writers_need() {
        let sheet = "/* why */\na:hover, p > b {\n  color: #000;\n  content: \"✓ \" / \"\";\n}\n@media (x: 1rem) {\n  c { d: e f; }\n}\n";
        assert_eq!(tight(sheet), "a:hover,p > b{color:#000;content:\"✓ \" / \"\"}@media (x:1rem){c{d:e f}}");
        for sheet in [&STYLE, &DESK_STYLE] {
            assert_eq!(sheet.matches('{').count(), sheet.matches('}').count());
            assert!(sheet.len() > 1000 && !sheet.contains("/*"));
        }
    }

    /// What stands between quotation marks came through as it was written.
    #[test]
    fn strings_of_a_sheet_are_as_they_were() {
        for (written, sent) in [
            (include_str!("../../templates/style.css"), &STYLE),
            (include_str!("../../templates/etablissement/bureau.css"), &DESK_STYLE),
        ] {
            let strings =
                |sheet: &str| sheet.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(strings(written), strings(sent));
        }
    }
}
