//! A program that signs by hand, right but for one habit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::SignedDuration;
use testkit::pki::{Identity, pki};
use wss::ns;
use xmlsec::{
    Canonicalization, DigestMethod, Document, Limits, Node, SignatureMethod, SigningKey, canonicalize,
    canonicalize_inclusive,
};

/// The digests of these bytes, as DigestValue has them.
pub(super) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode(DigestMethod::Sha256.digest(bytes.as_ref()))
}

pub(super) fn exclusive(node: Node<'_>) -> String {
    with_prefixes(node, &[])
}

pub(super) fn with_prefixes(node: Node<'_>, prefixes: &[&str]) -> String {
    let mut out = Vec::new();
    canonicalize(node, &Canonicalization { with_comments: false, prefixes }, None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn inclusive(node: Node<'_>) -> String {
    let mut out = Vec::new();
    canonicalize_inclusive(node, false, false, None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A program and what it does otherwise than it should.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) stack: &'static str,
    /// What the Body holds.
    pub(super) body: &'static str,
    /// Seconds from now to Created, and to Expires.
    pub(super) times: (i64, i64),
    /// Changes the envelope before anything is digested; `@body`, `@timestamp` and `@value` stand for what comes later.
    pub(super) edit: fn(String) -> String,
    /// The Body's DigestValue.
    pub(super) digest: fn(Node<'_>) -> String,
    /// The SignatureValue over SignedInfo.
    pub(super) sign: fn(Node<'_>, &SigningKey) -> String,
    /// Changes what was signed.
    pub(super) after: fn(String) -> String,
    pub(super) key: &'static Identity,
    pub(super) token: &'static Identity,
}

/// What a developer gets who does everything right with this stack.
pub(super) fn program(stack: &'static str) -> Program {
    Program {
        stack,
        body: "<t:Ping>bonjour</t:Ping>",
        times: (0, 300),
        edit: |envelope| envelope,
        digest: |body| sha256(exclusive(body)),
        sign: |signed_info, key| signature(key, exclusive(signed_info)),
        after: |message| message,
        key: &pki().partner,
        token: &pki().partner,
    }
}

pub(super) fn signature(key: &SigningKey, bytes: impl AsRef<[u8]>) -> String {
    signature_by(key, key.default_method(), bytes)
}

pub(super) fn signature_by(key: &SigningKey, method: SignatureMethod, bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode(key.sign(method, bytes.as_ref()).unwrap())
}

impl Program {
    pub(super) fn send(&self) -> String {
        let envelope = (self.edit)(self.envelope());
        let parse = |text: &str| Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        let document = parse(&envelope);
        let find = |document: &Document, name: &str| -> Option<usize> {
            document.root().descendants().position(|node| node.local_name() == name)
        };
        let at = |document: &Document, name: &str, made: &dyn Fn(Node<'_>) -> String| {
            let place = find(document, name);
            place.map(|place| made(document.root().descendants().nth(place).unwrap())).unwrap_or_default()
        };
        let body = at(&document, "Body", &self.digest);
        let timestamp = at(&document, "Timestamp", &|node| sha256(exclusive(node)));
        let digested = envelope.replace("@body", &body).replace("@timestamp", &timestamp);
        let key = SigningKey::from_pem(self.key.key_pem.as_bytes()).unwrap();
        let value = at(&parse(&digested), "SignedInfo", &|node| (self.sign)(node, &key));
        (self.after)(digested.replace("@value", &value))
    }

    fn envelope(&self) -> String {
        let (p, token) = match self.stack {
            "zeep" => ("soap-env", "X1"),
            "PHP" => ("env", "pfx1"),
            "gSOAP" => ("SOAP-ENV", "X509Token"),
            ".NET" => ("s", "uuid-1"),
            "node-soap" => ("soap", "x509-1"),
            "CXF" => ("soap", "X509-2b7c-1"),
            _ => ("soapenv", "T1"),
        };
        let at = |offset| testkit::instant() + SignedDuration::from_secs(offset);
        let reference = |id: &str, digest: &str| {
            format!(
                "<ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms>\
                 <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
            )
        };
        format!(
            "<{p}:Envelope xmlns:{p}=\"{soap}\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:t=\"urn:test\"><{p}:Header>\
             <wsse:Security xmlns:wsse=\"{wsse}\" xmlns:wsu=\"{wsu}\" {p}:mustUnderstand=\"1\">\
             <wsse:BinarySecurityToken wsu:Id=\"{token}\" EncodingType=\"{base64}\" ValueType=\"{x509}\">{certificate}</wsse:BinarySecurityToken>\
             <wsu:Timestamp wsu:Id=\"TS-1\"><wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>\
             <ds:Signature xmlns:ds=\"{ds}\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
             <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#{method}\"/>{body}{timestamp}</ds:SignedInfo>\
             <ds:SignatureValue>@value</ds:SignatureValue><ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI=\"#{token}\" ValueType=\"{x509}\"/>\
             </wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security></{p}:Header>\
             <{p}:Body xmlns:wsu=\"{wsu}\" wsu:Id=\"B-1\">{content}</{p}:Body></{p}:Envelope>",
            soap = ns::SOAP,
            wsse = ns::WSSE,
            wsu = ns::WSU,
            ds = ns::DS,
            base64 = ns::BASE64_BINARY,
            x509 = ns::X509V3,
            certificate = BASE64.encode(&self.token.certificate_der),
            created = at(self.times.0),
            expires = at(self.times.1),
            method = if self.token.name == pki().ec.name { "ecdsa-sha256" } else { "rsa-sha256" },
            body = reference("B-1", "@body"),
            timestamp = reference("TS-1", "@timestamp"),
            content = self.body,
        )
    }
}
