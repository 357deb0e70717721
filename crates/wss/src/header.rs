//! What a `wsse:Security` header may hold, by place and count (SOAP Message Security 1.1 §5), before anything of it is believed.

use xmlsec::Node;

use crate::ns;
use crate::refusal::Refusal;
use crate::timestamp::MessageTimestamp;

/// Most BinarySecurityTokens in one header.
const TOKENS_MAX: usize = 4;

/// Most EncryptedKeys in one header: each costs an RSA operation.
const ENCRYPTED_KEYS_MAX: usize = 4;

/// The header's children, each known by its place; nothing is verified yet.
#[derive(Debug, Clone)]
pub(crate) struct SecurityHeader<'d> {
    /// The element and what it says.
    pub(crate) timestamp: Option<(Node<'d>, MessageTimestamp)>,
    /// The message signature.
    pub(crate) signature: Node<'d>,
    /// Tokens, in document order; KeyInfo may point at one, before or after the signature.
    pub(crate) tokens: Vec<Node<'d>>,
    /// What an answer confirms of its request; one that is not signed says nothing.
    pub(crate) confirmations: Vec<Node<'d>>,
    /// The assertion, of which nothing was read.
    pub(crate) assertion: Option<Node<'d>>,
    /// Keys under which something is encrypted.
    pub(crate) encrypted_keys: Vec<Node<'d>>,
    /// What stands in an assertion's place.
    pub(crate) encrypted_assertion: Option<Node<'d>>,
}

impl<'d> SecurityHeader<'d> {
    pub(crate) fn read(security: Node<'d>) -> Result<Self, Refusal> {
        // a comment in Created or in a name is how texts get cut in two (attack catalogue 21)
        if security.contains_comment() {
            return Err(Refusal::CommentInSecurity);
        }
        let (mut timestamp, mut signature, mut tokens) = (None, None, Vec::new());
        let mut confirmations = Vec::new();
        let (mut assertion, mut references) = (None, 0);
        let (mut encrypted_keys, mut encrypted_assertion) = (Vec::new(), None);
        for child in security.children() {
            let unexpected = || Refusal::UnexpectedInSecurity { local: child.local_name().to_owned() };
            match (child.namespace(), child.local_name()) {
                (ns::WSU, "Timestamp") => {
                    // BSP 1.1 R3227
                    if timestamp.is_some() {
                        return Err(unexpected());
                    }
                    timestamp = Some((child, MessageTimestamp::read(child)?));
                }
                (ns::DS, "Signature") => {
                    if signature.is_some() {
                        return Err(Refusal::SignatureTwice);
                    }
                    signature = Some(child);
                }
                (ns::WSSE, "BinarySecurityToken") if tokens.len() < TOKENS_MAX => tokens.push(child),
                (ns::WSSE11, "SignatureConfirmation") if confirmations.is_empty() => {
                    confirmations.push(child)
                }
                (ns::SAML, "Assertion") if assertion.is_none() => assertion = Some(child),
                (ns::SAML, "Assertion" | "EncryptedAssertion") => return Err(Refusal::AssertionMisplaced),
                (ns::XENC, "EncryptedKey") if encrypted_keys.len() < ENCRYPTED_KEYS_MAX => {
                    encrypted_keys.push(child);
                }
                (ns::XENC, "EncryptedData") if encrypted_assertion.is_none() => {
                    encrypted_assertion = Some(child);
                }
                // WSS4J signs an assertion by STR-Transform of a reference that stands here
                (ns::WSSE, "SecurityTokenReference") if references == 0 => references += 1,
                _ => return Err(unexpected()),
            }
        }
        let signature = signature.ok_or(Refusal::SignatureMissing)?;
        Ok(Self {
            timestamp,
            signature,
            tokens,
            confirmations,
            assertion,
            encrypted_keys,
            encrypted_assertion,
        })
    }
}
