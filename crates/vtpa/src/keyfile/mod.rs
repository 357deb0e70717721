//! Certificates and keys read from files, and what to do when a file holds something else.
//!
//! Every error names the file, what was found in it, and the command that mends it.

mod found;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

pub(crate) use found::Found;
pub(crate) use found::shell;

/// Why a file could not serve as the certificate or the key that was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{}: {found}\n  {remedy}", file.display())]
pub(crate) struct KeyFileError {
    /// The file as it was named.
    pub(crate) file: PathBuf,
    /// A stable word for what was found (`csr`, `der`, `expired`…).
    pub(crate) id: &'static str,
    /// What was found, in words.
    pub(crate) found: String,
    /// What to do about it: a command, where one helps.
    pub(crate) remedy: String,
}

impl KeyFileError {
    fn new(file: &Path, id: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_owned(), id, found: found.into(), remedy: remedy.into() }
    }
}

/// The certificates of a PEM file as DER, that of the application first, then its chain.
pub(crate) fn certificates(file: &Path) -> Result<Vec<Vec<u8>>, KeyFileError> {
    let content = read(file)?;
    let blocks = match found::look(&content) {
        Found::Pem(blocks) => blocks,
        other => return Err(other.not_a_certificate(file)),
    };
    let certificates: Vec<_> =
        blocks.iter().filter(|block| block.is_certificate()).map(|block| block.der.clone()).collect();
    if certificates.is_empty() {
        let other = blocks.first().map_or(Found::Empty, found::Block::kind);
        return Err(other.not_a_certificate(file));
    }
    in_order(file, &certificates)?;
    Ok(certificates)
}

/// The private key of a PEM file, as PKCS#8 DER.
pub(crate) fn private_key(file: &Path) -> Result<Vec<u8>, KeyFileError> {
    let content = read(file)?;
    let blocks = match found::look(&content) {
        Found::Pem(blocks) => blocks,
        other => return Err(other.not_a_key(file)),
    };
    match blocks.iter().find(|block| block.label == "PRIVATE KEY") {
        Some(key) => Ok(key.der.clone()),
        None => {
            let key = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY"));
            Err(key.or(blocks.first()).map_or(Found::Empty, found::Block::kind).not_a_key(file))
        }
    }
}

/// The key (PKCS#8 DER) and the certificates (DER, its own first) of a PKCS#12 file.
pub(crate) fn key_store(file: &Path, password: &str) -> Result<(Vec<u8>, Vec<Vec<u8>>), KeyFileError> {
    let content = read(file)?;
    let name = shell(file);
    let store =
        p12_keystore::KeyStore::from_pkcs12(&content, password, p12_keystore::Pkcs12ImportPolicy::Relaxed)
            .map_err(|cause| {
                let found = match found::look(&content) {
                    Found::Pkcs12 => format!("cannot be opened with this password ({cause})"),
                    other => format!("holds {}, not a PKCS#12 key store", other.words()),
                };
                let remedy = format!("try the password: openssl pkcs12 -in {name} -noout");
                KeyFileError::new(file, "pkcs12", found, remedy)
            })?;
    let Some((_, chain)) = store.private_key_chain() else {
        let remedy =
            format!("make one with the key: openssl pkcs12 -export -in CERT.pem -inkey KEY.pem -out {name}");
        return Err(KeyFileError::new(file, "pkcs12", "holds no private key", remedy));
    };
    let certificates = chain.certs().iter().map(|certificate| certificate.as_der().to_vec()).collect();
    Ok((chain.key().as_der().to_vec(), certificates))
}

/// Refuses a certificate that does not hold at `now`, by name and date.
pub(crate) fn current(
    file: &Path,
    certificate: &X509Certificate<'_>,
    now: Timestamp,
) -> Result<(), KeyFileError> {
    let (begins, ends) = (certificate.validity().not_before, certificate.validity().not_after);
    let renewal = "ask the authority for a new certificate, with a request made from the same key or a new one: \
                   openssl req -new -key KEY.pem -subj '/C=FR/O=YOUR ORGANISATION/CN=YOUR APPLICATION' -out new.csr";
    if ends.timestamp() < now.as_second() {
        let found =
            format!("the certificate of {} expired on {}", certificate.subject(), day(ends.timestamp()));
        return Err(KeyFileError::new(file, "expired", found, renewal));
    }
    if begins.timestamp() > now.as_second() {
        let found =
            format!("the certificate of {} begins on {}", certificate.subject(), day(begins.timestamp()));
        let remedy = "wait until then, or set this machine's clock: timedatectl status";
        return Err(KeyFileError::new(file, "not-yet-valid", found, remedy));
    }
    Ok(())
}

/// Refuses the certificate of an authority where that of an application or server is wanted.
pub(crate) fn end_entity(file: &Path, certificate: &X509Certificate<'_>) -> Result<(), KeyFileError> {
    if !certificate.is_ca() {
        return Ok(());
    }
    let found = format!("this is the certificate of an authority ({})", certificate.subject());
    let remedy = format!(
        "an application has its own, issued by that authority; see what a file holds with: \
         openssl x509 -noout -subject -ext basicConstraints -in {}",
        shell(file)
    );
    Err(KeyFileError::new(file, "authority", found, remedy))
}

/// Parses one certificate of `file`.
pub(crate) fn parse<'a>(file: &Path, der: &'a [u8]) -> Result<X509Certificate<'a>, KeyFileError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Found::Damaged("CERTIFICATE".to_owned()).not_a_certificate(file)),
    }
}

/// The day of a Unix time, `2026-11-20`.
pub(crate) fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// The whole file; an error names it and says what the system said.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, KeyFileError> {
    std::fs::read(file).map_err(|error| {
        let id = if error.kind() == std::io::ErrorKind::NotFound { "missing" } else { "unreadable" };
        let directory = match file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let found = format!("cannot be read: {}", error.kind());
        KeyFileError::new(file, id, found, format!("see what is there: ls -l {}", shell(directory)))
    })
}

/// A chain begins with the certificate itself; an authority's in front of it is the commonest mistake.
fn in_order(file: &Path, certificates: &[Vec<u8>]) -> Result<(), KeyFileError> {
    let mut parsed = Vec::with_capacity(certificates.len());
    for der in certificates {
        parsed.push(parse(file, der)?);
    }
    let Some((first, rest)) = parsed.split_first() else { return Ok(()) };
    let subject = first.subject().as_raw();
    let issued = rest.iter().find(|c| c.issuer().as_raw() == subject && c.subject().as_raw() != subject);
    let Some(issued) = issued else { return Ok(()) };
    let found = format!(
        "the certificates are in the wrong order: the authority {} stands before {}, which it issued",
        first.subject(),
        issued.subject()
    );
    let remedy = format!(
        "turn them round: awk '/BEGIN CERT/{{n++}} {{c[n]=c[n] $0 \"\\n\"}} \
         END{{for(i=n;i>0;i--)printf \"%s\",c[i]}}' {} > {}",
        shell(file),
        shell(&file.with_extension("ordered.pem"))
    );
    Err(KeyFileError::new(file, "wrong-order", found, remedy))
}
