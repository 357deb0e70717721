//! The template, `vtpa config template`: every key, documented, with the default that holds. Its tests hold it against the
//! types, so [`super::show`] can take the defaults from it.

/// The file with every key, to begin from.
pub fn template() -> &'static str {
    include_str!("template.toml")
}

/// A key as the template shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Dotted.
    pub(super) path: String,
    /// Its value, as TOML.
    pub(super) value: &'static str,
    /// Nothing holds where the key is left out; the value shows what may be written.
    pub(super) example: bool,
}

/// Every key of the template, in its order.
pub(super) fn entries() -> Vec<Entry> {
    let mut table = "";
    let mut entries = Vec::new();
    for line in template().lines() {
        // prose has a space behind its #
        let line = if line.starts_with("# ") { continue } else { line.trim_start_matches('#') };
        if let Some((name, _)) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
            table = name;
        } else if let Some((name, value)) = line.split_once(" = ") {
            let path = if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") };
            let (value, example) =
                value.strip_suffix(" # example").map_or((value, false), |value| (value, true));
            entries.push(Entry { path, value, example });
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::layers::Layers;
    use super::super::schema::{self, Key, NAME};
    use super::*;
    use crate::config::Config;

    fn load(text: &str) -> Config {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("vtpa.toml");
        std::fs::write(&file, text).unwrap();
        let layers = Layers::read(&file).unwrap();
        assert_eq!(layers.unknown(), []);
        layers.config().unwrap()
    }

    #[test]
    fn the_template_documents_every_key_and_no_other() {
        let shown: BTreeSet<String> = entries().into_iter().map(|entry| entry.path).collect();
        assert_eq!(shown.len(), entries().len(), "each once");
        let values = schema::keys().iter().filter(|key| !key.is_table());
        let known: BTreeSet<String> = values.map(|key| key.path.clone()).collect();
        let missing: Vec<_> = known.difference(&shown).collect();
        assert!(missing.is_empty(), "add to crates/server/src/config/template.toml: {missing:?}");
        let unknown: Vec<_> = shown.difference(&known).collect();
        assert!(unknown.is_empty(), "the template shows what is no key: {unknown:?}");

        // and says something of it: above each key stands prose
        let lines: Vec<_> = template().lines().collect();
        for (above, line) in lines.iter().zip(lines.iter().skip(1)) {
            let is_key = line.contains(" = ") && !line.starts_with("# ");
            assert!(!is_key || above.starts_with("# "), "nothing is said of {line}");
            assert!(line.chars().count() <= 130, "too long: {line}");
        }
    }

    #[test]
    fn the_defaults_in_the_template_are_those_that_hold() {
        let holding: String = template()
            .lines()
            .filter(|line| !line.ends_with("# example") && !line.contains(NAME))
            .map(|line| {
                let is_key = !line.starts_with("# ") && line.contains(" = ");
                if is_key { format!("{}\n", line.trim_start_matches('#')) } else { format!("{line}\n") }
            })
            .collect();
        let url = "sqlite:vtpa.db".to_owned();
        let expected =
            Config { database: super::super::Database { url, ..Default::default() }, ..Config::default() };
        let expected = format!("{expected:#?}");
        for (how, read) in
            [("with each default written down", load(&holding)), ("as it is", load(template()))]
        {
            let read = format!("{read:#?}");
            let differ: Vec<_> =
                read.lines().zip(expected.lines()).filter(|(read, real)| read != real).collect();
            assert!(differ.is_empty(), "{how}, template.toml and what holds differ: {differ:#?}");
            assert_eq!(read.lines().count(), expected.lines().count(), "{how}");
        }
    }

    #[test]
    fn every_example_is_a_value_that_the_key_takes() {
        for entry in entries() {
            let path = entry.path.replace(NAME, "portail");
            let (table, name) = path.rsplit_once('.').unwrap_or(("", &path));
            let table = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
            let lone = format!("{table}{name} = {}\n", entry.value);
            // a table whose keys are all obligatory is tried as one below
            let siblings = entries()
                .iter()
                .filter(|other| {
                    let of = |path: &str| path.rsplit_once('.').map(|(table, _)| table.to_owned());
                    of(&other.path) == of(&entry.path)
                })
                .map(|other| {
                    let name = other.path.rsplit('.').next().unwrap_or_default().to_owned();
                    format!("{name} = {}\n", other.value)
                })
                .collect::<String>();
            let obligatory =
                Layers::of(Path::new("vtpa.toml"), &lone, Default::default()).unwrap().config().is_err();
            load(&if obligatory { format!("{table}{siblings}") } else { lone });
        }
    }

    #[test]
    fn words_that_a_key_takes_are_all_told() {
        let words = schema::keys().iter().filter_map(|Key { path, kind, .. }| match kind {
            schema::Kind::Words(words) => Some((path, *words)),
            _ => None,
        });
        for (path, words) in words {
            let mut above = String::new();
            let (table, name) = path.rsplit_once('.').unwrap_or(("", path));
            let section = template().split_once(&format!("[{table}]")).map_or(template(), |(_, rest)| rest);
            for line in section.lines() {
                above = format!("{above}\n{line}");
                if line.trim_start_matches('#').starts_with(&format!("{name} = ")) {
                    break;
                }
                if line.contains(" = ") && !line.starts_with("# ") {
                    above.clear();
                }
            }
            for word in words {
                assert!(above.contains(&format!("\"{word}\"")), "{path}: {word} is not in {above}");
            }
        }
    }
}
