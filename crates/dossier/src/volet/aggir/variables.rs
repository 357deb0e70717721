//! The ten discriminating variables of annexe 2-1, and what is observed for each.

use super::{Activite, Regle, Variable};

const fn activite(champ: &'static str, question: &'static str) -> Activite {
    Activite { champ, question }
}

/// In the order of annexe 2-2, which the algorithm counts on.
pub static VARIABLES: [Variable; 10] = [
    Variable {
        code: "coherence",
        nom: "Cohérence",
        definition: "Parler et se conduire de façon sensée.",
        activites: &[
            activite("coherence-communication", "parle et comprend ce qu’on lui dit"),
            activite("coherence-comportement", "se conduit de façon adaptée avec les autres"),
        ],
        regle: Regle::CSuffit,
    },
    Variable {
        code: "orientation",
        nom: "Orientation",
        definition: "Savoir quand on est et où on est.",
        activites: &[
            activite("orientation-temps", "sait le jour, la saison, le moment de la journée"),
            activite("orientation-espace", "sait où elle est et retrouve son chemin"),
        ],
        regle: Regle::CSuffit,
    },
    Variable {
        code: "toilette",
        nom: "Toilette",
        definition: "Se laver.",
        activites: &[
            activite("toilette-haut", "se lave le visage, les bras et le haut du corps"),
            activite("toilette-bas", "se lave les parties intimes, les jambes et les pieds"),
        ],
        regle: Regle::Accord,
    },
    Variable {
        code: "habillage",
        nom: "Habillage",
        definition: "S’habiller, se déshabiller, choisir ses vêtements.",
        activites: &[
            activite("habillage-haut", "enfile un vêtement par la tête ou par les bras"),
            activite("habillage-moyen", "ferme un bouton, une ceinture, un soutien-gorge"),
            activite("habillage-bas", "enfile un pantalon, des chaussettes, des chaussures"),
        ],
        regle: Regle::Accord,
    },
    Variable {
        code: "alimentation",
        nom: "Alimentation",
        definition: "Manger un repas déjà préparé.",
        activites: &[
            activite("alimentation-se-servir", "coupe sa viande, ouvre un pot, remplit son verre"),
            activite("alimentation-manger", "porte à la bouche ce qu’elle mange et boit"),
        ],
        regle: Regle::BAvecC,
    },
    Variable {
        code: "elimination",
        nom: "Élimination",
        definition: "Aller aux toilettes et rester propre.",
        activites: &[
            activite("elimination-urinaire", "reste propre pour les urines"),
            activite("elimination-fecale", "reste propre pour les selles"),
        ],
        regle: Regle::CSuffit,
    },
    Variable {
        code: "transferts",
        nom: "Transferts",
        definition: "Se lever, se coucher, s’asseoir.",
        activites: &[activite("transferts", "se lève, se couche et s’assoit")],
        regle: Regle::Seule,
    },
    Variable {
        code: "interieur",
        nom: "Déplacements à l’intérieur",
        definition: "Se déplacer dans le logement, avec une canne ou un fauteuil si besoin.",
        activites: &[activite("interieur", "se déplace dans son logement, jusqu’à la porte de la rue")],
        regle: Regle::Seule,
    },
    Variable {
        code: "exterieur",
        nom: "Déplacements à l’extérieur",
        definition: "Sortir dans la rue, sans voiture ni autocar.",
        activites: &[activite("exterieur", "se déplace dehors, à partir de la porte d’entrée")],
        regle: Regle::Seule,
    },
    Variable {
        code: "communication",
        nom: "Communication à distance",
        definition: "Donner l’alerte en cas de besoin.",
        activites: &[activite("communication", "se sert du téléphone, d’une sonnette ou d’une alarme")],
        regle: Regle::Seule,
    },
];
