//! The SOAP 1.2 envelope: where Header, Body and our Security header are, found by their place and never by search.

use xmlsec::{Document, Node};

use crate::addressing::Addressing;
use crate::ns;
use crate::refusal::{Name, Refusal};

/// The parts of an envelope, each the element at its own place in the tree.
#[derive(Debug, Clone)]
pub(crate) struct Envelope<'d> {
    /// `/Envelope/Body`
    pub(crate) body: Node<'d>,
    /// The one `/Envelope/Header/Security` addressed to us.
    pub(crate) security: Node<'d>,
    /// WS-Addressing headers.
    pub(crate) addressing: Addressing,
}

impl<'d> Envelope<'d> {
    /// SOAP 1.2 part 1 §5: version, shape, headers that must be understood, then the Security header.
    pub(crate) fn read(document: &'d Document) -> Result<Self, Refusal> {
        let root = document.root();
        if root.is(ns::SOAP_11, "Envelope") {
            return Err(Refusal::Soap11);
        }
        if !root.is(ns::SOAP, "Envelope") {
            return Err(Refusal::NotAnEnvelope);
        }
        let mut parts = root.children();
        let (header, body) = match (parts.next(), parts.next(), parts.next()) {
            (Some(body), None, None) if body.is(ns::SOAP, "Body") => (None, body),
            (Some(header), Some(body), None)
                if header.is(ns::SOAP, "Header") && body.is(ns::SOAP, "Body") =>
            {
                (Some(header), body)
            }
            _ => return Err(Refusal::EnvelopeShape),
        };
        let blocks = || header.into_iter().flat_map(Node::children).filter(|block| is_for_us(*block));

        let unknown: Vec<Name> = blocks()
            .filter(|block| must_understand(*block) && !is_known(*block))
            .take(16)
            .map(name)
            .collect();
        if !unknown.is_empty() {
            return Err(Refusal::NotUnderstood(unknown));
        }
        // BSP 1.1 R3228, R3230: nothing encrypted but what this profile has
        let encrypted =
            |block: Node<'_>| block.is(ns::XENC, "EncryptedData") || block.is(ns::WSSE11, "EncryptedHeader");
        if header.into_iter().flat_map(Node::children).any(encrypted) {
            return Err(Refusal::EncryptionShape { what: "an encrypted header" });
        }
        let addressing = Addressing::read(blocks())?;

        let mut security = blocks().filter(|block| block.is(ns::WSSE, "Security"));
        match (security.next(), security.next()) {
            (Some(security), None) => Ok(Self { body, security, addressing }),
            (None, _) => Err(Refusal::SecurityMissing),
            (Some(_), Some(_)) => Err(Refusal::SecurityTwice),
        }
    }
}

/// SOAP 1.2 part 1 §2.2: no role, `next` and `ultimateReceiver` mean this server.
fn is_for_us(block: Node<'_>) -> bool {
    matches!(block.attribute(ns::SOAP, "role"), None | Some("" | ns::ROLE_NEXT | ns::ROLE_ULTIMATE))
}

/// SOAP 1.2 part 1 §5.2.3: an xs:boolean.
fn must_understand(block: Node<'_>) -> bool {
    block.attribute(ns::SOAP, "mustUnderstand").is_some_and(|value| matches!(value.trim(), "1" | "true"))
}

fn is_known(block: Node<'_>) -> bool {
    block.namespace() == ns::WSA || block.is(ns::WSSE, "Security")
}

fn name(block: Node<'_>) -> Name {
    Name { namespace: block.namespace().to_owned(), local: block.local_name().to_owned() }
}
