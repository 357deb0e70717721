//! Character data, references, CDATA sections, comments.

use super::{NOBODY, ParseCause, ParseError, Parser};
use crate::chars::{self, SPACE, class};
use crate::document::{CDATA, ESCAPE, Kind, PLAIN_START, Span};

const CDATA_START: &[u8] = b"<![CDATA[";
const COMMENT_START: &[u8] = b"<!--";
const DOCTYPE_START: &[u8] = b"<!DOCTYPE";

const AMPERSAND: u8 = 1;
const GREATER: u8 = 2;
const BRACKET: u8 = 4;

impl Parser<'_> {
    /// Production 14, between two pieces of markup.
    pub(super) fn character_data(&mut self, start: usize, end: usize) -> Result<(), ParseError> {
        let raw = self.bytes.get(start..end).unwrap_or_default();
        if self.open == NOBODY {
            return match raw.iter().position(|byte| class(*byte) & SPACE == 0) {
                None => Ok(()),
                Some(at) => self.fail_at(ParseCause::TextOutsideRoot, start + at),
            };
        }
        let span = Span { start: start as u32, end: end as u32 };
        // Branch-free over the whole run, so that it is vectorised.
        let seen = raw.iter().fold(0, |seen, byte| {
            seen | (u8::from(*byte == b'&') * AMPERSAND)
                | (u8::from(*byte == b'>') * GREATER)
                | (u8::from(*byte == b']') * BRACKET)
        });
        if seen == 0 || seen == BRACKET {
            return self.push_leaf(Kind::Text, PLAIN_START, span, span);
        }
        if seen & BRACKET != 0
            && seen & GREATER != 0
            && let Some(at) = memchr::memmem::find(raw, b"]]>")
        {
            return self.fail_at(ParseCause::CdataEnd, start + at);
        }
        if seen & AMPERSAND == 0 {
            return self.push_leaf(Kind::Text, ESCAPE, span, span);
        }
        let (content, plain) = self.resolve(span, false)?;
        let flags = if plain && seen & GREATER == 0 { PLAIN_START } else { 0 };
        self.push_leaf(Kind::Text, flags | ESCAPE, content, span)
    }

    /// Comments and CDATA sections; a document type declaration is refused before anything of it is read.
    pub(super) fn markup_declaration(&mut self) -> Result<(), ParseError> {
        let rest = self.rest();
        if rest.starts_with(COMMENT_START) {
            self.comment()
        } else if rest.starts_with(CDATA_START) {
            self.cdata()
        } else if rest.starts_with(DOCTYPE_START) {
            self.fail(ParseCause::DocumentType)
        } else {
            self.fail(ParseCause::Markup)
        }
    }

    /// Production 15.
    fn comment(&mut self) -> Result<(), ParseError> {
        let start = self.at + COMMENT_START.len();
        let inside = self.bytes.get(start..).unwrap_or_default();
        let Some(length) = memchr::memmem::find(inside, b"--") else { return self.fail(ParseCause::Comment) };
        if inside.get(length + 2) != Some(&b'>') {
            return self.fail(ParseCause::Comment);
        }
        self.at = start + length + 3;
        if self.open == NOBODY {
            return Ok(());
        }
        let span = Span { start: start as u32, end: (start + length) as u32 };
        self.push_leaf(Kind::Comment, 0, span, span)
    }

    /// Production 18.
    fn cdata(&mut self) -> Result<(), ParseError> {
        if self.open == NOBODY {
            return self.fail(ParseCause::Cdata);
        }
        let start = self.at + CDATA_START.len();
        let inside = self.bytes.get(start..).unwrap_or_default();
        let Some(length) = memchr::memmem::find(inside, b"]]>") else { return self.fail(ParseCause::Cdata) };
        self.at = start + length + 3;
        if length == 0 {
            return Ok(());
        }
        let content = inside.get(..length).unwrap_or_default();
        let escape = content.iter().any(|byte| matches!(byte, b'&' | b'<' | b'>'));
        let span = Span { start: start as u32, end: (start + length) as u32 };
        self.push_leaf(Kind::Text, CDATA | if escape { ESCAPE } else { PLAIN_START }, span, span)
    }

    /// Resolves the references of a text or an attribute value (§4.6; white space of values per §3.3.3). Also tells
    /// whether its references are all written as canonical form writes them in text.
    pub(super) fn resolve(&mut self, raw: Span, value: bool) -> Result<(Span, bool), ParseError> {
        let source = self.source.get(raw.range()).unwrap_or_default();
        let begin = self.extra.len();
        let mut rest = source;
        let mut canonical = true;
        while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
            let (before, reference) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.literal(before, value);
            let offset = raw.range().end - reference.len();
            // The longest reference is `&#x10FFFF;`, but zeros may lead: the end is searched in what is left, up to
            // the next `&`, so that no byte is looked at twice.
            let inside = reference.get(1..).unwrap_or_default();
            let end = memchr::memchr2(b';', b'&', inside.as_bytes());
            let Some(end) = end.filter(|end| inside.as_bytes().get(*end) == Some(&b';')) else {
                return self.fail_at(ParseCause::Reference, offset);
            };
            let name = inside.get(..end).unwrap_or_default();
            let character = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => self.character_reference(name, offset)?,
            };
            canonical &= matches!(name, "amp" | "lt" | "gt");
            self.extra.push(character);
            rest = inside.get(end + 1..).unwrap_or_default();
        }
        self.literal(rest, value);
        let start = self.source.len() + begin;
        let end = self.source.len() + self.extra.len();
        Ok((Span { start: start as u32, end: end as u32 }, canonical))
    }

    /// What stands there as itself; in a value, white space becomes spaces.
    fn literal(&mut self, text: &str, value: bool) {
        if value && text.bytes().any(|byte| matches!(byte, b'\t' | b'\n')) {
            self.extra.extend(text.chars().map(|c| if matches!(c, '\t' | '\n') { ' ' } else { c }));
        } else {
            self.extra.push_str(text);
        }
    }

    /// Production 66.
    fn character_reference(&self, name: &str, offset: usize) -> Result<char, ParseError> {
        let Some(number) = name.strip_prefix('#') else {
            let cause = if chars::is_ncname(name) { ParseCause::Entity } else { ParseCause::Reference };
            return self.fail_at(cause, offset);
        };
        let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
        let mut code: u32 = 0;
        if digits.is_empty() {
            return self.fail_at(ParseCause::Reference, offset);
        }
        for digit in digits.chars() {
            let Some(digit) = digit.to_digit(radix) else {
                return self.fail_at(ParseCause::Reference, offset);
            };
            code = code.saturating_mul(radix).saturating_add(digit);
        }
        match char::from_u32(code).filter(|c| chars::is_char(*c)) {
            Some(character) => Ok(character),
            None => self.fail_at(ParseCause::Character, offset),
        }
    }
}
