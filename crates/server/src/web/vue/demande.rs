//! What was asked of an establishment: where it stands, what comes next and who acts, how it came there.

use dossier::{StatutDemande, TypeHebergement, UrgenceDemande, nomenclature};
use storage::{StoredDemande, Transition};

use super::personne::AdresseVue;
use super::textes::{self, Telephone};
use crate::clock::day_in_paris;

/// DemandeEtablissement.
pub(super) struct Demande {
    pub(super) id: i64,
    pub(super) num_finiss: String,
    pub(super) nom: String,
    pub(super) adresse: Option<AdresseVue>,
    pub(super) telephone: Option<Telephone>,
    pub(super) statut: StatutDemande,
    pub(super) etape: Etape,
    pub(super) annulee: bool,
    pub(super) lue: bool,
    /// The day the establishment last opened it.
    pub(super) lue_le: Option<String>,
    pub(super) date: String,
    pub(super) date_code: String,
    pub(super) hebergement: &'static str,
    pub(super) hebergement_code: &'static str,
    pub(super) urgence: &'static str,
    pub(super) urgence_code: &'static str,
    pub(super) motif: Option<Motif>,
    /// The remark of the last transition that had one.
    pub(super) remarque: Option<String>,
    /// Latest first.
    pub(super) histoire: Vec<Evenement>,
}

/// Why a demande ended.
pub(super) struct Motif {
    pub(super) code: String,
    pub(super) libelle: String,
}

/// One step of a demande's way.
pub(super) struct Evenement {
    pub(super) le: String,
    pub(super) le_code: String,
    pub(super) texte: &'static str,
    pub(super) motif: Option<String>,
    /// But for the last one, which the page shows by itself.
    pub(super) remarque: Option<String>,
}

/// Where things stand, in words for the family.
pub(super) struct Etape {
    /// The state, said shortly.
    pub(super) titre: &'static str,
    /// What happens next.
    pub(super) suite: &'static str,
    pub(super) acteur: Acteur,
}

/// Who acts next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Acteur {
    Famille,
    Etablissement,
    Personne,
}

impl Acteur {
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Self::Famille => "C’est à vous d’agir.",
            Self::Etablissement => "C’est à l’établissement d’agir. Vous n’avez rien à faire.",
            Self::Personne => "Il n’y a plus rien à faire.",
        }
    }

    /// The colour it is shown in; the words say it too.
    pub(super) fn ton(self) -> &'static str {
        match self {
            Self::Famille => "agir",
            Self::Etablissement => "attendre",
            Self::Personne => "fini",
        }
    }
}

impl Etape {
    /// Each state of a demande.
    fn de_la_demande(statut: StatutDemande) -> Self {
        use StatutDemande as S;
        let (titre, suite, acteur) = match statut {
            S::NonEnvoyee => (
                "Demande pas encore envoyée",
                "Complétez le dossier avec la personne qui vous accompagne. La demande partira ensuite.",
                Acteur::Famille,
            ),
            S::Envoyee => (
                "Demande envoyée",
                "L’établissement va confirmer qu’il a reçu la demande.",
                Acteur::Etablissement,
            ),
            S::Recue => (
                "Demande reçue",
                "L’établissement étudie la demande. Il proposera une place, une attente, ou dira non.",
                Acteur::Etablissement,
            ),
            S::ListeAttente => (
                "Sur la liste d’attente",
                "L’établissement vous préviendra quand une place sera libre.",
                Acteur::Etablissement,
            ),
            S::AdmissionProposee => {
                ("Une place est proposée", "Appelez l’établissement pour dire oui ou non.", Acteur::Famille)
            }
            S::AdmissionAcceptee => (
                "Place acceptée",
                "L’établissement va fixer avec vous le jour de l’arrivée.",
                Acteur::Etablissement,
            ),
            S::AdmissionEffectuee => {
                ("Arrivée dans l’établissement", "La personne a été accueillie.", Acteur::Personne)
            }
            S::Refusee => (
                "Demande refusée",
                "L’établissement a dit non. Cela ne change rien pour les autres demandes.",
                Acteur::Personne,
            ),
            S::Annulee => {
                ("Demande annulée", "L’établissement ne suit plus cette demande.", Acteur::Personne)
            }
            S::Archivee => {
                ("Demande classée", "La demande est finie. Elle reste visible ici.", Acteur::Personne)
            }
        };
        Self { titre, suite, acteur }
    }

    /// The dossier as a whole: that of the demande furthest on, but for what has no demande or none any more.
    pub(super) fn du_dossier(statut: StatutDemande, demandes: &[Demande], annule: bool) -> Self {
        if annule {
            return Self {
                titre: "Dossier annulé",
                suite: "Toutes les demandes sont arrêtées.",
                acteur: Acteur::Personne,
            };
        }
        if demandes.is_empty() {
            return Self {
                titre: "Le dossier est créé",
                suite: "Aucun établissement n’a encore reçu de demande. Il reste à en choisir un ou plusieurs.",
                acteur: Acteur::Famille,
            };
        }
        if matches!(statut, StatutDemande::Refusee | StatutDemande::Annulee) {
            return Self {
                titre: "Aucune demande en cours",
                suite: "Vous pouvez demander une place dans d’autres établissements.",
                acteur: Acteur::Famille,
            };
        }
        Self::de_la_demande(statut)
    }
}

impl Demande {
    /// A demande with its own part of the dossier's history.
    pub(super) fn new(demande: &StoredDemande, history: &[Transition]) -> Self {
        let etablissement = &demande.etablissement;
        let adresse = etablissement.adresse.as_ref();
        let nom = etablissement.raison_sociale.clone();
        let jour = day_in_paris(demande.cree_le);
        Self {
            id: demande.id,
            num_finiss: etablissement.num_finiss.clone(),
            nom: nom.unwrap_or_else(|| format!("Établissement {}", etablissement.num_finiss)),
            adresse: adresse.map(AdresseVue::new),
            telephone: etablissement.telephone.as_deref().map(Telephone::new),
            statut: demande.statut,
            etape: Etape::de_la_demande(demande.statut),
            annulee: demande.annulee,
            lue: demande.lue,
            lue_le: demande.lue_le.map(|lue_le| textes::jour(day_in_paris(lue_le))),
            date: textes::jour(jour),
            date_code: jour.to_string(),
            hebergement: hebergement(demande.hebergement),
            hebergement_code: demande.hebergement.code(),
            urgence: urgence(demande.urgence),
            urgence_code: demande.urgence.code(),
            motif: demande.motif.as_deref().map(Motif::new),
            remarque: demande.remarque.as_ref().map(|remarque| remarque.as_str().to_owned()),
            histoire: histoire(demande.id, history),
        }
    }
}

impl Motif {
    fn new(code: &str) -> Self {
        Self { code: code.to_owned(), libelle: nomenclature::motif_echange(code).unwrap_or(code).to_owned() }
    }
}

fn histoire(demande: i64, history: &[Transition]) -> Vec<Evenement> {
    let mine = history.iter().rev().filter(|transition| transition.demande == demande);
    let mut last_remark_seen = false;
    mine.map(|transition| {
        let jour = day_in_paris(transition.le);
        let remarque =
            transition.remarque.as_ref().filter(|_| std::mem::replace(&mut last_remark_seen, true));
        Evenement {
            le: textes::jour(jour),
            le_code: jour.to_string(),
            texte: evenement(transition.de, transition.vers),
            motif: transition.motif.as_deref().map(|code| Motif::new(code).libelle),
            remarque: remarque.map(|remarque| remarque.as_str().to_owned()),
        }
    })
    .collect()
}

fn evenement(de: Option<StatutDemande>, vers: StatutDemande) -> &'static str {
    use StatutDemande as S;
    match (de, vers) {
        (_, S::NonEnvoyee) => "La demande a été préparée.",
        (_, S::Envoyee) => "La demande a été envoyée à l’établissement.",
        (_, S::Recue) => "L’établissement a reçu la demande.",
        (Some(S::AdmissionProposee), S::ListeAttente) => {
            "La place n’a pas été prise. La demande est revenue sur la liste d’attente."
        }
        (_, S::ListeAttente) => "L’établissement a mis la demande sur sa liste d’attente.",
        (_, S::AdmissionProposee) => "L’établissement a proposé une place.",
        (_, S::AdmissionAcceptee) => "La place a été acceptée.",
        (_, S::AdmissionEffectuee) => "La personne est arrivée dans l’établissement.",
        (_, S::Refusee) => "L’établissement a refusé la demande.",
        (_, S::Annulee) => "La demande a été annulée.",
        (_, S::Archivee) => "La demande a été classée.",
    }
}

pub(super) fn hebergement(hebergement: TypeHebergement) -> &'static str {
    match hebergement {
        TypeHebergement::NonRenseigne => "Pas encore précisé",
        TypeHebergement::Permanent => "Pour y vivre",
        TypeHebergement::Temporaire => "Pour un temps limité",
        TypeHebergement::AccueilDeJour => "Pour la journée",
        TypeHebergement::AccueilDeNuit => "Pour la nuit",
        TypeHebergement::AccueilSequentiel => "Par périodes, plusieurs fois dans l’année",
    }
}

pub(super) fn urgence(urgence: UrgenceDemande) -> &'static str {
    match urgence {
        UrgenceDemande::Immediat => "Tout de suite",
        UrgenceDemande::SixMois => "Dans les six mois",
        UrgenceDemande::Eloigne => "Plus tard",
        UrgenceDemande::NonRenseigne => "Pas encore précisé",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use textes::mots;

    /// House rule: a family reads twenty words a sentence at most.
    #[test]
    fn sentences_have_twenty_words_at_most() {
        let mut phrases: Vec<&str> = Vec::new();
        for statut in StatutDemande::TOUS {
            let etape = Etape::de_la_demande(*statut);
            phrases.extend([etape.titre, etape.suite, etape.acteur.phrase(), evenement(None, *statut)]);
            let dossier = Etape::du_dossier(*statut, &[], *statut == StatutDemande::Annulee);
            phrases.extend([dossier.titre, dossier.suite]);
        }
        phrases.push(evenement(Some(StatutDemande::AdmissionProposee), StatutDemande::ListeAttente));
        for phrase in phrases.iter().flat_map(|text| text.split(['.', '?'])) {
            assert!(mots(phrase) <= 20, "{} words: {phrase}", mots(phrase));
        }
    }

    #[test]
    fn every_motive_has_words() {
        for code in ["1", "2", "3", "4", "5", "11", "12", "13", "14", "15"] {
            assert_ne!(Motif::new(code).libelle, code);
        }
    }
}
