//! The configuration file: TOML, every key with a default but `database.url`, checked when it is read.
//!
//! `vtpa.toml` keys may be overridden by the environment: `VTPA_DATABASE__URL` is `database.url`. Relative
//! paths count from the file's own directory. A secret may stand in a file of its own: `url_file`.
//!
//! A section that comes needs its lines in `template.toml` and nothing else: `schema` learns its keys from its type.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::chaos::Misbehaviour;

use layers::Layers;

mod at_rest;
mod audit;
mod backup;
mod creation;
mod donnees;
mod error;
mod layers;
mod limits;
mod log;
mod mentions;
mod openid;
mod retention;
mod schema;
mod secret;
mod show;
mod telemetry;
mod template;

pub use at_rest::AtRest;
pub use audit::Audit;
pub use backup::Backup;
pub use creation::{Creation, Etablissements};
pub use donnees::{Donnees, Nir};
pub use error::ConfigError;
pub(crate) use limits::seconds;
pub use limits::{Limits, OwnQuota, Quota};
pub use log::{Log, LogFormat};
pub use mentions::{Audit as AuditRgaa, Conformite, Mentions};
pub use openid::OpenId;
pub(crate) use openid::is_plain_https;
pub use retention::{Retention, StateRetention};
pub use secret::SecretValue;
pub use telemetry::Telemetry;
pub use template::template;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address that partners and families know, without a path: `https://host[:port]`.
    pub public_url: String,
    /// A test environment: faults tell their cause.
    pub sandbox: bool,
    /// Where the server listens.
    pub listen: Listen,
    /// Where the data are.
    pub database: Database,
    /// The keys that encrypt what is personal there.
    pub at_rest: AtRest,
    /// What is kept of a person.
    pub donnees: Donnees,
    /// How long dossiers are kept.
    pub retention: Retention,
    /// The key of backups.
    pub backup: Backup,
    /// The certificate of the HTTPS listener.
    pub tls: Tls,
    /// The certificate that signs answers.
    pub signature: KeyPair,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Freshness of messages.
    pub ws_security: WsSecurity,
    /// Operations.
    pub operations: Operations,
    /// What a creation does beyond the specification.
    pub creation: Creation,
    /// What `vtpa finess import` keeps.
    pub finess: Finess,
    /// Misbehaviour on purpose, in a sandbox alone.
    pub chaos: Chaos,
    /// Limits, each explicit.
    pub limits: Limits,
    /// The audit trail.
    pub audit: Audit,
    /// What is logged.
    pub log: Log,
    /// What is told to a collector.
    pub telemetry: Telemetry,
    /// Who runs the service, for the pages that must say so.
    pub mentions: Mentions,
    /// By whom the establishments' people may enter besides.
    pub openid: OpenId,
}

/// `[listen]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// The HTTPS listener.
    pub https: SocketAddr,
    /// Plain HTTP behind a TLS proxy: a loopback address, or absent (decisions §8).
    pub http: Option<SocketAddr>,
    /// Prometheus metrics at `/metrics`, plain HTTP: a loopback address, or absent.
    pub metrics: Option<SocketAddr>,
}

/// `[database]`
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH`, the path counted from the file's directory, or `postgres://…`.
    #[serde(deserialize_with = "secret::url")]
    pub url: String,
    /// Whether PostgreSQL is reached directly or by pgbouncer in transaction mode.
    pub pool: Pool,
    /// Connections to PostgreSQL at most; absent: twice as many as cores.
    pub connections: Option<u32>,
}

/// `pool = "direct"` or `"pgbouncer"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// PostgreSQL itself.
    #[default]
    Direct,
    /// A pooler that gives each transaction another connection: nothing outlives its transaction.
    Pgbouncer,
}

/// The URL may hold a password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("Database").field("scheme", &scheme).field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl Database {
    /// How PostgreSQL is reached.
    pub fn options(&self) -> storage::Options {
        let options = storage::Options::default();
        storage::Options {
            connections: self.connections.unwrap_or(options.connections),
            pgbouncer: self.pool == Pool::Pgbouncer,
        }
    }
}

/// A certificate (PEM, the chain after it) and its private key (PEM, PKCS#8).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyPair {
    /// PEM file of the certificate.
    pub certificate: PathBuf,
    /// PEM file of the key.
    pub key: PathBuf,
}

/// `[tls]`: the HTTPS listener.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// PEM file of the certificate, its chain after it.
    pub certificate: PathBuf,
    /// PEM file of the key, PKCS#8.
    pub key: PathBuf,
    /// Whether callers are asked for a certificate at the TLS level too.
    pub client_certificates: ClientCertificates,
}

/// Certificates of callers at the TLS level (decisions §8: optional, configured). One that is given must be trusted, and of
/// the application that signs the message: a proxy or another partner cannot lend its connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// None is asked for.
    #[default]
    Off,
    /// Asked for; a caller without one is served. Browsers that hold a certificate may ask their user about it.
    Optional,
    /// The SOAP services refuse a caller without one; pages do not.
    Required,
}

/// `[trust]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    /// PEM files of the authorities whose certificates partners may carry.
    pub anchors: Vec<PathBuf>,
    /// Revocation lists, PEM or DER.
    pub crls: Vec<PathBuf>,
    /// What becomes of certificates of which no list of `crls` speaks, or one that should have been renewed.
    pub unknown_revocation: UnknownRevocation,
    /// PEM files of trusted issuers of SAML assertions.
    pub assertion_issuers: Vec<PathBuf>,
}

/// What becomes of a certificate whose revocation nobody can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownRevocation {
    /// It passes: a list that comes late stops nobody.
    #[default]
    Accept,
    /// It is refused: every authority needs a list, and every list its renewal in time.
    Refuse,
}

/// `[ws_security]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WsSecurity {
    /// AudienceRestriction that assertions must name; empty: `public_url`.
    pub audience: String,
    /// How far back a Timestamp's Created may lie, in seconds.
    pub max_age_seconds: u32,
    /// How far ahead it may lie, in seconds.
    pub clock_skew_seconds: u32,
    /// The HTTP status of a fault that is the sender's.
    pub fault_status: FaultStatus,
}

/// The HTTP status of a fault that is the sender's; any other fault is a 500 (SOAP 1.2 part 2, table 20).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub enum FaultStatus {
    /// 500, as of every fault: WCF reads the envelope of no other status.
    #[default]
    InternalServerError,
    /// 400, as the SOAP 1.2 HTTP binding has it.
    BadRequest,
}

impl TryFrom<u16> for FaultStatus {
    type Error = &'static str;

    fn try_from(status: u16) -> Result<Self, Self::Error> {
        match status {
            500 => Ok(Self::InternalServerError),
            400 => Ok(Self::BadRequest),
            _ => Err("must be 500 or 400"),
        }
    }
}

/// `[operations]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Operations {
    /// Operations that answer 020.
    pub disabled: Vec<String>,
}

/// `[finess]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Finess {
    /// Categories of establishments to keep, three digits each; empty: those that take elderly people.
    pub categories: Vec<String>,
}

/// `[chaos]`: what a partner's program must survive, made to happen (`vtpa demo --chaos`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chaos {
    /// `slow`, `unforeseen` (000), `refused` (as a replay), `expired` (tokens); empty: the server behaves.
    pub kinds: Vec<Misbehaviour>,
    /// How often each comes, in per cent.
    pub percent: u8,
    /// The longest that an answer is kept back.
    pub slow_seconds: u32,
}

/// What a command line says: each wins over file and environment. Paths count from the working directory.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--listen`
    pub https: Option<SocketAddr>,
    /// `--metrics`
    pub metrics: Option<SocketAddr>,
    /// `--database`
    pub database: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: "https://localhost:8443".to_owned(),
            sandbox: false,
            listen: Listen::default(),
            database: Database::default(),
            at_rest: AtRest::default(),
            donnees: Donnees::default(),
            retention: Retention::default(),
            backup: Backup::default(),
            tls: Tls::default(),
            signature: KeyPair::default(),
            trust: Trust::default(),
            ws_security: WsSecurity::default(),
            operations: Operations::default(),
            creation: Creation::default(),
            finess: Finess::default(),
            chaos: Chaos::default(),
            limits: Limits::default(),
            audit: Audit::default(),
            log: Log::default(),
            telemetry: Telemetry::default(),
            mentions: Mentions::default(),
            openid: OpenId::default(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self { https: SocketAddr::from(([127, 0, 0, 1], 8443)), http: None, metrics: None }
    }
}

impl Default for KeyPair {
    fn default() -> Self {
        Self { certificate: PathBuf::from("server.pem"), key: PathBuf::from("server.key") }
    }
}

impl Default for Tls {
    fn default() -> Self {
        let KeyPair { certificate, key } = KeyPair::default();
        Self { certificate, key, client_certificates: ClientCertificates::Off }
    }
}

impl Default for WsSecurity {
    fn default() -> Self {
        Self {
            audience: String::new(),
            max_age_seconds: 300,
            clock_skew_seconds: 60,
            fault_status: FaultStatus::default(),
        }
    }
}

impl Default for Chaos {
    fn default() -> Self {
        Self { kinds: Vec::new(), percent: 10, slow_seconds: 8 }
    }
}

impl Config {
    /// Reads FILE and the environment's overrides, makes paths absolute, checks what can be checked without
    /// opening anything.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        Self::load_with(file, &Overrides::default())
    }

    /// The same, with what a command line says on top.
    pub fn load_with(file: &Path, overrides: &Overrides) -> Result<Self, ConfigError> {
        let mut layers = Layers::read(file)?;
        if let Some(error) = layers.unknown().into_iter().next() {
            return Err(error);
        }
        layers.read_secrets()?;
        let mut config = layers.config()?;
        let directory = file.parent().unwrap_or(Path::new("."));
        config.resolve(directory);
        config.at_rest.resolve(file, directory);
        config.backup.resolve(directory);
        config.openid.resolve(directory);
        if let Some(url) = &overrides.database {
            config.database.url.clone_from(url);
        }
        config.listen.https = overrides.https.unwrap_or(config.listen.https);
        config.listen.metrics = overrides.metrics.or(config.listen.metrics);
        config.validate()?;
        Ok(config)
    }

    /// What keeps FILE from being loaded, all of it as far as it can be told.
    pub fn problems(file: &Path) -> Vec<ConfigError> {
        let unknown = Layers::read(file).map_or_else(|_| Vec::new(), |layers| layers.unknown());
        if unknown.is_empty() { Self::load(file).err().into_iter().collect() } else { unknown }
    }

    /// The audience that assertions must name.
    pub fn audience(&self) -> &str {
        if self.ws_security.audience.is_empty() { &self.public_url } else { &self.ws_security.audience }
    }

    fn resolve(&mut self, directory: &Path) {
        let paths = [
            &mut self.tls.certificate,
            &mut self.tls.key,
            &mut self.signature.certificate,
            &mut self.signature.key,
        ];
        let lists = [
            &mut self.trust.anchors,
            &mut self.trust.crls,
            &mut self.trust.assertion_issuers,
            &mut self.audit.former_certificates,
        ];
        for path in paths.into_iter().chain(lists.into_iter().flatten()) {
            *path = directory.join(&*path);
        }
        if let Some(path) = self.database.url.strip_prefix("sqlite:") {
            self.database.url = format!("sqlite:{}", directory.join(path.trim_start_matches("//")).display());
        }
        self.public_url.truncate(self.public_url.trim_end_matches('/').len());
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let invalid =
            |key: &'static str, problem: &str| Err(ConfigError::Invalid { key, problem: problem.to_owned() });
        if self.database.url.is_empty() {
            return invalid("database.url", "is required: for example \"sqlite:vtpa.db\"");
        }
        if !["sqlite:", "postgres://", "postgresql://"].iter().any(|one| self.database.url.starts_with(one)) {
            return invalid("database.url", "must be sqlite:PATH or postgres://…");
        }
        if self.database.connections == Some(0) {
            return invalid("database.connections", "must be at least 1");
        }
        if !self.public_url.starts_with("https://") {
            return invalid("public_url", "must begin with https:// (decisions §8: HTTPS is obligatory)");
        }
        let plain = [("listen.http", self.listen.http), ("listen.metrics", self.listen.metrics)];
        for (key, address) in plain {
            if address.is_some_and(|address| !address.ip().is_loopback()) {
                return invalid(
                    key,
                    "must be a loopback address: plain HTTP leaves this machine only through a TLS proxy",
                );
            }
        }
        if let Some(name) =
            self.operations.disabled.iter().find(|name| dossier::Operation::from_name(name).is_none())
        {
            let problem = format!(
                "knows no operation {name:?}: CreerDossierPA, ConsulterDossierPA, GenererJetonSecuritePA"
            );
            return invalid("operations.disabled", &problem);
        }
        if dossier::finess::Categories::new(self.finess.categories.iter().map(String::as_str)).is_none() {
            return invalid("finess.categories", "must be categories of three digits: [\"500\", \"501\"]");
        }
        if !self.chaos.kinds.is_empty() && !self.sandbox {
            return invalid("chaos.kinds", "is for a sandbox alone: set sandbox = true, or leave it out");
        }
        if self.trust.unknown_revocation == UnknownRevocation::Refuse && self.trust.crls.is_empty() {
            let problem = "\"refuse\" without a list in trust.crls would refuse every partner";
            return invalid("trust.unknown_revocation", problem);
        }
        if self.chaos.percent > 100 {
            return invalid("chaos.percent", "must be from 0 to 100");
        }
        if self.ws_security.max_age_seconds == 0 {
            return invalid("ws_security.max_age_seconds", "must be at least 1");
        }
        self.at_rest.validate(self)?;
        self.retention.validate()?;
        if let Some((key, problem)) = self.limits.problem() {
            return invalid(key, problem);
        }
        if self.audit.keep_requests && self.donnees.nir == Nir::Verify {
            let problem = "would keep NumSecu with the request, which donnees.nir = \"verify\" drops";
            return invalid("audit.keep_requests", problem);
        }
        self.telemetry.validate()?;
        self.mentions.validate()?;
        self.openid.validate()?;
        self.audit.validate()
    }
}

#[cfg(test)]
mod tests;
