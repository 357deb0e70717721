//! Why a document is refused.

use thiserror::Error;

/// The first thing wrong with a document, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{cause} (byte {offset})")]
pub struct ParseError {
    /// What is wrong.
    pub cause: ParseCause,
    /// Where, in bytes of the document in UTF-8.
    pub offset: usize,
}

/// What is wrong with a document. Productions and sections are those of XML 1.0 (fifth edition) and, marked NS, of
/// Namespaces in XML 1.0 (third edition).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseCause {
    /// Longer than [`Limits::bytes`](crate::Limits::bytes).
    #[error("the document is longer than the limit")]
    TooLong,
    /// Deeper than [`Limits::depth`](crate::Limits::depth).
    #[error("elements nest deeper than the limit")]
    TooDeep,
    /// More than [`Limits::nodes`](crate::Limits::nodes).
    #[error("there are more nodes than the limit")]
    TooManyNodes,
    /// More than [`Limits::attributes`](crate::Limits::attributes).
    #[error("an element has more attributes than the limit")]
    TooManyAttributes,
    /// More than [`Limits::namespaces`](crate::Limits::namespaces).
    #[error("more namespaces are in scope than the limit")]
    TooManyNamespaces,
    /// Longer than [`Limits::name_length`](crate::Limits::name_length).
    #[error("a name is longer than the limit")]
    NameTooLong,
    /// The bytes are no UTF-8, or no UTF-16 after a byte order mark of it (§4.3.3).
    #[error("the bytes are not in the document's encoding")]
    Encoding,
    /// The XML declaration names an encoding that the bytes are not in, or one that is not supported (§4.3.3).
    #[error("the encoding declared is not that of the bytes")]
    DeclaredEncoding,
    /// The XML declaration is malformed (production 23).
    #[error("the XML declaration is malformed")]
    Declaration,
    /// XML 1.1 or other (production 26).
    #[error("the version of XML is not 1.0")]
    Version,
    /// A document type declaration: never read.
    #[error("document type declarations are refused")]
    DocumentType,
    /// A processing instruction: never read.
    #[error("processing instructions are refused")]
    ProcessingInstruction,
    /// A character outside production 2, as itself or by reference.
    #[error("a character that XML does not allow")]
    Character,
    /// Not a name (productions 4, 5), or not a qualified one (NS productions 7 to 11).
    #[error("a malformed name")]
    Name,
    /// A malformed start tag (productions 40, 44).
    #[error("a malformed tag")]
    Tag,
    /// `<` within an attribute value (production 10).
    #[error("`<` in an attribute value")]
    LessThan,
    /// A `&` that begins no reference (productions 66, 68).
    #[error("a malformed reference")]
    Reference,
    /// A reference to an entity other than the five (WFC: Entity Declared).
    #[error("an undeclared entity")]
    Entity,
    /// `]]>` in text (production 14).
    #[error("`]]>` in text")]
    CdataEnd,
    /// A CDATA section without end or outside the root (production 18).
    #[error("a misplaced or unclosed CDATA section")]
    Cdata,
    /// A comment without end, or with `--` in it (production 15).
    #[error("a malformed comment")]
    Comment,
    /// Other markup that begins with `<!`.
    #[error("unknown markup")]
    Markup,
    /// An end tag that does not match (WFC: Element Type Match).
    #[error("an end tag does not match its start tag")]
    MismatchedTag,
    /// Text outside the root (production 1).
    #[error("text outside the root element")]
    TextOutsideRoot,
    /// A second root (production 1).
    #[error("more than one root element")]
    SecondRoot,
    /// No root (production 1).
    #[error("no root element")]
    NoRoot,
    /// The input ends within an element.
    #[error("the document ends too early")]
    UnexpectedEnd,
    /// The same attribute twice, by expanded name (NS §6.3, WFC: Unique Att Spec).
    #[error("an attribute stands twice")]
    DuplicateAttribute,
    /// A prefix that is not declared (NSC: Prefix Declared).
    #[error("an undeclared prefix")]
    UndeclaredPrefix,
    /// A prefix declared to be no namespace (NSC: No Prefix Undeclaring).
    #[error("a prefix is undeclared")]
    EmptyNamespace,
    /// `xml` or `xmlns` bound otherwise than they are, or another prefix to their names (NSC: Reserved Prefixes).
    #[error("a reserved prefix or namespace is declared")]
    ReservedNamespace,
}
