//! Fields of a form as a page shows them: what was answered or typed, what is wrong with it and how it should be.

use dossier::volet::aggir::{Adverbe, Observation};
use dossier::volet::{Champ, Choix, Faute, Genre, Quand, Reponses, Saisie};

/// A field on a page.
pub(super) struct ChampVue {
    pub(super) nom: String,
    pub(super) libelle: String,
    pub(super) aide: String,
    pub(super) facultatif: bool,
    pub(super) erreur: Option<String>,
    pub(super) entree: Entree,
}

/// How it is answered.
pub(super) enum Entree {
    Ligne {
        valeur: String,
        genre: &'static str,
        clavier: &'static str,
        remplissage: &'static str,
        max: usize,
    },
    Texte {
        valeur: String,
        max: usize,
    },
    Un(Vec<ChoixVue>),
    Plusieurs(Vec<ChoixVue>),
    Activite {
        reponses: Vec<ChoixVue>,
        adverbes: Vec<ChoixVue>,
    },
}

/// One answer that can be chosen.
pub(super) struct ChoixVue {
    pub(super) code: String,
    pub(super) libelle: String,
    pub(super) coche: bool,
}

/// What an activity is answered with.
const ACTIVITE: [(&str, &str); 3] = [
    ("A", "Oui, seule, à chaque fois et bien"),
    ("B", "En partie, ou pas toujours"),
    ("C", "Non, quelqu’un le fait pour elle"),
];

/// The fields of a page.
pub(super) struct Champs(Vec<ChampVue>);

impl Champs {
    pub(super) fn tous(&self) -> &[ChampVue] {
        &self.0
    }

    /// Those that something is wrong with.
    pub(super) fn erreurs(&self) -> Vec<&ChampVue> {
        self.0.iter().filter(|champ| champ.erreur.is_some()).collect()
    }

    pub(super) fn fautif(&self) -> bool {
        !self.erreurs().is_empty()
    }
}

impl FromIterator<ChampVue> for Champs {
    fn from_iter<I: IntoIterator<Item = ChampVue>>(champs: I) -> Self {
        Self(champs.into_iter().collect())
    }
}

impl ChampVue {
    /// A field with what is stored.
    pub(super) fn stored(champ: &Champ, reponses: &Reponses) -> Self {
        let stored = reponses.valeur(champ.nom).unwrap_or_default();
        let observation = Observation::lire(stored);
        let letters: Vec<char> = match stored {
            "A" | "C" => Vec::new(),
            _ => observation.into_iter().flat_map(Observation::manquent).map(Adverbe::lettre).collect(),
        };
        let answer = if stored.starts_with("B:") { "B" } else { stored };
        Self::new(champ, None, &champ.ecrire(stored), |code| stored.split(' ').any(|stored| stored == code))
            .with_activity(answer, &letters)
    }

    /// A field with what was typed, and what is wrong with it.
    pub(super) fn typed(champ: &Champ, saisie: &Saisie, faute: Option<Faute>) -> Self {
        let typed = saisie.premier(champ.nom).unwrap_or_default();
        let name = format!("{}-manque", champ.nom);
        let letters: Vec<char> = saisie.tous(&name).flat_map(str::chars).collect();
        let ticked: Vec<&str> = saisie.tous(champ.nom).collect();
        Self::new(champ, faute, typed, |code| ticked.contains(&code)).with_activity(typed, &letters)
    }

    fn new(champ: &Champ, faute: Option<Faute>, valeur: &str, coche: impl Fn(&str) -> bool) -> Self {
        let valeur = valeur.to_owned();
        let choices = |offertes: &'static [Choix]| {
            let choice = |offerte: &Choix| ChoixVue {
                code: offerte.code.to_owned(),
                libelle: offerte.libelle.to_owned(),
                coche: coche(offerte.code),
            };
            offertes.iter().map(choice).collect()
        };
        let line = |valeur, genre, clavier, max| Entree::Ligne {
            valeur,
            genre,
            clavier,
            remplissage: champ.remplissage,
            max,
        };
        let entree = match champ.genre {
            Genre::Ligne(max) => line(valeur, "text", "", max),
            Genre::Texte(max) => Entree::Texte { valeur, max },
            Genre::Un(offertes) => Entree::Un(choices(offertes)),
            Genre::Plusieurs(offertes) => Entree::Plusieurs(choices(offertes)),
            Genre::DatePassee => line(valeur, "text", "numeric", 10),
            Genre::Telephone(_) => line(valeur, "tel", "", 30),
            Genre::Mail(max) => line(valeur, "email", "", max),
            Genre::Montant => line(valeur, "text", "decimal", 15),
            Genre::Nombre(..) => line(valeur, "text", "numeric", 6),
            Genre::Chiffres(count) => line(valeur, "text", "numeric", count * 2),
            Genre::Activite => Entree::Activite { reponses: Vec::new(), adverbes: Vec::new() },
        };
        Self {
            nom: champ.nom.to_owned(),
            libelle: champ.libelle.to_owned(),
            aide: champ.aide.to_owned(),
            facultatif: matches!(champ.quand, Quand::Libre | Quand::LibreSi(..)),
            erreur: faute.map(phrase),
            entree,
        }
    }

    fn with_activity(mut self, answer: &str, letters: &[char]) -> Self {
        if let Entree::Activite { reponses, adverbes } = &mut self.entree {
            *reponses = ACTIVITE
                .map(|(code, libelle)| ChoixVue {
                    code: code.to_owned(),
                    libelle: libelle.to_owned(),
                    coche: code == answer,
                })
                .into();
            *adverbes = Adverbe::TOUS
                .map(|adverbe| ChoixVue {
                    code: adverbe.lettre().to_string(),
                    libelle: manque(adverbe).to_owned(),
                    coche: letters.contains(&adverbe.lettre()),
                })
                .into();
            self.libelle = format!("La personne {}", self.libelle);
        }
        self
    }

    /// Where a link to what is wrong leads: the field, or the first of its answers.
    pub(super) fn cible(&self) -> String {
        match &self.entree {
            Entree::Un(choix) | Entree::Plusieurs(choix) | Entree::Activite { reponses: choix, .. } => {
                let first = choix.first().map_or("", |choix| choix.code.as_str());
                format!("{}-{first}", self.nom)
            }
            Entree::Ligne { .. } | Entree::Texte { .. } => self.nom.clone(),
        }
    }

    /// Ids of what describes the field, for `aria-describedby`.
    pub(super) fn decrit_par(&self) -> Option<String> {
        let mut ids = Vec::new();
        if !self.aide.is_empty() {
            ids.push(format!("aide-{}", self.nom));
        }
        if self.erreur.is_some() {
            ids.push(format!("erreur-{}", self.nom));
        }
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// What is missing, adverb by adverb, in plain words.
pub(super) fn manque(adverbe: Adverbe) -> &'static str {
    match adverbe {
        Adverbe::Spontanement => "Il faut le lui rappeler ou l’encourager",
        Adverbe::Totalement => "Elle n’en fait qu’une partie",
        Adverbe::Correctement => "Ce n’est pas bien fait, ou c’est dangereux",
        Adverbe::Habituellement => "Certains jours seulement",
    }
}

/// What is wrong, and how it should be (RGAA 11.10, 11.11).
pub(super) fn phrase(faute: Faute) -> String {
    match faute {
        Faute::TropLong(max) => format!("C’est trop long : {max} caractères au plus."),
        Faute::Caractere => {
            "Il y a un caractère que nous ne savons pas lire. Tapez le texte à nouveau.".to_owned()
        }
        Faute::PasOffert => "Choisissez une des réponses proposées.".to_owned(),
        Faute::Date => "Écrivez le jour, le mois et l’année. Par exemple : 14/05/2026".to_owned(),
        Faute::DateFuture => "Cette date n’est pas encore passée. Vérifiez-la.".to_owned(),
        Faute::Telephone => "Écrivez un numéro de téléphone. Par exemple : 04 74 00 00 12".to_owned(),
        Faute::Mail => "Écrivez une adresse de courriel. Par exemple : nom@exemple.fr".to_owned(),
        Faute::Montant => "Écrivez un montant en euros. Par exemple : 1 450".to_owned(),
        Faute::Nombre(min, max) => format!("Écrivez un nombre entre {min} et {max}."),
        Faute::Chiffres(count) => format!("Écrivez les {count} chiffres, sans lettre."),
        Faute::QuoiManque => "Vous avez répondu « en partie » : cochez ce qui manque.".to_owned(),
        Faute::Absente => "Cette réponse est nécessaire.".to_owned(),
        Faute::Departement => {
            "Aucun département n’a ce code postal. Vérifiez les premiers chiffres.".to_owned()
        }
        Faute::Commune => {
            "Nous ne trouvons pas cette commune. Écrivez son nom entier. Par exemple : Bourg-en-Bresse".to_owned()
        }
        Faute::Communes => {
            "Plusieurs communes ont ce nom. Vérifiez le code postal, ou ajoutez le département. Par exemple : Saint-Denis (93)".to_owned()
        }
        Faute::Pays => "Nous ne trouvons pas ce pays. Écrivez son nom actuel. Par exemple : Algérie".to_owned(),
        Faute::TypeVoie => {
            "Nous ne connaissons pas ce type de voie. Par exemple : rue, avenue, chemin, lieu-dit".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::vue::textes::mots;

    #[test]
    fn what_is_wrong_is_said_in_twenty_words_a_sentence() {
        for faute in [
            Faute::TropLong(2000),
            Faute::Caractere,
            Faute::PasOffert,
            Faute::Date,
            Faute::DateFuture,
            Faute::Telephone,
            Faute::Mail,
            Faute::Montant,
            Faute::Nombre(1, 2),
            Faute::Chiffres(11),
            Faute::QuoiManque,
            Faute::Absente,
            Faute::Departement,
            Faute::Commune,
            Faute::Communes,
            Faute::Pays,
            Faute::TypeVoie,
        ] {
            for sentence in phrase(faute).split(['.', ':']) {
                assert!(mots(sentence) <= 20, "{sentence}");
            }
        }
    }
}
