//! What the establishment's desk shows of a demande and its dossier.

use askama::Template;
use dossier::volet::{Volet, formulaire};
use dossier::{Demandeur, Prive, StatutDemande, nomenclature};
use jiff::{Timestamp, tz::TimeZone};
use storage::{Acte, DemandeBureau, LigneBureau, StoredVolet};

use super::demande::{hebergement, urgence};
use super::personne::{Contact, Personne, ne};
use super::textes;
use crate::clock::day_in_paris;
use crate::web::famille::{EtapeVue, GirVue};

/// `3 mars 2027 à 14 h 05`
pub(in crate::web) fn moment(instant: Timestamp, now: Timestamp) -> String {
    let paris = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC).to_datetime(instant);
    if paris.date() == day_in_paris(now) {
        return format!("aujourd’hui à {}", textes::heure(instant, now));
    }
    format!("le {} à {}", textes::jour(paris.date()), textes::horloge(paris))
}

/// A demande in the list.
pub(in crate::web) struct Ligne {
    pub(in crate::web) demande: i64,
    pub(in crate::web) nom: String,
    /// `Née le`, `Né le`
    pub(in crate::web) ne: &'static str,
    pub(in crate::web) naissance: String,
    pub(in crate::web) commune: String,
    pub(in crate::web) statut: StatutDemande,
    pub(in crate::web) titre: &'static str,
    pub(in crate::web) ton: &'static str,
    /// How long in this state.
    pub(in crate::web) depuis: String,
    pub(in crate::web) depuis_code: String,
    pub(in crate::web) hebergement: &'static str,
    pub(in crate::web) urgence: &'static str,
    /// The dossier has changed since it was opened.
    pub(in crate::web) change: bool,
}

impl Ligne {
    pub(in crate::web) fn new(ligne: &LigneBureau, now: Timestamp) -> Self {
        let demandeur = &ligne.demandeur;
        let etat = Etat::of(ligne.statut);
        Self {
            demande: ligne.demande,
            nom: nom(demandeur),
            ne: ne(demandeur),
            naissance: textes::jour(demandeur.date_naissance),
            commune: commune(demandeur),
            statut: ligne.statut,
            titre: etat.titre,
            ton: etat.ton,
            depuis: depuis(ligne.statut_le, now),
            depuis_code: day_in_paris(ligne.statut_le).to_string(),
            hebergement: hebergement(ligne.hebergement),
            urgence: urgence(ligne.urgence),
            change: !ligne.lue && is_open(ligne.statut) && ligne.statut != StatutDemande::Envoyee,
        }
    }
}

/// Whether the desk still sees the dossier: what is refused, cancelled or archived is no longer its business.
pub(in crate::web) fn is_open(statut: StatutDemande) -> bool {
    !matches!(statut, StatutDemande::Refusee | StatutDemande::Annulee | StatutDemande::Archivee)
}

/// A state in words for those who work at the desk.
pub(in crate::web) struct Etat {
    pub(in crate::web) titre: &'static str,
    pub(in crate::web) suite: &'static str,
    /// Its colour; the words say it too.
    pub(in crate::web) ton: &'static str,
}

impl Etat {
    pub(in crate::web) fn of(statut: StatutDemande) -> Self {
        use StatutDemande as S;
        let (titre, suite, ton) = match statut {
            S::NonEnvoyee => ("Pas encore envoyée", "La famille prépare la demande.", "fini"),
            S::Envoyee => ("Nouvelle demande", "Ouvrez-la : la famille verra que vous l’avez reçue.", "agir"),
            S::Recue => (
                "À étudier",
                "Proposez une place, inscrivez la personne sur votre liste d’attente, ou refusez.",
                "agir",
            ),
            S::ListeAttente => {
                ("Sur votre liste d’attente", "Proposez une place dès qu’une se libère.", "attendre")
            }
            S::AdmissionProposee => ("Place proposée", "La famille doit dire oui ou non.", "attendre"),
            S::AdmissionAcceptee => (
                "Place acceptée",
                "Fixez le jour de l’arrivée avec la famille. Confirmez l’admission ce jour-là.",
                "agir",
            ),
            S::AdmissionEffectuee => ("Personne accueillie", "La demande est terminée.", "fini"),
            S::Refusee => ("Demande refusée", "Vous l’avez refusée. Le dossier n’est plus affiché.", "fini"),
            S::Annulee => ("Demande annulée", "Elle a été retirée. Le dossier n’est plus affiché.", "fini"),
            S::Archivee => ("Demande classée", "Elle est terminée. Le dossier n’est plus affiché.", "fini"),
        };
        Self { titre, suite, ton }
    }
}

/// What happened, in words for the desk.
fn evenement(de: Option<StatutDemande>, vers: StatutDemande) -> &'static str {
    use StatutDemande as S;
    match (de, vers) {
        (_, S::NonEnvoyee) => "Demande préparée par la famille",
        (_, S::Envoyee) => "Demande envoyée à l’établissement",
        (_, S::Recue) => "Demande reçue et ouverte",
        (Some(S::AdmissionProposee), S::ListeAttente) => "Retour sur la liste d’attente",
        (_, S::ListeAttente) => "Inscription sur la liste d’attente",
        (_, S::AdmissionProposee) => "Place proposée",
        (_, S::AdmissionAcceptee) => "Place acceptée par la famille",
        (_, S::AdmissionEffectuee) => "Admission confirmée",
        (_, S::Refusee) => "Demande refusée",
        (_, S::Annulee) => "Demande annulée",
        (_, S::Archivee) => "Demande classée",
    }
}

/// One step of a demande's way.
pub(in crate::web) struct Fait {
    pub(in crate::web) le: String,
    pub(in crate::web) le_code: String,
    pub(in crate::web) texte: &'static str,
    pub(in crate::web) auteur: Option<String>,
    pub(in crate::web) motif: Option<String>,
    pub(in crate::web) remarque: Option<String>,
}

impl Fait {
    pub(in crate::web) fn new(acte: &Acte, now: Timestamp) -> Self {
        Self {
            le: moment(acte.le, now),
            le_code: day_in_paris(acte.le).to_string(),
            texte: evenement(acte.de, acte.vers),
            auteur: acte.auteur.as_ref().map(|(_, nom)| nom.as_str().to_owned()),
            motif: acte.motif.as_deref().map(motif),
            remarque: acte.remarque.as_ref().map(|remarque| remarque.as_str().to_owned()),
        }
    }
}

/// A demande that was opened.
pub(in crate::web) struct Ouverte {
    pub(in crate::web) demande: i64,
    pub(in crate::web) version: i64,
    pub(in crate::web) nom: String,
    /// `Née le`, `Né le`
    pub(in crate::web) ne: &'static str,
    pub(in crate::web) naissance: String,
    pub(in crate::web) statut: StatutDemande,
    pub(in crate::web) etat: Etat,
    pub(in crate::web) hebergement: &'static str,
    pub(in crate::web) urgence: &'static str,
    /// Latest first.
    pub(in crate::web) histoire: Vec<Fait>,
    /// None once the demande is no longer the desk's business.
    pub(in crate::web) dossier: Option<DossierLu>,
}

impl Ouverte {
    pub(in crate::web) fn new(opened: &DemandeBureau, now: Timestamp) -> Self {
        let demande = &opened.demande;
        Self {
            demande: demande.id,
            version: opened.version(),
            nom: nom(&opened.dossier.demandeur),
            ne: ne(&opened.dossier.demandeur),
            naissance: textes::jour(opened.dossier.demandeur.date_naissance),
            statut: demande.statut,
            etat: Etat::of(demande.statut),
            hebergement: hebergement(demande.hebergement),
            urgence: urgence(demande.urgence),
            // its preparation was the family's alone
            histoire: opened
                .actes
                .iter()
                .rev()
                .filter(|acte| acte.vers != StatutDemande::NonEnvoyee)
                .map(|acte| Fait::new(acte, now))
                .collect(),
            dossier: is_open(demande.statut).then(|| DossierLu::new(opened)),
        }
    }
}

/// The dossier as the desk reads it: without the social security number, and without what was asked of others.
#[derive(Template)]
#[template(path = "etablissement/dossier_lu.html")]
pub(in crate::web) struct DossierLu {
    numero: Vec<String>,
    personne: Personne,
    contacts: Vec<Contact>,
    volets: [VoletLu; 3],
    gir: Option<GirVue>,
}

/// A part of the dossier with what was answered.
struct VoletLu {
    titre: &'static str,
    champ: &'static str,
    rempli: bool,
    etapes: Vec<EtapeVue>,
}

impl DossierLu {
    fn new(opened: &DemandeBureau) -> Self {
        let dossier = &opened.dossier;
        let none = StoredVolet::default();
        let part = |volet| &opened.volets.get(&volet).unwrap_or(&none).reponses;
        let volet = |volet, champ, rempli| VoletLu {
            titre: formulaire(volet).titre,
            champ,
            rempli,
            etapes: formulaire(volet)
                .etapes
                .iter()
                .map(|etape| EtapeVue::new(etape, part(volet)))
                .filter(|etape| !etape.reponses.is_empty())
                .collect(),
        };
        Self {
            numero: textes::groupes(dossier.id.as_str()),
            personne: Personne::new(&dossier.demandeur),
            contacts: (1..)
                .zip(&dossier.demandeur.contacts)
                .map(|(rang, contact)| Contact::new(rang, contact))
                .collect(),
            volets: [
                volet(Volet::Admin, "EstRenseigneVoletAdmin", dossier.volet_admin),
                volet(Volet::Autonomie, "EstRenseigneVoletAutonomie", dossier.volet_autonomie),
                volet(Volet::Medical, "EstRenseigneVoletMedical", dossier.volet_medical),
            ],
            gir: GirVue::new(part(Volet::Autonomie)),
        }
    }
}

/// A motive's words.
pub(in crate::web) fn motif(code: &str) -> String {
    nomenclature::motif_echange(code).unwrap_or(code).to_owned()
}

/// The name that people are called by.
pub(in crate::web) fn nom(demandeur: &Demandeur) -> String {
    let nom = demandeur.nom_usuel.as_ref().unwrap_or(&demandeur.nom_naissance);
    format!("{} {}", demandeur.prenom.as_str(), nom.as_str())
}

pub(in crate::web) fn commune(demandeur: &Demandeur) -> String {
    let localite = &demandeur.adresse.localite;
    localite.display_name.clone().unwrap_or_else(|| localite.code.clone())
}

/// What a spreadsheet's row says of a demande.
pub(in crate::web) fn cellules(ligne: &LigneBureau) -> [String; 14] {
    let demandeur = &ligne.demandeur;
    let texte =
        |text: &Option<Prive>| text.as_ref().map_or_else(String::new, |text| text.as_str().to_owned());
    [
        ligne.demande.to_string(),
        ligne.dossier.as_str().to_owned(),
        Etat::of(ligne.statut).titre.to_owned(),
        day_in_paris(ligne.statut_le).to_string(),
        ligne.envoyee_le.map_or_else(String::new, |le| day_in_paris(le).to_string()),
        demandeur.nom_usuel.as_ref().unwrap_or(&demandeur.nom_naissance).as_str().to_owned(),
        demandeur.prenom.as_str().to_owned(),
        demandeur.date_naissance.to_string(),
        commune(demandeur),
        if is_open(ligne.statut) { texte(&demandeur.telephone_portable) } else { String::new() },
        hebergement(ligne.hebergement).to_owned(),
        urgence(ligne.urgence).to_owned(),
        ligne.motif.as_deref().map_or_else(String::new, motif),
        texte(&ligne.remarque),
    ]
}

/// The names of [`cellules`].
pub(in crate::web) const COLONNES: [&str; 14] = [
    "Demande",
    "Dossier",
    "État",
    "Depuis le",
    "Envoyée le",
    "Nom",
    "Prénom",
    "Date de naissance",
    "Commune",
    "Téléphone",
    "Séjour",
    "Arrivée souhaitée",
    "Motif",
    "Dernier message",
];

/// How long ago, in days as people count them.
fn depuis(instant: Timestamp, now: Timestamp) -> String {
    let (then, today) = (day_in_paris(instant), day_in_paris(now));
    let days = today.since(then).map_or(0, |span| span.get_days());
    match days {
        ..=0 => "aujourd’hui".to_owned(),
        1 => "hier".to_owned(),
        2..=59 => format!("il y a {days} jours"),
        _ => format!("il y a {} mois", days / 30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_counted_in_days() {
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        for (then, expected) in [
            ("2026-11-27T00:30:00Z", "aujourd’hui"),
            ("2026-11-26T22:59:00Z", "hier"),
            ("2026-11-26T23:01:00Z", "aujourd’hui"),
            ("2026-11-17T12:00:00Z", "il y a 10 jours"),
            ("2026-08-27T12:00:00Z", "il y a 3 mois"),
            ("2026-11-28T12:00:00Z", "aujourd’hui"),
        ] {
            assert_eq!(depuis(then.parse().unwrap(), now), expected, "{then}");
        }
    }

    #[test]
    fn moments_have_day_and_hour() {
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        assert_eq!(moment("2026-11-27T13:05:00Z".parse().unwrap(), now), "aujourd’hui à 14\u{a0}h\u{a0}05");
        assert_eq!(
            moment("2026-07-01T13:05:00Z".parse().unwrap(), now),
            "le 1er juillet 2026 à 15\u{a0}h\u{a0}05"
        );
    }
}
