//! Why a signature is refused.

use thiserror::Error;

use crate::algorithm::{DigestMethod, SignatureMethod};
use crate::c14n::C14nError;

/// Why a signature is refused. Sections are those of XML Signature 1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The signature is in another document than the map of IDs, or a hook led to another.
    #[error("the signature belongs to another document")]
    OtherDocument,
    /// Elements missing, repeated, out of order or unknown (§4; ds:Object and ds:Manifest are not accepted).
    #[error("the Signature element is malformed")]
    Shape,
    /// No `Algorithm`, or one with parameters that it does not take (§4.4.2, §6.1).
    #[error("an algorithm is malformed")]
    Algorithm,
    /// Canonicalisation other than exclusive C14N without comments (§4.4.1).
    #[error("the canonicalisation method is not supported")]
    CanonicalizationMethod,
    /// An unknown signature method (§6.4); SHA-1, DSA and HMAC are unknown.
    #[error("the signature method is not supported")]
    SignatureMethodUnknown,
    /// A signature method outside the verifier's list.
    #[error("the signature method is not allowed")]
    SignatureMethodNotAllowed(SignatureMethod),
    /// An unknown digest method (§6.2); SHA-1 is unknown.
    #[error("a digest method is not supported")]
    DigestMethodUnknown,
    /// A digest method outside the verifier's list.
    #[error("a digest method is not allowed")]
    DigestMethodNotAllowed(DigestMethod),
    /// Transforms other than exclusive C14N, enveloped-signature and exclusive C14N, or the caller's (§4.4.3.4).
    #[error("the transforms of a reference are not allowed")]
    TransformNotAllowed,
    /// More references than the limit.
    #[error("there are too many references")]
    TooManyReferences,
    /// A PrefixList of more than 64 prefixes.
    #[error("a PrefixList is too long")]
    TooManyPrefixes,
    /// A URI other than `#` and an ID (§4.4.3.1). Nothing is ever fetched.
    #[error("a reference is not to an ID of this document")]
    ReferenceUri,
    /// A SignatureValue or DigestValue that is no base 64, or a digest of the wrong length.
    #[error("a value is not base 64 of the right length")]
    Value,
    /// The caller found no key.
    #[error("no key: {0}")]
    Key(KeyError),
    /// The key is of another type than the signature method.
    #[error("the key does not fit the signature method")]
    KeyDoesNotFit,
    /// The signature does not hold (§3.2.2).
    #[error("the signature value is wrong")]
    SignatureValue,
    /// No element has the ID that a reference names.
    #[error("a reference names an unknown ID")]
    UnknownId,
    /// The element that a reference names has two ID attributes.
    #[error("a reference names an element with two IDs")]
    AmbiguousId,
    /// The caller's transform found nothing.
    #[error("a reference stands for nothing known")]
    DereferenceFailed,
    /// What a reference names was changed (§3.2.1).
    #[error("the digest of the element at byte {position} is wrong")]
    DigestValue {
        /// Where the element begins in the document.
        position: usize,
    },
    /// Something could not be canonicalised: an error, never an empty octet stream.
    #[error("canonicalisation failed: {0}")]
    C14n(#[from] C14nError),
}

/// Why a [`KeySource`](crate::KeySource) gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The signature names no key and there is no default.
    #[error("the signature names no key")]
    Absent,
    /// The key is named in a way that is not accepted.
    #[error("the key is named in an unsupported way")]
    Unsupported,
    /// The key named is not known.
    #[error("the key is unknown")]
    Unknown,
    /// The key named is known or given, and not trusted.
    #[error("the key is not trusted")]
    Untrusted,
    /// More than one key answers to the name.
    #[error("the key is ambiguous")]
    Ambiguous,
}
