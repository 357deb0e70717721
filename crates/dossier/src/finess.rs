//! The FINESS open-data extract (`etalab-cs1100502`): establishments, one a line, fields between `;`, in Latin-1.
//!
//! [`Extract`] reads it line by line, so that its 103,000 lines never lie in memory at once, and gives those of the
//! categories asked for. A line that cannot be taken is told with its number and does not end the reading.

use std::collections::{BTreeSet, HashMap};
use std::io;

use jiff::civil::Date;
use thiserror::Error;

use crate::nomenclature::Nomenclatures;
use crate::{Adresse, Etablissement, Nomenclature, Prive, format, nomenclature};

/// Fields of a line.
const FIELDS: usize = 32;

/// Categories of establishments, by their three digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Categories(BTreeSet<String>);

impl Categories {
    /// Those that take elderly people, with FINESS's labels.
    pub const PERSONNES_AGEES: [(&'static str, &'static str); 7] = [
        ("202", "Résidences autonomie"),
        ("207", "Centre de jour pour personnes âgées"),
        ("362", "Etablissement de soins longue durée"),
        ("381", "Etablissement expérimental pour personnes âgées"),
        ("500", "Etablissement d'hébergement pour personnes âgées dépendantes (EHPAD)"),
        ("501", "EHPA percevant des crédits d'assurance maladie"),
        ("502", "EHPA ne percevant pas des crédits d'assurance maladie"),
    ];

    /// These categories; `None` where one is not three digits.
    #[must_use]
    pub fn new<'a>(codes: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let codes = codes.into_iter().map(|code| is_category(code).then(|| code.to_owned()));
        codes.collect::<Option<_>>().map(Self)
    }

    /// Every category there may be.
    #[must_use]
    pub fn toutes() -> Self {
        Self((0..1000).map(|code| format!("{code:03}")).collect())
    }

    /// Their codes, in order.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn contains(&self, code: &str) -> bool {
        self.0.contains(code)
    }
}

impl Default for Categories {
    fn default() -> Self {
        Self(Self::PERSONNES_AGEES.map(|(code, _)| code.to_owned()).into())
    }
}

/// An establishment of the extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtablissementFiness {
    /// FINESS number of the establishment, its key checked.
    pub numero: String,
    /// FINESS number of the legal entity that runs it.
    pub entite_juridique: String,
    /// Its name, the long one where there is one.
    pub nom: String,
    /// Its category, three digits.
    pub categorie: String,
    /// Where it is.
    pub adresse: AdresseFiness,
    /// Its telephone, if what is written is one.
    pub telephone: Option<String>,
    /// When it opened.
    pub ouverture: Option<Date>,
}

/// The parts of an address, each empty where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdresseFiness {
    /// Number and its index (`12 B`).
    pub numero_voie: String,
    /// Code of the type de voie (R35).
    pub type_voie: String,
    /// Name of the street.
    pub libelle_voie: String,
    /// Hamlet, or box at the post.
    pub lieu_dit: String,
    /// INSEE code of the commune, made of département and commune.
    pub code_commune: String,
    /// Postal code, often a CEDEX one.
    pub code_postal: String,
    /// The town of the address's last line.
    pub localite: String,
}

/// The extract as it is read: an iterator over the establishments kept.
pub struct Extract<'c, I> {
    lines: I,
    categories: &'c Categories,
    line: usize,
    date: Option<Date>,
    /// Establishments given so far, and their lines.
    taken: HashMap<String, usize>,
    /// The file could not be read on.
    failed: bool,
}

impl<'c, I: Iterator<Item = io::Result<Vec<u8>>>> Extract<'c, I> {
    /// Begins to read lines, without their ends (`BufRead::split(b'\n')` gives such): the first must name the extract.
    pub fn new(mut lines: I, categories: &'c Categories) -> Result<Self, FinessError> {
        let wrong = |cause| FinessError { line: 1, numero: None, cause };
        let first = lines.next().ok_or(wrong(FinessCause::NotFiness))?;
        let first = decoded(&first.map_err(|error| wrong(FinessCause::Read(error.kind())))?);
        let mut fields = first.trim_start_matches('\u{feff}').split(';');
        let (Some("finess"), Some("etalab")) = (fields.next(), fields.next()) else {
            return Err(wrong(FinessCause::NotFiness));
        };
        let date = fields.nth(1).and_then(|date| date.trim().parse().ok());
        Ok(Self { lines, categories, line: 1, date, taken: HashMap::new(), failed: false })
    }

    /// The day of the extract.
    pub fn date(&self) -> Option<Date> {
        self.date
    }

    /// Lines read so far, to show progress by.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl<I: Iterator<Item = io::Result<Vec<u8>>>> Iterator for Extract<'_, I> {
    type Item = Result<EtablissementFiness, FinessError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.failed {
                return None;
            }
            let line = self.lines.next()?;
            self.line += 1;
            let (line, read) = match line {
                Ok(bytes) => {
                    let line = decoded(&bytes);
                    let read = etablissement(&line, self.categories);
                    (line, read)
                }
                Err(error) => {
                    self.failed = true;
                    (String::new(), Err(FinessCause::Read(error.kind())))
                }
            };
            let cause = match read {
                Ok(None) => continue,
                Ok(Some(kept)) => match self.taken.get(&kept.numero) {
                    Some(first) => FinessCause::Repeated { numero: kept.numero, first: *first },
                    None => {
                        self.taken.insert(kept.numero.clone(), self.line);
                        return Some(Ok(kept));
                    }
                },
                Err(cause) => cause,
            };
            let numero = line.split(';').nth(1).map(str::trim).filter(|number| format::finess(number));
            return Some(Err(FinessError { line: self.line, numero: numero.map(str::to_owned), cause }));
        }
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {cause}")]
pub struct FinessError {
    /// The line, counted from 1.
    pub line: usize,
    /// The establishment's number, where it can be read: nothing is known against that establishment.
    pub numero: Option<String>,
    /// What is wrong with it.
    pub cause: FinessCause,
}

/// Why a line is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FinessCause {
    /// Another file.
    #[error("not a FINESS extract, whose first line begins with `finess;etalab;`")]
    NotFiness,
    /// The file cannot be read on.
    #[error("cannot be read: {0}")]
    Read(io::ErrorKind),
    /// A line that is none of an establishment.
    #[error("begins with `{0}` and not with `structureet`")]
    Kind(String),
    /// Too few or too many fields.
    #[error("{0} fields where there must be {FIELDS}")]
    Fields(usize),
    /// No FINESS number.
    #[error("`{0}` is no FINESS number, or its key is wrong")]
    Number(String),
    /// An establishment that was there already.
    #[error("`{numero}` is on line {first} already")]
    Repeated {
        /// Its number.
        numero: String,
        /// The line that counts.
        first: usize,
    },
    /// No category.
    #[error("`{0}` is no category of three digits")]
    Category(String),
    /// No name.
    #[error("the establishment has no name")]
    Name,
    /// A date that is none.
    #[error("`{0}` is no date")]
    Date(String),
    /// More than an answer carries (§2.1.2, §2.1.4).
    #[error("{0} has more than {1} characters, which no answer could carry")]
    TooLong(&'static str, usize),
    /// A control character, which XML cannot carry.
    #[error("there is a control character in it")]
    Control,
}

impl EtablissementFiness {
    /// The establishment as the specification's services tell it (§2.1.4), its commune named by `tables`. An address
    /// needs a postal code.
    #[must_use]
    pub fn etablissement(&self, tables: &Nomenclatures) -> Etablissement {
        Etablissement {
            num_finiss: self.numero.clone(),
            raison_sociale: Some(self.nom.clone()),
            adresse: self.adresse.adresse(tables),
            telephone: self.telephone.clone(),
            donnees_autres: None,
        }
    }
}

impl AdresseFiness {
    /// §2.1.2. Without a street, its place takes the hamlet's name.
    fn adresse(&self, tables: &Nomenclatures) -> Option<Adresse> {
        if self.code_postal.is_empty() {
            return None;
        }
        let street = if self.libelle_voie.is_empty() { &self.lieu_dit } else { &self.libelle_voie };
        let table = |code: &str, oid: &str, name: &str, label: &str| Nomenclature {
            code: code.to_owned(),
            code_system: Some(oid.to_owned()),
            code_system_name: Some(name.to_owned()),
            code_system_version: None,
            display_name: Some(label.to_owned()),
        };
        let commune = tables.commune(&self.code_commune).unwrap_or(&self.localite);
        Some(Adresse {
            numero_voie: Prive::new(self.numero_voie.as_str()),
            type_voie: self.type_voie.clone(),
            libelle_voie: Prive::new(street.as_str()),
            code_postal: table(
                &self.code_postal,
                nomenclature::OID_CODE_POSTAL,
                nomenclature::NOM_CODE_POSTAL,
                &self.code_postal,
            ),
            localite: table(&self.code_commune, nomenclature::OID_COMMUNE, nomenclature::R13, commune),
        })
    }
}

/// The establishment of a line, `None` where its category is not asked for or the line is empty
/// or has coordinates.
fn etablissement(line: &str, categories: &Categories) -> Result<Option<EtablissementFiness>, FinessCause> {
    let line = line.trim_end_matches('\r');
    // The extract with coordinates (`cs1100507`) has them in lines of their own, after those of the establishments.
    if line.is_empty() || line.starts_with("geolocalisation;") {
        return Ok(None);
    }
    let fields: Vec<&str> = line.split(';').map(str::trim).collect();
    let Ok(fields) = <[&str; FIELDS]>::try_from(fields.as_slice()) else {
        return Err(FinessCause::Fields(fields.len()));
    };
    let [
        kind,
        numero,
        entite_juridique,
        nom_court,
        nom_long,
        _,
        _,
        numero_voie,
        type_voie,
        voie,
        index,
        lieu_dit,
        ..,
    ] = fields;
    let [
        ..,
        commune,
        departement,
        _,
        acheminement,
        telephone,
        _,
        categorie,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        ouverture,
        _,
        _,
        _,
    ] = fields;
    if kind != "structureet" {
        return Err(FinessCause::Kind(kind.to_owned()));
    }
    if !format::finess(numero) {
        return Err(FinessCause::Number(numero.to_owned()));
    }
    if !is_category(categorie) {
        return Err(FinessCause::Category(categorie.to_owned()));
    }
    if !categories.contains(categorie) {
        return Ok(None);
    }
    let nom = [nom_long, nom_court].into_iter().find(|nom| !nom.is_empty()).ok_or(FinessCause::Name)?;
    let ouverture = match ouverture {
        "" => None,
        date => Some(format::date(date).ok_or_else(|| FinessCause::Date(date.to_owned()))?),
    };
    let numero_voie = [numero_voie, index].join(" ").trim().to_owned();
    if fields.iter().any(|field| field.contains(char::is_control)) {
        return Err(FinessCause::Control);
    }
    for (what, text, most) in [
        ("the name", nom, 255),
        ("the number of the street", &numero_voie, 10),
        ("the type of way", type_voie, 10),
        ("the street", voie, 80),
        ("the hamlet", lieu_dit, 80),
        ("the last line of the address", acheminement, 100),
    ] {
        if text.chars().count() > most {
            return Err(FinessCause::TooLong(what, most));
        }
    }
    let (code_postal, localite) = last_line(acheminement);
    Ok(Some(EtablissementFiness {
        numero: numero.to_owned(),
        entite_juridique: entite_juridique.to_owned(),
        nom: nom.to_owned(),
        categorie: categorie.to_owned(),
        adresse: AdresseFiness {
            numero_voie,
            type_voie: type_voie.to_owned(),
            libelle_voie: voie.to_owned(),
            lieu_dit: lieu_dit.to_owned(),
            code_commune: code_commune(departement, commune),
            code_postal: code_postal.to_owned(),
            localite: localite.to_owned(),
        },
        telephone: (format::telephone(telephone) && telephone.len() <= 15).then(|| telephone.to_owned()),
        ouverture,
    }))
}

/// Postal code and town of an address's last line.
fn last_line(text: &str) -> (&str, &str) {
    match text.split_at_checked(5) {
        Some((code, town)) if format::code_postal(code) => (code, town.trim()),
        _ => ("", text),
    }
}

/// The INSEE code of a commune: its département and three digits. Overseas, FINESS writes `9A`, `9B` … for a
/// département whose third digit is the commune's first: 97 or 98, as the table of communes knows.
fn code_commune(departement: &str, commune: &str) -> String {
    match departement.as_bytes() {
        [b'9', b'A'..=b'Z'] => {
            let pacific = format!("98{commune}");
            if nomenclature::commune(&pacific).is_some()
                && !matches!(departement, "9A" | "9B" | "9C" | "9D" | "9E" | "9F")
            {
                pacific
            } else {
                format!("97{commune}")
            }
        }
        _ => format!("{departement}{commune}"),
    }
}

fn is_category(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Latin-1 as its writers mean it, with the letters that Windows put in place of control codes. A line that is UTF-8
/// is taken as such: no French text in Latin-1 happens to be.
fn decoded(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    /// Windows-1252 from 0x80 on; five of its places are empty.
    const WINDOWS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let windows = |byte: &u8| WINDOWS.get(usize::from(byte.checked_sub(0x80)?)).copied();
    let letter = |byte: &u8| windows(byte).unwrap_or(char::from(*byte));
    bytes.iter().map(letter).collect()
}

#[cfg(test)]
mod tests;
