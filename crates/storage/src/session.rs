//! Sessions of the website: kept as the SHA-256 of the cookie, with an idle and an absolute limit, both by the
//! database's clock.

use std::time::Duration;

use dossier::IdDossier;
use jiff::Timestamp;

use crate::{
    ApplicationId, Error, Reader, Store, Tx,
    sql::{Value, dossier_id, dossier_number, milliseconds, now, time},
};

/// A session that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The dossier it shows.
    pub dossier: IdDossier,
    /// The application its user came from.
    pub application: ApplicationId,
    /// When it ends if nothing is asked for any more.
    pub idle_end: Timestamp,
    /// When it ends whatever is asked for.
    pub absolute_end: Timestamp,
    stale: bool,
}

impl Store {
    /// How many sessions are open.
    pub async fn sessions_vivantes(&self) -> Result<u64, Error> {
        const SQL: &str = concat!("SELECT COUNT(*) FROM session WHERE fin_le > ", now!());
        let count = self.reader()?.row("session", SQL, &[], |row| row.integer(0)).await?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// The session of this cookie, and one more sign of life of it. Signs of life are written down once a minute at
    /// most, so that a page costs no write: the idle limit may come up to a minute early, never late.
    pub async fn live_session(&self, sha256: &[u8; 32]) -> Result<Option<Session>, Error> {
        let found = self.reader()?.session(sha256).await?;
        if found.as_ref().is_some_and(|session| session.stale) {
            let sha256 = *sha256;
            self.run("session alive", move |tx| {
                Box::pin(async move {
                    tx.untraced("that a page was seen is traced by who shows it");
                    tx.extend_session(&sha256).await
                })
            })
            .await?;
            return self.reader()?.session(&sha256).await;
        }
        Ok(found)
    }
}

impl Reader<'_> {
    /// The session of this cookie, if it holds: within both limits, its application neither suspended nor removed.
    pub async fn session(&mut self, sha256: &[u8; 32]) -> Result<Option<Session>, Error> {
        const SQL: &str = concat!(
            "SELECT s.dossier, s.application, s.vue_le + s.inactivite, s.fin_le, s.vue_le + 60000 < ",
            now!(),
            " FROM session s JOIN application a ON a.id = s.application",
            " JOIN dossier d ON d.id = s.dossier AND d.archive_le IS NULL",
            " WHERE s.sha256 = $1 AND a.suspended = 0 AND a.retire_le IS NULL",
            " AND s.vue_le + s.inactivite > ",
            now!(),
            " AND s.fin_le > ",
            now!()
        );
        self.row("session", SQL, &[Value::Bytes(sha256)], |row| {
            let absolute_end = row.integer(3)?;
            Ok(Session {
                dossier: dossier_id("session", row.integer(0)?)?,
                application: ApplicationId(row.integer(1)?),
                idle_end: time("session", "vue_le", row.integer(2)?.min(absolute_end))?,
                absolute_end: time("session", "fin_le", absolute_end)?,
                stale: row.integer(4)? != 0,
            })
        })
        .await
    }
}

impl Tx<'_> {
    /// Begins a session, which ends after `idle` without a sign of life and after `absolute` in any case.
    pub async fn open_session(
        &mut self,
        sha256: &[u8; 32],
        dossier: &IdDossier,
        application: ApplicationId,
        idle: Duration,
        absolute: Duration,
    ) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO session (sha256, dossier, application, inactivite, vue_le, fin_le) VALUES ($1, $2, $3, $4, ",
            now!(),
            ", $5 + ",
            now!(),
            ")"
        );
        let values = [
            Value::Bytes(sha256),
            Value::Integer(dossier_number(dossier)),
            Value::Integer(application.0),
            Value::Integer(milliseconds(idle)),
            Value::Integer(milliseconds(absolute)),
        ];
        self.execute(SQL, &values).await?;
        self.note_contact(dossier_number(dossier)).await
    }

    /// A sign of life; false if the session does not hold any more.
    pub async fn extend_session(&mut self, sha256: &[u8; 32]) -> Result<bool, Error> {
        const SQL: &str = concat!(
            "UPDATE session SET vue_le = ",
            now!(),
            " WHERE sha256 = $1 AND vue_le + inactivite > ",
            now!(),
            " AND fin_le > ",
            now!(),
            " AND EXISTS (SELECT 1 FROM application a WHERE a.id = session.application",
            " AND a.suspended = 0 AND a.retire_le IS NULL)"
        );
        const DOSSIER: &str = "SELECT dossier FROM session WHERE sha256 = $1";
        let lives = self.execute(SQL, &[Value::Bytes(sha256)]).await? == 1;
        if lives
            && let Some(dossier) =
                self.row("session", DOSSIER, &[Value::Bytes(sha256)], |row| row.integer(0)).await?
        {
            self.note_contact(dossier).await?;
        }
        Ok(lives)
    }

    /// Ends a session. Ending one that is none is no error.
    pub async fn close_session(&mut self, sha256: &[u8; 32]) -> Result<(), Error> {
        self.execute("DELETE FROM session WHERE sha256 = $1", &[Value::Bytes(sha256)]).await?;
        Ok(())
    }
}
