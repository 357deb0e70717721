//! The autonomy part: the ten discriminating variables of AGGIR, one page each.
#![expect(
    clippy::indexing_slicing,
    reason = "in a constant: the compiler does it, and refuses what is not there"
)]

use super::Volet;
use super::aggir::VARIABLES;
use super::champ::{Champ, Genre, Quand};
use super::formulaire::{Etape, Formulaire};

const fn champ(nom: &'static str, libelle: &'static str) -> Champ {
    Champ { nom, libelle, aide: "", genre: Genre::Activite, quand: Quand::Toujours, remplissage: "" }
}

/// A page whose fields are the activities of the variable of this rank.
macro_rules! page {
    ($rank:literal: $($activite:literal),*) => {
        Etape {
            nom: VARIABLES[$rank].code,
            titre: VARIABLES[$rank].nom,
            presentation: VARIABLES[$rank].definition,
            champs: &[$(champ(
                VARIABLES[$rank].activites[$activite].champ,
                VARIABLES[$rank].activites[$activite].question,
            ),)*],
        }
    };
}

pub(super) static FORMULAIRE: Formulaire = Formulaire {
    volet: Volet::Autonomie,
    titre: "Partie autonomie",
    presentation: &[
        "Dix pages sur les gestes de tous les jours.",
        "Dites ce que la personne fait vraiment, seule, sans l’aide de quelqu’un.",
        "Une canne, des lunettes ou un fauteuil ne comptent pas comme une aide.",
    ],
    etapes: &[
        page!(0: 0, 1),
        page!(1: 0, 1),
        page!(2: 0, 1),
        page!(3: 0, 1, 2),
        page!(4: 0, 1),
        page!(5: 0, 1),
        page!(6: 0),
        page!(7: 0),
        page!(8: 0),
        page!(9: 0),
    ],
};
