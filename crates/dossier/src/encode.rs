//! The objects of chapter 2 as XML, in the contract's order.

use xmlsec::Writer;

use crate::NAMESPACE;
use crate::code_retour::CodeRetour;
use crate::model::{
    Adresse, Contact, DemandeEtablissement, Demandeur, Dossier, Etablissement, Nomenclature, Parametre, Prive,
};

pub(crate) fn text(w: &mut Writer, name: &str, value: &str) {
    w.element("", NAMESPACE, name, value);
}

pub(crate) fn optional(w: &mut Writer, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(w, name, value);
    }
}

fn prive(w: &mut Writer, name: &str, value: Option<&Prive>) {
    optional(w, name, value.map(Prive::as_str));
}

fn boolean(w: &mut Writer, name: &str, value: bool) {
    text(w, name, if value { "true" } else { "false" });
}

pub(crate) fn code_retour(w: &mut Writer, code: &CodeRetour) {
    w.start("", NAMESPACE, "CodeRetour");
    text(w, "Code", code.code());
    text(w, "Message", code.message());
    w.end();
}

pub(crate) fn dossier(w: &mut Writer, dossier: &Dossier) {
    w.start("", NAMESPACE, "Dossier");
    text(w, "IdDossier", dossier.id_dossier.as_str());
    demandeur(w, &dossier.demandeur);
    boolean(w, "EstAnnule", dossier.est_annule);
    text(w, "StatutDossier", dossier.statut_dossier.code());
    boolean(w, "EstRenseigneVoletAdmin", dossier.est_renseigne_volet_admin);
    boolean(w, "EstRenseigneVoletMedical", dossier.est_renseigne_volet_medical);
    boolean(w, "EstRenseigneVoletAutonomie", dossier.est_renseigne_volet_autonomie);
    w.start("", NAMESPACE, "DemandesEtablissement");
    for item in &dossier.demandes_etablissement {
        demande(w, item);
    }
    w.end();
    dictionnaire(w, "DonneesAutres", dossier.donnees_autres.as_deref());
    w.end();
}

pub(crate) fn demandeur(w: &mut Writer, demandeur: &Demandeur) {
    w.start("", NAMESPACE, "Demandeur");
    nomenclature(w, "Civilite", &demandeur.civilite);
    text(w, "NomNaissance", demandeur.nom_naissance.as_str());
    prive(w, "NomUsuel", demandeur.nom_usuel.as_ref());
    text(w, "Prenom", demandeur.prenom.as_str());
    prive(w, "AutrePrenoms", demandeur.autre_prenoms.as_ref());
    text(w, "DateNaissance", &demandeur.date_naissance.to_string());
    adresse(w, &demandeur.adresse);
    prive(w, "Mail", demandeur.mail.as_ref());
    prive(w, "TelephoneFixe", demandeur.telephone_fixe.as_ref());
    prive(w, "TelephonePortable", demandeur.telephone_portable.as_ref());
    maybe_nomenclature(w, "PaysNaissance", demandeur.pays_naissance.as_ref());
    maybe_nomenclature(w, "VilleNaissance", demandeur.ville_naissance.as_ref());
    prive(w, "NumSecu", demandeur.num_secu.as_ref());
    if let Some(value) = demandeur.contacteur_demandeur {
        boolean(w, "ContacteurDemandeur", value);
    }
    if !demandeur.contacts.is_empty() {
        w.start("", NAMESPACE, "Contacts");
        for item in &demandeur.contacts {
            contact(w, item);
        }
        w.end();
    }
    dictionnaire(w, "AutresDonnees", demandeur.autres_donnees.as_deref());
    w.end();
}

fn contact(w: &mut Writer, contact: &Contact) {
    w.start("", NAMESPACE, "Contact");
    if let Some(value) = &contact.adresse {
        adresse(w, value);
    }
    text(w, "NomNaissance", contact.nom_naissance.as_str());
    prive(w, "NomUsuel", contact.nom_usuel.as_ref());
    prive(w, "Prenom", contact.prenom.as_ref());
    prive(w, "Mail", contact.mail.as_ref());
    prive(w, "TelephoneFixe", contact.telephone_fixe.as_ref());
    prive(w, "TelephonePortable", contact.telephone_portable.as_ref());
    w.start("", NAMESPACE, "Type");
    for item in &contact.r#type {
        nomenclature(w, "Nomenclature", item);
    }
    w.end().end();
}

fn adresse(w: &mut Writer, adresse: &Adresse) {
    w.start("", NAMESPACE, "Adresse");
    text(w, "NumeroVoie", adresse.numero_voie.as_str());
    text(w, "TypeVoie", &adresse.type_voie);
    text(w, "LibelleVoie", adresse.libelle_voie.as_str());
    nomenclature(w, "CodePostal", &adresse.code_postal);
    nomenclature(w, "Localite", &adresse.localite);
    w.end();
}

fn demande(w: &mut Writer, demande: &DemandeEtablissement) {
    w.start("", NAMESPACE, "DemandeEtablissement");
    etablissement(w, &demande.etablissement);
    text(w, "IdDemande", &demande.id_demande.to_string());
    text(w, "StatutDemande", demande.statut_demande.code());
    boolean(w, "EstAnnule", demande.est_annule);
    boolean(w, "DemandeLue", demande.demande_lue);
    maybe_nomenclature(w, "MotifDernierEchange", demande.motif_dernier_echange.as_ref());
    prive(w, "DernierEchange", demande.dernier_echange.as_ref());
    text(w, "DateDemande", &demande.date_demande.to_string());
    text(w, "TypeHebergement", demande.type_hebergement.code());
    text(w, "Urgence", demande.urgence.code());
    dictionnaire(w, "DonneesAutres", demande.donnees_autres.as_deref());
    w.end();
}

fn etablissement(w: &mut Writer, etablissement: &Etablissement) {
    w.start("", NAMESPACE, "Etablissement");
    text(w, "NumFINISS", &etablissement.num_finiss);
    optional(w, "RaisonSociale", etablissement.raison_sociale.as_deref());
    if let Some(value) = &etablissement.adresse {
        adresse(w, value);
    }
    optional(w, "Telephone", etablissement.telephone.as_deref());
    dictionnaire(w, "DonneesAutres", etablissement.donnees_autres.as_deref());
    w.end();
}

fn maybe_nomenclature(w: &mut Writer, name: &str, value: Option<&Nomenclature>) {
    if let Some(value) = value {
        nomenclature(w, name, value);
    }
}

fn nomenclature(w: &mut Writer, name: &str, value: &Nomenclature) {
    w.start("", NAMESPACE, name);
    text(w, "Code", &value.code);
    optional(w, "CodeSystem", value.code_system.as_deref());
    optional(w, "CodeSystemName", value.code_system_name.as_deref());
    optional(w, "CodeSystemVersion", value.code_system_version.as_deref());
    optional(w, "DisplayName", value.display_name.as_deref());
    w.end();
}

fn dictionnaire(w: &mut Writer, name: &str, entries: Option<&[Parametre]>) {
    let Some(entries) = entries else { return };
    w.start("", NAMESPACE, name);
    for entry in entries {
        w.start("", NAMESPACE, "Parametre");
        text(w, "Nom", &entry.nom);
        text(w, "Valeur", entry.valeur.as_str());
        w.end();
    }
    w.end();
}
