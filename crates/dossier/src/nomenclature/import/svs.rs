//! SVS XML (IHE Sharing Value Sets), with the dates by which the ANS extends it.

use xmlsec::{Document, Limits, Node};

use super::{Concept, ImportCause, ImportError, NosTable, instant, oid};

const SVS: &str = "urn:ihe:iti:svs:2008";

/// A table of all communes is some 20 MB; it comes from an operator, not from the network.
const LIMITS_BYTES: usize = 64 << 20;

pub(super) fn read(text: &str) -> Result<NosTable, ImportError> {
    let limits = Limits { bytes: LIMITS_BYTES, nodes: 1_000_000, ..Limits::default() };
    let document = Document::parse(text.as_bytes(), &limits)
        .map_err(|error| ImportError::at(text.as_bytes(), error.offset, ImportCause::Xml(error.cause)))?;
    let root = document.root();
    let set = root.only_child(SVS, "ValueSet").filter(|_| root.is(SVS, "RetrieveValueSetResponse"));
    let set = set.ok_or_else(|| wrong(root, ImportCause::NotSvs))?;
    let table = attribute(set, "id").and_then(oid).ok_or_else(|| wrong(set, ImportCause::NoOid))?;
    let nom = attribute(set, "displayName").ok_or_else(|| wrong(set, ImportCause::NoName))?;
    let mut concepts = Vec::new();
    for list in set.children().filter(|list| list.is(SVS, "ConceptList")) {
        for node in list.children().filter(|node| node.is(SVS, "Concept") || node.is(SVS, "concept")) {
            concepts.push(concept(node, table)?);
        }
    }
    if concepts.is_empty() {
        return Err(wrong(set, ImportCause::NoConcept));
    }
    let date = |name| date(set, name);
    let mise_a_jour = match date("dateMaj")? {
        None => date("revisionDate")?,
        given => given,
    };
    let nom = nom.strip_suffix(".tabs").unwrap_or(nom);
    let version = attribute(set, "version").map(str::to_owned);
    Ok(NosTable { version, ..NosTable::new(table.to_owned(), nom.to_owned(), mise_a_jour, concepts) })
}

fn concept(node: Node<'_>, table: &str) -> Result<Concept, ImportError> {
    let code = attribute(node, "code").ok_or_else(|| wrong(node, ImportCause::NoCode))?;
    let systeme = match attribute(node, "codeSystem") {
        None => table,
        Some(given) => oid(given).ok_or_else(|| wrong(node, ImportCause::NoOid))?,
    };
    let libelle =
        attribute(node, "displayName").ok_or_else(|| wrong(node, ImportCause::NoLabel(code.to_owned())))?;
    let concept = Concept {
        systeme: systeme.to_owned(),
        code: code.to_owned(),
        libelle: libelle.to_owned(),
        valide: date(node, "dateValid")?,
        fin: date(node, "dateFin")?,
        mise_a_jour: date(node, "dateMaj")?,
    };
    concept.tient().map_err(|cause| wrong(node, cause))?;
    Ok(concept)
}

fn date(node: Node<'_>, name: &str) -> Result<Option<jiff::civil::DateTime>, ImportError> {
    instant(attribute(node, name).unwrap_or_default()).map_err(|cause| wrong(node, cause))
}

/// An attribute that says something.
fn attribute<'d>(node: Node<'d>, name: &str) -> Option<&'d str> {
    node.attribute("", name).map(str::trim).filter(|value| !value.is_empty())
}

fn wrong(node: Node<'_>, cause: ImportCause) -> ImportError {
    ImportError::at(node.document().source().as_bytes(), node.byte_range().start, cause)
}
