//! A partner's request to be linked to a dossier that exists, and the access code by which a person proves that the
//! dossier is theirs. Times are the database's; both hold on any number of instances.

use std::time::Duration;

use dossier::IdDossier;
use jiff::Timestamp;

use crate::{
    Application, ApplicationId, Error, Reader, Tx,
    sql::{Row, Value, dossier_number, now, time},
};

/// Wrong proofs after which a request is over.
const ECHECS_LIAISON: i64 = 5;
/// Wrong proofs for one dossier, whoever tries, after which each further one makes the next wait.
const ECHECS_DOSSIER: i64 = 5;

/// A request as it begins.
#[derive(Clone, Copy)]
pub struct NouvelleLiaison<'a> {
    /// Of the browser's cookie.
    pub sha256: &'a [u8; 32],
    /// Of what makes the partner's request unique.
    pub jti: &'a [u8; 32],
    /// Who asks.
    pub application: ApplicationId,
    /// For which of its users.
    pub id_local: &'a str,
    /// Where the person goes back to.
    pub retour: &'a str,
    /// How long the person may take.
    pub pour: Duration,
    /// How long the `jti` is remembered.
    pub oubli: Duration,
}

/// A request that waits for its person.
#[derive(Clone, PartialEq, Eq)]
pub struct Liaison {
    /// Who asks.
    pub application: Application,
    /// For which of its users.
    pub id_local: String,
    /// Where the person goes back to.
    pub retour: String,
}

impl std::fmt::Debug for Liaison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Liaison").field("application", &self.application.name).finish_non_exhaustive()
    }
}

/// What became of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preuve {
    /// The dossier is linked, and the request over.
    Liee,
    /// Wrong number, wrong code, or too soon after others: nobody is told which.
    Fausse,
    /// The request is over: too many wrong proofs, too late, refused, its application suspended.
    Finie,
}

/// Who may see a dossier through the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccesPartenaire {
    /// The application.
    pub application: ApplicationId,
    /// Its name.
    pub nom: String,
    /// Since when, for the first of its users.
    pub depuis: Timestamp,
}

impl Reader<'_> {
    /// The request of this cookie, while it waits.
    pub async fn liaison(&mut self, sha256: &[u8; 32]) -> Result<Option<Liaison>, Error> {
        const SQL: &str = concat!(
            "SELECT application, id_local, retour FROM liaison WHERE sha256 = $1 AND echecs < $2 AND expire_le > ",
            now!()
        );
        let values = [Value::Bytes(sha256), Value::Integer(ECHECS_LIAISON)];
        let found = self
            .row("liaison", SQL, &values, |row| {
                Ok((ApplicationId(row.integer(0)?), row.text(1)?.to_owned(), row.text(2)?.to_owned()))
            })
            .await?;
        let Some((application, id_local, retour)) = found else { return Ok(None) };
        let application = self.application(application).await?.filter(|application| !application.suspended);
        Ok(application.map(|application| Liaison { application, id_local, retour }))
    }

    /// The salt of a dossier's access code, if it has one.
    pub async fn sel_code_acces(&mut self, dossier: &IdDossier) -> Result<Option<[u8; 16]>, Error> {
        const SQL: &str = "SELECT sel FROM code_acces WHERE dossier = $1";
        let number = [Value::Integer(dossier_number(dossier))];
        let salt = |row: &Row<'_>| {
            row.bytes(0)?.try_into().map_err(|_| Error::inconsistent("code_acces", "sel", ""))
        };
        self.row("code_acces", SQL, &number, salt).await
    }

    /// When the access code of a dossier was made, if it has one.
    pub async fn code_acces_du(&mut self, dossier: &IdDossier) -> Result<Option<Timestamp>, Error> {
        const SQL: &str = "SELECT cree_le FROM code_acces WHERE dossier = $1";
        let number = [Value::Integer(dossier_number(dossier))];
        self.row("code_acces", SQL, &number, |row| time("code_acces", "cree_le", row.integer(0)?)).await
    }

    /// The registered applications that a dossier is linked to, the oldest link first.
    pub async fn acces_partenaires(&mut self, dossier: &IdDossier) -> Result<Vec<AccesPartenaire>, Error> {
        const SQL: &str = "SELECT a.id, a.name, MIN(l.cree_le) FROM lien l JOIN application a ON a.id = l.application \
             WHERE l.dossier = $1 AND a.retire_le IS NULL GROUP BY a.id, a.name ORDER BY MIN(l.cree_le), a.id";
        fn decode(row: &Row<'_>) -> Result<AccesPartenaire, Error> {
            Ok(AccesPartenaire {
                application: ApplicationId(row.integer(0)?),
                nom: row.text(1)?.to_owned(),
                depuis: time("lien", "cree_le", row.integer(2)?)?,
            })
        }
        self.rows("lien", SQL, &[Value::Integer(dossier_number(dossier))], decode).await
    }
}

impl Tx<'_> {
    /// Begins a request; false if one with this `jti` came before.
    pub async fn open_liaison(&mut self, liaison: NouvelleLiaison<'_>) -> Result<bool, Error> {
        const SQL: &str = concat!(
            "INSERT INTO liaison (sha256, jti, application, id_local, retour, expire_le, oubli_le)",
            " VALUES ($1, $2, $3, $4, $5, $6 + ",
            now!(),
            ", $7 + ",
            now!(),
            ") ON CONFLICT (jti) DO NOTHING"
        );
        let values = [
            Value::Bytes(liaison.sha256),
            Value::Bytes(liaison.jti),
            Value::Integer(liaison.application.0),
            Value::Text(liaison.id_local),
            Value::Text(liaison.retour),
            Value::Integer(milliseconds(liaison.pour)),
            Value::Integer(milliseconds(liaison.oubli.max(liaison.pour))),
        ];
        Ok(self.execute(SQL, &values).await? == 1)
    }

    /// Ends a request; its `jti` stays remembered.
    pub async fn end_liaison(&mut self, sha256: &[u8; 32]) -> Result<(), Error> {
        self.execute("UPDATE liaison SET expire_le = 0 WHERE sha256 = $1", &[Value::Bytes(sha256)]).await?;
        Ok(())
    }

    /// Links the dossier to the request's application and IdLocal if `empreinte` is that of its access code. A wrong one
    /// is counted, for the request and for the dossier; `dossier` is none where what was typed is no number.
    pub async fn prove_liaison(
        &mut self,
        sha256: &[u8; 32],
        dossier: Option<&IdDossier>,
        empreinte: &[u8; 32],
    ) -> Result<Preuve, Error> {
        const CODE: &str =
            concat!("SELECT empreinte, attendre_le <= ", now!(), " FROM code_acces WHERE dossier = $1");
        const RIGHT: &str = "UPDATE code_acces SET echecs = 0, attendre_le = 0 WHERE dossier = $1";
        // one second after the fifth, then twice as long each time, a quarter of an hour at most
        const WRONG: &str = concat!(
            "UPDATE code_acces SET echecs = echecs + 1, attendre_le = CASE WHEN echecs + 1 < $1 THEN 0 ELSE ",
            now!(),
            " + CASE WHEN echecs + 1 - $1 > 9 THEN 900000 ELSE 1000 * (1 << CAST(echecs + 1 - $1 AS INTEGER)) END END",
            " WHERE dossier = $2"
        );
        const COUNT: &str = "UPDATE liaison SET echecs = echecs + 1 WHERE sha256 = $1";
        let Some(liaison) = self.liaison(sha256).await? else { return Ok(Preuve::Finie) };
        let mut right = false;
        if let Some(dossier) = dossier {
            let number = Value::Integer(dossier_number(dossier));
            let proof = |row: &Row<'_>| Ok(row.bytes(0)? == empreinte && row.integer(1)? != 0);
            right = self.row("code_acces", CODE, &[number], proof).await? == Some(true);
            if right {
                self.execute(RIGHT, &[number]).await?;
                self.link_dossier(dossier, liaison.application.id, &liaison.id_local).await?;
            } else {
                self.execute(WRONG, &[Value::Integer(ECHECS_DOSSIER), number]).await?;
            }
        }
        if right {
            self.end_liaison(sha256).await?;
            return Ok(Preuve::Liee);
        }
        self.execute(COUNT, &[Value::Bytes(sha256)]).await?;
        Ok(if self.liaison(sha256).await?.is_some() { Preuve::Fausse } else { Preuve::Finie })
    }

    /// Gives a dossier an access code, in the place of the one that it had.
    pub async fn set_code_acces(
        &mut self,
        dossier: &IdDossier,
        sel: &[u8; 16],
        empreinte: &[u8; 32],
    ) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO code_acces (dossier, sel, empreinte, cree_le) VALUES ($1, $2, $3, ",
            now!(),
            ") ON CONFLICT (dossier) DO UPDATE SET sel = excluded.sel, empreinte = excluded.empreinte,",
            " cree_le = excluded.cree_le, echecs = 0, attendre_le = 0"
        );
        let values = [Value::Integer(dossier_number(dossier)), Value::Bytes(sel), Value::Bytes(empreinte)];
        self.execute(SQL, &values).await?;
        Ok(())
    }

    /// Ends every link of a dossier to an application; false if there was none. Its tokens for the dossier open nothing
    /// any more, its sessions are over but the one of `session`, in which the person just said so.
    pub async fn unlink_application(
        &mut self,
        dossier: &IdDossier,
        application: ApplicationId,
        session: &[u8; 32],
    ) -> Result<bool, Error> {
        const LINKS: &str = "DELETE FROM lien WHERE dossier = $1 AND application = $2";
        const TOKENS: &str = "DELETE FROM jeton WHERE dossier = $1 AND application = $2 AND pris_le IS NULL";
        const SESSIONS: &str = "DELETE FROM session WHERE dossier = $1 AND application = $2 AND sha256 <> $3";
        let link = [Value::Integer(dossier_number(dossier)), Value::Integer(application.0)];
        if self.execute(LINKS, &link).await? == 0 {
            return Ok(false);
        }
        self.execute(TOKENS, &link).await?;
        let [dossier, application] = link;
        self.execute(SESSIONS, &[dossier, application, Value::Bytes(session)]).await?;
        Ok(true)
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
