//! Where personal values are stored: one line for each column. Rotation and `vtpa key status` go by it; a test holds it
//! against the schema.

/// A column of values that [`Tx::seal`](crate::Tx) made. The row's key is one column, and its text is the row key that the
/// value was sealed for.
pub(crate) struct Lieu {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) key: Rang,
    /// How many values each key encrypts: `$1` is the first byte of what is encrypted.
    pub(crate) counts: &'static str,
    /// Whether a value begins with `$1`.
    pub(crate) begins: &'static str,
    /// Whether a value is plain: `$1` is the first byte of what is encrypted.
    pub(crate) plain: &'static str,
    /// The next keys and values after `$1` that do not begin with `$2`.
    pub(crate) next: &'static str,
    /// Puts `$1` in place of `$3` into the row of key `$2`.
    pub(crate) replace: &'static str,
}

/// The type of a row's key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rang {
    Integer,
    Text,
}

/// Values that one transaction of a rotation encrypts anew.
macro_rules! lot {
    () => {
        "100"
    };
}

macro_rules! lieu {
    ($table:literal, $column:literal, $rang:ident $key:literal) => {
        Lieu {
            table: $table,
            column: $column,
            key: Rang::$rang,
            counts: concat!(
                "SELECT CASE WHEN substr(",
                $column,
                ", 1, 1) = $1 THEN substr(",
                $column,
                ", 2, 8) END, COUNT(*) FROM ",
                $table,
                " WHERE ",
                $column,
                " IS NOT NULL GROUP BY 1 ORDER BY 1"
            ),
            begins: concat!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM ",
                $table,
                " WHERE substr(",
                $column,
                ", 1, 9) = $1 LIMIT 1) v"
            ),
            plain: concat!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM ",
                $table,
                " WHERE substr(",
                $column,
                ", 1, 1) <> $1 LIMIT 1) v"
            ),
            next: concat!(
                "SELECT ",
                $key,
                ", ",
                $column,
                " FROM ",
                $table,
                " WHERE ",
                $key,
                " > $1 AND substr(",
                $column,
                ", 1, 9) <> $2 ORDER BY ",
                $key,
                " LIMIT ",
                lot!()
            ),
            replace: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = $1 WHERE ",
                $key,
                " = $2 AND ",
                $column,
                " = $3"
            ),
        }
    };
}

/// All of them.
#[rustfmt::skip]
pub(crate) const LIEUX: &[Lieu] = &[
    lieu!("dossier", "demandeur", Integer "id"),
    lieu!("demande", "remarque", Integer "id"),
    lieu!("demande_historique", "remarque", Integer "id"),
    lieu!("volet", "contenu", Text "cle"),
    lieu!("compte", "prive", Text "login"),
    lieu!("journal", "message", Text "reference"),
    lieu!("session_bureau", "attente", Integer "id"),
    lieu!("trace_piece", "contenu", Text "sha256"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    /// Columns of bytes that are no person's, and why. Those of a fixed length are hashes and identifiers.
    const NOT_PERSONAL: &[(&str, &str, &str)] = &[
        ("certificat", "der", "public: an application's certificate"),
        ("etablissement", "adresse", "public: of the FINESS register"),
        ("reprise", "scelle", "encrypted already, by a key that the person's browser alone has"),
        ("reprise_bureau", "scelle", "encrypted already, by a key that the desk's browser alone has"),
        ("trace", "certificat", "a SHA-256"),
        ("trace", "requete", "a SHA-256: the request itself is a trace_piece"),
        ("trace", "assertion", "a SHA-256: what it said is a trace_piece"),
        ("trace_tete", "signe_empreinte", "a SHA-256"),
        ("trace_tete", "signature", "the server's, over a SHA-256"),
        ("trace_tete", "certificat", "public: the server's"),
        ("trace_signature", "signature", "the server's, over a SHA-256"),
        ("trace_signature", "certificat", "public: the server's"),
        ("trace_oubli", "signature", "the server's, over a SHA-256"),
        ("trace_oubli", "certificat", "public: the server's"),
    ];

    #[tokio::test]
    async fn every_column_of_bytes_is_the_vaults_or_is_said_not_to_be_a_persons() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vtpa.db");
        Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let raw = rusqlite::Connection::open(path).unwrap();
        let mut columns = raw
            .prepare(
                "SELECT t.name, c.name, t.sql FROM sqlite_master t JOIN pragma_table_info(t.name) c ON c.type = 'BLOB' \
                 WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND t.name NOT LIKE 'etablissement\\_mots%' ESCAPE '\\'",
            )
            .unwrap();
        let columns = columns.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        });
        let columns: Vec<_> = columns.unwrap().map(Result::unwrap).collect();
        let vault: Vec<_> = LIEUX.iter().map(|lieu| (lieu.table, lieu.column)).collect();
        let exempt: Vec<_> = NOT_PERSONAL.iter().map(|(table, column, _)| (*table, *column)).collect();
        for (table, column, sql) in &columns {
            let known = vault.iter().chain(&exempt).any(|one| *one == (table.as_str(), column.as_str()));
            let fixed = sql.contains(&format!("length({column}) ="));
            assert!(
                known || fixed,
                "{table}.{column}: write it by Tx::seal, read it by Coffre::open and name it in LIEUX; or say in \
                 NOT_PERSONAL why it is no person's"
            );
        }
        for (table, column) in vault.iter().chain(&exempt) {
            assert!(
                columns.iter().any(|found| (found.0.as_str(), found.1.as_str()) == (*table, *column)),
                "{table}.{column} is gone"
            );
        }
    }
}
