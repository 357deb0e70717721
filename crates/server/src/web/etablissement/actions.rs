//! What the desk does with a demande. Each is a form that says what will happen; what cannot be taken back asks for a
//! confirmation. A decision holds only on what was seen: where a colleague or the family was faster, it says what they did.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use dossier::StatutDemande;
use serde::Deserialize;
use storage::{Decision, DemandeBureau, Issue, Refusal};

use super::page::{self, Cadre};
use super::porte::{Agent, entree, form as read_form, not_own, to};
use super::reprise::{self, Garde};
use crate::state::AppState;
use crate::web::fichiers::{desk_style_path, style_path};
use crate::web::page::{failure, html};
use crate::web::vue::bureau::{Etat, Fait, motif, nom};

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    ListeAttente,
    Retour,
    Proposition,
    Refus,
    Admission,
}

impl Action {
    const ALL: [Self; 5] =
        [Self::Proposition, Self::ListeAttente, Self::Retour, Self::Admission, Self::Refus];
    const REMARQUE_MAX: usize = 1000;

    /// The action of this address.
    pub(super) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }

    /// Those that can be taken from this state, the one that goes furthest first.
    pub(super) fn from(statut: StatutDemande) -> Vec<Self> {
        Self::ALL.into_iter().filter(|action| action.applies(statut)).collect()
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::ListeAttente => "liste-attente",
            Self::Retour => "retour-liste-attente",
            Self::Proposition => "proposition",
            Self::Refus => "refus",
            Self::Admission => "admission",
        }
    }

    fn vers(self) -> StatutDemande {
        match self {
            Self::ListeAttente | Self::Retour => StatutDemande::ListeAttente,
            Self::Proposition => StatutDemande::AdmissionProposee,
            Self::Refus => StatutDemande::Refusee,
            Self::Admission => StatutDemande::AdmissionEffectuee,
        }
    }

    /// Decisions §5; the way to the waiting list and the way back to it are two actions.
    fn applies(self, statut: StatutDemande) -> bool {
        let proposed = statut == StatutDemande::AdmissionProposee;
        match self {
            Self::ListeAttente if proposed => false,
            Self::Retour if !proposed => false,
            _ => statut.peut_devenir(self.vers()),
        }
    }

    /// It cannot be taken back.
    pub(super) fn definitive(self) -> bool {
        matches!(self, Self::Refus | Self::Admission)
    }

    /// What a button says.
    pub(super) fn bouton(self) -> &'static str {
        match self {
            Self::ListeAttente => "Inscrire sur la liste d’attente",
            Self::Retour => "Remettre sur la liste d’attente",
            Self::Proposition => "Proposer une place",
            Self::Refus => "Refuser la demande",
            Self::Admission => "Confirmer l’admission",
        }
    }

    /// What will happen.
    fn effet(self) -> &'static str {
        match self {
            Self::ListeAttente => "La famille verra que la personne est sur votre liste d’attente.",
            Self::Retour => "La proposition est retirée. La famille verra que la demande attend à nouveau.",
            Self::Proposition => "La famille verra qu’une place est proposée. Elle dira oui ou non.",
            Self::Refus => {
                "La famille verra votre refus, son motif et votre message. Vous n’aurez plus accès au dossier."
            }
            Self::Admission => "La demande est terminée\u{a0}: la personne est arrivée chez vous.",
        }
    }

    /// What one confirms.
    fn confirmation(self) -> &'static str {
        match self {
            Self::Refus => "Je confirme le refus. Il est définitif.",
            _ => "Je confirme que la personne est arrivée. C’est définitif.",
        }
    }

    /// What a message may say to the family.
    fn aide(self) -> &'static str {
        match self {
            Self::ListeAttente | Self::Retour => {
                "Par exemple\u{a0}: «\u{a0}Comptez environ six mois d’attente.\u{a0}»"
            }
            Self::Proposition => {
                "Par exemple\u{a0}: «\u{a0}Une chambre se libère le 1er mars. Appelez-nous pour la visiter.\u{a0}»"
            }
            Self::Refus => "Par exemple\u{a0}: «\u{a0}Nous n’avons pas d’unité protégée.\u{a0}»",
            Self::Admission => "Par exemple\u{a0}: «\u{a0}Bienvenue chez nous.\u{a0}»",
        }
    }

    /// What is told once it is done.
    pub(super) fn faite(self) -> &'static str {
        match self {
            Self::ListeAttente => "C’est enregistré\u{a0}: la personne est sur votre liste d’attente.",
            Self::Retour => "C’est enregistré\u{a0}: la demande est revenue sur votre liste d’attente.",
            Self::Proposition => "C’est enregistré\u{a0}: la place est proposée à la famille.",
            Self::Refus => "C’est enregistré\u{a0}: la demande est refusée.",
            Self::Admission => "C’est enregistré\u{a0}: l’admission est confirmée.",
        }
    }
}

#[derive(Deserialize, Default)]
struct Saisie {
    jeton: Option<String>,
    version: Option<String>,
    motif: Option<String>,
    remarque: Option<String>,
    confirmation: Option<String>,
    /// Of a form that is taken up again: by which it was kept.
    reprise: Option<String>,
}

impl Saisie {
    /// What is kept of it where its session is over.
    fn garde(&self) -> Garde {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        Garde {
            version: text(&self.version),
            motif: text(&self.motif),
            remarque: text(&self.remarque),
            confirmation: text(&self.confirmation),
        }
    }
}

#[derive(Template)]
#[template(path = "etablissement/action.html")]
struct Page {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
    demande: i64,
    version: i64,
    nom: String,
    action: Action,
    /// Code, words, whether it is chosen.
    motifs: Vec<(&'static str, String, bool)>,
    remarque: String,
    erreurs: Erreurs,
}

#[derive(Default)]
struct Erreurs {
    motif: Option<&'static str>,
    remarque: Option<String>,
    confirmation: Option<&'static str>,
}

impl Erreurs {
    fn any(&self) -> bool {
        self.motif.is_some() || self.remarque.is_some() || self.confirmation.is_some()
    }
}

/// What someone else did meanwhile.
#[derive(Template)]
#[template(path = "etablissement/depassee.html")]
struct Depassee {
    style: &'static str,
    feuille: &'static str,
    cadre: Cadre,
    demande: i64,
    nom: String,
    voulu: &'static str,
    etat: Etat,
    fait: Option<Fait>,
    /// What was typed: it is not lost.
    remarque: String,
}

/// `GET /etablissement/demandes/{id}/{action}`
pub(super) async fn form(
    State(state): State<Arc<AppState>>,
    Path((id, action)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let agent = match entree(&state, &headers).await {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    let (Ok(id), Some(action)) = (id.parse::<i64>(), Action::of(&action)) else {
        return page::unknown(&state, &agent).await;
    };
    match seen(&state, &agent, id).await {
        Ok(Some(found)) if action.applies(found.demande.statut) && saw(&uri, found.version()) => {
            let version = found.version();
            page(
                &state,
                &agent,
                &found,
                action,
                version,
                &Saisie::default(),
                (StatusCode::OK, Erreurs::default()),
            )
            .await
        }
        Ok(Some(found)) => depassee(&state, &agent, &found, action, String::new()).await,
        Ok(None) => page::unknown(&state, &agent).await,
        Err(error) => failure(&error, None),
    }
}

/// Whether the page that led here showed this version.
fn saw(uri: &Uri, version: i64) -> bool {
    let asked = Query::<Saisie>::try_from_uri(uri).ok().and_then(|Query(asked)| asked.version);
    asked.is_none_or(|asked| asked.parse() == Ok(version))
}

async fn seen(state: &AppState, agent: &Agent, id: i64) -> Result<Option<DemandeBureau>, storage::Error> {
    let etablissement = agent.etablissement();
    let found = state
        .store
        .read(move |reader| Box::pin(async move { reader.bureau_demande(etablissement, id).await }))
        .await?;
    // a form is for a demande that was opened: one that was not is as if it were unknown
    Ok(found.filter(|found| found.demande.statut != StatutDemande::Envoyee))
}

async fn page(
    state: &AppState,
    agent: &Agent,
    found: &DemandeBureau,
    action: Action,
    version: i64,
    saisie: &Saisie,
    (status, erreurs): (StatusCode, Erreurs),
) -> Response {
    let cadre = match seen_by(state, agent, found, action, status).await {
        Ok(cadre) => cadre,
        Err(error) => return failure(&error, None),
    };
    let chosen = saisie.motif.as_deref().unwrap_or_default();
    let motifs = ["1", "2", "3", "4", "5"].map(|code| (code, motif(code), code == chosen));
    html(
        status,
        &Page {
            style: style_path(),
            feuille: desk_style_path(),
            cadre,
            demande: found.demande.id,
            version,
            nom: nom(&found.dossier.demandeur),
            action,
            motifs: if action == Action::Refus { motifs.into() } else { Vec::new() },
            remarque: saisie.remarque.clone().unwrap_or_default(),
            erreurs,
        },
    )
}

/// Tells the trail that this account is about to be shown whose demande it is; gives the page's frame.
async fn seen_by(
    state: &AppState,
    agent: &Agent,
    found: &DemandeBureau,
    action: Action,
    status: StatusCode,
) -> Result<Cadre, storage::Error> {
    let cadre = agent.cadre(state).await?;
    let trace = agent.trace(storage::Action::PageVue).dossier(&found.dossier.id).demande(found.demande.id);
    let trace = trace.detail(&format!("etablissement {}", action.code())).code(status.as_str());
    agent.sees(state, trace).await?;
    Ok(cadre)
}

/// `POST /etablissement/demandes/{id}/{action}`
pub(super) async fn posted(
    State(state): State<Arc<AppState>>,
    Path((id, action)): Path<(String, String)>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let saisie = read_form::<Saisie>(request).await.unwrap_or_default();
    let jeton = saisie.jeton.as_deref().unwrap_or_default();
    let entered = entree(&state, &headers).await;
    let own = entered.as_ref().is_ok_and(|agent| agent.owns(&headers, Some(jeton)));
    if let (false, Ok(id), Some(action)) = (own, id.parse::<i64>(), Action::of(&action))
        && let Some(kept) = reprise::late(&state, &headers, jeton, (id, action), &saisie.garde()).await
    {
        return kept;
    }
    let agent = match entered {
        Ok(agent) => agent,
        Err(response) => return *response,
    };
    let (Ok(id), Some(action)) = (id.parse::<i64>(), Action::of(&action)) else {
        return page::unknown(&state, &agent).await;
    };
    if !own {
        return not_own(&state, &agent).await;
    }
    let taken_up = saisie.reprise.as_deref().and_then(|id| id.parse().ok());
    match decide(&state, &agent, id, action, saisie).await {
        Ok(response) => {
            // its page has it now, saved or shown with what is wrong in it or who was faster
            if let Some(taken_up) = taken_up {
                reprise::forget(&state, &headers, Some(taken_up)).await;
            }
            response
        }
        Err(error) => failure(&error, None),
    }
}

async fn decide(
    state: &AppState,
    agent: &Agent,
    id: i64,
    action: Action,
    saisie: Saisie,
) -> Result<Response, storage::Error> {
    let Some(found) = seen(state, agent, id).await? else { return Ok(page::unknown(state, agent).await) };
    let version = saisie.version.as_deref().and_then(|version| version.parse().ok()).unwrap_or(0);
    let remarque = saisie.remarque.as_deref().map(normal).unwrap_or_default();
    let reason = saisie.motif.as_deref().filter(|_| action == Action::Refus);
    let erreurs = check(action, reason, &remarque, saisie.confirmation.is_some());
    if erreurs.any() {
        let status = (StatusCode::BAD_REQUEST, erreurs);
        return Ok(page(state, agent, &found, action, version, &saisie, status).await);
    }
    let decision = &Decision {
        etablissement: agent.etablissement(),
        demande: id,
        version,
        compte: agent.session.compte.id,
        vers: action.vers(),
        motif: reason,
        remarque: Some(remarque.as_str()).filter(|remarque| !remarque.is_empty()),
    };
    let detail = match reason {
        Some(reason) => format!("{} motif {reason}", action.vers().code()),
        None => action.vers().code().to_owned(),
    };
    let trace = &agent
        .trace(storage::Action::DemandeStatut)
        .dossier(&found.dossier.id)
        .demande(id)
        .detail(&detail)
        .code("303");
    let decided = state.store.run("desk: decide", |tx| {
        Box::pin(async move {
            let issue = tx.bureau_decider(decision).await?;
            if matches!(issue, Issue::Faite) {
                tx.trace(trace).await?;
            }
            Ok(issue)
        })
    });
    let decided = decided.await;
    Ok(match decided {
        Ok(Issue::Faite | Issue::DejaFaite) => {
            to(&format!("/etablissement/demandes/{id}?fait={}", action.code()))
        }
        Ok(Issue::Inconnue) => page::unknown(state, agent).await,
        Ok(Issue::Depassee) | Err(storage::Error::Refused(Refusal::Transition { .. })) => {
            match seen(state, agent, id).await? {
                Some(now) => depassee(state, agent, &now, action, remarque).await,
                None => page::unknown(state, agent).await,
            }
        }
        Err(error) => return Err(error),
    })
}

/// Lines end as everywhere else, and what surrounds them is dropped.
fn normal(remarque: &str) -> String {
    remarque.replace("\r\n", "\n").trim().to_owned()
}

fn check(action: Action, reason: Option<&str>, remarque: &str, confirmed: bool) -> Erreurs {
    let length = remarque.chars().count();
    let printable = remarque.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    Erreurs {
        motif: (action == Action::Refus
            && !reason.is_some_and(|code| dossier::motif_convient(code, action.vers())))
        .then_some("Choisissez le motif du refus."),
        remarque: if length > Action::REMARQUE_MAX {
            Some(format!("Votre message a {length} caractères\u{a0}: raccourcissez-le à 1000 au plus."))
        } else if !printable {
            Some("Votre message contient des caractères invisibles\u{a0}: recopiez-le sans eux.".to_owned())
        } else {
            None
        },
        confirmation: (action.definitive() && !confirmed)
            .then_some("Cochez la case pour confirmer\u{a0}: cette action est définitive."),
    }
}

async fn depassee(
    state: &AppState,
    agent: &Agent,
    found: &DemandeBureau,
    action: Action,
    remarque: String,
) -> Response {
    let status = StatusCode::CONFLICT;
    let cadre = match seen_by(state, agent, found, action, status).await {
        Ok(cadre) => cadre,
        Err(error) => return failure(&error, None),
    };
    html(
        status,
        &Depassee {
            style: style_path(),
            feuille: desk_style_path(),
            cadre,
            demande: found.demande.id,
            nom: nom(&found.dossier.demandeur),
            voulu: action.bouton(),
            etat: Etat::of(found.demande.statut),
            fait: found.actes.last().map(|acte| Fait::new(acte, state.clock.now())),
            remarque,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatutDemande as S;

    /// Decisions §5, as far as it is the establishment's.
    #[test]
    fn what_can_be_done_from_each_state() {
        use Action as A;
        for (statut, actions) in [
            (S::NonEnvoyee, vec![]),
            (S::Envoyee, vec![]),
            (S::Recue, vec![A::Proposition, A::ListeAttente, A::Refus]),
            (S::ListeAttente, vec![A::Proposition, A::Refus]),
            (S::AdmissionProposee, vec![A::Retour]),
            (S::AdmissionAcceptee, vec![A::Admission]),
            (S::AdmissionEffectuee, vec![]),
            (S::Refusee, vec![]),
            (S::Annulee, vec![]),
            (S::Archivee, vec![]),
        ] {
            assert_eq!(Action::from(statut), actions, "{statut:?}");
        }
    }

    #[test]
    fn what_is_missing_is_asked_for() {
        let long = "é".repeat(1001);
        for (action, reason, remarque, confirmed, expected) in [
            (Action::ListeAttente, None, "", false, [false, false, false]),
            (Action::Proposition, None, "Venez\nvoir", false, [false, false, false]),
            (Action::Proposition, None, long.as_str(), false, [false, true, false]),
            (Action::Proposition, None, "\u{0}", false, [false, true, false]),
            (Action::Refus, None, "", true, [true, false, false]),
            (Action::Refus, Some("11"), "", true, [true, false, false]),
            (Action::Refus, Some("1"), "", false, [false, false, true]),
            (Action::Refus, Some("5"), "Non", true, [false, false, false]),
            (Action::Admission, None, "", false, [false, false, true]),
            (Action::Admission, None, "", true, [false, false, false]),
        ] {
            let erreurs = check(action, reason, remarque, confirmed);
            let found = [erreurs.motif.is_some(), erreurs.remarque.is_some(), erreurs.confirmation.is_some()];
            assert_eq!(found, expected, "{action:?} {reason:?} {confirmed}");
        }
    }
}
