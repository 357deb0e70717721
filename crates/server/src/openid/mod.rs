//! The provider by which the establishments' people may enter their desk: OpenID Connect Core 1.0, the authorization code
//! flow (§3.1) with PKCE (RFC 7636, S256). What a browser brings back is turned into whom the provider says it is, or into a
//! reason why not. It knows no page and no SQL.
//!
//! Metadata and keys are held in memory; another instance holds its own.

mod http;
mod jeton;
mod jose;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;

use self::http::{Http, Reponse, encoded};
use self::jeton::{Affirme, Attendu};
use self::jose::{Cle, Compact, Verification};
use crate::clock::Clock;
use crate::config::{OpenId, is_plain_https};
use crate::keys::KeyFileError;

/// How long the provider's metadata are believed without asking again.
const METADATA_AGE: SignedDuration = SignedDuration::from_hours(1);
/// And its keys.
const KEYS_AGE: SignedDuration = SignedDuration::from_hours(6);
/// Keys are asked for again no sooner than this after the last time, whatever tokens name.
const KEYS_PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// A provider that did not answer is left alone for so long: who comes meanwhile need not wait for it.
const FAILURE_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// Why nobody is let in by what a browser brought back. In the log and the audit trail; the page says one thing for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refus {
    /// RFC 9207.
    #[error("the answer is of another issuer, or names none where the provider says that it does")]
    Melange,
    /// RFC 6749 §5.2, `invalid_grant`.
    #[error("the provider does not know the code, or knows it as used")]
    Code,
    /// RFC 7515 §3.1.
    #[error("the id_token is no compact JWS")]
    Forme,
    /// RFC 7515 §4.1.1.
    #[error("the id_token is not signed by RS256, PS256 or ES256")]
    Algorithme,
    /// RFC 7515 §4.1.4.
    #[error("the id_token is signed by no key that the provider has")]
    Cle,
    /// OpenID Connect Core §3.1.3.7 rule 6.
    #[error("the id_token's signature does not hold")]
    Signature,
    /// OpenID Connect Core §2.
    #[error("the id_token lacks a claim, or has one twice or of another type")]
    Champs,
    /// Rule 2.
    #[error("iss is not the configured issuer")]
    Emetteur,
    /// Rule 3.
    #[error("aud is not this client alone")]
    Audience,
    /// Rule 5.
    #[error("azp is not this client")]
    Azp,
    /// Rule 9.
    #[error("exp is over")]
    Perime,
    /// Rule 10.
    #[error("iat is too long ago, or iat or nbf lies ahead")]
    Date,
    /// Rule 11.
    #[error("nonce is not the one of this sign-in")]
    Nonce,
    /// Rule 12.
    #[error("acr is none of openid.acr_values")]
    Niveau,
    /// §3.1.3.8.
    #[error("at_hash is not of the access token")]
    JetonAcces,
    /// §5.3.2.
    #[error("userinfo is of another subject than the id_token")]
    AutreSujet,
    /// No such text in the id_token nor in userinfo.
    #[error("the claim of openid.claim is missing, or is no text of 1 to 255 characters")]
    Sujet,
}

/// Why the provider could not be asked: not the person's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Panne {
    /// No answer, or none in time, or a certificate that is not believed.
    #[error("{0}")]
    Injoignable(String),
    /// More bytes than such an answer has.
    #[error("the answer is too long")]
    TropLong,
    /// A status, or a body, that the protocol does not have.
    #[error("the answer is not what the protocol has")]
    Reponse,
    /// RFC 6749 §5.2, `invalid_client` and the like.
    #[error("the provider does not take this client: openid.client_id, client_secret or the return address")]
    Client,
    /// Metadata that are not of the configured issuer, or lead elsewhere than to https.
    #[error("the metadata are not of the configured issuer, or lack an https endpoint")]
    Metadonnees,
    /// It did not answer a moment ago.
    #[error("the provider did not answer a moment ago")]
    Recente,
}

/// What keeps someone from entering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Echec {
    Refus(Refus),
    Panne(Panne),
}

impl From<Refus> for Echec {
    fn from(refus: Refus) -> Self {
        Self::Refus(refus)
    }
}

impl From<Panne> for Echec {
    fn from(panne: Panne) -> Self {
        Self::Panne(panne)
    }
}

/// What one sign-in is recognised by. All three are made of what the browser alone holds and of the state that it carries:
/// there is nothing to be kept here that another could use.
pub(crate) struct Depart<'a> {
    /// RFC 6749 §4.1.1.
    pub(crate) state: &'a str,
    /// OpenID Connect Core §3.1.2.1.
    pub(crate) nonce: &'a str,
    /// RFC 7636 §4.1.
    pub(crate) verifier: &'a str,
}

/// What a browser brings back (RFC 6749 §4.1.2).
pub(crate) struct Retour<'a> {
    pub(crate) code: &'a str,
    /// RFC 9207 §2.
    pub(crate) iss: Option<&'a str>,
}

/// OpenID Connect Discovery 1.0 §3, as far as it is used here.
#[derive(Debug, Clone, Deserialize)]
struct Metadonnees {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    /// OpenID Connect RP-Initiated Logout 1.0 §2.1.
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadonnees {
    fn read(reponse: &Reponse, issuer: &str) -> Result<Self, Panne> {
        if !reponse.status.is_success() {
            return Err(Panne::Reponse);
        }
        let read: Self = serde_json::from_slice(&reponse.body).map_err(|_| Panne::Reponse)?;
        // Discovery §4.3: exactly what was asked for
        let obligatory = [&read.authorization_endpoint, &read.token_endpoint, &read.jwks_uri];
        let optional = [&read.userinfo_endpoint, &read.end_session_endpoint];
        let all = obligatory.into_iter().chain(optional.into_iter().flatten());
        let secure = |url: &String| is_plain_https(url.split('?').next().unwrap_or_default());
        if read.issuer != issuer || !all.into_iter().all(secure) {
            return Err(Panne::Metadonnees);
        }
        Ok(read)
    }

    /// RFC 6749 §2.3.1: HTTP Basic is what every provider takes, unless it says otherwise.
    fn wants_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        methods.is_empty() || methods.iter().any(|one| one == "client_secret_basic")
    }
}

/// RFC 6749 §5.1.
#[derive(Deserialize)]
struct Jetons {
    access_token: String,
    id_token: String,
}

/// RFC 6749 §5.2.
#[derive(Deserialize)]
struct Erreur {
    error: String,
}

#[derive(Default)]
struct Memoire {
    metadonnees: Option<(Timestamp, Arc<Metadonnees>)>,
    cles: Option<(Timestamp, Arc<Vec<Cle>>)>,
    echec: Option<Timestamp>,
}

/// A provider that is configured.
pub(crate) struct Fournisseur {
    config: OpenId,
    /// Where browsers come back to.
    retour: String,
    /// Where they come back to from signing out.
    sortie: String,
    http: Http,
    clock: Clock,
    /// Held while the provider is asked: one asks for all.
    memoire: Mutex<Memoire>,
}

impl Fournisseur {
    /// None where none is configured.
    ///
    /// # Errors
    /// The file of its authorities.
    pub(crate) fn new(
        config: &OpenId,
        public_url: &str,
        clock: &Clock,
    ) -> Result<Option<Self>, KeyFileError> {
        if !config.is_set() {
            return Ok(None);
        }
        Ok(Some(Self {
            config: config.clone(),
            retour: format!("{public_url}/etablissement/openid/retour"),
            sortie: format!("{public_url}/etablissement/connexion"),
            http: Http::new(config)?,
            clock: clock.clone(),
            memoire: Mutex::default(),
        }))
    }

    /// What pages call it.
    pub(crate) fn label(&self) -> &str {
        &self.config.label
    }

    /// Whether it is the only way in.
    pub(crate) fn only(&self) -> bool {
        self.config.only
    }

    /// Where a browser is sent (OpenID Connect Core §3.1.2.1, RFC 7636 §4.3).
    pub(crate) async fn adresse(&self, depart: &Depart<'_>) -> Result<String, Panne> {
        let metadonnees = self.metadonnees().await?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, depart.verifier.as_bytes()));
        let query = [
            ("response_type", "code"),
            ("client_id", &self.config.client_id),
            ("redirect_uri", &self.retour),
            ("scope", &self.config.scopes),
            ("acr_values", &self.config.acr_values),
            ("state", depart.state),
            ("nonce", depart.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Ok(with_query(&metadonnees.authorization_endpoint, &query))
    }

    /// Where a browser signs out at the provider too (RP-Initiated Logout 1.0 §2), if it can: by the client's name, without
    /// the id_token, which need not be kept for that.
    pub(crate) async fn adresse_de_sortie(&self) -> Option<String> {
        let end = self.metadonnees().await.ok()?.end_session_endpoint.clone()?;
        let query =
            [("client_id", self.config.client_id.as_str()), ("post_logout_redirect_uri", &self.sortie)];
        Some(with_query(&end, &query))
    }

    /// Whom the provider says the browser's person to be: the text of `openid.claim`.
    pub(crate) async fn sujet(&self, depart: &Depart<'_>, retour: &Retour<'_>) -> Result<String, Echec> {
        let metadonnees = self.metadonnees().await?;
        // RFC 9207 §2.4: before the code is given to anyone
        let required = metadonnees.authorization_response_iss_parameter_supported;
        if retour.iss.map_or(required, |iss| iss != self.config.issuer) {
            return Err(Refus::Melange.into());
        }
        let jetons = self.jetons(&metadonnees, depart, retour).await?;
        let attendu = Attendu {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            nonce: depart.nonce,
            acr_values: &self.config.acr_values,
            access_token: &jetons.access_token,
            now: self.clock.now(),
        };
        let payload = self.signed(&metadonnees, &jetons.id_token).await?;
        let affirme = Affirme::read(&payload, &attendu)?;
        let claim = match affirme.claim(&self.config.claim) {
            Some(text) => Some(text.to_owned()),
            None => self.userinfo(&metadonnees, &affirme, &jetons.access_token).await?,
        };
        claim.filter(|text| crate::bureau::is_subject(text)).ok_or_else(|| Refus::Sujet.into())
    }

    /// OpenID Connect Core §3.1.3.1.
    async fn jetons(
        &self,
        metadonnees: &Metadonnees,
        depart: &Depart<'_>,
        retour: &Retour<'_>,
    ) -> Result<Jetons, Echec> {
        let secret = self.config.client_secret.as_ref().map(|secret| secret.expose()).unwrap_or_default();
        let id = self.config.client_id.as_str();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", retour.code),
            ("redirect_uri", self.retour.as_str()),
            ("code_verifier", depart.verifier),
        ];
        let basic = metadonnees.wants_basic().then_some((id, secret));
        if basic.is_none() {
            form.extend([("client_id", id), ("client_secret", secret)]);
        }
        let reponse = self.http.post(&metadonnees.token_endpoint, &form, basic).await?;
        if reponse.status.is_success() {
            return serde_json::from_slice(&reponse.body).map_err(|_| Panne::Reponse.into());
        }
        let erreur: Option<Erreur> = serde_json::from_slice(&reponse.body).ok();
        match erreur.as_ref().map(|erreur| erreur.error.as_str()) {
            Some("invalid_grant") => Err(Refus::Code.into()),
            Some("invalid_client" | "unauthorized_client" | "unsupported_grant_type" | "invalid_request") => {
                Err(Panne::Client.into())
            }
            _ => Err(Panne::Reponse.into()),
        }
    }

    /// What a key of the provider signed. A key that is not known yet may be new: its keys are asked for again, not too often.
    async fn signed(&self, metadonnees: &Metadonnees, id_token: &str) -> Result<Vec<u8>, Echec> {
        let compact = Compact::read(id_token)?;
        for newer in [false, true] {
            match compact.verify(&self.cles(metadonnees, newer).await?) {
                Verification::Holds(payload) => return Ok(payload),
                Verification::Wrong => return Err(Refus::Signature.into()),
                Verification::Unknown => {}
            }
        }
        Err(Refus::Cle.into())
    }

    /// OpenID Connect Core §5.3: the claim, of the same subject.
    async fn userinfo(
        &self,
        metadonnees: &Metadonnees,
        affirme: &Affirme,
        access_token: &str,
    ) -> Result<Option<String>, Echec> {
        let Some(url) = &metadonnees.userinfo_endpoint else { return Ok(None) };
        let reponse = self.http.get(url, Some(access_token)).await?;
        if !reponse.status.is_success() {
            return Err(Panne::Reponse.into());
        }
        let told: serde_json::Value = serde_json::from_slice(&reponse.body).map_err(|_| Panne::Reponse)?;
        let text = |name: &str| told.get(name).and_then(serde_json::Value::as_str);
        if text("sub") != Some(&affirme.sub) {
            return Err(Refus::AutreSujet.into());
        }
        Ok(text(&self.config.claim).map(str::to_owned))
    }

    async fn metadonnees(&self) -> Result<Arc<Metadonnees>, Panne> {
        let mut memoire = self.memoire.lock().await;
        let now = self.clock.now();
        let held = memoire.metadonnees.clone();
        if let Some((since, held)) = &held
            && now.duration_since(*since) < METADATA_AGE
        {
            return Ok(Arc::clone(held));
        }
        if memoire.echec.is_some_and(|failed| now.duration_since(failed) < FAILURE_PAUSE) {
            // what it said an hour ago is most probably what it would say
            return held.map(|(_, held)| held).ok_or(Panne::Recente);
        }
        let reponse = self.http.get(&self.config.metadata_url(), None).await;
        match reponse.and_then(|reponse| Metadonnees::read(&reponse, &self.config.issuer)) {
            Ok(read) => {
                let read = Arc::new(read);
                memoire.metadonnees = Some((now, Arc::clone(&read)));
                memoire.echec = None;
                Ok(read)
            }
            Err(panne) => {
                memoire.echec = Some(self.clock.now());
                match (held, &panne) {
                    (Some((_, held)), Panne::Injoignable(_)) => {
                        tracing::warn!(cause = %panne, "the OpenID Connect provider's metadata are of before");
                        Ok(held)
                    }
                    _ => Err(panne),
                }
            }
        }
    }

    /// The provider's keys; `newer`: those that are held did not do.
    async fn cles(&self, metadonnees: &Metadonnees, newer: bool) -> Result<Arc<Vec<Cle>>, Panne> {
        let mut memoire = self.memoire.lock().await;
        let now = self.clock.now();
        if let Some((since, held)) = &memoire.cles {
            let age = now.duration_since(*since);
            if age < if newer { KEYS_PAUSE } else { KEYS_AGE } {
                return Ok(Arc::clone(held));
            }
        }
        if memoire.echec.is_some_and(|failed| now.duration_since(failed) < FAILURE_PAUSE) {
            return Err(Panne::Recente);
        }
        let reponse = self.http.get(&metadonnees.jwks_uri, None).await;
        let read = reponse.and_then(|reponse| {
            let read = reponse.status.is_success().then(|| jose::keys(&reponse.body)).flatten();
            read.ok_or(Panne::Reponse)
        });
        match read {
            Ok(read) => {
                let read = Arc::new(read);
                memoire.cles = Some((now, Arc::clone(&read)));
                Ok(read)
            }
            Err(panne) => {
                memoire.echec = Some(self.clock.now());
                Err(panne)
            }
        }
    }
}

/// RFC 6749 §3.1: a query that the endpoint has is kept.
fn with_query(endpoint: &str, query: &[(&str, &str)]) -> String {
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{joint}{}", encoded(query))
}
