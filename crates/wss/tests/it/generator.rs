//! Attack catalogue 1 to 4, 12, 38, mechanically: in every accepted shape of message each element that something refers to is
//! moved to every place, an altered one left in its stead, under the same Id, another or none. Whatever is accepted reads as the
//! sender wrote it.

use wss::{Confirmation, EncryptFor, EncryptionAlgorithms, Sealing, UserAssertion};
use xmlsec::{Certificate, ContentCipher, Document, EncryptionKey, EncryptionSession, KeyTransport, Limits};

use crate::encryption::{gcm, read, signed_first};
use crate::{body_text, identity};

/// What the sender wrote, and what an attacker would have read.
const GOOD: &str = "le thé & le lait";
const EVIL: &str = "mal";
const WHO: &str = "agent-7";
const EVIL_WHO: &str = "agent-8";

fn sealed(assertion: Option<Confirmation>) -> String {
    let partner = identity(&testkit::pki::pki().partner);
    let assertion = assertion.map(|confirmation| UserAssertion {
        name_id: WHO.to_owned(),
        ..crate::encryption::assertion(confirmation)
    });
    let sealing = Sealing { assertion, ..Sealing::default() };
    let sealed = wss::seal(&partner, &sealing, testkit::instant(), &mut testkit::rng(1), |w| {
        w.element("t", "urn:test", "Ping", GOOD);
    });
    String::from_utf8(sealed.unwrap()).unwrap()
}

fn server() -> Certificate {
    Certificate::parse(&testkit::pki::pki().server.certificate_der).unwrap()
}

/// An EncryptedData with its EncryptedKey, as anybody can make for the server.
fn encrypted_evil(id: &str) -> (String, String) {
    let recipient = EncryptionKey::from_certificate(&server()).unwrap();
    let mut session =
        EncryptionSession::new(&recipient, KeyTransport::OaepSha1, ContentCipher::Aes256Gcm).unwrap();
    let content = format!("<t:Ping xmlns:t=\"urn:test\">{EVIL}</t:Ping>");
    let data = session.content(id, &content, None).unwrap().into_string();
    (session.encrypted_key(&format!("K{id}"), None).unwrap().into_string(), data)
}

/// Every element that carries an Id, by its place in the text.
fn referenced(message: &str) -> Vec<std::ops::Range<usize>> {
    let document = Document::parse(message.as_bytes(), &Limits::default()).unwrap();
    let has_id = |node: &xmlsec::Node<'_>| {
        node.attribute(wss::ns::WSU, "Id").or(node.attribute("", "Id")).or(node.attribute("", "ID")).is_some()
    };
    document.root().descendants().filter(has_id).map(|node| node.byte_range()).collect()
}

/// Where an element can be put: before each element, and as the last child of each.
fn places(message: &str) -> Vec<usize> {
    let document = Document::parse(message.as_bytes(), &Limits::default()).unwrap();
    let mut places: Vec<usize> = document
        .root()
        .descendants()
        .flat_map(|node| [node.byte_range().start, node.content_range().end])
        .filter(|place| *place > 0)
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// What stands in the stead of an element: with other content, and the same Id, another, or none.
fn altered(element: &str) -> Vec<String> {
    let evil = element.replace("le thé &amp; le lait", EVIL).replace(WHO, EVIL_WHO);
    let evil = if evil.starts_with("<xenc:EncryptedData") {
        let id = evil.split("Id=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        encrypted_evil(&id).1
    } else {
        evil
    };
    let id = ["wsu:Id=\"", " Id=\"", " ID=\""].into_iter().find(|id| evil.contains(id)).unwrap();
    let at = evil.find(id).unwrap() + id.len();
    let renamed = format!("{}x{}", &evil[..at], &evil[at..]);
    let end = at + evil[at..].find('"').unwrap() + 1;
    let bare = format!("{} {}", evil[..at - id.len()].trim_end(), &evil[end..]);
    vec![evil, renamed, bare]
}

/// `message` with the element moved to `place` (a copy, where `keep`), `instead` in its stead.
fn moved(message: &str, element: &std::ops::Range<usize>, place: usize, instead: &str) -> String {
    let text = &message[element.clone()];
    let (before, after) = (&message[..element.start], &message[element.end..]);
    let wrapped = format!("<w:W xmlns:w=\"urn:w\">{text}</w:W>");
    if place <= element.start {
        format!("{}{wrapped}{}{instead}{after}", &before[..place], &before[place..])
    } else if place >= element.end {
        let place = place - element.end;
        format!("{before}{instead}{}{wrapped}{}", &after[..place], &after[place..])
    } else {
        // within itself: the altered one holds it
        let end = instead.rfind("</").unwrap_or(instead.len());
        format!("{before}{}{wrapped}{}{after}", &instead[..end], &instead[end..])
    }
}

#[test]
fn no_element_moved_in_a_message_makes_another_readable() {
    let mut shapes = vec![
        ("signed", sealed(None)),
        ("signed first, then encrypted", signed_first(gcm(), None)),
        ("encrypted first", crate::encryption::encrypted_first(gcm())),
    ];
    for confirmation in
        [Confirmation::None, Confirmation::Bearer, Confirmation::SenderVouches, Confirmation::HolderOfKey]
    {
        shapes.push(("with an assertion", sealed(Some(confirmation))));
    }
    let partner = identity(&testkit::pki::pki().partner);
    let sealing = Sealing {
        assertion: Some(crate::encryption::assertion(Confirmation::SenderVouches)),
        encryption: Some(EncryptFor::new(&server(), EncryptionAlgorithms::default()).unwrap()),
        ..Sealing::default()
    };
    let both = wss::seal(&partner, &sealing, testkit::instant(), &mut testkit::rng(9), |w| {
        w.element("t", "urn:test", "Ping", GOOD);
    });
    shapes.push(("encrypted with its assertion", String::from_utf8(both.unwrap()).unwrap()));

    let (mut tried, mut accepted) = (0, 0);
    for (shape, message) in shapes {
        let see = |message: &str| {
            read(message, false, |opened| {
                (body_text(opened), opened.assertion().map(|assertion| assertion.name_id().to_owned()))
            })
        };
        let good = see(&message).unwrap_or_else(|refusal| panic!("{shape}: {refusal}"));
        assert_eq!(good.0, GOOD, "{shape}");
        for element in referenced(&message) {
            let instead = altered(&message[element.clone()]);
            for place in places(&message) {
                for instead in &instead {
                    let attacked = moved(&message, &element, place, instead);
                    tried += 1;
                    if let Ok(seen) = see(&attacked) {
                        accepted += 1;
                        assert_eq!(seen, good, "{shape}: read from {attacked}");
                    }
                }
            }
        }
        // what an attacker encrypted himself, beside or in the place of what was signed
        let (key, data) = encrypted_evil("evil");
        for place in places(&message) {
            let mut attacked = message.clone();
            attacked.insert_str(place, &data);
            let attacked = attacked.replacen("<wsse:Security>", &format!("<wsse:Security>{key}"), 1);
            tried += 1;
            if let Ok(seen) = see(&attacked) {
                accepted += 1;
                assert_eq!(seen, good, "{shape}: read from {attacked}");
            }
        }
    }
    println!("{tried} messages, {accepted} accepted, each as its sender wrote it");
    assert!(tried > 10_000, "{tried}");
}
