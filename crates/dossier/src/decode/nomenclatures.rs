//! Coded values against their tables (decisions §4, §9).

use xmlsec::Signed;

use super::constats::Constats;
use super::lecteur::Objet;
use super::valeurs::borne;
use crate::code_retour::Code;
use crate::format;
use crate::model::Nomenclature;
use crate::nomenclature::{Nomenclatures, departement_connu};

pub(super) use crate::nomenclature::NomTable as Table;

/// The code of a value outside its table.
fn code_retour(table: Table) -> Code {
    match table {
        Table::Civilite => Code::Civilite,
        Table::Commune => Code::Commune,
        Table::CodePostal => Code::CodePostal,
        Table::TypeVoie => Code::TypeVoie,
        Table::Pays | Table::TypeContact => Code::HorsNomenclature,
    }
}

/// The DisplayName of a known code.
fn label(table: Table, code: &str, tables: &Nomenclatures) -> Option<String> {
    match table {
        Table::Civilite => tables.civilite(code).map(str::to_owned),
        Table::Commune => tables.commune(code).map(str::to_owned),
        Table::Pays => tables.pays(code).map(str::to_owned),
        Table::TypeContact => tables.type_contact(code).map(str::to_owned),
        // the DisplayName of a postal code is the code
        Table::CodePostal => tables.code_postal_connu(code).then(|| code.to_owned()),
        // a string in the contract, which has no DisplayName
        Table::TypeVoie => None,
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

    let known = label(table, &given.code, &constats.tables);
    let mut refuse = |code: Code| {
        constats.noter(code, chemin, Some(element));
        None
    };
    if table == Table::CodePostal && !format::code_postal(&given.code) {
        return refuse(Code::FormatIncompatible);
    }
    if given.code_system.as_deref().is_some_and(|oid| Table::from_oid(oid) != Some(table)) {
        return refuse(code_retour(table));
    }
    if given.code_system.is_some() {
        // a misprinted OID was taken for the right one: answers carry the right one (decisions §9)
        given.code_system = Some(table.oid().to_owned());
    }
    if let Some(label) = known {
        return Some(Nomenclature {
            code_system: Some(table.oid().to_owned()),
            code_system_name: Some(table.nom().to_owned()),
            display_name: Some(label),
            ..given
        });
    }
    match table {
        Table::CodePostal if !departement_connu(&given.code) => refuse(Code::Departement),
        Table::CodePostal => {
            given.display_name.get_or_insert_with(|| given.code.clone());
            Some(given)
        }
        // §2.2.1: the civilité is the exception, an unknown code has no DisplayName that would do
        Table::Civilite => refuse(Code::Civilite),
        _ if given.display_name.is_some() => Some(given),
        _ => refuse(code_retour(table)),
    }
}
