//! What a client asks. A creation is taken as the contract's JSON and sent as it is, right or wrong: what is wrong
//! with it, the service says in its own words.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use xmlsec::Writer;

use crate::NAMESPACE;
use crate::encode::{optional, text};
use crate::operation::Operation;

/// A request to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requete {
    /// §3.1.1
    CreerDossierPA(CreationSaisie),
    /// §3.2.1
    ConsulterDossierPA(Vec<AccesSaisi>),
    /// §3.2.2
    GenererJetonSecuritePA(AccesSaisi),
}

/// AccesDossierRequest as it was typed; an empty member is not sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccesSaisi {
    /// The dossier's number.
    pub id_dossier: String,
    /// The partner's user.
    pub id_local: String,
}

/// A CreationDossierRequest as JSON with the contract's names; values may be missing or wrong.
#[derive(Clone, PartialEq, Eq)]
pub struct CreationSaisie(Map<String, Value>);

impl fmt::Debug for CreationSaisie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CreationSaisie(…)")
    }
}

impl fmt::Debug for AccesSaisi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccesSaisi").field("id_dossier", &self.id_dossier).finish_non_exhaustive()
    }
}

/// JSON that is no CreationDossierRequest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaisieInvalide {
    /// A name that the contract does not have.
    #[error("{chemin}: the contract has no such name{}", proche.map(|name| format!(", did you mean {name}?")).unwrap_or_default())]
    NomInconnu {
        /// Where, dotted.
        chemin: String,
        /// The contract's name most like it.
        proche: Option<&'static str>,
    },
    /// An object, a list or a value where the contract has another.
    #[error("{chemin}: expected {attendu}")]
    Forme {
        /// Where, dotted.
        chemin: String,
        /// What the contract has there.
        attendu: &'static str,
    },
}

/// What an element of the contract holds.
#[derive(Clone, Copy)]
enum Forme {
    Texte,
    Objet(&'static [(&'static str, Forme)]),
    Liste(&'static str, &'static Forme),
}

const NOMENCLATURE: Forme = Forme::Objet(&[
    ("Code", Forme::Texte),
    ("CodeSystem", Forme::Texte),
    ("CodeSystemName", Forme::Texte),
    ("CodeSystemVersion", Forme::Texte),
    ("DisplayName", Forme::Texte),
]);
const DICTIONNAIRE: Forme =
    Forme::Liste("Parametre", &Forme::Objet(&[("Nom", Forme::Texte), ("Valeur", Forme::Texte)]));
const ADRESSE: Forme = Forme::Objet(&[
    ("NumeroVoie", Forme::Texte),
    ("TypeVoie", Forme::Texte),
    ("LibelleVoie", Forme::Texte),
    ("CodePostal", NOMENCLATURE),
    ("Localite", NOMENCLATURE),
]);
const CONTACT: Forme = Forme::Objet(&[
    ("Adresse", ADRESSE),
    ("NomNaissance", Forme::Texte),
    ("NomUsuel", Forme::Texte),
    ("Prenom", Forme::Texte),
    ("Mail", Forme::Texte),
    ("TelephoneFixe", Forme::Texte),
    ("TelephonePortable", Forme::Texte),
    ("Type", Forme::Liste("Nomenclature", &NOMENCLATURE)),
]);
const DEMANDEUR: Forme = Forme::Objet(&[
    ("Civilite", NOMENCLATURE),
    ("NomNaissance", Forme::Texte),
    ("NomUsuel", Forme::Texte),
    ("Prenom", Forme::Texte),
    ("AutrePrenoms", Forme::Texte),
    ("DateNaissance", Forme::Texte),
    ("Adresse", ADRESSE),
    ("Mail", Forme::Texte),
    ("TelephoneFixe", Forme::Texte),
    ("TelephonePortable", Forme::Texte),
    ("PaysNaissance", NOMENCLATURE),
    ("VilleNaissance", NOMENCLATURE),
    ("NumSecu", Forme::Texte),
    ("ContacteurDemandeur", Forme::Texte),
    ("Contacts", Forme::Liste("Contact", &CONTACT)),
    ("AutresDonnees", DICTIONNAIRE),
]);
const ETABLISSEMENT: Forme = Forme::Objet(&[
    ("NumFINISS", Forme::Texte),
    ("RaisonSociale", Forme::Texte),
    ("Adresse", ADRESSE),
    ("Telephone", Forme::Texte),
    ("DonneesAutres", DICTIONNAIRE),
]);
/// CreationDossierRequest (§3.1.1.2), its members in the contract's order.
const CREATION: Forme = Forme::Objet(&[
    ("Demandeur", DEMANDEUR),
    ("IdLocal", Forme::Texte),
    ("Etablissements", Forme::Liste("Etablissement", &ETABLISSEMENT)),
    ("ParametresOptionnels", DICTIONNAIRE),
]);

impl CreationSaisie {
    /// Takes JSON with the contract's names: objects, lists as arrays of their items, values as strings, numbers or
    /// booleans; `null` is absent.
    pub fn from_json(json: Value) -> Result<Self, SaisieInvalide> {
        verifier(&json, CREATION, "")?;
        match json {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(SaisieInvalide::Forme { chemin: "CreationDossier".to_owned(), attendu: "an object" }),
        }
    }
}

impl Requete {
    /// Which operation is asked.
    pub fn operation(&self) -> Operation {
        match self {
            Self::CreerDossierPA(_) => Operation::CreerDossierPA,
            Self::ConsulterDossierPA(_) => Operation::ConsulterDossierPA,
            Self::GenererJetonSecuritePA(_) => Operation::GenererJetonSecuritePA,
        }
    }

    /// Writes the request's element.
    pub fn encode(&self, w: &mut Writer) {
        w.start("", NAMESPACE, self.operation().name());
        match self {
            Self::CreerDossierPA(creation) => {
                if let Forme::Objet(members) = CREATION {
                    w.start("", NAMESPACE, "CreationDossier");
                    membres(w, members, &creation.0);
                    w.end();
                }
            }
            Self::ConsulterDossierPA(dossiers) => {
                w.start("", NAMESPACE, "ListeDossier");
                dossiers.iter().for_each(|dossier| acces(w, "AccesDossierRequest", dossier));
                w.end();
            }
            Self::GenererJetonSecuritePA(dossier) => acces(w, "Dossier", dossier),
        }
        w.end();
    }
}

fn acces(w: &mut Writer, name: &str, acces: &AccesSaisi) {
    w.start("", NAMESPACE, name);
    optional(w, "IdDossier", Some(acces.id_dossier.as_str()).filter(|id| !id.is_empty()));
    optional(w, "IdLocal", Some(acces.id_local.as_str()).filter(|id| !id.is_empty()));
    w.end();
}

fn membres(w: &mut Writer, formes: &[(&str, Forme)], members: &Map<String, Value>) {
    for (name, forme) in formes {
        if let Some(value) = members.get(*name) {
            valeur(w, name, *forme, value);
        }
    }
}

fn valeur(w: &mut Writer, name: &str, forme: Forme, value: &Value) {
    match (forme, value) {
        (_, Value::Null) => {}
        (Forme::Objet(formes), Value::Object(members)) => {
            w.start("", NAMESPACE, name);
            membres(w, formes, members);
            w.end();
        }
        (Forme::Liste(item, forme), Value::Array(items)) => {
            w.start("", NAMESPACE, name);
            items.iter().for_each(|value| valeur(w, item, *forme, value));
            w.end();
        }
        (_, Value::String(value)) => text(w, name, value),
        (_, value) => text(w, name, &value.to_string()),
    }
}

/// Holds JSON against the contract's names and forms; values are the service's to judge.
fn verifier(json: &Value, forme: Forme, chemin: &str) -> Result<(), SaisieInvalide> {
    let expected = |attendu| Err(SaisieInvalide::Forme { chemin: chemin.to_owned(), attendu });
    let below = |name: &str| if chemin.is_empty() { name.to_owned() } else { format!("{chemin}.{name}") };
    match (forme, json) {
        (_, Value::Null) => Ok(()),
        (Forme::Texte, Value::Object(_) | Value::Array(_)) => expected("a single value"),
        (Forme::Texte, _) => Ok(()),
        (Forme::Liste(_, forme), Value::Array(items)) => items
            .iter()
            .zip(1..)
            .try_for_each(|(item, position)| verifier(item, *forme, &format!("{chemin}[{position}]"))),
        (Forme::Liste(..), _) => expected("a list"),
        (Forme::Objet(formes), Value::Object(members)) => members.iter().try_for_each(|(name, value)| {
            let Some((_, forme)) = formes.iter().find(|(known, _)| known == name) else {
                let likeness = |known: &str| strsim::jaro_winkler(known, name);
                let proche = formes.iter().map(|(known, _)| *known).filter(|known| likeness(known) > 0.75);
                let proche = proche.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
                return Err(SaisieInvalide::NomInconnu { chemin: below(name), proche });
            };
            verifier(value, *forme, &below(name))
        }),
        (Forme::Objet(_), _) => expected("an object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_contracts_json_is_written_in_the_contracts_order() {
        let creation = CreationSaisie::from_json(json!({
            "IdLocal": "u",
            "Demandeur": { "Prenom": "Zoé", "NomNaissance": null, "ContacteurDemandeur": true,
                "Contacts": [{ "Type": [{ "Code": 1 }] }], "Civilite": { "Code": "MME" } },
        }))
        .unwrap();
        let mut w = Writer::new();
        Requete::CreerDossierPA(creation).encode(&mut w);
        assert_eq!(
            w.finish().unwrap().as_str(),
            "<CreerDossierPA xmlns=\"urn:viatrajectoire:ws:pa:1\"><CreationDossier><Demandeur>\
             <Civilite><Code>MME</Code></Civilite><Prenom>Zoé</Prenom><ContacteurDemandeur>true</ContacteurDemandeur>\
             <Contacts><Contact><Type><Nomenclature><Code>1</Code></Nomenclature></Type></Contact></Contacts>\
             </Demandeur><IdLocal>u</IdLocal></CreationDossier></CreerDossierPA>"
        );
    }

    #[test]
    fn names_and_forms_that_the_contract_does_not_have_are_named() {
        for (json, expected) in [
            (
                json!({ "Demandeur": { "Prénom": "Zoé" } }),
                "Demandeur.Prénom: the contract has no such name, did you mean Prenom?",
            ),
            (json!({ "Xyz": 1 }), "Xyz: the contract has no such name"),
            (json!({ "Demandeur": [] }), "Demandeur: expected an object"),
            (
                json!({ "Demandeur": { "Contacts": [{ "Type": {} }] } }),
                "Demandeur.Contacts[1].Type: expected a list",
            ),
            (json!({ "IdLocal": {} }), "IdLocal: expected a single value"),
            (json!("u"), ": expected an object"),
        ] {
            assert_eq!(CreationSaisie::from_json(json).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_person() {
        let creation = CreationSaisie::from_json(json!({ "Demandeur": { "Prenom": "Zoé" } })).unwrap();
        assert!(!format!("{:?}", Requete::CreerDossierPA(creation)).contains("Zoé"));
        let acces = AccesSaisi { id_dossier: "1".to_owned(), id_local: "Zoé".to_owned() };
        assert!(!format!("{:?}", Requete::GenererJetonSecuritePA(acces)).contains("Zoé"));
    }
}
