//! The cause in words with what the message itself says: which element, which algorithm, which Id. For a sandbox and for
//! `inspect`; the log keeps to what the refusal says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use xmlsec::{Document, Node, VerifyError};

use crate::envelope::Envelope;
use crate::header::SecurityHeader;
use crate::key::Key;
use crate::ns;
use crate::refusal::Refusal;

/// Characters of the message's own that are repeated.
const QUOTED_MAX: usize = 120;

/// What was found, with names from the message. Of what was decrypted nothing is named.
pub fn cause(document: &Document, refusal: &Refusal) -> String {
    let named = match refusal {
        Refusal::Signature(error) => named(document, *error, None),
        Refusal::AssertionSignature(error) => named(document, *error, Some(ns::SAML)),
        Refusal::Certificate(_) => certificate(document, None),
        Refusal::AssertionCertificate(_) => certificate(document, Some(ns::SAML)),
        _ => None,
    };
    match named {
        Some(named) => format!("{refusal} ({named})"),
        None => refusal.to_string(),
    }
}

fn named(document: &Document, error: VerifyError, within: Option<&str>) -> Option<String> {
    use VerifyError as E;
    let signature = || signature(document, within);
    let described = |name: &str| signature()?.descendants().find(|node| node.is(ns::DS, name));
    let algorithm = |node: Node<'_>| Some(quoted(node.attribute("", "Algorithm")?));
    match error {
        E::DigestValue { position } => {
            let mut all = document.root().descendants();
            let element = all.find(|node| node.byte_range().start == position)?;
            Some(format!("that element is {}", element_name(element)))
        }
        E::SignatureMethodUnknown | E::SignatureMethodNotAllowed(_) => {
            algorithm(described("SignatureMethod")?)
        }
        E::CanonicalizationMethod => algorithm(described("CanonicalizationMethod")?),
        E::DigestMethodUnknown | E::DigestMethodNotAllowed(_) => {
            let accepted = |node: &Node<'_>| {
                node.attribute("", "Algorithm")
                    .is_some_and(|uri| xmlsec::DigestMethod::from_uri(uri).is_some())
            };
            let mut methods = signature()?.descendants().filter(|node| node.is(ns::DS, "DigestMethod"));
            algorithm(methods.find(|node| !accepted(node))?)
        }
        E::TransformNotAllowed => {
            let mut transforms = signature()?.descendants().filter(|node| node.is(ns::DS, "Transform"));
            let odd = transforms.find(|node| {
                !matches!(
                    node.attribute("", "Algorithm"),
                    Some(xmlsec::EXC_C14N | xmlsec::ENVELOPED_SIGNATURE | ns::STR_TRANSFORM)
                )
            });
            algorithm(odd?)
        }
        E::ReferenceUri => {
            let mut uris = references(signature()?);
            let uri = uris.find(|uri| uri.len() < 2 || !uri.starts_with('#'))?;
            Some(format!("URI=\"{}\"", quoted(uri)))
        }
        E::UnknownId => {
            let ids = xmlsec::Ids::new(document, &crate::ids::MessageIds).ok()?;
            let mut uris = references(signature()?);
            let uri = uris.find(|uri| uri.strip_prefix('#').is_some_and(|id| ids.get(id).is_none()))?;
            Some(quoted(uri))
        }
        E::Value => {
            let values =
                |node: &Node<'_>| node.is(ns::DS, "DigestValue") || node.is(ns::DS, "SignatureValue");
            let wrong = |node: &Node<'_>| {
                let text: String = node.text().split_ascii_whitespace().collect();
                BASE64.decode(text).ok().is_none_or(|bytes| bytes.is_empty())
            };
            let value = signature()?.descendants().find(|node| values(node) && wrong(node))?;
            let reference = value.parent().and_then(|parent| parent.attribute("", "URI"));
            Some(match reference {
                Some(uri) => format!("{} of {}", element_name(value), quoted(uri)),
                None => element_name(value),
            })
        }
        E::C14n(xmlsec::C14nError::RelativeNamespace) => {
            // C14N 1.0 §1.3; declarations that nothing uses are not looked for
            let is_relative = |namespace: &str| !namespace.is_empty() && !namespace.contains(':');
            let node = document.root().descendants().find(|node| is_relative(node.namespace()))?;
            Some(format!("{} is in the namespace \"{}\"", element_name(node), quoted(node.namespace())))
        }
        E::AmbiguousId => {
            let uris: Vec<&str> = references(signature()?).collect();
            let is_named = |node: &Node<'_>| {
                let mut ids = node.attributes().filter(|one| matches!(one.local_name(), "Id" | "ID" | "id"));
                ids.clone().count() > 1
                    && ids.any(|one| uris.iter().any(|uri| uri.strip_prefix('#') == Some(one.value())))
            };
            Some(element_name(document.root().descendants().find(is_named)?))
        }
        _ => None,
    }
}

/// The signer's certificate, which is the sender's own: whose it is, of whom, and when it holds.
fn certificate(document: &Document, within: Option<&str>) -> Option<String> {
    let envelope = Envelope::read(document).ok()?;
    let header = SecurityHeader::read(envelope.security).ok()?;
    let Key::Carried(token) = Key::named(signature(document, within)?, &header).ok()? else { return None };
    let certificate = token.certificate;
    Some(format!(
        "{}, issued by {}, valid from {} to {}",
        certificate.subject(),
        certificate.issuer(),
        certificate.not_before(),
        certificate.not_after()
    ))
}

/// The message's signature, or that of its assertion.
fn signature<'d>(document: &'d Document, within: Option<&str>) -> Option<Node<'d>> {
    let header = document.root().children().next()?;
    let security = header.children().find(|block| block.is(ns::WSSE, "Security"))?;
    match within {
        None => security.child(ns::DS, "Signature"),
        Some(namespace) => security.child(namespace, "Assertion")?.child(ns::DS, "Signature"),
    }
}

fn references<'d>(signature: Node<'d>) -> impl Iterator<Item = &'d str> {
    let references = signature.child(ns::DS, "SignedInfo").into_iter().flat_map(Node::children);
    references.filter_map(|reference| reference.attribute("", "URI"))
}

/// An element's name as it is written.
pub(crate) fn element_name(node: Node<'_>) -> String {
    match node.prefix() {
        "" => node.local_name().to_owned(),
        prefix => format!("{prefix}:{}", node.local_name()),
    }
}

pub(crate) fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_MAX).collect()
}
