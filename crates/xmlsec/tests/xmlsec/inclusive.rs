//! Inclusive canonicalisation, which serves to explain and not to verify.

use xmlsec::{Canonicalization, Document, Limits, Node, canonicalize, canonicalize_inclusive};

fn inclusive(node: Node<'_>, with_comments: bool, version_1_1: bool) -> String {
    let mut out = Vec::new();
    let made = canonicalize_inclusive(node, with_comments, version_1_1, None, &mut out);
    assert_eq!(made, Ok(()));
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn every_namespace_in_scope_is_written_at_the_apex_and_not_again_below() {
    for (document, apex, expected) in [
        (
            r#"<s:e xmlns:s="urn:s" xmlns:unused="urn:unused" xmlns="urn:d"><s:b a="1"><x xmlns:s="urn:s"/></s:b></s:e>"#,
            "b",
            r#"<s:b xmlns="urn:d" xmlns:s="urn:s" xmlns:unused="urn:unused" a="1"><x></x></s:b>"#,
        ),
        (
            r#"<e xmlns="urn:d"><b xmlns=""><c xmlns:p="urn:p"><!--k--></c></b></e>"#,
            "b",
            r#"<b><c xmlns:p="urn:p"></c></b>"#,
        ),
        (
            r#"<e xmlns="urn:d"><b><c xmlns=""><d xmlns="urn:d"/></c></b></e>"#,
            "b",
            r#"<b xmlns="urn:d"><c xmlns=""><d xmlns="urn:d"></d></c></b>"#,
        ),
    ] {
        let parsed = Document::parse(document.as_bytes(), &Limits::default()).unwrap();
        let node = parsed.root().descendants().find(|node| node.local_name() == apex).unwrap();
        assert_eq!(inclusive(node, false, false), expected, "{document}");
    }
}

#[test]
fn xml_attributes_are_inherited_the_nearest_of_each_name() {
    let document = r#"<e xml:lang="fr" xml:id="i"><m xml:lang="en" xml:space="preserve"><b z="1" xml:space="default"/></m></e>"#;
    let parsed = Document::parse(document.as_bytes(), &Limits::default()).unwrap();
    let node = parsed.root().descendants().find(|node| node.local_name() == "b").unwrap();
    assert_eq!(
        inclusive(node, false, false),
        r#"<b z="1" xml:id="i" xml:lang="en" xml:space="default"></b>"#
    );
    assert_eq!(inclusive(node, false, true), r#"<b z="1" xml:lang="en" xml:space="default"></b>"#);
}

#[test]
fn a_whole_document_has_the_form_that_xmllint_writes() {
    // written by `xmllint --c14n`, libxml2
    for (document, expected) in [
        (
            r#"<a xmlns:u="urn:u" xmlns="urn:d"><u:b xmlns:v="urn:v" q='"'>x &amp; y<!-- c --></u:b><c xmlns=""/></a>"#,
            r#"<a xmlns="urn:d" xmlns:u="urn:u"><u:b xmlns:v="urn:v" q="&quot;">x &amp; y<!-- c --></u:b><c xmlns=""></c></a>"#,
        ),
        (
            "<s:e xmlns:s='urn:s' xmlns:t='urn:t'>\r\n <t:x t:b='2' a='1'\t/></s:e>",
            "<s:e xmlns:s=\"urn:s\" xmlns:t=\"urn:t\">\n <t:x a=\"1\" t:b=\"2\"></t:x></s:e>",
        ),
    ] {
        let parsed = Document::parse(document.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(inclusive(parsed.root(), true, false), expected);
    }
}

#[test]
fn without_namespaces_around_it_the_two_canonicalisations_agree() {
    let parsed = Document::parse(b"<p:a xmlns:p='urn:p'><p:b/></p:a>", &Limits::default()).unwrap();
    let mut exclusive = Vec::new();
    canonicalize(parsed.root(), &Canonicalization::default(), None, &mut exclusive).unwrap();
    assert_eq!(inclusive(parsed.root(), false, false).into_bytes(), exclusive);
}
