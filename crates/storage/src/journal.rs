//! The journal of requests: what was asked, how it was answered, and in a sandbox the message itself. Times are the server's:
//! it writes in batches, some time after the answer.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::{
    ApplicationId, Coffre, Error, Reader, Store,
    effacement::ERASURE,
    sql::{Row, Value, time},
    writer::Durability,
};

/// One request. No person's data but in `message`, which a sandbox alone keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct EntreeJournal {
    /// The id of the log, which the fault gave.
    pub reference: String,
    /// When it came.
    pub recu_le: Timestamp,
    /// The service's name.
    pub service: String,
    /// The operation, where security held.
    pub operation: Option<String>,
    /// The application whose signature held.
    pub application: Option<ApplicationId>,
    /// The code answered, or `fault`.
    pub issue: String,
    /// The id of the explanation of a security failure.
    pub explication: Option<String>,
    /// `wsa:MessageID`, where it is a UUID.
    pub message_id: Option<String>,
    /// Microseconds until it was answered.
    pub duree: u64,
    /// Whether it was refused as received before.
    pub rejoue: bool,
    /// The whole message.
    pub message: Option<Vec<u8>>,
}

impl std::fmt::Debug for EntreeJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { reference, recu_le, issue, .. } = self;
        f.debug_struct("EntreeJournal")
            .field("reference", reference)
            .field("recu_le", recu_le)
            .field("issue", issue)
            .finish_non_exhaustive()
    }
}

/// How much of the journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BornesJournal {
    /// What came before is deleted.
    pub depuis: Timestamp,
    /// So many of the latest are kept.
    pub entrees: u32,
    /// So many bytes of messages, of the latest.
    pub octets: u32,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT reference, recu_le, service, operation, application, issue, explication, message_id, duree,",
            " rejoue, message FROM journal ",
            $rest
        )
    };
}

fn decode(row: &Row<'_>, coffre: &Coffre) -> Result<EntreeJournal, Error> {
    let reference = row.text(0)?;
    let message = row.maybe_bytes(10)?.map(|stored| coffre.open("journal", "message", reference, stored));
    Ok(EntreeJournal {
        reference: reference.to_owned(),
        recu_le: time("journal", "recu_le", row.integer(1)?)?,
        service: row.text(2)?.to_owned(),
        operation: row.maybe_text(3)?.map(str::to_owned),
        application: row.maybe_integer(4)?.map(ApplicationId),
        issue: row.text(5)?.to_owned(),
        explication: row.maybe_text(6)?.map(str::to_owned),
        message_id: row.maybe_text(7)?.map(str::to_owned),
        duree: row.integer(8)?.unsigned_abs(),
        rejoue: row.integer(9)? == 1,
        message: message.transpose()?.map(Cow::into_owned),
    })
}

impl Reader<'_> {
    /// The request of this reference, if it came at or after `depuis`.
    pub async fn journal_entree(
        &mut self,
        reference: &str,
        depuis: Timestamp,
    ) -> Result<Option<EntreeJournal>, Error> {
        const SQL: &str = select!("WHERE reference = $1 AND recu_le >= $2");
        let values = [Value::Text(reference), Value::Integer(depuis.as_millisecond())];
        let coffre = self.coffre();
        self.row("journal", SQL, &values, |row| decode(row, &coffre)).await
    }

    /// The latest requests of an application, the latest first.
    pub async fn journal_application(
        &mut self,
        application: ApplicationId,
        depuis: Timestamp,
        au_plus: u32,
    ) -> Result<Vec<EntreeJournal>, Error> {
        const SQL: &str =
            select!("WHERE application = $1 AND recu_le >= $2 ORDER BY recu_le DESC, reference LIMIT $3");
        let values = [
            Value::Integer(application.0),
            Value::Integer(depuis.as_millisecond()),
            Value::Integer(au_plus.into()),
        ];
        let coffre = self.coffre();
        self.rows("journal", SQL, &values, |row| decode(row, &coffre)).await
    }
}

impl Store {
    /// Writes down requests. Does not wait for the disk: the next durable transaction takes them along.
    ///
    /// Of a request that came before the last erasure the message is not kept: it may be of whom was erased, and it is written
    /// only now.
    pub async fn journal_ajouter(&self, entrees: &[EntreeJournal]) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO journal (reference, recu_le, service, operation, application, issue, explication,",
            " message_id, duree, rejoue, message)",
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING"
        );
        if entrees.is_empty() {
            return Ok(());
        }
        self.transaction("journal", Durability::Batched, |tx| {
            Box::pin(async move {
                let erased = tx.last_done(ERASURE).await?.unwrap_or(i64::MIN);
                for entree in entrees {
                    let message = match &entree.message {
                        Some(message) if entree.recu_le.as_millisecond() > erased => {
                            Some(tx.seal("journal", "message", &entree.reference, message).await?)
                        }
                        _ => None,
                    };
                    let values = [
                        Value::Text(&entree.reference),
                        Value::Integer(entree.recu_le.as_millisecond()),
                        Value::Text(&entree.service),
                        Value::MaybeText(entree.operation.as_deref()),
                        Value::MaybeInteger(entree.application.map(|application| application.0)),
                        Value::Text(&entree.issue),
                        Value::MaybeText(entree.explication.as_deref()),
                        Value::MaybeText(entree.message_id.as_deref()),
                        Value::Integer(i64::try_from(entree.duree).unwrap_or(i64::MAX)),
                        Value::Integer(entree.rejoue.into()),
                        Value::MaybeBytes(message.as_deref()),
                    ];
                    tx.execute(SQL, &values).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Deletes what lies outside the bounds; gives how many.
    pub async fn journal_purger(&self, bornes: BornesJournal) -> Result<u64, Error> {
        const OLD: &str = "DELETE FROM journal WHERE recu_le < $1";
        // so many at a time: the two databases have no common word for all
        const MANY: &str = concat!(
            "DELETE FROM journal WHERE reference IN (SELECT reference FROM journal",
            " ORDER BY recu_le DESC, reference LIMIT 100000 OFFSET $1)"
        );
        const LARGE: &str = concat!(
            "DELETE FROM journal WHERE reference IN (SELECT j.reference FROM (SELECT reference,",
            " SUM(LENGTH(message)) OVER (ORDER BY recu_le DESC, reference) AS octets",
            " FROM journal WHERE message IS NOT NULL) j WHERE j.octets > $1)"
        );
        self.transaction("purge journal", Durability::Batched, move |tx| {
            Box::pin(async move {
                let old = tx.execute(OLD, &[Value::Integer(bornes.depuis.as_millisecond())]).await?;
                let many = tx.execute(MANY, &[Value::Integer(bornes.entrees.into())]).await?;
                let large = tx.execute(LARGE, &[Value::Integer(bornes.octets.into())]).await?;
                Ok(old + many + large)
            })
        })
        .await
    }
}
