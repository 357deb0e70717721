//! `/dossier/{administratif,autonomie,medical}`: a part with what is missing, and its pages, each saved by itself.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dossier::volet::aggir::{Adverbe, Modalite, Observation, VARIABLES};
use dossier::volet::{Champ, Etape, EtatEtape, Formulaire, Genre, Reponses, Volet, formulaire};
use storage::{Action, Error, Refusal, StoredVolet};

use super::porte::{self, Cadre, Visite, onward};
use super::vue::{ChampVue, Champs, Entree, manque};
use crate::clock::day_in_paris;
use crate::state::AppState;
use crate::web::page;
use crate::web::vue::textes::{jour, pluriel};

/// A part as a whole.
#[derive(Template)]
#[template(path = "famille/volet.html")]
struct PageVolet {
    cadre: Cadre,
    style: &'static str,
    titre: &'static str,
    presentation: &'static [&'static str],
    adresse: &'static str,
    etapes: Vec<EtapeVue>,
    /// How many pages are missing.
    restent: usize,
    /// What to do next.
    suivante: Option<Suivante>,
    annule: bool,
    gir: Option<GirVue>,
    /// This part is AGGIR's.
    aggir: bool,
}

/// A page of a part, in its list.
pub(in crate::web) struct EtapeVue {
    pub(in crate::web) nom: &'static str,
    pub(in crate::web) titre: &'static str,
    pub(in crate::web) complete: bool,
    pub(in crate::web) etat: String,
    pub(in crate::web) manquent: Vec<String>,
    pub(in crate::web) reponses: Vec<(String, String)>,
}

struct Suivante {
    nom: &'static str,
    titre: &'static str,
    /// Something was answered already.
    deja: bool,
}

/// The GIR, explained.
pub(in crate::web) struct GirVue {
    pub(in crate::web) groupe: u8,
    pub(in crate::web) rang: u8,
    pub(in crate::web) sens: &'static str,
    pub(in crate::web) variables: Vec<(&'static str, &'static str)>,
}

/// A page of a part.
#[derive(Template)]
#[template(path = "famille/etape.html")]
struct PageEtape {
    cadre: Cadre,
    style: &'static str,
    volet: &'static str,
    adresse: &'static str,
    nom: &'static str,
    titre: &'static str,
    presentation: &'static str,
    rang: usize,
    sur: usize,
    revision: i64,
    champs: Champs,
    aggir: bool,
    /// Someone else saved meanwhile.
    depasse: bool,
}

/// `GET /dossier/{volet}`
pub(super) async fn summary(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path(volet): Path<String>,
) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/{volet}").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let Some(volet) = Volet::from_code(&volet) else { return Visite::nowhere(&state, headers).await };
    match stored(&state, &visite, volet).await {
        Ok(stored) => page::html(StatusCode::OK, &PageVolet::new(&visite, &state, volet, &stored)),
        Err(error) => visite.refused(&error),
    }
}

/// `GET /dossier/{volet}/{etape}`
pub(super) async fn page(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path((volet, etape)): Path<(String, String)>,
) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/{volet}/{etape}").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let Some((form, etape)) = named(&volet, &etape) else { return Visite::nowhere(&state, headers).await };
    match stored(&state, &visite, form.volet).await {
        Ok(stored) => {
            let fields = etape.champs.iter().map(|champ| ChampVue::stored(champ, &stored.reponses));
            let page = PageEtape::new(&visite, &state, form, etape, stored.revision, fields.collect());
            page::html(StatusCode::OK, &page)
        }
        Err(error) => visite.refused(&error),
    }
}

/// `POST /dossier/{volet}/{etape}`
pub(super) async fn save(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path((volet, etape)): Path<(String, String)>,
    form: porte::Formulaire,
) -> Response {
    let (visite, saisie) = match Visite::receive(&state, &headers, form).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let Some((form, etape)) = named(&volet, &etape) else { return Visite::nowhere(&state, headers).await };
    let stored = match stored(&state, &visite, form.volet).await {
        Ok(stored) => stored,
        Err(error) => return visite.refused(&error),
    };
    let lecture = etape.lire(&saisie, &stored.reponses, day_in_paris(state.clock.now()));
    let fault =
        |champ: &Champ| lecture.fautes.iter().find(|(nom, _)| *nom == champ.nom).map(|(_, faute)| *faute);
    let again = |status, revision, depasse| {
        let fields = etape.champs.iter().map(|champ| ChampVue::typed(champ, &saisie, fault(champ)));
        let page = PageEtape::new(&visite, &state, form, etape, revision, fields.collect());
        page::html(status, &PageEtape { depasse, ..page })
    };
    let seen = saisie.premier("revision").and_then(|text| text.parse().ok()).unwrap_or(-1);
    if !lecture.fautes.is_empty() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, seen, false);
    }
    match keep(&state, &visite, form, &lecture.reponses, seen).await {
        Ok(()) => {}
        Err(Error::Refused(Refusal::Depasse)) => return again(StatusCode::CONFLICT, stored.revision, true),
        Err(error) => return visite.refused(&error),
    }
    let next = form.suivante(etape).filter(|_| saisie.premier("ensuite") != Some("quitter"));
    match next {
        Some(next) => onward(&format!("/dossier/{}/{}", form.volet.code(), next.nom)),
        None => onward(&format!("/dossier/{}", form.volet.code())),
    }
}

/// Saves a part over the revision that was seen.
pub(super) async fn keep(
    state: &AppState,
    visite: &Visite,
    form: &Formulaire,
    reponses: &Reponses,
    seen: i64,
) -> Result<(), Error> {
    let (id, volet, complete) = (visite.id(), form.volet, form.est_complet(reponses));
    let trace = &visite.trace(Action::VoletEnregistre).detail(volet.code());
    let saved = state.store.run("save a part of a dossier", |tx| {
        Box::pin(async move {
            tx.save_volet(id, volet, reponses, complete, seen).await?;
            tx.trace(trace).await
        })
    });
    saved.await
}

/// A part as it is stored.
pub(super) async fn stored(state: &AppState, visite: &Visite, volet: Volet) -> Result<StoredVolet, Error> {
    let id = visite.id().clone();
    state.store.read(move |reader| Box::pin(async move { reader.volet(&id, volet).await })).await
}

fn named(volet: &str, etape: &str) -> Option<(&'static Formulaire, &'static Etape)> {
    let form = formulaire(Volet::from_code(volet)?);
    Some((form, form.etape(etape)?))
}

impl PageVolet {
    fn new(visite: &Visite, state: &AppState, volet: Volet, stored: &StoredVolet) -> Self {
        let form = formulaire(volet);
        let etapes: Vec<EtapeVue> =
            form.etapes.iter().map(|etape| EtapeVue::new(etape, &stored.reponses)).collect();
        let cadre = visite.cadre(state);
        Self {
            style: cadre.style,
            cadre,
            titre: form.titre,
            presentation: form.presentation,
            adresse: volet.code(),
            restent: etapes.iter().filter(|etape| !etape.complete).count(),
            suivante: etapes.iter().find(|etape| !etape.complete).map(|etape| Suivante {
                nom: etape.nom,
                titre: etape.titre,
                deja: !stored.reponses.est_vide(),
            }),
            etapes,
            annule: visite.dossier.annule,
            gir: GirVue::new(&stored.reponses),
            aggir: volet == Volet::Autonomie,
        }
    }
}

impl EtapeVue {
    pub(in crate::web) fn new(etape: &'static Etape, reponses: &Reponses) -> Self {
        let etat = etape.etat(reponses);
        Self {
            nom: etape.nom,
            titre: etape.titre,
            complete: etat == EtatEtape::Complete,
            etat: match etat {
                EtatEtape::Vide => "À remplir".to_owned(),
                EtatEtape::Incomplete(missing) => {
                    format!("Il manque {missing} {}", pluriel(missing, "réponse"))
                }
                EtatEtape::Complete => "Remplie".to_owned(),
            },
            manquent: match etat {
                EtatEtape::Incomplete(_) => etape.manquent(reponses).map(question).collect(),
                _ => Vec::new(),
            },
            reponses: etape
                .champs
                .iter()
                .filter_map(|champ| Some((question(champ), said(champ, reponses.valeur(champ.nom)?))))
                .collect(),
        }
    }
}

fn question(champ: &Champ) -> String {
    match champ.genre {
        Genre::Activite => format!("La personne {}", champ.libelle),
        _ => champ.libelle.to_owned(),
    }
}

/// An answer in words, days in full.
fn said(champ: &Champ, stored: &str) -> String {
    if let (Genre::DatePassee, Ok(date)) = (champ.genre, stored.parse()) {
        return jour(date);
    }
    champ.dire(stored).unwrap_or_else(|| match Observation::lire(stored) {
        Some(seen) if seen.modalite() == Modalite::A => "Oui, seule".to_owned(),
        Some(seen) if seen.modalite() == Modalite::C => "Non".to_owned(),
        Some(seen) => {
            let missing: Vec<&str> = seen.manquent().map(|adverbe: Adverbe| manque(adverbe)).collect();
            format!("En partie : {}", missing.join(" ; "))
        }
        None => String::new(),
    })
}

impl GirVue {
    pub(in crate::web) fn new(reponses: &Reponses) -> Option<Self> {
        let gir = reponses.gir()?;
        let letters = reponses.modalites().map(|modalite| match modalite {
            Some(Modalite::A) => "A, seule",
            Some(Modalite::B) => "B, en partie",
            Some(Modalite::C) => "C, non",
            None => "Pas encore rempli",
        });
        Some(Self {
            groupe: gir.groupe,
            rang: gir.rang,
            sens: match gir.groupe {
                1 => "La personne a besoin d’une présence continue, pour tout.",
                2 => {
                    "La personne a besoin d’aide pour la plupart des gestes, ou d’une surveillance continue."
                }
                3 => {
                    "La personne a besoin d’aide plusieurs fois par jour pour se laver, s’habiller, se soigner."
                }
                4 => "La personne a besoin d’aide pour se lever, se laver, s’habiller ou manger.",
                5 => "La personne a besoin d’un peu d’aide pour la toilette, les repas ou le ménage.",
                _ => "La personne fait seule les gestes de tous les jours.",
            },
            variables: VARIABLES.iter().map(|variable| variable.nom).zip(letters).collect(),
        })
    }
}

impl PageEtape {
    fn new(
        visite: &Visite,
        state: &AppState,
        form: &'static Formulaire,
        etape: &'static Etape,
        revision: i64,
        champs: Champs,
    ) -> Self {
        let cadre = visite.cadre(state);
        let rank = form.etapes.iter().position(|other| other.nom == etape.nom).unwrap_or_default();
        Self {
            style: cadre.style,
            cadre,
            volet: form.titre,
            adresse: form.volet.code(),
            nom: etape.nom,
            titre: etape.titre,
            presentation: etape.presentation,
            rang: rank + 1,
            sur: form.etapes.len(),
            revision,
            champs,
            aggir: form.volet == Volet::Autonomie,
            depasse: false,
        }
    }
}
