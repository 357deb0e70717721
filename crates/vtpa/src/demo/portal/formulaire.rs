//! The creation form: its fields, named by the contract's paths, what becomes of them, and which of them a CodeRetour
//! means. It checks nothing itself: what is wrong, the service says.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::usagers::Usager;

/// A field of the form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Champ {
    /// The contract's path, and the field's name.
    pub(super) nom: &'static str,
    pub(super) libelle: &'static str,
    pub(super) aide: &'static str,
    pub(super) saisie: Saisie,
}

/// How a field is typed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saisie {
    /// An `input` of this type.
    Ligne(&'static str),
    /// A `select` of codes and labels.
    Choix(&'static [(&'static str, &'static str)]),
}

/// A part of the form.
#[derive(Debug)]
pub(super) struct Groupe {
    pub(super) titre: &'static str,
    pub(super) champs: &'static [Champ],
}

const fn ligne(nom: &'static str, libelle: &'static str, genre: &'static str, aide: &'static str) -> Champ {
    Champ { nom, libelle, aide, saisie: Saisie::Ligne(genre) }
}

const fn choix(
    nom: &'static str,
    libelle: &'static str,
    parmi: &'static [(&'static str, &'static str)],
) -> Champ {
    Champ { nom, libelle, aide: "", saisie: Saisie::Choix(parmi) }
}

const CIVILITES: &[(&str, &str)] = &[("MME", "Madame"), ("M", "Monsieur"), ("", "(non renseignée)")];
const VOIES: &[(&str, &str)] = &[
    ("R", "Rue"),
    ("AV", "Avenue"),
    ("BD", "Boulevard"),
    ("ALL", "Allée"),
    ("CHE", "Chemin"),
    ("IMP", "Impasse"),
    ("PL", "Place"),
    ("RTE", "Route"),
    ("", "(non renseigné)"),
];
const OUI_NON: &[(&str, &str)] =
    &[("true", "Oui"), ("false", "Non, appeler son proche"), ("", "(non renseigné)")];
const LIENS: &[(&str, &str)] = &[
    ("1", "Personne à contacter"),
    ("0", "Personne de confiance désignée par le demandeur"),
    ("2", "Représentant légal du demandeur"),
    ("", "(non renseigné)"),
];

/// The form, in the order of the page.
pub(super) const GROUPES: &[Groupe] = &[
    Groupe {
        titre: "La personne",
        champs: &[
            choix("Demandeur.Civilite.Code", "Civilité", CIVILITES),
            ligne("Demandeur.Prenom", "Prénom", "text", ""),
            ligne("Demandeur.NomUsuel", "Nom d’usage (facultatif)", "text", ""),
            ligne("Demandeur.NomNaissance", "Nom de naissance", "text", ""),
            ligne(
                "Demandeur.DateNaissance",
                "Date de naissance",
                "text",
                "Année-mois-jour, par exemple 1937-05-14",
            ),
            ligne(
                "Demandeur.NumSecu",
                "Numéro de sécurité sociale (facultatif)",
                "text",
                "13 ou 15 caractères, sans espace",
            ),
        ],
    },
    Groupe {
        titre: "Son adresse",
        champs: &[
            ligne("Demandeur.Adresse.NumeroVoie", "Numéro", "text", ""),
            choix("Demandeur.Adresse.TypeVoie", "Type de voie", VOIES),
            ligne("Demandeur.Adresse.LibelleVoie", "Nom de la voie", "text", ""),
            ligne("Demandeur.Adresse.CodePostal.Code", "Code postal", "text", "Cinq chiffres"),
            ligne(
                "Demandeur.Adresse.Localite.Code",
                "Code de la commune (INSEE)",
                "text",
                "Par exemple 01053 pour Bourg-en-Bresse",
            ),
        ],
    },
    Groupe {
        titre: "Comment la joindre",
        champs: &[
            ligne("Demandeur.Mail", "Adresse électronique", "text", "Par exemple nom@exemple.fr"),
            ligne("Demandeur.TelephoneFixe", "Téléphone (facultatif)", "tel", ""),
            choix("Demandeur.ContacteurDemandeur", "Appeler la personne elle-même ?", OUI_NON),
        ],
    },
    Groupe {
        titre: "Un proche à contacter",
        champs: &[
            ligne("Demandeur.Contacts[1].Prenom", "Prénom du proche", "text", ""),
            ligne("Demandeur.Contacts[1].NomNaissance", "Nom du proche", "text", ""),
            ligne("Demandeur.Contacts[1].TelephonePortable", "Téléphone du proche", "tel", ""),
            ligne("Demandeur.Contacts[1].Mail", "Adresse électronique du proche (facultatif)", "text", ""),
            choix("Demandeur.Contacts[1].Type[1].Code", "Son lien avec la personne", LIENS),
        ],
    },
];

/// What was typed, by field name.
#[derive(Clone, Default)]
pub(super) struct Valeurs(HashMap<String, String>);

impl Valeurs {
    /// A form that came back; names it does not have are dropped.
    pub(super) fn recues(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into_iter().filter(|(nom, _)| champs().any(|champ| champ.nom == nom)).collect())
    }

    /// A plausible person, so that one click works.
    pub(super) fn exemple(usager: &Usager) -> Self {
        let pairs = champs().zip(usager.exemple);
        Self(pairs.map(|(champ, valeur)| (champ.nom.to_owned(), (*valeur).to_owned())).collect())
    }

    pub(super) fn get(&self, nom: &str) -> &str {
        self.0.get(nom).map_or("", |valeur| valeur.trim())
    }

    /// The contract's JSON; what was left empty is absent.
    pub(super) fn creation(&self, id_local: &str) -> Value {
        let v = |nom: &str| Some(self.get(nom)).filter(|valeur| !valeur.is_empty());
        let adresse = |nom: &str| v(&format!("Demandeur.Adresse.{nom}"));
        let contact = |nom: &str| v(&format!("Demandeur.Contacts[1].{nom}"));
        let nomenclature = |code: Option<&str>| code.map(|code| json!({ "Code": code }));
        let contacts =
            ["Prenom", "NomNaissance", "TelephonePortable", "Mail"].iter().any(|nom| contact(nom).is_some());
        let contacts = contacts.then(|| {
            let types = contact("Type[1].Code").map(|code| {
                let nom = LIENS.iter().find(|(lien, _)| *lien == code).map(|(_, nom)| *nom);
                json!([{ "Code": code, "DisplayName": nom }])
            });
            json!([{
                "NomNaissance": contact("NomNaissance"),
                "Prenom": contact("Prenom"),
                "Mail": contact("Mail"),
                "TelephonePortable": contact("TelephonePortable"),
                "Type": types,
            }])
        });
        json!({
            "IdLocal": id_local,
            "Demandeur": {
                "Civilite": nomenclature(v("Demandeur.Civilite.Code")),
                "NomNaissance": v("Demandeur.NomNaissance"),
                "NomUsuel": v("Demandeur.NomUsuel"),
                "Prenom": v("Demandeur.Prenom"),
                "DateNaissance": v("Demandeur.DateNaissance"),
                "Adresse": {
                    "NumeroVoie": adresse("NumeroVoie"),
                    "TypeVoie": adresse("TypeVoie"),
                    "LibelleVoie": adresse("LibelleVoie"),
                    "CodePostal": nomenclature(adresse("CodePostal.Code")),
                    "Localite": nomenclature(adresse("Localite.Code")),
                },
                "Mail": v("Demandeur.Mail"),
                "TelephoneFixe": v("Demandeur.TelephoneFixe"),
                "NumSecu": v("Demandeur.NumSecu"),
                "ContacteurDemandeur": v("Demandeur.ContacteurDemandeur"),
                "Contacts": contacts,
            },
        })
    }
}

fn champs() -> impl Iterator<Item = &'static Champ> {
    GROUPES.iter().flat_map(|groupe| groupe.champs)
}

/// The fields that a CodeRetour's message names: each path once, on the field of that name, else on the first inside
/// it, else on the one around it.
pub(super) fn champs_nommes(message: &str) -> Vec<&'static str> {
    let paths = message
        .split([' ', ',', '(', ')', '\''])
        .filter(|word| word.split(['.', '[']).next().is_some_and(|first| first == "Demandeur"));
    let within =
        |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', '[']));
    let mut found = Vec::new();
    for path in paths {
        let named = champs()
            .find(|champ| champ.nom == path)
            .or_else(|| champs().find(|champ| within(champ.nom, path)))
            .or_else(|| champs().find(|champ| within(path, champ.nom.trim_end_matches(".Code"))));
        found.extend(named.map(|champ| champ.nom).filter(|nom| !found.contains(nom)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::portal::usagers::USAGERS;

    #[test]
    fn a_message_s_paths_find_their_fields() {
        for (message, fields) in [
            ("Succès", vec![]),
            (
                "Donnée obligatoire non renseignée : Demandeur.Mail, Demandeur.Adresse.CodePostal.Code",
                vec!["Demandeur.Mail", "Demandeur.Adresse.CodePostal.Code"],
            ),
            ("Donnée obligatoire non renseignée : Demandeur.Adresse", vec!["Demandeur.Adresse.NumeroVoie"]),
            (
                "Valeur hors nomenclature : Code Postal (Demandeur.Adresse.CodePostal)",
                vec!["Demandeur.Adresse.CodePostal.Code"],
            ),
            (
                "Valeur non autorisée : Demandeur.Adresse.CodePostal.DisplayName",
                vec!["Demandeur.Adresse.CodePostal.Code"],
            ),
            (
                "Valeur hors nomenclature : Demandeur.Contacts[1].Type[1]",
                vec!["Demandeur.Contacts[1].Type[1].Code"],
            ),
            (
                "Donnée obligatoire non renseignée : Demandeur.Contacts[1].Type",
                vec!["Demandeur.Contacts[1].Type[1].Code"],
            ),
            ("Donnée obligatoire non renseignée : Demandeur", vec!["Demandeur.Civilite.Code"]),
            ("Format de valeur incompatible : Demandeur.Mail, Demandeur.Mail", vec!["Demandeur.Mail"]),
        ] {
            assert_eq!(champs_nommes(message), fields, "{message}");
        }
    }

    #[test]
    fn every_example_fills_every_field_and_is_a_creation() {
        for usager in &USAGERS {
            assert_eq!(champs().count(), usager.exemple.len(), "{}", usager.id_local);
            let creation = Valeurs::exemple(usager).creation(usager.id_local);
            dossier::CreationSaisie::from_json(creation).unwrap();
        }
    }

    #[test]
    fn what_is_left_empty_is_absent() {
        let creation =
            Valeurs::recues(vec![("Demandeur.Prenom".into(), " Ada ".into()), ("autre".into(), "x".into())]);
        let creation = creation.creation("u");
        assert_eq!(creation["Demandeur"]["Prenom"], "Ada");
        assert_eq!(creation["Demandeur"]["Civilite"], Value::Null);
        assert_eq!(creation["Demandeur"]["Contacts"], Value::Null);
    }
}
