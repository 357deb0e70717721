//! XML Encryption 1.1, a closed profile: AES-GCM under a key wrapped by RSA-OAEP, and AES-CBC where [`danger`] is called
//! for.
//!
//! Decryption tells nothing of why it fails, builds the final document first, with the limits of any document, and
//! never looks into what it decrypted for more to decrypt.

mod cipher;
mod decrypt;
mod encrypt;
mod key;

pub use cipher::{ContentCipher, KeyTransport};
pub use decrypt::{DecryptError, Decrypted, Decryptor, Encrypted};
pub use encrypt::{EncryptError, EncryptionSession};
pub use key::{DecryptionKey, EncryptionKey};

pub use decrypt::danger;

/// The namespace of XML Encryption.
pub const XENC_NAMESPACE: &str = "http://www.w3.org/2001/04/xmlenc#";
/// The namespace that XML Encryption 1.1 added.
pub const XENC11_NAMESPACE: &str = "http://www.w3.org/2009/xmlenc11#";

/// `Type` of an encrypted element.
pub(crate) const ELEMENT_TYPE: &str = "http://www.w3.org/2001/04/xmlenc#Element";
/// `Type` of encrypted content.
pub(crate) const CONTENT_TYPE: &str = "http://www.w3.org/2001/04/xmlenc#Content";
