//! CodeRetour (§3.3.1): a code and the specification's own words, followed by the fields meant (decisions §3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an operation answers about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CodeRetour {
    code: String,
    message: String,
}

/// The codes of §3.3.1, in the order of decisions §3: the first that applies is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// 100
    ApplicationNonAutorisee,
    /// 020
    OperationNonImplementee,
    /// 200
    ParametreAbsent,
    /// 490
    ParametreIncorrect,
    /// 201
    DonneeAbsente,
    /// 203
    FormatIncompatible,
    /// 202
    ValeurNonAutorisee,
    /// 360
    Civilite,
    /// 370
    TypeVoie,
    /// 371
    CodePostal,
    /// 372
    Commune,
    /// 373
    Departement,
    /// 300
    HorsNomenclature,
    /// 431
    EtablissementInconnu,
    /// 460
    DossierInconnu,
    /// 110
    ActionNonAutorisee,
    /// 000
    NonIdentifiee,
    /// 999
    Succes,
}

impl Code {
    /// All of them, in the order above.
    pub const ALL: [Self; 18] = [
        Self::ApplicationNonAutorisee,
        Self::OperationNonImplementee,
        Self::ParametreAbsent,
        Self::ParametreIncorrect,
        Self::DonneeAbsente,
        Self::FormatIncompatible,
        Self::ValeurNonAutorisee,
        Self::Civilite,
        Self::TypeVoie,
        Self::CodePostal,
        Self::Commune,
        Self::Departement,
        Self::HorsNomenclature,
        Self::EtablissementInconnu,
        Self::DossierInconnu,
        Self::ActionNonAutorisee,
        Self::NonIdentifiee,
        Self::Succes,
    ];

    /// Number and message of §3.3.1.
    fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::NonIdentifiee => ("000", "Erreur non identifiée"),
            Self::OperationNonImplementee => ("020", "Opération non implémentée"),
            Self::ApplicationNonAutorisee => ("100", "Application non autorisée"),
            Self::ActionNonAutorisee => ("110", "Action non autorisée sur l'objet passé en paramètre"),
            Self::ParametreAbsent => ("200", "Paramètre obligatoire non renseigné"),
            Self::DonneeAbsente => ("201", "Donnée obligatoire non renseignée"),
            Self::ValeurNonAutorisee => ("202", "Valeur non autorisée"),
            Self::FormatIncompatible => ("203", "Format de valeur incompatible"),
            Self::HorsNomenclature => ("300", "Valeur hors nomenclature"),
            Self::Civilite => ("360", "Valeur hors nomenclature : Civilité"),
            Self::TypeVoie => ("370", "Valeur hors nomenclature : Type de voie"),
            Self::CodePostal => ("371", "Valeur hors nomenclature : Code Postal"),
            Self::Commune => ("372", "Valeur hors nomenclature : Commune"),
            Self::Departement => ("373", "Valeur hors nomenclature : Département"),
            Self::EtablissementInconnu => {
                ("431", "Identifiant national de l'établissement non trouvé dans l'application.")
            }
            Self::DossierInconnu => ("460", "Le dossier n'existe pas"),
            Self::ParametreIncorrect => ("490", "Format incorrect d'un paramètre en entrée : '{0}'"),
            Self::Succes => ("999", "Succès"),
        }
    }
}

impl CodeRetour {
    /// The code with its label alone: 020, 100, 110, 460, 999.
    pub fn seul(code: Code) -> Self {
        let (code, message) = code.label();
        Self { code: code.to_owned(), message: message.to_owned() }
    }

    /// The code with the paths of every field that falls under it.
    pub fn champs(code: Code, chemins: &[String]) -> Self {
        let paths = chemins.join(", ");
        let (number, label) = code.label();
        let message = match code {
            Code::ParametreIncorrect => label.replace("{0}", &paths),
            // where the label itself ends in a name, the paths stand in parentheses (decisions §3)
            Code::Civilite | Code::TypeVoie | Code::CodePostal | Code::Commune | Code::Departement => {
                format!("{label} ({paths})")
            }
            _ => format!("{label} : {paths}"),
        };
        Self { code: number.to_owned(), message }
    }

    /// 999
    pub fn succes() -> Self {
        Self::seul(Code::Succes)
    }

    /// 000, with the id under which the log holds the cause.
    pub fn erreur_non_identifiee(id: &str) -> Self {
        let (code, label) = Code::NonIdentifiee.label();
        Self { code: code.to_owned(), message: format!("{label} ({id})") }
    }

    /// A code as it was received.
    pub fn recu(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    /// Three digits.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The label and the fields meant.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether it is 999.
    pub fn est_succes(&self) -> bool {
        self.code == "999"
    }
}

impl fmt::Display for CodeRetour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.message)
    }
}
