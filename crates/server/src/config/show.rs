//! What is in force, `vtpa config show`: every key with its value and where it was found; secrets are not shown.

use std::fmt::{self, Write as _};
use std::path::Path;

use figment::value::Value;

use super::layers::{Layers, Origin, variable};
use super::schema::{self, Key, Kind, NAME};
use super::{ConfigError, secret, template};

/// What is shown of a secret.
const HIDDEN: &str = "\"…\"";

impl super::Config {
    /// What FILE and the environment make of every key, as TOML. Values are shown as they were written: nothing is checked but
    /// that each key exists.
    pub fn shown(file: &Path) -> Result<String, ConfigError> {
        let mut layers = Layers::read(file)?;
        if let Some(error) = layers.unknown().into_iter().next() {
            return Err(error);
        }
        layers.read_secrets()?;
        let entries = template::entries();
        let mut tables: Vec<Shown> = vec![Shown::default()];
        for key in schema::keys().iter().filter(|key| !key.is_table()) {
            let default = entries.iter().find(|entry| entry.path == key.path && !entry.example);
            for path in given(key, &layers) {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let Some((name, its_table)) = path.split_last() else { continue };
                let title = its_table.iter().map(|name| bare(name)).collect::<Vec<_>>().join(".");
                if tables.last().is_none_or(|table| table.title != title) {
                    tables.push(Shown { title, ..Shown::default() });
                }
                let Some(table) = tables.last_mut() else { continue };
                let line = match (layers.value(&path), default) {
                    (Some((value, origin)), _) => {
                        Ok(format!("{name} = {} # {}", shown(key, value), told(&path, &origin)))
                    }
                    (None, Some(entry)) if key.path != "database.url" => {
                        Ok(format!("{name} = {} # default", entry.value))
                    }
                    _ => Err(format!("# {name} is not set")),
                };
                table.holds |= line.is_ok();
                let (Ok(line) | Err(line)) = line;
                let _ = writeln!(table.lines, "{line}");
            }
        }
        Ok(tables.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }
}

/// A table of the file.
#[derive(Default)]
struct Shown {
    title: String,
    lines: String,
    /// A table that may be absent and is has no line that holds.
    holds: bool,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comment = if self.holds { "" } else { "# " };
        if !self.title.is_empty() {
            writeln!(f, "{comment}[{}]", self.title)?;
        }
        f.write_str(&self.lines)
    }
}

/// A key by the names that the operator chose.
fn given(key: &Key, layers: &Layers) -> Vec<Vec<String>> {
    let parts = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
    let Some((table, rest)) = key.path.split_once(&format!(".{NAME}.")) else {
        return vec![parts(&key.path)];
    };
    let names = layers.names(table).into_iter();
    names.map(|name| [parts(table), vec![name], parts(rest)].concat()).collect()
}

/// A table's name as TOML has it.
fn bare(name: &str) -> String {
    let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') && !name.is_empty();
    if bare { name.to_owned() } else { quoted(name) }
}

fn told(path: &[&str], origin: &Origin) -> String {
    match origin {
        Origin::File => "file".to_owned(),
        Origin::Environment => variable(&path.join(".")),
        Origin::SecretFile(file) => format!("read from {}", file.display()),
    }
}

fn shown(key: &Key, value: &Value) -> String {
    match key.kind {
        Kind::Secret => HIDDEN.to_owned(),
        Kind::SecretUrl => {
            value.as_str().map_or(HIDDEN.to_owned(), |url| quoted(&secret::without_password(url)))
        }
        _ => toml(value),
    }
}

fn toml(value: &Value) -> String {
    match value {
        Value::String(_, text) => quoted(text),
        Value::Char(_, one) => quoted(&one.to_string()),
        Value::Bool(_, truth) => truth.to_string(),
        Value::Num(_, number) => {
            let whole = number.to_i128().map(|whole| whole.to_string());
            whole
                .or_else(|| number.to_u128().map(|whole| whole.to_string()))
                .or_else(|| number.to_f64().map(|real| real.to_string()))
                .unwrap_or_default()
        }
        Value::Empty(..) => "\"\"".to_owned(),
        Value::Array(_, all) => format!("[{}]", all.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Dict(_, all) => {
            let pairs: Vec<_> =
                all.iter().map(|(name, value)| format!("{} = {}", quoted(name), toml(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

/// A TOML basic string: the escapes of JSON are among its own.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn every_key_is_shown_with_where_it_comes_from_and_no_secret_is() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("vtpa.toml");
        std::fs::write(directory.path().join("url"), "postgres://vtpa:geheim@db/vtpa\n").unwrap();
        std::fs::write(
            &file,
            "public_url = \"https://pa.\\\"exemple\\\".fr\"\n[database]\nurl_file = \"url\"\n[at_rest]\nkey_value = \"Z2VoZWlt\"\n\
             previous_values = [\"Z2VoZWlt\"]\n[trust]\nanchors = [\"ca.pem\"]\n[limits.applications.portail]\nrate = 7\n",
        )
        .unwrap();
        let shown = Config::shown(&file).unwrap();
        let lines: Vec<_> = shown.lines().collect();
        let url = format!(
            "url = \"postgres://vtpa:…@db/vtpa\" # read from {}",
            directory.path().join("url").display()
        );
        for line in [
            "public_url = \"https://pa.\\\"exemple\\\".fr\" # file",
            "sandbox = false # default",
            "[database]",
            &url,
            "# connections is not set",
            "key_value = \"…\" # file",
            "previous_values = \"…\" # file",
            "anchors = [\"ca.pem\"] # file",
            "crls = [] # default",
            "max_age_seconds = 300 # default",
            "[limits.applications.portail]",
            "rate = 7 # file",
        ] {
            assert!(lines.contains(&line), "{line} is not in\n{shown}");
        }
        assert!(!shown.contains("geheim") && !shown.contains("Z2Vo") && !shown.contains("NAME"), "{shown}");
    }

    #[test]
    fn what_is_shown_is_what_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("vtpa.toml");
        std::fs::write(
            &file,
            "[database]\nurl = \"sqlite:x.db\"\n[limits.applications.\"a.b\"]\nburst = 3\n",
        )
        .unwrap();
        let first = Config::load(&file).unwrap();
        std::fs::write(&file, Config::shown(&file).unwrap()).unwrap();
        assert_eq!(format!("{:?}", Config::load(&file).unwrap()), format!("{first:?}"));
    }
}
