//! What the pages' buttons do: each a call of the services.

use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use client::{Answer, CallError};
use dossier::{AccesSaisi, CreationSaisie, Reponse, Requete};
use jiff::Timestamp;
use serde::Deserialize;

use super::Portail;
use super::formulaire::{Valeurs, champs_nommes};
use super::pages::{Cadre, Carte, PageAccessibilite, PageDossiers, PageFormulaire, PagePanne, Refus, answer};
use super::usagers::{COOKIE_USAGER, Usager};
use crate::demo::seed::PARTNER;

type Shared = State<Arc<Portail>>;

#[derive(Deserialize)]
pub(super) struct Nouveau {
    nouveau: Option<String>,
    relie: Option<String>,
}

/// What the server adds to the registered address.
#[derive(Deserialize)]
pub(super) struct Liaison {
    #[serde(default)]
    liaison: String,
    #[serde(rename = "IdDossier", default)]
    id_dossier: String,
}

#[derive(Deserialize)]
pub(super) struct Numero {
    #[serde(rename = "IdDossier", default)]
    id_dossier: String,
}

#[derive(Deserialize)]
pub(super) struct Choix {
    usager: String,
}

/// `GET /`: the user's dossiers, by one ConsulterDossierPA.
pub(super) async fn liste(
    State(portail): Shared,
    headers: HeaderMap,
    Query(Nouveau { nouveau, relie }): Query<Nouveau>,
) -> Response {
    let usager = Usager::of(&headers);
    let numeros = match portail.registre.dossiers(usager.id_local) {
        Ok(numeros) => numeros,
        Err(error) => {
            return portail.panne(usager, "La mémoire du portail est illisible", format!("{error:#}"));
        }
    };
    // the service takes a hundred at most
    let asked: Vec<AccesSaisi> = numeros.iter().take(100).map(|id| acces(id, usager)).collect();
    let (mut dossiers, mut alerte) = (Vec::new(), None);
    if !asked.is_empty() {
        match portail.call(usager, Requete::ConsulterDossierPA(asked)).await {
            Ok(Answer { reponse: Reponse::ConsulterDossierPA(answers), .. }) => {
                alerte = answers
                    .iter()
                    .find(|answer| answer.id_dossier.is_none())
                    .map(|answer| answer.code_retour.to_string());
                dossiers = answers
                    .into_iter()
                    .filter(|answer| answer.id_dossier.is_some())
                    .map(Carte::new)
                    .collect();
            }
            Ok(_) => alerte = Some("La réponse n’est pas celle attendue.".to_owned()),
            Err(error) => alerte = Some(error.to_string()),
        }
    }
    // only a number of the list is one that was created here
    let known = |numero: &String| numeros.contains(numero);
    let (nouveau, relie) = (nouveau.filter(known), relie.filter(known));
    answer(StatusCode::OK, &PageDossiers { cadre: portail.cadre(usager), nouveau, relie, alerte, dossiers })
}

/// `GET /nouveau`
pub(super) async fn formulaire(State(portail): Shared, headers: HeaderMap) -> Response {
    let usager = Usager::of(&headers);
    let valeurs = Valeurs::exemple(usager);
    answer(StatusCode::OK, &PageFormulaire { cadre: portail.cadre(usager), valeurs, refus: None })
}

/// `POST /nouveau`: CreerDossierPA.
pub(super) async fn creer(
    State(portail): Shared,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let usager = Usager::of(&headers);
    let valeurs = Valeurs::recues(pairs);
    let creation = match CreationSaisie::from_json(valeurs.creation(usager.id_local)) {
        Ok(creation) => creation,
        Err(error) => return portail.panne(usager, "Le formulaire ne convient pas", error.to_string()),
    };
    match portail.call(usager, Requete::CreerDossierPA(creation)).await {
        Ok(Answer { reponse: Reponse::CreerDossierPA { id_dossier: Some(id), code }, .. })
            if code.est_succes() =>
        {
            match portail.registre.ajouter(usager.id_local, id.as_str()) {
                Ok(()) => Redirect::to(&format!("/?nouveau={id}")).into_response(),
                Err(error) => {
                    let texte = format!(
                        "Le dossier {id} est créé, mais le portail n’a pas pu le retenir : {error:#}"
                    );
                    portail.panne(usager, "La mémoire du portail est illisible", texte)
                }
            }
        }
        Ok(Answer { reponse, .. }) => {
            let code = reponse.code_retour();
            let refus = Refus {
                code: code.map(|code| code.code().to_owned()).unwrap_or_default(),
                message: code.map(|code| code.message().to_owned()).unwrap_or_default(),
                champs: code.map(|code| champs_nommes(code.message())).unwrap_or_default(),
            };
            let page = PageFormulaire { cadre: portail.cadre(usager), valeurs, refus: Some(refus) };
            answer(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => portail.sans_reponse(usager, &error),
    }
}

/// `POST /suivre`: a dossier that was created elsewhere joins the list; whether it may, the service says.
pub(super) async fn suivre(
    State(portail): Shared,
    headers: HeaderMap,
    Form(Numero { id_dossier }): Form<Numero>,
) -> Response {
    let usager = Usager::of(&headers);
    let id_dossier: String = id_dossier.chars().filter(char::is_ascii_digit).take(50).collect();
    if !id_dossier.is_empty()
        && let Err(error) = portail.registre.ajouter(usager.id_local, &id_dossier)
    {
        return portail.panne(usager, "La mémoire du portail est illisible", format!("{error:#}"));
    }
    Redirect::to("/").into_response()
}

/// `POST /relier`: the user goes to the server to prove that a dossier, created elsewhere, is theirs.
pub(super) async fn relier(State(portail): Shared, headers: HeaderMap) -> Response {
    let usager = Usager::of(&headers);
    match portail.client.liaison_url(PARTNER, usager.id_local, None) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(error) => portail.panne(usager, "Le dossier ne peut pas être relié", error.to_string()),
    }
}

/// `GET /relie`: the user is back. Whoever types another number here sees code 110 in its place.
pub(super) async fn relie(
    State(portail): Shared,
    headers: HeaderMap,
    Query(Liaison { liaison, id_dossier }): Query<Liaison>,
) -> Response {
    let usager = Usager::of(&headers);
    let numero = id_dossier.len() == 13 && id_dossier.bytes().all(|byte| byte.is_ascii_digit());
    if liaison != "faite" || !numero {
        return Redirect::to("/").into_response();
    }
    match portail.registre.ajouter(usager.id_local, &id_dossier) {
        Ok(()) => Redirect::to(&format!("/?relie={id_dossier}")).into_response(),
        Err(error) => portail.panne(usager, "La mémoire du portail est illisible", format!("{error:#}")),
    }
}

/// `POST /entrer`: GenererJetonSecuritePA, then the redirection to the server.
pub(super) async fn entrer(
    State(portail): Shared,
    headers: HeaderMap,
    Form(Numero { id_dossier }): Form<Numero>,
) -> Response {
    let usager = Usager::of(&headers);
    match portail.call(usager, Requete::GenererJetonSecuritePA(acces(&id_dossier, usager))).await {
        Ok(Answer { reponse: Reponse::GenererJetonSecuritePA { jeton: Some(jeton), .. }, .. }) => {
            let location = format!("{}/acces?jeton={}", portail.server, jeton.as_str());
            (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
        }
        Ok(Answer { reponse, .. }) => {
            let texte = reponse.code_retour().map(ToString::to_string).unwrap_or_default();
            portail.panne(usager, "Le dossier ne s’ouvre pas", texte)
        }
        Err(error) => portail.sans_reponse(usager, &error),
    }
}

/// `POST /usager`: who the browser is from now on.
pub(super) async fn choisir(Form(Choix { usager }): Form<Choix>) -> Response {
    let home = Redirect::to("/");
    match Usager::find(&usager) {
        Some(usager) => {
            let cookie = format!("{COOKIE_USAGER}={}; Path=/; HttpOnly; SameSite=Lax", usager.id_local);
            ([(SET_COOKIE, cookie)], home).into_response()
        }
        None => home.into_response(),
    }
}

/// `GET /echange/N/requete.xml`, `…/reponse.xml`: the bytes as sent, for `vtpa inspect` and other tools.
pub(super) async fn enveloppe(
    State(portail): Shared,
    headers: HeaderMap,
    Path((numero, sens)): Path<(u64, String)>,
) -> Response {
    let usager = Usager::of(&headers);
    let exchange = portail.journal.octets(usager.id_local, numero);
    let octets = match (exchange, sens.as_str()) {
        (Some(exchange), "requete.xml") => exchange.request,
        (Some(exchange), "reponse.xml") => exchange.response,
        _ => {
            return portail.panne(
                usager,
                "Cet échange n’est plus gardé",
                "Le portail garde les derniers.".to_owned(),
            );
        }
    };
    let disposition = format!("attachment; filename=\"{numero}-{sens}\"");
    ([(CONTENT_TYPE, "application/xml"), (CONTENT_DISPOSITION, &disposition)], octets).into_response()
}

/// What the foot of every page leads to.
pub(super) async fn accessibilite(State(portail): Shared, headers: HeaderMap) -> Response {
    answer(StatusCode::OK, &PageAccessibilite { cadre: portail.cadre(Usager::of(&headers)) })
}

/// Any other address.
pub(super) async fn introuvable(State(portail): Shared, headers: HeaderMap) -> Response {
    let page = PagePanne {
        cadre: portail.cadre(Usager::of(&headers)),
        titre: "Cette page n’existe pas",
        texte: "L’adresse est peut-être incomplète.".to_owned(),
    };
    answer(StatusCode::NOT_FOUND, &page)
}

impl Portail {
    #[expect(clippy::disallowed_methods, reason = "the hour shown beside an exchange is the machine's")]
    async fn call(&self, usager: &Usager, requete: Requete) -> Result<Answer, CallError> {
        let outcome = self.client.call(&requete).await;
        self.journal.noter(usager.id_local, requete.operation().name(), &outcome, Timestamp::now());
        outcome
    }

    fn cadre(&self, usager: &'static Usager) -> Cadre {
        Cadre { usager, server: self.server.clone(), circule: self.journal.montrer(usager.id_local) }
    }

    fn sans_reponse(&self, usager: &'static Usager, error: &CallError) -> Response {
        self.panne(usager, "Le service n’a pas répondu comme il faut", error.to_string())
    }

    fn panne(&self, usager: &'static Usager, titre: &'static str, texte: String) -> Response {
        answer(StatusCode::BAD_GATEWAY, &PagePanne { cadre: self.cadre(usager), titre, texte })
    }
}

fn acces(id_dossier: &str, usager: &Usager) -> AccesSaisi {
    AccesSaisi { id_dossier: id_dossier.to_owned(), id_local: usager.id_local.to_owned() }
}
