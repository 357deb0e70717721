//! Names in certificates.

use x509_parser::asn1_rs::{Any, FromDer as _, Tag};
use x509_parser::x509::X509Name;

use super::{Ava, Dn};

/// The name of a certificate; DER has the root first.
pub(crate) fn from_x509(name: &X509Name<'_>) -> Dn {
    let mut relative: Vec<Vec<Ava>> = name
        .iter_rdn()
        .map(|set| {
            set.iter()
                .map(|ava| Ava { oid: ava.attr_type().to_id_string(), value: value(ava.attr_value()) })
                .collect()
        })
        .collect();
    relative.reverse();
    Dn::new(relative)
}

/// The value whose DER this is; what is no string is written in hexadecimal.
pub(super) fn value_of_der(der: &[u8]) -> String {
    match Any::from_der(der) {
        Ok(([], any)) => value(&any),
        _ => hex(der),
    }
}

fn value(any: &Any<'_>) -> String {
    let text = match any.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            String::from_utf8(any.data.to_vec()).ok()
        }
        // Latin-1 in practice (RFC 5280 appendix B).
        Tag::T61String => Some(any.data.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => {
            let (pairs, rest) = any.data.as_chunks::<2>();
            let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            if rest.is_empty() { char::decode_utf16(units).collect::<Result<_, _>>().ok() } else { None }
        }
        _ => None,
    };
    text.unwrap_or_else(|| hex(any.data))
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::from("#");
    for byte in bytes {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}
