//! Who the person is and where they live, as a family corrects it: what CreerDossierPA delivered, held to the same checks
//! (decisions §3, §4), said field by field.
//!
//! The social security number is not among it: partners know the person by it, and it is theirs to correct.

use jiff::civil::Date;

use crate::nomenclature::{NomTable, Nomenclatures, departement_connu};
use crate::volet::{Champ, Choix, Etape, Faute, Genre, Lecture, Quand, Reponses, Saisie};
use crate::{Adresse, Demandeur, Nomenclature, Prive};

const fn champ(
    nom: &'static str,
    libelle: &'static str,
    aide: &'static str,
    genre: Genre,
    quand: Quand,
) -> Champ {
    Champ { nom, libelle, aide, genre, quand, remplissage: "" }
}

/// The fields, within the lengths of chapter 2.
pub static IDENTITE: Etape = Etape {
    nom: "personne",
    titre: "",
    presentation: "",
    champs: &[
        champ(
            "civilite",
            "Civilité",
            "",
            Genre::Un(&[
                Choix { code: "MME", libelle: "Madame" },
                Choix { code: "M", libelle: "Monsieur" },
                Choix { code: "MLLE", libelle: "Mademoiselle" },
            ]),
            Quand::Toujours,
        ),
        champ("prenom", "Prénom", "", Genre::Ligne(50), Quand::Toujours),
        champ("autres-prenoms", "Autres prénoms", "", Genre::Ligne(50), Quand::Libre),
        champ("nom-naissance", "Nom de naissance", "", Genre::Ligne(50), Quand::Toujours),
        champ(
            "nom-usage",
            "Nom d’usage",
            "Le nom que porte la personne, s’il est différent.",
            Genre::Ligne(50),
            Quand::Libre,
        ),
        champ(
            "date-naissance",
            "Date de naissance",
            "Par exemple : 14/05/1937",
            Genre::DatePassee,
            Quand::Toujours,
        ),
        champ(
            "ville-naissance",
            "Commune de naissance, en France",
            "Ajoutez le département s’il le faut. Par exemple : Saint-Denis (93)",
            Genre::Ligne(100),
            Quand::Libre,
        ),
        champ("pays-naissance", "Pays de naissance", "Par exemple : France", Genre::Ligne(100), Quand::Libre),
        champ(
            "numero-voie",
            "Numéro dans la rue",
            "Par exemple : 12 bis. Écrivez 0 s’il n’y en a pas.",
            Genre::Ligne(10),
            Quand::Toujours,
        ),
        champ(
            "type-voie",
            "Type de voie",
            "Par exemple : rue, avenue, chemin, lieu-dit",
            Genre::Ligne(30),
            Quand::Toujours,
        ),
        champ(
            "libelle-voie",
            "Nom de la voie",
            "Par exemple : des Glycines",
            Genre::Ligne(80),
            Quand::Toujours,
        ),
        champ("code-postal", "Code postal", "Par exemple : 01000", Genre::Chiffres(5), Quand::Toujours),
        champ("localite", "Commune", "Par exemple : Bourg-en-Bresse", Genre::Ligne(100), Quand::Toujours),
    ],
};

/// Kinds of way in an address, as people say them, with their code of R35.
const VOIES: [(&str, &str); 17] = [
    ("ALL", "allée"),
    ("AV", "avenue"),
    ("BD", "boulevard"),
    ("CHE", "chemin"),
    ("CRS", "cours"),
    ("FG", "faubourg"),
    ("HAM", "hameau"),
    ("IMP", "impasse"),
    ("LD", "lieu-dit"),
    ("LOT", "lotissement"),
    ("MTE", "montée"),
    ("PAS", "passage"),
    ("PL", "place"),
    ("QU", "quai"),
    ("R", "rue"),
    ("RTE", "route"),
    ("SQ", "square"),
];

/// TypeVoie is a String(10).
const TYPE_VOIE_MAX: usize = 10;

/// A kind of way (R35, code or label) as it stands in an address: `rue`, not `R`.
#[must_use]
pub fn voie(type_voie: &str) -> String {
    let usuel = VOIES.iter().find(|(code, _)| code.eq_ignore_ascii_case(type_voie));
    usuel.map_or_else(|| type_voie.to_lowercase(), |(_, mot)| (*mot).to_owned())
}

/// What is known of the person, as answers.
#[must_use]
pub fn connu(demandeur: &Demandeur) -> Reponses {
    let mut connu = Reponses::default();
    let adresse = &demandeur.adresse;
    let iso = demandeur.date_naissance.to_string();
    for (champ, valeur) in [
        ("civilite", Some(Prive::from(demandeur.civilite.code.as_str()))),
        ("prenom", Some(demandeur.prenom.clone())),
        ("autres-prenoms", demandeur.autre_prenoms.clone()),
        ("nom-naissance", Some(demandeur.nom_naissance.clone())),
        ("nom-usage", demandeur.nom_usuel.clone()),
        ("date-naissance", Some(Prive::from(iso.as_str()))),
        ("ville-naissance", demandeur.ville_naissance.as_ref().map(mots)),
        ("pays-naissance", demandeur.pays_naissance.as_ref().map(mots)),
        ("numero-voie", Some(adresse.numero_voie.clone())),
        ("type-voie", Some(Prive::new(voie(&adresse.type_voie)))),
        ("libelle-voie", Some(adresse.libelle_voie.clone())),
        ("code-postal", Some(Prive::from(adresse.code_postal.code.as_str()))),
        ("localite", Some(mots(&adresse.localite))),
    ] {
        connu.poser(champ, valeur);
    }
    connu
}

/// What was typed, and the person as corrected by it where nothing is wrong. What is not typed otherwise than it is known
/// stays as the partner sent it, its code included.
#[must_use]
pub fn corriger(
    saisie: &Saisie,
    avant: &Demandeur,
    tables: &Nomenclatures,
    aujourdhui: Date,
) -> (Lecture, Option<Demandeur>) {
    let mut lecture = IDENTITE.lire(saisie, &Reponses::default(), aujourdhui);
    let manquent: Vec<_> = IDENTITE.manquent(&lecture.reponses).map(|champ| champ.nom).collect();
    for nom in manquent {
        if !lecture.fautes.iter().any(|(autre, _)| *autre == nom) {
            lecture.fautes.push((nom, Faute::Absente));
        }
    }
    let lu = Lu { reponses: &lecture.reponses, connu: &connu(avant), tables, fautes: Vec::new() };
    let (demandeur, fautes) = lu.demandeur(avant);
    lecture.fautes.extend(fautes);
    let place = |nom: &str| IDENTITE.champs.iter().position(|champ| champ.nom == nom);
    lecture.fautes.sort_by_key(|(nom, _)| place(nom));
    let demandeur = demandeur.filter(|_| lecture.fautes.is_empty());
    (lecture, demandeur)
}

/// The names of the contract's fields in which two persons differ: what the audit trail says of a correction.
#[must_use]
pub fn differences(avant: &Demandeur, apres: &Demandeur) -> Vec<&'static str> {
    [
        ("Civilite", avant.civilite != apres.civilite),
        ("NomNaissance", avant.nom_naissance != apres.nom_naissance),
        ("NomUsuel", avant.nom_usuel != apres.nom_usuel),
        ("Prenom", avant.prenom != apres.prenom),
        ("AutrePrenoms", avant.autre_prenoms != apres.autre_prenoms),
        ("DateNaissance", avant.date_naissance != apres.date_naissance),
        ("VilleNaissance", avant.ville_naissance != apres.ville_naissance),
        ("PaysNaissance", avant.pays_naissance != apres.pays_naissance),
        ("Adresse", avant.adresse != apres.adresse),
        ("Mail", avant.mail != apres.mail),
        ("TelephoneFixe", avant.telephone_fixe != apres.telephone_fixe),
        ("TelephonePortable", avant.telephone_portable != apres.telephone_portable),
        ("ContacteurDemandeur", avant.contacteur_demandeur != apres.contacteur_demandeur),
    ]
    .into_iter()
    .filter_map(|(nom, differs)| differs.then_some(nom))
    .collect()
}

/// What was read, to be checked against the tables.
struct Lu<'a> {
    reponses: &'a Reponses,
    connu: &'a Reponses,
    tables: &'a Nomenclatures,
    fautes: Vec<(&'static str, Faute)>,
}

impl Lu<'_> {
    fn demandeur(mut self, avant: &Demandeur) -> (Option<Demandeur>, Vec<(&'static str, Faute)>) {
        let civilite = self.civilite(avant);
        let ville = self.ville(avant);
        let pays = self.pays(avant);
        let adresse = self.adresse(avant);
        let texte = |champ| self.reponses.valeur(champ).map(Prive::from);
        let date = self.reponses.valeur("date-naissance").and_then(|date| date.parse().ok());
        let whole = || {
            Some(Demandeur {
                civilite: civilite?,
                nom_naissance: texte("nom-naissance")?,
                nom_usuel: texte("nom-usage"),
                prenom: texte("prenom")?,
                autre_prenoms: texte("autres-prenoms"),
                date_naissance: date?,
                adresse: adresse?,
                ville_naissance: ville,
                pays_naissance: pays,
                ..avant.clone()
            })
        };
        (whole(), self.fautes)
    }

    /// A value that is as it was.
    fn inchange(&self, champ: &str) -> bool {
        self.reponses.valeur(champ) == self.connu.valeur(champ)
    }

    fn civilite(&self, avant: &Demandeur) -> Option<Nomenclature> {
        if self.inchange("civilite") {
            return Some(avant.civilite.clone());
        }
        let code = self.reponses.valeur("civilite")?;
        Some(self.entree(NomTable::Civilite, code, self.tables.civilite(code).unwrap_or(code)))
    }

    fn ville(&mut self, avant: &Demandeur) -> Option<Nomenclature> {
        if self.inchange("ville-naissance") {
            return avant.ville_naissance.clone();
        }
        let (nom, departement) = precise(self.reponses.valeur("ville-naissance")?);
        self.commune("ville-naissance", nom, departement)
    }

    fn pays(&mut self, avant: &Demandeur) -> Option<Nomenclature> {
        if self.inchange("pays-naissance") {
            return avant.pays_naissance.clone();
        }
        let found = self.tables.pays_nomme(self.reponses.valeur("pays-naissance")?);
        let Some((code, label)) = found else {
            self.fautes.push(("pays-naissance", Faute::Pays));
            return None;
        };
        Some(self.entree(NomTable::Pays, code, label))
    }

    fn adresse(&mut self, avant: &Demandeur) -> Option<Adresse> {
        let type_voie = self.type_voie(&avant.adresse);
        let code_postal = self.code_postal(&avant.adresse);
        let localite = self.localite(&avant.adresse);
        Some(Adresse {
            numero_voie: self.reponses.valeur("numero-voie")?.into(),
            type_voie: type_voie?,
            libelle_voie: self.reponses.valeur("libelle-voie")?.into(),
            code_postal: code_postal?,
            localite: localite?,
        })
    }

    /// A code or a label of R35, within its length; a word of every day has its code.
    fn type_voie(&mut self, avant: &Adresse) -> Option<String> {
        if self.inchange("type-voie") {
            return Some(avant.type_voie.clone());
        }
        let typed = self.reponses.valeur("type-voie")?;
        let usuel = VOIES.iter().find(|(_, mot)| mot.to_lowercase() == typed.to_lowercase());
        let written = usuel.map_or(typed, |(code, _)| *code);
        if written.chars().count() > TYPE_VOIE_MAX || !self.tables.type_voie(written) {
            self.fautes.push(("type-voie", Faute::TypeVoie));
            return None;
        }
        Some(written.to_owned())
    }

    fn code_postal(&mut self, avant: &Adresse) -> Option<Nomenclature> {
        if self.inchange("code-postal") {
            return Some(avant.code_postal.clone());
        }
        let code = self.reponses.valeur("code-postal")?;
        if !self.tables.code_postal_connu(code) && !departement_connu(code) {
            self.fautes.push(("code-postal", Faute::Departement));
            return None;
        }
        Some(self.entree(NomTable::CodePostal, code, code))
    }

    /// The commune of the postal code's département; of another, if there is no other of its name.
    fn localite(&mut self, avant: &Adresse) -> Option<Nomenclature> {
        let postal = self.reponses.valeur("code-postal");
        if self.inchange("localite") && (self.inchange("code-postal") || postal.is_none()) {
            return Some(avant.localite.clone());
        }
        let typed = self.reponses.valeur("localite")?;
        let nom = sans_cedex(typed);
        if self.inchange("localite")
            && postal.is_some_and(|postal| in_departement(&avant.localite.code, postal))
        {
            return Some(avant.localite.clone());
        }
        let found = postal.and_then(|postal| {
            departements(postal).into_iter().find_map(|departement| {
                self.tables.communes_nommees(nom, Some(&departement)).into_iter().next()
            })
        });
        match found {
            Some((code, label)) => Some(self.entree(NomTable::Commune, code, label)),
            None => self.commune("localite", nom, None),
        }
    }

    /// The one commune of this name.
    fn commune(&mut self, champ: &'static str, nom: &str, departement: Option<&str>) -> Option<Nomenclature> {
        let found = self.tables.communes_nommees(nom, departement);
        // a former commune and the one it went into are one place
        let places: std::collections::BTreeSet<_> =
            found.iter().map(|(code, _)| code.get(..2).unwrap_or_default()).collect();
        let faute = match (found.first(), places.len()) {
            (Some((code, label)), 1) => return Some(self.entree(NomTable::Commune, code, label)),
            (None, _) => Faute::Commune,
            _ => Faute::Communes,
        };
        self.fautes.push((champ, faute));
        None
    }

    /// A known code as answers carry it (decisions §4).
    fn entree(&self, table: NomTable, code: &str, label: &str) -> Nomenclature {
        Nomenclature {
            code: code.to_owned(),
            code_system: Some(table.oid().to_owned()),
            code_system_name: Some(table.nom().to_owned()),
            code_system_version: None,
            display_name: Some(label.to_owned()),
        }
    }
}

/// What a nomenclature shows: its text, else its code.
fn mots(nomenclature: &Nomenclature) -> Prive {
    Prive::new(nomenclature.display_name.clone().unwrap_or_else(|| nomenclature.code.clone()))
}

/// `Saint-Denis (93)`: the name, and the département that was added to it.
fn precise(typed: &str) -> (&str, Option<&str>) {
    let Some((nom, rest)) = typed.split_once('(') else { return (sans_cedex(typed), None) };
    let departement = rest.trim_end().trim_end_matches(')').trim();
    (nom.trim(), Some(departement).filter(|departement| !departement.is_empty()))
}

/// CEDEX is the post's word, and no part of a commune's name.
fn sans_cedex(typed: &str) -> &str {
    let position = typed
        .char_indices()
        .find(|(at, _)| typed.get(*at..*at + 6).is_some_and(|word| word.eq_ignore_ascii_case(" cedex")));
    position.and_then(|(at, _)| typed.get(..at)).unwrap_or(typed).trim()
}

/// The beginnings that codes of communes of a postal code's département have: `20` is Corsica's 2A and 2B.
fn departements(code_postal: &str) -> Vec<String> {
    match code_postal.get(..2) {
        Some("20") => vec!["2A".to_owned(), "2B".to_owned()],
        Some("97" | "98") => code_postal.get(..3).map(str::to_owned).into_iter().collect(),
        Some(departement) => vec![departement.to_owned()],
        None => Vec::new(),
    }
}

fn in_departement(commune: &str, code_postal: &str) -> bool {
    departements(code_postal).iter().any(|departement| commune.starts_with(departement.as_str()))
}

#[cfg(test)]
mod tests;
