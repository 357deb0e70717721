//! `/dossier/envoyer`: what will be sent is looked at once more, then sent, all at once.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dossier::StatutDemande;
use storage::Action;

use super::choix::{Choisi, choisis};
use super::porte::{self, Cadre, Visite, onward};
use crate::state::AppState;
use crate::web::page;

#[derive(Template)]
#[template(path = "famille/envoyer.html")]
struct PageEnvoi {
    cadre: Cadre,
    style: &'static str,
    choisis: Vec<Choisi>,
    /// Parts that are not filled in: name and address.
    manquent: Vec<(&'static str, &'static str)>,
    annule: bool,
}

/// `GET /dossier/envoyer`
pub(super) async fn review(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/envoyer").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let dossier = &visite.dossier;
    let parts = [
        (dossier.volet_admin, "la partie administrative", "administratif"),
        (dossier.volet_autonomie, "la partie autonomie", "autonomie"),
        (dossier.volet_medical, "la partie médicale", "medical"),
    ];
    let cadre = visite.cadre(&state);
    let page = PageEnvoi {
        style: cadre.style,
        cadre,
        choisis: choisis(&visite),
        manquent: parts.iter().filter(|part| !part.0).map(|part| (part.1, part.2)).collect(),
        annule: dossier.annule,
    };
    page::html(StatusCode::OK, &page)
}

/// `POST /dossier/envoyer`: the demandes that the page showed. Those that were sent meanwhile stay as they are, so that
/// sending twice sends once.
pub(super) async fn send(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    sent: porte::Formulaire,
) -> Response {
    let (visite, saisie) = match Visite::receive(&state, &headers, sent).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let shown: Vec<i64> = saisie.tous("demande").filter_map(|text| text.parse().ok()).collect();
    let (id, shown) = (visite.id(), &shown);
    let trace = &visite.trace(Action::DemandeStatut).detail("NON_ENVOYEE ENVOYEE");
    let sent = state.store.run("send demandes", |tx| {
        Box::pin(async move {
            for demande in shown {
                match tx.demande(*demande).await? {
                    Some((owner, StatutDemande::NonEnvoyee)) if owner == *id => {
                        tx.change_statut(*demande, StatutDemande::Envoyee, None, None).await?;
                        tx.trace(&trace.clone().demande(*demande)).await?;
                    }
                    _ => {}
                }
            }
            Ok(())
        })
    });
    match sent.await {
        Ok(()) => onward("/dossier?fait=envoi"),
        Err(error) => visite.refused(&error),
    }
}
