//! The parsed document: one text, one arena of records in document order, and handles into it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::chars;
use crate::limits::Limits;
use crate::parse::{self, ParseError};

/// The namespace to which the prefix `xml` is bound.
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// A half-open range of [`Document::text`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Element,
    Text,
    Comment,
}

/// The start tag, up to its `>`, is its own canonical form (namespace declarations apart, which it has none of).
pub(crate) const PLAIN_START: u8 = 1;
/// The end tag is its own canonical form.
pub(crate) const PLAIN_END: u8 = 2;
/// Written `<a/>`.
pub(crate) const EMPTY_TAG: u8 = 4;
/// Some attribute has a prefix.
pub(crate) const PREFIXED: u8 = 8;
/// The text must be escaped in canonical form.
pub(crate) const ESCAPE: u8 = 32;

/// The text is a CDATA section.
pub(crate) const CDATA: u8 = 64;

/// The binding of no namespace at all.
pub(crate) const NO_NAMESPACE: u32 = 0;
/// The binding of the prefix `xml`.
pub(crate) const XML_BINDING: u32 = 1;

/// One node. Everything is an index or a span: a document is four allocations however many nodes it has.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Element: the start tag. Text and comment: the content, references resolved.
    pub(crate) span: Span,
    /// Element: the end tag (empty for an empty-element tag).
    pub(crate) close: Span,
    pub(crate) parent: u32,
    /// One past the last descendant.
    pub(crate) end: u32,
    /// The namespace of the element's name.
    pub(crate) binding: u32,
    /// The innermost namespace declaration in force.
    pub(crate) scope: u32,
    pub(crate) attributes: u32,
    pub(crate) attribute_count: u32,
    pub(crate) name_length: u16,
    /// Bytes of the name up to and with the colon; 0 without prefix.
    pub(crate) prefix_length: u16,
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
}

impl Record {
    pub(crate) const NOTHING: Self = Self {
        span: Span { start: 0, end: 0 },
        close: Span { start: 0, end: 0 },
        parent: 0,
        end: 0,
        binding: NO_NAMESPACE,
        scope: NO_NAMESPACE,
        attributes: 0,
        attribute_count: 0,
        name_length: 0,
        prefix_length: 0,
        kind: Kind::Comment,
        flags: 0,
    };

    pub(crate) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(crate) const fn qualified_name(&self) -> Span {
        Span { start: self.span.start + 1, end: self.span.start + 1 + self.name_length as u32 }
    }

    const fn prefix(&self) -> Span {
        let start = self.span.start + 1;
        Span { start, end: start + (self.prefix_length as u32).saturating_sub(1) }
    }

    const fn local_name(&self) -> Span {
        let name = self.qualified_name();
        Span { start: name.start + self.prefix_length as u32, end: name.end }
    }
}

/// One attribute that is no namespace declaration. Those of an element lie in canonical order.
#[derive(Clone, Debug)]
pub(crate) struct AttributeRecord {
    pub(crate) name: Span,
    pub(crate) value: Span,
    pub(crate) binding: u32,
    pub(crate) prefix_length: u16,
    pub(crate) escape: bool,
}

impl AttributeRecord {
    pub(crate) const fn local_name(&self) -> Span {
        Span { start: self.name.start + self.prefix_length as u32, end: self.name.end }
    }
}

/// Equal for equal prefixes, and nearly always another for others: most comparisons of a look-up end with it.
pub(crate) fn prefix_key(prefix: &[u8]) -> u32 {
    prefix.iter().fold(prefix.len() as u32, |key, byte| key.wrapping_mul(31).wrapping_add(u32::from(*byte)))
}

/// A prefix bound to a namespace; the chain of `outer` leads to the declarations around it.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) prefix: Span,
    /// [`prefix_key`] of the prefix.
    pub(crate) key: u32,
    pub(crate) uri: Span,
    pub(crate) outer: u32,
    pub(crate) depth: u32,
    pub(crate) escape: bool,
}

/// How the bytes of a document were encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with a byte order mark or without.
    Utf8,
    /// UTF-16 with its byte order mark.
    Utf16,
}

/// A parsed document: immutable, owned, to be shared between threads.
///
/// ```
/// use xmlsec::{Document, Limits};
///
/// let document = Document::parse(b"<a xmlns='urn:x'><b c='1'>hello &amp; <!-- no text -->bye</b></a>", &Limits::default())?;
/// let b = document.root().child("urn:x", "b").unwrap();
/// assert_eq!(b.text(), "hello & bye");
/// assert_eq!(b.attribute("", "c"), Some("1"));
/// # Ok::<(), xmlsec::ParseError>(())
/// ```
pub struct Document {
    /// The document, then the strings that are not in it as they read (resolved references, constants).
    pub(crate) text: String,
    pub(crate) source_length: usize,
    pub(crate) records: Vec<Record>,
    pub(crate) attributes: Vec<AttributeRecord>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) encoding: Encoding,
    pub(crate) declared_encoding: Option<Span>,
    /// Some namespace name in it is a relative reference, on which C14N must fail wherever it stands.
    pub(crate) relative_namespace: bool,
}

impl Document {
    /// Parses a whole document: well-formed and namespace-well-formed XML 1.0 in UTF-8 or, with a byte order mark,
    /// UTF-16. A document type declaration or a processing instruction is refused where it begins.
    ///
    /// # Errors
    /// [`ParseError`] names the first thing wrong and where.
    pub fn parse(input: &[u8], limits: &Limits) -> Result<Self, ParseError> {
        parse::document(input, limits)
    }

    /// The root element.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, index: 0 }
    }

    /// The document as it was parsed, in UTF-8, its line ends normalised; byte ranges of nodes point into it.
    pub fn source(&self) -> &str {
        self.text.get(..self.source_length).unwrap_or_default()
    }

    /// How the bytes were encoded.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What the XML declaration says of the encoding; it has been checked against the bytes.
    pub fn declared_encoding(&self) -> Option<&str> {
        self.declared_encoding.map(|span| self.str(span))
    }

    pub(crate) fn record(&self, index: u32) -> &Record {
        self.records.get(index as usize).unwrap_or(const { &Record::NOTHING })
    }

    pub(crate) fn attributes_of(&self, record: &Record) -> &[AttributeRecord] {
        let first = record.attributes as usize;
        self.attributes.get(first..first + record.attribute_count as usize).unwrap_or_default()
    }

    pub(crate) fn str(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    pub(crate) fn uri(&self, binding: u32) -> &str {
        self.bindings.get(binding as usize).map_or("", |binding| self.str(binding.uri))
    }

    /// The binding of a prefix, seen from a scope; [`NO_NAMESPACE`] when there is none.
    pub(crate) fn look_up(&self, prefix: &str, scope: u32) -> u32 {
        let key = prefix_key(prefix.as_bytes());
        let mut at = scope;
        while at != NO_NAMESPACE {
            let Some(binding) = self.bindings.get(at as usize) else { break };
            if binding.key == key && self.str(binding.prefix) == prefix {
                return at;
            }
            at = binding.outer;
        }
        NO_NAMESPACE
    }
}

impl fmt::Debug for Document {
    /// Names the root alone: documents hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("root", &self.root()).field("bytes", &self.source_length).finish()
    }
}

/// An element of a document: a handle, cheap to copy.
///
/// What it reads is **not** known to be signed; see [`Signed`](crate::Signed).
#[derive(Clone, Copy)]
pub struct Node<'d> {
    pub(crate) document: &'d Document,
    pub(crate) index: u32,
}

impl<'d> Node<'d> {
    pub(crate) fn record(self) -> &'d Record {
        self.document.record(self.index)
    }

    /// The namespace name; empty for none.
    pub fn namespace(self) -> &'d str {
        self.document.uri(self.record().binding)
    }

    /// The name without its prefix.
    pub fn local_name(self) -> &'d str {
        self.document.str(self.record().local_name())
    }

    /// The prefix as written; empty for none.
    pub fn prefix(self) -> &'d str {
        self.document.str(self.record().prefix())
    }

    /// Whether the element has this expanded name.
    pub fn is(self, namespace: &str, local_name: &str) -> bool {
        self.local_name() == local_name && self.namespace() == namespace
    }

    /// The element's children that are elements, in order.
    pub fn children(self) -> impl Iterator<Item = Node<'d>> + Clone {
        self.child_records()
            .filter(|(_, record)| record.kind == Kind::Element)
            .map(move |(index, _)| self.at(index))
    }

    /// The first child element of that name.
    pub fn child(self, namespace: &str, local_name: &str) -> Option<Node<'d>> {
        self.children().find(|child| child.is(namespace, local_name))
    }

    /// The one child element of that name; `None` when there are several.
    pub fn only_child(self, namespace: &str, local_name: &str) -> Option<Node<'d>> {
        let mut found = self.children().filter(|child| child.is(namespace, local_name));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The element that holds this one.
    pub fn parent(self) -> Option<Node<'d>> {
        (self.index != 0).then(|| self.at(self.record().parent))
    }

    /// This element and every element within it, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Node<'d>> + Clone {
        (self.index..self.record().end)
            .filter(move |index| self.document.record(*index).kind == Kind::Element)
            .map(move |index| self.at(index))
    }

    /// Whether the element lies within `other`; nothing lies within itself.
    pub fn is_descendant_of(self, other: Node<'_>) -> bool {
        std::ptr::eq(self.document, other.document)
            && self.index > other.index
            && self.index < other.record().end
    }

    /// The value of an attribute, normalised (XML 1.0 §3.3.3).
    pub fn attribute(self, namespace: &str, local_name: &str) -> Option<&'d str> {
        self.attributes().find(|attribute| attribute.is(namespace, local_name)).map(Attribute::value)
    }

    /// The attributes, namespace declarations apart, in canonical order.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'d>> + Clone {
        let document = self.document;
        document.attributes_of(self.record()).iter().map(move |record| Attribute { document, record })
    }

    /// All text and CDATA directly in the element, as one string: what is between two comments is not lost, and a
    /// comment splits nothing.
    pub fn text(self) -> Cow<'d, str> {
        let mut texts = self.texts();
        let Some(first) = texts.next() else { return Cow::Borrowed("") };
        let Some(second) = texts.next() else { return Cow::Borrowed(first) };
        let mut whole = String::with_capacity(first.len() + second.len());
        whole.push_str(first);
        whole.push_str(second);
        whole.extend(texts);
        Cow::Owned(whole)
    }

    /// Whether the element directly holds text other than white space.
    pub fn has_text(self) -> bool {
        self.texts().any(|text| !chars::is_blank(text))
    }

    /// Whether a comment stands anywhere within the element.
    pub fn contains_comment(self) -> bool {
        (self.index..self.record().end).any(|index| self.document.record(index).kind == Kind::Comment)
    }

    /// The namespace to which a prefix is bound here; the empty prefix asks for the default namespace.
    pub fn resolve_prefix(self, prefix: &str) -> Option<&'d str> {
        let uri = self.document.uri(self.document.look_up(prefix, self.record().scope));
        (!uri.is_empty()).then_some(uri)
    }

    /// The document that holds the element.
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// Where the element stands in [`Document::source`], its tags included.
    pub fn byte_range(self) -> Range<usize> {
        let record = self.record();
        record.span.start as usize..record.close.end as usize
    }

    /// Where the element's content stands in [`Document::source`]; empty for an empty-element tag.
    pub fn content_range(self) -> Range<usize> {
        let record = self.record();
        record.span.end as usize..record.close.start as usize
    }

    fn at(self, index: u32) -> Node<'d> {
        Node { document: self.document, index }
    }

    fn child_records(self) -> ChildRecords<'d> {
        ChildRecords { document: self.document, next: self.index + 1, end: self.record().end }
    }

    fn texts(self) -> impl Iterator<Item = &'d str> {
        self.child_records()
            .filter(|(_, record)| record.kind == Kind::Text)
            .map(move |(_, record)| self.document.str(record.span))
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && std::ptr::eq(self.document, other.document)
    }
}

impl Eq for Node<'_> {}

impl std::hash::Hash for Node<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

impl fmt::Debug for Node<'_> {
    /// The name and the position alone: content is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}{} at {}", self.namespace(), self.local_name(), self.record().span.start)
    }
}

#[derive(Clone)]
struct ChildRecords<'d> {
    document: &'d Document,
    next: u32,
    end: u32,
}

impl<'d> Iterator for ChildRecords<'d> {
    type Item = (u32, &'d Record);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let index = self.next;
        let record = self.document.record(index);
        self.next = record.end.max(index + 1);
        Some((index, record))
    }
}

/// An attribute of an element.
#[derive(Clone, Copy)]
pub struct Attribute<'d> {
    document: &'d Document,
    record: &'d AttributeRecord,
}

impl<'d> Attribute<'d> {
    /// The namespace name; empty for none.
    pub fn namespace(self) -> &'d str {
        self.document.uri(self.record.binding)
    }

    /// The name without its prefix.
    pub fn local_name(self) -> &'d str {
        self.document.str(self.record.local_name())
    }

    /// Whether the attribute has this expanded name.
    pub fn is(self, namespace: &str, local_name: &str) -> bool {
        self.local_name() == local_name && self.namespace() == namespace
    }

    /// The normalised value.
    pub fn value(self) -> &'d str {
        self.document.str(self.record.value)
    }
}

impl fmt::Debug for Attribute<'_> {
    /// The name alone: values are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}{}", self.namespace(), self.local_name())
    }
}
