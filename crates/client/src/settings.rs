//! What a client needs to know before its first call.

use std::sync::Arc;

use wss::{DecryptAs, EncryptFor, Identity};
use xmlsec::{Certificate, TrustAnchors};

/// One partner application talking to one server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server's address, without a path: `https://host[:port]`.
    pub base_url: String,
    /// Key and certificate of the application.
    pub identity: Identity,
    /// What each message says of its user, in an assertion; `None` sends none.
    pub assertion: Option<wss::UserAssertion>,
    /// Authorities (DER) that the server's TLS certificate must chain to; empty: those of the web (webpki-roots are
    /// not built in, so an empty list refuses everything).
    pub tls_anchors: Vec<Certificate>,
    /// Whose signature an answer must bear.
    pub server: ServerTrust,
    /// For whom requests are encrypted: the server's certificate. Their answers must be encrypted then.
    pub encryption: Option<EncryptFor>,
    /// What reads encrypted answers: our own certificate and key, if RSA.
    pub decryption: Option<Arc<DecryptAs>>,
}

/// Whose signature an answer must bear.
#[derive(Debug, Clone)]
pub enum ServerTrust {
    /// This certificate and no other.
    Pinned(Box<Certificate>),
    /// A certificate that chains to one of these anchors.
    Anchors(Arc<TrustAnchors>),
}
