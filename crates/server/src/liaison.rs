//! A partner's request to be linked to a dossier that exists: a compact JWS (RFC 7515 §3.1) that its registered certificate
//! signed. One algorithm, RS256; the header chooses nothing but which of the application's own certificates to try.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dossier::IdLocal;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use storage::Application;
use wss::CertificateCheck as _;
use xmlsec::{Certificate, DigestMethod, SignatureMethod};

use crate::state::AppState;

/// Longest request that is read: a kilobyte is usual.
const BYTES_MAX: usize = 8192;
/// Longest `jti`.
const JTI_MAX: usize = 255;
/// Certificates that a request may carry (ws-security.md, limits).
const CHAIN_MAX: usize = 5;
/// How far ahead `exp` may lie.
const LIFE_MAX: SignedDuration = SignedDuration::from_mins(5);

/// A request that its application signed, for this server, lately. Its only origin is [`DemandeLiaison::open`].
pub(crate) struct DemandeLiaison {
    /// Who asks.
    pub(crate) application: Application,
    /// For which of its users (`sub`).
    pub(crate) id_local: IdLocal,
    /// Where the person goes back to: one of the application's registered addresses.
    pub(crate) retour: String,
    /// SHA-256 of the application and its `jti`.
    pub(crate) jti: [u8; 32],
    /// How long the `jti` is to be remembered.
    pub(crate) oubli: Duration,
}

/// Why a request is refused. A sandbox's page shows it, the log always has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LiaisonRefusee {
    /// RFC 7515 §3.1: three parts of base64url, two of them JSON objects.
    #[error("ce n’est pas un JWS compact : trois parties en base64url, séparées par des points")]
    Forme,
    /// RFC 7515 §4.1.1; `none` and all others are refused before a key is looked for.
    #[error("l’algorithme doit être RS256 (alg), sans crit ni b64")]
    Algorithme,
    /// RFC 7519 §4: a claim is missing or of another type.
    #[error("il faut iss, sub, aud, exp (un nombre) et jti, chacun une seule fois")]
    Champs,
    /// `iss`.
    #[error("iss doit être le nom d’une application enregistrée, et qui n’est pas suspendue")]
    Application,
    /// The signature is of none of the application's certificates, or of one that is not believed any more.
    #[error("la signature n’est d’aucun certificat valable de l’application")]
    Signature,
    /// `aud`.
    #[error("aud doit être l’adresse publique de ce serveur")]
    Audience,
    /// `exp` is over.
    #[error("exp est passé")]
    Perimee,
    /// `exp` is too far ahead.
    #[error("exp doit être à cinq minutes au plus")]
    TropLongue,
    /// `sub`.
    #[error("sub doit être un IdLocal : 1 à 255 caractères, sans caractère de contrôle")]
    IdLocal,
    /// `retour`.
    #[error(
        "retour doit être une adresse enregistrée de l’application (vtpa partner set … url_retour, url_liaison)"
    )]
    Retour,
    /// `jti` was used before.
    #[error("jti a déjà servi : une demande de liaison sert une fois")]
    Rejouee,
}

/// RFC 7515 §4. Other members are ignored, as §4 says, but those that change what is signed or must be understood.
#[derive(Deserialize)]
struct Entete {
    alg: String,
    #[serde(rename = "x5t#S256")]
    empreinte: Option<String>,
    /// RFC 7515 §4.1.6: the signer's certificate, then those that lead to an anchor.
    #[serde(default)]
    x5c: Vec<String>,
    crit: Option<serde::de::IgnoredAny>,
    b64: Option<serde::de::IgnoredAny>,
}

/// RFC 7519 §4.1. A member that stands twice is an error of the parser.
#[derive(Deserialize)]
struct Champs {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    jti: String,
    retour: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    Une(String),
    Plusieurs(Vec<String>),
}

impl Audience {
    fn names(&self, wanted: &str) -> bool {
        let same = |given: &String| given.trim_end_matches('/') == wanted.trim_end_matches('/');
        match self {
            Self::Une(given) => same(given),
            Self::Plusieurs(all) => all.iter().any(same),
        }
    }
}

impl DemandeLiaison {
    /// Verifies a request. That its `jti` is new, the transaction that begins the liaison says.
    ///
    /// # Errors
    /// The outer error is the database's.
    pub(crate) async fn open(
        state: &AppState,
        compact: &str,
        now: Timestamp,
    ) -> Result<Result<Self, LiaisonRefusee>, storage::Error> {
        let lu = match Lu::read(compact) {
            Ok(lu) => lu,
            Err(refusee) => return Ok(Err(refusee)),
        };
        let name = lu.champs.iss.clone();
        let found = state.store.read(move |reader| {
            Box::pin(async move {
                let Some(application) = reader.application_by_name(&name).await? else { return Ok(None) };
                let certificates = reader.certificates(Some(application.id)).await?;
                Ok(Some((application, certificates)))
            })
        });
        let Some((application, certificates)) = found.await?.filter(|(found, _)| !found.suspended) else {
            return Ok(Err(LiaisonRefusee::Application));
        };
        let certificates = certificates.iter().filter_map(|(_, der)| Certificate::parse(der).ok());
        let signed = certificates
            .filter(|certificate| lu.means(certificate))
            .any(|found| lu.holds(&found) && state.trust.check(&found, &lu.chain, now).is_ok());
        if !signed {
            return Ok(Err(LiaisonRefusee::Signature));
        }
        Ok(lu.accept(application, &state.config, now))
    }
}

/// A request whose signature was not looked at yet.
struct Lu<'c> {
    signed: &'c str,
    signature: Vec<u8>,
    empreinte: Option<Vec<u8>>,
    /// Issuers that came along; they prove nothing by themselves.
    chain: Vec<Certificate>,
    champs: Champs,
}

impl<'c> Lu<'c> {
    fn read(compact: &'c str) -> Result<Self, LiaisonRefusee> {
        if compact.len() > BYTES_MAX {
            return Err(LiaisonRefusee::Forme);
        }
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| LiaisonRefusee::Forme);
        let (signed, signature) = compact.rsplit_once('.').ok_or(LiaisonRefusee::Forme)?;
        let (entete, champs) = signed.split_once('.').ok_or(LiaisonRefusee::Forme)?;
        let (entete, champs, signature) = (decode(entete)?, decode(champs)?, decode(signature)?);
        let entete: Entete = serde_json::from_slice(&entete).map_err(|_| LiaisonRefusee::Algorithme)?;
        if entete.alg != "RS256" || entete.crit.is_some() || entete.b64.is_some() {
            return Err(LiaisonRefusee::Algorithme);
        }
        let empreinte = entete.empreinte.as_deref().map(decode).transpose()?;
        if entete.x5c.len() > CHAIN_MAX {
            return Err(LiaisonRefusee::Forme);
        }
        let issuers = entete.x5c.iter().skip(1).map(|text| {
            let der = STANDARD.decode(text).map_err(|_| LiaisonRefusee::Forme)?;
            Certificate::parse(&der).map_err(|_| LiaisonRefusee::Forme)
        });
        let chain = issuers.collect::<Result<_, _>>()?;
        let champs: Champs = serde_json::from_slice(&champs).map_err(|_| LiaisonRefusee::Champs)?;
        Ok(Self { signed, signature, empreinte, chain, champs })
    }

    /// RFC 7515 §4.1.8: it selects, and proves nothing.
    fn means(&self, certificate: &Certificate) -> bool {
        self.empreinte.as_ref().is_none_or(|wanted| wanted == certificate.fingerprint_sha256())
    }

    fn holds(&self, certificate: &Certificate) -> bool {
        certificate.public_key().verify(SignatureMethod::RsaSha256, self.signed.as_bytes(), &self.signature)
    }

    /// What a signed request must say.
    fn accept(
        self,
        application: Application,
        config: &crate::Config,
        now: Timestamp,
    ) -> Result<DemandeLiaison, LiaisonRefusee> {
        let champs = self.champs;
        if !champs.aud.names(&config.public_url) && !champs.aud.names(&config.ws_security.audience) {
            return Err(LiaisonRefusee::Audience);
        }
        // RFC 7519 §2: seconds, a fraction allowed
        #[expect(
            clippy::cast_possible_truncation,
            reason = "beyond i64 it saturates, and is out of range below"
        )]
        let exp = Timestamp::from_second(champs.exp as i64).map_err(|_| LiaisonRefusee::Champs)?;
        let skew = SignedDuration::from_secs(config.ws_security.clock_skew_seconds.into());
        let left = exp.duration_since(now);
        if left <= -skew {
            return Err(LiaisonRefusee::Perimee);
        }
        if left > LIFE_MAX + skew {
            return Err(LiaisonRefusee::TropLongue);
        }
        if champs.jti.is_empty() || champs.jti.len() > JTI_MAX {
            return Err(LiaisonRefusee::Champs);
        }
        let id_local = IdLocal::parse(&champs.sub).ok_or(LiaisonRefusee::IdLocal)?;
        let settings = &application.settings;
        let mut registered = settings.url_liaison.iter().chain(&settings.url_retour);
        let retour = match &champs.retour {
            Some(wanted) => registered.find(|url| *url == wanted),
            None => registered.next(),
        };
        let retour = retour.cloned().ok_or(LiaisonRefusee::Retour)?;
        let unique = format!("{}\n{}", application.name, champs.jti);
        let mut jti = [0; 32];
        for (to, from) in jti.iter_mut().zip(DigestMethod::Sha256.digest(unique.as_bytes()).as_ref()) {
            *to = *from;
        }
        // it could be presented until exp, by a clock that errs by the skew on either side
        let oubli = (left + skew * 2).try_into().unwrap_or(Duration::ZERO);
        Ok(DemandeLiaison { application, id_local, retour, jti, oubli })
    }
}
