//! `vtpa config check`: what a start would meet, without starting: every file that the configuration names is read.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use crate::config::Config;
use crate::keys::{self, KeyFileError};
use crate::openid::Fournisseur;
use crate::{at_rest, tls};

/// How long before its end a certificate is spoken of.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The server would not start with it.
    Error(String),
    /// It would start, and this should be mended or known.
    Warning(String),
}

/// Reads every file that `config` names. The database is not touched.
pub fn check(config: &Config, now: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tried = |outcome: Result<(), String>| match outcome {
        Ok(()) => {}
        Err(problem) => found.push(Finding::Error(problem)),
    };
    let told = |error: KeyFileError| error.to_string();
    tried(tls::TlsKeys::load(&config.tls).map(drop).map_err(|error| format!("tls: {error}")));
    tried(
        keys::identity(&config.signature)
            .and_then(|_| keys::decryption(&config.signature))
            .map(drop)
            .map_err(told),
    );
    tried(keys::anchors(&config.trust).map(drop).map_err(told));
    tried(keys::assertion_issuers(&config.trust).map(drop).map_err(told));
    tried(keys::audit_signers(config).map(drop).map_err(told));
    tried(
        Fournisseur::new(&config.openid, &config.public_url, &crate::clock::Clock::system())
            .map(drop)
            .map_err(told),
    );
    tried(at_rest::ring(&config.at_rest).map(drop).map_err(told));

    for (what, file) in certificates(config) {
        let Ok(all) = keys::certificates(file) else { continue };
        for certificate in all {
            let (name, end) = (file.display(), certificate.not_after());
            if end <= now {
                found.push(Finding::Warning(format!("{name}: {what} ended on {}", day(end))));
            } else if end - SOON <= now {
                found.push(Finding::Warning(format!("{name}: {what} ends on {}", day(end))));
            }
        }
    }
    for file in &config.trust.crls {
        for (_, next) in keys::list_dates(file).unwrap_or_default() {
            if let Some(next) = next.filter(|next| *next <= now) {
                let text = format!(
                    "{}: this revocation list should have been renewed on {}",
                    file.display(),
                    day(next)
                );
                found.push(Finding::Warning(text));
            }
        }
    }
    let mut keys = [&config.tls.key, &config.signature.key].to_vec();
    keys.extend(&config.at_rest.key);
    keys.extend(&config.at_rest.previous);
    keys.extend(&config.backup.key);
    keys.sort();
    keys.dedup();
    found.extend(keys.into_iter().filter_map(|file| readable_by_others(file)));
    if let Some(file) = config.backup.key.as_ref().filter(|file| !file.exists()) {
        found.push(Finding::Warning(format!("{}: the key of backups is not there", file.display())));
    }
    if config.trust.anchors.is_empty() {
        found.push(Finding::Warning("trust.anchors is empty: no partner is believed".to_owned()));
    }
    if config.trust.crls.is_empty() && !config.sandbox {
        found.push(Finding::Warning(
            "trust.crls is empty: a revoked certificate is still believed".to_owned(),
        ));
    }
    if config.sandbox {
        let text =
            "sandbox = true: faults tell their cause and messages are kept; never for real persons' data";
        found.push(Finding::Warning(text.to_owned()));
    }
    found
}

fn certificates(config: &Config) -> Vec<(&'static str, &PathBuf)> {
    let mut files = vec![
        ("the TLS certificate", &config.tls.certificate),
        ("the signature's certificate", &config.signature.certificate),
    ];
    files.extend(config.trust.anchors.iter().map(|file| ("an authority's certificate", file)));
    files.extend(config.openid.ca.iter().map(|file| ("an authority's certificate", file)));
    files.extend(
        config.trust.assertion_issuers.iter().map(|file| ("an assertion issuer's certificate", file)),
    );
    files
}

fn day(of: Timestamp) -> String {
    of.strftime("%Y-%m-%d").to_string()
}

#[cfg(unix)]
fn readable_by_others(file: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    let text = format!("{}: this key is readable by others (mode {mode:o}): chmod 600", file.display());
    (mode & 0o007 != 0).then_some(Finding::Warning(text))
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<Finding> {
    None
}
