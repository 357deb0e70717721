//! RSA keys that wrap and unwrap content keys, parsed once and kept.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rsa::{
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use zeroize::Zeroizing;

use super::KeyTransport;
use crate::certificate::Certificate;
use crate::key::{KeyRejected, KeyType, VerifyingKey};
use crate::pem;

/// A public key to encrypt to.
#[derive(Clone)]
pub struct EncryptionKey(Arc<OaepPublicEncryptingKey>);

impl EncryptionKey {
    /// Takes a DER SubjectPublicKeyInfo of RSA.
    ///
    /// # Errors
    /// [`KeyRejected`]; [`KeyRejected::Algorithm`] for keys that cannot be encrypted to.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyRejected> {
        let key = VerifyingKey::from_spki(der)?;
        if !matches!(key.key_type(), KeyType::Rsa(_)) {
            return Err(KeyRejected::Algorithm);
        }
        let key = PublicEncryptingKey::from_der(der).map_err(|_| KeyRejected::Malformed)?;
        OaepPublicEncryptingKey::new(key).map(|key| Self(Arc::new(key))).map_err(|_| KeyRejected::Malformed)
    }

    /// Takes the key of a certificate.
    ///
    /// # Errors
    /// [`KeyRejected`]
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, KeyRejected> {
        Self::from_spki(certificate.public_key().spki())
    }

    pub(super) fn wrap(&self, transport: KeyTransport, key: &[u8]) -> Option<Vec<u8>> {
        let mut wrapped = vec![0; self.0.ciphertext_size()];
        let length = self.0.encrypt(transport.algorithm(), key, &mut wrapped, None).ok()?.len();
        wrapped.truncate(length);
        Some(wrapped)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey").field("bits", &self.0.key_size_bits()).finish()
    }
}

/// A private key that decrypts.
pub struct DecryptionKey(OaepPrivateDecryptingKey);

impl DecryptionKey {
    /// Takes a DER PKCS #8 RSA key of 2048 to 8192 bits.
    ///
    /// # Errors
    /// [`KeyRejected`]
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyRejected> {
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| KeyRejected::Malformed)?;
        if !(2048..=8192).contains(&key.key_size_bits()) {
            return Err(KeyRejected::Size);
        }
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_| KeyRejected::Malformed)
    }

    /// Takes the first RSA private key of a PEM file.
    ///
    /// # Errors
    /// [`KeyRejected`]
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyRejected> {
        for (label, der) in pem::blocks(pem).map_err(|_| KeyRejected::Malformed)? {
            let der = Zeroizing::new(der);
            match label.as_str() {
                "PRIVATE KEY" => return Self::from_pkcs8(&der),
                "RSA PRIVATE KEY" => return Self::from_pkcs8(&Zeroizing::new(pem::pkcs1_in_pkcs8(&der))),
                _ => {}
            }
        }
        Err(KeyRejected::Malformed)
    }

    /// The content key, or nothing; callers go on with a random one, so that nobody learns which.
    pub(super) fn unwrap(&self, transport: KeyTransport, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut key = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let length = self.0.decrypt(transport.algorithm(), wrapped, &mut key, None).ok()?.len();
        key.truncate(length);
        Some(key)
    }
}

impl fmt::Debug for DecryptionKey {
    /// Nothing of the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey").field("bits", &self.0.key_size_bits()).finish()
    }
}
