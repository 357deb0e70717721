//! What was typed at the desk when a session was over, as the families' ([`crate::Reprise`]): sealed by what the browser that
//! sent it alone has, offered to the same account alone.

use std::time::Duration;

use crate::{
    CompteId, Error, Reader, Reprise, Tx,
    sql::{Value, milliseconds, now, time},
};

/// A form of the desk to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NouvelleRepriseBureau<'a> {
    /// Of the cookie of the session that was over.
    pub sha256: &'a [u8; 32],
    /// Whose it was.
    pub compte: CompteId,
    /// What it was about.
    pub demande: i64,
    /// Where it was sent.
    pub chemin: &'a str,
    /// The form, encrypted.
    pub scelle: &'a [u8],
    /// How long it is kept.
    pub pour: Duration,
}

impl Reader<'_> {
    /// Whose session of the desk this cookie's was, if there was one and it is over. Whoever left has none.
    pub async fn ended_bureau_session(&mut self, sha256: &[u8; 32]) -> Result<Option<CompteId>, Error> {
        const SQL: &str = concat!(
            "SELECT s.compte FROM session_bureau s JOIN compte c ON c.id = s.compte",
            " WHERE s.sha256 = $1 AND c.ferme_le IS NULL AND (s.vue_le + s.inactivite <= ",
            now!(),
            " OR s.fin_le <= ",
            now!(),
            ")"
        );
        self.row("session_bureau", SQL, &[Value::Bytes(sha256)], |row| Ok(CompteId(row.integer(0)?))).await
    }

    /// What was kept of the forms of this cookie's session, for this account: the oldest first.
    pub async fn reprises_bureau(
        &mut self,
        sha256: &[u8; 32],
        compte: CompteId,
    ) -> Result<Vec<Reprise>, Error> {
        const SQL: &str = concat!(
            "SELECT id, chemin, scelle, gardee_le FROM reprise_bureau WHERE sha256 = $1 AND compte = $2",
            " AND fin_le > ",
            now!(),
            " ORDER BY gardee_le, id"
        );
        self.rows("reprise_bureau", SQL, &[Value::Bytes(sha256), Value::Integer(compte.0)], |row| {
            Ok(Reprise {
                id: row.integer(0)?,
                chemin: row.text(1)?.to_owned(),
                scelle: row.bytes(2)?.to_vec(),
                gardee_le: time("reprise_bureau", "gardee_le", row.integer(3)?)?,
            })
        })
        .await
    }
}

impl Tx<'_> {
    /// Keeps a form of the desk. One address has one: the last. False if this session has as many as it may, or there is no
    /// such demande of the account's establishment.
    pub async fn keep_reprise_bureau(&mut self, reprise: NouvelleRepriseBureau<'_>) -> Result<bool, Error> {
        // as of the families: more than anyone has open
        const MOST: i64 = 10;
        const OTHERS: &str = "SELECT COUNT(*) FROM reprise_bureau WHERE sha256 = $1 AND chemin <> $2";
        const SQL: &str = concat!(
            "INSERT INTO reprise_bureau (sha256, compte, demande, chemin, scelle, gardee_le, fin_le)",
            " SELECT $1, c.id, q.id, $4, $5, ",
            now!(),
            ", $6 + ",
            now!(),
            " FROM compte c JOIN demande q ON q.etablissement = c.etablissement WHERE c.id = $2 AND q.id = $3",
            " ON CONFLICT (sha256, chemin) DO UPDATE SET scelle = excluded.scelle,",
            " gardee_le = excluded.gardee_le, fin_le = excluded.fin_le"
        );
        let whose = [Value::Bytes(reprise.sha256), Value::Text(reprise.chemin)];
        let others = self.row("reprise_bureau", OTHERS, &whose, |row| row.integer(0)).await?;
        if others.is_some_and(|others| others >= MOST) {
            return Ok(false);
        }
        let values = [
            Value::Bytes(reprise.sha256),
            Value::Integer(reprise.compte.0),
            Value::Integer(reprise.demande),
            Value::Text(reprise.chemin),
            Value::Bytes(reprise.scelle),
            Value::Integer(milliseconds(reprise.pour)),
        ];
        Ok(self.execute(SQL, &values).await? == 1)
    }

    /// Ends a session of the desk that another takes the place of: what its forms hold can still be kept.
    pub async fn end_bureau_session(&mut self, sha256: &[u8; 32]) -> Result<(), Error> {
        const SQL: &str = concat!(
            "UPDATE session_bureau SET fin_le = ",
            now!(),
            " WHERE sha256 = $1 AND fin_le > ",
            now!()
        );
        self.execute(SQL, &[Value::Bytes(sha256)]).await?;
        Ok(())
    }

    /// Forgets one kept form of this cookie, or all of them.
    pub async fn drop_reprise_bureau(&mut self, sha256: &[u8; 32], id: Option<i64>) -> Result<(), Error> {
        match id {
            Some(id) => {
                const ONE: &str = "DELETE FROM reprise_bureau WHERE sha256 = $1 AND id = $2";
                self.execute(ONE, &[Value::Bytes(sha256), Value::Integer(id)]).await?
            }
            None => {
                const ALL: &str = "DELETE FROM reprise_bureau WHERE sha256 = $1";
                self.execute(ALL, &[Value::Bytes(sha256)]).await?
            }
        };
        Ok(())
    }
}
