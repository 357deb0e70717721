//! The list as a file for a spreadsheet: UTF-8 with its mark, semicolons, as the French ones read it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Response};
use storage::FiltreBureau;

use super::liste::Choix;
use super::porte::{Agent, entree};
use crate::clock::day_in_paris;
use crate::state::AppState;
use crate::web::page::failure;
use crate::web::vue::bureau::{COLONNES, cellules};

/// The longest list.
const LIGNES: u32 = 10_000;

/// `GET /etablissement/demandes.csv`
pub(super) async fn csv(State(state): State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    let agent = match entree(&state, &headers).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    match render(&state, &agent, &Choix::of(&uri)).await {
        Ok(text) => {
            let day = day_in_paris(state.clock.now());
            let name = format!("attachment; filename=\"demandes-{}-{day}.csv\"", agent.etablissement());
            ([(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)], text)
                .into_response()
        }
        Err(error) => failure(&error, None),
    }
}

async fn render(state: &AppState, agent: &Agent, choix: &Choix) -> Result<String, storage::Error> {
    agent.sees(state, agent.trace(storage::Action::ListeExportee).code("200")).await?;
    let filtre = FiltreBureau {
        etablissement: agent.etablissement(),
        statuts: choix.groupe().statuts,
        anciennes_d_abord: choix.anciennes_d_abord(),
        depuis: 0,
        limite: LIGNES,
    };
    let wanted = &filtre;
    let lignes = state.store.read(move |reader| Box::pin(async move { reader.bureau_liste(wanted).await }));
    let mut text = String::from("\u{feff}");
    row(&mut text, COLONNES);
    for ligne in lignes.await? {
        let cells = cellules(&ligne);
        row(&mut text, cells.each_ref().map(String::as_str));
    }
    Ok(text)
}

fn row<const N: usize>(text: &mut String, cells: [&str; N]) {
    for (position, cell) in cells.into_iter().enumerate() {
        if position > 0 {
            text.push(';');
        }
        text.push_str(&quoted(cell));
    }
    text.push_str("\r\n");
}

/// A cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it (OWASP, CSV
/// injection), and all is in quotes, so that nothing in it ends the cell.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    // a spreadsheet may drop what it takes for white space and find the formula behind it
    let hidden = cell.trim_start().starts_with(['=', '+', '-', '@']);
    let apostrophe = if formula || hidden { "'" } else { "" };
    format!("\"{apostrophe}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_before_its_end() {
        for (cell, expected) in [
            ("Durand", "\"Durand\""),
            ("", "\"\""),
            ("=1+1", "\"'=1+1\""),
            ("+33 6 12", "\"'+33 6 12\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            (" =1", "\"' =1\""),
            ("\u{a0}=1", "\"'\u{a0}=1\""),
            ("a;b\"c\r\nd", "\"a;b\"\"c\r\nd\""),
            ("\"=1\"", "\"\"\"=1\"\"\""),
        ] {
            assert_eq!(quoted(cell), expected);
        }
    }
}
