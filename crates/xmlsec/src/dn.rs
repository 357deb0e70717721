//! Distinguished names, read from any usual spelling and compared by structure (RFC 4514, RFC 2253, RFC 1779, X.500
//! order, `openssl -oneline`). A name selects a certificate or contradicts one; it never proves anything.

mod der;
mod parse;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

pub(crate) use der::from_x509;

/// A string is no distinguished name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("malformed distinguished name")]
pub struct MalformedDn;

/// A distinguished name.
///
/// Two names are equal when their relative names are, in the same order or the reverse one; attribute types by
/// object identifier, values by letter whatever the case and the white space.
///
/// ```
/// use xmlsec::Dn;
///
/// let name: Dn = "CN=Service, O=\"Hospital, North\", C=FR".parse()?;
/// assert_eq!(name, "c=fr,O=Hospital\\, North,2.5.4.3=service".parse()?);
/// assert_eq!(name, "/C=FR/O=Hospital, North/CN=Service".parse()?);
/// assert_ne!(name, "CN=Service,O=Hospital,C=FR".parse()?);
/// assert_eq!(name.to_string(), "CN=Service,O=Hospital\\, North,C=FR");
/// # Ok::<(), xmlsec::MalformedDn>(())
/// ```
#[derive(Clone)]
pub struct Dn {
    /// The most specific first, as RFC 4514 writes.
    relative: Vec<Vec<Ava>>,
}

/// Attribute type and value.
#[derive(Clone)]
pub(crate) struct Ava {
    /// The object identifier in dots.
    pub(crate) oid: String,
    pub(crate) value: String,
}

/// Types by their names; the first is the one written (RFC 4514 §3, RFC 1779, and what Windows and OpenSSL write).
const TYPES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.4", "SURNAME"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.8", "S"),
    ("2.5.4.8", "SP"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "T"),
    ("2.5.4.12", "TITLE"),
    ("2.5.4.13", "DESCRIPTION"),
    ("2.5.4.15", "BUSINESSCATEGORY"),
    ("2.5.4.17", "POSTALCODE"),
    ("2.5.4.42", "GIVENNAME"),
    ("2.5.4.42", "GN"),
    ("2.5.4.42", "G"),
    ("2.5.4.43", "INITIALS"),
    ("2.5.4.44", "GENERATIONQUALIFIER"),
    ("2.5.4.44", "GENERATION"),
    ("2.5.4.46", "DNQUALIFIER"),
    ("2.5.4.46", "DNQ"),
    ("2.5.4.65", "PSEUDONYM"),
    ("2.5.4.97", "ORGANIZATIONIDENTIFIER"),
    ("1.2.840.113549.1.9.1", "E"),
    ("1.2.840.113549.1.9.1", "EMAILADDRESS"),
    ("1.2.840.113549.1.9.1", "EMAIL"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.1", "USERID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

impl Dn {
    pub(crate) fn new(relative: Vec<Vec<Ava>>) -> Self {
        Self { relative }
    }

    /// Whether there is no relative name at all.
    pub fn is_empty(&self) -> bool {
        self.relative.is_empty()
    }

    /// The values of an attribute type, given by name or object identifier, in the order written.
    pub fn values(&self, attribute_type: &str) -> impl Iterator<Item = &str> {
        let oid = parse::attribute_type(attribute_type);
        self.relative
            .iter()
            .flatten()
            .filter(move |ava| Some(&ava.oid) == oid.as_ref())
            .map(|ava| ava.value.as_str())
    }

    /// The first common name.
    pub fn common_name(&self) -> Option<&str> {
        self.values("CN").next()
    }

    /// The first organisation.
    pub fn organization(&self) -> Option<&str> {
        self.values("O").next()
    }

    /// The organisational units.
    pub fn organizational_units(&self) -> impl Iterator<Item = &str> {
        self.values("OU")
    }

    /// The name with quotes around values that need them, instead of backslashes, and a space after each comma: the
    /// one form that .NET Framework reads back.
    pub fn quoted(&self) -> String {
        let ava = |ava: &Ava| {
            let plain = !ava.value.is_empty()
                && !ava.value.starts_with([' ', '#'])
                && !ava.value.ends_with(' ')
                && !ava.value.contains([',', '+', '"', '\\', '<', '>', ';', '=', '\n']);
            let name = type_name(&ava.oid, "OID.");
            if plain {
                format!("{name}={}", ava.value)
            } else {
                format!("{name}=\"{}\"", ava.value.replace('\\', "\\\\").replace('"', "\"\""))
            }
        };
        self.join(", ", " + ", ava)
    }

    fn join(&self, comma: &str, plus: &str, write: impl Fn(&Ava) -> String) -> String {
        let relative = |avas: &Vec<Ava>| avas.iter().map(&write).collect::<Vec<_>>().join(plus);
        self.relative.iter().map(relative).collect::<Vec<_>>().join(comma)
    }

    fn keys(&self) -> Vec<Vec<(&str, String)>> {
        let mut names = Vec::with_capacity(self.relative.len());
        for avas in &self.relative {
            let mut keys: Vec<_> = avas.iter().map(|ava| (ava.oid.as_str(), fold(&ava.value))).collect();
            keys.sort_unstable();
            names.push(keys);
        }
        names
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        if self.relative.len() != other.relative.len() {
            return false;
        }
        let (one, other) = (self.keys(), other.keys());
        one == other || one.iter().eq(other.iter().rev())
    }
}

impl Eq for Dn {}

impl FromStr for Dn {
    type Err = MalformedDn;

    fn from_str(text: &str) -> Result<Self, MalformedDn> {
        parse::dn(text).map(Self::new)
    }
}

impl fmt::Display for Dn {
    /// RFC 2253: the most specific first, backslashes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            &self.join(",", "+", |ava| format!("{}={}", type_name(&ava.oid, ""), backslashed(&ava.value))),
        )
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({self})")
    }
}

fn type_name(oid: &str, prefix: &str) -> String {
    match TYPES.iter().find(|(known, _)| *known == oid) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("{prefix}{oid}"),
    }
}

/// RFC 4514 §2.4.
fn backslashed(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=');
        match c {
            '\0' => out.push_str("\\00"),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            _ if special => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

/// RFC 4518 in small: case folded, runs of white space one space, none at the ends.
fn fold(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests;
