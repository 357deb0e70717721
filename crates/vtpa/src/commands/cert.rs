//! `vtpa cert check`: a certificate held against §4.2.2 of the specification, line by line.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::public_key::PublicKey;

use crate::exit::{Failure, Outcome, print};
use crate::keyfile::{self, KeyFileError, day};

/// Look at certificates
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// Hold a certificate against the recommendations of the specification (§4.2.2)
    #[command(after_help = CHECK_HELP)]
    Check(Check),
}

const HELP: &str = "\
Example:
  vtpa cert check partner.pem";

const CHECK_HELP: &str = "\
Each recommendation is one line: what the specification expects, what the certificate has, the
verdict. A file that holds no PEM certificate (a request, DER, PKCS#7, a key…) is named as such,
with the command that mends it. Exit status 0 if every line holds, 1 if not.

Examples:
  vtpa cert check partner.pem
  vtpa cert check partner.pem --json | jq -r '.lines[] | select(.ok | not) | .remedy'";

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The certificate as PEM; a chain may follow it
    #[arg(value_name = "PEM")]
    file: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: Command, now: Timestamp) -> Outcome {
    let Command::Check(Check { file, json }) = command;
    let report = keyfile::certificates(&file).and_then(|chain| {
        let leaf = chain.first().map_or(&[][..], Vec::as_slice);
        keyfile::parse(&file, leaf).map(|certificate| Report::new(&file, &certificate, now))
    });
    match report {
        Ok(report) => {
            print(&if json { crate::exit::json(&report)? } else { report.text() })?;
            if report.ok { Ok(()) } else { Err(Failure::Silent) }
        }
        Err(error) if json => {
            print(&crate::exit::json(&Unreadable::new(&error))?)?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// What `--json` prints of a file that holds no certificate.
#[derive(Serialize)]
struct Unreadable<'a> {
    file: &'a Path,
    ok: bool,
    problem: &'static str,
    found: &'a str,
    remedy: &'a str,
}

impl<'a> Unreadable<'a> {
    fn new(error: &'a KeyFileError) -> Self {
        Self { file: &error.file, ok: false, problem: error.id, found: &error.found, remedy: &error.remedy }
    }
}

#[derive(Serialize)]
struct Report {
    file: PathBuf,
    subject: String,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    lines: Vec<Line>,
    ok: bool,
}

/// One recommendation.
#[derive(Serialize)]
struct Line {
    rule: &'static str,
    /// The specification's words for it.
    title: &'static str,
    expected: &'static str,
    found: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Line {
    fn new(rule: &'static str, title: &'static str, expected: &'static str, found: String, ok: bool) -> Self {
        Self { rule, title, expected, found, ok, remedy: None }
    }

    fn or_else(mut self, remedy: &str) -> Self {
        if !self.ok {
            self.remedy = Some(remedy.to_owned());
        }
        self
    }
}

impl Report {
    fn new(file: &Path, certificate: &X509Certificate<'_>, now: Timestamp) -> Self {
        let lines = vec![
            dates(file, certificate, now),
            validity(certificate),
            key(certificate),
            signature(certificate),
            key_usage(certificate),
            extended_key_usage(certificate),
        ];
        let ok = lines.iter().all(|line| line.ok);
        let validity = certificate.validity();
        Self {
            file: file.to_owned(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.raw_serial_as_string(),
            not_before: day(validity.not_before.timestamp()),
            not_after: day(validity.not_after.timestamp()),
            lines,
            ok,
        }
    }

    fn text(&self) -> String {
        let mut out = format!("{}: {}\n  issued by {}\n\n", self.file.display(), self.subject, self.issuer);
        let width =
            |pick: fn(&Line) -> &str| self.lines.iter().map(|l| pick(l).chars().count()).max().unwrap_or(0);
        let (title, expected) = (width(|l| l.title), width(|l| l.expected));
        for line in &self.lines {
            let verdict = if line.ok { "ok " } else { "NO " };
            let _ = writeln!(
                out,
                "  {verdict} {:title$}  {:expected$}  {}",
                line.title, line.expected, line.found
            );
        }
        let failed: Vec<_> = self.lines.iter().filter(|line| !line.ok).collect();
        if failed.is_empty() {
            out.push_str("\nThe certificate follows §4.2.2.");
            return out;
        }
        let _ = write!(
            out,
            "\nThe certificate does not follow §4.2.2 in {} of {} lines:",
            failed.len(),
            self.lines.len()
        );
        for remedy in failed.iter().filter_map(|line| line.remedy.as_ref()) {
            let _ = write!(out, "\n- {remedy}");
        }
        out
    }
}

/// Not a line of §4.2.2, but what it takes for granted.
fn dates(file: &Path, certificate: &X509Certificate<'_>, now: Timestamp) -> Line {
    let validity = certificate.validity();
    let found =
        format!("{} to {}", day(validity.not_before.timestamp()), day(validity.not_after.timestamp()));
    let mut line = Line::new("dates", "Dates", "valid today", found, true);
    if let Err(error) = keyfile::current(file, certificate, now) {
        line.ok = false;
        line.found = format!("{} ({})", line.found, error.id);
        line.remedy = Some(format!("{}: {}", error.found, error.remedy));
    }
    line
}

/// « Durée de validité : 3 ans minimum ». Authorities sell three years as 1,095 days.
fn validity(certificate: &X509Certificate<'_>) -> Line {
    const DAY: i64 = 86_400;
    let validity = certificate.validity();
    // notAfter is the last second that counts (RFC 5280 §4.1.2.5).
    let days = (validity.not_after.timestamp() - validity.not_before.timestamp() + 1) / DAY;
    let found = format!("{days} days");
    Line::new("validity", "Durée de validité", "3 years at least (1095 days)", found, days >= 3 * 365)
        .or_else("validity: ask the authority for three years at least (openssl x509 -req … -days 1100)")
}

/// « Clé : RSA 2048 bits ».
fn key(certificate: &X509Certificate<'_>) -> Line {
    let (found, ok) = match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let bits = bits(rsa.modulus);
            (format!("RSA {bits} bits"), (2048..=8192).contains(&bits))
        }
        Ok(PublicKey::EC(point)) => (format!("EC {} bits", point.key_size()), false),
        Ok(PublicKey::DSA(_)) => ("DSA".to_owned(), false),
        _ => (format!("algorithm {}", certificate.public_key().algorithm.algorithm), false),
    };
    Line::new("key", "Clé", "RSA 2048 bits (or more)", found, ok).or_else(
        "key: make one of 2048 bits and have it certified: \
         openssl req -newkey rsa:2048 -nodes -keyout new.key -subj '/C=FR/O=YOUR ORGANISATION/CN=YOUR APPLICATION' \
         -out new.csr",
    )
}

fn bits(modulus: &[u8]) -> usize {
    let mut significant = modulus.iter().skip_while(|byte| **byte == 0);
    match significant.next() {
        Some(first) => significant.count() * 8 + (8 - first.leading_zeros() as usize),
        None => 0,
    }
}

/// « Algorithme de signature : sha256 ».
fn signature(certificate: &X509Certificate<'_>) -> Line {
    let oid = certificate.signature_algorithm.algorithm.to_id_string();
    let (name, ok) = match oid.as_str() {
        "1.2.840.113549.1.1.11" => ("sha256WithRSAEncryption", true),
        "1.2.840.113549.1.1.12" => ("sha384WithRSAEncryption", true),
        "1.2.840.113549.1.1.13" => ("sha512WithRSAEncryption", true),
        "1.2.840.113549.1.1.10" => ("RSASSA-PSS", false),
        "1.2.840.113549.1.1.5" => ("sha1WithRSAEncryption", false),
        "1.2.840.113549.1.1.4" => ("md5WithRSAEncryption", false),
        "1.2.840.10045.4.3.2" => ("ecdsa-with-SHA256", true),
        "1.2.840.10045.4.3.3" => ("ecdsa-with-SHA384", true),
        other => (other, false),
    };
    Line::new("signature", "Algorithme de signature", "sha256 (or stronger)", name.to_owned(), ok).or_else(
        "signature: the authority must sign with SHA-256 (openssl x509 -req … -sha256); SHA-1 is refused",
    )
}

/// « Utilisation de la clé : Signature numérique, Chiffrement de la clé, Chiffrement des données (b0) ».
fn key_usage(certificate: &X509Certificate<'_>) -> Line {
    const NAMES: [&str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];
    let flags = certificate.key_usage().ok().flatten().map(|usage| usage.value.flags);
    let found: Vec<_> = NAMES
        .iter()
        .enumerate()
        .filter(|(bit, _)| flags.is_some_and(|flags| flags >> bit & 1 == 1))
        .map(|(_, name)| *name)
        .collect();
    // b0 = 1011 0000: bits 0, 2 and 3, which are the low bits 1, 4 and 8 here.
    let ok = flags.is_some_and(|flags| flags & 0b1101 == 0b1101);
    let found = if found.is_empty() { "no key usage".to_owned() } else { found.join(", ") };
    Line::new(
        "key_usage",
        "Utilisation de la clé",
        "digitalSignature, keyEncipherment, dataEncipherment",
        found,
        ok,
    )
    .or_else("key usage: ask for keyUsage = critical, digitalSignature, keyEncipherment, dataEncipherment")
}

/// « Authentification du serveur (1.3.6.1.5.5.7.3.1), Authentification du client (1.3.6.1.5.5.7.3.2) ».
fn extended_key_usage(certificate: &X509Certificate<'_>) -> Line {
    let usage = certificate.extended_key_usage().ok().flatten().map(|usage| usage.value);
    let mut found = Vec::new();
    if let Some(usage) = &usage {
        let known = [
            (usage.any, "anyExtendedKeyUsage"),
            (usage.server_auth, "serverAuth"),
            (usage.client_auth, "clientAuth"),
            (usage.code_signing, "codeSigning"),
            (usage.email_protection, "emailProtection"),
            (usage.time_stamping, "timeStamping"),
            (usage.ocsp_signing, "OCSPSigning"),
        ];
        found.extend(known.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned()));
        found.extend(usage.other.iter().map(ToString::to_string));
    }
    let ok = usage.is_some_and(|usage| usage.server_auth && usage.client_auth);
    let found = if found.is_empty() { "no extended key usage".to_owned() } else { found.join(", ") };
    Line::new("extended_key_usage", "Rôles de la clé", "serverAuth, clientAuth", found, ok)
        .or_else("roles: ask for extendedKeyUsage = serverAuth, clientAuth (1.3.6.1.5.5.7.3.1 and .2)")
}
