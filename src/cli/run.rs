//! `overheard run`: listen, until told to stop.

use std::io::Write;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::{Context, Exit};
use crate::clock::Clock;
use crate::config::{Config, Paths};
use crate::model::words;
use crate::pipeline::supervise::Daemon;
use crate::{telemetry, web};

/// How long threads that wait for something outside may hold up the end of the process.
const LEAVE_BEHIND: std::time::Duration = std::time::Duration::from_secs(1);

/// Starts the daemon and stays until SIGINT or SIGTERM; SIGHUP reloads.
pub fn run(context: &Context) -> anyhow::Result<Exit> {
    telemetry::start_logs();
    telemetry::start_metrics();
    let (config, warnings) = context.load()?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    run_to_end(listen(config, context.paths.clone(), context.clock.clone(), welcome))?;
    Ok(Exit::Done)
}

/// Runs a daemon on a runtime of its own; what still hangs when it has stopped is left behind.
pub fn run_to_end(daemon: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let ended = runtime.block_on(daemon);
    runtime.shutdown_timeout(LEAVE_BEHIND);
    ended
}

/// The runtime that daemon and demo run on.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}

/// Runs a daemon until a signal says stop; `started` is told when it answers.
pub async fn listen(
    config: Config,
    paths: Paths,
    clock: Clock,
    started: impl FnOnce(&Daemon, &mut dyn Write) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let output = Arc::new(Mutex::new(std::io::stdout()));
    let daemon = Daemon::start(config, paths, clock, output, web::serve).await?;
    // Nobody reading the welcome is no reason not to listen.
    let _ = started(&daemon, &mut std::io::stdout());
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            // What came of it is in log, metric and page.
            _ = hangup.recv() => drop(daemon.reload().await),
        }
    }
    tracing::info!("stopping");
    daemon.stop().await;
    Ok(())
}

fn welcome(daemon: &Daemon, out: &mut dyn Write) -> std::io::Result<()> {
    let config = daemon.config();
    writeln!(
        out,
        "Overheard listens to {} for {} and tells {}.",
        words::count(config.sources.len() as u64, "source"),
        words::plural(config.watches.specs().len() as u64, "watch", "watches"),
        words::count(config.receivers.len() as u64, "receiver")
    )?;
    writeln!(out, "  page    http://{}", daemon.address)?;
    writeln!(out, "  data    {}", config.daemon.data_dir.display())?;
    writeln!(out, "  next    open the page; `overheard init` writes watches for your own brand; Ctrl-C stops")?;
    out.flush()
}
