//! One call: write and sign, send, read, verify, decode.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dossier::{Operation, Reponse, Requete};
use jiff::{SignedDuration, Timestamp};
use wss::{CertificateCheck, Freshness, Policy, ReceivedFault, Refusal};
use xmlsec::{Certificate, Document, Limits, PathError};

use crate::settings::{ServerTrust, Settings};

/// Longest answer that is read: 100 dossiers of 40 demandes and then some.
const ANSWER_BYTES: usize = 32 << 20;
const TIMEOUT: Duration = Duration::from_secs(30);
const FRESHNESS: Policy = Policy {
    freshness: Freshness { max_age: SignedDuration::from_mins(5), clock_skew: SignedDuration::from_mins(5) },
    timestamp_required: true,
};

/// A partner application's connection to the services. Cheap to clone; connections are kept alive and shared.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    settings: Arc<Settings>,
}

/// The envelopes of one call as they went over the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// Request envelope.
    pub request: Vec<u8>,
    /// Answer as received; empty when none came.
    pub response: Vec<u8>,
}

/// A verified answer: signed by the expected certificate, fresh, of the operation asked.
#[derive(Debug)]
pub struct Answer {
    /// What the server answered; look at its code.
    pub reponse: Reponse,
    /// The envelopes.
    pub exchange: Exchange,
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The settings cannot serve.
    #[error("client settings: {0}")]
    Settings(String),
    /// The request could not be signed.
    #[error("the request could not be signed: {0}")]
    Sign(#[from] wss::SealError),
    /// The server could not be reached, or its TLS certificate was refused.
    #[error("no answer from {url}: {cause}")]
    Transport {
        /// Address called.
        url: String,
        /// What the HTTP client said, causes included.
        cause: String,
        /// The envelopes.
        exchange: Box<Exchange>,
    },
    /// A signed SOAP fault.
    #[error("SOAP fault {}: {}", fault.code, fault.reasons.last().map_or("", |(_, text)| text))]
    Fault {
        /// The fault, its signature verified.
        fault: Box<ReceivedFault>,
        /// The envelopes.
        exchange: Box<Exchange>,
    },
    /// An answer that is broken, unsigned, badly signed or not the operation's.
    #[error("the answer (HTTP {status}) cannot be trusted: {cause}")]
    Broken {
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        cause: BrokenAnswer,
        /// The envelopes.
        exchange: Box<Exchange>,
    },
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BrokenAnswer {
    /// Not XML.
    #[error("not readable XML: {0}")]
    Xml(xmlsec::ParseError),
    /// The WS-Security of it does not hold.
    #[error("{0}")]
    Security(Refusal),
    /// Signed, but by another certificate than the one demanded.
    #[error("signed by another certificate than the one demanded")]
    OtherCertificate,
    /// Signed, and says that it answers another request (SOAP Message Security 1.1 §8.5).
    #[error("a SignatureConfirmation of another request")]
    OtherRequest,
    /// Not encrypted, though the request was (ws-security.md, answers).
    #[error("not encrypted, though the request was")]
    InClear,
    /// Signed, but not the answer to this operation.
    #[error("not an answer to {0}")]
    OtherOperation(&'static str),
}

impl CallError {
    /// The envelopes of a call that failed, as far as they went.
    pub fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Settings(_) | Self::Sign(_) => None,
            Self::Transport { exchange, .. }
            | Self::Fault { exchange, .. }
            | Self::Broken { exchange, .. } => Some(exchange),
        }
    }
}

impl Client {
    /// Prepares connections; nothing is sent yet.
    pub fn new(settings: Settings) -> Result<Self, CallError> {
        let unfit = |cause: String| CallError::Settings(cause);
        let mut roots = rustls::RootCertStore::empty();
        for anchor in &settings.tls_anchors {
            let der = rustls_pki_types::CertificateDer::from(anchor.der().to_vec());
            roots.add(der).map_err(|error| unfit(format!("authority {}: {error}", anchor.subject())))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unfit(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .use_preconfigured_tls(tls)
            .timeout(TIMEOUT)
            .tls_info(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| unfit(causes(&error)))?;
        Ok(Self { http, settings: Arc::new(settings) })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Calls one operation at this instant.
    #[expect(clippy::disallowed_methods, reason = "a client's clock is the machine's; call_at takes another")]
    pub async fn call(&self, requete: &Requete) -> Result<Answer, CallError> {
        self.call_at(requete, Timestamp::now()).await
    }

    /// Calls one operation, its Timestamp written for `now`.
    pub async fn call_at(&self, requete: &Requete, now: Timestamp) -> Result<Answer, CallError> {
        let operation = requete.operation();
        let sealing = wss::Sealing {
            assertion: self.settings.assertion.clone(),
            encryption: self.settings.encryption.clone(),
            ..wss::Sealing::default()
        };
        let request =
            wss::seal(&self.settings.identity, &sealing, now, &mut rand::rng(), |w| requete.encode(w))?;
        let url = format!("{}{}", self.settings.base_url.trim_end_matches('/'), operation.service().path());
        let mut exchange = Exchange { request, response: Vec::new() };

        let content_type = format!("application/soap+xml; charset=utf-8; action=\"{}\"", operation.action());
        let sent = self
            .http
            .post(&url)
            .header(reqwest::header::CONTENT_TYPE, content_type)
            .body(exchange.request.clone())
            .send();
        let (status, response) = match receive(sent).await {
            Ok(received) => received,
            Err(cause) => return Err(CallError::Transport { url, cause, exchange: exchange.into() }),
        };
        exchange.response = response;
        match self.read(&exchange, operation, now) {
            Ok(Ok(reponse)) => Ok(Answer { reponse, exchange }),
            Ok(Err(fault)) => Err(CallError::Fault { fault: fault.into(), exchange: exchange.into() }),
            Err(cause) => Err(CallError::Broken { status, cause, exchange: exchange.into() }),
        }
    }

    fn read(
        &self,
        exchange: &Exchange,
        operation: Operation,
        now: Timestamp,
    ) -> Result<Result<Reponse, ReceivedFault>, BrokenAnswer> {
        let limits = Limits { bytes: ANSWER_BYTES, nodes: 2_000_000, ..Limits::default() };
        let document = Document::parse(&exchange.response, &limits).map_err(BrokenAnswer::Xml)?;
        let received = wss::Received::read(&document).map_err(BrokenAnswer::Security)?;
        // what was signed first is decrypted first (wss::Order)
        let ciphertext = received.ciphertext().cloned();
        let (before, after);
        let (received, later) = match &ciphertext {
            Some(found) if found.order() == wss::Order::SignedFirst => {
                before = self.decrypt(found, &limits)?;
                (wss::Received::decrypted(&before).map_err(BrokenAnswer::Security)?, None)
            }
            other => (received, other.as_ref()),
        };
        let mut unspent = self.verify(received, now)?;
        if let Some(found) = later {
            after = self.decrypt(found, &limits)?;
            unspent = unspent.decrypted(&after).map_err(BrokenAnswer::Security)?;
        }
        let opened = unspent.into_answer();
        if opened.confirms().is_some_and(|confirmed| !is_signature_of(&exchange.request, confirmed)) {
            return Err(BrokenAnswer::OtherRequest);
        }
        if let Some(fault) = ReceivedFault::read(opened.body()) {
            return Ok(Err(fault));
        }
        if self.settings.encryption.is_some() && ciphertext.is_none() {
            return Err(BrokenAnswer::InClear);
        }
        dossier::decode_reponse(opened.body(), operation)
            .map(Ok)
            .map_err(|_| BrokenAnswer::OtherOperation(operation.name()))
    }
}

impl Client {
    /// Holds the answer's signature, its certificate the one demanded.
    fn verify<'d>(
        &self,
        mut received: wss::Received<'d>,
        now: Timestamp,
    ) -> Result<wss::Unspent<'d>, BrokenAnswer> {
        if let ServerTrust::Pinned(expected) = &self.settings.server {
            received.select(std::slice::from_ref(expected), now).map_err(BrokenAnswer::Security)?;
            let named = received.certificate().map(|certificate| certificate.fingerprint_sha256());
            if named != Some(expected.fingerprint_sha256()) {
                return Err(BrokenAnswer::OtherCertificate);
            }
        }
        received.verify(&FRESHNESS, &self.settings.server, now).map_err(BrokenAnswer::Security)
    }

    /// AES-CBC is for requests alone: nothing authenticates a server's ciphertext but the signature within it.
    fn decrypt<'d>(
        &self,
        ciphertext: &wss::Ciphertext<'d>,
        limits: &Limits,
    ) -> Result<xmlsec::Decrypted<'d>, BrokenAnswer> {
        let own = self.settings.decryption.as_deref();
        ciphertext.decrypt(own, false, limits).map_err(BrokenAnswer::Security)
    }

    /// The certificate of the server's TLS connection, which was believed by the authorities of the settings.
    ///
    /// # Errors
    /// [`CallError::Transport`]
    pub async fn tls_certificate(&self) -> Result<Certificate, CallError> {
        let url = self.settings.base_url.trim_end_matches('/').to_owned();
        let failed =
            |cause: String| CallError::Transport { url: url.clone(), cause, exchange: Box::default() };
        let response = self.http.get(&url).send().await.map_err(|error| failed(causes(&error)))?;
        let presented = response.extensions().get::<reqwest::tls::TlsInfo>();
        let der = presented.and_then(|info| info.peer_certificate());
        let certificate = der.and_then(|der| Certificate::parse(der).ok());
        certificate.ok_or_else(|| failed("the connection shows no certificate".to_owned()))
    }
}

impl CertificateCheck for ServerTrust {
    fn check(
        &self,
        certificate: &Certificate,
        path: &[Certificate],
        now: Timestamp,
    ) -> Result<(), PathError> {
        match self {
            // the very certificate was compared before
            Self::Pinned(_) => Ok(()),
            Self::Anchors(anchors) => anchors.verify(certificate, path, now),
        }
    }
}

/// Whether a message that we wrote is signed with this SignatureValue: its own, not its assertion's.
fn is_signature_of(request: &[u8], value: &[u8]) -> bool {
    let Ok(document) = Document::parse(request, &Limits::default()) else { return false };
    let own = document
        .root()
        .child(wss::ns::SOAP, "Header")
        .and_then(|header| header.child(wss::ns::WSSE, "Security"))
        .and_then(|security| security.child(wss::ns::DS, "Signature"))
        .and_then(|signature| signature.child(wss::ns::DS, "SignatureValue"));
    own.is_some_and(|node| {
        let text: String = node.text().split_ascii_whitespace().collect();
        BASE64.decode(text).is_ok_and(|own| own == value)
    })
}

async fn receive(
    sent: impl Future<Output = Result<reqwest::Response, reqwest::Error>>,
) -> Result<(u16, Vec<u8>), String> {
    let mut response = sent.await.map_err(|error| causes(&error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| causes(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err(format!("the answer is longer than {ANSWER_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// The whole chain of causes: reqwest's own text hides what matters (a refused certificate, say).
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use testkit::pki::pki;
    use wss::{Identity, Sealing};
    use xmlsec::SigningKey;

    use super::*;

    fn identity(of: &testkit::pki::Identity) -> Identity {
        let certificate = Certificate::parse(&of.certificate_der).unwrap();
        Identity::new(SigningKey::from_pem(of.key_pem.as_bytes()).unwrap(), certificate).unwrap()
    }

    fn message(sealing: &Sealing, seed: u64) -> Vec<u8> {
        let (partner, now) = (identity(&pki().partner), testkit::instant());
        wss::seal(&partner, sealing, now, &mut testkit::rng(seed), |w| {
            w.element("t", "urn:test", "Ping", "");
        })
        .unwrap()
    }

    /// Every SignatureValue of a message, in document order.
    fn signature_values(message: &[u8]) -> Vec<Vec<u8>> {
        let document = Document::parse(message, &Limits::default()).unwrap();
        let values = document.root().descendants().filter(|node| node.is(wss::ns::DS, "SignatureValue"));
        values.map(|node| BASE64.decode(&*node.text()).unwrap()).collect()
    }

    #[test]
    fn an_answer_that_confirms_another_request_is_refused() {
        let client = Client::new(Settings {
            base_url: "https://localhost".into(),
            identity: identity(&pki().partner),
            assertion: None,
            tls_anchors: Vec::new(),
            server: ServerTrust::Pinned(Box::new(Certificate::parse(&pki().server.certificate_der).unwrap())),
            encryption: None,
            decryption: None,
        })
        .unwrap();
        let (request, other) = (message(&Sealing::default(), 1), message(&Sealing::default(), 2));
        let own = signature_values(&request).remove(0);
        let cut = own.get(..8).map(<[u8]>::to_vec);
        for (case, confirms, refused) in [
            ("no confirmation", None, false),
            ("the request's", Some(own), false),
            ("another request's", Some(signature_values(&other).remove(0)), true),
            ("the beginning of the request's", cut, true),
            ("an empty one", Some(Vec::new()), true),
        ] {
            for key_reference in [wss::KeyReference::BinarySecurityToken, wss::KeyReference::IssuerSerial] {
                let sealing = Sealing { key_reference, confirms: confirms.clone(), ..Sealing::default() };
                let (server, fault) = (identity(&pki().server), wss::Fault::receiver("0123456789abcdef"));
                let now = testkit::instant();
                let response = wss::seal_fault(&server, &sealing, &fault, now, &mut testkit::rng(3)).unwrap();
                let exchange = Exchange { request: request.clone(), response };
                let read = client.read(&exchange, Operation::CreerDossierPA, now);
                if refused {
                    assert_eq!(read.unwrap_err(), BrokenAnswer::OtherRequest, "{case}");
                } else {
                    assert!(read.unwrap().is_err(), "{case}: the fault is read");
                }
            }
        }
    }
}
