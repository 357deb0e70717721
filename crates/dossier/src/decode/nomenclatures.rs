//! Coded values against their tables (decisions §4, §9).

use xmlsec::Signed;

use super::constats::Constats;
use super::demandeur::borne;
use super::lecteur::Objet;
use crate::code_retour::Code;
use crate::model::Nomenclature;
use crate::{format, nomenclature as tables};

/// Which table a field is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Civilite,
    Commune,
    Pays,
    CodePostal,
    TypeContact,
}

impl Table {
    fn oid(self) -> &'static str {
        match self {
            Self::Civilite => tables::OID_CIVILITE,
            Self::Commune => tables::OID_COMMUNE,
            Self::Pays => tables::OID_PAYS,
            Self::CodePostal => tables::OID_CODE_POSTAL,
            Self::TypeContact => tables::TYPE_CONTACT,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Civilite => "R81",
            Self::Commune => "R13",
            Self::Pays => "R20",
            Self::CodePostal => "CodePostal",
            Self::TypeContact => "TypeContact",
        }
    }

    /// The code of a value outside the table.
    fn code_retour(self) -> Code {
        match self {
            Self::Civilite => Code::Civilite,
            Self::Commune => Code::Commune,
            Self::CodePostal => Code::CodePostal,
            Self::Pays | Self::TypeContact => Code::HorsNomenclature,
        }
    }

    /// The DisplayName of a known code.
    fn label(self, code: &str) -> Option<String> {
        match self {
            Self::Civilite => tables::civilite(code).map(str::to_owned),
            Self::Commune => tables::commune(code).map(str::to_owned),
            Self::Pays => tables::pays(code).map(str::to_owned),
            Self::TypeContact => tables::type_contact(code).map(str::to_owned),
            // the DisplayName of a postal code is the code
            Self::CodePostal => tables::code_postal_connu(code).then(|| code.to_owned()),
        }
    }

    /// The misprinted OID of §2.2.1 is taken for R13's: a partner who followed it to the letter sends it.
    fn accepts(self, oid: &str) -> bool {
        oid == self.oid() || (self == Self::Commune && oid == tables::OID_COMMUNE_FAUTE)
    }
}

/// Reads a Nomenclature at `chemin`. A known code comes back with the table's own words, an unknown one as given.
pub(super) fn nomenclature(
    element: Signed<'_>,
    chemin: &str,
    table: Table,
    constats: &mut Constats,
) -> Option<Nomenclature> {
    let members = ["Code", "CodeSystem", "CodeSystemName", "CodeSystemVersion", "DisplayName"];
    let objet = Objet::ouvrir(element, chemin, &members, constats);
    let code =
        objet.texte_obligatoire("Code", constats).and_then(|code| borne(&objet, "Code", code, 15, constats));
    let mut optional = |name: &str, max| {
        let text = objet.texte(name, constats)?;
        borne(&objet, name, text, max, constats)
    };
    let mut given = Nomenclature {
        code: String::new(),
        code_system: optional("CodeSystem", 50),
        code_system_name: optional("CodeSystemName", 50),
        code_system_version: optional("CodeSystemVersion", 50),
        display_name: optional("DisplayName", 100),
    };
    given.code = code?;

    let mut refuse = |code: Code| {
        constats.noter(code, chemin, Some(element));
        None
    };
    if table == Table::CodePostal && !format::code_postal(&given.code) {
        return refuse(Code::FormatIncompatible);
    }
    if given.code_system.as_deref().is_some_and(|oid| !table.accepts(oid)) {
        return refuse(table.code_retour());
    }
    if given.code_system.is_some() {
        // a misprinted OID was taken for the right one: answers carry the right one (decisions §9)
        given.code_system = Some(table.oid().to_owned());
    }
    if let Some(label) = table.label(&given.code) {
        return Some(Nomenclature {
            code_system: Some(table.oid().to_owned()),
            code_system_name: Some(table.name().to_owned()),
            display_name: Some(label),
            ..given
        });
    }
    match table {
        Table::CodePostal if !tables::departement_connu(&given.code) => refuse(Code::Departement),
        Table::CodePostal => {
            given.display_name.get_or_insert_with(|| given.code.clone());
            Some(given)
        }
        // §2.2.1: the civilité is the exception, an unknown code has no DisplayName that would do
        Table::Civilite => refuse(Code::Civilite),
        _ if given.display_name.is_some() => Some(given),
        _ => refuse(table.code_retour()),
    }
}
