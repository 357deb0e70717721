//! Rotation: every value is encrypted anew under the current key, a few rows at a time, while servers go on.
//!
//! What is left to do is read from the values themselves, so that a rotation that was stopped goes on where it was when it is
//! run again, and two at once do no harm. A row that somebody changes meanwhile is left to them: they write with the current key.

use std::time::Duration;

use super::{
    SEALED,
    lieux::{LIEUX, Lieu, Rang},
};
use crate::{Acteur, Action, Error, KeyId, Refusal, Store, Trace, sql::Value};

/// After each transaction of a rotation others get this long to write.
const PAUSE: Duration = Duration::from_millis(10);

/// Values of one column that are encrypted by one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompteCle {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The key; none for values that are not encrypted.
    pub cle: Option<KeyId>,
    /// How many.
    pub valeurs: u64,
}

/// Which keys the database needs, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtatCles {
    /// The key that writes; none where nothing is encrypted.
    pub courante: Option<KeyId>,
    /// Keys without which the database does not open, the current one among them.
    pub necessaires: Vec<KeyId>,
    /// Every value, by column and key.
    pub comptes: Vec<CompteCle>,
}

/// How far a rotation is in one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avancee {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// Values looked at.
    pub faites: u64,
    /// Values that were not under the current key when it began.
    pub toutes: u64,
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilanRotation {
    /// The key that everything is under now.
    pub courante: KeyId,
    /// Values encrypted anew.
    pub valeurs: u64,
    /// Keys, other than the current one, that values still need.
    pub necessaires: Vec<KeyId>,
    /// Values that were plain before.
    pub en_clair: u64,
}

impl Store {
    /// Which keys the database needs, and for what: it looks at every value's first bytes.
    pub async fn keys_in_use(&self) -> Result<EtatCles, Error> {
        let mut reader = self.reader()?;
        let cles = reader.cles().await?;
        let mut comptes = Vec::new();
        for lieu in LIEUX {
            let Lieu { table, column, .. } = *lieu;
            let values = [Value::Bytes(&[SEALED])];
            let found = reader.rows(table, lieu.counts, &values, |row| {
                let cle = row.maybe_bytes(0)?.map(KeyId::from_slice);
                let cle =
                    cle.map(|cle| cle.ok_or_else(|| Error::inconsistent(table, column, ""))).transpose()?;
                Ok(CompteCle { table, column, cle, valeurs: row.integer(1)?.unsigned_abs() })
            });
            comptes.extend(found.await?);
        }
        let real = |id: &KeyId| *id != KeyId::NONE;
        Ok(EtatCles {
            courante: Some(cles.courante).filter(real),
            necessaires: cles.toutes.into_iter().filter(real).collect(),
            comptes,
        })
    }

    /// Makes the configured key the one that writes, in every instance, and encrypts by it whatever another one encrypts,
    /// or none. [`Refusal::NoKey`] without a key.
    pub async fn rotate_keys(
        &self,
        acteur: &Acteur,
        mut progress: impl FnMut(Avancee) + Send,
    ) -> Result<BilanRotation, Error> {
        let ours = self.coffre().ring().current().ok_or(Refusal::NoKey)?;
        let before = self.keys_in_use().await?;
        let trace =
            |what: &str| Trace::new(acteur.clone(), Action::Cles).detail(&format!("{what} key {ours}"));
        if before.courante != Some(ours) {
            let trace = &trace("from now on everything is written under");
            self.run("change key", |tx| {
                Box::pin(async move {
                    tx.change_key(ours).await?;
                    tx.trace(trace).await
                })
            })
            .await?;
        }
        let mut valeurs = 0;
        for lieu in LIEUX {
            let others = before.comptes.iter().filter(|compte| {
                (compte.table, compte.column) == (lieu.table, lieu.column) && compte.cle != Some(ours)
            });
            let toutes = others.map(|compte| compte.valeurs).sum();
            valeurs += self.rotate_column(lieu, ours, toutes, &mut progress).await?;
        }
        let en_clair = before.comptes.iter().filter(|compte| compte.cle.is_none());
        let en_clair = en_clair.map(|compte| compte.valeurs).sum();
        if valeurs > 0 {
            self.trace_all(&[trace(&format!("{valeurs} values were encrypted anew under"))]).await?;
        }
        let necessaires =
            self.forget_unused_keys().await?.into_iter().filter(|id| *id != KeyId::NONE).collect();
        Ok(BilanRotation { courante: ours, valeurs, necessaires, en_clair })
    }

    async fn rotate_column(
        &self,
        lieu: &Lieu,
        ours: KeyId,
        toutes: u64,
        progress: &mut (impl FnMut(Avancee) + Send),
    ) -> Result<u64, Error> {
        let Lieu { table, column, .. } = *lieu;
        let mut after = match lieu.key {
            Rang::Integer => Cle::Integer(i64::MIN),
            Rang::Text => Cle::Text(String::new()),
        };
        let (mut faites, mut valeurs) = (0, 0);
        loop {
            // Outside of the transaction that writes: PostgreSQL would take what comes in between for a conflict.
            let lot = self.next(lieu, &after, ours).await?;
            let Some((last, _)) = lot.last() else { return Ok(valeurs) };
            after = last.clone();
            valeurs += self
                .run("rotate", |tx| {
                    let lot = &lot;
                    Box::pin(async move {
                        tx.untraced(
                            "values say the same under another key; the rotation is traced as a whole",
                        );
                        let mut replaced = 0;
                        for (cle, stored) in lot {
                            let plain = tx.coffre().open(table, column, cle, stored)?.into_owned();
                            let sealed = tx.seal(table, column, cle, &plain).await?;
                            let values = [Value::Bytes(&sealed), cle.value(), Value::Bytes(stored)];
                            replaced += tx.execute(lieu.replace, &values).await?;
                        }
                        Ok(replaced)
                    })
                })
                .await?;
            faites += u64::try_from(lot.len()).unwrap_or(u64::MAX);
            progress(Avancee { table, column, faites, toutes: toutes.max(faites) });
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn next(&self, lieu: &Lieu, after: &Cle, ours: KeyId) -> Result<Vec<(Cle, Vec<u8>)>, Error> {
        let prefix = [&[SEALED], ours.as_bytes()].concat();
        let mut reader = self.reader()?;
        reader
            .rows(lieu.table, lieu.next, &[after.value(), Value::Bytes(&prefix)], |row| {
                let cle = match lieu.key {
                    Rang::Integer => Cle::Integer(row.integer(0)?),
                    Rang::Text => Cle::Text(row.text(0)?.to_owned()),
                };
                Ok((cle, row.bytes(1)?.to_vec()))
            })
            .await
    }
}

/// A row's key.
#[derive(Clone)]
enum Cle {
    Integer(i64),
    Text(String),
}

impl Cle {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Integer(value) => Value::Integer(*value),
            Self::Text(value) => Value::Text(value),
        }
    }
}

/// As the value was sealed for.
impl std::fmt::Display for Cle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}
