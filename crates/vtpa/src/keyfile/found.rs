//! What a file holds, told from its bytes alone.

use std::path::Path;

use x509_parser::certificate::X509Certificate;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::KeyFileError;

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// PEM blocks, all of them decoded.
    Pem(Vec<Block>),
    /// Nothing.
    Empty,
    /// A PEM certificate.
    Certificate,
    /// A certificate in binary form.
    DerCertificate,
    /// A certificate request, binary or PEM.
    Csr,
    /// PKCS#7; true: binary.
    Pkcs7(bool),
    /// PKCS#12.
    Pkcs12,
    /// A private key; true: binary.
    Key(bool),
    /// A private key in an older form than PKCS#8 (PKCS#1, SEC 1); true: binary.
    OldKey(bool),
    /// A private key under a password.
    EncryptedKey,
    /// A key of OpenSSH.
    SshKey,
    /// A public key.
    PublicKey,
    /// A revocation list.
    Crl,
    /// A PEM block that cannot be decoded, by its label.
    Damaged(String),
    /// None of these.
    Other,
}

/// One PEM block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// `CERTIFICATE`, `PRIVATE KEY`…
    pub(super) label: String,
    /// What it holds.
    pub(super) der: Vec<u8>,
}

impl Block {
    pub(super) fn is_certificate(&self) -> bool {
        matches!(self.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE")
    }

    pub(super) fn kind(&self) -> Found {
        match self.label.as_str() {
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Found::Csr,
            "PKCS7" | "CMS" => Found::Pkcs7(false),
            "PRIVATE KEY" => Found::Key(false),
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "DSA PRIVATE KEY" => Found::OldKey(false),
            "ENCRYPTED PRIVATE KEY" => Found::EncryptedKey,
            "OPENSSH PRIVATE KEY" => Found::SshKey,
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Found::PublicKey,
            "X509 CRL" => Found::Crl,
            _ if self.is_certificate() => Found::Certificate,
            _ => Found::Other,
        }
    }
}

/// Looks at a file's bytes.
pub(super) fn look(content: &[u8]) -> Found {
    // Windows tools write a byte order mark before the first line.
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    if content.trim_ascii().is_empty() {
        return Found::Empty;
    }
    if !content.windows(11).any(|window| window == b"-----BEGIN ") {
        return look_at_der(content);
    }
    let mut blocks = Vec::new();
    for block in Pem::iter_from_buffer(content) {
        match block {
            // OpenSSL's old way of encrypting a key writes headers into the block, which then is not base64.
            Err(_) if contains(content, b"Proc-Type: 4,ENCRYPTED") => return Found::EncryptedKey,
            Err(_) => return Found::Damaged(next_label(content, blocks.len())),
            Ok(pem) => blocks.push(Block { label: pem.label, der: pem.contents }),
        }
    }
    let broken = blocks.iter().find(|b| b.is_certificate() && X509Certificate::from_der(&b.der).is_err());
    match broken {
        Some(block) => Found::Damaged(block.label.clone()),
        None if blocks.is_empty() => Found::Other,
        None => Found::Pem(blocks),
    }
}

fn look_at_der(content: &[u8]) -> Found {
    // A DER file is one SEQUENCE; what it is shows in its first member.
    let Some(inside) = sequence(content) else { return Found::Other };
    const SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
    match inside {
        _ if inside.starts_with(SIGNED_DATA) => Found::Pkcs7(true),
        [2, 1, 3, ..] => Found::Pkcs12,
        [2, 1, 0, 0x30, ..] if X509CertificationRequest::from_der(content).is_err() => Found::Key(true),
        [2, 1, 0, 2, ..] | [2, 1, 1, 4, ..] => Found::OldKey(true),
        _ if X509Certificate::from_der(content).is_ok() => Found::DerCertificate,
        _ if X509CertificationRequest::from_der(content).is_ok() => Found::Csr,
        _ if CertificateRevocationList::from_der(content).is_ok() => Found::Crl,
        _ => Found::Other,
    }
}

/// The content of the outermost SEQUENCE.
fn sequence(content: &[u8]) -> Option<&[u8]> {
    let (&tag, rest) = content.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let skip = if length < 0x80 { 0 } else { usize::from(length & 0x7f) };
    (tag == 0x30).then(|| rest.get(skip..)).flatten()
}

fn contains(content: &[u8], part: &[u8]) -> bool {
    content.windows(part.len()).any(|window| window == part)
}

/// The label of the `n`-th block, from 0, read from its first line alone.
fn next_label(content: &[u8], n: usize) -> String {
    let text = String::from_utf8_lossy(content);
    let label = text.split("-----BEGIN ").nth(n + 1).and_then(|rest| rest.split("-----").next());
    label.unwrap_or("PEM").trim().to_owned()
}

impl Found {
    /// The error where a certificate was wanted.
    pub(super) fn not_a_certificate(&self, file: &Path) -> KeyFileError {
        let name = shell(file);
        let out = shell(&beside(file, "pem"));
        let remedy = match self {
            Self::DerCertificate => {
                format!("turn it into PEM: openssl x509 -inform DER -in {name} -out {out}")
            }
            Self::Csr => format!(
                "send it to your authority, which answers with the certificate; to try with the demonstration's: \
                 openssl x509 -req -in {name} -CA vtpa-demo/ca.pem -CAkey vtpa-demo/ca.key -copy_extensions copyall \
                 -days 1100 -sha256 -out {out}"
            ),
            Self::Pkcs7(true) => {
                format!(
                    "take the certificates out: openssl pkcs7 -inform DER -print_certs -in {name} -out {out}"
                )
            }
            Self::Pkcs7(false) => {
                format!("take the certificates out: openssl pkcs7 -print_certs -in {name} -out {out}")
            }
            Self::Pkcs12 => {
                format!("take the certificate out: openssl pkcs12 -in {name} -clcerts -nokeys -out {out}")
            }
            Self::Key(_) | Self::OldKey(_) | Self::EncryptedKey | Self::SshKey => format!(
                "the certificate is another file, and the key stays with you; without a certificate, request one: \
                 openssl req -new -key {name} -subj '/C=FR/O=YOUR ORGANISATION/CN=YOUR APPLICATION' -out {}",
                shell(&beside(file, "csr"))
            ),
            Self::PublicKey => {
                "a public key alone says nothing of its owner: give the certificate".to_owned()
            }
            Self::Damaged(_) => {
                format!(
                    "take it again from where it came; what openssl says: openssl x509 -in {name} -noout -text"
                )
            }
            Self::Crl => "give the certificate; revocation lists belong to [trust] crls of the configuration"
                .to_owned(),
            Self::Pem(_) | Self::Empty | Self::Certificate | Self::Other => format!(
                "a PEM certificate begins with -----BEGIN CERTIFICATE-----; see what this is: file {name}"
            ),
        };
        KeyFileError::new(file, self.id(), format!("holds {}, not a PEM certificate", self.words()), remedy)
    }

    /// The error where a private key was wanted.
    pub(super) fn not_a_key(&self, file: &Path) -> KeyFileError {
        let name = shell(file);
        let out = shell(&beside(file, "key"));
        let remedy = match self {
            Self::Key(true) | Self::OldKey(true) => {
                format!("turn it into PEM: openssl pkcs8 -topk8 -nocrypt -inform DER -in {name} -out {out}")
            }
            Self::OldKey(false) => {
                format!("turn it into PKCS#8: openssl pkcs8 -topk8 -nocrypt -in {name} -out {out}")
            }
            Self::EncryptedKey => format!("take the password off: openssl pkcs8 -in {name} -out {out}"),
            Self::Pkcs12 => format!(
                "pass it as --p12 with --password-file, or take the key out: \
                 openssl pkcs12 -in {name} -nocerts -nodes -out {out}"
            ),
            Self::SshKey => format!("turn it into PEM: ssh-keygen -p -m PKCS8 -f {name}"),
            Self::Pem(_) | Self::Certificate | Self::DerCertificate | Self::Csr | Self::Pkcs7(_) => {
                "the private key is the file that was made with the certificate request, often named .key; \
                 find it with: grep -l 'PRIVATE KEY' *"
                    .to_owned()
            }
            Self::Key(false) | Self::Empty | Self::PublicKey | Self::Crl | Self::Damaged(_) | Self::Other => {
                format!("a PEM key begins with -----BEGIN PRIVATE KEY-----; see what this is: file {name}")
            }
        };
        KeyFileError::new(file, self.id(), format!("holds {}, not a PEM private key", self.words()), remedy)
    }

    fn id(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Pem(_) | Self::Certificate => "certificate",
            Self::DerCertificate => "der",
            Self::Csr => "csr",
            Self::Pkcs7(_) => "pkcs7",
            Self::Pkcs12 => "pkcs12",
            Self::Key(_) | Self::OldKey(_) => "key-only",
            Self::EncryptedKey => "encrypted-key",
            Self::SshKey => "ssh-key",
            Self::PublicKey => "public-key",
            Self::Crl => "crl",
            Self::Damaged(_) => "damaged",
            Self::Other => "unknown",
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Empty => "nothing",
            Self::Pem(_) | Self::Certificate => "a certificate",
            Self::DerCertificate => "a certificate in binary form (DER)",
            Self::Csr => "a certificate request (CSR)",
            Self::Pkcs7(_) => "a PKCS#7 bundle",
            Self::Pkcs12 => "a PKCS#12 key store",
            Self::Key(false) => "a private key",
            Self::Key(true) => "a private key in binary form (DER)",
            Self::OldKey(false) => "a private key in an old form (PKCS#1 or SEC 1)",
            Self::OldKey(true) => "a private key in an old binary form (PKCS#1 or SEC 1, DER)",
            Self::EncryptedKey => "a private key under a password",
            Self::SshKey => "a key of OpenSSH",
            Self::PublicKey => "a public key",
            Self::Crl => "a revocation list (CRL)",
            Self::Damaged(label) => return format!("a damaged {label} block"),
            Self::Other => "something else",
        }
        .to_owned()
    }
}

/// `file` with another extension, a different name in any case.
fn beside(file: &Path, extension: &str) -> std::path::PathBuf {
    let out = file.with_extension(extension);
    if out == file { file.with_extension(format!("new.{extension}")) } else { out }
}

/// A path as a shell takes it.
pub(crate) fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_survive_the_shell() {
        for (name, quoted) in [
            ("a/b-1.pem", "a/b-1.pem"),
            ("mon certificat.pem", "'mon certificat.pem'"),
            ("l'un", r"'l'\''un'"),
        ] {
            assert_eq!(shell(Path::new(name)), quoted);
        }
    }

    #[test]
    fn the_mended_file_never_overwrites_the_broken_one() {
        assert_eq!(beside(Path::new("a.der"), "pem"), Path::new("a.pem"));
        assert_eq!(beside(Path::new("a.pem"), "pem"), Path::new("a.new.pem"));
    }

    #[test]
    fn bytes_of_no_known_form_are_said_to_be_so() {
        for (content, found) in [
            (b"".as_slice(), Found::Empty),
            (b" \n", Found::Empty),
            (b"bonjour", Found::Other),
            (b"\x30", Found::Other),
            (b"\x30\x82", Found::Other),
            (
                b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
                Found::Damaged("CERTIFICATE".into()),
            ),
            (
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                Found::Damaged("CERTIFICATE".into()),
            ),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n", Found::Damaged("CERTIFICATE".into())),
        ] {
            assert_eq!(look(content), found, "{}", String::from_utf8_lossy(content));
        }
    }
}
