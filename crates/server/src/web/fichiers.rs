//! The style sheet and the icon, inside the binary. The sheet's address holds its hash, so that it may be kept for ever.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use xmlsec::DigestMethod;

const STYLE: &str = include_str!("../../templates/style.css");
const ICON: &str = include_str!("../../templates/icone.svg");

/// Where the icon is.
pub(super) const ICON_PATH: &str = "/icone.svg";

/// What the desk's pages have besides.
const DESK_STYLE: &str = include_str!("../../templates/etablissement/bureau.css");

/// Where the style sheet of this version is.
pub(super) fn style_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| format!("/style-{}.css", hash(STYLE)));
    &PATH
}

/// Where that of the desk is.
pub(super) fn desk_style_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| format!("/bureau-{}.css", hash(DESK_STYLE)));
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

const SHEET: [(axum::http::HeaderName, &str); 2] =
    [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=31536000, immutable")];

pub(super) async fn style() -> impl IntoResponse {
    (SHEET, STYLE)
}

pub(super) async fn desk_style() -> impl IntoResponse {
    (SHEET, DESK_STYLE)
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")], ICON)
}
