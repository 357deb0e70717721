//! Values that are shown nowhere. Their types say so, and [`super::schema`] hears it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use zeroize::Zeroizing;

use super::schema::{SECRET, SECRET_URL};

/// A secret that stands in the configuration itself. It is wiped when dropped; the environment keeps its own copy.
#[derive(Clone)]
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretValue {
    fn from(value: String) -> Self {
        Self(Zeroizing::new(value))
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<'de> Deserialize<'de> for SecretValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SECRET, Text).map(Self::from)
    }
}

/// `#[serde(deserialize_with = "secret::url")]`: a URL that may hold a password.
pub(super) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_newtype_struct(SECRET_URL, Text)
}

/// The text inside.
struct Text;

impl<'de> Visitor<'de> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<String, D::Error> {
        String::deserialize(inner)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }
}

/// A URL as it may be shown: without its password, which stands before the `@` or as a parameter.
pub(super) fn without_password(url: &str) -> String {
    const HIDDEN: &str = "…";
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // a password may hold what should have been escaped: the last @ of all counts
    let (user, host) = rest.rsplit_once('@').map_or(("", rest), |(user, host)| (user, host));
    let user = match user.split_once(':') {
        Some((name, _)) => format!("{name}:{HIDDEN}@"),
        None if user.is_empty() => String::new(),
        None => format!("{user}@"),
    };
    let (place, parameters) = host.split_once('?').map_or((host, None), |(place, all)| (place, Some(all)));
    let hide = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("password") => format!("{name}={HIDDEN}"),
        _ => parameter.to_owned(),
    };
    let parameters = parameters
        .map(|all| format!("?{}", all.split('&').map(hide).collect::<Vec<_>>().join("&")))
        .unwrap_or_default();
    format!("{scheme}://{user}{place}{parameters}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("sqlite:/var/lib/vtpa.db", "sqlite:/var/lib/vtpa.db"),
            ("postgres://db/vtpa", "postgres://db/vtpa"),
            ("postgres://vtpa@db:5432/vtpa", "postgres://vtpa@db:5432/vtpa"),
            (
                "postgres://vtpa:geheim@db:5432/vtpa?sslmode=require",
                "postgres://vtpa:…@db:5432/vtpa?sslmode=require",
            ),
            ("postgres://vtpa:ge@h:e/im@db/vtpa", "postgres://vtpa:…@db/vtpa"),
            (
                "postgres:///vtpa?host=/run/postgresql&password=geheim&user=vtpa",
                "postgres:///vtpa?host=/run/postgresql&password=…&user=vtpa",
            ),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
