//! Chapter 2 of the specification as types.

mod enumerations;
mod objets;
mod texte;

pub use enumerations::{StatutDemande, TypeHebergement, UrgenceDemande, motif_convient};
pub use objets::{
    AccesDossier, Adresse, CleIdempotence, Contact, CreationDossier, DemandeEtablissement, Demandeur,
    Dictionnaire, Dossier, Etablissement, Nomenclature, Parametre,
};
pub use texte::{IdDossier, IdLocal, JetonSecurite, Prive};
