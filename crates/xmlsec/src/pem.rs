//! PEM (RFC 7468), as found in the wild: blocks among other text, any line length.

use base64::Engine as _;
use thiserror::Error;

use crate::base64::LENIENT;

/// A PEM file holds a block that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("malformed PEM")]
pub(crate) struct MalformedPem;

/// The blocks in order: label and bytes.
pub(crate) fn blocks(input: &[u8]) -> Result<Vec<(String, Vec<u8>)>, MalformedPem> {
    let text = std::str::from_utf8(input).map_err(|_| MalformedPem)?;
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines().map(str::trim) {
        if let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) {
            if open.is_some() {
                return Err(MalformedPem);
            }
            open = Some((label.to_owned(), String::new()));
        } else if let Some(label) = line.strip_prefix("-----END ").and_then(|rest| rest.strip_suffix("-----"))
        {
            let (begun, body) = open.take().filter(|(begun, _)| begun == label).ok_or(MalformedPem)?;
            blocks.push((begun, LENIENT.decode(body).map_err(|_| MalformedPem)?));
        } else if let Some((_, body)) = &mut open {
            body.push_str(line);
        }
    }
    if open.is_some() { Err(MalformedPem) } else { Ok(blocks) }
}

/// An RSA private key of PKCS #1 as PKCS #8 wraps it (RFC 5208 §5).
pub(crate) fn pkcs1_in_pkcs8(pkcs1: &[u8]) -> Vec<u8> {
    let version_and_algorithm = [2, 1, 0, 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
    let key = tagged(4, pkcs1);
    tagged(0x30, &[&version_and_algorithm[..], &key].concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..0x80 => out.push(length as u8),
        0x80..0x100 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]), // keys of 8192 bits stay far below 64 KiB
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn blocks_among_other_text() {
        let found = blocks(b"subject=x\n-----BEGIN A-----\nAQ\nID\n-----END A-----\n\r\n-----BEGIN B-----\nBA==\n-----END B-----");
        assert_eq!(found, Ok(vec![("A".to_owned(), vec![1, 2, 3]), ("B".to_owned(), vec![4])]));
        for bad in [
            "-----BEGIN A-----\nAQID",
            "-----END A-----",
            "-----BEGIN A-----\n-----END B-----",
            "-----BEGIN A-----\n*\n-----END A-----",
        ] {
            assert!(blocks(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
