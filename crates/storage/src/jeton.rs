//! Tokens of the redirection: kept as a SHA-256, worth one entry, for thirty seconds of the database's clock.

use dossier::IdDossier;

use crate::{
    ApplicationId, Error, Tx,
    sql::{Value, dossier_id, dossier_number, now},
};

/// What a token was good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JetonPris {
    /// The dossier it opens.
    pub dossier: IdDossier,
    /// The application that asked for it.
    pub application: ApplicationId,
}

impl Tx<'_> {
    /// Keeps a token that this application asked for, for 30 seconds. The caller has checked the link.
    pub async fn issue_jeton(
        &mut self,
        sha256: &[u8; 32],
        dossier: &IdDossier,
        application: ApplicationId,
    ) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO jeton (sha256, dossier, application, expire_le) VALUES ($1, $2, $3, ",
            now!(),
            " + 30000)"
        );
        let values =
            [Value::Bytes(sha256), Value::Integer(dossier_number(dossier)), Value::Integer(application.0)];
        self.execute(SQL, &values).await?;
        self.note_contact(dossier_number(dossier)).await
    }

    /// Takes a token. Of any number who try, on any number of instances, one gets it: it is one atomic statement.
    /// None if it is unknown, taken, expired, or its application suspended or removed.
    pub async fn take_jeton(&mut self, sha256: &[u8; 32]) -> Result<Option<JetonPris>, Error> {
        const SQL: &str = concat!(
            "UPDATE jeton SET pris_le = ",
            now!(),
            " WHERE sha256 = $1 AND pris_le IS NULL AND expire_le > ",
            now!(),
            " AND EXISTS (SELECT 1 FROM application a WHERE a.id = jeton.application",
            " AND a.suspended = 0 AND a.retire_le IS NULL)",
            " RETURNING dossier, application"
        );
        self.row("jeton", SQL, &[Value::Bytes(sha256)], |row| {
            Ok(JetonPris {
                dossier: dossier_id("jeton", row.integer(0)?)?,
                application: ApplicationId(row.integer(1)?),
            })
        })
        .await
    }
}
