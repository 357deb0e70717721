//! Both ways with the program `xmlsec1`: what we sign and encrypt it verifies and decrypts, and the other way about, for
//! every combination that both know. The table is printed (`--nocapture`); a missing `xmlsec1` is a failure.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::keys::{P256, P256_PKCS8, P384, P384_PKCS8, RSA, RSA_PKCS8};
use crate::support::messages::{self, M, detached, enveloped, signature_of};
use base64::Engine as _;
use xmlsec::*;

/// A folder for the messages and keys that the program reads, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("xmlsec-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn pem(&self, name: &str, label: &str, der: &[u8]) -> PathBuf {
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<&str> =
            body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        self.write(name, &format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the program; gives what it says when it fails.
fn xmlsec1(arguments: &[&str], file: &Path) -> Result<(), String> {
    let ids = ["body", "head", "message"].map(|name| format!("{M}:{name}"));
    let ids = ["--id-attr:Id", &ids[0], "--id-attr:Id", &ids[1], "--id-attr:ID", &ids[2]];
    let mut command = Command::new("xmlsec1");
    command.arg(arguments[0]).args(if arguments[0].ends_with("crypt") { &[][..] } else { &ids[..] });
    let output =
        command.args(&arguments[1..]).arg(file).output().expect("xmlsec1 is needed (Debian: xmlsec1)");
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Empties what a signer fills in.
fn template(message: &str) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some(at) = ["<ds:DigestValue>", "<ds:SignatureValue>"]
        .iter()
        .filter_map(|tag| Some(rest.find(tag)? + tag.len()))
        .min()
    {
        out.push_str(&rest[..at]);
        rest = &rest[at + rest[at..].find('<').unwrap()..];
    }
    out + rest
}

fn verifies(text: &str, key: &SigningKey) -> Result<(), String> {
    let document = Document::parse(text.as_bytes(), &Limits::default()).map_err(|e| e.to_string())?;
    let ids = Ids::new(&document, &messages::ids).map_err(|e| e.to_string())?;
    let signature = signature_of(&document).ok_or("no signature")?;
    let verified = Verifier::default().verify(&ids, signature, key.public_key(), &NoDereference);
    verified.map(|_| ()).map_err(|e| e.to_string())
}

#[test]
fn signatures() {
    let folder = Folder::new("signatures");
    let keys: [(&str, &SigningKey, &[u8]); 3] =
        [("RSA-2048", &RSA, &RSA_PKCS8), ("P-256", &P256, &P256_PKCS8), ("P-384", &P384, &P384_PKCS8)];
    println!(
        "{:10} {:13} {:7} {:10} {:>15} {:>15}",
        "key", "signature", "digest", "shape", "we → xmlsec1", "xmlsec1 → we"
    );
    let mut done = 0;
    for (name, key, pkcs8) in keys {
        let private = folder.pem("key.pem", "PRIVATE KEY", pkcs8);
        let public = folder.pem("pub.pem", "PUBLIC KEY", key.public_key().spki());
        for method in SignatureMethod::ALL.into_iter().filter(|method| key.public_key().supports(*method)) {
            for digest in DigestMethod::ALL {
                for (shape, make) in [("detached", detached as fn(&_, _, _) -> _), ("enveloped", enveloped)] {
                    // xmlsec1 1.2 knows no RSA-PSS; we sign with the digest that fits the curve alone.
                    if matches!(
                        method,
                        SignatureMethod::RsaPssSha256
                            | SignatureMethod::RsaPssSha384
                            | SignatureMethod::RsaPssSha512
                    ) {
                        continue;
                    }
                    let ours = key.sign(method, b"").is_ok();
                    let there = if ours {
                        let file = folder.write("ours.xml", &make(key, method, digest));
                        let result = xmlsec1(&["--verify", "--pubkey-pem", path(&public)], &file);
                        assert_eq!(result, Ok(()), "{name} {method:?} {digest:?} {shape}");
                        "ok"
                    } else {
                        "-"
                    };
                    // Their signature over our message: the template carries the method's identifier.
                    let natural = key.default_method();
                    let text = template(&make(key, natural, digest)).replace(natural.uri(), method.uri());
                    let file = folder.write("template.xml", &text);
                    let signed = folder.0.join("theirs.xml");
                    let result = xmlsec1(
                        &["--sign", "--privkey-pem", path(&private), "--output", path(&signed)],
                        &file,
                    );
                    assert_eq!(result, Ok(()), "{name} {method:?} {digest:?} {shape}");
                    let theirs = std::fs::read_to_string(&signed).unwrap();
                    assert_eq!(
                        verifies(&theirs, key),
                        Ok(()),
                        "{name} {method:?} {digest:?} {shape}\n{theirs}"
                    );
                    // And both refuse the same message changed.
                    let changed = theirs.replace("100", "101").replace("admin", "root");
                    assert!(verifies(&changed, key).is_err());
                    let file = folder.write("changed.xml", &changed);
                    assert!(xmlsec1(&["--verify", "--pubkey-pem", path(&public)], &file).is_err());
                    println!(
                        "{name:10} {:13} {:7} {shape:10} {there:>15} {:>15}",
                        format!("{method:?}"),
                        format!("{digest:?}"),
                        "ok"
                    );
                    done += 1;
                }
            }
        }
    }
    assert_eq!(done, (3 + 3 + 3) * 3 * 2);
}

#[test]
fn encryption() {
    let folder = Folder::new("encryption");
    let private = folder.pem("key.pem", "PRIVATE KEY", &RSA_PKCS8);
    let public = folder.pem("pub.pem", "PUBLIC KEY", RSA.public_key().spki());
    let recipient = EncryptionKey::from_spki(RSA.public_key().spki()).unwrap();
    let key = DecryptionKey::from_pkcs8(&RSA_PKCS8).unwrap();
    let decryptor = danger::allow_cbc(Decryptor::new(&key));
    let secret = "<s:secret xmlns:s=\"urn:s\">tea &amp; milk</s:secret>";
    println!("{:10} {:10} {:8} {:>15} {:>15}", "transport", "cipher", "type", "we → xmlsec1", "xmlsec1 → we");
    // xmlsec1 1.2 knows no xmlenc11#rsa-oaep.
    let transport = KeyTransport::OaepSha1;
    for cipher in ContentCipher::ALL {
        for kind in ["Element", "Content"] {
            let mut session = EncryptionSession::new(&recipient, transport, cipher).unwrap();
            let wrapped = session.encrypted_key("k-1", None).unwrap();
            let data = session.content("d-1", secret, Some(&wrapped)).unwrap();
            let text = format!(
                "<m><b>{}</b></m>",
                data.as_str().replace("xmlenc#Content", &format!("xmlenc#{kind}"))
            );
            let file = folder.write("ours.xml", &text);
            let plain = folder.0.join("plain.xml");
            let result =
                xmlsec1(&["--decrypt", "--privkey-pem", path(&private), "--output", path(&plain)], &file);
            assert_eq!(result, Ok(()), "{cipher:?} {kind}");
            assert!(std::fs::read_to_string(&plain).unwrap().contains(secret), "{cipher:?} {kind}");

            // Theirs: the template is an EncryptedData without values.
            let template: String = data
                .as_str()
                .split("<xenc:CipherValue>")
                .map(|part| {
                    part.split_once("</xenc:CipherValue>")
                        .map_or(part.to_owned(), |(_, rest)| format!("<xenc:CipherValue/>{rest}"))
                })
                .collect();
            let template =
                folder.write("template.xml", &template.replace("xmlenc#Content", &format!("xmlenc#{kind}")));
            let input = folder.write("input.xml", &format!("<m><b>{secret}</b></m>"));
            let encrypted = folder.0.join("theirs.xml");
            let bits = if cipher.uri().contains("128") { "aes-128" } else { "aes-256" };
            let node = if kind == "Element" { "urn:s:secret" } else { "b" };
            let result = xmlsec1(
                &[
                    "--encrypt",
                    "--pubkey-pem",
                    path(&public),
                    "--session-key",
                    bits,
                    "--xml-data",
                    path(&input),
                    "--node-name",
                    node,
                    "--output",
                    path(&encrypted),
                ],
                &template,
            );
            assert_eq!(result, Ok(()), "{cipher:?} {kind}");
            let theirs = std::fs::read_to_string(&encrypted).unwrap();
            assert!(!theirs.contains("tea"), "{theirs}");
            let document = Document::parse(theirs.as_bytes(), &Limits::default()).unwrap();
            let find =
                |name| document.root().descendants().find(|node| node.is(XENC_NAMESPACE, name)).unwrap();
            let parts = Encrypted { key: find("EncryptedKey"), data: vec![find("EncryptedData")] };
            let plain = decryptor.decrypt(&document, &[parts], &Limits::default()).unwrap();
            let read = plain.document().root().child("", "b").unwrap().only_child("urn:s", "secret").unwrap();
            assert_eq!(read.text(), "tea & milk");
            println!(
                "{:10} {:10} {kind:8} {:>15} {:>15}",
                format!("{transport:?}"),
                format!("{cipher:?}"),
                "ok",
                "ok"
            );
        }
    }
}
