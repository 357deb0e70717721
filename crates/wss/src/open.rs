//! From a parsed document to a request whose Body may be read: each step is a type that only the step before can make.
//!
//! [`Received`] (shape, and which certificate) → [`Unspent`] (certificate, signature, coverage, freshness) →
//! [`Opened`] (accepted once). Only the last two hand out the Body, and only as [`Signed`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use xmlsec::{Certificate, Decrypted, DigestMethod, Document, Ids, Signed, Verified, Verifier};

use crate::addressing::Addressing;
use crate::encryption::{Ciphertext, Order};
use crate::envelope::Envelope;
use crate::header::SecurityHeader;
use crate::ids::MessageIds;
use crate::key::{Key, KeySelector, Token};
use crate::refusal::Refusal;
use crate::replay::{Admission, GuardUnavailable, ReplayEntry, ReplayGuard};
use crate::saml::{Assertion, AssertionRules, Pending, Vouched};
use crate::str_transform::StrTransform;
use crate::timestamp::Freshness;

/// Decides whether a certificate is believed: the path to an anchor, dates, usage, revocation.
pub trait CertificateCheck {
    /// RFC 5280 path validation at `now`; `intermediates` came with the message and prove nothing by themselves.
    fn check(
        &self,
        certificate: &Certificate,
        intermediates: &[Certificate],
        now: Timestamp,
    ) -> Result<(), xmlsec::PathError>;
}

impl CertificateCheck for xmlsec::TrustAnchors {
    fn check(
        &self,
        certificate: &Certificate,
        intermediates: &[Certificate],
        now: Timestamp,
    ) -> Result<(), xmlsec::PathError> {
        self.verify(certificate, intermediates, now)
    }
}

/// What a receiver demands of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Freshness of the Timestamp.
    pub freshness: Freshness,
    /// Whether a Timestamp must be there; where one is, it must be signed all the same.
    pub timestamp_required: bool,
}

/// A message whose shape is right. Nothing of it is believed yet but where its parts are.
#[derive(Debug, Clone)]
pub struct Received<'d> {
    document: &'d Document,
    envelope: Envelope<'d>,
    header: SecurityHeader<'d>,
    /// One that may hide in what is encrypted is an error until that is read.
    key: Result<Key, Refusal>,
    ciphertext: Option<Ciphertext<'d>>,
}

/// A message that was signed by a trusted certificate and is fresh, and may yet be a replay.
#[derive(Debug)]
pub struct Unspent<'d> {
    opened: Opened<'d>,
    entry: ReplayEntry,
    pending: Option<Pending<'d>>,
    assertion_entry: Option<ReplayEntry>,
}

/// An accepted message.
#[derive(Debug)]
pub struct Opened<'d> {
    body: Signed<'d>,
    certificate: Certificate,
    addressing: Addressing,
    signature_value: Vec<u8>,
    confirms: Option<Vec<u8>>,
    assertion: Option<Assertion>,
}

impl<'d> Received<'d> {
    /// Envelope, headers, Security header, and the certificate that KeyInfo selects.
    pub fn read(document: &'d Document) -> Result<Self, Refusal> {
        let envelope = Envelope::read(document)?;
        let header = SecurityHeader::read(envelope.security)?;
        let ciphertext = Ciphertext::find(document, &envelope, &header)?;
        let key = Key::resolve(&header);
        // a KeyInfo may refer to the assertion that is encrypted
        if !ciphertext.as_ref().is_some_and(|found| found.order() == Order::SignedFirst) {
            key.as_ref().map_err(Refusal::clone)?;
        }
        Ok(Self { document, envelope, header, key, ciphertext })
    }

    /// What of the message is encrypted. What was signed first must be decrypted before anything else, and the document that
    /// comes of it be received anew; what was encrypted first, after [`verify`](Self::verify), by
    /// [`Unspent::decrypted`].
    pub fn ciphertext(&self) -> Option<&Ciphertext<'d>> {
        self.ciphertext.as_ref()
    }

    /// The message that decrypting this one gave.
    pub fn decrypted(plain: &'d Decrypted<'_>) -> Result<Self, Refusal> {
        let document = plain.document();
        let envelope = Envelope::read(document)?;
        let header = SecurityHeader::read(envelope.security)?;
        let key = Ok(Key::resolve(&header)?);
        // EncryptedKeys stand there still, and serve for nothing any more
        Ok(Self { document, envelope, header, key, ciphertext: None })
    }

    /// The certificate that the message carries, or that [`select`](Self::select) found: to look its application up, not
    /// to believe it.
    pub fn certificate(&self) -> Option<&Certificate> {
        match &self.key {
            Ok(Key::Carried(token)) => Some(&token.certificate),
            _ => None,
        }
    }

    /// How the message names a certificate that it does not carry; `None` once there is one.
    pub fn selector(&self) -> Option<&KeySelector> {
        match &self.key {
            Ok(Key::Selected(selector)) => Some(selector),
            _ => None,
        }
    }

    /// The certificate that the selector means, out of those that the receiver knows. Several may share a key, as after
    /// a renewal: the latest that holds at `now` is taken. Several of different keys are none.
    ///
    /// # Errors
    /// [`Refusal::TokenUnknown`]
    pub fn select(&mut self, known: &[Certificate], now: Timestamp) -> Result<(), Refusal> {
        let Ok(Key::Selected(selector)) = &self.key else { return Ok(()) };
        let meant: Vec<&Certificate> = known.iter().filter(|one| selector.selects(one)).collect();
        let same_key = meant
            .windows(2)
            .all(|pair| matches!(pair, [one, other] if one.public_key().spki() == other.public_key().spki()));
        let holds = |one: &&&Certificate| one.not_before() <= now && now <= one.not_after();
        let latest = meant.iter().max_by_key(|one| (holds(one), one.not_before()));
        let certificate = latest.filter(|_| same_key).ok_or(Refusal::TokenUnknown)?;
        let token = Token { certificate: (*certificate).clone(), intermediates: Vec::new() };
        self.key = Ok(Key::Carried(token));
        Ok(())
    }

    /// What WS-Addressing headers said, for a signed fault's RelatesTo.
    pub fn addressing(&self) -> &Addressing {
        &self.envelope.addressing
    }

    /// Certificate, signature, coverage, freshness, in this order.
    pub fn verify(
        self,
        policy: &Policy,
        trust: &impl CertificateCheck,
        now: Timestamp,
    ) -> Result<Unspent<'d>, Refusal> {
        if self.header.timestamp.is_none() && policy.timestamp_required {
            return Err(Refusal::TimestampMissing);
        }
        let Key::Carried(token) = self.key? else { return Err(Refusal::TokenUnknown) };
        trust.check(&token.certificate, &token.intermediates, now).map_err(Refusal::Certificate)?;

        let ids = Ids::new(self.document, &MessageIds).map_err(|_| Refusal::DuplicateId)?;
        let tokens = StrTransform { security: self.envelope.security };
        let verified = Verifier::default()
            .read(&ids, self.header.signature)
            .and_then(|claim| claim.verify(token.certificate.public_key(), &tokens))
            .map_err(Refusal::Signature)?;
        // the Body read is the element digested: node identity, no look-up by Id (attack catalogue 1, 2)
        let digested = |node| verified.references().iter().any(|reference| reference.node() == node);
        let body = verified.signed(self.envelope.body).filter(|_| digested(self.envelope.body));
        let body = body.ok_or(Refusal::BodyNotSigned)?;
        if let Some((element, timestamp)) = self.header.timestamp {
            if !digested(element) {
                return Err(Refusal::TimestampNotSigned);
            }
            timestamp.check(now, policy.freshness)?;
        }

        let confirmation = self.header.confirmations.first().filter(|node| digested(**node));
        let confirmed = confirmation
            .and_then(|node| BASE64.decode(node.attribute("", "Value").unwrap_or_default().trim()).ok());
        let created = self.header.timestamp.map(|(_, timestamp)| timestamp.created);
        let entry = ReplayEntry {
            key: replay_key(&token.certificate, &verified),
            until: created.unwrap_or(now) + policy.freshness.max_age + policy.freshness.clock_skew,
            created,
        };
        let opened = Opened {
            body,
            certificate: token.certificate,
            addressing: self.envelope.addressing,
            signature_value: verified.signature_value().to_vec(),
            confirms: confirmed,
            assertion: None,
        };
        let pending = self.header.assertion.map(|assertion| Pending {
            assertion,
            header: self.header,
            ids,
            vouched: verified.signed(assertion),
        });
        Ok(Unspent { opened, entry, pending, assertion_entry: None })
    }
}

impl<'d> Unspent<'d> {
    /// Who signed.
    pub fn certificate(&self) -> &Certificate {
        self.opened.certificate()
    }

    /// The message over whose ciphertext the signature held, decrypted: the Body is what that ciphertext stands for. An
    /// assertion that was encrypted comes to light here; the signature over its ciphertext does not vouch for it.
    ///
    /// # Errors
    /// [`Refusal::Decryption`] for what came of another message; what [`Received::read`] says of the header.
    pub fn decrypted(mut self, plain: &'d Decrypted<'_>) -> Result<Self, Refusal> {
        self.opened.body = plain.signed(self.opened.body).ok_or(Refusal::Decryption)?;
        let document = plain.document();
        let envelope = Envelope::read(document)?;
        let header = SecurityHeader::read(envelope.security)?;
        let ids = Ids::new(document, &MessageIds).map_err(|_| Refusal::DuplicateId)?;
        let vouched = self.pending.and_then(|pending| plain.signed(pending.vouched?));
        self.pending = header.assertion.map(|assertion| Pending { assertion, header, ids, vouched });
        Ok(self)
    }

    /// Whether the message carries an assertion.
    pub fn has_assertion(&self) -> bool {
        self.pending.is_some()
    }

    /// The SignatureValue's bytes, for the SignatureConfirmation of a fault.
    pub fn signature_value(&self) -> &[u8] {
        self.opened.signature_value()
    }

    /// Believes the message's assertion, or refuses the message for it. Whoever leaves this step out, as for a caller of no
    /// application or an answer, gets no assertion.
    pub fn with_assertion(
        mut self,
        rules: &AssertionRules<'_>,
        trust: &impl CertificateCheck,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let Some(pending) = self.pending.take() else {
            return if rules.required { Err(Refusal::AssertionMissing) } else { Ok(self) };
        };
        let Vouched { assertion, entry } = pending.verify(&self.opened.certificate, rules, trust, now)?;
        self.opened.assertion = Some(assertion);
        self.assertion_entry = Some(entry);
        Ok(self)
    }

    /// Uses the message up, and its assertion. Whatever follows, the same message is a replay from now on.
    pub async fn spend(
        self,
        guard: &impl ReplayGuard,
    ) -> Result<Result<Opened<'d>, Refusal>, GuardUnavailable> {
        match guard.admit(self.entry).await? {
            Admission::First => {}
            Admission::Seen => return Ok(Err(Refusal::Replayed)),
            Admission::BeforeRestart => return Ok(Err(Refusal::CreatedBeforeRestart)),
        }
        let Some(entry) = self.assertion_entry else { return Ok(Ok(self.opened)) };
        Ok(match guard.admit(entry).await? {
            Admission::First => Ok(self.opened),
            Admission::Seen => Err(Refusal::AssertionReplayed),
            Admission::BeforeRestart => Err(Refusal::CreatedBeforeRestart),
        })
    }

    /// The same of an answer: who asked on this connection knows that it is the first.
    pub fn into_answer(self) -> Opened<'d> {
        self.opened
    }
}

impl<'d> Opened<'d> {
    /// The `soap:Body`, signed.
    pub fn body(&self) -> Signed<'d> {
        self.body
    }

    /// Who signed.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// WS-Addressing headers; unsigned, so good for RelatesTo alone.
    pub fn addressing(&self) -> &Addressing {
        &self.addressing
    }

    /// The SignatureValue of the request that this answer confirms, where it carries a signed SignatureConfirmation (SOAP
    /// Message Security 1.1 §8.5). Of a request it means nothing.
    pub fn confirms(&self) -> Option<&[u8]> {
        self.confirms.as_deref()
    }

    /// The assertion that was verified, for the audit trail.
    pub fn assertion(&self) -> Option<&Assertion> {
        self.assertion.as_ref()
    }

    /// The SignatureValue's bytes, for SignatureConfirmation and the audit trail.
    pub fn signature_value(&self) -> &[u8] {
        &self.signature_value
    }
}

/// Which key signed and what: equal for a byte-identical resend and for nothing else.
fn replay_key(certificate: &Certificate, verified: &Verified<'_>) -> [u8; 32] {
    let mut input = certificate.fingerprint_sha256().to_vec();
    input.extend_from_slice(verified.signature_value());
    DigestMethod::Sha256.digest(&input).as_ref().try_into().unwrap_or_default()
}
