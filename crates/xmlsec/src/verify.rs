//! XML Signature verification (W3C XML Signature 1.1, a closed profile of it).
//!
//! The order is fixed by types: [`Verifier::read`] checks shape and algorithms, the caller finds the key,
//! [`Claim::verify`] checks SignatureValue over canonical SignedInfo and only then the references. What comes out,
//! [`Verified`], knows exactly which elements were digested.

mod error;
mod shape;

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

pub use error::{KeyError, VerifyError};

use crate::algorithm::{DigestMethod, SignatureMethod};
use crate::c14n::{self, Canonicalization};
use crate::document::Node;
use crate::ids::{Found, Ids};
use crate::key::VerifyingKey;
use crate::signed::Signed;
use shape::{Recipe, Requested};

/// What is accepted of signatures. Everything it can allow is sound; it only narrows.
#[derive(Clone, Debug)]
pub struct Verifier {
    signature_methods: Vec<SignatureMethod>,
    digest_methods: Vec<DigestMethod>,
    max_references: usize,
    whole_document: bool,
}

impl Default for Verifier {
    /// Every method of this crate, at most 16 references, each to an ID.
    fn default() -> Self {
        Self {
            signature_methods: SignatureMethod::ALL.to_vec(),
            digest_methods: DigestMethod::ALL.to_vec(),
            max_references: 16,
            whole_document: false,
        }
    }
}

impl Verifier {
    /// Accepts these signature methods alone.
    #[must_use]
    pub fn signature_methods(mut self, methods: &[SignatureMethod]) -> Self {
        self.signature_methods = methods.to_vec();
        self
    }

    /// Accepts these digest methods alone.
    #[must_use]
    pub fn digest_methods(mut self, methods: &[DigestMethod]) -> Self {
        self.digest_methods = methods.to_vec();
        self
    }

    /// Accepts at most so many references in a signature; each costs one canonicalisation of what it names.
    #[must_use]
    pub fn max_references(mut self, references: usize) -> Self {
        self.max_references = references;
        self
    }

    /// Accepts `URI=""`, the whole document (its root element, comments left out), as invoices and metadata are
    /// signed.
    #[must_use]
    pub fn whole_document(mut self) -> Self {
        self.whole_document = true;
        self
    }

    /// Reads a `ds:Signature`: shape first, then whether its algorithms are allowed. Nothing of it is believed yet.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub fn read<'a, 'd>(
        &'a self,
        ids: &'a Ids<'d>,
        signature: Node<'d>,
    ) -> Result<Claim<'a, 'd>, VerifyError> {
        if !std::ptr::eq(ids.document(), signature.document()) {
            return Err(VerifyError::OtherDocument);
        }
        let parts = shape::signature(signature, self.max_references)?;
        if !self.signature_methods.contains(&parts.method) {
            return Err(VerifyError::SignatureMethodNotAllowed(parts.method));
        }
        for reference in &parts.references {
            if !self.digest_methods.contains(&reference.digest_method) {
                return Err(VerifyError::DigestMethodNotAllowed(reference.digest_method));
            }
            if reference.id.is_none() && !self.whole_document {
                return Err(VerifyError::ReferenceUri);
            }
        }
        Ok(Claim { ids, signature, parts })
    }

    /// [`read`](Self::read), the key asked of `keys`, and [`Claim::verify`], in one.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub fn verify<'d>(
        &self,
        ids: &Ids<'d>,
        signature: Node<'d>,
        keys: &dyn KeySource,
        dereference: &dyn Dereference,
    ) -> Result<Verified<'d>, VerifyError> {
        let claim = self.read(ids, signature)?;
        let key = keys.key(claim.key_info(), claim.method()).map_err(VerifyError::Key)?;
        claim.verify(&key, dereference)
    }
}

/// Finds the key of a signature. The caller's trust decides; the message only selects among what is trusted.
pub trait KeySource {
    /// The key for a signature of this method, given its `ds:KeyInfo`.
    ///
    /// # Errors
    /// [`KeyError`] says why there is none.
    fn key(&self, key_info: Option<Node<'_>>, method: SignatureMethod)
    -> Result<Arc<VerifyingKey>, KeyError>;
}

/// One key, whatever the message says.
impl KeySource for Arc<VerifyingKey> {
    fn key(&self, _: Option<Node<'_>>, _: SignatureMethod) -> Result<Arc<VerifyingKey>, KeyError> {
        Ok(Self::clone(self))
    }
}

/// A transform that digests another element than the one its reference names, such as one that a token reference
/// stands for.
pub trait Dereference {
    /// The identifier of the transform that this implements.
    fn algorithm(&self) -> &str;

    /// What `target`, the element that the reference names, stands for; `None` refuses the signature. `transform` is
    /// the `ds:Transform` element.
    fn dereference<'d>(&self, transform: Node<'d>, target: Node<'d>) -> Option<Dereferenced<'d>>;
}

/// What [`Dereference`] finds. Its canonical form is digested, with `xmlns=""` on the apex when no default namespace is
/// in scope there (the rule of transforms that splice one subtree into the place of another).
#[derive(Clone, Copy, Debug)]
pub struct Dereferenced<'d> {
    /// The element to be digested.
    pub node: Node<'d>,
    /// The element that names the canonicalisation by its `Algorithm`, and may hold an `InclusiveNamespaces`.
    pub method: Node<'d>,
}

/// No such transform.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDereference;

impl Dereference for NoDereference {
    fn algorithm(&self) -> &str {
        ""
    }

    fn dereference<'d>(&self, _: Node<'d>, _: Node<'d>) -> Option<Dereferenced<'d>> {
        None
    }
}

/// A signature read and not yet verified: what it claims, to find the key by.
#[derive(Debug)]
pub struct Claim<'a, 'd> {
    ids: &'a Ids<'d>,
    signature: Node<'d>,
    parts: shape::Parts<'d>,
}

impl<'d> Claim<'_, 'd> {
    /// The `ds:KeyInfo`.
    pub fn key_info(&self) -> Option<Node<'d>> {
        self.parts.key_info
    }

    /// The signature method, which the verifier allows.
    pub fn method(&self) -> SignatureMethod {
        self.parts.method
    }

    /// The IDs that the references name; empty for the whole document.
    pub fn references(&self) -> impl Iterator<Item = &'d str> {
        self.parts.references.iter().map(|reference| reference.id.unwrap_or_default())
    }

    /// Checks SignatureValue over canonical SignedInfo with `key` (§3.2.2), then every reference (§3.2.1). In this
    /// order nothing that the signer did not write is ever transformed.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub fn verify(
        self,
        key: &VerifyingKey,
        dereference: &dyn Dereference,
    ) -> Result<Verified<'d>, VerifyError> {
        let Self { ids, signature, parts } = self;
        if !key.supports(parts.method) {
            return Err(VerifyError::KeyDoesNotFit);
        }
        // A hook that is not there is a matter of algorithms, not of references: refused before any cryptography.
        for reference in &parts.references {
            if let Recipe::Hook { transform, .. } = &reference.recipe
                && (dereference.algorithm().is_empty()
                    || transform.attribute("", "Algorithm") != Some(dereference.algorithm()))
            {
                return Err(VerifyError::TransformNotAllowed);
            }
        }
        let mut buffer = Vec::with_capacity(4096);
        let how = Canonicalization { with_comments: false, prefixes: &parts.prefixes };
        c14n::canonicalize(parts.signed_info, &how, None, &mut buffer)?;
        if !key.verify(parts.method, &buffer, &parts.value) {
            return Err(VerifyError::SignatureValue);
        }
        let references = parts
            .references
            .iter()
            .map(|requested| requested.check(ids, signature, dereference, &mut buffer))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Verified { signature, method: parts.method, value: parts.value, references })
    }
}

impl<'d> Requested<'d> {
    /// §3.2.1 step 2: dereference, transform, digest, compare.
    fn check(
        &self,
        ids: &Ids<'d>,
        signature: Node<'d>,
        dereference: &dyn Dereference,
        buffer: &mut Vec<u8>,
    ) -> Result<Reference<'d>, VerifyError> {
        let target = match self.id {
            None => ids.document().root(),
            Some(id) => match ids.find(id) {
                Found::One(node) => node,
                Found::Ambiguous => return Err(VerifyError::AmbiguousId),
                Found::Nothing => return Err(VerifyError::UnknownId),
            },
        };
        buffer.clear();
        let mut omitted = None;
        let node = match &self.recipe {
            Recipe::Exclusive { enveloped, prefixes } => {
                // §6.6.4: the Signature that holds the transform is removed; when the target does not hold it there
                // is nothing to remove.
                omitted =
                    Some(signature).filter(|signature| *enveloped && signature.is_descendant_of(target));
                let how = Canonicalization { with_comments: false, prefixes };
                c14n::canonicalize(target, &how, omitted, buffer)?;
                target
            }
            Recipe::Hook { transform } => {
                let found =
                    dereference.dereference(*transform, target).ok_or(VerifyError::DereferenceFailed)?;
                if !std::ptr::eq(found.node.document(), ids.document()) {
                    return Err(VerifyError::OtherDocument);
                }
                let prefixes = shape::exclusive(found.method)?;
                let how = Canonicalization { with_comments: false, prefixes: &prefixes };
                c14n::canonicalize_spliced(found.node, &how, buffer)?;
                found.node
            }
        };
        let digest = self.digest_method.digest(buffer);
        if !is_whole(digest.as_ref(), &self.digest) {
            return Err(VerifyError::DigestValue { position: target.byte_range().start });
        }
        Ok(Reference {
            id: self.id.unwrap_or_default(),
            target,
            node,
            omitted,
            digest_method: self.digest_method,
        })
    }
}

/// A reference that holds.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'d> {
    id: &'d str,
    target: Node<'d>,
    node: Node<'d>,
    omitted: Option<Node<'d>>,
    digest_method: DigestMethod,
}

impl<'d> Reference<'d> {
    /// The ID as the reference gives it; empty for the whole document.
    pub fn id(&self) -> &'d str {
        self.id
    }

    /// The element that was digested. With a dereferencing transform it is not the one the reference names.
    pub fn node(&self) -> Node<'d> {
        self.node
    }

    /// The element that the reference names.
    pub fn target(&self) -> Node<'d> {
        self.target
    }

    /// The digest algorithm.
    pub fn digest_method(&self) -> DigestMethod {
        self.digest_method
    }

    fn covers(&self, node: Node<'_>) -> bool {
        let within = |outer: Node<'_>| node == outer || node.is_descendant_of(outer);
        within(self.node) && !self.omitted.is_some_and(within)
    }
}

/// The proof that a signature holds, and over what.
#[derive(Debug)]
pub struct Verified<'d> {
    signature: Node<'d>,
    method: SignatureMethod,
    value: Vec<u8>,
    references: Vec<Reference<'d>>,
}

impl<'d> Verified<'d> {
    /// The element with the proof that it was signed; `None` when it was not, or not whole.
    pub fn signed(&self, node: Node<'d>) -> Option<Signed<'d>> {
        let reference = self.references.iter().find(|reference| reference.covers(node))?;
        Some(Signed::new(node, reference.omitted))
    }

    /// Whether the element was signed.
    pub fn covers(&self, node: Node<'_>) -> bool {
        self.references.iter().any(|reference| reference.covers(node))
    }

    /// What was digested, in the order of the references.
    pub fn references(&self) -> &[Reference<'d>] {
        &self.references
    }

    /// The `ds:Signature`.
    pub fn signature(&self) -> Node<'d> {
        self.signature
    }

    /// The signature's bytes.
    pub fn signature_value(&self) -> &[u8] {
        &self.value
    }

    /// The signature algorithm.
    pub fn method(&self) -> SignatureMethod {
        self.method
    }
}

/// Whether two digests are equal, in a time that tells nothing of where they differ (attack catalogue 49).
fn is_whole(computed: &[u8], claimed: &[u8]) -> bool {
    computed.ct_eq(claimed).into()
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn a_digest_is_compared_whole() {
        let digest: Vec<u8> = (0..64).collect();
        for length in [32, 48, 64] {
            let digest = &digest[..length];
            assert!(is_whole(digest, digest));
            for at in 0..length {
                for bit in 0..8 {
                    let mut other = digest.to_vec();
                    other[at] ^= 1 << bit;
                    assert!(!is_whole(digest, &other), "byte {at}, bit {bit}");
                }
                assert!(!is_whole(digest, &digest[..at]), "cut after {at}");
                assert!(!is_whole(&digest[..at], digest), "claimed longer than {at}");
            }
        }
    }
}
