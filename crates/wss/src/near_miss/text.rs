//! Surgery on canonical forms. Canonical XML is regular: attributes stand after one space each, in double quotes, `<` occurs
//! nowhere but before tags, and what is done to the text was done to a tree.

/// A start tag, taken apart.
pub(super) struct Tag<'f> {
    pub(super) name: &'f str,
    pub(super) attributes: Vec<(&'f str, &'f str)>,
    /// What follows the tag.
    pub(super) rest: &'f str,
}

impl<'f> Tag<'f> {
    /// The tag that begins at the start of `form`.
    pub(super) fn read(form: &'f str) -> Option<Self> {
        let mut rest = form.strip_prefix('<')?;
        let end = rest.find([' ', '>'])?;
        let (name, after) = rest.split_at_checked(end)?;
        rest = after;
        let mut attributes = Vec::new();
        while let Some(attribute) = rest.strip_prefix(' ') {
            let (key, value) = attribute.split_once("=\"")?;
            let (value, after) = value.split_once('"')?;
            attributes.push((key, value));
            rest = after;
        }
        Some(Self { name, attributes, rest: rest.strip_prefix('>')? })
    }

    pub(super) fn write(&self) -> String {
        let mut out = format!("<{}", self.name);
        for (key, value) in &self.attributes {
            out.extend([" ", key, "=\"", value, "\""]);
        }
        out.push('>');
        out.push_str(self.rest);
        out
    }

    /// What stands between the element's tags.
    pub(super) fn content(&self) -> Option<&'f str> {
        self.rest.rfind("</").and_then(|end| self.rest.get(..end))
    }
}

/// The forms before an Id was given to the apex: with the declaration of the Id's prefix, and without.
pub(super) fn without_id(form: &str) -> Vec<String> {
    let Some(mut tag) = Tag::read(form) else { return Vec::new() };
    let is_id = |key: &str| matches!(key.rsplit(':').next(), Some("Id" | "ID" | "id"));
    let Some((id, _)) = tag.attributes.iter().find(|(key, _)| is_id(key)).copied() else { return Vec::new() };
    tag.attributes.retain(|(key, _)| *key != id);
    let mut forms = vec![tag.write()];
    if let Some((prefix, _)) = id.split_once(':') {
        let declaration = format!("xmlns:{prefix}");
        let before = tag.attributes.len();
        tag.attributes.retain(|(key, _)| *key != declaration);
        if tag.attributes.len() < before {
            forms.push(tag.write());
        }
    }
    forms
}

/// The pieces of a canonical form: tags and texts in turn.
fn pieces(form: &str) -> impl Iterator<Item = &str> {
    let mut rest = form;
    std::iter::from_fn(move || {
        let end = if rest.starts_with('<') {
            // a `>` may stand in an attribute's value
            let mut quoted = false;
            let end = rest.bytes().position(|byte| {
                quoted ^= byte == b'"';
                byte == b'>' && !quoted
            });
            end.map_or(rest.len(), |end| end + 1)
        } else {
            rest.find('<').unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at_checked(end)?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn is_end(piece: &str) -> bool {
    piece.starts_with("</")
}

fn is_start(piece: &str) -> bool {
    piece.starts_with('<') && !is_end(piece)
}

fn is_blank(piece: &str) -> bool {
    piece.bytes().all(|byte| byte.is_ascii_whitespace())
}

/// Without the white space between tags; `leaves` decides whether `<a> </a>` loses its own too.
pub(super) fn without_blanks(form: &str, leaves: bool) -> Option<String> {
    let pieces: Vec<&str> = pieces(form).collect();
    let mut out = String::with_capacity(form.len());
    for (at, piece) in pieces.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| pieces.get(before)).copied().unwrap_or_default();
        let after = pieces.get(at + 1).copied().unwrap_or_default();
        let leaf = is_start(before) && is_end(after);
        if !(is_blank(piece) && (leaves || !leaf)) {
            out.push_str(piece);
        }
    }
    (out.len() < form.len()).then_some(out)
}

/// Each tag on a line of its own, as indenting writers do it, where it has no text beside it. What is nested so deep that it
/// would become many times longer nobody indents.
pub(super) fn indented(form: &str, unit: &str, depth: usize) -> Option<String> {
    let most = form.len().saturating_mul(8).saturating_add(4096);
    let mut out = String::with_capacity(form.len() * 2);
    let mut level = depth;
    let mut before = "";
    for piece in pieces(form) {
        level -= usize::from(is_end(piece) && level > 0);
        let leaf = is_start(before) && is_end(piece);
        if piece.starts_with('<') && before.ends_with('>') && before.starts_with('<') && !leaf {
            out.push('\n');
            out.extend(std::iter::repeat_n(unit, level));
        }
        out.push_str(piece);
        level += usize::from(is_start(piece));
        before = piece;
        if out.len() > most {
            return None;
        }
    }
    Some(out)
}

/// Without default namespace declarations: those of no namespace, or all.
pub(super) fn without_default(form: &str, all: bool) -> String {
    map_starts(form, |tag, _| {
        tag.attributes.retain(|(key, value)| *key != "xmlns" || (!all && !value.is_empty()));
    })
}

/// With `xmlns=""` on the apex, or on the outermost elements without prefix and declaration.
pub(super) fn with_undeclared_default(form: &str, apex: bool) -> String {
    let mut covered: Option<usize> = None;
    map_starts(form, |tag, depth| {
        if covered.is_some_and(|at| depth <= at) {
            covered = None;
        }
        let bare = !tag.name.contains(':') && !tag.attributes.iter().any(|(key, _)| *key == "xmlns");
        if (apex && depth == 0) || (!apex && bare && covered.is_none()) {
            tag.attributes.insert(0, ("xmlns", ""));
            covered = Some(depth);
        } else if !apex && !tag.name.contains(':') {
            covered = covered.or(Some(depth));
        }
    })
}

fn map_starts(form: &str, mut change: impl FnMut(&mut Tag<'_>, usize)) -> String {
    let mut out = String::with_capacity(form.len() + 16);
    let mut depth = 0_usize;
    for piece in pieces(form) {
        match Tag::read(piece).filter(|_| is_start(piece)) {
            Some(mut tag) => {
                change(&mut tag, depth);
                out.push_str(&tag.write());
                depth += 1;
            }
            None => {
                depth = depth.saturating_sub(usize::from(is_end(piece)));
                out.push_str(piece);
            }
        }
    }
    out
}

/// As ISO 8859-1; `None` where that has not all characters, or all are ASCII.
pub(super) fn latin_1(form: &str) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> = form.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    bytes.filter(|_| !form.is_ascii())
}

/// UTF-8 that was taken for ISO 8859-1 and written as UTF-8 again (PHP's `utf8_encode`).
pub(super) fn encoded_twice(form: &str) -> Option<String> {
    (!form.is_ascii()).then(|| form.bytes().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surgery_does_what_its_name_says() {
        let form = r#"<s:B xmlns:s="urn:s" xmlns:u="urn:u" u:Id="b"><a q="1 > 0"> </a> <b>x</b></s:B>"#;
        assert_eq!(
            without_id(form),
            [
                r#"<s:B xmlns:s="urn:s" xmlns:u="urn:u"><a q="1 > 0"> </a> <b>x</b></s:B>"#,
                r#"<s:B xmlns:s="urn:s"><a q="1 > 0"> </a> <b>x</b></s:B>"#
            ]
        );
        assert_eq!(without_blanks("<a> <b> </b>\n</a>", false).unwrap(), "<a><b> </b></a>");
        assert_eq!(without_blanks("<a> <b> </b>\n</a>", true).unwrap(), "<a><b></b></a>");
        assert_eq!(without_blanks("<a>x y<b></b></a>", true), None);
        assert_eq!(
            indented("<a><b>x</b><c></c></a>", "  ", 1).as_deref(),
            Some("<a>\n    <b>x</b>\n    <c></c>\n  </a>")
        );
        assert_eq!(
            without_default(r#"<a xmlns="u"><b xmlns=""></b></a>"#, false),
            r#"<a xmlns="u"><b></b></a>"#
        );
        assert_eq!(without_default(r#"<a xmlns="u"><b xmlns=""></b></a>"#, true), "<a><b></b></a>");
        assert_eq!(
            with_undeclared_default("<s:B><a><b></b></a><c></c></s:B>", false),
            r#"<s:B><a xmlns=""><b></b></a><c xmlns=""></c></s:B>"#
        );
        assert_eq!(with_undeclared_default("<s:B><a></a></s:B>", true), r#"<s:B xmlns=""><a></a></s:B>"#);
        assert_eq!(latin_1("é€"), None);
        assert_eq!(latin_1("é"), Some(vec![0xe9]));
        assert_eq!(encoded_twice("é").as_deref(), Some("Ã©"));
        assert_eq!(Tag::read("<a>x<b></b></a>").unwrap().content(), Some("x<b></b>"));
    }
}
