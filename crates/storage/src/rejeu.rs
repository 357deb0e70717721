//! The replay guard's memory. On SQLite the one server decides from its own, and what is here brings it back after a
//! restart. On PostgreSQL the table decides, for all servers.

use jiff::{SignedDuration, Timestamp};

use crate::{
    Error, Reader, Store, Tx,
    sql::{Value, now, pairs, time},
    writer::Durability,
};

/// A message that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntreeRejeu {
    /// SHA-256 of what makes the message one.
    pub cle: [u8; 32],
    /// Until when it has to be remembered.
    pub jusqu_a: Timestamp,
}

/// What earlier processes remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memoire {
    /// The entries that still have to be remembered.
    pub entrees: Vec<EntreeRejeu>,
    /// Whether the last process ended by [`Store::rejeu_arreter`], or there was none: then `entrees` is all that was
    /// seen. Otherwise messages created before this start must be refused.
    pub arret_propre: bool,
}

/// What was deleted as of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Tokens.
    pub jetons: u64,
    /// Sessions.
    pub sessions: u64,
    /// Partners' requests to be linked, their `jti` with them.
    pub liaisons: u64,
}

impl Reader<'_> {
    /// Whether a message is remembered, as far as it was written: servers write a moment after they accept.
    pub async fn rejeu_vu(&mut self, cle: &[u8; 32]) -> Result<bool, Error> {
        const SQL: &str = "SELECT 1 FROM rejeu WHERE empreinte = $1";
        Ok(self.row("rejeu", SQL, &[Value::Bytes(cle)], |row| row.integer(0)).await?.is_some())
    }
}

/// A fingerprint that servers share is kept this much longer than asked for, so that clocks may differ.
macro_rules! margin {
    () => {
        "600000"
    };
}

impl Store {
    /// Remembers a message durably, for `pour` by the database's clock and ten minutes more, unless it is remembered
    /// already; says whether it was the first to. One atomic statement: of any number of servers that ask at once, one
    /// is told so. Where the answer is lost the outcome is an error, and asking again would say no.
    pub async fn rejeu_prendre(&self, cle: &[u8; 32], pour: SignedDuration) -> Result<bool, Error> {
        const SQL: &str = concat!(
            "INSERT INTO rejeu (empreinte, expire_le) VALUES ($1, $2 + ",
            margin!(),
            " + ",
            now!(),
            ") ON CONFLICT DO NOTHING"
        );
        let pour = i64::try_from(pour.as_millis()).unwrap_or(0).max(0);
        Ok(self.execute_alone("replay", SQL, &[Value::Bytes(cle), Value::Integer(pour)]).await? == 1)
    }

    /// Forgets what [`Store::rejeu_prendre`] remembered long enough; gives the number. A few thousand at a time, since
    /// others are inserting.
    pub async fn rejeu_oublier(&self) -> Result<u64, Error> {
        const FEW: u64 = 5_000;
        const SQL: &str = concat!(
            "DELETE FROM rejeu WHERE empreinte IN (SELECT empreinte FROM rejeu WHERE expire_le < ",
            now!(),
            " ORDER BY expire_le LIMIT 5000)"
        );
        let mut all = 0;
        loop {
            let some = self.execute_alone("forget replays", SQL, &[]).await?;
            all += some;
            if some < FEW {
                return Ok(all);
            }
        }
    }

    /// Takes note, durably, that a server begins, and gives what earlier ones had seen.
    pub async fn rejeu_demarrer(&self, now: Timestamp) -> Result<Memoire, Error> {
        const MARK: &str = "SELECT propre FROM marche WHERE id = 1";
        const ENTRIES: &str = "SELECT empreinte, expire_le FROM rejeu WHERE expire_le >= $1";
        self.run("start", move |tx| {
            Box::pin(async move {
                tx.untraced(
                    "whether the last stop was a clean one; the start itself is traced by the server",
                );
                let mark = tx.row("marche", MARK, &[], |row| row.integer(0)).await?;
                let mark = mark.ok_or_else(|| Error::inconsistent("marche", "propre", 1))?;
                tx.execute("UPDATE marche SET propre = 0 WHERE id = 1", &[]).await?;
                let values = [Value::Integer(now.as_millisecond())];
                let entrees = tx
                    .rows("rejeu", ENTRIES, &values, |row| {
                        let cle = row.bytes(0)?.try_into();
                        let cle = cle.map_err(|_| Error::inconsistent("rejeu", "empreinte", ""))?;
                        Ok(EntreeRejeu { cle, jusqu_a: time("rejeu", "expire_le", row.integer(1)?)? })
                    })
                    .await?;
                Ok(Memoire { entrees, arret_propre: mark == 1 })
            })
        })
        .await
    }

    /// Takes note that the server ends, all its entries written. Durable, and they with it.
    pub async fn rejeu_arreter(&self) -> Result<(), Error> {
        self.run("stop", |tx| {
            Box::pin(async {
                tx.untraced("whether this stop was a clean one; the stop itself is traced by the server");
                tx.execute("UPDATE marche SET propre = 1 WHERE id = 1", &[]).await?;
                Ok(())
            })
        })
        .await
    }

    /// Writes down entries, those already there left as they are, and forgets those whose time is over. Does not
    /// wait for the disk: the next durable transaction takes them along.
    pub async fn rejeu_ajouter(&self, entrees: Vec<EntreeRejeu>, now: Timestamp) -> Result<(), Error> {
        const FORGET: &str = "DELETE FROM rejeu WHERE expire_le < $1";
        const INSERT: &str = concat!(
            "INSERT INTO rejeu (empreinte, expire_le) SELECT unhex(e.a), CAST(e.b AS BIGINT) FROM ",
            pairs!("$1"),
            " e WHERE true ON CONFLICT DO NOTHING"
        );
        if entrees.is_empty() {
            return Ok(());
        }
        let entrees = encode(&entrees);
        self.transaction("replays", Durability::Batched, |tx| {
            Box::pin(async {
                tx.execute(FORGET, &[Value::Integer(now.as_millisecond())]).await?;
                tx.execute(INSERT, &[Value::Text(&entrees)]).await?;
                Ok(())
            })
        })
        .await
    }
}

impl Tx<'_> {
    /// Deletes what is over: keys of creations, requests to be linked and kept forms, sessions an hour after (a form of one may still come), and
    /// tokens a day after.
    pub async fn purge(&mut self) -> Result<Purged, Error> {
        const JETONS: &str = concat!("DELETE FROM jeton WHERE expire_le < ", now!(), " - 86400000");
        const SESSIONS: &str = concat!("DELETE FROM session WHERE fin_le < ", now!(), " - 3600000");
        const REPRISES: &str = concat!("DELETE FROM reprise WHERE fin_le < ", now!());
        const LIAISONS: &str = concat!("DELETE FROM liaison WHERE oubli_le < ", now!());
        self.execute(REPRISES, &[]).await?;
        self.purge_cles().await?;
        Ok(Purged {
            jetons: self.execute(JETONS, &[]).await?,
            sessions: self.execute(SESSIONS, &[]).await?,
            liaisons: self.execute(LIAISONS, &[]).await?,
        })
    }
}

/// A JSON array of [hexadecimal fingerprint, milliseconds].
fn encode(entrees: &[EntreeRejeu]) -> String {
    use std::fmt::Write as _;
    let mut json = String::with_capacity(entrees.len() * 84 + 2);
    let mut separator = '[';
    for entree in entrees {
        json.push(separator);
        json.push_str("[\"");
        for byte in entree.cle {
            // Writing to a String cannot fail.
            let _ = write!(json, "{byte:02x}");
        }
        let _ = write!(json, "\",{}]", entree.jusqu_a.as_millisecond() + 1);
        separator = ',';
    }
    json.push(']');
    json
}
