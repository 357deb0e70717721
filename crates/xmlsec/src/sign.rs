//! Making signatures: the references' digests come from fragments just written or from a parsed document, and the
//! `ds:Signature` element comes out, ready to be put in its place.

use thiserror::Error;

use crate::algorithm::{
    DSIG_NAMESPACE, Digest, DigestMethod, ENVELOPED_SIGNATURE, EXC_C14N, SignatureMethod,
};
use crate::base64;
use crate::c14n::{self, C14nError, Canonicalization};
use crate::document::Node;
use crate::key::{SigningFailed, SigningKey};
use crate::writer::{Fragment, WriteError, Writer};

/// Why nothing was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// No reference was given: a signature over nothing.
    #[error("there is nothing to sign")]
    NoReference,
    /// The key cannot sign so.
    #[error(transparent)]
    Key(#[from] SigningFailed),
    /// What was to be signed has no canonical form.
    #[error(transparent)]
    C14n(#[from] C14nError),
    /// An ID or a prefix cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// One `ds:Reference` to be.
#[derive(Clone, Debug)]
pub struct SignReference {
    uri: String,
    transforms: Transforms,
    method: DigestMethod,
    digest: Digest,
}

#[derive(Clone, Debug)]
enum Transforms {
    Exclusive,
    Enveloped,
    Custom(Fragment),
}

impl SignReference {
    /// To an element just written, which will carry `id`.
    ///
    /// # Errors
    /// [`SignError::C14n`]
    pub fn fragment(id: &str, fragment: &Fragment, method: DigestMethod) -> Result<Self, SignError> {
        let digest = fragment.digest(method)?;
        Ok(Self { uri: format!("#{id}"), transforms: Transforms::Exclusive, method, digest })
    }

    /// To an element of a parsed document, which carries `id` (an empty one stands for the whole document and the
    /// element must be its root). `enveloped` announces that the signature will stand within it: the document
    /// must not hold it yet.
    ///
    /// # Errors
    /// [`SignError::C14n`]
    pub fn node(id: &str, node: Node<'_>, method: DigestMethod, enveloped: bool) -> Result<Self, SignError> {
        let mut canonical = Vec::with_capacity(node.byte_range().len() + 512);
        c14n::canonicalize(node, &Canonicalization::default(), None, &mut canonical)?;
        let uri = if id.is_empty() { String::new() } else { format!("#{id}") };
        let transforms = if enveloped { Transforms::Enveloped } else { Transforms::Exclusive };
        Ok(Self { uri, transforms, method, digest: method.digest(&canonical) })
    }

    /// To the element that carries `id`, whose octets are made by a transform of the caller's; `transform` is the
    /// `ds:Transform` element and `octets` what it gives.
    pub fn custom(id: &str, transform: Fragment, octets: &[u8], method: DigestMethod) -> Self {
        let digest = method.digest(octets);
        Self { uri: format!("#{id}"), transforms: Transforms::Custom(transform), method, digest }
    }

    fn write(&self, writer: &mut Writer, prefix: &str) {
        let ds = DSIG_NAMESPACE;
        writer.start(prefix, ds, "Reference").attribute("URI", &self.uri);
        writer.start(prefix, ds, "Transforms");
        match &self.transforms {
            Transforms::Custom(transform) => {
                writer.fragment(transform);
            }
            Transforms::Enveloped => {
                writer.start(prefix, ds, "Transform").attribute("Algorithm", ENVELOPED_SIGNATURE).end();
                writer.start(prefix, ds, "Transform").attribute("Algorithm", EXC_C14N).end();
            }
            Transforms::Exclusive => {
                writer.start(prefix, ds, "Transform").attribute("Algorithm", EXC_C14N).end();
            }
        }
        writer.end();
        writer.start(prefix, ds, "DigestMethod").attribute("Algorithm", self.method.uri()).end();
        writer.element(prefix, ds, "DigestValue", &base64::encode(self.digest.as_ref()));
        writer.end();
    }
}

/// Makes a `ds:Signature`.
///
/// ```
/// use xmlsec::{DigestMethod, Document, Ids, Limits, NoDereference, SignReference, SignatureBuilder, SigningKey};
/// use xmlsec::{StandardIds, Verifier, Writer};
///
/// # let pkcs8 = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
/// # let pkcs8 = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&pkcs8).unwrap();
/// let key = SigningKey::from_pkcs8(pkcs8.as_ref())?;
/// let mut order = Writer::new();
/// order.start("", "urn:order", "order").attribute("Id", "o1").text("tea").end();
/// let order = order.finish()?;
///
/// let signature = SignatureBuilder::new(&key)
///     .reference(SignReference::fragment("o1", &order, DigestMethod::Sha256)?)
///     .sign()?;
/// let mut message = Writer::new();
/// message.start("m", "urn:message", "message").fragment(&order).fragment(&signature).end();
/// let message = message.finish()?;
///
/// let document = Document::parse(message.as_bytes(), &Limits::default())?;
/// let ids = Ids::new(&document, &StandardIds)?;
/// let order = document.root().child("urn:order", "order").unwrap();
/// let signature = document.root().child(xmlsec::DSIG_NAMESPACE, "Signature").unwrap();
/// let verified = Verifier::default().verify(&ids, signature, key.public_key(), &NoDereference)?;
/// assert_eq!(verified.signed(order).unwrap().text(), "tea");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SignatureBuilder<'k> {
    key: &'k SigningKey,
    method: SignatureMethod,
    prefix: String,
    id: Option<String>,
    key_info: Option<Fragment>,
    references: Vec<SignReference>,
}

impl<'k> SignatureBuilder<'k> {
    /// A signature by this key, with its default method.
    pub fn new(key: &'k SigningKey) -> Self {
        Self {
            key,
            method: key.default_method(),
            prefix: "ds".to_owned(),
            id: None,
            key_info: None,
            references: Vec::new(),
        }
    }

    /// Signs with another method.
    #[must_use]
    pub fn method(mut self, method: SignatureMethod) -> Self {
        self.method = method;
        self
    }

    /// The prefix of the signature's elements; `ds` unless said.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// The `Id` of the signature.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// What `ds:KeyInfo` holds; without it there is none.
    #[must_use]
    pub fn key_info(mut self, content: Fragment) -> Self {
        self.key_info = Some(content);
        self
    }

    /// One more reference.
    #[must_use]
    pub fn reference(mut self, reference: SignReference) -> Self {
        self.references.push(reference);
        self
    }

    /// Signs; gives the `ds:Signature` element.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn sign(self) -> Result<Fragment, SignError> {
        if self.references.is_empty() {
            return Err(SignError::NoReference);
        }
        let (prefix, ds) = (self.prefix.as_str(), DSIG_NAMESPACE);
        let mut signed_info = Writer::new();
        signed_info.start(prefix, ds, "SignedInfo");
        signed_info.start(prefix, ds, "CanonicalizationMethod").attribute("Algorithm", EXC_C14N).end();
        signed_info.start(prefix, ds, "SignatureMethod").attribute("Algorithm", self.method.uri()).end();
        for reference in &self.references {
            reference.write(&mut signed_info, prefix);
        }
        signed_info.end();
        let signed_info = signed_info.finish()?;
        let canonical = signed_info.canonical()?;
        let value = self.key.sign(self.method, &canonical)?;

        let mut signature = Writer::with_capacity(signed_info.as_str().len() + 2048);
        signature.start(prefix, ds, "Signature");
        if let Some(id) = &self.id {
            signature.attribute("Id", id);
        }
        signature.fragment(&signed_info).element(prefix, ds, "SignatureValue", &base64::encode(&value));
        if let Some(content) = &self.key_info {
            signature.start(prefix, ds, "KeyInfo").fragment(content).end();
        }
        signature.end();
        Ok(signature.finish()?)
    }
}
