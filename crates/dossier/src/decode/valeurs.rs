//! Simple values: what must be there, what may, its format and its length (decisions §3, rows 5 to 7).

use super::constats::Constats;
use super::lecteur::{Objet, Texte};
use crate::code_retour::Code;
use crate::format;
use crate::model::Prive;

pub(super) fn obligatoire(
    objet: &Objet<'_>,
    nom: &str,
    max: usize,
    constats: &mut Constats,
) -> Option<Prive> {
    let text = objet.texte_obligatoire(nom, constats)?;
    borne(objet, nom, text, max, constats).map(Prive::new)
}

pub(super) fn facultatif(objet: &Objet<'_>, nom: &str, max: usize, constats: &mut Constats) -> Option<Prive> {
    let text = objet.texte(nom, constats)?;
    borne(objet, nom, text, max, constats).map(Prive::new)
}

pub(super) fn telephone(objet: &Objet<'_>, nom: &str, constats: &mut Constats) -> Option<Prive> {
    let text = objet.texte(nom, constats)?;
    forme(objet, nom, text, 15, format::telephone, constats)
}

pub(super) fn booleen(objet: &Objet<'_>, nom: &str, constats: &mut Constats) -> Option<bool> {
    let text = objet.texte(nom, constats)?;
    let value = format::booleen(&text.valeur);
    if value.is_none() {
        constats.noter(Code::FormatIncompatible, &objet.chemin(nom), Some(text.element));
    }
    value
}

/// A value with a format (203) and a length (202).
pub(super) fn forme(
    objet: &Objet<'_>,
    nom: &str,
    text: Texte<'_>,
    max: usize,
    is_right: fn(&str) -> bool,
    constats: &mut Constats,
) -> Option<Prive> {
    if !is_right(&text.valeur) {
        constats.noter(Code::FormatIncompatible, &objet.chemin(nom), Some(text.element));
    }
    borne(objet, nom, text, max, constats).map(Prive::new)
}

/// String(n): characters, not bytes; a control is 202 as well.
pub(super) fn borne(
    objet: &Objet<'_>,
    nom: &str,
    text: Texte<'_>,
    max: usize,
    constats: &mut Constats,
) -> Option<String> {
    if text.valeur.chars().count() > max || text.valeur.chars().any(char::is_control) {
        constats.noter(Code::ValeurNonAutorisee, &objet.chemin(nom), Some(text.element));
    }
    Some(text.valeur.into_owned())
}
