//! The list: what waits for the establishment first, the longest waiting at its head.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use dossier::StatutDemande;
use serde::Deserialize;
use storage::FiltreBureau;

use super::page::Cadre;
use super::porte::{Agent, entree, to};
use crate::state::AppState;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::page::{failure, html};
use crate::web::vue::bureau::Ligne;

/// Few enough that a page stays light.
const PAR_PAGE: u32 = 15;

/// Some states together, under a name.
pub(super) struct Groupe {
    /// In addresses.
    pub(super) code: &'static str,
    nom: &'static str,
    pub(super) statuts: &'static [StatutDemande],
}

use StatutDemande as S;

/// What waits for the establishment.
const A_TRAITER: &[S] = &[S::Envoyee, S::Recue, S::AdmissionAcceptee];

pub(super) const GROUPES: &[Groupe] = &[
    Groupe { code: "a-traiter", nom: "À traiter", statuts: A_TRAITER },
    Groupe { code: "nouvelles", nom: "Nouvelles", statuts: &[S::Envoyee] },
    Groupe { code: "a-etudier", nom: "À étudier", statuts: &[S::Recue] },
    Groupe { code: "liste-attente", nom: "Liste d’attente", statuts: &[S::ListeAttente] },
    Groupe { code: "proposees", nom: "Place proposée", statuts: &[S::AdmissionProposee] },
    Groupe { code: "acceptees", nom: "Place acceptée", statuts: &[S::AdmissionAcceptee] },
    Groupe { code: "accueillies", nom: "Accueillies", statuts: &[S::AdmissionEffectuee] },
    Groupe { code: "refusees", nom: "Refusées", statuts: &[S::Refusee] },
    Groupe { code: "annulees", nom: "Annulées ou classées", statuts: &[S::Annulee, S::Archivee] },
    Groupe {
        code: "toutes",
        nom: "Toutes",
        statuts: &[
            S::Envoyee,
            S::Recue,
            S::ListeAttente,
            S::AdmissionProposee,
            S::AdmissionAcceptee,
            S::AdmissionEffectuee,
            S::Refusee,
            S::Annulee,
            S::Archivee,
        ],
    },
];

/// What an address asks for; what cannot be is as if it were not there.
#[derive(Deserialize, Default)]
pub(super) struct Choix {
    etat: Option<String>,
    tri: Option<String>,
    page: Option<String>,
}

impl Choix {
    pub(super) fn of(uri: &Uri) -> Self {
        Query::<Self>::try_from_uri(uri).map_or_else(|_| Self::default(), |Query(choix)| choix)
    }

    pub(super) fn groupe(&self) -> &'static Groupe {
        const FIRST: Groupe = Groupe { code: "a-traiter", nom: "À traiter", statuts: A_TRAITER };
        let asked = self.etat.as_deref().unwrap_or_default();
        GROUPES.iter().find(|groupe| groupe.code == asked).unwrap_or(&FIRST)
    }

    pub(super) fn anciennes_d_abord(&self) -> bool {
        self.tri.as_deref() != Some("recentes")
    }

    /// Counted from 1.
    fn page(&self) -> u32 {
        self.page.as_deref().and_then(|page| page.parse().ok()).filter(|page| *page > 0).unwrap_or(1)
    }
}

#[derive(Template)]
#[template(path = "etablissement/liste.html")]
struct Page {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
    /// How many wait for an answer.
    attendent: u64,
    onglets: Vec<Onglet>,
    choisi: &'static Groupe,
    anciennes_d_abord: bool,
    lignes: Vec<Ligne>,
    page: u32,
    pages: u32,
    /// There is another page.
    suite: bool,
}

struct Onglet {
    code: &'static str,
    nom: &'static str,
    nombre: u64,
    ici: bool,
}

/// `GET /etablissement`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    let agent = match entree(&state, &headers).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    match super::reprise::waits(&state, &headers, &agent).await {
        Ok(true) => return to(super::reprise::ADRESSE),
        Ok(false) => {}
        Err(error) => return failure(&error, None),
    }
    match render(&state, &agent, &Choix::of(&uri)).await {
        Ok(page) => html(StatusCode::OK, &page),
        Err(error) => failure(&error, None),
    }
}

async fn render(state: &AppState, agent: &Agent, choix: &Choix) -> Result<Page, storage::Error> {
    let page = agent.trace(storage::Action::PageVue).detail("etablissement").code("200");
    agent.sees(state, page).await?;
    let groupe = choix.groupe();
    let (etablissement, anciennes_d_abord) = (agent.etablissement(), choix.anciennes_d_abord());
    let found = state.store.read(move |reader| {
        Box::pin(async move {
            let nombres = reader.bureau_nombres(etablissement).await?;
            // a page that was the last but one while the list was longer shows what is the last now
            let page = choix.page().min(pages(&nombres, groupe.statuts));
            let filtre = FiltreBureau {
                etablissement,
                statuts: groupe.statuts,
                anciennes_d_abord,
                depuis: (page - 1).saturating_mul(PAR_PAGE),
                limite: PAR_PAGE,
            };
            Ok((reader.bureau_liste(&filtre).await?, nombres, page))
        })
    });
    let (lignes, nombres, page) = found.await?;
    let count = |statuts| count(&nombres, statuts);
    let onglets = GROUPES.iter().map(|one| Onglet {
        code: one.code,
        nom: one.nom,
        nombre: count(one.statuts),
        ici: one.code == groupe.code,
    });
    let now = state.clock.now();
    let pages = pages(&nombres, groupe.statuts);
    Ok(Page {
        style: style_path(),
        feuille: desk_style_path(),
        cadre: agent.cadre(state).await?,
        attendent: count(A_TRAITER),
        // what is empty is not worth a tab, but for where one is
        onglets: onglets
            .filter(|one| one.ici || one.nombre > 0 || matches!(one.code, "a-traiter" | "toutes"))
            .collect(),
        choisi: groupe,
        anciennes_d_abord,
        lignes: lignes.iter().map(|ligne| Ligne::new(ligne, now)).collect(),
        page,
        pages,
        suite: page < pages,
    })
}

/// How many demandes are in these states.
fn count(nombres: &[(StatutDemande, u64)], statuts: &[StatutDemande]) -> u64 {
    nombres.iter().filter(|(statut, _)| statuts.contains(statut)).map(|(_, count)| count).sum()
}

/// How many pages these states fill: one at least.
fn pages(nombres: &[(StatutDemande, u64)], statuts: &[StatutDemande]) -> u32 {
    u32::try_from(count(nombres, statuts).div_ceil(PAR_PAGE.into())).unwrap_or(u32::MAX).max(1)
}
