#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod algorithm;
mod base64;
mod c14n;
mod certificate;
mod chars;
mod diagnosis;
mod dn;
mod document;
mod encryption;
mod escape;
mod ids;
mod key;
mod limits;
mod parse;
mod pem;
mod sign;
mod signed;
mod splice;
mod trust;
mod verify;
mod writer;

pub use algorithm::{
    DSIG_NAMESPACE, Digest, DigestMethod, ENVELOPED_SIGNATURE, EXC_C14N, EXC_C14N_WITH_COMMENTS,
    SignatureMethod,
};
pub use c14n::{C14nError, Canonicalization, canonicalize, canonicalize_inclusive};
pub use certificate::{Certificate, CertificateError};
pub use diagnosis::{SignedAs, WeakDigest};
pub use dn::{Dn, MalformedDn};
pub use document::{Attribute, Document, Encoding, Node, XML_NAMESPACE};
pub use encryption::{
    ContentCipher, DecryptError, Decrypted, DecryptionKey, Decryptor, EncryptError, Encrypted, EncryptionKey,
    EncryptionSession, KeyTransport, XENC_NAMESPACE, XENC11_NAMESPACE, danger,
};
pub use ids::{IdError, IdRule, IdUse, Ids, StandardIds};
pub use key::{KeyRejected, KeyType, SigningFailed, SigningKey, VerifyingKey};
pub use limits::Limits;
pub use parse::{ParseCause, ParseError};
pub use sign::{SignError, SignReference, SignatureBuilder};
pub use signed::Signed;
pub use splice::Place;
pub use trust::{PathError, Purpose, RevocationPolicy, TrustAnchors};
pub use verify::{
    Claim, Dereference, Dereferenced, KeyError, KeySource, NoDereference, Reference, Verified, Verifier,
    VerifyError,
};
pub use writer::{Fragment, WriteError, Writer};
