//! Certificates, keys and revocation lists from files; every error names the file and what was wrong with it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use wss::{DecryptAs, Identity};
use xmlsec::{Certificate, EncryptionKey, RevocationPolicy, SigningKey, TrustAnchors};

use crate::config::{Config, KeyPair, Tls, Trust, UnknownRevocation};

/// A file that should hold a certificate, a key or a revocation list, and does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct KeyFileError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it, and what to do.
    pub problem: String,
}

fn error(file: &Path, problem: impl ToString) -> KeyFileError {
    KeyFileError { file: file.to_owned(), problem: problem.to_string() }
}

fn read(file: &Path) -> Result<Vec<u8>, KeyFileError> {
    std::fs::read(file).map_err(|cause| error(file, format!("cannot be read: {}", cause.kind())))
}

/// Certificate chain and key of the TLS listener.
pub(crate) fn tls(
    pair: &Tls,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), KeyFileError> {
    let pem = read(&pair.certificate)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|cause| error(&pair.certificate, format!("is no PEM certificate: {cause}")))?;
    if chain.is_empty() {
        return Err(error(&pair.certificate, "holds no PEM certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(&read(&pair.key)?)
        .map_err(|cause| error(&pair.key, format!("holds no PEM private key: {cause}")))?;
    Ok((chain, key))
}

/// Key and certificate that sign answers.
pub fn identity(pair: &KeyPair) -> Result<Identity, KeyFileError> {
    let certificate = certificates(&pair.certificate)?
        .into_iter()
        .next()
        .ok_or_else(|| error(&pair.certificate, "holds no PEM certificate"))?;
    let key = SigningKey::from_pem(&read(&pair.key)?).map_err(|cause| error(&pair.key, cause))?;
    Identity::new(key, certificate)
        .map_err(|cause| error(&pair.key, format!("{cause} {}", pair.certificate.display())))
}

/// What reads messages that are encrypted for the certificate that signs answers; none where its key is not RSA.
pub(crate) fn decryption(pair: &KeyPair) -> Result<Option<DecryptAs>, KeyFileError> {
    let certificate = identity(pair)?.certificate().clone();
    if EncryptionKey::from_certificate(&certificate).is_err() {
        return Ok(None);
    }
    DecryptAs::from_pem(certificate, &read(&pair.key)?).map(Some).map_err(|cause| error(&pair.key, cause))
}

/// Anchors and revocation lists of `[trust]`.
pub(crate) fn anchors(trust: &Trust) -> Result<TrustAnchors, KeyFileError> {
    let mut anchors = Vec::new();
    for file in &trust.anchors {
        let found = certificates(file)?;
        if found.is_empty() {
            return Err(error(file, "holds no PEM certificate"));
        }
        anchors.extend(found);
    }
    let mut crls = Vec::new();
    for file in &trust.crls {
        crls.extend(revocation_lists(file)?);
    }
    let unknown = match trust.unknown_revocation {
        UnknownRevocation::Accept => RevocationPolicy::UnknownAllowed,
        UnknownRevocation::Refuse => RevocationPolicy::UnknownRefused,
    };
    TrustAnchors::new(&anchors, &crls, unknown)
        .map_err(|cause| error(trust.anchors.first().map_or(Path::new("[trust]"), PathBuf::as_path), cause))
}

/// Issuers of SAML assertions, of `[trust]`: each certificate itself, not what it issues.
pub(crate) fn assertion_issuers(trust: &Trust) -> Result<Vec<Certificate>, KeyFileError> {
    let found: Vec<_> =
        trust.assertion_issuers.iter().map(|file| certificates(file)).collect::<Result<_, _>>()?;
    Ok(found.concat())
}

/// Whose signatures over the audit trail count: the present certificate's, and those of `[audit]`.
pub fn audit_signers(config: &Config) -> Result<Vec<Certificate>, KeyFileError> {
    let files = [&config.signature.certificate].into_iter().chain(&config.audit.former_certificates);
    let found: Vec<_> = files.map(|file| certificates(file)).collect::<Result<_, _>>()?;
    // of a chain the first one signs
    Ok(found.into_iter().filter_map(|chain| chain.into_iter().next()).collect())
}

/// When the lists of a file were issued, and when they should be renewed.
pub(crate) fn list_dates(file: &Path) -> Result<Vec<(Timestamp, Option<Timestamp>)>, KeyFileError> {
    let time = |of: x509_parser::time::ASN1Time| Timestamp::from_second(of.timestamp());
    let dates = |der: &Vec<u8>| {
        let (_, list) = x509_parser::parse_x509_crl(der).map_err(|_| error(file, "is no revocation list"))?;
        let issued = time(list.last_update()).map_err(|_| error(file, "has no date"))?;
        Ok((issued, list.next_update().and_then(|next| time(next).ok())))
    };
    revocation_lists(file)?.iter().map(dates).collect()
}

/// The certificates of a PEM file.
pub(crate) fn certificates(file: &Path) -> Result<Vec<Certificate>, KeyFileError> {
    Certificate::from_pem(&read(file)?).map_err(|cause| error(file, cause))
}

/// PEM or DER.
fn revocation_lists(file: &Path) -> Result<Vec<Vec<u8>>, KeyFileError> {
    let bytes = read(file)?;
    if !bytes.starts_with(b"-----BEGIN") {
        return Ok(vec![bytes]);
    }
    CertificateRevocationListDer::pem_slice_iter(&bytes)
        .map(|list| list.map(|der| der.as_ref().to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|cause| error(file, format!("is no PEM revocation list: {cause}")))
}
