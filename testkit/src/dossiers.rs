//! Plausible French dossiers in the contract's JSON form (`contract/cli.md`: objects with the element names).
//!
//! Names are fictitious; codes, postal codes, communes and the social security key are real in form.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use serde_json::{Value, json};

/// The content of a `CreationDossier`: what `vtpa call creer` takes. Complete, contacts and dictionary included.
pub fn creation(id_local: &str) -> Value {
    json!({ "Demandeur": demandeur(), "IdLocal": id_local })
}

/// The smallest `CreationDossier` that answers 999.
pub fn creation_minimale(id_local: &str) -> Value {
    let mut demandeur = demandeur();
    if let Some(members) = demandeur.as_object_mut() {
        const REQUIRED: [&str; 6] =
            ["Civilite", "NomNaissance", "Prenom", "DateNaissance", "Adresse", "Mail"];
        members.retain(|name, _| REQUIRED.contains(&name.as_str()));
    }
    json!({ "Demandeur": demandeur, "IdLocal": id_local })
}

/// A `CreationDossier` of another person for each state of `rng`.
pub fn creation_aleatoire(id_local: &str, rng: &mut StdRng) -> Value {
    let mut creation = creation_minimale(id_local);
    let demandeur = &mut creation["Demandeur"];
    let (civilite, prenom) = *[
        ("MME", "Suzanne"),
        ("MME", "Odette"),
        ("MME", "Yvette"),
        ("M", "Marcel"),
        ("M", "René"),
        ("M", "André"),
    ]
    .choose(rng)
    .expect("the list is not empty");
    let nom = *["Bertrand", "Lefèvre", "Dubois-Martin", "L'Hostis", "Œuvrard", "Muñoz", "Ñuñez", "Çetin"]
        .choose(rng)
        .expect("the list is not empty");
    demandeur["Civilite"] = json!({ "Code": civilite, "CodeSystem": R81 });
    demandeur["Prenom"] = json!(prenom);
    demandeur["NomNaissance"] = json!(nom);
    demandeur["DateNaissance"] = json!(format!(
        "{}-{:02}-{:02}",
        rng.random_range(1925..=1950),
        rng.random_range(1..=12),
        rng.random_range(1..=28)
    ));
    demandeur["Mail"] = json!(format!("famille.{}@exemple.fr", rng.next_u32()));
    creation
}

/// A complete `Demandeur`.
pub fn demandeur() -> Value {
    json!({
        "Civilite": { "Code": "MME", "CodeSystem": R81, "DisplayName": "Madame" },
        "NomNaissance": "Chastaing",
        "NomUsuel": "Vernoux",
        "Prenom": "Marguerite",
        "AutrePrenoms": "Jeanne, Élise",
        "DateNaissance": "1937-05-14",
        "Adresse": adresse(),
        "Mail": "marguerite.vernoux@exemple.fr",
        "TelephoneFixe": "04 74 00 00 12",
        "TelephonePortable": "+33600000012",
        "PaysNaissance": { "Code": "99100", "CodeSystem": "1.2.250.1.213.2.24" },
        "VilleNaissance": { "Code": "01053", "CodeSystem": R13 },
        "NumSecu": "237050105300141",
        "ContacteurDemandeur": false,
        "Contacts": [{
            "Adresse": adresse(),
            "NomNaissance": "Vernoux",
            "Prenom": "Paul",
            "Mail": "paul.vernoux@exemple.fr",
            "TelephonePortable": "0600000013",
            "Type": [{ "Code": "1", "CodeSystem": "TypeContactPA" }],
        }],
        "AutresDonnees": [{ "Nom": "Canal", "Valeur": "Portail du département" }],
    })
}

/// An address in Bourg-en-Bresse.
pub fn adresse() -> Value {
    json!({
        "NumeroVoie": "12",
        "TypeVoie": "R",
        "LibelleVoie": "des Glycines",
        "CodePostal": { "Code": "01000", "CodeSystem": "1.2.250.1.214.2.45" },
        "Localite": { "Code": "01053", "CodeSystem": R13 },
    })
}

const R81: &str = "1.2.250.1.213.1.6.1.69";
const R13: &str = "1.2.250.1.213.2.23";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimal_creation_keeps_the_six_obligatory_members() {
        let creation = creation_minimale("usager-1");
        let members: Vec<_> = creation["Demandeur"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["Adresse", "Civilite", "DateNaissance", "Mail", "NomNaissance", "Prenom"]);
    }

    #[test]
    fn the_social_security_key_is_right() {
        let number = demandeur()["NumSecu"].as_str().unwrap().to_owned();
        let (body, key) = number.split_at(13);
        assert_eq!(97 - body.parse::<u64>().unwrap() % 97, key.parse::<u64>().unwrap());
    }

    #[test]
    fn seeded_persons_differ_and_repeat() {
        let mut rng = crate::rng(3);
        let (first, next) = (creation_aleatoire("a", &mut rng), creation_aleatoire("a", &mut rng));
        assert_ne!(first, next);
        assert_eq!(first, creation_aleatoire("a", &mut crate::rng(3)));
    }
}
