//! SOAP 1.2 and WS-Security 1.1 over [`xmlsec`]: two verbs, [`open`](Received) and [`seal`].
//!
//! ```text
//! bytes ─▶ xmlsec::Document ─▶ Received ─▶ Unspent ─▶ Opened ─▶ body(): Signed
//!                              shape,       path,      first
//!                              which key    signature, time
//!                                           freshness
//! ```
//! What is encrypted is found by [`Received::ciphertext`] and decrypted before the signature is verified, or after, in the
//! order in which the sender worked: a document of its own, from which `Received` starts anew or to which `Unspent` goes on.
//!
//! A request's Body can be read only from [`Opened`], which only [`Unspent::spend`] makes, which only
//! [`Received::verify`] makes. This crate does no I/O, reads no clock and spawns nothing: `now`, randomness and the
//! replay guard are arguments.
//!
//! Clauses cited: [SOAP Message Security 1.1](http://docs.oasis-open.org/wss/v1.1/), X.509 Certificate Token
//! Profile 1.1, WS-I Basic Security Profile 1.1 (R numbers), SOAP 1.2 part 1.

mod addressing;
mod encryption;
mod envelope;
pub mod explain;
mod fault;
mod header;
mod ids;
mod key;
mod near_miss;
pub mod ns;
mod open;
mod refusal;
mod replay;
mod saml;
mod seal;
mod str_transform;
mod timestamp;

pub use addressing::Addressing;
pub use encryption::{Ciphertext, DecryptAs, EncryptFor, EncryptionAlgorithms, Order};
pub use fault::{Fault, FaultCode, ReceivedFault};
pub use key::KeySelector;
pub use near_miss::{
    Budget, Circumstances, KnownCertificate, NEAR_MISS_BYTES, NEAR_MISS_VERIFICATIONS, NearMiss, near_miss,
    near_miss_ids,
};
pub use open::{CertificateCheck, Opened, Policy, Received, Unspent};
pub use refusal::{Name, Refusal, Subcode};
pub use replay::{Admission, GuardUnavailable, ReplayEntry, ReplayGuard};
pub use saml::{Assertion, AssertionRules, Confirmation, UserAssertion};
pub use seal::{
    AddressingHeaders, Identity, KeyMismatch, KeyReference, SealError, Sealing, seal, seal_fault,
};
pub use timestamp::Freshness;
