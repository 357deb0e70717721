//! Any bytes: parsed or refused; and what was parsed can be read everywhere and parses again from its source.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xmlsec::{Document, Ids, Limits, StandardIds};

fuzz_target!(|input: &[u8]| {
    let Ok(document) = Document::parse(input, &Limits::default()) else { return };
    for node in document.root().descendants() {
        assert!(!node.local_name().is_empty());
        let whole = &document.source()[node.byte_range()];
        assert!(whole.starts_with('<') && whole.ends_with('>'));
        assert_eq!(node.resolve_prefix(node.prefix()).unwrap_or_default(), node.namespace());
        for attribute in node.attributes() {
            assert_eq!(node.attribute(attribute.namespace(), attribute.local_name()), Some(attribute.value()));
        }
        for child in node.children() {
            assert_eq!(child.parent(), Some(node));
            assert!(child.is_descendant_of(node) && !node.is_descendant_of(child));
        }
        let _ = (node.text(), node.has_text(), node.contains_comment());
    }
    let _ = Ids::new(&document, &StandardIds);
    if document.encoding() == xmlsec::Encoding::Utf8 {
        let again = Document::parse(document.source().as_bytes(), &Limits::default()).unwrap();
        assert_eq!(again.root().descendants().count(), document.root().descendants().count());
    }
});
