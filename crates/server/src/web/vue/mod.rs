//! What the dossier page shows, apart from the domain: ready texts, each beside the contract's own value.

pub(in crate::web) mod bureau;
pub(in crate::web) mod demande;
pub(in crate::web) mod personne;
pub(in crate::web) mod textes;

use std::collections::HashMap;

use askama::Template;
use dossier::StatutDemande;
use dossier::volet::{Volet, formulaire};
use storage::{StoredDemande, StoredDossier, StoredVolet};

use super::famille::Cadre;
use demande::{Demande, Etape, Geste, Groupe};
use personne::{Contact, Personne};
use textes::{Telephone, pluriel};

/// `/dossier`
#[derive(Template)]
#[template(path = "dossier.html")]
pub(in crate::web) struct PageDossier {
    style: &'static str,
    cadre: Cadre,
    /// What was just done.
    fait: Option<&'static str>,
    /// The number in groups that can be read aloud.
    numero: Vec<String>,
    statut: StatutDemande,
    annule: bool,
    etape: Etape,
    /// The one thing to do now.
    action: Option<Action>,
    /// Whom to call, where a place is proposed.
    appel: Option<Appel>,
    /// How many demandes there are.
    nombre: usize,
    groupes: Vec<Groupe>,
    volets: [VoletVue; 3],
    personne: Personne,
    contacts: Vec<Contact>,
    /// How many contacts there are.
    proches: usize,
}

/// A dossier with no more demandes shows them all on its first page…
const TOUTES: usize = 8;
/// …another of each group as many: the page stays light, each group leads to the rest of it.
const DE_CHAQUE: [(&str, usize); 3] = [("a-vous", 4), ("en-cours", 3), ("terminees", 1)];
/// Contacts shown here; the rest on their own page.
const PROCHES: usize = 3;

/// The page where the next thing is done.
struct Action {
    texte: String,
    adresse: String,
}

/// Who proposes a place.
struct Appel {
    nom: String,
    telephone: Option<Telephone>,
}

/// A part of the dossier.
struct VoletVue {
    champ: &'static str,
    nom: &'static str,
    adresse: &'static str,
    contenu: &'static str,
    rempli: bool,
    /// What is missing, once it was begun.
    reste: Option<String>,
}

impl PageDossier {
    pub(in crate::web) fn new(
        cadre: Cadre,
        dossier: StoredDossier,
        volets: &HashMap<Volet, StoredVolet>,
        fait: Option<&'static str>,
    ) -> Self {
        let statut =
            StatutDemande::du_dossier(dossier.annule, dossier.demandes.iter().map(|demande| demande.statut));
        let nombre = dossier.demandes.len();
        let mut groupes = Groupe::tous(&dossier.demandes, dossier.annule);
        if nombre > TOUTES {
            for groupe in &mut groupes {
                let place = DE_CHAQUE.iter().find(|(code, _)| *code == groupe.code);
                groupe.demandes.truncate(place.map_or(TOUTES, |(_, place)| *place));
            }
        }
        let etape = Etape::du_dossier(statut, nombre == 0, dossier.annule);
        let proposal = dossier
            .demandes
            .iter()
            .find(|demande| !dossier.annule && Geste::of(demande.statut) == Geste::Repondre)
            .map(|demande| Demande::new(demande, &[]));
        let volets = Volet::TOUS.map(|volet| VoletVue::new(&dossier, volet, volets.get(&volet)));
        Self {
            style: cadre.style,
            cadre,
            fait,
            numero: textes::groupes(dossier.id.as_str()),
            statut,
            annule: dossier.annule,
            etape,
            action: Action::next(&dossier, &volets),
            appel: proposal.map(|demande| Appel {
                nom: demande.nom,
                telephone: demande.telephone.filter(|telephone| telephone.appel.is_some()),
            }),
            nombre,
            groupes,
            volets,
            proches: dossier.demandeur.contacts.len(),
            contacts: contacts(&dossier),
            personne: Personne::new(&dossier.demandeur),
        }
    }
}

impl Action {
    /// A proposal waits for an answer; then the parts, then what is chosen, then the choice.
    fn next(dossier: &StoredDossier, volets: &[VoletVue]) -> Option<Self> {
        let demandes: &[StoredDemande] = &dossier.demandes;
        if dossier.annule {
            return None;
        }
        let action = |texte: &str, adresse: String| Some(Self { texte: texte.to_owned(), adresse });
        let first = |geste| demandes.iter().find(|demande| Geste::of(demande.statut) == geste);
        if let Some(proposal) = first(Geste::Repondre) {
            return action("Répondre à la proposition", format!("/dossier/demandes/{}/reponse", proposal.id));
        }
        if let Some(volet) = volets.iter().find(|volet| !volet.rempli) {
            let verb = if volet.reste.is_some() { "Continuer" } else { "Remplir" };
            return action(
                &format!("{verb} la {}", volet.nom.to_lowercase()),
                format!("/dossier/{}", volet.adresse),
            );
        }
        if first(Geste::Choisir).is_some() {
            return action("Vérifier et envoyer", "/dossier/envoyer".to_owned());
        }
        let waiting = demandes.iter().any(|demande| Geste::of(demande.statut) != Geste::Rien);
        let settled = demandes.iter().any(|demande| demande.statut == StatutDemande::AdmissionEffectuee);
        if waiting || settled {
            return None;
        }
        action("Choisir des établissements", "/dossier/etablissements".to_owned())
    }
}

impl VoletVue {
    fn new(dossier: &StoredDossier, volet: Volet, stored: Option<&StoredVolet>) -> Self {
        let (champ, nom, contenu, rempli) = match volet {
            Volet::Admin => (
                "EstRenseigneVoletAdmin",
                "Partie administrative",
                "L’identité, la situation, les ressources.",
                dossier.volet_admin,
            ),
            Volet::Autonomie => (
                "EstRenseigneVoletAutonomie",
                "Partie autonomie",
                "Les gestes de la vie de tous les jours.",
                dossier.volet_autonomie,
            ),
            Volet::Medical => (
                "EstRenseigneVoletMedical",
                "Partie médicale",
                "La santé. Un médecin la remplit.",
                dossier.volet_medical,
            ),
        };
        let begun = stored.filter(|stored| !stored.reponses.est_vide());
        let reste = begun.filter(|_| !rempli).map(|stored| {
            let missing = formulaire(volet).incompletes(&stored.reponses);
            format!("Il reste {missing} {}", pluriel(missing, "page"))
        });
        Self { champ, nom, adresse: volet.code(), contenu, rempli, reste }
    }
}

fn contacts(dossier: &StoredDossier) -> Vec<Contact> {
    (1..)
        .zip(&dossier.demandeur.contacts)
        .take(PROCHES)
        .map(|(rang, contact)| Contact::new(rang, contact))
        .collect()
}

#[cfg(test)]
pub(super) mod tests;
