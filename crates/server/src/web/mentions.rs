//! `/accessibilite`, the declaration that the RGAA wants, and `/confidentialite`, what becomes of a person's data.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use storage::Delays;

use super::fichiers::style_path;
use super::page;
use super::retour::Retour;
use super::secret::Secret;
use super::vue::textes;
use crate::config::{AuditRgaa, Conformite, Mentions, Nir, Retention};
use crate::state::AppState;

/// Where the reader came from, which these pages lead back to.
struct Chemin {
    /// The browser holds a session that holds.
    dossier: bool,
    retour: Option<Retour>,
}

#[derive(Template)]
#[template(path = "accessibilite.html")]
struct Accessibilite<'a> {
    style: &'static str,
    chemin: Chemin,
    mentions: &'a Mentions,
    conformite: Conformite,
    audit: Option<Audit>,
    site: &'a str,
}

/// The audit in words.
struct Audit {
    par: String,
    le: String,
    taux: u8,
}

#[derive(Template)]
#[template(path = "confidentialite.html")]
struct Confidentialite<'a> {
    style: &'static str,
    chemin: Chemin,
    mentions: &'a Mentions,
    /// Whether the number of Social Security is kept.
    nir: bool,
    garde: Garde,
    trace: String,
}

/// How long a dossier is kept, in words.
struct Garde {
    /// After the last contact.
    active: String,
    /// Some states have less.
    au_plus: bool,
    /// In the archive; none: it is erased at once.
    archive: Option<String>,
}

impl Garde {
    fn of(retention: &Retention) -> Self {
        let rules = retention.rules();
        let all = || rules.states.iter().map(|(_, delays)| delays).chain([&rules.default]);
        let most = |of: fn(&Delays) -> u32| all().map(of).max().unwrap_or_default();
        let (active, archive) = (most(|delays| delays.archive), most(|delays| delays.erase));
        Self {
            active: jours(active),
            au_plus: all().any(|delays| delays.archive != active || delays.erase != archive),
            archive: (archive > 0).then(|| jours(archive)),
        }
    }
}

impl Chemin {
    async fn of(state: &AppState, headers: &HeaderMap) -> Self {
        // a page that must always be there: without the database it has no way back
        let retour = Retour::of_browser(state, headers).await;
        let dossier = match Secret::of_cookie(headers).map(|secret| secret.sha256()) {
            None => false,
            Some(sha256) => {
                let found =
                    state.store.read(move |reader| Box::pin(async move { reader.session(&sha256).await }));
                found.await.is_ok_and(|session| session.is_some())
            }
        };
        Self { dossier, retour }
    }
}

/// `GET /accessibilite`
pub(super) async fn accessibilite(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let mentions = &state.config.mentions;
    let AuditRgaa { par, le, taux } = &mentions.audit;
    let audit = le.filter(|_| mentions.audit.was_made()).map(|le| Audit {
        par: par.clone(),
        le: textes::jour(le),
        taux: *taux,
    });
    let chemin = Chemin::of(&state, &headers).await;
    let page = Accessibilite {
        style: style_path(),
        chemin,
        mentions,
        conformite: mentions.conformite(),
        audit,
        site: &state.config.public_url,
    };
    page::html(StatusCode::OK, &page)
}

/// `GET /confidentialite`
pub(super) async fn confidentialite(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let chemin = Chemin::of(&state, &headers).await;
    let page = Confidentialite {
        style: style_path(),
        chemin,
        mentions: &state.config.mentions,
        nir: state.config.donnees.nir == Nir::Keep,
        garde: Garde::of(&state.config.retention),
        trace: duree(state.config.audit.keep_months),
    };
    page::html(StatusCode::OK, &page)
}

/// A length of time in months, in words.
fn duree(mois: u32) -> String {
    match (mois / 12, mois % 12) {
        (0, mois) => format!("{mois} mois"),
        (1, 0) => "1 an".to_owned(),
        (ans, 0) => format!("{ans} ans"),
        (_, _) => format!("{mois} mois"),
    }
}

/// A length of time in days, in words.
fn jours(jours: u32) -> String {
    match jours {
        jours if jours > 0 && jours % 365 == 0 => duree(jours / 365 * 12),
        1 => "1 jour".to_owned(),
        jours => format!("{jours} jours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::vue::tests::assert_sound;

    fn mentions() -> Mentions {
        Mentions {
            responsable: "Groupement <Exemple> & fils".to_owned(),
            adresse: "1 rue de la Paix, 69000 Lyon".to_owned(),
            courriel: "aide@exemple.fr".to_owned(),
            telephone: "04 00 00 00 00".to_owned(),
            delegue: String::new(),
            audit: AuditRgaa::default(),
        }
    }

    fn chemin() -> Chemin {
        Chemin { dossier: true, retour: None }
    }

    #[test]
    fn lengths_of_time() {
        for (mois, texte) in [(6, "6 mois"), (12, "1 an"), (24, "2 ans"), (30, "30 mois"), (120, "10 ans")] {
            assert_eq!(duree(mois), texte);
        }
        for (days, texte) in [(730, "2 ans"), (1095, "3 ans"), (365, "1 an"), (90, "90 jours"), (1, "1 jour")]
        {
            assert_eq!(jours(days), texte);
        }
    }

    #[test]
    fn the_declaration_follows_the_fixed_form() {
        let audit = || Audit { par: "Un cabinet".to_owned(), le: "31 mars 2027".to_owned(), taux: 82 };
        let cases = [
            ("aucune", Mentions::default(), Conformite::Aucune, None),
            ("sans_audit", mentions(), Conformite::Aucune, None),
            ("partielle", mentions(), Conformite::Partielle, Some(audit())),
            ("totale", mentions(), Conformite::Totale, Some(Audit { taux: 100, ..audit() })),
        ];
        for (name, mentions, conformite, audit) in cases {
            let page = Accessibilite {
                style: "/style.css",
                chemin: chemin(),
                mentions: &mentions,
                conformite,
                audit,
                site: "https://exemple.fr",
            };
            let html = page.render().unwrap();
            assert_sound(name, &html);
            let titles = [
                "Déclaration d’accessibilité",
                "État de conformité",
                "Contenus non accessibles",
                "Établissement de cette déclaration",
                "Retour d’information et contact",
                "Voies de recours",
            ];
            let places: Vec<_> = titles.iter().map(|title| html.find(&format!(">{title}</h"))).collect();
            assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{name}: {places:?}");
            assert!(html.contains(conformite.mention()), "{name}");
            insta::assert_snapshot!(format!("accessibilite_{name}"), html);
        }
    }

    #[test]
    fn what_becomes_of_data_is_said() {
        for (name, mentions, nir) in [("complete", mentions(), true), ("vide", Mentions::default(), false)] {
            let page = Confidentialite {
                style: "/style.css",
                chemin: chemin(),
                mentions: &mentions,
                nir,
                garde: Garde::of(&Retention::default()),
                trace: duree(120),
            };
            let html = page.render().unwrap();
            assert_sound(name, &html);
            assert!(html.contains("2 ans après le dernier contact") && html.contains("CNIL"));
            assert_eq!(html.contains("sécurité sociale"), nir);
            insta::assert_snapshot!(format!("confidentialite_{name}"), html);
        }
    }
}
