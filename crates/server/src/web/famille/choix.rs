//! `/dossier/etablissements`: establishments are searched, chosen with a kind of stay and an urgency, and taken back before
//! they are asked.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use dossier::volet::{Champ, Choix, Etape, Genre, Quand, Reponses};
use dossier::{StatutDemande, TypeHebergement, UrgenceDemande};
use serde::Deserialize;
use storage::{Action, Error, EtablissementTrouve, Recherche, Refusal};

use super::porte::{self, Cadre, Visite, onward};
use super::vue::{ChampVue, Champs, Entree};
use crate::clock::day_in_paris;
use crate::state::AppState;
use crate::web::page;
use crate::web::vue::demande::{hebergement, urgence};
use crate::web::vue::personne::AdresseVue;
use crate::web::vue::textes::Telephone;

/// How many are shown at once.
const PAR_PAGE: u32 = 10;
/// How many of the own list are shown at once.
const LISTE_PAR_PAGE: usize = 10;
/// How many a dossier may ask (decisions §5).
const DEMANDES_MAX: usize = 40;

/// What the search is asked; absent is not asked.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Question {
    nom: String,
    lieu: String,
    page: u32,
    /// Which page of the own list.
    liste: usize,
}

#[derive(Template)]
#[template(path = "famille/etablissements.html")]
struct PageRecherche {
    cadre: Cadre,
    style: &'static str,
    nom: String,
    lieu: String,
    cherche: bool,
    total: u64,
    trouves: Vec<Trouve>,
    page: u32,
    precedente: Option<String>,
    suivante: Option<String>,
    /// A page of the own list.
    choisis: Vec<Choisi>,
    /// How many are on all its pages.
    choisis_total: usize,
    liste: usize,
    listes: usize,
    liste_precedente: Option<String>,
    liste_suivante: Option<String>,
    envoyees: usize,
    plein: bool,
}

/// An establishment that was found.
struct Trouve {
    num_finiss: String,
    nom: String,
    adresse: Option<AdresseVue>,
    telephone: Option<Telephone>,
    /// It has a demande that is not over.
    demande: bool,
}

/// An establishment that was chosen, and not yet asked.
pub(super) struct Choisi {
    pub(super) demande: i64,
    pub(super) nom: String,
    pub(super) hebergement: &'static str,
    pub(super) urgence: &'static str,
}

/// What is asked of an establishment.
static SEJOUR: Etape = Etape {
    nom: "sejour",
    titre: "",
    presentation: "",
    champs: &[
        Champ {
            nom: "hebergement",
            libelle: "Pour quel séjour ?",
            aide: "",
            genre: Genre::Un(&[
                Choix { code: "Permanent", libelle: "Pour y vivre" },
                Choix { code: "Temporaire", libelle: "Pour un temps limité" },
                Choix { code: "AccueilDeJour", libelle: "Pour la journée" },
                Choix { code: "AccueilDeNuit", libelle: "Pour la nuit" },
                Choix { code: "AccueilSequentiel", libelle: "Par périodes, plusieurs fois dans l’année" },
            ]),
            quand: Quand::Toujours,
            remplissage: "",
        },
        Champ {
            nom: "urgence",
            libelle: "Pour quand ?",
            aide: "",
            genre: Genre::Un(&[
                Choix { code: "Immédiat", libelle: "Tout de suite" },
                Choix { code: "SixMois", libelle: "Dans les six mois" },
                Choix { code: "Eloigne", libelle: "Plus tard" },
            ]),
            quand: Quand::Toujours,
            remplissage: "",
        },
    ],
};

#[derive(Template)]
#[template(path = "famille/ajouter.html")]
struct PageAjout {
    cadre: Cadre,
    style: &'static str,
    num_finiss: String,
    nom: String,
    adresse: Option<AdresseVue>,
    champs: Champs,
}

/// `GET /dossier/etablissements?nom=…&lieu=…&page=…`
pub(super) async fn search(State(state): State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/etablissements").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let question = Query::<Question>::try_from_uri(&uri).map(|Query(question)| question).unwrap_or_default();
    match PageRecherche::new(&state, &visite, question).await {
        Ok(page) => page::html(StatusCode::OK, &page),
        Err(error) => visite.refused(&error),
    }
}

/// `GET /dossier/etablissements/ajouter?finess=…`
pub(super) async fn form(State(state): State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    #[derive(Deserialize)]
    struct Which {
        finess: String,
    }
    let visite = match Visite::open(&state, &headers, "/dossier/etablissements/ajouter").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let Ok(Query(Which { finess })) = Query::<Which>::try_from_uri(&uri) else {
        return Visite::nowhere(&state, headers).await;
    };
    // most ask for the same kind of stay everywhere
    let mut last = Reponses::default();
    if let Some(demande) = visite.dossier.demandes.last() {
        last.poser("hebergement", Some(demande.hebergement.code().into()));
        last.poser("urgence", Some(demande.urgence.code().into()));
    }
    let fields = SEJOUR.champs.iter().map(|champ| ChampVue::stored(champ, &last)).collect();
    match PageAjout::new(&state, &visite, &finess, fields).await {
        Ok(Some(page)) => page::html(StatusCode::OK, &page),
        Ok(None) => Visite::nowhere(&state, headers).await,
        Err(error) => visite.refused(&error),
    }
}

/// `POST /dossier/etablissements/ajouter`
pub(super) async fn add(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    sent: porte::Formulaire,
) -> Response {
    let (visite, saisie) = match Visite::receive(&state, &headers, sent).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let finess = saisie.premier("finess").unwrap_or_default();
    let mut read = SEJOUR.lire(&saisie, &Reponses::default(), day_in_paris(state.clock.now()));
    let missing: Vec<_> = SEJOUR.manquent(&read.reponses).map(|champ| champ.nom).collect();
    for nom in missing {
        if !read.fautes.iter().any(|(other, _)| *other == nom) {
            read.fautes.push((nom, dossier::volet::Faute::PasOffert));
        }
    }
    let stay = read.reponses.valeur("hebergement").and_then(TypeHebergement::from_code);
    let when = read.reponses.valeur("urgence").and_then(UrgenceDemande::from_code);
    let (Some(stay), Some(when), true) = (stay, when, read.fautes.is_empty()) else {
        let fault = |nom| read.fautes.iter().find(|(other, _)| *other == nom).map(|(_, faute)| *faute);
        let fields = SEJOUR.champs.iter().map(|champ| ChampVue::typed(champ, &saisie, fault(champ.nom)));
        return match PageAjout::new(&state, &visite, finess, fields.collect()).await {
            Ok(Some(page)) => page::html(StatusCode::UNPROCESSABLE_ENTITY, &page),
            Ok(None) => Visite::nowhere(&state, headers).await,
            Err(error) => visite.refused(&error),
        };
    };
    let id = visite.id();
    let trace = visite.trace(Action::DemandeAjoutee);
    let added = state.store.run("choose an establishment", |tx| {
        let trace = trace.clone();
        Box::pin(async move {
            let demande = tx.add_demande(id, finess, stay, when).await?;
            tx.trace(&trace.demande(demande)).await
        })
    });
    match added.await {
        // twice is once: it is on the list
        Ok(()) | Err(Error::Refused(Refusal::DemandeEnCours)) => onward("/dossier/etablissements#choisis"),
        Err(Error::Refused(Refusal::TooManyDemandes)) => onward("/dossier/etablissements#choisis"),
        Err(error) => visite.refused(&error),
    }
}

/// `POST /dossier/etablissements/retirer`
pub(super) async fn remove(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    sent: porte::Formulaire,
) -> Response {
    let (visite, saisie) = match Visite::receive(&state, &headers, sent).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let Some(demande) = saisie.premier("demande").and_then(|text| text.parse().ok()) else {
        return Visite::nowhere(&state, headers).await;
    };
    let id = visite.id();
    let trace = &visite.trace(Action::DemandeStatut).demande(demande).detail("NON_ENVOYEE retirée");
    let removed = state.store.run("take an establishment back", |tx| {
        Box::pin(async move {
            tx.remove_demande(id, demande).await?;
            tx.trace(trace).await
        })
    });
    match removed.await {
        Ok(()) => onward("/dossier/etablissements#choisis"),
        Err(error) => visite.refused(&error),
    }
}

/// The demandes that were chosen and not yet sent.
pub(super) fn choisis(visite: &Visite) -> Vec<Choisi> {
    let unsent = visite.dossier.demandes.iter().filter(|demande| demande.statut == StatutDemande::NonEnvoyee);
    unsent
        .map(|demande| Choisi {
            demande: demande.id,
            nom: demande
                .etablissement
                .raison_sociale
                .clone()
                .unwrap_or_else(|| format!("Établissement {}", demande.etablissement.num_finiss)),
            hebergement: hebergement(demande.hebergement),
            urgence: urgence(demande.urgence),
        })
        .collect()
}

impl PageRecherche {
    async fn new(state: &AppState, visite: &Visite, question: Question) -> Result<Self, Error> {
        let trim = |text: &str| text.trim().chars().take(100).collect::<String>();
        let (nom, lieu) = (trim(&question.nom), trim(&question.lieu));
        let cherche = !nom.is_empty() || !lieu.is_empty();
        let page = question.page.min(1000);
        let mut choisis = choisis(visite);
        let choisis_total = choisis.len();
        let listes = choisis_total.div_ceil(LISTE_PAR_PAGE).max(1);
        let liste = question.liste.clamp(1, listes);
        choisis = choisis.into_iter().skip((liste - 1) * LISTE_PAR_PAGE).take(LISTE_PAR_PAGE).collect();
        let found = if cherche { Some(find(state, &nom, &lieu, page).await?) } else { None };
        let (total, found) = found.map_or((0, Vec::new()), |found| (found.total, found.page));
        let address = |page| format!("/dossier/etablissements?{}", query(&nom, &lieu, page));
        let list = |liste| format!("{}&liste={liste}", address(page));
        let demandes = &visite.dossier.demandes;
        let cadre = visite.cadre(state);
        Ok(Self {
            style: cadre.style,
            cadre,
            cherche,
            total,
            trouves: found.into_iter().map(|found| Trouve::new(found, visite)).collect(),
            page: page + 1,
            precedente: page.checked_sub(1).map(address),
            suivante: (u64::from(page + 1) * u64::from(PAR_PAGE) < total).then(|| address(page + 1)),
            envoyees: demandes.len() - choisis_total,
            choisis,
            choisis_total,
            liste,
            listes,
            liste_precedente: (liste > 1).then(|| list(liste - 1)),
            liste_suivante: (liste < listes).then(|| list(liste + 1)),
            plein: demandes.len() >= DEMANDES_MAX || visite.dossier.annule,
            nom,
            lieu,
        })
    }
}

/// By words of the name, and by a postal code, its beginning, or words of a place.
async fn find(state: &AppState, nom: &str, lieu: &str, page: u32) -> Result<storage::Resultats, Error> {
    let (nom, lieu) = (nom.to_owned(), lieu.to_owned());
    let found = state.store.read(move |reader| {
        Box::pin(async move {
            let postal = lieu.bytes().all(|byte| byte.is_ascii_digit());
            let recherche = Recherche {
                texte: Some(&nom),
                commune: (!postal).then_some(lieu.as_str()),
                code_postal: postal.then_some(lieu.as_str()),
                depuis: page * PAR_PAGE,
                limite: PAR_PAGE,
                ..Recherche::default()
            };
            reader.search_etablissements(&recherche).await
        })
    });
    found.await
}

/// A query of these values; what is not a letter or a digit is written as bytes.
fn query(nom: &str, lieu: &str, page: u32) -> String {
    use std::fmt::Write as _;
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |mut text, byte| {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(byte));
            } else {
                // writing to a String cannot fail
                let _ = write!(text, "%{byte:02X}");
            }
            text
        })
    };
    format!("nom={}&lieu={}&page={page}", encode(nom), encode(lieu))
}

impl Trouve {
    fn new(found: EtablissementTrouve, visite: &Visite) -> Self {
        let etablissement = found.etablissement;
        let mut demandes = visite.dossier.demandes.iter();
        Self {
            demande: demandes.any(|demande| {
                demande.etablissement.num_finiss == etablissement.num_finiss && !demande.statut.est_terminee()
            }),
            nom: etablissement
                .raison_sociale
                .unwrap_or_else(|| format!("Établissement {}", etablissement.num_finiss)),
            adresse: etablissement.adresse.as_ref().map(AdresseVue::new),
            telephone: etablissement.telephone.as_deref().map(Telephone::new),
            num_finiss: etablissement.num_finiss,
        }
    }
}

impl PageAjout {
    async fn new(
        state: &AppState,
        visite: &Visite,
        finess: &str,
        champs: Champs,
    ) -> Result<Option<Self>, Error> {
        let wanted = finess.to_owned();
        let found =
            state.store.read(move |reader| Box::pin(async move { reader.etablissement(&wanted).await }));
        let cadre = visite.cadre(state);
        Ok(found.await?.map(|etablissement| Self {
            style: cadre.style,
            cadre,
            nom: etablissement
                .raison_sociale
                .unwrap_or_else(|| format!("Établissement {}", etablissement.num_finiss)),
            adresse: etablissement.adresse.as_ref().map(AdresseVue::new),
            num_finiss: etablissement.num_finiss,
            champs,
        }))
    }
}
