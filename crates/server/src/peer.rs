//! Certificates of callers at the TLS level: asked for where configured, believed by the same anchors and lists as those of
//! messages, and bound to the application that signs (attack catalogue 43).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use wss::{CertificateCheck as _, Refusal};
use xmlsec::{Certificate, PathError};

use crate::config::ClientCertificates;
use crate::state::AppState;

/// SHA-256 of the certificate that the caller of a request proved to hold in the TLS handshake, if it gave one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PeerCertificate(pub(crate) Option<[u8; 32]>);

impl PeerCertificate {
    /// The first certificate of a handshake that [`ClientVerifier`] let through.
    pub(crate) fn of(chain: Option<&[CertificateDer<'static>]>) -> Self {
        let first = chain.and_then(<[_]>::first);
        Self(first.and_then(|der| Certificate::parse(der).ok()).map(|found| *found.fingerprint_sha256()))
    }

    /// Holds the caller of the connection against the application that signed the message.
    ///
    /// # Errors
    /// The outer error is the database's.
    pub(crate) async fn bind(
        self,
        state: &AppState,
        application: Option<&storage::Application>,
    ) -> Result<Result<(), Refusal>, storage::Error> {
        // who is of no application is answered 100, over whatever connection
        let Some(application) = application else { return Ok(Ok(())) };
        let Some(fingerprint) = self.0 else {
            let required = state.config.tls.client_certificates == ClientCertificates::Required;
            return Ok(if required { Err(Refusal::TlsCertificateMissing) } else { Ok(()) });
        };
        let caller = state.store.application_by_fingerprint(&fingerprint).await?;
        let same = caller.is_some_and(|caller| caller.id == application.id);
        Ok(if same { Ok(()) } else { Err(Refusal::TlsCertificateOfAnother) })
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerAddress {
    /// The other end of the connection.
    pub(crate) ip: IpAddr,
    /// Which is a TLS proxy on this machine: the plain listener is for no one else (decisions §8).
    pub(crate) behind_proxy: bool,
}

impl PeerAddress {
    /// Whose attempts are counted together: an IPv4 address, an IPv6 network of 64 bits. Behind a proxy the last address that it
    /// added counts; the caller may have written those before it.
    pub(crate) fn network(self, headers: &HeaderMap) -> String {
        let forwarded = || {
            let last = headers.get_all("x-forwarded-for").into_iter().next_back()?;
            last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
        };
        let ip = if self.behind_proxy { forwarded().unwrap_or(self.ip) } else { self.ip };
        match ip.to_canonical() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

/// Believes in a handshake whom [`Trust`](crate::trust::Trust) believes in a message.
pub(crate) struct ClientVerifier {
    state: Arc<AppState>,
    provider: Arc<CryptoProvider>,
}

impl ClientVerifier {
    /// The verifier of these settings; none where no certificate is asked for.
    pub(crate) fn new(state: &Arc<AppState>, provider: &Arc<CryptoProvider>) -> Option<Arc<Self>> {
        let asked = state.config.tls.client_certificates != ClientCertificates::Off;
        asked.then(|| Arc::new(Self { state: Arc::clone(state), provider: Arc::clone(provider) }))
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier").finish_non_exhaustive()
    }
}

impl ClientCertVerifier for ClientVerifier {
    /// Families' browsers have none; what the services demand is theirs to say, with a fault that can be read.
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None is named: anchors change while the server runs, and clients without hints offer what they have.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let read = |der: &CertificateDer<'_>| {
            Certificate::parse(der).map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))
        };
        let certificate = read(end_entity)?;
        let path = intermediates.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let checked = self.state.trust.check(&certificate, &path, self.state.clock.now());
        checked.map(|()| ClientCertVerified::assertion()).map_err(|cause| {
            Error::InvalidCertificate(match cause {
                PathError::UnknownIssuer => CertificateError::UnknownIssuer,
                PathError::Expired => CertificateError::Expired,
                PathError::NotYetValid => CertificateError::NotValidYet,
                PathError::Revoked => CertificateError::Revoked,
                _ => CertificateError::ApplicationVerificationFailure,
            })
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_network() {
        for (ip, behind_proxy, forwarded, expected) in [
            ("192.0.2.7", false, None, "192.0.2.7"),
            ("192.0.2.7", false, Some("198.51.100.1"), "192.0.2.7"),
            ("::ffff:192.0.2.7", false, None, "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", false, None, "2001:db8:1:2::/64"),
            ("127.0.0.1", true, Some("198.51.100.1"), "198.51.100.1"),
            ("127.0.0.1", true, Some("203.0.113.9, 198.51.100.1"), "198.51.100.1"),
            ("127.0.0.1", true, Some("nonsense"), "127.0.0.1"),
            ("127.0.0.1", true, None, "127.0.0.1"),
        ] {
            let headers: HeaderMap = forwarded
                .map(|value| ("x-forwarded-for".parse().unwrap(), value.parse().unwrap()))
                .into_iter()
                .collect();
            let address = PeerAddress { ip: ip.parse().unwrap(), behind_proxy };
            assert_eq!(address.network(&headers), expected, "{ip} {forwarded:?}");
        }
    }
}
