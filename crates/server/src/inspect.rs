//! A message held against every check that a server makes, in order, without using anything up: by the very steps that the
//! endpoint takes, of which the first that refuses says where and why.

use dossier::Operation;
use jiff::{SignedDuration, Timestamp};
use storage::Store;
use wss::{
    Admission, Freshness, GuardUnavailable, Opened, Policy, Received, Refusal, ReplayEntry, ReplayGuard,
};
use xmlsec::{Canonicalization, Document, Limits, VerifyError, canonicalize};

use crate::assertion;
use crate::clock::day_in_paris;
use crate::config::Config;
use crate::keys::{self, KeyFileError};
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

const NAMES: [&str; 13] = [
    "readable XML",
    "SOAP 1.2 envelope",
    "Security header",
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

/// Which check refuses.
fn place(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::Xml(_) => 0,
        Refusal::NotAnEnvelope
        | Refusal::Soap11
        | Refusal::EnvelopeShape
        | Refusal::NotUnderstood(_)
        | Refusal::Addressing { .. } => 1,
        Refusal::KeyInfoForm | Refusal::TokenReference | Refusal::TokenUnknown | Refusal::TokenMalformed => 3,
        // an inspected message came over no connection: these are never found here
        Refusal::TlsCertificateMissing | Refusal::TlsCertificateOfAnother | Refusal::Certificate(_) => 4,
        Refusal::DuplicateId | Refusal::Signature(_) => 5,
        Refusal::BodyNotSigned | Refusal::TimestampNotSigned => 6,
        Refusal::TimestampInFuture { .. }
        | Refusal::TimestampTooOld { .. }
        | Refusal::TimestampExpired { .. } => 7,
        Refusal::Replayed | Refusal::CreatedBeforeRestart => 9,
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
        | Refusal::AssertionStructure => 8,
        Refusal::AssertionReplayed => 9,
        // what the header lacks or has too much of
        _ => 2,
    }
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

/// Asks the database without telling it anything.
struct Look<'s>(&'s Store);

impl ReplayGuard for Look<'_> {
    async fn admit(&self, entry: ReplayEntry) -> Result<Admission, GuardUnavailable> {
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
    let anchors = keys::anchors(&config.trust)?;
    let issuers = keys::assertion_issuers(&config.trust)?;
    let limits = Limits { bytes: config.limits.body_bytes, ..Limits::default() };
    let document = match Document::parse(message, &limits) {
        Ok(document) => document,
        Err(error) => return Ok(told(Err(Refusal::Xml(error).into()), Walk { found: Vec::new() }, None)),
    };
    let mut walk = Walk { found: vec![format!("{} bytes", message.len())] };
    let outcome = steps(config, store, (&anchors, &issuers), &document, now, &mut walk).await;
    Ok(told(outcome, walk, Some(&document)))
}

async fn steps(
    config: &Config,
    store: &Store,
    (anchors, issuers): (&xmlsec::TrustAnchors, &[xmlsec::Certificate]),
    document: &Document,
    now: Timestamp,
    walk: &mut Walk,
) -> Result<(), Stopped> {
    let mut received = Received::read(document)?;
    walk.found.extend([String::new(), String::new()]);
    let unavailable =
        |place| move |error: storage::Error| Stopped::at(place, format!("the database: {error}"));
    let by_selector = received.selector().is_some();
    Registered::default().select(store, &mut received, now).await.map_err(unavailable(3))?;
    let certificate = received.certificate().ok_or(Refusal::TokenUnknown)?.clone();
    walk.found.push(format!(
        "{}{}",
        certificate.subject(),
        if by_selector {
            ", by its number, key identifier or thumbprint"
        } else {
            ", carried by the message"
        }
    ));
    let application =
        store.application_by_fingerprint(certificate.fingerprint_sha256()).await.map_err(unavailable(10))?;
    let required = application
        .as_ref()
        .is_none_or(|application| application.settings.timestamp == storage::TimestampRule::Required);
    let policy = Policy {
        freshness: Freshness {
            max_age: SignedDuration::from_secs(config.ws_security.max_age_seconds.into()),
            clock_skew: SignedDuration::from_secs(config.ws_security.clock_skew_seconds.into()),
        },
        timestamp_required: required,
    };
    let unspent = received.verify(&policy, anchors, now)?;
    walk.found.push(format!("until {}", certificate.not_after()));
    walk.found.extend([String::new(), String::new(), format!("at {now}")]);
    let carried = unspent.has_assertion();
    let unspent = assertion::believe(unspent, application.as_ref(), store, config, issuers, anchors, now)
        .await
        .map_err(unavailable(8))??;
    walk.found.push(
        match (carried, &application) {
            (false, _) => "none, and none is required",
            (true, None) => "not looked at: no application is registered with this certificate",
            (true, Some(_)) => "signed by the application or a trusted issuer",
        }
        .to_owned(),
    );
    let opened = unspent
        .spend(&Look(store))
        .await
        .map_err(|_| Stopped::at(9, "the database could not be asked"))??;
    walk.found.push("as far as servers have written it to the database".to_owned());
    let (operation, element) = dossier::operation(opened.body())
        .map_err(|_| Stopped::at(11, "the Body must hold one element, an operation of these services"))?;
    let application = match &application {
        Some(application) if application.suspended => {
            return Err(Stopped::at(10, format!("code 100: {} is suspended", application.name)));
        }
        Some(application) if !application.rights.allow(operation) => {
            return Err(Stopped::at(
                10,
                format!("code 100: {} has no right to {}", application.name, operation.name()),
            ));
        }
        Some(application) => application,
        None => {
            return Err(Stopped::at(
                10,
                "code 100: no application is registered with this certificate (vtpa partner add)",
            ));
        }
    };
    walk.found.push(application.name.clone());
    if config.operations.disabled.iter().any(|name| name == operation.name()) {
        return Err(Stopped::at(11, format!("code 020: {} is switched off", operation.name())));
    }
    walk.found.push(format!("{} at {}", operation.name(), operation.service().path()));
    content(store, &opened, operation, element, now).await
}

/// What can be said of the content without doing anything.
async fn content(
    store: &Store,
    _: &Opened<'_>,
    operation: Operation,
    element: xmlsec::Signed<'_>,
    now: Timestamp,
) -> Result<(), Stopped> {
    let today = day_in_paris(now);
    let refused =
        |code: dossier::CodeRetour| Stopped::at(12, format!("code {}: {}", code.code(), code.message()));
    match operation {
        Operation::CreerDossierPA => {
            let tables = store.nomenclatures(today).await;
            let (tables, _) = tables.map_err(|error| Stopped::at(12, format!("the database: {error}")))?;
            dossier::decode_creer(element, today, &tables).map(|_| ()).map_err(refused)
        }
        Operation::ConsulterDossierPA => dossier::decode_consulter(element).map(|_| ()).map_err(refused),
        Operation::GenererJetonSecuritePA => dossier::decode_jeton(element).map(|_| ()).map_err(refused),
    }
}

fn told(outcome: Result<(), Stopped>, walk: Walk, document: Option<&Document>) -> Inspection {
    let stack = document.and_then(wss::explain::stack);
    let end = outcome.as_ref().err().map_or(NAMES.len(), |stopped| stopped.place);
    let mut found = walk.found.into_iter();
    let checks = NAMES.into_iter().enumerate().map(|(at, name)| {
        let found = found.next().filter(|found| !found.is_empty());
        let verdict = if at < end { Verdict::Held } else { Verdict::NotReached };
        let mut check = Check { name, verdict, found, explanation: None, remedy: None, digested: None };
        if verdict == Verdict::NotReached {
            check.found = None;
        }
        if let Err(stopped) = &outcome
            && stopped.place == at
        {
            check.verdict = Verdict::Failed;
            check.found = Some(stopped.found.clone());
            if let Some(refusal) = &stopped.refusal {
                check.explanation = Some(refusal.explanation_id());
                check.remedy = Some(refusal.explanation().remedy_for(stack));
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
