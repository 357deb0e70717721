//! What is wrong with a request, collected in one reading; the first code that applies is answered with every field
//! that falls under it.

use std::collections::HashSet;

use xmlsec::Signed;

use crate::code_retour::{Code, CodeRetour};

/// Findings so far.
#[derive(Debug, Default)]
pub(super) struct Constats(Vec<Constat>);

#[derive(Debug)]
struct Constat {
    code: Code,
    chemin: String,
    position: usize,
}

impl Constats {
    /// Notes that `chemin` falls under `code`. What is absent has no place in the message and comes in the
    /// contract's order; what is present comes in document order.
    pub(super) fn noter(&mut self, code: Code, chemin: &str, element: Option<Signed<'_>>) {
        let position = element.map_or(0, Signed::position);
        self.0.push(Constat { code, chemin: chemin.to_owned(), position });
    }

    /// The value, or the code that comes first in decisions §3 with its fields.
    pub(super) fn conclure<T>(mut self, valeur: Option<T>) -> Result<T, CodeRetour> {
        let Some(code) = self.0.iter().map(|constat| constat.code).min() else {
            // a reader that gives no value has noted why
            return valeur.ok_or_else(|| CodeRetour::seul(Code::NonIdentifiee));
        };
        self.0.retain(|constat| constat.code == code);
        self.0.sort_by_key(|constat| constat.position);
        let mut chemins: Vec<String> = self.0.into_iter().map(|constat| constat.chemin).collect();
        let mut named = HashSet::new();
        chemins.retain(|chemin| named.insert(chemin.clone()));
        Err(CodeRetour::champs(code, &chemins))
    }
}
