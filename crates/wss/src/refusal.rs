//! Why a message is refused: one flat list, each variant the precise cause and the clause it breaks.
//!
//! A partner learns the class alone ([`Refusal::subcode`]); the cause itself goes to the log, and in a
//! sandbox into the fault's Detail.

use std::fmt;

/// A qualified name, as named by MustUnderstand faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Namespace URI, empty for none.
    pub namespace: String,
    /// Local part.
    pub local: String,
}

/// Why a message was not accepted. What the caller may learn of it is [`crate::fault::Fault`]'s business.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    // --- the message is no SOAP 1.2 message that we can read -------------------------------------
    /// Not well-formed XML, or over a limit of the parser.
    Xml(xmlsec::ParseError),
    /// The root is no `Envelope` of SOAP 1.2 or 1.1.
    NotAnEnvelope,
    /// A SOAP 1.1 envelope (SOAP 1.2 part 1 §5.4.7: VersionMismatch).
    Soap11,
    /// The Envelope holds something else than one optional Header and one Body (SOAP 1.2 part 1 §5.1).
    EnvelopeShape,
    /// Headers that must be understood and are not (SOAP 1.2 part 1 §5.4.8).
    NotUnderstood(Vec<Name>),
    /// A second header of the same WS-Addressing name, or ReplyTo/FaultTo to another place (WS-Addressing SOAP binding §6.4.1).
    Addressing {
        /// Local name of the header at fault.
        header: &'static str,
    },

    // --- shape of the Security header (SOAP Message Security 1.1 §5) ------------------------------
    /// No `wsse:Security` addressed to us.
    SecurityMissing,
    /// Two `wsse:Security` headers addressed to us.
    SecurityTwice,
    /// A comment inside `wsse:Security`.
    CommentInSecurity,
    /// An element in `wsse:Security` that this profile does not know or allows once.
    UnexpectedInSecurity {
        /// Local name of that element.
        local: String,
    },
    /// One ID value on two elements, or two IDs on one element that is referenced.
    DuplicateId,

    // --- Timestamp (SOAP Message Security 1.1 §10) ------------------------------------------------
    /// No `wsu:Timestamp`, and this application must send one.
    TimestampMissing,
    /// Created absent or repeated, another child, an impossible or zoneless instant (BSP 1.1 R3203, R3213, R3222).
    TimestampMalformed,
    /// Expires is not after Created (BSP 1.1 R3221).
    TimestampReversed,
    /// Created lies in the future by more than the allowed skew; `by` in seconds.
    TimestampInFuture {
        /// Seconds ahead of our clock.
        by: i64,
    },
    /// Created lies further back than the maximal age; `by` in seconds.
    TimestampTooOld {
        /// Seconds behind our clock.
        by: i64,
    },
    /// Expires has passed; `by` in seconds.
    TimestampExpired {
        /// Seconds since it expired.
        by: i64,
    },
    /// Created before this server's last start, which did not follow a clean stop: its replay memory may
    /// have gaps before that instant.
    CreatedBeforeRestart,

    // --- message signature (SOAP Message Security 1.1 §8) -----------------------------------------
    /// No `ds:Signature` in the Security header.
    SignatureMissing,
    /// More than one `ds:Signature` in the Security header.
    SignatureTwice,
    /// The signature's shape, algorithms, value or digests.
    Signature(xmlsec::VerifyError),
    /// The soap:Body itself is not among the signed elements.
    BodyNotSigned,
    /// The Timestamp is not among the signed elements.
    TimestampNotSigned,

    // --- key (X.509 Token Profile 1.1 §3) ---------------------------------------------------------
    /// No KeyInfo, or one of a form that this profile refuses (KeyValue, KeyName, RetrievalMethod, …).
    KeyInfoForm,
    /// The SecurityTokenReference points to no token of the message, or outside it.
    TokenReference,
    /// IssuerSerial, SubjectKeyIdentifier or thumbprint of no certificate that we know.
    TokenUnknown,
    /// A token whose ValueType, EncodingType or content is not a certificate.
    TokenMalformed,
    /// The certificate does not chain to a configured anchor, is out of date, revoked or unfit.
    Certificate(xmlsec::PathError),

    // --- the connection (attack catalogue 43) ------------------------------------------------------
    /// No certificate in the TLS handshake, and this server demands one of partners.
    TlsCertificateMissing,
    /// The TLS handshake's certificate is not of the application that signed the message.
    TlsCertificateOfAnother,

    // --- encryption (SOAP Message Security 1.1 §9) -------------------------------------------------
    /// Something encrypted, or a key, where this profile has none, or not as XML Encryption has it.
    EncryptionShape {
        /// What.
        what: &'static str,
    },
    /// RSA PKCS #1 v1.5, another cipher than AES, or OAEP with other parameters.
    EncryptionAlgorithm,
    /// AES-CBC of an application that is not registered so, or that nothing authenticated before.
    EncryptionCbc,
    /// Encrypted for another certificate than ours, or we have no RSA key.
    EncryptionRecipient,
    /// It did not decrypt, or not to what can stand there: which, and why, is told nobody (attack catalogue 37, 38).
    Decryption,
    /// The answer must be encrypted, and the caller's certificate has no RSA key.
    EncryptionAnswer,
    /// What was found wrong after something was decrypted: told apart for the log alone.
    AfterDecryption(Box<Refusal>),

    // --- replay -----------------------------------------------------------------------------------
    /// This signature was accepted before.
    Replayed,

    // --- SAML assertion (SAML Core 2.0, SAML Token Profile 1.1) -----------------------------------
    /// No assertion, and this application must send one.
    AssertionMissing,
    /// Two assertions, one in another, outside Security, or encrypted.
    AssertionMisplaced,
    /// Something of it is not as SAML or this profile has it.
    AssertionMalformed {
        /// What.
        what: &'static str,
    },
    /// It carries no signature, and this application must sign it.
    AssertionUnsigned,
    /// Its signature's shape, algorithms, value or digest.
    AssertionSignature(xmlsec::VerifyError),
    /// Its signature names no certificate that can be found.
    AssertionKey,
    /// Its signer's certificate is not trusted, out of date or revoked.
    AssertionCertificate(xmlsec::PathError),
    /// Its signer is neither the caller's application nor a trusted issuer of such an assertion.
    AssertionSigner,
    /// Issuer is not its signer's subject (SAML Core §8.3.3).
    AssertionIssuer,
    /// sender-vouches, and the message signature does not cover it (SAML Token Profile 1.1 §3.5.2).
    AssertionNotCovered,
    /// holder-of-key, and the message was not signed with the confirmed key (SAML Token Profile 1.1 §3.5.1).
    AssertionHolder,
    /// A confirmation method that is not known.
    AssertionConfirmation,
    /// Issued, or the user authenticated, ahead of our clock by more than the allowed skew.
    AssertionInFuture {
        /// Seconds ahead of our clock.
        by: i64,
    },
    /// Issued too long ago.
    AssertionTooOld {
        /// Seconds behind our clock.
        by: i64,
    },
    /// NotBefore or NotOnOrAfter do not hold.
    AssertionConditions,
    /// It is for another audience or recipient.
    AssertionAudience,
    /// Authentification_Mode is DIRECTE.
    AssertionDirect,
    /// It was used before.
    AssertionReplayed,
    /// Identifiant_Structure is not its signer's.
    AssertionStructure,
}

/// Fault subcodes of SOAP Message Security 1.1 §12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subcode {
    /// `wsse:InvalidSecurity`
    InvalidSecurity,
    /// `wsse:InvalidSecurityToken`
    InvalidSecurityToken,
    /// `wsse:SecurityTokenUnavailable`
    SecurityTokenUnavailable,
    /// `wsse:UnsupportedAlgorithm`
    UnsupportedAlgorithm,
    /// `wsse:FailedCheck`
    FailedCheck,
    /// `wsse:FailedAuthentication`
    FailedAuthentication,
    /// `wsu:MessageExpired`
    MessageExpired,
}

impl Subcode {
    /// Namespace and local name of the subcode.
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::InvalidSecurity => (crate::ns::WSSE, "InvalidSecurity"),
            Self::InvalidSecurityToken => (crate::ns::WSSE, "InvalidSecurityToken"),
            Self::SecurityTokenUnavailable => (crate::ns::WSSE, "SecurityTokenUnavailable"),
            Self::UnsupportedAlgorithm => (crate::ns::WSSE, "UnsupportedAlgorithm"),
            Self::FailedCheck => (crate::ns::WSSE, "FailedCheck"),
            Self::FailedAuthentication => (crate::ns::WSSE, "FailedAuthentication"),
            Self::MessageExpired => (crate::ns::WSU, "MessageExpired"),
        }
    }
}

impl Refusal {
    /// The same refusal of a message of which something was decrypted before: one class, whatever the cause.
    #[must_use]
    pub fn after_decryption(self) -> Self {
        match self {
            Self::AfterDecryption(_) | Self::Decryption => self,
            other => Self::AfterDecryption(Box::new(other)),
        }
    }

    /// The class that the partner may know; `None` for what is no security failure.
    pub fn subcode(&self) -> Option<Subcode> {
        use Subcode as S;
        Some(match self {
            Self::Xml(_)
            | Self::NotAnEnvelope
            | Self::Soap11
            | Self::EnvelopeShape
            | Self::NotUnderstood(_)
            | Self::Addressing { .. } => return None,
            Self::SecurityMissing
            | Self::SecurityTwice
            | Self::CommentInSecurity
            | Self::UnexpectedInSecurity { .. }
            | Self::DuplicateId
            | Self::TimestampMissing
            | Self::TimestampMalformed
            | Self::TimestampReversed
            | Self::SignatureMissing
            | Self::SignatureTwice
            | Self::KeyInfoForm
            | Self::AssertionMissing
            | Self::AssertionMisplaced => S::InvalidSecurity,
            Self::TimestampInFuture { .. }
            | Self::TimestampTooOld { .. }
            | Self::TimestampExpired { .. }
            | Self::CreatedBeforeRestart
            | Self::AssertionInFuture { .. }
            | Self::AssertionTooOld { .. }
            | Self::AssertionConditions => S::MessageExpired,
            Self::Signature(error) | Self::AssertionSignature(error) if is_unsupported(*error) => {
                S::UnsupportedAlgorithm
            }
            Self::TlsCertificateMissing | Self::TlsCertificateOfAnother => S::FailedAuthentication,
            Self::EncryptionShape { .. } => S::InvalidSecurity,
            Self::EncryptionAlgorithm | Self::EncryptionCbc => S::UnsupportedAlgorithm,
            Self::EncryptionRecipient => S::SecurityTokenUnavailable,
            Self::EncryptionAnswer => S::InvalidSecurityToken,
            Self::Decryption | Self::AfterDecryption(_) => S::FailedCheck,
            Self::Signature(_)
            | Self::BodyNotSigned
            | Self::TimestampNotSigned
            | Self::Replayed
            | Self::AssertionUnsigned
            | Self::AssertionSignature(_)
            | Self::AssertionNotCovered
            | Self::AssertionReplayed => S::FailedCheck,
            Self::TokenReference | Self::TokenUnknown | Self::AssertionKey => S::SecurityTokenUnavailable,
            Self::TokenMalformed
            | Self::Certificate(_)
            | Self::AssertionMalformed { .. }
            | Self::AssertionConfirmation
            | Self::AssertionCertificate(_) => S::InvalidSecurityToken,
            Self::AssertionSigner
            | Self::AssertionIssuer
            | Self::AssertionHolder
            | Self::AssertionAudience
            | Self::AssertionDirect
            | Self::AssertionStructure => S::FailedAuthentication,
        })
    }
}

/// Whether an algorithm is why: the one thing of a signature that is its own class (SOAP Message Security 1.1 §12).
fn is_unsupported(error: xmlsec::VerifyError) -> bool {
    use xmlsec::VerifyError as E;
    matches!(
        error,
        E::Algorithm
            | E::CanonicalizationMethod
            | E::SignatureMethodUnknown
            | E::SignatureMethodNotAllowed(_)
            | E::DigestMethodUnknown
            | E::DigestMethodNotAllowed(_)
            | E::TransformNotAllowed
    )
}

/// The cause in words for the log and the sandbox: what was found, what to do.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(error) => write!(f, "not readable XML: {error}"),
            Self::NotAnEnvelope => f.write_str("the root element is not a SOAP 1.2 Envelope"),
            Self::Soap11 => f.write_str(
                "a SOAP 1.1 envelope: these services speak SOAP 1.2 (in node-soap pass forceSoap12Headers: true, in PHP soap_version => SOAP_1_2)",
            ),
            Self::EnvelopeShape => {
                f.write_str("the Envelope must hold at most one Header and then exactly one Body with one element")
            }
            Self::NotUnderstood(names) => {
                f.write_str("headers marked mustUnderstand that this server does not know:")?;
                names.iter().try_for_each(|name| write!(f, " {{{}}}{}", name.namespace, name.local))
            }
            Self::Addressing { header } => {
                write!(f, "WS-Addressing header {header}: repeated, or an address other than this connection's")
            }
            Self::SecurityMissing => {
                f.write_str("no wsse:Security header addressed to this server: the message is not signed")
            }
            Self::SecurityTwice => f.write_str("more than one wsse:Security header addressed to this server"),
            Self::CommentInSecurity => f.write_str("a comment inside wsse:Security"),
            Self::UnexpectedInSecurity { local } => {
                write!(f, "element {local} is unknown or repeated inside wsse:Security")
            }
            Self::DuplicateId => f.write_str("two elements carry the same Id, or a signed element carries two"),
            Self::TimestampMissing => f.write_str(
                "no wsu:Timestamp in wsse:Security: add one and sign it (or have the application registered with timestamp=optional)",
            ),
            Self::TimestampMalformed => f.write_str(
                "wsu:Timestamp must hold one Created and at most one Expires, each an xs:dateTime with a zone",
            ),
            Self::TimestampReversed => f.write_str("wsu:Expires is not after wsu:Created"),
            Self::TimestampInFuture { by } => {
                write!(f, "wsu:Created lies {by} s ahead of this server's clock: set the sender's clock, write UTC with a Z")
            }
            Self::TimestampTooOld { by } => {
                write!(f, "wsu:Created lies {by} s back: sign each message when it is sent, set the sender's clock")
            }
            Self::TimestampExpired { by } => write!(f, "wsu:Expires passed {by} s ago"),
            Self::CreatedBeforeRestart => {
                f.write_str("the message was created before this server's restart: sign it anew and send it again")
            }
            Self::SignatureMissing => f.write_str("no ds:Signature in wsse:Security"),
            Self::SignatureTwice => f.write_str("more than one ds:Signature in wsse:Security"),
            Self::Signature(error) => write!(f, "signature: {error}"),
            Self::BodyNotSigned => f.write_str("the signature does not cover the soap:Body of this message"),
            Self::TimestampNotSigned => f.write_str("the signature does not cover the wsu:Timestamp of this message"),
            Self::KeyInfoForm => f.write_str(
                "KeyInfo must refer to an X.509 certificate: a SecurityTokenReference (BinarySecurityToken, IssuerSerial, SKI, thumbprint) or X509Data",
            ),
            Self::TokenReference => f.write_str("the SecurityTokenReference points to no BinarySecurityToken of this header"),
            Self::TokenUnknown => f.write_str("the certificate that KeyInfo names is not registered here"),
            Self::TokenMalformed => {
                f.write_str("the BinarySecurityToken is not a base64 X.509 certificate with the ValueType X509v3")
            }
            Self::Certificate(error) => write!(f, "the signer's certificate is not accepted: {error}"),
            Self::TlsCertificateMissing => {
                f.write_str("no client certificate in the TLS handshake: this server demands one")
            }
            Self::TlsCertificateOfAnother => f.write_str(
                "the certificate of the TLS connection is not of the application that signed the message",
            ),
            Self::EncryptionShape { what } => write!(f, "encryption: {what}"),
            Self::EncryptionAlgorithm => f.write_str(
                "encryption: only RSA-OAEP (rsa-oaep-mgf1p, or xmlenc11#rsa-oaep with SHA-256) and AES-128/256-GCM are taken",
            ),
            Self::EncryptionCbc => f.write_str(
                "encryption: AES-CBC is not taken from this application, or neither a signature over the ciphertext nor a TLS client certificate stands first; use AES-GCM",
            ),
            Self::EncryptionRecipient => f.write_str("encryption: not for this server's certificate"),
            Self::Decryption => f.write_str("encryption: the message could not be decrypted"),
            Self::EncryptionAnswer => f.write_str(
                "encryption: the answer must be encrypted, and nothing can be encrypted for the caller's certificate: its key is not RSA",
            ),
            Self::AfterDecryption(inner) => inner.fmt(f),
            Self::Replayed => f.write_str("this very message was received before: sign each message anew"),
            Self::AssertionMissing => f.write_str("no saml:Assertion in wsse:Security, which this application must send"),
            Self::AssertionMisplaced => f.write_str(
                "more than one SAML assertion in the envelope, or one that is encrypted or no child of wsse:Security",
            ),
            Self::AssertionMalformed { what } => write!(f, "the SAML assertion is malformed: {what}"),
            Self::AssertionUnsigned => f.write_str("the SAML assertion carries no signature of its own"),
            Self::AssertionSignature(error) => write!(f, "signature of the SAML assertion: {error}"),
            Self::AssertionKey => f.write_str(
                "the signature of the SAML assertion names no certificate: put it into KeyInfo as X509Data/X509Certificate",
            ),
            Self::AssertionCertificate(error) => {
                write!(f, "the certificate of the SAML assertion's signer is not accepted: {error}")
            }
            Self::AssertionSigner => {
                f.write_str("the SAML assertion's signer is neither the caller's application nor a trusted issuer")
            }
            Self::AssertionIssuer => f.write_str("saml:Issuer is not the subject of the certificate that signed the assertion"),
            Self::AssertionNotCovered => {
                f.write_str("sender-vouches: the message signature does not cover the SAML assertion")
            }
            Self::AssertionHolder => {
                f.write_str("holder-of-key: the message was not signed with the key that the SAML assertion confirms")
            }
            Self::AssertionConfirmation => {
                f.write_str("SubjectConfirmation/@Method is none of bearer, sender-vouches and holder-of-key")
            }
            Self::AssertionInFuture { by } => {
                write!(f, "the SAML assertion's IssueInstant or AuthnInstant lies {by} s ahead of this server's clock")
            }
            Self::AssertionTooOld { by } => write!(f, "the SAML assertion was issued {by} s ago: make one for each message"),
            Self::AssertionConditions => f.write_str("NotBefore or NotOnOrAfter of the SAML assertion does not hold now"),
            Self::AssertionAudience => f.write_str("the SAML assertion is for another Audience or Recipient than this server"),
            Self::AssertionDirect => f.write_str("Authentification_Mode is DIRECTE: these services authenticate applications"),
            Self::AssertionReplayed => f.write_str("this SAML assertion was used before: make one for each message"),
            Self::AssertionStructure => {
                f.write_str("Identifiant_Structure is no organisational unit of the certificate that signed the assertion")
            }
        }
    }
}

impl std::error::Error for Refusal {}
