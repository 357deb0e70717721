//! Partner applications and their certificates.

use dossier::Operation;

use crate::{
    Error, Reader, Refusal, Rights, Settings, Store, Tx,
    sql::{Row, Value, now},
};

/// The number of an application; never given again, so that what a removed one did stays its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApplicationId(pub(crate) i64);

/// A registered partner application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its number.
    pub id: ApplicationId,
    /// Its name, unique among those registered.
    pub name: String,
    /// A suspended application may do nothing.
    pub suspended: bool,
    /// The operations it may call.
    pub rights: Rights,
    /// How messages to and from it are secured, and where its users go back to.
    pub settings: Settings,
}

macro_rules! select {
    ($($rest:expr),*) => {
        concat!("SELECT a.id, a.name, a.suspended, a.rights, a.settings FROM application a ", $($rest),*)
    };
}

fn decode(row: &Row<'_>) -> Result<Application, Error> {
    let id = row.integer(0)?;
    let rights = row.text(3)?.split_ascii_whitespace().try_fold(Rights::NONE, |rights, name| {
        Operation::from_name(name)
            .map(|operation| rights.with(operation))
            .ok_or_else(|| Error::inconsistent("application", "rights", id))
    })?;
    let settings =
        serde_json::from_str(row.text(4)?).map_err(|_| Error::inconsistent("application", "settings", id))?;
    Ok(Application {
        id: ApplicationId(id),
        name: row.text(1)?.to_owned(),
        suspended: row.integer(2)? != 0,
        rights,
        settings,
    })
}

impl Store {
    /// The application whose certificate has this SHA-256, in one statement: asked for every message.
    pub async fn application_by_fingerprint(&self, sha256: &[u8; 32]) -> Result<Option<Application>, Error> {
        self.reader()?.application_by_fingerprint(sha256).await
    }
}

impl Reader<'_> {
    /// The application whose certificate has this SHA-256, suspended or not; none once it is removed.
    pub async fn application_by_fingerprint(
        &mut self,
        sha256: &[u8; 32],
    ) -> Result<Option<Application>, Error> {
        const SQL: &str =
            select!("JOIN certificat c ON c.application = a.id WHERE c.sha256 = $1 AND a.retire_le IS NULL");
        self.row("application", SQL, &[Value::Bytes(sha256)], decode).await
    }

    /// The registered application of this name.
    pub async fn application_by_name(&mut self, name: &str) -> Result<Option<Application>, Error> {
        const SQL: &str = select!("WHERE a.name = $1 AND a.retire_le IS NULL");
        self.row("application", SQL, &[Value::Text(name)], decode).await
    }

    /// The registered application of this number.
    pub async fn application(&mut self, id: ApplicationId) -> Result<Option<Application>, Error> {
        const SQL: &str = select!("WHERE a.id = $1 AND a.retire_le IS NULL");
        self.row("application", SQL, &[Value::Integer(id.0)], decode).await
    }

    /// Every registered application, by name.
    pub async fn applications(&mut self) -> Result<Vec<Application>, Error> {
        const SQL: &str = select!("WHERE a.retire_le IS NULL ORDER BY a.name");
        self.rows("application", SQL, &[], decode).await
    }

    /// The certificates (DER) of every registered application, or of one.
    pub async fn certificates(
        &mut self,
        application: Option<ApplicationId>,
    ) -> Result<Vec<(ApplicationId, Vec<u8>)>, Error> {
        const SQL: &str = "SELECT c.application, c.der FROM certificat c JOIN application a ON a.id = c.application \
             WHERE a.retire_le IS NULL AND ($1 = 0 OR c.application = $1) ORDER BY c.cree_le, c.sha256";
        let application = application.map_or(0, |id| id.0);
        self.rows("certificat", SQL, &[Value::Integer(application)], |row| {
            Ok((ApplicationId(row.integer(0)?), row.bytes(1)?.to_owned()))
        })
        .await
    }
}

impl Tx<'_> {
    /// Registers an application. [`Error::Conflict`] if one of this name is registered.
    pub async fn add_application(&mut self, name: &str, rights: Rights) -> Result<ApplicationId, Error> {
        const SQL: &str = concat!(
            "INSERT INTO application (name, rights, settings, cree_le) VALUES ($1, $2, $3, ",
            now!(),
            ") RETURNING id"
        );
        let values =
            [Value::Text(name), Value::Text(&rights.to_string()), Value::Text(&json(&Settings::default())?)];
        let id = self.row("application", SQL, &values, |row| row.integer(0)).await?;
        id.map(ApplicationId).ok_or_else(|| Error::inconsistent("application", "id", ""))
    }

    /// Gives a certificate to an application; false if it had it already. One that is another's stays another's.
    pub async fn add_certificate(
        &mut self,
        application: ApplicationId,
        sha256: &[u8; 32],
        der: &[u8],
    ) -> Result<bool, Error> {
        const OWNER: &str = "SELECT application FROM certificat WHERE sha256 = $1";
        const INSERT: &str = concat!(
            "INSERT INTO certificat (sha256, application, der, cree_le) VALUES ($1, $2, $3, ",
            now!(),
            ") ON CONFLICT DO NOTHING"
        );
        self.registered(application).await?;
        let values = [Value::Bytes(sha256), Value::Integer(application.0), Value::Bytes(der)];
        if self.execute(INSERT, &values).await? == 1 {
            return Ok(true);
        }
        match self.row("certificat", OWNER, &[Value::Bytes(sha256)], |row| row.integer(0)).await? {
            Some(owner) if owner == application.0 => Ok(false),
            _ => Err(Refusal::CertificateTaken.into()),
        }
    }

    /// Suspends or resumes an application; its certificates and tokens are worth nothing meanwhile.
    pub async fn suspend_application(
        &mut self,
        application: ApplicationId,
        suspended: bool,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE application SET suspended = $1 WHERE id = $2 AND retire_le IS NULL";
        self.change(SQL, &[Value::Integer(suspended.into()), Value::Integer(application.0)]).await
    }

    /// Changes what an application may call.
    pub async fn set_rights(&mut self, application: ApplicationId, rights: Rights) -> Result<(), Error> {
        const SQL: &str = "UPDATE application SET rights = $1 WHERE id = $2 AND retire_le IS NULL";
        self.change(SQL, &[Value::Text(&rights.to_string()), Value::Integer(application.0)]).await
    }

    /// Changes an application's settings, all at once.
    pub async fn set_settings(
        &mut self,
        application: ApplicationId,
        settings: &Settings,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE application SET settings = $1 WHERE id = $2 AND retire_le IS NULL";
        self.change(SQL, &[Value::Text(&json(settings)?), Value::Integer(application.0)]).await
    }

    /// Ends an application's access. Its dossiers and links stay; its name and certificates are free again, for
    /// another application, which inherits nothing.
    pub async fn remove_application(&mut self, application: ApplicationId) -> Result<(), Error> {
        const REMOVE: &str =
            concat!("UPDATE application SET retire_le = ", now!(), " WHERE id = $1 AND retire_le IS NULL");
        const FREE: &str = "DELETE FROM certificat WHERE application = $1";
        self.change(REMOVE, &[Value::Integer(application.0)]).await?;
        self.execute(FREE, &[Value::Integer(application.0)]).await?;
        Ok(())
    }

    async fn registered(&mut self, application: ApplicationId) -> Result<(), Error> {
        match self.application(application).await? {
            Some(_) => Ok(()),
            None => Err(Refusal::UnknownApplication.into()),
        }
    }

    async fn change(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<(), Error> {
        match self.execute(sql, values).await? {
            0 => Err(Refusal::UnknownApplication.into()),
            _ => Ok(()),
        }
    }
}

fn json(settings: &Settings) -> Result<String, Error> {
    serde_json::to_string(settings).map_err(|_| Error::inconsistent("application", "settings", ""))
}
