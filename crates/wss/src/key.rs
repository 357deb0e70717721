//! Which certificate a message's KeyInfo names (X.509 Certificate Token Profile 1.1 §3). The message only selects:
//! whether the certificate is believed is decided by the path to a configured anchor. One that the message does not
//! carry is the receiver's to find, among those that it knows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use xmlsec::{Certificate, Dn, Node};

use crate::header::SecurityHeader;
use crate::ns;
use crate::refusal::Refusal;

/// Longest chain that a message may carry (ws-security.md, limits).
const PATH_MAX: usize = 5;
/// Decimal digits of a serial number: RFC 5280 §4.1.2.2 has 20 octets, some authorities more.
const SERIAL_DIGITS_MAX: usize = 100;
/// Bytes of a SubjectKeyIdentifier; a digest as a rule.
const IDENTIFIER_MAX: usize = 64;

/// The signer's certificate and what came with it to build the path.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) certificate: Certificate,
    pub(crate) intermediates: Vec<Certificate>,
}

/// How a message names a certificate that it does not carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySelector {
    /// Issuer and serial number (X.509 Token Profile 1.1 §3.2.3, XML Signature §4.5.4.1): the name in any usual spelling,
    /// the number in decimal without leading zeros.
    IssuerSerial {
        /// The issuer's name.
        issuer: Dn,
        /// The serial number.
        serial: String,
    },
    /// The SubjectKeyIdentifier extension's value (X.509 Token Profile 1.1 §3.2.1).
    SubjectKeyIdentifier(Vec<u8>),
    /// SHA-1 of the certificate (SOAP Message Security 1.1 §7.3): it selects, and proves nothing.
    ThumbprintSha1([u8; 20]),
}

impl KeySelector {
    /// Whether it means this certificate.
    pub fn selects(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerSerial { issuer, serial } => {
                certificate.serial_decimal() == serial && certificate.issuer() == issuer
            }
            Self::SubjectKeyIdentifier(identifier) => {
                certificate.subject_key_identifier() == Some(identifier.as_slice())
            }
            Self::ThumbprintSha1(thumbprint) => certificate.thumbprint_sha1() == thumbprint,
        }
    }

    fn issuer_serial(element: Node<'_>) -> Result<Self, Refusal> {
        let member = |local| only_child_named(element, ns::DS, local).map_err(|_| Refusal::TokenMalformed);
        let (issuer, serial) = (member("X509IssuerName")?.text(), member("X509SerialNumber")?.text());
        let digits = serial.trim().trim_start_matches('0');
        if serial.trim().is_empty()
            || digits.len() > SERIAL_DIGITS_MAX
            || !digits.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(Refusal::TokenMalformed);
        }
        let issuer = issuer.trim().parse().map_err(|_| Refusal::TokenMalformed)?;
        let serial = if digits.is_empty() { "0" } else { digits }.to_owned();
        Ok(Self::IssuerSerial { issuer, serial })
    }

    fn identifier(element: Node<'_>) -> Result<Self, Refusal> {
        let value = decode(element)?;
        if value.is_empty() || value.len() > IDENTIFIER_MAX {
            return Err(Refusal::TokenMalformed);
        }
        Ok(Self::SubjectKeyIdentifier(value))
    }

    fn thumbprint(element: Node<'_>) -> Result<Self, Refusal> {
        Ok(Self::ThumbprintSha1(decode(element)?.try_into().map_err(|_| Refusal::TokenMalformed)?))
    }
}

/// What KeyInfo leads to.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    /// A certificate of the message.
    Carried(Token),
    /// A certificate that the receiver must know.
    Selected(KeySelector),
}

impl Key {
    /// Follows the message signature's KeyInfo. What a selector means is looked for among the message's own tokens first.
    pub(crate) fn resolve(header: &SecurityHeader<'_>) -> Result<Self, Refusal> {
        match Self::named(header.signature, header)? {
            Self::Selected(selector) => {
                let tokens = header.tokens.iter().filter_map(|token| Token::from_binary(*token).ok());
                let mut meant = tokens.filter(|token| selector.selects(&token.certificate));
                Ok(meant.next().map_or(Self::Selected(selector), Self::Carried))
            }
            carried => Ok(carried),
        }
    }

    /// Follows the KeyInfo of `signature`, the message's or the assertion's.
    pub(crate) fn named(signature: Node<'_>, header: &SecurityHeader<'_>) -> Result<Self, Refusal> {
        // BSP 1.1 R5402: KeyInfo exactly one child
        let key_info = only_child_named(signature, ns::DS, "KeyInfo")?;
        let reference = only_child(key_info).ok_or(Refusal::KeyInfoForm)?;
        match (reference.namespace(), reference.local_name()) {
            (ns::WSSE, "SecurityTokenReference") => {
                // BSP 1.1 R3061: exactly one token reference
                let target = only_child(reference).ok_or(Refusal::KeyInfoForm)?;
                let key = Self::from_reference(target, header)?;
                // BSP 1.1 R6617, R6611: a TokenType, where given, is the token's own
                match reference.attribute(ns::WSSE11, "TokenType") {
                    Some(given) if (given == ns::SAML_V20) != names_assertion(target, header) => {
                        Err(Refusal::TokenReference)
                    }
                    _ => Ok(key),
                }
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
                if names_assertion(target, header) {
                    return Self::from_assertion(id, header).map(Self::Carried);
                }
                let named = |token: &&Node<'_>| {
                    token.attribute(ns::WSU, "Id").or_else(|| token.attribute("", "Id")) == Some(id)
                };
                let token = *header.tokens.iter().find(named).ok_or(Refusal::TokenReference)?;
                // BSP 1.1 R3058: a ValueType, where given, is the token's own
                let value_type = target.attribute("", "ValueType");
                if value_type.is_some() && value_type != token.attribute("", "ValueType") {
                    return Err(Refusal::TokenReference);
                }
                Token::from_binary(token).map(Self::Carried)
            }
            // BSP 1.1 R3060: Embedded holds the token itself
            (ns::WSSE, "Embedded") => match only_child(target) {
                Some(token) if token.is(ns::WSSE, "BinarySecurityToken") => {
                    Token::from_binary(token).map(Self::Carried)
                }
                _ => Err(Refusal::KeyInfoForm),
            },
            (ns::WSSE, "KeyIdentifier") => {
                // BSP 1.1 R3070, R3071: base64, also where it does not say so; R6604: an assertion's ID says nothing of it
                if target.attribute("", "EncodingType").is_some_and(|encoding| encoding != ns::BASE64_BINARY)
                {
                    return Err(Refusal::TokenMalformed);
                }
                match target.attribute("", "ValueType") {
                    // the whole certificate where a digest of it is usual: WSS4J's X509KeyIdentifier
                    Some(ns::X509V3) => Token::from_binary(target).map(Self::Carried),
                    Some(ns::X509_SKI) => KeySelector::identifier(target).map(Self::Selected),
                    // SAML Token Profile 1.1 §3.5.1: the key that a holder-of-key assertion of this header confirms
                    Some(ns::SAML_ID) => {
                        Self::from_assertion(target.text().trim(), header).map(Self::Carried)
                    }
                    Some(ns::THUMBPRINT_SHA1) => KeySelector::thumbprint(target).map(Self::Selected),
                    _ => Err(Refusal::KeyInfoForm),
                }
            }
            (ns::DS, "X509Data") => Self::from_x509_data(target),
            _ => Err(Refusal::KeyInfoForm),
        }
    }

    fn from_assertion(identifier: &str, header: &SecurityHeader<'_>) -> Result<Token, Refusal> {
        let assertion = header.assertion.ok_or(Refusal::TokenReference)?;
        if assertion.attribute("", "ID").is_none_or(|id| id != identifier) {
            return Err(Refusal::TokenReference);
        }
        let data = assertion
            .only_child(ns::SAML, "Subject")
            .and_then(|subject| subject.only_child(ns::SAML, "SubjectConfirmation"))
            .and_then(|confirmation| confirmation.only_child(ns::SAML, "SubjectConfirmationData"))
            .and_then(|data| data.only_child(ns::DS, "KeyInfo"))
            .and_then(|key_info| key_info.only_child(ns::DS, "X509Data"))
            .ok_or(Refusal::KeyInfoForm)?;
        match Self::from_x509_data(data)? {
            Self::Carried(token) => Ok(token),
            Self::Selected(_) => Err(Refusal::KeyInfoForm),
        }
    }

    /// One X509Certificate is the signer's; other members (IssuerSerial beside it, as zeep writes) add nothing to it.
    /// Without one, the single member selects.
    fn from_x509_data(data: Node<'_>) -> Result<Self, Refusal> {
        let mut certificates = data.children().filter(|child| child.is(ns::DS, "X509Certificate"));
        match (certificates.next(), certificates.next()) {
            (Some(one), None) => {
                let certificate = parse(&decode(one)?)?;
                Ok(Self::Carried(Token { certificate, intermediates: Vec::new() }))
            }
            (Some(_), Some(_)) => Err(Refusal::KeyInfoForm),
            (None, _) => {
                let member = only_child(data).ok_or(Refusal::KeyInfoForm)?;
                match (member.namespace(), member.local_name()) {
                    (ns::DS, "X509IssuerSerial") => KeySelector::issuer_serial(member).map(Self::Selected),
                    (ns::DS, "X509SKI") => KeySelector::identifier(member).map(Self::Selected),
                    _ => Err(Refusal::KeyInfoForm),
                }
            }
        }
    }
}

impl Token {
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
}

/// Whether a Reference or KeyIdentifier is to the header's assertion (SAML Token Profile 1.1 §3.4, BSP 1.1 R6610).
fn names_assertion(target: Node<'_>, header: &SecurityHeader<'_>) -> bool {
    if target.attribute("", "ValueType") == Some(ns::SAML_ID) {
        return true;
    }
    let id = target.attribute("", "URI").and_then(|uri| uri.strip_prefix('#'));
    let own = header.assertion.and_then(|assertion| assertion.attribute("", "ID"));
    target.is(ns::WSSE, "Reference") && id.is_some() && id == own
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
