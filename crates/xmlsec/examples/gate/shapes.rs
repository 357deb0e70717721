//! Hostile documents of any size, each made to make one part of a parser or of C14N work more than its share.

/// A shape: its name, and the document of about so many bytes.
pub(crate) type Shape = (&'static str, fn(usize) -> String);

/// A piece repeated until there are so many bytes, its number in place of `#`.
fn many(piece: &str, bytes: usize) -> String {
    let mut out = String::with_capacity(bytes + 64);
    let mut number = 0;
    while out.len() < bytes {
        out.push_str(&piece.replace('#', &number.to_string()));
        number += 1;
    }
    out
}

fn around(tag: &str, content: String) -> String {
    let name = tag.split(' ').next().unwrap_or_default();
    format!("<{tag}>{content}</{name}>")
}

/// `<x#…>` within each other to a depth, all of it again and again.
fn towers(open: &str, close: &str, depth: usize, bytes: usize) -> String {
    let up: String = (0..depth).map(|at| open.replace('#', &at.to_string())).collect();
    let down: String = (0..depth).rev().map(|at| close.replace('#', &at.to_string())).collect();
    around("r", many(&format!("{up}{down}"), bytes))
}

/// A signature of that content after the CanonicalizationMethod's start tag.
fn signature(rest: &str) -> String {
    let dsig = xmlsec::DSIG_NAMESPACE;
    format!(
        "<r><Signature xmlns='{dsig}'><SignedInfo><CanonicalizationMethod Algorithm='{}'>{rest}",
        xmlsec::EXC_C14N
    )
}

/// What attackers send, whole and within what the limits let through.
pub(crate) const SHAPES: &[Shape] = &[
    ("attributes of one element", |n| format!("<r{}/>", many(" a#='v'", n))),
    ("60 attributes of every element", |n| around("r", many(&format!("<a{}/>", many(" a#='v'", 420)), n))),
    ("namespaces declared by one element", |n| format!("<r{}/>", many(" xmlns:p#='urn:p#'", n))),
    ("60 namespaces declared by every element", |n| {
        around("r", many(&format!("<p1:a{}/>", many(" xmlns:p#='u:#'", 800)), n))
    }),
    ("60 prefixed attributes, 60 namespaces", |n| {
        let declared: String = (0..60).map(|i| format!(" xmlns:p{i}='u:{i}'")).collect();
        let used: String = (0..60).map(|i| format!(" p{i}:x='1'")).collect();
        around(&format!("r{declared}"), many(&format!("<a{used}/>"), n))
    }),
    ("each level a new namespace", |n| {
        let depth = n / 40;
        let up: String = (0..depth).map(|i| format!("<p{i}:a xmlns:p{i}='urn:p{i}'>")).collect();
        let down: String = (0..depth).rev().map(|i| format!("</p{i}:a>")).collect();
        up + &down
    }),
    ("each of 60 levels a new namespace", |n| towers("<p#:a xmlns:p#='urn:p#'>", "</p#:a>", 60, n)),
    ("each of 60 levels another default namespace", |n| towers("<a xmlns='urn:#'>", "</a>", 60, n)),
    ("deep nesting", |n| "<a>".repeat(n / 7) + &"</a>".repeat(n / 7)),
    ("60 levels", |n| towers("<a>", "</a>", 60, n)),
    ("entities", |n| {
        let entities: String =
            (1..9).map(|i| format!("<!ENTITY e{i} '{}'>", format!("&e{};", i - 1).repeat(10))).collect();
        format!("<!DOCTYPE r [<!ENTITY e0 'lol'>{entities}]><r>{}</r>", many("&e8;", n))
    }),
    ("one huge name", |n| format!("<{}/>", "a".repeat(n))),
    ("names of 250 bytes", |n| around("r", many(&format!("<{}/>", "n".repeat(250)), n))),
    ("one huge namespace name", |n| format!("<p:r xmlns:p='urn:{}'><p:a/></p:r>", "u".repeat(n))),
    ("many empty elements", |n| around("r", many("<a/>", n))),
    ("many IDs", |n| around("r", many("<a Id='i#'/>", n))),
    ("many comments", |n| around("r", many("<!---->x", n))),
    ("many CDATA sections", |n| around("r", many("<![CDATA[]]>x", n))),
    ("character references", |n| around("r", many("&#x41;&amp;", n))),
    ("character references in an attribute", |n| format!("<r a='{}'/>", many("&#10;&quot;", n))),
    ("one text of markup characters", |n| around("r", ">\"'".repeat(n / 3))),
    ("carriage returns", |n| around("r", "\r".repeat(n))),
    ("white space in a tag", |n| format!("<r{}/>", " ".repeat(n))),
    ("a long PrefixList", |n| {
        let list = many("p# ", n);
        signature(&format!("<InclusiveNamespaces xmlns='{}' PrefixList='{list}'/>", xmlsec::EXC_C14N))
            + "</CanonicalizationMethod></SignedInfo><SignatureValue/></Signature></r>"
    }),
    ("many references", |n| {
        signature(
            "</CanonicalizationMethod><SignatureMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'/>",
        ) + &many("<Reference URI='#r#'><DigestMethod Algorithm='x'/><DigestValue/></Reference>", n)
            + "</SignedInfo><SignatureValue/></Signature></r>"
    }),
    ("an open comment", |n| format!("<r><!--{}", "- -".repeat(n / 3))),
    ("open angle brackets", |n| format!("<r>{}", "<".repeat(n))),
    ("a quote never closed", |n| format!("<r a='{}", "x".repeat(n))),
];
