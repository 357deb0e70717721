//! The import of a FINESS extract.

use std::time::Duration;

use dossier::finess::EtablissementFiness;
use dossier::nomenclature::Nomenclatures;
use jiff::{Timestamp, civil::Date};

use crate::{
    Acteur, Action, Error, Reader, Refusal, Store, Trace, Tx,
    recherche::normalise,
    sql::{Row, Value, elements, now, time},
};

/// An extract that was read, to be imported.
#[derive(Clone, Copy, Debug)]
pub struct ImportFiness<'a> {
    /// Those of the categories asked for.
    pub etablissements: &'a [EtablissementFiness],
    /// The categories asked for: establishments of others are left alone.
    pub categories: &'a [&'a str],
    /// Numbers of refused lines: nothing is known against these establishments.
    pub illisibles: &'a [String],
    /// Names communes.
    pub tables: &'a Nomenclatures,
    /// The file's name, without its folder.
    pub fichier: &'a str,
    /// Its SHA-256.
    pub sha256: &'a [u8; 32],
    /// The extract's own date.
    pub date_du: Option<Date>,
    /// Lines of the file.
    pub lignes: u64,
    /// Lines refused.
    pub refusees: u64,
    /// Who imports it.
    pub acteur: &'a Acteur,
    /// Even if a later extract was imported, or if most establishments would be closed.
    pub force: bool,
}

/// What an import changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BilanFiness {
    /// Establishments that were not there.
    pub ajoutes: u64,
    /// Those that differed, or had been closed.
    pub modifies: u64,
    /// Those that were as the file says.
    pub inchanges: u64,
    /// Those of the categories that the file no longer has: closed, and kept with their demandes.
    pub fermes: u64,
}

/// An import that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportPasse {
    /// The extract's own date.
    pub date_du: Option<Date>,
    /// The file's name.
    pub fichier: String,
    /// When it was imported.
    pub importe_le: Timestamp,
}

/// Establishments written by one transaction: some thirty milliseconds.
const BATCH: usize = 1_000;
/// Pause between two of them. SQLite's lock is not fair, and without it whoever waits might wait for all.
const BETWEEN: Duration = Duration::from_millis(10);

/// An import that closes more than this many of the open ones, and more than half, is of a file that was cut.
const CLOSED_AT_ONCE: u64 = 100;

impl Reader<'_> {
    /// The last import of an extract.
    pub async fn last_finess_import(&mut self) -> Result<Option<ImportPasse>, Error> {
        const SQL: &str = "SELECT date_du, fichier, importe_le FROM finess_import ORDER BY id DESC LIMIT 1";
        self.row("finess_import", SQL, &[], |row| {
            let date = row
                .maybe_text(0)?
                .map(|date| date.parse().map_err(|_| Error::inconsistent("finess_import", "date_du", "")));
            Ok(ImportPasse {
                date_du: date.transpose()?,
                fichier: row.text(1)?.to_owned(),
                importe_le: time("finess_import", "importe_le", row.integer(2)?)?,
            })
        })
        .await
    }
}

impl Store {
    /// Makes the establishments those of the file: adds, changes, closes; removes none, since demandes refer to them.
    /// Once more with the same file changes nothing. An establishment that an operator added becomes FINESS's where the
    /// file has it, and is never closed where it has not.
    ///
    /// A refusal changes nothing. The rest goes in steps, each a transaction, so that nobody who writes meanwhile waits
    /// for more than one; what an import that broke off has done is right, and the next one does the rest.
    pub async fn import_finess(&self, import: &ImportFiness<'_>) -> Result<BilanFiness, Error> {
        self.run("check an extract", |tx| {
            Box::pin(async move {
                tx.untraced("it only looks");
                tx.check_finess(import).await
            })
        })
        .await?;
        let (mut ajoutes, mut written) = (0, 0);
        for batch in import.etablissements.chunks(BATCH) {
            let step = self.run("import establishments", |tx| {
                Box::pin(async move {
                    let (added, changed) = tx.write_finess(batch, import.tables).await?;
                    if changed > 0 {
                        tx.trace(&import.trace(&format!("{added} added of {changed} written"))).await?;
                    }
                    Ok((added, changed))
                })
            });
            let (added, changed) = step.await?;
            (ajoutes, written) = (ajoutes + added, written + changed);
            tokio::time::sleep(BETWEEN).await;
        }
        let total = u64::try_from(import.etablissements.len()).unwrap_or(0);
        let bilan =
            BilanFiness { ajoutes, modifies: written - ajoutes, inchanges: total - written, fermes: 0 };
        self.run("close establishments", |tx| {
            Box::pin(async move {
                let bilan = tx.close_absent(import, bilan).await?;
                let BilanFiness { ajoutes, modifies, fermes, .. } = bilan;
                let whole = format!("in all {ajoutes} added, {modifies} changed, {fermes} closed");
                tx.trace(&import.trace(&whole)).await?;
                Ok(bilan)
            })
        })
        .await
    }
}

impl ImportFiness<'_> {
    fn trace(&self, what: &str) -> Trace {
        let date = self.date_du.map(|date| format!(" of {date}")).unwrap_or_default();
        Trace::new(self.acteur.clone(), Action::ImportFiness)
            .detail(&format!("{}{date}: {what}", self.fichier))
    }
}

impl Tx<'_> {
    /// Whether the file may be imported.
    async fn check_finess(&mut self, import: &ImportFiness<'_>) -> Result<(), Error> {
        const OPEN: &str = concat!(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE num_finiss NOT IN (SELECT valeur FROM ",
            elements!("$1"),
            " p)) FROM etablissement WHERE origine = 'finess' AND ferme_le IS NULL AND categorie IN (SELECT valeur FROM ",
            elements!("$2"),
            " c)"
        );
        if import.force {
            return Ok(());
        }
        let last = self.last_finess_import().await?.and_then(|last| last.date_du);
        if let (Some(last), Some(date)) = (last, import.date_du)
            && date < last
        {
            return Err(Refusal::OlderExtract(last).into());
        }
        let (present, categories) = (present(import)?, categories(import)?);
        let values = [Value::Text(&present), Value::Text(&categories)];
        let open =
            self.row("etablissement", OPEN, &values, |row| Ok((count(row, 0)?, count(row, 1)?))).await?;
        match open {
            Some((ouverts, fermes)) if fermes > CLOSED_AT_ONCE && fermes * 2 > ouverts => {
                Err(Refusal::TooManyClosed { fermes, ouverts }.into())
            }
            _ => Ok(()),
        }
    }

    /// Adds and changes; gives the numbers of those that were not there and of all that were not so already.
    async fn write_finess(
        &mut self,
        batch: &[EtablissementFiness],
        tables: &Nomenclatures,
    ) -> Result<(u64, u64), Error> {
        const COUNT: &str = "SELECT COUNT(*) FROM etablissement";
        const SQL: &str = concat!(
            "INSERT INTO etablissement (num_finiss, raison_sociale, adresse, telephone, entite_juridique, categorie, \
             commune, code_postal, ouvert_le, nom_recherche, lieu_recherche, origine, rang, cree_le) \
             SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BLOB), value ->> 3, value ->> 4, value ->> 5, \
             value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, 'finess', \
             key + 1 + (SELECT COALESCE(MAX(rang), 0) FROM etablissement), ",
            now!(),
            " FROM json_each($1) l WHERE true ON CONFLICT (num_finiss) DO UPDATE SET \
             raison_sociale = excluded.raison_sociale, adresse = excluded.adresse, telephone = excluded.telephone, \
             entite_juridique = excluded.entite_juridique, categorie = excluded.categorie, \
             commune = excluded.commune, code_postal = excluded.code_postal, ouvert_le = excluded.ouvert_le, \
             nom_recherche = excluded.nom_recherche, lieu_recherche = excluded.lieu_recherche, \
             origine = 'finess', ferme_le = NULL \
             WHERE (etablissement.raison_sociale, etablissement.adresse, etablissement.telephone, \
             etablissement.entite_juridique, etablissement.categorie, etablissement.commune, \
             etablissement.code_postal, etablissement.ouvert_le, etablissement.nom_recherche, \
             etablissement.lieu_recherche, etablissement.origine) IS DISTINCT FROM (excluded.raison_sociale, \
             excluded.adresse, excluded.telephone, excluded.entite_juridique, excluded.categorie, excluded.commune, \
             excluded.code_postal, excluded.ouvert_le, excluded.nom_recherche, excluded.lieu_recherche, 'finess') \
             OR etablissement.ferme_le IS NOT NULL"
        );
        let rows: Vec<_> = batch.iter().map(|one| row(one, tables)).collect::<Result<_, _>>()?;
        let rows = serde_json::to_string(&rows).map_err(|_| unwritable(""))?;
        let before = self.row("etablissement", COUNT, &[], |row| count(row, 0)).await?.unwrap_or(0);
        let written = self.execute(SQL, &[Value::Text(&rows)]).await?;
        let after = self.row("etablissement", COUNT, &[], |row| count(row, 0)).await?.unwrap_or(0);
        Ok((after - before, written))
    }

    /// Closes those of the categories that are in no line, and keeps what was done.
    async fn close_absent(
        &mut self,
        import: &ImportFiness<'_>,
        bilan: BilanFiness,
    ) -> Result<BilanFiness, Error> {
        const CLOSE: &str = concat!(
            "UPDATE etablissement SET ferme_le = ",
            now!(),
            " WHERE origine = 'finess' AND ferme_le IS NULL AND categorie IN (SELECT valeur FROM ",
            elements!("$1"),
            " c) AND num_finiss NOT IN (SELECT valeur FROM ",
            elements!("$2"),
            " p)"
        );
        let (present, categories) = (present(import)?, categories(import)?);
        let fermes = self.execute(CLOSE, &[Value::Text(&categories), Value::Text(&present)]).await?;
        let bilan = BilanFiness { fermes, ..bilan };
        self.log(import, &bilan).await?;
        Ok(bilan)
    }

    async fn log(&mut self, import: &ImportFiness<'_>, bilan: &BilanFiness) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO finess_import (date_du, fichier, sha256, lignes, refusees, ajoutes, modifies, fermes, importe_le) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, ",
            now!(),
            ")"
        );
        let number = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        let date = import.date_du.map(|date| date.to_string());
        let values = [
            Value::MaybeText(date.as_deref()),
            Value::Text(import.fichier),
            Value::Bytes(import.sha256),
            number(import.lignes),
            number(import.refusees),
            number(bilan.ajoutes),
            number(bilan.modifies),
            number(bilan.fermes),
        ];
        self.execute(SQL, &values).await.map(drop)
    }
}

/// Numbers of the file's establishments, those of refused lines too.
fn present(import: &ImportFiness<'_>) -> Result<String, Error> {
    let present = import.etablissements.iter().map(|one| &one.numero).chain(import.illisibles);
    serde_json::to_string(&present.collect::<Vec<_>>()).map_err(|_| unwritable(""))
}

fn categories(import: &ImportFiness<'_>) -> Result<String, Error> {
    serde_json::to_string(import.categories).map_err(|_| unwritable(""))
}

/// An establishment as the statement above takes it.
fn row(one: &EtablissementFiness, tables: &Nomenclatures) -> Result<serde_json::Value, Error> {
    let told = one.etablissement(tables);
    let adresse = told.adresse.as_ref().map(serde_json::to_string).transpose();
    let adresse = adresse.map_err(|_| unwritable(&one.numero))?;
    let place = &one.adresse;
    let town = told.adresse.as_ref().and_then(|adresse| adresse.localite.display_name.as_deref());
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(serde_json::json!([
        told.num_finiss,
        told.raison_sociale,
        adresse,
        told.telephone,
        some(&one.entite_juridique),
        one.categorie,
        some(&place.code_commune),
        some(&place.code_postal),
        one.ouverture.map(|date| date.to_string()),
        normalise(&one.nom),
        lieu(&place.code_postal, &[town.unwrap_or_default(), &place.localite]),
    ]))
}

/// The words by which a place is found: its postal code and its names, each word once.
pub(crate) fn lieu(code_postal: &str, names: &[&str]) -> String {
    let all = normalise(&format!("{code_postal} {}", names.join(" ")));
    let mut words: Vec<&str> = Vec::new();
    for word in all.split(' ').filter(|word| !word.is_empty()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" ")
}

fn count(row: &Row<'_>, at: usize) -> Result<u64, Error> {
    Ok(u64::try_from(row.integer(at)?).unwrap_or(0))
}

fn unwritable(number: &str) -> Error {
    Error::inconsistent("etablissement", "adresse", number)
}
