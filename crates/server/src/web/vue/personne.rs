//! The person the dossier is about, and those close to them.

use dossier::{Adresse, Demandeur, Nomenclature, Prive};

use super::textes::{self, Telephone};

/// Demandeur.
pub(super) struct Personne {
    pub(super) civilite: String,
    pub(super) civilite_code: String,
    pub(super) nom_naissance: String,
    pub(super) nom_usuel: Option<String>,
    pub(super) prenom: String,
    pub(super) autre_prenoms: Option<String>,
    /// `Née le`, `Né le`
    pub(super) ne: &'static str,
    pub(super) naissance: String,
    pub(super) naissance_code: String,
    pub(super) ville_naissance: Option<String>,
    pub(super) pays_naissance: Option<String>,
    pub(super) adresse: AdresseVue,
    pub(super) mail: Option<String>,
    pub(super) fixe: Option<Telephone>,
    pub(super) portable: Option<Telephone>,
    /// Masked.
    pub(super) num_secu: Option<String>,
    pub(super) contacter: Option<bool>,
}

/// Adresse.
pub(super) struct AdresseVue {
    pub(super) numero: String,
    pub(super) type_voie: String,
    pub(super) type_voie_code: String,
    pub(super) libelle: String,
    pub(super) code_postal: String,
    pub(super) localite: String,
    pub(super) localite_code: String,
}

/// Contact.
pub(super) struct Contact {
    /// The contract's path of it.
    pub(super) chemin: String,
    pub(super) nom_naissance: String,
    pub(super) nom_usuel: Option<String>,
    pub(super) prenom: Option<String>,
    pub(super) types: Vec<String>,
    pub(super) mail: Option<String>,
    pub(super) fixe: Option<Telephone>,
    pub(super) portable: Option<Telephone>,
    pub(super) adresse: Option<AdresseVue>,
}

impl Personne {
    pub(super) fn new(demandeur: &Demandeur) -> Self {
        let feminine = matches!(demandeur.civilite.code.as_str(), "MME" | "MLLE");
        Self {
            civilite: libelle(&demandeur.civilite),
            civilite_code: demandeur.civilite.code.clone(),
            nom_naissance: texte(&demandeur.nom_naissance),
            nom_usuel: demandeur.nom_usuel.as_ref().map(texte),
            prenom: texte(&demandeur.prenom),
            autre_prenoms: demandeur.autre_prenoms.as_ref().map(texte),
            ne: if feminine { "Née le" } else { "Né le" },
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
    pub(super) fn nom(&self) -> &str {
        self.nom_usuel.as_deref().unwrap_or(&self.nom_naissance)
    }
}

impl AdresseVue {
    pub(super) fn new(adresse: &Adresse) -> Self {
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
    pub(super) fn new(rang: usize, contact: &dossier::Contact) -> Self {
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

/// A kind of way (NOS R35, code or label) as it stands in an address: `rue`, not `R`.
fn voie(type_voie: &str) -> String {
    const USUELS: [(&str, &str); 16] = [
        ("ALL", "allée"),
        ("AV", "avenue"),
        ("BD", "boulevard"),
        ("CHE", "chemin"),
        ("CRS", "cours"),
        ("FG", "faubourg"),
        ("HAM", "hameau"),
        ("IMP", "impasse"),
        ("LOT", "lotissement"),
        ("MTE", "montée"),
        ("PAS", "passage"),
        ("PL", "place"),
        ("QU", "quai"),
        ("R", "rue"),
        ("RTE", "route"),
        ("SQ", "square"),
    ];
    let usuel = USUELS.iter().find(|(code, _)| code.eq_ignore_ascii_case(type_voie));
    usuel.map_or_else(|| type_voie.to_lowercase(), |(_, mot)| (*mot).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_way_are_words() {
        for (given, word) in [("R", "rue"), ("bd", "boulevard"), ("Avenue", "avenue"), ("ABE", "abe")] {
            assert_eq!(voie(given), word);
            assert!(dossier::nomenclature::type_voie(given), "{given}");
        }
    }
}
