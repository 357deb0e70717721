//! The partners' pages: every cause of refusal explained, and in a sandbox a message through every check.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use testkit::pki::pki;
use tower::ServiceExt as _;

use crate::codes::creation_of;
use crate::faults::SOAP;
use crate::{Harness, Reply};

/// A form of the sandbox, as a browser sends it.
async fn examine(harness: &Harness, field: &str, text: &str) -> Reply {
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let request = Request::post("/bac-a-sable")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("{field}={encoded}")))
        .unwrap();
    Reply::read(harness.app.clone().oneshot(request).await.unwrap()).await
}

async fn sandbox() -> Harness {
    Harness::with(|config| config.sandbox = true).await
}

/// The verdict of each check, by its French name.
fn verdicts(html: &str) -> Vec<(String, String)> {
    let between = |text: &str, start: &str, end: &str| {
        text.split(start).nth(1).and_then(|rest| rest.split(end).next()).unwrap_or_default().to_owned()
    };
    html.split("<h3>")
        .skip(1)
        .map(|part| {
            let name = part.split('<').next().unwrap_or_default().to_owned();
            (name, between(part, "<p class=\"statut\">", "<"))
        })
        .collect()
}

#[tokio::test]
async fn a_production_server_has_no_sandbox_and_keeps_no_message() {
    let harness = Harness::new().await;
    harness.ask(&creation_of("u")).await;
    assert_eq!(harness.get("/bac-a-sable").await.status, StatusCode::NOT_FOUND);
    let message = harness.message(&pki().partner, &creation_of("u"));
    let reply = examine(&harness, "message", &message).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(!reply.text().contains("Suzanne"));
}

#[tokio::test]
async fn a_pasted_message_goes_through_every_check_and_uses_nothing_up() {
    let harness = sandbox().await;
    let good = harness.message(&pki().partner, &creation_of("u"));
    let reply = examine(&harness, "message", &good).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.text().contains("Ce message serait accepté"), "{}", reply.text());
    assert_eq!(verdicts(reply.text()).len(), 14);
    assert!(verdicts(reply.text()).iter().all(|(_, verdict)| verdict == "Tenu"));
    // nothing was used up: it is accepted now
    assert_eq!(harness.dossiers().await, 0);
    let answer = harness.post("/ws/creation", SOAP, good.clone()).await;
    assert_eq!(answer.status, StatusCode::OK);
    // and, pasted again, is one that was received
    let reply = examine(&harness, "message", &good.replace("Suzanne", "Simone")).await;
    let text = reply.text();
    assert!(text.contains("Ce message est refusé"), "{text}");
    let refused: Vec<_> = verdicts(text).into_iter().filter(|(_, verdict)| verdict == "Refusé").collect();
    assert_eq!(refused, [("Signature et condensats".to_owned(), "Refusé".to_owned())]);
    assert!(text.contains("href=\"/explications/VTPA-SEC-038\""), "{text}");
    // the canonical bytes that were digested, as text
    assert!(text.contains("&#60;CreerDossierPA") || text.contains("&lt;CreerDossierPA"), "{text}");
    assert!(text.contains("Simone"));
}

#[tokio::test]
async fn a_refused_message_is_found_by_the_reference_of_its_fault_with_the_application_s_last() {
    let harness = sandbox().await;
    harness.ask(&creation_of("u")).await;
    let again = harness.message(&pki().partner, &creation_of("v"));
    harness.post("/ws/creation", SOAP, again.clone()).await;
    let fault = harness.post("/ws/creation", SOAP, again).await.fault(harness.now());
    let reference = fault.reference.unwrap();
    let page = fault.page.unwrap();
    assert!(page.ends_with("/explications/VTPA-SEC-027"), "{page}");

    let reply = examine(&harness, "reference", &reference).await;
    let text = reply.text();
    let refused: Vec<_> = verdicts(text).into_iter().filter(|(_, verdict)| verdict == "Refusé").collect();
    assert_eq!(refused, [("Jamais reçu auparavant".to_owned(), "Refusé".to_owned())], "{text}");
    // the application's messages, each a link; the accepted ones as they were then
    let links: Vec<&str> = text
        .split("href=\"/bac-a-sable?reference=")
        .skip(1)
        .map(|link| link.split('"').next().unwrap())
        .collect();
    assert_eq!(links.len(), 3, "{text}");
    for link in &links {
        let shown = harness.get(&format!("/bac-a-sable?reference={link}")).await;
        let accepted = *link != reference;
        assert_eq!(shown.text().contains("Ce message serait accepté"), accepted, "{link}");
    }
    // another application's are not among them, and a reference that is none leads nowhere
    harness.register("autre", &pki().second, storage::Rights::ALL).await;
    harness.ask_as(&pki().second, &creation_of("w")).await;
    let shown = harness.get(&format!("/bac-a-sable?reference={reference}")).await.text().to_owned();
    assert_eq!(shown.matches("href=\"/bac-a-sable?reference=").count(), 3);
    let reply = examine(&harness, "reference", "0123456789abcdef").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(reply.text().contains("Aucun message de cette référence"), "{}", reply.text());
}

#[tokio::test]
async fn what_is_typed_is_shown_as_text() {
    let harness = sandbox().await;
    for (field, hostile) in [
        ("message", "<script>alert(1)</script>"),
        ("message", "</textarea><script>alert(1)</script>"),
        ("reference", "\"><script>alert(1)</script>"),
    ] {
        let reply = examine(&harness, field, hostile).await;
        assert!(!reply.text().contains("<script"), "{field}: {}", reply.text());
    }
    let long = "x".repeat(4 << 20);
    assert_eq!(examine(&harness, "message", &long).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let harness = sandbox().await;
    for (site, status) in [
        ("same-origin", StatusCode::OK),
        ("cross-site", StatusCode::FORBIDDEN),
        ("same-site", StatusCode::FORBIDDEN),
    ] {
        let request = Request::post("/bac-a-sable")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site)
            .body(Body::from("message=%3Ca%2F%3E"))
            .unwrap();
        let reply = Reply::read(harness.app.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(reply.status, status, "{site}");
        assert_eq!(verdicts(reply.text()).is_empty(), status != StatusCode::OK, "{site}");
    }
}

#[tokio::test]
async fn a_refused_check_says_in_french_what_was_expected_and_what_to_do() {
    let harness = sandbox().await;
    let changed = harness.message(&pki().partner, &creation_of("u")).replace("Suzanne", "Simone");
    let text = examine(&harness, "message", &changed).await.text().to_owned();
    assert!(text.contains("SignatureValue et chaque DigestValue justes"), "{text}");
    assert!(text.contains("Signez en dernier et envoyez exactement les octets signés."), "{text}");
    let page = harness.get("/explications/vtpa-sec-038").await;
    assert!(page.text().contains("une empreinte diffère : le message a changé après la signature"));
}

#[tokio::test]
async fn every_cause_of_refusal_has_a_page() {
    let harness = Harness::new().await;
    let list = harness.get("/explications").await.text().to_owned();
    for explanation in wss::explain::ALL {
        let address = format!("/explications/{}", explanation.id);
        assert!(list.contains(&format!("href=\"{address}\"")), "{address} is not listed");
        let page = harness.get(&address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}");
        assert!(page.text().contains(explanation.id));
        for (stack, _) in explanation.stacks {
            assert!(page.text().contains(&format!("<dt>{stack}</dt>")), "{address}: {stack}");
        }
    }
    assert_eq!(harness.get("/explications/VTPA-SEC-999").await.status, StatusCode::NOT_FOUND);
    assert!(list.len() < 60_000, "{} bytes", list.len());
}

#[tokio::test]
async fn the_journal_of_production_says_how_it_was_answered_and_nothing_of_the_person() {
    let harness = Harness::new().await;
    let message = harness.message(&pki().partner, &creation_of("u"));
    harness.post("/ws/creation", SOAP, message.clone()).await;
    let fault = harness.post("/ws/creation", SOAP, message).await.fault(harness.now());
    // written behind, and at the latest when the server ends
    let (stop, stopped) = tokio::sync::watch::channel(true);
    let (directory, now) = (harness.directory, harness.now.lock().unwrap().to_owned());
    harness.server.run(stopped).await;
    drop(stop);
    let url = format!("sqlite:{}", directory.path().join("vtpa.db").display());
    let store = storage::Store::open(&url).await.unwrap();
    let reference = fault.reference.unwrap();
    let found = store.read(|reader| Box::pin(async move { reader.journal_entree(&reference, now).await }));
    let refused = found.await.unwrap().unwrap();
    assert_eq!((refused.issue.as_str(), refused.rejoue), ("fault", true));
    assert_eq!(refused.explication.as_deref(), Some("VTPA-SEC-027"));
    assert!(refused.application.is_some() && refused.message.is_none() && refused.duree > 0);
    let own = refused.application.unwrap();
    let all = store.read(|reader| Box::pin(async move { reader.journal_application(own, now, 9).await }));
    let all = all.await.unwrap();
    let answered: Vec<_> =
        all.iter().filter(|entry| entry.issue == "999").map(|entry| entry.operation.as_deref()).collect();
    assert_eq!(answered, [Some("CreerDossierPA")]);
    store.close().await;
    let file = std::fs::read(directory.path().join("vtpa.db")).unwrap();
    let text = String::from_utf8_lossy(&file);
    assert!(!text.contains("Envelope"), "no message is kept");
}
