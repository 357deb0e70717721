//! The demonstration's configuration file, complete and commented so that it teaches, and a dossier to send.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::pki::write_new;

/// Writes `dossier.json` into `directory` unless it is there: what the line to copy after `ready` sends.
pub(crate) fn sample(directory: &Path) -> Result<()> {
    let path = directory.join("dossier.json");
    if path.exists() {
        return Ok(());
    }
    write_new(&path, include_bytes!("dossier.json"), 0o644)
}

/// Writes `vtpa.cle`, the key of data at rest, into `directory` unless it is there.
pub(crate) fn key(directory: &Path, rng: &mut impl rand::CryptoRng) -> Result<()> {
    let path = directory.join("vtpa.cle");
    if path.exists() {
        return Ok(());
    }
    let (_, text) = server::at_rest::draw(rng).context("no key came of the random numbers")?;
    write_new(&path, text.as_bytes(), 0o600)
}

/// Writes `vtpa.toml` into `directory` unless it is there.
pub(crate) fn configuration(directory: &Path, listen: SocketAddr) -> Result<()> {
    let path = directory.join("vtpa.toml");
    if path.exists() {
        return Ok(());
    }
    write_new(&path, text(listen).as_bytes(), 0o644)
}

fn text(listen: SocketAddr) -> String {
    let port = listen.port();
    format!(
        r#"# Configuration of the demonstration. `vtpa serve --config vtpa.toml` runs the same server alone.
# Relative paths count from this file's directory. Every key can be overridden by the environment:
# VTPA_DATABASE__URL=sqlite:/var/lib/vtpa/vtpa.db is [database] url.

# The address that partners and families use: it stands in the WSDL and in redirections.
public_url = "https://localhost:{port}"

# In a sandbox a SOAP fault says the cause and the remedy. In production leave it out: a partner then learns
# only that its message was refused, and the log holds the cause under the id that the fault gives.
sandbox = true

[listen]
# HTTPS only. 0.0.0.0:443 would answer on every address of the machine. `--listen` overrides it.
https = "{listen}"

[database]
# SQLite, one file beside this one, for one server. Or postgres://user:password@host/database, for any number; then
# pool = "pgbouncer" where that stands between (transaction mode), and connections = 8 to bound them. `--database` overrides it.
url = "sqlite:vtpa.db"

[at_rest]
# The key that encrypts what is personal in the database (`vtpa key new FILE`). Keep a copy apart from the database:
# without it nobody reads the data. previous = ["old.cle"] names keys that still read, until `vtpa key rotate` is done.
# VTPA_AT_REST__KEY_VALUE gives the key itself in place of its file.
key = "vtpa.cle"

[donnees]
# What becomes of NumSecu: "keep", or "verify": checked (203) and dropped.
nir = "keep"

[tls]
# The certificate of the HTTPS listener, its chain after it, and its key.
certificate = "server.pem"
key = "server.key"

[signature]
# The certificate whose key signs every answer. Partners need it (or its authority) to verify them.
certificate = "server.pem"
key = "server.key"

[trust]
# The authorities whose certificates partners may carry. Being trusted is not being registered: an application
# is known once `vtpa partner add` has recorded its certificate; until then it gets code 100.
anchors = ["ca.pem"]
# Revocation lists, PEM or DER.
crls = []
# Issuers of SAML assertions other than the applications themselves.
assertion_issuers = []

[ws_security]
# What an assertion's AudienceRestriction must name.
audience = "https://localhost:{port}"
# A message's Timestamp may be this old, and lie this far ahead of our clock.
max_age_seconds = 300
clock_skew_seconds = 60
# The HTTP status of faults: 500, which every stack reads, or 400 for the sender's as SOAP 1.2 has it (.NET loses those).
fault_status = 500

[operations]
# Operations that answer code 020, for example ["GenererJetonSecuritePA"].
disabled = []

[creation]
# Etablissements of CreerDossierPA: "ignore" as the specification says, or "record" to make demandes of them.
etablissements = "ignore"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_a_configuration_that_the_server_takes() {
        let directory = tempfile::tempdir().unwrap();
        configuration(directory.path(), "127.0.0.1:9443".parse().unwrap()).unwrap();
        let config = server::config::Config::load(&directory.path().join("vtpa.toml")).unwrap();
        assert_eq!(config.public_url, "https://localhost:9443");
        assert_eq!(config.listen.https.port(), 9443);
        assert!(config.sandbox);
        assert_eq!(config.trust.anchors, [directory.path().join("ca.pem")]);
    }
}
