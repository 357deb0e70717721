//! OpenTelemetry traces: what a collector receives of known requests.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use testkit::pki::pki;

use crate::house::House;

/// What a collector received: names of services, spans, the bytes as they came.
#[derive(Default)]
struct Received {
    services: Vec<String>,
    spans: Vec<Span>,
    bytes: Vec<u8>,
}

type Shared = Arc<Mutex<Received>>;

async fn receive(State(received): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(body.clone()).unwrap();
    let mut received = received.lock().unwrap();
    received.bytes.extend(&body);
    for of in request.resource_spans {
        let resource = of.resource.unwrap_or_default();
        received.services.extend(resource.attributes.iter().filter(|a| a.key == "service.name").filter_map(
            |attribute| match attribute.value.as_ref()?.value.as_ref()? {
                Value::StringValue(name) => Some(name.clone()),
                _ => None,
            },
        ));
        received.spans.extend(of.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
    StatusCode::OK
}

/// A collector that listens on a port of its own until the test's process ends.
fn collector() -> (String, Shared) {
    let received = Shared::default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/v1/traces", post(receive)).with_state(Arc::clone(&received));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap();
        });
    });
    (url, received)
}

fn text(span: &Span, key: &str) -> String {
    let value =
        span.attributes.iter().find(|attribute| attribute.key == key).and_then(|a| a.value.clone()?.value);
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn configured(house: &House, telemetry: &str) {
    let text = std::fs::read_to_string(house.path().join("vtpa.toml")).unwrap();
    house.write("vtpa.toml", format!("{text}[telemetry]\n{telemetry}"));
}

#[test]
fn a_collector_receives_each_request_with_its_steps_and_nothing_personal() {
    let (url, received) = collector();
    let house = House::new();
    configured(&house, &format!("otlp = \"{url}\"\nservice = \"pa-essai\"\n"));
    let mut server = house.serve_logged();
    let dossier = server.create("usager-42");
    server.call(&pki().unregistered, &["consulter", &format!("{dossier}:usager-42")]).status(3);
    assert_eq!(server.end_by("TERM"), Some(0), "what is left is sent before the end");

    let received = received.lock().unwrap();
    assert!(!received.services.is_empty() && received.services.iter().all(|name| name == "pa-essai"));
    let named = |name: &str| {
        received.spans.iter().find(|span| span.name == name).unwrap_or_else(|| {
            panic!("no span {name}: {:?}", received.spans.iter().map(|span| &span.name).collect::<Vec<_>>())
        })
    };
    let request = named("POST /ws/creation");
    let server_kind = opentelemetry_proto::tonic::trace::v1::span::SpanKind::Server;
    assert_eq!(request.kind, server_kind as i32);
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/ws/creation"),
        ("http.response.status_code", "200"),
        ("vtpa.application", "portail"),
        ("vtpa.operation", "CreerDossierPA"),
        ("vtpa.code", "999"),
    ] {
        assert_eq!(text(request, key), value, "{key}");
    }
    // the reference that the log has
    let log = house.log_with("answered");
    assert!(log.contains(&text(request, "vtpa.reference")), "{log}");
    for step in ["verify", "accept", "operation", "seal", "transaction"] {
        let within = received.spans.iter().filter(|span| span.name == step);
        assert!(within.clone().any(|span| span.trace_id == request.trace_id), "no {step} in that trace");
        assert!(within.clone().all(|span| !span.parent_span_id.is_empty()), "{step}");
    }
    assert_eq!(text(named("POST /ws/consultation"), "vtpa.code"), "100");
    let sent = String::from_utf8_lossy(&received.bytes);
    for personal in [dossier.as_str(), "usager-42", "Chastaing", "Marguerite"] {
        assert!(!sent.contains(personal), "{personal} left with the traces");
    }
}

#[test]
fn a_collector_that_is_away_stops_nothing_and_is_told_once() {
    let house = House::new();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    configured(&house, &format!("otlp = \"http://{nobody}\"\n"));
    let mut server = house.serve_logged();
    server.create("a");
    server.create("b");
    let begun = Instant::now();
    assert_eq!(server.end_by("TERM"), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(30));
    let log = house.log_with("traces do not reach the collector");
    assert_eq!(log.matches("do not reach").count(), 1, "{log}");
}
