//! Everything that is held on the person of a dossier, in one list: what a data-subject request exports, and what an erasure
//! deletes. A table with a column `dossier` or `demande` that is not in it fails the test below.
//!
//! What is left of an erased dossier is a row of `effacement`: its number, the day, why, and the SHA-256 of what it held.
//! A backup that is restored is held against these rows, so that nobody comes back.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use aws_lc_rs::digest::{SHA256, digest};
use dossier::IdDossier;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::{
    Acteur, Action, Error, Reader, Refusal, StoredDemande, StoredDossier, Trace, Transition, Tx,
    sql::{Row, Value, dossier_id, dossier_number, today},
};

/// A table that holds something of a dossier.
struct Table {
    name: &'static str,
    erase: Erased,
    export: Exported,
}

/// What becomes of a table's rows with an erasure.
enum Erased {
    /// All of the dossier `$1` are deleted.
    By(&'static str),
    /// They stay, and why.
    Kept(#[expect(dead_code, reason = "read by people")] &'static str),
}
use Erased::{By, Kept};

/// How a table's rows come into an export.
enum Exported {
    /// In the dossier's own part of it, which is read by the dossier's own queries.
    WithDossier,
    /// As an array of objects under the table's name.
    Rows { select: &'static str, columns: &'static [(&'static str, Kind)] },
    /// Not at all, and why.
    Never(#[expect(dead_code, reason = "read by people")] &'static str),
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Time,
}

/// What the last erasure is noted as: a message that is written down after it, but came before, may be of whom was erased.
pub(crate) const ERASURE: &str = "erasure";

/// In the order in which rows can be deleted. **A new table with something of a dossier in it goes here.**
const TABLES: &[Table] = &[
    Table {
        name: "session",
        erase: By("DELETE FROM session WHERE dossier = $1"),
        export: Exported::Rows {
            select: "SELECT a.name, s.vue_le, s.fin_le FROM session s JOIN application a ON a.id = s.application \
                     WHERE s.dossier = $1 ORDER BY s.fin_le",
            columns: &[("application", Kind::Text), ("lastSeen", Kind::Time), ("ends", Kind::Time)],
        },
    },
    Table {
        name: "jeton",
        erase: By("DELETE FROM jeton WHERE dossier = $1"),
        export: Exported::Rows {
            select: "SELECT a.name, j.expire_le, j.pris_le FROM jeton j JOIN application a ON a.id = j.application \
                     WHERE j.dossier = $1 ORDER BY j.expire_le",
            columns: &[("application", Kind::Text), ("expires", Kind::Time), ("taken", Kind::Time)],
        },
    },
    Table {
        name: "demande_historique",
        erase: By(
            "DELETE FROM demande_historique WHERE demande IN (SELECT id FROM demande WHERE dossier = $1)",
        ),
        export: Exported::WithDossier,
    },
    Table {
        name: "reprise_bureau",
        erase: By("DELETE FROM reprise_bureau WHERE demande IN (SELECT id FROM demande WHERE dossier = $1)"),
        export: Exported::Never(
            "for an hour at most, encrypted by what an establishment's browser alone has",
        ),
    },
    Table {
        name: "demande",
        erase: By("DELETE FROM demande WHERE dossier = $1"),
        export: Exported::WithDossier,
    },
    Table {
        name: "lien",
        erase: By("DELETE FROM lien WHERE dossier = $1"),
        export: Exported::Rows {
            select: "SELECT a.name, l.id_local, l.cree_le FROM lien l JOIN application a ON a.id = l.application \
                     WHERE l.dossier = $1 ORDER BY l.cree_le, a.name, l.id_local",
            columns: &[("application", Kind::Text), ("IdLocal", Kind::Text), ("since", Kind::Time)],
        },
    },
    Table { name: "volet", erase: By("DELETE FROM volet WHERE dossier = $1"), export: Exported::WithDossier },
    Table {
        name: "reprise",
        erase: By("DELETE FROM reprise WHERE dossier = $1"),
        export: Exported::Never("for an hour at most, encrypted by what the person's browser alone has"),
    },
    // That the key was used stays for the rest of its day, with nothing of the dossier: a partner's program that asks again
    // must not bring back who was erased a moment ago.
    Table {
        name: "cle_idempotence",
        erase: By("UPDATE cle_idempotence SET contenu = NULL, dossier = NULL WHERE dossier = $1"),
        export: Exported::Never("digests of a partner's key and call, for a day; the call is in the dossier"),
    },
    Table {
        name: "code_acces",
        erase: By("DELETE FROM code_acces WHERE dossier = $1"),
        export: Exported::Never("a secret of which the hash alone is kept"),
    },
    // Which of a sandbox's messages speak of the person cannot be known (some are encrypted for us, some are broken), and
    // none is kept longer than an hour: all go. In production there is none.
    Table {
        name: "journal",
        erase: By("UPDATE journal SET message = NULL WHERE message IS NOT NULL AND $1 <> 0"),
        export: Exported::Never(
            "messages of a sandbox, for an hour, under the partner's name and not the person's",
        ),
    },
    Table { name: "dossier", erase: By("DELETE FROM dossier WHERE id = $1"), export: Exported::WithDossier },
    // What the trail's rows name and keep apart: requests, what assertions said. The rows keep their SHA-256, so the chain
    // holds. An assertion is of who asked, so that of another dossier's requests stays with those.
    Table {
        name: "trace_piece",
        erase: By("DELETE FROM trace_piece WHERE sha256 IN (SELECT lower(hex(t.requete)) FROM trace t \
             WHERE t.dossier = $1 UNION SELECT lower(hex(t.assertion)) FROM trace t WHERE t.dossier = $1 \
             AND NOT EXISTS (SELECT 1 FROM trace o WHERE o.assertion = t.assertion AND o.dossier <> $1))"),
        export: Exported::Never("requests of partners: what they said of the person is in the dossier"),
    },
    Table {
        name: "trace",
        erase: Kept("the audit trail's own record: numbers and an IdLocal, who did what and when"),
        export: Exported::Rows {
            select: "SELECT t.le, t.acteur, a.name, t.id_local, t.action, t.code FROM trace t \
                     LEFT JOIN application a ON a.id = t.application WHERE t.dossier = $1 ORDER BY t.id",
            columns: &[
                ("at", Kind::Time),
                ("by", Kind::Text),
                ("application", Kind::Text),
                ("IdLocal", Kind::Text),
                ("action", Kind::Text),
                ("answer", Kind::Text),
            ],
        },
    },
    Table {
        name: "effacement",
        erase: Kept("the number, the day and the reason, so that a restore erases again"),
        export: Exported::Never("there is none as long as there is the dossier"),
    },
];

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effacement {
    /// Its number.
    pub dossier: IdDossier,
    /// The first instant of the day.
    pub le: Timestamp,
    /// Why.
    pub reason: ErasureReason,
    /// SHA-256 of its content, as an export tells it.
    pub sha256: [u8; 32],
}

/// Why a dossier was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErasureReason {
    /// The person asked for it (RGPD, article 17).
    Request,
    /// Its time was over.
    Retention,
    /// The same person has another one.
    Duplicate,
    /// It should not have been made.
    Mistake,
    /// An authority decided so.
    Decision,
}

/// Everything that is held on the person of a dossier.
#[derive(Clone, PartialEq)]
pub struct Export {
    /// Demandeur, demandes with their ways, links: what the SHA-256 is of.
    pub content: Json,
    /// Its SHA-256, which the erasure of the same content leaves behind.
    pub sha256: [u8; 32],
    /// Where it is on its way from active to erased, who is inside, who was.
    pub around: Map<String, Json>,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Export")
    }
}

/// Why a text is no list of erasures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of erasures: {0}")]
pub struct NotAnErasureList(String);

impl ErasureReason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Request, Self::Retention, Self::Duplicate, Self::Mistake, Self::Decision];

    /// As it is stored and typed.
    pub fn code(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Retention => "retention",
            Self::Duplicate => "duplicate",
            Self::Mistake => "mistake",
            Self::Decision => "decision",
        }
    }

    /// The reason of this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl Effacement {
    /// The day, of UTC.
    pub fn day(&self) -> Date {
        TimeZone::UTC.to_datetime(self.le).date()
    }
}

impl Reader<'_> {
    /// Everything that is held on the person of a dossier.
    pub async fn export(&mut self, id: &IdDossier) -> Result<Option<Export>, Error> {
        let Some(stored) = self.dossier(id).await? else { return Ok(None) };
        let history = self.history(id).await?;
        let answered = self.volets(id).await?.into_iter();
        let answered = answered.map(|(volet, stored)| {
            (volet.code(), json!({ "complete": stored.complet, "answers": stored.reponses }))
        });
        // in one order, whatever the map's: the SHA-256 is of it
        let volets = json!(answered.collect::<BTreeMap<_, _>>());
        let mut around = Map::new();
        if let Some(conservation) = self.conservation(id).await? {
            around.insert(
                "retention".to_owned(),
                json!({
                    "lastContact": conservation.contact,
                    "archived": conservation.archived,
                    "legalHold": conservation.held.map(|(since, reason)| json!({"since": since, "reason": reason})),
                }),
            );
        }
        let mut content = content(&stored, &history)?;
        content.as_object_mut().map(|content| content.insert("volets".to_owned(), volets));
        for table in TABLES {
            let Exported::Rows { select, columns } = table.export else { continue };
            let number = [Value::Integer(dossier_number(id))];
            let rows = self.rows(table.name, select, &number, |row| object(table.name, row, columns)).await?;
            let rows = Json::Array(rows);
            // who is inside changes by the minute, who saw it is told apart: neither is content
            match (table.name, content.as_object_mut()) {
                ("session" | "jeton" | "trace", _) | (_, None) => around.insert(table.name.to_owned(), rows),
                (name, Some(content)) => content.insert(name.to_owned(), rows),
            };
        }
        let sha256 = sha256(content.to_string().as_bytes());
        Ok(Some(Export { content, sha256, around }))
    }

    /// What was erased, the oldest first.
    pub async fn erasures(&mut self) -> Result<Vec<Effacement>, Error> {
        self.rows("effacement", ALL, &[], decode).await
    }
}

impl Tx<'_> {
    /// Erases a dossier: of the person nothing is left but a row of `effacement`. On SQLite,
    /// [`Store::compact`](crate::Store::compact) afterwards takes what the file's free space remembers.
    pub async fn erase_dossier(
        &mut self,
        id: &IdDossier,
        reason: ErasureReason,
    ) -> Result<Effacement, Error> {
        const NOTE: &str = concat!(
            "INSERT INTO effacement (dossier, le, motif, sha256) VALUES ($1, ",
            today!(),
            ", $2, $3) ON CONFLICT (dossier) DO UPDATE SET le = ",
            today!(),
            ", motif = $2, sha256 = $3 RETURNING dossier, le, motif, sha256"
        );
        let conservation = self.conservation(id).await?.ok_or(Refusal::UnknownDossier)?;
        if conservation.held.is_some() {
            return Err(Refusal::DossierHeld.into());
        }
        let export = self.export(id).await?.ok_or(Refusal::UnknownDossier)?;
        let number = dossier_number(id);
        self.delete_all(number).await?;
        self.done(ERASURE).await?;
        let values = [Value::Integer(number), Value::Text(reason.code()), Value::Bytes(&export.sha256)];
        let noted = self.row("effacement", NOTE, &values, decode).await?;
        noted.ok_or_else(|| Error::inconsistent("effacement", "dossier", number))
    }

    /// Erases again what was erased after the backup that this database comes from, whatever holds it, and takes over the
    /// notes. Gives how many dossiers were there. A dossier that was made after its erasure's day is another one.
    pub async fn erase_again(&mut self, erasures: &[Effacement], acteur: &Acteur) -> Result<u64, Error> {
        const NOTE: &str = "INSERT INTO effacement (dossier, le, motif, sha256) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (dossier) DO NOTHING";
        const THERE: &str = "SELECT 1 FROM dossier WHERE id = $1 AND cree_le < $2";
        const DAY: i64 = 86_400_000;
        let mut erased = 0;
        for Effacement { dossier, le, reason, sha256 } in erasures {
            let (number, le) = (dossier_number(dossier), le.as_millisecond());
            let values = [Value::Integer(number), Value::Integer(le.saturating_add(DAY))];
            if self.row("dossier", THERE, &values, |row| row.integer(0)).await?.is_some() {
                self.delete_all(number).await?;
                let trace = Trace::new(acteur.clone(), Action::DossierEfface).dossier(dossier);
                self.trace(&trace.detail("again, as before the restore")).await?;
                erased += 1;
            }
            let values = [
                Value::Integer(number),
                Value::Integer(le),
                Value::Text(reason.code()),
                Value::Bytes(sha256),
            ];
            self.execute(NOTE, &values).await?;
        }
        Ok(erased)
    }

    async fn delete_all(&mut self, number: i64) -> Result<(), Error> {
        for table in TABLES {
            if let By(delete) = table.erase {
                self.execute(delete, &[Value::Integer(number)]).await?;
            }
        }
        Ok(())
    }
}

/// A list of erasures as a file of its own, for a restore elsewhere.
pub fn erasures_to_json(erasures: &[Effacement]) -> Json {
    let rows: Vec<Json> = erasures
        .iter()
        .map(|one| {
            json!({
                "IdDossier": one.dossier, "day": one.day(), "reason": one.reason, "sha256": hex(&one.sha256),
            })
        })
        .collect();
    json!({ "format": FORMAT, "erasures": rows })
}

/// Such a file, read again.
pub fn erasures_from_json(text: &str) -> Result<Vec<Effacement>, NotAnErasureList> {
    #[derive(Deserialize)]
    struct List {
        format: String,
        erasures: Vec<One>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct One {
        #[serde(rename = "IdDossier")]
        id_dossier: IdDossier,
        day: Date,
        reason: ErasureReason,
        sha256: String,
    }
    let list: List = serde_json::from_str(text).map_err(|error| NotAnErasureList(error.to_string()))?;
    if list.format != FORMAT {
        return Err(NotAnErasureList(format!("its format is {:?}, not {FORMAT:?}", list.format)));
    }
    let one = |one: One| {
        let le = TimeZone::UTC.to_timestamp(one.day.to_datetime(jiff::civil::Time::midnight())).ok()?;
        let sha256 = unhex(&one.sha256)?;
        Some(Effacement { dossier: one.id_dossier, le, reason: one.reason, sha256 })
    };
    let all: Option<Vec<_>> = list.erasures.into_iter().map(one).collect();
    all.ok_or_else(|| NotAnErasureList("a day or a SHA-256 is none".to_owned()))
}

const FORMAT: &str = "vtpa-erasures-1";

/// What a database knows, read on a connection of whoever is about to replace it.
pub(crate) fn of_connection(connection: &rusqlite::Connection) -> Result<Vec<Effacement>, Error> {
    let mut statement = connection.prepare(ALL)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(decode(&Row::rusqlite("effacement", row))?);
    }
    Ok(all)
}

const ALL: &str = "SELECT dossier, le, motif, sha256 FROM effacement ORDER BY le, dossier";

fn decode(row: &Row<'_>) -> Result<Effacement, Error> {
    let number = row.integer(0)?;
    let inconsistent = |column| Error::inconsistent("effacement", column, number);
    Ok(Effacement {
        dossier: dossier_id("effacement", number)?,
        le: crate::sql::time("effacement", "le", row.integer(1)?)?,
        reason: ErasureReason::from_code(row.text(2)?).ok_or_else(|| inconsistent("motif"))?,
        sha256: row.bytes(3)?.try_into().map_err(|_| inconsistent("sha256"))?,
    })
}

/// The dossier's own part of an export.
fn content(stored: &StoredDossier, history: &[Transition]) -> Result<Json, Error> {
    let demandeur = serde_json::to_value(&stored.demandeur)
        .map_err(|_| Error::inconsistent("dossier", "demandeur", stored.id.as_str()))?;
    let demandes: Vec<Json> = stored.demandes.iter().map(|one| demande(one, history)).collect();
    Ok(json!({
        "IdDossier": stored.id,
        "Demandeur": demandeur,
        "created": stored.cree_le,
        "modified": stored.modifie_le,
        "cancelled": stored.annule,
        "EstRenseigneVoletAdmin": stored.volet_admin,
        "EstRenseigneVoletMedical": stored.volet_medical,
        "EstRenseigneVoletAutonomie": stored.volet_autonomie,
        "demandes": demandes,
    }))
}

fn demande(stored: &StoredDemande, history: &[Transition]) -> Json {
    let steps: Vec<Json> = history
        .iter()
        .filter(|step| step.demande == stored.id)
        .map(|step| {
            json!({
                "at": step.le,
                "from": step.de.map(|de| de.code()),
                "to": step.vers.code(),
                "motif": step.motif,
                "remark": step.remarque,
            })
        })
        .collect();
    json!({
        "IdDemande": stored.id,
        "NumFINISS": stored.etablissement.num_finiss,
        "RaisonSociale": stored.etablissement.raison_sociale,
        "StatutDemande": stored.statut.code(),
        "since": stored.statut_le,
        "cancelled": stored.annulee,
        "created": stored.cree_le,
        "read": stored.lue_le,
        "TypeHebergement": stored.hebergement.code(),
        "Urgence": stored.urgence.code(),
        "motif": stored.motif,
        "remark": stored.remarque,
        "history": steps,
    })
}

/// A row under its columns' names.
fn object(table: &'static str, row: &Row<'_>, columns: &[(&'static str, Kind)]) -> Result<Json, Error> {
    let mut object = Map::new();
    for (index, (name, kind)) in columns.iter().enumerate() {
        let value = match kind {
            Kind::Text => row.maybe_text(index)?.map(Json::from),
            Kind::Time => match row.maybe_integer(index)? {
                Some(le) => Some(json!(crate::sql::time(table, name, le)?)),
                None => None,
            },
        };
        object.insert((*name).to_owned(), value.unwrap_or(Json::Null));
    }
    Ok(Json::Object(object))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (position, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(position * 2..position * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Store;

    /// Every table that refers to a dossier, by a column of that name or by a demande's, or that is one.
    #[tokio::test(flavor = "multi_thread")]
    async fn every_table_with_something_of_a_dossier_is_in_the_list() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vtpa.db");
        Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let raw = rusqlite::Connection::open(&path).unwrap();
        let mut statement = raw
            .prepare(
                "SELECT DISTINCT t.name FROM sqlite_master t JOIN pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND (c.name IN ('dossier', 'demande', 'id_dossier', 'id_demande') \
                 OR t.name IN ('dossier', 'demande', 'journal', 'trace_piece') OR EXISTS (SELECT 1 FROM \
                 pragma_foreign_key_list(t.name) f WHERE f.\"table\" IN ('dossier', 'demande')))",
            )
            .unwrap();
        let there: BTreeSet<String> =
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let listed: BTreeSet<String> = TABLES.iter().map(|table| table.name.to_owned()).collect();
        assert_eq!(there, listed, "crates/storage/src/effacement.rs, TABLES");
    }

    #[test]
    fn a_list_of_erasures_reads_back_and_what_is_none_is_refused() {
        let one = Effacement {
            dossier: IdDossier::parse("1234567890128").or_else(|| IdDossier::parse("0000000000000")).unwrap(),
            le: "2026-11-27T00:00:00Z".parse().unwrap(),
            reason: ErasureReason::Request,
            sha256: [0xa7; 32],
        };
        let text = erasures_to_json(std::slice::from_ref(&one)).to_string();
        assert_eq!(erasures_from_json(&text).unwrap(), [one]);
        for (wrong, why) in [
            (text.replace("erasures-1", "erasures-2"), "its format is"),
            (text.replace("a7a7", "xyz"), "SHA-256"),
            (text.replace("request", "whim"), "unknown variant"),
            ("[]".to_owned(), "not a list of erasures"),
        ] {
            let error = erasures_from_json(&wrong).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
