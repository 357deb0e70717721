//! Updates of the nomenclatures as the ANS publishes them: `.tabs`, SVS XML, FHIR CodeSystem JSON.
//!
//! [`NosTable::read`] tells the three apart by their first character; a byte order mark is tolerated in each.

mod fhir;
mod svs;
mod tabs;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A table of the Nomenclature des Objets de Santé, with the dates of its codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NosTable {
    /// OID of the table.
    pub oid: String,
    /// Its name, `TRE_R13-CommuneOM` for one.
    pub nom: String,
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
        Self { oid, nom, mise_a_jour, concepts }
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
}

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

/// An OID, `urn:oid:` before it or not.
fn oid(text: &str) -> Option<&str> {
    let text = text.trim();
    let oid = text.strip_prefix("urn:oid:").unwrap_or(text);
    let arcs = || oid.split('.');
    (arcs().count() > 2 && arcs().all(|arc| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit())))
        .then_some(oid)
}

#[cfg(test)]
mod tests;
