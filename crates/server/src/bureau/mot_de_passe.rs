//! Passwords: Argon2id, by the parameters that OWASP gives for it (19 MiB, two passes, one lane).

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use rand::CryptoRng;
use tokio::sync::Semaphore;

/// Shorter ones are refused; CNIL, deliberation 2022-100, asks for twelve characters of every kind, or for 50 bits of
/// guessing and a limit of attempts, as here.
const SHORTEST: usize = 12;
/// Longer ones are refused before they are hashed.
const LONGEST: usize = 200;

/// So many are hashed at once: each takes 19 MiB and a core.
static PLACES: Semaphore = Semaphore::const_new(2);

/// The password could not be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashFailed;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MotDePasseRefuse {
    Court,
    Long,
    /// It holds the login.
    Login,
    /// Fewer than five different characters.
    Monotone,
}

impl MotDePasseRefuse {
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::Court => {
                "Choisissez au moins 12 caractères, par exemple quatre mots qui ne vont pas ensemble."
            }
            Self::Long => "Choisissez 200 caractères au plus.",
            Self::Login => "Le mot de passe ne doit pas contenir votre identifiant.",
            Self::Monotone => "Choisissez au moins cinq caractères différents.",
        }
    }
}

/// Whether its owner may choose this password.
pub(crate) fn acceptable(password: &str, login: &str) -> Result<(), MotDePasseRefuse> {
    let length = password.chars().count();
    let distinct: std::collections::HashSet<char> = password.chars().collect();
    if length < SHORTEST {
        Err(MotDePasseRefuse::Court)
    } else if length > LONGEST {
        Err(MotDePasseRefuse::Long)
    } else if password.to_lowercase().contains(login) {
        Err(MotDePasseRefuse::Login)
    } else if distinct.len() < 5 {
        Err(MotDePasseRefuse::Monotone)
    } else {
        Ok(())
    }
}

/// A password that the operator passes on: 16 characters that cannot be mistaken for one another, about 79 bits.
pub fn provisional(rng: &mut impl CryptoRng) -> String {
    const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut password = String::with_capacity(19);
    while password.len() < 19 {
        if password.len() % 5 == 4 {
            password.push('-');
        }
        // 31 of 32 values: one of them is thrown again, so that each letter is as likely
        let draw = usize::try_from(rng.next_u32() >> 27).unwrap_or(31);
        if let Some(letter) = ALPHABET.get(draw) {
            password.push(char::from(*letter));
        }
    }
    password
}

/// The PHC string of a password.
pub fn hash(password: &str, rng: &mut impl CryptoRng) -> Result<String, HashFailed> {
    let mut salt = [0; 16];
    rng.fill_bytes(&mut salt);
    hash_with(password, &salt)
}

fn hash_with(password: &str, salt: &[u8]) -> Result<String, HashFailed> {
    let hashed = argon2()?.hash_password_with_salt(password.as_bytes(), salt);
    hashed.map(|hash| hash.to_string()).map_err(|_| HashFailed)
}

fn argon2() -> Result<Argon2<'static>, HashFailed> {
    let params = Params::new(19_456, 2, 1, None).map_err(|_| HashFailed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The PHC string of a password that its owner chose.
pub(crate) async fn hashed(password: String) -> Option<String> {
    let _place = PLACES.acquire().await.ok()?;
    let hashed = tokio::task::spawn_blocking(move || hash(&password, &mut crate::clock::rng()));
    hashed.await.ok()?.ok()
}

/// Whether the password is that of the PHC string. Where there is none (no such login), as much is computed in vain, so
/// that time does not tell which logins there are.
pub(crate) async fn verify(password: String, stored: Option<String>) -> bool {
    // hashing would hold up everything else on this thread
    let Ok(_place) = PLACES.acquire().await else { return false };
    tokio::task::spawn_blocking(move || verify_now(&password, stored.as_deref())).await.unwrap_or(false)
}

/// What is computed in vain.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_with("", &[0; 16]).unwrap_or_default());

fn verify_now(password: &str, stored: Option<&str>) -> bool {
    let known = stored.is_some();
    if password.len() > 4 * LONGEST {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(stored.unwrap_or(&NOBODY)) else { return false };
    let right = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    known && right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_opens_its_own_hash_alone() {
        let mut rng = testkit::rng(1);
        let stored = hash("quatre mots sans lien", &mut rng).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash("quatre mots sans lien", &mut rng).unwrap(), "each has its salt");
        for (password, stored, right) in [
            ("quatre mots sans lien", Some(stored.clone()), true),
            ("quatre mots sans lieN", Some(stored.clone()), false),
            ("", Some(stored.clone()), false),
            ("quatre mots sans lien", None, false),
            ("", None, false),
            ("quatre mots sans lien", Some("no hash".to_owned()), false),
        ] {
            assert_eq!(verify(password.to_owned(), stored).await, right, "{password}");
        }
    }

    /// Not timed: a busy machine would decide.
    #[test]
    fn what_is_computed_for_nobody_costs_what_a_password_costs() {
        let stored = hash("quatre mots sans lien", &mut testkit::rng(1)).unwrap();
        let (nobody, somebody) = (PasswordHash::new(&NOBODY).unwrap(), PasswordHash::new(&stored).unwrap());
        assert_eq!((nobody.algorithm, nobody.version), (somebody.algorithm, somebody.version));
        assert_eq!(nobody.params, somebody.params);
        assert_eq!(nobody.salt.unwrap().len(), somebody.salt.unwrap().len());
        assert_eq!(nobody.hash.unwrap().len(), somebody.hash.unwrap().len());
    }

    #[test]
    fn weak_passwords_are_named() {
        use MotDePasseRefuse as R;
        for (password, expected) in [
            ("onze lettre", Err(R::Court)),
            ("ééééééééééé", Err(R::Court)),
            ("abababababab", Err(R::Monotone)),
            ("monA.Duval2026", Err(R::Login)),
            ("douze lettres", Ok(())),
            ("мой пароль 12", Ok(())),
        ] {
            assert_eq!(acceptable(password, "a.duval"), expected, "{password}");
        }
        assert_eq!(acceptable(&"abcdefgh".repeat(26), "a.duval"), Err(R::Long));
    }

    #[test]
    fn provisional_passwords_can_be_read_aloud_and_differ() {
        let mut rng = testkit::rng(2);
        let all: std::collections::HashSet<_> = (0..100).map(|_| provisional(&mut rng)).collect();
        assert_eq!(all.len(), 100);
        for one in all {
            assert_eq!(one.len(), 19);
            assert!(
                one.split('-').all(|group| group.len() == 4 && !group.contains(['l', 'o', 'i', '0', '1']))
            );
            assert_eq!(acceptable(&one, "a.duval"), Ok(()));
        }
    }
}
