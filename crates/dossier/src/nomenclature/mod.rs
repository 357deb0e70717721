//! The nomenclatures of chapter 2 of the specification, as spec/decisions.md §4 reads them.
//!
//! The tables are made by `cargo xtask codegen` from public sources (`data/README.md`) and lie in the executable:
//! nothing is loaded, a look-up allocates nothing, labels are `&'static str`. Codes are compared exactly.
//!
//! The functions of this module know the built-in tables alone; [`Nomenclatures`] knows, over them, what an operator
//! imported of the files that [`import`] reads.

pub mod import;
mod importees;
mod noms;
mod table;

pub use importees::{Assemblage, Nomenclatures, Origine};

use table::Table;

/// OID of the civilités (R81).
pub const OID_CIVILITE: &str = "1.2.250.1.213.1.6.1.69";
/// OID of the communes (R13).
pub const OID_COMMUNE: &str = "1.2.250.1.213.2.23";
/// What §2.2.1 of the specification prints in place of [`OID_COMMUNE`]; taken for it (decisions §9).
pub const OID_COMMUNE_FAUTE: &str = "1.2.250.1.2013.2.23";
/// OID of the pays (R20).
pub const OID_PAYS: &str = "1.2.250.1.213.2.24";
/// OID of the types de voie (R35).
pub const OID_TYPE_VOIE: &str = "1.2.250.1.213.2.44";
/// OID of the postal codes (§2.3.1).
pub const OID_CODE_POSTAL: &str = "1.2.250.1.214.2.45";
/// Code system of the types of contact (§2.3.2).
pub const TYPE_CONTACT: &str = "TypeContactPA";
/// Code system of the motives of a demande's end (decisions §5).
pub const MOTIF_ECHANGE: &str = "MotifEchangePA";

/// Name of the table of civilités.
pub const R81: &str = "R81";
/// Name of the table of communes.
pub const R13: &str = "R13";
/// Name of the table of pays.
pub const R20: &str = "R20";
/// Name of the table of types de voie.
pub const R35: &str = "R35";
/// Name of the table of postal codes.
pub const NOM_CODE_POSTAL: &str = "CodePostal";
/// Name of the table of types of contact.
pub const NOM_TYPE_CONTACT: &str = "TypeContact";
/// Name of the table of motives.
pub const NOM_MOTIF_ECHANGE: &str = "MotifEchange";

/// A table of chapter 2 that fields are checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NomTable {
    /// R81, §2.2.3.
    Civilite,
    /// R13, §2.2.1.
    Commune,
    /// R20.
    Pays,
    /// R35, a string in the contract.
    TypeVoie,
    /// §2.3.1.
    CodePostal,
    /// §2.3.2.
    TypeContact,
}

static CIVILITES: Table = Table::new(include_str!("tables/civilites.txt"));
static COMMUNES: Table = Table::new(include_str!("tables/communes.txt"));
static PAYS: Table = Table::new(include_str!("tables/pays.txt"));
static CODES_POSTAUX: Table = Table::new(include_str!("tables/codes_postaux.txt"));
static DEPARTEMENTS: Table = Table::new(include_str!("tables/departements.txt"));
static TYPES_VOIE: Table = Table::new(include_str!("tables/types_voie.txt"));

/// The label of a civilité, the deprecated `MLLE` included.
#[must_use]
pub fn civilite(code: &str) -> Option<&'static str> {
    CIVILITES.label(code)
}

/// The label of a commune: present, former, délégué, associated, or an arrondissement.
///
/// A code that several have had names the present commune; a former one whose name the sources have lost bears the
/// name of the commune it went into.
#[must_use]
pub fn commune(code: &str) -> Option<&'static str> {
    COMMUNES.label(code)
}

/// The label of a pays, present or former.
#[must_use]
pub fn pays(code: &str) -> Option<&'static str> {
    PAYS.label(code)
}

/// The label of a type of contact (§2.3.2).
#[must_use]
pub fn type_contact(code: &str) -> Option<&'static str> {
    match code {
        "0" => Some("Personne de confiance désignée par le demandeur"),
        "1" => Some("Personne à contacter"),
        "2" => Some("Représentant légal du demandeur"),
        _ => None,
    }
}

/// The label of a motive: 1–5 an establishment's, 11–15 a demandeur's (decisions §5).
#[must_use]
pub fn motif_echange(code: &str) -> Option<&'static str> {
    match code {
        "1" => Some("Absence de place"),
        "2" => Some("Soins requis non assurés"),
        "3" => Some("Dossier incomplet"),
        "4" => Some("Hors du secteur"),
        "5" => Some("Autre motif de l'établissement"),
        "11" => Some("Admission ailleurs"),
        "12" => Some("Maintien à domicile"),
        "13" => Some("Renoncement"),
        "14" => Some("Décès"),
        "15" => Some("Autre motif du demandeur"),
        _ => None,
    }
}

/// Whether a text is a code or a label of the types de voie (R35), case and accents aside.
#[must_use]
pub fn type_voie(texte: &str) -> bool {
    TYPES_VOIE.find(|key| key.chars().cmp(plain(texte))).is_some()
}

/// Whether the table has this postal code. It has no CEDEX codes, which real addresses do use.
#[must_use]
pub fn code_postal_connu(code: &str) -> bool {
    CODES_POSTAUX.label(code).is_some()
}

/// Whether a postal code lies in a département that exists, by its first two digits, or three overseas.
#[must_use]
pub fn departement_connu(code_postal: &str) -> bool {
    [2, 3]
        .into_iter()
        .filter_map(|length| code_postal.get(..length))
        .any(|start| DEPARTEMENTS.label(start).is_some())
}

/// Capital letters without accents, composed or not.
fn plain(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_uppercase).filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).map(|c| match c
    {
        'À' | 'Â' | 'Ä' => 'A',
        'Ç' => 'C',
        'È' | 'É' | 'Ê' | 'Ë' => 'E',
        'Î' | 'Ï' => 'I',
        'Ô' | 'Ö' => 'O',
        'Ù' | 'Û' | 'Ü' => 'U',
        'Ÿ' => 'Y',
        '’' => '\'',
        other => other,
    })
}

#[cfg(test)]
mod tests;
