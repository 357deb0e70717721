//! What a client reads of an answer: the contract, strictly; `None` where the server did not follow it.

use xmlsec::Signed;

use crate::code_retour::CodeRetour;
use crate::model::{
    Adresse, Contact, DemandeEtablissement, Demandeur, Dictionnaire, Dossier, Etablissement, IdDossier,
    Nomenclature, Parametre, Prive, StatutDemande, TypeHebergement, UrgenceDemande,
};
use crate::reponse::ConsulterDossierPResponse;
use crate::{NAMESPACE, format};

type Element<'d> = Signed<'d>;

fn child<'d>(element: Element<'d>, name: &str) -> Option<Element<'d>> {
    element.only_child(NAMESPACE, name)
}

fn text(element: Element<'_>, name: &str) -> Option<String> {
    child(element, name).map(|child| child.text().into_owned())
}

fn prive(element: Element<'_>, name: &str) -> Option<Prive> {
    text(element, name).map(Prive::new)
}

fn boolean(element: Element<'_>, name: &str) -> Option<bool> {
    format::booleen(text(element, name)?.trim())
}

/// A member that may be absent, but not wrong.
fn maybe<'d, T>(
    element: Element<'d>,
    name: &str,
    read: impl Fn(Element<'d>) -> Option<T>,
) -> Option<Option<T>> {
    child(element, name).map(read).map_or(Some(None), |value| value.map(Some))
}

fn items<'d, T>(
    container: Element<'d>,
    name: &str,
    read: impl Fn(Element<'d>) -> Option<T>,
) -> Option<Vec<T>> {
    container.children().filter(|child| child.is(NAMESPACE, name)).map(read).collect()
}

pub(crate) fn code_retour(element: Element<'_>) -> Option<CodeRetour> {
    let code = child(element, "CodeRetour")?;
    Some(CodeRetour::recu(text(code, "Code")?, text(code, "Message")?))
}

pub(crate) fn consultation(element: Element<'_>) -> Option<ConsulterDossierPResponse> {
    Some(ConsulterDossierPResponse {
        dossier: maybe(element, "Dossier", dossier)?,
        id_dossier: text(element, "IdDossier"),
        code_retour: code_retour(element)?,
    })
}

fn dossier(element: Element<'_>) -> Option<Dossier> {
    Some(Dossier {
        id_dossier: IdDossier::parse(&text(element, "IdDossier")?)?,
        demandeur: demandeur(child(element, "Demandeur")?)?,
        est_annule: boolean(element, "EstAnnule")?,
        statut_dossier: StatutDemande::from_code(&text(element, "StatutDossier")?)?,
        est_renseigne_volet_admin: boolean(element, "EstRenseigneVoletAdmin")?,
        est_renseigne_volet_medical: boolean(element, "EstRenseigneVoletMedical")?,
        est_renseigne_volet_autonomie: boolean(element, "EstRenseigneVoletAutonomie")?,
        demandes_etablissement: items(
            child(element, "DemandesEtablissement")?,
            "DemandeEtablissement",
            demande,
        )?,
        donnees_autres: maybe(element, "DonneesAutres", dictionnaire)?,
    })
}

fn demandeur(element: Element<'_>) -> Option<Demandeur> {
    let contacts = maybe(element, "Contacts", |list| items(list, "Contact", contact))?;
    Some(Demandeur {
        civilite: nomenclature(child(element, "Civilite")?)?,
        nom_naissance: prive(element, "NomNaissance")?,
        nom_usuel: prive(element, "NomUsuel"),
        prenom: prive(element, "Prenom")?,
        autre_prenoms: prive(element, "AutrePrenoms"),
        date_naissance: format::date(&text(element, "DateNaissance")?)?,
        adresse: adresse(child(element, "Adresse")?)?,
        mail: prive(element, "Mail"),
        telephone_fixe: prive(element, "TelephoneFixe"),
        telephone_portable: prive(element, "TelephonePortable"),
        pays_naissance: maybe(element, "PaysNaissance", nomenclature)?,
        ville_naissance: maybe(element, "VilleNaissance", nomenclature)?,
        num_secu: prive(element, "NumSecu"),
        contacteur_demandeur: boolean(element, "ContacteurDemandeur"),
        contacts: contacts.unwrap_or_default(),
        autres_donnees: maybe(element, "AutresDonnees", dictionnaire)?,
    })
}

fn contact(element: Element<'_>) -> Option<Contact> {
    Some(Contact {
        adresse: maybe(element, "Adresse", adresse)?,
        nom_naissance: prive(element, "NomNaissance")?,
        nom_usuel: prive(element, "NomUsuel"),
        prenom: prive(element, "Prenom"),
        mail: prive(element, "Mail"),
        telephone_fixe: prive(element, "TelephoneFixe"),
        telephone_portable: prive(element, "TelephonePortable"),
        r#type: items(child(element, "Type")?, "Nomenclature", nomenclature)?,
    })
}

fn adresse(element: Element<'_>) -> Option<Adresse> {
    Some(Adresse {
        numero_voie: prive(element, "NumeroVoie")?,
        type_voie: text(element, "TypeVoie")?,
        libelle_voie: prive(element, "LibelleVoie")?,
        code_postal: nomenclature(child(element, "CodePostal")?)?,
        localite: nomenclature(child(element, "Localite")?)?,
    })
}

fn demande(element: Element<'_>) -> Option<DemandeEtablissement> {
    Some(DemandeEtablissement {
        etablissement: etablissement(child(element, "Etablissement")?)?,
        id_demande: text(element, "IdDemande")?.trim().parse().ok()?,
        statut_demande: StatutDemande::from_code(&text(element, "StatutDemande")?)?,
        est_annule: boolean(element, "EstAnnule")?,
        demande_lue: boolean(element, "DemandeLue")?,
        motif_dernier_echange: maybe(element, "MotifDernierEchange", nomenclature)?,
        dernier_echange: prive(element, "DernierEchange"),
        date_demande: format::date(&text(element, "DateDemande")?)?,
        type_hebergement: TypeHebergement::from_code(&text(element, "TypeHebergement")?)?,
        urgence: UrgenceDemande::from_code(&text(element, "Urgence")?)?,
        donnees_autres: maybe(element, "DonneesAutres", dictionnaire)?,
    })
}

fn etablissement(element: Element<'_>) -> Option<Etablissement> {
    Some(Etablissement {
        num_finiss: text(element, "NumFINISS")?,
        raison_sociale: text(element, "RaisonSociale"),
        adresse: maybe(element, "Adresse", adresse)?,
        telephone: text(element, "Telephone"),
        donnees_autres: maybe(element, "DonneesAutres", dictionnaire)?,
    })
}

fn nomenclature(element: Element<'_>) -> Option<Nomenclature> {
    Some(Nomenclature {
        code: text(element, "Code")?,
        code_system: text(element, "CodeSystem"),
        code_system_name: text(element, "CodeSystemName"),
        code_system_version: text(element, "CodeSystemVersion"),
        display_name: text(element, "DisplayName"),
    })
}

fn dictionnaire(element: Element<'_>) -> Option<Dictionnaire> {
    items(element, "Parametre", |item| {
        Some(Parametre { nom: text(item, "Nom")?, valeur: prive(item, "Valeur")? })
    })
}
