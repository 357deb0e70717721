//! Writing XML whose text is its own exclusive canonical form, so that a signer can digest what it writes.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::algorithm::{Digest, DigestMethod};
use crate::c14n::{C14nError, Canonicalization, canonicalize};
use crate::chars;
use crate::document::{Document, XML_NAMESPACE};
use crate::escape;
use crate::limits::Limits;

/// What could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A name is no NCName.
    #[error("a name is not an XML name")]
    Name,
    /// A prefix without a namespace, a reserved prefix, or one prefix for two namespaces in one tag.
    #[error("a prefix and its namespace do not go together")]
    Namespace,
    /// A character that XML 1.0 cannot hold (production 2).
    #[error("a character that XML does not allow")]
    Character,
    /// An attribute after content, or twice.
    #[error("an attribute is misplaced or stands twice")]
    Attribute,
    /// More ends than starts, fewer, or not exactly one root.
    #[error("the elements are not balanced")]
    Unbalanced,
    /// An element without namespace, written apart, was put where a default namespace is in force.
    #[error("a fragment without namespace stands below a default namespace")]
    DefaultNamespace,
}

/// One well-formed element with every namespace declaration that it needs: it means the same wherever it is put.
#[derive(Clone, PartialEq, Eq)]
pub struct Fragment {
    text: String,
    /// The text is the canonical form: no fragment was put into it that repeats declarations.
    exact: bool,
    /// Some element in it is in no namespace and relies on no default namespace being in force.
    bare: bool,
}

impl Fragment {
    /// The element's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The element's text, in bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The element's text, owned.
    pub fn into_string(self) -> String {
        self.text
    }

    /// The digest of the element's exclusive canonical form (no comments, no PrefixList).
    ///
    /// # Errors
    /// [`C14nError`] when a namespace name is relative and another fragment was put in.
    pub fn digest(&self, method: DigestMethod) -> Result<Digest, C14nError> {
        Ok(method.digest(&self.canonical()?))
    }

    /// The exclusive canonical form: the text itself unless a fragment was put into it.
    pub(crate) fn canonical(&self) -> Result<Cow<'_, [u8]>, C14nError> {
        if self.exact {
            return Ok(Cow::Borrowed(self.as_bytes()));
        }
        let document = self.document()?;
        let mut canonical = Vec::with_capacity(self.text.len());
        canonicalize(document.root(), &Canonicalization::default(), None, &mut canonical)?;
        Ok(Cow::Owned(canonical))
    }

    pub(crate) fn is_bare(&self) -> bool {
        self.bare
    }

    fn document(&self) -> Result<Document, C14nError> {
        let all = usize::MAX;
        let limits = Limits {
            bytes: all,
            depth: all,
            nodes: all,
            attributes: all,
            name_length: all,
            namespace_length: all,
            namespaces: all,
        };
        Document::parse(self.as_bytes(), &limits).map_err(|_| C14nError::Inconsistent)
    }
}

impl fmt::Debug for Fragment {
    /// The length alone: content is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fragment").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

/// Writes one element in exclusive canonical form: namespaces where they are first visibly used, attributes in order,
/// characters escaped, no empty-element tags.
///
/// A mistake is remembered and told by [`finish`](Self::finish), so that calls can be chained.
///
/// ```
/// use xmlsec::Writer;
///
/// let mut writer = Writer::new();
/// writer.start("x", "urn:x", "order").attribute("n", "1 < 2").attribute("id", "o1");
/// writer.element("x", "urn:x", "item", "tea & milk").end();
/// assert_eq!(
///     writer.finish()?.as_str(),
///     r#"<x:order xmlns:x="urn:x" id="o1" n="1 &lt; 2"><x:item>tea &amp; milk</x:item></x:order>"#
/// );
/// # Ok::<(), xmlsec::WriteError>(())
/// ```
#[derive(Default)]
pub struct Writer {
    out: Vec<u8>,
    open: Vec<Open>,
    rendered: Vec<(String, String)>,
    tag: Option<Tag>,
    /// The strings of the tag's attributes.
    scratch: String,
    roots: usize,
    inexact: bool,
    bare: bool,
    error: Option<WriteError>,
}

struct Open {
    name: std::ops::Range<usize>,
    rendered: usize,
}

/// A start tag whose attributes are still coming.
struct Tag {
    prefix: String,
    namespace: String,
    attributes: Vec<Pending>,
}

/// Ends of the strings in the scratch buffer: prefix, namespace, local name, value.
struct Pending {
    start: usize,
    prefix: usize,
    namespace: usize,
    local_name: usize,
    value: usize,
}

impl Writer {
    /// A writer with nothing written.
    pub fn new() -> Self {
        Self::with_capacity(1024)
    }

    /// A writer with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Begins an element. An empty prefix makes its namespace the default one; an empty namespace goes with an empty
    /// prefix.
    pub fn start(&mut self, prefix: &str, namespace: &str, local_name: &str) -> &mut Self {
        self.flush_tag();
        if self.open.is_empty() {
            self.roots += 1;
        }
        self.check_name(prefix, namespace, local_name);
        self.out.push(b'<');
        let begin = self.out.len();
        if !prefix.is_empty() {
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(local_name.as_bytes());
        self.open.push(Open { name: begin..self.out.len(), rendered: self.rendered.len() });
        let mut tag = self.tag.take().unwrap_or_else(|| Tag {
            prefix: String::new(),
            namespace: String::new(),
            attributes: Vec::new(),
        });
        tag.prefix.push_str(prefix);
        tag.namespace.push_str(namespace);
        self.tag = Some(tag);
        self
    }

    /// An attribute without namespace, of the element just begun.
    pub fn attribute(&mut self, local_name: &str, value: &str) -> &mut Self {
        self.attribute_ns("", "", local_name, value)
    }

    /// An attribute of a namespace, of the element just begun.
    pub fn attribute_ns(
        &mut self,
        prefix: &str,
        namespace: &str,
        local_name: &str,
        value: &str,
    ) -> &mut Self {
        if prefix.is_empty() != namespace.is_empty() {
            self.fail(WriteError::Namespace);
        }
        self.check_name(prefix, namespace, local_name);
        self.check_characters(value);
        if self.tag.is_none() {
            self.fail(WriteError::Attribute);
        }
        let Some(tag) = &mut self.tag else { return self };
        let start = self.scratch.len();
        self.scratch.push_str(prefix);
        let prefix = self.scratch.len();
        self.scratch.push_str(namespace);
        let namespace = self.scratch.len();
        self.scratch.push_str(local_name);
        let local_name = self.scratch.len();
        self.scratch.push_str(value);
        tag.attributes.push(Pending { start, prefix, namespace, local_name, value: self.scratch.len() });
        self
    }

    /// Text, escaped.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.flush_tag();
        if self.open.is_empty() {
            self.fail(WriteError::Unbalanced);
        }
        self.check_characters(text);
        escape::text(text.as_bytes(), &mut self.out);
        self
    }

    /// Ends the innermost element.
    pub fn end(&mut self) -> &mut Self {
        self.flush_tag();
        match self.open.pop() {
            None => self.fail(WriteError::Unbalanced),
            Some(open) => {
                self.out.extend_from_slice(b"</");
                self.out.extend_from_within(open.name);
                self.out.push(b'>');
                self.rendered.truncate(open.rendered);
            }
        }
        self
    }

    /// An element with text alone.
    pub fn element(&mut self, prefix: &str, namespace: &str, local_name: &str, text: &str) -> &mut Self {
        self.start(prefix, namespace, local_name).text(text).end()
    }

    /// An element written before, as it is.
    pub fn fragment(&mut self, fragment: &Fragment) -> &mut Self {
        self.flush_tag();
        if self.open.is_empty() {
            self.roots += 1;
            self.bare |= fragment.bare;
        } else {
            // It may declare again what is declared here.
            self.inexact = true;
            match self.around("") {
                None | Some("") => self.bare |= fragment.bare,
                Some(_) if fragment.bare => self.fail(WriteError::DefaultNamespace),
                Some(_) => {}
            }
        }
        self.inexact |= !fragment.exact;
        self.out.extend_from_slice(fragment.as_bytes());
        self
    }

    /// The element written.
    ///
    /// # Errors
    /// [`WriteError`], the first mistake made.
    pub fn finish(mut self) -> Result<Fragment, WriteError> {
        self.flush_tag();
        if let Some(error) = self.error {
            return Err(error);
        }
        if !self.open.is_empty() || self.roots != 1 {
            return Err(WriteError::Unbalanced);
        }
        let text = String::from_utf8(self.out).map_err(|_| WriteError::Character)?;
        Ok(Fragment { text, exact: !self.inexact, bare: self.bare })
    }

    /// Completes the start tag: namespaces by prefix, then attributes by namespace and local name (C14N 1.0 §2.2).
    fn flush_tag(&mut self) {
        let Some(mut tag) = self.tag.take() else { return };
        let before = self.rendered.len();
        self.declare(&tag.prefix, &tag.namespace);
        let scratch = std::mem::take(&mut self.scratch);
        let part = |from: usize, to: usize| scratch.get(from..to).unwrap_or_default();
        for attribute in &tag.attributes {
            let prefix = part(attribute.start, attribute.prefix);
            if !prefix.is_empty() {
                let namespace = part(attribute.prefix, attribute.namespace);
                if prefix == tag.prefix && namespace != tag.namespace {
                    self.fail(WriteError::Namespace);
                }
                self.declare(prefix, namespace);
            }
        }
        if let Some(fresh) = self.rendered.get_mut(before..) {
            fresh.sort_unstable();
            if fresh.iter().zip(fresh.iter().skip(1)).any(|(one, other)| one.0 == other.0) {
                self.error.get_or_insert(WriteError::Namespace);
            }
        }
        for (prefix, namespace) in self.rendered.get(before..).unwrap_or_default() {
            self.out.extend_from_slice(b" xmlns");
            if !prefix.is_empty() {
                self.out.push(b':');
                self.out.extend_from_slice(prefix.as_bytes());
            }
            write_value(&mut self.out, namespace);
        }
        tag.attributes.sort_by(|a, b| {
            let key = |p: &Pending| (part(p.prefix, p.namespace), part(p.namespace, p.local_name));
            key(a).cmp(&key(b))
        });
        let mut last = None;
        for attribute in &tag.attributes {
            let prefix = part(attribute.start, attribute.prefix);
            let name = part(attribute.namespace, attribute.local_name);
            let key = Some((part(attribute.prefix, attribute.namespace), name));
            if key == last {
                self.error.get_or_insert(WriteError::Attribute);
            }
            last = key;
            self.out.push(b' ');
            if !prefix.is_empty() {
                self.out.extend_from_slice(prefix.as_bytes());
                self.out.push(b':');
            }
            self.out.extend_from_slice(name.as_bytes());
            write_value(&mut self.out, part(attribute.local_name, attribute.value));
        }
        self.out.push(b'>');
        self.scratch = scratch;
        self.scratch.clear();
    }

    fn declare(&mut self, prefix: &str, namespace: &str) {
        if prefix == "xml" {
            return;
        }
        match self.around(prefix) {
            Some(around) if around == namespace => {}
            None if namespace.is_empty() => self.bare = true,
            _ => self.rendered.push((prefix.to_owned(), namespace.to_owned())),
        }
    }

    /// The namespace to which the output so far binds a prefix.
    fn around(&self, prefix: &str) -> Option<&str> {
        self.rendered.iter().rev().find(|(other, _)| other == prefix).map(|(_, namespace)| namespace.as_str())
    }

    fn check_name(&mut self, prefix: &str, namespace: &str, local_name: &str) {
        if !chars::is_ncname(local_name) || !(prefix.is_empty() || chars::is_ncname(prefix)) {
            self.fail(WriteError::Name);
        }
        let reserved = prefix == "xmlns" || (prefix == "xml") != (namespace == XML_NAMESPACE);
        if reserved
            || (namespace.is_empty() && !prefix.is_empty())
            || (prefix.is_empty() && local_name == "xmlns")
        {
            self.fail(WriteError::Namespace);
        }
        self.check_characters(namespace);
    }

    fn check_characters(&mut self, text: &str) {
        // Forbidden are some C0 controls and, with first byte EF, two noncharacters.
        let suspicious = text.bytes().fold(false, |bad, byte| bad | (byte < b' ') | (byte == 0xef));
        if suspicious && !text.chars().all(chars::is_char) {
            self.fail(WriteError::Character);
        }
    }

    fn fail(&mut self, error: WriteError) {
        self.error.get_or_insert(error);
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("bytes", &self.out.len())
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}

fn write_value(out: &mut Vec<u8>, value: &str) {
    out.extend_from_slice(b"=\"");
    escape::value(value.as_bytes(), out);
    out.push(b'"');
}
