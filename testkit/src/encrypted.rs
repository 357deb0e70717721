//! Encrypted content that is wrong in what only the key's holder can tell: the material of an oracle.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use xmlsec::{Certificate, ContentCipher, EncryptionKey, EncryptionSession, KeyTransport};

use crate::pki::{Identity, pki};

/// One case: an EncryptedKey and the EncryptedData for the Body that it is for.
#[derive(Debug, Clone)]
pub struct Broken {
    /// What is wrong with it.
    pub cause: &'static str,
    /// `xenc:EncryptedKey`, as XML.
    pub key: String,
    /// `xenc:EncryptedData`, as XML.
    pub data: String,
}

impl Broken {
    /// In place of what a sealed message's Body holds, as of a message that was signed before it was encrypted.
    pub fn in_place_of_the_body(&self, sealed: &str) -> String {
        let body = sealed.find("<soap:Body").expect("a Body");
        let start = body + sealed[body..].find('>').expect("a Body") + 1;
        let end = sealed.rfind("</soap:Body>").expect("a Body");
        let security = format!("<wsse:Security>{}", self.key);
        format!("{}{}{}", &sealed[..start], self.data, &sealed[end..]).replacen(
            "<wsse:Security>",
            &security,
            1,
        )
    }

    /// With its key after the Signature of a message that was sealed with these data for a Body, as of one that was encrypted
    /// before it was signed.
    pub fn after_the_signature(&self, sealed: &str) -> String {
        sealed.replacen("</wsse:Security>", &format!("{}</wsse:Security>", self.key), 1)
    }
}

/// Every way of being wrong, for the test server's certificate; `content` is what should have been encrypted.
pub fn broken(cipher: ContentCipher, content: &str) -> Vec<Broken> {
    let (ours, other) = (key_of(&pki().server), key_of(&pki().second));
    let text = content.replace("</", "<//");
    let entity = content.replacen('>', ">&inconnue;", 1);
    let nested = "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"/>";
    let case = |cause, content: &str, key: &EncryptionKey, change: fn(&mut Vec<u8>)| {
        let mut session = EncryptionSession::new(key, KeyTransport::OaepSha1, cipher).expect("a session");
        let data = session.content("ED-1", content, None).expect("encryption").into_string();
        let start = data.find("<xenc:CipherValue>").expect("a value") + "<xenc:CipherValue>".len();
        let end = start + data[start..].find('<').expect("a value");
        let mut bytes = BASE64.decode(&data[start..end]).expect("base64");
        change(&mut bytes);
        let data = format!("{}{}{}", &data[..start], BASE64.encode(bytes), &data[end..]);
        let key = session.encrypted_key("EK-1", None).expect("a wrapped key").into_string();
        Broken { cause, key, data }
    };
    vec![
        case("another key", content, &other, |_| {}),
        case("a wrong tag, or wrong padding", content, &ours, |bytes| flip(bytes.last_mut())),
        case("a changed first byte", content, &ours, |bytes| flip(bytes.first_mut())),
        case("text that is no XML", &text, &ours, |_| {}),
        case("an entity that nobody declared", &entity, &ours, |_| {}),
        case("more that is encrypted", nested, &ours, |_| {}),
    ]
}

fn flip(byte: Option<&mut u8>) {
    *byte.expect("a byte") ^= 0xff;
}

fn key_of(identity: &Identity) -> EncryptionKey {
    let certificate = Certificate::parse(&identity.certificate_der).expect("a certificate");
    EncryptionKey::from_certificate(&certificate).expect("an RSA key")
}
