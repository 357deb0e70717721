//! The administrative part, as the national form asks it (Cerfa 14732, volet administratif): who the person is, how they
//! live, who acts for them, what covers them, what they live on, who pays, and whether they agree.

use super::Volet;
use super::champ::{Champ, Genre, Option, Quand};
use super::formulaire::{Etape, Formulaire};

const fn choix(code: &'static str, libelle: &'static str) -> Option {
    Option { code, libelle }
}

const OUI_NON: &[Option] = &[choix("oui", "Oui"), choix("non", "Non")];
const OUI_NON_NE_SAIT: &[Option] =
    &[choix("oui", "Oui"), choix("non", "Non"), choix("ne-sait-pas", "Je ne sais pas")];

const fn champ(nom: &'static str, libelle: &'static str, genre: Genre, quand: Quand) -> Champ {
    Champ { nom, libelle, aide: "", genre, quand, remplissage: "" }
}

const fn aide(champ: Champ, aide: &'static str) -> Champ {
    Champ { aide, ..champ }
}

const PROTEGEE: &[&str] =
    &["sauvegarde", "curatelle", "curatelle-renforcee", "tutelle", "habilitation-familiale", "mandat"];

const PROTECTION_OU_EN_COURS: &[&str] = &[
    "sauvegarde",
    "curatelle",
    "curatelle-renforcee",
    "tutelle",
    "habilitation-familiale",
    "mandat",
    "en-cours",
];

pub(super) static FORMULAIRE: Formulaire = Formulaire {
    volet: Volet::Admin,
    titre: "Partie administrative",
    presentation: &[
        "Vous pouvez la remplir vous-même, ou avec un proche.",
        "Gardez près de vous la carte Vitale et les papiers de retraite.",
    ],
    etapes: &[
        Etape {
            nom: "identite",
            titre: "Identité et coordonnées",
            presentation: "Vérifiez ces informations. Corrigez le téléphone ou le courriel s’ils ont changé.",
            champs: &[champ(
                "identite-verifiee",
                "Le nom, la date de naissance et l’adresse sont-ils justes ?",
                Genre::Un(&[choix("oui", "Oui, tout est juste"), choix("non", "Non, il y a une erreur")]),
                Quand::Toujours,
            )],
        },
        Etape {
            nom: "situation",
            titre: "Situation de famille et lieu de vie",
            presentation: "Comment la personne vit aujourd’hui.",
            champs: &[
                champ(
                    "situation-famille",
                    "Situation de famille",
                    Genre::Un(&[
                        choix("celibataire", "Célibataire"),
                        choix("marie", "Mariée ou marié"),
                        choix("pacse", "Pacsée ou pacsé"),
                        choix("vie-maritale", "En couple, sans mariage ni pacs"),
                        choix("veuf", "Veuve ou veuf"),
                        choix("separe", "Séparée ou séparé"),
                        choix("divorce", "Divorcée ou divorcé"),
                    ]),
                    Quand::Toujours,
                ),
                aide(
                    champ("enfants", "Nombre d’enfants", Genre::Nombre(0, 30), Quand::Toujours),
                    "Par exemple : 2",
                ),
                champ(
                    "lieu-de-vie",
                    "Où la personne vit-elle en ce moment ?",
                    Genre::Un(&[
                        choix("domicile", "Chez elle"),
                        choix("proche", "Chez un enfant ou un proche"),
                        choix("residence-autonomie", "Dans une résidence autonomie"),
                        choix("ehpad", "Dans une maison de retraite"),
                        choix("hopital", "À l’hôpital"),
                        choix("readaptation", "En soins de suite ou de réadaptation"),
                        choix("autre", "Ailleurs"),
                    ]),
                    Quand::Toujours,
                ),
                champ("vit-seule", "La personne vit-elle seule ?", Genre::Un(OUI_NON), Quand::Toujours),
                champ(
                    "raisons",
                    "Pourquoi demander une place maintenant ?",
                    Genre::Plusieurs(&[
                        choix("sante", "Une santé plus fragile"),
                        choix("sortie-hopital", "Une sortie de l’hôpital"),
                        choix("deces-conjoint", "Le décès du conjoint"),
                        choix("eloignement", "Des proches trop loin"),
                        choix("fatigue-aidant", "Un proche qui ne peut plus aider"),
                        choix("isolement", "Une trop grande solitude"),
                        choix("autre", "Une autre raison"),
                    ]),
                    Quand::Toujours,
                ),
                aide(
                    champ("precisions", "Précisions sur la situation", Genre::Texte(1000), Quand::Libre),
                    "Vous pouvez laisser cette case vide.",
                ),
            ],
        },
        Etape {
            nom: "protection",
            titre: "Protection juridique",
            presentation: "Un juge peut confier à quelqu’un le soin d’aider une personne à décider.",
            champs: &[
                champ(
                    "mesure",
                    "La personne est-elle protégée par une décision de ce genre ?",
                    Genre::Un(&[
                        choix("aucune", "Non"),
                        choix("en-cours", "Une demande est en cours"),
                        choix("sauvegarde", "Oui, une sauvegarde de justice"),
                        choix("curatelle", "Oui, une curatelle simple"),
                        choix("curatelle-renforcee", "Oui, une curatelle renforcée"),
                        choix("tutelle", "Oui, une tutelle"),
                        choix("habilitation-familiale", "Oui, une habilitation familiale"),
                        choix("mandat", "Oui, un mandat de protection future"),
                    ]),
                    Quand::Toujours,
                ),
                aide(
                    champ(
                        "representant-nom",
                        "Nom et prénom de la personne ou du service qui la protège",
                        Genre::Ligne(150),
                        Quand::Si("mesure", PROTEGEE),
                    ),
                    "Si elle est protégée. Par exemple : Anne Morel, ou UDAF de l’Ain",
                ),
                aide(
                    champ(
                        "representant-telephone",
                        "Téléphone de cette personne ou de ce service",
                        Genre::Telephone(20),
                        Quand::Si("mesure", PROTEGEE),
                    ),
                    "Si elle est protégée. Par exemple : 04 74 00 00 12",
                ),
                aide(
                    champ(
                        "representant-mail",
                        "Courriel de cette personne ou de ce service",
                        Genre::Mail(75),
                        Quand::LibreSi("mesure", PROTECTION_OU_EN_COURS),
                    ),
                    "Vous pouvez laisser cette case vide. Par exemple : anne.morel@exemple.fr",
                ),
                champ(
                    "personne-confiance",
                    "La personne a-t-elle choisi une personne de confiance ?",
                    Genre::Un(OUI_NON_NE_SAIT),
                    Quand::Toujours,
                ),
                aide(
                    champ(
                        "confiance-nom",
                        "Nom, prénom et téléphone de la personne de confiance",
                        Genre::Ligne(150),
                        Quand::Si("personne-confiance", &["oui"]),
                    ),
                    "Si elle en a choisi une. Par exemple : Paul Vernoux, 06 00 00 00 13",
                ),
            ],
        },
        Etape {
            nom: "couverture",
            titre: "Sécurité sociale et mutuelle",
            presentation: "Ces informations sont sur la carte Vitale et sur la carte de mutuelle.",
            champs: &[
                champ(
                    "regime",
                    "De quel régime la personne dépend-elle ?",
                    Genre::Un(&[
                        choix("general", "Le régime général (CPAM)"),
                        choix("agricole", "Le régime agricole (MSA)"),
                        choix("autre", "Un autre régime"),
                        choix("ne-sait-pas", "Je ne sais pas"),
                    ]),
                    Quand::Toujours,
                ),
                aide(
                    champ("caisse", "Nom de la caisse", Genre::Ligne(150), Quand::Libre),
                    "Vous pouvez laisser cette case vide. Par exemple : CPAM de l’Ain",
                ),
                champ(
                    "complementaire",
                    "La personne a-t-elle une complémentaire santé ?",
                    Genre::Un(&[
                        choix("mutuelle", "Oui, une mutuelle ou une assurance"),
                        choix("css", "Oui, la complémentaire santé solidaire"),
                        choix("non", "Non"),
                    ]),
                    Quand::Toujours,
                ),
                aide(
                    champ(
                        "mutuelle-nom",
                        "Nom de la mutuelle ou de l’assurance",
                        Genre::Ligne(150),
                        Quand::Si("complementaire", &["mutuelle"]),
                    ),
                    "Si elle en a une. Par exemple : Mutuelle des Pays de l’Ain",
                ),
                champ(
                    "ald",
                    "Est-elle prise en charge à 100 % pour une longue maladie ?",
                    Genre::Un(OUI_NON_NE_SAIT),
                    Quand::Toujours,
                ),
            ],
        },
        Etape {
            nom: "ressources",
            titre: "Retraites et ressources",
            presentation: "L’établissement en a besoin pour préparer les aides. Un montant approché suffit.",
            champs: &[
                champ(
                    "retraite",
                    "La personne touche-t-elle une ou plusieurs retraites ?",
                    Genre::Un(OUI_NON),
                    Quand::Toujours,
                ),
                aide(
                    champ(
                        "retraite-caisses",
                        "Caisses qui versent ces retraites",
                        Genre::Ligne(300),
                        Quand::Si("retraite", &["oui"]),
                    ),
                    "Si elle en touche. Par exemple : Carsat Rhône-Alpes, Agirc-Arrco",
                ),
                aide(
                    champ(
                        "ressources-mensuelles",
                        "Total des ressources par mois, en euros",
                        Genre::Montant,
                        Quand::Toujours,
                    ),
                    "Retraites, loyers, pensions. Par exemple : 1 450",
                ),
                champ(
                    "logement",
                    "La personne est-elle propriétaire de son logement ?",
                    Genre::Un(&[
                        choix("proprietaire", "Oui"),
                        choix("locataire", "Non, elle est locataire"),
                        choix("usufruit", "Elle en a l’usage, sans en être propriétaire"),
                        choix("heberge", "Non, elle est hébergée"),
                    ]),
                    Quand::Toujours,
                ),
            ],
        },
        Etape {
            nom: "paiement",
            titre: "Qui paiera le séjour",
            presentation: "Dites comment vous pensez payer. Vous pourrez changer plus tard.",
            champs: &[
                champ(
                    "payeurs",
                    "Qui paiera le séjour ?",
                    Genre::Plusieurs(&[
                        choix("personne", "La personne elle-même"),
                        choix("conjoint", "Son conjoint"),
                        choix("enfants", "Ses enfants, ou d’autres proches"),
                        choix("aide-sociale", "L’aide sociale du département"),
                        choix("assurance", "Une assurance dépendance"),
                    ]),
                    Quand::Toujours,
                ),
                aide(
                    champ(
                        "payeur-nom",
                        "Nom et téléphone de la personne à qui envoyer la facture",
                        Genre::Ligne(200),
                        Quand::Toujours,
                    ),
                    "Par exemple : Paul Vernoux, 06 00 00 00 13",
                ),
                champ(
                    "aide-sociale",
                    "L’aide sociale à l’hébergement",
                    Genre::Un(&[
                        choix("accordee", "Elle est déjà accordée"),
                        choix("demandee", "Elle est demandée"),
                        choix("prevue", "Elle sera demandée"),
                        choix("non", "Elle n’est pas prévue"),
                    ]),
                    Quand::Toujours,
                ),
                champ(
                    "apa",
                    "L’allocation personnalisée d’autonomie",
                    Genre::Un(&[
                        choix("recue", "La personne la reçoit"),
                        choix("demandee", "Elle est demandée"),
                        choix("non", "Non"),
                        choix("ne-sait-pas", "Je ne sais pas"),
                    ]),
                    Quand::Toujours,
                ),
                champ(
                    "autres-aides",
                    "Autres aides reçues ou demandées",
                    Genre::Plusieurs(&[
                        choix("apl", "L’aide personnalisée au logement"),
                        choix("als", "L’allocation de logement sociale"),
                        choix("pch", "La prestation de compensation du handicap"),
                        choix("actp", "L’allocation compensatrice pour tierce personne"),
                    ]),
                    Quand::Libre,
                ),
            ],
        },
        Etape {
            nom: "accord",
            titre: "L’accord de la personne",
            presentation: "Entrer en établissement est un choix. La personne doit le savoir et le dire.",
            champs: &[
                champ(
                    "informee",
                    "La personne sait-elle que cette demande est faite ?",
                    Genre::Un(OUI_NON),
                    Quand::Toujours,
                ),
                champ(
                    "accord",
                    "Est-elle d’accord ?",
                    Genre::Un(&[
                        choix("oui", "Oui"),
                        choix("non", "Non"),
                        choix("ne-peut-pas", "Elle ne peut pas le dire"),
                    ]),
                    Quand::Toujours,
                ),
                aide(
                    champ("redacteur", "Qui remplit ce dossier ?", Genre::Ligne(150), Quand::Toujours),
                    "Par exemple : la personne elle-même, ou Paul Vernoux, son fils",
                ),
            ],
        },
    ],
};
