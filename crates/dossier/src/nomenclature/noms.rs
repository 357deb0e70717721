//! Entries of a table by their name, as people write it.

use std::collections::BTreeSet;

use super::importees::Nomenclatures;
use super::{NomTable, plain};

impl Nomenclatures {
    /// The communes of this name, of one département where it is given: code and label, in the order of codes. A former
    /// commune may bear the name of the one it went into, so that there can be several of one place.
    #[must_use]
    pub fn communes_nommees(&self, nom: &str, departement: Option<&str>) -> Vec<(&str, &str)> {
        self.nommees(NomTable::Commune, nom, departement.unwrap_or_default())
    }

    /// The country of this name: code and label.
    #[must_use]
    pub fn pays_nomme(&self, nom: &str) -> Option<(&str, &str)> {
        // four have two codes (France, Chypre, Kenya, Mozambique): the last is the one that INSEE gives today
        self.nommees(NomTable::Pays, nom, "").pop()
    }

    fn nommees(&self, table: NomTable, nom: &str, debut: &str) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        let mut known = BTreeSet::new();
        for (code, label) in self.entrees(table) {
            // what was imported names a code anew
            if code.starts_with(debut) && known.insert(code) && same(label, nom) {
                found.push((code, label));
            }
        }
        found.sort_unstable();
        found
    }
}

/// Whether two names are one, whatever their case, accents, hyphens and « St ».
fn same(one: &str, other: &str) -> bool {
    let mut others = words(other);
    words(one).all(|word| others.next().is_some_and(|other| letters(word).eq(letters(other))))
        && others.next().is_none()
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split([' ', '\u{a0}', '-', '\'', '’']).filter(|word| !word.is_empty())
}

fn letters(word: &str) -> impl Iterator<Item = char> {
    let whole = if word.eq_ignore_ascii_case("st") {
        "saint"
    } else if word.eq_ignore_ascii_case("ste") {
        "sainte"
    } else {
        word
    };
    plain(whole)
        .flat_map(|letter| match letter {
            'Œ' => ['O', 'E'],
            'Æ' => ['A', 'E'],
            letter => [letter, '\0'],
        })
        .filter(|letter| *letter != '\0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nomenclature::Assemblage;

    #[test]
    fn communes_are_found_by_their_name_as_people_write_it() {
        let tables = Nomenclatures::default();
        for (nom, departement, code) in [
            ("Bourg-en-Bresse", Some("01"), Some("01053")),
            ("bourg en bresse", None, Some("01053")),
            ("BOURG EN BRESSE", Some("01"), Some("01053")),
            ("L’Abergement Clemenciat", Some("01"), Some("01001")),
            ("st denis", Some("93"), Some("93066")),
            ("Ste-Geneviève-des-Bois", Some("91"), Some("91549")),
            ("Bourg-en-Bresse", Some("69"), None),
            ("Bourg", Some("01"), None),
            ("Bourg-en-Bresse Cedex", Some("01"), None),
            ("", Some("01"), None),
            ("Introuvable", None, None),
        ] {
            let found = tables.communes_nommees(nom, departement);
            assert_eq!(found.first().map(|(code, _)| *code), code, "{nom}");
        }
        assert!(tables.communes_nommees("Saint-Denis", None).len() > 1);
        assert_eq!(tables.pays_nomme("algerie").map(|(_, label)| label), Some("Algérie"));
        for (nom, code) in [("France", "99100"), ("chypre", "99254"), ("Kenya", "99332")] {
            assert_eq!(tables.pays_nomme(nom).map(|(code, _)| code), Some(code));
        }
        assert_eq!(tables.pays_nomme("Syldavie"), None);
    }

    #[test]
    fn what_was_imported_is_found_and_names_anew() {
        let mut assemblage = Assemblage::default();
        assemblage.ajouter(NomTable::Commune, "01053", "Bourg Neuf");
        assemblage.ajouter(NomTable::Commune, "01999", "Valromey-Neuf");
        let tables = assemblage.nomenclatures();
        assert_eq!(tables.communes_nommees("Bourg-Neuf", Some("01")), [("01053", "Bourg Neuf")]);
        assert_eq!(tables.communes_nommees("Valromey Neuf", None), [("01999", "Valromey-Neuf")]);
        assert!(tables.communes_nommees("Bourg-en-Bresse", Some("01")).is_empty());
    }
}
