//! The algorithms of XML Encryption that this crate knows.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm};

/// How the content key is wrapped (`xenc:EncryptedKey/xenc:EncryptionMethod`). RSA PKCS #1 v1.5 is not among them: it
/// cannot be decrypted safely (Bleichenbacher).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyTransport {
    /// RSA-OAEP with SHA-1 and MGF1 with SHA-1 (`rsa-oaep-mgf1p`, XML Encryption 1.1 §5.5.2). The collisions of SHA-1
    /// are no attack on OAEP.
    OaepSha1,
    /// RSA-OAEP with SHA-256 and MGF1 with SHA-256 (`xmlenc11#rsa-oaep`).
    OaepSha256,
}

impl KeyTransport {
    /// Every transport.
    pub const ALL: [Self; 2] = [Self::OaepSha1, Self::OaepSha256];

    /// The algorithm's identifier.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::OaepSha1 => OAEP_MGF1P,
            Self::OaepSha256 => OAEP_11,
        }
    }

    pub(super) fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
            Self::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }
}

pub(super) const OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
pub(super) const OAEP_11: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
pub(super) const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
pub(super) const MGF1_SHA1: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha1";
pub(super) const MGF1_SHA256: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha256";

/// How content is encrypted (`xenc:EncryptedData/xenc:EncryptionMethod`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentCipher {
    /// AES-128 in Galois/Counter Mode (XML Encryption 1.1 §5.2.4).
    Aes128Gcm,
    /// AES-256 in Galois/Counter Mode.
    Aes256Gcm,
    /// AES-128 in CBC mode: malleable, and an oracle wherever failure shows (Jager and Somorovsky, 2011).
    Aes128Cbc,
    /// AES-256 in CBC mode.
    Aes256Cbc,
}

const IV: usize = 16;
const NONCE: usize = 12;
const TAG: usize = 16;

impl ContentCipher {
    /// Every cipher.
    pub const ALL: [Self; 4] = [Self::Aes128Gcm, Self::Aes256Gcm, Self::Aes128Cbc, Self::Aes256Cbc];

    /// The algorithm's identifier.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::Aes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::Aes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        }
    }

    /// The algorithm of an identifier, compared byte for byte.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.uri() == uri)
    }

    /// Whether it authenticates what it encrypts.
    pub const fn is_authenticated(self) -> bool {
        matches!(self, Self::Aes128Gcm | Self::Aes256Gcm)
    }

    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Cbc => 16,
            Self::Aes256Gcm | Self::Aes256Cbc => 32,
        }
    }

    /// What encryption adds to a text, at the least.
    pub(super) const fn overhead(self) -> usize {
        if self.is_authenticated() { NONCE + TAG } else { IV + 1 }
    }

    /// IV, ciphertext, and with GCM the tag (§5.2.4), or with CBC padding (§5.2).
    pub(super) fn encrypt(self, key: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        if self.is_authenticated() {
            let mut nonce = [0; NONCE];
            rand::fill(&mut nonce).ok()?;
            let mut sealed = plain.to_vec();
            let nonce_of = Nonce::assume_unique_for_key(nonce);
            self.gcm(key)?.seal_in_place_append_tag(nonce_of, Aad::empty(), &mut sealed).ok()?;
            return Some([&nonce[..], &sealed].concat());
        }
        let pad = IV - plain.len() % IV;
        let mut blocks = plain.to_vec();
        let mut padding = [0; IV];
        rand::fill(&mut padding).ok()?;
        blocks.extend_from_slice(padding.get(..pad - 1)?);
        blocks.push(pad as u8);
        let context = EncryptingKey::cbc(self.cbc(key)?).ok()?.encrypt(&mut blocks).ok()?;
        let DecryptionContext::Iv128(iv) = context else { return None };
        Some([&iv.as_ref()[..], &blocks].concat())
    }

    pub(super) fn decrypt(self, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        if self.is_authenticated() {
            let (nonce, sealed) = data.split_at_checked(NONCE)?;
            if sealed.len() < TAG {
                return None;
            }
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut plain = sealed.to_vec();
            let length = self.gcm(key)?.open_in_place(nonce, Aad::empty(), &mut plain).ok()?.len();
            plain.truncate(length);
            return Some(plain);
        }
        let (iv, blocks) = data.split_at_checked(IV)?;
        if blocks.is_empty() || blocks.len() % IV != 0 {
            return None;
        }
        let context = DecryptionContext::Iv128(FixedLength::try_from(iv).ok()?);
        let mut plain = blocks.to_vec();
        DecryptingKey::cbc(self.cbc(key)?).ok()?.decrypt(&mut plain, context).ok()?;
        // §5.2: the last octet counts the padding, whose other octets are anything.
        let pad = usize::from(*plain.last()?);
        if pad == 0 || pad > IV {
            return None;
        }
        plain.truncate(plain.len() - pad);
        Some(plain)
    }

    fn gcm(self, key: &[u8]) -> Option<LessSafeKey> {
        let algorithm = if self == Self::Aes128Gcm { &AES_128_GCM } else { &AES_256_GCM };
        UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
    }

    fn cbc(self, key: &[u8]) -> Option<UnboundCipherKey> {
        let algorithm = if self == Self::Aes128Cbc { &AES_128 } else { &AES_256 };
        UnboundCipherKey::new(algorithm, key).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cipher_reads_back_and_refuses_what_is_cut() {
        for cipher in ContentCipher::ALL {
            assert_eq!(ContentCipher::from_uri(cipher.uri()), Some(cipher));
            let key = vec![7; cipher.key_length()];
            for length in [0, 1, 15, 16, 17, 1000] {
                let plain = vec![b'x'; length];
                let sealed = cipher.encrypt(&key, &plain).unwrap();
                assert_eq!(cipher.decrypt(&key, &sealed), Some(plain), "{cipher:?} {length}");
                for cut in 0..sealed.len().min(40) {
                    if cipher.is_authenticated() || cut % IV != 0 || cut <= IV {
                        assert_eq!(cipher.decrypt(&key, &sealed[..cut]), None, "{cipher:?} {length} {cut}");
                    }
                }
            }
            assert_eq!(cipher.encrypt(&[1; 5], b"x"), None);
        }
        assert_eq!(ContentCipher::from_uri("http://www.w3.org/2001/04/xmlenc#tripledes-cbc"), None);
    }
}
