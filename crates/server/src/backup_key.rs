//! The key of backups, in a file of its own.

use std::path::Path;

use rand::CryptoRng;
use storage::Key;
use storage::backup::BackupKey;
use zeroize::Zeroizing;

use crate::at_rest;
use crate::config::Config;
use crate::keys::KeyFileError;

/// The key in that file, which must not be one of the database's own: whoever got hold of that one could read both.
pub fn read(file: &Path, config: Option<&Config>) -> Result<BackupKey, KeyFileError> {
    let bytes = at_rest::read_bytes(file, "vtpa backup key FILE")?;
    let error = |problem: &str| KeyFileError { file: file.to_owned(), problem: problem.to_owned() };
    let own = config.and_then(|config| at_rest::ring(&config.at_rest).ok());
    if let (Some(own), Some(key)) = (own, Key::new(&bytes))
        && own.ids().contains(&key.id())
    {
        return Err(error(
            "is a key of the database itself ([at_rest]): a backup needs one of its own, made by `vtpa backup key FILE`, so that \
             who finds a backup and one key has neither",
        ));
    }
    BackupKey::new(&bytes).ok_or_else(|| error("holds no key that was drawn at random"))
}

/// A new key: its fingerprint, and the text of its file.
pub fn draw(rng: &mut impl CryptoRng) -> Option<(String, Zeroizing<String>)> {
    let mut bytes = Zeroizing::new([0; BackupKey::LEN]);
    rng.fill_bytes(bytes.as_mut_slice());
    let fingerprint = BackupKey::new(&bytes)?.fingerprint();
    let about = format!(
        "# vtpa: key {fingerprint} of backups. Keep copies where the backups are not, and not with the database:\n\
         # without it no backup is read."
    );
    Some((fingerprint, at_rest::key_file(&about, &bytes)))
}
