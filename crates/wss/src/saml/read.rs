//! An assertion's content, read strictly and only through the proof that it was signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use xmlsec::{Certificate, Signed};

use super::Confirmation;
use crate::ns;
use crate::refusal::Refusal;
use crate::timestamp::instant;

/// Characters of one value; the longest of the VIHF are names of processes.
const VALUE_MAX: usize = 1000;
/// Attributes, and values of one; the VIHF has some fifteen.
const ATTRIBUTES_MAX: usize = 64;
/// SubjectConfirmations.
const CONFIRMATIONS_MAX: usize = 4;

/// An assertion taken apart, signed and not yet held against anything.
pub(super) struct Content {
    pub(super) id: String,
    pub(super) issue_instant: Timestamp,
    pub(super) issuer: String,
    /// Whether the Issuer is a distinguished name.
    pub(super) issuer_is_dn: bool,
    pub(super) name_id: String,
    pub(super) confirmations: Vec<SubjectConfirmation>,
    pub(super) not_before: Vec<Timestamp>,
    pub(super) not_on_or_after: Vec<Timestamp>,
    /// Each restriction must be met, by any of its audiences (SAML Core §2.5.1.4).
    pub(super) audiences: Vec<Vec<String>>,
    pub(super) authn_instant: Option<Timestamp>,
    pub(super) authn_context: Option<String>,
    pub(super) attributes: Vec<(String, Vec<String>)>,
}

pub(super) struct SubjectConfirmation {
    pub(super) method: Confirmation,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_on_or_after: Option<Timestamp>,
    pub(super) recipient: Option<String>,
    /// The certificates whose keys are confirmed.
    pub(super) keys: Vec<Certificate>,
}

fn malformed<T>(what: &'static str) -> Result<T, Refusal> {
    Err(Refusal::AssertionMalformed { what })
}

impl Content {
    /// SAML Core §2.3.3: Issuer, Subject, Conditions, statements, in this order; no Advice. The signature is not among the
    /// children of what an enveloped signature signed.
    pub(super) fn read(assertion: Signed<'_>) -> Result<Self, Refusal> {
        if assertion.attribute("", "Version") != Some("2.0") {
            return malformed("Version is not 2.0");
        }
        if assertion.has_text() {
            return malformed("text between elements");
        }
        let id = plain(assertion.attribute("", "ID").unwrap_or_default(), "ID")?;
        let issue_instant = assertion.attribute("", "IssueInstant").and_then(instant);
        let Some(issue_instant) = issue_instant else { return malformed("IssueInstant") };

        let mut children = assertion.children().peekable();
        let Some(issuer) = children.next_if(|child| child.is(ns::SAML, "Issuer")) else {
            return malformed("Issuer must come first");
        };
        let issuer_is_dn =
            issuer.attribute("", "Format").is_some_and(|format| format.trim().ends_with(":X509SubjectName"));
        let Some(subject) = children.next_if(|child| child.is(ns::SAML, "Subject")) else {
            return malformed("Subject must follow Issuer and Signature");
        };
        let conditions = children.next_if(|child| child.is(ns::SAML, "Conditions"));
        let (name_id, confirmations) = read_subject(subject)?;
        let mut content = Self {
            id,
            issue_instant,
            issuer: simple(issuer, "Issuer")?,
            issuer_is_dn,
            name_id,
            confirmations,
            not_before: Vec::new(),
            not_on_or_after: Vec::new(),
            audiences: Vec::new(),
            authn_instant: None,
            authn_context: None,
            attributes: Vec::new(),
        };
        if let Some(conditions) = conditions {
            content.read_conditions(conditions)?;
        }
        for statement in children {
            match (statement.namespace(), statement.local_name()) {
                (ns::SAML, "AuthnStatement") if content.authn_instant.is_none() => {
                    content.read_authn(statement)?;
                }
                (ns::SAML, "AttributeStatement") => content.read_attributes(statement)?,
                _ => return malformed("an element that is not accepted in an assertion, or not there"),
            }
        }
        Ok(content)
    }

    /// SAML Core §2.5.1. A condition that is not known makes the assertion invalid (§2.5.1.1).
    fn read_conditions(&mut self, conditions: Signed<'_>) -> Result<(), Refusal> {
        self.not_before.extend(time(conditions, "NotBefore")?);
        self.not_on_or_after.extend(time(conditions, "NotOnOrAfter")?);
        for condition in conditions.children() {
            match (condition.namespace(), condition.local_name()) {
                (ns::SAML, "AudienceRestriction") => {
                    let audiences = condition.children().map(|audience| {
                        if audience.is(ns::SAML, "Audience") {
                            simple(audience, "Audience")
                        } else {
                            malformed("AudienceRestriction")
                        }
                    });
                    self.audiences.push(audiences.collect::<Result<_, _>>()?);
                }
                // every assertion serves once; and we issue none from it
                (ns::SAML, "OneTimeUse" | "ProxyRestriction") => {}
                _ => return malformed("an unknown condition"),
            }
        }
        Ok(())
    }

    /// SAML Core §2.7.2.
    fn read_authn(&mut self, statement: Signed<'_>) -> Result<(), Refusal> {
        let Some(at) = time(statement, "AuthnInstant")? else { return malformed("AuthnInstant") };
        self.authn_instant = Some(at);
        self.not_on_or_after.extend(time(statement, "SessionNotOnOrAfter")?);
        let Some(context) = statement.only_child(ns::SAML, "AuthnContext") else {
            return malformed("AuthnContext");
        };
        let class = context.only_child(ns::SAML, "AuthnContextClassRef");
        self.authn_context = class.map(|class| simple(class, "AuthnContextClassRef")).transpose()?;
        Ok(())
    }

    /// SAML Core §2.7.3. One name, whatever its case, stands once: two readers must not see two values.
    fn read_attributes(&mut self, statement: Signed<'_>) -> Result<(), Refusal> {
        for attribute in statement.children() {
            if !attribute.is(ns::SAML, "Attribute") {
                return malformed("AttributeStatement holds something else than Attribute");
            }
            let name = plain(attribute.attribute("", "Name").unwrap_or_default(), "an attribute's Name")?;
            let name = name.to_ascii_lowercase();
            if self.attributes.iter().any(|(known, _)| *known == name) {
                return malformed("an attribute stands twice");
            }
            if self.attributes.len() == ATTRIBUTES_MAX {
                return malformed("too many attributes");
            }
            let mut values = Vec::new();
            for value in attribute.children() {
                if !value.is(ns::SAML, "AttributeValue") || values.len() == ATTRIBUTES_MAX {
                    return malformed("an attribute's values");
                }
                values.push(read_value(value)?);
            }
            self.attributes.push((name, values));
        }
        Ok(())
    }
}

/// A text, or one coded element of HL7 (`CE`): its code and code system.
fn read_value(value: Signed<'_>) -> Result<String, Refusal> {
    let mut children = value.children();
    let Some(coded) = children.next() else {
        return bounded(&value.text(), "an attribute's value").map(str::to_owned);
    };
    if children.next().is_some() || value.has_text() || coded.children().next().is_some() {
        return malformed("an attribute's value");
    }
    let part = |name| bounded(coded.attribute("", name).unwrap_or_default(), "a coded value");
    Ok(format!("{}^{}", part("code")?, part("codeSystem")?))
}

/// SAML Core §2.4.1: a NameID in clear, then confirmations.
fn read_subject(subject: Signed<'_>) -> Result<(String, Vec<SubjectConfirmation>), Refusal> {
    if subject.has_text() {
        return malformed("text in Subject");
    }
    let mut children = subject.children();
    let Some(name_id) = children.next().filter(|child| child.is(ns::SAML, "NameID")) else {
        return malformed("Subject must hold a NameID");
    };
    let mut confirmations = Vec::new();
    for child in children {
        if !child.is(ns::SAML, "SubjectConfirmation") || confirmations.len() == CONFIRMATIONS_MAX {
            return malformed("Subject holds something else than NameID and SubjectConfirmation");
        }
        confirmations.push(SubjectConfirmation::read(child)?);
    }
    Ok((simple(name_id, "NameID")?, confirmations))
}

impl SubjectConfirmation {
    fn read(element: Signed<'_>) -> Result<Self, Refusal> {
        let method = match element.attribute("", "Method") {
            Some(ns::SAML_BEARER) => Confirmation::Bearer,
            Some(ns::SAML_SENDER_VOUCHES) => Confirmation::SenderVouches,
            Some(ns::SAML_HOLDER_OF_KEY) => Confirmation::HolderOfKey,
            _ => return Err(Refusal::AssertionConfirmation),
        };
        let mut read =
            Self { method, not_before: None, not_on_or_after: None, recipient: None, keys: Vec::new() };
        let mut data = None;
        for child in element.children() {
            match (child.namespace(), child.local_name()) {
                (ns::SAML, "NameID") => {}
                (ns::SAML, "SubjectConfirmationData") if data.is_none() => data = Some(child),
                _ => return malformed("SubjectConfirmation"),
            }
        }
        let Some(data) = data else { return Ok(read) };
        read.not_before = time(data, "NotBefore")?;
        read.not_on_or_after = time(data, "NotOnOrAfter")?;
        read.recipient = data.attribute("", "Recipient").map(str::to_owned);
        for key_info in data.children().filter(|child| child.is(ns::DS, "KeyInfo")).take(CONFIRMATIONS_MAX) {
            read.keys.push(confirmed(key_info).ok_or(Refusal::AssertionHolder)?);
        }
        Ok(read)
    }
}

/// The certificate of a holder-of-key's KeyInfo: X509Data with one X509Certificate.
fn confirmed(key_info: Signed<'_>) -> Option<Certificate> {
    let data = key_info.only_child(ns::DS, "X509Data")?;
    let one = data.only_child(ns::DS, "X509Certificate")?;
    if one.children().next().is_some() {
        return None;
    }
    let text: Vec<u8> = one.text().bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Certificate::parse(&BASE64.decode(text).ok()?).ok()
}

fn time(element: Signed<'_>, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
    match element.attribute("", name) {
        None => Ok(None),
        Some(text) => instant(text).map(Some).ok_or(Refusal::AssertionMalformed { what: name }),
    }
}

/// An element that holds a text and nothing else.
fn simple(element: Signed<'_>, what: &'static str) -> Result<String, Refusal> {
    if element.children().next().is_some() {
        return malformed(what);
    }
    plain(&element.text(), what)
}

fn plain(text: &str, what: &'static str) -> Result<String, Refusal> {
    let text = bounded(text, what)?;
    if text.is_empty() { malformed(what) } else { Ok(text.to_owned()) }
}

/// These values go into an audit trail: no line breaks of the sender's there, and no novels.
fn bounded<'t>(text: &'t str, what: &'static str) -> Result<&'t str, Refusal> {
    let text = text.trim();
    if text.chars().count() > VALUE_MAX || text.chars().any(char::is_control) {
        return malformed(what);
    }
    Ok(text)
}
