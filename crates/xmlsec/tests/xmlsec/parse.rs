//! What parses, what is refused, and what a tree reads.

use xmlsec::{C14nError, Canonicalization, Document, Limits, ParseCause, canonicalize};

fn parse(text: &str) -> Result<Document, ParseCause> {
    Document::parse(text.as_bytes(), &Limits::default()).map_err(|error| error.cause)
}

#[test]
fn well_formed_documents_are_taken() {
    for good in [
        "<a/>",
        "<a></a>",
        "<a ></a >",
        "<a b='1'\n c=\"2\" />",
        "<?xml version=\"1.0\"?><a/>",
        "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<a/>\n",
        "<!-- before --><a/><!-- after -->\n",
        "\u{feff}<a/>",
        "<é ö='ü'/>",
        "<a>]] ></a>",
        "<a>]]&gt;</a>",
        "<a b='>'/>",
        "<a xml:lang='fr' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='urn:x'><b xmlns=''/></a>",
        "<x:a xmlns:x='urn:x' a='1' x:a='2'/>",
        "<a xmlns:x='urn:x' xmlns:y='urn:x' x:a='1' y:b='2'/>",
        "<a><![CDATA[<b>&amp;]]]]></a>",
        "<a><!--->--></a>",
        "<a>&#x10FFFF;&#9;&#00000000000065;</a>",
    ] {
        assert!(parse(good).is_ok(), "{good}: {:?}", parse(good).err());
    }
}

#[test]
fn every_other_text_is_refused_for_its_cause() {
    use ParseCause as C;
    let long = format!("<{}/>", "a".repeat(257));
    let deep = "<a>".repeat(65);
    let many = format!("<a{}/>", (0..65).map(|n| format!(" a{n}=''")).collect::<String>());
    let namespaces: String = (0..3)
        .map(|d| format!("<a{}>", (0..30).map(|n| format!(" xmlns:n{d}x{n}='urn:{n}'")).collect::<String>()))
        .collect();
    let uri = format!("<a xmlns='urn:{}'/>", "u".repeat(1024));
    for (bad, cause) in [
        ("", C::NoRoot),
        (" ", C::NoRoot),
        ("a", C::TextOutsideRoot),
        ("<a/>b", C::TextOutsideRoot),
        ("<a/>&#32;", C::TextOutsideRoot),
        ("<a/><b/>", C::SecondRoot),
        ("<a>", C::UnexpectedEnd),
        ("<a", C::UnexpectedEnd),
        ("<a b", C::Tag),
        ("<a b=", C::Tag),
        ("<a b='", C::UnexpectedEnd),
        ("<a></b>", C::MismatchedTag),
        ("</a>", C::MismatchedTag),
        ("<a></a b>", C::MismatchedTag),
        ("<a></ab>", C::MismatchedTag),
        ("<a><b></a></b>", C::MismatchedTag),
        ("<a b=1/>", C::Tag),
        ("<a b='1'c='2'/>", C::Tag),
        ("<a / >", C::Tag),
        ("<a b='<'/>", C::LessThan),
        ("<1/>", C::Name),
        ("< a/>", C::Name),
        ("<-a/>", C::Name),
        ("<a:/>", C::Name),
        ("<:a/>", C::Name),
        ("<a:b:c xmlns:a='urn:a'/>", C::Tag),
        ("<a\u{d7}/>", C::Name),
        ("<a b:c='1'/>", C::UndeclaredPrefix),
        ("<a:b/>", C::UndeclaredPrefix),
        ("<a><b xmlns:c='urn:c'/><c:d/></a>", C::UndeclaredPrefix),
        ("<xmlns:a/>", C::UndeclaredPrefix),
        ("<a b='1' b='2'/>", C::DuplicateAttribute),
        ("<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/>", C::DuplicateAttribute),
        ("<a xmlns='urn:a' xmlns='urn:a'/>", C::DuplicateAttribute),
        ("<a xmlns:b='urn:a' xmlns:c='urn:c' xmlns:b='urn:a'/>", C::DuplicateAttribute),
        ("<a xmlns:b=''/>", C::EmptyNamespace),
        ("<a xmlns:xmlns='urn:x'/>", C::ReservedNamespace),
        ("<a xmlns:xml='urn:x'/>", C::ReservedNamespace),
        ("<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>", C::ReservedNamespace),
        ("<a xmlns='http://www.w3.org/XML/1998/namespace'/>", C::ReservedNamespace),
        ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", C::ReservedNamespace),
        ("<!DOCTYPE a><a/>", C::DocumentType),
        ("<?pi?><a/>", C::ProcessingInstruction),
        ("<a><?pi?></a>", C::ProcessingInstruction),
        ("<a/><?pi?>", C::ProcessingInstruction),
        ("<?xml-stylesheet href='x'?><a/>", C::ProcessingInstruction),
        (" <?xml version='1.0'?><a/>", C::ProcessingInstruction),
        ("<?xml version='1.1'?><a/>", C::Version),
        ("<?xml encoding='utf-8'?><a/>", C::Declaration),
        ("<?xml version='1.0' standalone='maybe'?><a/>", C::Declaration),
        ("<?xml version='1.0' foo='1'?><a/>", C::Declaration),
        ("<?xml version='1.0'", C::Declaration),
        ("<?xml version='1.0' encoding='iso-8859-1'?><a/>", C::DeclaredEncoding),
        ("<?xml version='1.0' encoding='utf-16'?><a/>", C::DeclaredEncoding),
        ("<!ELEMENT a ANY><a/>", C::Markup),
        ("<a><!a></a>", C::Markup),
        ("<a>&b;</a>", C::Entity),
        ("<a>&</a>", C::Reference),
        ("<a>& amp;</a>", C::Reference),
        ("<a>&amp</a>", C::Reference),
        ("<a b='&amp'/>", C::Reference),
        ("<a>&#;</a>", C::Reference),
        ("<a>&#x;</a>", C::Reference),
        ("<a>&#xg;</a>", C::Reference),
        ("<a>&#-1;</a>", C::Reference),
        ("<a>&#0;</a>", C::Character),
        ("<a>&#xD800;</a>", C::Character),
        ("<a>&#x110000;</a>", C::Character),
        ("<a>&#99999999999;</a>", C::Character),
        ("<a>&#xFFFF;</a>", C::Character),
        ("<a>\u{1}</a>", C::Character),
        ("<a>\u{fffe}</a>", C::Character),
        ("<a>]]></a>", C::CdataEnd),
        ("<![CDATA[a]]><a/>", C::Cdata),
        ("<a><![CDATA[</a>", C::Cdata),
        ("<a><!-- -- --></a>", C::Comment),
        ("<a><!-- --></a", C::MismatchedTag),
        ("<a><!--></a>", C::Comment),
        ("<a><!-- </a>", C::Comment),
        (long.as_str(), C::NameTooLong),
        (deep.as_str(), C::TooDeep),
        (many.as_str(), C::TooManyAttributes),
        (namespaces.as_str(), C::TooManyNamespaces),
        (uri.as_str(), C::NameTooLong),
    ] {
        assert_eq!(parse(bad).err(), Some(cause), "{bad}");
    }
}

#[test]
fn limits_on_bytes_and_nodes() {
    let limits = Limits { bytes: 10, ..Limits::default() };
    assert_eq!(Document::parse(b"<a>1234</a>", &limits).unwrap_err().cause, ParseCause::TooLong);
    let limits = Limits { nodes: 3, ..Limits::default() };
    assert!(Document::parse(b"<a><b/><b/></a>", &limits).is_ok());
    assert_eq!(Document::parse(b"<a><b/><b/> </a>", &limits).unwrap_err().cause, ParseCause::TooManyNodes);
}

#[test]
fn bytes_that_are_not_their_encoding() {
    for bad in [
        &b"<a>\xff</a>"[..],
        b"<a>\xc0\xaf</a>",
        b"<a>\xed\xa0\x80</a>",
        b"\xff\xfe<\0a\0/\0>",
        b"\xfe\xff\xd8\x00\0<",
    ] {
        assert_eq!(
            Document::parse(bad, &Limits::default()).unwrap_err().cause,
            ParseCause::Encoding,
            "{bad:?}"
        );
    }
    // UTF-16 without its mark is not guessed.
    assert!(Document::parse(b"<\0a\0/\0>\0", &Limits::default()).is_err());
}

#[test]
fn utf_16_reads_as_utf_8_does() {
    let text = "<?xml version='1.0' encoding='UTF-16'?><a b='é'>𝄞\r\nx</a>";
    for little in [true, false] {
        let mut bytes = if little { vec![0xff, 0xfe] } else { vec![0xfe, 0xff] };
        bytes.extend(
            text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }),
        );
        let document = Document::parse(&bytes, &Limits::default()).unwrap();
        assert_eq!(document.encoding(), xmlsec::Encoding::Utf16);
        assert_eq!(document.root().text(), "𝄞\nx");
        assert_eq!(document.root().attribute("", "b"), Some("é"));
    }
}

#[test]
fn text_is_all_text_and_no_comment() {
    let document = parse("<a>ad<!-- x -->min<![CDATA[<&>]]>&#x20;&lt;<b>not</b>\r\nend\r</a>").unwrap();
    assert_eq!(document.root().text(), "admin<&> <\nend\n");
    assert!(document.root().contains_comment());
    assert_eq!(parse("<a/>").unwrap().root().text(), "");
}

#[test]
fn attribute_values_are_normalised() {
    let document = parse("<a b=' x\ty\nz\r\n&#9;&#10;&#13;&quot;&apos;&lt;'/>").unwrap();
    assert_eq!(document.root().attribute("", "b"), Some(" x y z \t\n\r\"'<"));
}

#[test]
fn names_are_expanded() {
    let document =
        parse("<a xmlns='urn:1' xmlns:p='urn:2' p:x='1' x='2'><p:b/><b xmlns=''/><p:c xmlns:p='urn:3'/></a>")
            .unwrap();
    let root = document.root();
    assert!(root.is("urn:1", "a"));
    assert_eq!(
        (root.attribute("urn:2", "x"), root.attribute("", "x"), root.attribute("urn:1", "x")),
        (Some("1"), Some("2"), None)
    );
    let names: Vec<_> =
        root.children().map(|child| (child.namespace(), child.prefix(), child.local_name())).collect();
    assert_eq!(names, [("urn:2", "p", "b"), ("", "", "b"), ("urn:3", "p", "c")]);
    assert_eq!(root.resolve_prefix("p"), Some("urn:2"));
    assert_eq!(root.resolve_prefix(""), Some("urn:1"));
    assert_eq!(root.resolve_prefix("q"), None);
    assert_eq!(root.child("", "b").unwrap().resolve_prefix(""), None);
}

#[test]
fn the_tree_is_walked_in_every_direction() {
    let document = parse("<a><b><c/></b>t<b/><d/></a>").unwrap();
    let root = document.root();
    let b = root.child("", "b").unwrap();
    let c = b.child("", "c").unwrap();
    assert!(
        c.is_descendant_of(root)
            && c.is_descendant_of(b)
            && !b.is_descendant_of(b)
            && !root.is_descendant_of(c)
    );
    assert_eq!(c.parent(), Some(b));
    assert_eq!(root.parent(), None);
    assert_eq!(root.only_child("", "b"), None);
    assert!(root.only_child("", "d").is_some());
    assert_eq!(root.descendants().map(|node| node.local_name()).collect::<String>(), "abcbd");
    assert_eq!(document.source().get(b.byte_range()), Some("<b><c/></b>"));
    assert_eq!(document.source().get(b.content_range()), Some("<c/>"));
    assert_eq!(c.content_range().len(), 0);
}

/// Found by fuzzing: declared above the element, such a name was written into a form that the form itself does not have.
#[test]
fn a_relative_namespace_anywhere_leaves_no_canonical_form() {
    for text in [
        "<a xmlns='r'><b/></a>",
        "<p:a xmlns:p='../r'><p:b/></p:a>",
        "<a><b/><c xmlns:unused='#r'/></a>",
        "<a><b xmlns=''/><c xmlns='?q'/></a>",
    ] {
        let document = parse(text).unwrap();
        let b = document.root().children().next().unwrap();
        let form = canonicalize(b, &Canonicalization::default(), None, &mut Vec::new());
        assert_eq!(form, Err(C14nError::RelativeNamespace), "{text}");
    }
}
