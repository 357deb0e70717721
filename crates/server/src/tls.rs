//! The TLS side of the HTTPS listener: TLS 1.2 and 1.3 (decisions §8), HTTP/2 or HTTP/1.1 by ALPN, with a certificate that can be
//! replaced while connections are open.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;
use crate::keys::{self, KeyFileError};
use crate::peer::ClientVerifier;
use crate::state::AppState;

/// The certificate that new connections are shown.
#[derive(Debug)]
pub(crate) struct TlsKeys(RwLock<Arc<CertifiedKey>>);

impl TlsKeys {
    /// Reads certificate and key.
    pub(crate) fn load(files: &Tls) -> Result<Self, KeyFileError> {
        Ok(Self(RwLock::new(Arc::new(certified(files)?))))
    }

    /// Reads them again: connections that are open keep theirs. What cannot be read changes nothing.
    pub(crate) fn reload(&self, files: &Tls) -> Result<(), KeyFileError> {
        let read = certified(files)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        Ok(())
    }

    /// The certificate (DER) that is shown now.
    pub(crate) fn certificate(&self) -> Option<Vec<u8>> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.cert.first().map(|der| der.as_ref().to_vec())
    }
}

impl ResolvesServerCert for TlsKeys {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certified(files: &Tls) -> Result<CertifiedKey, KeyFileError> {
    let (chain, key) = keys::tls(files)?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    // the key must be the certificate's
    CertifiedKey::from_der(chain, key, &provider).map_err(|cause| KeyFileError {
        file: files.key.clone(),
        problem: format!("does not go with {}: {cause}", files.certificate.display()),
    })
}

/// What accepts connections.
pub(crate) fn acceptor(state: &Arc<AppState>) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match ClientVerifier::new(state, &provider) {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let keys: Arc<dyn ResolvesServerCert> = Arc::clone(&state.tls) as _;
    let mut config = builder.with_cert_resolver(keys);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
