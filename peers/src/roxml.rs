//! Exclusive C14N over roxmltree, which has none: as one would write it who wants it short and right.

use roxmltree::{Node, NodeType};

/// The canonical form without comments and without a PrefixList.
pub fn canonicalize(node: Node<'_, '_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(node, &mut Vec::new(), &mut out);
    out
}

fn write<'a>(node: Node<'a, '_>, rendered: &mut Vec<(&'a str, &'a str)>, out: &mut Vec<u8>) {
    match node.node_type() {
        NodeType::Text => escape(node.text().unwrap_or_default(), false, out),
        NodeType::Element => {
            let before = rendered.len();
            let prefix = |namespace: Option<&str>| {
                namespace.and_then(|uri| node.lookup_prefix(uri)).unwrap_or_default()
            };
            let name = node.tag_name();
            let own = prefix(name.namespace());
            let mut used = vec![(own, name.namespace().unwrap_or_default())];
            let mut attributes: Vec<_> = node.attributes().collect();
            attributes.sort_unstable_by_key(|attribute| {
                (attribute.namespace().unwrap_or_default(), attribute.name())
            });
            used.extend(attributes.iter().filter_map(|a| a.namespace().map(|uri| (prefix(Some(uri)), uri))));
            used.sort_unstable();
            used.dedup();
            let qualified = |prefix: &str, local: &str, out: &mut Vec<u8>| {
                if !prefix.is_empty() {
                    out.extend_from_slice(prefix.as_bytes());
                    out.push(b':');
                }
                out.extend_from_slice(local.as_bytes());
            };
            out.push(b'<');
            qualified(own, name.name(), out);
            for (prefix, uri) in used {
                let known =
                    rendered.iter().rev().find(|(other, _)| *other == prefix).map_or("", |(_, uri)| uri);
                if prefix == "xml" || known == uri {
                    continue;
                }
                rendered.push((prefix, uri));
                out.extend_from_slice(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
                out.extend_from_slice(prefix.as_bytes());
                out.extend_from_slice(b"=\"");
                escape(uri, true, out);
                out.push(b'"');
            }
            for attribute in attributes {
                out.push(b' ');
                qualified(attribute.namespace().map_or("", |uri| prefix(Some(uri))), attribute.name(), out);
                out.extend_from_slice(b"=\"");
                escape(attribute.value(), true, out);
                out.push(b'"');
            }
            out.push(b'>');
            for child in node.children() {
                write(child, rendered, out);
            }
            out.extend_from_slice(b"</");
            qualified(own, name.name(), out);
            out.push(b'>');
            rendered.truncate(before);
        }
        _ => {}
    }
}

fn escape(text: &str, attribute: bool, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' if !attribute => out.extend_from_slice(b"&gt;"),
            b'"' if attribute => out.extend_from_slice(b"&quot;"),
            b'\t' if attribute => out.extend_from_slice(b"&#x9;"),
            b'\n' if attribute => out.extend_from_slice(b"&#xA;"),
            b'\r' => out.extend_from_slice(b"&#xD;"),
            byte => out.push(byte),
        }
    }
}
