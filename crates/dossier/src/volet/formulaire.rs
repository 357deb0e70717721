//! Pages of fields, and what is missing on them.

use jiff::civil::Date;

use super::aggir::{Gir, Modalite, VARIABLES, gir};
use super::{Champ, Faute, Reponses, Saisie, Volet, administratif, autonomie, medical};

/// A part of the dossier as a form.
#[derive(Debug)]
pub struct Formulaire {
    /// Which.
    pub volet: Volet,
    /// What it is called.
    pub titre: &'static str,
    /// What it is for, and who fills it in.
    pub presentation: &'static [&'static str],
    /// Its pages, in order.
    pub etapes: &'static [Etape],
}

/// One page of a form, saved by itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Etape {
    /// Its name in addresses.
    pub nom: &'static str,
    /// What it is called.
    pub titre: &'static str,
    /// What stands above its fields.
    pub presentation: &'static str,
    /// Its fields.
    pub champs: &'static [Champ],
}

/// How far a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EtatEtape {
    /// Nothing is answered.
    Vide,
    /// So many obligatory answers are missing.
    Incomplete(usize),
    /// Nothing is missing.
    Complete,
}

/// What was read of a page that was sent.
#[derive(Debug, Default)]
pub struct Lecture {
    /// The answers with those of this page in the place of what they were; what was typed wrongly is as it was.
    pub reponses: Reponses,
    /// What is wrong, by the name of its field, in the page's order.
    pub fautes: Vec<(&'static str, Faute)>,
}

/// The form of a part.
pub fn formulaire(volet: Volet) -> &'static Formulaire {
    match volet {
        Volet::Admin => &administratif::FORMULAIRE,
        Volet::Medical => &medical::FORMULAIRE,
        Volet::Autonomie => &autonomie::FORMULAIRE,
    }
}

impl Formulaire {
    /// The page of this name.
    pub fn etape(&'static self, nom: &str) -> Option<&'static Etape> {
        self.etapes.iter().find(|etape| etape.nom == nom)
    }

    /// The page after this one.
    pub fn suivante(&'static self, etape: &Etape) -> Option<&'static Etape> {
        let rank = self.etapes.iter().position(|other| other.nom == etape.nom)?;
        self.etapes.get(rank + 1)
    }

    /// Nothing is missing on any page.
    pub fn est_complet(&self, reponses: &Reponses) -> bool {
        self.etapes.iter().all(|etape| etape.etat(reponses) == EtatEtape::Complete)
    }

    /// How many pages are not complete.
    pub fn incompletes(&self, reponses: &Reponses) -> usize {
        self.etapes.iter().filter(|etape| etape.etat(reponses) != EtatEtape::Complete).count()
    }
}

impl Etape {
    /// How far it is.
    pub fn etat(&self, reponses: &Reponses) -> EtatEtape {
        let missing = self.manquent(reponses).count();
        let answered = self.champs.iter().any(|champ| reponses.valeur(champ.nom).is_some());
        match (missing, answered) {
            (0, _) => EtatEtape::Complete,
            (_, false) => EtatEtape::Vide,
            (missing, true) => EtatEtape::Incomplete(missing),
        }
    }

    /// The obligatory fields without an answer.
    pub fn manquent<'a>(&'a self, reponses: &'a Reponses) -> impl Iterator<Item = &'a Champ> {
        self.champs
            .iter()
            .filter(|champ| champ.est_obligatoire(reponses) && reponses.valeur(champ.nom).is_none())
    }

    /// Reads a page that was sent, over the answers so far. What a page does not ask, as its other answers are, is not kept.
    pub fn lire(&self, saisie: &Saisie, avant: &Reponses, aujourdhui: Date) -> Lecture {
        let mut lecture = Lecture { reponses: avant.clone(), fautes: Vec::new() };
        for champ in self.champs {
            match champ.lire(saisie, aujourdhui) {
                Ok(valeur) => lecture.reponses.poser(champ.nom, valeur),
                Err(faute) => lecture.fautes.push((champ.nom, faute)),
            }
        }
        let asked = lecture.reponses.clone();
        for champ in self.champs.iter().filter(|champ| !champ.est_demande(&asked)) {
            lecture.reponses.poser(champ.nom, None);
            lecture.fautes.retain(|(nom, _)| *nom != champ.nom);
        }
        lecture
    }
}

impl Reponses {
    /// The modality of each of AGGIR's ten variables, where it is known.
    pub fn modalites(&self) -> [Option<Modalite>; 10] {
        VARIABLES.each_ref().map(|variable| variable.modalite(|champ| self.valeur(champ)))
    }

    /// The GIR, once the eight variables that count are known.
    pub fn gir(&self) -> Option<Gir> {
        let known = self.modalites();
        let eight: Option<Vec<Modalite>> = known.into_iter().take(8).collect();
        let eight: [Modalite; 8] = eight?.try_into().ok()?;
        Some(gir(&eight))
    }
}
