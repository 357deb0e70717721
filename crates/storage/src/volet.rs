//! The three parts of a dossier as they were answered, and what a family changes of the dossier itself.

use std::collections::HashMap;

use dossier::{Demandeur, IdDossier, StatutDemande, volet::Reponses};

use crate::{
    Coffre, Error, Reader, Refusal, Tx, Volet,
    sql::{Row, Value, dossier_number, now},
};

/// A part as it is stored. One that was never answered is empty, at revision 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredVolet {
    /// The answers.
    pub reponses: Reponses,
    /// Nothing is missing.
    pub complet: bool,
    /// Counts its changes.
    pub revision: i64,
}

/// Key, content, completeness and revision, from this column on.
fn decode(row: &Row<'_>, coffre: &Coffre, first: usize) -> Result<StoredVolet, Error> {
    Ok(StoredVolet {
        reponses: coffre.document("volet", "contenu", row.text(first)?, row.bytes(first + 1)?)?,
        complet: row.maybe_integer(first + 2)?.is_some(),
        revision: row.integer(first + 3)?,
    })
}

/// The key of a part's row.
fn cle(id: &IdDossier, volet: Volet) -> String {
    format!("{}/{}", id.as_str(), volet.code())
}

impl Reader<'_> {
    /// A part of a dossier.
    pub async fn volet(&mut self, id: &IdDossier, volet: Volet) -> Result<StoredVolet, Error> {
        const SQL: &str = "SELECT cle, contenu, complet_le, revision FROM volet WHERE cle = $1";
        let (cle, coffre) = (cle(id, volet), self.coffre());
        let found = self.row("volet", SQL, &[Value::Text(&cle)], |row| decode(row, &coffre, 0)).await?;
        Ok(found.unwrap_or_default())
    }

    /// Every part of a dossier that was ever answered.
    pub async fn volets(&mut self, id: &IdDossier) -> Result<HashMap<Volet, StoredVolet>, Error> {
        const SQL: &str = "SELECT volet, cle, contenu, complet_le, revision FROM volet WHERE dossier = $1";
        let number = [Value::Integer(dossier_number(id))];
        let coffre = self.coffre();
        let found = self.rows("volet", SQL, &number, |row| {
            let volet = Volet::from_code(row.text(0)?)
                .ok_or_else(|| Error::inconsistent("volet", "volet", id.as_str()))?;
            Ok((volet, decode(row, &coffre, 1)?))
        });
        Ok(found.await?.into_iter().collect())
    }
}

impl Tx<'_> {
    /// Saves a part over the revision that its writer saw. `complet` is the domain's word; it sets or clears
    /// EstRenseigneVolet…, but for a part that the operator marked by hand and that was never complete here.
    ///
    /// Answers that are stored already change nothing, whatever revision was seen: a form sent twice is no conflict.
    /// Others over a revision that is not the last are refused ([`Refusal::Depasse`]).
    pub async fn save_volet(
        &mut self,
        id: &IdDossier,
        volet: Volet,
        reponses: &Reponses,
        complet: bool,
        vue: i64,
    ) -> Result<(), Error> {
        const INSERT: &str = concat!(
            "INSERT INTO volet (cle, dossier, volet, contenu, complet_le, revision, modifie_le) ",
            "VALUES ($1, $2, $3, $4, CASE WHEN $5 = 1 THEN ",
            now!(),
            " END, 1, ",
            now!(),
            ")"
        );
        const UPDATE: &str = concat!(
            "UPDATE volet SET contenu = $1, complet_le = CASE WHEN $2 = 1 THEN COALESCE(complet_le, ",
            now!(),
            ") END, revision = revision + 1, modifie_le = ",
            now!(),
            " WHERE cle = $3"
        );
        self.open_dossier(id).await?;
        let before = self.volet(id, volet).await?;
        if before.revision > 0 && before.reponses == *reponses {
            return Ok(());
        }
        if before.revision != vue {
            return Err(Refusal::Depasse.into());
        }
        let cle = cle(id, volet);
        let sealed = self.seal_document("volet", "contenu", &cle, reponses).await?;
        let (number, code) = (Value::Integer(dossier_number(id)), Value::Text(volet.code()));
        let (cle, contenu, whole) =
            (Value::Text(&cle), Value::Bytes(&sealed), Value::Integer(complet.into()));
        if before.revision == 0 {
            self.execute(INSERT, &[cle, number, code, contenu, whole]).await?;
        } else {
            self.execute(UPDATE, &[contenu, whole, cle]).await?;
        }
        if complet {
            self.fill_volet(id, volet).await
        } else if before.complet {
            self.empty_volet(id, volet).await
        } else {
            self.touch_dossier(id).await
        }
    }

    /// Corrects what is known of the person: a change that establishments have to read. Nothing happens where it is so
    /// already.
    pub async fn correct_demandeur(&mut self, id: &IdDossier, demandeur: &Demandeur) -> Result<(), Error> {
        const SQL: &str = "UPDATE dossier SET demandeur = $1 WHERE id = $2";
        self.open_dossier(id).await?;
        let before = self.dossier(id).await?.ok_or(Refusal::UnknownDossier)?;
        if before.demandeur == *demandeur {
            return Ok(());
        }
        let number = dossier_number(id);
        let sealed = self.seal_document("dossier", "demandeur", number, demandeur).await?;
        self.execute(SQL, &[Value::Bytes(&sealed), Value::Integer(number)]).await?;
        self.touch_dossier(id).await
    }

    /// Takes back a demande that was never sent: no establishment has heard of it, so nothing of it is kept and its place
    /// among the forty is free again. One that is gone already is no error; one that was sent is refused.
    pub async fn remove_demande(&mut self, id: &IdDossier, demande: i64) -> Result<(), Error> {
        const WAY: &str = "DELETE FROM demande_historique WHERE demande = $1";
        const ITSELF: &str = "DELETE FROM demande WHERE id = $1 AND dossier = $2 AND statut = 1";
        const COUNT: &str = "UPDATE dossier SET demandes = demandes - 1 WHERE id = $1";
        self.open_dossier(id).await?;
        let Some((owner, statut)) = self.demande(demande).await? else { return Ok(()) };
        if owner != *id {
            return Err(Refusal::UnknownDemande.into());
        }
        if statut != StatutDemande::NonEnvoyee {
            return Err(Refusal::Transition { from: statut, to: StatutDemande::NonEnvoyee }.into());
        }
        let number = Value::Integer(dossier_number(id));
        self.execute(WAY, &[Value::Integer(demande)]).await?;
        self.execute(ITSELF, &[Value::Integer(demande), number]).await?;
        self.execute(COUNT, &[number]).await?;
        Ok(())
    }

    /// Refuses unless the dossier exists and is not cancelled.
    async fn open_dossier(&mut self, id: &IdDossier) -> Result<(), Error> {
        const SQL: &str = "SELECT annule_le FROM dossier WHERE id = $1";
        let number = [Value::Integer(dossier_number(id))];
        match self.row("dossier", SQL, &number, |row| row.maybe_integer(0)).await? {
            None => Err(Refusal::UnknownDossier.into()),
            Some(Some(_)) => Err(Refusal::DossierAnnule.into()),
            Some(None) => Ok(()),
        }
    }

    /// A change that establishments have to read.
    async fn touch_dossier(&mut self, id: &IdDossier) -> Result<(), Error> {
        const SQL: &str =
            concat!("UPDATE dossier SET revision = revision + 1, modifie_le = ", now!(), " WHERE id = $1");
        self.execute(SQL, &[Value::Integer(dossier_number(id))]).await?;
        Ok(())
    }

    /// Marks a part as not filled in any more.
    async fn empty_volet(&mut self, id: &IdDossier, volet: Volet) -> Result<(), Error> {
        macro_rules! empty {
            ($column:literal) => {
                concat!(
                    "UPDATE dossier SET ",
                    $column,
                    " = NULL, revision = revision + 1, modifie_le = ",
                    now!(),
                    " WHERE id = $1"
                )
            };
        }
        let sql = match volet {
            Volet::Admin => empty!("volet_admin_le"),
            Volet::Medical => empty!("volet_medical_le"),
            Volet::Autonomie => empty!("volet_autonomie_le"),
        };
        self.execute(sql, &[Value::Integer(dossier_number(id))]).await?;
        Ok(())
    }
}
