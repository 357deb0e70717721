//! What the dossier page shows, apart from the domain: ready texts, each beside the contract's own value.

pub(super) mod bureau;
mod demande;
mod personne;
pub(in crate::web) mod textes;

use askama::Template;
use dossier::StatutDemande;
use jiff::Timestamp;
use storage::{StoredDossier, Transition};

use super::fichiers::style_path;
use super::retour::Retour;
use crate::clock::day_in_paris;
use demande::{Demande, Etape};
use personne::{Contact, Personne};
use textes::Telephone;

/// `/dossier`
#[derive(Template)]
#[template(path = "dossier.html")]
pub(in crate::web) struct PageDossier {
    style: &'static str,
    retour: Option<Retour>,
    /// When the session ends if nothing is asked for any more.
    fin: String,
    /// The day the page was made: what a printed page says.
    jour: String,
    /// The number in groups that can be read aloud.
    numero: Vec<String>,
    statut: StatutDemande,
    annule: bool,
    etape: Etape,
    /// Whom to call, where the next step is a call.
    appel: Option<Appel>,
    demandes: Vec<Demande>,
    volets: [Volet; 3],
    personne: Personne,
    contacts: Vec<Contact>,
}

/// The one thing to do now.
struct Appel {
    nom: String,
    telephone: Telephone,
}

/// A part of the dossier.
struct Volet {
    champ: &'static str,
    nom: &'static str,
    contenu: &'static str,
    rempli: bool,
}

impl PageDossier {
    pub(in crate::web) fn new(
        dossier: StoredDossier,
        history: &[Transition],
        retour: Option<Retour>,
        fin: Timestamp,
        now: Timestamp,
    ) -> Self {
        let statut =
            StatutDemande::du_dossier(dossier.annule, dossier.demandes.iter().map(|demande| demande.statut));
        let demandes: Vec<Demande> =
            dossier.demandes.iter().map(|demande| Demande::new(demande, history)).collect();
        let etape = Etape::du_dossier(statut, &demandes, dossier.annule);
        let appel = demandes
            .iter()
            .filter(|demande| !dossier.annule && demande.statut == StatutDemande::AdmissionProposee)
            .find_map(|demande| {
                let telephone = demande.telephone.clone().filter(|telephone| telephone.appel.is_some())?;
                Some(Appel { nom: demande.nom.clone(), telephone })
            });
        Self {
            style: style_path(),
            retour,
            fin: textes::heure(fin, now),
            jour: textes::jour(day_in_paris(now)),
            numero: textes::groupes(dossier.id.as_str()),
            statut,
            annule: dossier.annule,
            etape,
            appel,
            demandes,
            volets: volets(&dossier),
            contacts: contacts(&dossier),
            personne: Personne::new(&dossier.demandeur),
        }
    }
}

fn contacts(dossier: &StoredDossier) -> Vec<Contact> {
    (1..).zip(&dossier.demandeur.contacts).map(|(rang, contact)| Contact::new(rang, contact)).collect()
}

fn volets(dossier: &StoredDossier) -> [Volet; 3] {
    [
        Volet {
            champ: "EstRenseigneVoletAdmin",
            nom: "Partie administrative",
            contenu: "L’identité, la situation, les ressources.",
            rempli: dossier.volet_admin,
        },
        Volet {
            champ: "EstRenseigneVoletAutonomie",
            nom: "Partie autonomie",
            contenu: "Les gestes de la vie de tous les jours.",
            rempli: dossier.volet_autonomie,
        },
        Volet {
            champ: "EstRenseigneVoletMedical",
            nom: "Partie médicale",
            contenu: "La santé. Un médecin la remplit.",
            rempli: dossier.volet_medical,
        },
    ]
}

#[cfg(test)]
pub(super) mod tests;
