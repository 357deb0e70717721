//! The chain over the audit trail: each link hashes the one before it and its row, one writer at a time.
//!
//! A link's hash is SHA-256 of the sixteen bytes `vtpa link 1` and five of zero, its rank and its time (eight bytes each, the
//! most significant first), the hash of the link before it (the first one's: 32 zeros) and the SHA-256 of its row's canonical
//! form ([`super::row`]). The row's own hash is kept beside it, so that the chain still holds when the row's month is dropped.
//!
//! Several servers on one database take turns by a leased row; what makes it sure is that row's lock, the lease only spares
//! the others the waiting.

use jiff::Timestamp;

use super::row::{LigneTrace, columns};
use crate::{
    Error, Reader, Store,
    sql::{Row, Value, hex, json, now, time},
    writer::Durability,
};

/// SHA-256, which this crate does not have.
pub type Sha256 = fn(&[u8]) -> [u8; 32];

/// What every link begins with.
const PREFIX: &[u8; 16] = b"vtpa link 1\0\0\0\0\0";
/// Rows that are chained in one transaction.
pub(super) const FEW: i64 = 1000;

/// A link as it is stored, without its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maillon {
    /// Its rank; the first is 1.
    pub rang: i64,
    /// When it was made.
    pub le: Timestamp,
    /// Its own hash.
    pub empreinte: [u8; 32],
}

impl Maillon {
    /// What the chain begins from.
    pub const ORIGINE: Self = Self { rang: 0, le: Timestamp::UNIX_EPOCH, empreinte: [0; 32] };

    /// The link that follows, for a row of this hash.
    pub(super) fn next(&self, le: Timestamp, ligne: &[u8; 32], sha256: Sha256) -> Self {
        let rang = self.rang + 1;
        let mut input = PREFIX.to_vec();
        input.extend_from_slice(&rang.to_be_bytes());
        input.extend_from_slice(&le.as_millisecond().to_be_bytes());
        input.extend_from_slice(&self.empreinte);
        input.extend_from_slice(ligne);
        Self { rang, le, empreinte: sha256(&input) }
    }
}

/// What came of trying to chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enchaine {
    /// Another server does it.
    Ailleurs,
    /// So many rows were chained; the head is now this.
    Tete {
        /// The last link.
        tete: Maillon,
        /// How many rows.
        lignes: usize,
    },
}

impl Enchaine {
    /// Whether there may be more to chain at once.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Tete { lignes, .. } if i64::try_from(*lignes).is_ok_and(|lignes| lignes >= FEW))
    }
}

pub(super) fn sha256_of(row: &Row<'_>, place: usize, column: &'static str) -> Result<[u8; 32], Error> {
    row.bytes(place)?.try_into().map_err(|_| Error::inconsistent("trace_maillon", column, ""))
}

impl Store {
    /// Chains rows that wait, a thousand at the most, as `tenant`, who leases the chain for five seconds. Nothing is written
    /// where nothing waits.
    pub async fn trace_chain(&self, tenant: &str, sha256: Sha256) -> Result<Enchaine, Error> {
        const WAITING: &str = "SELECT 1 FROM trace_attente LIMIT 1";
        let waits = self.reader()?.row("trace_attente", WAITING, &[], |row| row.integer(0)).await?;
        if waits.is_none() {
            let tete = self.reader()?.trace_head().await?;
            return Ok(Enchaine::Tete { tete, lignes: 0 });
        }
        self.transaction("chain", Durability::Apart, |tx| {
            Box::pin(async move {
                let Some(tete) = tx.lease(tenant).await? else { return Ok(Enchaine::Ailleurs) };
                tx.chain(tete, sha256).await
            })
        })
        .await
    }
}

impl Reader<'_> {
    /// The last link.
    pub async fn trace_head(&mut self) -> Result<Maillon, Error> {
        const SQL: &str = "SELECT rang, le, empreinte FROM trace_tete WHERE id = 1";
        self.row("trace_tete", SQL, &[], maillon)
            .await?
            .ok_or_else(|| Error::inconsistent("trace_tete", "id", 1))
    }
}

/// A link, of the first three columns.
pub(super) fn maillon(row: &Row<'_>) -> Result<Maillon, Error> {
    Ok(Maillon {
        rang: row.integer(0)?,
        le: time("trace_maillon", "le", row.integer(1)?)?,
        empreinte: sha256_of(row, 2, "empreinte")?,
    })
}

impl crate::Tx<'_> {
    /// The head, its row locked until the transaction ends; none while another's lease runs.
    async fn lease(&mut self, tenant: &str) -> Result<Option<Maillon>, Error> {
        const SQL: &str = concat!(
            "UPDATE trace_tete SET tenant = $1, bail_le = 5000 + ",
            now!(),
            " WHERE id = 1 AND (tenant IS NULL OR tenant = $1 OR bail_le < ",
            now!(),
            ") RETURNING rang, le, empreinte"
        );
        self.row("trace_tete", SQL, &[Value::Text(tenant)], maillon).await
    }

    async fn chain(&mut self, mut tete: Maillon, sha256: Sha256) -> Result<Enchaine, Error> {
        const ROWS: &str = concat!(
            "SELECT ",
            now!(),
            ", ",
            columns!(),
            " FROM trace_attente a JOIN trace t ON t.id = a.trace AND t.le = a.le ORDER BY a.trace LIMIT $1"
        );
        const LINKS: &str = concat!(
            "INSERT INTO trace_maillon (rang, le, trace, trace_le, ligne, empreinte)",
            " SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT),",
            " CAST(value ->> 3 AS BIGINT), unhex(value ->> 4), unhex(value ->> 5) FROM json_each($1) l"
        );
        const DONE: &str = "DELETE FROM trace_attente WHERE trace IN (SELECT CAST(value ->> 2 AS BIGINT) FROM json_each($1) l)";
        const HEAD: &str = "UPDATE trace_tete SET rang = $1, le = $2, empreinte = $3 WHERE id = 1";
        let rows = self
            .rows("trace", ROWS, &[Value::Integer(FEW)], |row| {
                Ok((time("trace_tete", "le", row.integer(0)?)?, LigneTrace::read(row, 1)?))
            })
            .await?;
        let mut links = Vec::with_capacity(rows.len());
        for (now, row) in &rows {
            let ligne = sha256(&row.canonical());
            tete = tete.next(tete.le.max(row.le).max(*now), &ligne, sha256);
            let times = (tete.le.as_millisecond(), row.le.as_millisecond());
            links.push((tete.rang, times.0, row.id, times.1, hex(&ligne), hex(&tete.empreinte)));
        }
        if !links.is_empty() {
            let json = json(&links)?;
            self.execute(LINKS, &[Value::Text(&json)]).await?;
            self.execute(DONE, &[Value::Text(&json)]).await?;
            let values = [
                Value::Integer(tete.rang),
                Value::Integer(tete.le.as_millisecond()),
                Value::Bytes(&tete.empreinte),
            ];
            self.execute(HEAD, &values).await?;
        }
        Ok(Enchaine::Tete { tete, lignes: links.len() })
    }
}
