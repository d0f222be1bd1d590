//! How does the daemon tell its operator what it does?
//!
//! Logs: one line per event in the life of the daemon, a source or a receiver, never one per post; for
//! people on a terminal, JSON elsewhere. Metrics: counters and gauges named `overheard_…`, labelled by the
//! names of sources and receivers from the configuration, never by an address.

use std::io::IsTerminal;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

mod names;

pub use names::*;

/// What is logged unless `RUST_LOG` says otherwise. What libraries say about the content of pages is none of the
/// operator's business, and a hostile page could make them say it without end.
const DEFAULT_FILTER: &str = "error,overheard=info,html5ever=off,selectors=off";

/// Up to how many seconds the buckets of histograms reach.
const SECONDS: [f64; 15] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts logging to standard error: human on a terminal, JSON lines elsewhere. Later calls change nothing.
pub fn start_logs() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that a test started logging before; its choice stands.
    let _ = if std::io::stderr().is_terminal() {
        logs.with_target(false).try_init()
    } else {
        logs.json().flatten_event(true).try_init()
    };
}

/// Starts collecting metrics in this process. Later calls change nothing.
pub fn start_metrics() {
    METRICS.get_or_init(|| {
        // Buckets count in constant memory; without them every value would be kept until somebody asks.
        let handle = PrometheusBuilder::new().set_buckets(&SECONDS).ok()?.install_recorder().ok()?;
        names::describe();
        Some(handle)
    });
}

/// All metrics in Prometheus' text format; empty when collecting was never started.
pub fn render_metrics() -> String {
    let Some(handle) = METRICS.get().and_then(Option::as_ref) else { return String::new() };
    handle.run_upkeep();
    handle.render()
}
