//! Encryption: read back, refused for each cause, and silent about why it failed.

use crate::support::keys::{RSA, RSA_PKCS8};
use xmlsec::*;

fn recipient() -> EncryptionKey {
    EncryptionKey::from_spki(RSA.public_key().spki()).unwrap()
}

/// A message with a part encrypted: as content or as element.
fn message(transport: KeyTransport, cipher: ContentCipher, element: bool, plain: &str) -> String {
    let mut session = EncryptionSession::new(&recipient(), transport, cipher).unwrap();
    let data = if element {
        let mut writer = Writer::new();
        writer.element("s", "urn:s", "secret", plain);
        session.element("d-1", &writer.finish().unwrap(), None)
    } else {
        session.content("d-1", plain, None)
    }
    .unwrap();
    let key = session.encrypted_key("k-1", None).unwrap();
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><m><h>{}</h><b> a {} b </b><t/></m><!-- end -->",
        key.as_str(),
        data.as_str()
    )
}

fn decrypt(text: &str, cbc: bool) -> Result<Document, DecryptError> {
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let ids = Ids::new(&document, &StandardIds).unwrap();
    let key = document.root().descendants().find(|node| node.is(XENC_NAMESPACE, "EncryptedKey")).unwrap();
    let encrypted = Encrypted::by_reference_list(key, &ids)?;
    let key = DecryptionKey::from_pkcs8(&RSA_PKCS8).unwrap();
    let decryptor = if cbc { danger::allow_cbc(Decryptor::new(&key)) } else { Decryptor::new(&key) };
    decryptor.decrypt(&document, &[encrypted], &Limits::default()).map(Decrypted::into_document)
}

fn gcm(plain: &str) -> String {
    message(KeyTransport::OaepSha256, ContentCipher::Aes256Gcm, false, plain)
}

#[test]
fn every_transport_and_cipher_reads_back() {
    for transport in KeyTransport::ALL {
        for cipher in ContentCipher::ALL {
            for element in [false, true] {
                let plain =
                    if element { "tea & milk" } else { "tea <s:secret xmlns:s='urn:s'>1</s:secret>\r\n" };
                let text = message(transport, cipher, element, plain);
                assert!(!text.contains("tea "));
                if !cipher.is_authenticated() {
                    assert_eq!(
                        decrypt(&text, false).err(),
                        Some(DecryptError::Algorithm),
                        "{cipher:?} needs danger"
                    );
                }
                let document =
                    decrypt(&text, true).unwrap_or_else(|e| panic!("{transport:?} {cipher:?}: {e}"));
                let b = document.root().child("", "b").unwrap();
                let secret = b.only_child("urn:s", "secret").unwrap();
                if element {
                    assert_eq!((secret.text().as_ref(), b.text().as_ref()), ("tea & milk", " a  b "));
                } else {
                    assert_eq!((secret.text().as_ref(), b.text().as_ref()), ("1", " a tea \n b "));
                }
            }
        }
    }
}

#[test]
fn plain_text_that_does_not_stand_by_itself_is_refused() {
    for bad in [
        "</b>",
        "</b><b>",
        "<x>",
        "</x>",
        "<x",
        "<x a='",
        "<!--",
        "<!-- ",
        "<![CDATA[",
        "]]>",
        "&",
        "&am",
        "&#3",
        "<",
        "</b",
        "<?pi?>",
        "<!DOCTYPE a>",
        "\u{1}",
        "<x:y/>",
        "<a b='1' b='2'/>",
        "&unknown;",
        "<xenc:EncryptedData xmlns:xenc='http://www.w3.org/2001/04/xmlenc#'/>",
        "<a><xenc:EncryptedData xmlns:xenc='http://www.w3.org/2001/04/xmlenc#'/></a>",
    ] {
        assert_eq!(decrypt(&gcm(bad), false).err(), Some(DecryptError::Failed), "{bad}");
    }
    for good in
        ["", " ", "x", "&amp;", "&#38;", "]]", "<!-- c -->", "<![CDATA[<&]]>", "<a/>t<a/>", "a;b", "é"]
    {
        assert!(decrypt(&gcm(good), false).is_ok(), "{good}");
    }
    // What stands around must not complete it either.
    let open = gcm("<x></x ").replacen("</xenc:EncryptedData> b", "</xenc:EncryptedData>> b", 1);
    assert_eq!(decrypt(&open, false).err(), Some(DecryptError::Failed));
    let comment = gcm("<!--").replacen("</xenc:EncryptedData> b", "</xenc:EncryptedData> --&gt;<!-- -->", 1);
    assert_eq!(decrypt(&comment, false).err(), Some(DecryptError::Failed));
}

#[test]
fn an_element_is_one_element() {
    for (plain, ok) in [
        ("<a/>", true),
        (" <a/>\n", true),
        ("<a/><b/>", false),
        ("a", false),
        ("", false),
        ("x<a/>", false),
        ("<a>x</a>", true),
    ] {
        let text = gcm(plain).replace("xmlenc#Content", "xmlenc#Element");
        assert_eq!(decrypt(&text, false).is_ok(), ok, "{plain}");
    }
}

#[test]
fn limits_hold_for_what_is_decrypted() {
    let deep = format!("{}{}", "<a>".repeat(63), "</a>".repeat(63));
    assert_eq!(decrypt(&gcm(&deep), false).err(), Some(DecryptError::Failed));
}

#[test]
fn every_byte_of_key_and_data_changed_fails_alike() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let text = gcm("tea");
    let values: Vec<&str> =
        text.split("<xenc:CipherValue>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    for (at, value) in values.iter().enumerate() {
        let bytes = engine.decode(value).unwrap();
        let stride = if at == 0 { 16 } else { 1 };
        for byte in (0..bytes.len()).step_by(stride) {
            let mut changed = bytes.clone();
            changed[byte] ^= 1;
            let text = text.replace(value, &engine.encode(changed));
            assert_eq!(decrypt(&text, false).err(), Some(DecryptError::Failed), "value {at}, byte {byte}");
        }
        for cut in [0, 1, 12, 27] {
            let text = text.replace(value, &engine.encode(&bytes[..cut]));
            assert_eq!(decrypt(&text, false).err(), Some(DecryptError::Failed), "value {at} of {cut} bytes");
        }
    }
}

#[test]
fn shapes_and_algorithms_that_are_refused() {
    let good = gcm("tea");
    let aes = ContentCipher::Aes256Gcm.uri();
    let oaep = KeyTransport::OaepSha256.uri();
    use DecryptError as E;
    for (what, from, to, expected) in [
        ("RSA 1.5", oaep, "http://www.w3.org/2001/04/xmlenc#rsa-1_5", E::Algorithm),
        (
            "mixed digests",
            "http://www.w3.org/2009/xmlenc11#mgf1sha256",
            "http://www.w3.org/2009/xmlenc11#mgf1sha1",
            E::Algorithm,
        ),
        (
            "OAEP parameters",
            "</xenc11:MGF>",
            "</xenc11:MGF><xenc:OAEPparams>AA==</xenc:OAEPparams>",
            E::Algorithm,
        ),
        ("triple DES", aes, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc", E::Algorithm),
        ("no type", " Type=\"http://www.w3.org/2001/04/xmlenc#Content\"", "", E::Shape),
        ("a gzip type", "xmlenc#Content", "xmlenc#gzip", E::Shape),
        (
            "a cipher reference",
            "<xenc:CipherValue>",
            "<xenc:CipherReference URI='http://127.0.0.1/'/><xenc:CipherValue>",
            E::Shape,
        ),
        ("no base 64", "<xenc:CipherValue>", "<xenc:CipherValue>*", E::Shape),
        (
            "properties",
            "</xenc:EncryptedData>",
            "<xenc:EncryptionProperties/></xenc:EncryptedData>",
            E::Shape,
        ),
        ("a key reference", "xenc:DataReference", "xenc:KeyReference", E::Shape),
        ("a reference to itself", "#d-1", "#k-1", E::Shape),
        ("an unknown reference", "#d-1", "#d-2", E::Shape),
        ("an outer reference", "#d-1", "http://127.0.0.1/#d-1", E::Shape),
    ] {
        assert!(good.contains(from), "{what}");
        assert_eq!(decrypt(&good.replace(from, to), false).err(), Some(expected), "{what}");
    }
    let twice = good.replace(
        "<xenc:DataReference URI=\"#d-1\"></xenc:DataReference>",
        "<xenc:DataReference URI='#d-1'/><xenc:DataReference URI='#d-1'/>",
    );
    assert_ne!(twice, good);
    assert_eq!(decrypt(&twice, false).err(), Some(E::Shape), "the same data twice");
}

#[test]
fn one_key_serves_one_cipher() {
    let mut session =
        EncryptionSession::new(&recipient(), KeyTransport::OaepSha1, ContentCipher::Aes128Gcm).unwrap();
    let one = session.content("d-1", "1", None).unwrap();
    let two = session.content("d-2", "2", None).unwrap();
    let key = session.encrypted_key("k", None).unwrap();
    let text = format!("<m>{}<a>{}</a><b>{}</b></m>", key.as_str(), one.as_str(), two.as_str());
    let plain = decrypt(&text, true).unwrap();
    let texts: Vec<_> = plain.root().children().map(|node| node.text()).collect();
    assert_eq!(texts[1..], ["1", "2"]);
    let mixed = text.replacen(ContentCipher::Aes128Gcm.uri(), ContentCipher::Aes128Cbc.uri(), 1);
    assert_eq!(decrypt(&mixed, true).err(), Some(DecryptError::Algorithm));
}
