//! `[backup]`: how `vtpa backup` and `vtpa restore` find their key.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// `[backup]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// File of the key that encrypts backups (`vtpa backup key FILE`), apart from the keys of `[at_rest]`.
    pub key: Option<PathBuf>,
}

impl Backup {
    pub(super) fn resolve(&mut self, directory: &Path) {
        self.key = self.key.take().map(|path| directory.join(path));
    }
}
