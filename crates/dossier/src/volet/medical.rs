//! The medical part, filled in by a doctor or with one: who, illnesses, treatments, care, senses and behaviour (Cerfa
//! 14732, volet médical, in short).

use super::Volet;
use super::champ::{Champ, Genre, Option, Quand};
use super::formulaire::{Etape, Formulaire};

const fn choix(code: &'static str, libelle: &'static str) -> Option {
    Option { code, libelle }
}

const OUI_NON: &[Option] = &[choix("oui", "Oui"), choix("non", "Non")];

const fn champ(
    nom: &'static str,
    libelle: &'static str,
    genre: Genre,
    quand: Quand,
    aide: &'static str,
) -> Champ {
    Champ { nom, libelle, aide, genre, quand, remplissage: "" }
}

pub(super) static FORMULAIRE: Formulaire = Formulaire {
    volet: Volet::Medical,
    titre: "Partie médicale",
    presentation: &[
        "Un médecin remplit cette partie, ou vous la remplissez avec lui.",
        "L’établissement la lit pour savoir quels soins préparer.",
    ],
    etapes: &[
        Etape {
            nom: "medecin",
            titre: "Le médecin",
            presentation: "Le médecin que l’établissement peut appeler.",
            champs: &[
                champ(
                    "rempli-par",
                    "Qui remplit cette partie ?",
                    Genre::Un(&[
                        choix("traitant", "Le médecin traitant"),
                        choix("autre-medecin", "Un autre médecin"),
                        choix("avec-medecin", "La personne ou un proche, avec un médecin"),
                    ]),
                    Quand::Toujours,
                    "",
                ),
                champ(
                    "medecin-nom",
                    "Nom et prénom du médecin",
                    Genre::Ligne(150),
                    Quand::Toujours,
                    "Par exemple : Docteur Hélène Roux",
                ),
                champ(
                    "medecin-telephone",
                    "Téléphone du médecin",
                    Genre::Telephone(20),
                    Quand::Toujours,
                    "Par exemple : 04 74 00 00 30",
                ),
                champ(
                    "medecin-mail",
                    "Courriel du médecin",
                    Genre::Mail(75),
                    Quand::Libre,
                    "Vous pouvez laisser cette case vide. Par exemple : helene.roux@exemple.fr",
                ),
                champ(
                    "medecin-rpps",
                    "Numéro RPPS du médecin",
                    Genre::Chiffres(11),
                    Quand::Libre,
                    "C’est le numéro national du médecin, 11 chiffres. Vous pouvez laisser cette case vide.",
                ),
                champ(
                    "examen-date",
                    "Date de l’examen",
                    Genre::DatePassee,
                    Quand::Toujours,
                    "Jour, mois, année. Par exemple : 14/05/2026",
                ),
            ],
        },
        Etape {
            nom: "maladies",
            titre: "Maladies et antécédents",
            presentation: "Ce qui compte pour la vie en établissement.",
            champs: &[
                champ(
                    "maladies",
                    "Maladies actuelles",
                    Genre::Texte(2000),
                    Quand::Toujours,
                    "Une par ligne. Par exemple : diabète de type 2",
                ),
                champ(
                    "antecedents",
                    "Maladies et opérations passées",
                    Genre::Texte(2000),
                    Quand::Libre,
                    "Une par ligne. Vous pouvez laisser cette case vide.",
                ),
                champ(
                    "infection",
                    "Y a-t-il une infection ou un microbe résistant en ce moment ?",
                    Genre::Un(OUI_NON),
                    Quand::Toujours,
                    "",
                ),
                champ(
                    "infection-precisions",
                    "Laquelle ou lequel ?",
                    Genre::Ligne(300),
                    Quand::Si("infection", &["oui"]),
                    "S’il y en a. Par exemple : SARM, dépisté le 2 mai 2026",
                ),
            ],
        },
        Etape {
            nom: "traitements",
            titre: "Traitements et allergies",
            presentation: "Recopiez l’ordonnance en cours.",
            champs: &[
                champ(
                    "traitements",
                    "Médicaments en cours",
                    Genre::Texte(2000),
                    Quand::Toujours,
                    "Un par ligne, avec la dose. Écrivez « aucun » s’il n’y en a pas.",
                ),
                champ(
                    "allergies",
                    "Y a-t-il des allergies connues ?",
                    Genre::Un(OUI_NON),
                    Quand::Toujours,
                    "",
                ),
                champ(
                    "allergies-precisions",
                    "Lesquelles ?",
                    Genre::Ligne(500),
                    Quand::Si("allergies", &["oui"]),
                    "S’il y en a. Par exemple : pénicilline",
                ),
            ],
        },
        Etape {
            nom: "soins",
            titre: "Soins nécessaires",
            presentation: "Les soins que l’établissement devra assurer.",
            champs: &[
                champ(
                    "soins",
                    "Quels soins faut-il ?",
                    Genre::Plusieurs(&[
                        choix("aucun", "Aucun soin particulier"),
                        choix("injections", "Injections"),
                        choix("perfusion", "Perfusion"),
                        choix("pansements", "Pansements, soins d’escarre"),
                        choix("oxygene", "Oxygène"),
                        choix("aspiration", "Aspiration, trachéotomie"),
                        choix("sonde-urinaire", "Sonde urinaire"),
                        choix("sonde-alimentation", "Sonde d’alimentation"),
                        choix("stomie", "Poche de stomie"),
                        choix("dialyse", "Dialyse"),
                        choix("chimiotherapie", "Chimiothérapie"),
                        choix("reeducation", "Kinésithérapie, orthophonie"),
                        choix("douleur", "Traitement de la douleur"),
                        choix("palliatifs", "Soins palliatifs"),
                    ]),
                    Quand::Toujours,
                    "Cochez au moins une case.",
                ),
                champ(
                    "poids",
                    "Poids, en kilos",
                    Genre::Nombre(20, 300),
                    Quand::Libre,
                    "Par exemple : 62. Vous pouvez laisser cette case vide.",
                ),
                champ(
                    "taille",
                    "Taille, en centimètres",
                    Genre::Nombre(80, 230),
                    Quand::Libre,
                    "Par exemple : 164. Vous pouvez laisser cette case vide.",
                ),
                champ(
                    "alimentation",
                    "Régime ou texture des repas",
                    Genre::Ligne(300),
                    Quand::Libre,
                    "Par exemple : sans sel, mixé. Vous pouvez laisser cette case vide.",
                ),
                champ(
                    "soins-precisions",
                    "Précisions sur les soins",
                    Genre::Texte(1000),
                    Quand::Libre,
                    "Vous pouvez laisser cette case vide.",
                ),
            ],
        },
        Etape {
            nom: "comportement",
            titre: "Mémoire, comportement, vue, audition",
            presentation: "Pour que l’équipe sache comment accompagner la personne.",
            champs: &[
                champ(
                    "memoire",
                    "Y a-t-il des troubles de la mémoire ?",
                    Genre::Un(&[
                        choix("non", "Non"),
                        choix("legers", "Oui, légers"),
                        choix("importants", "Oui, importants"),
                    ]),
                    Quand::Toujours,
                    "",
                ),
                champ(
                    "comportement",
                    "Y a-t-il des troubles du comportement ?",
                    Genre::Plusieurs(&[
                        choix("aucun", "Aucun"),
                        choix("tristesse", "Tristesse, dépression"),
                        choix("anxiete", "Anxiété"),
                        choix("apathie", "Perte d’intérêt"),
                        choix("agitation", "Agitation, agressivité"),
                        choix("hallucinations", "Idées délirantes, hallucinations"),
                        choix("deambulation", "Marche sans but, risque de sortie"),
                        choix("desinhibition", "Gestes ou paroles déplacés"),
                        choix("sommeil", "Troubles du sommeil"),
                    ]),
                    Quand::Toujours,
                    "Cochez au moins une case.",
                ),
                champ(
                    "vue",
                    "La vue, avec des lunettes si besoin",
                    Genre::Un(&[
                        choix("bonne", "Bonne"),
                        choix("faible", "Faible"),
                        choix("tres-faible", "Très faible ou absente"),
                    ]),
                    Quand::Toujours,
                    "",
                ),
                champ(
                    "audition",
                    "L’audition, avec un appareil si besoin",
                    Genre::Un(&[
                        choix("bonne", "Bonne"),
                        choix("faible", "Faible"),
                        choix("tres-faible", "Très faible ou absente"),
                    ]),
                    Quand::Toujours,
                    "",
                ),
                champ(
                    "avis",
                    "Avis et remarques du médecin",
                    Genre::Texte(2000),
                    Quand::Libre,
                    "Vous pouvez laisser cette case vide.",
                ),
            ],
        },
    ],
};
