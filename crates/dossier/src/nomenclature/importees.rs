//! The built-in tables with what an operator imported over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::table::Table;
use super::{
    CIVILITES, CODES_POSTAUX, COMMUNES, NOM_CODE_POSTAL, NOM_TYPE_CONTACT, NomTable, OID_CIVILITE,
    OID_CODE_POSTAL, OID_COMMUNE, OID_COMMUNE_FAUTE, OID_PAYS, OID_TYPE_VOIE, PAYS, R13, R20, R35, R81,
    TYPE_CONTACT, TYPES_VOIE, plain,
};

impl NomTable {
    /// Every table that a field of chapter 2 is checked against.
    pub const TOUTES: [Self; 6] =
        [Self::Civilite, Self::Commune, Self::Pays, Self::TypeVoie, Self::CodePostal, Self::TypeContact];

    /// Its code system: an OID, or a name where the specification gives none (decisions §4).
    #[must_use]
    pub const fn oid(self) -> &'static str {
        match self {
            Self::Civilite => OID_CIVILITE,
            Self::Commune => OID_COMMUNE,
            Self::Pays => OID_PAYS,
            Self::TypeVoie => OID_TYPE_VOIE,
            Self::CodePostal => OID_CODE_POSTAL,
            Self::TypeContact => TYPE_CONTACT,
        }
    }

    /// Its short name, the CodeSystemName of answers (decisions §9).
    #[must_use]
    pub const fn nom(self) -> &'static str {
        match self {
            Self::Civilite => R81,
            Self::Commune => R13,
            Self::Pays => R20,
            Self::TypeVoie => R35,
            Self::CodePostal => NOM_CODE_POSTAL,
            Self::TypeContact => NOM_TYPE_CONTACT,
        }
    }

    /// The table of a code system. The misprint of §2.2.1 is taken for R13 (decisions §9).
    #[must_use]
    pub fn from_oid(oid: &str) -> Option<Self> {
        if oid == OID_COMMUNE_FAUTE {
            return Some(Self::Commune);
        }
        Self::TOUTES.into_iter().find(|table| table.oid() == oid)
    }

    /// The table that lies in the executable; the types of contact stand in the code instead.
    fn integree(self) -> Option<&'static Table> {
        match self {
            Self::Civilite => Some(&CIVILITES),
            Self::Commune => Some(&COMMUNES),
            Self::Pays => Some(&PAYS),
            Self::TypeVoie => Some(&TYPES_VOIE),
            Self::CodePostal => Some(&CODES_POSTAUX),
            Self::TypeContact => None,
        }
    }

    /// How many entries are built in, and from where they come (`data/README.md`).
    #[must_use]
    pub fn origine(self) -> Origine {
        let (version, source) = match self {
            Self::Civilite => ("2016-09-01", "ANS, NOS, TRE_R81-Civilite"),
            Self::Commune => ("2026", "INSEE, Code officiel géographique"),
            Self::Pays => ("2025", "INSEE, Code officiel géographique (NOS R20)"),
            Self::TypeVoie => ("last edition", "ANS, NOS, TRE_R35-TypeVoie (retired), codes and labels"),
            Self::CodePostal => ("2026", "La Poste, base officielle; DGFiP, FIMOCT"),
            Self::TypeContact => ("1.3", "the specification, §2.3.2"),
        };
        let entrees = self.integree().map_or(TYPES_CONTACT, |table| table.entries().count());
        Origine { version, source, entrees }
    }
}

/// Types of contact of §2.3.2.
const TYPES_CONTACT: usize = 3;

/// Where a built-in table comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origine {
    /// The edition.
    pub version: &'static str,
    /// Who publishes it, and under what name.
    pub source: &'static str,
    /// How many codes there are.
    pub entrees: usize,
}

/// What requests are checked against: the built-in tables, and over each what was imported of it.
///
/// An import adds codes and renames them; it takes none away. The ANS ends a code by a date and keeps it in the file, and
/// people were born in communes that are gone: what is no longer valid stays known (decisions §9). So a code is looked
/// for in what was imported, then in what is built in, and a look-up allocates nothing in either.
///
/// Cheap to clone: whoever has one keeps it as it is, whatever is imported meanwhile.
#[derive(Clone, Debug, Default)]
pub struct Nomenclatures(Option<Arc<Importees>>);

#[derive(Debug, Default)]
struct Importees {
    civilites: Option<Table>,
    communes: Option<Table>,
    pays: Option<Table>,
    types_voie: Option<Table>,
    codes_postaux: Option<Table>,
    types_contact: Option<Table>,
}

impl Importees {
    fn table(&mut self, table: NomTable) -> &mut Option<Table> {
        match table {
            NomTable::Civilite => &mut self.civilites,
            NomTable::Commune => &mut self.communes,
            NomTable::Pays => &mut self.pays,
            NomTable::TypeVoie => &mut self.types_voie,
            NomTable::CodePostal => &mut self.codes_postaux,
            NomTable::TypeContact => &mut self.types_contact,
        }
    }
}

/// Gathers what was imported, code by code, in any order of tables.
#[derive(Debug, Default)]
pub struct Assemblage(BTreeMap<NomTable, BTreeMap<String, String>>);

impl Assemblage {
    /// Adds a code with its label. Of two labels of one code the one added last names it.
    pub fn ajouter(&mut self, table: NomTable, code: &str, libelle: &str) {
        let entries = self.0.entry(table).or_default();
        match table {
            // Both are looked up, in capital letters and without accents (decisions §4).
            NomTable::TypeVoie => {
                for text in [code, libelle] {
                    entries.insert(plain(text).collect(), String::new());
                }
            }
            // The DisplayName of a postal code is the code (decisions §9).
            NomTable::CodePostal => {
                entries.insert(code.to_owned(), String::new());
            }
            _ => {
                entries.insert(code.to_owned(), libelle.to_owned());
            }
        }
    }

    /// The tables, ready to be searched.
    #[must_use]
    pub fn nomenclatures(self) -> Nomenclatures {
        if self.0.is_empty() {
            return Nomenclatures::default();
        }
        let mut importees = Importees::default();
        for (table, entries) in self.0 {
            *importees.table(table) = Some(Table::of(&entries));
        }
        Nomenclatures(Some(Arc::new(importees)))
    }
}

impl Nomenclatures {
    /// The label of a civilité, the deprecated `MLLE` included.
    #[must_use]
    pub fn civilite(&self, code: &str) -> Option<&str> {
        self.importee(|tables| &tables.civilites, code).or_else(|| super::civilite(code))
    }

    /// The label of a commune: present, former, délégué, associated, or an arrondissement.
    #[must_use]
    pub fn commune(&self, code: &str) -> Option<&str> {
        self.importee(|tables| &tables.communes, code).or_else(|| super::commune(code))
    }

    /// The label of a pays, present or former.
    #[must_use]
    pub fn pays(&self, code: &str) -> Option<&str> {
        self.importee(|tables| &tables.pays, code).or_else(|| super::pays(code))
    }

    /// The label of a type of contact (§2.3.2).
    #[must_use]
    pub fn type_contact(&self, code: &str) -> Option<&str> {
        self.importee(|tables| &tables.types_contact, code).or_else(|| super::type_contact(code))
    }

    /// Whether a text is a code or a label of the types de voie (R35), case and accents aside.
    #[must_use]
    pub fn type_voie(&self, texte: &str) -> bool {
        let imported = self.0.as_ref().and_then(|tables| tables.types_voie.as_ref());
        imported.is_some_and(|table| table.find(|key| key.chars().cmp(plain(texte))).is_some())
            || super::type_voie(texte)
    }

    /// Whether a postal code is known. CEDEX codes are in no table, and real addresses do use them.
    #[must_use]
    pub fn code_postal_connu(&self, code: &str) -> bool {
        self.importee(|tables| &tables.codes_postaux, code).is_some() || super::code_postal_connu(code)
    }

    /// Whether a table has this code.
    #[must_use]
    pub fn connait(&self, table: NomTable, code: &str) -> bool {
        match table {
            NomTable::Civilite => self.civilite(code).is_some(),
            NomTable::Commune => self.commune(code).is_some(),
            NomTable::Pays => self.pays(code).is_some(),
            NomTable::TypeVoie => self.type_voie(code),
            NomTable::CodePostal => self.code_postal_connu(code),
            NomTable::TypeContact => self.type_contact(code).is_some(),
        }
    }

    /// Bytes that what was imported takes.
    #[must_use]
    pub fn octets(&self) -> usize {
        let Some(tables) = &self.0 else { return 0 };
        let all = [
            &tables.civilites,
            &tables.communes,
            &tables.pays,
            &tables.types_voie,
            &tables.codes_postaux,
            &tables.types_contact,
        ];
        all.into_iter().flatten().map(Table::size).sum()
    }

    /// All codes of a table with their labels: what was imported, then what is built in, so that a code may come twice.
    pub(super) fn entrees(&self, table: NomTable) -> impl Iterator<Item = (&str, &str)> {
        let imported = self.0.as_deref().and_then(|tables| match table {
            NomTable::Civilite => tables.civilites.as_ref(),
            NomTable::Commune => tables.communes.as_ref(),
            NomTable::Pays => tables.pays.as_ref(),
            NomTable::TypeVoie => tables.types_voie.as_ref(),
            NomTable::CodePostal => tables.codes_postaux.as_ref(),
            NomTable::TypeContact => tables.types_contact.as_ref(),
        });
        imported.into_iter().chain(table.integree()).flat_map(Table::entries)
    }

    fn importee(&self, table: impl Fn(&Importees) -> &Option<Table>, code: &str) -> Option<&str> {
        self.0.as_deref().and_then(|tables| table(tables).as_ref()).and_then(|table| table.label(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported(rows: &[(NomTable, &str, &str)]) -> Nomenclatures {
        let mut assemblage = Assemblage::default();
        for (table, code, libelle) in rows {
            assemblage.ajouter(*table, code, libelle);
        }
        assemblage.nomenclatures()
    }

    #[test]
    fn what_is_imported_lies_over_what_is_built_in() {
        let tables = imported(&[
            (NomTable::Commune, "01999", "Valromey-Neuf"),
            (NomTable::Commune, "01053", "Bourg en Bresse"),
            (NomTable::Pays, "99999", "Syldavie"),
            (NomTable::Civilite, "MX", "Mix"),
            (NomTable::TypeContact, "3", "Médecin traitant"),
            (NomTable::CodePostal, "01012", "Bourg-en-Bresse Cedex"),
            (NomTable::TypeVoie, "SEF", "Sentine fleurie"),
        ]);
        let plain = Nomenclatures::default();
        type Label = for<'t> fn(&'t Nomenclatures, &str) -> Option<&'t str>;
        let rows: [(Label, &str, Option<&str>, Option<&str>); 9] = [
            (Nomenclatures::commune, "01999", None, Some("Valromey-Neuf")),
            (Nomenclatures::commune, "01053", Some("Bourg-en-Bresse"), Some("Bourg en Bresse")),
            (Nomenclatures::commune, "01004", Some("Ambérieu-en-Bugey"), Some("Ambérieu-en-Bugey")),
            (Nomenclatures::commune, "01998", None, None),
            (Nomenclatures::pays, "99999", None, Some("Syldavie")),
            (Nomenclatures::pays, "99100", Some("France"), Some("France")),
            (Nomenclatures::civilite, "MX", None, Some("Mix")),
            (Nomenclatures::civilite, "MLLE", Some("Mademoiselle"), Some("Mademoiselle")),
            (Nomenclatures::type_contact, "3", None, Some("Médecin traitant")),
        ];
        for (label, code, built_in, over) in rows {
            assert_eq!(label(&plain, code), built_in, "{code}");
            assert_eq!(label(&tables, code), over, "{code}");
        }
        for known in ["01012", "01000"] {
            assert!(tables.code_postal_connu(known), "{known}");
        }
        assert!(!plain.code_postal_connu("01012") && !tables.code_postal_connu("01013"));
        for known in ["sef", "SENTINE FLEURIE", "Rue"] {
            assert!(tables.type_voie(known), "{known}");
        }
        assert!(!plain.type_voie("sef") && !tables.type_voie("sentine"));
        for (table, code) in [
            (NomTable::Commune, "01999"),
            (NomTable::Pays, "99999"),
            (NomTable::Civilite, "MX"),
            (NomTable::TypeContact, "3"),
            (NomTable::CodePostal, "01012"),
            (NomTable::TypeVoie, "SEF"),
        ] {
            assert_eq!((plain.connait(table, code), tables.connait(table, code)), (false, true), "{code}");
        }
        assert!(plain.octets() == 0 && tables.octets() > 50);
    }

    #[test]
    fn every_table_has_a_name_an_oid_and_an_origin() {
        for table in NomTable::TOUTES {
            assert_eq!(NomTable::from_oid(table.oid()), Some(table));
            assert!(table.origine().entrees >= 3 && !table.nom().is_empty());
        }
        assert_eq!(NomTable::from_oid(OID_COMMUNE_FAUTE), Some(NomTable::Commune));
        assert_eq!(NomTable::from_oid("1.2.250.1.213.1.6.1.11"), None);
        assert_eq!(NomTable::TypeContact.origine().entrees, TYPES_CONTACT);
        assert!((0..TYPES_CONTACT).all(|code| super::super::type_contact(&code.to_string()).is_some()));
    }
}
