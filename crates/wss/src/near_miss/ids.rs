//! Ids that stand twice, that no reference can find, or that name the wrong element.

use xmlsec::{Document, IdError, Ids, Node};

use super::NearMiss;
use crate::envelope::Envelope;
use crate::explain::{element_name as name, quoted as short};
use crate::header::SecurityHeader;
use crate::ids::MessageIds;
use crate::ns;

const TWICE: &str = "VTPA-SEC-112";
const NO_ID_HERE: &str = "VTPA-SEC-113";
const CHILD_SIGNED: &str = "VTPA-SEC-114";

pub(super) const ALL: [&str; 3] = [TWICE, NO_ID_HERE, CHILD_SIGNED];

/// Which Id stands twice, and where.
pub(super) fn duplicate(document: &Document) -> Option<NearMiss> {
    let Err(IdError::Duplicate { first, second }) = Ids::new(document, &MessageIds).map(|_| ()) else {
        return None;
    };
    let at = |position| document.root().descendants().find(|node| node.byte_range().start == position);
    let (one, other) = (at(first)?, at(second)?);
    let of = |node: Node<'_>| -> Vec<String> { ids_of(node).map(str::to_owned).collect() };
    let value = of(one).into_iter().find(|id| of(other).contains(id))?;
    let whose = if one == other {
        format!("twice on {}", name(one))
    } else {
        format!("on {} and on {}", name(one), name(other))
    };
    NearMiss::new(TWICE, format!("Id=\"{}\" stands {whose}", short(&value)))
}

/// A reference whose Id stands in an attribute that is none.
pub(super) fn unknown(document: &Document, signature: Node<'_>) -> Option<NearMiss> {
    let ids = Ids::new(document, &MessageIds).ok()?;
    let references = signature.child(ns::DS, "SignedInfo")?.children();
    let named = references.filter_map(|one| one.attribute("", "URI")?.strip_prefix('#'));
    for id in named.filter(|id| ids.get(id).is_none()) {
        let meant = document.root().descendants().find_map(|node| {
            let found = node.attributes().find(|attribute| attribute.value() == id)?;
            Some((name(node), found.local_name()))
        });
        if let Some((element, attribute)) = meant {
            let id = short(id);
            return NearMiss::new(
                NO_ID_HERE,
                format!("the Reference names #{id}, which stands in the attribute {attribute} of {element}"),
            );
        }
    }
    None
}

/// A signature over something in the Body.
pub(super) fn body_not_signed(
    document: &Document,
    envelope: &Envelope<'_>,
    header: &SecurityHeader<'_>,
) -> Option<NearMiss> {
    let ids = Ids::new(document, &MessageIds).ok()?;
    let references = header.signature.child(ns::DS, "SignedInfo")?.children();
    let mut targets = references.filter_map(|one| ids.get(one.attribute("", "URI")?.strip_prefix('#')?));
    let child = targets.find(|target| target.is_descendant_of(envelope.body))?;
    NearMiss::new(
        CHILD_SIGNED,
        format!("the signature covers {}, which stands in {}", name(child), name(envelope.body)),
    )
}

fn ids_of<'d>(node: Node<'d>) -> impl Iterator<Item = &'d str> {
    let ids = node.attributes().filter(|one| matches!(one.local_name(), "Id" | "ID" | "id"));
    ids.map(|one| one.value())
}
