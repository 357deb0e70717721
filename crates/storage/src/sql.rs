//! What differs between databases, values bound, and rows read, whichever driver fetched them.

use dossier::IdDossier;
use jiff::Timestamp;

use crate::Error;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use serde::de::DeserializeOwned;
use sqlx::{Column as _, Row as _};

/// The database's clock in milliseconds since 1970-01-01 UTC.
macro_rules! now {
    () => {
        "CAST(ROUND(unixepoch('now', 'subsec') * 1000) AS INTEGER)"
    };
}
pub(crate) use now;

/// The row of `cle_coffre` whose key writes. On PostgreSQL it is locked, shared, until the transaction ends.
macro_rules! courante {
    () => {
        "courante = 1 /* locked */"
    };
}
pub(crate) use courante;

/// The first instant of the database's day (UTC), in the same.
macro_rules! today {
    () => {
        concat!(crate::sql::now!(), " / 86400000 * 86400000")
    };
}
pub(crate) use today;

/// A JSON array bound as `$n`, as rows of (`rang`, `valeur`).
macro_rules! elements {
    ($parameter:literal) => {
        concat!("(SELECT key AS rang, value AS valeur FROM json_each(", $parameter, "))")
    };
}
pub(crate) use elements;

/// A JSON array of pairs bound as `$n`, as rows of (`rang`, `a`, `b`).
macro_rules! pairs {
    ($parameter:literal) => {
        concat!("(SELECT key AS rang, value ->> 0 AS a, value ->> 1 AS b FROM json_each(", $parameter, "))")
    };
}
pub(crate) use pairs;

/// A value bound to `$1`, `$2`… in their order, which is the order of their first appearance in the text.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    MaybeInteger(Option<i64>),
    MaybeText(Option<&'a str>),
    MaybeBytes(Option<&'a [u8]>),
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Integer(value) | Value::MaybeInteger(Some(value)) => ValueRef::Integer(value),
            Value::Text(value) | Value::MaybeText(Some(value)) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(value) | Value::MaybeBytes(Some(value)) => ValueRef::Blob(value),
            Value::MaybeInteger(None) | Value::MaybeText(None) | Value::MaybeBytes(None) => ValueRef::Null,
        }))
    }
}

/// A row under the reader's eyes; nothing is copied out of it but what is asked for.
pub(crate) struct Row<'r> {
    table: &'static str,
    raw: Raw<'r>,
}

enum Raw<'r> {
    Rusqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r sqlx::postgres::PgRow),
}

impl<'r> Row<'r> {
    pub(crate) fn rusqlite(table: &'static str, row: &'r rusqlite::Row<'_>) -> Self {
        Self { table, raw: Raw::Rusqlite(row) }
    }

    pub(crate) fn postgres(table: &'static str, row: &'r sqlx::postgres::PgRow) -> Self {
        Self { table, raw: Raw::Postgres(row) }
    }

    pub(crate) fn integer(&self, index: usize) -> Result<i64, Error> {
        self.maybe_integer(index)?.ok_or_else(|| self.inconsistent(index))
    }

    pub(crate) fn text(&self, index: usize) -> Result<&str, Error> {
        self.maybe_text(index)?.ok_or_else(|| self.inconsistent(index))
    }

    pub(crate) fn bytes(&self, index: usize) -> Result<&[u8], Error> {
        self.maybe_bytes(index)?.ok_or_else(|| self.inconsistent(index))
    }

    pub(crate) fn maybe_integer(&self, index: usize) -> Result<Option<i64>, Error> {
        match self.raw {
            Raw::Rusqlite(row) => row.get_ref(index).ok().and_then(|value| value.as_i64_or_null().ok()),
            Raw::Postgres(row) => crate::postgres::integer(row, index),
        }
        .ok_or_else(|| self.inconsistent(index))
    }

    pub(crate) fn maybe_text(&self, index: usize) -> Result<Option<&str>, Error> {
        match self.raw {
            Raw::Rusqlite(row) => row.get_ref(index).ok().and_then(|value| value.as_str_or_null().ok()),
            Raw::Postgres(row) => row.try_get(index).ok(),
        }
        .ok_or_else(|| self.inconsistent(index))
    }

    pub(crate) fn maybe_bytes(&self, index: usize) -> Result<Option<&[u8]>, Error> {
        match self.raw {
            Raw::Rusqlite(row) => row.get_ref(index).ok().and_then(|value| value.as_blob_or_null().ok()),
            Raw::Postgres(row) => row.try_get(index).ok(),
        }
        .ok_or_else(|| self.inconsistent(index))
    }

    /// The error for a column whose value is not of the type, or of the kind, that was stored.
    fn inconsistent(&self, index: usize) -> Error {
        let name = match self.raw {
            Raw::Postgres(row) => row.columns().get(index).map(|column| column.name().to_owned()),
            Raw::Rusqlite(row) => row.as_ref().column_name(index).ok().map(str::to_owned),
        };
        Error::Inconsistent { table: self.table, column: name.unwrap_or_default().into(), row: String::new() }
    }
}

/// A time as it is stored.
pub(crate) fn time(table: &'static str, column: &'static str, milliseconds: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| Error::inconsistent(table, column, milliseconds))
}

/// A length of time as it is stored.
pub(crate) fn milliseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// A JSON document as it is stored. Its UTF-8 is checked once and not string by string.
pub(crate) fn document<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(json).ok()?).ok()
}

/// The 13 digits of an IdDossier as a number, which is the dossier's key.
pub(crate) fn dossier_number(id: &IdDossier) -> i64 {
    text_number(id.as_str()).unwrap_or(NO_DOSSIER)
}

/// What no dossier has for a key.
pub(crate) const NO_DOSSIER: i64 = -1;

/// The number of an IdDossier as someone wrote it; none if it is no 13 digits.
pub(crate) fn text_number(id: &str) -> Option<i64> {
    let digits = id.len() == 13 && id.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| id.parse().ok()).flatten()
}

/// The other way.
pub(crate) fn dossier_id(table: &'static str, number: i64) -> Result<IdDossier, Error> {
    IdDossier::parse(&format!("{number:013}")).ok_or_else(|| Error::inconsistent(table, "dossier", number))
}

/// Rows for [`elements`] and the like.
pub(crate) fn json(rows: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(rows).map_err(|_| Error::inconsistent("rows", "json", ""))
}

/// Bytes as a statement's `unhex` takes them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
