//! `inspect` says what the server would: the same verdict, the check that fails, what to do; and uses nothing up.

use server::{Config, Verdict, inspect};
use storage::Rights;
use testkit::pki::pki;

use crate::Harness;
use crate::codes::creation_of;
use crate::faults::SOAP;

/// The case, the message, and the check that fails with the id of its explanation.
type Row = (&'static str, String, Option<(&'static str, &'static str)>);

#[tokio::test]
async fn what_inspect_says_is_what_the_server_does() {
    let harness = Harness::new().await;
    let reader = Rights::NONE.with(dossier::Operation::ConsulterDossierPA);
    harness.register("lecteur", &pki().second, reader).await;
    let config = Config::load(&harness.directory.path().join("vtpa.toml")).unwrap();
    let (good, now) = (|| harness.message(&pki().partner, &creation_of("u")), harness.now());
    let late = now - jiff::SignedDuration::from_hours(2);
    let rows: [Row; 11] = [
        ("right", good(), None),
        ("no XML", good().replace("</soap:Envelope>", ""), Some(("readable XML", "VTPA-SEC-001"))),
        (
            "SOAP 1.1",
            good().replace(wss::ns::SOAP, wss::ns::SOAP_11),
            Some(("SOAP 1.2 envelope", "VTPA-SEC-003")),
        ),
        (
            "a comment in Security",
            good().replace("<wsu:Created>", "<wsu:Created><!---->"),
            Some(("Security header", "VTPA-SEC-009")),
        ),
        (
            "a reference to nothing",
            good().replace("<wsse:Reference URI=\"#", "<wsse:Reference URI=\"#x"),
            Some(("certificate named", "VTPA-SEC-024")),
        ),
        (
            "of another authority",
            harness.message(&pki().wrong_ca, &creation_of("u")),
            Some(("certificate trusted", "VTPA-SEC-050")),
        ),
        (
            "a changed Body",
            good().replace("Suzanne", "Simone"),
            Some(("signature and digests", "VTPA-SEC-038")),
        ),
        (
            "of nobody",
            harness.message(&pki().unregistered, &creation_of("u")),
            Some(("application registered", "")),
        ),
        (
            "without the right",
            harness.message(&pki().second, &creation_of("u")),
            Some(("application registered", "")),
        ),
        ("no operation", harness.message(&pki().partner, "<a/>"), Some(("operation", ""))),
        (
            "a wrong date",
            harness.message(&pki().partner, &creation_of("u").replace("1938-03-07", "1938")),
            Some(("content", "")),
        ),
    ];
    for (case, message, expected) in rows {
        // twice: nothing is used up by looking
        for _ in 0..2 {
            let inspection = inspect(&config, harness.server.store(), message.as_bytes(), now).await.unwrap();
            let failed: Vec<_> =
                inspection.checks.iter().filter(|check| check.verdict == Verdict::Failed).collect();
            match expected {
                None => assert!(inspection.accepted() && failed.is_empty(), "{case}: {inspection:?}"),
                Some((name, id)) => {
                    assert!(!inspection.accepted());
                    let [check] = failed[..] else { panic!("{case}: {failed:?}") };
                    assert_eq!((check.name, check.explanation.unwrap_or_default()), (name, id), "{case}");
                    assert_eq!(check.remedy.is_some(), !id.is_empty(), "{case}");
                    let held = inspection.checks.iter().take_while(|check| check.verdict == Verdict::Held);
                    let after = inspection
                        .checks
                        .iter()
                        .rev()
                        .take_while(|check| check.verdict == Verdict::NotReached);
                    assert_eq!(held.count() + 1 + after.count(), inspection.checks.len(), "{case}");
                    assert_eq!(
                        check.digested.as_deref().is_some_and(|form| form.contains("Simone")),
                        case == "a changed Body"
                    );
                }
            }
        }
        // and the server agrees
        let reply = harness.post("/ws/creation", SOAP, message).await;
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(body.contains("<Code>999</Code>"), expected.is_none(), "{case}: {body}");
    }
    let old = inspect(&config, harness.server.store(), good().as_bytes(), now + (now.duration_since(late)))
        .await
        .unwrap();
    let failed = old.checks.iter().find(|check| check.verdict == Verdict::Failed).unwrap();
    assert_eq!((failed.name, failed.explanation), ("fresh", Some("VTPA-SEC-111")));
}
