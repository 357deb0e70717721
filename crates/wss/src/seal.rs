//! Writing a signed message: answers, faults, and a client's requests.
//!
//! Each signed part is written in exclusive canonical form and digested as it was written; the envelope is put together from those very
//! bytes, so nothing is parsed or canonicalised again.

use jiff::{SignedDuration, Timestamp};
use rand_core::Rng;
use xmlsec::{
    Certificate, DigestMethod, EncryptError, Fragment, SignError, SignReference, SignatureBuilder,
    SigningFailed, SigningKey, WriteError, Writer,
};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::addressing::Addressing;
use crate::encryption::EncryptFor;
use crate::fault::Fault;
use crate::ns;
use crate::saml::UserAssertion;
use crate::timestamp::write_instant;

/// How long our messages are fresh.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// Who signs: a key and its certificate, with what never changes between messages prepared.
#[derive(Clone)]
pub struct Identity {
    key: std::sync::Arc<SigningKey>,
    certificate: Certificate,
    token: std::sync::Arc<str>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate.subject()).finish_non_exhaustive()
    }
}

/// The key is not the certificate's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the private key does not belong to the certificate")]
pub struct KeyMismatch;

impl Identity {
    /// Binds key and certificate, which must belong together.
    pub fn new(key: SigningKey, certificate: Certificate) -> Result<Self, KeyMismatch> {
        if key.public_key().spki() != certificate.public_key().spki() {
            return Err(KeyMismatch);
        }
        let token = BASE64.encode(certificate.der()).into();
        Ok(Self { key: key.into(), certificate, token })
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `bytes` that are no message: a JWS's RS256 (RFC 7518 §3.3).
    ///
    /// # Errors
    /// [`SigningFailed`](xmlsec::SigningFailed) when the key is not RSA.
    pub fn sign_rs256(&self, bytes: &[u8]) -> Result<Vec<u8>, xmlsec::SigningFailed> {
        self.key.sign(xmlsec::SignatureMethod::RsaSha256, bytes)
    }

    /// The certificate that messages carry.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Signs a text that is no message, by the key's own method. It must not begin as XML does, so that the signature never
    /// passes for one over a SignedInfo.
    ///
    /// # Errors
    /// [`SigningFailed`], also for a text that begins with `<`.
    pub fn sign_text(&self, text: &str) -> Result<Vec<u8>, SigningFailed> {
        if text.starts_with('<') {
            return Err(SigningFailed);
        }
        self.key.sign(self.key.default_method(), text.as_bytes())
    }
}

/// Why a message could not be sealed: never what the caller of a service did.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The body writer left the canonical form.
    #[error("the message could not be written: {0}")]
    Write(#[from] WriteError),
    /// The signature could not be made.
    #[error("the message could not be signed: {0}")]
    Sign(#[from] SignError),
    /// It could not be encrypted.
    #[error("the message could not be encrypted: {0}")]
    Encrypt(#[from] EncryptError),
}

/// WS-Addressing headers to write, each signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressingHeaders {
    /// `wsa:Action`
    pub action: String,
    /// `wsa:RelatesTo`
    pub relates_to: Option<String>,
}

impl AddressingHeaders {
    /// What the answer to `request` carries: nothing where the request had no WS-Addressing.
    pub fn answering(request: &Addressing, action: &str) -> Option<Self> {
        request.is_used().then(|| Self { action: action.to_owned(), relates_to: request.message_id.clone() })
    }
}

/// What a message carries beyond Body and Timestamp. The default is what every stack reads.
#[derive(Debug, Clone, Default)]
pub struct Sealing {
    /// WS-Addressing headers, signed.
    pub addressing: Option<AddressingHeaders>,
    /// Who asks, at the caller's: an assertion, signed for itself and with the message.
    pub assertion: Option<UserAssertion>,
    /// How the message names the certificate of its signature.
    pub key_reference: KeyReference,
    /// SignatureValue of the request, to be confirmed in its answer (SOAP Message Security 1.1 §8.5), signed.
    pub confirms: Option<Vec<u8>>,
    /// For whom the Body's content and the assertion are encrypted, after they were signed.
    pub encryption: Option<EncryptFor>,
}

/// How a message names the certificate that signed it (X.509 Token Profile 1.1 §3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyReference {
    /// The message carries it, as a BinarySecurityToken: what every stack reads.
    #[default]
    BinarySecurityToken,
    /// By issuer and serial number, the name quoted as .NET demands (RFC 2253 §3 allows both).
    IssuerSerial,
    /// By the SubjectKeyIdentifier extension; a certificate without one is named by its thumbprint (BSP 1.1 R5210).
    SubjectKeyIdentifier,
    /// By SHA-1 of the certificate (WS-Security 1.1).
    ThumbprintSha1,
}

/// Writes, signs and assembles one message: Timestamp, BinarySecurityToken, one Signature over Body, Timestamp and
/// every WS-Addressing header. `rng` makes the Ids, so that two equal messages of one instant differ.
pub fn seal(
    identity: &Identity,
    sealing: &Sealing,
    now: Timestamp,
    rng: &mut impl Rng,
    write_body: impl FnOnce(&mut Writer),
) -> Result<Vec<u8>, SealError> {
    let ids = MessageIds::draw(rng);
    let body = signed_element("soap", ns::SOAP, "Body", &ids.body, write_body)?;
    let timestamp = signed_element("wsu", ns::WSU, "Timestamp", &ids.timestamp, |w| {
        w.element("wsu", ns::WSU, "Created", &write_instant(now));
        w.element("wsu", ns::WSU, "Expires", &write_instant(now + LIFETIME));
    })?;
    let confirmation = confirmation(sealing.confirms.as_deref(), &ids)?;
    let assertion_id = format!("_{}", ids.suffix);
    let assertion =
        sealing.assertion.as_ref().map(|one| one.write(identity, &assertion_id, now)).transpose()?;
    let headers = addressing_headers(sealing.addressing.as_ref(), &ids)?;

    let digest = DigestMethod::Sha256;
    let mut signature = SignatureBuilder::new(&identity.key)
        .prefix("ds")
        .key_info(token_reference(identity.certificate(), sealing.key_reference, &ids.token)?)
        .reference(SignReference::fragment(&ids.timestamp, &timestamp, digest)?)
        .reference(SignReference::fragment(&ids.body, &body, digest)?);
    for (id, header) in &headers {
        signature = signature.reference(SignReference::fragment(id, header, digest)?);
    }
    if let Some((id, confirmation)) = &confirmation {
        signature = signature.reference(SignReference::fragment(id, confirmation, digest)?);
    }
    if let Some(assertion) = &assertion {
        signature = signature.reference(SignReference::node(&assertion_id, assertion.root(), digest, false)?);
    }
    let signature = signature.sign()?;
    let (body_start, content, body_end) = split(body.as_str());
    let encrypted = match &sealing.encryption {
        Some(recipient) => Some(recipient.encrypt(content, assertion.as_ref(), &ids.suffix)?),
        None => None,
    };

    let mut out = Vec::with_capacity(4096 + body.as_bytes().len());
    let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
    // wsse and wsu stand here since a fault's subcode is a QName of theirs
    put("<soap:Envelope xmlns:soap=\"");
    put(ns::SOAP);
    put("\" xmlns:wsse=\"");
    put(ns::WSSE);
    put("\" xmlns:wsu=\"");
    put(ns::WSU);
    put("\"><soap:Header>");
    for (_, header) in &headers {
        put(header.as_str());
    }
    put("<wsse:Security>");
    if let Some(encrypted) = &encrypted {
        put(encrypted.key.as_str());
    }
    put(timestamp.as_str());
    if sealing.key_reference == KeyReference::BinarySecurityToken {
        put("<wsse:BinarySecurityToken EncodingType=\"");
        put(ns::BASE64_BINARY);
        put("\" ValueType=\"");
        put(ns::X509V3);
        put("\" wsu:Id=\"");
        put(&ids.token);
        put("\">");
        put(&identity.token);
        put("</wsse:BinarySecurityToken>");
    }
    // before the Signature: WCF reads it nowhere else
    if let Some((_, confirmation)) = &confirmation {
        put(confirmation.as_str());
    }
    let hidden = encrypted.as_ref().and_then(|encrypted| encrypted.assertion.as_ref());
    if let Some(assertion) = &assertion {
        put(hidden.map_or(assertion.source(), Fragment::as_str));
    }
    put(signature.as_str());
    put("</wsse:Security></soap:Header>");
    put(body_start);
    put(encrypted.as_ref().map_or(content, |encrypted| encrypted.body.as_str()));
    put(body_end);
    put("</soap:Envelope>");
    Ok(out)
}

/// Seals a fault: signed like any answer, since zeep and CXF lose an unsigned one.
pub fn seal_fault(
    identity: &Identity,
    sealing: &Sealing,
    fault: &Fault,
    now: Timestamp,
    rng: &mut impl Rng,
) -> Result<Vec<u8>, SealError> {
    seal(identity, sealing, now, rng, |w| fault.write(w))
}

/// The Body's start tag, content and end tag. The tag was written here: no value in it holds a `>`.
fn split(body: &str) -> (&str, &str, &str) {
    let (start, rest) = body.split_at(body.find('>').map_or(0, |at| at + 1));
    let (content, end) = rest.split_at(rest.rfind("</").unwrap_or(rest.len()));
    (start, content, end)
}

struct MessageIds {
    body: String,
    timestamp: String,
    token: String,
    suffix: String,
}

impl MessageIds {
    fn draw(rng: &mut impl Rng) -> Self {
        let suffix = format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64());
        let id = |kind: &str| format!("{kind}-{suffix}");
        Self { body: id("B"), timestamp: id("TS"), token: id("X509"), suffix }
    }
}

fn signed_element(
    prefix: &str,
    namespace: &str,
    local: &str,
    id: &str,
    content: impl FnOnce(&mut Writer),
) -> Result<Fragment, WriteError> {
    let mut w = Writer::new();
    w.start(prefix, namespace, local).attribute_ns("wsu", ns::WSU, "Id", id);
    content(&mut w);
    w.end();
    w.finish()
}

fn addressing_headers(
    addressing: Option<&AddressingHeaders>,
    ids: &MessageIds,
) -> Result<Vec<(String, Fragment)>, WriteError> {
    let Some(addressing) = addressing else { return Ok(Vec::new()) };
    let values = [("Action", Some(&addressing.action)), ("RelatesTo", addressing.relates_to.as_ref())];
    values
        .into_iter()
        .filter_map(|(local, value)| {
            let (id, value) = (format!("{local}-{}", ids.suffix), value?);
            let header = signed_element("wsa", ns::WSA, local, &id, |w| {
                w.text(value);
            });
            Some(header.map(|header| (id, header)))
        })
        .collect()
}

/// SOAP Message Security 1.1 §8.5; BSP 1.1 R5441: with a wsu:Id.
fn confirmation(confirms: Option<&[u8]>, ids: &MessageIds) -> Result<Option<(String, Fragment)>, WriteError> {
    let Some(value) = confirms else { return Ok(None) };
    let id = format!("SC-{}", ids.suffix);
    let mut w = Writer::new();
    w.start("wsse11", ns::WSSE11, "SignatureConfirmation").attribute("Value", &BASE64.encode(value));
    w.attribute_ns("wsu", ns::WSU, "Id", &id).end();
    Ok(Some((id, w.finish()?)))
}

/// X.509 Token Profile 1.1 §3.2: the SecurityTokenReference in one of its forms.
pub(crate) fn token_reference(
    certificate: &Certificate,
    form: KeyReference,
    token_id: &str,
) -> Result<Fragment, WriteError> {
    let mut w = Writer::new();
    w.start("wsse", ns::WSSE, "SecurityTokenReference");
    match (form, certificate.subject_key_identifier()) {
        (KeyReference::BinarySecurityToken, _) => {
            w.start("wsse", ns::WSSE, "Reference").attribute("URI", &format!("#{token_id}"));
            w.attribute("ValueType", ns::X509V3).end();
        }
        (KeyReference::IssuerSerial, _) => {
            w.start("ds", ns::DS, "X509Data").start("ds", ns::DS, "X509IssuerSerial");
            w.element("ds", ns::DS, "X509IssuerName", &certificate.issuer().quoted());
            w.element("ds", ns::DS, "X509SerialNumber", certificate.serial_decimal());
            w.end().end();
        }
        (KeyReference::SubjectKeyIdentifier, Some(identifier)) => {
            key_identifier(&mut w, ns::X509_SKI, identifier);
        }
        (KeyReference::SubjectKeyIdentifier, None) | (KeyReference::ThumbprintSha1, _) => {
            key_identifier(&mut w, ns::THUMBPRINT_SHA1, certificate.thumbprint_sha1());
        }
    }
    w.end();
    w.finish()
}

/// BSP 1.1 R3054, R3070: with both attributes.
fn key_identifier(w: &mut Writer, value_type: &str, value: &[u8]) {
    w.start("wsse", ns::WSSE, "KeyIdentifier").attribute("EncodingType", ns::BASE64_BINARY);
    w.attribute("ValueType", value_type).text(&BASE64.encode(value)).end();
}
