//! Strings to names.

use super::{Ava, MalformedDn, TYPES, der};

/// Relative names in the order written; for the form with slashes, reversed, since it goes from the root.
pub(super) fn dn(text: &str) -> Result<Vec<Vec<Ava>>, MalformedDn> {
    let text = text.trim_start();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(rest) = text.strip_prefix('/') {
        return slashes(rest);
    }
    let mut relative = vec![Vec::new()];
    let mut rest = text;
    loop {
        let (ava, separator, after) = attribute(rest)?;
        let Some(last) = relative.last_mut() else { return Err(MalformedDn) };
        last.push(ava);
        match separator {
            None => return Ok(relative),
            Some('+') => {}
            Some(_) => relative.push(Vec::new()),
        }
        rest = after;
    }
}

/// The object identifier of a type's name, or of `OID.` and an identifier.
pub(super) fn attribute_type(name: &str) -> Option<String> {
    let name = name.trim();
    let dotted = name
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("OID."))
        .map_or(name, |_| name.get(4..).unwrap_or_default());
    let is_oid = dotted.split('.').count() > 1
        && dotted.split('.').all(|arc| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()));
    if is_oid {
        return Some(dotted.to_owned());
    }
    TYPES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(oid, _)| (*oid).to_owned())
}

/// One `type=value`; gives the separator after it and what follows.
fn attribute(text: &str) -> Result<(Ava, Option<char>, &str), MalformedDn> {
    let (name, rest) = text.split_once('=').ok_or(MalformedDn)?;
    let oid = attribute_type(name).ok_or(MalformedDn)?;
    let rest = rest.trim_start();
    let (value, rest) = if let Some(quoted) = rest.strip_prefix('"') {
        quoted_value(quoted)?
    } else if let Some(hex) = rest.strip_prefix('#') {
        hex_value(hex)?
    } else {
        plain_value(rest)?
    };
    let rest = rest.trim_start();
    let separator = rest.chars().next();
    if separator.is_some_and(|c| !matches!(c, ',' | ';' | '+')) {
        return Err(MalformedDn);
    }
    Ok((Ava { oid, value }, separator, rest.get(1..).unwrap_or_default()))
}

/// Up to an unescaped separator; spaces at the end do not count unless escaped. A quote within is not escaped by
/// everyone.
fn plain_value(text: &str) -> Result<(String, &str), MalformedDn> {
    let mut bytes = Vec::new();
    let mut significant = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if matches!(c, ',' | ';' | '+') {
            break;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\\' {
            rest = escaped(rest, &mut bytes)?;
            significant = bytes.len();
        } else {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            if !c.is_whitespace() {
                significant = bytes.len();
            }
        }
    }
    bytes.truncate(significant);
    Ok((String::from_utf8(bytes).map_err(|_| MalformedDn)?, rest))
}

/// RFC 1779: up to the closing quote; a quote within is escaped or, as Windows does, doubled.
fn quoted_value(text: &str) -> Result<(String, &str), MalformedDn> {
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        let c = rest.chars().next().ok_or(MalformedDn)?;
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '"' => match rest.strip_prefix('"') {
                Some(after) => {
                    bytes.push(b'"');
                    rest = after;
                }
                None => return Ok((String::from_utf8(bytes).map_err(|_| MalformedDn)?, rest)),
            },
            '\\' => rest = escaped(rest, &mut bytes)?,
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// After a backslash: two hexadecimal digits (one byte of UTF-8), or the character itself.
fn escaped<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Result<&'t str, MalformedDn> {
    if let Some(byte) = text.get(..2).and_then(hex_byte) {
        bytes.push(byte);
        return Ok(text.get(2..).unwrap_or_default());
    }
    let c = text.chars().next().ok_or(MalformedDn)?;
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(text.get(c.len_utf8()..).unwrap_or_default())
}

/// RFC 4514 §2.4: the DER of the value in hexadecimal.
fn hex_value(text: &str) -> Result<(String, &str), MalformedDn> {
    let end = text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).ok_or(MalformedDn)?;
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !odd.is_empty() {
        return Err(MalformedDn);
    }
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|pair| std::str::from_utf8(pair).ok().and_then(hex_byte)).collect();
    Ok((der::value_of_der(&bytes.ok_or(MalformedDn)?), rest))
}

fn hex_byte(digits: &str) -> Option<u8> {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// `/C=FR/O=A/B/CN=x`: a slash separates where a type and `=` follow it.
fn slashes(text: &str) -> Result<Vec<Vec<Ava>>, MalformedDn> {
    let mut parts: Vec<String> = Vec::new();
    for part in text.split('/') {
        let begins = part.split_once('=').is_some_and(|(name, _)| attribute_type(name).is_some());
        match parts.last_mut() {
            Some(last) if !begins => {
                last.push('/');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    let mut relative = Vec::with_capacity(parts.len());
    for part in parts.iter().rev() {
        let (name, value) = part.split_once('=').ok_or(MalformedDn)?;
        let oid = attribute_type(name).ok_or(MalformedDn)?;
        relative.push(vec![Ava { oid, value: value.trim().to_owned() }]);
    }
    Ok(relative)
}
