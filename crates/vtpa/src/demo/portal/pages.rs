//! The portal's pages.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use dossier::{ConsulterDossierPResponse, Dossier, StatutDemande};

use super::formulaire::{Champ, GROUPES, Saisie, Valeurs};
use super::journal::Circule;
use super::usagers::{USAGERS, Usager};

/// What every page shows around its own part.
pub(super) struct Cadre {
    pub(super) usager: &'static Usager,
    pub(super) server: String,
    pub(super) circule: Vec<Circule>,
}

impl Cadre {
    fn usagers(&self) -> &'static [Usager] {
        &USAGERS
    }
}

/// The user's dossiers.
#[derive(Template)]
#[template(path = "portail/dossiers.html")]
pub(super) struct PageDossiers {
    pub(super) cadre: Cadre,
    /// The dossier that was just created.
    pub(super) nouveau: Option<String>,
    /// The dossier that was just linked.
    pub(super) relie: Option<String>,
    pub(super) alerte: Option<String>,
    pub(super) dossiers: Vec<Carte>,
}

/// One dossier in the list.
pub(super) struct Carte {
    pub(super) numero: String,
    pub(super) contenu: Contenu,
}

/// What ConsulterDossierPA said of it.
pub(super) enum Contenu {
    Dossier { personne: String, statut: &'static str, volets: usize, demandes: Vec<(String, &'static str)> },
    Code { code: String, message: String },
}

impl Carte {
    pub(super) fn new(answer: ConsulterDossierPResponse) -> Self {
        let numero = answer.id_dossier.unwrap_or_default();
        let contenu = match answer.dossier {
            Some(dossier) => Contenu::du_dossier(&dossier),
            None => Contenu::Code {
                code: answer.code_retour.code().to_owned(),
                message: answer.code_retour.message().to_owned(),
            },
        };
        Self { numero, contenu }
    }
}

impl Contenu {
    fn du_dossier(dossier: &Dossier) -> Self {
        let demandeur = &dossier.demandeur;
        let nom = demandeur.nom_usuel.as_ref().unwrap_or(&demandeur.nom_naissance);
        let volets = [
            dossier.est_renseigne_volet_admin,
            dossier.est_renseigne_volet_medical,
            dossier.est_renseigne_volet_autonomie,
        ];
        let demandes = dossier.demandes_etablissement.iter().map(|demande| {
            let etablissement = &demande.etablissement;
            let nom = etablissement.raison_sociale.as_ref().unwrap_or(&etablissement.num_finiss);
            (nom.clone(), libelle(demande.statut_demande))
        });
        Self::Dossier {
            personne: format!("{} {}", demandeur.prenom.as_str(), nom.as_str()),
            statut: libelle(dossier.statut_dossier),
            volets: volets.into_iter().filter(|rempli| *rempli).count(),
            demandes: demandes.collect(),
        }
    }
}

/// The values of §2.4.1, in its words.
fn libelle(statut: StatutDemande) -> &'static str {
    match statut {
        StatutDemande::Annulee => "Demande annulée",
        StatutDemande::Refusee => "Demande refusée",
        StatutDemande::NonEnvoyee => "Non envoyée",
        StatutDemande::Envoyee => "Demande envoyée",
        StatutDemande::Recue => "Demande reçue",
        StatutDemande::ListeAttente => "Liste d’attente",
        StatutDemande::AdmissionProposee => "Admission proposée",
        StatutDemande::AdmissionAcceptee => "Admission acceptée",
        StatutDemande::AdmissionEffectuee => "Admission effective",
        StatutDemande::Archivee => "Dossier archivé",
    }
}

/// The creation form, and what the service said of it.
#[derive(Template)]
#[template(path = "portail/formulaire.html")]
pub(super) struct PageFormulaire {
    pub(super) cadre: Cadre,
    pub(super) valeurs: Valeurs,
    pub(super) refus: Option<Refus>,
}

/// Why nothing was created.
pub(super) struct Refus {
    pub(super) code: String,
    pub(super) message: String,
    /// The fields that the message names.
    pub(super) champs: Vec<&'static str>,
}

impl Refus {
    /// The message without the paths of all the fields: what stands beside one of them.
    fn bref(&self) -> &str {
        let end = [" : Demandeur", " (Demandeur"].iter().find_map(|paths| self.message.find(paths));
        end.and_then(|end| self.message.get(..end)).unwrap_or(&self.message)
    }
}

impl PageFormulaire {
    fn groupes(&self) -> &'static [super::formulaire::Groupe] {
        GROUPES
    }

    fn fautif(&self, champ: &Champ) -> Option<&Refus> {
        self.refus.as_ref().filter(|refus| refus.champs.contains(&champ.nom))
    }

    /// The fields that the message names, to jump to.
    fn fautifs(&self) -> Vec<&'static Champ> {
        let champs = GROUPES.iter().flat_map(|groupe| groupe.champs);
        champs.filter(|champ| self.fautif(champ).is_some()).collect()
    }
}

/// Of this portal's accessibility.
#[derive(Template)]
#[template(path = "portail/accessibilite.html")]
pub(super) struct PageAccessibilite {
    pub(super) cadre: Cadre,
}

/// Something went wrong that is no form's doing.
#[derive(Template)]
#[template(path = "portail/panne.html")]
pub(super) struct PagePanne {
    pub(super) cadre: Cadre,
    pub(super) titre: &'static str,
    pub(super) texte: String,
}

/// The answer that shows a page.
pub(super) fn answer(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the portal could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use client::CallError;

    use super::super::formulaire::champs_nommes;
    use super::super::journal::Journal;
    use super::*;

    const HOSTILE: &str = "\"><script>alert(1)</script>";

    fn cadre() -> Cadre {
        let [usager, ..] = &USAGERS;
        let journal = Journal::default();
        let failed = CallError::Transport {
            url: "https://localhost".to_owned(),
            cause: HOSTILE.to_owned(),
            exchange: Box::new(client::Exchange { request: HOSTILE.into(), response: Vec::new() }),
        };
        let now = "2026-11-24T09:05:07Z".parse().unwrap();
        journal.noter(usager.id_local, "CreerDossierPA", &Err(failed), now);
        Cadre {
            usager,
            server: "https://localhost:8443".to_owned(),
            circule: journal.montrer(usager.id_local),
        }
    }

    #[test]
    fn text_stays_text_on_every_page() {
        let texte = || HOSTILE.to_owned();
        let cartes = [
            Contenu::Code { code: texte(), message: texte() },
            Contenu::Dossier {
                personne: texte(),
                statut: "Reçue",
                volets: 1,
                demandes: vec![(texte(), "Reçue")],
            },
        ];
        let dossiers = cartes.map(|contenu| Carte { numero: texte(), contenu }).into();
        let liste = PageDossiers {
            cadre: cadre(),
            nouveau: Some(texte()),
            relie: Some(texte()),
            alerte: Some(texte()),
            dossiers,
        };
        let valeurs = Valeurs::recues(vec![("Demandeur.Prenom".to_owned(), texte())]);
        let refus = Some(Refus { code: texte(), message: texte(), champs: vec!["Demandeur.Prenom"] });
        let formulaire = PageFormulaire { cadre: cadre(), valeurs, refus };
        let panne = PagePanne { cadre: cadre(), titre: "Panne", texte: texte() };
        let pages = [liste.render(), formulaire.render(), panne.render()];
        for page in pages.map(Result::unwrap) {
            assert!(!page.contains("<script") && page.contains("&#60;script"), "{page}");
            assert!(page.contains("10 h 05 min 07 s") && page.contains("Aucune réponse n’est venue."));
        }
    }

    #[test]
    fn a_refusal_stands_beside_its_fields_and_nowhere_else() {
        let message = "Donnée obligatoire non renseignée : Demandeur.Prenom, Demandeur.Mail".to_owned();
        let champs = champs_nommes(&message);
        let refus = Some(Refus { code: "201".to_owned(), message, champs });
        let page = PageFormulaire { cadre: cadre(), valeurs: Valeurs::default(), refus }.render().unwrap();
        let invalid = page.match_indices("aria-invalid").count();
        assert_eq!(invalid, 2);
        for champ in ["Demandeur.Prenom", "Demandeur.Mail"] {
            let error =
                format!("id=\"faute-{champ}\"><strong>201</strong> Donnée obligatoire non renseignée</p>");
            assert!(page.contains(&error) && page.contains(&format!("href=\"#{champ}\"")), "{champ}");
        }
    }
}
