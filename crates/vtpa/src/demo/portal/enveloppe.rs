//! An envelope laid out for the eye: one element a line, indented, long base64 shortened. The exact bytes are a link
//! further; nothing is read out of them here.

/// Base64 longer than this is shown by its beginning and its length.
const SHOWN: usize = 64;

/// The envelope, indented.
pub(super) fn readable(envelope: &[u8]) -> String {
    let text = String::from_utf8_lossy(envelope);
    let (mut out, mut depth, mut inline) = (String::with_capacity(text.len() * 2), 0_usize, false);
    let mut rest = text.as_ref();
    while !rest.is_empty() {
        let Some(tag) = rest.starts_with('<').then(|| tag_length(rest)).and_then(|length| rest.get(..length))
        else {
            let length = rest.find('<').filter(|length| *length > 0).unwrap_or(rest.len());
            let words = rest.get(..length).unwrap_or_default();
            if !words.trim().is_empty() {
                out.push_str(&shortened(words.trim()));
                inline = true;
            }
            rest = rest.get(length..).unwrap_or_default();
            continue;
        };
        let end = tag.starts_with("</");
        depth -= usize::from(end && depth > 0);
        if !(end && inline) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n("  ", depth));
        }
        out.push_str(tag);
        let start = !end && !tag.ends_with("/>") && !tag.starts_with("<?") && !tag.starts_with("<!");
        depth += usize::from(start);
        // an element without content ends on its own line
        inline = start;
        rest = rest.get(tag.len()..).unwrap_or_default();
        if start && rest.starts_with('<') && !rest.starts_with("</") {
            inline = false;
        }
    }
    out
}

/// Up to and with the `>` that ends the tag; one in an attribute's value does not.
fn tag_length(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (byte, quote) {
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            (b'>', None) => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn shortened(words: &str) -> String {
    let base64 = words.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(&byte));
    match words.get(..SHOWN) {
        Some(start) if base64 => format!("{start}… ({} caractères)", words.len()),
        _ => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_element_a_line() {
        let long = "QUJD".repeat(40);
        let envelope = format!(
            r#"<?xml version="1.0"?><e:E xmlns:e="urn:e"><h a="x>y"></h><b><Nom>Lefèvre &amp; fils</Nom><k>{long}</k><n/></b></e:E>"#
        );
        let shown = format!(
            "<?xml version=\"1.0\"?>\n<e:E xmlns:e=\"urn:e\">\n  <h a=\"x>y\"></h>\n  <b>\n    <Nom>Lefèvre &amp; fils</Nom>\n    \
             <k>{}… (160 caractères)</k>\n    <n/>\n  </b>\n</e:E>",
            &long[..64]
        );
        assert_eq!(readable(envelope.as_bytes()), shown);
    }

    #[test]
    fn what_is_no_xml_comes_out_too() {
        for text in ["", "502 Bad Gateway", "<", "<a", "</a></b>", "a<b c='", "\u{1f9d3}<é>"] {
            let out = readable(text.as_bytes());
            assert_eq!(out.replace(['\n', ' '], ""), text.replace(' ', ""), "{text}");
        }
    }
}
