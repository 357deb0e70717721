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
    lieu!("journal", "message", Text "reference"),
    lieu!("compte", "prive", Text "login"),
    lieu!("session_bureau", "attente", Integer "id"),
];
