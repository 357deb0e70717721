//! Putting a fragment into the text of a document, every other byte left as it is.

use crate::document::{Document, EMPTY_TAG, Node};
use crate::writer::{Fragment, WriteError};

/// Where a fragment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'d> {
    /// Before everything else in the element.
    FirstIn(Node<'d>),
    /// After everything else in the element.
    LastIn(Node<'d>),
    /// Right before the element; not before the root.
    Before(Node<'d>),
    /// Right after the element; not after the root.
    After(Node<'d>),
}

impl Document {
    /// The document's text with a fragment added, for instance an enveloped signature.
    ///
    /// ```
    /// use xmlsec::{Document, Limits, Place, Writer};
    ///
    /// let document = Document::parse(b"<a><b/></a>", &Limits::default())?;
    /// let mut c = Writer::new();
    /// c.element("", "", "c", "1");
    /// let b = document.root().child("", "b").unwrap();
    /// assert_eq!(document.insert(Place::LastIn(b), &c.finish()?)?, "<a><b><c>1</c></b></a>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WriteError`]: a place beside the root, or a fragment without namespace where a default namespace is in force.
    pub fn insert(&self, place: Place<'_>, fragment: &Fragment) -> Result<String, WriteError> {
        let (around, at) = match place {
            Place::FirstIn(node) => (node, node.content_range().start),
            Place::LastIn(node) => (node, node.content_range().end),
            Place::Before(node) => (node.parent().ok_or(WriteError::Unbalanced)?, node.byte_range().start),
            Place::After(node) => (node.parent().ok_or(WriteError::Unbalanced)?, node.byte_range().end),
        };
        if !std::ptr::eq(self, around.document()) {
            return Err(WriteError::Unbalanced);
        }
        if fragment.is_bare() && around.resolve_prefix("").is_some() {
            return Err(WriteError::DefaultNamespace);
        }
        let (before, after) = self.source().split_at_checked(at).ok_or(WriteError::Unbalanced)?;
        let mut text = String::with_capacity(self.source().len() + fragment.as_str().len() + 64);
        let opened = matches!(place, Place::FirstIn(_) | Place::LastIn(_)) && around.record().has(EMPTY_TAG);
        text.push_str(if opened { before.strip_suffix("/>").unwrap_or(before) } else { before });
        text.push_str(if opened { ">" } else { "" });
        text.push_str(fragment.as_str());
        if opened {
            text.push_str("</");
            text.push_str(self.str(around.record().qualified_name()));
            text.push('>');
        }
        text.push_str(after);
        Ok(text)
    }
}
