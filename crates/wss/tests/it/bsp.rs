//! WS-I Basic Security Profile 1.1, rule by rule: a message that breaks one rule and nothing else, and our stance. The table
//! of docs/conformite.md is held against this one.

use wss::ns;

use crate::{message, open};

const CONFORMITE: &str = include_str!("../../../../docs/conformite.md");

/// What becomes of a message that breaks the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stance {
    /// It is refused.
    Enforced,
    /// It is read: a stack in use breaks the rule, and nothing is weaker for it.
    Tolerated,
}
use Stance::{Enforced as E, Tolerated as T};

type Break = fn(&str) -> String;

/// The part of a message from `start` to the first `end` after it, both included.
fn part<'m>(message: &'m str, start: &str, end: &str) -> &'m str {
    let from = message.find(start).unwrap();
    let to = message[from..].find(end).unwrap() + from + end.len();
    &message[from..to]
}

fn token(m: &str) -> &str {
    part(m, "<wsse:BinarySecurityToken", "</wsse:BinarySecurityToken>")
}

/// KeyInfo and the token stand outside what is signed, so that one signature serves for every row about them.
fn reference(m: &str, to: &str) -> String {
    let own = part(m, "<wsse:SecurityTokenReference", "</wsse:SecurityTokenReference>");
    m.replace(own, &format!("<wsse:SecurityTokenReference>{to}</wsse:SecurityTokenReference>"))
}

fn identifier(m: &str, attributes: &str) -> String {
    let value = part(m, ">MII", "<").trim_matches(['>', '<']).to_owned();
    reference(m, &format!("<wsse:KeyIdentifier {attributes}>{value}</wsse:KeyIdentifier>"))
}

const RULES: &[(&str, Stance, Break)] = &[
    // --- SecurityHeader and Timestamp
    ("R3227", E, |m| {
        m.replace(
            "</wsu:Timestamp>",
            "</wsu:Timestamp><wsu:Timestamp><wsu:Created>2026-11-20T09:00:00Z</wsu:Created></wsu:Timestamp>",
        )
    }),
    ("R3203", E, |m| m.replace(part(m, "<wsu:Created>", "</wsu:Created>"), "")),
    ("R3224", E, |m| {
        m.replace("</wsu:Timestamp>", "<wsu:Expires>2026-11-20T09:01:00Z</wsu:Expires></wsu:Timestamp>")
    }),
    ("R3221", E, |m| m.replace("T09:05:00.000Z</wsu:Expires>", "T08:05:00.000Z</wsu:Expires>")),
    ("R3222", E, |m| m.replace("</wsu:Timestamp>", "<wsu:Received/></wsu:Timestamp>")),
    ("R3213", E, |m| m.replace("T09:00:00.000Z</wsu:Created>", "T09:00:60.000Z</wsu:Created>")),
    ("R3217", E, |m| m.replace("T09:00:00.000Z</wsu:Created>", "T09:00:00.000</wsu:Created>")),
    // --- SecurityTokenReference
    ("R3061", E, |m| m.replace("</wsse:Reference>", "</wsse:Reference><wsse:Reference URI=\"#x\"/>")),
    ("R3057", E, |m| {
        let own = part(m, "<wsse:SecurityTokenReference", "</wsse:SecurityTokenReference>").to_owned();
        let named =
            own.replace("<wsse:SecurityTokenReference", "<wsse:SecurityTokenReference wsu:Id=\"STR\"");
        m.replace(
            &own,
            "<wsse:SecurityTokenReference><wsse:Reference URI=\"#STR\"/></wsse:SecurityTokenReference>",
        )
        .replace("</wsse:Security>", &format!("{named}</wsse:Security>"))
    }),
    ("R3056", E, |m| {
        let own = part(m, "<wsse:SecurityTokenReference", "</wsse:SecurityTokenReference>").to_owned();
        reference(m, &format!("<wsse:Embedded>{own}</wsse:Embedded>"))
    }),
    ("R3059", T, |m| {
        let own = part(m, "<wsse:Reference ", ">");
        m.replace(own, &own.replace(&format!(" ValueType=\"{}\"", ns::X509V3), ""))
    }),
    ("R3058", E, |m| {
        let own = part(m, "<wsse:Reference ", ">");
        m.replace(own, &own.replace(ns::X509V3, ns::X509_PKI_PATH_V1))
    }),
    ("R3062", E, |m| {
        let own = part(m, "<wsse:Reference ", ">");
        m.replace(own, "<wsse:Reference>")
    }),
    ("R3027", E, |m| reference(m, "<ds:KeyName>partner</ds:KeyName>")),
    ("R3054", E, |m| identifier(m, &format!("EncodingType=\"{}\"", ns::BASE64_BINARY))),
    ("R3063", E, |m| identifier(m, "ValueType=\"urn:other\"")),
    ("R3070", T, |m| identifier(m, &format!("ValueType=\"{}\"", ns::X509V3))),
    ("R3071", E, |m| identifier(m, &format!("ValueType=\"{}\" EncodingType=\"urn:hex\"", ns::X509V3))),
    ("R3060", E, |m| reference(m, "<wsse:Embedded></wsse:Embedded>")),
    ("R3025", E, |m| {
        let embedded = token(m).replace("wsu:Id=\"", "wsu:Id=\"E");
        reference(
            m,
            &format!(
                "<wsse:Embedded>{embedded}{}</wsse:Embedded>",
                embedded.replace("wsu:Id=\"E", "wsu:Id=\"F")
            ),
        )
    }),
    ("R5205", T, |m| {
        let own = token(m).to_owned();
        m.replace(&own, "").replace("</wsse:Security>", &format!("{own}</wsse:Security>"))
    }),
    ("R3066", E, |m| {
        let own = token(m).to_owned();
        let other = format!("<wsse:Security soap:role=\"urn:x\">{own}</wsse:Security></soap:Header>");
        m.replace(&own, "").replace("</soap:Header>", &other)
    }),
    // --- BinarySecurityToken
    ("R3029", T, |m| {
        m.replace(token(m), &token(m).replace(&format!("EncodingType=\"{}\" ", ns::BASE64_BINARY), ""))
    }),
    ("R3030", E, |m| m.replace(token(m), &token(m).replace(ns::BASE64_BINARY, "urn:hex"))),
    ("R3031", E, |m| {
        let bare = m.replace(&format!(" ValueType=\"{}\"", ns::X509V3), "");
        assert_eq!(bare.matches("ValueType").count(), 0);
        bare
    }),
    ("R3032", E, |m| m.replace(ns::X509V3, "urn:other")),
    ("R5206", T, |m| {
        identifier(m, &format!("ValueType=\"{}\" EncodingType=\"{}\"", ns::X509V3, ns::BASE64_BINARY))
    }),
    // --- Signature
    ("R3102", E, |m| m.replace("</ds:Signature>", "<ds:Object/></ds:Signature>")),
    ("R3001", E, |m| m.replace("<ds:Reference URI=\"#B-", "<ds:Reference URI=\"http://evil.example/#B-")),
    ("R5416", E, |m| m.replace(part(m, "<ds:Transform ", "</ds:Transform>"), "")),
    ("R5411", E, |m| m.replacen(part(m, "<ds:Transforms>", "</ds:Transforms>"), "", 1)),
    ("R5423", E, |m| {
        m.replacen(
            "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">",
            "<ds:Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2\">",
            1,
        )
    }),
    ("R5412", E, |m| {
        m.replacen(
            "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">",
            "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\">",
            1,
        )
    }),
    ("R5404", E, |m| {
        m.replace(
            "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">",
            "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\">",
        )
    }),
    ("R5401", E, |m| {
        m.replace(
            "</ds:SignatureMethod>",
            "<ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>",
        )
    }),
    ("R5402", E, |m| m.replace("</ds:KeyInfo>", "<ds:KeyName>x</ds:KeyName></ds:KeyInfo>")),
    ("R5417", T, |m| {
        let own = part(m, "<wsse:SecurityTokenReference", "</wsse:SecurityTokenReference>");
        let value = part(m, ">MII", "<").trim_matches(['>', '<']).to_owned();
        m.replace(
            own,
            &format!("<ds:X509Data><ds:X509Certificate>{value}</ds:X509Certificate></ds:X509Data>"),
        )
    }),
    ("R5440", E, |m| {
        m.replace(
            "</ds:Signature>",
            &format!("<xenc:EncryptedData xmlns:xenc=\"{}\"/></ds:Signature>", ns::XENC),
        )
    }),
];

/// A holder-of-key message whose signature refers to its assertion by KeyIdentifier, as CXF writes it (R6610 tolerated).
fn by_assertion() -> String {
    use wss::Confirmation::HolderOfKey;
    let partner = crate::identity(&testkit::pki::pki().partner);
    let assertion = Some(crate::encryption::assertion(HolderOfKey));
    let sealing = wss::Sealing { assertion, ..wss::Sealing::default() };
    let sealed = wss::seal(&partner, &sealing, testkit::instant(), &mut testkit::rng(4), |w| {
        w.element("t", "urn:test", "Ping", "bonjour");
    });
    let sealed = String::from_utf8(sealed.unwrap()).unwrap();
    reference(&sealed, &saml_identifier(&sealed))
}

fn assertion_id(m: &str) -> &str {
    let from = m.find(" ID=\"").unwrap() + " ID=\"".len();
    m[from..].split('"').next().unwrap()
}

fn saml_identifier(m: &str) -> String {
    let (value_type, id) = (ns::SAML_ID, assertion_id(m));
    format!("<wsse:KeyIdentifier ValueType=\"{value_type}\">{id}</wsse:KeyIdentifier>")
}

/// The reference with a TokenType.
fn typed(m: &str, token_type: &str) -> String {
    let wsse11 = ns::WSSE11;
    m.replace(
        "<wsse:SecurityTokenReference>",
        &format!("<wsse:SecurityTokenReference xmlns:wsse11=\"{wsse11}\" wsse11:TokenType=\"{token_type}\">"),
    )
}

/// Of messages that [`by_assertion`] makes.
const SAML_RULES: &[(&str, Stance, Break)] = &[
    ("R6601", E, |m| {
        let own = part(m, "<saml:SubjectConfirmationData>", "</saml:SubjectConfirmationData>").to_owned();
        let data = part(&own, "<ds:X509Data", "</ds:X509Data>").to_owned();
        m.replace(
            &own,
            &own.replace(
                &data,
                &format!("<wsse:SecurityTokenReference>{}</wsse:SecurityTokenReference>", saml_identifier(m)),
            ),
        )
    }),
    ("R6617, R6611", E, |m| {
        typed(m, "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1")
    }),
    ("R6614", T, |m| {
        reference(m, &format!("<wsse:Reference URI=\"#{}\" ValueType=\"{}\"/>", assertion_id(m), ns::SAML_ID))
    }),
    ("R6602, R6609, R6616", E, |m| m.replace(ns::SAML_ID, "urn:other")),
    ("R6604, R6605", T, |m| {
        m.replace(
            "<wsse:KeyIdentifier ",
            &format!("<wsse:KeyIdentifier EncodingType=\"{}\" ", ns::BASE64_BINARY),
        )
    }),
    ("R6610", T, |m| typed(m, ns::SAML_V20)),
    ("R6612", E, |m| {
        let own = part(m, "<saml:Assertion ", "</saml:Assertion>").to_owned();
        reference(&m.replace(&own, ""), &format!("<wsse:Embedded>{own}</wsse:Embedded>"))
    }),
    ("R6606, R6607, R6608, R6613", E, |m| {
        reference(m, &format!("<wsse:Reference URI=\"https://idp.example/{}\"/>", assertion_id(m)))
    }),
];

fn encrypted() -> String {
    crate::encryption::signed_first(crate::encryption::gcm(), None)
}

/// Of messages that [`encrypted`] makes.
const ENCRYPTION_RULES: &[(&str, Stance, Break)] = &[
    ("R3228", E, |m| {
        let data = part(m, "<xenc:EncryptedData ", "</xenc:EncryptedData>").replace("Id=\"ED-", "Id=\"EX-");
        m.replace("<soap:Header>", &format!("<soap:Header>{data}"))
    }),
    ("R3230, R5614, R5624, R5627", E, |m| {
        let header = format!("<wsse11:EncryptedHeader xmlns:wsse11=\"{}\"/>", ns::WSSE11);
        m.replace("<soap:Header>", &format!("<soap:Header>{header}"))
    }),
    ("R3208", E, |m| {
        let key = part(m, "<xenc:EncryptedKey ", "</xenc:EncryptedKey>").to_owned();
        m.replace(&key, "").replace("</soap:Body>", &format!("</soap:Body>{key}"))
    }),
    ("R3209, R5622, R5623, R5602", T, |m| {
        m.replace(
            "<xenc:EncryptedKey ",
            "<xenc:EncryptedKey MimeType=\"text/xml\" Encoding=\"urn:x\" Recipient=\"vtpa\" Type=\"urn:x\" ",
        )
    }),
    ("R5603", E, |m| {
        let data = part(m, "<xenc:EncryptedData ", "</xenc:EncryptedData>").to_owned();
        m.replace(
            &data,
            &data.replace(part(&data, "<xenc:EncryptionMethod ", "</xenc:EncryptionMethod>"), ""),
        )
    }),
    ("R5601", E, |m| m.replacen(part(m, "<xenc:EncryptionMethod ", "</xenc:EncryptionMethod>"), "", 1)),
    ("R5424", E, |m| {
        let data = part(m, "<xenc:EncryptedData ", "</xenc:EncryptedData>").to_owned();
        m.replace(&data, &data.replace("</ds:KeyInfo>", "<ds:KeyName>x</ds:KeyName></ds:KeyInfo>"))
    }),
    ("R5426", E, |m| {
        let data = part(m, "<xenc:EncryptedData ", "</xenc:EncryptedData>").to_owned();
        let own = part(&data, "<wsse:SecurityTokenReference", "</wsse:SecurityTokenReference>");
        m.replace(&data, &data.replace(own, "<ds:KeyName>x</ds:KeyName>"))
    }),
    ("R5629", E, |m| m.replace(part(m, "<xenc:ReferenceList>", "</xenc:ReferenceList>"), "")),
    ("R3205, R3231", E, |m| {
        let list = part(m, "<xenc:ReferenceList>", "</xenc:ReferenceList>").to_owned();
        let outside = list
            .replace("<xenc:ReferenceList>", &format!("<xenc:ReferenceList xmlns:xenc=\"{}\">", ns::XENC));
        m.replace(&list, "").replace("<ds:Signature ", &format!("{outside}<ds:Signature "))
    }),
    ("R3214, R5608", E, |m| m.replace("<xenc:DataReference URI=\"#", "<xenc:DataReference URI=\"http://x/#")),
    ("R3006, R5613, R3007", E, |m| {
        let one = part(m, "<xenc:DataReference ", "</xenc:DataReference>").to_owned();
        m.replace(&one, &format!("{one}{one}"))
    }),
    ("R5620", E, |m| {
        m.replace(
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        )
    }),
    ("R5621", E, |m| m.replace("xmlenc#rsa-oaep-mgf1p", "xmlenc#rsa-1_5")),
];

#[test]
fn each_rule_on_assertions_and_encryption_has_its_stance() {
    let read_saml = |m: &str| crate::encryption::read(m, false, |opened| opened.assertion().is_some());
    let read_encrypted = |m: &str| crate::encryption::read(m, false, |_| true);
    type Read<'r> = &'r dyn Fn(&str) -> Result<bool, wss::Refusal>;
    let (saml, encryption): (Read<'_>, Read<'_>) = (&read_saml, &read_encrypted);
    for (rules, good, read) in
        [(SAML_RULES, by_assertion(), saml), (ENCRYPTION_RULES, encrypted(), encryption)]
    {
        assert_eq!(read(&good), Ok(true));
        for (rule, stance, break_it) in rules {
            let broken = break_it(&good);
            assert_ne!(broken, good, "{rule}: the row changes nothing");
            let read = read(&broken);
            println!("{rule} {stance:?}: {read:?}");
            assert_eq!(read.is_ok(), *stance == T, "{rule}: {read:?}");
        }
    }
}

#[test]
fn each_rule_of_the_basic_security_profile_has_its_stance() {
    let now = testkit::instant();
    let good = message("bonjour", now);
    assert_eq!(open(&good, now), Ok("bonjour".to_owned()));
    for (rule, stance, break_it) in RULES {
        let broken = break_it(&good);
        assert_ne!(broken, good, "{rule}: the row changes nothing");
        let read = open(&broken, now);
        println!("{rule} {stance:?}: {read:?}");
        assert_eq!(read.is_ok(), *stance == T, "{rule}: {read:?}");
    }
}

#[test]
fn the_document_tells_the_same_stances() {
    let told: Vec<(&str, &str)> = CONFORMITE
        .lines()
        .filter_map(|line| line.strip_prefix("| R"))
        .map(|row| {
            let mut cells = row.split('|').map(str::trim);
            (cells.next().unwrap(), cells.nth(1).unwrap())
        })
        .filter(|(_, stance)| matches!(*stance, "exigée" | "tolérée"))
        .collect();
    let tried: Vec<(&str, &str)> = RULES
        .iter()
        .chain(SAML_RULES)
        .chain(ENCRYPTION_RULES)
        .map(|(rule, stance, _)| (&rule[1..], if *stance == E { "exigée" } else { "tolérée" }))
        .collect();
    assert_eq!(told, tried);
}
