//! The trail read again: page by page for verifying it, and for exporting what concerns a dossier, an application, a user.
//! Pages are read apart; rows and links are only ever added, so that it makes no difference.

use jiff::Timestamp;

use super::{
    chain::{FEW, Maillon, Sha256, maillon, sha256_of},
    row::{LigneTrace, columns},
};
use crate::{
    Error, Reader,
    sql::{Value, hex, time},
};

/// How long after its row a link is looked for first: what was chained later is found too, but slowly.
const SOON: i64 = 24 * 60 * 60 * 1000;

/// A link, and the row that it links, if that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaillonLu {
    /// The link.
    pub maillon: Maillon,
    /// The row's number.
    pub trace: i64,
    /// The row's time.
    pub trace_le: Timestamp,
    /// The row's hash, as it was chained.
    pub ligne: [u8; 32],
    /// The row as it is.
    pub row: Option<LigneTrace>,
}

/// A page of rows, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageTrace {
    /// The last row's number.
    pub last: i64,
    /// How many rows it has.
    pub rows: usize,
    /// Those that are neither chained nor wait to be.
    pub unchained: Vec<i64>,
}

/// What an export is about; all of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FiltreTrace {
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this one.
    pub to: Option<Timestamp>,
    /// This dossier, by its 13 digits.
    pub dossier: Option<String>,
    /// This application, removed ones included.
    pub application: Option<String>,
    /// This user of an application.
    pub id_local: Option<String>,
}

/// A row as it is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LigneExportee {
    /// The row.
    pub row: LigneTrace,
    /// The application's name.
    pub application: Option<String>,
    /// What the assertion said, as JSON, unless it was erased.
    pub assertion: Option<Vec<u8>>,
    /// The request, where it was kept and not erased.
    pub requete: Option<Vec<u8>>,
    /// Its link, if it has one.
    pub rang: Option<i64>,
}

impl LigneTrace {
    /// SHA-256 of the canonical form.
    pub fn hash(&self, sha256: Sha256) -> [u8; 32] {
        sha256(&self.canonical())
    }
}

impl MaillonLu {
    /// Whether it follows `before` and hashes what it says that it hashes.
    pub fn follows(&self, before: &Maillon, sha256: Sha256) -> bool {
        before.next(self.maillon.le, &self.ligne, sha256) == self.maillon
    }
}

impl Reader<'_> {
    /// Links after this rank with their rows, a thousand at the most.
    pub async fn trace_links(&mut self, after: i64) -> Result<Vec<MaillonLu>, Error> {
        const SQL: &str = concat!(
            "SELECT m.rang, m.le, m.empreinte, m.trace, m.trace_le, m.ligne, ",
            columns!(),
            " FROM trace_maillon m LEFT JOIN trace t ON t.id = m.trace AND t.le = m.trace_le",
            " WHERE m.rang > $1 ORDER BY m.rang LIMIT $2"
        );
        self.rows("trace_maillon", SQL, &[Value::Integer(after), Value::Integer(FEW)], |row| {
            Ok(MaillonLu {
                maillon: maillon(row)?,
                trace: row.integer(3)?,
                trace_le: time("trace_maillon", "trace_le", row.integer(4)?)?,
                ligne: sha256_of(row, 5, "ligne")?,
                row: row.maybe_integer(6)?.map(|_| LigneTrace::read(row, 6)).transpose()?,
            })
        })
        .await
    }

    /// The hash of this link, if it is there.
    pub async fn trace_link(&mut self, rang: i64) -> Result<Option<Maillon>, Error> {
        const SQL: &str = "SELECT rang, le, empreinte FROM trace_maillon WHERE rang = $1";
        self.row("trace_maillon", SQL, &[Value::Integer(rang)], maillon).await
    }

    /// Whether a row has this number, whatever its time.
    pub async fn trace_is_there(&mut self, id: i64) -> Result<bool, Error> {
        const SQL: &str = "SELECT 1 FROM trace WHERE id = $1";
        Ok(self.row("trace", SQL, &[Value::Integer(id)], |row| row.integer(0)).await?.is_some())
    }

    /// Rows after this number, a thousand at the most, and which of them nobody chained.
    pub async fn trace_page(&mut self, after: i64) -> Result<Option<PageTrace>, Error> {
        const PAGE: &str = "SELECT MAX(p.id), COUNT(*), MIN(p.le), MAX(p.le), MIN(p.id) FROM \
             (SELECT t.id, t.le FROM trace t WHERE t.id > $1 ORDER BY t.id LIMIT $2) p";
        const UNCHAINED: &str = "SELECT t.id FROM trace t WHERE t.id BETWEEN $1 AND $2 AND t.le BETWEEN $3 AND $4 \
             AND NOT EXISTS (SELECT 1 FROM trace_maillon m WHERE m.trace = t.id AND m.le BETWEEN $3 AND $5) \
             AND NOT EXISTS (SELECT 1 FROM trace_attente a WHERE a.trace = t.id) ORDER BY t.id";
        const LATE: &str = "SELECT 1 FROM trace_maillon WHERE trace = $1 LIMIT 1";
        let bounds = self
            .row("trace", PAGE, &[Value::Integer(after), Value::Integer(FEW)], |row| {
                let Some(last) = row.maybe_integer(0)? else { return Ok(None) };
                Ok(Some((last, row.integer(1)?, row.integer(2)?, row.integer(3)?, row.integer(4)?)))
            })
            .await?;
        let Some((last, rows, from, to, first)) = bounds.flatten() else { return Ok(None) };
        let values = [first, last, from, to, to.saturating_add(SOON)].map(Value::Integer);
        let mut unchained = Vec::new();
        for id in self.rows("trace", UNCHAINED, &values, |row| row.integer(0)).await? {
            let late = self.row("trace_maillon", LATE, &[Value::Integer(id)], |row| row.integer(0)).await?;
            if late.is_none() {
                unchained.push(id);
            }
        }
        Ok(Some(PageTrace { last, rows: usize::try_from(rows).unwrap_or(0), unchained }))
    }

    /// How many rows wait for their link; and numbers, a hundred at the most, of those that wait and are not there.
    pub async fn trace_waiting(&mut self) -> Result<(u64, Vec<i64>), Error> {
        const COUNT: &str = "SELECT COUNT(*) FROM trace_attente";
        const GONE: &str = "SELECT a.trace FROM trace_attente a LEFT JOIN trace t ON t.id = a.trace AND t.le = a.le \
             WHERE t.id IS NULL ORDER BY a.trace LIMIT 100";
        let waiting = self.row("trace_attente", COUNT, &[], |row| row.integer(0)).await?.unwrap_or(0);
        Ok((waiting.unsigned_abs(), self.rows("trace_attente", GONE, &[], |row| row.integer(0)).await?))
    }

    /// What lies apart, after this SHA-256, two hundred at the most: under which SHA-256 it is kept, and itself.
    pub async fn trace_pieces(&mut self, after: &str) -> Result<Vec<(String, Vec<u8>)>, Error> {
        const SQL: &str =
            "SELECT sha256, contenu FROM trace_piece WHERE sha256 > $1 ORDER BY sha256 LIMIT 200";
        let coffre = self.coffre();
        self.rows("trace_piece", SQL, &[Value::Text(after)], |row| {
            let sha256 = row.text(0)?.to_owned();
            // what does not open was changed too, and is told by its place
            let plain = match coffre.open("trace_piece", "contenu", &sha256, row.bytes(1)?) {
                Ok(plain) => plain.into_owned(),
                Err(Error::Inconsistent { .. }) => Vec::new(),
                Err(error) => return Err(error),
            };
            Ok((sha256, plain))
        })
        .await
    }

    /// Rows after this number that the filter lets through, a thousand at the most, with what lies apart.
    pub async fn trace_export(
        &mut self,
        filtre: &FiltreTrace,
        after: i64,
    ) -> Result<Vec<LigneExportee>, Error> {
        macro_rules! export {
            ($dossier:literal) => {
                concat!(
                    "SELECT ",
                    columns!(),
                    ", n.name, (SELECT p.contenu FROM trace_piece p WHERE p.sha256 = lower(hex(t.assertion)) AND p.le BETWEEN t.le - 60000 AND t.le + 3600000 LIMIT 1),",
                    " (SELECT p.contenu FROM trace_piece p WHERE p.sha256 = lower(hex(t.requete)) AND p.le BETWEEN t.le - 60000 AND t.le + 3600000 LIMIT 1),",
                    " (SELECT m.rang FROM trace_maillon m WHERE m.trace = t.id AND m.le BETWEEN t.le AND t.le + 86400000 LIMIT 1)",
                    " FROM trace t LEFT JOIN application n ON n.id = t.application",
                    " WHERE t.id > $1 AND t.le >= $2 AND t.le < $3",
                    " AND (CAST($4 AS TEXT) IS NULL OR n.name = $4) AND (CAST($5 AS TEXT) IS NULL OR t.id_local = $5)",
                    $dossier,
                    " ORDER BY t.id LIMIT 1000"
                )
            };
        }
        let dossier =
            filtre.dossier.as_deref().map(|id| crate::sql::text_number(id).unwrap_or(crate::sql::NO_DOSSIER));
        let bound = |time: Option<Timestamp>, open: i64| time.map_or(open, Timestamp::as_millisecond);
        let mut values = vec![
            Value::Integer(after),
            Value::Integer(bound(filtre.from, 0)),
            Value::Integer(bound(filtre.to, i64::MAX)),
            Value::MaybeText(filtre.application.as_deref()),
            Value::MaybeText(filtre.id_local.as_deref()),
        ];
        values.extend(dossier.map(Value::Integer));
        let sql = if dossier.is_some() { export!(" AND t.dossier = $6") } else { export!("") };
        let coffre = self.coffre();
        self.rows("trace", sql, &values, |row| {
            let piece = |named: &Option<Vec<u8>>, place: usize| {
                let (Some(sha256), Some(stored)) = (named, row.maybe_bytes(place)?) else { return Ok(None) };
                let plain = coffre.open("trace_piece", "contenu", hex(sha256), stored)?;
                Ok::<_, Error>(Some(plain.into_owned()))
            };
            let read = LigneTrace::read(row, 0)?;
            Ok(LigneExportee {
                application: row.maybe_text(16)?.map(str::to_owned),
                assertion: piece(&read.assertion, 17)?,
                requete: piece(&read.requete, 18)?,
                row: read,
                rang: row.maybe_integer(19)?,
            })
        })
        .await
    }

    /// Whether an application of this name is, or was, registered.
    pub async fn was_application(&mut self, name: &str) -> Result<bool, Error> {
        const SQL: &str = "SELECT 1 FROM application WHERE name = $1 LIMIT 1";
        Ok(self.row("application", SQL, &[Value::Text(name)], |row| row.integer(0)).await?.is_some())
    }
}
