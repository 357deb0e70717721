//! What an application may do and how it is spoken to: `vtpa partner add` and `set`.

use std::fmt;

use dossier::Operation;
use serde::{Deserialize, Serialize};

/// The operations an application may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// CreerDossierPA.
    pub creer_dossier: bool,
    /// ConsulterDossierPA.
    pub consulter_dossier: bool,
    /// GenererJetonSecuritePA.
    pub generer_jeton: bool,
}

/// What `vtpa partner set` sets. The default is a new application's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether a SAML assertion must come along.
    pub assertion: Assertion,
    /// Whether a Timestamp must come along.
    pub timestamp: TimestampRule,
    /// How answers name the server's certificate.
    pub key_reference: KeyReference,
    /// Whether answers carry a SignatureConfirmation.
    pub signature_confirmation: bool,
    /// When answers are encrypted.
    pub encrypt: Encrypt,
    /// Whether AES-CBC is accepted from this application.
    pub cbc: bool,
    /// Whether `design/ws-security.md`'s structure checks apply to its assertions' attributes.
    pub check_structure: bool,
    /// Whether its sender-vouches assertions may be unsigned: the message's signature, which covers them, then speaks for them.
    pub unsigned_assertion: bool,
    /// The partner's page that its users go back to.
    pub url_retour: Option<String>,
    /// The partner's pages, besides, that a person may be sent back to from `/liaison`.
    pub url_liaison: Vec<String>,
}

/// `assertion=required|optional`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assertion {
    /// A message without one is refused.
    Required,
    /// A message without one is accepted.
    #[default]
    Optional,
}

/// `timestamp=required|optional`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimestampRule {
    /// A message without one is refused.
    #[default]
    Required,
    /// A message without one is accepted, once.
    Optional,
}

/// `key_reference=bst|issuer-serial|ski|thumbprint`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyReference {
    /// The certificate itself, as a BinarySecurityToken.
    #[default]
    Bst,
    /// Issuer and serial number.
    IssuerSerial,
    /// The subject key identifier.
    Ski,
    /// The SHA-1 thumbprint.
    Thumbprint,
}

/// `encrypt=as-request|always`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encrypt {
    /// The answer is encrypted if the request was.
    #[default]
    AsRequest,
    /// Every answer is encrypted.
    Always,
}

/// Why `KEY=VALUE` is no setting; says what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such key.
    #[error("unknown setting {0}; the settings are {keys}", keys = Settings::KEYS.join(", "))]
    UnknownKey(String),
    /// The key takes other values.
    #[error("{key} takes {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// The values it takes.
        expected: &'static str,
    },
}

impl Rights {
    /// All three operations.
    pub const ALL: Self = Self { creer_dossier: true, consulter_dossier: true, generer_jeton: true };
    /// None.
    pub const NONE: Self = Self { creer_dossier: false, consulter_dossier: false, generer_jeton: false };

    /// Whether `operation` may be called.
    pub fn allow(self, operation: Operation) -> bool {
        match operation {
            Operation::CreerDossierPA => self.creer_dossier,
            Operation::ConsulterDossierPA => self.consulter_dossier,
            Operation::GenererJetonSecuritePA => self.generer_jeton,
        }
    }

    /// These rights and `operation`.
    #[must_use]
    pub fn with(mut self, operation: Operation) -> Self {
        match operation {
            Operation::CreerDossierPA => self.creer_dossier = true,
            Operation::ConsulterDossierPA => self.consulter_dossier = true,
            Operation::GenererJetonSecuritePA => self.generer_jeton = true,
        }
        self
    }

    /// The operations allowed, in the specification's order.
    pub fn operations(self) -> impl Iterator<Item = Operation> {
        [Operation::CreerDossierPA, Operation::ConsulterDossierPA, Operation::GenererJetonSecuritePA]
            .into_iter()
            .filter(move |operation| self.allow(*operation))
    }
}

/// The names of the operations, separated by a space: what is stored.
impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.operations().map(Operation::name).collect();
        f.write_str(&names.join(" "))
    }
}

impl Settings {
    /// The keys that [`Settings::set`] knows.
    pub const KEYS: [&'static str; 10] = [
        "assertion",
        "timestamp",
        "key_reference",
        "signature_confirmation",
        "encrypt",
        "cbc",
        "check_structure",
        "unsigned_assertion",
        "url_retour",
        "url_liaison",
    ];

    /// Sets one setting as `vtpa partner set` spells it. An empty `url_retour` or `url_liaison` takes it away; the latter
    /// takes several, separated by spaces.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
        const REQUIREMENT: &str = "required or optional";
        const BOOLEAN: &str = "true or false";
        let boolean = |key, value: &str| match value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(SettingError::Value { key, expected: BOOLEAN }),
        };
        match key {
            "assertion" => self.assertion = word(value, "assertion", REQUIREMENT)?,
            "timestamp" => self.timestamp = word(value, "timestamp", REQUIREMENT)?,
            "key_reference" => {
                self.key_reference = word(value, "key_reference", "bst, issuer-serial, ski or thumbprint")?;
            }
            "signature_confirmation" => {
                self.signature_confirmation = boolean("signature_confirmation", value)?
            }
            "encrypt" => self.encrypt = word(value, "encrypt", "as-request or always")?,
            "cbc" => self.cbc = boolean("cbc", value)?,
            "check_structure" => self.check_structure = boolean("check_structure", value)?,
            "unsigned_assertion" => self.unsigned_assertion = boolean("unsigned_assertion", value)?,
            "url_retour" => self.url_retour = url(value, "url_retour")?,
            "url_liaison" => {
                let urls = value.split_ascii_whitespace().map(|one| url(one, "url_liaison"));
                self.url_liaison = urls.filter_map(Result::transpose).collect::<Result<_, _>>()?;
            }
            _ => return Err(SettingError::UnknownKey(key.to_owned())),
        }
        Ok(())
    }
}

/// A word of one of the enums above, spelled as they are stored.
fn word<T: for<'de> Deserialize<'de>>(
    value: &str,
    key: &'static str,
    expected: &'static str,
) -> Result<T, SettingError> {
    let value = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(value);
    T::deserialize(value).map_err(|_| SettingError::Value { key, expected })
}

/// A link that a page will carry: nothing but http and https, or a script would be one.
fn url(value: &str, key: &'static str) -> Result<Option<String>, SettingError> {
    if value.is_empty() {
        return Ok(None);
    }
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !value.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Ok(Some(value.to_owned()))
        }
        _ => Err(SettingError::Value { key, expected: "an https:// or http:// address" }),
    }
}
