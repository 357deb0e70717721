//! `/dossier/annuler`: the whole dossier is cancelled, after a question.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dossier::volet::{Champ, Choix, Etape, Genre, Quand, Reponses};
use storage::{Action, Error, Refusal};

use super::demande::demand;
use super::porte::{self, Cadre, Visite, onward};
use super::vue::{ChampVue, Champs, Entree};
use crate::clock::day_in_paris;
use crate::state::AppState;
use crate::web::page;

static CONFIRMATION: Etape = Etape {
    nom: "confirmation",
    titre: "",
    presentation: "",
    champs: &[Champ {
        nom: "confirmation",
        libelle: "Êtes-vous sûr ?",
        aide: "",
        genre: Genre::Plusieurs(&[Choix { code: "oui", libelle: "Oui, j’annule tout le dossier" }]),
        quand: Quand::Toujours,
        remplissage: "",
    }],
};

#[derive(Template)]
#[template(path = "famille/annuler.html")]
struct PageAnnulation {
    cadre: Cadre,
    style: &'static str,
    /// Demandes that will be stopped.
    en_cours: usize,
    champs: Champs,
}

/// `GET /dossier/annuler`
pub(super) async fn ask(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/annuler").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    if visite.dossier.annule {
        return visite.refused(&Refusal::DossierAnnule.into());
    }
    let fields = CONFIRMATION.champs.iter().map(|champ| ChampVue::stored(champ, &Reponses::default()));
    page::html(StatusCode::OK, &PageAnnulation::new(&visite, &state, fields.collect()))
}

/// `POST /dossier/annuler`
pub(super) async fn cancel(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    sent: porte::Formulaire,
) -> Response {
    let (visite, saisie) = match Visite::receive(&state, &headers, sent).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let mut read = CONFIRMATION.lire(&saisie, &Reponses::default(), day_in_paris(state.clock.now()));
    demand(&CONFIRMATION, &mut read);
    if let Some((_, faute)) = read.fautes.first().copied() {
        let fields = CONFIRMATION.champs.iter().map(|champ| ChampVue::typed(champ, &saisie, Some(faute)));
        let page = PageAnnulation::new(&visite, &state, fields.collect());
        return page::html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let id = visite.id();
    let trace = &visite.trace(Action::DossierAnnule);
    let cancelled = state.store.run("the family cancels the dossier", |tx| {
        Box::pin(async move {
            tx.cancel_dossier(id).await?;
            tx.trace(trace).await
        })
    });
    match cancelled.await {
        Ok(()) | Err(Error::Refused(Refusal::DossierAnnule)) => onward("/dossier?fait=annule"),
        Err(error) => visite.refused(&error),
    }
}

impl PageAnnulation {
    fn new(visite: &Visite, state: &AppState, champs: Champs) -> Self {
        let cadre = visite.cadre(state);
        let demandes = &visite.dossier.demandes;
        Self {
            style: cadre.style,
            cadre,
            en_cours: demandes.iter().filter(|demande| !demande.statut.est_terminee()).count(),
            champs,
        }
    }
}
