//! Encryption of the Body and of the assertion (SOAP Message Security 1.1 §9, BSP 1.1 §9), both ways. One level deep, for one
//! recipient's certificate, and only where this profile puts it: the Body's content, and the assertion's place in Security.

mod read;
mod write;

use xmlsec::{ContentCipher, KeyTransport};

pub use read::{Ciphertext, DecryptAs, Order};
pub use write::EncryptFor;

/// How a message is encrypted: an answer as its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncryptionAlgorithms {
    /// How the content key is wrapped.
    pub transport: KeyTransport,
    /// What encrypts the content.
    pub cipher: ContentCipher,
}

impl Default for EncryptionAlgorithms {
    /// What every stack reads that reads GCM at all: `rsa-oaep-mgf1p`, `aes256-gcm`.
    fn default() -> Self {
        Self { transport: KeyTransport::OaepSha1, cipher: ContentCipher::Aes256Gcm }
    }
}
