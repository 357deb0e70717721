//! What several files share: documents by chance, keys, signed messages.

pub(crate) mod generate;
pub(crate) mod keys;
pub(crate) mod messages;
