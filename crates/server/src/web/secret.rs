//! The two secrets of the site, tokens and session cookies: 256 bits in base64url, of which the database knows the
//! SHA-256 only.

use std::fmt;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use xmlsec::DigestMethod;

/// `__Host-`: the browser takes it over HTTPS, for this host and every path only.
const COOKIE_NAME: &str = "__Host-session";

/// Text of 256 bits; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl Secret {
    const BYTES: usize = 32;

    /// A new one.
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        let mut bits = [0; Self::BYTES];
        rng.fill_bytes(&mut bits);
        Self(URL_SAFE_NO_PAD.encode(bits))
    }

    /// The secret that `text` may be: its form alone is known here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bits = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bits.len() == Self::BYTES).then(|| Self(text.to_owned()))
    }

    /// The secret of the session cookie that a request carries.
    pub(super) fn of_cookie(headers: &HeaderMap) -> Option<Self> {
        let pairs = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        pairs
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE_NAME)
            .and_then(|(_, value)| Self::parse(value))
    }

    /// What the database knows.
    pub(super) fn sha256(&self) -> [u8; 32] {
        let mut sha256 = [0; 32];
        for (to, from) in sha256.iter_mut().zip(DigestMethod::Sha256.digest(self.0.as_bytes()).as_ref()) {
            *to = *from;
        }
        sha256
    }

    /// The header that gives this secret to the browser, until it is closed.
    pub(super) fn set_cookie(&self) -> Option<HeaderValue> {
        let cookie = format!("{COOKIE_NAME}={}; Path=/; HttpOnly; Secure; SameSite=Lax", self.0);
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// The header that takes the cookie away.
pub(super) fn forget_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-session=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0")
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (COOKIE, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_drawn_secret_is_read_again_from_its_cookie() {
        let secret = Secret::draw(&mut testkit::rng(1));
        let header = secret.set_cookie().unwrap();
        let pair = header.to_str().unwrap().split(';').next().unwrap();
        let attributes = &header.to_str().unwrap()[pair.len()..];
        assert_eq!(attributes, "; Path=/; HttpOnly; Secure; SameSite=Lax");
        assert_eq!(Secret::of_cookie(&cookies(&["a=1", &format!("b=2; {pair}; c=3")])), Some(secret));
    }

    #[test]
    fn what_is_no_secret() {
        let good = Secret::draw(&mut testkit::rng(2)).0;
        let short = &good[..42];
        for text in ["", "x", short, &format!("{good}A"), &format!("{short}="), &format!("{short}é")] {
            assert_eq!(Secret::parse(text), None, "{text}");
        }
        assert_eq!(Secret::of_cookie(&cookies(&[&format!("session={good}"), "__Host-session=x"])), None);
        assert_eq!(Secret::of_cookie(&HeaderMap::new()), None);
    }

    #[test]
    fn debug_hides() {
        let secret = Secret::draw(&mut testkit::rng(3));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(secret.set_cookie().unwrap().is_sensitive());
    }
}
