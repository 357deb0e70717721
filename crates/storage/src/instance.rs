//! The servers that serve this database, and what each tells the others: that it lives, and what applications asked of it.
//! Nothing here need outlive a crash.

use crate::{
    ApplicationId, Error, Store,
    sql::{Value, now},
};

/// What one server had from one application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The application.
    pub application: ApplicationId,
    /// Requests admitted since that server's start.
    pub admis: u64,
    /// Requests that it is answering.
    pub en_cours: u32,
}

/// Another server that was heard lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voisine {
    /// Its name.
    pub id: String,
    /// What it told.
    pub charges: Vec<Charge>,
}

impl Store {
    /// Says that the server `id` lives and what it had, and gives what the others said that were heard within five seconds.
    pub async fn instance_battre(&self, id: &str, charges: &[Charge]) -> Result<Vec<Voisine>, Error> {
        const SAY: &str = concat!(
            "INSERT INTO instance (id, charges, vu_le) VALUES ($1, $2, ",
            now!(),
            ") ON CONFLICT (id) DO UPDATE SET charges = excluded.charges, vu_le = excluded.vu_le"
        );
        const HEAR: &str =
            concat!("SELECT id, charges FROM instance WHERE id <> $1 AND vu_le > ", now!(), " - 5000");
        let rows: Vec<(i64, u64, u32)> =
            charges.iter().map(|charge| (charge.application.0, charge.admis, charge.en_cours)).collect();
        let json =
            serde_json::to_string(&rows).map_err(|_| Error::inconsistent("instance", "charges", id))?;
        self.execute_alone("instance", SAY, &[Value::Text(id), Value::Text(&json)]).await?;
        self.reader()?
            .rows("instance", HEAR, &[Value::Text(id)], |row| {
                let id = row.text(0)?;
                let rows: Vec<(i64, u64, u32)> = serde_json::from_str(row.text(1)?)
                    .map_err(|_| Error::inconsistent("instance", "charges", id))?;
                let charge = |(application, admis, en_cours)| Charge {
                    application: ApplicationId(application),
                    admis,
                    en_cours,
                };
                Ok(Voisine { id: id.to_owned(), charges: rows.into_iter().map(charge).collect() })
            })
            .await
    }

    /// Takes the server `id` off the list, and those that went without a word a day ago.
    pub async fn instance_partir(&self, id: &str) -> Result<(), Error> {
        const SQL: &str = concat!("DELETE FROM instance WHERE id = $1 OR vu_le < ", now!(), " - 86400000");
        self.execute_alone("instance", SQL, &[Value::Text(id)]).await.map(drop)
    }
}
