//! HTTP around the envelopes: which requests are read, how answers are labelled.

use std::io::Read as _;

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use flate2::read::GzDecoder;
use wss::FaultCode;

use crate::config::{FaultStatus, Limits};
use crate::pace::TooSlow;

/// What a request's Content-Type says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MediaType {
    /// `application/soap+xml`, or `text/xml` of SOAP 1.1, which is read to be answered with VersionMismatch.
    pub(super) soap_12: bool,
    /// `charset`, lower case.
    pub(super) charset: Option<String>,
    /// `action`
    pub(super) action: Option<String>,
    /// Whether the body is in gzip.
    pub(super) gzip: bool,
}

impl MediaType {
    /// RFC 9110 §8.3.1: parameters in any order, quoted or not, names in any case. No coding of the content but gzip, where it
    /// is switched on (`[limits] gzip_ratio`).
    pub(super) fn read(headers: &HeaderMap, limits: &Limits) -> Option<Self> {
        let gzip = match headers.get(CONTENT_ENCODING) {
            None => false,
            Some(coding) if coding == "identity" => false,
            Some(coding) if coding == "gzip" && limits.gzip_ratio > 0 => true,
            Some(_) => return None,
        };
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let mut parts = split_unquoted(value).into_iter();
        let soap_12 = match parts.next()?.trim().to_ascii_lowercase().as_str() {
            "application/soap+xml" => true,
            "text/xml" => false,
            _ => return None,
        };
        let mut media_type = Self { soap_12, charset: None, action: None, gzip };
        for part in parts {
            let Some((name, value)) = part.split_once('=') else { continue };
            let value = unquote(value.trim());
            match name.trim().to_ascii_lowercase().as_str() {
                "charset" => media_type.charset = Some(value.to_ascii_lowercase()),
                "action" => media_type.action = Some(value).filter(|action| !action.is_empty()),
                _ => {}
            }
        }
        Some(media_type)
    }
}

fn split_unquoted(value: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (index, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                parts.push(value.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(value.get(start..).unwrap_or_default());
    parts
}

fn unquote(value: &str) -> String {
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        None => value.to_owned(),
        Some(inner) => {
            let mut plain = String::with_capacity(inner.len());
            let mut characters = inner.chars();
            while let Some(character) = characters.next() {
                plain.extend(if character == '\\' { characters.next() } else { Some(character) });
            }
            plain
        }
    }
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    TooSlow,
    Broken,
}

/// Reads a body up to its limit (its time is [`crate::pace`]'s); a compressed one up to the same limit when it is not.
pub(super) async fn read_body(body: Body, gzip: bool, limits: &Limits) -> Result<Vec<u8>, BodyError> {
    let bytes = received(body, limits).await?;
    if gzip { decompressed(&bytes, limits) } else { Ok(bytes) }
}

/// Attack catalogue 27: nothing is written beyond what may come out.
fn decompressed(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, BodyError> {
    let most = bytes.len().saturating_mul(limits.gzip_ratio).min(limits.body_bytes);
    let mut out = Vec::new();
    let mut decoder = GzDecoder::new(bytes).take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1));
    decoder.read_to_end(&mut out).map_err(|_| BodyError::Broken)?;
    if out.len() > most { Err(BodyError::TooLarge) } else { Ok(out) }
}

async fn received(body: Body, limits: &Limits) -> Result<Vec<u8>, BodyError> {
    match axum::body::to_bytes(body, limits.body_bytes).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if TooSlow::caused(&error) => Err(BodyError::TooSlow),
        Err(error) => {
            let inner = error.into_inner();
            let too_large = inner.to_string().contains("length limit");
            Err(if too_large { BodyError::TooLarge } else { BodyError::Broken })
        }
    }
}

/// A fault's status: 500, for WCF reads the envelope of no other error (ws-security.md), unless the server is configured to
/// follow SOAP 1.2 part 2, table 20, where the sender's are 400.
pub(super) fn fault_status(code: FaultCode, configured: FaultStatus) -> StatusCode {
    match (code, configured) {
        (FaultCode::Sender, FaultStatus::BadRequest) => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The same with the seconds after which to try again (RFC 9110 §10.2.3).
pub(super) fn soap_later(status: StatusCode, envelope: Vec<u8>, seconds: u32) -> Response<Body> {
    let mut response = soap(status, envelope);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// A SOAP 1.2 envelope.
pub(super) fn soap(status: StatusCode, envelope: Vec<u8>) -> Response<Body> {
    labelled(status, "application/soap+xml; charset=utf-8", Body::from(envelope))
}

/// A SOAP 1.1 VersionMismatch fault with the Upgrade header of SOAP 1.2 part 1 appendix A.
pub(super) fn version_mismatch() -> Response<Body> {
    let envelope = concat!(
        r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header>"#,
        r#"<env:Upgrade xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:SupportedEnvelope qname="env:Envelope"/></env:Upgrade>"#,
        r#"</soap:Header><soap:Body><soap:Fault><faultcode>soap:VersionMismatch</faultcode>"#,
        r#"<faultstring>These services speak SOAP 1.2 (application/soap+xml)</faultstring></soap:Fault></soap:Body></soap:Envelope>"#,
    );
    labelled(StatusCode::INTERNAL_SERVER_ERROR, "text/xml; charset=utf-8", Body::from(envelope))
}

/// The contract.
pub(super) fn xml(document: String) -> Response<Body> {
    labelled(StatusCode::OK, "text/xml; charset=utf-8", Body::from(document))
}

/// A short plain answer to what is no SOAP request.
pub(super) fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    labelled(status, "text/plain; charset=utf-8", Body::from(text))
}

fn labelled(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_of_the_stacks() {
        let soap = |charset: Option<&str>, action: Option<&str>| {
            Some(MediaType {
                soap_12: true,
                charset: charset.map(Into::into),
                action: action.map(Into::into),
                gzip: false,
            })
        };
        for (header, expected) in [
            (
                "application/soap+xml; charset=utf-8; action=\"urn:t:Ping\"",
                soap(Some("utf-8"), Some("urn:t:Ping")),
            ),
            ("application/soap+xml;action=urn:t:Ping;charset=UTF-8", soap(Some("utf-8"), Some("urn:t:Ping"))),
            ("Application/SOAP+XML", soap(None, None)),
            ("application/soap+xml; Action=\"a;b\\\"c\"", soap(None, Some("a;b\"c"))),
            ("application/soap+xml; action=\"\"", soap(None, None)),
            (
                "text/xml; charset=utf-8",
                Some(MediaType { soap_12: false, charset: Some("utf-8".into()), action: None, gzip: false }),
            ),
            ("multipart/related; type=\"application/xop+xml\"", None),
            ("application/json", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, header.parse().unwrap());
            assert_eq!(MediaType::read(&headers, &Limits::default()), expected, "{header}");
        }
    }

    #[test]
    fn a_compressed_body_is_not_read_unless_that_is_switched_on_and_gzip() {
        let on = Limits { gzip_ratio: 20, ..Limits::default() };
        for (coding, limits, read) in [
            ("gzip", Limits::default(), false),
            ("gzip", on.clone(), true),
            ("identity", Limits::default(), true),
            ("deflate", on.clone(), false),
            ("gzip, gzip", on, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, "application/soap+xml".parse().unwrap());
            headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
            assert_eq!(MediaType::read(&headers, &limits).is_some(), read, "{coding}");
        }
    }

    #[test]
    fn what_comes_out_of_gzip_is_bounded() {
        use std::io::Write as _;
        let pack = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let limits = Limits { gzip_ratio: 20, body_bytes: 100_000, ..Limits::default() };
        let text: Vec<u8> = (0..2_000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
        assert_eq!(decompressed(&pack(&text), &limits).as_deref(), Ok(text.as_slice()));
        // a bomb of ten megabytes, and one within the ratio that is longer than any body may be
        assert_eq!(decompressed(&pack(&vec![0; 10 << 20]), &limits), Err(BodyError::TooLarge));
        let long: Vec<u8> = (0..40_000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
        assert_eq!(decompressed(&pack(&long), &limits), Err(BodyError::TooLarge));
        let cut = pack(&text);
        assert_eq!(decompressed(&cut[..cut.len() / 2], &limits), Err(BodyError::Broken));
        assert_eq!(decompressed(b"<Envelope/>", &limits), Err(BodyError::Broken));
    }
}
