//! What each foreign stack sends, recorded by `cargo xtask interop --record` from a run in which a live server accepted it: still
//! accepted, and refused once a character of it is changed.

use std::path::PathBuf;

use wss::{AssertionRules, Confirmation, DecryptAs, Opened, Order, Received, Refusal};
use xmlsec::{Certificate, Document, Limits};

use crate::{BelieveAll, POLICY};

/// Every recorded message with its name, in order.
fn recorded() -> Vec<(String, PathBuf, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/live");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "xml"));
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let message = std::fs::read_to_string(&file).unwrap();
        (name, file, message)
    };
    files.into_iter().map(read).collect()
}

/// The text of the first element of that name, wherever: enough for recorded messages.
fn first<'m>(message: &'m str, name: &str) -> Option<&'m str> {
    let end = message.find(&format!("{name}>"))?;
    let rest = &message[end + name.len() + 1..];
    rest.split('<').next()
}

/// Decrypts, verifies, believes the assertion as a server does, at the instant at which the message was made.
fn open<T>(file: &std::path::Path, message: &str, then: impl FnOnce(&Opened<'_>) -> T) -> Result<T, Refusal> {
    let now = first(message, "Created").unwrap().parse().unwrap();
    let document = Document::parse(message.as_bytes(), &Limits::default()).map_err(Refusal::Xml)?;
    let received = Received::read(&document)?;
    let plain;
    let received = match received.ciphertext() {
        Some(found) => {
            assert_eq!(found.order(), Order::SignedFirst);
            let pem = |extension: &str| std::fs::read(file.with_extension(extension)).unwrap();
            let server = Certificate::from_pem(&pem("pem")).unwrap().remove(0);
            let own = DecryptAs::from_pem(server, &pem("key")).unwrap();
            plain = found.decrypt(Some(&own), false, &Limits::default())?;
            Received::decrypted(&plain)?
        }
        None => received,
    };
    let unspent = received.verify(&POLICY, &BelieveAll, now)?;
    let rules = AssertionRules {
        required: false,
        unsigned_allowed: false,
        check_structure: false,
        audience: "",
        recipients: &[],
        clock_skew: POLICY.freshness.clock_skew,
        application: &[],
        issuers: &[],
    };
    Ok(then(&unspent.with_assertion(&rules, &BelieveAll, now)?.into_answer()))
}

#[test]
fn what_every_stack_sends_in_every_profile_is_accepted() {
    let mut seen = Vec::new();
    for (name, file, message) in recorded() {
        let opened = open(&file, &message, |opened| {
            let operation = opened.body().children().next().unwrap().local_name().to_owned();
            let confirmation = opened.assertion().map(wss::Assertion::confirmation);
            (operation, confirmation, opened.assertion().map(|assertion| assertion.name_id().to_owned()))
        });
        let (operation, confirmation, who) = opened.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(operation, "CreerDossierPA", "{name}");
        let is_saml = name.ends_with("-saml");
        assert_eq!(who.is_some(), is_saml, "{name}");
        let believed = matches!(confirmation, None | Some(Confirmation::None | Confirmation::Bearer));
        assert!(believed, "{name}: {confirmation:?}");
        seen.push(name);
    }
    let expected = [
        "cxf-action-encrypted",
        "cxf-action-saml",
        "cxf-action-x509",
        "cxf-policy-saml",
        "cxf-policy-x509",
        "gsoap-saml",
        "gsoap-x509",
        "node-encrypted",
        "node-saml",
        "node-x509",
        "php-encrypted",
        "php-saml",
        "php-x509",
        "zeep-encrypted",
        "zeep-saml",
        "zeep-x509",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_changed_character_is_refused_whoever_sent_it() {
    for (name, file, message) in recorded() {
        let changed = if name.ends_with("-encrypted") {
            let at = message.rfind("CipherValue>").unwrap() - 10;
            let other = if message[at..].starts_with('A') { "B" } else { "A" };
            format!("{}{other}{}", &message[..at], &message[at + 1..])
        } else {
            message.replacen("1938-03-07", "1938-03-08", 1)
        };
        assert_ne!(changed, message, "{name}");
        let refused = open(&file, &changed, |_| ()).unwrap_err();
        let expected = matches!(refused, Refusal::Signature(_) | Refusal::Decryption);
        assert!(expected, "{name}: {refused}");
    }
}
