//! What the fuzz targets start from. `XMLSEC_WRITE_FIXTURES=1 cargo test -p xmlsec fixtures` writes it anew, with a new
//! key; that key is public, in the repository, and good for nothing else.

use crate::support::keys::{RSA, RSA_PKCS8};
use crate::support::messages::{M, signature_of};
use base64::Engine as _;
use xmlsec::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/fixtures/");

#[test]
fn the_messages_of_the_fuzz_targets_verify() {
    if std::env::var_os("XMLSEC_WRITE_FIXTURES").is_some() {
        write();
    }
    let read = |name: &str| std::fs::read(format!("{FOLDER}{name}")).unwrap();
    let key = VerifyingKey::from_spki(&read("public.der")).unwrap();
    assert!(DecryptionKey::from_pem(&read("private.pem")).is_ok());
    for name in ["detached.xml", "enveloped.xml"] {
        let document = Document::parse(&read(name), &Limits::default()).unwrap();
        let ids = Ids::new(&document, &StandardIds).unwrap();
        let signature = signature_of(&document).unwrap();
        assert!(Verifier::default().verify(&ids, signature, &key, &NoDereference).is_ok(), "{name}");
    }
}

fn write() {
    let save = |name: &str, content: &[u8]| std::fs::write(format!("{FOLDER}{name}"), content).unwrap();
    let body = base64::engine::general_purpose::STANDARD.encode(&*RSA_PKCS8);
    save(
        "private.pem",
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n").as_bytes(),
    );
    save("public.der", RSA.public_key().spki());
    let mut part = Writer::new();
    part.start("m", M, "body")
        .attribute("Id", "b-1")
        .attribute("z", "1 < 2")
        .element("", "", "amount", "100")
        .end();
    let part = part.finish().unwrap();
    let reference = SignReference::fragment("b-1", &part, DigestMethod::Sha256).unwrap();
    let signature = SignatureBuilder::new(&RSA).reference(reference).sign().unwrap();
    let mut message = Writer::new();
    message.start("m", M, "message").fragment(&signature).fragment(&part).end();
    save("detached.xml", message.finish().unwrap().as_bytes());
    let enveloped =
        crate::support::messages::enveloped(&RSA, SignatureMethod::RsaSha256, DigestMethod::Sha256);
    save("enveloped.xml", enveloped.as_bytes());
}
