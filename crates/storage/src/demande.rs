//! Demandes of a dossier to establishments: their states, the way there, and the rules of `spec/decisions.md` §5.

use dossier::{Etablissement, IdDossier, Prive, StatutDemande, TypeHebergement, UrgenceDemande};
use jiff::Timestamp;

use crate::{
    Coffre, Error, Reader, Refusal, Tx, etablissement,
    sql::{Row, Value, dossier_id, dossier_number, now, time},
};

/// A demande as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDemande {
    /// IdDemande.
    pub id: i64,
    /// The establishment asked.
    pub etablissement: Etablissement,
    /// Its state.
    pub statut: StatutDemande,
    /// It was cancelled, even if it is archived by now.
    pub annulee: bool,
    /// DemandeLue: the establishment opened it after the dossier's last change.
    pub lue: bool,
    /// When the establishment last opened it.
    pub lue_le: Option<Timestamp>,
    /// The motive's code, of the last transition that had one.
    pub motif: Option<String>,
    /// The remark of the last transition that had one.
    pub remarque: Option<Prive>,
    /// TypeHebergement.
    pub hebergement: TypeHebergement,
    /// Urgence.
    pub urgence: UrgenceDemande,
    /// When the demande got its present state.
    pub statut_le: Timestamp,
    /// DateDemande.
    pub cree_le: Timestamp,
}

/// One step of a demande's way.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// Whose.
    pub demande: i64,
    /// From which state; none at its birth.
    pub de: Option<StatutDemande>,
    /// To which.
    pub vers: StatutDemande,
    /// The motive's code.
    pub motif: Option<String>,
    /// The remark.
    pub remarque: Option<Prive>,
    /// When.
    pub le: Timestamp,
}

/// DernierEchange is a String(1000).
const REMARQUE_MAX: usize = 1000;

/// A dossier has at most this many demandes.
const DEMANDES_MAX: i64 = 40;

/// The demande's columns of the dossier's query.
pub(crate) fn decode(row: &Row<'_>, coffre: &Coffre, id: i64, revision: i64) -> Result<StoredDemande, Error> {
    let lue_le = row.maybe_integer(19)?.map(|le| time("demande", "lue_le", le)).transpose()?;
    Ok(StoredDemande {
        id,
        statut: statut(id, row.integer(12)?)?,
        annulee: row.maybe_integer(13)?.is_some(),
        motif: row.maybe_text(14)?.map(str::to_owned),
        remarque: remarque(coffre, "demande", id, row.maybe_bytes(15)?)?,
        hebergement: TypeHebergement::from_code(row.text(16)?)
            .ok_or_else(|| Error::inconsistent("demande", "hebergement", id))?,
        urgence: UrgenceDemande::from_code(row.text(17)?)
            .ok_or_else(|| Error::inconsistent("demande", "urgence", id))?,
        lue: row.maybe_integer(18)? == Some(revision),
        lue_le,
        statut_le: time("demande", "statut_le", row.integer(20)?)?,
        cree_le: time("demande", "cree_le", row.integer(21)?)?,
        etablissement: etablissement::decode(row, 22)?,
    })
}

pub(crate) fn remarque(
    coffre: &Coffre,
    table: &'static str,
    id: i64,
    stored: Option<&[u8]>,
) -> Result<Option<Prive>, Error> {
    let text = stored.map(|stored| coffre.text(table, "remarque", id, stored)).transpose()?;
    Ok(text.as_deref().map(Prive::from))
}

pub(crate) fn statut(demande: i64, valeur: i64) -> Result<StatutDemande, Error> {
    StatutDemande::from_valeur(valeur).ok_or_else(|| Error::inconsistent("demande", "statut", demande))
}

impl Reader<'_> {
    /// The dossier that a demande belongs to, and the demande's state.
    pub async fn demande(&mut self, demande: i64) -> Result<Option<(IdDossier, StatutDemande)>, Error> {
        const SQL: &str = "SELECT dossier, statut FROM demande WHERE id = $1";
        self.row("demande", SQL, &[Value::Integer(demande)], |row| {
            Ok((dossier_id("demande", row.integer(0)?)?, statut(demande, row.integer(1)?)?))
        })
        .await
    }

    /// The way of every demande of a dossier, in the order of events.
    pub async fn history(&mut self, dossier: &IdDossier) -> Result<Vec<Transition>, Error> {
        const SQL: &str = "SELECT h.demande, h.de, h.vers, h.motif, h.remarque, h.le, h.id \
             FROM demande q JOIN demande_historique h ON h.demande = q.id WHERE q.dossier = $1 ORDER BY h.id";
        let coffre = self.coffre();
        self.rows("demande_historique", SQL, &[Value::Integer(dossier_number(dossier))], |row| {
            let demande = row.integer(0)?;
            Ok(Transition {
                demande,
                de: row.maybe_integer(1)?.map(|de| statut(demande, de)).transpose()?,
                vers: statut(demande, row.integer(2)?)?,
                motif: row.maybe_text(3)?.map(str::to_owned),
                remarque: remarque(&coffre, "demande_historique", row.integer(6)?, row.maybe_bytes(4)?)?,
                le: time("demande_historique", "le", row.integer(5)?)?,
            })
        })
        .await
    }
}

impl Tx<'_> {
    /// Adds a demande, NON_ENVOYEE, and gives its IdDemande.
    pub async fn add_demande(
        &mut self,
        dossier: &IdDossier,
        num_finiss: &str,
        hebergement: TypeHebergement,
        urgence: UrgenceDemande,
    ) -> Result<i64, Error> {
        const LOOK: &str = "SELECT d.annule_le, d.demandes, \
             EXISTS (SELECT 1 FROM etablissement e WHERE e.num_finiss = $1), \
             EXISTS (SELECT 1 FROM demande q WHERE q.dossier = d.id AND q.etablissement = $1 \
                     AND q.statut NOT IN (-1, 0, 7, 9)) \
             FROM dossier d WHERE d.id = $2";
        const COUNT: &str = "UPDATE dossier SET demandes = demandes + 1 WHERE id = $1";
        const INSERT: &str = concat!(
            "INSERT INTO demande (dossier, etablissement, hebergement, urgence, statut, statut_le, cree_le) ",
            "VALUES ($1, $2, $3, $4, $5, ",
            now!(),
            ", ",
            now!(),
            ") RETURNING id"
        );
        let number = dossier_number(dossier);
        let refusal = self
            .row("dossier", LOOK, &[Value::Text(num_finiss), Value::Integer(number)], |row| {
                Ok(if row.maybe_integer(0)?.is_some() {
                    Some(Refusal::DossierAnnule)
                } else if row.integer(2)? == 0 {
                    Some(Refusal::UnknownEtablissement)
                } else if row.integer(3)? != 0 {
                    Some(Refusal::DemandeEnCours)
                } else if row.integer(1)? >= DEMANDES_MAX {
                    Some(Refusal::TooManyDemandes)
                } else {
                    None
                })
            })
            .await?
            .unwrap_or(Some(Refusal::UnknownDossier));
        if let Some(refusal) = refusal {
            return Err(refusal.into());
        }
        self.execute(COUNT, &[Value::Integer(number)]).await?;
        let values = [
            Value::Integer(number),
            Value::Text(num_finiss),
            Value::Text(hebergement.code()),
            Value::Text(urgence.code()),
            Value::Integer(StatutDemande::NonEnvoyee.valeur().into()),
        ];
        let id = self.row("demande", INSERT, &values, |row| row.integer(0)).await?;
        let id = id.ok_or_else(|| Error::inconsistent("demande", "id", ""))?;
        self.note(id, None, None, None).await?;
        Ok(id)
    }

    /// Gives a demande another state, with a motive's code and a remark. What `spec/decisions.md` §5 does not allow is
    /// refused and changes nothing. RECUE says that the establishment opened the demande.
    pub async fn change_statut(
        &mut self,
        demande: i64,
        vers: StatutDemande,
        motif: Option<&str>,
        remarque: Option<&str>,
    ) -> Result<(), Error> {
        const UPDATE: &str = concat!(
            "UPDATE demande SET statut = $1, motif = COALESCE($2, motif), remarque = COALESCE($3, remarque), ",
            "annulee_le = CASE WHEN $1 = -1 THEN ",
            now!(),
            " ELSE annulee_le END, statut_le = ",
            now!(),
            " WHERE id = $4 AND statut = $5"
        );
        let (_, de) = self.demande(demande).await?.ok_or(Refusal::UnknownDemande)?;
        if !de.peut_devenir(vers) {
            return Err(Refusal::Transition { from: de, to: vers }.into());
        }
        if motif.is_some_and(|motif| !dossier::motif_convient(motif, vers)) {
            return Err(Refusal::Motif { to: vers }.into());
        }
        if remarque.is_some_and(|remarque| remarque.chars().count() > REMARQUE_MAX) {
            return Err(Refusal::RemarqueTooLong.into());
        }
        let sealed = match remarque {
            Some(remarque) => Some(self.seal("demande", "remarque", demande, remarque.as_bytes()).await?),
            None => None,
        };
        let values = [
            Value::Integer(vers.valeur().into()),
            Value::MaybeText(motif),
            Value::MaybeBytes(sealed.as_deref()),
            Value::Integer(demande),
            Value::Integer(de.valeur().into()),
        ];
        if self.execute(UPDATE, &values).await? == 0 {
            return Err(Error::Conflict);
        }
        self.note(demande, Some(de), motif, remarque).await?;
        if vers == StatutDemande::Recue {
            self.mark_read(demande).await?;
        }
        Ok(())
    }

    /// The establishment opened the demande: it has read the dossier as it is now.
    pub async fn mark_read(&mut self, demande: i64) -> Result<(), Error> {
        const SQL: &str = concat!(
            "UPDATE demande SET lue_le = ",
            now!(),
            ", revision_lue = (SELECT d.revision FROM dossier d WHERE d.id = demande.dossier) WHERE id = $1"
        );
        match self.execute(SQL, &[Value::Integer(demande)]).await? {
            0 => Err(Refusal::UnknownDemande.into()),
            _ => Ok(()),
        }
    }

    /// Notes the step by which a demande got its present state, with that state's time.
    async fn note(
        &mut self,
        demande: i64,
        de: Option<StatutDemande>,
        motif: Option<&str>,
        remarque: Option<&str>,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO demande_historique (demande, de, vers, motif, le) \
             SELECT q.id, $1, q.statut, $2, q.statut_le FROM demande q WHERE q.id = $3 RETURNING id";
        const REMARQUE: &str = "UPDATE demande_historique SET remarque = $1 WHERE id = $2";
        let values = [
            Value::MaybeInteger(de.map(|de| de.valeur().into())),
            Value::MaybeText(motif),
            Value::Integer(demande),
        ];
        let id = self.row("demande_historique", SQL, &values, |row| row.integer(0)).await?;
        // A remark is sealed for its row, which must have its number first.
        if let (Some(id), Some(remarque)) = (id, remarque) {
            let sealed = self.seal("demande_historique", "remarque", id, remarque.as_bytes()).await?;
            self.execute(REMARQUE, &[Value::Bytes(&sealed), Value::Integer(id)]).await?;
        }
        Ok(())
    }
}
