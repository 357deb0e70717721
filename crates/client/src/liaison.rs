//! The address that a partner sends its user's browser to so that a dossier that exists becomes one of theirs: `/liaison` with a
//! compact JWS, signed by the application's key (RS256, RFC 7515).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use serde_json::json;
use wss::Identity;

use crate::Client;

/// How long the browser may take to arrive; the server takes five minutes at most.
const LIFE: SignedDuration = SignedDuration::from_mins(2);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Liaison<'a> {
    /// The name under which the application is registered.
    pub application: &'a str,
    /// The server's address, without a path.
    pub server: &'a str,
    /// The partner's user.
    pub id_local: &'a str,
    /// Where the person comes back to: one of the registered addresses; `None`: the first of them.
    pub retour: Option<&'a str>,
}

/// Why no address could be made.
#[derive(Debug, thiserror::Error)]
#[error("the request could not be signed by RS256: the application's key is not RSA")]
pub struct LiaisonError;

impl Liaison<'_> {
    /// The address, good for two minutes from `now` and for one use.
    ///
    /// # Errors
    /// [`LiaisonError`]
    pub fn url(
        &self,
        identity: &Identity,
        now: Timestamp,
        rng: &mut impl Rng,
    ) -> Result<String, LiaisonError> {
        let fingerprint = URL_SAFE_NO_PAD.encode(identity.certificate().fingerprint_sha256());
        let header = json!({"alg": "RS256", "typ": "JWT", "x5t#S256": fingerprint});
        let server = self.server.trim_end_matches('/');
        let mut unique = [0; 16];
        rng.fill_bytes(&mut unique);
        let mut claims = json!({
            "iss": self.application,
            "sub": self.id_local,
            "aud": server,
            "exp": (now + LIFE).as_second(),
            "jti": URL_SAFE_NO_PAD.encode(unique),
        });
        if let (Some(retour), Some(claims)) = (self.retour, claims.as_object_mut()) {
            claims.insert("retour".to_owned(), retour.into());
        }
        let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = identity.sign_rs256(signed.as_bytes()).map_err(|_| LiaisonError)?;
        Ok(format!("{server}/liaison?jws={signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl Client {
    /// The address that a user's browser is sent to, so that a dossier that exists becomes one of this application's
    /// (see [`Liaison::url`]). `application` is the name under which it is registered.
    ///
    /// # Errors
    /// [`LiaisonError`]
    #[expect(
        clippy::disallowed_methods,
        reason = "a client's clock is the machine's; Liaison::url takes another"
    )]
    pub fn liaison_url(
        &self,
        application: &str,
        id_local: &str,
        retour: Option<&str>,
    ) -> Result<String, LiaisonError> {
        let settings = self.settings();
        let liaison = Liaison { application, server: &settings.base_url, id_local, retour };
        liaison.url(&settings.identity, Timestamp::now(), &mut rand::rng())
    }
}
