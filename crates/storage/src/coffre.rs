//! The vault: what is personal is encrypted before it reaches the database, by AES-256-GCM.
//!
//! Every column that holds a person's data goes through one pair of functions: [`Tx::seal`](crate::Tx) when it is written,
//! [`Coffre::open`] when it is read, both given the table, the column and the row's key. A stored value is
//!
//! ```text
//! 0xF9 | key id, 8 bytes | nonce, 12 bytes | ciphertext | tag, 16 bytes
//! ```
//!
//! and table, column and row key are its associated data, so that it opens in no other place. No text in UTF-8 begins with
//! 0xF8 or above: what older databases and those without a key hold is told apart by its first byte. A plain value that
//! does begin so (a message of a sandbox may begin with anything) is written after a byte 0xF8.
//!
//! Which key is used for writing is the database's to say (the table `cle_coffre`), and each transaction asks it once: instances
//! that share it change over together. A key id that is not among the keys at hand makes them be read anew, once, before
//! it is an error.
//!
//! Nonces are random: by NIST SP 800-38D §8.3 a key may encrypt 2³² values. `vtpa key rotate` begins anew with another key.
//! A backup restored beside the original is no danger to that, since nonces are not counted.

use std::{
    borrow::Cow,
    fmt::{self, Display},
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use serde::de::DeserializeOwned;

use crate::{Error, sql::document};

mod courante;
mod lieux;
mod rotation;

pub use self::rotation::{Avancee, BilanRotation, CompteCle, EtatCles};

/// A plain value whose first byte would say otherwise follows.
const PLAIN: u8 = 0xF8;
/// AES-256-GCM, the first and only format.
const SEALED: u8 = 0xF9;
const HEADER: usize = 1 + KeyId::LEN + NONCE_LEN;
const TAG: usize = 16;

/// The first bytes of a key's SHA-256: it names the key and tells nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; Self::LEN]);

/// A key of 256 bits. What holds it wipes it when dropped.
pub struct Key {
    id: KeyId,
    aead: LessSafeKey,
}

/// The keys at hand: the one that should write, if any, and those that still read.
#[derive(Clone, Default)]
pub struct KeyRing {
    current: Option<Arc<Key>>,
    previous: Vec<Arc<Key>>,
}

/// Fills a buffer with bytes nobody can guess.
pub type Randomness = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Reads the keys anew from where they are kept; none if that fails, and then whoever fails tells why.
pub type Reload = Box<dyn Fn() -> Option<KeyRing> + Send + Sync>;

/// The vault: keys, and where nonces come from. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Coffre(Arc<Inner>);

struct Inner {
    ring: RwLock<Arc<KeyRing>>,
    random: Randomness,
    reload: Reload,
}

impl KeyId {
    const LEN: usize = 8;
    /// What `cle_coffre` has in place of a key for values that are not encrypted.
    pub(crate) const NONE: Self = Self([0; Self::LEN]);

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// As it is shown everywhere: sixteen hexadecimal digits.
impl Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Key {
    /// Bytes of a key.
    pub const LEN: usize = 32;

    /// The key of these bytes, which the caller wipes. None if they are all equal: no generator gives that.
    pub fn new(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let [first, rest @ ..] = bytes;
        if rest.iter().all(|byte| byte == first) {
            return None;
        }
        let hash = digest(&SHA256, bytes);
        let id = KeyId::from_slice(hash.as_ref().get(..KeyId::LEN)?)?;
        let aead = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).ok()?);
        Some(Self { id, aead })
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    fn seal(&self, place: &Place<'_>, nonce: [u8; NONCE_LEN], plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = Vec::with_capacity(HEADER + plain.len() + TAG);
        sealed.push(SEALED);
        sealed.extend_from_slice(self.id.as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let (_, text) = sealed.split_at_mut_checked(HEADER)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.aead.seal_in_place_separate_tag(nonce, place.associated(), text).ok()?;
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    fn open(&self, place: &Place<'_>, nonce: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = sealed.to_vec();
        let length = self.aead.open_in_place(nonce, place.associated(), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// `current` writes, and reads as `previous` do.
    pub fn new(current: Option<Key>, previous: Vec<Key>) -> Self {
        Self { current: current.map(Arc::new), previous: previous.into_iter().map(Arc::new).collect() }
    }

    /// The id of the key that should write.
    pub fn current(&self) -> Option<KeyId> {
        self.current.as_ref().map(|key| key.id)
    }

    /// The ids of all keys at hand, the current one first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.current.iter().chain(&self.previous).map(|key| key.id).collect()
    }

    fn key(&self, id: KeyId) -> Option<&Arc<Key>> {
        self.current.iter().chain(&self.previous).find(|key| key.id == id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("ids", &self.ids()).finish()
    }
}

impl Coffre {
    /// A vault with these keys. `reload` is asked when a key id is met that none of them has.
    pub fn new(ring: KeyRing, random: Randomness, reload: Reload) -> Self {
        Self(Arc::new(Inner { ring: RwLock::new(Arc::new(ring)), random, reload }))
    }

    /// A vault without a key: what it writes is plain, and what is encrypted it cannot read.
    pub fn plain() -> Self {
        Self::new(KeyRing::default(), Arc::new(|_| {}), Box::new(|| None))
    }

    /// The plain value of what is stored at this place.
    ///
    /// [`Error::Inconsistent`] if it was changed, or stored at another place; [`Error::MissingKey`] without its key.
    pub(crate) fn open<'s>(
        &self,
        table: &'static str,
        column: &'static str,
        row: impl Display,
        stored: &'s [u8],
    ) -> Result<Cow<'s, [u8]>, Error> {
        let rest = match stored.split_first() {
            Some((&SEALED, rest)) => rest,
            Some((&PLAIN, rest)) => return Ok(Cow::Borrowed(rest)),
            _ => return Ok(Cow::Borrowed(stored)),
        };
        let place = Place { table, column, row: &row };
        let inconsistent = || Error::inconsistent(table, column, &row);
        let (id, rest) = rest.split_at_checked(KeyId::LEN).ok_or_else(inconsistent)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or_else(inconsistent)?;
        let key = self.key(KeyId::from_slice(id).ok_or_else(inconsistent)?)?;
        key.open(&place, nonce, sealed).map(Cow::Owned).ok_or_else(inconsistent)
    }

    /// The JSON document that is stored at this place.
    pub(crate) fn document<T: DeserializeOwned>(
        &self,
        table: &'static str,
        column: &'static str,
        row: impl Display,
        stored: &[u8],
    ) -> Result<T, Error> {
        let plain = self.open(table, column, &row, stored)?;
        document(&plain).ok_or_else(|| Error::inconsistent(table, column, &row))
    }

    /// The text that is stored at this place.
    pub(crate) fn text(
        &self,
        table: &'static str,
        column: &'static str,
        row: impl Display,
        stored: &[u8],
    ) -> Result<String, Error> {
        let plain = self.open(table, column, &row, stored)?.into_owned();
        String::from_utf8(plain).map_err(|_| Error::inconsistent(table, column, &row))
    }

    /// As it is to be stored under `key`, or plain without one.
    pub(crate) fn seal(
        &self,
        key: Option<&Key>,
        table: &'static str,
        column: &'static str,
        row: impl Display,
        plain: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let Some(key) = key else {
            let ambiguous = plain.first().is_some_and(|byte| [PLAIN, SEALED].contains(byte));
            return Ok(if ambiguous { [&[PLAIN], plain].concat() } else { plain.to_vec() });
        };
        let mut nonce = [0; NONCE_LEN];
        (self.0.random)(&mut nonce);
        let place = Place { table, column, row: &row };
        key.seal(&place, nonce, plain).ok_or_else(|| Error::inconsistent(table, column, &row))
    }

    /// The key of this id. One that is not at hand may have come meanwhile: the keys are read anew before it fails.
    pub(crate) fn key(&self, id: KeyId) -> Result<Arc<Key>, Error> {
        if let Some(key) = self.ring().key(id) {
            return Ok(Arc::clone(key));
        }
        if let Some(ring) = (self.0.reload)() {
            tracing::info!(keys = ?ring.ids(), "a key was missing: the keys were read anew");
            *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        }
        self.ring().key(id).cloned().ok_or_else(|| self.missing(vec![id]))
    }

    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn missing(&self, needed: Vec<KeyId>) -> Error {
        Error::MissingKey { needed, at_hand: self.ring().ids() }
    }
}

/// Where a value is stored.
struct Place<'a> {
    table: &'static str,
    column: &'static str,
    row: &'a dyn Display,
}

impl Place<'_> {
    /// Names of tables and columns have no zero byte, so that no two places give the same bytes.
    fn associated(&self) -> Aad<Vec<u8>> {
        Aad::from(format!("{}\0{}\0{}", self.table, self.column, self.row).into_bytes())
    }
}

#[cfg(test)]
mod tests;
