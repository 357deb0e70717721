//! What file and environment say, key by key, before it becomes a [`super::Config`]: so that each key can be told where it was
//! found, and an unknown one what was probably meant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};

use super::schema::{self, Key, Kind, NAME};
use super::{Config, ConfigError};

/// Before the name of each environment variable that overrides a key.
const PREFIX: &str = "VTPA_";

/// Where a value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The configuration file.
    File,
    /// An environment variable.
    Environment,
    /// A file that holds this value alone.
    SecretFile(PathBuf),
}

/// All that is set.
pub(super) struct Layers {
    file: PathBuf,
    file_says: Dict,
    environment_says: Dict,
    secret_files: BTreeMap<String, PathBuf>,
}

/// The environment variable that overrides a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

impl Layers {
    /// Reads FILE and the environment.
    pub(super) fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError::Unreadable { file: file.to_owned(), error: error.kind() })?;
        let environment = said(file, &Env::prefixed(PREFIX).split("__"))?;
        Self::of(file, &text, environment)
    }

    pub(super) fn of(file: &Path, text: &str, environment_says: Dict) -> Result<Self, ConfigError> {
        let file_says = said(file, &Toml::string(text))?;
        let secret_files = BTreeMap::new();
        Ok(Self { file: file.to_owned(), file_says, environment_says, secret_files })
    }

    /// Every key that does not exist, with the known one most like it.
    pub(super) fn unknown(&self) -> Vec<ConfigError> {
        let in_file = unknown(&self.file_says).into_iter().map(|(key, known)| ConfigError::UnknownKey {
            file: self.file.clone(),
            key,
            nearest: nearest(&known),
        });
        let in_environment = unknown(&self.environment_says).into_iter().map(|(key, known)| {
            let nearest = nearest(&known).map(|key| variable(&key));
            ConfigError::UnknownVariable { variable: variable(&key), nearest }
        });
        in_file.chain(in_environment).collect()
    }

    /// Reads the secrets that `…_file` names; paths count from the configuration file's directory.
    pub(super) fn read_secrets(&mut self) -> Result<(), ConfigError> {
        let directory = self.file.parent().unwrap_or(Path::new(".")).to_owned();
        for key in schema::keys().iter().filter(|key| key.may_be_in_a_file()) {
            let named = format!("{}_file", key.path);
            // the environment counts more, also where it names a file and the configuration holds the value
            for layer in [&mut self.file_says, &mut self.environment_says] {
                let Some(path) = take(layer, &named) else {
                    if find_key(layer, &key.path).is_some() {
                        self.secret_files.remove(&key.path);
                    }
                    continue;
                };
                let Some(path) = path.as_str() else {
                    let problem = format!("{named}: must be the path of a file");
                    return Err(ConfigError::Syntax { file: self.file.clone(), problem });
                };
                if find_key(layer, &key.path).is_some() {
                    return Err(ConfigError::SecretTwice { key: key.path.clone() });
                }
                let path = directory.join(path);
                let secret = std::fs::read_to_string(&path).map_err(|error| ConfigError::SecretFile {
                    key: named.clone(),
                    file: path.clone(),
                    error: error.kind(),
                })?;
                // an editor's last newline is not part of it
                put(layer, &key.path, Value::from(secret.trim_end_matches(['\r', '\n'])));
                self.secret_files.insert(key.path.clone(), path);
            }
        }
        Ok(())
    }

    /// As the types read it; keys are checked, values are not.
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        let figment = Figment::new()
            .merge(Serialized::defaults(&self.file_says))
            .merge(Serialized::defaults(&self.environment_says));
        figment.extract().map_err(|error| {
            let path = error.path.join(".");
            let secret = schema::keys().iter().any(|key| key.is_secret() && path.starts_with(&key.path));
            match ConfigError::key(&self.file, error) {
                // what was found instead is told, but not of a secret
                ConfigError::Syntax { file, .. } if secret => {
                    ConfigError::Syntax { file, problem: format!("{path}: is not what is expected here") }
                }
                ConfigError::Syntax { problem, .. } if find_key(&self.environment_says, &path).is_some() => {
                    ConfigError::Variable { variable: variable(&path), problem }
                }
                other => other,
            }
        })
    }

    /// The value of a key, and where it was found.
    pub(super) fn value(&self, path: &[&str]) -> Option<(&Value, Origin)> {
        let (value, origin) = find(&self.environment_says, path)
            .map(|value| (value, Origin::Environment))
            .or_else(|| find(&self.file_says, path).map(|value| (value, Origin::File)))?;
        Some((
            value,
            self.secret_files.get(&path.join(".")).map_or(origin, |file| Origin::SecretFile(file.clone())),
        ))
    }

    /// The names that stand in a table for the operator to choose, as `limits.applications` is.
    pub(super) fn names(&self, table: &str) -> Vec<String> {
        let of = |layer| Some(table_in(find_key(layer, table)?)?.keys().cloned());
        let mut names: Vec<_> =
            [&self.file_says, &self.environment_says].into_iter().filter_map(of).flatten().collect();
        names.sort();
        names.dedup();
        names
    }
}

fn said(file: &Path, source: &impl Provider) -> Result<Dict, ConfigError> {
    let mut data = source.data().map_err(|error| ConfigError::key(file, error))?;
    Ok(data.remove(&Profile::Default).unwrap_or_default())
}

/// Keys that do not exist, as they are written and with [`NAME`] for what an operator chose.
fn unknown(layer: &Dict) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // as it is written, and as the types know it
    let mut tables = vec![(String::new(), String::new(), layer)];
    while let Some((written, known, table)) = tables.pop() {
        let chosen = schema::key(&known).is_some_and(|key| key.kind == Kind::Names);
        let below =
            |at: &str, name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        for (name, value) in table {
            let (written, known) = (below(&written, name), below(&known, if chosen { NAME } else { name }));
            match (schema::key(&known), table_in(value)) {
                (Some(key), Some(table)) if key.is_table() => tables.push((written, known, table)),
                (Some(_), _) => {}
                (None, _) if is_secret_file(&known) => {}
                (None, _) => found.push((written, known)),
            }
        }
    }
    found
}

fn is_secret_file(path: &str) -> bool {
    path.strip_suffix("_file").and_then(schema::key).is_some_and(Key::may_be_in_a_file)
}

/// The known key most like an unknown one: by its name in its own table, or, where it stands in another, by its name alone.
fn nearest(unknown: &str) -> Option<String> {
    let (table, name) = unknown.rsplit_once('.').unwrap_or(("", unknown));
    let likeness = |key: &&Key| {
        let (its_table, its_name) = key.path.rsplit_once('.').unwrap_or(("", &key.path));
        let names = strsim::jaro_winkler(its_name, name);
        names + 0.3 * strsim::jaro_winkler(its_table, table)
    };
    let most = schema::keys().iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    Some(most.path.clone())
}

fn table_in(value: &Value) -> Option<&Dict> {
    if let Value::Dict(_, table) = value { Some(table) } else { None }
}

fn find<'v>(layer: &'v Dict, path: &[&str]) -> Option<&'v Value> {
    let (last, tables) = path.split_last()?;
    let table = tables.iter().try_fold(layer, |table, name| table_in(table.get(*name)?))?;
    table.get(*last)
}

/// A dotted path without names that an operator chose.
fn find_key<'v>(layer: &'v Dict, path: &str) -> Option<&'v Value> {
    find(layer, &path.split('.').collect::<Vec<_>>())
}

fn table_of<'v>(layer: &'v mut Dict, path: &str) -> Option<(&'v mut Dict, String)> {
    let (mut table, mut rest) = (layer, path);
    while let Some((name, more)) = rest.split_once('.') {
        let Value::Dict(_, inner) = table.get_mut(name)? else { return None };
        table = inner;
        rest = more;
    }
    Some((table, rest.to_owned()))
}

fn take(layer: &mut Dict, path: &str) -> Option<Value> {
    let (table, name) = table_of(layer, path)?;
    table.remove(&name)
}

/// Into a table that is there.
fn put(layer: &mut Dict, path: &str, value: Value) {
    if let Some((table, name)) = table_of(layer, path) {
        table.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(text: &str, environment: &[(&str, &str)]) -> Layers {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), *value));
        let mut says = Dict::new();
        for (name, value) in environment {
            says = merged(says, figment::util::nest(&name, value.parse().unwrap()));
        }
        Layers::of(Path::new("/etc/vtpa/vtpa.toml"), text, says).unwrap()
    }

    fn merged(into: Dict, value: Value) -> Dict {
        let merged = Figment::new()
            .merge(Serialized::defaults(into))
            .merge(Serialized::defaults(value.into_dict().unwrap()));
        merged.extract().unwrap()
    }

    #[test]
    fn an_unknown_key_is_told_the_one_that_was_probably_meant() {
        for (text, environment, told) in [
            ("sandox = true", None, "unknown key \"sandox\", did you mean \"sandbox\"?"),
            ("[limit]\nbody_bytes = 1", None, "unknown key \"limit\", did you mean \"limits\"?"),
            (
                "[limits]\nmax_age_seconds = 1",
                None,
                "unknown key \"limits.max_age_seconds\", did you mean \"ws_security.max_age_seconds\"?",
            ),
            (
                "[limits.applications.\"portail.fr\"]\nburts = 1",
                None,
                "unknown key \"limits.applications.portail.fr.burts\", did you mean \"limits.applications.NAME.burst\"?",
            ),
            ("[tls]\nkey_file = \"x\"", None, "unknown key \"tls.key_file\", did you mean \"tls.key\"?"),
            (
                "",
                Some("limits.body_byte"),
                "environment: unknown variable VTPA_LIMITS__BODY_BYTE, did you mean VTPA_LIMITS__BODY_BYTES?",
            ),
        ] {
            let environment: Vec<_> = environment.map(|name| (name, "1")).into_iter().collect();
            let unknown = layers(text, &environment).unknown();
            assert_eq!(unknown.len(), 1, "{unknown:?}");
            assert!(unknown[0].to_string().contains(told), "{} is not: {told}", unknown[0]);
        }
        let good = "[database]\nurl_file = \"x\"\n[at_rest]\nkey_value_file = \"y\"\n[limits.applications.\"a.b\"]\nrate = 1";
        assert_eq!(layers(good, &[("limits.rate", "1")]).unknown().len(), 1);
    }

    #[test]
    fn a_secret_may_stand_in_a_file_of_its_own_and_the_environment_counts_more() {
        let directory = tempfile::tempdir().unwrap();
        for (name, url) in [("one", "postgres://one/a\n"), ("two", "postgres://two/b\r\n")] {
            std::fs::write(directory.path().join(name), url).unwrap();
        }
        let at = |name: &str| Origin::SecretFile(directory.path().join(name));
        let rows = [
            ("url_file = \"one\"", None, "postgres://one/a", at("one")),
            ("url_file = \"one\"", Some(("database.url_file", "two")), "postgres://two/b", at("two")),
            ("url = \"sqlite:x\"", Some(("database.url_file", "two")), "postgres://two/b", at("two")),
            ("url_file = \"one\"", Some(("database.url", "sqlite:y")), "sqlite:y", Origin::Environment),
            ("url = \"sqlite:x\"", None, "sqlite:x", Origin::File),
        ];
        for (text, environment, url, origin) in rows {
            let environment: Vec<_> = environment.into_iter().collect();
            let mut layers = layers(&format!("[database]\n{text}"), &environment);
            layers.file = directory.path().join("vtpa.toml");
            layers.read_secrets().unwrap();
            assert_eq!(layers.config().unwrap().database.url, url, "{text} {environment:?}");
            let (value, found) = layers.value(&["database", "url"]).unwrap();
            assert_eq!((value.as_str(), found), (Some(url), origin), "{text} {environment:?}");
        }

        for (text, told) in [
            ("url_file = \"three\"", "database.url_file: cannot read"),
            (
                "url_file = \"one\"\nurl = \"sqlite:x\"",
                "database.url and database.url_file exclude each other",
            ),
            ("url_file = 3", "database.url_file: must be the path of a file"),
        ] {
            let mut layers = layers(&format!("[database]\n{text}"), &[]);
            layers.file = directory.path().join("vtpa.toml");
            let error = layers.read_secrets().unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
