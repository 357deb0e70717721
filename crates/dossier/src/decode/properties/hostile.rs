//! Any signed XML gets a code or is accepted; what is accepted follows the contract when it goes out again.

use jiff::civil::Date;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use xmlsec::{Document, Limits, Node, Signed, Writer};

use super::super::tests::signed_body;
use super::cases;
use super::round_trip::{json, requete, sent};
use super::schema::{breaches, values, written};
use super::strategies::{creation, texte};
use crate::model::{CreationDossier, Dossier, IdDossier, StatutDemande};
use crate::nomenclature::Nomenclatures;
use crate::{
    CodeRetour, ConsulterDossierPResponse, Extensions, NAMESPACE, Operation, Reponse, decode_consulter,
    decode_creer, decode_jeton, decode_reponse,
};

pub(super) const TODAY: Date = Date::constant(2026, 11, 20);

/// Codes that a message alone can bring about: the others need an application, a configuration or a database.
const OF_A_MESSAGE: [&str; 10] = ["200", "490", "201", "203", "202", "360", "370", "371", "372", "373"];
const NAMES: &[&str] = &[
    "CreerDossierPA",
    "CreationDossier",
    "Demandeur",
    "IdLocal",
    "Etablissements",
    "Etablissement",
    "NumFINISS",
    "ParametresOptionnels",
    "Parametre",
    "Nom",
    "Valeur",
    "Civilite",
    "Code",
    "CodeSystem",
    "DisplayName",
    "NomNaissance",
    "Prenom",
    "DateNaissance",
    "Adresse",
    "NumeroVoie",
    "TypeVoie",
    "LibelleVoie",
    "CodePostal",
    "Localite",
    "Mail",
    "TelephoneFixe",
    "PaysNaissance",
    "NumSecu",
    "ContacteurDemandeur",
    "Contacts",
    "Contact",
    "Type",
    "Nomenclature",
    "AutresDonnees",
    "ConsulterDossierPA",
    "ListeDossier",
    "AccesDossierRequest",
    "IdDossier",
    "GenererJetonSecuritePA",
    "Dossier",
    "Response",
    "CreerDossierPAResponse",
    "ConsulterDossierPAResponse",
    "ConsulterDossierPResponse",
    "CodeRetour",
    "Message",
    "StatutDossier",
    "DemandesEtablissement",
    "Inconnu",
];

/// An element as a stranger may send it.
#[derive(Debug, Clone)]
struct Tree {
    name: String,
    namespace: &'static str,
    nil: bool,
    text: String,
    children: Vec<Tree>,
}

impl Tree {
    fn of(node: Node<'_>) -> Self {
        Self {
            name: node.local_name().to_owned(),
            namespace: NAMESPACE,
            nil: false,
            text: node.text().into_owned(),
            children: node.children().map(Self::of).collect(),
        }
    }

    fn write(&self, w: &mut Writer) {
        w.start("", self.namespace, &self.name);
        if self.nil {
            w.attribute_ns("xsi", "http://www.w3.org/2001/XMLSchema-instance", "nil", "true");
        }
        w.text(&self.text);
        self.children.iter().for_each(|child| child.write(w));
        w.end();
    }

    fn size(&self) -> usize {
        1 + self.children.iter().map(Self::size).sum::<usize>()
    }

    /// The element at `position`, in document order.
    fn at(&mut self, position: usize) -> &mut Self {
        let mut position = position;
        let mut here = self;
        while position > 0 {
            position -= 1;
            let inside = here.children.iter().position(|child| {
                let size = child.size();
                let found = position < size;
                position -= if found { 0 } else { size };
                found
            });
            here = &mut here.children[inside.expect("the position is within the tree")];
        }
        here
    }
}

/// One thing done to a message.
#[derive(Debug, Clone)]
enum Change {
    Empty,
    Nil,
    Text(String),
    Rename(&'static str),
    Namespace(&'static str),
    Remove(Index),
    Repeat(Index),
    Reverse,
    Add(Tree),
}

impl Change {
    fn apply(self, tree: &mut Tree) {
        match self {
            Self::Empty => {
                tree.children.clear();
                tree.text.clear();
            }
            Self::Nil => tree.nil = true,
            Self::Text(text) => tree.text = text,
            Self::Rename(name) => name.clone_into(&mut tree.name),
            Self::Namespace(namespace) => tree.namespace = namespace,
            Self::Remove(index) if !tree.children.is_empty() => {
                tree.children.remove(index.index(tree.children.len()));
            }
            Self::Repeat(index) if !tree.children.is_empty() => {
                let child = tree.children[index.index(tree.children.len())].clone();
                tree.children.push(child);
            }
            Self::Remove(_) | Self::Repeat(_) => tree.nil = false,
            Self::Reverse => tree.children.reverse(),
            Self::Add(child) => tree.children.push(child),
        }
    }
}

/// Text that someone may put anywhere: right in some field, wrong in most.
fn any_text() -> impl Strategy<Value = String> {
    let xml = "[\\t\\n\\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]{0,60}";
    prop_oneof![
        2 => select(vec![
            "", " ", "0", "1", "true", "01000", "96000", "2A004", "MME", "rue", "1938-07-14", "2026-02-30", "-1",
            "a@b", "0474454647", "253072A07300443", "010000024", "1.2.250.1.2013.2.23", "TypeContactPA", "\u{85}", "\u{1}",
        ])
        .prop_map(|text| text.replace('\u{1}', "\t")),
        2 => xml,
        1 => texte(300),
    ]
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let element = || {
        let namespace = select(vec![NAMESPACE, NAMESPACE, NAMESPACE, "", "urn:autre"]);
        (select(NAMES), namespace, proptest::bool::weighted(0.1), any_text())
    };
    let tree = |((name, namespace, nil, text), children): ((&str, _, _, _), _)| Tree {
        name: name.to_owned(),
        namespace,
        nil,
        text,
        children,
    };
    let leaf = element().prop_map(move |element| tree((element, Vec::new())));
    leaf.prop_recursive(6, 60, 8, move |inner| (element(), vec(inner, 0..8)).prop_map(tree))
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => Just(Change::Empty),
        1 => Just(Change::Nil),
        6 => any_text().prop_map(Change::Text),
        1 => select(NAMES).prop_map(Change::Rename),
        1 => select(vec!["", "urn:autre"]).prop_map(Change::Namespace),
        2 => any::<Index>().prop_map(Change::Remove),
        1 => any::<Index>().prop_map(Change::Repeat),
        2 => Just(Change::Reverse),
        1 => any_tree().prop_map(Change::Add),
    ]
}

/// A creation that was right before some things were done to it.
fn damaged_creation() -> impl Strategy<Value = Tree> {
    (creation(), vec((any::<Index>(), change()), 1..3)).prop_map(|(creation, changes)| {
        let xml = written(|w| requete(&creation).encode(w));
        let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
        let mut tree = Tree::of(document.root());
        for (index, change) in changes {
            let position = index.index(tree.size());
            change.apply(tree.at(position));
        }
        tree
    })
}

fn assert_told(code: &CodeRetour) {
    let expected = OF_A_MESSAGE.contains(&code.code()) || code.code() == "300";
    assert!(expected, "{code}");
    let names_a_field =
        code.message().contains(" : ") || code.message().contains(" (") || code.message().ends_with('\'');
    assert!(names_a_field, "{code}");
    assert!(code.message().chars().all(|c| !c.is_control()), "{code:?}");
}

/// Has every reader look at the element; what CreerDossierPA's made of it.
fn read_by_all(element: Signed<'_>, body: Signed<'_>) -> Result<CreationDossier, CodeRetour> {
    for operation in Operation::TOUTES {
        let _ = decode_reponse(body, operation);
    }
    match decode_consulter(element) {
        Ok(entries) => entries.iter().filter_map(|entry| entry.acces.as_ref().err()).for_each(assert_told),
        Err(code) => assert_told(&code),
    }
    if let Err(code) = decode_jeton(element) {
        assert_told(&code);
    }
    let with = Extensions { cle_idempotence: true };
    if let Err(code) = decode_creer(element, TODAY, &Nomenclatures::default(), with) {
        assert_told(&code);
    }
    let creation = decode_creer(element, TODAY, &Nomenclatures::default(), Extensions::default());
    if let Err(code) = &creation {
        assert_told(code);
    }
    creation
}

fn judged(tree: &Tree) -> Result<CreationDossier, CodeRetour> {
    signed_body(|w| tree.write(w), |body| read_by_all(body.children().next().unwrap(), body))
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_xml_gets_a_code(tree in any_tree()) {
        let _ = judged(&tree);
    }

    #[test]
    fn an_answer_of_any_shape_is_read_or_refused(tree in any_tree(), operation in select(&Operation::TOUTES[..])) {
        let answer = Tree {
            name: operation.response_name().to_owned(),
            namespace: NAMESPACE,
            nil: false,
            text: String::new(),
            children: vec![Tree { name: "Response".to_owned(), ..tree }],
        };
        let read = signed_body(|w| answer.write(w), |body| decode_reponse(body, operation));
        if let Ok(reponse) = read {
            prop_assert_eq!(reponse.operation(), operation);
        }
    }
}

#[test]
fn what_is_accepted_follows_the_contract_and_is_accepted_again() {
    let trees = values(&damaged_creation(), &mut TestRunner::deterministic(), 300);
    let (accepted, refused): (Vec<_>, Vec<_>) = trees.iter().map(judged).partition(Result::is_ok);
    assert!(accepted.len() > 50 && refused.len() > 100, "{} and {}", accepted.len(), refused.len());
    let mut answers = Vec::new();
    for creation in accepted.into_iter().flatten() {
        let again = sent(&requete(&creation)).map(|again| json(&again).to_string());
        assert_eq!(again, Ok(json(&creation).to_string()));
        let dossier = Dossier {
            id_dossier: IdDossier::draw(&mut testkit::rng(1)),
            demandeur: creation.demandeur,
            est_annule: false,
            statut_dossier: StatutDemande::NonEnvoyee,
            est_renseigne_volet_admin: false,
            est_renseigne_volet_medical: false,
            est_renseigne_volet_autonomie: false,
            demandes_etablissement: Vec::new(),
            donnees_autres: None,
        };
        let answer = ConsulterDossierPResponse {
            dossier: Some(dossier),
            id_dossier: None,
            code_retour: CodeRetour::succes(),
        };
        answers.push(written(|w| Reponse::ConsulterDossierPA(vec![answer]).encode(w)));
    }
    assert_eq!(breaches(&answers), None);
}
