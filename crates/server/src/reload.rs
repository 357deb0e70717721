//! Taking up changed keys, certificates, lists and limits while requests are answered: by a signal (`vtpa serve`), and by
//! looking at the files. What cannot be read leaves what there is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::config::{self, Config, KeyPair, Tls};
use crate::keys::{self, KeyFileError};
use crate::metrics;
use crate::state::AppState;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// What a file was when it was read: time of its last change, length. `None` for one that is not there.
pub(crate) type Stamp = Option<(SystemTime, u64)>;

/// What these files are now.
pub(crate) fn stamps<'f>(files: impl IntoIterator<Item = &'f (impl AsRef<Path> + 'f)>) -> Vec<Stamp> {
    let stamp = |file: &Path| {
        let metadata = std::fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.into_iter().map(|file| stamp(file.as_ref())).collect()
}

/// The files that are in use, and what they were when they were read.
#[derive(Debug)]
pub(crate) struct Watched(Mutex<Files>);

#[derive(Debug, Clone)]
struct Files {
    tls: Tls,
    signature: KeyPair,
    trust: config::Trust,
    read: [Vec<Stamp>; 3],
}

impl Files {
    fn stamps(&self) -> [Vec<Stamp>; 3] {
        [
            stamps([&self.tls.certificate, &self.tls.key]),
            stamps([&self.signature.certificate, &self.signature.key]),
            stamps(&self.trust.assertion_issuers),
        ]
    }
}

impl Watched {
    /// To be called before the files are read: a change meanwhile is then seen as one.
    pub(crate) fn new(config: &Config) -> Self {
        let (tls, signature, trust) = (config.tls.clone(), config.signature.clone(), config.trust.clone());
        let mut files = Files { tls, signature, trust, read: Default::default() };
        files.read = files.stamps();
        Self(Mutex::new(files))
    }
}

/// What came of a reload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// What was read anew.
    pub taken: Vec<&'static str>,
    /// What stays as it was, and why.
    pub kept: Vec<KeyFileError>,
}

/// Takes up what changed, for a server that runs.
#[derive(Clone)]
pub struct Reloader(pub(crate) Arc<AppState>);

impl Reloader {
    /// Reads again every file that `config` names, and takes its limits. One that is broken changes nothing of what it is
    /// for; the others are taken. Keys of the configuration that only count at a start are [`needs_restart`]'s to tell.
    pub fn reload(&self, config: &Config) -> Reloaded {
        let state = &self.0;
        let watched = Watched::new(config).0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut reloaded = Reloaded::default();
        let mut note = |what, outcome: Result<(), KeyFileError>| match outcome {
            Ok(()) => {
                metrics::reloaded("taken");
                reloaded.taken.push(what);
                true
            }
            Err(error) => {
                metrics::reloaded("kept");
                reloaded.kept.push(error);
                false
            }
        };
        let tls = note("TLS certificate", state.tls.reload(&config.tls));
        let signature = note("signature certificate", state.reload_signature(&config.signature));
        note("anchors and revocation lists", state.trust.reload(&config.trust));
        let issuers = note("assertion issuers", state.reload_issuers(&config.trust));
        let limits = Arc::new(config.limits.clone());
        state.live.change(|current| current.limits = limits);
        note("limits", Ok(()));

        // a file that did not serve is not looked at until the next signal; the one in use still is
        let mut files = state.watched.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [tls_read, signature_read, issuers_read] = watched.read;
        let [held_tls, held_signature, held_issuers] = &mut files.read;
        if tls {
            *held_tls = tls_read;
        }
        if signature {
            *held_signature = signature_read;
        }
        if issuers {
            *held_issuers = issuers_read;
        }
        if tls {
            files.tls = watched.tls;
        }
        if signature {
            files.signature = watched.signature;
        }
        if issuers {
            files.trust = watched.trust;
        }
        reloaded
    }
}

impl AppState {
    fn reload_signature(&self, pair: &KeyPair) -> Result<(), KeyFileError> {
        let identity = Arc::new(keys::identity(pair)?);
        let decryption = Arc::new(keys::decryption(pair)?);
        self.live.change(|current| {
            current.identity = identity;
            current.decryption = decryption;
        });
        Ok(())
    }

    fn reload_issuers(&self, trust: &config::Trust) -> Result<(), KeyFileError> {
        let issuers = keys::assertion_issuers(trust)?.into();
        self.live.change(|current| current.assertion_issuers = issuers);
        Ok(())
    }

    /// Takes up changed files. Does not end.
    pub(crate) async fn follow_files(&self) {
        let mut failing = [false; 3];
        loop {
            tokio::time::sleep(EVERY).await;
            self.look_at_files(&mut failing);
        }
    }

    /// A file that is being written does not serve; it is looked at again. Told once.
    fn look_at_files(&self, failing: &mut [bool; 3]) {
        let files = self.watched.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let present = files.stamps();
        let names = ["TLS certificate", "signature certificate", "assertion issuers"];
        for (index, (name, failing)) in names.into_iter().zip(failing).enumerate() {
            if files.read.get(index) == present.get(index) {
                continue;
            }
            let outcome = match index {
                0 => self.tls.reload(&files.tls),
                1 => self.reload_signature(&files.signature),
                _ => self.reload_issuers(&files.trust),
            };
            match outcome {
                Ok(()) => {
                    *failing = false;
                    tracing::info!("{name} read again");
                    let mut held = self.watched.0.lock().unwrap_or_else(PoisonError::into_inner);
                    if let (Some(read), Some(present)) = (held.read.get_mut(index), present.get(index)) {
                        read.clone_from(present);
                    }
                }
                Err(error) => {
                    if !*failing {
                        tracing::warn!(%error, "{name}: what was in use stays in use");
                    }
                    *failing = true;
                }
            }
        }
    }
}

/// The parts of the configuration that differ and that a reload does not take up: they count at the next start.
pub fn needs_restart(running: &Config, changed: &Config) -> Vec<String> {
    // taken up by a reload
    const LIVE: [&str; 5] = ["tls", "signature", "trust", "limits", "log"];
    let (before, after) = (sections(running), sections(changed));
    let mut differ: Vec<String> = after
        .iter()
        .filter(|(name, text)| before.get(*name) != Some(*text) && !LIVE.contains(&name.as_str()))
        .map(|(name, _)| name.clone())
        .collect();
    if running.database.url != changed.database.url && !differ.iter().any(|name| name == "database") {
        differ.push("database".to_owned());
    }
    if running.tls.client_certificates != changed.tls.client_certificates {
        differ.push("tls.client_certificates".to_owned());
    }
    differ
}

/// Each section's text, as `Debug` shows it: so that a section that comes is compared without being named here.
fn sections(config: &Config) -> BTreeMap<String, String> {
    let text = format!("{config:#?}");
    let mut sections = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        let own = line.strip_prefix("    ").filter(|rest| !rest.starts_with([' ', '}', ']', ')']));
        if let Some((name, _)) = own.and_then(|rest| rest.split_once(':')) {
            name.clone_into(&mut current);
        }
        sections.entry(current.clone()).or_insert_with(String::new).push_str(line);
    }
    sections.remove("");
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_at_a_start_alone_is_named() {
        let running = Config::default();
        let mut changed = Config::default();
        assert_eq!(needs_restart(&running, &changed), [""; 0]);
        changed.limits.connections = 7;
        changed.trust.anchors = vec!["autre.pem".into()];
        assert_eq!(needs_restart(&running, &changed), [""; 0], "taken up");
        changed.sandbox = true;
        changed.ws_security.max_age_seconds = 60;
        changed.database.url = "sqlite:other.db".to_owned();
        changed.tls.client_certificates = config::ClientCertificates::Required;
        let mut named = needs_restart(&running, &changed);
        named.sort();
        assert_eq!(named, ["database", "sandbox", "tls.client_certificates", "ws_security"]);
    }
}
