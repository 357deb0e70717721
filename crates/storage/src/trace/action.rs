//! What may be done or seen.

/// Declares the actions once: variant, name as it is stored.
macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What was done or seen. Names are stored: a variant may be added, none renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Action {
            $($(#[$doc])* $variant,)*
        }

        impl Action {
            /// All of them.
            pub const TOUTES: &[Self] = &[$(Self::$variant),*];

            /// As it is stored and exported.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

actions! {
    // partners
    /// §3.1.1
    CreerDossierPA = "CreerDossierPA",
    /// §3.2.1
    ConsulterDossierPA = "ConsulterDossierPA",
    /// §3.2.2
    GenererJetonSecuritePA = "GenererJetonSecuritePA",
    /// A message of a known application that WS-Security refused.
    MessageRefuse = "message.refuse",
    // families
    /// A redirection that opened a dossier.
    AccesOuvert = "acces.ouvert",
    /// A redirection that opened nothing.
    AccesRefuse = "acces.refuse",
    /// A page of a dossier was seen; which, in the detail.
    PageVue = "page.vue",
    /// The dossier was left.
    Quitter = "quitter",
    /// A part of the dossier was filled in or saved; which, in the detail.
    VoletEnregistre = "volet.enregistre",
    /// The administrative part's identity was corrected.
    DossierModifie = "dossier.modifie",
    /// The whole dossier was cancelled.
    DossierAnnule = "dossier.annule",
    /// Contacts of a dossier were changed.
    ContactsModifies = "contacts.modifies",
    /// A dossier was linked to an application and an IdLocal.
    LienAjoute = "lien.ajoute",
    /// Such a link was withdrawn.
    LienRetire = "lien.retire",
    /// Such a link was asked for and refused.
    LienRefuse = "lien.refuse",
    /// A dossier's access code was shown or made anew.
    CodeAcces = "code.acces",
    // demandes, by families, establishments and operators
    /// A demande was made.
    DemandeAjoutee = "demande.ajoutee",
    /// A demande changed its state; from which to which, in the detail.
    DemandeStatut = "demande.statut",
    /// An establishment opened a demande.
    DemandeLue = "demande.lue",
    // establishments
    /// An establishment was added or changed.
    EtablissementModifie = "etablissement.modifie",
    /// An account logged in.
    ConnexionOuverte = "connexion.ouverte",
    /// An account was refused.
    ConnexionRefusee = "connexion.refusee",
    /// An account logged out, or its session was ended.
    ConnexionFermee = "connexion.fermee",
    /// An account was added.
    CompteAjoute = "compte.ajoute",
    /// An account, its password or its second factor was changed.
    CompteModifie = "compte.modifie",
    /// An account was removed.
    CompteRetire = "compte.retire",
    /// A list was exported.
    ListeExportee = "liste.exportee",
    // operators and the server
    /// An application or a certificate of one was registered.
    PartenaireAjoute = "partenaire.ajoute",
    /// Rights or settings of an application were changed, or it was suspended or resumed.
    PartenaireModifie = "partenaire.modifie",
    /// An application was removed.
    PartenaireRetire = "partenaire.retire",
    /// A dossier was looked at by an operator.
    DossierConsulte = "dossier.consulte",
    /// A dossier was exported.
    DossierExporte = "dossier.exporte",
    /// A dossier was archived.
    DossierArchive = "dossier.archive",
    /// An archived dossier was opened again.
    DossierReactive = "dossier.reactive",
    /// A dossier was erased.
    DossierEfface = "dossier.efface",
    /// A dossier was put under legal hold, or freed of it.
    DossierConserve = "dossier.conserve",
    /// Retention did its work.
    Purge = "purge",
    /// FINESS's establishments were imported.
    ImportFiness = "import.finess",
    /// A nomenclature was imported or removed.
    ImportNomenclature = "import.nomenclature",
    /// A backup was made.
    Sauvegarde = "sauvegarde",
    /// A backup was restored.
    Restauration = "restauration",
    /// Keys were made, rotated or retired.
    Cles = "cles",
    /// The audit trail was exported.
    TraceExportee = "trace.exportee",
    /// Months of the audit trail were dropped.
    TraceOubliee = "trace.oubliee",
    /// A server began.
    ServeurDemarre = "serveur.demarre",
    /// A server stopped.
    ServeurArrete = "serveur.arrete",
    /// Test data were loaded.
    DonneesChargees = "donnees.chargees",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_have_one_name() {
        let names: std::collections::HashSet<_> = Action::TOUTES.iter().map(|action| action.name()).collect();
        assert_eq!(names.len(), Action::TOUTES.len());
    }
}
