//! Encrypting.

use aws_lc_rs::rand;
use thiserror::Error;
use zeroize::Zeroizing;

use super::cipher::{MGF1_SHA256, SHA1};
use super::{
    CONTENT_TYPE, ContentCipher, ELEMENT_TYPE, EncryptionKey, KeyTransport, XENC_NAMESPACE, XENC11_NAMESPACE,
};
use crate::algorithm::{DSIG_NAMESPACE, DigestMethod};
use crate::base64;
use crate::document::Node;
use crate::writer::{Fragment, WriteError, Writer};

/// Why nothing was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// The cryptographic library failed.
    #[error("encryption failed")]
    Failed,
    /// An ID cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// One content key, fresh and random, wrapped for one recipient, and what is encrypted under it.
///
/// ```
/// use xmlsec::{ContentCipher, Decryptor, DecryptionKey, Document, Encrypted, EncryptionKey, EncryptionSession, Ids};
/// use xmlsec::{KeyTransport, Limits, SigningKey, StandardIds, Writer, XENC_NAMESPACE};
///
/// # let pkcs8 = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
/// # let pkcs8 = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&pkcs8).unwrap();
/// # let recipient = EncryptionKey::from_spki(SigningKey::from_pkcs8(pkcs8.as_ref())?.public_key().spki())?;
/// let mut session = EncryptionSession::new(&recipient, KeyTransport::OaepSha256, ContentCipher::Aes256Gcm)?;
/// let data = session.content("data-1", "<secret>tea</secret>", None)?;
/// let key = session.encrypted_key("key-1", None)?;
/// let mut message = Writer::new();
/// message.start("", "", "message").fragment(&key).start("", "", "body").fragment(&data).end().end();
/// let message = message.finish()?;
///
/// let key = DecryptionKey::from_pkcs8(pkcs8.as_ref())?;
/// let document = Document::parse(message.as_bytes(), &Limits::default())?;
/// let ids = Ids::new(&document, &StandardIds)?;
/// let encrypted = Encrypted::by_reference_list(document.root().child(XENC_NAMESPACE, "EncryptedKey").unwrap(), &ids)?;
/// let plain = Decryptor::new(&key).decrypt(&document, &[encrypted], &Limits::default())?;
/// assert_eq!(plain.document().root().child("", "body").unwrap().child("", "secret").unwrap().text(), "tea");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EncryptionSession {
    transport: KeyTransport,
    cipher: ContentCipher,
    key: Secret,
    wrapped: Vec<u8>,
    references: Vec<String>,
}

struct Secret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl EncryptionSession {
    /// Makes a content key and wraps it for a recipient.
    ///
    /// # Errors
    /// [`EncryptError::Failed`]
    pub fn new(
        recipient: &EncryptionKey,
        transport: KeyTransport,
        cipher: ContentCipher,
    ) -> Result<Self, EncryptError> {
        let mut key = Zeroizing::new(vec![0; cipher.key_length()]);
        rand::fill(&mut key).map_err(|_| EncryptError::Failed)?;
        let wrapped = recipient.wrap(transport, &key).ok_or(EncryptError::Failed)?;
        Ok(Self { transport, cipher, key: Secret(key), wrapped, references: Vec::new() })
    }

    /// The `xenc:EncryptedData` that stands for an element's content (text of well-formed XML that declares the
    /// namespaces it uses). `key_info` is what its `ds:KeyInfo` holds.
    ///
    /// # Errors
    /// [`EncryptError`]
    pub fn content(
        &mut self,
        id: &str,
        content: &str,
        key_info: Option<&Fragment>,
    ) -> Result<Fragment, EncryptError> {
        self.data(id, CONTENT_TYPE, content.as_bytes(), key_info)
    }

    /// The `xenc:EncryptedData` that stands for an element.
    ///
    /// # Errors
    /// [`EncryptError`]
    pub fn element(
        &mut self,
        id: &str,
        element: &Fragment,
        key_info: Option<&Fragment>,
    ) -> Result<Fragment, EncryptError> {
        self.data(id, ELEMENT_TYPE, element.as_bytes(), key_info)
    }

    /// The same of an element that was parsed, which must declare the namespaces that it uses.
    ///
    /// # Errors
    /// [`EncryptError`]
    pub fn node(
        &mut self,
        id: &str,
        element: Node<'_>,
        key_info: Option<&Fragment>,
    ) -> Result<Fragment, EncryptError> {
        let text = element.document().source().get(element.byte_range()).unwrap_or_default();
        self.data(id, ELEMENT_TYPE, text.as_bytes(), key_info)
    }

    /// The `xenc:EncryptedKey`, whose list names all that was encrypted so far. `key_info` names the recipient.
    ///
    /// # Errors
    /// [`EncryptError::Write`]
    pub fn encrypted_key(&self, id: &str, key_info: Option<&Fragment>) -> Result<Fragment, EncryptError> {
        let mut writer = Writer::new();
        writer.start("xenc", XENC_NAMESPACE, "EncryptedKey").attribute("Id", id);
        writer.start("xenc", XENC_NAMESPACE, "EncryptionMethod").attribute("Algorithm", self.transport.uri());
        let digest = match self.transport {
            KeyTransport::OaepSha1 => SHA1,
            KeyTransport::OaepSha256 => DigestMethod::Sha256.uri(),
        };
        writer.start("ds", DSIG_NAMESPACE, "DigestMethod").attribute("Algorithm", digest).end();
        if self.transport == KeyTransport::OaepSha256 {
            writer.start("xenc11", XENC11_NAMESPACE, "MGF").attribute("Algorithm", MGF1_SHA256).end();
        }
        writer.end();
        write_key_info(&mut writer, key_info);
        write_cipher_data(&mut writer, &self.wrapped);
        if !self.references.is_empty() {
            writer.start("xenc", XENC_NAMESPACE, "ReferenceList");
            for id in &self.references {
                let uri = format!("#{id}");
                writer.start("xenc", XENC_NAMESPACE, "DataReference").attribute("URI", &uri).end();
            }
            writer.end();
        }
        writer.end();
        Ok(writer.finish()?)
    }

    fn data(
        &mut self,
        id: &str,
        kind: &str,
        plain: &[u8],
        key_info: Option<&Fragment>,
    ) -> Result<Fragment, EncryptError> {
        let sealed = self.cipher.encrypt(&self.key.0, plain).ok_or(EncryptError::Failed)?;
        let mut writer = Writer::with_capacity(sealed.len() * 4 / 3 + 1024);
        writer.start("xenc", XENC_NAMESPACE, "EncryptedData").attribute("Id", id).attribute("Type", kind);
        writer
            .start("xenc", XENC_NAMESPACE, "EncryptionMethod")
            .attribute("Algorithm", self.cipher.uri())
            .end();
        write_key_info(&mut writer, key_info);
        write_cipher_data(&mut writer, &sealed);
        writer.end();
        self.references.push(id.to_owned());
        Ok(writer.finish()?)
    }
}

fn write_key_info(writer: &mut Writer, content: Option<&Fragment>) {
    if let Some(content) = content {
        writer.start("ds", DSIG_NAMESPACE, "KeyInfo").fragment(content).end();
    }
}

fn write_cipher_data(writer: &mut Writer, data: &[u8]) {
    writer.start("xenc", XENC_NAMESPACE, "CipherData");
    writer.element("xenc", XENC_NAMESPACE, "CipherValue", &base64::encode(data)).end();
}
