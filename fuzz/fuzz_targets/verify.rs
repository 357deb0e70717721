//! A signed message edited at random, or any message: whatever comes out signed is canonically what was signed.
#![no_main]

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use xmlsec::{
    Canonicalization, DSIG_NAMESPACE, Document, Ids, Limits, NoDereference, StandardIds, Verifier, VerifyingKey,
    canonicalize,
};

const MESSAGES: [&[u8]; 2] =
    [include_bytes!("../fixtures/detached.xml"), include_bytes!("../fixtures/enveloped.xml")];

static KEY: LazyLock<Arc<VerifyingKey>> =
    LazyLock::new(|| VerifyingKey::from_spki(include_bytes!("../fixtures/public.der")).unwrap());
static ALLOWED: LazyLock<BTreeSet<Vec<u8>>> =
    LazyLock::new(|| MESSAGES.iter().flat_map(|message| forms(message).expect("the fixtures verify")).collect());

/// The canonical forms of all that comes out signed.
fn forms(message: &[u8]) -> Option<BTreeSet<Vec<u8>>> {
    let document = Document::parse(message, &Limits::default()).ok()?;
    let ids = Ids::new(&document, &StandardIds).ok()?;
    let mut forms = BTreeSet::new();
    let mut any = None;
    for signature in document.root().descendants().filter(|node| node.is(DSIG_NAMESPACE, "Signature")).take(4) {
        let Ok(verified) = Verifier::default().verify(&ids, signature, &*KEY, &NoDereference) else { continue };
        any = Some(());
        for node in document.root().descendants() {
            let Some(signed) = verified.signed(node) else { continue };
            assert!(signed.descendants().all(|below| !below.is(DSIG_NAMESPACE, "Signature")));
            let omit = Some(signature).filter(|signature| signature.is_descendant_of(node));
            let mut form = Vec::new();
            canonicalize(node, &Canonicalization::default(), omit, &mut form).unwrap();
            forms.insert(form);
        }
    }
    any.map(|()| forms)
}

/// Edits: a place of two bytes, what to do, with what.
fn edited(message: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    for edit in edits.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % message.len();
        let length = usize::from(edit[3]).min(message.len() - at);
        match edit[2] % 4 {
            0 => message[at] = edit[3],
            1 => message.insert(at, edit[3]),
            2 => drop(message.drain(at..at + length)),
            _ => {
                let copied = message[at..at + length].to_vec();
                let to = at / 2;
                message.splice(to..to, copied);
            }
        }
        if message.is_empty() {
            break;
        }
    }
    message
}

fuzz_target!(|input: &[u8]| {
    let [choice, input @ ..] = input else { return };
    let message = match choice % 3 {
        2 => input.to_vec(),
        which => edited(MESSAGES[usize::from(which)], input),
    };
    if let Some(forms) = forms(&message) {
        assert!(forms.is_subset(&ALLOWED), "{}", String::from_utf8_lossy(&message));
    }
});
