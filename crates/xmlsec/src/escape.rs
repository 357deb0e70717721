//! How canonical form writes characters (C14N 1.0 §2.3).

/// Text: `&`, `<`, `>`, carriage return.
pub(crate) fn text(text: &[u8], out: &mut Vec<u8>) {
    escape(text, out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

/// Attribute values: `&`, `<`, `"`, tab, newline, carriage return.
pub(crate) fn value(value: &[u8], out: &mut Vec<u8>) {
    escape(value, out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'"' => Some(b"&quot;"),
        b'\t' => Some(b"&#x9;"),
        b'\n' => Some(b"&#xA;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

#[inline(always)]
fn escape(input: &[u8], out: &mut Vec<u8>, special: impl Fn(u8) -> Option<&'static [u8]>) {
    let mut copied = 0;
    for (at, byte) in input.iter().enumerate() {
        if let Some(written) = special(*byte) {
            out.extend_from_slice(input.get(copied..at).unwrap_or_default());
            out.extend_from_slice(written);
            copied = at + 1;
        }
    }
    out.extend_from_slice(input.get(copied..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_escaped_where() {
        let mut out = Vec::new();
        super::text(b"a&b<c>d\re\"f\tg\n", &mut out);
        assert_eq!(out, b"a&amp;b&lt;c&gt;d&#xD;e\"f\tg\n");
        out.clear();
        super::value(b"a&b<c>d\re\"f\tg\n", &mut out);
        assert_eq!(out, b"a&amp;b&lt;c>d&#xD;e&quot;f&#x9;g&#xA;");
    }
}
