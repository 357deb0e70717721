//! What a provider signs (a compact JWS, RFC 7515 §3.1) and by which keys (RFC 7517). Three algorithms of RFC 7518 §3.1 with
//! one digest; `none`, HMAC and all others are refused before a key is looked for.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Refus;

/// Longest token that is read: a kilobyte or two are usual.
const BYTES_MAX: usize = 32 * 1024;
/// Keys of one provider that are looked at.
const KEYS_MAX: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithme {
    Rs256,
    Ps256,
    Es256,
}

impl Algorithme {
    fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

/// A key that may have signed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cle {
    kid: Option<String>,
    /// The one algorithm that it is for, where it says so.
    alg: Option<Algorithme>,
    publique: Publique,
}

#[derive(Debug, PartialEq, Eq)]
enum Publique {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
}

/// RFC 7517 §4. Members that are not known here are ignored, as §4 says.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<serde_json::Value>,
}

/// The keys of a set that can verify a signature here; RFC 7517 §5: the others are passed over. None if it is no set.
pub(super) fn keys(document: &[u8]) -> Option<Vec<Cle>> {
    let set: Jwks = serde_json::from_slice(document).ok()?;
    let known = set.keys.into_iter().take(KEYS_MAX);
    Some(known.filter_map(|one| Cle::of(serde_json::from_value(one).ok()?)).collect())
}

impl Cle {
    fn of(jwk: Jwk) -> Option<Self> {
        if jwk.usage.is_some_and(|usage| usage != "sig") {
            return None;
        }
        let alg = match &jwk.alg {
            Some(name) => Some(Algorithme::named(name)?),
            None => None,
        };
        let decode = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let publique = match jwk.kty.as_str() {
            "RSA" => Publique::Rsa { n: decode(jwk.n)?, e: decode(jwk.e)? },
            "EC" if jwk.crv.as_deref() == Some("P-256") => {
                let (x, y) = (decode(jwk.x)?, decode(jwk.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Publique::P256([&[4][..], &x, &y].concat())
            }
            _ => return None,
        };
        Some(Self { kid: jwk.kid, alg, publique })
    }

    /// Whether this key may be tried: what it says of itself goes before what the token says of it.
    fn suits(&self, alg: Algorithme, kid: Option<&str>) -> bool {
        let kind = matches!(
            (alg, &self.publique),
            (Algorithme::Rs256 | Algorithme::Ps256, Publique::Rsa { .. })
                | (Algorithme::Es256, Publique::P256(_))
        );
        kind && self.alg.is_none_or(|own| own == alg) && (kid.is_none() || self.kid.as_deref() == kid)
    }

    fn verifies(&self, alg: Algorithme, signed: &[u8], signature: &[u8]) -> bool {
        match (&self.publique, alg) {
            (Publique::Rsa { n, e }, Algorithme::Rs256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
            }
            (Publique::Rsa { n, e }, Algorithme::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, signed, signature).is_ok()
            }
            (Publique::P256(point), Algorithme::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// RFC 7515 §4; what changes what is signed, or must be understood, is refused.
#[derive(Deserialize)]
struct Entete {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
}

/// A token whose signature was not looked at yet: nothing that it says is read before.
pub(super) struct Compact<'c> {
    signed: &'c str,
    alg: Algorithme,
    kid: Option<String>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// What keys say of a token.
pub(super) enum Verification {
    /// One of them signed this.
    Holds(Vec<u8>),
    /// None of them is the one that it names, or it names none and none holds: there may be newer ones.
    Unknown,
    /// The key that it names did not sign it.
    Wrong,
}

impl<'c> Compact<'c> {
    pub(super) fn read(text: &'c str) -> Result<Self, Refus> {
        if text.len() > BYTES_MAX {
            return Err(Refus::Forme);
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refus::Forme);
        let (signed, signature) = text.rsplit_once('.').ok_or(Refus::Forme)?;
        let (entete, payload) = signed.split_once('.').ok_or(Refus::Forme)?;
        let entete: Entete = serde_json::from_slice(&decode(entete)?).map_err(|_| Refus::Forme)?;
        if entete.crit.is_some() || entete.b64.is_some() {
            return Err(Refus::Algorithme);
        }
        let alg = Algorithme::named(&entete.alg).ok_or(Refus::Algorithme)?;
        Ok(Self { signed, alg, kid: entete.kid, payload: decode(payload)?, signature: decode(signature)? })
    }

    pub(super) fn verify(&self, keys: &[Cle]) -> Verification {
        let mut candidates = keys.iter().filter(|key| key.suits(self.alg, self.kid.as_deref())).peekable();
        let named = self.kid.is_some() && candidates.peek().is_some();
        if candidates.any(|key| key.verifies(self.alg, self.signed.as_bytes(), &self.signature)) {
            Verification::Holds(self.payload.clone())
        } else if named {
            Verification::Wrong
        } else {
            Verification::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_that_cannot_verify_are_passed_over() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        for (key, kept) in [
            (json!({"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}), true),
            (
                json!({"kty": "RSA", "use": "sig", "alg": "PS256", "n": "AQAB", "e": "AQAB", "x5t": "new"}),
                true,
            ),
            (json!({"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"}), false),
            (json!({"kty": "RSA", "alg": "RSA-OAEP", "n": "AQAB", "e": "AQAB"}), false),
            (json!({"kty": "RSA", "n": "AQAB"}), false),
            (json!({"kty": "RSA", "n": "A+A/", "e": "AQAB"}), false),
            (json!({"kty": "EC", "crv": "P-256", "x": x, "y": x}), true),
            (json!({"kty": "EC", "crv": "P-256", "x": x, "y": "AQAB"}), false),
            (json!({"kty": "EC", "crv": "secp256k1", "x": x, "y": x}), false),
            (json!({"kty": "oct", "k": "AQAB"}), false),
            (json!("a text"), false),
        ] {
            let set = json!({"keys": [key]});
            let read = keys(set.to_string().as_bytes()).unwrap();
            assert_eq!(read.len(), usize::from(kept), "{set}");
        }
        assert_eq!(keys(b"[]"), None);
        assert_eq!(keys(b"<html>"), None);
    }

    #[test]
    fn a_token_is_read_in_three_algorithms_and_none_else() {
        let token = |header: &str| format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header));
        for (header, expected) in [
            ("{\"alg\":\"RS256\"}", Ok(Algorithme::Rs256)),
            ("{\"alg\":\"PS256\",\"kid\":\"a\"}", Ok(Algorithme::Ps256)),
            ("{\"alg\":\"ES256\"}", Ok(Algorithme::Es256)),
            ("{\"alg\":\"none\"}", Err(Refus::Algorithme)),
            ("{\"alg\":\"None\"}", Err(Refus::Algorithme)),
            ("{\"alg\":\"HS256\"}", Err(Refus::Algorithme)),
            ("{\"alg\":\"RS1\"}", Err(Refus::Algorithme)),
            ("{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", Err(Refus::Algorithme)),
            ("{\"alg\":\"RS256\",\"b64\":false}", Err(Refus::Algorithme)),
            ("{\"alg\":\"RS256\",\"alg\":\"none\"}", Err(Refus::Forme)),
            ("{}", Err(Refus::Forme)),
        ] {
            assert_eq!(Compact::read(&token(header)).map(|token| token.alg), expected, "{header}");
        }
        for text in ["", "a", "a.b", "e30.e30.e30", "!.e30.AAAA"] {
            assert!(Compact::read(text).is_err(), "{text}");
        }
        let long = format!("{}.{}", token("{\"alg\":\"RS256\"}"), "A".repeat(BYTES_MAX));
        assert_eq!(Compact::read(&long).map(|token| token.alg), Err(Refus::Forme));
    }
}
