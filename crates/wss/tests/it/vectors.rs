//! Messages made by real client stacks (zeep 4.3.3, node-soap 1.13.0, PHP wse-php with xmlseclibs 3.1.5), as they
//! went over the wire. The exceptions are part of the table: an unexpected success fails too.

use wss::{Policy, Refusal, Subcode};
use xmlsec::VerifyError;

use crate::{BelieveAll, POLICY, open_with};

enum Expected {
    Accepted,
    /// Its application would have to be registered with `timestamp=optional`.
    AcceptedWithoutTimestamp,
    /// A default of the stack that this profile refuses.
    Sha1,
    Soap11,
}

macro_rules! vectors {
    ($($file:literal => $expected:ident,)*) => {
        [$(($file, include_str!(concat!("../vectors/", $file, ".xml")), Expected::$expected),)*]
    };
}

#[test]
fn messages_of_real_stacks() {
    let vectors = vectors! {
        "zeep_BinarySignature_sha256_ts" => Accepted,
        "zeep_BinarySignature_sha256" => AcceptedWithoutTimestamp,
        "zeep_BinarySignature_default" => Sha1,
        "zeep_Signature_default" => Sha1,
        "php_wse_sha256" => Accepted,
        "php_wse_default_sha1" => Sha1,
        "php_wse_rsa256_digest_sha1" => Sha1,
        "node_soap_WSSecurityCert_default" => Accepted,
        "node_soap_WSSecurityCert_sha256explicit" => Accepted,
        "node_soap_WSSecurityCert_idmode" => Accepted,
        "node_soap_soap11_on_soap12_wsdl" => Soap11,
    };
    let now = "2026-11-24T02:29:30Z".parse().unwrap();
    let without = Policy { timestamp_required: false, ..POLICY };
    for (name, message, expected) in vectors {
        let strict = open_with(message, &POLICY, &BelieveAll, now);
        let lenient = open_with(message, &without, &BelieveAll, now);
        match expected {
            Expected::Accepted => {
                assert!(strict.is_ok(), "{name}: {strict:?}");
                assert!(lenient.is_ok(), "{name}: {lenient:?}");
            }
            Expected::AcceptedWithoutTimestamp => {
                assert_eq!(strict, Err(Refusal::TimestampMissing), "{name}");
                assert!(lenient.is_ok(), "{name}: {lenient:?}");
            }
            Expected::Sha1 => {
                let Err(Refusal::Signature(error)) = lenient else { panic!("{name}: {lenient:?}") };
                assert_eq!(
                    Refusal::Signature(error).subcode(),
                    Some(Subcode::UnsupportedAlgorithm),
                    "{name}"
                );
            }
            Expected::Soap11 => assert_eq!(strict, Err(Refusal::Soap11), "{name}"),
        }
    }
}

/// One character of the signed text changed.
#[test]
fn a_changed_vector_is_refused() {
    let now = "2026-11-24T02:29:30Z".parse().unwrap();
    let changed = include_str!("../vectors/zeep_BinarySignature_sha256_ts.xml")
        .replace("&lt;&amp;&gt;", "&lt;&gt;&amp;");
    let refused = open_with(&changed, &POLICY, &BelieveAll, now);
    assert!(matches!(refused, Err(Refusal::Signature(VerifyError::DigestValue { .. }))), "{refused:?}");
}
