//! Who is trusted: certification paths (RFC 5280 §6) by `rustls-webpki`, and what it leaves to its caller.

use std::fmt;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use thiserror::Error;
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, ExtendedKeyUsageValidator, KeyPurposeId,
    KeyPurposeIdIter, OwnedCertRevocationList, RevocationCheckDepth, RevocationOptionsBuilder,
    UnknownStatusPolicy, anchor_from_trusted_cert,
};

use crate::certificate::{Certificate, CertificateError};

/// Why a certificate is not trusted. Sections are those of RFC 5280.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathError {
    /// No path leads to an anchor (§6.1).
    #[error("the certificate was issued by nobody trusted")]
    UnknownIssuer,
    /// A certificate of the path is over (§6.1.3 a 2).
    #[error("a certificate has expired")]
    Expired,
    /// A certificate of the path is not yet valid (§6.1.3 a 2).
    #[error("a certificate is not yet valid")]
    NotYetValid,
    /// A certificate of the path is revoked (§6.1.3 a 3).
    #[error("a certificate is revoked")]
    Revoked,
    /// No revocation list tells, and that is not tolerated.
    #[error("whether a certificate is revoked is unknown")]
    RevocationUnknown,
    /// A revocation list should have been renewed (§5.1.2.5).
    #[error("a revocation list is out of date")]
    RevocationListExpired,
    /// The key may not sign data (§4.2.1.3).
    #[error("the key usage does not allow signatures")]
    KeyUsage,
    /// The certificate serves other purposes (§4.2.1.12).
    #[error("the extended key usage does not allow this use")]
    ExtendedKeyUsage,
    /// A certificate is no authority's, or an authority's own signs messages (§4.2.1.9).
    #[error("the basic constraints are not kept")]
    BasicConstraints,
    /// A name outside an authority's domain (§4.2.1.10).
    #[error("the name constraints are not kept")]
    NameConstraints,
    /// A certificate of the path is signed by SHA-1, by another algorithm not accepted, or by too small a key.
    #[error("a certificate is signed by an algorithm that is not accepted")]
    Algorithm,
    /// A signature in the path does not hold.
    #[error("a certificate's signature is wrong")]
    Signature,
    /// The search for a path was given up (a known denial of service).
    #[error("the certification path is too complex")]
    TooComplex,
    /// A certificate is malformed, or has a critical extension that is not understood (§4.2).
    #[error("a certificate is malformed or not understood")]
    Malformed,
}

/// What to do about certificates of which no revocation list speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevocationPolicy {
    /// They pass; those that a list revokes do not.
    #[default]
    UnknownAllowed,
    /// They are refused, as are those whose list should have been renewed.
    UnknownRefused,
}

/// A purpose of certificates, by extended key usage (RFC 5280 §4.2.1.12). A certificate without the extension serves
/// every purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// TLS client.
    ClientAuth,
    /// TLS server.
    ServerAuth,
    /// Mail, as which seals of organisations are often issued.
    EmailProtection,
    /// Documents (RFC 9336).
    DocumentSigning,
}

impl Purpose {
    const fn oid(self) -> &'static [u8] {
        match self {
            Self::ServerAuth => &[0x2b, 6, 1, 5, 5, 7, 3, 1],
            Self::ClientAuth => &[0x2b, 6, 1, 5, 5, 7, 3, 2],
            Self::EmailProtection => &[0x2b, 6, 1, 5, 5, 7, 3, 4],
            Self::DocumentSigning => &[0x2b, 6, 1, 5, 5, 7, 3, 36],
        }
    }
}

/// `anyExtendedKeyUsage`.
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0];

/// The authorities trusted to say whose a key is, and what they have revoked.
pub struct TrustAnchors {
    anchors: Vec<TrustAnchor<'static>>,
    crls: Vec<CertRevocationList<'static>>,
    policy: RevocationPolicy,
    purposes: Vec<Purpose>,
}

impl TrustAnchors {
    /// Trusts these authorities; `crls` are DER revocation lists.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn new<C: AsRef<[u8]>>(
        anchors: &[Certificate],
        crls: &[C],
        policy: RevocationPolicy,
    ) -> Result<Self, CertificateError> {
        let anchor = |certificate: &Certificate| {
            let der = CertificateDer::from(certificate.der());
            anchor_from_trusted_cert(&der)
                .map(|anchor| anchor.to_owned())
                .map_err(|_| CertificateError::Malformed)
        };
        let crl = |der: &C| {
            let crl = OwnedCertRevocationList::from_der(der.as_ref());
            crl.map(CertRevocationList::from).map_err(|_| CertificateError::MalformedCrl)
        };
        Ok(Self {
            anchors: anchors.iter().map(anchor).collect::<Result<_, _>>()?,
            crls: crls.iter().map(crl).collect::<Result<_, _>>()?,
            policy,
            purposes: vec![Purpose::ClientAuth, Purpose::ServerAuth],
        })
    }

    /// Accepts certificates that serve one of these purposes; by default TLS clients and servers.
    #[must_use]
    pub fn purposes(mut self, purposes: &[Purpose]) -> Self {
        self.purposes = purposes.to_vec();
        self
    }

    /// Whether a certificate that signs messages is trusted at a time: a path of valid, unrevoked certificates to an
    /// anchor, key usage digitalSignature, no SHA-1, no small keys. Intermediates come from the message or the
    /// configuration and are not trusted for it.
    ///
    /// # Errors
    /// [`PathError`]
    pub fn verify(
        &self,
        leaf: &Certificate,
        intermediates: &[Certificate],
        now: Timestamp,
    ) -> Result<(), PathError> {
        // RFC 5280 §4.2.1.3: webpki does not look at the end entity's key usage.
        if !leaf.digital_signature() {
            return Err(PathError::KeyUsage);
        }
        let der = CertificateDer::from(leaf.der());
        let end_entity = EndEntityCert::try_from(&der).map_err(cause)?;
        let intermediates: Vec<CertificateDer<'_>> =
            intermediates.iter().map(|certificate| CertificateDer::from(certificate.der())).collect();
        let seconds = u64::try_from(now.as_second()).map_err(|_| PathError::NotYetValid)?;
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let crls: Vec<&CertRevocationList<'_>> = self.crls.iter().collect();
        let strict = self.policy == RevocationPolicy::UnknownRefused;
        let revocation = match RevocationOptionsBuilder::new(&crls) {
            Ok(builder) => Some(
                builder
                    .with_depth(RevocationCheckDepth::Chain)
                    .with_status_policy(if strict {
                        UnknownStatusPolicy::Deny
                    } else {
                        UnknownStatusPolicy::Allow
                    })
                    .with_expiration_policy(if strict {
                        ExpirationPolicy::Enforce
                    } else {
                        ExpirationPolicy::Ignore
                    })
                    .build(),
            ),
            Err(_) if strict => return Err(PathError::RevocationUnknown),
            Err(_) => None,
        };
        end_entity
            .verify_for_usage(
                ALGORITHMS,
                &self.anchors,
                &intermediates,
                now,
                Purposes(&self.purposes),
                revocation,
                None,
            )
            .map(|_| ())
            .map_err(cause)
    }
}

impl fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustAnchors")
            .field("anchors", &self.anchors.len())
            .field("crls", &self.crls.len())
            .field("policy", &self.policy)
            .field("purposes", &self.purposes)
            .finish()
    }
}

/// No SHA-1, RSA from 2048 bits, the NIST curves.
static ALGORITHMS: &[&dyn rustls_pki_types::SignatureVerificationAlgorithm] = &[
    webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
    webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA384,
    webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA512,
    webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    webpki::aws_lc_rs::ECDSA_P256_SHA256,
    webpki::aws_lc_rs::ECDSA_P256_SHA384,
    webpki::aws_lc_rs::ECDSA_P384_SHA256,
    webpki::aws_lc_rs::ECDSA_P384_SHA384,
    webpki::aws_lc_rs::ECDSA_P521_SHA512,
];

struct Purposes<'p>(&'p [Purpose]);

impl ExtendedKeyUsageValidator for Purposes<'_> {
    fn validate(&self, iter: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let mut restricted = false;
        for id in iter {
            let id = id?;
            restricted = true;
            let mut accepted = self.0.iter().map(|purpose| purpose.oid()).chain([ANY_PURPOSE]);
            if accepted.any(|oid| KeyPurposeId::new(oid) == id) {
                return Ok(());
            }
        }
        if restricted { Err(webpki::Error::RequiredEkuNotFoundContext(no_purpose())) } else { Ok(()) }
    }
}

fn no_purpose() -> webpki::RequiredEkuNotFoundContext {
    webpki::RequiredEkuNotFoundContext { required: webpki::KeyUsage::client_auth(), present: Vec::new() }
}

fn cause(error: webpki::Error) -> PathError {
    use webpki::Error as E;
    match error {
        E::CertExpired { .. } => PathError::Expired,
        E::CertNotValidYet { .. } => PathError::NotYetValid,
        E::CertRevoked => PathError::Revoked,
        E::UnknownRevocationStatus => PathError::RevocationUnknown,
        E::CrlExpired { .. } => PathError::RevocationListExpired,
        E::UnknownIssuer => PathError::UnknownIssuer,
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => PathError::ExtendedKeyUsage,
        E::CaUsedAsEndEntity | E::EndEntityUsedAsCa | E::PathLenConstraintViolated => {
            PathError::BasicConstraints
        }
        E::NameConstraintViolation => PathError::NameConstraints,
        E::InvalidSignatureForPublicKey => PathError::Signature,
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | E::UnsupportedCrlSignatureAlgorithmContext(_)
        | E::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => PathError::Algorithm,
        E::MaximumSignatureChecksExceeded
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumPathDepthExceeded
        | E::MaximumNameConstraintComparisonsExceeded => PathError::TooComplex,
        E::IssuerNotCrlSigner | E::InvalidCrlSignatureForPublicKey => PathError::RevocationUnknown,
        _ => PathError::Malformed,
    }
}
