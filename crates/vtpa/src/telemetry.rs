//! Traces for an OpenTelemetry collector (`[telemetry]`): OTLP over HTTP, in protobuf. What leaves is the spans of requests and
//! of their steps, with the attributes listed here and no others; log lines stay in the log.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_otlp::{Protocol, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use server::config::Telemetry;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// How long the last spans may take to be sent when the server ends.
const LAST: Duration = Duration::from_secs(5);

/// The attributes of spans that leave: as the server calls them, as OpenTelemetry's conventions do.
const ATTRIBUTES: [(&str, &str); 8] = [
    ("method", "http.request.method"),
    ("route", "http.route"),
    ("status", "http.response.status_code"),
    ("id", "vtpa.reference"),
    ("application", "vtpa.application"),
    ("operation", "vtpa.operation"),
    ("code", "vtpa.code"),
    ("name", "vtpa.transaction"),
];

/// The traces being sent; none where no collector is configured.
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Sends what is left.
    pub(crate) async fn end(self) {
        let Some(provider) = self.0 else { return };
        // it waits without letting others run
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The layer that takes spans to the collector.
pub(crate) fn begin<S>(telemetry: &Telemetry) -> anyhow::Result<(Option<impl Layer<S> + use<S>>, Traces)>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(collector) = &telemetry.otlp else { return Ok((None, Traces(None))) };
    // the client takes whichever provider the process has; another one being there already serves as well
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
        .with_timeout(LAST)
        .build()
        .map_err(|error| anyhow::anyhow!("configuration: telemetry.otlp: {error}"))?;
    let resource = Resource::builder()
        .with_service_name(telemetry.service.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            f64::from(telemetry.percent) / 100.0,
        ))))
        .with_batch_exporter(Conventional { exporter, failing: AtomicBool::new(false) })
        .build();
    let scope = InstrumentationScope::builder("vtpa").with_version(env!("CARGO_PKG_VERSION")).build();
    let layer = tracing_opentelemetry::layer::<S>()
        .with_tracer(provider.tracer_with_scope(scope))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(dynamic_filter_fn(|metadata, context| {
            // a step that belongs to no request, as the nightly transactions do, is no trace
            let within = || !server::is_step(metadata.target()) || context.lookup_current().is_some();
            metadata.is_span() && server::is_traced(metadata.target()) && within()
        }));
    Ok((Some(layer), Traces(Some(provider))))
}

/// Names what is sent as OpenTelemetry's conventions do, and says in the log when the collector cannot be reached.
#[derive(Debug)]
struct Conventional {
    exporter: opentelemetry_otlp::SpanExporter,
    /// Said once, and once when it is over.
    failing: AtomicBool,
}

impl SpanExporter for Conventional {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch.into_iter().map(conventional).collect()).await;
        let was_failing = self.failing.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(error) if !was_failing => tracing::warn!(%error, "traces do not reach the collector"),
            Ok(()) if was_failing => tracing::info!("traces reach the collector again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

fn conventional(mut span: SpanData) -> SpanData {
    let value = |name: &str| {
        span.attributes
            .iter()
            .find(|attribute| attribute.key.as_str() == name)
            .map(|attribute| &attribute.value)
    };
    if span.name == "request" {
        span.span_kind = SpanKind::Server;
        if let (Some(method), Some(route)) = (value("method"), value("route")) {
            span.name = Cow::Owned(format!("{method} {route}"));
        }
        if matches!(value("status"), Some(Value::I64(500..))) {
            span.status = Status::error("");
        }
    }
    span.attributes.retain_mut(|attribute| {
        let known = ATTRIBUTES.iter().find(|(ours, _)| attribute.key.as_str() == *ours);
        if let Some((_, theirs)) = known {
            attribute.key = (*theirs).into();
        }
        known.is_some()
    });
    span.events.events.clear();
    span
}
