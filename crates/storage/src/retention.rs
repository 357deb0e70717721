//! How long a dossier is kept: active, then archived (closed to partners and families), then erased. What counts is the
//! last contact: the last change of the dossier or of one of its demandes, or the last day on which someone asked for it.
//! A legal hold stops both steps.
//!
//! A run looks first, without holding anything, and then acts in small transactions, each of which looks again.

use dossier::{IdDossier, StatutDemande};
use jiff::Timestamp;

use crate::{
    Acteur, Action, Bail, ErasureReason, Error, Reader, Refusal, Store, Trace, Tx,
    sql::{Row, Value, dossier_id, dossier_number, elements, now, time, today},
};

const DAY: i64 = 86_400_000;
/// Dossiers that one look gives, and that one transaction changes.
const PAGE: usize = 500;
const BATCH: usize = 50;

/// After how many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// Without a contact, a dossier is archived.
    pub archive: u32,
    /// In the archive, it is erased.
    pub erase: u32,
}

/// The delays of each state of a dossier (specification §2.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionRules {
    /// Of every state that has none of its own.
    pub default: Delays,
    /// States that have.
    pub states: Vec<(StatutDemande, Delays)>,
}

/// What becomes of a dossier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is closed to partners and families.
    Archive,
    /// Nothing of it is left.
    Erase,
}

/// A dossier whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its number.
    pub dossier: IdDossier,
    /// What it comes to.
    pub stage: Stage,
    /// Its state.
    pub statut: StatutDemande,
    /// The last contact.
    pub contact: Timestamp,
    /// A legal hold keeps it as it is.
    pub held: bool,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Dossiers archived.
    pub archived: u64,
    /// Dossiers erased.
    pub erased: u64,
    /// Dossiers whose time has come, and which a legal hold keeps.
    pub held: u64,
}

/// Where a dossier is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conservation {
    /// The last contact; to the day where nothing was changed.
    pub contact: Timestamp,
    /// Archived since.
    pub archived: Option<Timestamp>,
    /// Under legal hold since, and the reference that was given.
    pub held: Option<(Timestamp, String)>,
}

impl RetentionRules {
    /// The delays of a dossier in this state.
    pub fn delays(&self, statut: StatutDemande) -> Delays {
        self.states.iter().find(|(state, _)| *state == statut).map_or(self.default, |(_, delays)| *delays)
    }

    /// What no dossier can come before, in milliseconds.
    fn least(&self, stage: Stage) -> i64 {
        let all = self.states.iter().map(|(_, delays)| *delays).chain([self.default]);
        all.map(|delays| delays.of(stage)).min().unwrap_or(0)
    }
}

impl Delays {
    fn of(self, stage: Stage) -> i64 {
        i64::from(match stage {
            Stage::Archive => self.archive,
            Stage::Erase => self.erase,
        }) * DAY
    }
}

/// Columns that [`Looked::read`] reads.
macro_rules! select {
    ($where:expr) => {
        concat!(
            "SELECT d.id, d.annule_le, d.gel_le, d.archive_le, d.modifie_le, d.dernier_contact_le, ",
            "(SELECT MAX(q.statut) FROM demande q WHERE q.dossier = d.id), ",
            "(SELECT MAX(q.statut_le) FROM demande q WHERE q.dossier = d.id), ",
            now!(),
            " FROM dossier d WHERE ",
            $where
        )
    };
}

/// A dossier as retention sees it.
struct Looked {
    number: i64,
    statut: StatutDemande,
    held: bool,
    archived: Option<i64>,
    modified: i64,
    contact: i64,
    now: i64,
}

impl Looked {
    fn read(row: &Row<'_>) -> Result<Self, Error> {
        let (number, modified) = (row.integer(0)?, row.integer(4)?);
        let demandes =
            row.maybe_integer(6)?.map(|statut| crate::demande::statut(number, statut)).transpose()?;
        Ok(Self {
            number,
            statut: StatutDemande::du_dossier(row.maybe_integer(1)?.is_some(), demandes),
            held: row.maybe_integer(2)?.is_some(),
            archived: row.maybe_integer(3)?,
            modified,
            contact: modified.max(row.integer(5)?).max(row.maybe_integer(7)?.unwrap_or(0)),
            now: row.integer(8)?,
        })
    }

    /// Whether its time for `stage` has come.
    fn due(&self, rules: &RetentionRules, stage: Stage) -> bool {
        let since = match (stage, self.archived) {
            (Stage::Archive, None) => self.contact,
            (Stage::Erase, Some(archived)) => archived,
            _ => return false,
        };
        since.saturating_add(rules.delays(self.statut).of(stage)) <= self.now
    }

    /// Where the next page begins.
    fn position(&self, stage: Stage) -> (i64, i64) {
        (if stage == Stage::Archive { self.modified } else { self.archived.unwrap_or(0) }, self.number)
    }

    fn told(&self, stage: Stage) -> Result<Due, Error> {
        Ok(Due {
            dossier: dossier_id("dossier", self.number)?,
            stage,
            statut: self.statut,
            contact: time("dossier", "dernier_contact_le", self.contact)?,
            held: self.held,
        })
    }
}

impl Store {
    /// The dossiers whose time has come, those to erase first; shown page by page, as they are at that moment.
    pub async fn retention_due(
        &self,
        rules: &RetentionRules,
        mut show: impl FnMut(Due) + Send,
    ) -> Result<(), Error> {
        for stage in [Stage::Erase, Stage::Archive] {
            let mut position = Some((0, 0));
            while let Some(from) = position {
                let (page, next) = self.page(rules, stage, from).await?;
                for looked in page {
                    show(looked.told(stage)?);
                }
                position = next;
            }
        }
        Ok(())
    }

    /// Erases and archives what is due, `progress` being told after each transaction. What was erased this time was archived
    /// before: nothing goes in one run from active to erased. Ends early if `bail` is lost: then another one does it.
    pub async fn retain(
        &self,
        rules: &RetentionRules,
        bail: &Bail,
        acteur: &Acteur,
        mut progress: impl FnMut(&Retained) + Send,
    ) -> Result<Retained, Error> {
        let mut done = Retained::default();
        for stage in [Stage::Erase, Stage::Archive] {
            let mut position = Some((0, 0));
            while let Some(from) = position {
                let (page, next) = self.page(rules, stage, from).await?;
                done.held += page.iter().filter(|looked| looked.held).count() as u64;
                let free: Vec<i64> = page.iter().filter(|one| !one.held).map(|one| one.number).collect();
                for batch in free.chunks(BATCH) {
                    let count = self
                        .run("retention", |tx| {
                            Box::pin(async move {
                                if !tx.renew(bail).await? {
                                    return Ok(None);
                                }
                                tx.retain(rules, stage, batch, acteur).await.map(Some)
                            })
                        })
                        .await?;
                    let Some(count) = count else { return Ok(done) };
                    match stage {
                        Stage::Archive => done.archived += count,
                        Stage::Erase => done.erased += count,
                    }
                    progress(&done);
                }
                position = next;
            }
        }
        self.lease_done(bail).await?;
        Ok(done)
    }

    /// Takes note that someone asked for these dossiers today. One statement; what is noted for today already is not
    /// written again.
    pub async fn note_contacts(&self, dossiers: &[IdDossier]) -> Result<(), Error> {
        const SQL: &str = concat!(
            "UPDATE dossier SET dernier_contact_le = ",
            today!(),
            " WHERE id IN (SELECT CAST(e.valeur AS BIGINT) FROM ",
            elements!("$1"),
            " e) AND dernier_contact_le < ",
            today!(),
            " AND modifie_le < ",
            today!()
        );
        if dossiers.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i64> = dossiers.iter().map(dossier_number).collect();
        let numbers = numbers_json(&numbers)?;
        self.execute_alone("contacts", SQL, &[Value::Text(&numbers)]).await?;
        Ok(())
    }

    /// A page of those that are due, held ones too, and where the next one begins.
    async fn page(
        &self,
        rules: &RetentionRules,
        stage: Stage,
        (since, number): (i64, i64),
    ) -> Result<(Vec<Looked>, Option<(i64, i64)>), Error> {
        const ARCHIVE: &str = select!(concat!(
            "d.archive_le IS NULL AND d.modifie_le <= ",
            now!(),
            " - $1 AND (d.modifie_le, d.id) > ($2, $3) ORDER BY d.modifie_le, d.id LIMIT 500"
        ));
        const ERASE: &str = select!(concat!(
            "d.archive_le <= ",
            now!(),
            " - $1 AND (d.archive_le, d.id) > ($2, $3) ORDER BY d.archive_le, d.id LIMIT 500"
        ));
        let sql = if stage == Stage::Archive { ARCHIVE } else { ERASE };
        let values = [rules.least(stage), since, number].map(Value::Integer);
        let mut page = self.reader()?.rows("dossier", sql, &values, Looked::read).await?;
        let next = if page.len() < PAGE { None } else { page.last().map(|last| last.position(stage)) };
        page.retain(|looked| looked.due(rules, stage));
        Ok((page, next))
    }
}

impl Reader<'_> {
    /// Where a dossier is on its way from active to erased.
    pub async fn conservation(&mut self, id: &IdDossier) -> Result<Option<Conservation>, Error> {
        const SQL: &str = select!("d.id = $1");
        const HOLD: &str = "SELECT gel_le, gel_motif FROM dossier WHERE id = $1 AND gel_le IS NOT NULL";
        let number = [Value::Integer(dossier_number(id))];
        let Some(looked) = self.row("dossier", SQL, &number, Looked::read).await? else { return Ok(None) };
        let held = self.row("dossier", HOLD, &number, |row| {
            let motif = row.maybe_text(1)?.unwrap_or_default().to_owned();
            Ok((time("dossier", "gel_le", row.integer(0)?)?, motif))
        });
        let held = held.await?;
        Ok(Some(Conservation {
            contact: time("dossier", "dernier_contact_le", looked.contact)?,
            archived: looked.archived.map(|since| time("dossier", "archive_le", since)).transpose()?,
            held,
        }))
    }
}

impl Tx<'_> {
    /// Takes note that someone was here today, in a transaction that writes anyway.
    pub(crate) async fn note_contact(&mut self, dossier: i64) -> Result<(), Error> {
        const SQL: &str = concat!(
            "UPDATE dossier SET dernier_contact_le = ",
            today!(),
            " WHERE id = $1 AND dernier_contact_le < ",
            today!(),
            " AND modifie_le < ",
            today!()
        );
        self.execute(SQL, &[Value::Integer(dossier)]).await?;
        Ok(())
    }

    /// Archives a dossier whatever its age: partners get 460, families find it closed.
    pub async fn archive_dossier(&mut self, id: &IdDossier) -> Result<(), Error> {
        const LOOK: &str = "SELECT archive_le FROM dossier WHERE id = $1";
        let number = dossier_number(id);
        let found = self.row("dossier", LOOK, &[Value::Integer(number)], |row| row.maybe_integer(0)).await?;
        match found.ok_or(Refusal::UnknownDossier)? {
            Some(_) => Err(Refusal::DossierArchive.into()),
            None => self.archive(number).await,
        }
    }

    /// Opens an archived dossier again: someone came back.
    pub async fn reactivate_dossier(&mut self, id: &IdDossier) -> Result<(), Error> {
        const SQL: &str = concat!(
            "UPDATE dossier SET archive_le = NULL, dernier_contact_le = ",
            today!(),
            " WHERE id = $1 AND archive_le IS NOT NULL"
        );
        self.change_or(SQL, &[Value::Integer(dossier_number(id))], id, Refusal::NotArchived).await
    }

    /// Puts a dossier under legal hold: it is neither archived nor erased until it is released. `reason` is a reference,
    /// without personal data.
    pub async fn hold_dossier(&mut self, id: &IdDossier, reason: &str) -> Result<(), Error> {
        const SQL: &str = concat!(
            "UPDATE dossier SET gel_le = ",
            now!(),
            ", gel_motif = $1 WHERE id = $2 AND gel_le IS NULL"
        );
        let values = [Value::Text(reason), Value::Integer(dossier_number(id))];
        self.change_or(SQL, &values, id, Refusal::DossierHeld).await
    }

    /// Ends a legal hold.
    pub async fn release_dossier(&mut self, id: &IdDossier) -> Result<(), Error> {
        const SQL: &str =
            "UPDATE dossier SET gel_le = NULL, gel_motif = NULL WHERE id = $1 AND gel_le IS NOT NULL";
        self.change_or(SQL, &[Value::Integer(dossier_number(id))], id, Refusal::NotHeld).await
    }

    /// Changes one dossier, or says whether it is missing or not as it would have to be.
    async fn change_or(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        id: &IdDossier,
        otherwise: Refusal,
    ) -> Result<(), Error> {
        if self.execute(sql, values).await? == 1 {
            return Ok(());
        }
        let known = self.conservation(id).await?.is_some();
        Err(if known { otherwise } else { Refusal::UnknownDossier }.into())
    }

    /// Of these dossiers, does to those that are still due what they come to; gives how many.
    async fn retain(
        &mut self,
        rules: &RetentionRules,
        stage: Stage,
        numbers: &[i64],
        acteur: &Acteur,
    ) -> Result<u64, Error> {
        const SQL: &str =
            select!(concat!("d.id IN (SELECT CAST(e.valeur AS BIGINT) FROM ", elements!("$1"), " e)"));
        let numbers = numbers_json(numbers)?;
        let mut due = self.rows("dossier", SQL, &[Value::Text(&numbers)], Looked::read).await?;
        due.retain(|looked| !looked.held && looked.due(rules, stage));
        let mut traces = Vec::with_capacity(due.len());
        for looked in &due {
            let id = dossier_id("dossier", looked.number)?;
            let action = match stage {
                Stage::Archive => {
                    self.archive(looked.number).await?;
                    Action::DossierArchive
                }
                Stage::Erase => {
                    self.erase_dossier(&id, ErasureReason::Retention).await?;
                    Action::DossierEfface
                }
            };
            traces.push(Trace::new(acteur.clone(), action).dossier(&id).detail("retention"));
        }
        self.traces(&traces).await?;
        Ok(due.len() as u64)
    }

    /// Nobody is inside any more either.
    async fn archive(&mut self, number: i64) -> Result<(), Error> {
        const ARCHIVE: &str =
            concat!("UPDATE dossier SET archive_le = ", now!(), " WHERE id = $1 AND archive_le IS NULL");
        for sql in [ARCHIVE, "DELETE FROM jeton WHERE dossier = $1", "DELETE FROM session WHERE dossier = $1"]
        {
            self.execute(sql, &[Value::Integer(number)]).await?;
        }
        Ok(())
    }
}

fn numbers_json(numbers: &[i64]) -> Result<String, Error> {
    serde_json::to_string(numbers).map_err(|_| Error::inconsistent("dossier", "id", ""))
}
