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

/// Where the style sheet of this version is.
pub(super) fn style_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| {
        let digest = DigestMethod::Sha256.digest(STYLE.as_bytes());
        let hash = digest.as_ref().iter().take(8).fold(String::new(), |mut hash, byte| {
            // writing to a String cannot fail
            let _ = write!(hash, "{byte:02x}");
            hash
        });
        format!("/style-{hash}.css")
    });
    &PATH
}

pub(super) async fn style() -> impl IntoResponse {
    const HEADERS: [(axum::http::HeaderName, &str); 2] =
        [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (HEADERS, STYLE)
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")], ICON)
}
