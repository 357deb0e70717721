//! Explanations for people who write clients: every cause of refusal has a stable id, says what it means, how it comes about
//! in each stack, and what to do. A partner sees them in a sandbox; in production they are the operator's, by the log's id.

mod assertions;
mod cause;
mod francais;
mod near_misses;
mod table;

use xmlsec::{Document, PathError, VerifyError};

use crate::ns;
use crate::refusal::Refusal;

pub use cause::cause;
pub(crate) use cause::{element_name, quoted};
pub use francais::{Francais, francais};

/// Every explanation, by id: of refusals, then of near misses ([`crate::near_miss()`]).
pub static ALL: &[Explanation] = &joined::<{ length(PARTS) }>(PARTS);

const PARTS: &[&[Explanation]] = &[table::ALL, assertions::ALL, table::ENCRYPTION, near_misses::ALL];

#[expect(clippy::indexing_slicing, reason = "the compiler runs it, once")]
const fn length(parts: &[&[Explanation]]) -> usize {
    let (mut part, mut length) = (0, 0);
    while part < parts.len() {
        length += parts[part].len();
        part += 1;
    }
    length
}

#[expect(clippy::indexing_slicing, reason = "the compiler runs it, once")]
const fn joined<const N: usize>(parts: &[&[Explanation]]) -> [Explanation; N] {
    let mut all = [UNEXPLAINED; N];
    let (mut part, mut in_part, mut at) = (0, 0, 0);
    while at < N {
        if in_part < parts[part].len() {
            all[at] = parts[part][in_part];
            in_part += 1;
            at += 1;
        } else {
            part += 1;
            in_part = 0;
        }
    }
    all
}

/// One cause, explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// Stable: `VTPA-SEC-014`. Never used again for something else.
    pub id: &'static str,
    /// The cause in one line.
    pub title: &'static str,
    /// What it means, and how it usually comes about.
    pub meaning: &'static str,
    /// What to do, whatever the stack.
    pub remedy: &'static str,
    /// What to do in one stack: its name, and how.
    pub stacks: &'static [(&'static str, &'static str)],
}

const UNEXPLAINED: Explanation = Explanation {
    id: "VTPA-SEC-000",
    title: "not explained",
    meaning: "This server refuses the message for a cause that has no explanation yet.",
    remedy: "Ask the operator, with the reference of the fault.",
    stacks: &[],
};

/// The explanation of this id; letter case does not matter.
pub fn explanation(id: &str) -> Option<&'static Explanation> {
    ALL.iter().find(|one| one.id.eq_ignore_ascii_case(id.trim()))
}

/// The same by the exact id, for those that this crate names itself.
pub(crate) fn exactly(id: &str) -> Option<&'static Explanation> {
    ALL.iter().find(|one| one.id == id)
}

impl Explanation {
    /// What to do, for the sender of that stack where there is something of its own to say.
    pub fn remedy_for(&self, stack: Option<&str>) -> String {
        match self.in_stack(stack) {
            Some(("all", how)) => format!("{} Look first at this: {how}", self.remedy),
            Some((name, how)) => format!("{} In {name}: {how}", self.remedy),
            None => self.remedy.to_owned(),
        }
    }

    /// The line of `stacks` that serves the sender of that stack.
    pub fn in_stack(&self, stack: Option<&str>) -> Option<(&'static str, &'static str)> {
        // what is said of a family serves its members
        let names: &[&str] = match stack {
            Some("CXF") => &["CXF", "WSS4J", "Java", "all"],
            Some(name) => &[name, "all"],
            None => &["all"],
        };
        names.iter().find_map(|wanted| self.stacks.iter().find(|(name, _)| name == wanted)).copied()
    }
}

/// The stack that seems to have written a message, by habits of theirs: the prefix of SOAP, the form of Ids. A guess, good
/// enough to choose an example by and for nothing else.
pub fn stack(document: &Document) -> Option<&'static str> {
    let root = document.root();
    let id = |name: &str, namespace: &str| {
        let node = root.descendants().find(|node| node.is(namespace, name));
        node.and_then(|node| node.attribute(ns::WSU, "Id").or_else(|| node.attribute("", "Id")))
    };
    let token = || id("BinarySecurityToken", ns::WSSE).unwrap_or_default();
    let timestamp = || id("Timestamp", ns::WSU).unwrap_or_default();
    // WSS4J writes a kind, a dash and a UUID with its dashes
    let by_wss4j = |id: &str, kind: &str| id.strip_prefix(kind).is_some_and(|id| id.contains('-'));
    match root.prefix() {
        "soap-env" => Some("zeep"),
        "env" => Some("PHP"),
        // PHP's SoapClient in SOAP 1.1 declares its namespaces as ns1, ns2 and no encoding
        "SOAP-ENV" if root.resolve_prefix("ns1").is_some() && root.resolve_prefix("SOAP-ENC").is_none() => {
            Some("PHP")
        }
        "SOAP-ENV" => Some("gSOAP"),
        // the reference implementation of JAX-WS, Metro
        "S" => Some("Java"),
        "s" => Some(".NET"),
        "soap" if token().starts_with("x509-") || timestamp() == "_1" => Some("node-soap"),
        "soap" if by_wss4j(token(), "X509-") || by_wss4j(timestamp(), "TS-") => Some("CXF"),
        _ => None,
    }
}

impl Refusal {
    /// The id of its explanation. One for each cause that has a remedy of its own.
    pub fn explanation_id(&self) -> &'static str {
        match self {
            Self::Xml(_) => "VTPA-SEC-001",
            Self::NotAnEnvelope => "VTPA-SEC-002",
            Self::Soap11 => "VTPA-SEC-003",
            Self::EnvelopeShape => "VTPA-SEC-004",
            Self::NotUnderstood(_) => "VTPA-SEC-005",
            Self::Addressing { .. } => "VTPA-SEC-006",
            Self::SecurityMissing => "VTPA-SEC-007",
            Self::SecurityTwice => "VTPA-SEC-008",
            Self::CommentInSecurity => "VTPA-SEC-009",
            Self::UnexpectedInSecurity { .. } => "VTPA-SEC-010",
            Self::DuplicateId => "VTPA-SEC-011",
            Self::TimestampMissing => "VTPA-SEC-012",
            Self::TimestampMalformed => "VTPA-SEC-013",
            Self::TimestampReversed => "VTPA-SEC-014",
            Self::TimestampInFuture { .. } => "VTPA-SEC-015",
            Self::TimestampTooOld { .. } => "VTPA-SEC-016",
            Self::TimestampExpired { .. } => "VTPA-SEC-017",
            Self::CreatedBeforeRestart => "VTPA-SEC-018",
            Self::SignatureMissing => "VTPA-SEC-019",
            Self::SignatureTwice => "VTPA-SEC-020",
            Self::BodyNotSigned => "VTPA-SEC-021",
            Self::TimestampNotSigned => "VTPA-SEC-022",
            Self::KeyInfoForm => "VTPA-SEC-023",
            Self::TokenReference => "VTPA-SEC-024",
            Self::TokenUnknown => "VTPA-SEC-025",
            Self::TokenMalformed => "VTPA-SEC-026",
            Self::Replayed => "VTPA-SEC-027",
            Self::TlsCertificateMissing => "VTPA-SEC-028",
            Self::TlsCertificateOfAnother => "VTPA-SEC-029",
            Self::AssertionMissing => "VTPA-SEC-060",
            Self::AssertionMisplaced => "VTPA-SEC-061",
            Self::AssertionMalformed { .. } => "VTPA-SEC-062",
            Self::AssertionUnsigned => "VTPA-SEC-063",
            Self::AssertionSignature(_) => "VTPA-SEC-064",
            Self::AssertionKey => "VTPA-SEC-065",
            Self::AssertionCertificate(_) => "VTPA-SEC-066",
            Self::AssertionSigner => "VTPA-SEC-067",
            Self::AssertionIssuer => "VTPA-SEC-068",
            Self::AssertionNotCovered => "VTPA-SEC-069",
            Self::AssertionHolder => "VTPA-SEC-070",
            Self::AssertionConfirmation => "VTPA-SEC-071",
            Self::AssertionInFuture { .. } => "VTPA-SEC-072",
            Self::AssertionTooOld { .. } => "VTPA-SEC-073",
            Self::AssertionConditions => "VTPA-SEC-074",
            Self::AssertionAudience => "VTPA-SEC-075",
            Self::AssertionDirect => "VTPA-SEC-076",
            Self::AssertionReplayed => "VTPA-SEC-077",
            Self::AssertionStructure => "VTPA-SEC-078",
            Self::EncryptionShape { .. } => "VTPA-SEC-080",
            Self::EncryptionAlgorithm => "VTPA-SEC-081",
            Self::EncryptionCbc => "VTPA-SEC-082",
            Self::EncryptionRecipient => "VTPA-SEC-083",
            Self::Decryption => "VTPA-SEC-084",
            Self::EncryptionAnswer => "VTPA-SEC-085",
            Self::AfterDecryption(inner) => inner.explanation_id(),
            Self::Signature(error) => of_signature(*error),
            Self::Certificate(error) => of_certificate(*error),
        }
    }

    /// Its explanation.
    pub fn explanation(&self) -> &'static Explanation {
        let id = self.explanation_id();
        // a test walks all ids, so that none is missing here
        ALL.iter().find(|one| one.id == id).unwrap_or(const { &UNEXPLAINED })
    }
}

fn of_signature(error: VerifyError) -> &'static str {
    use VerifyError as E;
    match error {
        E::SignatureMethodUnknown | E::SignatureMethodNotAllowed(_) => "VTPA-SEC-031",
        E::DigestMethodUnknown | E::DigestMethodNotAllowed(_) => "VTPA-SEC-032",
        E::CanonicalizationMethod => "VTPA-SEC-033",
        E::TransformNotAllowed => "VTPA-SEC-034",
        E::Algorithm => "VTPA-SEC-035",
        E::ReferenceUri => "VTPA-SEC-036",
        E::UnknownId => "VTPA-SEC-037",
        E::AmbiguousId => "VTPA-SEC-011",
        E::DigestValue { .. } => "VTPA-SEC-038",
        E::SignatureValue => "VTPA-SEC-039",
        E::KeyDoesNotFit | E::Key(_) => "VTPA-SEC-040",
        E::Value => "VTPA-SEC-041",
        E::TooManyReferences | E::TooManyPrefixes => "VTPA-SEC-042",
        E::DereferenceFailed => "VTPA-SEC-043",
        E::C14n(_) => "VTPA-SEC-044",
        _ => "VTPA-SEC-030",
    }
}

fn of_certificate(error: PathError) -> &'static str {
    use PathError as E;
    match error {
        E::UnknownIssuer => "VTPA-SEC-050",
        E::Expired => "VTPA-SEC-051",
        E::NotYetValid => "VTPA-SEC-052",
        E::Revoked => "VTPA-SEC-053",
        E::RevocationUnknown | E::RevocationListExpired => "VTPA-SEC-054",
        E::KeyUsage => "VTPA-SEC-055",
        E::ExtendedKeyUsage => "VTPA-SEC-056",
        E::BasicConstraints | E::NameConstraints | E::TooComplex => "VTPA-SEC-057",
        E::Algorithm | E::Signature => "VTPA-SEC-058",
        _ => "VTPA-SEC-059",
    }
}
