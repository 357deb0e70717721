//! What is wrong with a configuration: the file, the key, and what to write instead.

use std::path::{Path, PathBuf};

use figment::error::Kind;

/// Why a configuration was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration {}: {error}", file.display())]
    Unreadable {
        /// The file asked for.
        file: PathBuf,
        /// What the system said.
        error: std::io::ErrorKind,
    },
    /// A key that does not exist.
    #[error("{}: unknown key {key:?}{}", file.display(), nearest.as_ref().map(|n| format!(", did you mean {n:?}?")).unwrap_or_default())]
    UnknownKey {
        /// The file read.
        file: PathBuf,
        /// The key as written, dotted.
        key: String,
        /// The known key most like it.
        nearest: Option<String>,
    },
    /// An environment variable that overrides no key.
    #[error("environment: unknown variable {variable}{}", nearest.as_ref().map(|n| format!(", did you mean {n}?")).unwrap_or_default())]
    UnknownVariable {
        /// Its name.
        variable: String,
        /// The variable of the known key most like it.
        nearest: Option<String>,
    },
    /// An environment variable whose value its key does not take.
    #[error("environment: {variable}: {problem}")]
    Variable {
        /// Its name.
        variable: String,
        /// What it must be.
        problem: String,
    },
    /// A file that should hold a secret.
    #[error("{key}: cannot read {}: {error}", file.display())]
    SecretFile {
        /// The key that names it.
        key: String,
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::ErrorKind,
    },
    /// A secret, and a file for it.
    #[error("configuration: {key} and {key}_file exclude each other")]
    SecretTwice {
        /// The key.
        key: String,
    },
    /// TOML that is none, or a value of the wrong type.
    #[error("{}: {problem}", file.display())]
    Syntax {
        /// The file read.
        file: PathBuf,
        /// Where and what.
        problem: String,
    },
    /// A value that cannot be.
    #[error("configuration: {key} {problem}")]
    Invalid {
        /// The key, dotted.
        key: &'static str,
        /// What it must be.
        problem: String,
    },
}

impl ConfigError {
    /// Reads figment's error: an unknown key is answered with the nearest known one.
    pub(super) fn key(file: &Path, error: figment::Error) -> Self {
        let mut path = error.path.clone();
        match &error.kind {
            Kind::UnknownField(found, known) => {
                // figment's path already ends in the key where serde reported it from inside its table
                if path.last() == Some(found) {
                    path.pop();
                }
                let dotted =
                    |name: &str| path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".");
                let likeness = |name: &str| strsim::jaro_winkler(name, found);
                let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
                let nearest = nearest.map(|name| dotted(name));
                Self::UnknownKey { file: file.to_owned(), key: dotted(found), nearest }
            }
            Kind::Message(message) => {
                // TOML's own errors show the line, which may hold a password
                let told = message.lines().filter(|line| !line.contains(" |")).map(str::trim);
                let told = told.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(": ");
                let at = if path.is_empty() { String::new() } else { format!("{}: ", path.join(".")) };
                Self::Syntax { file: file.to_owned(), problem: format!("{at}{told}") }
            }
            kind => {
                let at = if path.is_empty() { String::new() } else { format!("{}: ", path.join(".")) };
                Self::Syntax { file: file.to_owned(), problem: format!("{at}{kind}") }
            }
        }
    }
}
