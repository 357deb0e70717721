//! What is needed to say of a signature that does not hold how it was made: by algorithms that this crate refuses, or in another
//! form than XML Signature's. Nothing here answers whether a signature is good; no type of a verifier comes of it.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};

use crate::algorithm::{DigestMethod, SignatureMethod};
use crate::key::{KeyType, VerifyingKey};

/// SHA-1, to recognise a digest by and for nothing else: [`DigestMethod`] does not know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeakDigest;

impl WeakDigest {
    /// Bytes of a digest.
    pub const LENGTH: usize = 20;

    /// Whether `value` is the SHA-1 digest of `bytes`.
    pub fn is(self, value: &[u8], bytes: &[u8]) -> bool {
        digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref() == value
    }
}

/// How a signature value was really made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedAs {
    /// As this method has it.
    Method(SignatureMethod),
    /// RSASSA-PKCS1-v1_5 with SHA-1.
    RsaSha1,
    /// Over the digest of the bytes as if that were the message: hashed twice.
    HashedTwice(SignatureMethod),
    /// ECDSA, written as the ASN.1 sequence of r and s (XML Signature §6.4.3 wants them side by side).
    Asn1(SignatureMethod),
}

impl SignedAs {
    /// Each way in which a signature of this key can have been made that is said to be of `method`, the likeliest first.
    pub fn of(key: &VerifyingKey, method: SignatureMethod) -> Vec<Self> {
        let others =
            SignatureMethod::ALL.into_iter().filter(|other| *other != method && key.supports(*other));
        let mut ways = Vec::with_capacity(8);
        if matches!(key.key_type(), KeyType::Rsa(_)) {
            ways.push(Self::RsaSha1);
        } else if key.supports(method) {
            ways.push(Self::Asn1(method));
        }
        if key.supports(method) {
            ways.push(Self::HashedTwice(method));
        }
        ways.extend(others.map(Self::Method));
        ways
    }

    /// Whether `signature` is one of `message` made so: one verification.
    pub fn fits(self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Method(method) => key.verify(method, message, signature),
            Self::HashedTwice(method) => {
                key.verify(method, hash_of(method).digest(message).as_ref(), signature)
            }
            Self::RsaSha1 => {
                let sha1 = &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY;
                matches!(key.key_type(), KeyType::Rsa(_)) && raw(sha1, key, message, signature)
            }
            Self::Asn1(method) => {
                let algorithm: &'static dyn VerificationAlgorithm = match (key.key_type(), method) {
                    (KeyType::P256, SignatureMethod::EcdsaSha256) => &signature::ECDSA_P256_SHA256_ASN1,
                    (KeyType::P384, SignatureMethod::EcdsaSha384) => &signature::ECDSA_P384_SHA384_ASN1,
                    _ => return false,
                };
                raw(algorithm, key, message, signature)
            }
        }
    }
}

fn raw(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> bool {
    ParsedPublicKey::new(algorithm, key.spki()).is_ok_and(|key| key.verify_sig(message, signature).is_ok())
}

fn hash_of(method: SignatureMethod) -> DigestMethod {
    use SignatureMethod as M;
    match method {
        M::RsaSha256 | M::RsaPssSha256 | M::EcdsaSha256 => DigestMethod::Sha256,
        M::RsaSha384 | M::RsaPssSha384 | M::EcdsaSha384 => DigestMethod::Sha384,
        M::RsaSha512 | M::RsaPssSha512 | M::EcdsaSha512 => DigestMethod::Sha512,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha_1_is_recognised_by_its_published_vector() {
        // FIPS 180-4, "abc"
        let abc = [
            0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c,
            0x9c, 0xd0, 0xd8, 0x9d,
        ];
        assert!(WeakDigest.is(&abc, b"abc") && !WeakDigest.is(&abc, b"abd"));
        assert_eq!(abc.len(), WeakDigest::LENGTH);
    }
}
