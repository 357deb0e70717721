//! What was asked of an establishment: where it stands, what comes next and who acts, how it came there.

use dossier::{StatutDemande, TypeHebergement, UrgenceDemande, nomenclature};
use storage::{StoredDemande, Transition};

use super::personne::AdresseVue;
use super::textes::{self, Telephone};
use crate::clock::day_in_paris;

/// DemandeEtablissement.
pub(in crate::web) struct Demande {
    pub(in crate::web) id: i64,
    pub(in crate::web) num_finiss: String,
    pub(in crate::web) nom: String,
    pub(in crate::web) adresse: Option<AdresseVue>,
    pub(in crate::web) telephone: Option<Telephone>,
    pub(in crate::web) statut: StatutDemande,
    pub(in crate::web) etape: Etape,
    pub(in crate::web) annulee: bool,
    pub(in crate::web) lue: bool,
    /// The day the establishment last opened it.
    pub(in crate::web) lue_le: Option<String>,
    pub(in crate::web) date: String,
    pub(in crate::web) date_code: String,
    /// The day it got its present state.
    pub(in crate::web) depuis: String,
    pub(in crate::web) hebergement: &'static str,
    pub(in crate::web) hebergement_code: &'static str,
    pub(in crate::web) urgence: &'static str,
    pub(in crate::web) urgence_code: &'static str,
    pub(in crate::web) motif: Option<Motif>,
    /// The remark of the last transition that had one.
    pub(in crate::web) remarque: Option<String>,
    /// Latest first.
    pub(in crate::web) histoire: Vec<Evenement>,
    /// What the family may do now.
    pub(in crate::web) geste: Geste,
}

/// What the family may do with a demande (decisions §5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Geste {
    /// It was never sent: it is changed on the page of choices.
    Choisir,
    /// A place is proposed: answer, or withdraw.
    Repondre,
    /// It was sent and is not over: withdraw.
    Retirer,
    /// It is over.
    Rien,
}

/// Demandes together by who acts next: what waits for the family first.
pub(in crate::web) struct Groupe {
    /// In addresses and ids.
    pub(in crate::web) code: &'static str,
    pub(in crate::web) titre: &'static str,
    /// How many there are, shown or not.
    pub(in crate::web) total: usize,
    pub(in crate::web) demandes: Vec<Demande>,
}

impl Groupe {
    /// All groups that have a demande; within one, those furthest on, and of those the latest.
    pub(in crate::web) fn tous(demandes: &[StoredDemande], annule: bool) -> Vec<Self> {
        let groupe = |code, titre, acteurs: &[Acteur]| {
            let mut own: Vec<&StoredDemande> = demandes
                .iter()
                .filter(|demande| acteurs.contains(&Etape::de_la_demande(demande.statut).acteur))
                .collect();
            own.sort_by_key(|demande| {
                (-i16::from(demande.statut.valeur()), -demande.statut_le.as_millisecond())
            });
            let demandes: Vec<_> = own.into_iter().map(|demande| Demande::new(demande, &[])).collect();
            Self { code, titre, total: demandes.len(), demandes }
        };
        let groupes = if annule {
            // nothing can be done with it any more, whatever is left of it
            vec![groupe(
                "terminees",
                "Les demandes arrêtées",
                &[Acteur::Famille, Acteur::Etablissement, Acteur::Personne],
            )]
        } else {
            vec![
                groupe("a-vous", "C’est à vous d’agir", &[Acteur::Famille]),
                groupe("en-cours", "C’est à l’établissement d’agir", &[Acteur::Etablissement]),
                groupe("terminees", "Les demandes terminées", &[Acteur::Personne]),
            ]
        };
        groupes.into_iter().filter(|groupe| groupe.total > 0).collect()
    }

    /// How many of them are not shown.
    pub(in crate::web) fn restent(&self) -> usize {
        self.total - self.demandes.len()
    }

    /// `12 demandes`
    pub(in crate::web) fn combien(&self) -> String {
        format!("{} {}", self.total, textes::pluriel(self.total, "demande"))
    }
}

impl Geste {
    pub(in crate::web) fn of(statut: StatutDemande) -> Self {
        match statut {
            StatutDemande::NonEnvoyee => Self::Choisir,
            StatutDemande::AdmissionProposee => Self::Repondre,
            statut if statut.peut_devenir(StatutDemande::Annulee) => Self::Retirer,
            _ => Self::Rien,
        }
    }
}

/// Why a demande ended.
pub(in crate::web) struct Motif {
    pub(in crate::web) code: String,
    pub(in crate::web) libelle: String,
}

/// One step of a demande's way.
pub(in crate::web) struct Evenement {
    pub(in crate::web) le: String,
    pub(in crate::web) le_code: String,
    pub(in crate::web) texte: &'static str,
    pub(in crate::web) motif: Option<String>,
    /// But for the last one, which the page shows by itself.
    pub(in crate::web) remarque: Option<String>,
}

/// Where things stand, in words for the family.
pub(in crate::web) struct Etape {
    /// The state, said shortly.
    pub(in crate::web) titre: &'static str,
    /// What happens next.
    pub(in crate::web) suite: &'static str,
    pub(in crate::web) acteur: Acteur,
}

/// Who acts next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Acteur {
    Famille,
    Etablissement,
    Personne,
}

impl Acteur {
    pub(in crate::web) fn phrase(self) -> &'static str {
        match self {
            Self::Famille => "C’est à vous d’agir.",
            Self::Etablissement => "C’est à l’établissement d’agir. Vous n’avez rien à faire.",
            Self::Personne => "Il n’y a plus rien à faire.",
        }
    }

    /// The colour it is shown in; the words say it too.
    pub(in crate::web) fn ton(self) -> &'static str {
        match self {
            Self::Famille => "agir",
            Self::Etablissement => "attendre",
            Self::Personne => "fini",
        }
    }
}

impl Etape {
    /// Each state of a demande.
    pub(in crate::web) fn de_la_demande(statut: StatutDemande) -> Self {
        use StatutDemande as S;
        let (titre, suite, acteur) = match statut {
            S::NonEnvoyee => (
                "Demande pas encore envoyée",
                "Elle est dans votre liste. Envoyez-la quand le dossier est prêt.",
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
            S::AdmissionProposee => (
                "Une place est proposée",
                "Dites oui ou non ici, ou appelez l’établissement.",
                Acteur::Famille,
            ),
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

    /// The dossier as a whole: that of the demande furthest on, but for what has no demande (`vide`) or none any more.
    pub(in crate::web) fn du_dossier(statut: StatutDemande, vide: bool, annule: bool) -> Self {
        if annule {
            return Self {
                titre: "Dossier annulé",
                suite: "Toutes les demandes sont arrêtées.",
                acteur: Acteur::Personne,
            };
        }
        if vide {
            return Self {
                titre: "Le dossier est créé",
                suite: "Remplissez les trois parties, puis choisissez les établissements. Rien n’est encore parti.",
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
    /// A demande with its own part of the dossier's history, which a list of demandes does without.
    pub(in crate::web) fn new(demande: &StoredDemande, history: &[Transition]) -> Self {
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
            depuis: textes::jour(day_in_paris(demande.statut_le)),
            hebergement: hebergement(demande.hebergement),
            hebergement_code: demande.hebergement.code(),
            urgence: urgence(demande.urgence),
            urgence_code: demande.urgence.code(),
            motif: demande.motif.as_deref().map(Motif::new),
            remarque: demande.remarque.as_ref().map(|remarque| remarque.as_str().to_owned()),
            histoire: histoire(demande.id, history),
            geste: Geste::of(demande.statut),
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

pub(in crate::web) fn hebergement(hebergement: TypeHebergement) -> &'static str {
    match hebergement {
        TypeHebergement::NonRenseigne => "Pas encore précisé",
        TypeHebergement::Permanent => "Pour y vivre",
        TypeHebergement::Temporaire => "Pour un temps limité",
        TypeHebergement::AccueilDeJour => "Pour la journée",
        TypeHebergement::AccueilDeNuit => "Pour la nuit",
        TypeHebergement::AccueilSequentiel => "Par périodes, plusieurs fois dans l’année",
    }
}

pub(in crate::web) fn urgence(urgence: UrgenceDemande) -> &'static str {
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
            let dossier = Etape::du_dossier(*statut, true, *statut == StatutDemande::Annulee);
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
