//! What an establishment's desk sees and does: the demandes sent to it, never another's, never those not sent.

use std::collections::HashMap;

use dossier::volet::Volet;
use dossier::{Demandeur, IdDossier, Prive, StatutDemande, TypeHebergement, UrgenceDemande};
use jiff::Timestamp;

use crate::{
    Coffre, CompteId, Error, Reader, StoredDemande, StoredDossier, StoredVolet, Tx, compte,
    demande::{remarque, statut},
    sql::{Row, Value, dossier_id, elements, time},
};

/// Which demandes a list shows.
#[derive(Clone, Debug)]
pub struct FiltreBureau<'a> {
    /// The FINESS number of the establishment.
    pub etablissement: &'a str,
    /// Those in these states.
    pub statuts: &'a [StatutDemande],
    /// The longest in their state first; else the latest.
    pub anciennes_d_abord: bool,
    /// How many are left out.
    pub depuis: u32,
    /// How many there are at most.
    pub limite: u32,
}

/// A demande in the desk's list.
#[derive(Clone, Debug, PartialEq)]
pub struct LigneBureau {
    /// IdDemande.
    pub demande: i64,
    /// IdDossier.
    pub dossier: IdDossier,
    /// Whom it is about.
    pub demandeur: Demandeur,
    /// Its state.
    pub statut: StatutDemande,
    /// Since when.
    pub statut_le: Timestamp,
    /// When it was sent to the establishment.
    pub envoyee_le: Option<Timestamp>,
    /// The dossier has not changed since the establishment opened it.
    pub lue: bool,
    /// TypeHebergement.
    pub hebergement: TypeHebergement,
    /// Urgence.
    pub urgence: UrgenceDemande,
    /// The motive's code, of the last transition that had one.
    pub motif: Option<String>,
    /// The remark of the last transition that had one.
    pub remarque: Option<Prive>,
}

/// A demande opened at the desk.
#[derive(Clone, Debug, PartialEq)]
pub struct DemandeBureau {
    /// The dossier, without what was asked of other establishments.
    pub dossier: StoredDossier,
    /// The demande.
    pub demande: StoredDemande,
    /// What was answered in the parts of the dossier.
    pub volets: HashMap<Volet, StoredVolet>,
    /// How it came there, in the order of events; never empty.
    pub actes: Vec<Acte>,
}

/// One step of a demande's way, and who at the desk took it.
#[derive(Clone, Debug, PartialEq)]
pub struct Acte {
    /// Steps have growing numbers; that of the last one is the demande's version.
    pub id: i64,
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
    /// Who at the desk, and their name; none for what the family, the operator or the server did.
    pub auteur: Option<(CompteId, Prive)>,
}

/// What someone at the desk decides.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    /// The FINESS number of their establishment.
    pub etablissement: &'a str,
    /// IdDemande.
    pub demande: i64,
    /// The version that they saw when they decided.
    pub version: i64,
    /// Who.
    pub compte: CompteId,
    /// The state that the demande gets.
    pub vers: StatutDemande,
    /// The motive's code.
    pub motif: Option<&'a str>,
    /// The remark.
    pub remarque: Option<&'a str>,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issue {
    /// The establishment has no such demande.
    Inconnue,
    /// It is done.
    Faite,
    /// The same person did the very same from the same version: a double click, the back button. Nothing changed.
    DejaFaite,
    /// The demande is not what they saw any more. Nothing changed.
    Depassee,
}

impl DemandeBureau {
    /// Grows with each step; a decision says which one it was taken on.
    pub fn version(&self) -> i64 {
        self.actes.last().map_or(0, |acte| acte.id)
    }
}

/// What the establishment `$1` was sent: one that was cancelled before it was sent never came to it.
macro_rules! recues {
    ($colonnes:expr, $reste:expr) => {
        concat!(
            "SELECT ",
            $colonnes,
            " FROM demande q JOIN dossier d ON d.id = q.dossier WHERE q.etablissement = $1 AND q.statut <> 1",
            " AND (q.statut NOT IN (-1, 9)",
            " OR EXISTS (SELECT 1 FROM demande_historique h WHERE h.demande = q.id AND h.vers = 2))",
            $reste
        )
    };
}

macro_rules! liste {
    ($ordre:literal) => {
        recues!(
            "q.id, q.dossier, d.demandeur, q.statut, q.statut_le, (SELECT MIN(h.le) FROM demande_historique h \
             WHERE h.demande = q.id AND h.vers = 2), q.revision_lue, d.revision, q.hebergement, q.urgence, q.motif, \
             q.remarque",
            concat!(
                " AND q.statut IN (SELECT CAST(s.valeur AS BIGINT) FROM ",
                elements!("$2"),
                " s) ORDER BY ",
                $ordre,
                " LIMIT $3 OFFSET $4"
            )
        )
    };
}

fn ligne(row: &Row<'_>, coffre: &Coffre) -> Result<LigneBureau, Error> {
    let (id, number) = (row.integer(0)?, row.integer(1)?);
    Ok(LigneBureau {
        demande: id,
        dossier: dossier_id("demande", number)?,
        demandeur: coffre.document("dossier", "demandeur", number, row.bytes(2)?)?,
        statut: statut(id, row.integer(3)?)?,
        statut_le: time("demande", "statut_le", row.integer(4)?)?,
        envoyee_le: row.maybe_integer(5)?.map(|le| time("demande_historique", "le", le)).transpose()?,
        lue: row.maybe_integer(6)? == Some(row.integer(7)?),
        hebergement: TypeHebergement::from_code(row.text(8)?)
            .ok_or_else(|| Error::inconsistent("demande", "hebergement", id))?,
        urgence: UrgenceDemande::from_code(row.text(9)?)
            .ok_or_else(|| Error::inconsistent("demande", "urgence", id))?,
        motif: row.maybe_text(10)?.map(str::to_owned),
        remarque: remarque(coffre, "demande", id, row.maybe_bytes(11)?)?,
    })
}

impl Reader<'_> {
    /// The demandes sent to an establishment, by state and age.
    pub async fn bureau_liste(&mut self, filtre: &FiltreBureau<'_>) -> Result<Vec<LigneBureau>, Error> {
        const ANCIENNES: &str = liste!("q.statut_le, q.id");
        const RECENTES: &str = liste!("q.statut_le DESC, q.id DESC");
        let statuts: Vec<i64> = filtre.statuts.iter().map(|statut| statut.valeur().into()).collect();
        let statuts =
            serde_json::to_string(&statuts).map_err(|_| Error::inconsistent("demande", "statut", ""))?;
        let sql = if filtre.anciennes_d_abord { ANCIENNES } else { RECENTES };
        let values = [
            Value::Text(filtre.etablissement),
            Value::Text(&statuts),
            Value::Integer(filtre.limite.into()),
            Value::Integer(filtre.depuis.into()),
        ];
        let coffre = self.coffre();
        self.rows("demande", sql, &values, |row| ligne(row, &coffre)).await
    }

    /// How many demandes sent to an establishment are in each state.
    pub async fn bureau_nombres(&mut self, etablissement: &str) -> Result<Vec<(StatutDemande, u64)>, Error> {
        const SQL: &str = recues!("q.statut, COUNT(*)", " GROUP BY q.statut");
        self.rows("demande", SQL, &[Value::Text(etablissement)], |row| {
            Ok((statut(0, row.integer(0)?)?, u64::try_from(row.integer(1)?).unwrap_or(0)))
        })
        .await
    }

    /// A demande sent to this establishment; none if it is another's, not sent, or none at all.
    pub async fn bureau_demande(
        &mut self,
        etablissement: &str,
        demande: i64,
    ) -> Result<Option<DemandeBureau>, Error> {
        const SQL: &str = recues!("q.dossier", " AND q.id = $2");
        let values = [Value::Text(etablissement), Value::Integer(demande)];
        let found = self.row("demande", SQL, &values, |row| dossier_id("demande", row.integer(0)?)).await?;
        let Some(id) = found else { return Ok(None) };
        let Some(mut dossier) = self.dossier(&id).await? else { return Ok(None) };
        // what the family asked of others is not this establishment's
        let mine = dossier.demandes.drain(..).find(|one| one.id == demande);
        let Some(mine) = mine else { return Ok(None) };
        let (volets, actes) = (self.volets(&id).await?, self.actes(demande).await?);
        Ok(Some(DemandeBureau { dossier, demande: mine, volets, actes }))
    }

    async fn actes(&mut self, demande: i64) -> Result<Vec<Acte>, Error> {
        const SQL: &str = "SELECT h.id, h.de, h.vers, h.motif, h.remarque, h.le, h.compte, c.login, c.prive \
             FROM demande_historique h LEFT JOIN compte c ON c.id = h.compte WHERE h.demande = $1 ORDER BY h.id";
        let coffre = self.coffre();
        self.rows("demande_historique", SQL, &[Value::Integer(demande)], |row| {
            let auteur = match (row.maybe_integer(6)?, row.maybe_text(7)?, row.maybe_bytes(8)?) {
                (Some(id), Some(login), Some(stored)) => {
                    Some((CompteId(id), compte::nom(&coffre, login, stored)?))
                }
                _ => None,
            };
            let id = row.integer(0)?;
            Ok(Acte {
                id,
                de: row.maybe_integer(1)?.map(|de| statut(demande, de)).transpose()?,
                vers: statut(demande, row.integer(2)?)?,
                motif: row.maybe_text(3)?.map(str::to_owned),
                remarque: remarque(&coffre, "demande_historique", id, row.maybe_bytes(4)?)?,
                le: time("demande_historique", "le", row.integer(5)?)?,
                auteur,
            })
        })
        .await
    }
}

impl Tx<'_> {
    /// Someone at the desk opens a demande: what was sent is received, and the dossier is read as it is now. What was
    /// refused, cancelled or archived is only looked at: its dossier is not shown any more.
    pub async fn bureau_ouvrir(
        &mut self,
        etablissement: &str,
        demande: i64,
        compte: CompteId,
    ) -> Result<Option<DemandeBureau>, Error> {
        use StatutDemande as S;
        let Some(found) = self.bureau_demande(etablissement, demande).await? else { return Ok(None) };
        match found.demande.statut {
            S::Envoyee => {
                self.change_statut(demande, S::Recue, None, None).await?;
                self.sign_acte(demande, compte).await?;
            }
            S::Refusee | S::Annulee | S::Archivee => return Ok(Some(found)),
            _ if found.demande.lue => return Ok(Some(found)),
            _ => self.mark_read(demande).await?,
        }
        self.bureau_demande(etablissement, demande).await
    }

    /// Does what someone at the desk decided, if the demande still is what they saw.
    pub async fn bureau_decider(&mut self, decision: &Decision<'_>) -> Result<Issue, Error> {
        let Some(found) = self.bureau_demande(decision.etablissement, decision.demande).await? else {
            return Ok(Issue::Inconnue);
        };
        if found.version() != decision.version {
            return Ok(if is_repeated(&found.actes, decision) { Issue::DejaFaite } else { Issue::Depassee });
        }
        self.change_statut(decision.demande, decision.vers, decision.motif, decision.remarque).await?;
        self.sign_acte(decision.demande, decision.compte).await?;
        Ok(Issue::Faite)
    }

    /// Notes who at the desk took a demande's last step.
    async fn sign_acte(&mut self, demande: i64, compte: CompteId) -> Result<(), Error> {
        const SQL: &str = "UPDATE demande_historique SET compte = $1 \
             WHERE id = (SELECT MAX(h.id) FROM demande_historique h WHERE h.demande = $2)";
        self.execute(SQL, &[Value::Integer(compte.0), Value::Integer(demande)]).await?;
        Ok(())
    }
}

/// Whether the step that came right after the version of this decision is this very decision.
fn is_repeated(actes: &[Acte], decision: &Decision<'_>) -> bool {
    let Some(seen) = actes.iter().position(|acte| acte.id == decision.version) else { return false };
    actes.get(seen + 1).is_some_and(|next| {
        next.auteur.as_ref().is_some_and(|(compte, _)| *compte == decision.compte)
            && next.vers == decision.vers
            && next.motif.as_deref() == decision.motif
            && next.remarque.as_ref().map(Prive::as_str) == decision.remarque
    })
}
