//! Logs to standard error: one line for each thing that happened, for people or for programs (`[log]`).

use std::io::IsTerminal as _;

use crate::telemetry::{self, Traces};
use server::config::{Log, LogFormat, Telemetry};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt, reload};

/// Changes the level of a log that is being written.
pub(crate) struct Level(Option<reload::Handle<EnvFilter, Registry>>);

impl Level {
    /// Takes another level; none where RUST_LOG rules.
    pub(crate) fn change(&self, level: &str) -> anyhow::Result<()> {
        if let Some(handle) = &self.0 {
            handle.reload(directives(level)?)?;
        }
        Ok(())
    }
}

/// Begins to log and to trace. RUST_LOG, where it is set, is the level for good.
pub(crate) fn begin(log: &Log, telemetry: &Telemetry) -> anyhow::Result<(Level, Traces)> {
    let (filter, fixed) = match std::env::var("RUST_LOG") {
        Ok(given) if !given.is_empty() => (EnvFilter::new(given), true),
        _ => (directives(&log.level)?, false),
    };
    let (filter, handle) = reload::Layer::new(filter);
    let written = match log.format {
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal();
            fmt::layer().with_ansi(colours).with_writer(std::io::stderr).boxed()
        }
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(std::io::stderr)
            .boxed(),
    };
    // a line belongs to its request, not to a step of it
    let filter = filter.and(filter_fn(|metadata| !server::is_step(metadata.target())));
    let (spans, traces) = telemetry::begin(telemetry)?;
    tracing_subscriber::registry().with(written.with_filter(filter)).with(spans).init();
    Ok((Level((!fixed).then_some(handle)), traces))
}

/// Whether `[log]` can be taken.
pub(crate) fn check(log: &Log) -> anyhow::Result<()> {
    directives(&log.level).map(drop)
}

fn directives(level: &str) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(level).map_err(|error| anyhow::anyhow!("configuration: log.level: {error}"))
}
