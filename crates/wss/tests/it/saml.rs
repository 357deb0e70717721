//! SAML assertions: what is believed, and every way in which one is not. A message is made here part by part, since the
//! point of most is what our own writer would never write.

use std::collections::HashSet;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use testkit::pki::{Identity, pki};
use wss::{
    Admission, Assertion, AssertionRules, Confirmation, GuardUnavailable, Received, Refusal, ReplayEntry,
    ReplayGuard, ns,
};
use xmlsec::{
    Certificate, DigestMethod, Document, Limits, PathError, Place, SignReference, SignatureBuilder,
    SigningKey, VerifyError, Writer,
};

use crate::{POLICY, message, test_anchors};

const AUDIENCE: &str = "https://pa.example";
const ATTRIBUTES: &str = "<saml:Attribute Name=\"VIHF_Version\"><saml:AttributeValue>4.0</saml:AttributeValue></saml:Attribute>\
    <saml:Attribute Name=\"Authentification_mode\"><saml:AttributeValue>INDIRECTE</saml:AttributeValue></saml:Attribute>\
    <saml:Attribute Name=\"urn:oasis:names:tc:xacml:2.0:subject:role\"><saml:AttributeValue><Role xmlns=\"urn:hl7-org:v3\" code=\"10\" codeSystem=\"1.2.250\"/></saml:AttributeValue></saml:Attribute>";

fn certificate(of: &Identity) -> Certificate {
    Certificate::parse(&of.certificate_der).unwrap()
}

fn x509_data(of: &Identity) -> String {
    format!(
        "<ds:X509Data xmlns:ds=\"{}\"><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
        ns::DS,
        BASE64.encode(&of.certificate_der)
    )
}

/// An assertion to be, with what cases change of it.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) id: &'static str,
    pub(crate) version: &'static str,
    pub(crate) issued: i64,
    pub(crate) issuer: Option<String>,
    pub(crate) subject: String,
    pub(crate) conditions: String,
    pub(crate) authn: i64,
    pub(crate) attributes: String,
    pub(crate) signer: Option<&'static Identity>,
    /// The certificate of KeyInfo, where it is not the signer's.
    pub(crate) key_info: Option<String>,
}

impl Draft {
    pub(crate) fn new() -> Self {
        Self {
            id: "_a1",
            version: "2.0",
            issued: 0,
            issuer: None,
            subject: String::new(),
            conditions: String::new(),
            authn: 0,
            attributes: ATTRIBUTES.to_owned(),
            signer: Some(&pki().partner),
            key_info: None,
        }
    }

    pub(crate) fn write(&self) -> String {
        let at = |offset| testkit::instant() + SignedDuration::from_secs(offset);
        let named = self.signer.unwrap_or(&pki().partner);
        let issuer = self.issuer.clone().unwrap_or_else(|| certificate(named).subject().to_string());
        let plain = format!(
            "<saml:Assertion xmlns:saml=\"{}\" ID=\"{}\" IssueInstant=\"{}\" Version=\"{}\">\
             <saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName\">{}</saml:Issuer>\
             <saml:Subject><saml:NameID>899900063480</saml:NameID>{}</saml:Subject>{}\
             <saml:AuthnStatement AuthnInstant=\"{}\"><saml:AuthnContext>\
             <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>\
             </saml:AuthnContext></saml:AuthnStatement>\
             <saml:AttributeStatement>{}</saml:AttributeStatement></saml:Assertion>",
            ns::SAML,
            self.id,
            at(self.issued),
            self.version,
            issuer.replace('&', "&amp;"),
            self.subject,
            self.conditions,
            at(self.authn),
            self.attributes,
        );
        let Some(signer) = self.signer else { return plain };
        let document = Document::parse(plain.as_bytes(), &Limits::default()).unwrap();
        let root = document.root();
        let mut key_info = Writer::new();
        key_info.start("ds", ns::DS, "X509Data");
        key_info.element("ds", ns::DS, "X509Certificate", &BASE64.encode(&signer.certificate_der)).end();
        let key = SigningKey::from_pem(signer.key_pem.as_bytes()).unwrap();
        let signature = SignatureBuilder::new(&key)
            .key_info(key_info.finish().unwrap())
            .reference(SignReference::node(self.id, root, DigestMethod::Sha256, true).unwrap())
            .sign()
            .unwrap();
        let issuer = root.child(ns::SAML, "Issuer").unwrap();
        let signed = document.insert(Place::After(issuer), &signature).unwrap();
        match &self.key_info {
            None => signed,
            Some(other) => {
                let from = signed.find("<ds:KeyInfo>").unwrap() + "<ds:KeyInfo>".len();
                let to = signed.find("</ds:KeyInfo>").unwrap();
                format!("{}{other}{}", &signed[..from], &signed[to..])
            }
        }
    }
}

fn confirmation(method: &str, data: &str) -> String {
    format!(
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:{method}\">{data}</saml:SubjectConfirmation>"
    )
}

fn holder_of(of: &Identity) -> String {
    confirmation(
        "holder-of-key",
        &format!(
            "<saml:SubjectConfirmationData><ds:KeyInfo xmlns:ds=\"{}\">{}</ds:KeyInfo></saml:SubjectConfirmationData>",
            ns::DS,
            x509_data(of)
        ),
    )
}

/// The partner's message, with the assertion beside its signature.
pub(crate) fn beside(assertion: &str) -> String {
    message("bonjour", testkit::instant())
        .replace("</wsse:Security>", &format!("{assertion}</wsse:Security>"))
}

/// The partner's message, whose signature covers the assertion too: by its ID, or by STR-Transform as WSS4J writes it.
fn covering(assertion: &str, by_str: bool) -> String {
    let good = message("bonjour", testkit::instant());
    let part = |start: &str, end: &str| {
        let from = good.find(start).unwrap();
        let to = from + good[from..].find(end).unwrap() + end.len();
        good[from..to].to_owned()
    };
    let old = part("<ds:Signature ", "</ds:Signature>");
    let reference = format!(
        "<wsse:SecurityTokenReference wsu:Id=\"STRSAML\"><wsse:KeyIdentifier ValueType=\"{}\">_a1</wsse:KeyIdentifier></wsse:SecurityTokenReference>",
        ns::SAML_ID
    );
    let extra = if by_str { format!("{assertion}{reference}") } else { assertion.to_owned() };
    let unsigned = good.replace(&old, "").replace("</wsse:Security>", &format!("{extra}</wsse:Security>"));
    let document = Document::parse(unsigned.as_bytes(), &Limits::default()).unwrap();
    let root = document.root();
    let find = |name: &str| root.descendants().find(|node| node.local_name() == name).unwrap();
    let mut builder = SigningKey::from_pem(pki().partner.key_pem.as_bytes()).unwrap();
    let mut key_info = Writer::new();
    key_info.start("wsse", ns::WSSE, "SecurityTokenReference");
    let token = find("BinarySecurityToken").attribute(ns::WSU, "Id").unwrap();
    key_info.start("wsse", ns::WSSE, "Reference").attribute("URI", &format!("#{token}")).end().end();
    let key = &mut builder;
    let mut signature = SignatureBuilder::new(key).key_info(key_info.finish().unwrap());
    for name in ["Body", "Timestamp"] {
        let id = find(name).attribute(ns::WSU, "Id").unwrap();
        signature =
            signature.reference(SignReference::node(id, find(name), DigestMethod::Sha256, false).unwrap());
    }
    if by_str {
        let mut transform = Writer::new();
        transform.start("ds", ns::DS, "Transform").attribute("Algorithm", ns::STR_TRANSFORM);
        transform.start("wsse", ns::WSSE, "TransformationParameters");
        transform.start("ds", ns::DS, "CanonicalizationMethod");
        transform.attribute("Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#").end().end().end();
        let mut octets = Vec::new();
        xmlsec::canonicalize(find("Assertion"), &xmlsec::Canonicalization::default(), None, &mut octets)
            .unwrap();
        // WSS SOAP Message Security 1.1 §8.3: the apex declares that there is no default namespace
        let octets =
            String::from_utf8(octets).unwrap().replacen("<saml:Assertion ", "<saml:Assertion xmlns=\"\" ", 1);
        signature = signature.reference(SignReference::custom(
            "STRSAML",
            transform.finish().unwrap(),
            octets.as_bytes(),
            DigestMethod::Sha256,
        ));
    } else {
        let digest = SignReference::node("_a1", find("Assertion"), DigestMethod::Sha256, false);
        signature = signature.reference(digest.unwrap());
    }
    document.insert(Place::After(find("BinarySecurityToken")), &signature.sign().unwrap()).unwrap()
}

/// Which rules hold, where they are not the default.
#[derive(Clone, Copy, Default)]
struct Setting {
    required: bool,
    unsigned: bool,
    structure: bool,
    /// `second` is another certificate of the partner's application.
    second_is_ours: bool,
    /// `wrong_ca` issues assertions.
    issuer: bool,
}

fn read(message: &str, setting: Setting) -> Result<Option<Assertion>, Refusal> {
    read_at(message, setting, testkit::instant())
}

fn read_at(message: &str, setting: Setting, now: Timestamp) -> Result<Option<Assertion>, Refusal> {
    let document = Document::parse(message.as_bytes(), &Limits::default()).map_err(Refusal::Xml)?;
    let application = if setting.second_is_ours { vec![certificate(&pki().second)] } else { Vec::new() };
    let issuers = if setting.issuer { vec![certificate(&pki().wrong_ca)] } else { Vec::new() };
    let rules = AssertionRules {
        required: setting.required,
        unsigned_allowed: setting.unsigned,
        check_structure: setting.structure,
        audience: AUDIENCE,
        recipients: &[format!("{AUDIENCE}/ws/creation")],
        clock_skew: SignedDuration::from_mins(1),
        application: &application,
        issuers: &issuers,
    };
    let unspent = Received::read(&document)?.verify(&POLICY, &test_anchors(), now)?;
    let opened = unspent.with_assertion(&rules, &test_anchors(), now)?.into_answer();
    Ok(opened.assertion().cloned())
}

#[test]
fn what_confirms_a_user_is_believed() {
    let draft = Draft::new;
    let (ours, theirs) = (Setting::default(), Setting { second_is_ours: true, ..Setting::default() });
    let trusted = Setting { issuer: true, ..Setting::default() };
    let vouches = || Draft { subject: confirmation("sender-vouches", ""), ..draft() };
    let within = format!(
        "<saml:SubjectConfirmationData Recipient=\"{AUDIENCE}/ws/creation\" NotOnOrAfter=\"2100-01-01T00:00:00Z\"/>"
    );
    let conditions = format!(
        "<saml:Conditions NotBefore=\"2020-01-01T00:00:00Z\" NotOnOrAfter=\"2100-01-01T00:00:00Z\"><saml:AudienceRestriction>\
         <saml:Audience>urn:other</saml:Audience><saml:Audience>{AUDIENCE}</saml:Audience></saml:AudienceRestriction><saml:OneTimeUse/></saml:Conditions>"
    );
    let reversed = format!(
        "C=FR, O=\"ViaTrajectoire PA, tests\", CN={}",
        certificate(&pki().partner).subject().common_name().unwrap()
    );
    let by_token = {
        let bst = message("bonjour", testkit::instant());
        let id = bst.split("wsu:Id=\"X509-").nth(1).unwrap().split('"').next().unwrap().to_owned();
        format!(
            "<wsse:SecurityTokenReference xmlns:wsse=\"{}\"><wsse:Reference URI=\"#X509-{id}\"/></wsse:SecurityTokenReference>",
            ns::WSSE
        )
    };
    let cases: Vec<(&str, String, Setting, Confirmation)> = vec![
        ("the VIHF's habit", beside(&draft().write()), ours, Confirmation::None),
        (
            "required and there",
            beside(&draft().write()),
            Setting { required: true, ..ours },
            Confirmation::None,
        ),
        (
            "another certificate of the application",
            beside(&Draft { signer: Some(&pki().second), ..draft() }.write()),
            theirs,
            Confirmation::None,
        ),
        (
            "KeyInfo refers to the message's token",
            beside(&Draft { key_info: Some(by_token), ..draft() }.write()),
            ours,
            Confirmation::None,
        ),
        (
            "the issuer's name the other way about",
            beside(&Draft { issuer: Some(reversed), ..draft() }.write()),
            ours,
            Confirmation::None,
        ),
        (
            "conditions that hold",
            beside(&Draft { conditions, issued: -3000, ..draft() }.write()),
            ours,
            Confirmation::None,
        ),
        (
            "bearer",
            beside(&Draft { subject: confirmation("bearer", &within), ..draft() }.write()),
            ours,
            Confirmation::Bearer,
        ),
        ("sender-vouches by ID", covering(&vouches().write(), false), ours, Confirmation::SenderVouches),
        (
            "sender-vouches by STR-Transform",
            covering(&vouches().write(), true),
            ours,
            Confirmation::SenderVouches,
        ),
        (
            "sender-vouches unsigned, as registered",
            covering(&Draft { signer: None, ..vouches() }.write(), false),
            Setting { unsigned: true, ..ours },
            Confirmation::SenderVouches,
        ),
        (
            "holder-of-key of the application's own",
            beside(&Draft { subject: holder_of(&pki().partner), ..draft() }.write()),
            ours,
            Confirmation::HolderOfKey,
        ),
        (
            "holder-of-key of a trusted issuer",
            beside(
                &Draft { subject: holder_of(&pki().partner), signer: Some(&pki().wrong_ca), ..draft() }
                    .write(),
            ),
            trusted,
            Confirmation::HolderOfKey,
        ),
        ("five minutes old", beside(&Draft { issued: -300, ..draft() }.write()), ours, Confirmation::None),
        ("a minute ahead", beside(&Draft { issued: 60, ..draft() }.write()), ours, Confirmation::None),
    ];
    for (name, message, setting, confirmation) in cases {
        let assertion =
            read(&message, setting).unwrap_or_else(|refusal| panic!("{name}: {refusal}")).unwrap();
        assert_eq!(assertion.confirmation(), confirmation, "{name}");
        assert_eq!(assertion.name_id(), "899900063480", "{name}");
        assert_eq!(assertion.attribute("AUTHENTIFICATION_MODE"), ["INDIRECTE"], "{name}");
        assert_eq!(
            assertion.attribute("urn:oasis:names:tc:xacml:2.0:subject:role"),
            ["10^1.2.250"],
            "{name}"
        );
        assert!(!format!("{assertion:?}").contains("899900063480"), "{name}: a person in Debug");
    }
}

#[test]
fn what_does_not_confirm_a_user_refuses_the_message() {
    let draft = Draft::new;
    let malformed = |what| Refusal::AssertionMalformed { what };
    let ours = Setting::default();
    let trusted = Setting { issuer: true, ..ours };
    let conditions = |attributes: &str, content: &str| Draft {
        conditions: format!("<saml:Conditions {attributes}>{content}</saml:Conditions>"),
        ..draft()
    };
    let audience = |name: &str| {
        conditions(
            "",
            &format!(
                "<saml:AudienceRestriction><saml:Audience>{name}</saml:Audience></saml:AudienceRestriction>"
            ),
        )
    };
    let mode =
        |mode: &str, issued| Draft { attributes: ATTRIBUTES.replace("INDIRECTE", mode), issued, ..draft() };
    let bearer = |data: &str| Draft {
        subject: confirmation("bearer", &format!("<saml:SubjectConfirmationData {data}/>")),
        ..draft()
    };
    let vouches = || Draft { subject: confirmation("sender-vouches", ""), ..draft() };
    let twice = format!(
        "{ATTRIBUTES}{}",
        ATTRIBUTES
            .replace("Authentification_mode", "Authentification_Mode")
            .replace("VIHF_Version", "x")
            .replace("subject:role", "y")
    );
    let cases: Vec<(&str, String, Setting, Refusal)> = vec![
        (
            "none, and one is required",
            message("bonjour", testkit::instant()),
            Setting { required: true, ..ours },
            Refusal::AssertionMissing,
        ),
        (
            "two",
            beside(&format!("{}{}", draft().write(), Draft { id: "_a2", ..draft() }.write())),
            ours,
            Refusal::AssertionMisplaced,
        ),
        (
            "an encrypted one",
            beside(&format!("<saml:EncryptedAssertion xmlns:saml=\"{}\"/>", ns::SAML)),
            ours,
            Refusal::AssertionMisplaced,
        ),
        (
            "a second in another header",
            beside(&draft().write()).replace(
                "<soap:Header>",
                &format!("<soap:Header><w xmlns=\"urn:w\">{}</w>", Draft { id: "_a2", ..draft() }.write()),
            ),
            ours,
            Refusal::AssertionMisplaced,
        ),
        (
            "SAML 1.1's version",
            beside(&Draft { version: "1.1", ..draft() }.write()),
            ours,
            malformed("Version is not 2.0"),
        ),
        ("unsigned", beside(&Draft { signer: None, ..draft() }.write()), ours, Refusal::AssertionUnsigned),
        (
            "unsigned and not vouched for",
            beside(&Draft { signer: None, ..draft() }.write()),
            Setting { unsigned: true, ..ours },
            Refusal::AssertionNotCovered,
        ),
        (
            "unsigned, covered, and nobody vouches",
            covering(&Draft { signer: None, ..draft() }.write(), false),
            Setting { unsigned: true, ..ours },
            Refusal::AssertionUnsigned,
        ),
        (
            "another partner's signature",
            beside(&Draft { signer: Some(&pki().second), ..draft() }.write()),
            ours,
            Refusal::AssertionSigner,
        ),
        (
            "an issuer's where the application's is due",
            beside(&Draft { signer: Some(&pki().wrong_ca), ..draft() }.write()),
            trusted,
            Refusal::AssertionSigner,
        ),
        (
            "our certificate in KeyInfo, another's key",
            beside(
                &Draft { signer: Some(&pki().second), key_info: Some(x509_data(&pki().partner)), ..draft() }
                    .write(),
            ),
            ours,
            Refusal::AssertionSignature(VerifyError::SignatureValue),
        ),
        (
            "no certificate in KeyInfo",
            beside(&Draft { key_info: Some("<ds:KeyName>x</ds:KeyName>".into()), ..draft() }.write()),
            ours,
            Refusal::AssertionKey,
        ),
        (
            "another issuer's name",
            beside(&Draft { issuer: Some("CN=Autre,C=FR".into()), ..draft() }.write()),
            ours,
            Refusal::AssertionIssuer,
        ),
        (
            "the signature after Subject",
            {
                let signed = draft().write();
                let from = signed.find("<ds:Signature ").unwrap();
                let to = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
                beside(
                    &signed
                        .replace(&signed[from..to], "")
                        .replace("</saml:Subject>", &format!("</saml:Subject>{}", &signed[from..to])),
                )
            },
            ours,
            malformed("Signature must directly follow Issuer, once"),
        ),
        ("sender-vouches and not covered", beside(&vouches().write()), ours, Refusal::AssertionNotCovered),
        (
            "sender-vouches for another partner's",
            covering(&Draft { signer: Some(&pki().second), ..vouches() }.write(), false),
            ours,
            Refusal::AssertionSigner,
        ),
        (
            "holder of another key",
            beside(&Draft { subject: holder_of(&pki().second), ..draft() }.write()),
            ours,
            Refusal::AssertionHolder,
        ),
        (
            "holder of no key",
            beside(&Draft { subject: confirmation("holder-of-key", ""), ..draft() }.write()),
            ours,
            Refusal::AssertionHolder,
        ),
        (
            "holder-of-key of an issuer that is not trusted",
            beside(
                &Draft { subject: holder_of(&pki().partner), signer: Some(&pki().wrong_ca), ..draft() }
                    .write(),
            ),
            ours,
            Refusal::AssertionSigner,
        ),
        (
            "a confirmation of SAML 1.1",
            beside(
                &Draft { subject: confirmation("x", "").replace("SAML:2.0", "SAML:1.0"), ..draft() }.write(),
            ),
            ours,
            Refusal::AssertionConfirmation,
        ),
        (
            "bearer for another place",
            beside(&bearer("Recipient=\"https://other.example\"").write()),
            ours,
            Refusal::AssertionAudience,
        ),
        (
            "bearer that ended",
            beside(&bearer("NotOnOrAfter=\"2026-01-01T00:00:00Z\"").write()),
            ours,
            Refusal::AssertionConditions,
        ),
        (
            "too old",
            beside(&Draft { issued: -301, ..draft() }.write()),
            ours,
            Refusal::AssertionTooOld { by: 301 },
        ),
        (
            "31 seconds old and renforcée",
            beside(&mode("INDIRECTE_RENFORCEE", -31).write()),
            ours,
            Refusal::AssertionTooOld { by: 31 },
        ),
        (
            "from the future",
            beside(&Draft { issued: 61, ..draft() }.write()),
            ours,
            Refusal::AssertionInFuture { by: 61 },
        ),
        (
            "a user authenticated in the future",
            beside(&Draft { authn: 61, ..draft() }.write()),
            ours,
            Refusal::AssertionInFuture { by: 61 },
        ),
        (
            "NotBefore to come",
            beside(&conditions("NotBefore=\"2100-01-01T00:00:00Z\"", "").write()),
            ours,
            Refusal::AssertionConditions,
        ),
        (
            "NotOnOrAfter past",
            beside(&conditions("NotOnOrAfter=\"2026-01-01T00:00:00Z\"", "").write()),
            ours,
            Refusal::AssertionConditions,
        ),
        (
            "a day old with distant conditions",
            beside(
                &Draft { issued: -86_400, ..conditions("NotOnOrAfter=\"2100-01-01T00:00:00Z\"", "") }.write(),
            ),
            ours,
            Refusal::AssertionTooOld { by: 86_400 },
        ),
        (
            "an unknown condition",
            beside(&conditions("", "<saml:Condition/>").write()),
            ours,
            malformed("an unknown condition"),
        ),
        (
            "another audience",
            beside(&audience("https://other.example").write()),
            ours,
            Refusal::AssertionAudience,
        ),
        (
            "an audience that begins like ours",
            beside(&audience("https://pa.example.evil").write()),
            ours,
            Refusal::AssertionAudience,
        ),
        ("mode DIRECTE", beside(&mode("DIRECTE", 0).write()), ours, Refusal::AssertionDirect),
        (
            "Advice",
            beside(&Draft { conditions: "<saml:Advice/>".into(), ..draft() }.write()),
            ours,
            malformed("an element that is not accepted in an assertion, or not there"),
        ),
        (
            "an assertion in Advice",
            beside(
                &Draft {
                    conditions: format!(
                        "<saml:Advice>{}</saml:Advice>",
                        Draft { signer: None, id: "_in", ..draft() }.write()
                    ),
                    ..draft()
                }
                .write(),
            ),
            ours,
            Refusal::AssertionMisplaced,
        ),
        (
            "the mode twice, in two spellings",
            beside(&Draft { attributes: twice, ..draft() }.write()),
            ours,
            malformed("an attribute stands twice"),
        ),
        (
            "a line break in a value",
            beside(&Draft { attributes: ATTRIBUTES.replace("4.0", "4&#10;0"), ..draft() }.write()),
            ours,
            malformed("an attribute's value"),
        ),
        (
            "no structure where it is checked",
            beside(&draft().write()),
            Setting { structure: true, ..ours },
            Refusal::AssertionStructure,
        ),
        (
            "a comment in NameID",
            beside(&draft().write().replace("8999", "89<!-- -->99")),
            ours,
            Refusal::CommentInSecurity,
        ),
        (
            "the Body's Id as its ID",
            beside(&Draft { id: "_a1", ..draft() }.write())
                .replace("<soap:Header>", "<soap:Header><x Id=\"_a1\"/>"),
            ours,
            Refusal::DuplicateId,
        ),
    ];
    for (name, message, setting, expected) in cases {
        assert_eq!(read(&message, setting), Err(expected), "{name}");
    }
}

#[test]
fn what_was_changed_in_an_assertion_is_refused() {
    let good = Draft::new().write();
    for (name, broken) in [
        ("the user", good.replace("899900063480", "899900063481")),
        ("an attribute", good.replace(">4.0<", ">4.1<")),
        (
            "a confirmation taken in",
            good.replace("</saml:NameID>", &format!("</saml:NameID>{}", confirmation("bearer", ""))),
        ),
    ] {
        assert_ne!(broken, good, "{name}: the case changes nothing");
        let refused = read(&beside(&broken), Setting::default());
        assert!(
            matches!(refused, Err(Refusal::AssertionSignature(VerifyError::DigestValue { .. }))),
            "{name}: {refused:?}"
        );
    }
}

/// SAMLRaider's XSW3 to 8 (attack catalogue 4): the signed assertion is kept somewhere, an evil one stands in its place.
#[test]
fn no_wrapping_makes_an_unsigned_assertion_readable() {
    let good = Draft::new().write();
    let from = good.find("<ds:Signature ").unwrap();
    let to = good.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = &good[from..to];
    let bare = good.replace(signature, "");
    let mut tried = 0;
    for same_id in [true, false] {
        let evil = bare.replace("899900063480", "666");
        let evil = if same_id { evil } else { evil.replace("_a1", "_evil") };
        let signed_evil = evil.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
        let inside = |object: &str| {
            signature.replace("</ds:Signature>", &format!("<ds:Object>{object}</ds:Object></ds:Signature>"))
        };
        let first = |content: &str| evil.replacen("</saml:Issuer>", &format!("</saml:Issuer>{content}"), 1);
        for (name, attack) in [
            ("evil before", format!("{evil}{good}")),
            ("evil after", format!("{good}{evil}")),
            ("signed one in the evil one", first(&good)),
            ("signature moved to the evil one", signed_evil.clone()),
            ("both, signature moved", format!("{signed_evil}{bare}")),
            ("signed one in ds:Object", first(&inside(&good))),
            ("bare one in ds:Object", first(&inside(&bare))),
            ("evil one in the signed one's ds:Object", good.replace(signature, &inside(&evil))),
            (
                "signed one in Advice",
                evil.replace(
                    "<saml:AuthnStatement",
                    &format!("<saml:Advice>{good}</saml:Advice><saml:AuthnStatement"),
                ),
            ),
            ("signed one in an attribute", evil.replacen("4.0", &good, 1)),
            ("signed one under a wrapper", format!("{signed_evil}<w xmlns=\"urn:w\">{bare}</w>")),
        ] {
            let got = read(&beside(&attack), Setting::default());
            assert!(got.is_err(), "{name}, same ID {same_id}: {got:?}");
            tried += 1;
        }
        // the bare one in another header, which the moved signature refers to
        let elsewhere = beside(&signed_evil)
            .replace("<soap:Header>", &format!("<soap:Header><w xmlns=\"urn:w\">{bare}</w>"));
        assert!(read(&elsewhere, Setting::default()).is_err(), "in another header, same ID {same_id}");
        tried += 1;
    }
    assert_eq!(tried, 24);
}

#[test]
fn the_certificate_of_another_application_s_signer_is_checked_too() {
    let message = beside(&Draft { signer: Some(&pki().revoked), ..Draft::new() }.write());
    assert_eq!(read(&message, Setting::default()), Err(Refusal::AssertionSigner));
    let document = crate::parse(&message);
    let application = [certificate(&pki().revoked)];
    let rules = AssertionRules {
        required: false,
        unsigned_allowed: false,
        check_structure: false,
        audience: AUDIENCE,
        recipients: &[],
        clock_skew: SignedDuration::from_mins(1),
        application: &application,
        issuers: &[],
    };
    let (ca, now) = (Certificate::from_pem(pki().ca.certificate_pem.as_bytes()).unwrap(), testkit::instant());
    let list = rustls_list();
    let trust = xmlsec::TrustAnchors::new(&ca, &[list], xmlsec::RevocationPolicy::UnknownAllowed).unwrap();
    let unspent = Received::read(&document).unwrap().verify(&POLICY, &trust, now).unwrap();
    let refused = unspent.with_assertion(&rules, &trust, now).err();
    assert_eq!(refused, Some(Refusal::AssertionCertificate(PathError::Revoked)));
}

/// The test authority's list as DER.
fn rustls_list() -> Vec<u8> {
    let text: String = pki().crl.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64.decode(text).unwrap()
}

#[derive(Default)]
struct Memory(Mutex<HashSet<[u8; 32]>>);

impl ReplayGuard for Memory {
    async fn admit(&self, entry: ReplayEntry) -> Result<Admission, GuardUnavailable> {
        Ok(if self.0.lock().unwrap().insert(entry.key) { Admission::First } else { Admission::Seen })
    }
}

#[tokio::test]
async fn an_assertion_serves_for_one_message() {
    let (guard, now) = (Memory::default(), testkit::instant());
    let spend = async |text: &str, assertion: &Draft| {
        let message =
            message(text, now).replace("</wsse:Security>", &format!("{}</wsse:Security>", assertion.write()));
        let document = crate::parse(&message);
        let rules = AssertionRules {
            required: true,
            unsigned_allowed: false,
            check_structure: false,
            audience: AUDIENCE,
            recipients: &[],
            clock_skew: SignedDuration::from_mins(1),
            application: &[],
            issuers: &[],
        };
        let unspent = Received::read(&document).unwrap().verify(&POLICY, &test_anchors(), now).unwrap();
        let unspent = unspent.with_assertion(&rules, &test_anchors(), now).unwrap();
        unspent.spend(&guard).await.unwrap().map(|opened| crate::body_text(&opened))
    };
    let (first, second) = (Draft::new(), Draft { id: "_a2", ..Draft::new() });
    assert_eq!(spend("un", &first).await, Ok("un".to_owned()));
    assert_eq!(spend("deux", &first).await, Err(Refusal::AssertionReplayed));
    assert_eq!(spend("trois", &second).await, Ok("trois".to_owned()));
}

#[test]
fn what_we_write_is_believed() {
    for confirmation in
        [Confirmation::None, Confirmation::Bearer, Confirmation::SenderVouches, Confirmation::HolderOfKey]
    {
        let assertion = wss::UserAssertion {
            confirmation,
            name_id: "dupond & fils".to_owned(),
            authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password".to_owned(),
            attributes: vec![("Authentification_Mode".to_owned(), "INDIRECTE".to_owned())],
        };
        let sealing = wss::Sealing { assertion: Some(assertion), ..wss::Sealing::default() };
        let partner = crate::identity(&pki().partner);
        let sealed = wss::seal(&partner, &sealing, testkit::instant(), &mut testkit::rng(1), |w| {
            w.element("t", "urn:test", "Ping", "bonjour");
        });
        let sealed = String::from_utf8(sealed.unwrap()).unwrap();
        let read = read(&sealed, Setting { required: true, ..Setting::default() }).unwrap().unwrap();
        assert_eq!((read.confirmation(), read.name_id()), (confirmation, "dupond & fils"));
        assert_eq!(read.attribute("authentification_mode"), ["INDIRECTE"]);
    }
}
