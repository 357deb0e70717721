//! A row of the trail as a line of JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use storage::LigneExportee;

use super::verify::hex;

/// Keys in the order in which they are read: when, who, what, on what, with which outcome, by which proof.
#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    time: String,
    actor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_local: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assertion: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assertion_sha256: Option<String>,
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dossier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    demande: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<i64>,
}

/// A request that was kept: as text where it is one, so that it can be read.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Request {
    Text(String),
    Base64(String),
}

/// One row, without a line's end.
pub fn line(exported: &LigneExportee) -> serde_json::Result<String> {
    let LigneExportee { row, application, assertion, requete, rang } = exported;
    let sha256 = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(hex);
    serde_json::to_string(&Line {
        id: row.id,
        time: row.le.to_string(),
        actor: &row.acteur,
        application: application.as_deref(),
        certificate_sha256: sha256(&row.certificat),
        id_local: row.id_local.as_deref(),
        account: row.compte.as_deref(),
        assertion: assertion.as_deref().and_then(|json| serde_json::from_slice(json).ok()),
        assertion_sha256: sha256(&row.assertion),
        action: &row.action,
        dossier: row.dossier.map(|number| format!("{number:013}")),
        demande: row.demande,
        code: row.code.as_deref(),
        detail: row.detail.as_deref(),
        message_id: row.message_id.as_deref(),
        log_id: row.reference.as_deref(),
        request_sha256: sha256(&row.requete),
        request: requete.clone().map(|bytes| match String::from_utf8(bytes) {
            Ok(text) => Request::Text(text),
            Err(other) => Request::Base64(BASE64.encode(other.as_bytes())),
        }),
        link: *rang,
    })
}
