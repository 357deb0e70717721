//! Small values that cannot be wrong: each is parsed once, at the border.

use std::fmt;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Text that is personal: `Debug` hides it, so that no log or error shows a name by accident.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prive(String);

impl Prive {
    /// Takes a text as it is; lengths and formats are validation's.
    pub fn new(texte: impl Into<String>) -> Self {
        Self(texte.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Prive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} caractères]", self.0.chars().count())
    }
}

impl From<&str> for Prive {
    fn from(texte: &str) -> Self {
        Self::new(texte)
    }
}

/// The number of a dossier: 13 digits, twelve random ones and a Luhn key (decisions §1), so that no one guesses the
/// next one and clients that read an integer work.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdDossier(String);

impl IdDossier {
    /// Digits of a number.
    pub const LONGUEUR: usize = 13;

    /// Draws a new number. The first digit is never 0, so that an integer keeps all thirteen.
    pub fn draw(rng: &mut impl Rng) -> Self {
        let twelve = rng.random_range(100_000_000_000_u64..1_000_000_000_000).to_string();
        let key = (0..10).find(|key| luhn(&format!("{twelve}{key}"))).unwrap_or_default();
        Self(format!("{twelve}{key}"))
    }

    /// The number that `texte` is, if its form and key are right.
    pub fn parse(texte: &str) -> Option<Self> {
        let digits = texte.len() == Self::LONGUEUR && texte.bytes().all(|byte| byte.is_ascii_digit());
        (digits && luhn(texte)).then(|| Self(texte.to_owned()))
    }

    /// The thirteen digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdDossier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IdDossier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdDossier({})", self.0)
    }
}

impl TryFrom<String> for IdDossier {
    type Error = &'static str;

    fn try_from(texte: String) -> Result<Self, Self::Error> {
        Self::parse(&texte).ok_or("an IdDossier has 13 digits, the last a Luhn key")
    }
}

impl From<IdDossier> for String {
    fn from(id: IdDossier) -> Self {
        id.0
    }
}

/// Luhn's check over decimal digits.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(position, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let doubled = if position % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The partner's identifier of its user: trimmed, 1 to 255 characters without controls, compared exactly (decisions §9).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdLocal(String);

impl IdLocal {
    /// Most characters.
    pub const LONGUEUR_MAX: usize = 255;

    /// The identifier that `texte` is, once trimmed.
    pub fn parse(texte: &str) -> Option<Self> {
        let texte = texte.trim();
        let fits = !texte.is_empty()
            && texte.chars().count() <= Self::LONGUEUR_MAX
            && !texte.chars().any(char::is_control);
        fits.then(|| Self(texte.to_owned()))
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdLocal(…)")
    }
}

impl TryFrom<String> for IdLocal {
    type Error = &'static str;

    fn try_from(texte: String) -> Result<Self, Self::Error> {
        Self::parse(&texte).ok_or("an IdLocal has 1 to 255 characters and no control")
    }
}

impl From<IdLocal> for String {
    fn from(id: IdLocal) -> Self {
        id.0
    }
}

/// A token of the redirection: good for one entry, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JetonSecurite(String);

impl JetonSecurite {
    /// A token as it is written.
    pub fn new(texte: impl Into<String>) -> Self {
        Self(texte.into())
    }

    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for JetonSecurite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JetonSecurite(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_drawn_number_is_one() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        for _ in 0..1000 {
            let id = IdDossier::draw(&mut rng);
            assert_eq!(IdDossier::parse(id.as_str()), Some(id));
        }
    }

    #[test]
    fn what_is_no_number() {
        for texte in ["", "1", "1234567890123", "12345678901234", "123456789012a", "１234567890128"] {
            assert_eq!(IdDossier::parse(texte), None, "{texte}");
        }
        assert!(IdDossier::parse("1234567890128").is_some());
    }

    #[test]
    fn id_local_is_trimmed_bounded_and_exact() {
        assert_eq!(IdLocal::parse("  Ab \n").unwrap().as_str(), "Ab");
        assert_eq!(IdLocal::parse(&"é".repeat(255)).unwrap().as_str().chars().count(), 255);
        for texte in ["", "  ", "a\u{7}b", &"é".repeat(256)] {
            assert_eq!(IdLocal::parse(texte), None);
        }
        assert_ne!(IdLocal::parse("a"), IdLocal::parse("A"));
    }

    #[test]
    fn debug_hides() {
        assert_eq!(format!("{:?}", Prive::new("Lefèvre")), "[7 caractères]");
        assert_eq!(
            format!("{:?} {:?}", IdLocal::parse("u"), JetonSecurite::new("x")),
            "Some(IdLocal(…)) JetonSecurite(…)"
        );
    }
}
