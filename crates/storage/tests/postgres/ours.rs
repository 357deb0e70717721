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

/// Whether a text is anywhere in the database, as text or as bytes.
pub(crate) fn holds(place: &Place, text: &str) -> bool {
    let dump = place.dump();
    let hexadecimal: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    dump.contains(text) || dump.contains(&hexadecimal)
}

/// Makes the schema as it was at that version.
pub(crate) async fn make_version(place: &Place, version: i64) {
    let pool = sqlx::PgPool::connect(&place.url()).await.unwrap();
    sqlx::migrate!("migrations/postgres").run_to(version, &pool).await.unwrap();
    pool.close().await;
}
