//! The objects of chapter 2, with the contract's element names in JSON (`contract/cli.md`).
//!
//! A value of these types was validated, or comes from our own database. `Debug` shows numbers and states alone: a
//! birthday, a commune or a motive says as much of a person as a name.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::enumerations::{StatutDemande, TypeHebergement, UrgenceDemande};
use super::texte::{IdDossier, IdLocal, Prive};
use crate::code_retour::{Code, CodeRetour};
use crate::decode::CHEMIN_IDEMPOTENCE;

macro_rules! objet {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[serde_with::skip_serializing_none]
        #[derive(Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

objet! {
    /// §2.1.5: a code, and what says which table it is of.
    #[derive(Eq, Default)]
    Nomenclature {
        /// Valeur de la nomenclature.
        code: String,
        /// OID of the table.
        code_system: Option<String>,
        /// Name of the table.
        code_system_name: Option<String>,
        /// Its version.
        code_system_version: Option<String>,
        /// Text to show.
        display_name: Option<String>,
    }
}

objet! {
    /// §2.1.2
    #[derive(Eq)]
    Adresse {
        /// Numéro de voie.
        numero_voie: Prive,
        /// Type de voie, a code or label of NOS R35.
        type_voie: String,
        /// Nom de la voie.
        libelle_voie: Prive,
        /// Code postal.
        code_postal: Nomenclature,
        /// Ville.
        localite: Nomenclature,
    }
}

objet! {
    /// An entry of a Dictionnaire (string, string).
    #[derive(Eq)]
    Parametre {
        /// Name.
        nom: String,
        /// Value.
        valeur: Prive,
    }
}

/// Dictionnaire (string, string): at most one entry per Nom.
pub type Dictionnaire = Vec<Parametre>;

objet! {
    /// §2.1.6
    #[derive(Eq)]
    Contact {
        /// Adresse du contact.
        adresse: Option<Adresse>,
        /// Nom de naissance.
        nom_naissance: Prive,
        /// Nom d'usage.
        nom_usuel: Option<Prive>,
        /// Prénom.
        prenom: Option<Prive>,
        /// Courriel.
        mail: Option<Prive>,
        /// Téléphone fixe.
        telephone_fixe: Option<Prive>,
        /// Téléphone portable.
        telephone_portable: Option<Prive>,
        /// Types de contact, one to three.
        r#type: Vec<Nomenclature>,
    }
}

objet! {
    /// §2.1.1: whom the dossier is about.
    #[derive(Eq)]
    Demandeur {
        /// Civilité.
        civilite: Nomenclature,
        /// Nom de naissance.
        nom_naissance: Prive,
        /// Nom d'usage.
        nom_usuel: Option<Prive>,
        /// Prénom.
        prenom: Prive,
        /// Autres prénoms.
        autre_prenoms: Option<Prive>,
        /// Date de naissance.
        date_naissance: Date,
        /// Adresse de résidence.
        adresse: Adresse,
        /// Courriel. Obligatory in a creation (§3.1.1.2), optional in the contract.
        mail: Option<Prive>,
        /// Téléphone fixe.
        telephone_fixe: Option<Prive>,
        /// Téléphone portable.
        telephone_portable: Option<Prive>,
        /// Pays de naissance.
        pays_naissance: Option<Nomenclature>,
        /// Ville de naissance.
        ville_naissance: Option<Nomenclature>,
        /// Numéro de sécurité sociale.
        num_secu: Option<Prive>,
        /// Whether to contact the person directly.
        contacteur_demandeur: Option<bool>,
        /// Personnes à contacter.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        contacts: Vec<Contact>,
        /// Dictionnaire.
        autres_donnees: Option<Dictionnaire>,
    }
}

objet! {
    /// §2.1.4
    #[derive(Eq)]
    Etablissement {
        /// Numéro FINESS, in the specification's spelling.
        #[serde(rename = "NumFINISS")]
        num_finiss: String,
        /// Nom de l'établissement.
        raison_sociale: Option<String>,
        /// Adresse.
        adresse: Option<Adresse>,
        /// Téléphone.
        telephone: Option<String>,
        /// Dictionnaire.
        donnees_autres: Option<Dictionnaire>,
    }
}

objet! {
    /// §2.1.3
    #[derive(Eq)]
    DemandeEtablissement {
        /// Who was asked.
        etablissement: Etablissement,
        /// Unique number.
        id_demande: i64,
        /// State.
        statut_demande: StatutDemande,
        /// Cancelled.
        est_annule: bool,
        /// The establishment opened it after the dossier's last change.
        demande_lue: bool,
        /// Motive of the last exchange.
        motif_dernier_echange: Option<Nomenclature>,
        /// Remark of the last exchange that had one.
        dernier_echange: Option<Prive>,
        /// Date of the demande.
        date_demande: Date,
        /// Kind of stay.
        type_hebergement: TypeHebergement,
        /// Urgency.
        urgence: UrgenceDemande,
        /// Dictionnaire.
        donnees_autres: Option<Dictionnaire>,
    }
}

objet! {
    /// §2.1.1
    #[derive(Eq)]
    Dossier {
        /// Number.
        id_dossier: IdDossier,
        /// Whom it is about.
        demandeur: Demandeur,
        /// Cancelled.
        est_annule: bool,
        /// State of the demande furthest on.
        statut_dossier: StatutDemande,
        /// Administrative part filled in.
        est_renseigne_volet_admin: bool,
        /// Medical part filled in.
        est_renseigne_volet_medical: bool,
        /// Autonomy part filled in.
        est_renseigne_volet_autonomie: bool,
        /// Demandes, forty at most.
        #[serde(default)]
        demandes_etablissement: Vec<DemandeEtablissement>,
        /// Dictionnaire.
        donnees_autres: Option<Dictionnaire>,
    }
}

/// `Debug` that shows the members named and hides the others.
macro_rules! montre {
    ($($name:ident { $($field:ident),* })*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        })*
    };
}

montre! {
    Nomenclature { code_system }
    Adresse {}
    Parametre { nom }
    Contact {}
    Demandeur {}
    Etablissement { num_finiss }
    DemandeEtablissement { id_demande, statut_demande }
    Dossier { id_dossier, est_annule, statut_dossier }
}

/// What CreerDossierPA takes, validated (§3.1.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreationDossier {
    /// Whom the dossier is about.
    pub demandeur: Demandeur,
    /// The partner's user.
    pub id_local: IdLocal,
    /// « Non exploité en version 1 »: checked for form. Each with its place in the list, counted from 1 as messages
    /// count it: an empty one before it has a place and is no establishment.
    pub etablissements: Vec<(usize, Etablissement)>,
    /// No parameter is managed in this version, but for the one below where it is switched on.
    pub parametres_optionnels: Dictionnaire,
    /// That the same call may come again.
    pub cle_idempotence: Option<CleIdempotence>,
}

/// By which a call that comes again is known.
#[derive(Clone, PartialEq, Eq)]
pub struct CleIdempotence {
    /// What the partner chose: 1 to 128 visible characters of ASCII.
    pub cle: Prive,
    /// All that the call says, in one form: equal where it is read alike.
    pub contenu: Vec<u8>,
}

impl CleIdempotence {
    /// The refusal of this key: its call was another one.
    pub fn refus() -> CodeRetour {
        CodeRetour::champs(Code::ValeurNonAutorisee, &[CHEMIN_IDEMPOTENCE.to_owned()])
    }
}

/// A partner may have made the key of a name, and the content is a person's.
impl fmt::Debug for CleIdempotence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CleIdempotence(…)")
    }
}

/// AccesDossierRequest, well formed. Whether a dossier has this number is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccesDossier {
    /// The number asked for: any text of at most 50 characters.
    pub id_dossier: String,
    /// The partner's user.
    pub id_local: IdLocal,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_person() {
        let demandeur = testkit::dossiers::demandeur();
        let demandeur: Demandeur = serde_json::from_value(demandeur).unwrap();
        let motif = Nomenclature {
            code: "14".to_owned(),
            display_name: Some("Décès".to_owned()),
            ..Default::default()
        };
        let etablissement = Etablissement {
            num_finiss: "010000024".to_owned(),
            raison_sociale: Some("Les Glycines".to_owned()),
            adresse: Some(demandeur.adresse.clone()),
            telephone: None,
            donnees_autres: None,
        };
        let dossier = Dossier {
            id_dossier: IdDossier::parse("1234567890128").unwrap(),
            demandeur,
            est_annule: false,
            statut_dossier: StatutDemande::Annulee,
            est_renseigne_volet_admin: false,
            est_renseigne_volet_medical: false,
            est_renseigne_volet_autonomie: false,
            demandes_etablissement: vec![DemandeEtablissement {
                etablissement,
                id_demande: 1,
                statut_demande: StatutDemande::Annulee,
                est_annule: true,
                demande_lue: false,
                motif_dernier_echange: Some(motif),
                dernier_echange: Some(Prive::new("Adieu")),
                date_demande: Date::constant(2026, 1, 2),
                type_hebergement: TypeHebergement::Permanent,
                urgence: UrgenceDemande::SixMois,
                donnees_autres: None,
            }],
            donnees_autres: None,
        };
        let demande = &dossier.demandes_etablissement[0];
        let contact = &dossier.demandeur.contacts[0];
        let shown =
            format!("{dossier:?} {demande:?} {contact:?} {:?} {:?}", dossier.demandeur, contact.adresse);
        assert_eq!(
            shown,
            "Dossier { id_dossier: IdDossier(1234567890128), est_annule: false, statut_dossier: Annulee, .. } \
             DemandeEtablissement { id_demande: 1, statut_demande: Annulee, .. } Contact { .. } Demandeur { .. } \
             Some(Adresse { .. })"
        );
        let nomenclature = &dossier.demandeur.adresse.localite;
        let parametre = &dossier.demandeur.autres_donnees.as_deref().unwrap()[0];
        assert_eq!(
            format!("{nomenclature:?} {parametre:?}"),
            "Nomenclature { code_system: Some(\"1.2.250.1.213.2.23\"), .. } Parametre { nom: \"Canal\", .. }"
        );
    }
}
