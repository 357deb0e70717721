//! What is signed of the chain, and what is kept of what retention drops. This crate signs nothing: it says what is to be signed.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::chain::{Maillon, maillon};
use crate::{
    Error, Reader, Store, Tx,
    sql::{Row, Value, hex, now, time},
    writer::Durability,
};

/// A signature over a head of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeteSignee {
    /// The day on which it was signed (UTC).
    pub jour: String,
    /// What was signed.
    pub tete: Maillon,
    /// The signature of [`Maillon::to_sign`].
    pub signature: Vec<u8>,
    /// The signer's certificate (DER).
    pub certificat: Vec<u8>,
}

/// What retention dropped, and from which link the chain goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oubli {
    /// The first instant that is kept.
    pub jusqu_a: Timestamp,
    /// The last link that was dropped.
    pub tete: Maillon,
    /// How many rows were dropped.
    pub lignes: i64,
    /// The signature of [`Oubli::to_sign`].
    pub signature: Vec<u8>,
    /// The signer's certificate (DER).
    pub certificat: Vec<u8>,
}

impl Maillon {
    /// The text that a signature over this head signs.
    pub fn to_sign(&self, jour: &str) -> String {
        let Self { rang, le, empreinte } = self;
        format!("vtpa audit head 1\n{jour}\n{rang}\n{}\n{}\n", le.as_millisecond(), hex(empreinte))
    }
}

impl Oubli {
    /// The text that is signed.
    pub fn to_sign(&self) -> String {
        let Self { jusqu_a, tete, lignes, .. } = self;
        let mut text = String::from("vtpa audit dropped 1\n");
        // writing to a String cannot fail
        let _ = writeln!(text, "{}\n{}\n{}", jusqu_a.as_millisecond(), tete.rang, tete.le.as_millisecond());
        let _ = writeln!(text, "{}\n{lignes}", hex(&tete.empreinte));
        text
    }
}

fn signed(row: &Row<'_>) -> Result<TeteSignee, Error> {
    Ok(TeteSignee {
        tete: maillon(row)?,
        jour: row.text(3)?.to_owned(),
        signature: row.bytes(4)?.to_vec(),
        certificat: row.bytes(5)?.to_vec(),
    })
}

impl Reader<'_> {
    /// The last signature in the list of days.
    pub async fn trace_last_signed(&mut self) -> Result<Option<TeteSignee>, Error> {
        const SQL: &str = "SELECT rang, le, empreinte, jour, signature, certificat FROM trace_signature \
             ORDER BY jour DESC, rang DESC LIMIT 1";
        self.row("trace_signature", SQL, &[], signed).await
    }

    /// Signatures after this one, in their order, a hundred at the most.
    pub async fn trace_signatures(&mut self, jour: &str, rang: i64) -> Result<Vec<TeteSignee>, Error> {
        const SQL: &str = "SELECT rang, le, empreinte, jour, signature, certificat FROM trace_signature \
             WHERE jour > $1 OR (jour = $1 AND rang > $2) ORDER BY jour, rang LIMIT 100";
        self.rows("trace_signature", SQL, &[Value::Text(jour), Value::Integer(rang)], signed).await
    }

    /// The signature that follows the head, renewed each minute; its day is the head's.
    pub async fn trace_head_signed(&mut self) -> Result<Option<TeteSignee>, Error> {
        const SQL: &str = "SELECT signe_rang, signe_le, signe_empreinte, signe_jour, signature, certificat \
             FROM trace_tete WHERE id = 1 AND signature IS NOT NULL";
        self.row("trace_tete", SQL, &[], signed).await
    }

    /// What retention dropped last.
    pub async fn trace_dropped(&mut self) -> Result<Option<Oubli>, Error> {
        const SQL: &str = "SELECT rang, le, empreinte, jusqu_a, lignes, signature, certificat FROM trace_oubli \
             ORDER BY jusqu_a DESC LIMIT 1";
        self.row("trace_oubli", SQL, &[], |row| {
            Ok(Oubli {
                tete: maillon(row)?,
                jusqu_a: time("trace_oubli", "jusqu_a", row.integer(3)?)?,
                lignes: row.integer(4)?,
                signature: row.bytes(5)?.to_vec(),
                certificat: row.bytes(6)?.to_vec(),
            })
        })
        .await
    }

    /// What retention would drop that keeps what happened from `jusqu_a` on; none if there is nothing, or if some of it
    /// still waits for its link. To be signed and given to [`Store::trace_drop`].
    pub async fn trace_to_drop(&mut self, jusqu_a: Timestamp) -> Result<Option<(Maillon, i64)>, Error> {
        const LAST: &str =
            "SELECT rang, le, empreinte FROM trace_maillon WHERE le < $1 ORDER BY rang DESC LIMIT 1";
        const WAITING: &str = "SELECT 1 FROM trace_attente WHERE le < $1 LIMIT 1";
        const ROWS: &str = "SELECT COUNT(*) FROM trace WHERE le < $1";
        let before = [Value::Integer(jusqu_a.as_millisecond())];
        let Some(last) = self.row("trace_maillon", LAST, &before, maillon).await? else { return Ok(None) };
        if self.row("trace_attente", WAITING, &before, |row| row.integer(0)).await?.is_some() {
            return Ok(None);
        }
        let rows = self.row("trace", ROWS, &before, |row| row.integer(0)).await?.unwrap_or(0);
        Ok(Some((last, rows)))
    }

    /// The database's clock.
    pub async fn clock(&mut self) -> Result<Timestamp, Error> {
        const SQL: &str = concat!("SELECT ", now!());
        let now = self.row("clock", SQL, &[], |row| row.integer(0)).await?.unwrap_or(0);
        time("clock", "now", now)
    }
}

impl Store {
    /// Keeps a signature over the head: that which follows the head and is renewed, and, `for_good`, one in the list of days.
    pub async fn trace_signed(&self, signee: &TeteSignee, for_good: bool) -> Result<(), Error> {
        const HEAD: &str = "UPDATE trace_tete SET signe_rang = $1, signe_le = $2, signe_empreinte = $3, signe_jour = $4, \
             signature = $5, certificat = $6 WHERE id = 1 AND rang >= $1 AND (signe_rang IS NULL OR signe_rang <= $1)";
        const DAY: &str = "INSERT INTO trace_signature (rang, le, empreinte, jour, signature, certificat) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let TeteSignee { jour, tete, signature, certificat } = signee;
        let values = &[
            Value::Integer(tete.rang),
            Value::Integer(tete.le.as_millisecond()),
            Value::Bytes(&tete.empreinte),
            Value::Text(jour),
            Value::Bytes(signature),
            Value::Bytes(certificat),
        ];
        self.transaction("sign the chain", Durability::Apart, |tx| {
            Box::pin(async move {
                tx.execute(HEAD, values).await?;
                if for_good {
                    tx.execute(DAY, values).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Drops what is older than the signed record says, and keeps the record. False if another one did so meanwhile.
    pub async fn trace_drop(&self, oubli: &Oubli) -> Result<bool, Error> {
        self.transaction("drop months of the trail", Durability::Apart, |tx| Box::pin(tx.drop_months(oubli)))
            .await
    }

    /// On PostgreSQL makes the tables of the months to come, and drops those of the journal that ended before `journal`.
    pub async fn months(&self, journal: Timestamp) -> Result<(), Error> {
        const AHEAD: &str = "SELECT vtpa_partitions(3)";
        const JOURNAL: &str = "SELECT vtpa_oublier('journal', $1)";
        if !self.is_shared() {
            return Ok(());
        }
        self.transaction("months", Durability::Apart, move |tx| {
            Box::pin(async move {
                tx.row("trace", AHEAD, &[], |row| row.integer(0)).await?;
                tx.row("journal", JOURNAL, &[Value::Integer(journal.as_millisecond())], |row| row.integer(0))
                    .await?;
                Ok(())
            })
        })
        .await
    }
}

impl Tx<'_> {
    async fn drop_months(&mut self, oubli: &Oubli) -> Result<bool, Error> {
        const RECORD: &str = concat!(
            "INSERT INTO trace_oubli (jusqu_a, rang, lignes, le, empreinte, signature, certificat)",
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
        );
        let before = Value::Integer(oubli.jusqu_a.as_millisecond());
        let record = [
            before,
            Value::Integer(oubli.tete.rang),
            Value::Integer(oubli.lignes),
            Value::Integer(oubli.tete.le.as_millisecond()),
            Value::Bytes(&oubli.tete.empreinte),
            Value::Bytes(&oubli.signature),
            Value::Bytes(&oubli.certificat),
        ];
        if self.execute(RECORD, &record).await? == 0 {
            return Ok(false);
        }
        if self.is_postgres() {
            for sql in [
                "SELECT vtpa_oublier('trace', $1)",
                "SELECT vtpa_oublier('trace_piece', $1)",
                "SELECT vtpa_oublier('trace_maillon', $1)",
            ] {
                self.row("trace", sql, &[before], |row| row.integer(0)).await?;
            }
            return Ok(true);
        }
        for sql in [
            "DELETE FROM trace WHERE le < $1",
            "DELETE FROM trace_piece WHERE le < $1",
            "DELETE FROM trace_maillon WHERE le < $1",
        ] {
            self.execute(sql, &[before]).await?;
        }
        Ok(true)
    }
}
