//! Demandeur and what it holds (§2.1), read and checked member by member.

use std::collections::HashSet;

use jiff::civil::Date;
use xmlsec::Signed;

use super::constats::Constats;
use super::lecteur::{Objet, est_renseigne, liste};
use super::nomenclatures::{Table, nomenclature};
use super::valeurs::{booleen, borne, facultatif, forme, obligatoire, telephone};
use crate::code_retour::Code;
use crate::format;
use crate::model::{
    Adresse, Contact, Demandeur, Dictionnaire, Etablissement, Nomenclature, Parametre, Prive,
};

// Limits of decisions §3, row 7.
const CONTACTS_MAX: usize = 50;
const TYPES_MAX: usize = 3;
const PARAMETRES_MAX: usize = 100;
const PREMIERE_ANNEE: i16 = 1880;

pub(super) fn demandeur(
    element: Signed<'_>,
    chemin: &str,
    today: Date,
    constats: &mut Constats,
) -> Option<Demandeur> {
    let members = [
        "Civilite",
        "NomNaissance",
        "NomUsuel",
        "Prenom",
        "AutrePrenoms",
        "DateNaissance",
        "Adresse",
        "Mail",
        "TelephoneFixe",
        "TelephonePortable",
        "PaysNaissance",
        "VilleNaissance",
        "NumSecu",
        "ContacteurDemandeur",
        "Contacts",
        "AutresDonnees",
    ];
    let objet = Objet::ouvrir(element, chemin, &members, constats);
    let civilite = code_obligatoire(&objet, "Civilite", Table::Civilite, constats);
    let nom_naissance = obligatoire(&objet, "NomNaissance", 50, constats);
    let nom_usuel = facultatif(&objet, "NomUsuel", 50, constats);
    let prenom = obligatoire(&objet, "Prenom", 50, constats);
    let autre_prenoms = facultatif(&objet, "AutrePrenoms", 50, constats);
    let date_naissance = date_naissance(&objet, today, constats);
    let adresse = adresse_obligatoire(&objet, constats);
    // §3.1.1.2: obligatory in a creation, though §2.1.1 says 0-1
    let mail = match objet.texte_obligatoire("Mail", constats) {
        Some(text) => forme(&objet, "Mail", text, 75, format::mail, constats),
        None => None,
    };
    let telephone_fixe = telephone(&objet, "TelephoneFixe", constats);
    let telephone_portable = telephone(&objet, "TelephonePortable", constats);
    let pays_naissance = code(&objet, "PaysNaissance", Table::Pays, constats);
    let ville_naissance = code(&objet, "VilleNaissance", Table::Commune, constats);
    let num_secu = objet
        .texte("NumSecu", constats)
        .and_then(|text| forme(&objet, "NumSecu", text, 15, format::nir, constats));
    let contacteur_demandeur = booleen(&objet, "ContacteurDemandeur", constats);
    let contacts = objet.complexe("Contacts").map(|list| contacts(list, &objet.chemin("Contacts"), constats));
    let autres_donnees = dictionnaire_facultatif(&objet, "AutresDonnees", constats);
    Some(Demandeur {
        civilite: civilite?,
        nom_naissance: nom_naissance?,
        nom_usuel,
        prenom: prenom?,
        autre_prenoms,
        date_naissance: date_naissance?,
        adresse: adresse?,
        mail,
        telephone_fixe,
        telephone_portable,
        pays_naissance,
        ville_naissance,
        num_secu,
        contacteur_demandeur,
        contacts: contacts.unwrap_or_default(),
        autres_donnees,
    })
}

fn date_naissance(objet: &Objet<'_>, today: Date, constats: &mut Constats) -> Option<Date> {
    let text = objet.texte_obligatoire("DateNaissance", constats)?;
    let Some(date) = format::date(&text.valeur) else {
        constats.noter(Code::FormatIncompatible, &objet.chemin("DateNaissance"), Some(text.element));
        return None;
    };
    if date > today || date.year() < PREMIERE_ANNEE {
        constats.noter(Code::ValeurNonAutorisee, &objet.chemin("DateNaissance"), Some(text.element));
    }
    Some(date)
}

fn adresse_obligatoire(objet: &Objet<'_>, constats: &mut Constats) -> Option<Adresse> {
    match objet.complexe("Adresse") {
        Some(element) => adresse(element, &objet.chemin("Adresse"), constats),
        None => {
            constats.noter(Code::DonneeAbsente, &objet.chemin("Adresse"), None);
            None
        }
    }
}

fn adresse(element: Signed<'_>, chemin: &str, constats: &mut Constats) -> Option<Adresse> {
    let members = ["NumeroVoie", "TypeVoie", "LibelleVoie", "CodePostal", "Localite"];
    let objet = Objet::ouvrir(element, chemin, &members, constats);
    let numero_voie = obligatoire(&objet, "NumeroVoie", 10, constats);
    let type_voie = objet.texte_obligatoire("TypeVoie", constats).and_then(|text| {
        if !constats.tables.type_voie(&text.valeur) {
            constats.noter(Code::TypeVoie, &objet.chemin("TypeVoie"), Some(text.element));
        }
        borne(&objet, "TypeVoie", text, 10, constats)
    });
    let libelle_voie = obligatoire(&objet, "LibelleVoie", 80, constats);
    let code_postal = code_obligatoire(&objet, "CodePostal", Table::CodePostal, constats);
    let localite = code_obligatoire(&objet, "Localite", Table::Commune, constats);
    Some(Adresse {
        numero_voie: numero_voie?,
        type_voie: type_voie?,
        libelle_voie: libelle_voie?,
        code_postal: code_postal?,
        localite: localite?,
    })
}

fn contacts(list: Signed<'_>, chemin: &str, constats: &mut Constats) -> Vec<Contact> {
    let items = liste(list, chemin, "Contact", constats);
    if items.len() > CONTACTS_MAX {
        constats.noter(Code::ValeurNonAutorisee, chemin, Some(list));
    }
    let items = items.into_iter().zip(1..).filter(|(item, _)| est_renseigne(*item));
    items.filter_map(|(item, position)| contact(item, &format!("{chemin}[{position}]"), constats)).collect()
}

fn contact(element: Signed<'_>, chemin: &str, constats: &mut Constats) -> Option<Contact> {
    let members = [
        "Adresse",
        "NomNaissance",
        "NomUsuel",
        "Prenom",
        "Mail",
        "TelephoneFixe",
        "TelephonePortable",
        "Type",
    ];
    let objet = Objet::ouvrir(element, chemin, &members, constats);
    let adresse =
        objet.complexe("Adresse").and_then(|element| adresse(element, &objet.chemin("Adresse"), constats));
    let nom_naissance = obligatoire(&objet, "NomNaissance", 50, constats);
    let nom_usuel = facultatif(&objet, "NomUsuel", 50, constats);
    let prenom = facultatif(&objet, "Prenom", 50, constats);
    let mail = objet
        .texte("Mail", constats)
        .and_then(|text| forme(&objet, "Mail", text, 50, format::mail, constats));
    let telephone_fixe = telephone(&objet, "TelephoneFixe", constats);
    let telephone_portable = telephone(&objet, "TelephonePortable", constats);
    let types = types(&objet, constats);
    Some(Contact {
        adresse,
        nom_naissance: nom_naissance?,
        nom_usuel,
        prenom,
        mail,
        telephone_fixe,
        telephone_portable,
        r#type: types,
    })
}

/// Contact.Type: one to three.
fn types(objet: &Objet<'_>, constats: &mut Constats) -> Vec<Nomenclature> {
    let chemin = objet.chemin("Type");
    let list = objet.complexe("Type");
    let items = list.map(|list| liste(list, &chemin, "Nomenclature", constats)).unwrap_or_default();
    if !items.iter().any(|item| est_renseigne(*item)) {
        constats.noter(Code::DonneeAbsente, &chemin, None);
    }
    if items.len() > TYPES_MAX {
        constats.noter(Code::ValeurNonAutorisee, &chemin, list);
    }
    let items = items.into_iter().zip(1..).filter(|(item, _)| est_renseigne(*item));
    items
        .filter_map(|(item, position)| {
            nomenclature(item, &format!("{chemin}[{position}]"), Table::TypeContact, constats)
        })
        .collect()
}

/// Etablissements of a creation: checked for form (decisions §7).
pub(super) fn etablissements(
    list: Signed<'_>,
    chemin: &str,
    constats: &mut Constats,
) -> Vec<(usize, Etablissement)> {
    let items = liste(list, chemin, "Etablissement", constats);
    let items = items.into_iter().zip(1..).filter(|(item, _)| est_renseigne(*item));
    items
        .filter_map(|(item, position)| {
            etablissement(item, &format!("{chemin}[{position}]"), constats).map(|item| (position, item))
        })
        .collect()
}

fn etablissement(element: Signed<'_>, chemin: &str, constats: &mut Constats) -> Option<Etablissement> {
    let members = ["NumFINISS", "RaisonSociale", "Adresse", "Telephone", "DonneesAutres"];
    let objet = Objet::ouvrir(element, chemin, &members, constats);
    let num_finiss = obligatoire(&objet, "NumFINISS", 50, constats);
    let raison_sociale = facultatif(&objet, "RaisonSociale", 255, constats);
    let adresse =
        objet.complexe("Adresse").and_then(|element| adresse(element, &objet.chemin("Adresse"), constats));
    let telephone = telephone(&objet, "Telephone", constats);
    let donnees_autres = dictionnaire_facultatif(&objet, "DonneesAutres", constats);
    Some(Etablissement {
        num_finiss: num_finiss?.as_str().to_owned(),
        raison_sociale: raison_sociale.map(|name| name.as_str().to_owned()),
        adresse,
        telephone: telephone.map(|number| number.as_str().to_owned()),
        donnees_autres,
    })
}

/// Dictionnaire (string, string): a repeated Nom is 202 (decisions §1).
pub(super) fn dictionnaire(element: Signed<'_>, chemin: &str, constats: &mut Constats) -> Dictionnaire {
    let items = liste(element, chemin, "Parametre", constats);
    if items.len() > PARAMETRES_MAX {
        constats.noter(Code::ValeurNonAutorisee, chemin, Some(element));
    }
    let mut entries: Dictionnaire = Vec::new();
    let mut names = HashSet::new(); // a hostile list may be as long as a message
    for (item, position) in items.into_iter().zip(1..).filter(|(item, _)| est_renseigne(*item)) {
        let chemin = format!("{chemin}[{position}]");
        let objet = Objet::ouvrir(item, &chemin, &["Nom", "Valeur"], constats);
        let nom = obligatoire(&objet, "Nom", usize::MAX, constats);
        let valeur = objet.texte_obligatoire("Valeur", constats);
        let (Some(nom), Some(valeur)) = (nom, valeur) else { continue };
        if !names.insert(nom.clone()) {
            constats.noter(Code::ValeurNonAutorisee, &chemin, Some(item));
        }
        entries.push(Parametre { nom: nom.as_str().to_owned(), valeur: Prive::new(valeur.valeur) });
    }
    entries
}

/// A dictionary whose entries are all absent is absent.
fn dictionnaire_facultatif(objet: &Objet<'_>, nom: &str, constats: &mut Constats) -> Option<Dictionnaire> {
    let entries = dictionnaire(objet.complexe(nom)?, &objet.chemin(nom), constats);
    (!entries.is_empty()).then_some(entries)
}

fn code(objet: &Objet<'_>, nom: &str, table: Table, constats: &mut Constats) -> Option<Nomenclature> {
    nomenclature(objet.complexe(nom)?, &objet.chemin(nom), table, constats)
}

fn code_obligatoire(
    objet: &Objet<'_>,
    nom: &str,
    table: Table,
    constats: &mut Constats,
) -> Option<Nomenclature> {
    if objet.complexe(nom).is_none() {
        constats.noter(Code::DonneeAbsente, &objet.chemin(nom), None);
    }
    code(objet, nom, table, constats)
}
