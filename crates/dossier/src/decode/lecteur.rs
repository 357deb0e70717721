//! Tolerant reading (decisions §2, §9): any order, absent, empty and nil alike, foreign elements ignored; an unknown
//! or repeated element of ours is 490.

use std::borrow::Cow;

use xmlsec::Signed;

use super::constats::Constats;
use crate::NAMESPACE;
use crate::code_retour::Code;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A complex element, its members sorted out by name.
#[derive(Debug)]
pub(super) struct Objet<'d> {
    prefixe: String,
    membres: Vec<Signed<'d>>,
}

/// A simple value, trimmed and not empty.
#[derive(Debug, Clone)]
pub(super) struct Texte<'d> {
    pub(super) valeur: Cow<'d, str>,
    pub(super) element: Signed<'d>,
}

impl<'d> Objet<'d> {
    /// Opens `element` at `chemin` (empty for the operation's own parameters), whose members may be `connus`. A nil one
    /// has none, whatever is in it.
    pub(super) fn ouvrir(
        element: Signed<'d>,
        chemin: &str,
        connus: &[&str],
        constats: &mut Constats,
    ) -> Self {
        let prefixe = if chemin.is_empty() { String::new() } else { format!("{chemin}.") };
        let mut membres: Vec<Signed<'d>> = Vec::new();
        let ours = |child: &Signed<'_>| child.namespace() == NAMESPACE && !is_nil(element);
        for child in element.children().filter(ours) {
            let name = child.local_name();
            let repeated = membres.iter().any(|known| known.local_name() == name);
            if repeated || !connus.contains(&name) {
                constats.noter(Code::ParametreIncorrect, &format!("{prefixe}{name}"), Some(child));
            } else {
                membres.push(child);
            }
        }
        Self { prefixe, membres }
    }

    /// The path of a member.
    pub(super) fn chemin(&self, nom: &str) -> String {
        format!("{}{nom}", self.prefixe)
    }

    /// A complex member; one without child elements of ours is absent.
    pub(super) fn complexe(&self, nom: &str) -> Option<Signed<'d>> {
        self.membre(nom).filter(|element| element.children().any(|child| child.namespace() == NAMESPACE))
    }

    /// A simple member. An element of ours inside it is one too many.
    pub(super) fn texte(&self, nom: &str, constats: &mut Constats) -> Option<Texte<'d>> {
        let element = self.membre(nom)?;
        for child in element.children().filter(|child| child.namespace() == NAMESPACE) {
            let chemin = format!("{}{nom}.{}", self.prefixe, child.local_name());
            constats.noter(Code::ParametreIncorrect, &chemin, Some(child));
        }
        let valeur = match element.text() {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        (!valeur.is_empty()).then_some(Texte { valeur, element })
    }

    /// A simple member that must be there: absent, it is 201.
    pub(super) fn texte_obligatoire(&self, nom: &str, constats: &mut Constats) -> Option<Texte<'d>> {
        let texte = self.texte(nom, constats);
        if texte.is_none() {
            constats.noter(Code::DonneeAbsente, &self.chemin(nom), None);
        }
        texte
    }

    fn membre(&self, nom: &str) -> Option<Signed<'d>> {
        self.membres.iter().copied().find(|member| member.local_name() == nom && !is_nil(*member))
    }
}

/// The items of a container, whatever their number; other elements of ours are 490.
pub(super) fn liste<'d>(
    conteneur: Signed<'d>,
    chemin: &str,
    item: &str,
    constats: &mut Constats,
) -> Vec<Signed<'d>> {
    let (items, others): (Vec<_>, Vec<_>) = conteneur
        .children()
        .filter(|child| child.namespace() == NAMESPACE)
        .partition(|child| child.local_name() == item);
    for other in others {
        let chemin = format!("{chemin}.{}", other.local_name());
        constats.noter(Code::ParametreIncorrect, &chemin, Some(other));
    }
    items
}

/// Whether a list's item is there at all: an empty or nil one is absent and keeps its place in the count.
pub(super) fn est_renseigne(item: Signed<'_>) -> bool {
    !is_nil(item) && item.children().any(|child| child.namespace() == NAMESPACE)
}

pub(super) fn is_nil(element: Signed<'_>) -> bool {
    element.attribute(XSI, "nil").is_some_and(|nil| matches!(nil.trim(), "true" | "1"))
}
