//! `overheard demo`: what does it look like when it works?
//!
//! The daemon as `run` starts it, on a small recorded web: only the addresses and the clock are others. The
//! clock starts at the moment of the recording, so that what was recorded is minutes old.

mod web;

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use clap::Args;

use super::{Exit, run};
use crate::clock::Clock;
use crate::config::{Config, Paths};
use crate::model::{Timestamp, words};
use crate::pipeline::supervise::Daemon;
use crate::telemetry;

/// 2026-03-02 09:30 UTC.
const RECORDED_AT: Timestamp = Timestamp(1_772_443_800_000);

/// Shows the product on a small recorded web, without internet.
#[derive(Debug, Args)]
pub struct Demo {
    /// Port of the page; a free one without it.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Runs the demo until Ctrl-C. Its data is gone afterwards.
pub fn run(args: &Demo) -> anyhow::Result<Exit> {
    telemetry::start_logs();
    telemetry::start_metrics();
    let home = tempfile::tempdir().context("cannot make a folder for the demo")?;
    run::run_to_end(async {
        let web = web::start().await.context("cannot start the recorded web")?;
        let paths = write_config(home.path(), web.port(), args.port)?;
        let (config, _) = Config::load(&paths).map_err(|faults| {
            anyhow::anyhow!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        })?;
        run::listen(config, paths, Clock::starting_at(RECORDED_AT), welcome).await
    })?;
    Ok(Exit::Done)
}

fn write_config(home: &Path, web: u16, page: u16) -> anyhow::Result<Paths> {
    let config = home.join("config");
    std::fs::create_dir(&config)?;
    let daemon = include_str!("daemon.toml").replace("127.0.0.1:0", &format!("127.0.0.1:{page}"));
    std::fs::write(config.join("daemon.toml"), daemon)?;
    std::fs::write(config.join("watches.toml"), include_str!("watches.toml"))?;
    std::fs::write(config.join("routes.toml"), include_str!("routes.toml"))?;
    let sources = home.join("sources.toml");
    std::fs::write(&sources, include_str!("sources.toml").replace("PORT", &web.to_string()))?;
    Ok(Paths { config, sources, data: Some(home.join("data")) })
}

fn welcome(daemon: &Daemon, out: &mut dyn Write) -> std::io::Result<()> {
    let config = daemon.config();
    let data = config.daemon.data_dir.display().to_string();
    writeln!(
        out,
        "A made-up morning at Acme Cloud: {}, {}. Alerts are printed below.",
        words::count(config.sources.len() as u64, "source"),
        words::plural(config.watches.specs().len() as u64, "watch", "watches")
    )?;
    writeln!(out, "  page    http://{}", daemon.address)?;
    writeln!(out, "  search  overheard search --data {data} 'acme AND (down OR outage) age<7d'")?;
    writeln!(
        out,
        "  next    `overheard init` writes watches for your own brand; Ctrl-C stops and removes the demo's data"
    )?;
    out.flush()
}
