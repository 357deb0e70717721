//! Arbitrary objects of chapter 2, within the contract's limits.

use jiff::civil::Date;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::{
    Adresse, Contact, CreationDossier, DemandeEtablissement, Demandeur, Dictionnaire, Dossier, Etablissement,
    IdDossier, IdLocal, JetonSecurite, Nomenclature, Parametre, Prive, StatutDemande, TypeHebergement,
    UrgenceDemande,
};
use crate::{CodeRetour, ConsulterDossierPResponse, Reponse, nomenclature as tables};

/// Text as people write it: no control, no space around it, 1 to `max` characters of any plane.
pub(super) fn texte(max: usize) -> impl Strategy<Value = String> {
    let any = proptest::string::string_regex(&format!("\\PC{{1,{max}}}")).unwrap();
    prop_oneof![
        3 => any,
        1 => select(vec!["É", "<&>\"'", "]]>", "a  b", "𝒁", "e\u{301}", "-->", "&amp;"]).prop_map(str::to_owned),
    ]
    .prop_map(|text| text.trim().to_owned())
    .prop_filter("empty", |text| !text.is_empty())
}

fn prive(max: usize) -> impl Strategy<Value = Prive> {
    texte(max).prop_map(Prive::new)
}

fn date() -> impl Strategy<Value = Date> {
    (1880_i16..=2026, 1_i8..=12, 1_i8..=28)
        .prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
        .prop_filter("not born yet", |date| *date <= super::hostile::TODAY)
}

/// A code as the answer gives it: in the table's own words, or unknown and as it was sent.
#[derive(Clone, Copy)]
enum Table {
    Civilite,
    Commune,
    Pays,
    CodePostal,
    TypeContact,
}

fn nomenclature(table: Table) -> impl Strategy<Value = Nomenclature> {
    let (oid, name, known): (_, _, &[&str]) = match table {
        Table::Civilite => (tables::OID_CIVILITE, tables::R81, &["M", "MME", "MLLE"]),
        Table::Commune => (tables::OID_COMMUNE, tables::R13, &["01053", "2A004", "75120", "97302", "69123"]),
        Table::Pays => (tables::OID_PAYS, tables::R20, &["99100", "99109", "99352"]),
        Table::CodePostal => {
            (tables::OID_CODE_POSTAL, tables::NOM_CODE_POSTAL, &["01000", "20000", "97300", "75020"])
        }
        Table::TypeContact => (tables::TYPE_CONTACT, tables::NOM_TYPE_CONTACT, &["0", "1", "2"]),
    };
    let label = move |code: &str| match table {
        Table::Civilite => tables::civilite(code),
        Table::Commune => tables::commune(code),
        Table::Pays => tables::pays(code),
        Table::CodePostal => tables::code_postal_connu(code).then_some(""),
        Table::TypeContact => tables::type_contact(code),
    };
    let known = (select(known), of(texte(50))).prop_map(move |(code, version)| {
        let words = label(code).expect("the codes above are of the tables");
        Nomenclature {
            code: code.to_owned(),
            code_system: Some(oid.to_owned()),
            code_system_name: Some(name.to_owned()),
            code_system_version: version,
            display_name: Some(if words.is_empty() { code } else { words }.to_owned()),
        }
    });
    let unknown = match table {
        Table::CodePostal => "0[1-9]99[0-9]".boxed(), // CEDEX codes are in no table
        _ => texte(15).boxed(),
    };
    let unknown = unknown.prop_filter("a code of the table", move |code| label(code).is_none());
    let unknown = (unknown, any::<bool>(), of(texte(50)), of(texte(50)), texte(100)).prop_map(
        move |(code, system, code_system_name, code_system_version, words)| Nomenclature {
            code,
            code_system: system.then(|| oid.to_owned()),
            code_system_name,
            code_system_version,
            display_name: Some(words),
        },
    );
    match table {
        Table::Civilite => known.boxed(),
        _ => prop_oneof![known, unknown].boxed(),
    }
}

fn adresse() -> impl Strategy<Value = Adresse> {
    let voie = select(vec!["R", "rue", "RUE", "Allée", "allee", "AV", "CHE", "Bd"]);
    let voie = voie.prop_filter("a type of R35", |voie| tables::type_voie(voie));
    (prive(10), voie, prive(80), nomenclature(Table::CodePostal), nomenclature(Table::Commune)).prop_map(
        |(numero_voie, type_voie, libelle_voie, code_postal, localite)| Adresse {
            numero_voie,
            type_voie: type_voie.to_owned(),
            libelle_voie,
            code_postal,
            localite,
        },
    )
}

fn mail() -> impl Strategy<Value = Prive> {
    "[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,20}@[a-z0-9]{1,10}(\\.[a-z]{2,5}){0,2}".prop_map(Prive::new)
}

fn telephone() -> impl Strategy<Value = Prive> {
    "\\+?[0-9]{4}[0-9 .()-]{0,9}[0-9]".prop_map(Prive::new)
}

fn nir() -> impl Strategy<Value = Prive> {
    (
        "[1-478][0-9]{2}(0[1-9]|1[0-2]|20|3[0-9]|4[0-2]|[5-9][0-9])",
        "[0-9]{2}|2A|2B",
        "[0-9]{6}",
        any::<bool>(),
    )
        .prop_map(|(birth, departement, order, with_key)| {
            let digits = match departement.as_str() {
                "2A" => "19",
                "2B" => "18",
                other => other,
            };
            let number: u64 = format!("{birth}{digits}{order}").parse().unwrap();
            let key = if with_key { format!("{:02}", 97 - number % 97) } else { String::new() };
            Prive::new(format!("{birth}{departement}{order}{key}"))
        })
}

/// At most one entry per Nom; none at all is no dictionary.
fn dictionnaire() -> impl Strategy<Value = Dictionnaire> {
    proptest::collection::btree_map(texte(20), texte(40), 1..4).prop_map(|entries| {
        entries.into_iter().map(|(nom, valeur)| Parametre { nom, valeur: Prive::new(valeur) }).collect()
    })
}

fn contact() -> impl Strategy<Value = Contact> {
    let names = (prive(50), of(prive(50)), of(prive(50)));
    let reached = (of(mail()), of(telephone()), of(telephone()));
    (of(adresse()), names, reached, vec(nomenclature(Table::TypeContact), 1..=3)).prop_map(
        |(adresse, (nom_naissance, nom_usuel, prenom), (mail, telephone_fixe, telephone_portable), types)| {
            Contact {
                adresse,
                nom_naissance,
                nom_usuel,
                prenom,
                mail,
                telephone_fixe,
                telephone_portable,
                r#type: types,
            }
        },
    )
}

/// Any person whom a creation may be about.
pub(super) fn demandeur() -> impl Strategy<Value = Demandeur> {
    let names = (nomenclature(Table::Civilite), prive(50), of(prive(50)), prive(50), of(prive(50)), date());
    let reached = (adresse(), mail(), of(telephone()), of(telephone()));
    let birth = (of(nomenclature(Table::Pays)), of(nomenclature(Table::Commune)), of(nir()));
    let others = (of(any::<bool>()), vec(contact(), 0..3), of(dictionnaire()));
    (names, reached, birth, others).prop_map(|(names, reached, birth, others)| {
        let (civilite, nom_naissance, nom_usuel, prenom, autre_prenoms, date_naissance) = names;
        let (adresse, mail, telephone_fixe, telephone_portable) = reached;
        let (pays_naissance, ville_naissance, num_secu) = birth;
        let (contacteur_demandeur, contacts, autres_donnees) = others;
        Demandeur {
            civilite,
            nom_naissance,
            nom_usuel,
            prenom,
            autre_prenoms,
            date_naissance,
            adresse,
            mail: Some(mail),
            telephone_fixe,
            telephone_portable,
            pays_naissance,
            ville_naissance,
            num_secu,
            contacteur_demandeur,
            contacts,
            autres_donnees,
        }
    })
}

fn etablissement() -> impl Strategy<Value = Etablissement> {
    (texte(50), of(texte(255)), of(adresse()), of(telephone()), of(dictionnaire())).prop_map(
        |(num_finiss, raison_sociale, adresse, telephone, donnees_autres)| Etablissement {
            num_finiss,
            raison_sociale,
            adresse,
            telephone: telephone.map(|number| number.as_str().to_owned()),
            donnees_autres,
        },
    )
}

/// Any creation that is right.
pub(super) fn creation() -> impl Strategy<Value = CreationDossier> {
    (demandeur(), texte(255), vec(etablissement(), 0..3), prop_oneof![Just(Vec::new()), dictionnaire()])
        .prop_map(|(demandeur, id_local, etablissements, parametres_optionnels)| CreationDossier {
            demandeur,
            id_local: IdLocal::parse(&id_local).expect("the text is trimmed and has no control"),
            etablissements: (1..).zip(etablissements).collect(),
            parametres_optionnels,
            cle_idempotence: None,
        })
}

fn demande() -> impl Strategy<Value = DemandeEtablissement> {
    let state = (select(StatutDemande::TOUS), any::<bool>(), any::<bool>());
    let motif = select(vec!["1", "5", "11", "15"]).prop_map(|code| Nomenclature {
        code: code.to_owned(),
        code_system: Some(tables::MOTIF_ECHANGE.to_owned()),
        display_name: tables::motif_echange(code).map(str::to_owned),
        ..Nomenclature::default()
    });
    let exchange = (of(motif), of(prive(1000)), date());
    let asked = (select(TypeHebergement::TOUS), select(UrgenceDemande::TOUS));
    (etablissement(), any::<i64>(), state, exchange, asked, of(dictionnaire())).prop_map(
        |(etablissement, id_demande, state, exchange, (type_hebergement, urgence), donnees_autres)| {
            let (statut_demande, est_annule, demande_lue) = state;
            let (motif_dernier_echange, dernier_echange, date_demande) = exchange;
            DemandeEtablissement {
                etablissement,
                id_demande,
                statut_demande,
                est_annule,
                demande_lue,
                motif_dernier_echange,
                dernier_echange,
                date_demande,
                type_hebergement,
                urgence,
                donnees_autres,
            }
        },
    )
}

fn id_dossier() -> impl Strategy<Value = IdDossier> {
    any::<u64>().prop_map(|seed| IdDossier::draw(&mut testkit::rng(seed)))
}

fn dossier() -> impl Strategy<Value = Dossier> {
    let state = (any::<bool>(), select(StatutDemande::TOUS), any::<[bool; 3]>());
    (id_dossier(), demandeur(), state, vec(demande(), 0..3), of(dictionnaire())).prop_map(
        |(id_dossier, demandeur, state, demandes_etablissement, donnees_autres)| {
            let (est_annule, statut_dossier, [admin, medical, autonomie]) = state;
            Dossier {
                id_dossier,
                demandeur,
                est_annule,
                statut_dossier,
                est_renseigne_volet_admin: admin,
                est_renseigne_volet_medical: medical,
                est_renseigne_volet_autonomie: autonomie,
                demandes_etablissement,
                donnees_autres,
            }
        },
    )
}

fn code_retour() -> impl Strategy<Value = CodeRetour> {
    ("[0-9]{3}", texte(100)).prop_map(|(code, message)| CodeRetour::recu(code, message))
}

/// Any answer of the three operations.
pub(super) fn reponse() -> impl Strategy<Value = Reponse> {
    let item =
        (of(dossier()), of(texte(50)), code_retour()).prop_map(|(dossier, id_dossier, code_retour)| {
            ConsulterDossierPResponse { dossier, id_dossier, code_retour }
        });
    let jeton = of("[A-Za-z0-9_-]{43}".prop_map(JetonSecurite::new));
    prop_oneof![
        1 => (of(id_dossier()), code_retour()).prop_map(|(id_dossier, code)| Reponse::CreerDossierPA { id_dossier, code }),
        8 => vec(item, 0..3).prop_map(Reponse::ConsulterDossierPA),
        1 => (jeton, code_retour()).prop_map(|(jeton, code)| Reponse::GenererJetonSecuritePA { jeton, code }),
    ]
}
