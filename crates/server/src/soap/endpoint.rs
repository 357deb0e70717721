//! One SOAP request, from its bytes to its signed answer, in the order of the profile: HTTP, XML and limits, SOAP
//! version, headers, security, operation.

use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use dossier::{CodeRetour, Operation, Reponse, Service};
use jiff::Timestamp;
use storage::Action;
use storage::seam::{Seam, pass};
use tracing::{Instrument as _, info_span};
use wss::{AddressingHeaders, EncryptFor, EncryptionAlgorithms, Opened, Refusal, Sealing, Unspent};
use xmlsec::{Document, Encoding, Signed};

use super::answer::Answer;
use super::failure::Failure;
use super::http::{self, BodyError, MediaType};
use crate::assertion;
use crate::audit::Caller;
use crate::chaos::Misbehaviour;
use crate::live::Current;
use crate::log_id::LogId;
use crate::metrics;
use crate::observed::STEP;
use crate::opening::{Held, Opening, Plain, limits};
use crate::peer::PeerCertificate;
use crate::service;
use crate::state::AppState;

pub(super) async fn post(
    state: &AppState,
    service: Service,
    id: &LogId,
    headers: &HeaderMap,
    peer: PeerCertificate,
    body: Body,
) -> Response<Body> {
    let current = state.live.now();
    let Some(media_type) = MediaType::read(headers, &current.limits) else {
        return http::text(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send one SOAP 1.2 envelope as application/soap+xml, neither compressed nor multipart.\n",
        );
    };
    let bytes = match http::read_body(body, media_type.gzip, &current.limits).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge) => {
            return http::text(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The message is longer than this server accepts.\n",
            );
        }
        Err(BodyError::TooSlow) => {
            return http::text(StatusCode::REQUEST_TIMEOUT, "The message did not arrive in time.\n");
        }
        Err(BodyError::Broken) => {
            return http::text(StatusCode::BAD_REQUEST, "The message did not arrive whole.\n");
        }
    };

    let started = Instant::now();
    let delay = state.config.chaos.delay(&mut crate::clock::rng());
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    let now = state.clock.now();
    let answer = handle(state, &current, service, &media_type, peer, &bytes, id, now).await;
    let mut entry = answer.entry(service, id, now);
    let response = answer.into_response(state, &current.identity, id, now);
    let took = started.elapsed();
    metrics::request(&metrics::Asked {
        service: service.name(),
        operation: entry.operation.as_deref(),
        code: &entry.issue,
        explanation: entry.explication.as_deref(),
        replayed: entry.rejoue,
        took,
    });
    entry.duree = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    state.journal.record(entry, bytes);
    response
}

#[expect(clippy::too_many_arguments, reason = "a request's parts, taken apart by one caller")]
async fn handle(
    state: &AppState,
    current: &Current,
    service: Service,
    media_type: &MediaType,
    peer: PeerCertificate,
    bytes: &[u8],
    id: &LogId,
    now: Timestamp,
) -> Answer {
    let document = match Document::parse(bytes, &limits(&current.limits)) {
        Ok(document) => document,
        Err(error) => return Answer::failed(Failure::Refused(Refusal::Xml(error))),
    };
    if !media_type.soap_12 && !document.root().is(wss::ns::SOAP_11, "Envelope") {
        return Answer::failed(Failure::Operation("SOAP 1.2 travels as application/soap+xml"));
    }
    if !charset_agrees(media_type, &document) {
        return Answer::failed(Failure::Charset);
    }
    let opening = Opening {
        config: &state.config,
        limits: &current.limits,
        store: &state.store,
        registered: &state.registered,
        trust: &state.trust,
        decryption: current.decryption.as_ref().as_ref(),
        peer: peer.0,
        now,
    };
    let plain = Plain::new();
    let held = async {
        let named = opening.name(&document, &plain).await?;
        opening.verify(named, &plain)
    };
    let held = held.instrument(info_span!(target: STEP, "verify")).await;
    let Held { unspent, application, encryption } = match held {
        Ok(held) => held,
        Err(error) => return Answer::failed(error.into()).diagnosed(state, &document, now).await,
    };
    let classed = |failure: Failure| if encryption.is_some() { failure.after_decryption() } else { failure };
    let keep = state.config.audit.keep_requests;
    let caller = Caller::new(application.as_ref(), unspent.certificate(), id, bytes, keep);
    // from here on the signature held: a fault, too, is written as its application reads it, and is traced
    let failed = |failure: Failure| {
        let failure = classed(failure);
        if application.is_some() {
            let trace =
                caller.trace(Action::MessageRefuse, None).code(failure.explanation().unwrap_or("fault"));
            state.trail.record([trace]);
        }
        Answer::failed(failure).for_application(application.as_ref())
    };
    let sealing = match sealing_for(application.as_ref(), &unspent, encryption) {
        Ok(sealing) => sealing,
        Err(refusal) => return failed(refusal.into()),
    };
    // before the message is used up: the same one may come again once there is room
    let pass = application.as_ref().filter(|application| !application.suspended);
    let pass = pass.map(|application| state.quotas.admit(application, &current.limits, Instant::now()));
    let _pass = match pass.transpose() {
        Ok(pass) => pass,
        Err(over) => return failed(Failure::Busy(over)).sealed(sealing),
    };
    let accepted = accept(state, current, unspent, application.as_ref(), peer, now);
    let opened = match accepted.instrument(info_span!(target: STEP, "accept")).await {
        Ok(opened) => opened,
        Err(failure) => return failed(failure).sealed(sealing).diagnosed(state, &document, now).await,
    };
    let (operation, element) = match operation(&opened, service, media_type) {
        Ok(found) => found,
        Err(failure) => return failed(failure).sealed(sealing),
    };
    let caller = caller.opened(&opened);
    let unforeseen = state.config.chaos.strikes(Misbehaviour::Unforeseen, &mut crate::clock::rng());
    let reponse = if unforeseen {
        tracing::warn!(id = id.as_str(), "chaos: answered 000");
        state.trail.record([caller.trace(service::action(operation), None).code("000")]);
        Reponse::globale(operation, CodeRetour::erreur_non_identifiee(id.as_str()))
    } else {
        let run = service::run(state, application.as_ref(), operation, element, &caller, id, now);
        run.instrument(info_span!(target: STEP, "operation")).await
    };
    let addressing = AddressingHeaders::answering(opened.addressing(), &operation.response_action());
    Answer::given(operation, reponse, Sealing { addressing, ..sealing }).for_application(application.as_ref())
}

/// What is held against the application once its signature held: the TLS handshake, the assertion, the replay guard.
async fn accept<'d>(
    state: &AppState,
    current: &Current,
    unspent: Unspent<'d>,
    application: Option<&storage::Application>,
    peer: PeerCertificate,
    now: Timestamp,
) -> Result<Opened<'d>, Failure> {
    peer.bind(state, application).await.map_err(unavailable)??;
    let unspent = assertion::believe(
        unspent,
        application,
        &state.store,
        &state.config,
        &current.assertion_issuers,
        &state.trust,
        now,
    )
    .await
    .map_err(unavailable)??;
    let opened = unspent
        .spend(&state.replay)
        .await
        .map_err(|_| Failure::Unavailable("the replay guard could not be asked".to_owned()))??;
    pass(Seam::AfterReplay, "message").map_err(unavailable)?;
    if state.config.chaos.strikes(Misbehaviour::Refused, &mut crate::clock::rng()) {
        return Err(Refusal::Replayed.into());
    }
    Ok(opened)
}

fn unavailable(error: storage::Error) -> Failure {
    Failure::Unavailable(error.to_string())
}

/// How this application is answered: what `vtpa partner set` says of it, and encrypted as the request was.
fn sealing_for(
    application: Option<&storage::Application>,
    unspent: &Unspent<'_>,
    encryption: Option<EncryptionAlgorithms>,
) -> Result<Sealing, Refusal> {
    let settings = application.map(|application| &application.settings);
    let always = settings.is_some_and(|settings| settings.encrypt == storage::Encrypt::Always);
    let encryption = encryption.or_else(|| always.then(EncryptionAlgorithms::default));
    let encrypt_for = |algorithms| {
        EncryptFor::new(unspent.certificate(), algorithms).map_err(|_| Refusal::EncryptionAnswer)
    };
    Ok(Sealing {
        key_reference: settings.map(key_reference).unwrap_or_default(),
        confirms: settings
            .filter(|settings| settings.signature_confirmation)
            .map(|_| unspent.signature_value().to_vec()),
        encryption: encryption.map(encrypt_for).transpose()?,
        ..Sealing::default()
    })
}

fn key_reference(settings: &storage::Settings) -> wss::KeyReference {
    match settings.key_reference {
        storage::KeyReference::Bst => wss::KeyReference::BinarySecurityToken,
        storage::KeyReference::IssuerSerial => wss::KeyReference::IssuerSerial,
        storage::KeyReference::Ski => wss::KeyReference::SubjectKeyIdentifier,
        storage::KeyReference::Thumbprint => wss::KeyReference::ThumbprintSha1,
    }
}

fn charset_agrees(media_type: &MediaType, document: &Document) -> bool {
    match media_type.charset.as_deref() {
        None => true,
        Some("utf-8" | "utf8" | "us-ascii") => document.encoding() == Encoding::Utf8,
        Some("utf-16" | "utf-16le" | "utf-16be") => document.encoding() == Encoding::Utf16,
        Some(_) => false,
    }
}

/// Dispatch is by the Body's child; an action, where given, must agree (attack catalogue 33).
fn operation<'d>(
    opened: &Opened<'d>,
    service: Service,
    media_type: &MediaType,
) -> Result<(Operation, Signed<'d>), Failure> {
    let (operation, element) = dossier::operation(opened.body())
        .map_err(|_| Failure::Operation("the Body must hold one element, an operation of this service"))?;
    if operation.service() != service {
        return Err(Failure::Operation("this operation belongs to the other service"));
    }
    let action = operation.action();
    let agrees = |given: &Option<String>| given.as_ref().is_none_or(|given| *given == action);
    if !agrees(&media_type.action) || !agrees(&opened.addressing().action) {
        return Err(Failure::Operation("the action names another operation than the Body"));
    }
    let to = opened.addressing().to.as_deref().unwrap_or(wss::ns::WSA_ANONYMOUS);
    if to != wss::ns::WSA_ANONYMOUS && !to.ends_with(service.path()) {
        return Err(Failure::Operation("wsa:To names another address"));
    }
    Ok((operation, element))
}
