//! Which attributes are IDs in a SOAP message (SOAP Message Security 1.1 §4, and this profile's fine points).

use xmlsec::{Attribute, IdRule, IdUse, Node};

use crate::ns;

/// `wsu:Id` anywhere; `Id` on soap:Body, Timestamp, BinarySecurityToken, ds and xenc elements; `ID` of an
/// assertion, `Id` of the EncryptedData that is the Body's content: these can be referenced. Every other Id, ID or id outside the Body's content is reserved, so that no
/// signed value stands twice under whatever name; inside the Body's content only `wsu:Id` and `xml:id` are, since
/// the rest is the application's.
pub(crate) struct MessageIds;

impl IdRule for MessageIds {
    fn classify(&self, element: Node<'_>, attribute: Attribute<'_>) -> IdUse {
        match (attribute.namespace(), attribute.local_name()) {
            (ns::WSU, "Id") => IdUse::Reference,
            (ns::XML, "id") => IdUse::Reserve,
            ("", "Id") if carries_plain_id(element) => IdUse::Reference,
            ("", "ID") if element.is(ns::SAML, "Assertion") => IdUse::Reference,
            (_, "Id" | "ID" | "id") if !is_body_content(element) => IdUse::Reserve,
            _ => IdUse::Ignore,
        }
    }
}

fn carries_plain_id(element: Node<'_>) -> bool {
    matches!(
        (element.namespace(), element.local_name()),
        (ns::SOAP, "Body") | (ns::WSU, "Timestamp") | (ns::WSSE, "BinarySecurityToken")
    ) || matches!(element.namespace(), ns::DS | ns::XENC) && !is_body_content(element)
        || element.is(ns::XENC, "EncryptedData")
            && element.parent().is_some_and(|body| !is_body_content(body))
}

/// Whether the element stands strictly below `/Envelope/Body`.
fn is_body_content(element: Node<'_>) -> bool {
    let mut above = element.parent();
    while let Some(node) = above {
        let up = node.parent();
        if node.is(ns::SOAP, "Body") && up.is_some_and(|envelope| envelope.parent().is_none()) {
            return true;
        }
        above = up;
    }
    false
}
