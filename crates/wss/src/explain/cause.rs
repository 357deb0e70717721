//! The cause in words with what the message itself says: which element, which algorithm, which Id. For a sandbox and for
//! `inspect`; the log keeps to what the refusal says.

use xmlsec::{Document, Node, VerifyError};

use crate::ns;
use crate::refusal::Refusal;

/// Characters of the message's own that are repeated.
const QUOTED_MAX: usize = 120;

/// What was found, with names from the message. Of what was decrypted nothing is named.
pub fn cause(document: &Document, refusal: &Refusal) -> String {
    let named = match refusal {
        Refusal::Signature(error) => named(document, *error, None),
        Refusal::AssertionSignature(error) => named(document, *error, Some(ns::SAML)),
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
