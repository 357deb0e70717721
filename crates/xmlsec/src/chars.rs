//! Character classes of XML 1.0 (fifth edition) and Namespaces in XML 1.0 (third edition).

/// May stand at the start of an NCName.
pub(crate) const START: u8 = 1;
/// May stand in an NCName.
pub(crate) const NAME: u8 = 2;
/// White space, production 3.
pub(crate) const SPACE: u8 = 4;
/// A byte that canonical form cannot copy from an attribute value: `&`, `<`, `"`, tab, newline.
pub(crate) const VALUE: u8 = 8;

const CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks every index")]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let mut class = 0;
        if b.is_ascii_alphabetic() || b == b'_' || b >= 0x80 {
            class |= START | NAME;
        }
        if b.is_ascii_digit() || b == b'-' || b == b'.' {
            class |= NAME;
        }
        if matches!(b, b' ' | b'\t' | b'\n' | b'\r') {
            class |= SPACE;
        }
        if matches!(b, b'&' | b'<' | b'"' | b'\t' | b'\n' | b'\r') {
            class |= VALUE;
        }
        table[byte] = class;
        byte += 1;
    }
    table
}

/// The classes of one byte; bytes of multi-byte characters count as name characters until
/// [`is_name_start`] and [`is_name_char`] have looked at the character.
#[inline(always)]
pub(crate) fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Production 2: the characters a document may hold.
pub(crate) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Production 4 without the colon.
pub(crate) fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// Production 4a without the colon.
pub(crate) fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// Whether `name` is an NCName (Namespaces in XML, production 4).
pub(crate) fn is_ncname(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_char)
}

/// Whether the text holds no character but white space.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| class(byte) & SPACE != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_classes_agree_with_the_productions() {
        for byte in 0..0x80_u8 {
            let c = char::from(byte);
            assert_eq!(class(byte) & START != 0, is_name_start(c), "{c:?}");
            assert_eq!(class(byte) & NAME != 0, is_name_char(c), "{c:?}");
        }
    }

    #[test]
    fn names_by_example() {
        for good in ["a", "_", "é", "a-b.c1", "ns1", "Ωmega", "a\u{b7}"] {
            assert!(is_ncname(good), "{good}");
        }
        for bad in ["", "1a", "-a", ".a", "a:b", "a b", "\u{b7}a", "\u{d7}", "a\u{37e}", "\u{300}a"] {
            assert!(!is_ncname(bad), "{bad}");
        }
    }
}
