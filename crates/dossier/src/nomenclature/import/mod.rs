//! Updates of the nomenclatures as the ANS publishes them: `.tabs`, SVS XML, FHIR CodeSystem JSON.
//!
//! [`NosTable::read`] tells the three apart by their first character; a byte order mark is tolerated in each.

mod fhir;
mod svs;
mod tabs;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{NomTable, TYPE_CONTACT};
use crate::format;

/// A table of the Nomenclature des Objets de Santé, with the dates of its codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NosTable {
    /// OID of the table.
    pub oid: String,
    /// Its name, `TRE_R13-CommuneOM` for one.
    pub nom: String,
    /// Its version, where the file says one.
    pub version: Option<String>,
    /// When its publisher last changed it.
    pub mise_a_jour: Option<DateTime>,
    concepts: Vec<Concept>,
}

/// A code of a table. The same code may be there several times, each for its years.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concept {
    /// OID of the code system; a jeu de valeurs (JDV) takes codes of several.
    pub systeme: String,
    /// The code, compared exactly.
    pub code: String,
    /// What it means: the DisplayName.
    pub libelle: String,
    /// From when the code is valid; always, where nothing is said.
    pub valide: Option<DateTime>,
    /// From when it is valid no longer.
    pub fin: Option<DateTime>,
    /// When the publisher last changed it.
    pub mise_a_jour: Option<DateTime>,
}

impl NosTable {
    /// Reads a file of any of the three formats.
    pub fn read(bytes: &[u8]) -> Result<Self, ImportError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ImportError::at(bytes, error.valid_up_to(), ImportCause::NotUtf8))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match text.trim_start().chars().next() {
            None => Err(ImportError { line: 1, column: 1, cause: ImportCause::Empty }),
            Some('{') => fhir::read(text),
            Some('<') if !tabs::is_heads(text.lines().next().unwrap_or_default()) => svs::read(text),
            Some(_) => tabs::read(text),
        }
    }

    /// The version, or the date that stands for one where the file says none, as the ANS writes it: `AAAAMMJJhhmmss`.
    #[must_use]
    pub fn edition(&self) -> Option<String> {
        let dated = || self.mise_a_jour.map(|date| date.strftime("%Y%m%d%H%M%S").to_string());
        self.version.clone().or_else(dated)
    }

    /// The codes of the tables that this product knows, with their table.
    pub fn connus(&self) -> impl Iterator<Item = (NomTable, &Concept)> {
        self.concepts.iter().filter_map(|concept| Some((NomTable::from_oid(&concept.systeme)?, concept)))
    }

    /// All codes, sorted by system, code and first day.
    #[must_use]
    pub fn concepts(&self) -> &[Concept] {
        &self.concepts
    }

    /// The label of a code of the system: the one valid that day, else the last one there was. What is no longer
    /// valid stays known, because people were born in communes that are gone.
    #[must_use]
    pub fn libelle(&self, systeme: &str, code: &str, jour: Date) -> Option<&str> {
        let start = self.concepts.partition_point(|concept| concept.key() < (systeme, code));
        let found = self.concepts.get(start..)?.iter().take_while(|concept| concept.key() == (systeme, code));
        let current = found.clone().filter(|concept| concept.en_vigueur(jour)).last();
        current.or_else(|| found.last()).map(|concept| concept.libelle.as_str())
    }

    fn new(oid: String, nom: String, mise_a_jour: Option<DateTime>, mut concepts: Vec<Concept>) -> Self {
        concepts.sort_by(|a, b| (a.key(), a.valide).cmp(&(b.key(), b.valide)));
        Self { oid, nom, version: None, mise_a_jour, concepts }
    }
}

impl Concept {
    /// Whether the code is valid that day; on its last day it is no more.
    #[must_use]
    pub fn en_vigueur(&self, jour: Date) -> bool {
        self.valide.is_none_or(|valide| valide.date() <= jour) && self.fin.is_none_or(|fin| jour < fin.date())
    }

    fn key(&self) -> (&str, &str) {
        (&self.systeme, &self.code)
    }

    /// What answers could not carry (§2.2.1: Code is a String(15), DisplayName a String(100)) is not taken into a
    /// table that answers are made from; other tables are none of our business.
    fn tient(&self) -> Result<(), ImportCause> {
        if self.code.is_empty() {
            return Err(ImportCause::NoCode);
        }
        if self.libelle.is_empty() {
            return Err(ImportCause::NoLabel(self.code.clone()));
        }
        let Some(table) = NomTable::from_oid(&self.systeme) else { return Ok(()) };
        let fits = |text: &str, most: usize| {
            let long = text.chars().count() > most;
            match (long, text.chars().any(char::is_control)) {
                (true, _) => Err(ImportCause::TooLong { code: self.code.clone(), most }),
                (_, true) => Err(ImportCause::Control(self.code.clone())),
                _ => Ok(()),
            }
        };
        fits(&self.code, CODE_MAX)?;
        fits(&self.libelle, LIBELLE_MAX)?;
        if table == NomTable::CodePostal && !format::code_postal(&self.code) {
            return Err(ImportCause::CodePostal(self.code.clone()));
        }
        Ok(())
    }
}

/// Most characters of a Code (§2.2.1).
const CODE_MAX: usize = 15;
/// Most characters of a DisplayName (§2.2.1).
const LIBELLE_MAX: usize = 100;

/// The first thing wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {cause}")]
pub struct ImportError {
    /// Line, counted from 1.
    pub line: usize,
    /// Character of the line, counted from 1; of a `.tabs` file too, where a field stands.
    pub column: usize,
    /// What is wrong.
    pub cause: ImportCause,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImportCause {
    /// Nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// Bytes that are no UTF-8.
    #[error("the file is not UTF-8")]
    NotUtf8,
    /// A `.tabs` file describes its table in two lines and heads its rows in a third.
    #[error("a .tabs file begins with two lines on the table and one of heads, `<OID>;<Code>;…`")]
    NoHeads,
    /// Neither the table nor a concept says an OID.
    #[error("no OID where one must stand")]
    NoOid,
    /// A table without a name.
    #[error("the table has no name")]
    NoName,
    /// A table without codes.
    #[error("the table has no code")]
    NoConcept,
    /// A row with another number of fields than its heads.
    #[error("{found} fields where the heads name {expected}")]
    Fields {
        /// Fields of the heads.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
    /// A concept without its code.
    #[error("a concept without code")]
    NoCode,
    /// A concept without any label.
    #[error("code {0} has no label")]
    NoLabel(String),
    /// A date that is none.
    #[error("`{0}` is no date")]
    Date(String),
    /// A code or a label that no answer could carry (§2.2.1).
    #[error("code {code:?} or its label has more than {most} characters, which no answer could carry")]
    TooLong {
        /// The code.
        code: String,
        /// The most there may be.
        most: usize,
    },
    /// A control character, a line's end for one.
    #[error("code {0:?} or its label holds a control character")]
    Control(String),
    /// A postal code that is not five digits.
    #[error("{0:?} is no postal code of five digits")]
    CodePostal(String),
    /// Malformed XML.
    #[error("{0}")]
    Xml(xmlsec::ParseCause),
    /// XML that is no SVS value set.
    #[error("not one value set in a RetrieveValueSetResponse of urn:ihe:iti:svs:2008")]
    NotSvs,
    /// JSON that is no CodeSystem, as its reader says.
    #[error("{0}")]
    Json(String),
}

impl ImportCause {
    /// What the operator can do about it.
    #[must_use]
    pub fn remede(&self) -> &'static str {
        match self {
            Self::Empty => "download the file anew: it came empty",
            Self::NotUtf8 => {
                "NOS files are UTF-8; a spreadsheet may have saved this one otherwise: download it anew, or \
                 convert it (iconv -f latin1 -t utf-8 FILE)"
            }
            Self::NoHeads | Self::NotSvs => {
                "take the file as the ANS publishes it: .tabs, SVS XML or FHIR CodeSystem JSON"
            }
            Self::NoOid => "give the OID of the table, for example 1.2.250.1.213.2.23 for the communes (R13)",
            Self::NoName => "the two first lines of a .tabs file name its table, TRE_R13-CommuneOM for one",
            Self::NoConcept => "the file ends before its first code: download it anew",
            Self::Fields { .. } => {
                "a line that is too short is one that was cut, a longer one has a `;` in a label: mend the line, or \
                 download the file anew"
            }
            Self::NoCode | Self::NoLabel(_) => "give it, or take the line out",
            Self::Date(_) => "write it AAAAMMJJhhmmss, or as ISO 8601 does",
            Self::TooLong { .. } | Self::Control(_) | Self::CodePostal(_) => "mend the line, or take it out",
            Self::Xml(_) | Self::Json(_) => "download the file anew: it was cut or changed",
        }
    }
}

impl ImportError {
    /// An error at a byte of the file.
    fn at(bytes: &[u8], offset: usize, cause: ImportCause) -> Self {
        let before = bytes.get(..offset).unwrap_or(bytes);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count() + 1;
        Self { line, column, cause }
    }
}

/// `AAAAMMJJhhmmss`, or the date and time of ISO 8601, its zone dropped. Nothing is no date.
fn instant(text: &str) -> Result<Option<DateTime>, ImportCause> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || ImportCause::Date(text.to_owned());
    if text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return DateTime::strptime("%Y%m%d%H%M%S", text).map(Some).map_err(|_| wrong());
    }
    text.trim_end_matches('Z').parse().map(Some).map_err(|_| wrong())
}

/// An OID, `urn:oid:` before it or not, or the one name that the specification uses in the place of one (§2.3.2).
fn oid(text: &str) -> Option<&str> {
    let text = text.trim();
    if text == TYPE_CONTACT {
        return Some(text);
    }
    let oid = text.strip_prefix("urn:oid:").unwrap_or(text);
    let arcs = || oid.split('.');
    (arcs().count() > 2 && arcs().all(|arc| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit())))
        .then_some(oid)
}

#[cfg(test)]
mod tests;
