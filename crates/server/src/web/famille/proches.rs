//! `/dossier/proches`: those close to the person. Their telephones and mails can be corrected, one more can be added.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use dossier::nomenclature::{NOM_TYPE_CONTACT, TYPE_CONTACT};
use dossier::volet::{Champ, Choix, Etape, Genre, Lecture, Quand, Reponses, Saisie};
use dossier::{Contact, Demandeur, Nomenclature, Prive};
use serde::Deserialize;
use storage::{Action, Error, Refusal};

use super::porte::{self, Cadre, Visite, mark, onward};
use super::vue::{ChampVue, Entree};
use crate::clock::day_in_paris;
use crate::state::AppState;
use crate::web::page;
use crate::web::vue::personne;

const fn champ(
    nom: &'static str,
    libelle: &'static str,
    aide: &'static str,
    genre: Genre,
    quand: Quand,
) -> Champ {
    Champ { nom, libelle, aide, genre, quand, remplissage: "" }
}

const FIXE: Champ =
    champ("fixe", "Téléphone fixe", "Par exemple : 04 74 00 00 12", Genre::Telephone(15), Quand::Libre);
const PORTABLE: Champ = champ(
    "portable",
    "Téléphone portable",
    "Par exemple : 06 00 00 00 13",
    Genre::Telephone(15),
    Quand::Libre,
);
const MAIL: Champ =
    champ("mail", "Courriel", "Par exemple : paul.vernoux@exemple.fr", Genre::Mail(50), Quand::Libre);

/// What can be corrected of someone who is there.
static CONNU: Etape = Etape { nom: "connu", titre: "", presentation: "", champs: &[PORTABLE, FIXE, MAIL] };

/// Someone new, within the contract's lengths.
static NOUVEAU: Etape = Etape {
    nom: "nouveau",
    titre: "",
    presentation: "",
    champs: &[
        champ(
            "nom",
            "Nom",
            "Laissez cette case vide pour n’ajouter personne.",
            Genre::Ligne(50),
            Quand::Libre,
        ),
        champ("prenom", "Prénom", "", Genre::Ligne(50), Quand::Libre),
        champ(
            "role",
            "Son rôle",
            "",
            Genre::Un(&[
                Choix { code: "1", libelle: "Une personne à contacter" },
                Choix { code: "0", libelle: "La personne de confiance" },
                Choix { code: "2", libelle: "Le représentant légal" },
            ]),
            Quand::Libre,
        ),
        PORTABLE,
        FIXE,
        MAIL,
    ],
};

/// A dossier has at most this many contacts (decisions §3).
const CONTACTS_MAX: usize = 50;
/// How many are on one page, which stays light.
const PAR_PAGE: usize = 5;

#[derive(Template)]
#[template(path = "famille/proches.html")]
struct PageProches {
    cadre: Cadre,
    style: &'static str,
    vu: String,
    /// The first one's place in the list of all, counted from 0.
    depuis: usize,
    page: usize,
    pages: usize,
    proches: Vec<Proche>,
    nouveau: Vec<ChampVue>,
    /// One more may be added.
    place: bool,
    depasse: bool,
}

/// Someone with what can be corrected of them.
struct Proche {
    /// The contract's path of it.
    chemin: String,
    nom: String,
    roles: Vec<String>,
    adresse: Option<personne::AdresseVue>,
    champs: Vec<ChampVue>,
}

/// What was read of the whole page. Whoever has come meanwhile is not on it.
struct Lu {
    /// Where in the list of all the page begins.
    depuis: usize,
    connus: Vec<Lecture>,
    nouveau: Lecture,
}

/// `GET /dossier/proches`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    #[derive(Deserialize)]
    struct Which {
        page: usize,
    }
    let visite = match Visite::open(&state, &headers, "/dossier/proches").await {
        Ok(visite) => visite,
        Err(page) => return page,
    };
    let contacts = &visite.dossier.demandeur.contacts;
    let asked = Query::<Which>::try_from_uri(&uri).map_or(1, |Query(which)| which.page);
    let depuis = begin(asked.saturating_sub(1).saturating_mul(PAR_PAGE), contacts.len());
    let known = contacts.iter().skip(depuis).take(PAR_PAGE).map(stored);
    let new = NOUVEAU.champs.iter().map(|champ| ChampVue::stored(champ, &Reponses::default())).collect();
    let page = PageProches::new(&visite, &state, depuis, known.collect(), new);
    page::html(StatusCode::OK, &page)
}

/// `POST /dossier/proches`
pub(super) async fn save(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    sent: porte::Formulaire,
) -> Response {
    let (visite, saisie) = match Visite::receive(&state, &headers, sent).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let contacts = &visite.dossier.demandeur.contacts;
    let today = day_in_paris(state.clock.now());
    let depuis = saisie.premier("depuis").and_then(|text| text.parse().ok()).unwrap_or(0);
    let depuis = begin(depuis, contacts.len());
    let typed: Vec<Saisie> = (depuis..contacts.len())
        .take(PAR_PAGE)
        .map(|rank| saisie.sous(&prefix(rank)))
        .take_while(|typed| CONNU.champs.iter().any(|champ| typed.premier(champ.nom).is_some()))
        .collect();
    let new = saisie.sous(NOUVEAU_PREFIX);
    let read = Lu {
        depuis,
        connus: typed.iter().map(|typed| CONNU.lire(typed, &Reponses::default(), today)).collect(),
        nouveau: NOUVEAU.lire(&new, &Reponses::default(), today),
    };
    let again = |status, depasse| {
        let known = typed.iter().zip(&read.connus).map(|(typed, lecture)| fields(&CONNU, typed, lecture));
        let others = contacts.iter().skip(depuis).take(PAR_PAGE).skip(typed.len()).map(stored);
        let fields = fields(&NOUVEAU, &new, &read.nouveau);
        let page = PageProches::new(&visite, &state, depuis, known.chain(others).collect(), fields);
        page::html(status, &PageProches { depasse, ..page })
    };
    if read.connus.iter().chain([&read.nouveau]).any(|lecture| !lecture.fautes.is_empty()) {
        return again(StatusCode::UNPROCESSABLE_ENTITY, false);
    }
    match keep(&state, &visite, &read, saisie.premier("vu").unwrap_or_default()).await {
        Ok(()) => onward("/dossier?fait=proches"),
        Err(Error::Refused(Refusal::Depasse)) => again(StatusCode::CONFLICT, true),
        Err(error) => visite.refused(&error),
    }
}

async fn keep(state: &AppState, visite: &Visite, read: &Lu, vu: &str) -> Result<(), Error> {
    let id = visite.id();
    let trace = &visite.trace(Action::ContactsModifies);
    let saved = state.store.run("save those close to the person", |tx| {
        Box::pin(async move {
            let before = tx.dossier(id).await?.ok_or(Refusal::UnknownDossier)?.demandeur;
            if mark(&before.contacts) == vu {
                tx.correct_demandeur(id, &corrected(&before, read)).await?;
                return tx.trace(trace).await;
            }
            // the same form a second time finds what it asks for; any other has not seen what it would overwrite
            if is_so(&before, read) { Ok(()) } else { Err(Refusal::Depasse.into()) }
        })
    });
    saved.await
}

/// Where the page that holds this place begins.
fn begin(place: usize, contacts: usize) -> usize {
    place.min(contacts.saturating_sub(1)) / PAR_PAGE * PAR_PAGE
}

const NOUVEAU_PREFIX: &str = "nouveau-";

fn prefix(rank: usize) -> String {
    format!("proche-{}-", rank + 1)
}

fn fields(etape: &'static Etape, typed: &Saisie, lecture: &Lecture) -> Vec<ChampVue> {
    let fault =
        |champ: &Champ| lecture.fautes.iter().find(|(nom, _)| *nom == champ.nom).map(|(_, faute)| *faute);
    etape.champs.iter().map(|champ| ChampVue::typed(champ, typed, fault(champ))).collect()
}

fn stored(contact: &Contact) -> Vec<ChampVue> {
    let known = known(contact);
    CONNU.champs.iter().map(|champ| ChampVue::stored(champ, &known)).collect()
}

fn known(contact: &Contact) -> Reponses {
    let mut known = Reponses::default();
    known.poser("fixe", contact.telephone_fixe.clone());
    known.poser("portable", contact.telephone_portable.clone());
    known.poser("mail", contact.mail.clone());
    known
}

fn corrected(before: &Demandeur, read: &Lu) -> Demandeur {
    let mut contacts = before.contacts.clone();
    for (contact, lecture) in contacts.iter_mut().skip(read.depuis).zip(&read.connus) {
        *contact = with(contact, lecture);
    }
    contacts.extend(new(&read.nouveau).filter(|_| before.contacts.len() < CONTACTS_MAX));
    Demandeur { contacts, ..before.clone() }
}

/// What the form asks for stands there already.
fn is_so(before: &Demandeur, read: &Lu) -> bool {
    let known = before
        .contacts
        .iter()
        .skip(read.depuis)
        .zip(&read.connus)
        .all(|(contact, lecture)| with(contact, lecture) == *contact);
    known && new(&read.nouveau).is_none_or(|new| before.contacts.last() == Some(&new))
}

fn with(contact: &Contact, lecture: &Lecture) -> Contact {
    let answer = |champ| lecture.reponses.valeur(champ).map(Prive::from);
    Contact {
        telephone_fixe: answer("fixe"),
        telephone_portable: answer("portable"),
        mail: answer("mail"),
        ..contact.clone()
    }
}

/// The one to add, if they have a name.
fn new(lecture: &Lecture) -> Option<Contact> {
    let answer = |champ| lecture.reponses.valeur(champ).map(Prive::from);
    let role = lecture.reponses.valeur("role").unwrap_or("1");
    let named = Contact {
        adresse: None,
        nom_naissance: answer("nom")?,
        nom_usuel: None,
        prenom: answer("prenom"),
        mail: None,
        telephone_fixe: None,
        telephone_portable: None,
        r#type: vec![Nomenclature {
            code: role.to_owned(),
            code_system: Some(TYPE_CONTACT.to_owned()),
            code_system_name: Some(NOM_TYPE_CONTACT.to_owned()),
            code_system_version: None,
            display_name: dossier::nomenclature::type_contact(role).map(str::to_owned),
        }],
    };
    Some(with(&named, lecture))
}

impl PageProches {
    fn new(
        visite: &Visite,
        state: &AppState,
        depuis: usize,
        connus: Vec<Vec<ChampVue>>,
        nouveau: Vec<ChampVue>,
    ) -> Self {
        let cadre = visite.cadre(state);
        let demandeur = &visite.dossier.demandeur;
        let proches = demandeur.contacts.iter().enumerate().skip(depuis).zip(connus);
        let proches = proches.map(|((rank, contact), champs)| {
            let seen = personne::Contact::new(rank + 1, contact);
            let name = seen.nom_usuel.unwrap_or(seen.nom_naissance);
            Proche {
                nom: seen.prenom.into_iter().chain([name]).collect::<Vec<_>>().join(" "),
                chemin: seen.chemin,
                roles: seen.types,
                adresse: seen.adresse,
                champs: named(champs, &prefix(rank)),
            }
        });
        Self {
            style: cadre.style,
            cadre,
            vu: mark(&demandeur.contacts),
            depuis,
            page: depuis / PAR_PAGE + 1,
            pages: demandeur.contacts.len().div_ceil(PAR_PAGE).max(1),
            proches: proches.collect(),
            nouveau: named(nouveau, NOUVEAU_PREFIX),
            place: demandeur.contacts.len() < CONTACTS_MAX,
            depasse: false,
        }
    }

    fn erreurs(&self) -> Vec<&ChampVue> {
        let fields = self.proches.iter().flat_map(|proche| &proche.champs).chain(&self.nouveau);
        fields.filter(|champ| champ.erreur.is_some()).collect()
    }
}

/// Fields whose names say whose they are.
fn named(champs: Vec<ChampVue>, prefix: &str) -> Vec<ChampVue> {
    let name = |champ: ChampVue| ChampVue { nom: format!("{prefix}{}", champ.nom), ..champ };
    champs.into_iter().map(name).collect()
}
