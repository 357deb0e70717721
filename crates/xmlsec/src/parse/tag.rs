//! Start tags: attributes, namespace declarations, and whether the tag is already as canonical form would write it.

use std::cmp::Ordering;

use super::{NOBODY, ParseCause, ParseError, Parser};
use crate::chars::{VALUE, class};
use crate::document::{
    AttributeRecord, Binding, Kind, NO_NAMESPACE, PLAIN_START, PREFIXED, Record, Span, XML_BINDING,
    XML_NAMESPACE, prefix_key,
};

const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

impl Parser<'_> {
    /// Productions 40 and 44.
    pub(super) fn start_tag(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        if self.open == NOBODY && !self.records.is_empty() {
            return self.fail(ParseCause::SecondRoot);
        }
        if self.depth >= self.limits.depth {
            return self.fail(ParseCause::TooDeep);
        }
        let (name_end, prefix_length) = self.qualified_name(start + 1)?;
        let mut record = Record {
            kind: Kind::Element,
            parent: self.open,
            attributes: self.attributes.len() as u32,
            name_length: (name_end - start - 1) as u16,
            prefix_length,
            flags: PLAIN_START,
            ..Record::NOTHING
        };
        self.at = name_end;
        let empty = if self.byte(0) == Some(b'>') {
            self.at += 1;
            false
        } else {
            self.attributes(&mut record)?
        };
        record.span = Span { start: start as u32, end: self.at as u32 };
        record.scope = self.scope;
        record.binding = self.element_binding(start + 1, prefix_length)?;
        if record.attribute_count > 0 {
            self.resolve_attributes(&mut record)?;
        }
        let index = self.records.len() as u32;
        if empty {
            Self::close_empty(&mut record, index);
            self.scope = self.records.get(self.open as usize).map_or(XML_BINDING, |parent| parent.scope);
            self.push(record)?;
        } else {
            self.open = self.push(record)?;
            self.depth += 1;
        }
        Ok(())
    }

    /// Reads up to the end of the tag; tells whether it is an empty-element tag.
    fn attributes(&mut self, record: &mut Record) -> Result<bool, ParseError> {
        let first = self.attributes.len();
        let mut count = 0;
        self.declared.clear();
        loop {
            let before = self.at;
            self.skip_space();
            match self.byte(0) {
                Some(end @ (b'>' | b'/')) => {
                    if self.at != before {
                        record.flags &= !PLAIN_START;
                    }
                    if end == b'/' && self.byte(1) != Some(b'>') {
                        return self.fail(ParseCause::Tag);
                    }
                    self.at += if end == b'/' { 2 } else { 1 };
                    self.distinct_declarations()?;
                    record.attribute_count = (self.attributes.len() - first) as u32;
                    return Ok(end == b'/');
                }
                None => return self.fail(ParseCause::UnexpectedEnd),
                Some(_) if self.at == before => return self.fail(ParseCause::Tag),
                Some(_) => {}
            }
            count += 1;
            if count > self.limits.attributes {
                return self.fail(ParseCause::TooManyAttributes);
            }
            if self.bytes.get(before..self.at) != Some(b" ") {
                record.flags &= !PLAIN_START;
            }
            self.attribute(record)?;
        }
    }

    /// Productions 41 and 10.
    fn attribute(&mut self, record: &mut Record) -> Result<(), ParseError> {
        let start = self.at;
        let (name_end, prefix_length) = self.qualified_name(start)?;
        self.at = name_end;
        if self.byte(0) != Some(b'=') || self.byte(1) != Some(b'"') {
            record.flags &= !PLAIN_START;
            self.skip_space();
            if self.byte(0) != Some(b'=') {
                return self.fail(ParseCause::Tag);
            }
            self.at += 1;
            self.skip_space();
        } else {
            self.at += 1;
        }
        let Some(quote @ (b'"' | b'\'')) = self.byte(0) else { return self.fail(ParseCause::Tag) };
        let value_start = self.at + 1;
        let mut seen = 0;
        let mut at = value_start;
        loop {
            let Some(byte) = self.bytes.get(at) else { return self.fail_at(ParseCause::UnexpectedEnd, at) };
            if *byte == quote {
                break;
            }
            if *byte == b'<' {
                return self.fail_at(ParseCause::LessThan, at);
            }
            seen |= class(*byte);
            at += 1;
        }
        self.at = at + 1;
        let raw = Span { start: value_start as u32, end: at as u32 };
        let escape = seen & VALUE != 0;
        let value = if escape {
            record.flags &= !PLAIN_START;
            self.resolve(raw, true)?.0
        } else {
            raw
        };
        let name = self.bytes.get(start..name_end).unwrap_or_default();
        if name == b"xmlns" {
            return self.declare(record, Span { start: start as u32, end: start as u32 }, value, escape);
        }
        if name.starts_with(b"xmlns:") {
            let prefix = Span { start: (start + 6) as u32, end: name_end as u32 };
            return self.declare(record, prefix, value, escape);
        }
        if prefix_length > 0 {
            record.flags |= PREFIXED;
        }
        let name = Span { start: start as u32, end: name_end as u32 };
        self.attributes.push(AttributeRecord { name, value, binding: NO_NAMESPACE, prefix_length, escape });
        Ok(())
    }

    /// A namespace declaration (NS §2, §3). One that says what is already so is no change and leaves no trace.
    fn declare(
        &mut self,
        record: &mut Record,
        prefix: Span,
        uri: Span,
        escape: bool,
    ) -> Result<(), ParseError> {
        record.flags &= !PLAIN_START;
        self.declared.push(prefix);
        let offset = prefix.start as usize;
        let (name, value) = (self.str(prefix), self.str(uri));
        if name == "xmlns" || value == XMLNS_NAMESPACE || (name == "xml") != (value == XML_NAMESPACE) {
            return self.fail_at(ParseCause::ReservedNamespace, offset);
        }
        if value.is_empty() && !name.is_empty() {
            return self.fail_at(ParseCause::EmptyNamespace, offset);
        }
        if value.len() > self.limits.namespace_length {
            return self.fail_at(ParseCause::NameTooLong, offset);
        }
        if !value.is_empty() && !has_scheme(value) {
            self.relative_namespace = true;
        }
        let before = self.look_up(prefix);
        if before.is_some_and(|binding| self.octets(self.uri(binding)) == self.octets(uri)) {
            return Ok(());
        }
        let outer = self.scope;
        let depth = self.bindings.get(outer as usize).map_or(0, |binding| binding.depth) + 1;
        if depth as usize > self.limits.namespaces {
            return self.fail_at(ParseCause::TooManyNamespaces, offset);
        }
        self.scope = self.bindings.len() as u32;
        let key = prefix_key(self.str(prefix).as_bytes());
        self.bindings.push(Binding { prefix, key, uri, outer, depth, escape });
        Ok(())
    }

    /// No prefix is declared twice in one tag.
    fn distinct_declarations(&mut self) -> Result<(), ParseError> {
        if self.declared.len() < 2 {
            return Ok(());
        }
        let bytes = self.bytes;
        let prefix = |span: &Span| bytes.get(span.range()).unwrap_or_default();
        self.declared.sort_unstable_by(|a, b| prefix(a).cmp(prefix(b)));
        let mut neighbours = self.declared.iter().zip(self.declared.iter().skip(1));
        match neighbours.find(|(one, other)| prefix(one) == prefix(other)) {
            None => Ok(()),
            Some((_, other)) => self.fail_at(ParseCause::DuplicateAttribute, other.start as usize),
        }
    }

    fn element_binding(&mut self, start: usize, prefix_length: u16) -> Result<u32, ParseError> {
        let end = start + usize::from(prefix_length).saturating_sub(1);
        match self.look_up(Span { start: start as u32, end: end as u32 }) {
            Some(binding) if prefix_length == 0 || self.bytes.get(start..end) != Some(b"xmlns") => {
                Ok(binding)
            }
            None if prefix_length == 0 => Ok(NO_NAMESPACE),
            _ => self.fail_at(ParseCause::UndeclaredPrefix, start),
        }
    }

    /// Resolves the attributes' prefixes, puts them in canonical order (C14N 1.0 §2.2: by namespace, then local
    /// name) and refuses duplicates by expanded name.
    fn resolve_attributes(&mut self, record: &mut Record) -> Result<(), ParseError> {
        let first = record.attributes as usize;
        if record.flags & PREFIXED != 0 {
            for index in first..self.attributes.len() {
                let Some((name, length)) = self.attributes.get(index).map(|a| (a.name, a.prefix_length))
                else {
                    break;
                };
                if length == 0 {
                    continue; // no prefix, no namespace: the default namespace is not for attributes (NS §6.2)
                }
                let prefix = Span { start: name.start, end: name.start + u32::from(length) - 1 };
                match self.look_up(prefix) {
                    Some(binding) => {
                        if let Some(attribute) = self.attributes.get_mut(index) {
                            attribute.binding = binding;
                        }
                    }
                    None => return self.fail_at(ParseCause::UndeclaredPrefix, name.start as usize),
                }
            }
        }
        if record.attribute_count < 2 {
            return Ok(());
        }
        let mut attributes = std::mem::take(&mut self.attributes);
        let own = attributes.get_mut(first..).unwrap_or_default();
        let order = |a: &AttributeRecord, b: &AttributeRecord| {
            let namespaces = if a.binding == b.binding {
                Ordering::Equal
            } else {
                self.octets(self.uri(a.binding)).cmp(self.octets(self.uri(b.binding)))
            };
            namespaces.then_with(|| self.octets(a.local_name()).cmp(self.octets(b.local_name())))
        };
        let sorted = own.is_sorted_by(|a, b| order(a, b).is_lt());
        let mut duplicate = None;
        if !sorted {
            record.flags &= !PLAIN_START;
            own.sort_by(order);
            duplicate =
                own.iter().zip(own.iter().skip(1)).find(|(a, b)| order(a, b).is_eq()).map(|(_, b)| b.name);
        }
        self.attributes = attributes;
        match duplicate {
            None => Ok(()),
            Some(name) => self.fail_at(ParseCause::DuplicateAttribute, name.start as usize),
        }
    }

    fn uri(&self, binding: u32) -> Span {
        self.bindings.get(binding as usize).map_or(Span::default(), |binding| binding.uri)
    }
}

/// Whether a namespace name is absolute: RFC 3986 §3.1, a scheme and a colon.
fn has_scheme(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}
