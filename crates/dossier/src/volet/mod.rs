//! The three parts (volets) of a dossier as forms: what is asked on which page, how an answer is read, what is missing.
//!
//! No HTML and no SQL: a page shows a [`Champ`], [`Etape::lire`] reads what was typed, [`Reponses`] is what is stored. A part
//! is filled in (`EstRenseigneVolet…`) when each of its pages is complete.

mod administratif;
pub mod aggir;
mod autonomie;
mod champ;
mod formulaire;
mod medical;
mod reponses;

pub use champ::{Champ, Faute, Genre, Option as Choix, Quand};
pub use formulaire::{Etape, EtatEtape, Formulaire, Lecture, formulaire};
pub use reponses::{Reponses, Saisie};

/// A part of the dossier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Volet {
    /// EstRenseigneVoletAdmin.
    Admin,
    /// EstRenseigneVoletMedical.
    Medical,
    /// EstRenseigneVoletAutonomie.
    Autonomie,
}

impl Volet {
    /// In the order that they are filled in.
    pub const TOUS: [Self; 3] = [Self::Admin, Self::Autonomie, Self::Medical];

    /// Its name in addresses and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::Admin => "administratif",
            Self::Medical => "medical",
            Self::Autonomie => "autonomie",
        }
    }

    /// The part of this name.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::TOUS.into_iter().find(|volet| volet.code() == code)
    }
}

#[cfg(test)]
mod tests;
