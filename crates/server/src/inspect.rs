//! A message held against every check that a server makes, in order, without using anything up: by the very steps that the
//! endpoint takes, of which the first that refuses says where and why.

use dossier::Operation;
use jiff::Timestamp;
use storage::Store;
use wss::{Admission, DecryptAs, GuardUnavailable, NearMiss, Opened, Refusal, ReplayEntry, ReplayGuard};
use xmlsec::{Canonicalization, Document, VerifyError, canonicalize};

use crate::assertion;
use crate::clock::day_in_paris;
use crate::config::Config;
use crate::keys::{self, KeyFileError};
use crate::near_miss;
use crate::opening::{OpenError, Opening, Plain, limits};
use crate::registered::Registered;

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Held,
    /// It does not, and the message is refused for it.
    Failed,
    /// An earlier one failed.
    NotReached,
}

/// One check.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its name, in words.
    pub name: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found: the cause where it failed.
    pub found: Option<String>,
    /// The id of the explanation, where there is one.
    pub explanation: Option<&'static str>,
    /// What the sender did, where trying the habits of programs found it; the explanation is then of that.
    pub near_miss: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
    /// For a digest that differs: the canonical form of the element as it is now, which was digested.
    pub digested: Option<String>,
}

/// All checks, in the order in which a server makes them.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The checks.
    pub checks: Vec<Check>,
    /// The stack that seems to have written the message.
    pub stack: Option<&'static str>,
}

impl Inspection {
    /// Whether a server would accept the message.
    pub fn accepted(&self) -> bool {
        self.checks.iter().all(|check| check.verdict == Verdict::Held)
    }
}

pub(crate) const NAMES: [&str; 14] = [
    "readable XML",
    "SOAP 1.2 envelope",
    "Security header",
    "encryption",
    "certificate named",
    "certificate trusted",
    "signature and digests",
    "Body and Timestamp signed",
    "fresh",
    "SAML assertion",
    "not received before",
    "application registered",
    "operation",
    "content",
];

/// Where each name stands.
mod step {
    pub(super) const XML: usize = 0;
    pub(super) const ENVELOPE: usize = 1;
    pub(super) const HEADER: usize = 2;
    pub(super) const ENCRYPTION: usize = 3;
    pub(super) const KEY: usize = 4;
    pub(super) const TRUST: usize = 5;
    pub(super) const SIGNATURE: usize = 6;
    pub(super) const COVERAGE: usize = 7;
    pub(super) const FRESH: usize = 8;
    pub(super) const ASSERTION: usize = 9;
    pub(super) const REPLAY: usize = 10;
    pub(super) const APPLICATION: usize = 11;
    pub(super) const OPERATION: usize = 12;
    pub(super) const CONTENT: usize = 13;
}

/// Which check refuses.
fn place(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::Xml(_) => step::XML,
        Refusal::NotAnEnvelope
        | Refusal::Soap11
        | Refusal::EnvelopeShape
        | Refusal::NotUnderstood(_)
        | Refusal::Addressing { .. } => step::ENVELOPE,
        Refusal::KeyInfoForm | Refusal::TokenReference | Refusal::TokenUnknown | Refusal::TokenMalformed => {
            step::KEY
        }
        // an inspected message came over no connection: these are never found here
        Refusal::TlsCertificateMissing | Refusal::TlsCertificateOfAnother | Refusal::Certificate(_) => {
            step::TRUST
        }
        Refusal::DuplicateId | Refusal::Signature(_) => step::SIGNATURE,
        Refusal::BodyNotSigned | Refusal::TimestampNotSigned => step::COVERAGE,
        Refusal::TimestampInFuture { .. }
        | Refusal::TimestampTooOld { .. }
        | Refusal::TimestampExpired { .. } => step::FRESH,
        Refusal::Replayed | Refusal::CreatedBeforeRestart => step::REPLAY,
        Refusal::AssertionMissing
        | Refusal::AssertionMalformed { .. }
        | Refusal::AssertionUnsigned
        | Refusal::AssertionSignature(_)
        | Refusal::AssertionKey
        | Refusal::AssertionCertificate(_)
        | Refusal::AssertionSigner
        | Refusal::AssertionIssuer
        | Refusal::AssertionNotCovered
        | Refusal::AssertionHolder
        | Refusal::AssertionConfirmation
        | Refusal::AssertionInFuture { .. }
        | Refusal::AssertionTooOld { .. }
        | Refusal::AssertionConditions
        | Refusal::AssertionAudience
        | Refusal::AssertionDirect
        | Refusal::AssertionStructure => step::ASSERTION,
        Refusal::AssertionReplayed => step::REPLAY,
        Refusal::EncryptionShape { .. }
        | Refusal::EncryptionAlgorithm
        | Refusal::EncryptionCbc
        | Refusal::EncryptionRecipient
        | Refusal::Decryption
        | Refusal::EncryptionAnswer => step::ENCRYPTION,
        Refusal::AfterDecryption(inner) => place(inner),
        // what the header lacks or has too much of
        _ => step::HEADER,
    }
}

/// What the configuration's files hold.
struct Keys {
    anchors: xmlsec::TrustAnchors,
    issuers: Vec<xmlsec::Certificate>,
    decryption: Option<DecryptAs>,
}

struct Walk {
    found: Vec<String>,
}

/// Why the walk ended before its end: which check, in what words.
struct Stopped {
    place: usize,
    found: String,
    refusal: Option<Refusal>,
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self { place: place(&refusal), found: refusal.to_string(), refusal: Some(refusal) }
    }
}

impl Stopped {
    fn at(place: usize, found: impl Into<String>) -> Self {
        Self { place, found: found.into(), refusal: None }
    }
}

/// Whether the message was received before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The database knows.
    Ask,
    /// It was, when it came.
    Before,
    /// It was not.
    Never,
}

/// Asks the database without telling it anything.
struct Look<'s>(&'s Store, Seen);

impl ReplayGuard for Look<'_> {
    async fn admit(&self, entry: ReplayEntry) -> Result<Admission, GuardUnavailable> {
        match self.1 {
            Seen::Ask => {}
            Seen::Before => return Ok(Admission::Seen),
            Seen::Never => return Ok(Admission::First),
        }
        let seen = self.0.read(|reader| Box::pin(async move { reader.rejeu_vu(&entry.key).await })).await;
        match seen {
            Ok(true) => Ok(Admission::Seen),
            Ok(false) => Ok(Admission::First),
            Err(_) => Err(GuardUnavailable),
        }
    }
}

/// Holds `message`, a raw SOAP request, against every check of a server with this configuration and database at `now`.
///
/// # Errors
/// When the configuration's certificates cannot be read. A database that cannot be asked is told as a check that failed.
pub async fn inspect(
    config: &Config,
    store: &Store,
    message: &[u8],
    now: Timestamp,
) -> Result<Inspection, KeyFileError> {
    inspect_as(config, store, message, now, Seen::Ask).await
}

/// The same of a message of which it is known whether it had been received before.
pub(crate) async fn inspect_as(
    config: &Config,
    store: &Store,
    message: &[u8],
    now: Timestamp,
    seen: Seen,
) -> Result<Inspection, KeyFileError> {
    let keys = Keys {
        anchors: keys::anchors(&config.trust)?,
        issuers: keys::assertion_issuers(&config.trust)?,
        decryption: keys::decryption(&config.signature)?,
    };
    let document = match Document::parse(message, &limits(&config.limits)) {
        Ok(document) => document,
        Err(error) => return Ok(told(Err(Refusal::Xml(error).into()), Walk { found: Vec::new() }, None)),
    };
    let mut walk = Walk { found: vec![format!("{} bytes", message.len())] };
    let outcome = steps(config, &Look(store, seen), &keys, &document, now, &mut walk).await;
    let near = match &outcome {
        Err(Stopped { refusal: Some(refusal), .. }) => {
            near_miss::find(config, store, &document, refusal, now).await
        }
        _ => None,
    };
    Ok(told(outcome, walk, Some((&document, near))))
}

async fn steps(
    config: &Config,
    look: &Look<'_>,
    keys: &Keys,
    document: &Document,
    now: Timestamp,
    walk: &mut Walk,
) -> Result<(), Stopped> {
    let Keys { anchors, issuers, decryption } = keys;
    let store = look.0;
    let unavailable =
        |place| move |error: storage::Error| Stopped::at(place, format!("the database: {error}"));
    let stopped = |error| match error {
        OpenError::Refused(refusal) => Stopped::from(refusal),
        OpenError::Unavailable(error) => unavailable(step::KEY)(error),
    };
    let registered = Registered::default();
    let opening = Opening {
        config,
        limits: &config.limits,
        store,
        registered: &registered,
        trust: anchors,
        decryption: decryption.as_ref(),
        // an inspected message came over no connection
        peer: None,
        now,
    };
    let plain = Plain::new();
    let named = opening.name(document, &plain).await.map_err(stopped)?;
    walk.found.extend([String::new(), String::new()]);
    walk.found.push(named.encryption.map_or_else(
        || "not encrypted".to_owned(),
        |found| format!("for this server's certificate, {:?} under {:?}", found.cipher, found.transport),
    ));
    let certificate = named.received.certificate().ok_or(Refusal::TokenUnknown)?.clone();
    walk.found.push(format!(
        "{}{}",
        certificate.subject(),
        if named.selected {
            ", by its number, key identifier or thumbprint"
        } else {
            ", carried by the message"
        }
    ));
    let held = opening.verify(named, &plain).map_err(stopped)?;
    let (unspent, application) = (held.unspent, held.application);
    walk.found.push(format!("until {}", certificate.not_after()));
    walk.found.extend([String::new(), String::new(), format!("at {now}")]);
    let carried = unspent.has_assertion();
    let unspent = assertion::believe(unspent, application.as_ref(), store, config, issuers, anchors, now)
        .await
        .map_err(unavailable(step::ASSERTION))??;
    walk.found.push(
        match (carried, &application) {
            (false, _) => "none, and none is required",
            (true, None) => "not looked at: no application is registered with this certificate",
            (true, Some(_)) => "signed by the application or a trusted issuer",
        }
        .to_owned(),
    );
    let opened = unspent
        .spend(look)
        .await
        .map_err(|_| Stopped::at(step::REPLAY, "the database could not be asked"))??;
    walk.found.push("as far as servers have written it to the database".to_owned());
    let (operation, element) = dossier::operation(opened.body()).map_err(|_| {
        Stopped::at(step::OPERATION, "the Body must hold one element, an operation of these services")
    })?;
    let application = match &application {
        Some(application) if application.suspended => {
            return Err(Stopped::at(
                step::APPLICATION,
                format!("code 100: {} is suspended", application.name),
            ));
        }
        Some(application) if !application.rights.allow(operation) => {
            return Err(Stopped::at(
                step::APPLICATION,
                format!("code 100: {} has no right to {}", application.name, operation.name()),
            ));
        }
        Some(application) => application,
        None => {
            return Err(Stopped::at(
                step::APPLICATION,
                "code 100: no application is registered with this certificate (vtpa partner add)",
            ));
        }
    };
    walk.found.push(application.name.clone());
    if config.operations.disabled.iter().any(|name| name == operation.name()) {
        return Err(Stopped::at(step::OPERATION, format!("code 020: {} is switched off", operation.name())));
    }
    walk.found.push(format!("{} at {}", operation.name(), operation.service().path()));
    content(store, config, &opened, operation, element, now).await
}

/// What can be said of the content without doing anything.
async fn content(
    store: &Store,
    config: &Config,
    _: &Opened<'_>,
    operation: Operation,
    element: xmlsec::Signed<'_>,
    now: Timestamp,
) -> Result<(), Stopped> {
    let today = day_in_paris(now);
    let refused = |code: dossier::CodeRetour| {
        Stopped::at(step::CONTENT, format!("code {}: {}", code.code(), code.message()))
    };
    match operation {
        Operation::CreerDossierPA => {
            let tables = store.nomenclatures(today).await;
            let (tables, _) =
                tables.map_err(|error| Stopped::at(step::CONTENT, format!("the database: {error}")))?;
            let extensions = config.creation.extensions();
            dossier::decode_creer(element, today, &tables, extensions).map(|_| ()).map_err(refused)
        }
        Operation::ConsulterDossierPA => dossier::decode_consulter(element).map(|_| ()).map_err(refused),
        Operation::GenererJetonSecuritePA => dossier::decode_jeton(element).map(|_| ()).map_err(refused),
    }
}

fn told(
    outcome: Result<(), Stopped>,
    walk: Walk,
    document: Option<(&Document, Option<NearMiss>)>,
) -> Inspection {
    let (document, near) = document.map_or((None, None), |(document, near)| (Some(document), near));
    let stack = document.and_then(wss::explain::stack);
    let end = outcome.as_ref().err().map_or(NAMES.len(), |stopped| stopped.place);
    let mut found = walk.found.into_iter();
    let checks = NAMES.into_iter().enumerate().map(|(at, name)| {
        let found = found.next().filter(|found| !found.is_empty());
        let verdict = if at < end { Verdict::Held } else { Verdict::NotReached };
        let mut check =
            Check { name, verdict, found, explanation: None, near_miss: None, remedy: None, digested: None };
        if verdict == Verdict::NotReached {
            check.found = None;
        }
        if let Err(stopped) = &outcome
            && stopped.place == at
        {
            check.verdict = Verdict::Failed;
            check.found = Some(stopped.found.clone());
            if let Some(refusal) = &stopped.refusal {
                check.found = document.map(|document| wss::explain::cause(document, refusal)).or(check.found);
                let explanation = near.as_ref().map_or_else(|| refusal.explanation(), NearMiss::explanation);
                check.explanation = Some(explanation.id);
                check.near_miss = near.as_ref().map(NearMiss::to_string);
                check.remedy = Some(explanation.remedy_for(stack));
                check.digested = document.and_then(|document| digested(document, refusal));
            }
        }
        check
    });
    Inspection { checks: checks.collect(), stack }
}

fn digested(document: &Document, refusal: &Refusal) -> Option<String> {
    let (Refusal::Signature(VerifyError::DigestValue { position })
    | Refusal::AssertionSignature(VerifyError::DigestValue { position })) = refusal
    else {
        return None;
    };
    let node = document.root().descendants().find(|node| node.byte_range().start == *position)?;
    let mut form = Vec::new();
    canonicalize(node, &Canonicalization::default(), None, &mut form).ok()?;
    String::from_utf8(form).ok()
}
