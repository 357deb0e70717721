//! `/dossier/personne`: name, birth and address are corrected, by the checks of CreerDossierPA. Partners and establishments
//! see the new values at once; the social security number, by which partners know the person, stays theirs to correct.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dossier::identite::{IDENTITE, connu, corriger, differences};
use dossier::volet::{Lecture, Saisie};
use dossier::{Demandeur, Prive};
use storage::{Action, Error, Refusal};

use super::identite::seen_as;
use super::porte::{self, Cadre, Visite, onward};
use super::vue::{ChampVue, Champs, Entree};
use crate::clock::day_in_paris;
use crate::state::AppState;
use crate::web::page;
use crate::web::vue::textes::numero_masque;

#[derive(Template)]
#[template(path = "famille/personne.html")]
struct PagePersonne {
    cadre: Cadre,
    style: &'static str,
    vu: String,
    champs: Champs,
    /// The social security number, masked, where there is one.
    num_secu: Option<String>,
    annule: bool,
    depasse: bool,
}

/// `GET /dossier/personne`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/personne").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let known = connu(&visite.dossier.demandeur);
    let fields = IDENTITE.champs.iter().map(|champ| ChampVue::stored(champ, &known)).collect();
    page::html(StatusCode::OK, &PagePersonne::new(&visite, &state, fields))
}

/// `POST /dossier/personne`
pub(super) async fn save(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    sent: porte::Formulaire,
) -> Response {
    let (visite, saisie) = match Visite::receive(&state, &headers, sent).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let today = day_in_paris(state.clock.now());
    let tables = state.tables.current();
    let (read, corrected) = corriger(&saisie, &visite.dossier.demandeur, &tables, today);
    let again = |status, depasse| {
        let page = PagePersonne::new(&visite, &state, typed(&saisie, &read));
        page::html(status, &PagePersonne { depasse, ..page })
    };
    let Some(corrected) = corrected else { return again(StatusCode::UNPROCESSABLE_ENTITY, false) };
    match keep(&state, &visite, &corrected, saisie.premier("vu").unwrap_or_default()).await {
        Ok(()) => onward("/dossier?fait=personne"),
        Err(Error::Refused(Refusal::Depasse)) => again(StatusCode::CONFLICT, true),
        Err(error) => visite.refused(&error),
    }
}

/// Over the person that the page showed, and no other. The same form a second time finds what it asks for.
async fn keep(state: &AppState, visite: &Visite, corrected: &Demandeur, vu: &str) -> Result<(), Error> {
    let id = visite.id();
    let trace = &visite.trace(Action::DossierModifie);
    let saved = state.store.run("correct who the person is", |tx| {
        Box::pin(async move {
            let before = tx.dossier(id).await?.ok_or(Refusal::UnknownDossier)?.demandeur;
            // those close to the person have a page of their own, and may have changed meanwhile
            let after = Demandeur { contacts: before.contacts.clone(), ..corrected.clone() };
            let changed = differences(&before, &after);
            if changed.is_empty() {
                tx.untraced("it is so already");
                return Ok(());
            }
            if seen_as(&before) != vu {
                return Err(Refusal::Depasse.into());
            }
            tx.correct_demandeur(id, &after).await?;
            // which fields, and nothing of what stands in them
            tx.trace(&trace.clone().detail(&format!("personne {}", changed.join(" ")))).await
        })
    });
    saved.await
}

fn typed(saisie: &Saisie, read: &Lecture) -> Champs {
    let fault = |nom| read.fautes.iter().find(|(other, _)| *other == nom).map(|(_, faute)| *faute);
    IDENTITE.champs.iter().map(|champ| ChampVue::typed(champ, saisie, fault(champ.nom))).collect()
}

impl PagePersonne {
    fn new(visite: &Visite, state: &AppState, champs: Champs) -> Self {
        let cadre = visite.cadre(state);
        let demandeur = &visite.dossier.demandeur;
        Self {
            style: cadre.style,
            cadre,
            vu: seen_as(demandeur),
            champs,
            num_secu: demandeur.num_secu.as_ref().map(Prive::as_str).map(numero_masque),
            annule: visite.dossier.annule,
            depasse: false,
        }
    }
}
