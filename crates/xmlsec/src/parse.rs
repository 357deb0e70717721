//! From bytes to a [`Document`]: well-formedness (XML 1.0, fifth edition) and namespaces (Namespaces in XML 1.0) in
//! one pass, without recursion. Every byte is looked at a bounded number of times.

mod decode;
mod error;
mod tag;
mod text;

pub use error::{ParseCause, ParseError};

use crate::chars::{self, NAME, SPACE, START, class};
use crate::document::{
    Binding, Document, EMPTY_TAG, Kind, NO_NAMESPACE, PLAIN_END, Record, Span, XML_BINDING, XML_NAMESPACE,
    prefix_key,
};
use crate::limits::Limits;

/// Look-ups of prefixes that are remembered.
const RECENT: usize = 64;
/// The parent of the root.
const NOBODY: u32 = u32::MAX;
/// Offsets are 32 bits wide, and resolved references are appended to the text.
const MAX_BYTES: usize = (u32::MAX / 4) as usize;

pub(crate) fn document(input: &[u8], limits: &Limits) -> Result<Document, ParseError> {
    if input.len() > limits.bytes.min(MAX_BYTES) {
        return Err(ParseError { cause: ParseCause::TooLong, offset: 0 });
    }
    let (source, encoding) = decode::source(input)?;
    let mut parser = Parser::new(&source, limits);
    let declared_encoding = parser.declaration(encoding)?;
    parser.content()?;
    let Parser { records, attributes, bindings, extra, relative_namespace, .. } = parser;
    let source_length = source.len();
    let mut text = source;
    text.push_str(&extra);
    Ok(Document {
        text,
        source_length,
        records,
        attributes,
        bindings,
        encoding,
        declared_encoding,
        relative_namespace,
    })
}

struct Parser<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    limits: &'a Limits,
    records: Vec<Record>,
    attributes: Vec<crate::document::AttributeRecord>,
    bindings: Vec<Binding>,
    /// Strings that the source does not hold as they read; their spans begin at the source's end.
    extra: String,
    /// The innermost open element.
    open: u32,
    depth: usize,
    scope: u32,
    relative_namespace: bool,
    /// Prefixes declared by the tag being read.
    declared: Vec<Span>,
    /// Recent look-ups by the prefix's key: scope and binding; siblings ask the same again and again.
    recent: [(u32, u32); RECENT],
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, limits: &'a Limits) -> Self {
        let mut parser = Self {
            source,
            bytes: source.as_bytes(),
            at: 0,
            limits,
            records: Vec::with_capacity((source.len() / 24).min(limits.nodes) + 8),
            attributes: Vec::with_capacity((source.len() / 96).min(limits.nodes) + 8),
            bindings: Vec::with_capacity(16),
            extra: String::new(),
            open: NOBODY,
            depth: 0,
            scope: XML_BINDING,
            relative_namespace: false,
            declared: Vec::new(),
            recent: [(u32::MAX, NO_NAMESPACE); RECENT],
        };
        // The two bindings every document has: none, and `xml` (Namespaces in XML §3).
        let nothing = parser.push_extra("");
        let prefix = parser.push_extra("xml");
        let uri = parser.push_extra(XML_NAMESPACE);
        parser.bindings.push(Binding {
            prefix: nothing,
            key: prefix_key(b""),
            uri: nothing,
            outer: NO_NAMESPACE,
            depth: 0,
            escape: false,
        });
        parser.bindings.push(Binding {
            prefix,
            key: prefix_key(b"xml"),
            uri,
            outer: NO_NAMESPACE,
            depth: 0,
            escape: false,
        });
        parser
    }

    /// Production 1: prolog, one element, and what may follow it.
    fn content(&mut self) -> Result<(), ParseError> {
        loop {
            let found = memchr::memchr(b'<', self.rest());
            let length = found.unwrap_or(self.rest().len());
            if length > 0 {
                self.character_data(self.at, self.at + length)?;
                self.at += length;
            }
            if found.is_none() {
                break;
            }
            match self.byte(1) {
                Some(b'/') => self.end_tag()?,
                Some(b'!') => self.markup_declaration()?,
                Some(b'?') => return self.fail(ParseCause::ProcessingInstruction),
                _ => self.start_tag()?,
            }
        }
        if self.open != NOBODY {
            return self.fail(ParseCause::UnexpectedEnd);
        }
        if self.records.is_empty() { self.fail(ParseCause::NoRoot) } else { Ok(()) }
    }

    /// Production 42.
    fn end_tag(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        if self.open == NOBODY {
            return self.fail(ParseCause::MismatchedTag);
        }
        let index = self.open as usize;
        let end = self.records.len() as u32;
        let bytes = self.bytes;
        let Some(record) = self.records.get_mut(index) else { return self.fail(ParseCause::MismatchedTag) };
        let name = bytes.get(record.qualified_name().range()).unwrap_or_default();
        let mut at = start + 2 + name.len();
        if bytes.get(start + 2..at) != Some(name) {
            return self.fail(ParseCause::MismatchedTag);
        }
        if bytes.get(at) == Some(&b'>') {
            record.flags |= PLAIN_END;
        } else {
            while bytes.get(at).is_some_and(|byte| class(*byte) & SPACE != 0) {
                at += 1;
            }
            if bytes.get(at) != Some(&b'>') {
                return self.fail(ParseCause::MismatchedTag);
            }
        }
        at += 1;
        record.close = Span { start: start as u32, end: at as u32 };
        record.end = end;
        let parent = record.parent;
        self.at = at;
        self.close(parent);
        Ok(())
    }

    fn close(&mut self, parent: u32) {
        self.open = parent;
        self.depth -= 1;
        self.scope = self.records.get(parent as usize).map_or(XML_BINDING, |record| record.scope);
    }

    /// Adds a record below the open element.
    fn push(&mut self, record: Record) -> Result<u32, ParseError> {
        if self.records.len() >= self.limits.nodes {
            return self.fail(ParseCause::TooManyNodes);
        }
        let index = self.records.len() as u32;
        self.records.push(record);
        Ok(index)
    }

    /// Adds a text or comment.
    fn push_leaf(&mut self, kind: Kind, flags: u8, content: Span, raw: Span) -> Result<(), ParseError> {
        let end = self.records.len() as u32 + 1;
        let parent = self.open;
        self.push(Record { span: content, close: raw, parent, end, kind, flags, ..Record::NOTHING })
            .map(|_| ())
    }

    fn push_extra(&mut self, string: &str) -> Span {
        let start = (self.source.len() + self.extra.len()) as u32;
        self.extra.push_str(string);
        Span { start, end: start + string.len() as u32 }
    }

    /// The bytes of a string, for comparisons: as [`str`](Self::str) without looking where characters end.
    fn octets(&self, span: Span) -> &[u8] {
        let range = span.range();
        match range.start.checked_sub(self.source.len()) {
            None => self.bytes.get(range),
            Some(start) => self.extra.as_bytes().get(start..range.end - self.source.len()),
        }
        .unwrap_or_default()
    }

    fn str(&self, span: Span) -> &str {
        let range = span.range();
        match range.start.checked_sub(self.source.len()) {
            None => self.source.get(range),
            Some(start) => self.extra.get(start..range.end - self.source.len()),
        }
        .unwrap_or_default()
    }

    /// The binding of a prefix in the scope of the tag being read; `None` when the prefix is not declared.
    fn look_up(&mut self, prefix: Span) -> Option<u32> {
        let wanted = self.bytes.get(prefix.range()).unwrap_or_default();
        let key = prefix_key(wanted);
        let slot = key as usize % RECENT;
        if let Some((scope, binding)) = self.recent.get(slot).copied()
            && scope == self.scope
            && self.bindings.get(binding as usize).is_some_and(|b| self.octets(b.prefix) == wanted)
        {
            return Some(binding);
        }
        let mut at = self.scope;
        loop {
            let binding = self.bindings.get(at as usize)?;
            if binding.key == key && self.octets(binding.prefix) == wanted {
                if let Some(recent) = self.recent.get_mut(slot) {
                    *recent = (self.scope, at);
                }
                return Some(at);
            }
            if at == NO_NAMESPACE {
                return None;
            }
            at = binding.outer;
        }
    }

    /// Scans an NCName or a QName at `from`; gives its end and the length of its prefix with the colon.
    fn qualified_name(&self, from: usize) -> Result<(usize, u16), ParseError> {
        let mut at = from;
        let mut prefix = 0;
        let mut all = 0;
        loop {
            // The first character of each part.
            match self.bytes.get(at) {
                Some(byte) if class(*byte) & START != 0 => all |= byte,
                _ => return self.fail_at(ParseCause::Name, at),
            }
            at += 1;
            while let Some(byte) = self.bytes.get(at).filter(|byte| class(**byte) & NAME != 0) {
                all |= byte;
                at += 1;
            }
            if prefix == 0 && self.bytes.get(at) == Some(&b':') {
                at += 1;
                prefix = at - from;
            } else {
                break;
            }
        }
        if at - from > self.limits.name_length.min(usize::from(u16::MAX)) {
            return self.fail_at(ParseCause::NameTooLong, from);
        }
        if all >= 0x80 {
            // Characters beyond ASCII: productions 4 and 4a to the letter.
            let name = self.source.get(from..at).unwrap_or_default();
            if !name.split(':').all(chars::is_ncname) {
                return self.fail_at(ParseCause::Name, from);
            }
        }
        Ok((at, prefix as u16))
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn fail<T>(&self, cause: ParseCause) -> Result<T, ParseError> {
        self.fail_at(cause, self.at)
    }

    #[cold]
    fn fail_at<T>(&self, cause: ParseCause, offset: usize) -> Result<T, ParseError> {
        Err(ParseError { cause, offset })
    }

    /// Ends an empty-element tag: it closes where it opened.
    fn close_empty(record: &mut Record, index: u32) {
        record.flags |= EMPTY_TAG;
        record.close = Span { start: record.span.end, end: record.span.end };
        record.end = index + 1;
    }
}
