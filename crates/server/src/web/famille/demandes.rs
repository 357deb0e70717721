//! `/dossier/demandes`: every demande in a list, a page at a time; `/dossier/demandes/{n}`: one of them with all that happened.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::demande::own;
use super::porte::{Cadre, Visite};
use crate::state::AppState;
use crate::web::page;
use crate::web::vue::demande::{Demande, Geste, Groupe};
use crate::web::vue::textes::pluriel;

/// So many that a page stays under 30 kB, whatever the names.
const PAR_PAGE: usize = 12;
/// Events of a demande, each with a message of 1000 characters at most.
const EVENEMENTS: usize = 8;

/// What an address asks for; what cannot be is as if it were not there.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Choix {
    groupe: String,
    page: String,
}

impl Choix {
    fn of(uri: &Uri) -> Self {
        Query::<Self>::try_from_uri(uri).map(|Query(choix)| choix).unwrap_or_default()
    }

    /// From 1 to `pages`.
    fn page(&self, pages: usize) -> usize {
        self.page.parse().unwrap_or(1).clamp(1, pages.max(1))
    }
}

#[derive(Template)]
#[template(path = "famille/demandes.html")]
struct PageDemandes {
    cadre: Cadre,
    style: &'static str,
    titre: &'static str,
    nombre: usize,
    mot: String,
    groupes: Vec<Groupe>,
    /// One group alone.
    filtre: bool,
    page: usize,
    pages: usize,
    precedente: Option<String>,
    suivante: Option<String>,
    annule: bool,
}

#[derive(Template)]
#[template(path = "famille/suivi.html")]
struct PageSuivi {
    cadre: Cadre,
    style: &'static str,
    demande: Demande,
    page: usize,
    pages: usize,
    precedente: Option<String>,
    suivante: Option<String>,
    annule: bool,
}

/// `GET /dossier/demandes?groupe=…&page=…`
pub(super) async fn list(State(state): State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    match Visite::open(&state, &headers, "/dossier/demandes").await {
        Ok(visite) => {
            page::html(StatusCode::OK, &PageDemandes::new(&visite, visite.cadre(&state), &Choix::of(&uri)))
        }
        Err(page) => page,
    }
}

/// `GET /dossier/demandes/{n}?page=…`
pub(super) async fn one(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path(demande): Path<String>,
    uri: Uri,
) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/demandes/{demande}").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let Some(demande) = own(&visite, &demande) else { return Visite::nowhere(&state, headers).await };
    let id = visite.id().clone();
    let history = state.store.read(move |reader| Box::pin(async move { reader.history(&id).await }));
    match history.await {
        Ok(history) => {
            let demande = Demande::new(demande, &history);
            page::html(
                StatusCode::OK,
                &PageSuivi::new(&visite, visite.cadre(&state), demande, &Choix::of(&uri)),
            )
        }
        Err(error) => visite.refused(&error),
    }
}

/// The addresses of the page before and of the page after.
fn around(page: usize, pages: usize, address: impl Fn(usize) -> String) -> (Option<String>, Option<String>) {
    ((page > 1).then(|| address(page - 1)), (page < pages).then(|| address(page + 1)))
}

impl PageDemandes {
    fn new(visite: &Visite, cadre: Cadre, choix: &Choix) -> Self {
        let annule = visite.dossier.annule;
        let mut groupes = Groupe::tous(&visite.dossier.demandes, annule);
        let filtre = groupes.iter().any(|groupe| groupe.code == choix.groupe);
        let titre = match groupes.iter().find(|groupe| groupe.code == choix.groupe) {
            Some(groupe) => groupe.titre,
            None => "Toutes les demandes",
        };
        groupes.retain(|groupe| !filtre || groupe.code == choix.groupe);
        let nombre = groupes.iter().map(|groupe| groupe.total).sum::<usize>();
        let pages = nombre.div_ceil(PAR_PAGE).max(1);
        let page = choix.page(pages);
        let shown = (page - 1) * PAR_PAGE..page * PAR_PAGE;
        let mut rank = 0;
        for groupe in &mut groupes {
            groupe.demandes.retain(|_| {
                rank += 1;
                shown.contains(&(rank - 1))
            });
        }
        groupes.retain(|groupe| !groupe.demandes.is_empty());
        let query = if filtre { format!("groupe={}&", choix.groupe) } else { String::new() };
        let (precedente, suivante) =
            around(page, pages, |page| format!("/dossier/demandes?{query}page={page}"));
        Self {
            style: cadre.style,
            cadre,
            titre,
            nombre,
            mot: pluriel(nombre, "demande"),
            groupes,
            filtre,
            page,
            pages,
            precedente,
            suivante,
            annule,
        }
    }
}

impl PageSuivi {
    fn new(visite: &Visite, cadre: Cadre, mut demande: Demande, choix: &Choix) -> Self {
        let pages = demande.histoire.len().div_ceil(EVENEMENTS).max(1);
        let page = choix.page(pages);
        let shown = demande.histoire.drain(..).skip((page - 1) * EVENEMENTS).take(EVENEMENTS).collect();
        demande.histoire = shown;
        let id = demande.id;
        let (precedente, suivante) =
            around(page, pages, |page| format!("/dossier/demandes/{id}?page={page}"));
        Self {
            style: cadre.style,
            cadre,
            demande,
            page,
            pages,
            precedente,
            suivante,
            annule: visite.dossier.annule,
        }
    }
}
