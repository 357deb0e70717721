//! Every key of the configuration file, learnt from the types that read it: a key that comes is known here without being named.
//!
//! [`Probe`] is a deserializer that holds no document. It follows one path through the types, and notes what the type at its
//! end asks for.

use std::cell::Cell;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::Config;

/// What stands for the names that an operator chooses, as in `limits.applications.NAME`.
pub(super) const NAME: &str = "NAME";

/// The newtype by whose name a secret is known: shown nowhere, and read from a file by `…_file`.
pub(super) const SECRET: &str = "vtpa::Secret";

/// The same for a URL, of which the password alone is secret.
pub(super) const SECRET_URL: &str = "vtpa::SecretUrl";

/// A key, dotted, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) path: String,
    pub(super) kind: Kind,
    /// A list of such.
    pub(super) list: bool,
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// These keys.
    Table(&'static [&'static str]),
    /// Names that the operator chooses.
    Names,
    /// One of these words.
    Words(&'static [&'static str]),
    /// Something that is not to be shown.
    Secret,
    /// A URL that may hold a password.
    SecretUrl,
    /// Anything else.
    Value,
}

impl Key {
    /// Whether `…_file` may name the file that holds it.
    pub(super) fn may_be_in_a_file(&self) -> bool {
        !self.list && self.is_secret()
    }

    /// Whether all or part of it is shown nowhere.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret | Kind::SecretUrl)
    }

    /// Whether it is a table, not a value.
    pub(super) fn is_table(&self) -> bool {
        !self.list && matches!(self.kind, Kind::Table(_) | Kind::Names)
    }
}

/// The key of this path, names that an operator chooses being [`NAME`].
pub(super) fn key(path: &str) -> Option<&'static Key> {
    keys().iter().find(|key| key.path == path)
}

/// Every key but the root, tables before what is in them.
pub(super) fn keys() -> &'static [Key] {
    static KEYS: OnceLock<Vec<Key>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut keys = Vec::new();
        below(&mut Vec::new(), &mut keys);
        keys
    })
}

fn below(path: &mut Vec<&'static str>, keys: &mut Vec<Key>) {
    let noted = Cell::new(None);
    // its only end is the error that says the path was followed
    let _ = Config::deserialize(Probe { path, list: false, noted: &noted });
    let Some((kind, list)) = noted.get() else { return };
    if !path.is_empty() {
        keys.push(Key { path: path.join("."), kind, list });
    }
    let names: &[&'static str] = match kind {
        Kind::Table(names) if !list => names,
        Kind::Names if !list => &[NAME],
        _ => &[],
    };
    for name in names {
        path.push(name);
        below(path, keys);
        path.pop();
    }
}

struct Probe<'p> {
    path: &'p [&'static str],
    list: bool,
    noted: &'p Cell<Option<(Kind, bool)>>,
}

impl Probe<'_> {
    fn note<T>(&self, kind: Kind) -> Result<T, Error> {
        if self.path.is_empty() {
            self.noted.set(Some((kind, self.list)));
        }
        Err(Error::custom("seen"))
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Kind::Value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            SECRET => self.note(Kind::Secret),
            SECRET_URL => self.note(Kind::SecretUrl),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(One(Some(Self { list: true, ..self })))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.path.is_empty() { self.note(Kind::Names) } else { visitor.visit_map(One(Some(self))) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.path.is_empty() { self.note(Kind::Table(fields)) } else { visitor.visit_map(One(Some(self))) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.note(Kind::Words(variants))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// The one entry that the path leads to.
struct One<'p>(Option<Probe<'p>>);

impl<'de> MapAccess<'de> for One<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(name) = self.0.as_ref().and_then(|probe| probe.path.first()) else { return Ok(None) };
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let followed = self.0.take().and_then(|probe| Some(Probe { path: probe.path.get(1..)?, ..probe }));
        seed.deserialize(followed.ok_or_else(|| Error::custom("no value"))?)
    }
}

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.take().map(|probe| seed.deserialize(probe)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_tell_their_keys() {
        let of = |path: &str| key(path).map(|key| (key.kind, key.list));
        for (path, kind, list) in [
            ("public_url", Kind::Value, false),
            ("listen.http", Kind::Value, false),
            ("database.url", Kind::SecretUrl, false),
            ("database.pool", Kind::Words(&["direct", "pgbouncer"]), false),
            ("at_rest.key_value", Kind::Secret, false),
            ("at_rest.previous_values", Kind::Secret, true),
            ("trust.anchors", Kind::Value, true),
            ("ws_security.fault_status", Kind::Value, false),
            ("chaos.kinds", Kind::Words(&["slow", "unforeseen", "refused", "expired"]), true),
            ("limits.applications", Kind::Names, false),
            ("limits.applications.NAME", Kind::Table(&["rate", "burst", "concurrency"]), false),
            ("limits.applications.NAME.rate", Kind::Value, false),
        ] {
            assert_eq!(of(path), Some((kind, list)), "{path}");
        }
        assert_eq!(of("at_rest.file"), None, "which is no key");
    }
}
