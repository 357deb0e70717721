//! Any plain text sealed and opened: what stands by itself comes back, nothing reaches beyond its place; and any
//! ciphertext, in any shape.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use xmlsec::{
    ContentCipher, DecryptionKey, Decryptor, Document, Encrypted, EncryptionKey, EncryptionSession, Ids, KeyTransport,
    Limits, StandardIds, XENC_NAMESPACE, danger,
};

static KEY: LazyLock<DecryptionKey> =
    LazyLock::new(|| DecryptionKey::from_pem(include_bytes!("../fixtures/private.pem")).unwrap());
static RECIPIENT: LazyLock<EncryptionKey> =
    LazyLock::new(|| EncryptionKey::from_spki(include_bytes!("../fixtures/public.der")).unwrap());

fn decrypt(message: &[u8]) -> Option<Document> {
    let document = Document::parse(message, &Limits::default()).ok()?;
    let ids = Ids::new(&document, &StandardIds).ok()?;
    let keys = document.root().descendants().filter(|node| node.is(XENC_NAMESPACE, "EncryptedKey"));
    let encrypted: Vec<_> = keys.map(|key| Encrypted::by_reference_list(key, &ids)).collect::<Result<_, _>>().ok()?;
    danger::allow_cbc(Decryptor::new(&KEY)).decrypt(&document, &encrypted, &Limits::default()).ok().map(|plain| plain.into_document())
}

fuzz_target!(|input: &[u8]| {
    let [choice, input @ ..] = input else { return };
    let Ok(plain) = std::str::from_utf8(input) else { return };
    if choice % 4 == 0 {
        decrypt(input);
        return;
    }
    let cipher = ContentCipher::ALL[usize::from(choice >> 2 & 3)];
    let mut session = EncryptionSession::new(&RECIPIENT, KeyTransport::OaepSha1, cipher).unwrap();
    let data = session.content("d", plain, None).unwrap();
    let key = session.encrypted_key("k", None).unwrap();
    let (before, after) = [("", ""), ("x ", "> y"), ("<!-- -->", "<c/>")][usize::from(choice % 4 - 1)];
    let message = format!("<m>{}<b>{before}{}{after}</b><t/></m>", key.as_str(), data.as_str());
    let Some(document) = decrypt(message.as_bytes()) else { return };
    // What is around stays what it was: the last child of the root, and what follows the place.
    let children: Vec<_> = document.root().children().map(|node| node.local_name()).collect();
    assert_eq!(children, ["EncryptedKey", "b", "t"]);
    let b = document.root().child("", "b").unwrap();
    let content = &document.source()[b.content_range()];
    assert_eq!(content, format!("{before}{}{after}", plain.replace("\r\n", "\n").replace('\r', "\n")));
    // And what comes out would have parsed alone.
    let alone = format!("<b>{plain}</b>");
    assert!(Document::parse(alone.as_bytes(), &Limits { bytes: usize::MAX, depth: 100, ..Limits::default() }).is_ok());
});
