//! From a signed Body to a request: read tolerantly (decisions §2), checked in the order of decisions §3.

mod constats;
mod demandeur;
mod idempotence;
mod lecteur;
mod nomenclatures;
mod reponse;
mod valeurs;

use jiff::civil::Date;
use xmlsec::Signed;

use crate::NAMESPACE;
use crate::code_retour::{Code, CodeRetour};
use crate::model::{AccesDossier, CreationDossier, IdLocal};
use crate::nomenclature::Nomenclatures;
use crate::operation::Operation;
use constats::Constats;
pub(crate) use idempotence::CHEMIN as CHEMIN_IDEMPOTENCE;
use lecteur::Objet;
pub(crate) use reponse::{code_retour, consultation};

/// Most entries of ListeDossier (decisions §3, row 7).
const ENTREES_MAX: usize = 100;
/// Most characters of an IdDossier that is asked for (decisions §3, row 4).
const ID_DOSSIER_MAX: usize = 50;

/// The Body holds no operation: a fault, not a CodeRetour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// No element.
    #[error("the Body is empty")]
    Empty,
    /// More than one element.
    #[error("the Body holds more than one element")]
    Several,
    /// An element that is no operation.
    #[error("the Body holds no operation of these services")]
    Unknown,
}

/// One entry of ListeDossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntreeConsultation {
    /// The number as it was asked, trimmed; empty where there was none.
    pub id_dossier: String,
    /// What is asked for, or what is wrong with the entry.
    pub acces: Result<AccesDossier, CodeRetour>,
}

/// The operation that a signed Body holds, and its element.
pub fn operation(body: Signed<'_>) -> Result<(Operation, Signed<'_>), BodyError> {
    let mut children = body.children();
    let element = children.next().ok_or(BodyError::Empty)?;
    if children.next().is_some() {
        return Err(BodyError::Several);
    }
    let known = Some(element.local_name()).filter(|_| element.namespace() == NAMESPACE);
    known.and_then(Operation::from_name).map(|operation| (operation, element)).ok_or(BodyError::Unknown)
}

/// What is read beyond the specification; nothing by default (decisions §7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extensions {
    /// `CleIdempotence` among ParametresOptionnels.
    pub cle_idempotence: bool,
}

/// Reads CreerDossierPA's element (§3.1.1). `today` is the day in Paris, past which no one is born; `tables` are those
/// of this moment.
pub fn decode_creer(
    operation: Signed<'_>,
    today: Date,
    tables: &Nomenclatures,
    extensions: Extensions,
) -> Result<CreationDossier, CodeRetour> {
    let mut constats = Constats::contre(tables);
    let creation = creation(operation, today, extensions, &mut constats);
    constats.conclure(creation)
}

fn creation(
    operation: Signed<'_>,
    today: Date,
    extensions: Extensions,
    constats: &mut Constats,
) -> Option<CreationDossier> {
    let parametres = Objet::ouvrir(operation, "", &["CreationDossier"], constats);
    let Some(element) = parametres.complexe("CreationDossier") else {
        constats.noter(Code::ParametreAbsent, "CreationDossier", None);
        return None;
    };
    let members = ["Demandeur", "IdLocal", "Etablissements", "ParametresOptionnels"];
    let creation = Objet::ouvrir(element, "", &members, constats);
    let id_local = id_local(&creation, constats);
    let demandeur = match creation.complexe("Demandeur") {
        Some(element) => demandeur::demandeur(element, "Demandeur", today, constats),
        None => {
            constats.noter(Code::DonneeAbsente, "Demandeur", None);
            None
        }
    };
    let etablissements = creation.complexe("Etablissements");
    let etablissements = etablissements
        .map(|list| demandeur::etablissements(list, "Etablissements", constats))
        .unwrap_or_default();
    let parametres = creation.complexe("ParametresOptionnels");
    let cle_idempotence = parametres
        .filter(|_| extensions.cle_idempotence)
        .and_then(|entries| idempotence::cle(element, entries, constats));
    let parametres = parametres
        .map(|entries| demandeur::dictionnaire(entries, "ParametresOptionnels", constats))
        .unwrap_or_default();
    Some(CreationDossier {
        demandeur: demandeur?,
        id_local: id_local?,
        etablissements,
        parametres_optionnels: parametres,
        cle_idempotence,
    })
}

/// Reads ConsulterDossierPA's element (§3.2.1): `Err` where the code concerns the whole call (decisions §9).
pub fn decode_consulter(operation: Signed<'_>) -> Result<Vec<EntreeConsultation>, CodeRetour> {
    let mut constats = Constats::default();
    let parametres = Objet::ouvrir(operation, "", &["ListeDossier"], &mut constats);
    let entries = match parametres.complexe("ListeDossier") {
        Some(list) => {
            let entries = lecteur::liste(list, "ListeDossier", "AccesDossierRequest", &mut constats);
            if entries.len() > ENTREES_MAX {
                constats.noter(Code::ValeurNonAutorisee, "ListeDossier", Some(list));
            }
            entries
        }
        None => {
            constats.noter(Code::ParametreAbsent, "ListeDossier", None);
            Vec::new()
        }
    };
    constats.conclure(Some(entries)).map(|entries| entries.into_iter().map(entree).collect())
}

fn entree(element: Signed<'_>) -> EntreeConsultation {
    let entree = Objet::ouvrir(element, "", &["IdDossier", "IdLocal"], &mut Constats::default());
    let asked = entree.texte("IdDossier", &mut Constats::default()).map(|id| id.valeur.into_owned());
    EntreeConsultation { id_dossier: asked.unwrap_or_default(), acces: acces(element) }
}

/// Reads GenererJetonSecuritePA's element (§3.2.2).
pub fn decode_jeton(operation: Signed<'_>) -> Result<AccesDossier, CodeRetour> {
    let mut constats = Constats::default();
    let parametres = Objet::ouvrir(operation, "", &["Dossier"], &mut constats);
    match parametres.complexe("Dossier") {
        Some(element) => constats.conclure(Some(())).and_then(|()| acces(element)),
        None => {
            constats.noter(Code::ParametreAbsent, "Dossier", None);
            constats.conclure(None)
        }
    }
}

/// AccesDossierRequest: both members are parameters of the operation (decisions §3, rows 3 and 4).
fn acces(element: Signed<'_>) -> Result<AccesDossier, CodeRetour> {
    let mut constats = Constats::default();
    let acces = Objet::ouvrir(element, "", &["IdDossier", "IdLocal"], &mut constats);
    let id_dossier = acces.texte("IdDossier", &mut constats);
    match &id_dossier {
        None => constats.noter(Code::ParametreAbsent, "IdDossier", None),
        Some(id) if id.valeur.chars().count() > ID_DOSSIER_MAX => {
            constats.noter(Code::ParametreIncorrect, "IdDossier", Some(id.element));
        }
        Some(_) => {}
    }
    let id_local = id_local(&acces, &mut constats);
    let acces = id_dossier
        .zip(id_local)
        .map(|(id, id_local)| AccesDossier { id_dossier: id.valeur.into_owned(), id_local });
    constats.conclure(acces)
}

/// IdLocal: absent is 200, too long or with controls 490.
fn id_local(objet: &Objet<'_>, constats: &mut Constats) -> Option<IdLocal> {
    let Some(text) = objet.texte("IdLocal", constats) else {
        constats.noter(Code::ParametreAbsent, "IdLocal", None);
        return None;
    };
    let parsed = IdLocal::parse(&text.valeur);
    if parsed.is_none() {
        constats.noter(Code::ParametreIncorrect, "IdLocal", Some(text.element));
    }
    parsed
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
