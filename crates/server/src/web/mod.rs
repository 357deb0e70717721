//! The site: the redirection (`/acces`), the family's dossier (`/dossier`, its forms in `famille`), the way out, the
//! establishment's desk (`/etablissement`), health, style sheet, errors; for partners
//! the causes of refusal (`/explications`) and, in a sandbox, `/bac-a-sable`.
//!
//! Pages work without script, say nothing to caches, and carry a policy that allows nothing from elsewhere.

mod acces;
mod bac_a_sable;
mod code;
mod dossier;
mod duree;
mod etablissement;
mod explications;
mod famille;
mod fichiers;
mod garde;
mod liaison;
mod mentions;
mod page;
mod partage;
mod pied;
mod reprise;
mod retour;
mod sante;
mod secret;
mod vue;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};

use crate::state::AppState;

/// Forms of these pages hold a token or a signed request at most; the sandbox's, whose message is longer in a form, has a
/// limit of its own.
const BODY_BYTES: usize = 16_384;

/// Routes of the site, with the page for every address that is none.
pub(crate) fn router(state: Arc<AppState>) -> Router {
    Router::new()
        .route("/acces", get(acces::redirected).head(acces::looked_at).post(acces::posted))
        .route("/dossier", get(dossier::show))
        .route("/quitter", post(dossier::leave))
        .route("/dossier/partage", get(partage::show))
        .route("/dossier/partage/code", post(partage::renew_code))
        .route("/dossier/partage/retirer", get(partage::ask).post(partage::withdraw))
        .route("/rester", post(duree::extend))
        .route(reprise::ADRESSE, get(reprise::show).post(reprise::drop_kept))
        .route("/liaison", get(liaison::arrive).post(liaison::posted))
        .route("/liaison/preuve", post(liaison::prove))
        .route("/liaison/refus", post(liaison::refuse))
        .route("/accessibilite", get(mentions::accessibilite))
        .route("/confidentialite", get(mentions::confidentialite))
        .merge(famille::routes())
        .merge(etablissement::routes())
        .route("/explications", get(explications::list))
        .route("/explications/{id}", get(explications::one))
        .route(
            "/bac-a-sable",
            get(bac_a_sable::form)
                .post(bac_a_sable::posted)
                .layer(DefaultBodyLimit::max(state.config.limits.body_bytes.saturating_mul(3))),
        )
        .route(fichiers::style_path(), get(fichiers::style))
        .route(fichiers::desk_style_path(), get(fichiers::desk_style))
        .route(fichiers::ICON_PATH, get(fichiers::icon))
        .route("/sante", get(sante::alive))
        .route("/pret", get(sante::ready))
        .method_not_allowed_fallback(page::wrong_method)
        .fallback(page::not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(&state), reprise::around))
        .layer(from_fn_with_state(Arc::clone(&state), pied::around))
        .with_state(state)
}

/// What every answer carries, of the services too.
pub(crate) async fn protect(State(state): State<Arc<AppState>>, mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 6] = [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        // a page whose form ends at a partner's has a policy that names the partner's site (liaison.rs)
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    // a sandbox is often on localhost, where this would bind every other port too
    if !state.config.sandbox {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

#[cfg(test)]
mod tests;
