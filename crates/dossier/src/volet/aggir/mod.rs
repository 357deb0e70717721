//! AGGIR: from what a person does alone to their GIR, by the official rules.
//!
//! - Which activities there are: the national grid, annexe 2-1 of the Code de l'action sociale et des familles (CASF).
//! - From four adverbs to a modality, and from the activities of a variable to the variable: the guide that annexe 2-1
//!   publishes as a facsimile (décret 2008-821, guide of the CNAMTS): no adverb missing is A, all four missing are C,
//!   anything between is B.
//! - From eight variables to a rank and a group: annexe 2-2 of the CASF (first in décret 97-427 of 28 April 1997, annexe
//!   II). Where a reprint of the decree differs from the Code (group F), the Code, which is in force, is followed.
//!
//! Outdoor moves and communication at a distance are asked for, and weigh nothing in the rank: their values in annexe 2-2
//! are all zero.

mod calcul;
mod variables;

pub use calcul::{Gir, gir};
pub use variables::VARIABLES;

/// How a person does something alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Modalite {
    /// Spontaneously, wholly, correctly and habitually.
    A,
    /// In part: one to three of the adverbs are missing.
    B,
    /// Not: all four are missing.
    C,
}

impl Modalite {
    /// The letter of the grid.
    pub fn lettre(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }
}

/// The four adverbs of the guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Adverbe {
    /// Without being told, reminded or shown.
    Spontanement,
    /// The whole of it.
    Totalement,
    /// Well, as is usual, and safely.
    Correctement,
    /// Each time it is needed and wished for.
    Habituellement,
}

impl Adverbe {
    /// In the guide's order.
    pub const TOUS: [Self; 4] =
        [Self::Spontanement, Self::Totalement, Self::Correctement, Self::Habituellement];

    /// The letter that stands for it in forms and in what is stored.
    pub fn lettre(self) -> char {
        match self {
            Self::Spontanement => 'S',
            Self::Totalement => 'T',
            Self::Correctement => 'C',
            Self::Habituellement => 'H',
        }
    }

    /// The adverb itself.
    pub fn mot(self) -> &'static str {
        match self {
            Self::Spontanement => "spontanément",
            Self::Totalement => "totalement",
            Self::Correctement => "correctement",
            Self::Habituellement => "habituellement",
        }
    }
}

/// What was answered for an activity, in the form that is stored: `A`, `C`, or `B:` and the letters of the adverbs that
/// are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    manquent: [bool; 4],
}

impl Observation {
    /// Reads what is stored.
    pub fn lire(texte: &str) -> Option<Self> {
        match texte {
            "A" => Some(Self { manquent: [false; 4] }),
            "C" => Some(Self { manquent: [true; 4] }),
            _ => Self::en_partie(texte.strip_prefix("B:")?),
        }
    }

    /// Done in part: the letters of the adverbs that are missing, one at least.
    pub fn en_partie(lettres: &str) -> Option<Self> {
        let known = |lettre: char| Adverbe::TOUS.iter().any(|adverbe| adverbe.lettre() == lettre);
        let manquent = Adverbe::TOUS.map(|adverbe| lettres.contains(adverbe.lettre()));
        (!lettres.is_empty() && lettres.chars().all(known)).then_some(Self { manquent })
    }

    /// The adverbs that are missing.
    pub fn manquent(self) -> impl Iterator<Item = Adverbe> {
        Adverbe::TOUS.into_iter().zip(self.manquent).filter_map(|(adverbe, manque)| manque.then_some(adverbe))
    }

    /// The guide's coding: how many adverbs are missing.
    pub fn modalite(self) -> Modalite {
        match self.manquent.iter().filter(|manque| **manque).count() {
            0 => Modalite::A,
            4 => Modalite::C,
            _ => Modalite::B,
        }
    }

    /// As it is stored.
    pub fn code(self) -> String {
        match self.modalite() {
            Modalite::A => "A".to_owned(),
            Modalite::C => "C".to_owned(),
            Modalite::B => self.manquent().fold("B:".to_owned(), |mut code, adverbe| {
                code.push(adverbe.lettre());
                code
            }),
        }
    }
}

/// One thing that is observed.
#[derive(Debug, PartialEq, Eq)]
pub struct Activite {
    /// The name of its field.
    pub champ: &'static str,
    /// What it is, in plain words, after « La personne ».
    pub question: &'static str,
}

/// One of the ten discriminating variables.
#[derive(Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name of its page.
    pub code: &'static str,
    /// The grid's name.
    pub nom: &'static str,
    /// What it is about, in plain words.
    pub definition: &'static str,
    /// What is observed for it.
    pub activites: &'static [Activite],
    /// How the activities make the variable.
    pub regle: Regle,
}

/// How the modalities of a variable's activities make that of the variable (the guide's tables).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regle {
    /// One activity.
    Seule,
    /// All A is A; one C is enough for C; else B. Cohérence, orientation, élimination.
    CSuffit,
    /// All A is A; all C is C; else B. Toilette, habillage.
    Accord,
    /// As above, but B with C is C too. Alimentation.
    BAvecC,
}

impl Regle {
    /// The variable's modality.
    fn appliquer(self, modalites: &[Modalite]) -> Option<Modalite> {
        use Modalite::{A, B, C};
        let all = |wanted| modalites.iter().all(|modalite| *modalite == wanted);
        let any = |wanted| modalites.contains(&wanted);
        let first = *modalites.first()?;
        Some(match self {
            Self::Seule => first,
            _ if all(A) => A,
            _ if all(C) => C,
            Self::CSuffit if any(C) => C,
            Self::BAvecC if any(C) && !any(A) => C,
            _ => B,
        })
    }
}

impl Variable {
    /// The variable's modality, once each of its activities was answered.
    pub fn modalite<'a>(&self, reponse: impl Fn(&'static str) -> Option<&'a str>) -> Option<Modalite> {
        let modalites: Option<Vec<Modalite>> = self
            .activites
            .iter()
            .map(|activite| Some(Observation::lire(reponse(activite.champ)?)?.modalite()))
            .collect();
        self.regle.appliquer(&modalites?)
    }
}

#[cfg(test)]
mod tests;
