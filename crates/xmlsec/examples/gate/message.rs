//! The message that everybody is measured with: a SOAP request of about 7.5 kB, four parts of it signed by RSA-2048.

use std::error::Error;

use xmlsec::{DigestMethod, Fragment, SignReference, SignatureBuilder, SigningKey, WriteError, Writer};

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const ORDERS: &str = "urn:example:orders";

/// What the references name, in document order. IDs are plain `Id` attributes, which every peer knows.
pub(crate) const SIGNED: [&str; 4] = ["to-1", "token-1", "time-1", "body-1"];

/// The message, signed by `key`.
pub(crate) fn signed(key: &SigningKey) -> Result<String, Box<dyn Error + Send + Sync>> {
    let parts = [to()?, token()?, timestamp()?, body()?];
    let mut signature = SignatureBuilder::new(key);
    for (id, part) in SIGNED.iter().zip(&parts) {
        signature = signature.reference(SignReference::fragment(id, part, DigestMethod::Sha256)?);
    }
    let signature = signature.sign()?;
    let [to, token, timestamp, body] = parts;
    let mut message = Writer::new();
    message
        .start("s", SOAP, "Envelope")
        .start("s", SOAP, "Header")
        .fragment(&to)
        .start("wsse", WSSE, "Security");
    message.fragment(&token).fragment(&timestamp).fragment(&signature).end().end().fragment(&body).end();
    Ok(message.finish()?.into_string())
}

fn to() -> Result<Fragment, WriteError> {
    let mut to = Writer::new();
    to.start("wsa", ADDRESSING, "To")
        .attribute("Id", SIGNED[0])
        .text("https://orders.example/services")
        .end();
    to.finish()
}

fn token() -> Result<Fragment, WriteError> {
    let mut token = Writer::new();
    token.start("wsse", WSSE, "BinarySecurityToken").attribute("Id", SIGNED[1]);
    token.attribute("EncodingType", "urn:example:base64").attribute("ValueType", "urn:example:x509");
    token.text(&"MIIDqzCCApOgAwIBAgIUJ9x+".repeat(52)).end(); // as long as a usual certificate
    token.finish()
}

fn timestamp() -> Result<Fragment, WriteError> {
    let mut timestamp = Writer::new();
    timestamp.start("wsu", WSU, "Timestamp").attribute("Id", SIGNED[2]);
    timestamp.element("wsu", WSU, "Created", "2026-11-24T12:00:00.000Z");
    timestamp.element("wsu", WSU, "Expires", "2026-11-24T12:05:00.000Z").end();
    timestamp.finish()
}

/// The largest part.
pub(crate) fn body() -> Result<Fragment, WriteError> {
    let mut body = Writer::new();
    body.start("s", SOAP, "Body").attribute("Id", SIGNED[3]).start("", ORDERS, "Orders");
    for number in 1..=15 {
        body.start("", ORDERS, "Order").attribute("number", &number.to_string()).attribute("currency", "EUR");
        body.element("", ORDERS, "Customer", "Élodie Nuñez & Fils");
        body.element("", ORDERS, "Street", "12 rue du Faubourg-Saint-Honoré").element(
            "",
            ORDERS,
            "City",
            "Besançon",
        );
        body.start("", ORDERS, "Lines")
            .element("", ORDERS, "Item", "tea")
            .element("", ORDERS, "Quantity", "2")
            .end();
        body.end();
    }
    body.end().end();
    body.finish()
}
