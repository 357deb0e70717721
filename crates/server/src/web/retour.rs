//! The way back to the partner's site, which every page shows where it is known.

use axum::http::HeaderMap;
use storage::{Application, Error, Session};

use super::secret;
use crate::state::AppState;

/// A link to the partner's site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Retour {
    pub(super) nom: String,
    pub(super) url: String,
}

impl Retour {
    /// To this application, where it gave an address. Only a web address becomes a link.
    pub(super) fn of(application: &Application) -> Option<Self> {
        let url = application.settings.url_retour.clone()?;
        let web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
        web.then(|| Self { nom: application.name.clone(), url })
    }

    /// To the partner that the person of this session came from.
    pub(super) async fn of_session(state: &AppState, session: &Session) -> Result<Option<Self>, Error> {
        let application = session.application;
        let found =
            state.store.read(move |reader| Box::pin(async move { reader.application(application).await }));
        Ok(found.await?.as_ref().and_then(Self::of))
    }

    /// To the partner that this browser came from before; else to the sole one.
    pub(super) async fn of_browser(state: &AppState, headers: &HeaderMap) -> Option<Self> {
        let Some(name) = secret::partner(headers) else { return Self::of_sole_partner(state).await };
        let found =
            state.store.read(move |reader| Box::pin(async move { reader.application_by_name(&name).await }));
        Self::of(&found.await.ok().flatten().filter(|application| !application.suspended)?)
    }

    /// Where one partner alone has an address to go back to, the person came from there.
    pub(super) async fn of_sole_partner(state: &AppState) -> Option<Self> {
        // a page that says what to do is not worth an error of its own: without the database, it has no link
        let applications =
            state.store.read(|reader| Box::pin(async move { reader.applications().await })).await;
        let applications = applications.unwrap_or_default();
        let mut open = applications.iter().filter(|application| !application.suspended).filter_map(Self::of);
        open.next().filter(|_| open.next().is_none())
    }
}
