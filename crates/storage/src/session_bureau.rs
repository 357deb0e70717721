//! Sessions of the desk, and the browsers that have entered before. Like the families' sessions: the SHA-256 of a cookie,
//! an idle and an absolute limit by the database's clock.

use std::time::Duration;

use dossier::Prive;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Compte, CompteId, Error, Reader, Store, Tx, compte,
    sql::{Value, milliseconds, now, time},
};

/// A session of the desk that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionBureau {
    /// By which its owner names it.
    pub id: i64,
    /// Whose.
    pub compte: Compte,
    /// The second factor was shown in it, or OpenID Connect took its place.
    pub second_vu: bool,
    /// OpenID Connect began it: the provider asked for every factor, nothing more is asked for here.
    pub par_openid: bool,
    /// The secret of a second factor that is being set up in it.
    pub attente: Option<Prive>,
    /// When it ends if nothing is asked for any more.
    pub idle_end: Timestamp,
    /// When it ends whatever is asked for.
    pub absolute_end: Timestamp,
    stale: bool,
}

/// A session as its owner and the operator see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionListee {
    /// By which it is named.
    pub id: i64,
    /// The browser, as its owner will recognise it.
    pub navigateur: String,
    /// The second factor was shown in it.
    pub second_vu: bool,
    /// When it began.
    pub ouverte_le: Timestamp,
    /// When something was last asked for, to the minute.
    pub vue_le: Timestamp,
}

/// How a session begins.
#[derive(Clone, Debug)]
pub struct NouvelleSession<'a> {
    /// Whose.
    pub compte: CompteId,
    /// Whether the second factor was shown.
    pub second_vu: bool,
    /// Whether it was by OpenID Connect.
    pub par_openid: bool,
    /// The browser, as its owner will recognise it.
    pub navigateur: &'a str,
    /// It ends after this long without a sign of life…
    pub idle: Duration,
    /// …and after this long in any case.
    pub absolute: Duration,
}

/// What is encrypted at rest of a session.
#[derive(Serialize, Deserialize)]
struct Attente {
    secret: Prive,
}

impl Store {
    /// The desk's session of this cookie, and one more sign of life of it, written down once a minute at most.
    pub async fn live_bureau_session(&self, sha256: &[u8; 32]) -> Result<Option<SessionBureau>, Error> {
        let found = self.reader()?.bureau_session(sha256).await?;
        if found.as_ref().is_some_and(|session| session.stale) {
            let sha256 = *sha256;
            self.run("desk session alive", move |tx| {
                Box::pin(async move {
                    tx.untraced("that a page was seen is traced by who shows it");
                    tx.extend_bureau_session(&sha256).await
                })
            })
            .await?;
            return self.reader()?.bureau_session(&sha256).await;
        }
        Ok(found)
    }
}

impl Reader<'_> {
    /// The desk's session of this cookie, if it holds: within both limits, its account not disabled.
    pub async fn bureau_session(&mut self, sha256: &[u8; 32]) -> Result<Option<SessionBureau>, Error> {
        const SQL: &str = concat!(
            "SELECT s.id, s.second_vu, s.attente, s.vue_le + s.inactivite, s.fin_le, s.vue_le + 60000 < ",
            now!(),
            ", s.par_openid, ",
            compte::colonnes!(),
            " FROM session_bureau s JOIN compte c ON c.id = s.compte WHERE s.sha256 = $1 AND c.ferme_le IS NULL",
            " AND s.vue_le + s.inactivite > ",
            now!(),
            " AND s.fin_le > ",
            now!()
        );
        let coffre = self.coffre();
        self.row("session_bureau", SQL, &[Value::Bytes(sha256)], |row| {
            let id = row.integer(0)?;
            let attente: Option<Attente> = row
                .maybe_bytes(2)?
                .map(|stored| coffre.document("session_bureau", "attente", id, stored))
                .transpose()?;
            let absolute_end = row.integer(4)?;
            Ok(SessionBureau {
                id,
                second_vu: row.integer(1)? != 0,
                par_openid: row.integer(6)? != 0,
                attente: attente.map(|attente| attente.secret),
                idle_end: time("session_bureau", "vue_le", row.integer(3)?.min(absolute_end))?,
                absolute_end: time("session_bureau", "fin_le", absolute_end)?,
                stale: row.integer(5)? != 0,
                compte: compte::decode(row, &coffre, 7)?,
            })
        })
        .await
    }

    /// The sessions of an account that hold, the latest first.
    pub async fn bureau_sessions(&mut self, compte: CompteId) -> Result<Vec<SessionListee>, Error> {
        const SQL: &str = concat!(
            "SELECT id, navigateur, second_vu, ouverte_le, vue_le FROM session_bureau WHERE compte = $1",
            " AND vue_le + inactivite > ",
            now!(),
            " AND fin_le > ",
            now!(),
            " ORDER BY id DESC"
        );
        self.rows("session_bureau", SQL, &[Value::Integer(compte.0)], |row| {
            Ok(SessionListee {
                id: row.integer(0)?,
                navigateur: row.text(1)?.to_owned(),
                second_vu: row.integer(2)? != 0,
                ouverte_le: time("session_bureau", "ouverte_le", row.integer(3)?)?,
                vue_le: time("session_bureau", "vue_le", row.integer(4)?)?,
            })
        })
        .await
    }

    /// The account that this browser has entered before.
    pub async fn navigateur_connu(&mut self, sha256: &[u8; 32]) -> Result<Option<CompteId>, Error> {
        const SQL: &str = "SELECT compte FROM navigateur_connu WHERE sha256 = $1";
        self.row("navigateur_connu", SQL, &[Value::Bytes(sha256)], |row| Ok(CompteId(row.integer(0)?))).await
    }
}

impl Tx<'_> {
    /// Begins a session of the desk.
    pub async fn open_bureau_session(
        &mut self,
        sha256: &[u8; 32],
        session: &NouvelleSession<'_>,
    ) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO session_bureau (sha256, compte, second_vu, par_openid, navigateur, inactivite, ",
            "ouverte_le, vue_le, fin_le) VALUES ($1, $2, $3, $4, $5, $6, ",
            now!(),
            ", ",
            now!(),
            ", $7 + ",
            now!(),
            ")"
        );
        let values = [
            Value::Bytes(sha256),
            Value::Integer(session.compte.0),
            Value::Integer(session.second_vu.into()),
            Value::Integer(session.par_openid.into()),
            Value::Text(session.navigateur),
            Value::Integer(milliseconds(session.idle)),
            Value::Integer(milliseconds(session.absolute)),
        ];
        self.execute(SQL, &values).await?;
        Ok(())
    }

    /// A sign of life; false if the session does not hold any more.
    pub async fn extend_bureau_session(&mut self, sha256: &[u8; 32]) -> Result<bool, Error> {
        const SQL: &str = concat!(
            "UPDATE session_bureau SET vue_le = ",
            now!(),
            " WHERE sha256 = $1 AND vue_le + inactivite > ",
            now!(),
            " AND fin_le > ",
            now!()
        );
        Ok(self.execute(SQL, &[Value::Bytes(sha256)]).await? == 1)
    }

    /// The second factor was shown: the session goes on under another cookie. False if it is gone.
    pub async fn raise_bureau_session(&mut self, from: &[u8; 32], to: &[u8; 32]) -> Result<bool, Error> {
        const SQL: &str =
            "UPDATE session_bureau SET sha256 = $1, second_vu = 1, attente = NULL WHERE sha256 = $2";
        Ok(self.execute(SQL, &[Value::Bytes(to), Value::Bytes(from)]).await? == 1)
    }

    /// Keeps the secret of a second factor that is being set up in the session of this number.
    pub async fn set_attente(&mut self, session: i64, secret: &Prive) -> Result<(), Error> {
        const SQL: &str = "UPDATE session_bureau SET attente = $1 WHERE id = $2";
        let attente = Attente { secret: secret.clone() };
        let sealed = self.seal_document("session_bureau", "attente", session, &attente).await?;
        self.execute(SQL, &[Value::Bytes(&sealed), Value::Integer(session)]).await?;
        Ok(())
    }

    /// Counts a wrong code; at the fifth the session ends. Gives whether it goes on.
    pub async fn wrong_code(&mut self, sha256: &[u8; 32]) -> Result<bool, Error> {
        const COUNT: &str =
            "UPDATE session_bureau SET essais = essais + 1 WHERE sha256 = $1 RETURNING essais";
        match self.row("session_bureau", COUNT, &[Value::Bytes(sha256)], |row| row.integer(0)).await? {
            Some(essais) if essais < 5 => Ok(true),
            _ => {
                self.close_bureau_session(sha256).await?;
                Ok(false)
            }
        }
    }

    /// Ends a session. Ending one that is none is no error.
    pub async fn close_bureau_session(&mut self, sha256: &[u8; 32]) -> Result<(), Error> {
        self.execute("DELETE FROM session_bureau WHERE sha256 = $1", &[Value::Bytes(sha256)]).await?;
        Ok(())
    }

    /// Ends the session that its owner names; false if it is no session of this account.
    pub async fn revoke_bureau_session(&mut self, compte: CompteId, id: i64) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM session_bureau WHERE id = $1 AND compte = $2";
        Ok(self.execute(SQL, &[Value::Integer(id), Value::Integer(compte.0)]).await? == 1)
    }

    /// Ends every session of an account, but for one; says how many.
    pub async fn close_bureau_sessions(
        &mut self,
        compte: CompteId,
        sauf: Option<&[u8; 32]>,
    ) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM session_bureau WHERE compte = $1 AND sha256 <> $2";
        let none = [0; 32];
        self.execute(SQL, &[Value::Integer(compte.0), Value::Bytes(sauf.unwrap_or(&none))]).await
    }

    /// Notes that this browser has entered the account.
    pub async fn know_navigateur(&mut self, sha256: &[u8; 32], compte: CompteId) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO navigateur_connu (sha256, compte, vu_le) VALUES ($1, $2, ",
            now!(),
            ") ON CONFLICT (sha256) DO UPDATE SET compte = $2, vu_le = ",
            now!()
        );
        self.execute(SQL, &[Value::Bytes(sha256), Value::Integer(compte.0)]).await?;
        Ok(())
    }

    /// Forgets every browser that entered the account.
    pub(crate) async fn forget_navigateurs(&mut self, compte: CompteId) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM navigateur_connu WHERE compte = $1";
        self.execute(SQL, &[Value::Integer(compte.0)]).await?;
        Ok(())
    }

    /// Removes sessions of the desk an hour after they are over (a form of one may still come), kept forms, failures of more
    /// than a day ago, browsers not seen for a year, and who did not come back from the OpenID Connect provider.
    pub async fn purge_bureau(&mut self) -> Result<u64, Error> {
        const SESSIONS: &str = concat!(
            "DELETE FROM session_bureau WHERE fin_le < ",
            now!(),
            " - 3600000 OR vue_le + inactivite < ",
            now!(),
            " - 3600000"
        );
        const REPRISES: &str = concat!("DELETE FROM reprise_bureau WHERE fin_le < ", now!());
        const ESSAIS: &str = concat!("DELETE FROM essai WHERE dernier_le < ", now!(), " - 86400000");
        const NAVIGATEURS: &str =
            concat!("DELETE FROM navigateur_connu WHERE vu_le < ", now!(), " - 31536000000");
        let sessions = self.execute(SESSIONS, &[]).await?;
        self.execute(REPRISES, &[]).await?;
        self.execute(ESSAIS, &[]).await?;
        self.execute(NAVIGATEURS, &[]).await?;
        self.purge_openid().await?;
        Ok(sessions)
    }
}
