//! Near misses: what the sender of a message whose signature does not hold did instead of what it says it did. Each check tries
//! one habit of real programs; the first that fits is named. A digest or a signature that fits is no accident, so that there
//! is nothing to weigh.
//!
//! This multiplies the work of one message: it runs under a [`Budget`], in a sandbox and in `vtpa inspect`, and never in
//! production. It answers nothing about trust: what it finds is a sentence.

mod clock;
mod digest;
mod ids;
mod signature;
mod text;

use std::fmt;

use jiff::Timestamp;
use xmlsec::{Certificate, Document, VerifyError};

use crate::envelope::Envelope;
use crate::explain::{self, Explanation};
use crate::header::SecurityHeader;
use crate::refusal::Refusal;
use crate::timestamp::Freshness;

/// Bytes that are canonicalised or digested for one message at the most: some two hundred times a message of 40 kB, or eight
/// times the largest that servers take.
pub const NEAR_MISS_BYTES: usize = 8 << 20;

/// Signature verifications for one message at the most, each some 30 µs with RSA 2048.
pub const NEAR_MISS_VERIFICATIONS: usize = 200;

/// What may still be spent on one message.
#[derive(Debug)]
pub struct Budget {
    bytes: usize,
    verifications: usize,
    spent: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(NEAR_MISS_BYTES, NEAR_MISS_VERIFICATIONS)
    }
}

impl Budget {
    /// So many bytes canonicalised or digested, so many signatures verified.
    pub fn new(bytes: usize, verifications: usize) -> Self {
        Self { bytes, verifications, spent: false }
    }

    /// Whether it was too small: something was not tried.
    pub fn is_spent(&self) -> bool {
        self.spent
    }

    fn pay_bytes(&mut self, bytes: usize) -> bool {
        Self::pay(&mut self.bytes, bytes, &mut self.spent)
    }

    fn pay_verification(&mut self) -> bool {
        Self::pay(&mut self.verifications, 1, &mut self.spent)
    }

    fn pay(from: &mut usize, price: usize, spent: &mut bool) -> bool {
        let rest = from.checked_sub(price);
        *spent |= rest.is_none();
        *from = rest.unwrap_or(0);
        rest.is_some()
    }
}

/// A certificate that the receiver knows.
#[derive(Debug, Clone)]
pub struct KnownCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// Whether it is of the application that the message's certificate is of.
    pub same_application: bool,
}

/// What the message is held against.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The receiver's time.
    pub now: Timestamp,
    /// How fresh a message must be.
    pub freshness: Freshness,
    /// Certificates of registered applications.
    pub known: &'a [KnownCertificate],
}

/// What the sender did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    explanation: &'static Explanation,
    found: String,
}

impl NearMiss {
    /// `found` is half a sentence about this message; the explanation's title is the other half.
    fn new(id: &'static str, found: impl Into<String>) -> Option<Self> {
        Some(Self { explanation: explain::exactly(id)?, found: found.into() })
    }

    /// What it means and what to do.
    pub fn explanation(&self) -> &'static Explanation {
        self.explanation
    }
}

/// What the sender did, in one sentence.
impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut title = self.explanation.title.chars();
        let first = title.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        write!(f, "{first}{}: {}", title.as_str(), self.found)
    }
}

/// The ids of all near misses, in the order of their checks.
pub fn near_miss_ids() -> Vec<&'static str> {
    let digest = digest::CHECKS.iter().map(|(id, _)| *id);
    let signature = signature::CHECKS.iter().map(|(id, _)| *id);
    digest.chain(signature).chain([clock::ID]).chain(ids::ALL).collect()
}

/// The first near miss that fits the message, which was refused for `refusal`. Of what was decrypted nothing is told: each
/// difference would help an attacker (attack catalogue 37).
pub fn near_miss(
    document: &Document,
    refusal: &Refusal,
    circumstances: &Circumstances<'_>,
    budget: &mut Budget,
) -> Option<NearMiss> {
    let envelope = Envelope::read(document).ok()?;
    if matches!(refusal, Refusal::DuplicateId | Refusal::Signature(VerifyError::AmbiguousId)) {
        return ids::duplicate(document);
    }
    let header = SecurityHeader::read(envelope.security).ok()?;
    match refusal {
        Refusal::TimestampInFuture { .. }
        | Refusal::TimestampTooOld { .. }
        | Refusal::TimestampExpired { .. } => clock::shifted(&header, circumstances),
        Refusal::BodyNotSigned => ids::body_not_signed(document, &envelope, &header),
        Refusal::Signature(VerifyError::UnknownId) => ids::unknown(document, header.signature),
        Refusal::Signature(VerifyError::DigestValue { position }) => {
            digest::search(document, &envelope, header.signature, Some(*position), budget)
        }
        Refusal::Signature(VerifyError::Value) => {
            digest::search(document, &envelope, header.signature, None, budget)
                .or_else(|| signature::encoding(header.signature))
        }
        Refusal::Signature(VerifyError::SignatureValue) => {
            signature::search(&envelope, &header, header.signature, circumstances, budget)
        }
        Refusal::AssertionSignature(error) => {
            let signature = header.assertion?.child(crate::ns::DS, "Signature")?;
            match error {
                VerifyError::DigestValue { position } => {
                    digest::search(document, &envelope, signature, Some(*position), budget)
                }
                VerifyError::Value => digest::search(document, &envelope, signature, None, budget)
                    .or_else(|| signature::encoding(signature)),
                VerifyError::SignatureValue => {
                    signature::search(&envelope, &header, signature, circumstances, budget)
                }
                _ => None,
            }
        }
        _ => None,
    }
}
