//! One's own account: password, second factor, sessions.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use storage::{Action, SessionListee};

use super::page::{self, Cadre};
use super::porte::{
    Agent, CONNEXION, Manque, attempt, cle, entree, form as read_form, give, manque, not_own, note_entree,
    take, to, too_early,
};
use crate::bureau;
use crate::state::AppState;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::page::{failure, html};
use crate::web::secret::Secret;
use crate::web::vue::bureau::moment;

/// Tries of the present password within a session.
const PASSWORDS: (u32, Duration) = (5, Duration::from_mins(15));

#[derive(Template)]
#[template(path = "etablissement/compte.html")]
struct Page {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
    login: String,
    second_facteur: bool,
    sessions: Vec<Session>,
    nouvelle: Option<&'static str>,
}

struct Session {
    id: i64,
    navigateur: String,
    ouverte: String,
    vue: String,
    /// The one that shows this page.
    ici: bool,
}

#[derive(Deserialize, Default)]
struct Demande {
    fait: Option<String>,
}

/// `GET /etablissement/compte`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap, uri: Uri) -> Response {
    let agent = match entree(&state, &headers).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    let fait = Query::<Demande>::try_from_uri(&uri).ok().and_then(|Query(asked)| asked.fait);
    let nouvelle = match fait.as_deref() {
        Some("mot-de-passe") => Some("Votre mot de passe est changé. Vos autres sessions sont fermées."),
        Some("second-facteur") => {
            Some("Votre second facteur est en place. Il sera demandé à chaque connexion.")
        }
        Some("session") => Some("La session est fermée."),
        _ => None,
    };
    match render(&state, &agent, nouvelle).await {
        Ok(page) => html(StatusCode::OK, &page),
        Err(error) => failure(&error, None),
    }
}

async fn render(
    state: &AppState,
    agent: &Agent,
    nouvelle: Option<&'static str>,
) -> Result<Page, storage::Error> {
    let id = agent.session.compte.id;
    let sessions = state.store.read(move |reader| Box::pin(async move { reader.bureau_sessions(id).await }));
    let now = state.clock.now();
    let of = |one: SessionListee| Session {
        id: one.id,
        navigateur: one.navigateur,
        ouverte: moment(one.ouverte_le, now),
        vue: moment(one.vue_le, now),
        ici: one.id == agent.session.id,
    };
    Ok(Page {
        style: style_path(),
        feuille: desk_style_path(),
        cadre: agent.cadre(state).await?,
        login: agent.session.compte.login.clone(),
        second_facteur: agent.session.compte.second_facteur.is_some(),
        sessions: sessions.await?.into_iter().map(of).collect(),
        nouvelle,
    })
}

#[derive(Deserialize, Default)]
struct Jeton {
    jeton: Option<String>,
}

/// `POST /etablissement/compte/sessions/{id}/fermer`
pub(super) async fn close_session(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let jeton = read_form::<Jeton>(request).await.unwrap_or_default().jeton;
    let agent = match entree(&state, &headers).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    if !agent.owns(&headers, jeton.as_deref()) {
        return not_own(&state, &agent).await;
    }
    let Ok(id) = id.parse::<i64>() else { return page::unknown(&state, &agent).await };
    let compte = agent.session.compte.id;
    let trace = &agent.trace(Action::ConnexionFermee).detail(&format!("session {id}")).code("303");
    let closed = state.store.run("desk: close a session", move |tx| {
        Box::pin(async move {
            let closed = tx.revoke_bureau_session(compte, id).await?;
            tx.trace(trace).await?;
            Ok(closed)
        })
    });
    match closed.await {
        // one that is over already is closed as was asked; another's is not told apart from it
        Ok(_) if id == agent.session.id => {
            let mut response = to(CONNEXION);
            take(&mut response);
            response
        }
        Ok(_) => to("/etablissement/compte?fait=session"),
        Err(error) => failure(&error, None),
    }
}

#[derive(Template)]
#[template(path = "etablissement/mot_de_passe.html")]
struct PageMotDePasse {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
    login: String,
    /// The operator's password is being replaced.
    premier: bool,
    erreurs: Erreurs,
}

#[derive(Default)]
struct Erreurs {
    actuel: Option<String>,
    nouveau: Option<String>,
    encore: Option<String>,
}

impl Erreurs {
    fn any(&self) -> bool {
        self.actuel.is_some() || self.nouveau.is_some() || self.encore.is_some()
    }
}

#[derive(Deserialize, Default)]
struct Saisie {
    actuel: Option<String>,
    nouveau: Option<String>,
    encore: Option<String>,
    jeton: Option<String>,
}

/// The session that may change its password: with nothing missing, or nothing but that.
async fn changing(state: &AppState, headers: &HeaderMap) -> Result<Agent, Box<Response>> {
    match Agent::of(state, headers).await {
        Ok(Some(agent)) => match agent.manque(state) {
            None | Some(Manque::MotDePasse) => Ok(agent),
            Some(manque) => Err(Box::new(to(manque.adresse()))),
        },
        Ok(None) => Err(Box::new(to(CONNEXION))),
        Err(error) => Err(Box::new(failure(&error, None))),
    }
}

/// `GET /etablissement/mot-de-passe`
pub(super) async fn password_form(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    match changing(&state, &headers).await {
        Ok(agent) => password_page(&state, &agent, StatusCode::OK, Erreurs::default()).await,
        Err(response) => *response,
    }
}

async fn password_page(state: &AppState, agent: &Agent, status: StatusCode, erreurs: Erreurs) -> Response {
    match agent.cadre(state).await {
        Ok(cadre) => html(
            status,
            &PageMotDePasse {
                style: style_path(),
                feuille: desk_style_path(),
                cadre,
                login: agent.session.compte.login.clone(),
                premier: agent.manque(state) == Some(Manque::MotDePasse),
                erreurs,
            },
        ),
        Err(error) => failure(&error, None),
    }
}

/// `POST /etablissement/mot-de-passe`
pub(super) async fn password_posted(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let saisie = read_form::<Saisie>(request).await.unwrap_or_default();
    let agent = match changing(&state, &headers).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    if !agent.owns(&headers, saisie.jeton.as_deref()) {
        return not_own(&state, &agent).await;
    }
    match change(&state, &agent, saisie).await {
        Ok(Ok(response)) => *response,
        Ok(Err((status, erreurs))) => password_page(&state, &agent, status, erreurs).await,
        Err(error) => failure(&error, None),
    }
}

type Changed = Result<Box<Response>, (StatusCode, Erreurs)>;

async fn change(state: &AppState, agent: &Agent, saisie: Saisie) -> Result<Changed, storage::Error> {
    let compte = &agent.session.compte;
    let (actuel, nouveau) = (saisie.actuel.unwrap_or_default(), saisie.nouveau.unwrap_or_default());
    let mut erreurs = Erreurs {
        nouveau: bureau::acceptable(&nouveau, &compte.login).err().map(|why| why.phrase().to_owned()),
        ..Erreurs::default()
    };
    if nouveau == actuel {
        erreurs.nouveau = Some("Choisissez un mot de passe différent de l’actuel.".to_owned());
    }
    if saisie.encore.unwrap_or_default() != nouveau {
        erreurs.encore = Some("Ce n’est pas le même mot de passe que dans le champ précédent.".to_owned());
    }
    if erreurs.any() {
        return Ok(Err((StatusCode::BAD_REQUEST, erreurs)));
    }
    let cles = &[cle("mot-de-passe", &compte.id.number().to_string(), PASSWORDS.0, PASSWORDS.1)];
    if let Some(wait) = attempt(state, cles).await? {
        let (status, words) = too_early(wait);
        return Ok(Err((status, Erreurs { actuel: Some(words), ..Erreurs::default() })));
    }
    if !bureau::verify(actuel, Some(compte.mot_de_passe.as_str().to_owned())).await {
        let words = "Ce n’est pas votre mot de passe actuel.".to_owned();
        return Ok(Err((StatusCode::FORBIDDEN, Erreurs { actuel: Some(words), ..Erreurs::default() })));
    }
    let Some(hash) = bureau::hashed(nouveau).await else {
        let words = "Le mot de passe n’a pas pu être enregistré. Recommencez.".to_owned();
        return Ok(Err((
            StatusCode::INTERNAL_SERVER_ERROR,
            Erreurs { nouveau: Some(words), ..Erreurs::default() },
        )));
    };
    let mut after = compte.clone();
    after.provisoire = storage::Provisoire::Non;
    let complete = manque(&after, agent.session.second_vu, state.config.sandbox).is_none();
    let browser = Secret::draw(&mut crate::clock::rng());
    let (sha256, browser_sha256, hash) = (agent.secret.sha256(), browser.sha256(), hash.as_str());
    let trace = &agent.trace(Action::CompteModifie).detail("password").code("303");
    let kept = state.store.run("desk: change a password", |tx| {
        Box::pin(async move {
            tx.trace(trace).await?;
            tx.succeeded(cles).await?;
            tx.set_mot_de_passe(compte.id, hash, Some(&sha256)).await?;
            if complete { note_entree(tx, compte, &browser_sha256).await } else { Ok(()) }
        })
    });
    kept.await?;
    let mut response = to("/etablissement/compte?fait=mot-de-passe");
    give(&mut response, None, complete.then_some(&browser));
    Ok(Ok(Box::new(response)))
}
