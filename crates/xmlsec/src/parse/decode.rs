//! Bytes to text: encoding, the XML declaration, line ends, forbidden characters.

use super::{ParseCause, ParseError, Parser};
use crate::chars::{SPACE, class};
use crate::document::{Encoding, Span};

/// Decodes strictly, drops the byte order mark, normalises line ends (§2.11) and refuses characters outside
/// production 2.
pub(super) fn source(input: &[u8]) -> Result<(String, Encoding), ParseError> {
    let (mut text, encoding) = match input {
        [0xfe, 0xff, rest @ ..] => (utf16(rest, u16::from_be_bytes)?, Encoding::Utf16),
        [0xff, 0xfe, rest @ ..] => (utf16(rest, u16::from_le_bytes)?, Encoding::Utf16),
        [0xef, 0xbb, 0xbf, rest @ ..] => (utf8(rest)?, Encoding::Utf8),
        _ => (utf8(input)?, Encoding::Utf8),
    };
    characters(text.as_bytes())?;
    if let Some(first) = memchr::memchr(b'\r', text.as_bytes()) {
        text = line_ends(&text, first);
    }
    Ok((text, encoding))
}

fn utf8(input: &[u8]) -> Result<String, ParseError> {
    match std::str::from_utf8(input) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(ParseError { cause: ParseCause::Encoding, offset: error.valid_up_to() }),
    }
}

fn utf16(input: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ParseError> {
    let (pairs, rest) = input.as_chunks::<2>();
    let mut text = String::with_capacity(input.len());
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => return Err(ParseError { cause: ParseCause::Encoding, offset: text.len() }),
        }
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(ParseError { cause: ParseCause::Encoding, offset: text.len() })
    }
}

/// Production 2: C0 controls other than tab, newline and carriage return, U+FFFE and U+FFFF are out; a Rust string
/// holds no surrogates.
fn characters(bytes: &[u8]) -> Result<(), ParseError> {
    // One branch-free pass first, which the compiler vectorises.
    let control = bytes.iter().fold(false, |bad, byte| bad | is_forbidden_control(*byte));
    if control {
        let offset = bytes.iter().position(|byte| is_forbidden_control(*byte)).unwrap_or_default();
        return Err(ParseError { cause: ParseCause::Character, offset });
    }
    for offset in memchr::memchr_iter(0xef, bytes) {
        if let Some([0xef, 0xbf, 0xbe | 0xbf]) = bytes.get(offset..offset + 3) {
            return Err(ParseError { cause: ParseCause::Character, offset });
        }
    }
    Ok(())
}

fn is_forbidden_control(byte: u8) -> bool {
    (byte < b' ') & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')
}

fn line_ends(text: &str, first: usize) -> String {
    let mut normal = String::with_capacity(text.len());
    let (before, mut rest) = text.split_at_checked(first).unwrap_or((text, ""));
    normal.push_str(before);
    while let Some(after) = rest.strip_prefix('\r') {
        normal.push('\n');
        rest = after.strip_prefix('\n').unwrap_or(after);
        let next = memchr::memchr(b'\r', rest.as_bytes()).unwrap_or(rest.len());
        let (before, after) = rest.split_at_checked(next).unwrap_or((rest, ""));
        normal.push_str(before);
        rest = after;
    }
    normal
}

impl Parser<'_> {
    /// Production 23. Gives the span of the encoding's name when one is declared.
    pub(super) fn declaration(&mut self, encoding: Encoding) -> Result<Option<Span>, ParseError> {
        let Some(rest) = self.source.strip_prefix("<?xml") else { return Ok(None) };
        if rest.bytes().next().is_none_or(|byte| class(byte) & SPACE == 0) {
            return Ok(None); // another processing instruction; refused where it is met
        }
        let Some(length) = rest.find("?>") else { return self.fail(ParseCause::Declaration) };
        let end = "<?xml".len() + length;
        self.at = "<?xml".len();
        let version = self.pseudo_attribute("version", end)?;
        if version.map(|span| self.str(span)) != Some("1.0") {
            return self.fail(if version.is_some() { ParseCause::Version } else { ParseCause::Declaration });
        }
        let declared = self.pseudo_attribute("encoding", end)?;
        if let Some(span) = declared {
            let name = self.str(span);
            let fits = match encoding {
                Encoding::Utf8 => name.eq_ignore_ascii_case("UTF-8"),
                Encoding::Utf16 => name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("UTF-16")),
            };
            if !fits {
                return self.fail_at(ParseCause::DeclaredEncoding, span.start as usize);
            }
        }
        let standalone = self.pseudo_attribute("standalone", end)?;
        if standalone.is_some_and(|span| !matches!(self.str(span), "yes" | "no")) {
            return self.fail(ParseCause::Declaration);
        }
        self.skip_space();
        if self.at != end {
            return self.fail(ParseCause::Declaration);
        }
        self.at = end + "?>".len();
        Ok(declared)
    }

    /// `S name Eq quoted`, or nothing.
    fn pseudo_attribute(&mut self, name: &str, end: usize) -> Result<Option<Span>, ParseError> {
        let before = self.at;
        self.skip_space();
        if self.at == before || !self.rest().starts_with(name.as_bytes()) {
            self.at = before;
            return Ok(None);
        }
        self.at += name.len();
        self.skip_space();
        if self.byte(0) != Some(b'=') {
            return self.fail(ParseCause::Declaration);
        }
        self.at += 1;
        self.skip_space();
        let quote = match self.byte(0) {
            Some(quote @ (b'"' | b'\'')) => quote,
            _ => return self.fail(ParseCause::Declaration),
        };
        let start = self.at + 1;
        let inside = self.bytes.get(start..end).unwrap_or_default();
        let Some(length) = memchr::memchr(quote, inside) else { return self.fail(ParseCause::Declaration) };
        self.at = start + length + 1;
        Ok(Some(Span { start: start as u32, end: (start + length) as u32 }))
    }

    pub(super) fn skip_space(&mut self) {
        while self.byte(0).is_some_and(|byte| class(byte) & SPACE != 0) {
            self.at += 1;
        }
    }
}
