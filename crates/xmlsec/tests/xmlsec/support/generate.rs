//! Documents by chance, from a seed: every feature that canonicalisation looks at, often.

/// Pseudo-random numbers (splitmix64): the same seed, the same document, on every machine.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

pub(crate) const PREFIXES: &[&str] = &["a", "b", "c", "ab", "Z", "é"];
/// All valid by RFC 3986, since libxml2 refuses to canonicalise others, and without `&`, which it keeps unresolved.
const URIS: &[&str] = &["urn:1", "urn:2", "http://x.example/", "urn:a?b=c", "urn:q%22", "urn:Z", "urn:z"];
const LOCALS: &[&str] = &["a", "b", "c", "x", "aa", "A", "_z", "é", "b-1", "b.1"];

/// A well-formed document.
pub(crate) fn document(chance: &mut Chance) -> String {
    let mut out = String::new();
    if chance.one_in(3) {
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }
    if chance.one_in(6) {
        out.push_str("<!-- before -->\n");
    }
    element(chance, &mut out, &mut vec![(String::new(), String::new())], 0);
    if chance.one_in(6) {
        out.push_str("\r\n<!-- after -->");
    }
    out
}

fn element(chance: &mut Chance, out: &mut String, scope: &mut Vec<(String, String)>, depth: usize) {
    let outer = scope.len();
    let mut attributes: Vec<(String, String)> = Vec::new();
    // Declarations: new, repeated, rebound, undeclared.
    let mut declared: Vec<&str> = Vec::new();
    for _ in 0..chance.below(if depth == 0 { 5 } else { 3 }) {
        let prefix = if chance.one_in(3) { "" } else { chance.pick(PREFIXES) };
        if declared.contains(&prefix) {
            continue;
        }
        declared.push(prefix);
        let uri = match chance.below(60) {
            0 => "relative",
            1..12 if prefix.is_empty() => "",
            _ => chance.pick(URIS),
        };
        let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        attributes.push((name, uri.to_owned()));
        scope.push((prefix.to_owned(), uri.to_owned()));
    }
    if chance.one_in(40) {
        attributes.push(("xmlns:xml".into(), "http://www.w3.org/XML/1998/namespace".into()));
    }
    let in_force: Vec<(String, String)> = PREFIXES
        .iter()
        .filter_map(|prefix| scope.iter().rev().find(|(p, _)| p == prefix).cloned())
        .filter(|(_, uri)| !uri.is_empty())
        .collect();
    let prefixed = |chance: &mut Chance, local: &str| {
        if in_force.is_empty() || chance.one_in(2) {
            return (String::new(), local.to_owned());
        }
        let (prefix, uri) = &in_force[chance.below(in_force.len())];
        (uri.clone(), format!("{prefix}:{local}"))
    };
    let mut expanded: Vec<(String, String)> = Vec::new();
    for _ in 0..chance.below(5) {
        let local = chance.pick(LOCALS);
        let (uri, name) = prefixed(chance, local);
        if expanded.contains(&(uri.clone(), local.to_owned())) {
            continue;
        }
        expanded.push((uri, local.to_owned()));
        attributes.push((name, value(chance)));
    }
    if chance.one_in(8) {
        attributes.push(("xml:lang".into(), "fr".into()));
    }
    for at in (1..attributes.len()).rev() {
        let other = chance.below(at + 1);
        attributes.swap(at, other);
    }
    let local = chance.pick(LOCALS);
    let (_, name) = prefixed(chance, local);
    out.push('<');
    out.push_str(&name);
    for (name, value) in attributes {
        out.push_str(chance.pick(&[" ", " ", " ", " ", "\n", "\t ", "\r\n  "]));
        out.push_str(&name);
        out.push_str(chance.pick(&["=", "=", "=", " = ", "\n="]));
        let quote = if value.contains('"') { "'" } else { chance.pick(&["\"", "\"", "'"]) };
        let value = if quote == "'" { value.replace('\'', "&apos;") } else { value };
        out.push_str(&format!("{quote}{value}{quote}"));
    }
    out.push_str(chance.pick(&["", "", "", " ", "\n"]));
    let children = if depth > 6 { 0 } else { chance.below(5) };
    if children == 0 && chance.one_in(2) {
        out.push_str("/>");
    } else {
        out.push('>');
        for _ in 0..children {
            match chance.below(7) {
                0 | 1 => element(chance, out, scope, depth + 1),
                2 => out.push_str(&format!("<!--{}-->", chance.pick(&["", " c ", "<&>", "é - \r\n"]))),
                3 => out.push_str(&format!(
                    "<![CDATA[{}]]>",
                    chance.pick(&["", "x", "<&>\"'", "]]", "\r\n é &amp;"])
                )),
                _ => out.push_str(&text(chance)),
            }
        }
        if depth < 2 {
            element(chance, out, scope, depth + 1);
        }
        out.push_str("</");
        out.push_str(&name);
        out.push_str(chance.pick(&["", "", "", " ", "\n"]));
        out.push('>');
    }
    scope.truncate(outer);
}

const PIECES: &[&str] = &[
    "x",
    "hello",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&apos;",
    "&#13;",
    "&#xA;",
    "&#9;",
    "&#x20;",
    "&#233;",
    "é",
    "𝄞",
    ">",
    "]]",
    "'",
    "1 2",
    "&#x1D11E;",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
];

fn text(chance: &mut Chance) -> String {
    let mut out: String = (0..chance.below(5)).map(|_| chance.pick(PIECES)).collect();
    while let Some(at) = out.find("]]>") {
        out.insert(at + 2, ' ');
    }
    // The next text may begin with `>`.
    if out.ends_with(']') { out + " " } else { out }
}

fn value(chance: &mut Chance) -> String {
    (0..chance.below(4)).map(|_| if chance.one_in(12) { "\"" } else { chance.pick(PIECES) }).collect()
}
