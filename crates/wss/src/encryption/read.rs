//! From an encrypted message to a readable one.

use xmlsec::{
    Certificate, DecryptError, Decrypted, DecryptionKey, Decryptor, Document, Encrypted, Ids, KeyRejected,
    Limits, Node,
};

use super::EncryptionAlgorithms;
use crate::envelope::Envelope;
use crate::header::SecurityHeader;
use crate::ids::MessageIds;
use crate::key::Key;
use crate::ns;
use crate::refusal::Refusal;

/// Our own certificate and the key that reads what was encrypted for it.
pub struct DecryptAs {
    certificate: Certificate,
    key: DecryptionKey,
}

impl std::fmt::Debug for DecryptAs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecryptAs").field("certificate", &self.certificate.subject()).finish_non_exhaustive()
    }
}

impl DecryptAs {
    /// Takes a certificate and its key, DER PKCS #8.
    ///
    /// # Errors
    /// [`KeyRejected`]: only RSA keys can be encrypted for.
    pub fn new(certificate: Certificate, pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        Ok(Self { certificate, key: DecryptionKey::from_pkcs8(pkcs8)? })
    }

    /// The same of a PEM file's first private key.
    ///
    /// # Errors
    /// [`KeyRejected`]
    pub fn from_pem(certificate: Certificate, pem: &[u8]) -> Result<Self, KeyRejected> {
        Ok(Self { certificate, key: DecryptionKey::from_pem(pem)? })
    }
}

/// What the sender did first. Whoever signs or encrypts puts the element in front of those that are there, so that a receiver
/// undoes them in document order (SOAP Message Security 1.1 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Signed, then encrypted: the EncryptedKey stands before the Signature, which is over what is encrypted.
    SignedFirst,
    /// Encrypted, then signed: the Signature stands first, and is over the ciphertext.
    EncryptedFirst,
}

/// What of a message is encrypted, found by its place; nothing is decrypted yet.
#[derive(Debug, Clone)]
pub struct Ciphertext<'d> {
    document: &'d Document,
    parts: Vec<Encrypted<'d>>,
    order: Order,
    algorithms: EncryptionAlgorithms,
    header: SecurityHeader<'d>,
}

impl<'d> Ciphertext<'d> {
    /// Finds what is encrypted in a message; `None` where nothing is.
    ///
    /// # Errors
    /// [`Refusal::EncryptionShape`], [`Refusal::EncryptionAlgorithm`], [`Refusal::DuplicateId`]
    pub(crate) fn find(
        document: &'d Document,
        envelope: &Envelope<'d>,
        header: &SecurityHeader<'d>,
    ) -> Result<Option<Self>, Refusal> {
        let body = envelope.body.children().filter(|child| child.is(ns::XENC, "EncryptedData"));
        let mut places: Vec<Node<'d>> = header.encrypted_assertion.into_iter().chain(body).collect();
        if header.encrypted_keys.is_empty() && places.is_empty() {
            return Ok(None);
        }
        let shape = |what| Refusal::EncryptionShape { what };
        let ids = Ids::new(document, &MessageIds).map_err(|_| Refusal::DuplicateId)?;
        let mut parts = Vec::new();
        for key in &header.encrypted_keys {
            let one = Encrypted::by_reference_list(*key, &ids).map_err(|_| {
                shape("an EncryptedKey needs a ReferenceList that names EncryptedData of the message")
            })?;
            for data in &one.data {
                // each once, and only where this profile has them (attack catalogue 38)
                let at = places.iter().position(|place| place == data);
                places.swap_remove(at.ok_or_else(|| {
                    shape("EncryptedData belongs into the Body, alone, or in the assertion's place")
                })?);
                names_its_key(*data, *key)?;
            }
            parts.push(one);
        }
        if !places.is_empty() {
            return Err(shape("EncryptedData that no EncryptedKey of wsse:Security names"));
        }
        let hidden = document.root().descendants().filter(|node| node.is(ns::XENC, "EncryptedData")).count();
        if hidden != parts.iter().map(|part| part.data.len()).sum::<usize>() {
            return Err(shape("EncryptedData belongs into the Body, alone, or in the assertion's place"));
        }
        if envelope.body.children().nth(1).is_some() || envelope.body.has_text() {
            return Err(shape("the Body's content is encrypted as a whole or not at all"));
        }
        if let Some(data) = header.encrypted_assertion {
            // BSP 1.1 R3208
            let before = |key: &Node<'_>| key.byte_range().end <= data.byte_range().start;
            if !header.encrypted_keys.iter().all(before) {
                return Err(shape("EncryptedKey must stand before the EncryptedData that it is for"));
            }
            if data.attribute("", "Type") != Some(ELEMENT) {
                return Err(shape("an encrypted assertion is encrypted as an element"));
            }
        }
        let mut algorithms = None;
        for part in &parts {
            let (transport, cipher) = part.algorithms().map_err(refused)?;
            let found = EncryptionAlgorithms { transport, cipher };
            if algorithms.is_some_and(|known| known != found) {
                return Err(shape("all of a message is encrypted by the same algorithms"));
            }
            algorithms = Some(found);
        }
        let algorithms = algorithms.ok_or_else(|| shape("no EncryptedKey in wsse:Security"))?;
        let first = |key: &Node<'_>| key.byte_range().start < header.signature.byte_range().start;
        let order = match header.encrypted_keys.iter().filter(|key| first(key)).count() {
            0 => Order::EncryptedFirst,
            all if all == parts.len() => Order::SignedFirst,
            _ => return Err(shape("an EncryptedKey before and one after the Signature")),
        };
        Ok(Some(Self { document, parts, order, algorithms, header: header.clone() }))
    }

    /// What the sender did first.
    pub fn order(&self) -> Order {
        self.order
    }

    /// How it is encrypted.
    pub fn algorithms(&self) -> EncryptionAlgorithms {
        self.algorithms
    }

    /// The message with nothing encrypted in it. `authenticated` says that the sender is known already, by the signature over
    /// this ciphertext or by the connection, and registered to use AES-CBC, which is refused otherwise (attack catalogue 37).
    ///
    /// # Errors
    /// [`Refusal::Decryption`] alone once a secret was touched; before, what can be seen without one.
    pub fn decrypt(
        &self,
        own: Option<&DecryptAs>,
        authenticated: bool,
        limits: &Limits,
    ) -> Result<Decrypted<'d>, Refusal> {
        if !self.algorithms.cipher.is_authenticated() && !authenticated {
            return Err(Refusal::EncryptionCbc);
        }
        let own = own.ok_or(Refusal::EncryptionRecipient)?;
        if self.parts.iter().any(|part| self.is_for_another(part.key, own)) {
            return Err(Refusal::EncryptionRecipient);
        }
        let mut decryptor = Decryptor::new(&own.key);
        if authenticated {
            decryptor = xmlsec::danger::allow_cbc(decryptor);
        }
        decryptor.decrypt(self.document, &self.parts, limits).map_err(refused)
    }

    /// Whether KeyInfo names a certificate that is not ours. One that cannot be followed leaves it to the key to say so.
    fn is_for_another(&self, key: Node<'d>, own: &DecryptAs) -> bool {
        match Key::named(key, &self.header) {
            Ok(Key::Carried(token)) => token.certificate != own.certificate,
            Ok(Key::Selected(selector)) => !selector.selects(&own.certificate),
            Err(_) => false,
        }
    }
}

/// `Type` of an encrypted element (XML Encryption §3.1).
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// BSP 1.1 R5424, R5426: a KeyInfo refers to the EncryptedKey whose list names the data.
fn names_its_key(data: Node<'_>, key: Node<'_>) -> Result<(), Refusal> {
    let Some(key_info) = data.child(ns::DS, "KeyInfo") else { return Ok(()) };
    let alone = key_info.children().nth(1).is_none();
    let named = key_info
        .only_child(ns::WSSE, "SecurityTokenReference")
        .and_then(|reference| reference.only_child(ns::WSSE, "Reference"))
        .and_then(|reference| reference.attribute("", "URI"))
        .and_then(|uri| uri.strip_prefix('#'));
    let id = key.attribute("", "Id").or_else(|| key.attribute(ns::WSU, "Id"));
    if alone && named.is_some() && named == id {
        return Ok(());
    }
    Err(Refusal::EncryptionShape {
        what: "KeyInfo of EncryptedData must refer to the EncryptedKey in wsse:Security",
    })
}

fn refused(error: DecryptError) -> Refusal {
    match error {
        DecryptError::Shape => {
            Refusal::EncryptionShape { what: "EncryptedKey or EncryptedData is not as XML Encryption has it" }
        }
        DecryptError::Algorithm => Refusal::EncryptionAlgorithm,
        _ => Refusal::Decryption,
    }
}
