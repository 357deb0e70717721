//! Nomenclatures that operators import over the built-in ones.

use std::collections::HashMap;

use dossier::nomenclature::import::{Concept, NosTable};
use dossier::nomenclature::{Assemblage, NomTable, Nomenclatures};
use jiff::{Timestamp, civil::Date};

use crate::{
    Error, Reader, Refusal, Store, Tx,
    sql::{Row, Value, now, time},
};

/// A file to import.
#[derive(Clone, Copy, Debug)]
pub struct ImportNomenclature<'a> {
    /// What it holds.
    pub table: &'a NosTable,
    /// Its name, without its folder.
    pub fichier: &'a str,
    /// Its SHA-256.
    pub sha256: &'a [u8; 32],
    /// Even if its publisher changed the imported one later.
    pub plus_ancien: bool,
}

/// What an import changed, in codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BilanNomenclature {
    /// The table was not imported before.
    pub premier: bool,
    /// Codes the table has now.
    pub codes: u64,
    /// Those that the earlier import of it had not.
    pub ajoutes: u64,
    /// Those that it had and that this one has not.
    pub retires: u64,
    /// Those whose label or dates are others.
    pub modifies: u64,
}

/// An import that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NomenclatureImportee {
    /// OID of the file's table.
    pub oid: String,
    /// Its name.
    pub nom: String,
    /// Its version.
    pub version: Option<String>,
    /// When its publisher last changed it, ISO 8601 without zone.
    pub mise_a_jour: Option<String>,
    /// The file's name.
    pub fichier: String,
    /// The file's SHA-256.
    pub sha256: Vec<u8>,
    /// When it was imported.
    pub importe_le: Timestamp,
    /// The tables whose codes it holds.
    pub tables: Vec<NomTable>,
    /// Codes of these tables.
    pub codes: u64,
}

/// Codes written by one statement.
const BATCH: usize = 2_000;

fn decode(row: &Row<'_>) -> Result<NomenclatureImportee, Error> {
    Ok(NomenclatureImportee {
        oid: row.text(0)?.to_owned(),
        nom: row.text(1)?.to_owned(),
        version: row.maybe_text(2)?.map(str::to_owned),
        mise_a_jour: row.maybe_text(3)?.map(str::to_owned),
        fichier: row.text(4)?.to_owned(),
        sha256: row.bytes(5)?.to_owned(),
        importe_le: time("nomenclature", "importe_le", row.integer(6)?)?,
        codes: u64::try_from(row.integer(7)?).unwrap_or(0),
        tables: row.text(8)?.split(' ').filter_map(NomTable::from_oid).collect(),
    })
}

impl Store {
    /// How often nomenclatures were imported: asked every half second by a running server.
    pub async fn nomenclature_revision(&self) -> Result<i64, Error> {
        self.reader()?.nomenclature_revision().await
    }

    /// The built-in nomenclatures with what was imported over them, a code of several periods with its label of `jour`;
    /// and the revision that this is.
    pub async fn nomenclatures(&self, jour: Date) -> Result<(Nomenclatures, i64), Error> {
        self.read(|reader| Box::pin(async move { reader.nomenclatures(jour).await })).await
    }
}

impl Reader<'_> {
    /// How often nomenclatures were imported.
    pub async fn nomenclature_revision(&mut self) -> Result<i64, Error> {
        const SQL: &str = "SELECT revision FROM nomenclature_revision";
        let revision = self.row("nomenclature_revision", SQL, &[], |row| row.integer(0)).await?;
        revision.ok_or_else(|| Error::inconsistent("nomenclature_revision", "revision", ""))
    }

    /// Every import in force, by its table's name.
    pub async fn imported_nomenclatures(&mut self) -> Result<Vec<NomenclatureImportee>, Error> {
        const SQL: &str = "SELECT n.oid, n.nom, n.version, n.mise_a_jour, n.fichier, n.sha256, n.importe_le, \
             (SELECT COUNT(DISTINCT c.systeme || ' ' || c.code) FROM nomenclature_code c WHERE c.nomenclature = n.oid), \
             (SELECT coalesce(string_agg(s.systeme, ' '), '') FROM (SELECT DISTINCT c.systeme \
             FROM nomenclature_code c WHERE c.nomenclature = n.oid) s) \
             FROM nomenclature n ORDER BY n.nom, n.oid";
        self.rows("nomenclature", SQL, &[], decode).await
    }

    async fn nomenclatures(&mut self, jour: Date) -> Result<(Nomenclatures, i64), Error> {
        // A value set is a selection of other tables' codes; where the table itself was imported too, it has the last
        // word. Of a code's periods the one of the day does, else the last one there was.
        const SQL: &str = "SELECT systeme, code, libelle FROM nomenclature_code \
             ORDER BY nomenclature = systeme, nomenclature, systeme, code, \
             (valide IS NULL OR substr(valide, 1, 10) <= $1) AND (fin IS NULL OR $1 < substr(fin, 1, 10)), rang";
        let revision = self.nomenclature_revision().await?;
        let mut assemblage = Assemblage::default();
        self.each("nomenclature_code", SQL, &[Value::Text(&jour.to_string())], |row| {
            if let Some(table) = NomTable::from_oid(row.text(0)?) {
                assemblage.ajouter(table, row.text(1)?, row.text(2)?);
            }
            Ok(())
        })
        .await?;
        Ok((assemblage.nomenclatures(), revision))
    }
}

impl Tx<'_> {
    /// Puts a file's table in the place of an earlier import of it, whole or not at all. `None`: this very file is in
    /// force already, and nothing has changed.
    pub async fn import_nomenclature(
        &mut self,
        import: &ImportNomenclature<'_>,
    ) -> Result<Option<BilanNomenclature>, Error> {
        const PRESENT: &str = "SELECT sha256, mise_a_jour FROM nomenclature WHERE oid = $1";
        const TABLE: &str = concat!(
            "INSERT INTO nomenclature (oid, nom, version, mise_a_jour, fichier, sha256, importe_le) \
             VALUES ($1, $2, $3, $4, $5, $6, ",
            now!(),
            ") ON CONFLICT (oid) DO UPDATE SET nom = excluded.nom, version = excluded.version, \
             mise_a_jour = excluded.mise_a_jour, fichier = excluded.fichier, sha256 = excluded.sha256, \
             importe_le = excluded.importe_le"
        );
        const EMPTY: &str = "DELETE FROM nomenclature_code WHERE nomenclature = $1";
        const CODES: &str = "INSERT INTO nomenclature_code (nomenclature, systeme, code, rang, libelle, valide, fin) \
             SELECT $1, value ->> 0, value ->> 1, $2 + key, value ->> 2, value ->> 3, value ->> 4 FROM json_each($3) l";
        const REVISION: &str = "UPDATE nomenclature_revision SET revision = revision + 1";

        let table = import.table;
        let oid = Value::Text(&table.oid);
        let date = |date: &Option<jiff::civil::DateTime>| date.map(|date| date.to_string());
        let mise_a_jour = date(&table.mise_a_jour);
        let present = self
            .row("nomenclature", PRESENT, &[oid], |row| {
                Ok((row.bytes(0)?.to_owned(), row.maybe_text(1)?.map(str::to_owned)))
            })
            .await?;
        let premier = present.is_none();
        if let Some((sha256, changed)) = present {
            if sha256 == import.sha256 {
                return Ok(None);
            }
            // Such dates are ordered as texts are.
            if !import.plus_ancien && mise_a_jour.is_some() && mise_a_jour < changed {
                return Err(Refusal::OlderNomenclature.into());
            }
        }
        let avant = self.said(oid).await?;
        let edition = table.edition();
        let values = [
            oid,
            Value::Text(&table.nom),
            Value::MaybeText(edition.as_deref()),
            Value::MaybeText(mise_a_jour.as_deref()),
            Value::Text(import.fichier),
            Value::Bytes(import.sha256),
        ];
        self.execute(TABLE, &values).await?;
        self.execute(EMPTY, &[oid]).await?;
        let known: Vec<&Concept> = table.connus().map(|(_, concept)| concept).collect();
        let mut written = 0;
        for batch in known.chunks(BATCH) {
            let rows: Vec<_> = batch
                .iter()
                .map(|c| (&c.systeme, &c.code, &c.libelle, date(&c.valide), date(&c.fin)))
                .collect();
            let rows = serde_json::to_string(&rows)
                .map_err(|_| Error::inconsistent("nomenclature_code", "code", ""))?;
            self.execute(CODES, &[oid, Value::Integer(written), Value::Text(&rows)]).await?;
            written += i64::try_from(batch.len()).unwrap_or(i64::MAX);
        }
        let bilan = compare(premier, &avant, &self.said(oid).await?);
        self.execute(REVISION, &[]).await?;
        Ok(Some(bilan))
    }

    /// What a table says of each of its codes, by the codes' table and the code.
    async fn said(&mut self, oid: Value<'_>) -> Result<Said, Error> {
        const SQL: &str = "SELECT systeme, code, \
             string_agg(libelle || '|' || coalesce(valide, '') || '|' || coalesce(fin, ''), '|' ORDER BY rang) \
             FROM nomenclature_code WHERE nomenclature = $1 GROUP BY systeme, code";
        let values = [oid];
        let rows = self.rows("nomenclature_code", SQL, &values, |row| {
            Ok(((row.text(0)?.to_owned(), row.text(1)?.to_owned()), row.text(2)?.to_owned()))
        });
        Ok(rows.await?.into_iter().collect())
    }
}

type Said = HashMap<(String, String), String>;

/// What the table has now against what it had.
fn compare(premier: bool, avant: &Said, apres: &Said) -> BilanNomenclature {
    let count = |codes: usize| u64::try_from(codes).unwrap_or(u64::MAX);
    let ajoutes = apres.keys().filter(|code| !avant.contains_key(*code)).count();
    let modifies =
        apres.iter().filter(|(code, dit)| avant.get(*code).is_some_and(|before| before != *dit)).count();
    let retires = avant.keys().filter(|code| !apres.contains_key(*code)).count();
    BilanNomenclature {
        premier,
        codes: count(apres.len()),
        ajoutes: count(ajoutes),
        retires: count(retires),
        modifies: count(modifies),
    }
}
