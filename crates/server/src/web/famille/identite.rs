//! `/dossier/administratif/identite`: who the person is, as the partner said; their telephone and mail can be corrected.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dossier::volet::{
    Champ, Choix, Etape, Formulaire, Genre, Lecture, Quand, Reponses, Saisie, Volet, formulaire,
};
use dossier::{Demandeur, Prive};
use storage::{Action, Error, Refusal};

use super::porte::{self, Cadre, Visite, mark, onward};
use super::volet::stored;
use super::vue::{ChampVue, Champs, Entree};
use crate::clock::day_in_paris;
use crate::state::AppState;
use crate::web::page;
use crate::web::vue::personne::Personne;

/// How the person can be reached, within the contract's lengths.
static COORDONNEES: Etape = Etape {
    nom: "identite",
    titre: "",
    presentation: "",
    champs: &[
        Champ {
            nom: "telephone-fixe",
            libelle: "Téléphone fixe de la personne",
            aide: "Par exemple : 04 74 00 00 12",
            genre: Genre::Telephone(15),
            quand: Quand::Libre,
            remplissage: "",
        },
        Champ {
            nom: "telephone-portable",
            libelle: "Téléphone portable de la personne",
            aide: "Par exemple : 06 00 00 00 13",
            genre: Genre::Telephone(15),
            quand: Quand::Libre,
            remplissage: "",
        },
        Champ {
            nom: "mail",
            libelle: "Courriel",
            aide: "Par exemple : marguerite.vernoux@exemple.fr",
            genre: Genre::Mail(75),
            quand: Quand::Libre,
            remplissage: "",
        },
        Champ {
            nom: "contacter",
            libelle: "Peut-on appeler la personne elle-même ?",
            aide: "",
            genre: Genre::Un(&[
                Choix { code: "oui", libelle: "Oui" },
                Choix { code: "non", libelle: "Non, appelez un proche" },
            ]),
            quand: Quand::Libre,
            remplissage: "",
        },
    ],
};

#[derive(Template)]
#[template(path = "famille/identite.html")]
struct PageIdentite {
    cadre: Cadre,
    style: &'static str,
    personne: Personne,
    rang: usize,
    sur: usize,
    revision: i64,
    vu: String,
    champs: Champs,
    depasse: bool,
}

/// `GET /dossier/administratif/identite`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let visite = match Visite::open(&state, &headers, "/dossier/administratif/identite").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let stored = match stored(&state, &visite, Volet::Admin).await {
        Ok(stored) => stored,
        Err(error) => return visite.refused(&error),
    };
    let known = known(&visite.dossier.demandeur);
    let fields = COORDONNEES.champs.iter().map(|champ| ChampVue::stored(champ, &known));
    let asked = form().1.champs.iter().map(|champ| ChampVue::stored(champ, &stored.reponses));
    let fields = asked.chain(fields).collect();
    page::html(StatusCode::OK, &PageIdentite::new(&visite, &state, stored.revision, fields))
}

/// `POST /dossier/administratif/identite`
pub(super) async fn save(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    sent: porte::Formulaire,
) -> Response {
    let (visite, saisie) = match Visite::receive(&state, &headers, sent).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let stored = match stored(&state, &visite, Volet::Admin).await {
        Ok(stored) => stored,
        Err(error) => return visite.refused(&error),
    };
    let today = day_in_paris(state.clock.now());
    let (form, etape) = form();
    let answers = etape.lire(&saisie, &stored.reponses, today);
    let contact = COORDONNEES.lire(&saisie, &Reponses::default(), today);
    let again = |status, revision, depasse| {
        let fields = typed(etape, &saisie, &answers).chain(typed(&COORDONNEES, &saisie, &contact));
        let page = PageIdentite::new(&visite, &state, revision, fields.collect());
        page::html(status, &PageIdentite { depasse, ..page })
    };
    let seen = saisie.premier("revision").and_then(|text| text.parse().ok()).unwrap_or(-1);
    if !answers.fautes.is_empty() || !contact.fautes.is_empty() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, seen, false);
    }
    let vu = saisie.premier("vu").unwrap_or_default();
    match keep(&state, &visite, form, (&answers.reponses, seen), (&contact.reponses, vu)).await {
        Ok(()) => {}
        Err(Error::Refused(Refusal::Depasse)) => return again(StatusCode::CONFLICT, stored.revision, true),
        Err(error) => return visite.refused(&error),
    }
    match form.suivante(etape).filter(|_| saisie.premier("ensuite") != Some("quitter")) {
        Some(next) => onward(&format!("/dossier/{}/{}", form.volet.code(), next.nom)),
        None => onward(&format!("/dossier/{}", form.volet.code())),
    }
}

/// The answers and the person in one transaction.
async fn keep(
    state: &AppState,
    visite: &Visite,
    form: &Formulaire,
    (answers, seen): (&Reponses, i64),
    (contact, vu): (&Reponses, &str),
) -> Result<(), Error> {
    let (id, complete) = (visite.id(), form.est_complet(answers));
    let trace = &visite.trace(Action::DossierModifie).detail("identite");
    let saved = state.store.run("save who the person is", |tx| {
        Box::pin(async move {
            let before = tx.dossier(id).await?.ok_or(Refusal::UnknownDossier)?.demandeur;
            let corrected = corrected(&before, contact);
            if corrected != before && seen_as(&before) != vu {
                return Err(Refusal::Depasse.into());
            }
            tx.correct_demandeur(id, &corrected).await?;
            tx.save_volet(id, Volet::Admin, answers, complete, seen).await?;
            tx.trace(trace).await
        })
    });
    saved.await
}

fn form() -> (&'static Formulaire, &'static Etape) {
    let form = formulaire(Volet::Admin);
    (form, form.etape("identite").unwrap_or(&COORDONNEES))
}

fn typed<'a>(
    etape: &'static Etape,
    saisie: &'a Saisie,
    lecture: &'a Lecture,
) -> impl Iterator<Item = ChampVue> + 'a {
    etape.champs.iter().map(move |champ| {
        let faute = lecture.fautes.iter().find(|(nom, _)| *nom == champ.nom).map(|(_, faute)| *faute);
        ChampVue::typed(champ, saisie, faute)
    })
}

/// What is known, as answers.
fn known(demandeur: &Demandeur) -> Reponses {
    let mut known = Reponses::default();
    known.poser("telephone-fixe", demandeur.telephone_fixe.clone());
    known.poser("telephone-portable", demandeur.telephone_portable.clone());
    known.poser("mail", demandeur.mail.clone());
    let contacter = demandeur.contacteur_demandeur.map(|yes| Prive::from(if yes { "oui" } else { "non" }));
    known.poser("contacter", contacter);
    known
}

/// The person as this page shows them: those close to them have a page of their own.
pub(super) fn seen_as(demandeur: &Demandeur) -> String {
    mark(&Demandeur { contacts: Vec::new(), ..demandeur.clone() })
}

fn corrected(before: &Demandeur, contact: &Reponses) -> Demandeur {
    let answer = |champ| contact.valeur(champ).map(Prive::from);
    Demandeur {
        telephone_fixe: answer("telephone-fixe"),
        telephone_portable: answer("telephone-portable"),
        mail: answer("mail"),
        contacteur_demandeur: contact.valeur("contacter").map(|answer| answer == "oui"),
        ..before.clone()
    }
}

impl PageIdentite {
    fn new(visite: &Visite, state: &AppState, revision: i64, champs: Champs) -> Self {
        let cadre = visite.cadre(state);
        let demandeur = &visite.dossier.demandeur;
        Self {
            style: cadre.style,
            cadre,
            personne: Personne::new(demandeur),
            rang: 1,
            sur: formulaire(Volet::Admin).etapes.len(),
            revision,
            vu: seen_as(demandeur),
            champs,
            depasse: false,
        }
    }
}
