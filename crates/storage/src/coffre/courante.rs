//! Which key writes: the database says so, and each transaction that writes a person's data asks it once.

use std::{fmt::Display, sync::Arc};

use serde::Serialize;

use super::{SEALED, lieux::LIEUX};
use crate::{
    Acteur, Action, Coffre, Error, Key, KeyId, Reader, Store, Trace, Tx,
    sql::{Value, courante, now},
};

/// What `cle_coffre` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cles {
    /// The key that writes; [`KeyId::NONE`] for none.
    pub(crate) courante: KeyId,
    /// Keys under which values may be stored, the current one among them.
    pub(crate) toutes: Vec<KeyId>,
}

impl Reader<'_> {
    /// The vault, to open what rows hold: a clone, since rows are shown to a closure while the reader is lent.
    pub(crate) fn coffre(&self) -> Coffre {
        self.shared().coffre.clone()
    }

    pub(crate) async fn cles(&mut self) -> Result<Cles, Error> {
        const SQL: &str = "SELECT id, courante FROM cle_coffre ORDER BY cree_le, id";
        let cles = self.rows("cle_coffre", SQL, &[], |row| {
            let id = KeyId::from_slice(row.bytes(0)?)
                .ok_or_else(|| Error::inconsistent("cle_coffre", "id", ""))?;
            Ok((id, row.integer(1)? == 1))
        });
        let cles = cles.await?;
        let courante = cles.iter().find(|(_, courante)| *courante).map(|(id, _)| *id);
        Ok(Cles {
            courante: courante.ok_or_else(|| Error::inconsistent("cle_coffre", "courante", ""))?,
            toutes: cles.into_iter().map(|(id, _)| id).collect(),
        })
    }
}

impl Tx<'_> {
    /// As `plain` is to be stored in this column of the row of this key: encrypted under the database's current key.
    ///
    /// Whatever is personal is written through this and read through [`Coffre::open`] with the same table, column and row
    /// key. The column holds bytes, and is named in `coffre/lieux.rs`, so that rotation finds it.
    pub(crate) async fn seal(
        &mut self,
        table: &'static str,
        column: &'static str,
        row: impl Display,
        plain: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let key = self.sealing_key().await?;
        self.coffre().seal(key.as_deref(), table, column, row, plain)
    }

    /// The same of a JSON document.
    pub(crate) async fn seal_document(
        &mut self,
        table: &'static str,
        column: &'static str,
        row: impl Display,
        document: &(impl Serialize + ?Sized),
    ) -> Result<Vec<u8>, Error> {
        let plain = serde_json::to_vec(document).map_err(|_| Error::inconsistent(table, column, &row))?;
        self.seal(table, column, row, &plain).await
    }

    /// The key that this transaction writes with; none where nothing is encrypted. Asked of the database once, and in a way
    /// that a change of key waits for this transaction's end, and makes it begin again if it came first: after the change
    /// nothing is written with the key of before.
    async fn sealing_key(&mut self) -> Result<Option<Arc<Key>>, Error> {
        const SQL: &str = concat!("SELECT id FROM cle_coffre WHERE ", courante!());
        if let Some(key) = &self.sealing {
            return Ok(key.clone());
        }
        let id = self.row("cle_coffre", SQL, &[], |row| Ok(KeyId::from_slice(row.bytes(0)?))).await?;
        let id = id.flatten().ok_or_else(|| Error::inconsistent("cle_coffre", "courante", ""))?;
        let key = if id == KeyId::NONE { None } else { Some(self.coffre().key(id)?) };
        self.sealing = Some(key.clone());
        Ok(key)
    }

    /// Makes `id` the key that writes from now on, in every instance.
    pub(crate) async fn change_key(&mut self, id: KeyId) -> Result<(), Error> {
        const NO_LONGER: &str = "UPDATE cle_coffre SET courante = 0 WHERE courante = 1 AND id <> $1";
        const NOW: &str = concat!(
            "INSERT INTO cle_coffre (id, courante, cree_le) VALUES ($1, 1, ",
            now!(),
            ") ON CONFLICT (id) DO UPDATE SET courante = 1"
        );
        let values = [Value::Bytes(id.as_bytes())];
        self.execute(NO_LONGER, &values).await?;
        self.execute(NOW, &values).await?;
        self.sealing = None;
        Ok(())
    }
}

impl Store {
    /// At start: every key that the database needs must be at hand; and a database that had none begins to encrypt if
    /// there is one. A key that takes another's place waits for `vtpa key rotate`, so that every instance has it by then.
    pub(crate) async fn settle_keys(&self) -> Result<(), Error> {
        let coffre = self.coffre();
        let cles = self.reader()?.cles().await?;
        let needed = cles.toutes.iter().copied().filter(|id| *id != KeyId::NONE);
        let missing: Vec<KeyId> = needed.filter(|id| coffre.key(*id).is_err()).collect();
        if !missing.is_empty() {
            return Err(coffre.missing(missing));
        }
        let Some(ours) = coffre.ring().current() else { return Ok(()) };
        if cles.courante == KeyId::NONE {
            let detail = format!("from now on everything is written under key {ours}");
            let trace = &Trace::new(Acteur::Systeme, Action::Cles).detail(&detail);
            self.run("first key", |tx| {
                Box::pin(async move {
                    tx.change_key(ours).await?;
                    tx.trace(trace).await
                })
            })
            .await?;
            self.forget_unused_keys().await?;
        } else if cles.courante != ours {
            tracing::warn!(
                writing = %cles.courante,
                configured = %ours,
                "the database goes on with the key it has: `vtpa key rotate` goes over to the configured one"
            );
        }
        Ok(())
    }

    /// Forgets each key that writes no longer and that no value needs; gives those that are still needed.
    pub(crate) async fn forget_unused_keys(&self) -> Result<Vec<KeyId>, Error> {
        const SQL: &str = "DELETE FROM cle_coffre WHERE id = $1 AND courante = 0";
        let mut needed = Vec::new();
        let cles = self.reader()?.cles().await?;
        for id in cles.toutes.into_iter().filter(|id| *id != cles.courante) {
            // What was sealed before the change is there for all to see: the change waited for it.
            if self.needs(id).await? {
                needed.push(id);
            } else {
                self.execute_alone("forget key", SQL, &[Value::Bytes(id.as_bytes())]).await?;
            }
        }
        Ok(needed)
    }

    /// Whether a value is stored under this key.
    async fn needs(&self, id: KeyId) -> Result<bool, Error> {
        let prefix = [&[SEALED], id.as_bytes()].concat();
        for lieu in LIEUX {
            let (sql, value): (_, &[u8]) =
                if id == KeyId::NONE { (lieu.plain, &[SEALED]) } else { (lieu.begins, &prefix) };
            let mut reader = self.reader()?;
            let found = reader.row(lieu.table, sql, &[Value::Bytes(value)], |row| row.integer(0)).await?;
            if found != Some(0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) fn coffre(&self) -> Coffre {
        self.shared().coffre.clone()
    }
}
