//! Keys under which partners created dossiers, so that a call that comes again makes no second one.
//!
//! A key holds for a day by the database's clock. It is taken in the creation's own transaction, by one statement on a unique
//! key: of any number of equal calls, on any number of instances, one makes a dossier.

use dossier::IdDossier;

use crate::{
    ApplicationId, Error, Reader, Tx,
    sql::{Value, dossier_id, dossier_number, now},
};

/// How long a key holds: a day, in milliseconds.
macro_rules! day {
    () => {
        "86400000"
    };
}

/// A key and the content that came under it, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleCreation {
    /// Whose key it is: that of another application is another key.
    pub application: ApplicationId,
    /// SHA-256 of the key.
    pub cle: [u8; 32],
    /// A digest of the content, made with the key.
    pub contenu: [u8; 32],
}

/// What was made under a key that still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DejaCree {
    /// This dossier, of the same content.
    Meme(IdDossier),
    /// Something of another content, or a dossier that is erased: of that nothing is kept, not even what it was of.
    Autre,
}

impl Reader<'_> {
    /// What was made under this key; none if it is free.
    pub async fn created_under(&mut self, cle: &CleCreation) -> Result<Option<DejaCree>, Error> {
        const SQL: &str = concat!(
            "SELECT contenu, dossier FROM cle_idempotence WHERE application = $1 AND cle = $2 AND cree_le + ",
            day!(),
            " > ",
            now!()
        );
        let values = [Value::Integer(cle.application.0), Value::Bytes(&cle.cle)];
        self.row("cle_idempotence", SQL, &values, |row| {
            let same = row.maybe_bytes(0)?.is_some_and(|contenu| contenu == cle.contenu);
            match row.maybe_integer(1)?.filter(|_| same) {
                Some(number) => Ok(DejaCree::Meme(dossier_id("cle_idempotence", number)?)),
                None => Ok(DejaCree::Autre),
            }
        })
        .await
    }
}

impl Tx<'_> {
    /// Takes a key for a dossier that this transaction makes. [`Error::Conflict`] if it is taken: then nothing is made, and
    /// [`Reader::created_under`] says what was. It is not asked before: on PostgreSQL transactions that read where others
    /// write would be begun again for keys that are not theirs.
    pub async fn take_cle(&mut self, cle: &CleCreation, dossier: &IdDossier) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO cle_idempotence (application, cle, contenu, dossier, cree_le) VALUES ($1, $2, $3, $4, ",
            now!(),
            ") ON CONFLICT (application, cle) DO UPDATE SET contenu = excluded.contenu, dossier = excluded.dossier, ",
            "cree_le = excluded.cree_le WHERE cle_idempotence.cree_le + ",
            day!(),
            " <= ",
            now!()
        );
        let values = [
            Value::Integer(cle.application.0),
            Value::Bytes(&cle.cle),
            Value::Bytes(&cle.contenu),
            Value::Integer(dossier_number(dossier)),
        ];
        match self.execute(SQL, &values).await? {
            0 => Err(Error::Conflict),
            _ => Ok(()),
        }
    }

    /// Deletes the keys that hold no more.
    pub(crate) async fn purge_cles(&mut self) -> Result<u64, Error> {
        const SQL: &str = concat!("DELETE FROM cle_idempotence WHERE cree_le <= ", now!(), " - ", day!());
        self.execute(SQL, &[]).await
    }
}
