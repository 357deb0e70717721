//! `[openid]`: the provider by which the establishments' people may enter their desk, Pro Santé Connect above all.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, SecretValue};

/// Where a provider's metadata are, below its issuer (OpenID Connect Discovery 1.0 §4).
const METADATA: &str = "/.well-known/openid-configuration";

/// `[openid]`: nothing holds of it while `issuer` is empty.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenId {
    /// The provider, as it writes itself. Empty: there is none.
    pub issuer: String,
    /// Where its metadata are, below `issuer`.
    pub metadata: String,
    /// What the provider calls this server.
    pub client_id: String,
    /// By which this server shows who it is.
    pub client_secret: Option<SecretValue>,
    /// What is asked for, by spaces; `openid` is among it.
    pub scopes: String,
    /// The levels of authentication that are asked for, by spaces. A sign-in at none of them is refused, since the desk asks for
    /// no second factor after it.
    pub acr_values: String,
    /// The claim that names the account's owner, as `vtpa etablissement account link` was told.
    pub claim: String,
    /// What the button calls the provider.
    pub label: String,
    /// PEM file of the authorities that the provider's TLS certificate comes from; absent: those that browsers believe.
    pub ca: Option<PathBuf>,
    /// The proxy by which the provider is reached, `http://HOST:PORT`.
    pub proxy: Option<String>,
    /// Nobody enters by password any more.
    pub only: bool,
}

impl Default for OpenId {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            metadata: METADATA.to_owned(),
            client_id: String::new(),
            client_secret: None,
            scopes: "openid scope_all".to_owned(),
            acr_values: "eidas1".to_owned(),
            claim: "sub".to_owned(),
            label: "Pro Santé Connect".to_owned(),
            ca: None,
            proxy: None,
            only: false,
        }
    }
}

impl OpenId {
    /// Whether there is a provider.
    pub fn is_set(&self) -> bool {
        !self.issuer.is_empty()
    }

    /// Where the provider says what it is.
    pub(crate) fn metadata_url(&self) -> String {
        format!("{}{}", self.issuer.trim_end_matches('/'), self.metadata)
    }

    pub(super) fn resolve(&mut self, directory: &Path) {
        if let Some(path) = &mut self.ca {
            *path = directory.join(&*path);
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let invalid = |key, problem: &str| Err(ConfigError::Invalid { key, problem: problem.to_owned() });
        if !self.is_set() {
            if self.only {
                return invalid("openid.only", "= true without openid.issuer would let nobody in");
            }
            if !self.client_id.is_empty() || self.client_secret.is_some() {
                return invalid("openid.issuer", "is required beside client_id and client_secret");
            }
            return Ok(());
        }
        // OpenID Connect Discovery 1.0 §2: https, no query, no fragment
        if !is_plain_https(&self.issuer) {
            return invalid(
                "openid.issuer",
                "must be https://HOST[/PATH], exactly as the provider writes it",
            );
        }
        if !self.metadata.starts_with('/') || !is_plain_https(&self.metadata_url()) {
            return invalid("openid.metadata", "must be a path below openid.issuer, which begins with /");
        }
        if self.client_id.is_empty() {
            return invalid("openid.client_id", "is required: the provider gives it when you register");
        }
        if self.client_secret.as_ref().is_none_or(|secret| secret.expose().is_empty()) {
            return invalid(
                "openid.client_secret",
                "is required: best as client_secret_file, the path of a file that holds it alone",
            );
        }
        if !self.scopes.split_whitespace().any(|scope| scope == "openid") {
            return invalid("openid.scopes", "must have \"openid\" among them");
        }
        if self.acr_values.split_whitespace().next().is_none() {
            return invalid(
                "openid.acr_values",
                "must name a level: the desk asks for no second factor after the provider",
            );
        }
        if self.claim.is_empty() {
            return invalid(
                "openid.claim",
                "must name a claim: \"sub\", or \"SubjectNameID\" of Pro Santé Connect",
            );
        }
        if self.label.trim().is_empty() || self.label.chars().count() > 40 {
            return invalid("openid.label", "must be 1 to 40 characters");
        }
        if self.proxy.as_ref().is_some_and(|proxy| !proxy.starts_with("http://")) {
            return invalid("openid.proxy", "must be http://HOST:PORT");
        }
        Ok(())
    }
}

/// An `https` URL without user, query and fragment.
pub(crate) fn is_plain_https(url: &str) -> bool {
    let host = url.strip_prefix("https://").unwrap_or_default().split('/').next().unwrap_or_default();
    !host.is_empty() && !url.contains(['?', '#', '@', ' ', '\\']) && url.chars().all(|c| c.is_ascii_graphic())
}
