//! A page from its template, and the pages that say why there is no other.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rand::Rng as _;

use super::fichiers::style_path;
use super::retour::Retour;
use crate::state::AppState;

/// A page without a dossier: what happened, and what to do.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message {
    style: &'static str,
    titre: &'static str,
    texte: &'static str,
    /// What to do, step by step.
    etapes: &'static [&'static str],
    /// Rendered in the colour of what is over, not of what waits for the reader.
    fini: bool,
    /// Whether the dossier is said to be safe: where no dossier is in play, it would puzzle.
    rassure: bool,
    /// In a sandbox, for who writes the partner's program.
    cause: Option<String>,
    /// What to quote when calling for help.
    reference: Option<String>,
    /// The partner's site.
    retour: Option<Retour>,
    /// The way back is to the dossier, which is open.
    dossier: bool,
}

const REVENIR: &[&str] = &[
    "Retournez sur le site d’où vous venez, par exemple celui de votre département.",
    "Ouvrez à nouveau le dossier. Un nouveau lien sera créé pour vous.",
];

const ROUVRIR: &[&str] =
    &["Retournez au dossier : il montre ce qui est enregistré.", "Recommencez si vous le souhaitez encore."];

impl Message {
    const REFUSED: Self = Self::new(
        "Ce lien ne fonctionne pas, ou ne fonctionne plus",
        "Pour protéger vos données, un lien sert une seule fois. Il doit être utilisé tout de suite.",
        REVENIR,
    );
    const NO_SESSION: Self = Self::new(
        "Le dossier est fermé",
        "Pour protéger vos données, le dossier se ferme après 30 minutes sans activité.",
        REVENIR,
    );
    const KEPT: Self = Self::new(
        "Le dossier s’est fermé, votre texte est gardé",
        "Ce que vous avez écrit est gardé une heure, chiffré. Vous seul pourrez le relire.",
        &[
            "Retournez sur le site d’où vous venez, par exemple celui de votre département.",
            "Ouvrez à nouveau le même dossier, sur cet appareil.",
            "Votre texte vous sera proposé.",
        ],
    );
    const LEFT: Self = Self::new(
        "Vous avez quitté le dossier",
        "Le dossier est fermé sur cet appareil.",
        &["Sur un ordinateur partagé, fermez aussi la fenêtre."],
    )
    .over();
    const NOT_FOUND: Self =
        Self::new("Cette page n’existe pas", "L’adresse est fausse, ou elle a changé.", REVENIR);
    const WRONG_METHOD: Self = Self::new(
        "Cette page ne s’ouvre pas ainsi",
        "L’adresse existe, mais elle attend autre chose.",
        REVENIR,
    );
    const FAILURE: Self = Self::new(
        "Le site a un problème",
        "Le problème vient de nous, pas de vous.",
        &[
            "Attendez quelques minutes.",
            "Retournez sur le site d’où vous venez, puis ouvrez à nouveau le dossier.",
        ],
    );

    const FORGED: Self = Self::new(
        "Ce formulaire n’a pas été accepté",
        "Il ne vient pas d’une page de votre dossier, ou cette page était trop ancienne.",
        ROUVRIR,
    );
    const UNREADABLE: Self = Self::new(
        "Ce formulaire est trop long",
        "Nous n’avons pas pu le lire en entier. Rien n’a été changé.",
        ROUVRIR,
    );
    const OVERTAKEN: Self = Self::new(
        "Le dossier a changé entre-temps",
        "Cette action n’est plus possible. Rien n’a été changé.",
        ROUVRIR,
    );
    const CANCELLED: Self = Self::new(
        "Le dossier est annulé",
        "Un dossier annulé ne peut plus être changé.",
        &[
            "Retournez au dossier pour le lire ou l’imprimer.",
            "Pour une nouvelle demande, créez un nouveau dossier.",
        ],
    );

    const LIAISON_REFUSED: Self = Self::new(
        "Cette demande de liaison ne fonctionne pas",
        "Le site d’où vous venez a envoyé une demande que nous ne pouvons pas accepter.",
        &[
            "Retournez sur ce site, puis recommencez.",
            "Si le problème continue, prévenez ce site. Donnez-lui le repère ci-dessous.",
        ],
    );
    const LIAISON_OVER: Self = Self::new(
        "Cette demande de liaison est terminée",
        "Elle a déjà servi, elle a été essayée trop souvent, ou le temps est écoulé.",
        &["Retournez sur le site d’où vous venez.", "Demandez à nouveau à relier votre dossier."],
    );
    const ELSEWHERE: Self = Self::new(
        "Ce formulaire ne vient pas de notre site",
        "Pour protéger vos données, nous n’acceptons que les formulaires de nos propres pages.",
        REVENIR,
    );

    const fn new(titre: &'static str, texte: &'static str, etapes: &'static [&'static str]) -> Self {
        Self {
            style: "",
            titre,
            texte,
            etapes,
            fini: false,
            rassure: true,
            cause: None,
            reference: None,
            retour: None,
            dossier: false,
        }
    }

    const fn over(mut self) -> Self {
        self.fini = true;
        self
    }

    const fn of_dossier(mut self) -> Self {
        self.dossier = true;
        self
    }

    fn respond(self, status: StatusCode, retour: Option<Retour>) -> Response {
        html(status, &Self { style: style_path(), retour, ..self })
    }
}

/// The one page for every token that opens nothing: none, malformed, unknown, used, expired, its partner suspended.
pub(super) fn refused(retour: Option<Retour>) -> Response {
    Message::REFUSED.respond(StatusCode::FORBIDDEN, retour)
}

/// `/dossier` without a session, or with one that has ended.
pub(super) fn no_session(retour: Option<Retour>) -> Response {
    Message::NO_SESSION.respond(StatusCode::FORBIDDEN, retour)
}

/// A form whose session had ended: what it holds is kept for a while.
pub(super) fn kept(retour: Option<Retour>) -> Response {
    Message::KEPT.respond(StatusCode::FORBIDDEN, retour)
}

/// A form of another site, or without its session's token.
pub(super) fn forged(retour: Option<Retour>) -> Response {
    Message::FORGED.of_dossier().respond(StatusCode::FORBIDDEN, retour)
}

/// A form that is too long, or none.
pub(super) fn unreadable(retour: Option<Retour>) -> Response {
    Message::UNREADABLE.of_dossier().respond(StatusCode::PAYLOAD_TOO_LARGE, retour)
}

/// A form for something that is not so any more.
pub(super) fn overtaken(retour: Option<Retour>) -> Response {
    Message::OVERTAKEN.of_dossier().respond(StatusCode::CONFLICT, retour)
}

/// A change of a dossier that is cancelled.
pub(super) fn cancelled(retour: Option<Retour>) -> Response {
    Message::CANCELLED.of_dossier().respond(StatusCode::CONFLICT, retour)
}

/// After « Quitter ».
pub(super) fn left(retour: Option<Retour>) -> Response {
    Message::LEFT.respond(StatusCode::OK, retour)
}

/// A partner's request to be linked that does not hold. A sandbox says why.
pub(super) fn liaison_refusee(reference: &str, cause: Option<String>, retour: Option<Retour>) -> Response {
    let reference = Some(reference.to_owned());
    Message { reference, cause, rassure: false, ..Message::LIAISON_REFUSED }
        .respond(StatusCode::FORBIDDEN, retour)
}

/// A request to be linked that is over, or that this browser does not have.
pub(super) fn liaison_finie(retour: Option<Retour>) -> Response {
    Message { rassure: false, ..Message::LIAISON_OVER }.respond(StatusCode::FORBIDDEN, retour)
}

/// A form that another site sent.
pub(super) fn elsewhere(retour: Option<Retour>) -> Response {
    Message::ELSEWHERE.respond(StatusCode::FORBIDDEN, retour)
}

/// Every address that is none.
pub(super) async fn not_found(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    Message::NOT_FOUND.respond(StatusCode::NOT_FOUND, Retour::of_browser(&state, &headers).await)
}

/// A method that an address does not have.
pub(super) async fn wrong_method(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    Message::WRONG_METHOD.respond(StatusCode::METHOD_NOT_ALLOWED, Retour::of_browser(&state, &headers).await)
}

/// Something failed that is not the reader's doing. The cause goes to the log, under an id that the page shows.
pub(super) fn failure(error: &storage::Error, retour: Option<Retour>) -> Response {
    let id = format!("{:08x}", crate::clock::rng().next_u32());
    tracing::error!(id, %error, "page not served");
    let status = match error {
        storage::Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = Message { reference: Some(id), ..Message::FAILURE }.respond(status, retour);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("120"));
    response
}

/// Renders a template.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "page not rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::vue::tests::assert_sound;

    #[test]
    fn messages() {
        let retour = Some(Retour {
            nom: "Département <b>".to_owned(),
            url: "https://exemple.fr/?a=1&b=2".to_owned(),
        });
        let messages = [
            ("refused", Message::REFUSED),
            ("no_session", Message::NO_SESSION),
            ("kept", Message::KEPT),
            ("left", Message::LEFT),
            ("not_found", Message::NOT_FOUND),
            ("wrong_method", Message::WRONG_METHOD),
            ("forged", Message::FORGED.of_dossier()),
            ("unreadable", Message::UNREADABLE.of_dossier()),
            ("overtaken", Message::OVERTAKEN.of_dossier()),
            ("cancelled", Message::CANCELLED.of_dossier()),
            (
                "liaison_refused",
                Message {
                    cause: Some("exp est <passé>".to_owned()),
                    rassure: false,
                    ..Message::LIAISON_REFUSED
                },
            ),
            ("liaison_over", Message { rassure: false, ..Message::LIAISON_OVER }),
            ("elsewhere", Message::ELSEWHERE),
            ("failure", Message { reference: Some("0badcafe".to_owned()), ..Message::FAILURE }),
        ];
        for (name, message) in messages {
            let html = Message { style: "/style.css", ..message }.render().unwrap();
            assert_sound(name, &html);
            insta::assert_snapshot!(name, html);
        }
        let html = Message { style: "/style.css", retour, ..Message::REFUSED }.render().unwrap();
        assert_sound("refused_with_way_back", &html);
        insta::assert_snapshot!("refused_with_way_back", html);
    }
}
