//! The person the dossier is about, and those close to them.

use dossier::identite::voie;
use dossier::{Adresse, Demandeur, Nomenclature, Prive};

use super::textes::{self, Telephone};

/// Demandeur.
pub(in crate::web) struct Personne {
    pub(in crate::web) civilite: String,
    pub(in crate::web) civilite_code: String,
    pub(in crate::web) nom_naissance: String,
    pub(in crate::web) nom_usuel: Option<String>,
    pub(in crate::web) prenom: String,
    pub(in crate::web) autre_prenoms: Option<String>,
    /// `Née le`, `Né le`
    pub(in crate::web) ne: &'static str,
    pub(in crate::web) naissance: String,
    pub(in crate::web) naissance_code: String,
    pub(in crate::web) ville_naissance: Option<String>,
    pub(in crate::web) pays_naissance: Option<String>,
    pub(in crate::web) adresse: AdresseVue,
    pub(in crate::web) mail: Option<String>,
    pub(in crate::web) fixe: Option<Telephone>,
    pub(in crate::web) portable: Option<Telephone>,
    /// Masked.
    pub(in crate::web) num_secu: Option<String>,
    pub(in crate::web) contacter: Option<bool>,
}

/// Adresse.
pub(in crate::web) struct AdresseVue {
    pub(in crate::web) numero: String,
    pub(in crate::web) type_voie: String,
    pub(in crate::web) type_voie_code: String,
    pub(in crate::web) libelle: String,
    pub(in crate::web) code_postal: String,
    pub(in crate::web) localite: String,
    pub(in crate::web) localite_code: String,
}

/// Contact.
pub(in crate::web) struct Contact {
    /// The contract's path of it.
    pub(in crate::web) chemin: String,
    pub(in crate::web) nom_naissance: String,
    pub(in crate::web) nom_usuel: Option<String>,
    pub(in crate::web) prenom: Option<String>,
    pub(in crate::web) types: Vec<String>,
    pub(in crate::web) mail: Option<String>,
    pub(in crate::web) fixe: Option<Telephone>,
    pub(in crate::web) portable: Option<Telephone>,
    pub(in crate::web) adresse: Option<AdresseVue>,
}

/// How the date of birth is said of someone.
pub(in crate::web) fn ne(demandeur: &Demandeur) -> &'static str {
    let feminine = matches!(demandeur.civilite.code.as_str(), "MME" | "MLLE");
    if feminine { "Née le" } else { "Né le" }
}

impl Personne {
    pub(in crate::web) fn new(demandeur: &Demandeur) -> Self {
        Self {
            civilite: libelle(&demandeur.civilite),
            civilite_code: demandeur.civilite.code.clone(),
            nom_naissance: texte(&demandeur.nom_naissance),
            nom_usuel: demandeur.nom_usuel.as_ref().map(texte),
            prenom: texte(&demandeur.prenom),
            autre_prenoms: demandeur.autre_prenoms.as_ref().map(texte),
            ne: ne(demandeur),
            naissance: textes::jour(demandeur.date_naissance),
            naissance_code: demandeur.date_naissance.to_string(),
            ville_naissance: demandeur.ville_naissance.as_ref().map(libelle),
            pays_naissance: demandeur.pays_naissance.as_ref().map(libelle),
            adresse: AdresseVue::new(&demandeur.adresse),
            mail: demandeur.mail.as_ref().map(texte),
            fixe: demandeur.telephone_fixe.as_ref().map(telephone),
            portable: demandeur.telephone_portable.as_ref().map(telephone),
            num_secu: demandeur.num_secu.as_ref().map(|numero| textes::numero_masque(numero.as_str())),
            contacter: demandeur.contacteur_demandeur,
        }
    }

    /// The name that people call them by.
    pub(in crate::web) fn nom(&self) -> &str {
        self.nom_usuel.as_deref().unwrap_or(&self.nom_naissance)
    }
}

impl AdresseVue {
    pub(in crate::web) fn new(adresse: &Adresse) -> Self {
        Self {
            numero: texte(&adresse.numero_voie),
            type_voie: voie(&adresse.type_voie),
            type_voie_code: adresse.type_voie.clone(),
            libelle: texte(&adresse.libelle_voie),
            code_postal: adresse.code_postal.code.clone(),
            localite: libelle(&adresse.localite),
            localite_code: adresse.localite.code.clone(),
        }
    }
}

impl Contact {
    /// The contact at this place of the list, counted from 1.
    pub(in crate::web) fn new(rang: usize, contact: &dossier::Contact) -> Self {
        Self {
            chemin: format!("Demandeur.Contacts[{rang}]"),
            nom_naissance: texte(&contact.nom_naissance),
            nom_usuel: contact.nom_usuel.as_ref().map(texte),
            prenom: contact.prenom.as_ref().map(texte),
            types: contact.r#type.iter().map(libelle).collect(),
            mail: contact.mail.as_ref().map(texte),
            fixe: contact.telephone_fixe.as_ref().map(telephone),
            portable: contact.telephone_portable.as_ref().map(telephone),
            adresse: contact.adresse.as_ref().map(AdresseVue::new),
        }
    }
}

/// What a nomenclature shows: its text, else its code.
fn libelle(nomenclature: &Nomenclature) -> String {
    nomenclature.display_name.clone().unwrap_or_else(|| nomenclature.code.clone())
}

fn texte(prive: &Prive) -> String {
    prive.as_str().to_owned()
}

fn telephone(prive: &Prive) -> Telephone {
    Telephone::new(prive.as_str())
}
