//! `/dossier/partage`: who may see the dossier through the services, how to end it, and the access code that links it to another
//! partner (`/liaison`).

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use rand::Rng as _;
use serde::Deserialize;
use storage::{AccesPartenaire, Acteur, Action, Session, Trace};

use super::code::Code;
use super::duree::Duree;
use super::fichiers::style_path;
use super::garde::from_here;
use super::page;
use super::retour::Retour;
use super::secret::Secret;
use super::vue::textes;
use crate::clock::day_in_paris;
use crate::state::AppState;

/// The page.
#[derive(Template)]
#[template(path = "partage.html")]
struct Partage {
    style: &'static str,
    numero: Vec<String>,
    sites: Vec<Site>,
    /// When the present code was made.
    code_depuis: Option<String>,
    /// The code that was just made, for the only time.
    code: Option<Vec<String>>,
    /// The site whose access was just withdrawn.
    retire: Option<String>,
    retour: Option<Retour>,
    duree: Duree,
}

/// A partner that sees the dossier.
struct Site {
    nom: String,
    depuis: String,
    /// The person came from there.
    ici: bool,
}

/// The question before an access is withdrawn.
#[derive(Template)]
#[template(path = "retirer.html")]
struct Retirer {
    style: &'static str,
    nom: String,
    dernier: bool,
    a_un_code: bool,
    retour: Option<Retour>,
    duree: Duree,
}

/// Which partner.
#[derive(Deserialize)]
pub(super) struct Choix {
    #[serde(default)]
    site: String,
    #[serde(default)]
    jeton: String,
}

impl Choix {
    /// Of a form or query that could not be read.
    const NONE: Self = Self { site: String::new(), jeton: String::new() };
}

/// A person in their dossier.
struct Ici {
    secret: Secret,
    sha256: [u8; 32],
    session: Session,
}

impl Ici {
    async fn of(state: &AppState, headers: &HeaderMap) -> Result<Option<Self>, storage::Error> {
        let Some(cookie) = Secret::of_cookie(headers) else { return Ok(None) };
        let sha256 = cookie.sha256();
        let session = state.store.live_session(&sha256).await?;
        Ok(session.map(|session| Self { secret: cookie, sha256, session }))
    }

    /// That the person did this. What changes something traces itself in its own transaction.
    fn trace(&self, action: Action) -> Trace {
        let family = Acteur::Famille { application: Some(self.session.application) };
        Trace::new(family, action).dossier(&self.session.dossier).code("200")
    }

    /// Tells the trail that a page is seen; refused while it cannot be written.
    async fn sees(&self, state: &AppState, vue: &'static str) -> Result<(), storage::Error> {
        state.trail.admit().await?;
        state.trail.record([self.trace(Action::PageVue).detail(vue)]);
        Ok(())
    }

    fn duree(&self, state: &AppState) -> Duree {
        Duree::new(&self.secret, &self.session, state.clock.now())
    }

    async fn sites(
        &self,
        state: &AppState,
    ) -> Result<(Vec<AccesPartenaire>, Option<Timestamp>), storage::Error> {
        let dossier = self.session.dossier.clone();
        let found = state.store.read(move |reader| {
            Box::pin(async move {
                Ok((reader.acces_partenaires(&dossier).await?, reader.code_acces_du(&dossier).await?))
            })
        });
        found.await
    }

    async fn page(
        &self,
        state: &AppState,
        code: Option<Code>,
        retire: Option<String>,
    ) -> Result<Response, storage::Error> {
        let (sites, code_du) = self.sites(state).await?;
        let jour = |at| textes::jour(day_in_paris(at));
        let sites = sites.into_iter().map(|site| Site {
            depuis: jour(site.depuis),
            ici: site.application == self.session.application,
            nom: site.nom,
        });
        let page = Partage {
            style: style_path(),
            numero: textes::groupes(self.session.dossier.as_str()),
            sites: sites.collect(),
            code_depuis: code_du.map(jour),
            code: code.map(|code| code.groupes()),
            retire,
            retour: Retour::of_session(state, &self.session).await?,
            duree: self.duree(state),
        };
        Ok(page::html(StatusCode::OK, &page))
    }
}

/// Runs `work` for the person whose session the request carries, if a page of that session made the form.
async fn of_own_form<F>(
    state: &AppState,
    headers: &HeaderMap,
    jeton: &str,
    work: impl FnOnce(Ici) -> F,
) -> Response
where
    F: Future<Output = Result<Response, storage::Error>>,
{
    let own = |ici: &Ici| from_here(headers) && ici.secret.owns_form(jeton);
    match Ici::of(state, headers).await {
        Ok(Some(ici)) if own(&ici) => work(ici).await.unwrap_or_else(|error| page::failure(&error, None)),
        Ok(Some(_)) => page::elsewhere(Retour::of_browser(state, headers).await),
        Ok(None) => page::no_session(Retour::of_browser(state, headers).await),
        Err(error) => page::failure(&error, None),
    }
}

/// Runs `work` for the person whose session the request carries.
async fn inside<F>(state: &AppState, headers: &HeaderMap, work: impl FnOnce(Ici) -> F) -> Response
where
    F: Future<Output = Result<Response, storage::Error>>,
{
    let answer = match Ici::of(state, headers).await {
        Ok(Some(ici)) => work(ici).await,
        Ok(None) => return page::no_session(Retour::of_browser(state, headers).await),
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| page::failure(&error, None))
}

/// `GET /dossier/partage`
pub(super) async fn show(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    inside(&state, &headers, async |ici| {
        ici.sees(&state, "partage").await?;
        ici.page(&state, None, None).await
    })
    .await
}

/// `POST /dossier/partage/code`: a new access code, shown in this answer and never again.
pub(super) async fn renew_code(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    choix: Result<Form<Choix>, FormRejection>,
) -> Response {
    let Choix { jeton, .. } = choix.map_or(Choix::NONE, |Form(choix)| choix);
    of_own_form(&state, &headers, &jeton, async |ici| {
        let code = Code::draw(&mut crate::clock::rng());
        let mut sel = [0; 16];
        crate::clock::rng().fill_bytes(&mut sel);
        let empreinte = code.empreinte(sel).await;
        let dossier = &ici.session.dossier;
        let trace = &ici.trace(Action::CodeAcces);
        let kept = state.store.run("code d’accès", |tx| {
            Box::pin(async move {
                tx.set_code_acces(dossier, &sel, &empreinte).await?;
                tx.trace(trace).await
            })
        });
        kept.await?;
        ici.page(&state, Some(code), None).await
    })
    .await
}

/// `GET /dossier/partage/retirer?site=…`: what it would mean.
pub(super) async fn ask(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    choix: Result<Query<Choix>, QueryRejection>,
) -> Response {
    let Choix { site, .. } = choix.map_or(Choix::NONE, |Query(choix)| choix);
    inside(&state, &headers, async |ici| {
        ici.sees(&state, "partage/retirer").await?;
        let (sites, code) = ici.sites(&state).await?;
        if !sites.iter().any(|known| known.nom == site) {
            return Ok(page::not_found(State(Arc::clone(&state)), headers.clone()).await);
        }
        let dernier = sites.len() == 1;
        let page = Retirer {
            style: style_path(),
            nom: site.clone(),
            dernier,
            a_un_code: code.is_some(),
            retour: Retour::of_session(&state, &ici.session).await?,
            duree: ici.duree(&state),
        };
        Ok(page::html(StatusCode::OK, &page))
    })
    .await
}

/// `POST /dossier/partage/retirer`: ConsulterDossierPA answers 110 from now on. Twice is no error.
pub(super) async fn withdraw(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    choix: Result<Form<Choix>, FormRejection>,
) -> Response {
    let Choix { site, jeton } = choix.map_or(Choix::NONE, |Form(choix)| choix);
    of_own_form(&state, &headers, &jeton, async |ici| {
        let (sites, _) = ici.sites(&state).await?;
        if let Some(known) = sites.iter().find(|known| known.nom == site) {
            let (dossier, application, sha256) = (&ici.session.dossier, known.application, ici.sha256);
            let trace = &ici.trace(Action::LienRetire).detail(&known.nom);
            let ended = state.store.run("accès retiré", |tx| {
                Box::pin(async move {
                    let ended = tx.unlink_application(dossier, application, &sha256).await?;
                    if ended {
                        tx.trace(trace).await?;
                    }
                    Ok(ended)
                })
            });
            ended.await?;
            return ici.page(&state, None, Some(site.clone())).await;
        }
        ici.page(&state, None, None).await
    })
    .await
}
