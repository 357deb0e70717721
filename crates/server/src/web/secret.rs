//! The two secrets of the site, tokens and session cookies: 256 bits in base64url, of which the database knows the
//! SHA-256 only. And one cookie that is no secret: the partner's name, for the way back once a session has ended.

use std::fmt;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use xmlsec::DigestMethod;

/// `__Host-`: the browser takes it over HTTPS, for this host and every path only.
const COOKIE_NAME: &str = "__Host-session";
/// Of a partner's request to be linked, while its person decides.
const LIAISON_NAME: &str = "__Host-liaison";
/// Names the registered partner that the person came from; of no worth to anyone.
const PARTNER_NAME: &str = "__Host-partenaire";

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
        cookie(headers, COOKIE_NAME).and_then(Self::parse)
    }

    /// The secret of the cookie that stands for a partner's request to be linked.
    pub(super) fn of_liaison(headers: &HeaderMap) -> Option<Self> {
        cookie(headers, LIAISON_NAME).and_then(Self::parse)
    }

    /// What the database knows.
    pub(super) fn sha256(&self) -> [u8; 32] {
        let mut sha256 = [0; 32];
        for (to, from) in sha256.iter_mut().zip(DigestMethod::Sha256.digest(self.0.as_bytes()).as_ref()) {
            *to = *from;
        }
        sha256
    }

    /// The secret of the cookie of this name.
    pub(super) fn of_named_cookie(headers: &HeaderMap, name: &str) -> Option<Self> {
        cookie(headers, name).and_then(Self::parse)
    }

    /// The header that gives this secret to the browser under this name, for requests of this site's own pages alone.
    pub(super) fn set_strict_cookie(&self, name: &str, max_age: Option<u32>) -> Option<HeaderValue> {
        let age = max_age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        let cookie = format!("{name}={}; Path=/; HttpOnly; Secure; SameSite=Strict{age}", self.0);
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The same for a browser that comes back by a link of another site, for `seconds`.
    pub(super) fn set_lax_cookie(&self, name: &str, seconds: u32) -> Option<HeaderValue> {
        let cookie = format!("{name}={}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age={seconds}", self.0);
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The text itself, for where it has to be shown.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// What stands for this secret together with another, for one purpose: it tells nothing of either.
    pub(super) fn derived(&self, purpose: &str, with: &Self) -> String {
        let text = format!("{purpose}:{}:{}", self.0, with.0);
        URL_SAFE_NO_PAD.encode(DigestMethod::Sha256.digest(text.as_bytes()))
    }

    /// The header that gives this secret to the browser, until it is closed.
    pub(super) fn set_cookie(&self) -> Option<HeaderValue> {
        self.set(COOKIE_NAME)
    }

    /// The same for a request to be linked.
    pub(super) fn set_liaison(&self) -> Option<HeaderValue> {
        self.set(LIAISON_NAME)
    }

    fn set(&self, name: &str) -> Option<HeaderValue> {
        let cookie = format!("{name}={}; Path=/; HttpOnly; Secure; SameSite=Lax", self.0);
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl Secret {
    /// What a form carries to show that it is of whoever holds this secret; it tells nothing of the secret, and cannot be
    /// made from what the database knows of it.
    pub(super) fn form_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(DigestMethod::Sha256.digest(format!("formulaire:{}", self.0).as_bytes()))
    }

    /// Whether a form's token is of this secret. Digests are compared, so that time tells nothing.
    pub(super) fn owns_form(&self, token: &str) -> bool {
        let digest = |text: &str| DigestMethod::Sha256.digest(text.as_bytes());
        digest(token).as_ref() == digest(&self.form_token()).as_ref()
    }
}

/// The partner that an earlier entry named.
pub(super) fn partner(headers: &HeaderMap) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cookie(headers, PARTNER_NAME)?).ok()?).ok()
}

/// The header that keeps the partner's name, until the browser is closed.
pub(super) fn remember_partner(name: &str) -> Option<HeaderValue> {
    let name = URL_SAFE_NO_PAD.encode(name);
    HeaderValue::from_str(&format!("{PARTNER_NAME}={name}; Path=/; HttpOnly; Secure; SameSite=Lax")).ok()
}

fn cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let values = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// The header that takes the session's cookie away.
pub(super) fn forget_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-session=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0")
}

/// The header that takes the cookie of a request to be linked away.
pub(super) fn forget_liaison() -> HeaderValue {
    HeaderValue::from_static("__Host-liaison=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0")
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Of a session that is over: what its forms held can be read with it, and nothing else can be done.
const REPRISE_NAME: &str = "__Host-reprise";

impl Secret {
    /// The secret of the cookie that a session leaves behind.
    pub(super) fn of_reprise(headers: &HeaderMap) -> Option<Self> {
        cookie(headers, REPRISE_NAME).and_then(Self::parse)
    }

    /// The header that leaves it behind, for `seconds`.
    pub(super) fn set_reprise(&self, seconds: u64) -> Option<HeaderValue> {
        let cookie =
            format!("{REPRISE_NAME}={}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age={seconds}", self.0);
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Encrypts what this secret alone opens again. The database knows another digest of it.
    pub(super) fn sealing_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        let digest = DigestMethod::Sha256.digest(format!("reprise:{}", self.0).as_bytes());
        for (to, from) in key.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        key
    }
}

/// The header that takes that cookie away.
pub(super) fn forget_reprise() -> HeaderValue {
    HeaderValue::from_static("__Host-reprise=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0")
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
    fn a_partner_s_name_survives_its_cookie() {
        let header = remember_partner("Département de l’Ain ; é").unwrap();
        let pair = header.to_str().unwrap().split(';').next().unwrap();
        assert_eq!(partner(&cookies(&[pair])).as_deref(), Some("Département de l’Ain ; é"));
        assert_eq!(partner(&cookies(&["__Host-partenaire=%%"])), None);
    }

    #[test]
    fn a_form_is_of_one_session_alone() {
        let (mine, other) = (Secret::draw(&mut testkit::rng(4)), Secret::draw(&mut testkit::rng(5)));
        assert!(mine.owns_form(&mine.form_token()));
        for token in ["", "A", &other.form_token(), &mine.0, &format!("{}=", mine.form_token())] {
            assert!(!mine.owns_form(token), "{token}");
        }
    }

    #[test]
    fn debug_hides() {
        let secret = Secret::draw(&mut testkit::rng(3));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(secret.set_cookie().unwrap().is_sensitive());
    }
}
