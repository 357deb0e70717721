//! The shape of a `ds:Signature`: every element in its place, nothing else, before any of it is used.

use super::VerifyError;
use crate::algorithm::{
    DSIG_NAMESPACE, DigestMethod, ENVELOPED_SIGNATURE, EXC_C14N, EXC_C14N_WITH_COMMENTS, SignatureMethod,
};
use crate::base64;
use crate::document::Node;

/// Prefixes of one PrefixList; real ones hold a handful.
const MAX_PREFIXES: usize = 64;

/// A signature taken apart.
#[derive(Debug)]
pub(super) struct Parts<'d> {
    pub(super) signed_info: Node<'d>,
    pub(super) prefixes: Vec<&'d str>,
    pub(super) method: SignatureMethod,
    pub(super) references: Vec<Requested<'d>>,
    pub(super) value: Vec<u8>,
    pub(super) key_info: Option<Node<'d>>,
}

/// A `ds:Reference` taken apart.
#[derive(Debug)]
pub(super) struct Requested<'d> {
    /// `None` for the whole document.
    pub(super) id: Option<&'d str>,
    pub(super) recipe: Recipe<'d>,
    pub(super) digest_method: DigestMethod,
    pub(super) digest: Vec<u8>,
}

/// The transforms of a reference: a closed list of sequences, each ending in octets.
#[derive(Debug)]
pub(super) enum Recipe<'d> {
    Exclusive { enveloped: bool, prefixes: Vec<&'d str> },
    Hook { transform: Node<'d> },
}

/// §4.2: SignedInfo, SignatureValue, KeyInfo or none; no Object.
pub(super) fn signature(signature: Node<'_>, max_references: usize) -> Result<Parts<'_>, VerifyError> {
    if !is(signature, "Signature") || signature.has_text() {
        return Err(VerifyError::Shape);
    }
    let mut children = signature.children();
    let signed_info = expect(children.next(), "SignedInfo")?;
    let value = expect(children.next(), "SignatureValue")?;
    let key_info = children.next().map(|child| expect(Some(child), "KeyInfo")).transpose()?;
    if children.next().is_some() {
        return Err(VerifyError::Shape);
    }
    // §4.4: CanonicalizationMethod, SignatureMethod, Reference or several.
    if signed_info.has_text() {
        return Err(VerifyError::Shape);
    }
    let mut children = signed_info.children();
    let prefixes = exclusive(expect(children.next(), "CanonicalizationMethod")?)?;
    let method = expect(children.next(), "SignatureMethod")?;
    let method =
        SignatureMethod::from_uri(bare_algorithm(method)?).ok_or(VerifyError::SignatureMethodUnknown)?;
    let mut references = Vec::with_capacity(4);
    for child in children {
        if references.len() >= max_references {
            return Err(VerifyError::TooManyReferences);
        }
        references.push(reference(expect(Some(child), "Reference")?)?);
    }
    if references.is_empty() {
        return Err(VerifyError::Shape); // a signature over nothing
    }
    let value = binary(value)?;
    Ok(Parts { signed_info, prefixes, method, references, value, key_info })
}

/// §4.4.3: Transforms, DigestMethod, DigestValue.
fn reference(reference: Node<'_>) -> Result<Requested<'_>, VerifyError> {
    if reference.has_text() {
        return Err(VerifyError::Shape);
    }
    let mut children = reference.children();
    // Without transforms, inclusive C14N would apply (§4.4.3.2); it is not supported.
    let transforms = children.next().filter(|child| is(*child, "Transforms"));
    let transforms = transforms.ok_or(VerifyError::TransformNotAllowed)?;
    let method = expect(children.next(), "DigestMethod")?;
    let value = expect(children.next(), "DigestValue")?;
    if children.next().is_some() {
        return Err(VerifyError::Shape);
    }
    let id = match reference.attribute("", "URI").ok_or(VerifyError::ReferenceUri)? {
        "" => None,
        uri => Some(uri.strip_prefix('#').filter(|id| !id.is_empty()).ok_or(VerifyError::ReferenceUri)?),
    };
    let recipe = recipe(transforms)?;
    let digest_method =
        DigestMethod::from_uri(bare_algorithm(method)?).ok_or(VerifyError::DigestMethodUnknown)?;
    let digest = binary(value)?;
    Ok(Requested { id, recipe, digest_method, digest })
}

fn recipe(transforms: Node<'_>) -> Result<Recipe<'_>, VerifyError> {
    if transforms.has_text() {
        return Err(VerifyError::Shape);
    }
    let mut children = transforms.children();
    let first = expect(children.next(), "Transform")?;
    let second = children.next().map(|child| expect(Some(child), "Transform")).transpose()?;
    if children.next().is_some() {
        return Err(VerifyError::TransformNotAllowed);
    }
    match (algorithm(first)?, second) {
        (EXC_C14N, None) => Ok(Recipe::Exclusive { enveloped: false, prefixes: exclusive(first)? }),
        (ENVELOPED_SIGNATURE, Some(second)) => {
            bare_algorithm(first)?;
            if algorithm(second)? != EXC_C14N {
                return Err(VerifyError::TransformNotAllowed);
            }
            Ok(Recipe::Exclusive { enveloped: true, prefixes: exclusive(second)? })
        }
        (ENVELOPED_SIGNATURE | EXC_C14N_WITH_COMMENTS, None) | (_, Some(_)) => {
            Err(VerifyError::TransformNotAllowed)
        }
        (_, None) => Ok(Recipe::Hook { transform: first }),
    }
}

/// An element that names exclusive C14N without comments; gives its PrefixList (Exclusive C14N §4).
pub(super) fn exclusive(method: Node<'_>) -> Result<Vec<&str>, VerifyError> {
    if algorithm(method)? != EXC_C14N {
        return Err(VerifyError::CanonicalizationMethod);
    }
    let mut children = method.children();
    let Some(inclusive) = children.next() else { return Ok(Vec::new()) };
    if !inclusive.is(EXC_C14N, "InclusiveNamespaces") || children.next().is_some() || method.has_text() {
        return Err(VerifyError::Algorithm);
    }
    let list = inclusive.attribute("", "PrefixList").unwrap_or_default();
    let prefixes: Vec<&str> = list.split_ascii_whitespace().take(MAX_PREFIXES + 1).collect();
    if prefixes.len() > MAX_PREFIXES {
        return Err(VerifyError::TooManyPrefixes);
    }
    Ok(prefixes)
}

fn is(node: Node<'_>, local_name: &str) -> bool {
    node.is(DSIG_NAMESPACE, local_name)
}

fn expect<'d>(node: Option<Node<'d>>, local_name: &str) -> Result<Node<'d>, VerifyError> {
    node.filter(|node| is(*node, local_name)).ok_or(VerifyError::Shape)
}

fn algorithm(node: Node<'_>) -> Result<&str, VerifyError> {
    node.attribute("", "Algorithm").ok_or(VerifyError::Algorithm)
}

/// An algorithm without parameters (none of HMACOutputLength, RSAPSSParams, XPath).
fn bare_algorithm(node: Node<'_>) -> Result<&str, VerifyError> {
    if node.children().next().is_some() || node.has_text() {
        return Err(VerifyError::Algorithm);
    }
    algorithm(node)
}

fn binary(node: Node<'_>) -> Result<Vec<u8>, VerifyError> {
    if node.children().next().is_some() {
        return Err(VerifyError::Shape);
    }
    base64::decode(&node.text()).filter(|bytes| !bytes.is_empty()).ok_or(VerifyError::Value)
}
