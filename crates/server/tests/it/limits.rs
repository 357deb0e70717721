//! What an application may ask for: over it a signed fault says so and when to come again, and nothing is used up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use server::config::{OwnQuota, Quota};
use storage::Rights;
use testkit::pki::pki;
use testkit::postgres::Place;
use tower::ServiceExt as _;

use crate::codes::creation_of;
use crate::faults::SOAP;
use crate::{Harness, Reply};

impl Harness {
    /// Posts a creation; gives the answer, and what Retry-After says.
    async fn posted(&self, message: &str) -> (Reply, Option<String>) {
        let request = Request::post("/ws/creation").header("content-type", SOAP);
        let request = request.body(Body::from(message.to_owned())).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let later = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (Reply::read(response).await, later)
    }
}

#[tokio::test]
async fn over_its_rate_an_application_is_told_when_to_come_again_and_may_send_the_same_message() {
    let harness = Harness::with(|config| {
        config.limits.application = Quota { rate: 1, burst: 2, concurrency: 0 };
        config.limits.applications =
            BTreeMap::from([("libre".to_owned(), OwnQuota { rate: Some(0), ..OwnQuota::default() })]);
    })
    .await;
    harness.register("libre", &pki().second, Rights::ALL).await;
    let message = |local: &str| harness.message(&pki().partner, &creation_of(local));
    // two at once, and as many more as this machine takes seconds
    let mut admitted: i64 = 0;
    let (third, (refused, later)) = loop {
        let local = format!("usager-{admitted}");
        let message = message(&local);
        let answered = harness.posted(&message).await;
        if answered.0.status != StatusCode::OK {
            break (message, answered);
        }
        admitted += 1;
        assert!(admitted < 60, "nothing is refused");
    };
    assert!(admitted >= 2, "{admitted}");
    assert_eq!((refused.status, later.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("1")));
    let fault = refused.fault(harness.now());
    assert_eq!((fault.code.as_str(), fault.subcode), ("Receiver", None));
    let reasons: Vec<_> = fault.reasons.iter().map(|(_, text)| text.as_str()).collect();
    assert!(
        reasons[0].contains("Trop d'appels") && reasons[1].contains("may be sent again in 1 s"),
        "{reasons:?}"
    );
    assert_eq!(harness.dossiers().await, admitted, "nothing was done");

    // another application is not held back
    for local in ["d", "e", "f", "g"] {
        let message = harness.message(&pki().second, &creation_of(local));
        assert_eq!(harness.posted(&message).await.0.status, StatusCode::OK);
    }
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(harness.posted(&third).await.0.status, StatusCode::OK, "it was not used up");
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(harness.posted(&third).await.0.status, StatusCode::INTERNAL_SERVER_ERROR, "now it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_its_concurrency_an_application_waits_for_its_own_answers() {
    let harness = Harness::with(|config| {
        config.limits.application = Quota { rate: 0, burst: 0, concurrency: 1 };
    })
    .await;
    // the database is held, so that the first answer is not there yet while the second request comes
    let store = harness.server.store().clone();
    let (held, is_held) = tokio::sync::oneshot::channel();
    let (free, to_be_freed) = tokio::sync::oneshot::channel::<()>();
    let (held, to_be_freed) = (std::sync::Mutex::new(Some(held)), tokio::sync::Mutex::new(Some(to_be_freed)));
    let holding = tokio::spawn(async move {
        store
            .run("hold", |_| {
                let (held, to_be_freed) = (&held, &to_be_freed);
                Box::pin(async move {
                    held.lock().unwrap().take().unwrap().send(()).unwrap();
                    let _ = to_be_freed.lock().await.take().unwrap().await;
                    Ok(())
                })
            })
            .await
    });
    is_held.await.unwrap();
    let first = harness.message(&pki().partner, &creation_of("a"));
    let second = harness.message(&pki().partner, &creation_of("b"));
    let (first, second) = tokio::join!(harness.posted(&first), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let refused = harness.posted(&second).await;
        free.send(()).unwrap();
        refused
    });
    holding.await.unwrap().unwrap();
    assert_eq!(first.0.status, StatusCode::OK);
    assert_eq!((second.0.status, second.1.as_deref()), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    assert!(second.0.fault(harness.now()).reasons[0].1.contains("simultanés"));
    let third = harness.message(&pki().partner, &creation_of("c"));
    assert_eq!(harness.posted(&third).await.0.status, StatusCode::OK, "the place is free again");
}

/// Both instances are asked as fast as they answer, for some seconds: together they admit what one may, and what each could
/// admit before it heard of the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_rate_holds_over_two_instances() {
    const RATE: u32 = 20;
    const SECONDS: u32 = 8;
    let place = Place::new();
    let configure = |config: &mut server::Config| {
        config.database.url = place.url();
        config.limits.application = Quota { rate: RATE, burst: RATE, concurrency: 0 };
    };
    let first = Harness::with(configure).await;
    let second = Harness::start(configure).await;
    let mut sent = Vec::new();
    let mut stops = Vec::new();
    let mut runs = Vec::new();
    for Harness { app, server, now, rng, directory } in [first, second] {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let harness = HarnessParts { app, now, rng, directory };
        runs.push(server.run(stopped));
        stops.push(stop);
        sent.push(async move {
            let (begun, mut admitted) = (Instant::now(), 0_u32);
            while begun.elapsed() < Duration::from_secs(SECONDS.into()) {
                let message = harness.message();
                let request = Request::post("/ws/creation").header("content-type", SOAP);
                let response =
                    harness.app.clone().oneshot(request.body(Body::from(message)).unwrap()).await.unwrap();
                admitted += u32::from(response.status() == StatusCode::OK);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            admitted
        });
    }
    let asking = async {
        let admitted = futures::future::join_all(sent).await;
        stops.iter().for_each(|stop| stop.send(true).unwrap());
        admitted
    };
    let (admitted, _) = tokio::join!(asking, futures::future::join_all(runs));
    let all: u32 = admitted.iter().sum();
    println!("{admitted:?} admitted in {SECONDS} s at a rate of {RATE} and a burst of {RATE}");
    // without the exchange it would be twice RATE × SECONDS, and more than what is allowed here
    let most = RATE * SECONDS + 2 * RATE + 2 * RATE;
    assert!(all <= most, "{all} > {most}");
    assert!(all >= RATE * SECONDS / 2, "{all}: what is allowed is given");
}

/// A harness whose server runs.
struct HarnessParts {
    app: axum::Router,
    now: std::sync::Arc<std::sync::Mutex<jiff::Timestamp>>,
    rng: std::sync::Mutex<rand::rngs::StdRng>,
    #[expect(dead_code, reason = "kept until the end")]
    directory: tempfile::TempDir,
}

impl HarnessParts {
    fn message(&self) -> String {
        use std::sync::OnceLock;
        static PARTNER: OnceLock<wss::Identity> = OnceLock::new();
        let identity = PARTNER.get_or_init(|| {
            let certificate = xmlsec::Certificate::parse(&pki().partner.certificate_der).unwrap();
            let key = xmlsec::SigningKey::from_pem(pki().partner.key_pem.as_bytes()).unwrap();
            wss::Identity::new(key, certificate).unwrap()
        });
        let now = *self.now.lock().unwrap();
        let creation = creation_of("u");
        let sealed =
            wss::seal(identity, &wss::Sealing::default(), now, &mut *self.rng.lock().unwrap(), |w| {
                crate::harness::copy(
                    xmlsec::Document::parse(creation.as_bytes(), &xmlsec::Limits::default()).unwrap().root(),
                    w,
                );
            });
        String::from_utf8(sealed.unwrap()).unwrap()
    }
}
