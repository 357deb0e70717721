//! What programs do otherwise than they say, found by trying it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE};
use testkit::pki::pki;
use xmlsec::{DigestMethod, SignatureMethod};

use super::Row;
use super::program::{
    Program, exclusive, inclusive, program, sha256, signature, signature_by, with_prefixes,
};

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha1(text: &str) -> String {
    BASE64.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

fn indent(message: &str) -> String {
    message.replace("><t:", ">\n  <t:").replace("</t:Ping></", "</t:Ping>\n</")
}

/// SignedInfo of the right message, signed by the partner's key with RSA and SHA-1, which no library here does any more:
/// `openssl dgst -sha1 -sign partner.key`.
const BY_SHA1: &str = "WiEOivn8u9FwQ69COeZwafaIX/kFBakWRQeSAVEoUfygyOTIsbj328quMR+eoU30XIJCzhDm40c8xwSZ2dV4oJt6ps57BN2tZ+p1\
    jGcQ61J2j6c+IUYmkfTXusohvH7ZJhRcL4Mll+CBk6i61szELghlu2QbsUApJqZ6BdlA8fw3wTa0QpbAAkR2kV6Z2ZOCshAzCYwZr8KujiCz1KOCQdb/\
    aYdEM+Jq2Ih4j2VuVxbrjo+bteUoBlBPyXkUY6PHHhsMMyta3wMKQf2HfZHJgFPD6t7YnVvyKYShORVp/I/LoatpqbA+aSieOXFLAvK5+cCMj8Fur7GCd1vpuz/cmQ==";

pub(super) fn digests() -> Vec<Row> {
    let row = |id, title, program: Program| Row::new(program.stack, id, title, program.send());
    let accents = "<t:Ping>Hélène</t:Ping>";
    vec![
        row(
            "VTPA-SEC-090",
            "C14N() without $exclusive",
            Program { digest: |body| sha256(inclusive(body)), ..program("PHP") },
        ),
        row(
            "VTPA-SEC-090",
            "etree.tostring(body, method='c14n') without exclusive=True",
            Program { digest: |body| sha256(inclusive(body)), ..program("zeep") },
        ),
        row(
            "VTPA-SEC-091",
            "C14N that keeps comments, and a template with a comment in the Body",
            Program {
                body: "<t:Ping><!-- demande -->bonjour</t:Ping>",
                digest: |body| sha256(exclusive(body).replace("bonjour", "<!-- demande -->bonjour")),
                ..program("zeep")
            },
        ),
        row(
            "VTPA-SEC-092",
            "digested with the PrefixList \"xsd\", which the Transform does not say",
            Program { digest: |body| sha256(with_prefixes(body, &["xsd"])), ..program("CXF") },
        ),
        row(
            "VTPA-SEC-092",
            "the PrefixList stands in the Transform and the digest ignores it (xmlseclibs before 3.1.0)",
            Program {
                edit: |envelope| {
                    envelope.replacen(
                        "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>",
                        "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"><ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"xsd\"/></ds:Transform>",
                        1,
                    )
                },
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-093",
            "the Body is digested, then gets its wsu:Id",
            Program {
                digest: |body| {
                    let form = exclusive(body);
                    let (from, to) = (form.find(" xmlns:wsu").unwrap(), form.find("><t:Ping").unwrap());
                    sha256(format!("{}{}", &form[..from], &form[to..]))
                },
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-094",
            "formatOutput = true when the signed document is saved",
            Program { after: |message| indent(&message), ..program("PHP") },
        ),
        row(
            "VTPA-SEC-094",
            "an indented template is signed, then loaded with preserveWhiteSpace = false",
            Program {
                digest: |body| {
                    sha256(
                        exclusive(body)
                            .replace("><t:Ping ", ">\n    <t:Ping ")
                            .replace("</t:Ping>", "</t:Ping>\n  "),
                    )
                },
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-094",
            "a Transformer with INDENT between signing and the wire",
            Program { after: |message| indent(&message), ..program("CXF") },
        ),
        row(
            "VTPA-SEC-095",
            "a template with the line ends of Windows, digested as a text",
            Program {
                body: "<t:Ping>12 rue de la Paix\nBâtiment B</t:Ping>",
                digest: |body| sha256(exclusive(body).replace('\n', "\r\n")),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-095",
            "a value with CR LF in a DOM whose C14N writes &#xD;",
            Program {
                body: "<t:Ping>12 rue de la Paix\nBâtiment B</t:Ping>",
                digest: |body| sha256(exclusive(body).replace('\n', "&#xD;\n")),
                ..program("node-soap")
            },
        ),
        row(
            "VTPA-SEC-096",
            "createElement and setAttribute('xmlns', …) in place of createElementNS",
            Program {
                body: "<Ping xmlns=\"urn:test\">bonjour</Ping>",
                digest: |body| sha256(exclusive(body).replace(" xmlns=\"urn:test\"", "")),
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-096",
            "the digest writes xmlns=\"\" on an element without a namespace",
            Program {
                body: "<Ping>bonjour</Ping>",
                digest: |body| sha256(exclusive(body).replace("<Ping>", "<Ping xmlns=\"\">")),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-097",
            "C14N of the Body's first child",
            Program { digest: |body| sha256(exclusive(body.children().next().unwrap())), ..program("PHP") },
        ),
        row(
            "VTPA-SEC-098",
            "DigestMethod was set to SHA-256, the function is still sha1",
            Program { digest: |body| sha1(&exclusive(body)), ..program("PHP") },
        ),
        row(
            "VTPA-SEC-098",
            "SHA-512 under the name of SHA-256",
            Program {
                digest: |body| BASE64.encode(DigestMethod::Sha512.digest(exclusive(body).as_bytes())),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-099",
            "hash('sha256', …) without true: DigestValue is hexadecimal",
            Program {
                digest: |body| hex(DigestMethod::Sha256.digest(exclusive(body).as_bytes())),
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-099",
            "base64_encode(hash('sha256', …)): hexadecimal, then base64",
            Program {
                digest: |body| BASE64.encode(hex(DigestMethod::Sha256.digest(exclusive(body).as_bytes()))),
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-099",
            "digest('base64url')",
            Program {
                body: "<t:Ping>bonjour 2</t:Ping>",
                digest: |body| URL_SAFE.encode(DigestMethod::Sha256.digest(exclusive(body).as_bytes())),
                ..program("node-soap")
            },
        ),
        row(
            "VTPA-SEC-100",
            "hash of $doc->saveXML($body)",
            Program {
                body: "<t:Ping  b='2' a='1'/>",
                digest: |body| sha256(&body.document().source()[body.byte_range()]),
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-101",
            "digested in ISO 8859-1",
            Program {
                body: accents,
                digest: |body| sha256(exclusive(body).chars().map(|c| c as u8).collect::<Vec<_>>()),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-101",
            "utf8_encode of what is UTF-8 already, after signing",
            Program {
                body: accents,
                after: |message| message.bytes().map(char::from).collect(),
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-102",
            "the XPath finds no Body and nobody looks",
            Program { digest: |_| sha256(""), ..program("node-soap") },
        ),
        row(
            "VTPA-SEC-038",
            "a value was changed on the way, which no habit explains",
            Program { after: |message| message.replace("bonjour", "bonsoir"), ..program("PHP") },
        ),
    ]
}

pub(super) fn signatures() -> Vec<Row> {
    let row = |id, title, program: Program| Row::new(program.stack, id, title, program.send());
    vec![
        row(
            "VTPA-SEC-103",
            "SignedInfo through C14N() without $exclusive",
            Program { sign: |node, key| signature(key, inclusive_of_envelope(node)), ..program("PHP") },
        ),
        row(
            "VTPA-SEC-104",
            "ds:Signature was indented after it was computed",
            Program {
                after: |message| message.replace("<ds:SignatureMethod", "\n  <ds:SignatureMethod"),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-104",
            "SignedInfo signed as a text",
            Program {
                sign: |node, key| signature(key, &node.document().source()[node.byte_range()]),
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-105",
            "openssl_sign without OPENSSL_ALGO_SHA256: SHA-1 under the name of rsa-sha256",
            Program { sign: |_, _| BY_SHA1.to_owned(), ..program("PHP") },
        ),
        row(
            "VTPA-SEC-105",
            "SHA512withRSA under the name of rsa-sha256",
            Program {
                sign: |node, key| signature_by(key, SignatureMethod::RsaSha512, exclusive(node)),
                ..program("CXF")
            },
        ),
        row(
            "VTPA-SEC-105",
            "RSASignaturePadding.Pss under the name of rsa-sha256",
            Program {
                sign: |node, key| signature_by(key, SignatureMethod::RsaPssSha256, exclusive(node)),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-105",
            "SignData of the digest",
            Program {
                sign: |node, key| signature(key, DigestMethod::Sha256.digest(exclusive(node).as_bytes())),
                ..program(".NET")
            },
        ),
        row(
            "VTPA-SEC-106",
            "the Body signed in the place of SignedInfo",
            Program {
                sign: |node, key| {
                    let root = node.document().root();
                    signature(key, exclusive(root.children().last().unwrap()))
                },
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-107",
            "the certificate of one application, the key of another",
            Program { key: &pki().second, ..program("zeep") },
        ),
        row(
            "VTPA-SEC-108",
            "the new certificate and the old key file",
            Program { key: &pki().unregistered, ..program("PHP") },
        ),
        row(
            "VTPA-SEC-109",
            "a PEM file with a chain, whose first certificate is not the signer's",
            Program {
                key: &pki().server,
                edit: |envelope| {
                    let token = BASE64.encode(&pki().server.certificate_der);
                    envelope.replace(
                        "</wsse:BinarySecurityToken>",
                        &format!(
                            "</wsse:BinarySecurityToken><wsse:BinarySecurityToken ValueType=\"{}\">{token}</wsse:BinarySecurityToken>",
                            wss::ns::X509V3
                        ),
                    )
                },
                ..program("gSOAP")
            },
        ),
        row(
            "VTPA-SEC-110",
            "bin2hex of the signature",
            Program {
                sign: |node, key| {
                    hex(key.sign(SignatureMethod::RsaSha256, exclusive(node).as_bytes()).unwrap())
                },
                ..program("PHP")
            },
        ),
        row(
            "VTPA-SEC-110",
            "sign(key, 'base64url')",
            Program {
                sign: |node, key| {
                    URL_SAFE.encode(key.sign(SignatureMethod::RsaSha256, exclusive(node).as_bytes()).unwrap())
                },
                ..program("node-soap")
            },
        ),
        row("VTPA-SEC-039", "a key that nobody knows", Program { key: &pki().revoked, ..program("CXF") }),
    ]
}

/// SignedInfo where something around it is declared that it does not use, as everywhere.
fn inclusive_of_envelope(node: xmlsec::Node<'_>) -> String {
    let form = inclusive(node);
    assert_ne!(form, exclusive(node));
    form
}
