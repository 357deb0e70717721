//! Keys that sign and verify, parsed once and kept.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, ParsedPublicKey, RsaEncoding, RsaKeyPair,
    VerificationAlgorithm,
};
use thiserror::Error;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::algorithm::SignatureMethod;
use crate::pem;

/// Why a key is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyRejected {
    /// The bytes are no key in the expected encoding.
    #[error("the key cannot be read")]
    Malformed,
    /// Neither RSA nor an elliptic curve key of P-256 or P-384.
    #[error("the key's algorithm is not supported")]
    Algorithm,
    /// RSA of fewer than 2048 bits or more than 8192 (NIST SP 800-131A; beyond, verification is a burden).
    #[error("the RSA key is shorter than 2048 bits or longer than 8192")]
    Size,
}

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// RSA of so many bits.
    Rsa(usize),
    /// The curve P-256.
    P256,
    /// The curve P-384.
    P384,
}

/// A public key that verifies signatures. Share it by its [`Arc`]: what the library below needs is prepared once per
/// method and kept.
pub struct VerifyingKey {
    spki: Vec<u8>,
    kind: KeyType,
    parsed: [OnceLock<Option<ParsedPublicKey>>; SignatureMethod::ALL.len()],
}

impl VerifyingKey {
    /// Takes a DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
    ///
    /// # Errors
    /// [`KeyRejected`]
    pub fn from_spki(der: &[u8]) -> Result<Arc<Self>, KeyRejected> {
        let (rest, spki) = SubjectPublicKeyInfo::from_der(der).map_err(|_| KeyRejected::Malformed)?;
        if !rest.is_empty() {
            return Err(KeyRejected::Malformed);
        }
        let kind = match spki.parsed().map_err(|_| KeyRejected::Malformed)? {
            PublicKey::RSA(rsa) => {
                let significant: Vec<u8> =
                    rsa.modulus.iter().copied().skip_while(|byte| *byte == 0).collect();
                let bits = significant.len() * 8
                    - significant.first().map_or(0, |first| first.leading_zeros() as usize);
                if !(2048..=8192).contains(&bits) {
                    return Err(KeyRejected::Size);
                }
                KeyType::Rsa(bits)
            }
            PublicKey::EC(_) => {
                let curve = spki.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
                match curve.map(|oid| oid.to_id_string()).as_deref() {
                    Some("1.2.840.10045.3.1.7") => KeyType::P256,
                    Some("1.3.132.0.34") => KeyType::P384,
                    _ => return Err(KeyRejected::Algorithm),
                }
            }
            _ => return Err(KeyRejected::Algorithm),
        };
        let key = Self { spki: der.to_vec(), kind, parsed: Default::default() };
        // Refuse here what the cryptographic library would refuse at the first use.
        let probe =
            if matches!(kind, KeyType::Rsa(_)) { SignatureMethod::RsaSha256 } else { key.natural_method() };
        key.parsed(probe).ok_or(KeyRejected::Malformed)?;
        Ok(Arc::new(key))
    }

    /// What kind of key it is.
    pub fn key_type(&self) -> KeyType {
        self.kind
    }

    /// Whether the method fits the key.
    pub fn supports(&self, method: SignatureMethod) -> bool {
        algorithm(self.kind, method).is_some()
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Whether `signature`, as XML Signature writes it (ECDSA: r and s side by side, §6.4.3), is one of `message`.
    pub fn verify(&self, method: SignatureMethod, message: &[u8], signature: &[u8]) -> bool {
        let Some(key) = self.parsed(method) else { return false };
        if matches!(self.kind, KeyType::Rsa(_)) {
            return key.verify_sig(message, signature).is_ok();
        }
        let half = if self.kind == KeyType::P256 { 32 } else { 48 };
        ecdsa_der(signature, half).is_some_and(|der| key.verify_sig(message, &der).is_ok())
    }

    /// The method that its holder signs with when nothing else is asked: [`SigningKey::default_method`].
    pub fn natural_method(&self) -> SignatureMethod {
        match self.kind {
            KeyType::Rsa(_) => SignatureMethod::RsaSha256,
            KeyType::P256 => SignatureMethod::EcdsaSha256,
            KeyType::P384 => SignatureMethod::EcdsaSha384,
        }
    }

    fn parsed(&self, method: SignatureMethod) -> Option<&ParsedPublicKey> {
        let slot = self.parsed.get(method as usize)?;
        slot.get_or_init(|| ParsedPublicKey::new(algorithm(self.kind, method)?, &self.spki).ok()).as_ref()
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("type", &self.kind).finish_non_exhaustive()
    }
}

fn algorithm(kind: KeyType, method: SignatureMethod) -> Option<&'static dyn VerificationAlgorithm> {
    use SignatureMethod as M;
    Some(match (kind, method) {
        (KeyType::Rsa(_), M::RsaSha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (KeyType::Rsa(_), M::RsaSha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (KeyType::Rsa(_), M::RsaSha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (KeyType::Rsa(_), M::RsaPssSha256) => &signature::RSA_PSS_2048_8192_SHA256,
        (KeyType::Rsa(_), M::RsaPssSha384) => &signature::RSA_PSS_2048_8192_SHA384,
        (KeyType::Rsa(_), M::RsaPssSha512) => &signature::RSA_PSS_2048_8192_SHA512,
        (KeyType::P256, M::EcdsaSha256) => &signature::ECDSA_P256_SHA256_ASN1,
        (KeyType::P256, M::EcdsaSha384) => &signature::ECDSA_P256_SHA384_ASN1,
        (KeyType::P256, M::EcdsaSha512) => &signature::ECDSA_P256_SHA512_ASN1,
        (KeyType::P384, M::EcdsaSha256) => &signature::ECDSA_P384_SHA256_ASN1,
        (KeyType::P384, M::EcdsaSha384) => &signature::ECDSA_P384_SHA384_ASN1,
        (KeyType::P384, M::EcdsaSha512) => &signature::ECDSA_P384_SHA512_ASN1,
        _ => return None,
    })
}

/// XML Signature's r ‖ s as the DER sequence that the library reads.
fn ecdsa_der(signature: &[u8], half: usize) -> Option<Vec<u8>> {
    if signature.len() != 2 * half {
        return None;
    }
    let (r, s) = signature.split_at_checked(half)?;
    let mut body = Vec::with_capacity(2 * half + 8);
    for integer in [r, s] {
        let start = integer.iter().position(|byte| *byte != 0)?; // r = 0 and s = 0 are no signatures
        let digits = integer.get(start..)?;
        let sign = digits.first().is_some_and(|byte| *byte >= 0x80);
        body.extend([2, (digits.len() + usize::from(sign)) as u8]);
        if sign {
            body.push(0);
        }
        body.extend_from_slice(digits);
    }
    let mut der = vec![0x30, body.len() as u8]; // at most 102 bytes for P-384: short form
    der.append(&mut body);
    Some(der)
}

/// A private key that signs.
pub struct SigningKey {
    pair: Pair,
    public: Arc<VerifyingKey>,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// Signing failed in the cryptographic library, or the method does not fit the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the key cannot sign with this method")]
pub struct SigningFailed;

impl SigningKey {
    /// Takes a DER PKCS #8 key: RSA, P-256 or P-384.
    ///
    /// # Errors
    /// [`KeyRejected`]
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyRejected> {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            return Self::rsa(pair);
        }
        for curve in CURVES {
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(curve, der) {
                return Self::ec(pair);
            }
        }
        Err(KeyRejected::Malformed)
    }

    /// Takes the first private key of a PEM file: PKCS #8, or the older forms of RSA and EC keys.
    ///
    /// # Errors
    /// [`KeyRejected`]
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyRejected> {
        for (label, der) in pem::blocks(pem).map_err(|_| KeyRejected::Malformed)? {
            match label.as_str() {
                "PRIVATE KEY" => return Self::from_pkcs8(&der),
                "RSA PRIVATE KEY" => {
                    return RsaKeyPair::from_der(&der)
                        .map_err(|_| KeyRejected::Malformed)
                        .and_then(Self::rsa);
                }
                "EC PRIVATE KEY" => {
                    let pair =
                        CURVES.iter().find_map(|curve| EcdsaKeyPair::from_private_key_der(curve, &der).ok());
                    return pair.ok_or(KeyRejected::Malformed).and_then(Self::ec);
                }
                _ => {}
            }
        }
        Err(KeyRejected::Malformed)
    }

    /// The method to sign with when nothing else is asked: SHA-256, or SHA-384 on P-384.
    pub fn default_method(&self) -> SignatureMethod {
        self.public.natural_method()
    }

    /// The public half.
    pub fn public_key(&self) -> &Arc<VerifyingKey> {
        &self.public
    }

    /// Signs a message; an ECDSA signature is r and s side by side (XML Signature §6.4.3).
    ///
    /// # Errors
    /// [`SigningFailed`] when the method does not fit: RSA methods for RSA keys, `EcdsaSha256` for P-256 and
    /// `EcdsaSha384` for P-384.
    pub fn sign(&self, method: SignatureMethod, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        use SignatureMethod as M;
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match method {
                    M::RsaSha256 => &signature::RSA_PKCS1_SHA256,
                    M::RsaSha384 => &signature::RSA_PKCS1_SHA384,
                    M::RsaSha512 => &signature::RSA_PKCS1_SHA512,
                    M::RsaPssSha256 => &signature::RSA_PSS_SHA256,
                    M::RsaPssSha384 => &signature::RSA_PSS_SHA384,
                    M::RsaPssSha512 => &signature::RSA_PSS_SHA512,
                    M::EcdsaSha256 | M::EcdsaSha384 | M::EcdsaSha512 => return Err(SigningFailed),
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).map_err(|_| SigningFailed)?;
                Ok(signature)
            }
            Pair::Ec(pair) if method == self.default_method() => {
                Ok(pair.sign(&random, message).map_err(|_| SigningFailed)?.as_ref().to_vec())
            }
            Pair::Ec(_) => Err(SigningFailed),
        }
    }

    fn rsa(pair: RsaKeyPair) -> Result<Self, KeyRejected> {
        let spki = pair.public_key().as_der().map_err(|_| KeyRejected::Malformed)?;
        let public = VerifyingKey::from_spki(spki.as_ref())?;
        Ok(Self { pair: Pair::Rsa(pair), public })
    }

    fn ec(pair: EcdsaKeyPair) -> Result<Self, KeyRejected> {
        let spki = pair.public_key().as_der().map_err(|_| KeyRejected::Malformed)?;
        let public = VerifyingKey::from_spki(spki.as_ref())?;
        Ok(Self { pair: Pair::Ec(pair), public })
    }
}

static CURVES: [&EcdsaSigningAlgorithm; 2] =
    [&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &signature::ECDSA_P384_SHA384_FIXED_SIGNING];

impl fmt::Debug for SigningKey {
    /// Nothing of the private half.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}
