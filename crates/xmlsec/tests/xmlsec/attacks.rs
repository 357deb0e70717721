//! Attacks made mechanically (see docs/attacks.md): every signed element moved, copied, re-identified and shadowed to
//! every position, and every byte flipped. Nothing that was not signed may ever come out as signed.

use std::collections::BTreeSet;

use crate::support::keys::RSA;
use crate::support::messages::{self, M, TokenReferences, dereferenced, detached, enveloped, signature_of};
use xmlsec::*;

type Shape = fn(&SigningKey, SignatureMethod, DigestMethod) -> String;

const SHAPES: [(&str, Shape); 3] =
    [("detached", detached), ("enveloped", enveloped), ("dereferenced", dereferenced)];

fn make(shape: Shape) -> String {
    shape(&RSA, SignatureMethod::RsaSha256, DigestMethod::Sha256)
}

/// The canonical form of every element that comes out signed, enveloped signatures left out; `None` when refused.
fn signed_forms(text: &[u8]) -> Option<BTreeSet<String>> {
    let document = Document::parse(text, &Limits::default()).ok()?;
    let ids = Ids::new(&document, &messages::ids).ok()?;
    let signature = signature_of(&document)?;
    let verified = Verifier::default().verify(&ids, signature, RSA.public_key(), &TokenReferences).ok()?;
    let mut forms = BTreeSet::new();
    for node in document.root().descendants() {
        let Some(signed) = verified.signed(node) else { continue };
        assert!(signed == node);
        let omit = Some(signature).filter(|signature| signature.is_descendant_of(node));
        let mut form = Vec::new();
        canonicalize(node, &Canonicalization::default(), omit, &mut form).unwrap();
        forms.insert(String::from_utf8(form).unwrap());
    }
    Some(forms)
}

/// The elements that the references of a message digest.
fn digested(text: &str) -> Vec<std::ops::Range<usize>> {
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let ids = Ids::new(&document, &messages::ids).unwrap();
    let signature = signature_of(&document).unwrap();
    let verified = Verifier::default().verify(&ids, signature, RSA.public_key(), &TokenReferences).unwrap();
    verified.references().iter().flat_map(|r| [r.node().byte_range(), r.target().byte_range()]).collect()
}

/// Every place where an element can stand: before and after each element, first and last in each.
fn positions(text: &str) -> BTreeSet<usize> {
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let root = document.root();
    let mut positions = BTreeSet::new();
    for node in root.descendants() {
        let (whole, content) = (node.byte_range(), node.content_range());
        if node != root {
            positions.extend([whole.start, whole.end]);
        }
        if content.start < whole.end {
            positions.extend([content.start, content.end]);
        }
    }
    positions
}

/// Versions of an element with other content: the same ID, another, none, and the same under other names.
fn forged(element: &str) -> Vec<String> {
    let start = element.find('>').unwrap();
    let (tag, _) = element.split_at(start);
    let name = tag[1..].split([' ', '\n']).next().unwrap();
    let id = ["u:Id=", "Id=", "ID="].iter().find_map(|attribute| {
        let at = tag.find(&format!(" {attribute}"))?;
        let quote = tag.as_bytes()[at + 1 + attribute.len()];
        let value_at = at + 2 + attribute.len();
        let end = value_at + tag[value_at..].find(char::from(quote))?;
        Some((at..end + 1, tag[value_at..end].to_owned()))
    });
    let namespaces = " xmlns:m='urn:example:message' xmlns:x='urn:x' xmlns:u2='urn:example:utility'";
    let evil =
        |attributes: String| format!("<{name}{namespaces}{attributes}><m:EVIL name='t'/>EVIL</{name}>");
    let mut forged = vec![evil(String::new()), evil(" Id='other'".into()), evil(" name='t'".into())];
    if let Some((_, id)) = id {
        for attribute in ["Id", "ID", "id", "xml:id", "x:Id", "x:ID", "u2:Id", "x:id"] {
            forged.push(evil(format!(" {attribute}='{id}'")));
            forged.push(evil(format!(" {attribute}='{id}' u2:Id='other'")));
            forged.push(evil(format!(" Id='other' x:{}='{id}'", attribute.replace(':', "_"))));
        }
    }
    forged
}

#[test]
fn no_element_moved_copied_reidentified_or_shadowed_comes_out_wrongly_signed() {
    let (mut tried, mut accepted) = (0, 0);
    for (shape, make_shape) in SHAPES {
        let original = make(make_shape);
        let allowed = signed_forms(original.as_bytes()).expect("the original verifies");
        let mut check = |text: &str, what: &str| {
            tried += 1;
            if let Some(forms) = signed_forms(text.as_bytes()) {
                accepted += 1;
                for form in &forms {
                    assert!(allowed.contains(form), "{shape}: {what}: {form} came out signed of\n{text}");
                    assert!(!form.contains("EVIL"));
                }
            }
        };
        let places = positions(&original);
        for range in digested(&original) {
            let element = &original[range.clone()];
            let without = format!("{}{}", &original[..range.start], &original[range.end..]);
            for at in places.iter().copied() {
                // Copied, as it is.
                check(&format!("{}{element}{}", &original[..at], &original[at..]), "copied");
                for forged in forged(element) {
                    // A forged one beside the original.
                    check(&format!("{}{forged}{}", &original[..at], &original[at..]), "forged");
                    // The original moved away, or wrapped, and the forged one in its place.
                    if range.contains(&at) || at == range.end {
                        continue;
                    }
                    let (low, high, first, second) = if at < range.start {
                        (at..at, range.clone(), element, forged.as_str())
                    } else {
                        (range.clone(), at..at, forged.as_str(), element)
                    };
                    let (before, between) = (&original[..low.start], &original[low.end..high.start]);
                    check(&format!("{before}{first}{between}{second}{}", &original[high.end..]), "moved");
                    let wrapped = |inner: &str| format!("<x:wrapper xmlns:x='urn:x'>{inner}</x:wrapper>");
                    if at < range.start {
                        check(
                            &format!("{before}{}{between}{second}{}", wrapped(first), &original[high.end..]),
                            "wrapped",
                        );
                    } else {
                        check(
                            &format!("{before}{first}{between}{}{}", wrapped(second), &original[high.end..]),
                            "wrapped",
                        );
                    }
                }
            }
            // The original within the forged one.
            for forged in forged(element) {
                if range.start > 0 {
                    let nested = forged.replacen("EVIL<", &format!("EVIL{element}<"), 1);
                    check(
                        &format!("{}{nested}{}", &original[..range.start], &original[range.end..]),
                        "nested",
                    );
                    // And the same where the signature stands.
                    if let Some(at) = without.find("</ds:Signature>") {
                        let object = format!("<ds:Object>{element}</ds:Object>");
                        let hidden = format!("{}{object}{}", &without[..at], &without[at..]);
                        check(
                            &hidden.replacen("</m:message>", &format!("{forged}</m:message>"), 1),
                            "hidden",
                        );
                    }
                }
            }
        }
        // The whole message within another, and its signature in front of a forged one.
        let body = original.split_once('>').unwrap().0.len() + 1;
        check(
            &format!("{}<m:body Id='x'>EVIL</m:body>{}", &original[..body], &original[body..]),
            "prepended",
        );
        check(
            &format!("<m:message xmlns:m='{M}'><m:body Id='x'>EVIL</m:body>{original}</m:message>"),
            "enclosed",
        );
    }
    println!(
        "{tried} forged messages, {accepted} of them with the signed parts intact, none with another part signed"
    );
    assert!(tried > 3000 && accepted > 0, "{tried} {accepted}");
}

#[test]
fn every_byte_flipped_is_refused_or_means_the_same() {
    let (mut tried, mut same) = (0, 0);
    for (shape, make_shape) in SHAPES {
        let original = make(make_shape).into_bytes();
        let allowed = signed_forms(&original).unwrap();
        for at in 0..original.len() {
            for flip in [0x01, 0x02, 0x20, 0x80] {
                let mut changed = original.clone();
                changed[at] ^= flip;
                tried += 1;
                if let Some(forms) = signed_forms(&changed) {
                    assert_eq!(forms, allowed, "{shape}, byte {at}: {}", String::from_utf8_lossy(&changed));
                    same += 1;
                }
            }
        }
    }
    println!("{tried} flips: {same} canonically equal, the others refused");
}

#[test]
fn every_byte_dropped_or_doubled_is_refused_or_means_the_same() {
    for (shape, make_shape) in SHAPES {
        let original = make(make_shape).into_bytes();
        let allowed = signed_forms(&original).unwrap();
        for at in 0..original.len() {
            let dropped = [&original[..at], &original[at + 1..]].concat();
            let doubled = [&original[..=at], &original[at..]].concat();
            for changed in [dropped, doubled] {
                if let Some(forms) = signed_forms(&changed) {
                    assert_eq!(forms, allowed, "{shape}, byte {at}");
                }
            }
        }
    }
}
