//! What is wrong with a request, collected in one reading; the first code that applies is answered with every field
//! that falls under it.

use std::collections::HashSet;

use xmlsec::Signed;

use crate::code_retour::{Code, CodeRetour};
use crate::nomenclature::Nomenclatures;

/// Findings so far, and the tables that they are made against: the same from a request's first field to its last.
#[derive(Debug, Default)]
pub(super) struct Constats {
    constats: Vec<Constat>,
    pub(super) tables: Nomenclatures,
}

#[derive(Debug)]
struct Constat {
    code: Code,
    chemin: String,
    position: usize,
}

impl Constats {
    pub(super) fn contre(tables: &Nomenclatures) -> Self {
        Self { constats: Vec::new(), tables: tables.clone() }
    }

    /// Notes that `chemin` falls under `code`. What is absent has no place in the message and comes in the
    /// contract's order; what is present comes in document order.
    pub(super) fn noter(&mut self, code: Code, chemin: &str, element: Option<Signed<'_>>) {
        let position = element.map_or(0, Signed::position);
        self.constats.push(Constat { code, chemin: chemin.to_owned(), position });
    }

    /// The value, or the code that comes first in decisions §3 with its fields.
    pub(super) fn conclure<T>(mut self, valeur: Option<T>) -> Result<T, CodeRetour> {
        let Some(code) = self.constats.iter().map(|constat| constat.code).min() else {
            // a reader that gives no value has noted why
            return valeur.ok_or_else(|| CodeRetour::seul(Code::NonIdentifiee));
        };
        self.constats.retain(|constat| constat.code == code);
        self.constats.sort_by_key(|constat| constat.position);
        let mut chemins: Vec<String> = self.constats.into_iter().map(|constat| constat.chemin).collect();
        let mut named = HashSet::new();
        chemins.retain(|chemin| named.insert(chemin.clone()));
        Err(CodeRetour::champs(code, &chemins))
    }
}
