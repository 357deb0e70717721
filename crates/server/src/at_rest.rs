//! Encryption at rest: keys from files or the environment, and the store that uses them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::{CryptoRng, Rng as _};
use storage::{Coffre, Key, KeyId, KeyRing, Options, Store};
use zeroize::Zeroizing;

use crate::config::{AtRest, Config};
use crate::keys::KeyFileError;

/// Opens the database of `config`, what is personal encrypted by its keys.
///
/// Fails where a key file cannot be read, and where the database needs a key that is not among them.
pub async fn open_store(config: &Config, options: Options) -> Result<Store, OpenError> {
    let coffre = coffre(&config.at_rest)?;
    if !config.at_rest.encrypts() && !config.at_rest.plain {
        tracing::warn!(
            "what is personal is NOT encrypted in the database: `vtpa key new`, then [at_rest] key"
        );
    }
    Ok(Store::open_sealed(&config.database.url, options, coffre).await?)
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file of `[at_rest]`.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The database.
    #[error("database: {0}")]
    Storage(#[from] storage::Error),
}

/// The vault with the keys of `[at_rest]`. When it meets a key id that it does not know, section and files are read anew.
pub fn coffre(at_rest: &AtRest) -> Result<Coffre, KeyFileError> {
    let ring = ring(at_rest)?;
    let random = Arc::new(|bytes: &mut [u8]| crate::clock::rng().fill_bytes(bytes));
    let read_from = at_rest.clone();
    Ok(Coffre::new(ring, random, Box::new(move || again(&read_from))))
}

fn again(read_from: &AtRest) -> Option<KeyRing> {
    // A configuration that was not read from a file is as it was; its key files may have changed.
    let section = match Config::load(&read_from.file) {
        Ok(config) => config.at_rest,
        Err(_) if read_from.file.as_os_str().is_empty() => read_from.clone(),
        Err(error) => {
            tracing::error!(%error, "a key is missing, and the configuration could not be read anew");
            return None;
        }
    };
    ring(&section)
        .inspect_err(|error| tracing::error!(%error, "a key is missing, and the keys could not be read anew"))
        .ok()
}

/// The keys of `[at_rest]`.
pub fn ring(at_rest: &AtRest) -> Result<KeyRing, KeyFileError> {
    let value = |name: &str, text: &str| {
        parse(text).ok_or_else(|| KeyFileError {
            file: PathBuf::from(name),
            problem: format!("is no key: expected {EXPECTED}"),
        })
    };
    let current = match (&at_rest.key, &at_rest.key_value) {
        (Some(path), _) => Some(read(path)?),
        (None, Some(text)) => Some(value("at_rest.key_value", text.expose())?),
        (None, None) => None,
    };
    let files = at_rest.previous.iter().map(|path| read(path));
    let values = at_rest.previous_values.iter().map(|text| value("at_rest.previous_values", text.expose()));
    Ok(KeyRing::new(current, files.chain(values).collect::<Result<_, _>>()?))
}

/// The key in that file.
pub fn read(file: &Path) -> Result<Key, KeyFileError> {
    let bytes = read_bytes(file, "vtpa key new FILE")?;
    Key::new(&bytes).ok_or_else(|| no_key(file, "vtpa key new FILE"))
}

/// The 256 bits in a key file, which `maker` makes.
pub(crate) fn read_bytes(file: &Path, maker: &str) -> Result<Zeroizing<[u8; Key::LEN]>, KeyFileError> {
    let error = |problem: String| KeyFileError { file: file.to_owned(), problem };
    let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => error(format!(
            "is not there. Put the key file back: what it encrypted cannot be read without it. If this is a new \
             installation, make one: {maker}"
        )),
        kind => error(format!("cannot be read: {kind}")),
    })?;
    warn_if_open(file);
    bytes(&text).ok_or_else(|| no_key(file, maker))
}

fn no_key(file: &Path, maker: &str) -> KeyFileError {
    KeyFileError {
        file: file.to_owned(),
        problem: format!("holds no key: expected {EXPECTED}, as `{maker}` writes it"),
    }
}

const EXPECTED: &str = "32 random bytes in base64 on a line of its own";

fn parse(text: &str) -> Option<Key> {
    Key::new(&*bytes(text)?)
}

/// The one line that is no comment.
fn bytes(text: &str) -> Option<Zeroizing<[u8; Key::LEN]>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let bytes = Zeroizing::new(STANDARD.decode(line).ok()?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

/// The text of a key file: comments and the one line.
pub(crate) fn key_file(about: &str, bytes: &[u8; Key::LEN]) -> Zeroizing<String> {
    let line = Zeroizing::new(STANDARD.encode(bytes));
    Zeroizing::new(format!("{about}\n{}\n", line.as_str()))
}

#[cfg(unix)]
fn warn_if_open(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(metadata) = std::fs::metadata(file) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let mode = format!("{mode:o}");
        tracing::warn!(file = %file.display(), mode, "the key is readable by others: chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_if_open(_: &Path) {}

/// A new key: its id, and the text of its file.
pub fn draw(rng: &mut impl CryptoRng) -> Option<(KeyId, Zeroizing<String>)> {
    let mut bytes = Zeroizing::new([0; Key::LEN]);
    rng.fill_bytes(bytes.as_mut_slice());
    let id = Key::new(&bytes)?.id();
    let about = format!(
        "# vtpa: key {id} of data at rest. Keep a copy apart from the database and its backups:\n\
         # without it nobody reads what it encrypted."
    );
    Some((id, key_file(&about, &bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("vtpa.cle");
        std::fs::write(&file, content).unwrap();
        (directory, file)
    }

    #[test]
    fn a_key_file_is_one_line_of_base64_and_what_else_it_holds_is_told() {
        let rows: [(&str, Option<&str>); 7] = [
            (LINE, None),
            (&format!("# a comment\n\n  {LINE}\r\n"), None),
            ("", Some("holds no key")),
            ("-----BEGIN PRIVATE KEY-----\nMIIE\n", Some("holds no key")),
            (&format!("{LINE}\n{LINE}\n"), Some("holds no key")),
            ("AAECAwQFBgcICQoLDA0ODw==", Some("holds no key")),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", Some("holds no key")),
        ];
        for (content, problem) in rows {
            let (_directory, file) = file(content);
            let read = read(&file).map(|key| key.id().to_string());
            match problem {
                None => assert_eq!(read.as_deref(), Ok("630dcd2966c43366")),
                Some(problem) => {
                    let error = read.unwrap_err().to_string();
                    assert!(error.contains(problem) && !error.contains("AAEC"), "{error}");
                }
            }
        }
    }

    #[test]
    fn a_key_that_is_drawn_is_one_that_is_read() {
        let (id, text) = draw(&mut testkit::rng(1)).unwrap();
        let (_directory, file) = file(&text);
        assert_eq!(read(&file).unwrap().id(), id);
        assert!(text.contains(&id.to_string()), "the file says which key it is");
        let (other, _) = draw(&mut testkit::rng(2)).unwrap();
        assert_ne!(other, id);
    }

    #[test]
    fn no_debug_shows_a_key() {
        let at_rest = AtRest { key_value: Some(LINE.to_owned().into()), ..AtRest::default() };
        let shown = format!("{at_rest:?} {:?}", ring(&at_rest).unwrap());
        assert!(!shown.contains("AAEC") && shown.contains("630dcd2966c43366"), "{shown}");
    }
}
