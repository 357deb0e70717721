//! Messages that name their certificate without carrying it: found among those of registered applications.

use jiff::SignedDuration;
use storage::Rights;
use testkit::pki::{Identity, pki};
use xmlsec::Certificate;

use crate::Harness;
use crate::codes::creation_of;
use crate::harness::Answer;

/// A message whose KeyInfo is the SHA-1 of the certificate, and which carries no token.
fn by_thumbprint(harness: &Harness, signer: &Identity) -> String {
    use base64::Engine as _;
    let certificate = Certificate::parse(&signer.certificate_der).unwrap();
    let thumbprint = base64::engine::general_purpose::STANDARD.encode(certificate.thumbprint_sha1());
    let message = harness.message(signer, &creation_of("u"));
    let (before, rest) = message.split_once("<wsse:BinarySecurityToken").unwrap();
    let message = before.to_owned() + rest.split_once("</wsse:BinarySecurityToken>").unwrap().1;
    let (before, rest) = message.split_once("<wsse:Reference ").unwrap();
    let after = rest
        .split_once("/>")
        .map_or_else(|| rest.split_once("</wsse:Reference>").unwrap().1, |(_, after)| after);
    let value_type = wss::ns::THUMBPRINT_SHA1;
    format!("{before}<wsse:KeyIdentifier ValueType=\"{value_type}\">{thumbprint}</wsse:KeyIdentifier>{after}")
}

#[tokio::test]
async fn a_certificate_that_is_only_named_is_found_among_the_registered() {
    let harness = Harness::new().await;
    let ask = async |signer| {
        let message = by_thumbprint(&harness, signer);
        harness.post("/ws/creation", "application/soap+xml; charset=utf-8", message).await
    };
    let reply = ask(&pki().partner).await;
    assert_eq!(Answer::read(&reply.body, harness.now()).codes(), ["999"]);

    // one of nobody: a fault, and nothing written
    let reply = ask(&pki().second).await;
    let fault = String::from_utf8(reply.body).unwrap();
    assert_eq!(reply.status.as_u16(), 500);
    assert!(fault.contains("SecurityTokenUnavailable"), "{fault}");
    assert_eq!(harness.dossiers().await, 1);

    // registered a moment later, it is found when it is next asked for
    harness.register("voisin", &pki().second, Rights::ALL).await;
    *harness.now.lock().unwrap() += SignedDuration::from_secs(2);
    let reply = ask(&pki().second).await;
    assert_eq!(Answer::read(&reply.body, harness.now()).codes(), ["999"]);
    assert_eq!(harness.dossiers().await, 2);
}
