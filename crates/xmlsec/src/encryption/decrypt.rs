//! Decrypting: from one document to the next.

use std::ops::Range;

use aws_lc_rs::rand;
use thiserror::Error;
use zeroize::Zeroizing;

use super::cipher::{MGF1_SHA1, MGF1_SHA256, OAEP_11, OAEP_MGF1P, SHA1};
use super::{
    CONTENT_TYPE, ContentCipher, DecryptionKey, ELEMENT_TYPE, KeyTransport, XENC_NAMESPACE, XENC11_NAMESPACE,
};
use crate::algorithm::{DSIG_NAMESPACE, DigestMethod};
use crate::base64;
use crate::chars;
use crate::document::{CDATA, Document, Kind, Node};
use crate::ids::Ids;
use crate::limits::Limits;
use crate::signed::Signed;

/// Why nothing was decrypted. Tell a peer none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// Elements missing, repeated, unknown or out of order (XML Encryption §3), a reference to something else than
    /// encrypted data, or the same data or key twice.
    #[error("the encrypted data are malformed")]
    Shape,
    /// An algorithm that is not supported or not allowed: RSA PKCS #1 v1.5 never is, CBC only where
    /// [`danger`] allows it.
    #[error("an encryption algorithm is not accepted")]
    Algorithm,
    /// It did not decrypt, or not to what can stand there. Which, and why, is not told: every difference is an oracle.
    #[error("decryption failed")]
    Failed,
}

/// Ways to be less safe.
pub mod danger {
    use super::Decryptor;

    /// Accepts AES-CBC, which authenticates nothing: whoever learns whether a changed ciphertext decrypted can read
    /// all of it (Jager and Somorovsky, "How to Break XML Encryption", 2011). Call it only where the sender was
    /// authenticated first: a verified signature over the ciphertext, or an authenticated channel.
    #[must_use]
    pub fn allow_cbc(mut decryptor: Decryptor<'_>) -> Decryptor<'_> {
        decryptor.cbc = true;
        decryptor
    }
}

/// One `xenc:EncryptedKey` and the `xenc:EncryptedData` under it.
#[derive(Clone, Debug)]
pub struct Encrypted<'d> {
    /// The wrapped key.
    pub key: Node<'d>,
    /// What is encrypted under it.
    pub data: Vec<Node<'d>>,
}

impl<'d> Encrypted<'d> {
    /// What the `xenc:ReferenceList` of an EncryptedKey names (§3.6).
    ///
    /// # Errors
    /// [`DecryptError::Shape`] when there is no such list, or it names something else.
    pub fn by_reference_list(key: Node<'d>, ids: &Ids<'d>) -> Result<Self, DecryptError> {
        let list = key.only_child(XENC_NAMESPACE, "ReferenceList").ok_or(DecryptError::Shape)?;
        let mut data = Vec::new();
        for reference in list.children() {
            let named = reference
                .attribute("", "URI")
                .and_then(|uri| uri.strip_prefix('#'))
                .and_then(|id| ids.get(id))
                .filter(|_| is(reference, "DataReference"))
                .filter(|node| is(*node, "EncryptedData"));
            data.push(named.ok_or(DecryptError::Shape)?);
        }
        Ok(Self { key, data })
    }

    /// How the key is wrapped, and the cipher of what is under it; the profile allows one.
    ///
    /// # Errors
    /// [`DecryptError::Shape`], [`DecryptError::Algorithm`]
    pub fn algorithms(&self) -> Result<(KeyTransport, ContentCipher), DecryptError> {
        let (method, _) = encrypted_type(self.key, true)?;
        let mut ciphers = Vec::new();
        for data in &self.data {
            let (method, _) = encrypted_type(*data, false)?;
            let cipher = method.attribute("", "Algorithm").and_then(ContentCipher::from_uri);
            ciphers.push(cipher.ok_or(DecryptError::Algorithm)?);
        }
        // One key, one cipher: an attacker must not read GCM by way of CBC (Jager, Paterson, Somorovsky, 2013).
        ciphers.dedup();
        let [cipher] = ciphers[..] else { return Err(DecryptError::Algorithm) };
        Ok((transport(method)?, cipher))
    }
}

/// Decrypts with one private key.
#[derive(Clone, Copy, Debug)]
pub struct Decryptor<'k> {
    key: &'k DecryptionKey,
    cbc: bool,
}

/// Keys in one message: each costs an RSA operation.
const MAX_KEYS: usize = 4;
/// Encrypted parts in one message.
const MAX_PARTS: usize = 16;

impl<'k> Decryptor<'k> {
    /// Decrypts what is wrapped for `key`, with AES-GCM.
    pub fn new(key: &'k DecryptionKey) -> Self {
        Self { key, cbc: false }
    }

    /// The document with every part in `encrypted` replaced by what it stands for, parsed anew as a whole with
    /// `limits`. Each part is decrypted once; a result that holds another EncryptedData is refused, as is one that
    /// does not stand by itself (an end tag without its start, half a comment).
    ///
    /// What does not decrypt costs what does: a stand-in of its length is put in its place and parsed.
    ///
    /// # Errors
    /// [`DecryptError`]
    pub fn decrypt<'d>(
        &self,
        document: &'d Document,
        encrypted: &[Encrypted<'d>],
        limits: &Limits,
    ) -> Result<Decrypted<'d>, DecryptError> {
        let parts = self.parts(document, encrypted)?;
        // Every RSA operation is done and every part decrypted before anything is said of any.
        let keys: Vec<Zeroizing<Vec<u8>>> =
            parts.keys.iter().map(|key| self.content_key(key)).collect::<Result<_, _>>()?;
        let mut plain: Vec<(Node<'_>, Option<String>, usize)> = Vec::new();
        for part in &parts.data {
            let key = keys.get(part.key).ok_or(DecryptError::Failed)?;
            let text = part.cipher.decrypt(key, &part.value).and_then(|bytes| String::from_utf8(bytes).ok());
            plain.push((part.node, text, part.value.len().saturating_sub(part.cipher.overhead())));
        }
        plain.sort_by_key(|(node, ..)| node.byte_range().start);
        let failed = plain.iter().any(|(_, text, _)| text.is_none());
        let plain: Vec<_> = plain
            .into_iter()
            .map(|(node, text, length)| (node, text.filter(|_| !failed).unwrap_or_else(|| stand_in(length))))
            .collect();
        splice(document, plain, limits).filter(|_| !failed).ok_or(DecryptError::Failed)
    }

    /// Everything that can be refused without touching a secret.
    fn parts<'d>(&self, document: &Document, encrypted: &[Encrypted<'d>]) -> Result<Parts<'d>, DecryptError> {
        let mut parts = Parts { keys: Vec::new(), data: Vec::new() };
        for (index, Encrypted { key, data }) in encrypted.iter().enumerate() {
            if !is(*key, "EncryptedKey") || !std::ptr::eq(key.document(), document) || data.is_empty() {
                return Err(DecryptError::Shape);
            }
            let (transport, cipher) = Encrypted { key: *key, data: data.clone() }.algorithms()?;
            if !(cipher.is_authenticated() || self.cbc) {
                return Err(DecryptError::Algorithm);
            }
            let value = cipher_value(encrypted_type(*key, true)?.1)?;
            for node in data {
                if !is(*node, "EncryptedData") || !std::ptr::eq(node.document(), document) {
                    return Err(DecryptError::Shape);
                }
                let (method, value) = encrypted_type(*node, false)?;
                if !matches!(node.attribute("", "Type"), Some(ELEMENT_TYPE | CONTENT_TYPE)) {
                    return Err(DecryptError::Shape);
                }
                if method.children().any(|child| !is(child, "KeySize")) {
                    return Err(DecryptError::Algorithm);
                }
                parts.data.push(Part { node: *node, key: index, cipher, value: cipher_value(value)? });
            }
            parts.keys.push(Wrapped { transport, length: cipher.key_length(), value });
        }
        let mut nodes: Vec<Node<'_>> = parts.data.iter().map(|part| part.node).collect();
        nodes.sort_by_key(|node| node.byte_range().start);
        let apart =
            nodes.iter().zip(nodes.iter().skip(1)).all(|(a, b)| a.byte_range().end <= b.byte_range().start);
        let distinct = encrypted
            .iter()
            .enumerate()
            .all(|(at, one)| encrypted.iter().take(at).all(|other| other.key != one.key));
        if !apart || !distinct || encrypted.len() > MAX_KEYS || nodes.len() > MAX_PARTS {
            return Err(DecryptError::Shape);
        }
        Ok(parts)
    }

    /// The content key; a random one of the right length when there is none.
    fn content_key(&self, wrapped: &Wrapped) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let mut random = Zeroizing::new(vec![0; wrapped.length]);
        rand::fill(&mut random).map_err(|_| DecryptError::Failed)?;
        let key = self.key.unwrap(wrapped.transport, &wrapped.value);
        Ok(key.filter(|key| key.len() == wrapped.length).unwrap_or(random))
    }
}

struct Parts<'d> {
    keys: Vec<Wrapped>,
    data: Vec<Part<'d>>,
}

struct Wrapped {
    transport: KeyTransport,
    length: usize,
    value: Vec<u8>,
}

struct Part<'d> {
    node: Node<'d>,
    key: usize,
    cipher: ContentCipher,
    value: Vec<u8>,
}

/// §3.1: EncryptionMethod, KeyInfo or none, CipherData with a CipherValue (§3.3.1; a CipherReference is never
/// followed); with keys, ReferenceList and CarriedKeyName.
fn encrypted_type(node: Node<'_>, is_key: bool) -> Result<(Node<'_>, Node<'_>), DecryptError> {
    let shape = DecryptError::Shape;
    let mut children = node.children().peekable();
    let method = children.next().filter(|child| is(*child, "EncryptionMethod")).ok_or(shape)?;
    children.next_if(|child| child.is(DSIG_NAMESPACE, "KeyInfo"));
    let data = children.next().filter(|child| is(*child, "CipherData")).ok_or(shape)?;
    if is_key {
        children.next_if(|child| is(*child, "ReferenceList"));
        children.next_if(|child| is(*child, "CarriedKeyName"));
    }
    let mut values = data.children();
    let value = values.next().filter(|child| is(*child, "CipherValue")).ok_or(shape)?;
    if children.next().is_some()
        || values.next().is_some()
        || value.children().next().is_some()
        || node.has_text()
    {
        return Err(shape);
    }
    Ok((method, value))
}

fn cipher_value(node: Node<'_>) -> Result<Vec<u8>, DecryptError> {
    base64::decode(&node.text()).ok_or(DecryptError::Shape)
}

/// §5.5.2: OAEP with empty parameters, its digest and mask generation SHA-1 or SHA-256 alike.
fn transport(method: Node<'_>) -> Result<KeyTransport, DecryptError> {
    let refused = DecryptError::Algorithm;
    let mut digest = SHA1;
    let mut mask = MGF1_SHA1;
    for child in method.children() {
        let algorithm = child.attribute("", "Algorithm").unwrap_or_default();
        if child.is(DSIG_NAMESPACE, "DigestMethod") {
            digest = algorithm;
        } else if child.is(XENC11_NAMESPACE, "MGF") {
            mask = algorithm;
        } else if !(is(child, "KeySize") || is(child, "OAEPparams") && !child.has_text()) {
            return Err(refused);
        }
    }
    let sha256 = DigestMethod::Sha256.uri();
    match method.attribute("", "Algorithm").ok_or(refused)? {
        OAEP_MGF1P | OAEP_11 if (digest, mask) == (SHA1, MGF1_SHA1) => Ok(KeyTransport::OaepSha1),
        OAEP_11 if (digest, mask) == (sha256, MGF1_SHA256) => Ok(KeyTransport::OaepSha256),
        _ => Err(refused),
    }
}

/// XML of that length, instead of what did not decrypt.
fn stand_in(length: usize) -> String {
    const ENDS: usize = "<x></x>".len();
    format!("<x>{}</x>", "x".repeat(length.saturating_sub(ENDS)))
}

/// Puts the plain texts in their places and parses the whole.
fn splice<'d>(
    document: &'d Document,
    plain: Vec<(Node<'_>, String)>,
    limits: &Limits,
) -> Option<Decrypted<'d>> {
    let source = document.source();
    let root = document.root().byte_range();
    // From the root on: the declaration of an encoding does not hold for the text that this builds.
    let mut text = String::with_capacity(root.len());
    let mut copied = root.start;
    let mut places = Vec::new();
    for (node, plain) in plain {
        let plain = plain.replace("\r\n", "\n").replace('\r', "\n");
        let range = node.byte_range();
        text.push_str(source.get(copied..range.start)?);
        let start = text.len();
        text.push_str(&plain);
        let one = node.attribute("", "Type") == Some(ELEMENT_TYPE);
        let trimmed = plain.trim_ascii();
        if one && !(trimmed.starts_with('<') && trimmed.ends_with('>')) {
            return None;
        }
        places.push(Place { from: range.clone(), to: start..text.len(), one });
        copied = range.end;
    }
    text.push_str(source.get(copied..root.end)?);
    match Document::parse(text.as_bytes(), limits) {
        Ok(result) => {
            let alone =
                places.iter().filter(|place| stands_by_itself(&result, place.to.clone(), place.one)).count();
            (alone == places.len()).then_some(Decrypted { document: result, source: document, places })
        }
        Err(error) => {
            spend_the_rest(document, text.len().saturating_sub(error.offset), &places, limits);
            None
        }
    }
}

/// Does what would have been done had the parser not stopped: its time would tell where it did.
fn spend_the_rest(document: &Document, unread: usize, places: &[Place], limits: &Limits) {
    let parsed = Document::parse(stand_in(unread).as_bytes(), limits);
    std::hint::black_box(parsed.is_ok());
    for place in places {
        std::hint::black_box(stands_by_itself(document, place.from.clone(), place.one));
    }
}

/// A document in which nothing is encrypted any more, and where in it each part of the one before stands.
#[derive(Debug)]
pub struct Decrypted<'d> {
    document: Document,
    source: &'d Document,
    /// In document order.
    places: Vec<Place>,
}

/// What was replaced by what.
#[derive(Debug)]
struct Place {
    /// In the encrypted document.
    from: Range<usize>,
    /// In this one.
    to: Range<usize>,
    /// Whether an element was.
    one: bool,
}

impl Decrypted<'_> {
    /// The document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The document, without the way back.
    pub fn into_document(self) -> Document {
        self.document
    }

    /// What a signature over the encrypted document covered, with what it holds decrypted: whoever signs a ciphertext
    /// signs what it stands for. Nothing for an element that was encrypted itself, or of another document.
    pub fn signed<'p>(&'p self, signed: Signed<'_>) -> Option<Signed<'p>> {
        let (node, omitted) = signed.into_parts();
        let omitted = match omitted {
            Some(omitted) => Some(self.counterpart(omitted)?),
            None => None,
        };
        Some(Signed::new(self.counterpart(node)?, omitted))
    }

    /// Where an element that stayed as it was stands now.
    fn counterpart(&self, node: Node<'_>) -> Option<Node<'_>> {
        let start = node.byte_range().start;
        if !std::ptr::eq(node.document(), self.source)
            || self.places.iter().any(|place| place.from.contains(&start))
        {
            return None;
        }
        let last = self.places.iter().take_while(|place| place.from.end <= start).last();
        let now = match last {
            Some(place) => place.to.end + (start - place.from.end),
            None => start - self.source.root().byte_range().start,
        };
        self.document.root().descendants().find(|found| found.byte_range().start == now)
    }
}

/// Whether no element, comment or section straddles a place's bounds, the place holds no encrypted data, and, when
/// `one`, it is one element.
fn stands_by_itself(document: &Document, place: Range<usize>, one: bool) -> bool {
    let mut elements = 0;
    let mut covered = place.start;
    for (index, record) in document.records.iter().enumerate() {
        let node = Node { document, index: index as u32 };
        let range = extent(node);
        let apart = range.end <= place.start || range.start >= place.end;
        let inside = range.start >= place.start && range.end <= place.end;
        match record.kind {
            Kind::Element if inside => {
                if is(node, "EncryptedData") {
                    return false;
                }
                if range.start >= covered {
                    elements += 1;
                    covered = range.end;
                }
            }
            Kind::Element => {
                let content = node.content_range();
                let around = content.start <= place.start && place.end <= content.end;
                if !apart && !around {
                    return false;
                }
            }
            // Plain text may run across the bounds; a section or a comment may not.
            Kind::Comment if !apart && !inside => return false,
            Kind::Text if record.has(CDATA) && !apart && !inside => return false,
            // Nor may a reference be completed by what follows.
            Kind::Text if range.contains(&place.end) && !record.has(CDATA) => {
                let own = document.source().get(range.start.max(place.start)..place.end).unwrap_or_default();
                if own.rsplit_once('&').is_some_and(|(_, after)| !after.contains(';')) {
                    return false;
                }
            }
            Kind::Text if one && inside => {
                let nested = document.record(record.parent).span.start as usize >= place.start;
                if !nested && !chars::is_blank(document.str(record.span)) {
                    return false;
                }
            }
            Kind::Text | Kind::Comment => {}
        }
    }
    !one || elements == 1
}

/// Where a record stands in the source, its delimiters included.
fn extent(node: Node<'_>) -> Range<usize> {
    let record = node.record();
    let raw = record.close.range();
    match record.kind {
        Kind::Element => node.byte_range(),
        Kind::Comment => raw.start.saturating_sub("<!--".len())..raw.end + "-->".len(),
        Kind::Text if record.has(CDATA) => raw.start.saturating_sub("<![CDATA[".len())..raw.end + "]]>".len(),
        Kind::Text => raw,
    }
}

fn is(node: Node<'_>, local_name: &str) -> bool {
    node.is(XENC_NAMESPACE, local_name)
}
