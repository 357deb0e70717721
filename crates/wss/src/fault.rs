//! SOAP 1.2 faults (part 1 §5.4): what the caller is told. Signed like any answer, by `seal`.

use xmlsec::{Document, Node, Signed, Writer};

use crate::near_miss::NearMiss;
use crate::ns;
use crate::refusal::{Name, Refusal, Subcode};

/// SOAP 1.2 part 1 §5.4.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCode {
    /// The message is at fault.
    Sender,
    /// This server is.
    Receiver,
    /// Not SOAP 1.2.
    VersionMismatch,
    /// A header that must be understood is not.
    MustUnderstand,
}

/// A fault to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Code.
    pub code: FaultCode,
    /// Subcode of SOAP Message Security 1.1 §12, for security failures.
    pub subcode: Option<Subcode>,
    /// Reason, French.
    pub reason_fr: String,
    /// Reason, English.
    pub reason_en: String,
    /// The id under which this server's log holds the cause.
    pub id: String,
    /// The cause in words: in a sandbox only.
    pub cause: Option<String>,
    /// The id of the explanation, and what to do: in a sandbox only.
    pub explanation: Option<(&'static str, String)>,
    /// The page of that explanation.
    pub page: Option<String>,
    /// Headers for the NotUnderstood blocks of a MustUnderstand fault (§5.4.8).
    pub not_understood: Vec<Name>,
}

impl Fault {
    /// What a caller learns of a refusal: for security one fixed text whatever the cause, the cause itself and its remedy
    /// only in a sandbox. `stack` is who seems to have sent the message ([`crate::explain::stack`]).
    pub fn of(refusal: &Refusal, id: &str, sandbox: bool, stack: Option<&str>) -> Self {
        let (code, fr, en) = match refusal {
            Refusal::Soap11 | Refusal::NotAnEnvelope => (
                FaultCode::VersionMismatch,
                "Le message n'est pas une enveloppe SOAP 1.2",
                "The message is not a SOAP 1.2 envelope",
            ),
            Refusal::NotUnderstood(_) => (
                FaultCode::MustUnderstand,
                "Un en-tête obligatoire n'est pas compris",
                "A mandatory header is not understood",
            ),
            Refusal::Xml(_) | Refusal::EnvelopeShape | Refusal::Addressing { .. } => {
                (FaultCode::Sender, "Le message SOAP est mal formé", "The SOAP message is malformed")
            }
            _ => (
                FaultCode::Sender,
                "Le message a été refusé pour une raison de sécurité",
                "The message was refused for a security reason",
            ),
        };
        let not_understood = match refusal {
            Refusal::NotUnderstood(names) => names.clone(),
            _ => Vec::new(),
        };
        // what is no security failure is no secret either
        let tell = sandbox || refusal.subcode().is_none();
        Self {
            code,
            subcode: refusal.subcode(),
            reason_fr: format!("{fr} (référence {id})"),
            reason_en: format!("{en} (reference {id})"),
            id: id.to_owned(),
            cause: tell.then(|| refusal.to_string()),
            explanation: tell.then(|| {
                let explanation = refusal.explanation();
                (explanation.id, explanation.remedy_for(stack))
            }),
            page: None,
            not_understood,
        }
    }

    /// In a sandbox, where alone a fault tells its cause: with what the message shows of it ([`crate::explain::cause`]), and
    /// what the sender did, where that was found, in the place of the general explanation.
    #[must_use]
    pub fn told(mut self, cause: &str, near: Option<&NearMiss>, stack: Option<&str>) -> Self {
        if self.cause.is_none() {
            return self;
        }
        self.cause = Some(near.map_or_else(|| cause.to_owned(), |near| format!("{cause}. {near}")));
        if let Some(near) = near {
            self.explanation = Some((near.explanation().id, near.explanation().remedy_for(stack)));
        }
        self
    }

    /// A fault of the sender's that is no security failure: an unknown operation, a wrong action.
    pub fn sender(fr: &str, en: &str, id: &str) -> Self {
        Self {
            code: FaultCode::Sender,
            subcode: None,
            reason_fr: format!("{fr} (référence {id})"),
            reason_en: format!("{en} (reference {id})"),
            id: id.to_owned(),
            cause: None,
            explanation: None,
            page: None,
            not_understood: Vec::new(),
        }
    }

    /// A fault of ours, when not even a CodeRetour could be given.
    pub fn receiver(id: &str) -> Self {
        let mut fault = Self::sender("Erreur non identifiée", "Unidentified error", id);
        fault.code = FaultCode::Receiver;
        fault
    }

    /// Writes the `soap:Fault` element. The prefixes of code and subcode are those that `seal` declares on the Envelope.
    pub fn write(&self, w: &mut Writer) {
        let code = match self.code {
            FaultCode::Sender => "soap:Sender",
            FaultCode::Receiver => "soap:Receiver",
            FaultCode::VersionMismatch => "soap:VersionMismatch",
            FaultCode::MustUnderstand => "soap:MustUnderstand",
        };
        w.start("soap", ns::SOAP, "Fault");
        w.start("soap", ns::SOAP, "Code").element("soap", ns::SOAP, "Value", code);
        if let Some(subcode) = self.subcode {
            let (namespace, local) = subcode.name();
            let prefix = if namespace == ns::WSU { "wsu" } else { "wsse" };
            w.start("soap", ns::SOAP, "Subcode");
            w.element("soap", ns::SOAP, "Value", &format!("{prefix}:{local}")).end();
        }
        w.end();
        w.start("soap", ns::SOAP, "Reason");
        for (language, text) in [("fr", &self.reason_fr), ("en", &self.reason_en)] {
            w.start("soap", ns::SOAP, "Text").attribute_ns("xml", ns::XML, "lang", language).text(text).end();
        }
        w.end();
        w.start("soap", ns::SOAP, "Detail").start("", ns::FAULT, "Refus");
        w.element("", ns::FAULT, "Reference", &self.id);
        if let Some(cause) = &self.cause {
            w.element("", ns::FAULT, "Cause", cause);
        }
        if let Some((id, remedy)) = &self.explanation {
            w.element("", ns::FAULT, "Explication", id).element("", ns::FAULT, "Remede", remedy);
        }
        if let Some(page) = &self.page {
            w.element("", ns::FAULT, "Page", page);
        }
        w.end().end().end();
    }
}

/// A fault as a client received it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceivedFault {
    /// Local part of the code: `Sender`, `Receiver`, …
    pub code: String,
    /// Local part of the subcode.
    pub subcode: Option<String>,
    /// Reasons with their languages.
    pub reasons: Vec<(String, String)>,
    /// The reference of this project's servers.
    pub reference: Option<String>,
    /// The cause, where the server is a sandbox.
    pub cause: Option<String>,
    /// The id of its explanation there (`vtpa explain`).
    pub explanation: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Where its explanation is.
    pub page: Option<String>,
}

/// What reading needs of an element, signed or not.
trait Element<'d>: Copy {
    fn child(self, namespace: &str, local_name: &str) -> Option<Self>;
    fn children(self) -> Vec<Self>;
    fn language(self) -> String;
    fn content(self) -> String;
}

macro_rules! element {
    ($type:ident) => {
        impl<'d> Element<'d> for $type<'d> {
            fn child(self, namespace: &str, local_name: &str) -> Option<Self> {
                $type::child(self, namespace, local_name)
            }
            fn children(self) -> Vec<Self> {
                $type::children(self).collect()
            }
            fn language(self) -> String {
                self.attribute(ns::XML, "lang").unwrap_or_default().to_owned()
            }
            fn content(self) -> String {
                self.text().into_owned()
            }
        }
    };
}
element!(Node);
element!(Signed);

impl ReceivedFault {
    /// Reads a signed Body's fault, where it holds one.
    pub fn read(body: Signed<'_>) -> Option<Self> {
        body.child(ns::SOAP, "Fault").map(Self::from_element)
    }

    /// Reads the fault of an answer without security: to tell the user, never to act upon.
    pub fn read_unverified(document: &Document) -> Option<Self> {
        let body = document.root().child(ns::SOAP, "Body")?;
        body.child(ns::SOAP, "Fault").map(Self::from_element)
    }

    fn from_element<'d>(fault: impl Element<'d>) -> Self {
        let code = fault.child(ns::SOAP, "Code");
        let refus = fault.child(ns::SOAP, "Detail").and_then(|detail| detail.child(ns::FAULT, "Refus"));
        let detail = |name: &str| Some(refus?.child(ns::FAULT, name)?.content());
        let reasons = fault.child(ns::SOAP, "Reason").map(Element::children).unwrap_or_default();
        Self {
            code: code.and_then(local_value).unwrap_or_default(),
            subcode: code.and_then(|code| code.child(ns::SOAP, "Subcode")).and_then(local_value),
            reasons: reasons.into_iter().map(|text| (text.language(), text.content())).collect(),
            reference: detail("Reference"),
            cause: detail("Cause"),
            explanation: detail("Explication"),
            remedy: detail("Remede"),
            page: detail("Page"),
        }
    }
}

/// The local part of the QName in `soap:Value`.
fn local_value<'d>(element: impl Element<'d>) -> Option<String> {
    let value = element.child(ns::SOAP, "Value")?.content();
    value.trim().rsplit(':').next().map(str::to_owned)
}
