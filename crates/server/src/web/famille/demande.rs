//! `/dossier/demandes/{n}`: a demande is withdrawn, a proposal answered.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dossier::StatutDemande;
use dossier::volet::{Champ, Choix, Etape, Faute, Genre, Lecture, Quand, Reponses, Saisie};
use storage::{Action, Error, Refusal, StoredDemande, Trace};

use super::porte::{self, Cadre, Visite, onward};
use super::vue::{ChampVue, Champs, Entree};
use crate::clock::day_in_paris;
use crate::state::AppState;
use crate::web::page;
use crate::web::vue::demande::Etape as EtatVue;
use crate::web::vue::textes::Telephone;

const MOTIF: Genre = Genre::Un(&[
    Choix { code: "11", libelle: "Une place a été trouvée ailleurs" },
    Choix { code: "12", libelle: "La personne reste chez elle" },
    Choix { code: "13", libelle: "La personne ne souhaite plus de place" },
    Choix { code: "14", libelle: "La personne est décédée" },
    Choix { code: "15", libelle: "Une autre raison" },
]);

const fn champ(
    nom: &'static str,
    libelle: &'static str,
    aide: &'static str,
    genre: Genre,
    quand: Quand,
) -> Champ {
    Champ { nom, libelle, aide, genre, quand, remplissage: "" }
}

const MESSAGE: Champ = champ(
    "message",
    "Un message pour l’établissement",
    "Il sera lu par l’établissement. Vous pouvez laisser cette case vide.",
    Genre::Texte(1000),
    Quand::Libre,
);

/// To withdraw.
static RETRAIT: Etape = Etape {
    nom: "retrait",
    titre: "",
    presentation: "",
    champs: &[champ("motif", "Pour quelle raison ?", "", MOTIF, Quand::Toujours), MESSAGE],
};

/// To answer a proposal.
static REPONSE: Etape = Etape {
    nom: "reponse",
    titre: "",
    presentation: "",
    champs: &[
        champ(
            "reponse",
            "Votre réponse",
            "",
            Genre::Un(&[
                Choix { code: "ADMISSION_ACCEPTEE", libelle: "Oui, nous prenons cette place" },
                Choix { code: "LISTE_ATTENTE", libelle: "Non, mais gardez-nous sur la liste d’attente" },
                Choix { code: "ANNULEE", libelle: "Non, et nous retirons notre demande" },
            ]),
            Quand::Toujours,
        ),
        champ(
            "motif",
            "Si vous retirez la demande, pour quelle raison ?",
            "",
            MOTIF,
            Quand::Si("reponse", &["ANNULEE"]),
        ),
        MESSAGE,
    ],
};

#[derive(Template)]
#[template(path = "famille/demande.html")]
struct PageDemande {
    cadre: Cadre,
    style: &'static str,
    id: i64,
    nom: String,
    telephone: Option<Telephone>,
    etat: EtatVue,
    statut: &'static str,
    champs: Champs,
    /// A proposal is answered; else the demande is withdrawn.
    reponse: bool,
    /// What the establishment said.
    remarque: Option<String>,
}

/// `GET /dossier/demandes/{n}/annuler`
pub(super) async fn withdrawal(
    state: State<Arc<AppState>>,
    headers: HeaderMap,
    demande: Path<String>,
) -> Response {
    show(state, headers, demande, false).await
}

/// `GET /dossier/demandes/{n}/reponse`
pub(super) async fn proposal(
    state: State<Arc<AppState>>,
    headers: HeaderMap,
    demande: Path<String>,
) -> Response {
    show(state, headers, demande, true).await
}

async fn show(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path(demande): Path<String>,
    reponse: bool,
) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/demandes/{demande}").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let Some(demande) = own(&visite, &demande) else { return Visite::nowhere(&state, headers).await };
    if !possible(demande.statut, reponse) {
        return visite.refused(&Refusal::Depasse.into());
    }
    let fields = form(reponse).champs.iter().map(|champ| ChampVue::stored(champ, &Reponses::default()));
    page::html(StatusCode::OK, &PageDemande::new(&visite, &state, demande, reponse, fields.collect()))
}

/// `POST /dossier/demandes/{n}/annuler`
pub(super) async fn withdraw(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path(demande): Path<String>,
    sent: porte::Formulaire,
) -> Response {
    act(state, headers, &demande, sent, false).await
}

/// `POST /dossier/demandes/{n}/reponse`
pub(super) async fn answer(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path(demande): Path<String>,
    sent: porte::Formulaire,
) -> Response {
    act(state, headers, &demande, sent, true).await
}

async fn act(
    state: Arc<AppState>,
    headers: HeaderMap,
    demande: &str,
    sent: porte::Formulaire,
    reponse: bool,
) -> Response {
    let (visite, saisie) = match Visite::receive(&state, &headers, sent).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let Some(demande) = own(&visite, demande) else { return Visite::nowhere(&state, headers).await };
    let form = form(reponse);
    let mut read = form.lire(&saisie, &Reponses::default(), day_in_paris(state.clock.now()));
    demand(form, &mut read);
    let vers = if reponse {
        read.reponses.valeur("reponse").and_then(StatutDemande::from_code)
    } else {
        Some(StatutDemande::Annulee)
    };
    let (Some(vers), true) = (vers, read.fautes.is_empty()) else {
        let fields = typed(form, &saisie, &read);
        let page = PageDemande::new(&visite, &state, demande, reponse, fields);
        return page::html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let seen = saisie.premier("statut").and_then(StatutDemande::from_code);
    let (motif, message) = (read.reponses.valeur("motif"), read.reponses.valeur("message"));
    let trace = visite.trace(Action::DemandeStatut).demande(demande.id);
    match change(&state, &trace, demande.id, (seen, vers), motif, message).await {
        Ok(()) => onward(match vers {
            StatutDemande::AdmissionAcceptee => "/dossier?fait=acceptee",
            StatutDemande::ListeAttente => "/dossier?fait=attente",
            _ => "/dossier?fait=retiree",
        }),
        Err(error) => visite.refused(&error),
    }
}

/// From the state that the page showed, and from no other. Where it is as asked for already, nothing is left to do.
async fn change(
    state: &AppState,
    trace: &Trace,
    demande: i64,
    (seen, vers): (Option<StatutDemande>, StatutDemande),
    motif: Option<&str>,
    message: Option<&str>,
) -> Result<(), Error> {
    let changed = state.store.run("the family changes a demande", |tx| {
        Box::pin(async move {
            match tx.demande(demande).await? {
                Some((_, statut)) if statut == vers => Ok(()),
                Some((_, statut)) if Some(statut) == seen => {
                    tx.change_statut(demande, vers, motif, message).await?;
                    let detail = format!("{} {}", statut.code(), vers.code());
                    tx.trace(&trace.clone().detail(&detail)).await
                }
                _ => Err(Refusal::Depasse.into()),
            }
        })
    });
    changed.await
}

/// A demande of this dossier; another's is none.
pub(super) fn own<'v>(visite: &'v Visite, demande: &str) -> Option<&'v StoredDemande> {
    let id: i64 = demande.parse().ok()?;
    visite.dossier.demandes.iter().find(|demande| demande.id == id)
}

/// What the family may do with a demande in this state (decisions §5): withdraw what was sent and is not over, answer a
/// proposal. What was never sent is taken back on the page of choices.
fn possible(statut: StatutDemande, reponse: bool) -> bool {
    match reponse {
        true => statut == StatutDemande::AdmissionProposee,
        false => statut != StatutDemande::NonEnvoyee && statut.peut_devenir(StatutDemande::Annulee),
    }
}

fn form(reponse: bool) -> &'static Etape {
    if reponse { &REPONSE } else { &RETRAIT }
}

/// Unlike a part, this cannot be sent half answered.
pub(super) fn demand(form: &'static Etape, read: &mut Lecture) {
    let missing: Vec<&str> = form.manquent(&read.reponses).map(|champ| champ.nom).collect();
    let missing = form.champs.iter().map(|champ| champ.nom).filter(|nom| missing.contains(nom));
    for nom in missing.collect::<Vec<_>>() {
        if !read.fautes.iter().any(|(other, _)| *other == nom) {
            read.fautes.push((nom, Faute::PasOffert));
        }
    }
}

fn typed(form: &'static Etape, saisie: &Saisie, read: &Lecture) -> Champs {
    let fault = |nom| read.fautes.iter().find(|(other, _)| *other == nom).map(|(_, faute)| *faute);
    form.champs.iter().map(|champ| ChampVue::typed(champ, saisie, fault(champ.nom))).collect()
}

impl PageDemande {
    fn new(
        visite: &Visite,
        state: &AppState,
        demande: &StoredDemande,
        reponse: bool,
        champs: Champs,
    ) -> Self {
        let cadre = visite.cadre(state);
        let etablissement = &demande.etablissement;
        let nom = etablissement.raison_sociale.clone();
        Self {
            style: cadre.style,
            cadre,
            id: demande.id,
            nom: nom.unwrap_or_else(|| format!("Établissement {}", etablissement.num_finiss)),
            telephone: etablissement.telephone.as_deref().map(Telephone::new),
            etat: EtatVue::de_la_demande(demande.statut),
            statut: demande.statut.code(),
            champs,
            reponse,
            remarque: demande.remarque.as_ref().map(|remarque| remarque.as_str().to_owned()),
        }
    }
}
