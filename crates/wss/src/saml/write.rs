//! Writing an assertion of one's own user: the VIHF, signed by the application itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use xmlsec::{DigestMethod, Document, Limits, Place, SignReference, SignatureBuilder, WriteError, Writer};

use super::Confirmation;
use crate::ns;
use crate::seal::{Identity, SealError};
use crate::timestamp::write_instant;

/// The Issuer's Format: a distinguished name (SAML Core §8.3.3).
const X509_SUBJECT_NAME: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";

/// What a caller says of its user.
#[derive(Clone, PartialEq, Eq)]
pub struct UserAssertion {
    /// How the user is confirmed; a holder of a key holds the caller's own.
    pub confirmation: Confirmation,
    /// NameID.
    pub name_id: String,
    /// AuthnContextClassRef.
    pub authn_context: String,
    /// Attributes by name, in order.
    pub attributes: Vec<(String, String)>,
}

/// Nobody's name.
impl std::fmt::Debug for UserAssertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserAssertion").field("confirmation", &self.confirmation).finish_non_exhaustive()
    }
}

impl UserAssertion {
    /// The element, its enveloped signature after Issuer (SAML Core §5.4).
    pub(crate) fn write(&self, identity: &Identity, id: &str, now: Timestamp) -> Result<Document, SealError> {
        let saml = |w: &mut Writer, name: &str, text: &str| {
            w.element("saml", ns::SAML, name, text);
        };
        let mut w = Writer::new();
        w.start("saml", ns::SAML, "Assertion").attribute("ID", id);
        w.attribute("IssueInstant", &write_instant(now)).attribute("Version", "2.0");
        w.start("saml", ns::SAML, "Issuer").attribute("Format", X509_SUBJECT_NAME);
        w.text(&identity.certificate().subject().to_string()).end();
        w.start("saml", ns::SAML, "Subject");
        saml(&mut w, "NameID", &self.name_id);
        self.write_confirmation(identity, &mut w);
        w.end();
        w.start("saml", ns::SAML, "AuthnStatement").attribute("AuthnInstant", &write_instant(now));
        w.start("saml", ns::SAML, "AuthnContext");
        saml(&mut w, "AuthnContextClassRef", &self.authn_context);
        w.end().end();
        // SAML Core §2.7.3: an AttributeStatement holds one attribute at the least
        if !self.attributes.is_empty() {
            w.start("saml", ns::SAML, "AttributeStatement");
            for (name, value) in &self.attributes {
                w.start("saml", ns::SAML, "Attribute").attribute("Name", name);
                saml(&mut w, "AttributeValue", value);
                w.end();
            }
            w.end();
        }
        w.end();
        let plain = parse(w.finish()?.as_str())?;
        let signature = SignatureBuilder::new(identity.key())
            .key_info(x509_data(identity)?)
            .reference(SignReference::node(id, plain.root(), DigestMethod::Sha256, true)?)
            .sign()?;
        let issuer = plain.root().child(ns::SAML, "Issuer").ok_or(WriteError::Unbalanced)?;
        parse(&plain.insert(Place::After(issuer), &signature)?)
    }

    fn write_confirmation(&self, identity: &Identity, w: &mut Writer) {
        let method = match self.confirmation {
            Confirmation::None => return,
            Confirmation::Bearer => ns::SAML_BEARER,
            Confirmation::SenderVouches => ns::SAML_SENDER_VOUCHES,
            Confirmation::HolderOfKey => ns::SAML_HOLDER_OF_KEY,
        };
        w.start("saml", ns::SAML, "SubjectConfirmation").attribute("Method", method);
        if self.confirmation == Confirmation::HolderOfKey {
            w.start("saml", ns::SAML, "SubjectConfirmationData").start("ds", ns::DS, "KeyInfo");
            w.start("ds", ns::DS, "X509Data");
            w.element("ds", ns::DS, "X509Certificate", &BASE64.encode(identity.certificate().der()));
            w.end().end().end();
        }
        w.end();
    }
}

fn x509_data(identity: &Identity) -> Result<xmlsec::Fragment, WriteError> {
    let mut w = Writer::new();
    w.start("ds", ns::DS, "X509Data");
    w.element("ds", ns::DS, "X509Certificate", &BASE64.encode(identity.certificate().der())).end();
    w.finish()
}

fn parse(text: &str) -> Result<Document, SealError> {
    // what the writer wrote is well-formed; only the limits could say no
    Document::parse(text.as_bytes(), &Limits::default()).map_err(|_| WriteError::Character.into())
}
