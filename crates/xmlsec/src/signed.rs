//! What was signed, and nothing else.

use std::borrow::Cow;
use std::fmt;

use crate::document::{Attribute, Node};

/// An element that a verified signature covers, whole. Its only origin is
/// [`Verified::signed`](crate::Verified::signed) (and, for what was signed as ciphertext,
/// [`Decrypted::signed`](crate::Decrypted::signed)); its children carry the proof on, and no way leads up or to a
/// neighbour.
///
/// What an enveloped signature leaves out of the digest, the signature itself, is not among the children. Prefixes
/// cannot be resolved: exclusive C14N leaves declarations out that no name uses, so that they are not signed.
///
/// Reading without the proof does not compile:
///
/// ```compile_fail
/// use xmlsec::{Document, Limits, Signed};
/// let document = Document::parse(b"<a/>", &Limits::default()).unwrap();
/// let signed: Signed<'_> = document.root();
/// ```
#[derive(Clone, Copy)]
pub struct Signed<'d> {
    node: Node<'d>,
    omitted: Option<Node<'d>>,
}

impl<'d> Signed<'d> {
    /// Only verification makes one.
    pub(crate) fn new(node: Node<'d>, omitted: Option<Node<'d>>) -> Self {
        Self { node, omitted: omitted.filter(|omitted| omitted.is_descendant_of(node)) }
    }

    /// The element and what its signature leaves out of it.
    pub(crate) fn into_parts(self) -> (Node<'d>, Option<Node<'d>>) {
        (self.node, self.omitted)
    }

    /// The namespace name; empty for none.
    pub fn namespace(self) -> &'d str {
        self.node.namespace()
    }

    /// The name without its prefix.
    pub fn local_name(self) -> &'d str {
        self.node.local_name()
    }

    /// Whether the element has this expanded name.
    pub fn is(self, namespace: &str, local_name: &str) -> bool {
        self.node.is(namespace, local_name)
    }

    /// The element's children that are elements, in order.
    pub fn children(self) -> impl Iterator<Item = Signed<'d>> + Clone {
        self.node
            .children()
            .filter(move |child| Some(*child) != self.omitted)
            .map(move |child| self.below(child))
    }

    /// The first child element of that name.
    pub fn child(self, namespace: &str, local_name: &str) -> Option<Signed<'d>> {
        self.children().find(|child| child.is(namespace, local_name))
    }

    /// The one child element of that name; `None` when there are several.
    pub fn only_child(self, namespace: &str, local_name: &str) -> Option<Signed<'d>> {
        let mut found = self.children().filter(|child| child.is(namespace, local_name));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// This element and every element within it, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Signed<'d>> + Clone {
        let omitted = self.omitted;
        self.node
            .descendants()
            .filter(move |node| {
                !omitted.is_some_and(|omitted| *node == omitted || node.is_descendant_of(omitted))
            })
            .map(move |node| self.below(node))
    }

    /// The value of an attribute, normalised.
    pub fn attribute(self, namespace: &str, local_name: &str) -> Option<&'d str> {
        self.node.attribute(namespace, local_name)
    }

    /// The attributes, namespace declarations apart, in canonical order.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'d>> + Clone {
        self.node.attributes()
    }

    /// All text and CDATA directly in the element, as one string. Comments are not signed and split nothing.
    pub fn text(self) -> Cow<'d, str> {
        self.node.text()
    }

    /// Whether the element directly holds text other than white space.
    pub fn has_text(self) -> bool {
        self.node.has_text()
    }

    /// Where the element begins in [`Document::source`](crate::Document::source), for diagnostics.
    pub fn position(self) -> usize {
        self.node.byte_range().start
    }

    fn below(self, node: Node<'d>) -> Signed<'d> {
        Signed::new(node, self.omitted)
    }
}

impl PartialEq for Signed<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl Eq for Signed<'_> {}

impl PartialEq<Node<'_>> for Signed<'_> {
    fn eq(&self, other: &Node<'_>) -> bool {
        self.node == *other
    }
}

impl fmt::Debug for Signed<'_> {
    /// The name and the position alone: content is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signed {:?}", self.node)
    }
}
