//! Who may come in: a session that holds, and for what changes something, a form of this site's own.

use std::sync::Arc;

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use dossier::IdDossier;
use dossier::volet::Saisie;
use storage::{Acteur, Action, Error, Refusal, Session, StoredDossier, Trace};

use crate::clock::day_in_paris;
use crate::state::AppState;
use crate::web::duree::Duree;
use crate::web::fichiers::style_path;
use crate::web::garde::from_elsewhere;
use crate::web::page;
use crate::web::retour::Retour;
use crate::web::secret::Secret;
use crate::web::vue::textes;

/// A form as axum gives it: pairs, in their order.
pub(super) type Formulaire = Result<Form<Vec<(String, String)>>, FormRejection>;

/// A person with their dossier open.
pub(in crate::web) struct Visite {
    secret: Secret,
    session: Session,
    retour: Option<Retour>,
    pub(in crate::web) dossier: StoredDossier,
}

/// What stands around every page of a dossier.
pub(in crate::web) struct Cadre {
    pub(in crate::web) retour: Option<Retour>,
    /// When the session ends, and the button that makes it last.
    pub(in crate::web) duree: Duree,
    /// The day the page was made: what a printed page says.
    pub(in crate::web) jour: String,
    /// What every form of the page carries.
    pub(in crate::web) jeton: String,
    /// Whose dossier it is.
    pub(in crate::web) personne: String,
    pub(in crate::web) style: &'static str,
}

impl Visite {
    /// The dossier of the request's session for the page `vue`, which the trail says was seen; or the page that says that
    /// there is none.
    pub(in crate::web) async fn open(
        state: &AppState,
        headers: &HeaderMap,
        vue: &'static str,
    ) -> Result<Self, Response> {
        let visite = Self::enter(state, headers).await?;
        if let Err(untraceable) = state.trail.admit().await {
            return Err(page::failure(&untraceable.into(), visite.retour));
        }
        state.trail.record([visite.trace(Action::PageVue).detail(vue).code("200")]);
        Ok(visite)
    }

    async fn enter(state: &AppState, headers: &HeaderMap) -> Result<Self, Response> {
        match Self::find(state, headers).await {
            Ok(Some(visite)) => Ok(visite),
            Ok(None) => Err(page::no_session(Retour::of_browser(state, headers).await)),
            Err(error) => Err(page::failure(&error, None)),
        }
    }

    async fn find(state: &AppState, headers: &HeaderMap) -> Result<Option<Self>, Error> {
        let Some(secret) = Secret::of_cookie(headers) else { return Ok(None) };
        let Some(session) = state.store.live_session(&secret.sha256()).await? else { return Ok(None) };
        let (wanted, application) = (session.dossier.clone(), session.application);
        let found = state.store.read(move |reader| {
            Box::pin(
                async move { Ok((reader.dossier(&wanted).await?, reader.application(application).await?)) },
            )
        });
        let (Some(dossier), application) = found.await? else { return Ok(None) };
        let retour = application.as_ref().and_then(Retour::of);
        Ok(Some(Self { secret, session, retour, dossier }))
    }

    /// The dossier and what a form of this site sent, or the page that says why not. Nothing has changed then.
    pub(super) async fn receive(
        state: &AppState,
        headers: &HeaderMap,
        form: Formulaire,
    ) -> Result<(Self, Saisie), Response> {
        if from_elsewhere(headers) {
            return Err(page::forged(Retour::of_browser(state, headers).await));
        }
        let visite = Self::enter(state, headers).await?;
        let Ok(Form(pairs)) = form else { return Err(page::unreadable(visite.retour)) };
        let saisie = Saisie::new(pairs);
        if !saisie.premier("jeton").is_some_and(|jeton| visite.secret.owns_form(jeton)) {
            return Err(page::forged(visite.retour));
        }
        if visite.dossier.annule {
            return Err(page::cancelled(visite.retour));
        }
        Ok((visite, saisie))
    }

    /// That the person in front of these pages did this. What changes something traces itself in its own transaction.
    pub(in crate::web) fn trace(&self, action: Action) -> Trace {
        let family = Acteur::Famille { application: Some(self.session.application) };
        Trace::new(family, action).dossier(&self.dossier.id).code("303")
    }

    /// Its number.
    pub(super) fn id(&self) -> &IdDossier {
        &self.dossier.id
    }

    /// What stands around its pages.
    pub(in crate::web) fn cadre(&self, state: &AppState) -> Cadre {
        let now = state.clock.now();
        let person = &self.dossier.demandeur;
        let nom = person.nom_usuel.as_ref().unwrap_or(&person.nom_naissance);
        Cadre {
            retour: self.retour.clone(),
            duree: Duree::new(&self.secret, &self.session, now),
            jour: textes::jour(day_in_paris(now)),
            jeton: self.secret.form_token(),
            personne: format!("{} {}", person.prenom.as_str(), nom.as_str()),
            style: style_path(),
        }
    }

    /// What did not go as asked, as a page: rules that were broken meanwhile are told, anything else is our failure.
    pub(super) fn refused(&self, error: &Error) -> Response {
        match error {
            Error::Refused(Refusal::DossierAnnule) => page::cancelled(self.retour.clone()),
            Error::Refused(_) => page::overtaken(self.retour.clone()),
            error => page::failure(error, self.retour.clone()),
        }
    }

    /// An address below `/dossier` that is none for this dossier.
    pub(super) async fn nowhere(state: &Arc<AppState>, headers: HeaderMap) -> Response {
        page::not_found(axum::extract::State(Arc::clone(state)), headers).await
    }
}

/// After a change: on to a page, which a reload asks for again, and not for the change.
pub(super) fn onward(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, path.to_owned())]).into_response()
}

/// What a form says of what it showed, so that it corrects no other state of it: a digest, nothing to read.
pub(super) fn mark(shown: &impl serde::Serialize) -> String {
    use base64::Engine as _;
    let json = serde_json::to_vec(shown).unwrap_or_default();
    let digest = xmlsec::DigestMethod::Sha256.digest(&json);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest)
}
