//! Asking the provider: TLS that is verified, no redirection, no more time and no more bytes than an answer may take.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};

use super::Panne;
use crate::config::OpenId;
use crate::keys::{self, KeyFileError};

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);
/// Until the whole answer is there.
const WHOLE: Duration = Duration::from_secs(10);
/// Metadata and keys are some kilobytes.
const BYTES_MAX: usize = 256 * 1024;

pub(super) struct Http(Client);

/// An answer of the provider.
pub(super) struct Reponse {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Http {
    pub(super) fn new(config: &OpenId) -> Result<Self, KeyFileError> {
        let unfit = |problem: String| KeyFileError {
            file: config.ca.clone().unwrap_or_else(|| "[openid]".into()),
            problem,
        };
        let mut roots = rustls::RootCertStore::empty();
        match &config.ca {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                for authority in keys::certificates(file)? {
                    let der = rustls_pki_types::CertificateDer::from(authority.der().to_vec());
                    roots.add(der).map_err(|error| unfit(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(unfit("holds no PEM certificate".to_owned()));
                }
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unfit(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let builder = Client::builder()
            .use_preconfigured_tls(tls)
            .https_only(true)
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .redirect(Policy::none())
            .no_proxy();
        let builder = match &config.proxy {
            None => builder,
            Some(proxy) => builder.proxy(
                reqwest::Proxy::all(proxy)
                    .map_err(|_| unfit(format!("openid.proxy {proxy:?} is no address")))?,
            ),
        };
        builder.build().map(Self).map_err(|error| unfit(error.without_url().to_string()))
    }

    pub(super) async fn get(&self, url: &str, bearer: Option<&str>) -> Result<Reponse, Panne> {
        let request = self.0.get(url).header(ACCEPT, "application/json");
        let request = match bearer {
            None => request,
            Some(token) => request.header(AUTHORIZATION, sensitive(&format!("Bearer {token}"))?),
        };
        send(request).await
    }

    /// Sends a form, with this user and password where the provider wants them so (RFC 6749 §2.3.1).
    pub(super) async fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<Reponse, Panne> {
        let request = self
            .0
            .post(url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encoded(form));
        let request = match basic {
            None => request,
            Some((user, password)) => {
                let both = STANDARD.encode(format!("{}:{}", percent(user), percent(password)));
                request.header(AUTHORIZATION, sensitive(&format!("Basic {both}"))?)
            }
        };
        send(request).await
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, Panne> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Panne::Reponse)?;
    value.set_sensitive(true);
    Ok(value)
}

async fn send(request: RequestBuilder) -> Result<Reponse, Panne> {
    let mut response = request.send().await.map_err(injoignable)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(injoignable)? {
        if body.len() + chunk.len() > BYTES_MAX {
            return Err(Panne::TropLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reponse { status: response.status(), body })
}

/// With the whole chain of causes, since reqwest's own text hides what matters (a refused certificate, say), and without the
/// address, whose query may say more than a log should.
fn injoignable(error: reqwest::Error) -> Panne {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        told = format!("{told}: {deeper}");
        cause = deeper.source();
    }
    Panne::Injoignable(told)
}

/// A form as its body or a query has it.
pub(super) fn encoded(form: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        form.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
    pairs.join("&")
}

/// RFC 3986 §2.3: all but the unreserved characters.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #[test]
    fn forms_are_encoded() {
        let form = [("scope", "openid scope_all"), ("url", "https://a/b?c=d&e"), ("é", "~-._")];
        let expected = "scope=openid%20scope_all&url=https%3A%2F%2Fa%2Fb%3Fc%3Dd%26e&%C3%A9=~-._";
        assert_eq!(super::encoded(&form), expected);
    }
}
