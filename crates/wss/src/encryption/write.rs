//! Encrypting what was signed.

use xmlsec::{
    Certificate, Document, EncryptError, EncryptionKey, EncryptionSession, Fragment, KeyRejected, WriteError,
    Writer,
};

use super::EncryptionAlgorithms;
use crate::ns;
use crate::seal::{KeyReference, token_reference};

/// Whom a message is encrypted for, and how.
#[derive(Debug, Clone)]
pub struct EncryptFor {
    certificate: Certificate,
    key: EncryptionKey,
    algorithms: EncryptionAlgorithms,
}

/// The parts of a message that encryption changes.
pub(crate) struct EncryptedParts {
    /// To stand first in Security: a receiver decrypts before it verifies.
    pub(crate) key: Fragment,
    /// In place of the Body's content.
    pub(crate) body: Fragment,
    /// In place of the assertion.
    pub(crate) assertion: Option<Fragment>,
}

impl EncryptFor {
    /// Encrypts for the holder of this certificate.
    ///
    /// # Errors
    /// [`KeyRejected`]: its key is not RSA.
    pub fn new(certificate: &Certificate, algorithms: EncryptionAlgorithms) -> Result<Self, KeyRejected> {
        let key = EncryptionKey::from_certificate(certificate)?;
        Ok(Self { certificate: certificate.clone(), key, algorithms })
    }

    /// Encrypts a Body's content and an assertion under one key. `suffix` makes Ids that the message has not.
    pub(crate) fn encrypt(
        &self,
        content: &str,
        assertion: Option<&Document>,
        suffix: &str,
    ) -> Result<EncryptedParts, EncryptError> {
        let key_id = format!("EK-{suffix}");
        let reference = encrypted_key_reference(&key_id)?;
        let mut session =
            EncryptionSession::new(&self.key, self.algorithms.transport, self.algorithms.cipher)?;
        let body = session.content(&format!("ED-{suffix}"), content, Some(&reference))?;
        let assertion = match assertion {
            Some(assertion) => {
                Some(session.node(&format!("EA-{suffix}"), assertion.root(), Some(&reference))?)
            }
            None => None,
        };
        // issuer and serial number: what WSS4J, .NET and gSOAP read alike
        let recipient = token_reference(&self.certificate, KeyReference::IssuerSerial, "")?;
        let key = session.encrypted_key(&key_id, Some(&recipient))?;
        Ok(EncryptedParts { key, body, assertion })
    }
}

/// BSP 1.1 R3069, R3072: which EncryptedKey data are under, with its TokenType.
fn encrypted_key_reference(id: &str) -> Result<Fragment, WriteError> {
    let mut w = Writer::new();
    w.start("wsse", ns::WSSE, "SecurityTokenReference");
    w.attribute_ns("wsse11", ns::WSSE11, "TokenType", ns::ENCRYPTED_KEY);
    w.start("wsse", ns::WSSE, "Reference").attribute("URI", &format!("#{id}")).end();
    w.end();
    w.finish()
}
