//! `/dossier/imprimer`: everything on paper, the three parts with their answers, A4, without a button.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dossier::volet::{Volet, formulaire};
use storage::{Error, StoredVolet, Transition};

use super::porte::{Cadre, Visite};
use super::volet::{EtapeVue, GirVue};
use crate::state::AppState;
use crate::web::page;
use crate::web::vue::demande::Demande;
use crate::web::vue::personne::{Contact, Personne};
use crate::web::vue::textes;

#[derive(Template)]
#[template(path = "famille/imprimer.html")]
struct PageImprimee {
    cadre: Cadre,
    style: &'static str,
    numero: Vec<String>,
    personne: Personne,
    contacts: Vec<Contact>,
    demandes: Vec<Demande>,
    volets: Vec<VoletImprime>,
    gir: Option<GirVue>,
    annule: bool,
}

struct VoletImprime {
    titre: &'static str,
    rempli: bool,
    etapes: Vec<EtapeVue>,
}

/// `GET /dossier/imprimer`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/imprimer").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    match read(&state, &visite).await {
        Ok((history, volets)) => {
            page::html(StatusCode::OK, &PageImprimee::new(&state, &visite, &history, &volets))
        }
        Err(error) => visite.refused(&error),
    }
}

type Read = (Vec<Transition>, std::collections::HashMap<Volet, StoredVolet>);

async fn read(state: &AppState, visite: &Visite) -> Result<Read, Error> {
    let id = visite.id().clone();
    let read = state.store.read(move |reader| {
        Box::pin(async move { Ok((reader.history(&id).await?, reader.volets(&id).await?)) })
    });
    read.await
}

impl PageImprimee {
    fn new(
        state: &AppState,
        visite: &Visite,
        history: &[Transition],
        volets: &std::collections::HashMap<Volet, StoredVolet>,
    ) -> Self {
        let dossier = &visite.dossier;
        let cadre = visite.cadre(state);
        let none = StoredVolet::default();
        let part = |volet| &volets.get(&volet).unwrap_or(&none).reponses;
        Self {
            style: cadre.style,
            cadre,
            numero: textes::groupes(dossier.id.as_str()),
            personne: Personne::new(&dossier.demandeur),
            contacts: (1..)
                .zip(&dossier.demandeur.contacts)
                .map(|(rang, contact)| Contact::new(rang, contact))
                .collect(),
            demandes: dossier.demandes.iter().map(|demande| Demande::new(demande, history)).collect(),
            volets: Volet::TOUS
                .into_iter()
                .map(|volet| VoletImprime {
                    titre: formulaire(volet).titre,
                    rempli: match volet {
                        Volet::Admin => dossier.volet_admin,
                        Volet::Autonomie => dossier.volet_autonomie,
                        Volet::Medical => dossier.volet_medical,
                    },
                    etapes: formulaire(volet)
                        .etapes
                        .iter()
                        .map(|etape| EtapeVue::new(etape, part(volet)))
                        .collect(),
                })
                .collect(),
            gir: GirVue::new(part(Volet::Autonomie)),
            annule: dossier.annule,
        }
    }
}
