//! The access code of a dossier: twelve signs that can be read over the telephone (Crockford's base 32, 60 bits), kept as
//! PBKDF2-HMAC-SHA-256.

use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use rand::Rng;

/// Without I, L, O, U, which are mistaken for others.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 12;
/// Some tens of milliseconds for who knows the database; who does not has five tries.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(99_999);

/// A code; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Code(String);

impl Code {
    /// A new one.
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        let mut bytes = [0; LENGTH];
        rng.fill_bytes(&mut bytes);
        let sign = |byte: &u8| SIGNS.get(usize::from(byte % 32)).copied().map_or('0', char::from);
        Self(bytes.iter().map(sign).collect())
    }

    /// What a person typed: small letters, spaces and hyphens do not matter, and O, I, L are taken for what they look like.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let signs = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '.'));
        let mut code = String::with_capacity(LENGTH);
        for sign in signs.take(LENGTH + 1) {
            let sign = match sign.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = u8::try_from(sign).is_ok_and(|sign| SIGNS.contains(&sign));
            if !known {
                return None;
            }
            code.push(sign);
        }
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// In three groups of four, for reading.
    pub(super) fn groupes(&self) -> Vec<String> {
        self.0.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect()
    }

    /// What the database knows. It takes its time, on a thread for such work.
    pub(super) async fn empreinte(&self, sel: [u8; 16]) -> [u8; 32] {
        let code = self.0.clone();
        let derived = tokio::task::spawn_blocking(move || {
            let mut out = [0; 32];
            pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &sel, code.as_bytes(), &mut out);
            out
        });
        // it fails only while the server ends: then it is what no code gives
        derived.await.unwrap_or_else(|_| {
            let mut nothing = [0; 32];
            crate::clock::rng().fill_bytes(&mut nothing);
            nothing
        })
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = Code("0A1B2C3D4E5F".to_owned());
        for text in ["0A1B2C3D4E5F", " 0a1b 2c3d-4e5f ", "OaIb2c3d4e5f", "0AlB–2C3D.4E5F"] {
            assert_eq!(Code::parse(text), Some(code.clone()), "{text}");
        }
        for text in ["", "0A1B2C3D4E5", "0A1B2C3D4E5FF", "0A1B2C3D4E5U", "0A1B2C3D4E5é", "0A1B2C3D4E5/"] {
            assert_eq!(Code::parse(text), None, "{text}");
        }
        assert_eq!(code.groupes(), ["0A1B", "2C3D", "4E5F"]);
        assert_eq!(format!("{code:?}"), "Code(…)");
    }

    #[tokio::test]
    async fn a_drawn_code_is_read_again_and_salted() {
        let code = Code::draw(&mut testkit::rng(1));
        assert_eq!(Code::parse(&code.groupes().join(" ")), Some(code.clone()));
        assert_ne!(Code::draw(&mut testkit::rng(2)), code);
        let (one, other) = (code.empreinte([1; 16]).await, code.empreinte([2; 16]).await);
        assert_ne!(one, other);
        assert_eq!(code.empreinte([1; 16]).await, one);
    }
}
