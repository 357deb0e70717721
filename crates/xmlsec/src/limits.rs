//! The bounds within which a document is parsed.

/// Bounds on a document, checked while it is parsed. Work is linear in the input within them, and beyond them for all
/// but `namespaces`: looking a prefix up takes as long as there are declarations in force.
///
/// ```
/// use xmlsec::{Document, Limits, ParseCause};
///
/// let limits = Limits { depth: 2, ..Limits::default() };
/// let refused = Document::parse(b"<a><b><c/></b></a>", &limits).unwrap_err();
/// assert_eq!(refused.cause, ParseCause::TooDeep);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the input. 1 MiB: a signed business message is some kilobytes, one with a document attached some
    /// hundred.
    pub bytes: usize,
    /// Elements open at once. 64: schemas written by people seldom nest deeper than 20 (coercive parsing, CWE-674).
    pub depth: usize,
    /// Elements, texts and comments. 50,000, which one mebibyte of ordinary markup does not reach.
    pub nodes: usize,
    /// Attributes of one element, namespace declarations included. 64, as in hardened parsers of the field.
    pub attributes: usize,
    /// Bytes of one qualified name. 256 (overlong names are a known denial of service).
    pub name_length: usize,
    /// Bytes of one namespace name. 1,024; it bounds every comparison of two names.
    pub namespace_length: usize,
    /// Namespace declarations in force at one element, those hidden by an inner one included. 64: it bounds every
    /// look-up of a prefix, which is what keeps C14N linear.
    pub namespaces: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            depth: 64,
            nodes: 50_000,
            attributes: 64,
            name_length: 256,
            namespace_length: 1024,
            namespaces: 64,
        }
    }
}
