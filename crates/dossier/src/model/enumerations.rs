//! The enumerations of §2.4: the code travels as text, the value gives the order and is what is stored.

use serde::{Deserialize, Serialize};

macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $valeur:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $code)] $variant,)* }

        impl $name {
            /// Every value, in the specification's order.
            pub const TOUS: &'static [Self] = &[$(Self::$variant,)*];

            /// The code that travels.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The value that is stored.
            pub fn valeur(self) -> i8 {
                match self { $(Self::$variant => $valeur,)* }
            }

            /// The value of this code, exactly as it is written.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::TOUS.iter().copied().find(|item| item.code() == code)
            }

            /// The value stored under this number.
            pub fn from_valeur(valeur: i64) -> Option<Self> {
                Self::TOUS.iter().copied().find(|item| i64::from(item.valeur()) == valeur)
            }
        }
    };
}

enumeration! {
    /// §2.4.1
    StatutDemande {
        /// Demande annulée.
        Annulee = "ANNULEE", -1;
        /// Demande refusée.
        Refusee = "REFUSEE", 0;
        /// Non envoyée.
        NonEnvoyee = "NON_ENVOYEE", 1;
        /// Demande envoyée.
        Envoyee = "ENVOYEE", 2;
        /// Demande reçue.
        Recue = "RECUE", 3;
        /// Liste d'attente.
        ListeAttente = "LISTE_ATTENTE", 4;
        /// Admission proposée.
        AdmissionProposee = "ADMISSION_PROPOSEE", 5;
        /// Admission acceptée.
        AdmissionAcceptee = "ADMISSION_ACCEPTEE", 6;
        /// Admission effective.
        AdmissionEffectuee = "ADMISSION_EFFECTUEE", 7;
        /// Dossier archivé.
        Archivee = "ARCHIVEE", 9;
    }
}

enumeration! {
    /// §2.4.2
    TypeHebergement {
        /// Non renseigné.
        NonRenseigne = "NonRenseigne", 0;
        /// Permanent.
        Permanent = "Permanent", 1;
        /// Temporaire.
        Temporaire = "Temporaire", 2;
        /// Accueil de jour.
        AccueilDeJour = "AccueilDeJour", 3;
        /// Accueil de nuit.
        AccueilDeNuit = "AccueilDeNuit", 4;
        /// Accueil séquentiel.
        AccueilSequentiel = "AccueilSequentiel", 5;
    }
}

enumeration! {
    /// §2.4.3
    UrgenceDemande {
        /// Immédiat.
        Immediat = "Immédiat", 0;
        /// Dans les six mois.
        SixMois = "SixMois", 1;
        /// Échéance plus lointaine.
        Eloigne = "Eloigne", 2;
        /// Non renseigné.
        NonRenseigne = "NonRenseigne", 3;
    }
}

impl StatutDemande {
    /// The transitions of decisions §5, and no other.
    pub fn peut_devenir(self, suivant: Self) -> bool {
        use StatutDemande as S;
        match (self, suivant) {
            (S::NonEnvoyee, S::Envoyee)
            | (S::Envoyee, S::Recue)
            | (S::Recue, S::ListeAttente | S::AdmissionProposee | S::Refusee)
            | (S::ListeAttente, S::AdmissionProposee | S::Refusee)
            | (S::AdmissionProposee, S::ListeAttente | S::AdmissionAcceptee)
            | (S::AdmissionAcceptee, S::AdmissionEffectuee)
            | (S::AdmissionEffectuee | S::Refusee | S::Annulee, S::Archivee) => true,
            (_, S::Annulee) => self.precede_l_admission(),
            _ => false,
        }
    }

    /// Any state before ADMISSION_EFFECTUEE on the way to it.
    fn precede_l_admission(self) -> bool {
        use StatutDemande as S;
        matches!(
            self,
            S::NonEnvoyee
                | S::Envoyee
                | S::Recue
                | S::ListeAttente
                | S::AdmissionProposee
                | S::AdmissionAcceptee
        )
    }

    /// REFUSEE, ANNULEE, ADMISSION_EFFECTUEE, ARCHIVEE: nothing is awaited any more.
    pub fn est_terminee(self) -> bool {
        !self.precede_l_admission()
    }

    /// StatutDossier (decisions §5): ANNULEE for a cancelled dossier, NON_ENVOYEE without a demande, else the demande
    /// with the highest value.
    pub fn du_dossier(annule: bool, demandes: impl IntoIterator<Item = Self>) -> Self {
        if annule {
            return Self::Annulee;
        }
        demandes.into_iter().max_by_key(|statut| statut.valeur()).unwrap_or(Self::NonEnvoyee)
    }
}

/// Whether a motive of `MotifEchangePA` goes with a transition to `vers`: 1–5 with REFUSEE, 11–15 with ANNULEE.
pub fn motif_convient(code: &str, vers: StatutDemande) -> bool {
    match vers {
        StatutDemande::Refusee => matches!(code, "1" | "2" | "3" | "4" | "5"),
        StatutDemande::Annulee => matches!(code, "11" | "12" | "13" | "14" | "15"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::StatutDemande as S;
    use super::*;

    /// Decisions §5, written out: from each state, where to.
    #[test]
    fn transitions() {
        let table: [(S, &[S]); 10] = [
            (S::NonEnvoyee, &[S::Annulee, S::Envoyee]),
            (S::Envoyee, &[S::Annulee, S::Recue]),
            (S::Recue, &[S::Annulee, S::Refusee, S::ListeAttente, S::AdmissionProposee]),
            (S::ListeAttente, &[S::Annulee, S::Refusee, S::AdmissionProposee]),
            (S::AdmissionProposee, &[S::Annulee, S::ListeAttente, S::AdmissionAcceptee]),
            (S::AdmissionAcceptee, &[S::Annulee, S::AdmissionEffectuee]),
            (S::AdmissionEffectuee, &[S::Archivee]),
            (S::Refusee, &[S::Archivee]),
            (S::Annulee, &[S::Archivee]),
            (S::Archivee, &[]),
        ];
        for (from, allowed) in table {
            for to in S::TOUS {
                assert_eq!(from.peut_devenir(*to), allowed.contains(to), "{} → {}", from.code(), to.code());
            }
        }
    }

    proptest! {
        /// Demandes of one dossier, to each of which anything is tried in any order.
        #[test]
        fn any_sequence_of_transitions_keeps_what_decisions_5_says(
            tried in vec((0..40_usize, select(S::TOUS), select(vec!["1", "5", "11", "15", "6", ""])), 0..400),
            annule in any::<bool>(),
        ) {
            let mut demandes: Vec<Vec<S>> = vec![vec![S::NonEnvoyee]; 40];
            for (demande, vers, motif) in tried {
                let history = &mut demandes[demande];
                if !history[history.len() - 1].peut_devenir(vers) {
                    continue;
                }
                let of_the_establishment = vers == S::Refusee && matches!(motif, "1" | "5");
                let of_the_person = vers == S::Annulee && matches!(motif, "11" | "15");
                prop_assert_eq!(motif_convient(motif, vers), of_the_establishment || of_the_person);
                history.push(vers);
            }
            for history in &demandes {
                let over = history.iter().position(|statut| statut.est_terminee());
                let after = over.map_or(&[][..], |over| &history[over + 1..]);
                prop_assert!(after.is_empty() || after == [S::Archivee], "what is over is archived at most: {history:?}");
                let reached = |statut: S| history.contains(&statut);
                prop_assert!(!reached(S::Archivee) || over.is_some());
                prop_assert!(!(reached(S::AdmissionEffectuee) && (reached(S::Annulee) || reached(S::Refusee))));
                prop_assert!(!reached(S::AdmissionEffectuee) || reached(S::AdmissionAcceptee));
                prop_assert!(!reached(S::Refusee) || reached(S::Recue), "nobody refuses what they have not received");
                let forward = history.windows(2).all(|pair| {
                    pair[1].valeur() > pair[0].valeur()
                        || matches!(pair, [S::AdmissionProposee, S::ListeAttente] | [_, S::Refusee | S::Annulee])
                });
                prop_assert!(forward, "{history:?}");
            }
            let now = demandes.iter().map(|history| history[history.len() - 1]);
            let dossier = S::du_dossier(annule, now.clone());
            if annule {
                prop_assert_eq!(dossier, S::Annulee);
            } else {
                prop_assert!(now.clone().all(|statut| statut.valeur() <= dossier.valeur()));
                prop_assert!(now.clone().any(|statut| statut == dossier));
            }
        }
    }

    #[test]
    fn statut_of_a_dossier() {
        assert_eq!(S::du_dossier(false, []), S::NonEnvoyee);
        assert_eq!(S::du_dossier(true, [S::AdmissionProposee]), S::Annulee);
        assert_eq!(S::du_dossier(false, [S::Refusee, S::ListeAttente, S::Recue]), S::ListeAttente);
        assert_eq!(S::du_dossier(false, [S::Annulee, S::Refusee]), S::Refusee);
    }

    #[test]
    fn codes_and_values_go_both_ways() {
        for item in S::TOUS {
            assert_eq!(S::from_code(item.code()), Some(*item));
            assert_eq!(S::from_valeur(item.valeur().into()), Some(*item));
        }
        assert_eq!(UrgenceDemande::from_code("Immédiat"), Some(UrgenceDemande::Immediat));
        assert_eq!(S::from_code("annulee"), None);
    }
}
