//! PostgreSQL: a database of one's own.

pub(crate) use testkit::postgres::Place;

/// The database's clock, in milliseconds.
pub(crate) const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
/// One byte of zero.
pub(crate) const ZERO: &str = "decode('00', 'hex')";

/// A text as the bytes of a column.
pub(crate) fn bytes(text: &str) -> String {
    format!("convert_to('{text}', 'UTF8')")
}
