//! The audit trail (specification §4: non-repudiation): no service without a trace.
//!
//! - What changes data traces itself in its own transaction (`storage::Tx::trace`).
//! - What only reads, and what is refused, is traced by [`Trail`] in batches, at most one second behind; while the trail cannot
//!   be written, nothing is answered but 000 and the page that says so.
//! - [`chain`] links the rows by hashes each second and signs the head; [`verify`] looks whether everything is as it was
//!   written; [`export`] gives rows as JSON.

mod chain;
mod export;
mod seen;
mod trail;
mod verify;

use xmlsec::DigestMethod;

pub(crate) use self::{chain::Chain, seen::Caller, trail::Trail};
pub use self::{
    export::line,
    verify::{Findings, Progress, Report, verify},
};

/// SHA-256, for the crate `storage`, which has no cryptography.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    // a SHA-256 has 32 bytes
    DigestMethod::Sha256.digest(bytes).as_ref().try_into().unwrap_or_default()
}
