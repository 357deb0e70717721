//! Dossiers and their links to applications.

use dossier::{Demandeur, IdDossier, StatutDemande};
use jiff::Timestamp;

use crate::{
    ApplicationId, Coffre, Error, Reader, Refusal, Store, StoredDemande, Tx, Volet, demande,
    sql::{NO_DOSSIER, Row, Value, dossier_id, dossier_number, now, pairs, text_number, time},
};

/// A dossier as it is stored, with its demandes in the order of their making.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDossier {
    /// Its number.
    pub id: IdDossier,
    /// Whom it is about.
    pub demandeur: Demandeur,
    /// Cancelled.
    pub annule: bool,
    /// The administrative part is filled in.
    pub volet_admin: bool,
    /// The medical part is filled in.
    pub volet_medical: bool,
    /// The autonomy part is filled in.
    pub volet_autonomie: bool,
    /// When it was made.
    pub cree_le: Timestamp,
    /// When it last changed in a way that establishments have to read.
    pub modifie_le: Timestamp,
    /// What was asked of which establishment, and what became of it.
    pub demandes: Vec<StoredDemande>,
}

/// What an application's IdLocal finds under a number.
#[derive(Clone, Debug, PartialEq)]
pub enum Acces<T> {
    /// No dossier has this number, or it is archived (460).
    Inconnu,
    /// It is not linked to this application and this IdLocal (110).
    NonLie,
    /// It is.
    Lie(T),
}

/// Columns that [`Gathered::look`] reads. One row per demande, or one without, in no order that it relies on.
macro_rules! select {
    ($rank:literal, $linked:literal, $from:expr, $where:expr) => {
        concat!(
            "SELECT ", $rank, ", ", $linked, ", d.id, d.demandeur, d.annule_le, d.volet_admin_le, ",
            "d.volet_medical_le, d.volet_autonomie_le, d.cree_le, d.modifie_le, d.revision, ",
            "q.id, q.statut, q.annulee_le, q.motif, q.remarque, q.hebergement, q.urgence, q.revision_lue, q.lue_le, ",
            "q.statut_le, q.cree_le, e.num_finiss, e.raison_sociale, e.adresse, e.telephone ",
            $from,
            " LEFT JOIN demande q ON q.dossier = d.id LEFT JOIN etablissement e ON e.num_finiss = q.etablissement ",
            $where
        )
    };
}

/// Dossiers in the making, one slot per question.
struct Gathered {
    slots: Vec<Acces<StoredDossier>>,
    coffre: Coffre,
}

impl Gathered {
    fn new(questions: usize, coffre: Coffre) -> Self {
        Self { slots: (0..questions).map(|_| Acces::Inconnu).collect(), coffre }
    }

    fn look(&mut self, row: &Row<'_>) -> Result<(), Error> {
        let rank = usize::try_from(row.integer(0)?).unwrap_or(usize::MAX);
        let Some(slot) = self.slots.get_mut(rank) else { return Ok(()) };
        if row.integer(1)? == 0 {
            *slot = Acces::NonLie;
            return Ok(());
        }
        if !matches!(slot, Acces::Lie(_)) {
            *slot = Acces::Lie(decode(row, &self.coffre)?);
        }
        if let Acces::Lie(dossier) = slot
            && let Some(id) = row.maybe_integer(11)?
        {
            dossier.demandes.push(demande::decode(row, &self.coffre, id, row.integer(10)?)?);
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<Acces<StoredDossier>> {
        for slot in &mut self.slots {
            if let Acces::Lie(dossier) = slot {
                dossier.demandes.sort_by_key(|demande| demande.id);
            }
        }
        self.slots
    }
}

impl Store {
    /// The dossier of this number, as an application that states this IdLocal may see it: one statement. Asked for
    /// most often of all.
    pub async fn consult(
        &self,
        id_dossier: &str,
        application: ApplicationId,
        id_local: &str,
    ) -> Result<Acces<StoredDossier>, Error> {
        self.reader()?.consult(id_dossier, application, id_local).await
    }

    /// Many dossiers, in the order asked for, repetitions included: one statement for all.
    pub async fn consult_all(
        &self,
        application: ApplicationId,
        questions: &[(&str, &str)],
    ) -> Result<Vec<Acces<StoredDossier>>, Error> {
        self.reader()?.consult_all(application, questions).await
    }

    /// The dossier of this number, whoever asks: for the dossier's own page and the operator.
    pub async fn dossier(&self, id: &IdDossier) -> Result<Option<StoredDossier>, Error> {
        self.reader()?.dossier(id).await
    }
}

impl Reader<'_> {
    /// As [`Store::consult`].
    pub async fn consult(
        &mut self,
        id_dossier: &str,
        application: ApplicationId,
        id_local: &str,
    ) -> Result<Acces<StoredDossier>, Error> {
        const SQL: &str = select!(
            "0",
            "l.dossier IS NOT NULL",
            "FROM dossier d LEFT JOIN lien l ON l.dossier = d.id AND l.application = $1 AND l.id_local = $2",
            "WHERE d.id = $3 AND d.archive_le IS NULL"
        );
        let Some(number) = text_number(id_dossier) else { return Ok(Acces::Inconnu) };
        let values = [Value::Integer(application.0), Value::Text(id_local), Value::Integer(number)];
        self.gather(SQL, &values, 1).await?.pop().ok_or(Error::Conflict)
    }

    /// As [`Store::consult_all`]. A question is an IdDossier as it was asked and an IdLocal.
    pub async fn consult_all(
        &mut self,
        application: ApplicationId,
        questions: &[(&str, &str)],
    ) -> Result<Vec<Acces<StoredDossier>>, Error> {
        const SQL: &str = select!(
            "p.rang",
            "l.dossier IS NOT NULL",
            concat!(
                "FROM ",
                pairs!("$1"),
                " p CROSS JOIN dossier d ON d.id = CAST(p.a AS BIGINT) AND d.archive_le IS NULL",
                " LEFT JOIN lien l ON l.dossier = d.id AND l.application = $2 AND l.id_local = p.b"
            ),
            ""
        );
        if let [(id_dossier, id_local)] = questions {
            return Ok(vec![self.consult(id_dossier, application, id_local).await?]);
        }
        let pairs: Vec<(i64, &str)> = questions
            .iter()
            .map(|(id, id_local)| (text_number(id).unwrap_or(NO_DOSSIER), *id_local))
            .collect();
        let pairs = serde_json::to_string(&pairs).map_err(|_| Error::inconsistent("lien", "id_local", ""))?;
        self.gather(SQL, &[Value::Text(&pairs), Value::Integer(application.0)], questions.len()).await
    }

    /// As [`Store::dossier`].
    pub async fn dossier(&mut self, id: &IdDossier) -> Result<Option<StoredDossier>, Error> {
        const SQL: &str = select!("0", "1", "FROM dossier d", "WHERE d.id = $1");
        match self.gather(SQL, &[Value::Integer(dossier_number(id))], 1).await?.pop() {
            Some(Acces::Lie(dossier)) => Ok(Some(dossier)),
            _ => Ok(None),
        }
    }

    /// Whether an application that states this IdLocal may see the dossier of this number.
    pub async fn access(
        &mut self,
        id_dossier: &str,
        application: ApplicationId,
        id_local: &str,
    ) -> Result<Acces<IdDossier>, Error> {
        const SQL: &str = "SELECT l.dossier IS NOT NULL, d.id FROM dossier d \
             LEFT JOIN lien l ON l.dossier = d.id AND l.application = $1 AND l.id_local = $2 \
             WHERE d.id = $3 AND d.archive_le IS NULL";
        let Some(number) = text_number(id_dossier) else { return Ok(Acces::Inconnu) };
        let values = [Value::Integer(application.0), Value::Text(id_local), Value::Integer(number)];
        let found = self.row("dossier", SQL, &values, |row| {
            Ok(if row.integer(0)? == 0 {
                Acces::NonLie
            } else {
                Acces::Lie(dossier_id("dossier", row.integer(1)?)?)
            })
        });
        Ok(found.await?.unwrap_or(Acces::Inconnu))
    }

    async fn gather(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        questions: usize,
    ) -> Result<Vec<Acces<StoredDossier>>, Error> {
        let mut gathered = Gathered::new(questions, self.coffre());
        self.each("dossier", sql, values, |row| gathered.look(row)).await?;
        Ok(gathered.finish())
    }
}

impl Tx<'_> {
    /// Makes a dossier and links it to an application and its IdLocal. [`Error::Conflict`] if the number is taken:
    /// the caller throws the dice again.
    pub async fn create_dossier(
        &mut self,
        id: &IdDossier,
        demandeur: &Demandeur,
        application: ApplicationId,
        id_local: &str,
    ) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO dossier (id, demandeur, cree_le, modifie_le) VALUES ($1, $2, ",
            now!(),
            ", ",
            now!(),
            ")"
        );
        let number = dossier_number(id);
        let sealed = self.seal_document("dossier", "demandeur", number, demandeur).await?;
        self.execute(SQL, &[Value::Integer(number), Value::Bytes(&sealed)]).await?;
        self.link_dossier(id, application, id_local).await
    }

    /// Links a dossier to an application and an IdLocal, besides the links it has.
    pub async fn link_dossier(
        &mut self,
        id: &IdDossier,
        application: ApplicationId,
        id_local: &str,
    ) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO lien (dossier, application, id_local, cree_le) VALUES ($1, $2, $3, ",
            now!(),
            ") ON CONFLICT DO NOTHING"
        );
        let values =
            [Value::Integer(dossier_number(id)), Value::Integer(application.0), Value::Text(id_local)];
        self.execute(SQL, &values).await?;
        Ok(())
    }

    /// Marks a part as filled in: a change that establishments have to read.
    pub async fn fill_volet(&mut self, id: &IdDossier, volet: Volet) -> Result<(), Error> {
        macro_rules! fill {
            ($column:literal) => {
                concat!(
                    "UPDATE dossier SET ",
                    $column,
                    " = ",
                    now!(),
                    ", revision = revision + 1, modifie_le = ",
                    now!(),
                    " WHERE id = $1"
                )
            };
        }
        let sql = match volet {
            Volet::Admin => fill!("volet_admin_le"),
            Volet::Medical => fill!("volet_medical_le"),
            Volet::Autonomie => fill!("volet_autonomie_le"),
        };
        match self.execute(sql, &[Value::Integer(dossier_number(id))]).await? {
            0 => Err(Refusal::UnknownDossier.into()),
            _ => Ok(()),
        }
    }

    /// Cancels a dossier, and those of its demandes that can still be cancelled.
    pub async fn cancel_dossier(&mut self, id: &IdDossier) -> Result<(), Error> {
        const SQL: &str = concat!(
            "UPDATE dossier SET annule_le = ",
            now!(),
            ", revision = revision + 1, modifie_le = ",
            now!(),
            " WHERE id = $1 AND annule_le IS NULL"
        );
        const DEMANDES: &str = "SELECT id, statut FROM demande WHERE dossier = $1 ORDER BY id";
        let number = [Value::Integer(dossier_number(id))];
        if self.execute(SQL, &number).await? == 0 {
            let known = self.dossier(id).await?.is_some();
            return Err(if known { Refusal::DossierAnnule } else { Refusal::UnknownDossier }.into());
        }
        let demandes = self
            .rows("demande", DEMANDES, &number, |row| {
                let id = row.integer(0)?;
                Ok((id, demande::statut(id, row.integer(1)?)?))
            })
            .await?;
        for (demande, statut) in demandes {
            if statut.peut_devenir(StatutDemande::Annulee) {
                self.change_statut(demande, StatutDemande::Annulee, None, None).await?;
            }
        }
        Ok(())
    }
}

/// The dossier's own columns.
fn decode(row: &Row<'_>, coffre: &Coffre) -> Result<StoredDossier, Error> {
    let id = row.integer(2)?;
    Ok(StoredDossier {
        id: dossier_id("dossier", id)?,
        demandeur: coffre.document("dossier", "demandeur", id, row.bytes(3)?)?,
        annule: row.maybe_integer(4)?.is_some(),
        volet_admin: row.maybe_integer(5)?.is_some(),
        volet_medical: row.maybe_integer(6)?.is_some(),
        volet_autonomie: row.maybe_integer(7)?.is_some(),
        cree_le: time("dossier", "cree_le", row.integer(8)?)?,
        modifie_le: time("dossier", "modifie_le", row.integer(9)?)?,
        demandes: Vec::new(),
    })
}
