//! From what is stored to what the contract shows: derived states, labels of motives, dates of Paris.

use dossier::{DemandeEtablissement, Dossier, Nomenclature, StatutDemande, nomenclature};
use storage::{StoredDemande, StoredDossier};

use crate::clock::day_in_paris;

/// The contract's Dossier (§2.1.1).
pub fn dossier(stored: StoredDossier) -> Dossier {
    let statuts = stored.demandes.iter().map(|demande| demande.statut);
    Dossier {
        statut_dossier: StatutDemande::du_dossier(stored.annule, statuts),
        id_dossier: stored.id,
        demandeur: stored.demandeur,
        est_annule: stored.annule,
        est_renseigne_volet_admin: stored.volet_admin,
        est_renseigne_volet_medical: stored.volet_medical,
        est_renseigne_volet_autonomie: stored.volet_autonomie,
        demandes_etablissement: stored.demandes.into_iter().map(demande).collect(),
        donnees_autres: None,
    }
}

fn demande(stored: StoredDemande) -> DemandeEtablissement {
    DemandeEtablissement {
        etablissement: stored.etablissement,
        id_demande: stored.id,
        statut_demande: stored.statut,
        est_annule: stored.annulee,
        demande_lue: stored.lue,
        motif_dernier_echange: stored.motif.map(motif),
        dernier_echange: stored.remarque,
        date_demande: day_in_paris(stored.cree_le),
        type_hebergement: stored.hebergement,
        urgence: stored.urgence,
        donnees_autres: None,
    }
}

/// A motive with its table's words (decisions §5, §9).
fn motif(code: String) -> Nomenclature {
    Nomenclature {
        display_name: nomenclature::motif_echange(&code).map(str::to_owned),
        code_system: Some(nomenclature::MOTIF_ECHANGE.to_owned()),
        code_system_name: Some("MotifEchange".to_owned()),
        code_system_version: None,
        code,
    }
}
