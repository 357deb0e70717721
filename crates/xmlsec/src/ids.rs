//! Which attributes identify elements: one map per document, and no value twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use thiserror::Error;

use crate::document::{Attribute, Document, Kind, Node};

/// What an attribute is to the map of IDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdUse {
    /// An ID: references may name it, and its value must be the only one.
    Reference,
    /// Looks like an ID to some reader: references do not name it, but its value must not be another's.
    Reserve,
    /// No ID.
    Ignore,
}

/// Decides what is an ID. Without a DTD nothing in a document says so; formats do.
///
/// Closures over an element and one of its attributes are rules:
///
/// ```
/// use xmlsec::{Attribute, Document, IdUse, Ids, Limits, Node};
///
/// let rule = |_: Node<'_>, attribute: Attribute<'_>| {
///     if attribute.is("urn:u", "key") { IdUse::Reference } else { IdUse::Ignore }
/// };
/// let document = Document::parse(b"<a xmlns:u='urn:u'><b u:key='k1'/></a>", &Limits::default())?;
/// let ids = Ids::new(&document, &rule)?;
/// assert_eq!(ids.get("k1").unwrap().local_name(), "b");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait IdRule {
    /// What `attribute` of `element` is.
    fn classify(&self, element: Node<'_>, attribute: Attribute<'_>) -> IdUse;
}

impl<F: Fn(Node<'_>, Attribute<'_>) -> IdUse> IdRule for F {
    fn classify(&self, element: Node<'_>, attribute: Attribute<'_>) -> IdUse {
        self(element, attribute)
    }
}

/// The rule for XML Signature, XML Encryption and SAML by themselves: `Id` and `ID` without namespace are IDs, and
/// `Id`, `ID` and `id` of whatever namespace are reserved.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardIds;

impl IdRule for StandardIds {
    fn classify(&self, _: Node<'_>, attribute: Attribute<'_>) -> IdUse {
        match (attribute.local_name(), attribute.namespace()) {
            ("Id" | "ID", "") => IdUse::Reference,
            ("Id" | "ID" | "id", _) => IdUse::Reserve,
            _ => IdUse::Ignore,
        }
    }
}

/// Why a document's IDs are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// Two attributes have the same value: which element a reference names would be a matter of taste (XML Signature
    /// §4.4.3.2; the root of every wrapping attack).
    #[error("an ID stands twice (bytes {first} and {second})")]
    Duplicate {
        /// Where the first element with the ID begins.
        first: usize,
        /// Where the second begins; the same when one element has both.
        second: usize,
    },
}

/// The IDs of a document.
#[derive(Debug)]
pub struct Ids<'d> {
    document: &'d Document,
    entries: HashMap<&'d str, Identified<'d>>,
}

#[derive(Clone, Copy, Debug)]
struct Identified<'d> {
    node: Node<'d>,
    referable: bool,
    /// The element has another ID attribute.
    ambiguous: bool,
}

/// What a reference finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<'d> {
    One(Node<'d>),
    Ambiguous,
    Nothing,
}

impl<'d> Ids<'d> {
    /// Maps the IDs of the whole document.
    ///
    /// # Errors
    /// [`IdError::Duplicate`] when two attributes that are IDs or reserved have one value.
    pub fn new(document: &'d Document, rule: &dyn IdRule) -> Result<Self, IdError> {
        let mut entries: HashMap<&str, Identified<'_>> = HashMap::new();
        for (index, record) in document.records.iter().enumerate() {
            if record.kind != Kind::Element || record.attribute_count == 0 {
                continue;
            }
            let node = Node { document, index: index as u32 };
            let mut first: Option<&str> = None;
            for attribute in node.attributes() {
                let referable = match rule.classify(node, attribute) {
                    IdUse::Reference => true,
                    IdUse::Reserve => false,
                    IdUse::Ignore => continue,
                };
                let ambiguous = first.is_some();
                match entries.entry(attribute.value()) {
                    Entry::Vacant(entry) => {
                        entry.insert(Identified { node, referable, ambiguous });
                    }
                    Entry::Occupied(entry) => {
                        return Err(IdError::Duplicate {
                            first: entry.get().node.byte_range().start,
                            second: node.byte_range().start,
                        });
                    }
                }
                match first {
                    None => first = Some(attribute.value()),
                    Some(value) => {
                        if let Some(entry) = entries.get_mut(value) {
                            entry.ambiguous = true;
                        }
                    }
                }
            }
        }
        Ok(Self { document, entries })
    }

    /// The element with this ID; none when it has another ID besides.
    pub fn get(&self, id: &str) -> Option<Node<'d>> {
        match self.find(id) {
            Found::One(node) => Some(node),
            Found::Ambiguous | Found::Nothing => None,
        }
    }

    pub(crate) fn find(&self, id: &str) -> Found<'d> {
        match self.entries.get(id) {
            Some(Identified { referable: true, ambiguous: true, .. }) => Found::Ambiguous,
            Some(Identified { referable: true, node, .. }) => Found::One(*node),
            _ => Found::Nothing,
        }
    }

    /// The document whose IDs these are.
    pub fn document(&self) -> &'d Document {
        self.document
    }
}
