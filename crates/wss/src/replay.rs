//! A message is accepted once. The guard is the server's (memory, or a database that all instances share); the
//! types here see to it that no operation runs before it has been asked.

use jiff::Timestamp;

/// One accepted signature, remembered until the message could no longer be fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayEntry {
    /// SHA-256 over the signer's certificate fingerprint and the signature value.
    pub key: [u8; 32],
    /// When it may be forgotten.
    pub until: Timestamp,
    /// When the message says it was created; a guard that lost its memory refuses what is older than that loss.
    pub created: Option<Timestamp>,
}

/// What a guard answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Never seen: now remembered.
    First,
    /// Seen before.
    Seen,
    /// From before a crash of the guard: it cannot know.
    BeforeRestart,
}

/// The guard could not be asked; nothing was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardUnavailable;

/// Remembers accepted signatures, atomically: of two equal entries one alone is [`Admission::First`].
pub trait ReplayGuard: Send + Sync {
    /// Inserts the entry if it is absent.
    fn admit(&self, entry: ReplayEntry) -> impl Future<Output = Result<Admission, GuardUnavailable>> + Send;
}
