//! Base 64 as XML Schema has it: white space anywhere, nothing else.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::chars::{SPACE, class};

/// The standard alphabet; padding may lack.
pub(crate) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes `xs:base64Binary`: padded, no stray bits, white space ignored.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let blank = |byte: &u8| class(*byte) & SPACE != 0;
    let dense: Cow<'_, [u8]> = if text.as_bytes().iter().any(blank) {
        text.bytes().filter(|byte| !blank(byte)).collect::<Vec<u8>>().into()
    } else {
        text.as_bytes().into()
    };
    base64::engine::general_purpose::STANDARD.decode(dense).ok()
}

/// Encodes without line breaks.
pub(crate) fn encode(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
