//! STR-Transform (SOAP Message Security 1.1 §8.3): the digest of a SecurityTokenReference is that of the token it refers
//! to, so that a signature can protect the token through its own KeyInfo.

use xmlsec::{Dereference, Dereferenced, Node};

use crate::ns;

/// Follows references within one Security header, to tokens that are its children.
pub(crate) struct StrTransform<'d> {
    pub(crate) security: Node<'d>,
}

impl Dereference for StrTransform<'_> {
    fn algorithm(&self) -> &str {
        ns::STR_TRANSFORM
    }

    fn dereference<'d>(&self, transform: Node<'d>, target: Node<'d>) -> Option<Dereferenced<'d>> {
        let parameters = transform.only_child(ns::WSSE, "TransformationParameters")?;
        let method = parameters.only_child(ns::DS, "CanonicalizationMethod")?;
        if !target.is(ns::WSSE, "SecurityTokenReference") {
            return None;
        }
        let mut above = target.parent();
        let security = loop {
            let node = above?;
            if node.is(ns::WSSE, "Security") {
                break node;
            }
            above = node.parent();
        };
        // a reference in another actor's header is none of ours (BSP 1.1 R3066)
        if security.byte_range() != self.security.byte_range() {
            return None;
        }
        let node = if let Some(embedded) = target.only_child(ns::WSSE, "Embedded") {
            embedded.only_child(ns::WSSE, "BinarySecurityToken")?
        } else if let Some(identifier) = target.only_child(ns::WSSE, "KeyIdentifier") {
            // SAML Token Profile 1.1 §3.4: an assertion by its ID
            if identifier.attribute("", "ValueType") != Some(ns::SAML_ID) {
                return None;
            }
            let assertion = security.only_child(ns::SAML, "Assertion")?;
            let id = assertion.attribute("", "ID").filter(|id| !id.is_empty())?;
            (id == identifier.text().trim()).then_some(assertion)?
        } else {
            let reference = target.only_child(ns::WSSE, "Reference")?;
            let id = reference.attribute("", "URI")?.strip_prefix('#').filter(|id| !id.is_empty())?;
            let named = |token: &Node<'d>| {
                token.is(ns::WSSE, "BinarySecurityToken")
                    && token.attribute(ns::WSU, "Id").or_else(|| token.attribute("", "Id")) == Some(id)
            };
            let mut tokens = security.children().filter(named);
            let token = tokens.next()?;
            tokens.next().is_none().then_some(token)?
        };
        Some(Dereferenced { node, method })
    }
}
