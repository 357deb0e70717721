//! SAML 2.0 assertions (SAML Core 2.0; SAML Token Profile 1.1), as the VIHF of the CI-SIS uses them: who, at the caller's,
//! asks. The certificate says which application calls; the assertion is believed for its people, since the application
//! signed it.

mod read;
mod verify;
mod write;

use jiff::{SignedDuration, Timestamp};
use xmlsec::Certificate;

pub(crate) use verify::{Pending, Vouched};
pub use write::UserAssertion;

/// How the subject is confirmed (SAML Core §2.4.1.1; SAML Token Profile 1.1 §3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// No SubjectConfirmation, the VIHF's habit: the application signed the assertion.
    None,
    /// `bearer`: as none, within what SubjectConfirmationData says.
    Bearer,
    /// `sender-vouches`: the message's signer signed the assertion with the Body.
    SenderVouches,
    /// `holder-of-key`: an issuer confirmed the key that signed the message.
    HolderOfKey,
}

/// What a receiver demands of a caller's assertion, and whose signatures it takes for it.
#[derive(Debug, Clone, Copy)]
pub struct AssertionRules<'r> {
    /// Whether a message without one is refused.
    pub required: bool,
    /// Whether an unsigned one is accepted that the message's signer vouches for.
    pub unsigned_allowed: bool,
    /// Whether `Identifiant_Structure` must be an organisational unit of the signer's certificate.
    pub check_structure: bool,
    /// Who we are, for AudienceRestriction.
    pub audience: &'r str,
    /// Where we are, for the Recipient of a bearer.
    pub recipients: &'r [String],
    /// How far the clocks of caller and receiver may differ.
    pub clock_skew: SignedDuration,
    /// The certificates of the caller's application; the message's own is one in any case.
    pub application: &'r [Certificate],
    /// Who else may issue holder-of-key assertions.
    pub issuers: &'r [Certificate],
}

/// A verified assertion: every value was read from what a signature covers.
#[derive(Clone, PartialEq, Eq)]
pub struct Assertion {
    pub(crate) id: String,
    pub(crate) issue_instant: Timestamp,
    pub(crate) issuer: String,
    pub(crate) name_id: String,
    pub(crate) authn_context: Option<String>,
    pub(crate) confirmation: Confirmation,
    /// Names in lower case.
    pub(crate) attributes: Vec<(String, Vec<String>)>,
}

impl Assertion {
    /// Its `ID`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When it was issued.
    pub fn issue_instant(&self) -> Timestamp {
        self.issue_instant
    }

    /// The Issuer's text.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The subject's NameID: a person, so for the audit trail alone.
    pub fn name_id(&self) -> &str {
        &self.name_id
    }

    /// AuthnContextClassRef: how the user was authenticated at the caller's.
    pub fn authn_context(&self) -> Option<&str> {
        self.authn_context.as_deref()
    }

    /// How the subject was confirmed.
    pub fn confirmation(&self) -> Confirmation {
        self.confirmation
    }

    /// The values of an attribute. Letter case does not matter: official samples write `Authentification_mode`, the
    /// specification `Authentification_Mode`. A coded value (HL7 `CE`) is `code^codeSystem`.
    pub fn attribute(&self, name: &str) -> &[String] {
        let found = self.attributes.iter().find(|(one, _)| one.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values)
    }

    /// All attributes, their names in lower case.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.attributes.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }
}

/// Nobody's name: an assertion is about people.
impl std::fmt::Debug for Assertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assertion")
            .field("issue_instant", &self.issue_instant)
            .field("confirmation", &self.confirmation)
            .finish_non_exhaustive()
    }
}
