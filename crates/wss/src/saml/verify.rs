//! Whether an assertion is believed: who signed it, for whom, about whom, when (ws-security.md §6; SAML Token Profile 1.1
//! §3.5). The caller of an application can only speak for that application (attack catalogue 43, 44).

use jiff::{SignedDuration, Timestamp};
use xmlsec::{Certificate, DigestMethod, Dn, Ids, NoDereference, Node, Signed, Verifier};

use super::read::{Content, SubjectConfirmation};
use super::{Assertion, AssertionRules, Confirmation};
use crate::header::SecurityHeader;
use crate::key::{Key, Token};
use crate::ns;
use crate::open::CertificateCheck;
use crate::refusal::Refusal;
use crate::replay::ReplayEntry;

/// How old an assertion may be that says nothing of it.
const AGE_MAX: SignedDuration = SignedDuration::from_mins(5);
/// How old one of the mode INDIRECTE_RENFORCEE may be (EX_AIR-040).
const AGE_MAX_RENFORCEE: SignedDuration = SignedDuration::from_secs(30);
/// How old one may be whose Conditions end later: its ID is remembered for so long.
const AGE_MAX_CONDITIONS: SignedDuration = SignedDuration::from_hours(1);

/// The assertion of a message whose own signature holds; nothing of the assertion is believed yet.
#[derive(Debug)]
pub(crate) struct Pending<'d> {
    pub(crate) assertion: Node<'d>,
    pub(crate) header: SecurityHeader<'d>,
    pub(crate) ids: Ids<'d>,
    /// The assertion, where the message signature covers it.
    pub(crate) vouched: Option<Signed<'d>>,
}

/// A believed assertion, to be used once.
#[derive(Debug)]
pub(crate) struct Vouched {
    pub(crate) assertion: Assertion,
    pub(crate) entry: ReplayEntry,
}

impl<'d> Pending<'d> {
    /// `caller` is the message's certificate.
    pub(crate) fn verify(
        &self,
        caller: &Certificate,
        rules: &AssertionRules<'_>,
        trust: &impl CertificateCheck,
        now: Timestamp,
    ) -> Result<Vouched, Refusal> {
        self.is_alone()?;
        let (signed, signer) = match self.own_signature()? {
            Some(signature) => {
                let (signed, signer) = self.verify_signature(signature, caller, rules, trust, now)?;
                (signed, Some(signer))
            }
            None if !rules.unsigned_allowed => return Err(Refusal::AssertionUnsigned),
            None => (self.vouched.ok_or(Refusal::AssertionNotCovered)?, None),
        };
        let content = Content::read(signed)?;
        let confirmation = self.confirm(&content, signer.as_ref(), caller, rules, now)?;
        let signer = signer.as_ref().unwrap_or(caller);
        // the certificate decides; the name beside it must not say otherwise (SAML Core §8.3.3)
        if content.issuer_is_dn
            && !content.issuer.parse::<Dn>().is_ok_and(|issuer| issuer == *signer.subject())
        {
            return Err(Refusal::AssertionIssuer);
        }
        let until = check_times(&content, rules, now)?;
        let ours = |audiences: &Vec<String>| audiences.iter().any(|one| one == rules.audience);
        if !content.audiences.iter().all(ours) {
            return Err(Refusal::AssertionAudience);
        }
        let mode = attribute(&content, "authentification_mode");
        if mode.is_some_and(|mode| mode.eq_ignore_ascii_case("DIRECTE")) {
            return Err(Refusal::AssertionDirect);
        }
        if rules.check_structure {
            let structure =
                attribute(&content, "identifiant_structure").ok_or(Refusal::AssertionStructure)?;
            if !signer.subject().organizational_units().any(|unit| unit.trim() == structure) {
                return Err(Refusal::AssertionStructure);
            }
        }
        let entry =
            ReplayEntry { key: replay_key(signer, &content.id), until, created: Some(content.issue_instant) };
        let assertion = Assertion {
            id: content.id,
            issue_instant: content.issue_instant,
            issuer: content.issuer,
            name_id: content.name_id,
            authn_context: content.authn_context,
            confirmation,
            attributes: content.attributes,
        };
        Ok(Vouched { assertion, entry })
    }

    /// One assertion in the whole envelope, so that no reader can take another (attack catalogue 3, 4).
    fn is_alone(&self) -> Result<(), Refusal> {
        let root = self.assertion.document().root();
        let mut assertions = root.descendants().filter(|node| {
            node.namespace() == ns::SAML && matches!(node.local_name(), "Assertion" | "EncryptedAssertion")
        });
        match (assertions.next(), assertions.next()) {
            (Some(one), None) if one == self.assertion => Ok(()),
            _ => Err(Refusal::AssertionMisplaced),
        }
    }

    /// Its own child, directly after Issuer (SAML Core §2.3.3), and the only one within it.
    fn own_signature(&self) -> Result<Option<Node<'d>>, Refusal> {
        let mut signatures = self.assertion.descendants().filter(|node| node.is(ns::DS, "Signature"));
        let Some(signature) = signatures.next() else { return Ok(None) };
        let mut children = self.assertion.children();
        let issuer_first = children.next().is_some_and(|child| child.is(ns::SAML, "Issuer"));
        if signatures.next().is_some() || !issuer_first || children.next() != Some(signature) {
            return Err(Refusal::AssertionMalformed { what: "Signature must directly follow Issuer, once" });
        }
        Ok(Some(signature))
    }

    /// SAML Core §5.4: one reference, to the assertion's own ID, enveloped. Whose certificate it is comes before any
    /// cryptography.
    fn verify_signature(
        &self,
        signature: Node<'d>,
        caller: &Certificate,
        rules: &AssertionRules<'_>,
        trust: &impl CertificateCheck,
        now: Timestamp,
    ) -> Result<(Signed<'d>, Certificate), Refusal> {
        let verifier = Verifier::default().max_references(1);
        let claim = verifier.read(&self.ids, signature).map_err(Refusal::AssertionSignature)?;
        let own = self.assertion.attribute("", "ID").filter(|id| !id.is_empty());
        if claim.references().next() != own {
            return Err(Refusal::AssertionMalformed { what: "its signature must refer to its own ID" });
        }
        let Token { certificate, intermediates } = match Key::named(signature, &self.header) {
            Ok(Key::Carried(token)) => token,
            Ok(Key::Selected(selector)) => {
                let known = rules.application.iter().chain([caller]).chain(rules.issuers);
                let mut meant = known.filter(|one| selector.selects(one));
                let certificate = meant.next().ok_or(Refusal::AssertionKey)?.clone();
                Token { certificate, intermediates: Vec::new() }
            }
            Err(_) => return Err(Refusal::AssertionKey),
        };
        if is_application(&certificate, caller, rules) {
            trust.check(&certificate, &intermediates, now).map_err(Refusal::AssertionCertificate)?;
        } else if !rules.issuers.contains(&certificate) {
            return Err(Refusal::AssertionSigner);
        } else if now < certificate.not_before() {
            return Err(Refusal::AssertionCertificate(xmlsec::PathError::NotYetValid));
        } else if now > certificate.not_after() {
            return Err(Refusal::AssertionCertificate(xmlsec::PathError::Expired));
        }
        let verified =
            claim.verify(certificate.public_key(), &NoDereference).map_err(Refusal::AssertionSignature)?;
        let signed = verified
            .signed(self.assertion)
            .filter(|_| verified.references().iter().all(|reference| reference.node() == self.assertion));
        Ok((
            signed.ok_or(Refusal::AssertionMalformed { what: "its signature covers something else" })?,
            certificate,
        ))
    }

    /// One confirmation that holds is enough (SAML Core §2.4.1); what the first lacks is told.
    fn confirm(
        &self,
        content: &Content,
        signer: Option<&Certificate>,
        caller: &Certificate,
        rules: &AssertionRules<'_>,
        now: Timestamp,
    ) -> Result<Confirmation, Refusal> {
        if content.confirmations.is_empty() {
            let signer = signer.ok_or(Refusal::AssertionUnsigned)?;
            return is_application(signer, caller, rules)
                .then_some(Confirmation::None)
                .ok_or(Refusal::AssertionSigner);
        }
        let mut first = None;
        for one in &content.confirmations {
            match self.confirm_by(one, signer, caller, rules, now) {
                Ok(()) => return Ok(one.method),
                Err(refusal) => first = first.or(Some(refusal)),
            }
        }
        Err(first.unwrap_or(Refusal::AssertionConfirmation))
    }

    fn confirm_by(
        &self,
        one: &SubjectConfirmation,
        signer: Option<&Certificate>,
        caller: &Certificate,
        rules: &AssertionRules<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        check_window(one.not_before, one.not_on_or_after, rules, now)?;
        if one
            .recipient
            .as_deref()
            .is_some_and(|to| to != rules.audience && !rules.recipients.iter().any(|r| r == to))
        {
            return Err(Refusal::AssertionAudience);
        }
        let by_application = signer.is_none_or(|signer| is_application(signer, caller, rules));
        match one.method {
            Confirmation::None | Confirmation::Bearer if signer.is_none() => Err(Refusal::AssertionUnsigned),
            Confirmation::None | Confirmation::Bearer => {
                by_application.then_some(()).ok_or(Refusal::AssertionSigner)
            }
            Confirmation::SenderVouches if self.vouched.is_none() => Err(Refusal::AssertionNotCovered),
            Confirmation::SenderVouches => by_application.then_some(()).ok_or(Refusal::AssertionSigner),
            Confirmation::HolderOfKey if signer.is_none() => Err(Refusal::AssertionUnsigned),
            Confirmation::HolderOfKey => {
                let holds = one.keys.iter().any(|key| key.public_key().spki() == caller.public_key().spki());
                holds.then_some(()).ok_or(Refusal::AssertionHolder)
            }
        }
    }
}

fn is_application(certificate: &Certificate, caller: &Certificate, rules: &AssertionRules<'_>) -> bool {
    certificate == caller || rules.application.contains(certificate)
}

/// The one value of an attribute.
fn attribute<'c>(content: &'c Content, name: &str) -> Option<&'c str> {
    let (_, values) = content.attributes.iter().find(|(known, _)| known == name)?;
    values.first().map(String::as_str)
}

/// Issue, Conditions, authentication. Gives when the ID may be forgotten.
fn check_times(content: &Content, rules: &AssertionRules<'_>, now: Timestamp) -> Result<Timestamp, Refusal> {
    let issued = content.issue_instant;
    let age = now.duration_since(issued);
    let newest = content.authn_instant.map_or(issued, |at| at.max(issued));
    let ahead = newest.duration_since(now);
    if ahead > rules.clock_skew {
        return Err(Refusal::AssertionInFuture { by: ahead.as_secs() });
    }
    let mode = attribute(content, "authentification_mode").unwrap_or_default();
    let max = if mode.eq_ignore_ascii_case("INDIRECTE_RENFORCEE") {
        AGE_MAX_RENFORCEE
    } else if content.not_on_or_after.is_empty() {
        AGE_MAX
    } else {
        AGE_MAX_CONDITIONS
    };
    if age > max {
        return Err(Refusal::AssertionTooOld { by: age.as_secs() });
    }
    for at in &content.not_before {
        check_window(Some(*at), None, rules, now)?;
    }
    for at in &content.not_on_or_after {
        check_window(None, Some(*at), rules, now)?;
    }
    Ok(issued + max + rules.clock_skew)
}

/// SAML Core §2.5.1.2.
fn check_window(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    rules: &AssertionRules<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let early = from.is_some_and(|from| from.duration_since(now) > rules.clock_skew);
    let late = to.is_some_and(|to| now.duration_since(to) >= rules.clock_skew);
    if early || late { Err(Refusal::AssertionConditions) } else { Ok(()) }
}

/// Who signed and which assertion: nobody can use another's IDs up.
fn replay_key(signer: &Certificate, id: &str) -> [u8; 32] {
    let mut input = b"assertion\0".to_vec();
    input.extend_from_slice(signer.public_key().spki());
    input.extend_from_slice(id.as_bytes());
    DigestMethod::Sha256.digest(&input).as_ref().try_into().unwrap_or_default()
}
