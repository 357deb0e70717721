//! What a sender did is told in a sandbox and by `inspect`, and in production by nobody.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::SignedDuration;
use server::{Config, Verdict, inspect};
use storage::Rights;
use testkit::pki::pki;

use crate::Harness;
use crate::codes::creation_of;
use crate::faults::SOAP;

#[tokio::test]
async fn what_the_sender_did_is_told_in_a_sandbox_and_by_inspect_alone() {
    for sandbox in [true, false] {
        let harness = Harness::with(|config| config.sandbox = sandbox).await;
        let reader = Rights::NONE.with(dossier::Operation::ConsulterDossierPA);
        harness.register("autre", &pki().second, reader).await;
        let config = Config::load(&harness.directory.path().join("vtpa.toml")).unwrap();
        let creation = creation_of("u");
        let token = |of: &testkit::pki::Identity| BASE64.encode(&of.certificate_der);
        let another_s_key =
            harness.message(&pki().second, &creation).replace(&token(&pki().second), &token(&pki().partner));
        let dense: String = creation.lines().map(str::trim).collect();
        let indented = harness.message(&pki().partner, &dense).replace("</Demandeur>", "</Demandeur>\n  ");
        let on_time = harness.message(&pki().partner, &creation);
        for (case, message, later, id, words) in [
            ("indented after signing", indented, 0, "VTPA-SEC-094", "it was indented after signing"),
            ("the key of another application", another_s_key, 0, "VTPA-SEC-107", "Seconde application"),
            ("an hour behind", on_time, 3600, "VTPA-SEC-111", "1 hour behind"),
        ] {
            harness.pass(SignedDuration::from_secs(later));
            let now = harness.now();
            let fault = harness.post("/ws/creation", SOAP, message.clone()).await.fault(now);
            if sandbox {
                assert_eq!(fault.explanation.as_deref(), Some(id), "{case}");
                assert!(
                    fault.cause.as_deref().is_some_and(|cause| cause.contains(words)),
                    "{case}: {fault:?}"
                );
                assert!(fault.remedy.is_some(), "{case}");
            } else {
                assert_eq!((fault.cause, fault.explanation, fault.remedy), (None, None, None), "{case}");
            }
            let looked = inspect(&config, harness.server.store(), message.as_bytes(), now).await.unwrap();
            let failed = looked.checks.iter().find(|check| check.verdict == Verdict::Failed).unwrap();
            assert_eq!(failed.explanation, Some(id), "{case}");
            assert!(failed.near_miss.as_deref().is_some_and(|near| near.contains(words)), "{case}");
        }
    }
}
