//! What an id_token must say (OpenID Connect Core 1.0 §3.1.3.7), once its signature holds.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Refus;

/// How far the provider's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_mins(1);
/// How long ago a token may have been made: it is fetched as soon as the browser is back.
const AGE_MAX: SignedDuration = SignedDuration::from_mins(5);

/// What this sign-in expects.
pub(super) struct Attendu<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    /// By spaces.
    pub(super) acr_values: &'a str,
    pub(super) access_token: &'a str,
    pub(super) now: Timestamp,
}

/// The claims of an id_token that is what was expected. Its only origin is [`Affirme::read`].
pub(super) struct Affirme {
    pub(super) sub: String,
    autres: Map<String, Value>,
}

/// A claim of these that stands twice is an error of the parser.
#[derive(Deserialize)]
struct Champs {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    acr: Option<String>,
    at_hash: Option<String>,
    #[serde(flatten)]
    autres: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    Une(String),
    Plusieurs(Vec<String>),
}

impl Affirme {
    /// Reads the payload of a token whose signature holds.
    pub(super) fn read(payload: &[u8], attendu: &Attendu<'_>) -> Result<Self, Refus> {
        let champs: Champs = serde_json::from_slice(payload).map_err(|_| Refus::Champs)?;
        if champs.iss != attendu.issuer {
            return Err(Refus::Emetteur);
        }
        // rule 3: an audience beside us is one that we do not trust
        let for_us = match &champs.aud {
            Audience::Une(one) => one == attendu.client_id,
            Audience::Plusieurs(all) => !all.is_empty() && all.iter().all(|one| one == attendu.client_id),
        };
        if !for_us {
            return Err(Refus::Audience);
        }
        if champs.azp.is_some_and(|azp| azp != attendu.client_id) {
            return Err(Refus::Azp);
        }
        let (exp, iat) = (instant(champs.exp)?, instant(champs.iat)?);
        if exp.duration_since(attendu.now) <= -SKEW {
            return Err(Refus::Perime);
        }
        let age = attendu.now.duration_since(iat);
        if age > AGE_MAX + SKEW || age < -SKEW {
            return Err(Refus::Date);
        }
        if let Some(nbf) = champs.nbf
            && instant(nbf)?.duration_since(attendu.now) > SKEW
        {
            return Err(Refus::Date);
        }
        if champs.nonce.as_deref() != Some(attendu.nonce) {
            return Err(Refus::Nonce);
        }
        let level = champs.acr.as_deref().unwrap_or_default();
        if level.is_empty() || !attendu.acr_values.split_whitespace().any(|asked| asked == level) {
            return Err(Refus::Niveau);
        }
        // §3.1.3.8: optional in this flow, but never wrong; all our algorithms digest by SHA-256
        if champs.at_hash.is_some_and(|given| given != left_half(attendu.access_token)) {
            return Err(Refus::JetonAcces);
        }
        if !crate::bureau::is_subject(&champs.sub) {
            return Err(Refus::Champs);
        }
        Ok(Self { sub: champs.sub, autres: champs.autres })
    }

    /// The text of a claim, if it has it.
    pub(super) fn claim(&self, name: &str) -> Option<&str> {
        if name == "sub" { Some(&self.sub) } else { self.autres.get(name)?.as_str() }
    }
}

fn left_half(access_token: &str) -> String {
    let sha256 = digest(&SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(sha256.as_ref().get(..16).unwrap_or_default())
}

/// RFC 7519 §2: seconds, a fraction allowed.
fn instant(seconds: f64) -> Result<Timestamp, Refus> {
    #[expect(clippy::cast_possible_truncation, reason = "beyond i64 it saturates, and is no Timestamp then")]
    Timestamp::from_second(seconds as i64).map_err(|_| Refus::Champs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(change: impl FnOnce(&mut Value)) -> Result<String, Refus> {
        let now = testkit::instant();
        let mut claims = json!({
            "iss": "https://psc.exemple", "sub": "f:1:899700218896", "aud": "vtpa", "azp": "vtpa",
            "exp": now.as_second() + 120, "iat": now.as_second(), "nonce": "n", "acr": "eidas1",
            "at_hash": left_half("acces"), "SubjectNameID": "899700218896", "auth_time": 3,
        });
        change(&mut claims);
        let attendu = Attendu {
            issuer: "https://psc.exemple",
            client_id: "vtpa",
            nonce: "n",
            acr_values: "eidas1 eidas2",
            access_token: "acces",
            now,
        };
        let read = Affirme::read(claims.to_string().as_bytes(), &attendu)?;
        Ok(read.claim("SubjectNameID").unwrap_or_default().to_owned())
    }

    #[test]
    fn a_token_that_says_anything_else_is_refused() {
        let at = |seconds: i64| testkit::instant().as_second() + seconds;
        let right = Ok("899700218896".to_owned());
        let rows: Vec<(&str, Value, Result<String, Refus>)> = vec![
            ("iss", json!("https://psc.exemple"), right.clone()),
            ("iss", json!("https://psc.exemple/"), Err(Refus::Emetteur)),
            ("iss", json!("https://autre.exemple"), Err(Refus::Emetteur)),
            ("iss", Value::Null, Err(Refus::Champs)),
            ("aud", json!(["vtpa"]), right.clone()),
            ("aud", json!("autre"), Err(Refus::Audience)),
            ("aud", json!(["vtpa", "autre"]), Err(Refus::Audience)),
            ("aud", json!([]), Err(Refus::Audience)),
            ("azp", Value::Null, right.clone()),
            ("azp", json!("autre"), Err(Refus::Azp)),
            ("exp", json!(at(-59)), right.clone()),
            ("exp", json!(at(-60)), Err(Refus::Perime)),
            ("exp", json!("demain"), Err(Refus::Champs)),
            ("exp", json!(1e300), Err(Refus::Champs)),
            ("iat", json!(at(60)), right.clone()),
            ("iat", json!(at(61)), Err(Refus::Date)),
            ("iat", json!(at(-360)), right.clone()),
            ("iat", json!(at(-361)), Err(Refus::Date)),
            ("nbf", json!(at(61)), Err(Refus::Date)),
            ("nonce", json!("autre"), Err(Refus::Nonce)),
            ("nonce", Value::Null, Err(Refus::Nonce)),
            ("acr", json!("eidas2"), right.clone()),
            ("acr", json!("eidas"), Err(Refus::Niveau)),
            ("acr", json!(""), Err(Refus::Niveau)),
            ("acr", json!("eidas1 eidas2"), Err(Refus::Niveau)),
            ("acr", Value::Null, Err(Refus::Niveau)),
            ("at_hash", Value::Null, right.clone()),
            ("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"), Err(Refus::JetonAcces)),
            ("sub", json!(""), Err(Refus::Champs)),
            ("sub", json!("a\u{0}b"), Err(Refus::Champs)),
            ("sub", json!(899), Err(Refus::Champs)),
        ];
        for (name, value, expected) in rows {
            let what = format!("{name} = {value}");
            let outcome = read(|claims| {
                if value.is_null() {
                    claims.as_object_mut().unwrap().remove(name);
                } else {
                    claims[name] = value;
                }
            });
            assert_eq!(outcome, expected, "{what}");
        }
    }

    #[test]
    fn a_claim_that_stands_twice_is_refused() {
        let attendu = Attendu {
            issuer: "i",
            client_id: "c",
            nonce: "n",
            acr_values: "a",
            access_token: "",
            now: testkit::instant(),
        };
        let now = testkit::instant().as_second();
        let once = format!(
            "\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"c\",\"exp\":{now},\"iat\":{now},\"nonce\":\"n\",\"acr\":\"a\""
        );
        assert!(Affirme::read(format!("{{{once}}}").as_bytes(), &attendu).is_ok());
        let twice = format!("{{{once},\"sub\":\"autre\"}}");
        assert_eq!(Affirme::read(twice.as_bytes(), &attendu).err(), Some(Refus::Champs));
    }
}
