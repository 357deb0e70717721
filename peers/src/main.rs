//! xmlsec beside its peers, in one run: `cargo xtask bench xmlsec` builds and starts this, with the C program of
//! libxml2 and xmlsec1 (`c/peers.c`) as its argument. Prints one table, or, with `hostile`, how each takes hostile input.
#![forbid(unsafe_code)]

mod contest;
mod hostile;
#[path = "../../crates/xmlsec/examples/gate/message.rs"]
mod message;
mod roxml;
#[path = "../../crates/xmlsec/examples/gate/shapes.rs"]
mod shapes;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use bergshamra::{DsigContext, KeysManager};
use xmlsec::{
    Canonicalization, Document, Ids, Limits, NoDereference, SignatureMethod, SigningKey, StandardIds,
    Verifier, canonicalize,
};

use contest::Contest;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["speed", c] => speed(Path::new(c)),
        ["hostile"] => hostile::run(),
        ["one", peer, shape] => hostile::one(peer, shape),
        _ => bail!("usage: peers speed C-PROGRAM | peers hostile"),
    }
}

/// The digests of the signed parts, to see that all did the same work.
type Digests = Vec<Vec<u8>>;

fn speed(c: &Path) -> Result<()> {
    let key = SigningKey::from_pem(include_bytes!("../../fuzz/fixtures/private.pem"))?;
    let text = message::signed(&key).map_err(anyhow::Error::from_boxed)?;
    let folder = std::env::temp_dir().join(format!("peers-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (file, public) = (folder.join("message.xml"), folder.join("public.pem"));
    std::fs::write(&file, &text)?;
    std::fs::write(&public, public_pem(key.public_key().spki()))?;
    let by_c = || -> Result<String> {
        let output = Command::new(c).arg(&file).arg(&public).output().context("cannot run the C program")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };

    let ours = ours(&text)?;
    ensure!(ours == roxmltree(&text)?, "roxmltree canonicalises otherwise");
    ensure!(ours == bergshamra(&text)?, "bergshamra canonicalises otherwise");
    ensure!(value(&by_c()?, "digests")? == hex(&ours), "libxml2 canonicalises otherwise");
    let mut keys = KeysManager::new();
    keys.add_key(bergshamra::keys::loader::load_spki_der(key.public_key().spki())?);
    // its check that references are siblings or ancestors of the signature does not fit SOAP
    let context = DsigContext::new(keys).with_strict_verification(false);
    ensure!(bergshamra::verify(&context, &text)?.is_valid(), "bergshamra refuses the message");
    let verifier = Verifier::default();
    verify(&verifier, &text, &key)?;

    println!(
        "message of {} bytes, 4 references, RSA-2048, SHA-256; µs, median of {} rounds\n",
        text.len(),
        contest::ROUNDS
    );
    let mut form = Contest::new("tree + 4 exclusive C14N + SHA-256");
    form.enter("xmlsec (ours)", || self::ours(&text).map(drop));
    form.enter("roxmltree + C14N", || roxmltree(&text).map(drop));
    form.enter("bergshamra (uppsala)", || bergshamra(&text).map(drop));
    form.run()?;
    form.add("libxml2", value(&by_c()?, "c14n")?.parse()?);
    form.print();

    let signed = key.sign(SignatureMethod::RsaSha256, text.as_bytes())?;
    let mut whole = Contest::new("whole verification, 4 references, key known");
    whole.enter("xmlsec (ours)", || verify(&verifier, &text, &key));
    whole.enter("bergshamra", || {
        ensure!(bergshamra::verify(&context, &text)?.is_valid());
        Ok(())
    });
    whole.enter("(an RSA-2048 verification alone)", || {
        ensure!(key.public_key().verify(SignatureMethod::RsaSha256, text.as_bytes(), &signed));
        Ok(())
    });
    whole.run()?;
    whole.add("xmlsec1 (libxmlsec1, OpenSSL)", value(&by_c()?, "verify")?.parse()?);
    whole.print();
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn ours(text: &str) -> Result<Digests> {
    let document = Document::parse(text.as_bytes(), &Limits::default())?;
    let ids = Ids::new(&document, &StandardIds)?;
    let mut form = Vec::new();
    message::SIGNED
        .iter()
        .map(|id| {
            form.clear();
            canonicalize(ids.get(id).context("no such ID")?, &Canonicalization::default(), None, &mut form)?;
            Ok(digest(&SHA256, &form).as_ref().to_vec())
        })
        .collect()
}

fn roxmltree(text: &str) -> Result<Digests> {
    let document = roxmltree::Document::parse(text)?;
    let nodes = document
        .descendants()
        .filter(|node| node.attribute("Id").is_some_and(|id| message::SIGNED.contains(&id)));
    Ok(nodes.map(|node| digest(&SHA256, &roxml::canonicalize(node)).as_ref().to_vec()).collect())
}

fn bergshamra(text: &str) -> Result<Digests> {
    use bergshamra::{c14n, xml::nodeset::NodeSet};
    let document = uppsala::parse(text)?;
    message::SIGNED
        .iter()
        .map(|id| {
            let node = document
                .descendants(document.root())
                .into_iter()
                .find(|node| document.element(*node).is_some_and(|e| e.get_attribute("Id") == Some(id)))
                .context("no such ID")?;
            let set = NodeSet::tree_without_comments(node, &document);
            let form = c14n::exclusive::canonicalize(&document, false, Some(&set), &[] as &[&str])?;
            Ok(digest(&SHA256, &form).as_ref().to_vec())
        })
        .collect()
}

fn verify(verifier: &Verifier, text: &str, key: &SigningKey) -> Result<()> {
    let document = Document::parse(text.as_bytes(), &Limits::default())?;
    let ids = Ids::new(&document, &StandardIds)?;
    let signature = document
        .root()
        .descendants()
        .find(|node| node.is(xmlsec::DSIG_NAMESPACE, "Signature"))
        .context("no signature")?;
    let verified = verifier.verify(&ids, signature, key.public_key(), &NoDereference)?;
    ensure!(verified.references().len() == message::SIGNED.len());
    Ok(())
}

fn value<'a>(output: &'a str, name: &str) -> Result<&'a str> {
    output
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .with_context(|| format!("no {name} in what the C program says"))
}

fn hex(digests: &Digests) -> String {
    digests.iter().flatten().map(|byte| format!("{byte:02x}")).collect()
}

fn public_pem(spki: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(spki);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
