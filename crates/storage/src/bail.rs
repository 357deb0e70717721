//! Work that one server does for all: whoever holds its lease. A row that expires by the database's clock; nothing is locked
//! between transactions, so that it works through a pooler and outlives no crash by more than a minute.

use std::time::Duration;

use crate::{
    Error, Store, Tx,
    sql::{Value, now},
};

/// How long a lease runs that nobody renews.
const RUNS: i64 = 60_000;

/// A lease that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bail {
    nom: &'static str,
    tenant: String,
}

impl Store {
    /// Takes the lease of the work `nom` as `tenant`, unless another one holds it, or the work was done to its end less
    /// than `repos` ago.
    pub async fn lease(
        &self,
        nom: &'static str,
        tenant: &str,
        repos: Duration,
    ) -> Result<Option<Bail>, Error> {
        const RESTS: &str = concat!("SELECT 1 FROM bail WHERE nom = $1 AND fait_le > ", now!(), " - $2");
        const TAKE: &str = concat!(
            "INSERT INTO bail (nom, tenant, fin_le, fait_le) VALUES ($1, $2, $3 + ",
            now!(),
            ", 0) ON CONFLICT (nom) DO UPDATE SET tenant = excluded.tenant, fin_le = excluded.fin_le \
             WHERE bail.tenant = excluded.tenant OR bail.fin_le < ",
            now!()
        );
        // looked at first, so that a server that asks every minute writes nothing
        let repos = i64::try_from(repos.as_millis()).unwrap_or(i64::MAX / 2);
        let rests = [Value::Text(nom), Value::Integer(repos)];
        let mut reader = self.reader()?;
        if repos > 0 && reader.row("bail", RESTS, &rests, |row| row.integer(0)).await?.is_some() {
            return Ok(None);
        }
        drop(reader);
        let values = [Value::Text(nom), Value::Text(tenant), Value::Integer(RUNS)];
        let taken = self.execute_alone("lease", TAKE, &values).await? == 1;
        Ok(taken.then(|| Bail { nom, tenant: tenant.to_owned() }))
    }

    /// Gives a lease back, its work done to the end.
    pub async fn lease_done(&self, bail: &Bail) -> Result<(), Error> {
        const SQL: &str =
            concat!("UPDATE bail SET fin_le = 0, fait_le = ", now!(), " WHERE nom = $1 AND tenant = $2");
        let values = [Value::Text(bail.nom), Value::Text(&bail.tenant)];
        self.execute_alone("lease", SQL, &values).await.map(drop)
    }
}

impl Tx<'_> {
    /// Notes that something was done now, by whomever.
    pub(crate) async fn done(&mut self, nom: &'static str) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO bail (nom, tenant, fin_le, fait_le) VALUES ($1, '', 0, ",
            now!(),
            ") ON CONFLICT (nom) DO UPDATE SET fait_le = excluded.fait_le"
        );
        self.execute(SQL, &[Value::Text(nom)]).await.map(drop)
    }

    /// When it was last done, in milliseconds.
    pub(crate) async fn last_done(&mut self, nom: &'static str) -> Result<Option<i64>, Error> {
        self.row("bail", "SELECT fait_le FROM bail WHERE nom = $1", &[Value::Text(nom)], |row| row.integer(0))
            .await
    }

    /// Renews a lease in the transaction that does its work; false if it is another's by now, and nothing may be done.
    pub(crate) async fn renew(&mut self, bail: &Bail) -> Result<bool, Error> {
        const SQL: &str =
            concat!("UPDATE bail SET fin_le = $3 + ", now!(), " WHERE nom = $1 AND tenant = $2");
        let values = [Value::Text(bail.nom), Value::Text(&bail.tenant), Value::Integer(RUNS)];
        Ok(self.execute(SQL, &values).await? == 1)
    }
}
