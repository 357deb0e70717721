//! Answers: as they were typed, and as they are stored.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Prive;

/// What a form sent, in its order, names repeated where several boxes were ticked.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Saisie(Vec<(String, String)>);

impl Saisie {
    /// Of these pairs of name and value.
    pub fn new(paires: Vec<(String, String)>) -> Self {
        Self(paires)
    }

    /// The first value of this name.
    pub fn premier(&self, nom: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == nom).map(|(_, value)| value.as_str())
    }

    /// Every value of this name.
    pub fn tous<'a>(&'a self, nom: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == nom).map(|(_, value)| value.as_str())
    }

    /// What stands below a prefix, by the names that follow it: one of several equal groups of fields.
    pub fn sous(&self, prefixe: &str) -> Self {
        let below = self
            .0
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(prefixe)?.to_owned(), value.clone())));
        Self(below.collect())
    }
}

/// What is typed here is personal.
impl fmt::Debug for Saisie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Saisie({} champs)", self.0.len())
    }
}

/// Answers by the name of their field, each in the form that its [`Genre`](super::Genre) gives it. What was not answered is
/// not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reponses(BTreeMap<String, Prive>);

impl Reponses {
    /// The answer of a field.
    pub fn valeur(&self, champ: &str) -> Option<&str> {
        self.0.get(champ).map(Prive::as_str)
    }

    /// Puts an answer, or takes it away.
    pub fn poser(&mut self, champ: &str, valeur: Option<Prive>) {
        match valeur {
            Some(valeur) => drop(self.0.insert(champ.to_owned(), valeur)),
            None => drop(self.0.remove(champ)),
        }
    }

    /// Nothing was answered.
    pub fn est_vide(&self) -> bool {
        self.0.is_empty()
    }
}
