//! What was typed when a session was over. The server keeps it sealed: who reads the database reads none of it.

use std::time::Duration;

use dossier::IdDossier;
use jiff::Timestamp;

use crate::{
    ApplicationId, Error, Reader, Tx,
    sql::{Value, dossier_id, dossier_number, milliseconds, now, time},
};

/// A session that was, and does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFinie {
    /// The dossier it showed.
    pub dossier: IdDossier,
    /// The application its user came from.
    pub application: ApplicationId,
}

/// A form to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NouvelleReprise<'a> {
    /// Of the cookie of the session that was over.
    pub sha256: &'a [u8; 32],
    /// Whose form it was.
    pub session: &'a SessionFinie,
    /// Where it was sent.
    pub chemin: &'a str,
    /// The form, encrypted.
    pub scelle: &'a [u8],
    /// How long it is kept.
    pub pour: Duration,
}

/// A form that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reprise {
    /// By which it is named.
    pub id: i64,
    /// Where it was sent.
    pub chemin: String,
    /// The form, encrypted.
    pub scelle: Vec<u8>,
    /// When it was sent.
    pub gardee_le: Timestamp,
}

impl Reader<'_> {
    /// The session of this cookie, if there was one and it is over. Whoever left by « Quitter » has none.
    pub async fn ended_session(&mut self, sha256: &[u8; 32]) -> Result<Option<SessionFinie>, Error> {
        const SQL: &str = concat!(
            "SELECT s.dossier, s.application FROM session s JOIN application a ON a.id = s.application",
            " WHERE s.sha256 = $1 AND a.suspended = 0 AND a.retire_le IS NULL",
            " AND (s.vue_le + s.inactivite <= ",
            now!(),
            " OR s.fin_le <= ",
            now!(),
            ")"
        );
        self.row("session", SQL, &[Value::Bytes(sha256)], |row| {
            Ok(SessionFinie {
                dossier: dossier_id("session", row.integer(0)?)?,
                application: ApplicationId(row.integer(1)?),
            })
        })
        .await
    }

    /// What was kept of the forms of this cookie's session, for this dossier reached from this application: the oldest first.
    pub async fn reprises(
        &mut self,
        sha256: &[u8; 32],
        dossier: &IdDossier,
        application: ApplicationId,
    ) -> Result<Vec<Reprise>, Error> {
        const SQL: &str = concat!(
            "SELECT id, chemin, scelle, gardee_le FROM reprise WHERE sha256 = $1 AND dossier = $2 AND application = $3",
            " AND fin_le > ",
            now!(),
            " ORDER BY gardee_le, id"
        );
        let values =
            [Value::Bytes(sha256), Value::Integer(dossier_number(dossier)), Value::Integer(application.0)];
        self.rows("reprise", SQL, &values, |row| {
            Ok(Reprise {
                id: row.integer(0)?,
                chemin: row.text(1)?.to_owned(),
                scelle: row.bytes(2)?.to_vec(),
                gardee_le: time("reprise", "gardee_le", row.integer(3)?)?,
            })
        })
        .await
    }
}

impl Tx<'_> {
    /// Keeps a form. One address has one: the last. False if this session has as many as it may.
    pub async fn keep_reprise(&mut self, reprise: NouvelleReprise<'_>) -> Result<bool, Error> {
        // a session that is over can still fill the table: ten forms are more than anyone has open
        const MOST: i64 = 10;
        const OTHERS: &str = "SELECT COUNT(*) FROM reprise WHERE sha256 = $1 AND chemin <> $2";
        const SQL: &str = concat!(
            "INSERT INTO reprise (sha256, dossier, application, chemin, scelle, gardee_le, fin_le)",
            " VALUES ($1, $2, $3, $4, $5, ",
            now!(),
            ", $6 + ",
            now!(),
            ") ON CONFLICT (sha256, chemin) DO UPDATE SET scelle = excluded.scelle,",
            " gardee_le = excluded.gardee_le, fin_le = excluded.fin_le"
        );
        let whose = [Value::Bytes(reprise.sha256), Value::Text(reprise.chemin)];
        let others = self.row("reprise", OTHERS, &whose, |row| row.integer(0)).await?;
        if others.is_some_and(|others| others >= MOST) {
            return Ok(false);
        }
        let values = [
            Value::Bytes(reprise.sha256),
            Value::Integer(dossier_number(&reprise.session.dossier)),
            Value::Integer(reprise.session.application.0),
            Value::Text(reprise.chemin),
            Value::Bytes(reprise.scelle),
            Value::Integer(milliseconds(reprise.pour)),
        ];
        Ok(self.execute(SQL, &values).await? == 1)
    }

    /// Ends a session that another takes the place of. What its forms hold can still be kept; after [`Tx::close_session`]
    /// nothing can.
    pub async fn end_session(&mut self, sha256: &[u8; 32]) -> Result<(), Error> {
        self.execute("UPDATE session SET vue_le = 0 WHERE sha256 = $1", &[Value::Bytes(sha256)]).await?;
        Ok(())
    }

    /// Forgets one kept form of this cookie, or all of them.
    pub async fn drop_reprise(&mut self, sha256: &[u8; 32], id: Option<i64>) -> Result<(), Error> {
        match id {
            Some(id) => {
                const ONE: &str = "DELETE FROM reprise WHERE sha256 = $1 AND id = $2";
                self.execute(ONE, &[Value::Bytes(sha256), Value::Integer(id)]).await?
            }
            None => self.execute("DELETE FROM reprise WHERE sha256 = $1", &[Value::Bytes(sha256)]).await?,
        };
        Ok(())
    }
}
