//! Where PostgreSQL says otherwise what SQLite says: one table, from the text that this crate is written in.
//!
//! Statements are written once, in what both understand: `$1`, upserts, `RETURNING`, `string_agg`, `FILTER`,
//! `IS DISTINCT FROM`, casts to `BIGINT`. The few things that they cannot share are fragments below.

use std::{
    collections::HashMap,
    sync::{LazyLock, PoisonError, RwLock},
};

use crate::{
    recherche::{begins, matches, rank, words_of},
    sql::{courante, now},
};

/// SQLite's text and PostgreSQL's, the longer ones first where one holds another.
const FRAGMENTS: &[(&str, &str)] = &[
    // Equal throughout one statement, as SQLite's is, and not that of the transaction's beginning, as now() would be.
    (now!(), "CAST(floor(extract(epoch FROM statement_timestamp()) * 1000) AS BIGINT)"),
    ("value AS valeur FROM json_each(", "value #>> '{}' AS valeur FROM vtpa_lignes("),
    ("json_each(", "vtpa_lignes("),
    // SQLite has one writer at a time.
    (courante!(), "courante = 1 FOR SHARE"),
    // SQLite's way to say in which order.
    ("CROSS JOIN dossier d ON", "JOIN dossier d ON"),
    ("unhex(e.a)", "decode(e.a, 'hex')"),
    ("lower(hex(t.assertion))", "encode(t.assertion, 'hex')"),
    ("lower(hex(t.requete))", "encode(t.requete, 'hex')"),
    ("unhex(value ->> 1)", "decode(value ->> 1, 'hex')"),
    ("unhex(value ->> 3)", "decode(value ->> 3, 'hex')"),
    ("unhex(value ->> 4)", "decode(value ->> 4, 'hex')"),
    ("unhex(value ->> 5)", "decode(value ->> 5, 'hex')"),
    ("unhex(value ->> 13)", "decode(value ->> 13, 'hex')"),
    ("unhex(value ->> 14)", "decode(value ->> 14, 'hex')"),
    ("CAST(value ->> 2 AS BLOB)", "convert_to(value ->> 2, 'UTF8')"),
    (words_of!(), "FROM etablissement e"),
    (matches!(), "e.mots @@ CAST($1 AS tsquery)"),
    (begins!(), "starts_with(e.nom_recherche, $3)"),
    (rank!(), "-ts_rank(e.mots, CAST($1 AS tsquery))"),
];

/// A statement as PostgreSQL takes it. Each is translated once and kept for good: there are as many as in the source.
pub(crate) fn postgres(sql: &'static str) -> &'static str {
    static KNOWN: LazyLock<RwLock<HashMap<&'static str, &'static str>>> = LazyLock::new(RwLock::default);
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(sql) {
        return known;
    }
    let translated = FRAGMENTS.iter().fold(sql.to_owned(), |text, (ours, theirs)| text.replace(ours, theirs));
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.entry(sql).or_insert_with(|| translated.leak())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{elements, pairs};

    #[test]
    fn what_only_sqlite_understands_is_said_otherwise() {
        for (ours, theirs) in [
            ("SELECT id FROM dossier WHERE id = $1", "SELECT id FROM dossier WHERE id = $1"),
            (
                concat!("SELECT ", now!(), " + 30000"),
                "SELECT CAST(floor(extract(epoch FROM statement_timestamp()) * 1000) AS BIGINT) + 30000",
            ),
            (elements!("$1"), "(SELECT key AS rang, value #>> '{}' AS valeur FROM vtpa_lignes($1))"),
            (pairs!("$2"), "(SELECT key AS rang, value ->> 0 AS a, value ->> 1 AS b FROM vtpa_lignes($2))"),
        ] {
            assert_eq!(postgres(ours), theirs);
            assert_eq!(postgres(ours).as_ptr(), postgres(ours).as_ptr(), "translated once");
        }
    }
}
