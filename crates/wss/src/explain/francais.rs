//! The explanations in French, for the sandbox's pages: partners are French. One for each of the table's, by id. XML and option
//! names stay as they are, and so does what is said of each stack, which is mostly code.

mod habitudes;
mod refus;

/// What an explanation says, in French.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Francais {
    /// Its id.
    pub id: &'static str,
    /// The cause in one line.
    pub titre: &'static str,
    /// What it means, and how it usually comes about.
    pub sens: &'static str,
    /// What to do, whatever the stack.
    pub remede: &'static str,
}

const fn t(id: &'static str, titre: &'static str, sens: &'static str, remede: &'static str) -> Francais {
    Francais { id, titre, sens, remede }
}

/// The text of this id. A test holds that every explanation has one.
pub fn francais(id: &str) -> Option<&'static Francais> {
    refus::ALL.iter().chain(habitudes::ALL).find(|one| one.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::ALL as EXPLAINED;

    #[test]
    fn every_explanation_has_its_french_and_nothing_else_has() {
        let french: Vec<_> = refus::ALL.iter().chain(habitudes::ALL).map(|one| one.id).collect();
        let explained: Vec<_> = EXPLAINED.iter().map(|one| one.id).collect();
        assert_eq!(french, explained);
    }

    #[test]
    fn what_is_code_is_the_same_in_both_languages() {
        for one in EXPLAINED {
            let french = francais(one.id).unwrap();
            for word in one.remedy.split_whitespace().filter(|word| word.contains("://")) {
                let word = word.trim_end_matches(['.', ',', ')', ':', ';']);
                assert!(french.remede.contains(word), "{}: {word}", one.id);
            }
        }
    }
}
