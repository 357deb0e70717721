//! Which dossiers are whose: a line of JSON each, added at the end of `portail.jsonl` in the demo's directory.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// The file's name.
const FICHIER: &str = "portail.jsonl";

/// The portal's memory.
#[derive(Debug)]
pub(super) struct Registre {
    fichier: PathBuf,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lien {
    id_local: String,
    id_dossier: String,
}

impl Registre {
    pub(super) fn new(directory: &std::path::Path) -> Self {
        Self { fichier: directory.join(FICHIER) }
    }

    /// A user's dossiers, latest first, each once.
    pub(super) fn dossiers(&self, id_local: &str) -> Result<Vec<String>> {
        let texte = match std::fs::read_to_string(&self.fichier) {
            Ok(texte) => texte,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| self.fichier.display().to_string()),
        };
        let mut numeros: Vec<String> = Vec::new();
        for ligne in texte.lines().rev() {
            let lien: Lien = serde_json::from_str(ligne)
                .with_context(|| format!("{}: {ligne}", self.fichier.display()))?;
            if lien.id_local == id_local && !numeros.contains(&lien.id_dossier) {
                numeros.push(lien.id_dossier);
            }
        }
        Ok(numeros)
    }

    /// Remembers that a dossier is a user's.
    pub(super) fn ajouter(&self, id_local: &str, id_dossier: &str) -> Result<()> {
        let lien = Lien { id_local: id_local.to_owned(), id_dossier: id_dossier.to_owned() };
        let ligne = serde_json::to_string(&lien)? + "\n";
        let mut fichier = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.fichier)
            .with_context(|| self.fichier.display().to_string())?;
        fichier.write_all(ligne.as_bytes())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_their_own_latest_first_each_once() {
        let directory = tempfile::tempdir().unwrap();
        let registre = Registre::new(directory.path());
        assert!(registre.dossiers("a").unwrap().is_empty());
        for (id_local, id_dossier) in [("a", "1"), ("b", "2"), ("a", "3"), ("a", "1")] {
            registre.ajouter(id_local, id_dossier).unwrap();
        }
        assert_eq!(registre.dossiers("a").unwrap(), ["1", "3"]);
        assert_eq!(Registre::new(directory.path()).dossiers("b").unwrap(), ["2"]);
    }
}
