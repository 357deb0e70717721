//! What the ViaTrajectoire PA services exchange: types, nomenclatures, codes, validation, XML.
//!
//! The objects of the specification's chapter 2 are in `model`, its tables in [`nomenclature`], the codes of §3.3.1
//! in [`CodeRetour`]. A request is decoded from [`xmlsec::Signed`] alone: what was not signed is not read.

mod code_retour;
mod decode;
mod encode;
pub mod finess;
pub mod format;
pub mod identite;
mod model;
pub mod nomenclature;
mod operation;
mod reponse;
mod requete;
pub mod volet;

pub use code_retour::{Code, CodeRetour};
pub use decode::{
    BodyError, EntreeConsultation, Extensions, decode_consulter, decode_creer, decode_jeton, operation,
};
pub use model::{
    AccesDossier, Adresse, CleIdempotence, Contact, CreationDossier, DemandeEtablissement, Demandeur,
    Dictionnaire, Dossier, Etablissement, IdDossier, IdLocal, JetonSecurite, Nomenclature, Parametre, Prive,
    StatutDemande, TypeHebergement, UrgenceDemande, motif_convient,
};
pub use operation::{Operation, Service};
pub use reponse::{ConsulterDossierPResponse, Reponse, ReponseIllisible, decode_reponse};
pub use requete::{AccesSaisi, CreationSaisie, Requete, SaisieInvalide};

/// Namespace of the contract.
pub const NAMESPACE: &str = "urn:viatrajectoire:ws:pa:1";
