//! Rows, written; each waits for its link of the chain from then on.

use serde::Serialize;

use super::{Acteur, Piece, Trace};
use crate::{
    Error, Store, Tx,
    sql::{Value, hex, json, now},
    writer::Durability,
};

/// What a row says, in the order of the statement's places; bytes as hexadecimal digits.
#[derive(Serialize)]
struct Ligne<'a>(
    u64,
    &'static str,
    Option<i64>,
    Option<String>,
    Option<&'a str>,
    Option<&'a str>,
    &'static str,
    Option<i64>,
    Option<i64>,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    Option<String>,
    Option<String>,
);

impl<'a> Ligne<'a> {
    fn of(trace: &'a Trace) -> Self {
        let (application, certificat, id_local, compte) = match &trace.acteur {
            Acteur::Partenaire { application, certificat, id_local } => {
                (*application, Some(hex(certificat)), id_local.as_deref(), None)
            }
            Acteur::Famille { application } => (*application, None, None, None),
            Acteur::Etablissement { compte } | Acteur::Operateur { compte } => {
                (None, None, None, Some(compte.as_str()))
            }
            Acteur::Systeme => (None, None, None, None),
        };
        let sha256 = |piece: &Option<Piece>| piece.as_ref().map(|piece| hex(&piece.sha256));
        Self(
            trace.age,
            trace.acteur.genre(),
            application.map(|application| application.0),
            certificat,
            id_local,
            compte,
            trace.action.name(),
            trace.dossier,
            trace.demande,
            trace.code.as_deref(),
            trace.detail.as_deref(),
            trace.message_id.as_deref(),
            trace.reference.as_deref(),
            sha256(&trace.requete),
            sha256(&trace.assertion),
        )
    }
}

impl Tx<'_> {
    /// Traces what this transaction does: the trace is there if the act is, and the act if the trace is. Every transaction
    /// that changes data calls it.
    pub async fn trace(&mut self, trace: &Trace) -> Result<(), Error> {
        self.traces(std::slice::from_ref(trace)).await
    }

    /// Says that this transaction changes data and traces nothing, and why. Without either it is told in the log
    /// and counted ([`Statistics::untraced`](crate::Statistics)); `cargo xtask tidy` looks for one of them in each.
    pub fn untraced(&mut self, because: &'static str) {
        self.accounted = Some(because);
    }

    pub(crate) async fn traces(&mut self, traces: &[Trace]) -> Result<(), Error> {
        self.accounted = Some("traced");
        const ROWS: &str = concat!(
            "INSERT INTO trace (le, acteur, application, certificat, id_local, compte, action, dossier, demande, code,",
            " detail, message_id, reference, requete, assertion)",
            " SELECT ",
            now!(),
            " - CAST(value ->> 0 AS BIGINT), value ->> 1, CAST(value ->> 2 AS BIGINT), unhex(value ->> 3), value ->> 4,",
            " value ->> 5, value ->> 6, COALESCE(CAST(value ->> 7 AS BIGINT),",
            // who asks about a dossier finds what was done to its demandes
            " (SELECT d.dossier FROM demande d WHERE d.id = CAST(value ->> 8 AS BIGINT))),",
            " CAST(value ->> 8 AS BIGINT), value ->> 9,",
            " value ->> 10, value ->> 11, value ->> 12, unhex(value ->> 13), unhex(value ->> 14)",
            " FROM json_each($1) l ORDER BY key RETURNING id, le"
        );
        const WAITING: &str = concat!(
            "INSERT INTO trace_attente (trace, le)",
            " SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT) FROM json_each($1) l"
        );
        const PIECES: &str = concat!(
            "INSERT INTO trace_piece (sha256, le, contenu) SELECT value ->> 0, ",
            now!(),
            ", unhex(value ->> 1) FROM json_each($1) l WHERE true ON CONFLICT DO NOTHING"
        );
        let lignes: Vec<Ligne<'_>> = traces.iter().map(Ligne::of).collect();
        let written = self
            .rows("trace", ROWS, &[Value::Text(&json(&lignes)?)], |row| {
                Ok((row.integer(0)?, row.integer(1)?))
            })
            .await?;
        self.execute(WAITING, &[Value::Text(&json(&written)?)]).await?;
        let mut pieces = Vec::new();
        for (sha256, contenu) in traces.iter().flat_map(kept) {
            let sha256 = hex(sha256);
            let sealed = self.seal("trace_piece", "contenu", &sha256, contenu).await?;
            pieces.push((sha256, hex(&sealed)));
        }
        if !pieces.is_empty() {
            self.execute(PIECES, &[Value::Text(&json(&pieces)?)]).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Traces what only read, many at once: on disk when this returns.
    pub async fn trace_all(&self, traces: &[Trace]) -> Result<(), Error> {
        if traces.is_empty() {
            return Ok(());
        }
        self.transaction("trace", Durability::Apart, |tx| Box::pin(tx.traces(traces))).await
    }
}

/// What is kept beside a row.
fn kept(trace: &Trace) -> impl Iterator<Item = (&[u8; 32], &[u8])> {
    let pieces = [&trace.requete, &trace.assertion].into_iter().flatten();
    pieces.filter_map(|piece| Some((&piece.sha256, piece.contenu.as_deref()?)))
}
