//! Exclusive XML Canonicalization 1.0 (W3C Recommendation, 18 July 2002), with comments and without.
//!
//! The walk is one loop over the records of the subtree. Whatever the source already holds in canonical form (text
//! without escapes, tags without declarations whose attributes stand in order) is copied from it, and neighbours
//! are copied in one piece.

use thiserror::Error;

use crate::document::{
    AttributeRecord, Document, EMPTY_TAG, ESCAPE, Kind, NO_NAMESPACE, Node, PLAIN_END, PLAIN_START, PREFIXED,
    Record, Span, XML_BINDING, XML_NAMESPACE,
};
use crate::escape;

/// How to canonicalise: exclusive C14N, and what the caller or the message adds to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Canonicalization<'p> {
    /// Whether comments are kept (`http://www.w3.org/2001/10/xml-exc-c14n#WithComments`).
    pub with_comments: bool,
    /// The `InclusiveNamespaces PrefixList`, in any order; `#default` stands for the default namespace. Prefixes
    /// that are not in scope have no effect.
    pub prefixes: &'p [&'p str],
}

/// Why there is no canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum C14nError {
    /// A namespace name somewhere in the document is a relative reference, on which canonicalisation must fail
    /// (C14N 1.0 §1.3).
    #[error("a namespace name is relative")]
    RelativeNamespace,
    /// The element to leave out is not within the element canonicalised.
    #[error("what is to be left out is not within the element")]
    OmittedElsewhere,
    /// The tree contradicts itself; a fault of this crate.
    #[error("the tree is inconsistent")]
    Inconsistent,
}

/// Appends the canonical form of the subtree at `node` to `out`; `omit` is a subtree left out of it, as the
/// enveloped-signature transform demands.
///
/// ```
/// use xmlsec::{Canonicalization, Document, Limits, canonicalize};
///
/// let document = Document::parse(b"<a xmlns:u='urn:u' xmlns:x='urn:x'><x:b z='1'  y='2'/></a>", &Limits::default())?;
/// let mut out = Vec::new();
/// canonicalize(document.root().children().next().unwrap(), &Canonicalization::default(), None, &mut out)?;
/// assert_eq!(out, br#"<x:b xmlns:x="urn:x" y="2" z="1"></x:b>"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`C14nError`]; `out` may then hold a part of the form, which must not be used.
pub fn canonicalize(
    node: Node<'_>,
    how: &Canonicalization<'_>,
    omit: Option<Node<'_>>,
    out: &mut Vec<u8>,
) -> Result<(), C14nError> {
    Walk::new(node, how, out).run(omit, false)
}

/// The inclusive canonical form (C14N 1.0 §2, with comments or without) of the subtree at `node`: every namespace in scope
/// at the apex, used or not, and the `xml:` attributes that it inherits. To explain a digest that another program made
/// otherwise than it says: no verifier of this crate takes it. C14N 1.1 differs in `xml:id`, which is not inherited
/// (`version_1_1`), and in joining `xml:base`, which is not done here.
///
/// # Errors
/// As [`canonicalize`].
pub fn canonicalize_inclusive(
    node: Node<'_>,
    with_comments: bool,
    version_1_1: bool,
    omit: Option<Node<'_>>,
    out: &mut Vec<u8>,
) -> Result<(), C14nError> {
    let mut walk = Walk::new(node, &Canonicalization { with_comments, prefixes: &[] }, out);
    walk.inclusive = true;
    walk.inherited = inherited(node, version_1_1);
    walk.run(omit, false)
}

/// C14N 1.0 §2.4: attributes of the namespace `xml` on the ancestors, the nearest of each name, which the apex has not itself.
fn inherited(node: Node<'_>, version_1_1: bool) -> Vec<&AttributeRecord> {
    let document = node.document;
    let mut found: Vec<&AttributeRecord> = Vec::new();
    let mut here = node;
    while let Some(above) = here.parent() {
        for attribute in document.attributes_of(above.record()) {
            let name = document.str(attribute.local_name());
            let known = found.iter().any(|other| document.str(other.local_name()) == name)
                || node.attribute(XML_NAMESPACE, name).is_some();
            if attribute.binding == XML_BINDING && !known && !(version_1_1 && name == "id") {
                found.push(attribute);
            }
        }
        here = above;
    }
    found
}

/// The exclusive form, with `xmlns=""` on the apex when no default namespace is in scope there: what the transforms demand
/// that splice one subtree into another's place.
pub(crate) fn canonicalize_spliced(
    node: Node<'_>,
    how: &Canonicalization<'_>,
    out: &mut Vec<u8>,
) -> Result<(), C14nError> {
    Walk::new(node, how, out).run(None, true)
}

/// A namespace that an element of the output declares or repeats.
#[derive(Clone, Copy)]
struct Rendered {
    binding: u32,
    /// [`Binding::key`](crate::document::Binding::key).
    key: u32,
}

/// An element whose end tag is not yet written.
struct Open {
    index: u32,
    rendered: usize,
}

struct Walk<'d, 'o> {
    document: &'d Document,
    apex: u32,
    with_comments: bool,
    /// The PrefixList, sorted, `#default` as the empty prefix.
    prefixes: Vec<&'d str>,
    /// As if the PrefixList named every prefix.
    inclusive: bool,
    /// Attributes that the apex takes over from its ancestors.
    inherited: Vec<&'d AttributeRecord>,
    rendered: Vec<Rendered>,
    open: Vec<Open>,
    /// Declarations of the element at hand.
    fresh: Vec<u32>,
    out: Output<'d, 'o>,
}

impl<'d, 'o> Walk<'d, 'o> {
    fn new<'p: 'd>(node: Node<'d>, how: &Canonicalization<'p>, out: &'o mut Vec<u8>) -> Self {
        let mut prefixes: Vec<&str> =
            how.prefixes.iter().map(|prefix| if *prefix == "#default" { "" } else { prefix }).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        Self {
            document: node.document,
            apex: node.index,
            with_comments: how.with_comments,
            prefixes,
            inclusive: false,
            inherited: Vec::new(),
            rendered: Vec::with_capacity(16),
            open: Vec::with_capacity(16),
            fresh: Vec::with_capacity(8),
            out: Output { source: node.document.text.as_bytes(), pending: 0..0, out },
        }
    }

    fn run(mut self, omit: Option<Node<'_>>, spliced: bool) -> Result<(), C14nError> {
        if self.document.relative_namespace {
            return Err(C14nError::RelativeNamespace);
        }
        let end = self.document.record(self.apex).end;
        let apex = Node { document: self.document, index: self.apex };
        let omitted = match omit {
            None => u32::MAX,
            Some(node) if node.is_descendant_of(apex) => node.index,
            Some(_) => return Err(C14nError::OmittedElsewhere),
        };
        let mut index = self.apex;
        while index < end {
            let record = self.document.records.get(index as usize).ok_or(C14nError::Inconsistent)?;
            self.close_before(index)?;
            if index == omitted {
                index = record.end;
                continue;
            }
            match record.kind {
                Kind::Element => self.start(index, record, spliced)?,
                Kind::Text => self.text(record)?,
                Kind::Comment if self.with_comments => {
                    self.out.bytes(b"<!--")?;
                    self.out.span(record.span)?;
                    self.out.bytes(b"-->")?;
                }
                Kind::Comment => {}
            }
            index += 1;
        }
        self.close_before(u32::MAX)?;
        self.out.flush()
    }

    /// Ends the elements that are over before `index`.
    fn close_before(&mut self, index: u32) -> Result<(), C14nError> {
        while let Some(open) = self.open.last() {
            let record = self.document.record(open.index);
            if record.end > index {
                break;
            }
            if record.has(PLAIN_END) {
                self.out.span(record.close)?;
            } else {
                self.out.bytes(b"</")?;
                self.out.span(record.qualified_name())?;
                self.out.bytes(b">")?;
            }
            self.rendered.truncate(open.rendered);
            self.open.pop();
        }
        Ok(())
    }

    fn text(&mut self, record: &Record) -> Result<(), C14nError> {
        if record.has(PLAIN_START) {
            // The span of the text as written.
            self.out.span(record.close)
        } else if record.has(ESCAPE) {
            self.out.flush()?;
            escape::text(self.out.slice(record.span)?, self.out.out);
            Ok(())
        } else {
            self.out.span(record.span)
        }
    }

    /// Exclusive C14N §3: the namespaces that the element visibly uses, and those of the PrefixList, when the output
    /// around it does not say so already.
    fn start(&mut self, index: u32, record: &'d Record, spliced: bool) -> Result<(), C14nError> {
        let before = self.rendered.len();
        self.fresh.clear();
        self.need(record.binding);
        if record.has(PREFIXED) {
            for attribute in self.document.attributes_of(record) {
                if attribute.binding != NO_NAMESPACE {
                    self.need(attribute.binding);
                }
            }
        }
        if self.inclusive || !self.prefixes.is_empty() {
            self.need_listed(index, record);
        }
        let default_here = spliced
            && index == self.apex
            && self.document.uri(self.document.look_up("", record.scope)).is_empty();
        if index == self.apex && !self.inherited.is_empty() {
            self.write_start_inheriting(record)?;
        } else {
            self.write_start(record, default_here)?;
        }
        self.open.push(Open { index, rendered: before });
        Ok(())
    }

    fn write_start(&mut self, record: &'d Record, undeclare_default: bool) -> Result<(), C14nError> {
        let plain = record.has(PLAIN_START);
        let name = record.qualified_name();
        let end = if record.has(EMPTY_TAG) { record.span.end.saturating_sub(2) } else { record.span.end };
        if plain && self.fresh.is_empty() && !undeclare_default {
            self.out.span(Span { start: record.span.start, end })?;
        } else {
            self.out.span(Span { start: record.span.start, end: name.end })?;
            if undeclare_default {
                self.out.bytes(b" xmlns=\"\"")?;
            }
            self.write_namespaces()?;
            if plain {
                self.out.span(Span { start: name.end, end })?;
            } else {
                for attribute in self.document.attributes_of(record) {
                    self.write_attribute(attribute)?;
                }
                return self.out.bytes(b">");
            }
        }
        // A plain tag's `>` is part of what was copied, unless it was written `/>`.
        if record.has(EMPTY_TAG) { self.out.bytes(b">") } else { Ok(()) }
    }

    /// The apex's start tag with attributes of its ancestors among its own, in canonical order.
    fn write_start_inheriting(&mut self, record: &'d Record) -> Result<(), C14nError> {
        let document = self.document;
        self.out.bytes(b"<")?;
        self.out.span(record.qualified_name())?;
        self.write_namespaces()?;
        let own = document.attributes_of(record).iter();
        let mut attributes: Vec<&AttributeRecord> = own.chain(self.inherited.iter().copied()).collect();
        attributes.sort_by_key(|one| {
            let namespace = if one.prefix_length == 0 { "" } else { document.uri(one.binding) };
            (namespace, document.str(one.local_name()))
        });
        for attribute in attributes {
            self.write_attribute(attribute)?;
        }
        self.out.bytes(b">")
    }

    fn write_namespaces(&mut self) -> Result<(), C14nError> {
        let document = self.document;
        let binding = |index: &u32| document.bindings.get(*index as usize);
        // C14N 1.0 §2.2: by prefix, the default namespace first.
        self.fresh.sort_unstable_by(|a, b| {
            binding(a).map(|b| document.str(b.prefix)).cmp(&binding(b).map(|b| document.str(b.prefix)))
        });
        for index in 0..self.fresh.len() {
            let Some(binding) = self.fresh.get(index).and_then(binding) else {
                return Err(C14nError::Inconsistent);
            };
            if binding.prefix.start == binding.prefix.end {
                self.out.bytes(b" xmlns=\"")?;
            } else {
                self.out.bytes(b" xmlns:")?;
                self.out.span(binding.prefix)?;
                self.out.bytes(b"=\"")?;
            }
            self.write_value(binding.uri, binding.escape)?;
        }
        Ok(())
    }

    fn write_attribute(&mut self, attribute: &AttributeRecord) -> Result<(), C14nError> {
        self.out.bytes(b" ")?;
        self.out.span(attribute.name)?;
        self.out.bytes(b"=\"")?;
        self.write_value(attribute.value, attribute.escape)
    }

    fn write_value(&mut self, value: Span, escaped: bool) -> Result<(), C14nError> {
        if escaped {
            self.out.flush()?;
            escape::value(self.out.slice(value)?, self.out.out);
        } else {
            self.out.span(value)?;
        }
        self.out.bytes(b"\"")
    }

    /// Declares a namespace here unless the output around says the same of its prefix.
    fn need(&mut self, index: u32) {
        if index == XML_BINDING || self.rendered.iter().rev().any(|rendered| rendered.binding == index) {
            // A binding that is in force here and was rendered is the latest rendered of its prefix: any later
            // one would hide it here too.
            return;
        }
        let Some(binding) = self.document.bindings.get(index as usize) else { return };
        let prefix = self.document.str(binding.prefix);
        let uri = self.document.str(binding.uri);
        let around = self.rendered.iter().rev().find_map(|rendered| {
            if rendered.key != binding.key {
                return None;
            }
            let other = self.document.bindings.get(rendered.binding as usize)?;
            (self.document.str(other.prefix) == prefix).then(|| self.document.str(other.uri))
        });
        // The default namespace is undeclared only where one is in force; without a prefix that is the only way
        // for a name to be empty.
        if around.unwrap_or("") != uri {
            self.fresh.push(index);
        }
        self.rendered.push(Rendered { binding: index, key: binding.key });
    }

    /// The PrefixList, as inclusive C14N treats it: a binding in force at the apex, or declared below it.
    fn need_listed(&mut self, index: u32, record: &Record) {
        let outer = if index == self.apex { NO_NAMESPACE } else { self.document.record(record.parent).scope };
        if record.scope == outer {
            return;
        }
        let mut at = record.scope;
        while at != outer && at != NO_NAMESPACE {
            let Some(binding) = self.document.bindings.get(at as usize) else { return };
            let prefix = self.document.str(binding.prefix);
            // At the apex the walk meets hidden bindings too.
            if (self.inclusive || self.prefixes.binary_search(&prefix).is_ok())
                && self.document.look_up(prefix, record.scope) == at
            {
                self.need(at);
            }
            at = binding.outer;
        }
    }
}

/// The output, in which runs of the source are gathered before they are copied.
struct Output<'d, 'o> {
    source: &'d [u8],
    pending: std::ops::Range<usize>,
    out: &'o mut Vec<u8>,
}

impl<'d> Output<'d, '_> {
    #[inline]
    fn span(&mut self, span: Span) -> Result<(), C14nError> {
        let range = span.range();
        if range.start == self.pending.end {
            self.pending.end = range.end;
            return Ok(());
        }
        self.flush()?;
        self.pending = range;
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), C14nError> {
        self.flush()?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), C14nError> {
        if !self.pending.is_empty() {
            self.out.extend_from_slice(self.source.get(self.pending.clone()).ok_or(C14nError::Inconsistent)?);
        }
        self.pending = 0..0;
        Ok(())
    }

    fn slice(&self, span: Span) -> Result<&'d [u8], C14nError> {
        self.source.get(span.range()).ok_or(C14nError::Inconsistent)
    }
}
