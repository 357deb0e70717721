//! The file:
//!
//! ```text
//! "vtpa-backup\n" | length of the header, 4 bytes | header, JSON | chunk | chunk | … | last chunk
//! ```
//!
//! The header is readable by anyone and says what the file is. Each chunk is AES-256-GCM of at most `chunk_bytes` of the
//! database, its tag after it, under a key that is derived for this backup alone. Its nonce is its number and whether it is
//! the last, its associated data the hash of all that comes before the first chunk: a chunk opens in its place of its own
//! file alone, and a file that ends early, even between two chunks, has no last one.

use std::io::{self, Read, Write};
use std::path::Path;

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, NONCE_LEN, Nonce},
    digest::{SHA256, digest},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupError, BackupKey, Making};
use crate::effacement::{hex, unhex};

const MAGIC: &[u8; 12] = b"vtpa-backup\n";
const FORMAT: u32 = 1;
const CHUNK: u32 = 1 << 18;
const CHUNK_MAX: u32 = 1 << 24;
const HEADER_MAX: usize = 1 << 16;
const TAG: u64 = 16;

/// What a backup says of itself, readable without its key; authenticated by its chunks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Of the file.
    pub format: u32,
    /// The program that made it.
    pub version: String,
    /// The database's schema.
    pub schema: i64,
    /// When.
    pub date: Timestamp,
    /// Size of the database in it.
    pub database_bytes: u64,
    /// Of the database in one chunk.
    pub chunk_bytes: u32,
    /// The backup key's fingerprint.
    pub key: String,
    /// Ids of the keys of data at rest, without which the database in it is not read.
    #[serde(default)]
    pub database_keys: Vec<String>,
    /// From which this backup's own key is derived.
    salt: String,
}

/// What went wrong; the file's name is the caller's to add.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    NotABackup,
    Other(BackupError),
}

impl Fault {
    pub(super) fn of(self, file: &Path) -> BackupError {
        match self {
            Self::Io(error) => super::io(file, error),
            Self::NotABackup => BackupError::NotABackup(file.to_owned()),
            Self::Other(error) => error,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::NotABackup,
            _ => Self::Io(error),
        }
    }
}

impl Header {
    pub(super) fn new(
        making: &Making<'_>,
        schema: i64,
        database_keys: Vec<String>,
        database_bytes: u64,
    ) -> Self {
        Self {
            format: FORMAT,
            version: making.version.to_owned(),
            schema,
            date: making.date,
            database_bytes,
            chunk_bytes: CHUNK,
            key: making.key.fingerprint(),
            database_keys,
            salt: hex(&making.salt),
        }
    }

    /// An empty database would have one empty chunk, so that there is always a last one.
    fn chunks(&self) -> u64 {
        self.database_bytes.div_ceil(self.chunk_bytes.into()).max(1)
    }

    /// Bytes of a chunk's content.
    fn length(&self, chunk: u64) -> u64 {
        let size = u64::from(self.chunk_bytes);
        self.database_bytes.saturating_sub(chunk.saturating_mul(size)).min(size)
    }
}

/// Magic, length, header.
fn preamble(header: &Header) -> Result<Vec<u8>, Fault> {
    let json = serde_json::to_vec(header).map_err(|error| Fault::Io(error.into()))?;
    let length = u32::try_from(json.len()).map_err(|_| Fault::NotABackup)?;
    Ok([&MAGIC[..], &length.to_be_bytes(), &json].concat())
}

/// The header, and all bytes read for it.
pub(super) fn read_header(from: &mut impl Read) -> Result<(Header, Vec<u8>), Fault> {
    let mut start = [0; MAGIC.len() + 4];
    from.read_exact(&mut start)?;
    let Some((magic, length)) = start.split_first_chunk::<12>() else { return Err(Fault::NotABackup) };
    let length =
        length.try_into().map(u32::from_be_bytes).ok().and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| magic == MAGIC && *length <= HEADER_MAX).ok_or(Fault::NotABackup)?;
    let mut json = vec![0; length];
    from.read_exact(&mut json)?;
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_slice(&json).map_err(|_| Fault::NotABackup)?;
    if format != FORMAT {
        return Err(Fault::Other(BackupError::NewerFormat { found: format, known: FORMAT }));
    }
    let header: Header = serde_json::from_slice(&json).map_err(|_| Fault::NotABackup)?;
    if !(1..=CHUNK_MAX).contains(&header.chunk_bytes) {
        return Err(Fault::NotABackup);
    }
    Ok((header, [&start[..], &json].concat()))
}

/// Encrypts `from` under a key of this backup's own.
pub(super) fn encrypt(
    header: &Header,
    key: &BackupKey,
    from: &mut impl Read,
    mut to: impl Write,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Fault> {
    let preamble = preamble(header)?;
    let sealing = Sealing::new(header, key, &preamble)?;
    to.write_all(&preamble)?;
    let mut done = 0;
    for chunk in 0..header.chunks() {
        let mut buffer = read(from, header.length(chunk))?;
        let sealed =
            sealing.key.seal_in_place_append_tag(sealing.nonce(chunk), sealing.before(), &mut buffer);
        sealed.map_err(|_| Fault::Io(io::ErrorKind::OutOfMemory.into()))?;
        to.write_all(&buffer)?;
        done += header.length(chunk);
        progress(done);
    }
    Ok(())
}

/// Decrypts a file of so many bytes; what is written is to be used only if this succeeds.
pub(super) fn decrypt(
    key: &BackupKey,
    mut from: impl Read,
    bytes: u64,
    mut to: impl Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Header, Fault> {
    let (header, preamble) = read_header(&mut from)?;
    let given = key.fingerprint();
    if header.key != given {
        let made_with = header.key.chars().filter(char::is_ascii_hexdigit).take(16).collect();
        return Err(Fault::Other(BackupError::WrongKey { made_with, given }));
    }
    let chunks = header.chunks();
    let expected = (preamble.len() as u64)
        .saturating_add(header.database_bytes)
        .saturating_add(chunks.saturating_mul(TAG));
    let sealing = Sealing::new(&header, key, &preamble)?;
    let mut done = 0;
    for chunk in 0..chunks {
        let altered = || Fault::Other(BackupError::Altered { chunk: chunk + 1, chunks });
        let mut buffer = match read(&mut from, header.length(chunk).saturating_add(TAG)) {
            Err(Fault::NotABackup) => {
                return Err(Fault::Other(BackupError::Truncated { found: bytes, expected }));
            }
            buffer => buffer?,
        };
        let plain = sealing
            .key
            .open_in_place(sealing.nonce(chunk), sealing.before(), &mut buffer)
            .map_err(|_| altered())?;
        to.write_all(plain)?;
        done += plain.len() as u64;
        progress(done, header.database_bytes);
    }
    match bytes.saturating_sub(expected) {
        0 => Ok(header),
        more => Err(Fault::Other(BackupError::Trailing(more))),
    }
}

/// Exactly so many bytes; the buffer grows as they come, whatever a header says.
fn read(from: &mut impl Read, length: u64) -> Result<Vec<u8>, Fault> {
    let mut buffer = Vec::new();
    from.take(length).read_to_end(&mut buffer)?;
    if buffer.len() as u64 == length { Ok(buffer) } else { Err(Fault::NotABackup) }
}

/// What the chunks of one backup share.
struct Sealing {
    key: LessSafeKey,
    before: [u8; 32],
    last: u64,
}

impl Sealing {
    fn new(header: &Header, key: &BackupKey, preamble: &[u8]) -> Result<Self, Fault> {
        let salt = unhex(&header.salt).ok_or(Fault::NotABackup)?;
        let key = key.of_backup(&salt).ok_or(Fault::NotABackup)?;
        let mut before = [0; 32];
        before.iter_mut().zip(digest(&SHA256, preamble).as_ref()).for_each(|(to, from)| *to = *from);
        Ok(Self { key, before, last: header.chunks() - 1 })
    }

    /// Three zeros, whether it is the last, its number.
    fn nonce(&self, chunk: u64) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        let [_, _, _, last, number @ ..] = &mut nonce;
        *last = u8::from(chunk == self.last);
        *number = chunk.to_be_bytes();
        Nonce::assume_unique_for_key(nonce)
    }

    fn before(&self) -> Aad<&[u8]> {
        Aad::from(&self.before)
    }
}

#[cfg(test)]
mod tests;
