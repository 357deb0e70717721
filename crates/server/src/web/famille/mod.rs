//! The family's dossier beyond its first page: the three parts, the choice of establishments, sending, answering, cancelling.
//!
//! Every page is of the session's own dossier: no address names one. Every form carries the session's token and is refused
//! from elsewhere (`porte`); what it changes names what its writer saw, so that a form sent twice, or an old one, has no
//! second effect; it is answered by 303, so that the back button and a reload send nothing again.

mod annulation;
mod choix;
mod demande;
mod demandes;
mod envoi;
mod identite;
mod imprimer;
mod personne;
mod porte;
mod proches;
mod volet;
mod vue;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::state::AppState;

pub(in crate::web) use porte::{Cadre, Visite};
pub(in crate::web) use volet::{EtapeVue, GirVue};

/// The longest form, the medical part's: some 8000 characters of four bytes, each byte written as three.
const BODY_BYTES: usize = 128 * 1024;

/// The addresses under `/dossier`.
pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/dossier/proches", get(proches::show).post(proches::save))
        .route("/dossier/personne", get(personne::show).post(personne::save))
        .route("/dossier/administratif/identite", get(identite::show).post(identite::save))
        .route("/dossier/etablissements", get(choix::search))
        .route("/dossier/etablissements/ajouter", get(choix::form).post(choix::add))
        .route("/dossier/etablissements/retirer", post(choix::remove))
        .route("/dossier/envoyer", get(envoi::review).post(envoi::send))
        .route("/dossier/demandes", get(demandes::list))
        .route("/dossier/demandes/{demande}", get(demandes::one))
        .route("/dossier/demandes/{demande}/annuler", get(demande::withdrawal).post(demande::withdraw))
        .route("/dossier/demandes/{demande}/reponse", get(demande::proposal).post(demande::answer))
        .route("/dossier/annuler", get(annulation::ask).post(annulation::cancel))
        .route("/dossier/imprimer", get(imprimer::show))
        .route("/dossier/{volet}", get(volet::summary))
        .route("/dossier/{volet}/{etape}", get(volet::page).post(volet::save))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}
