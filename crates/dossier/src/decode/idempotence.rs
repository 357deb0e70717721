//! `CleIdempotence`, among a creation's ParametresOptionnels: an extension, off unless configured (decisions §7). The same key
//! with the same content asks for the first answer again.

use std::borrow::Cow;

use xmlsec::Signed;

use super::constats::Constats;
use super::lecteur::{self, Objet};
use crate::NAMESPACE;
use crate::code_retour::Code;
use crate::model::{CleIdempotence, Prive};

/// The parameter's Nom.
const NOM: &str = "CleIdempotence";
/// How a refusal names it.
pub(crate) const CHEMIN: &str = "ParametresOptionnels.CleIdempotence";
/// Most characters: a UUID has 36, a SHA-256 in hexadecimal 64.
const LONGUEUR_MAX: usize = 128;

/// The key among `parametres`, with the content of `creation`, which holds them. What is no key is 202, like any value
/// outside its limits.
pub(super) fn cle(
    creation: Signed<'_>,
    parametres: Signed<'_>,
    constats: &mut Constats,
) -> Option<CleIdempotence> {
    // what is wrong with the list and its entries is noted by whoever reads all of it
    let ignored = &mut Constats::default();
    let entries = lecteur::liste(parametres, "", "Parametre", ignored);
    let (entry, value) = entries.into_iter().find_map(|entry| {
        let objet = Objet::ouvrir(entry, "", &["Nom", "Valeur"], ignored);
        let nom = objet.texte("Nom", ignored)?;
        (nom.valeur == NOM).then(|| (entry, objet.texte("Valeur", ignored)))
    })?;
    // without a value it is 201, as any entry of a dictionary
    let value = value?.valeur;
    if value.len() > LONGUEUR_MAX || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        constats.noter(Code::ValeurNonAutorisee, CHEMIN, Some(entry));
        return None;
    }
    let mut contenu = Vec::new();
    ecrire(creation, &mut contenu);
    Some(CleIdempotence { cle: Prive::new(value), contenu })
}

/// Writes what an element says, so that two that are read alike (decisions §2) are written alike: absent, empty and nil ones not
/// at all, texts trimmed, members in the order of their names, the items of a list in their own. No tables are asked: an
/// import between two calls changes nothing.
fn ecrire(element: Signed<'_>, forme: &mut Vec<u8>) {
    if lecteur::is_nil(element) {
        return;
    }
    let mut membres: Vec<(&str, Vec<u8>)> = Vec::new();
    let mut simple = true;
    for child in element.children().filter(|child| child.namespace() == NAMESPACE) {
        simple = false;
        let mut membre = Vec::new();
        ecrire(child, &mut membre);
        if !membre.is_empty() {
            membres.push((child.local_name(), membre));
        }
    }
    if simple {
        let text: Cow<'_, str> = element.text();
        let text = text.trim();
        if !text.is_empty() {
            champ(b'=', text.as_bytes(), forme);
        }
    }
    // stable: a list's items keep their order
    membres.sort_by_key(|(nom, _)| *nom);
    for (nom, membre) in membres {
        champ(b'<', nom.as_bytes(), forme);
        champ(b'>', &membre, forme);
    }
}

/// With its length, so that no two contents have one form.
fn champ(genre: u8, bytes: &[u8], forme: &mut Vec<u8>) {
    forme.push(genre);
    forme.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    forme.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::decode::tests::{COMPLETE, signed};
    use crate::nomenclature::Nomenclatures;
    use crate::{CodeRetour, Extensions, decode_creer};

    const ON: Extensions = Extensions { cle_idempotence: true };

    fn read(xml: &str, extensions: Extensions) -> Result<Option<CleIdempotence>, CodeRetour> {
        let read = signed(xml, |operation| {
            decode_creer(operation, date(2026, 11, 20), &Nomenclatures::default(), extensions)
        });
        read.map(|creation| creation.cle_idempotence)
    }

    fn with(parametres: &str) -> String {
        let parametres =
            format!("<ParametresOptionnels>{parametres}</ParametresOptionnels></CreationDossier>");
        COMPLETE.replace("</CreationDossier>", &parametres)
    }

    fn parametre(nom: &str, valeur: &str) -> String {
        format!("<Parametre><Nom>{nom}</Nom><Valeur>{valeur}</Valeur></Parametre>")
    }

    #[test]
    fn a_key_is_up_to_128_visible_characters_of_ascii() {
        let long = "k".repeat(128);
        for right in ["1", "6f1c6a9e-1d0b-4a1e-9c59-7d9c5a1e4b11", " trimmed ", "~!/+=", &long] {
            let read = read(&with(&parametre(NOM, right)), ON).unwrap().unwrap();
            assert_eq!(read.cle.as_str(), right.trim());
        }
        let longer = "k".repeat(129);
        for wrong in ["a b", "clé", "a\tb", "a\u{a0}b", &longer] {
            let refused = read(&with(&parametre(NOM, wrong)), ON).unwrap_err();
            assert_eq!(
                refused.to_string(),
                "202 Valeur non autorisée : ParametresOptionnels.CleIdempotence",
                "{wrong}"
            );
        }
        let empty = read(&with(&parametre(NOM, "")), ON).unwrap_err();
        assert_eq!(
            empty.to_string(),
            "201 Donnée obligatoire non renseignée : ParametresOptionnels[1].Valeur"
        );
        let twice = read(&with(&(parametre(NOM, "a") + &parametre(NOM, "b"))), ON).unwrap_err();
        assert_eq!(twice.to_string(), "202 Valeur non autorisée : ParametresOptionnels[2]");
    }

    #[test]
    fn a_refused_key_stands_in_its_place_among_the_fields_of_its_code() {
        let xml = with(&(parametre("a", "1") + &parametre(NOM, "é") + &parametre("a", "2")));
        let xml = xml.replace(
            "<IdLocal>",
            "<Etablissements><Etablissement><NumFINISS>1</NumFINISS>\
            <RaisonSociale>a\u{85}b</RaisonSociale></Etablissement></Etablissements><IdLocal>",
        );
        assert_eq!(
            read(&xml, ON).unwrap_err().to_string(),
            "202 Valeur non autorisée : Etablissements[1].RaisonSociale, ParametresOptionnels.CleIdempotence, \
             ParametresOptionnels[3]"
        );
    }

    #[test]
    fn without_the_extension_or_without_the_parameter_there_is_no_key() {
        for (xml, extensions) in [
            (with(&parametre(NOM, "clé")), Extensions::default()),
            (with(&parametre(NOM, "k")), Extensions::default()),
            (with(&parametre("cleidempotence", "k")), ON),
            (COMPLETE.to_owned(), ON),
        ] {
            assert_eq!(read(&xml, extensions).unwrap(), None, "{xml}");
        }
    }

    #[test]
    fn what_is_read_alike_is_the_same_content_and_all_else_is_another() {
        let xml = with(&parametre(NOM, "k"));
        let content = |xml: &str| read(xml, ON).unwrap().unwrap().contenu;
        let first = content(&xml);
        for (old, new) in [
            ("<Prenom>", "<Prenom> \n"),
            ("<IdLocal>u</IdLocal>", ""),
            ("</Demandeur>", "<NumSecu/><NomUsuel> </NomUsuel><PaysNaissance/></Demandeur>"),
            ("<Demandeur>", "<x:Autre xmlns:x='urn:x'>1</x:Autre><Demandeur>"),
            ("<Demandeur>", "<!-- 1 --><Demandeur>"),
        ] {
            let mut alike = xml.replacen(old, new, 1);
            if new.is_empty() {
                alike = alike.replace("<Demandeur>", "<IdLocal>u</IdLocal><Demandeur>");
            }
            assert_ne!(alike, xml, "{old}");
            assert_eq!(content(&alike), first, "{new}");
        }
        for (old, new) in [
            ("<IdLocal>u", "<IdLocal>v"),
            ("</Demandeur>", "<NomUsuel>X</NomUsuel></Demandeur>"),
            (
                "</ParametresOptionnels>",
                "<Parametre><Nom>a</Nom><Valeur>1</Valeur></Parametre></ParametresOptionnels>",
            ),
        ] {
            let other = xml.replacen(old, new, 1);
            assert_ne!(other, xml, "{old}");
            assert_ne!(content(&other), first, "{new}");
        }
    }

    #[test]
    fn debug_shows_neither_key_nor_content() {
        let cle = read(&with(&parametre(NOM, "jeanne-durand")), ON).unwrap().unwrap();
        let shown = format!("{cle:?}");
        assert!(!shown.contains("jeanne") && !shown.contains("60, 0"), "{shown}");
    }
}
