//! What is wrong as it stands.

use jiff::SignedDuration;
use testkit::pki::pki;
use wss::ns;

use super::Row;
use super::program::{Program, program};
use crate::saml::{Draft, beside};

macro_rules! vector {
    ($file:literal) => {
        include_str!(concat!("../../vectors/", $file, ".xml")).to_owned()
    };
}

fn cut(message: &str, start: &str, end: &str) -> String {
    let from = message.find(start).unwrap();
    let to = message[from..].find(end).unwrap() + from + end.len();
    format!("{}{}", &message[..from], &message[to..])
}

fn between(message: &str, start: &str, end: &str) -> String {
    let from = message.find(start).unwrap() + start.len();
    let to = message[from..].find(end).unwrap() + from;
    message[from..to].to_owned()
}

pub(super) fn envelopes() -> Vec<Row> {
    let row = |id, title, program: Program| Row::new(program.stack, id, title, program.send());
    let latin_1 = {
        let message = program("PHP").send().replace("bonjour", "H\u{e9}l\u{e8}ne");
        message.chars().map(|c| c as u8).collect::<Vec<u8>>()
    };
    vec![
        row(
            "VTPA-SEC-001",
            "XML joined from strings, with an & in a value",
            Program { after: |message| message.replace("bonjour", "Dupont & fils"), ..program("PHP") },
        ),
        Row::new("PHP", "VTPA-SEC-001", "ISO 8859-1 sent as UTF-8", latin_1),
        row(
            "VTPA-SEC-001",
            "a DOCTYPE before the envelope",
            Program { after: |message| format!("<!DOCTYPE x>{message}"), ..program("") },
        ),
        Row::new("", "VTPA-SEC-002", "the bare content without an envelope", "<Ping xmlns=\"urn:test\"/>"),
        Row::recorded(
            "node-soap",
            "VTPA-SEC-003",
            "a SOAP 1.1 envelope, the stack's default",
            vector!("node_soap_soap11_on_soap12_wsdl"),
        ),
        Row::new(
            "PHP",
            "VTPA-SEC-003",
            "new SoapClient without soap_version",
            program("PHP")
                .send()
                .replace("env:", "SOAP-ENV:")
                .replace("xmlns:env", "xmlns:SOAP-ENV")
                .replace("xmlns:t=", "xmlns:ns1=\"urn:test\" xmlns:t=")
                .replace(ns::SOAP, ns::SOAP_11),
        ),
        row(
            "VTPA-SEC-004",
            "two Bodies",
            Program {
                after: |m| m.replace("</s:Envelope>", "<s:Body><x/></s:Body></s:Envelope>"),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-005",
            "a WS-ReliableMessaging header that must be understood",
            Program {
                after: |m| {
                    m.replace("<soap:Header>", "<soap:Header><r:Sequence xmlns:r=\"http://docs.oasis-open.org/ws-rx/wsrm/200702\" soap:mustUnderstand=\"1\"/>")
                },
                ..program("CXF")
            },
        ),
        row(
            "VTPA-SEC-006",
            "an answer wanted at another address",
            Program {
                after: |m| {
                    m.replace("<s:Header>", "<s:Header><a:ReplyTo xmlns:a=\"http://www.w3.org/2005/08/addressing\"><a:Address>http://poste-12:8080/rappel</a:Address></a:ReplyTo>")
                },
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-007",
            "no security at all",
            Program { after: |m| cut(&m, "<wsse:Security", "</wsse:Security>"), ..program("zeep") },
        ),
        row(
            "VTPA-SEC-007",
            "a Security header with a role",
            Program {
                edit: |m| m.replace("soap:mustUnderstand=\"1\"", "soap:role=\"urn:viatrajectoire\""),
                ..program("CXF")
            },
        ),
        row(
            "VTPA-SEC-008",
            "two Security headers, of an interceptor and of the policy",
            Program {
                after: |m| {
                    m.replace(
                        "</soap:Header>",
                        &format!("<wsse:Security xmlns:wsse=\"{}\"/></soap:Header>", ns::WSSE),
                    )
                },
                ..program("CXF")
            },
        ),
        row(
            "VTPA-SEC-009",
            "a comment of a template in Security",
            Program {
                edit: |m| m.replace("<wsu:Timestamp", "<!-- horodatage --><wsu:Timestamp"),
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-010",
            "addUserToken beside the signature",
            Program {
                edit: |m| m.replace("<wsu:Timestamp", "<wsse:UsernameToken/><wsu:Timestamp"),
                ..program("PHP")
            },
        ),
    ]
}

pub(super) fn timestamps() -> Vec<Row> {
    let row = |id, title, program: Program| Row::new(program.stack, id, title, program.send());
    vec![
        Row::recorded(
            "zeep",
            "VTPA-SEC-012",
            "no Timestamp, the stack's default",
            vector!("zeep_BinarySignature_sha256"),
        ),
        row(
            "VTPA-SEC-013",
            "Created without a zone",
            Program { edit: |m| m.replace("Z</wsu:Created>", "</wsu:Created>"), ..program("PHP") },
        ),
        row(
            "VTPA-SEC-014",
            "Expires in UTC, Created in local time",
            Program { times: (0, -3300), ..program("") },
        ),
        row(
            "VTPA-SEC-111",
            "date() and a Z in winter: an hour ahead",
            Program { times: (3600, 3900), ..program("PHP") },
        ),
        row(
            "VTPA-SEC-111",
            "DateTime.Now and a Z in summer: two hours ahead",
            Program { times: (7200, 7500), ..program(".NET") },
        ),
        row(
            "VTPA-SEC-111",
            "UTC taken for local time and converted once more: an hour behind",
            Program { times: (-3600, -3300), ..program("CXF") },
        ),
        row(
            "VTPA-SEC-015",
            "a clock that is 100 seconds fast",
            Program { times: (100, 400), ..program("gSOAP") },
        ),
        row(
            "VTPA-SEC-016",
            "signed once, sent again after ten minutes",
            Program { times: (-600, 3000), ..program("node-soap") },
        ),
        row(
            "VTPA-SEC-017",
            "a life of 30 seconds and a slow sender",
            Program { times: (-40, -10), ..program("CXF") },
        ),
    ]
}

pub(super) fn signatures() -> Vec<Row> {
    let row = |id, title, program: Program| Row::new(program.stack, id, title, program.send());
    vec![
        row(
            "VTPA-SEC-019",
            "the action is Timestamp alone",
            Program { after: |m| cut(&m, "<ds:Signature ", "</ds:Signature>"), ..program("CXF") },
        ),
        row(
            "VTPA-SEC-020",
            "Body and Timestamp in two signatures",
            Program {
                after: |m| {
                    let signature = between(&m, "<ds:Signature ", "</ds:Signature>");
                    m.replace(
                        "</wsse:Security>",
                        &format!("<ds:Signature {signature}</ds:Signature></wsse:Security>"),
                    )
                },
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-021",
            "only the Timestamp is signed, as TLS client modes do",
            Program {
                edit: |m| cut(&m, "<ds:Reference URI=\"#B-1\">", "</ds:Reference>"),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-022",
            "only the Body is signed",
            Program {
                edit: |m| cut(&m, "<ds:Reference URI=\"#TS-1\">", "</ds:Reference>"),
                ..program("CXF")
            },
        ),
        row(
            "VTPA-SEC-114",
            "the wsu:Id and the signature are on the child of the Body",
            Program {
                body: "<t:Ping xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" wsu:Id=\"B-1\">bonjour</t:Ping>",
                edit: |m| m.replacen(" wsu:Id=\"B-1\"><t:Ping", "><t:Ping", 1),
                digest: |body| {
                    super::program::sha256(super::program::exclusive(body.children().next().unwrap()))
                },
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-011",
            "a Body with both wsu:Id and Id",
            Program {
                edit: |m| m.replace(" wsu:Id=\"B-1\"", " wsu:Id=\"B-1\" Id=\"B-2\""),
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-112",
            "the Body's Id is _1 like the Timestamp's (node-soap issue 1381)",
            Program {
                edit: |m| {
                    m.replace("\"TS-1\"", "\"_1\"")
                        .replace("\"B-1\"", "\"_1\"")
                        .replace("#TS-1", "#_1")
                        .replace("#B-1", "#_1")
                },
                ..program("node-soap")
            },
        ),
        row(
            "VTPA-SEC-113",
            "an attribute id on the Body",
            Program { edit: |m| m.replace(" wsu:Id=\"B-1\"", " id=\"B-1\""), ..program(".NET") },
        ),
        row(
            "VTPA-SEC-037",
            "the Id was dropped by a serialiser",
            Program { after: |m| m.replace(" wsu:Id=\"B-1\"", ""), ..program("CXF") },
        ),
        row(
            "VTPA-SEC-036",
            "URI=\"\": the whole document",
            Program { edit: |m| m.replace("URI=\"#B-1\"", "URI=\"\""), ..program("PHP") },
        ),
        Row::recorded(
            "zeep",
            "VTPA-SEC-031",
            "RSA-SHA1, the stack's default",
            vector!("zeep_BinarySignature_default"),
        ),
        Row::recorded(
            "PHP",
            "VTPA-SEC-031",
            "RSA-SHA1, the stack's default",
            vector!("php_wse_default_sha1"),
        ),
        Row::recorded(
            "PHP",
            "VTPA-SEC-032",
            "RSA-SHA256 with SHA-1 digests",
            vector!("php_wse_rsa256_digest_sha1"),
        ),
        row(
            "VTPA-SEC-033",
            "inclusive C14N for SignedInfo",
            Program {
                edit: |m| {
                    m.replace("<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"", "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"")
                },
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-034",
            "a Reference with an XPath transform",
            Program {
                edit: |m| {
                    m.replacen(
                        "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
                        "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"",
                        1,
                    )
                },
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-041",
            "a DigestValue that was cut to the column's length in a database",
            Program {
                digest: |body| super::program::sha256(super::program::exclusive(body))[..31].to_owned(),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-044",
            "a namespace that is a bare word",
            Program { after: |m| m.replace("urn:test", "viatrajectoire"), ..program("PHP") },
        ),
        row(
            "VTPA-SEC-030",
            "ds:Object in the signature",
            Program {
                edit: |m| m.replace("</ds:Signature>", "<ds:Object/></ds:Signature>"),
                ..program(".NET")
            },
        ),
    ]
}

pub(super) fn keys() -> Vec<Row> {
    let row = |id, title, program: Program| Row::new(program.stack, id, title, program.send());
    let named = |id: &'static str, title, edit: fn(String) -> String, stack| {
        row(id, title, Program { edit, ..program(stack) })
    };
    vec![
        named(
            "VTPA-SEC-023",
            "KeyInfo with a KeyName",
            |m| {
                let key_info = between(&m, "<ds:KeyInfo>", "</ds:KeyInfo>");
                m.replace(&key_info, "<ds:KeyName>client</ds:KeyName>")
            },
            "gSOAP",
        ),
        named(
            "VTPA-SEC-024",
            "the Reference of KeyInfo names no token",
            |m| m.replace("<wsse:Reference URI=\"#pfx1\"", "<wsse:Reference URI=\"#pfx2\""),
            "PHP",
        ),
        named(
            "VTPA-SEC-026",
            "the PEM lines stand in the token",
            |m| {
                let token = between(&m, "#X509v3\">", "</wsse:Bin");
                m.replace(
                    &token,
                    &format!("-----BEGIN CERTIFICATE-----\n{token}\n-----END CERTIFICATE-----\n"),
                )
            },
            "PHP",
        ),
        named(
            "VTPA-SEC-025",
            "a key identifier of a certificate that was never registered",
            |m| {
                let reference =
                    between(&m, "<wsse:SecurityTokenReference>", "</wsse:SecurityTokenReference>");
                m.replace(
                    &reference,
                    &format!("<wsse:KeyIdentifier ValueType=\"{}\">AAECAwQFBgcICQoLDA0ODxAREhM=</wsse:KeyIdentifier>", ns::X509_SKI),
                )
            },
            "CXF",
        ),
        row(
            "VTPA-SEC-040",
            "rsa-sha256 with the certificate of an elliptic curve",
            Program {
                token: &pki().ec,
                edit: |m| m.replace("#ecdsa-sha256", "#rsa-sha256"),
                ..program("CXF")
            },
        ),
        row(
            "VTPA-SEC-050",
            "a certificate of one's own authority",
            Program { key: &pki().wrong_ca, token: &pki().wrong_ca, ..program("PHP") },
        ),
        row(
            "VTPA-SEC-051",
            "a certificate that has expired",
            Program { key: &pki().expired, token: &pki().expired, ..program(".NET") },
        ),
        row(
            "VTPA-SEC-052",
            "a certificate that is not yet valid",
            Program { key: &pki().not_yet_valid, token: &pki().not_yet_valid, ..program("") },
        ),
        row(
            "VTPA-SEC-055",
            "a certificate for key agreement alone",
            Program { key: &pki().no_signature_usage, token: &pki().no_signature_usage, ..program("") },
        ),
    ]
}

pub(super) fn assertions() -> Vec<Row> {
    let day = SignedDuration::from_hours(24).as_secs();
    let row = |id, title, draft: Draft| Row::new("", id, title, beside(&draft.write()));
    let other = "C=FR, O=Autre, CN=autre".to_owned();
    vec![
        Row { required: true, ..Row::new("", "VTPA-SEC-060", "no assertion where one is required", program("").send()) },
        row("VTPA-SEC-062", "a SAML 1.1 assertion under the name of 2.0", Draft { version: "1.1", ..Draft::new() }),
        row("VTPA-SEC-063", "an assertion without a signature of its own", Draft { signer: None, ..Draft::new() }),
        Row::new(
            "",
            "VTPA-SEC-064",
            "an attribute was changed after the assertion was signed",
            beside(&Draft::new().write().replace("INDIRECTE", "INDIRECTE_RENFORCEE")),
        ),
        Row::new(
            "",
            "VTPA-SEC-094",
            "the assertion was indented on its way into the envelope",
            beside(&Draft::new().write().replace("><saml:", ">\n  <saml:")),
        ),
        Row::new(
            "",
            "VTPA-SEC-061",
            "two assertions",
            beside(&format!("{}{}", Draft::new().write(), Draft { id: "_a2", ..Draft::new() }.write())),
        ),
        row(
            "VTPA-SEC-069",
            "sender-vouches, and the message signature leaves the assertion out",
            Draft { subject: "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:sender-vouches\"/>".to_owned(), ..Draft::new() },
        ),
        row(
            "VTPA-SEC-071",
            "the confirmation method of SAML 1.0",
            Draft { subject: "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:1.0:cm:sender-vouches\"/>".to_owned(), ..Draft::new() },
        ),
        row("VTPA-SEC-072", "IssueInstant in local time with a Z", Draft { issued: 3600, ..Draft::new() }),
        row(
            "VTPA-SEC-074",
            "Conditions that ended a minute and a half ago",
            Draft {
                conditions: "<saml:Conditions NotOnOrAfter=\"2026-11-20T08:58:30Z\"/>".to_owned(),
                issued: -200,
                authn: -200,
                ..Draft::new()
            },
        ),
        row("VTPA-SEC-067", "an assertion that another application signed", Draft { signer: Some(&pki().second), ..Draft::new() }),
        row("VTPA-SEC-068", "Issuer is not the certificate's subject", Draft { issuer: Some(other), ..Draft::new() }),
        row("VTPA-SEC-073", "an assertion of yesterday", Draft { issued: -day, authn: -day, ..Draft::new() }),
        row(
            "VTPA-SEC-075",
            "an AudienceRestriction for another service",
            Draft {
                conditions: "<saml:Conditions><saml:AudienceRestriction><saml:Audience>urn:dmp</saml:Audience></saml:AudienceRestriction></saml:Conditions>".to_owned(),
                ..Draft::new()
            },
        ),
        row(
            "VTPA-SEC-076",
            "Authentification_Mode DIRECTE",
            Draft { attributes: Draft::new().attributes.replace("INDIRECTE", "DIRECTE"), ..Draft::new() },
        ),
    ]
}
