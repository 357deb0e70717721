//! A row as it is stored, and the bytes of it that are hashed.
//!
//! **The canonical form, version 1.** The fifteen bytes `vtpa trace 1` and three of zero; then every column in the order of the
//! table (migration 0004), each by a byte that says its kind and then: nothing for NULL (0); eight bytes, the most significant
//! first, for a whole number (1); for a text in UTF-8 (2) and for bytes (3) their length as such a number, then themselves.
//! No two rows have one form.

use jiff::Timestamp;

use crate::{
    ApplicationId, Error,
    sql::{Row, time},
};

/// What every form begins with.
const PREFIX: &[u8; 15] = b"vtpa trace 1\0\0\0";

/// A row of the audit trail.
#[derive(Clone, PartialEq, Eq)]
pub struct LigneTrace {
    /// Its number.
    pub id: i64,
    /// When it happened, by the database's clock.
    pub le: Timestamp,
    /// The kind of actor: `partenaire`, `famille`, `etablissement`, `operateur`, `systeme`.
    pub acteur: String,
    /// The application.
    pub application: Option<ApplicationId>,
    /// SHA-256 of the certificate that signed.
    pub certificat: Option<Vec<u8>>,
    /// The user that a partner named.
    pub id_local: Option<String>,
    /// An establishment's account, or an operator.
    pub compte: Option<String>,
    /// What was done.
    pub action: String,
    /// The dossier's number.
    pub dossier: Option<i64>,
    /// The demande.
    pub demande: Option<i64>,
    /// What was answered.
    pub code: Option<String>,
    /// What was changed.
    pub detail: Option<String>,
    /// `wsa:MessageID`.
    pub message_id: Option<String>,
    /// The id of the log.
    pub reference: Option<String>,
    /// SHA-256 of the request.
    pub requete: Option<Vec<u8>>,
    /// SHA-256 of what the assertion said.
    pub assertion: Option<Vec<u8>>,
}

/// A person's numbers are in it.
impl std::fmt::Debug for LigneTrace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LigneTrace")
            .field("id", &self.id)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// The columns of `trace t` in their order.
macro_rules! columns {
    () => {
        "t.id, t.le, t.acteur, t.application, t.certificat, t.id_local, t.compte, t.action, t.dossier, t.demande, t.code, \
         t.detail, t.message_id, t.reference, t.requete, t.assertion"
    };
}
pub(super) use columns;

impl LigneTrace {
    /// Reads [`columns`] from the place `first` on.
    pub(super) fn read(row: &Row<'_>, first: usize) -> Result<Self, Error> {
        let text = |place: usize| Ok::<_, Error>(row.maybe_text(first + place)?.map(str::to_owned));
        let bytes = |place: usize| Ok::<_, Error>(row.maybe_bytes(first + place)?.map(<[u8]>::to_vec));
        Ok(Self {
            id: row.integer(first)?,
            le: time("trace", "le", row.integer(first + 1)?)?,
            acteur: row.text(first + 2)?.to_owned(),
            application: row.maybe_integer(first + 3)?.map(ApplicationId),
            certificat: bytes(4)?,
            id_local: text(5)?,
            compte: text(6)?,
            action: row.text(first + 7)?.to_owned(),
            dossier: row.maybe_integer(first + 8)?,
            demande: row.maybe_integer(first + 9)?,
            code: text(10)?,
            detail: text(11)?,
            message_id: text(12)?,
            reference: text(13)?,
            requete: bytes(14)?,
            assertion: bytes(15)?,
        })
    }

    /// The canonical form.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut form = Form(Vec::with_capacity(256));
        form.0.extend_from_slice(PREFIX);
        form.integer(Some(self.id));
        form.integer(Some(self.le.as_millisecond()));
        form.text(Some(&self.acteur));
        form.integer(self.application.map(|application| application.0));
        form.bytes(self.certificat.as_deref());
        form.text(self.id_local.as_deref());
        form.text(self.compte.as_deref());
        form.text(Some(&self.action));
        form.integer(self.dossier);
        form.integer(self.demande);
        for text in [&self.code, &self.detail, &self.message_id, &self.reference] {
            form.text(text.as_deref());
        }
        form.bytes(self.requete.as_deref());
        form.bytes(self.assertion.as_deref());
        form.0
    }
}

struct Form(Vec<u8>);

impl Form {
    fn integer(&mut self, value: Option<i64>) {
        match value {
            None => self.0.push(0),
            Some(value) => {
                self.0.push(1);
                self.0.extend_from_slice(&value.to_be_bytes());
            }
        }
    }

    fn text(&mut self, value: Option<&str>) {
        self.long(2, value.map(str::as_bytes));
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        self.long(3, value);
    }

    fn long(&mut self, kind: u8, value: Option<&[u8]>) {
        let Some(value) = value else { return self.0.push(0) };
        self.0.push(kind);
        self.0.extend_from_slice(&(value.len() as u64).to_be_bytes());
        self.0.extend_from_slice(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> LigneTrace {
        LigneTrace {
            id: 7,
            le: Timestamp::from_millisecond(1000).unwrap(),
            acteur: "systeme".to_owned(),
            application: None,
            certificat: None,
            id_local: None,
            compte: None,
            action: "purge".to_owned(),
            dossier: Some(18),
            demande: None,
            code: None,
            detail: None,
            message_id: None,
            reference: None,
            requete: Some(vec![0xab]),
            assertion: None,
        }
    }

    #[test]
    fn the_form_is_the_one_that_is_documented() {
        let mut expected = b"vtpa trace 1\0\0\0".to_vec();
        expected.extend(b"\x01\0\0\0\0\0\0\0\x07\x01\0\0\0\0\0\0\x03\xe8\x02\0\0\0\0\0\0\0\x07systeme");
        expected.extend(b"\0\0\0\0\x02\0\0\0\0\0\0\0\x05purge\x01\0\0\0\0\0\0\0\x12\0\0\0\0\0");
        expected.extend(b"\x03\0\0\0\0\0\0\0\x01\xab\0");
        assert_eq!(row().canonical(), expected);
    }

    #[test]
    fn what_moves_from_one_column_to_the_next_is_another_form() {
        let of = |code: Option<&str>, detail: Option<&str>| {
            LigneTrace { code: code.map(str::to_owned), detail: detail.map(str::to_owned), ..row() }
                .canonical()
        };
        let forms = [
            of(Some("ab"), None),
            of(None, Some("ab")),
            of(Some("a"), Some("b")),
            of(Some(""), Some("ab")),
            of(Some("ab"), Some("")),
        ];
        let distinct: std::collections::HashSet<_> = forms.iter().collect();
        assert_eq!(distinct.len(), forms.len());
    }
}
