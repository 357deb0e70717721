//! The explanations in French, for the sandbox's pages: partners are French. One for each of the table's, by id.

/// What an explanation says, in French.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Francais {
    /// Its id.
    pub id: &'static str,
    /// The cause in one line.
    pub titre: &'static str,
    /// What it means, and how it usually comes about.
    pub sens: &'static str,
    /// What to do, whatever the stack.
    pub remede: &'static str,
}

/// Every text, by id.
pub static TOUS: &[Francais] = &[];
