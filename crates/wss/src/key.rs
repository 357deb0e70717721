//! Which certificate a message's KeyInfo names (X.509 Certificate Token Profile 1.1 §3). The message only selects:
//! whether the certificate is believed is decided by the path to a configured anchor.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use xmlsec::{Certificate, Node};

use crate::header::SecurityHeader;
use crate::ns;
use crate::refusal::Refusal;

/// Longest chain that a message may carry (ws-security.md, limits).
const PATH_MAX: usize = 5;

/// The signer's certificate and what came with it to build the path.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) certificate: Certificate,
    pub(crate) intermediates: Vec<Certificate>,
}

impl Token {
    /// Follows the message signature's KeyInfo to a certificate carried by the message.
    pub(crate) fn resolve(header: &SecurityHeader<'_>) -> Result<Self, Refusal> {
        // BSP 1.1 R5402: KeyInfo exactly one child
        let key_info = only_child_named(header.signature, ns::DS, "KeyInfo")?;
        let reference = only_child(key_info).ok_or(Refusal::KeyInfoForm)?;
        match (reference.namespace(), reference.local_name()) {
            (ns::WSSE, "SecurityTokenReference") => {
                // BSP 1.1 R3061: exactly one token reference
                let target = only_child(reference).ok_or(Refusal::KeyInfoForm)?;
                Self::from_reference(target, header)
            }
            (ns::DS, "X509Data") => Self::from_x509_data(reference),
            _ => Err(Refusal::KeyInfoForm),
        }
    }

    fn from_reference(target: Node<'_>, header: &SecurityHeader<'_>) -> Result<Self, Refusal> {
        match (target.namespace(), target.local_name()) {
            (ns::WSSE, "Reference") => {
                // BSP 1.1 R3062, R3066: a fragment, to a token of this very header
                let id = target.attribute("", "URI").and_then(|uri| uri.strip_prefix('#'));
                let id = id.filter(|id| !id.is_empty()).ok_or(Refusal::TokenReference)?;
                let named = |token: &&Node<'_>| {
                    token.attribute(ns::WSU, "Id").or_else(|| token.attribute("", "Id")) == Some(id)
                };
                let token = *header.tokens.iter().find(named).ok_or(Refusal::TokenReference)?;
                // BSP 1.1 R3058: a ValueType, where given, is the token's own
                let value_type = target.attribute("", "ValueType");
                if value_type.is_some() && value_type != token.attribute("", "ValueType") {
                    return Err(Refusal::TokenReference);
                }
                Self::from_binary(token)
            }
            // BSP 1.1 R3060: Embedded holds the token itself
            (ns::WSSE, "Embedded") => match only_child(target) {
                Some(token) if token.is(ns::WSSE, "BinarySecurityToken") => Self::from_binary(token),
                _ => Err(Refusal::KeyInfoForm),
            },
            // the whole certificate where a digest of it is usual: WSS4J's X509KeyIdentifier
            (ns::WSSE, "KeyIdentifier") if target.attribute("", "ValueType") == Some(ns::X509V3) => {
                Self::from_binary(target)
            }
            (ns::DS, "X509Data") => Self::from_x509_data(target),
            _ => Err(Refusal::KeyInfoForm),
        }
    }

    /// X.509 Token Profile 1.1 §3.1: one certificate, or a path whose last is the end entity.
    fn from_binary(token: Node<'_>) -> Result<Self, Refusal> {
        // BSP 1.1 R3029: base64, also where it does not say so
        if token.attribute("", "EncodingType").is_some_and(|encoding| encoding != ns::BASE64_BINARY) {
            return Err(Refusal::TokenMalformed);
        }
        let der = decode(token)?;
        match token.attribute("", "ValueType") {
            Some(ns::X509V3) => Ok(Self { certificate: parse(&der)?, intermediates: Vec::new() }),
            Some(ns::X509_PKI_PATH_V1) => {
                let mut path = Certificate::pki_path(&der).map_err(|_| Refusal::TokenMalformed)?;
                if path.len() > PATH_MAX {
                    return Err(Refusal::TokenMalformed);
                }
                let certificate = path.pop().ok_or(Refusal::TokenMalformed)?;
                Ok(Self { certificate, intermediates: path })
            }
            _ => Err(Refusal::TokenMalformed),
        }
    }

    /// One X509Certificate is the signer's; other members (IssuerSerial beside it, as zeep writes) add nothing to it.
    fn from_x509_data(data: Node<'_>) -> Result<Self, Refusal> {
        let mut certificates = data.children().filter(|child| child.is(ns::DS, "X509Certificate"));
        match (certificates.next(), certificates.next()) {
            (Some(one), None) => Ok(Self { certificate: parse(&decode(one)?)?, intermediates: Vec::new() }),
            _ => Err(Refusal::KeyInfoForm),
        }
    }
}

fn only_child(element: Node<'_>) -> Option<Node<'_>> {
    let mut children = element.children();
    let first = children.next()?;
    children.next().is_none().then_some(first)
}

fn only_child_named<'d>(element: Node<'d>, namespace: &str, local: &str) -> Result<Node<'d>, Refusal> {
    let mut children = element.children().filter(|child| child.is(namespace, local));
    match (children.next(), children.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Refusal::KeyInfoForm),
    }
}

fn decode(element: Node<'_>) -> Result<Vec<u8>, Refusal> {
    if element.children().next().is_some() {
        return Err(Refusal::TokenMalformed);
    }
    let text: Vec<u8> = element.text().bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(text).map_err(|_| Refusal::TokenMalformed)
}

fn parse(der: &[u8]) -> Result<Certificate, Refusal> {
    Certificate::parse(der).map_err(|_| Refusal::TokenMalformed)
}
