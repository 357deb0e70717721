//! Canonical form parses, is its own canonical form, and means the same; with and without comments, PrefixLists and an
//! omitted part.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xmlsec::{Canonicalization, Document, Limits, Node, canonicalize};

const LISTS: [&[&str]; 4] = [&[], &["#default"], &["a", "b", "unknown"], &["xml", "a", "#default"]];

fn form(node: Node<'_>, how: &Canonicalization<'_>, omit: Option<Node<'_>>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    canonicalize(node, how, omit, &mut out).ok()?;
    assert!(!out.is_empty());
    Some(out)
}

fuzz_target!(|input: &[u8]| {
    let [choice, input @ ..] = input else { return };
    let limits = Limits { bytes: usize::MAX, ..Limits::default() };
    let Ok(document) = Document::parse(input, &Limits::default()) else { return };
    let nodes: Vec<Node<'_>> = document.root().descendants().take(64).collect();
    let node = nodes[usize::from(choice >> 3) % nodes.len()];
    let omit = nodes.iter().copied().find(|other| other.is_descendant_of(node)).filter(|_| choice & 1 == 0);
    for with_comments in [false, true] {
        let how = Canonicalization { with_comments, prefixes: LISTS[usize::from(choice >> 1 & 3)] };
        let Some(canonical) = form(node, &how, omit) else { return };
        let again = Document::parse(&canonical, &limits).expect("canonical form is well-formed");
        let root = again.root();
        assert!(root.is(node.namespace(), node.local_name()));
        assert_eq!(form(root, &how, None).as_ref(), Some(&canonical), "canonical form is its own");
        if omit.is_none() {
            // The plain form of the form is the plain form of the node.
            let plain = Canonicalization { with_comments, prefixes: &[] };
            assert_eq!(form(root, &plain, None), form(node, &plain, None));
            let texts = |node: Node<'_>| node.descendants().map(|n| n.text().into_owned()).collect::<Vec<_>>();
            assert_eq!(texts(root), texts(node));
        }
    }
});
