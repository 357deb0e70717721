//! X.509 certificates, parsed once and shared.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use jiff::Timestamp;
use thiserror::Error;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::dn::{self, Dn};
use crate::key::{KeyRejected, VerifyingKey};
use crate::pem;

/// Why a certificate, or a list of them, is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The bytes are no certificate (RFC 5280 §4.1).
    #[error("the certificate cannot be read")]
    Malformed,
    /// The bytes are no certificate revocation list (RFC 5280 §5.1), or one of a kind not supported (delta, indirect).
    #[error("the revocation list cannot be read")]
    MalformedCrl,
    /// The public key is not supported.
    #[error("the certificate's key is not accepted: {0}")]
    Key(#[from] KeyRejected),
}

/// A certificate. Cloning shares it; its key stays parsed.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    subject: Dn,
    issuer: Dn,
    serial: Vec<u8>,
    serial_decimal: String,
    subject_key_identifier: Option<Vec<u8>>,
    sha1: [u8; 20],
    sha256: [u8; 32],
    key: Arc<VerifyingKey>,
    not_before: Timestamp,
    not_after: Timestamp,
    key_usage: Option<u16>,
    is_ca: bool,
}

impl Certificate {
    /// Reads a DER certificate. Nothing is verified of it but that its key is RSA of 2048 to 8192 bits, P-256 or P-384.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        let (certificate, rest) = Self::parse_one(der)?;
        if rest.is_empty() { Ok(certificate) } else { Err(CertificateError::Malformed) }
    }

    fn parse_one(der: &[u8]) -> Result<(Self, &[u8]), CertificateError> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let own = der.get(..der.len() - rest.len()).unwrap_or_default();
        let time = |seconds| Timestamp::from_second(seconds).map_err(|_| CertificateError::Malformed);
        let mut inner = Inner {
            der: own.to_vec(),
            subject: dn::from_x509(parsed.subject()),
            issuer: dn::from_x509(parsed.issuer()),
            serial: parsed.raw_serial().iter().copied().skip_while(|byte| *byte == 0).collect(),
            serial_decimal: parsed.serial.to_string(),
            subject_key_identifier: None,
            sha1: hash(&digest::SHA1_FOR_LEGACY_USE_ONLY, own),
            sha256: hash(&digest::SHA256, own),
            key: VerifyingKey::from_spki(parsed.public_key().raw)?,
            not_before: time(parsed.validity().not_before.timestamp())?,
            not_after: time(parsed.validity().not_after.timestamp())?,
            key_usage: None,
            is_ca: false,
        };
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(identifier) => {
                    inner.subject_key_identifier = Some(identifier.0.to_vec());
                }
                ParsedExtension::KeyUsage(usage) => inner.key_usage = Some(usage.flags),
                ParsedExtension::BasicConstraints(basic) => inner.is_ca = basic.ca,
                ParsedExtension::ParseError { .. } => return Err(CertificateError::Malformed),
                _ => {}
            }
        }
        Ok((Self(Arc::new(inner)), rest))
    }

    /// Reads every certificate of a PEM file.
    ///
    /// # Errors
    /// [`CertificateError`], also when there is none.
    pub fn from_pem(pem: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let mut certificates = Vec::new();
        for (label, der) in pem::blocks(pem).map_err(|_| CertificateError::Malformed)? {
            if matches!(label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE") {
                certificates.push(Self::parse(&der)?);
            }
        }
        if certificates.is_empty() { Err(CertificateError::Malformed) } else { Ok(certificates) }
    }

    /// Reads a PkiPath (ITU-T X.509 §7.7): a DER sequence of certificates, the end entity last.
    ///
    /// # Errors
    /// [`CertificateError`], also when the path is empty or longer than ten.
    pub fn pki_path(der: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let malformed = CertificateError::Malformed;
        let (rest, sequence) = x509_parser::asn1_rs::Sequence::from_der(der).map_err(|_| malformed)?;
        let mut certificates = Vec::new();
        let mut content: &[u8] = &sequence.content;
        while !content.is_empty() {
            if certificates.len() == 10 {
                return Err(malformed);
            }
            let (certificate, after) = Self::parse_one(content)?;
            certificates.push(certificate);
            content = after;
        }
        if rest.is_empty() && !certificates.is_empty() { Ok(certificates) } else { Err(malformed) }
    }

    /// The certificate's bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// Whom it certifies.
    pub fn subject(&self) -> &Dn {
        &self.0.subject
    }

    /// Who issued it.
    pub fn issuer(&self) -> &Dn {
        &self.0.issuer
    }

    /// The serial number, big-endian, without leading zeros.
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The serial number in decimal, as XML Signature writes it (§4.5.4.1).
    pub fn serial_decimal(&self) -> &str {
        &self.0.serial_decimal
    }

    /// The serial number in hexadecimal, as tools print it.
    pub fn serial_hex(&self) -> String {
        self.0.serial.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The subject key identifier extension's octets.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.0.subject_key_identifier.as_deref()
    }

    /// SHA-1 of the certificate: a name for it among certificates already trusted, nothing more.
    pub fn thumbprint_sha1(&self) -> &[u8; 20] {
        &self.0.sha1
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint_sha256(&self) -> &[u8; 32] {
        &self.0.sha256
    }

    /// The public key.
    pub fn public_key(&self) -> &Arc<VerifyingKey> {
        &self.0.key
    }

    /// The first moment of its validity.
    pub fn not_before(&self) -> Timestamp {
        self.0.not_before
    }

    /// The last moment of its validity.
    pub fn not_after(&self) -> Timestamp {
        self.0.not_after
    }

    /// Whether its key may sign data: key usage digitalSignature, or no key usage extension (RFC 5280 §4.2.1.3).
    pub fn digital_signature(&self) -> bool {
        self.usage(0)
    }

    /// Whether its key may encrypt keys: key usage keyEncipherment, or no key usage extension.
    pub fn key_encipherment(&self) -> bool {
        self.usage(2)
    }

    /// Whether it is an authority's (RFC 5280 §4.2.1.9).
    pub fn is_ca(&self) -> bool {
        self.0.is_ca
    }

    fn usage(&self, bit: u16) -> bool {
        self.0.key_usage.is_none_or(|usage| usage >> bit & 1 == 1)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.sha256.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.0.subject)
            .field("serial", &self.serial_hex())
            .finish()
    }
}

fn hash<const N: usize>(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> [u8; N] {
    let digest = digest::digest(algorithm, bytes);
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    out
}
