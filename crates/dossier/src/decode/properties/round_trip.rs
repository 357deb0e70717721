//! decode(encode(x)) = x, for what the server writes and for what the client writes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::signed_body;
use super::strategies::{creation, reponse};
use super::{cases, hostile};
use crate::model::{CreationDossier, Dossier};
use crate::nomenclature::Nomenclatures;
use crate::{
    AccesSaisi, CreationSaisie, Extensions, Operation, Reponse, Requete, decode_consulter, decode_creer,
    decode_reponse,
};

/// The contract's JSON of a creation, which `vtpa call creer` takes.
pub(super) fn json(creation: &CreationDossier) -> Value {
    json!({
        "Demandeur": creation.demandeur,
        "IdLocal": creation.id_local,
        "Etablissements": creation.etablissements.iter().map(|(_, item)| item).collect::<Vec<_>>(),
        "ParametresOptionnels": creation.parametres_optionnels,
    })
}

/// What a client asks that takes this JSON.
pub(super) fn requete(creation: &CreationDossier) -> Requete {
    Requete::CreerDossierPA(
        CreationSaisie::from_json(json(creation)).expect("the model has the contract's names"),
    )
}

/// What the server reads of what the client wrote.
pub(super) fn sent(requete: &Requete) -> Result<CreationDossier, crate::CodeRetour> {
    signed_body(
        |w| requete.encode(w),
        |body| {
            let (operation, element) = crate::operation(body).expect("a client asks for one operation");
            assert_eq!(operation, Operation::CreerDossierPA);
            decode_creer(element, hostile::TODAY, &Nomenclatures::default(), Extensions::default())
        },
    )
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn an_answer_is_read_as_it_was_written(reponse in reponse()) {
        let read = signed_body(|w| reponse.encode(w), |body| decode_reponse(body, reponse.operation()));
        prop_assert_eq!(read.as_ref(), Ok(&reponse));
    }

    #[test]
    fn a_creation_is_read_as_it_was_written(creation in creation()) {
        prop_assert_eq!(sent(&requete(&creation)), Ok(creation));
    }

    #[test]
    fn a_dossier_is_the_same_after_json(reponse in reponse()) {
        let Reponse::ConsulterDossierPA(answers) = reponse else { return Ok(()) };
        for dossier in answers.into_iter().filter_map(|answer| answer.dossier) {
            let json = serde_json::to_string(&dossier).unwrap();
            prop_assert_eq!(serde_json::from_str::<Dossier>(&json).unwrap(), dossier);
        }
    }

    #[test]
    fn a_consultation_is_read_in_the_order_it_was_written(entries in proptest::collection::vec("[0-9]{1,13}", 1..=100)) {
        let asked = entries.iter().zip(1..).map(|(id, n)| AccesSaisi { id_dossier: id.clone(), id_local: format!("u{n}") });
        let requete = Requete::ConsulterDossierPA(asked.collect());
        let read = signed_body(|w| requete.encode(w), |body| decode_consulter(crate::operation(body).unwrap().1));
        let read: Vec<_> = read.unwrap().into_iter().map(|entry| entry.acces.unwrap()).collect();
        prop_assert_eq!(read.iter().map(|acces| acces.id_dossier.clone()).collect::<Vec<_>>(), entries);
        for (acces, n) in read.iter().zip(1..) {
            let expected = format!("u{n}");
            prop_assert_eq!(acces.id_local.as_str(), expected.as_str());
        }
    }
}
