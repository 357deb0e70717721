//! Who enters the establishment's desk, and by what: logins, passwords, the second factor. Neither HTTP nor SQL.

mod mot_de_passe;
mod second_facteur;

use std::time::Duration;

pub use mot_de_passe::{HashFailed, hash, provisional};
pub(crate) use mot_de_passe::{acceptable, hashed, verify};
pub(crate) use second_facteur::{SecretTotp, qr};

/// The operator's password is worth something for so long.
pub const PROVISIONAL: Duration = Duration::from_hours(7 * 24);

/// A login as it is stored: small letters, digits, dots, hyphens, underscores and one at sign; three to 64 of them.
pub fn login(text: &str) -> Option<String> {
    let login = text.trim().to_lowercase();
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_' | '@');
    ((3..=64).contains(&login.len()) && login.chars().all(allowed)).then_some(login)
}

/// Whether a text can be whom OpenID Connect knows: 1 to 255 characters (OpenID Connect Core 1.0 §2), none a control.
pub fn is_subject(text: &str) -> bool {
    (1..=255).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    #[test]
    fn logins() {
        for (text, expected) in [
            ("a.duval", Some("a.duval")),
            ("  A.Duval@glycines.fr ", Some("a.duval@glycines.fr")),
            ("ab", None),
            ("anne duval", None),
            ("élise", None),
            ("a.duval'--", None),
            ("", None),
        ] {
            assert_eq!(super::login(text).as_deref(), expected, "{text}");
        }
        assert_eq!(super::login(&"a".repeat(65)), None);
    }
}
