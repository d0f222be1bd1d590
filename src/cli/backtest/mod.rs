//! `overheard backtest WATCH`: what would a watch have found and told, and what does a change of it make?

mod meter;
mod show;

use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Args;

use super::{Context, Exit, Format};
use crate::config::Config;
use crate::pipeline::backtest::{self, BacktestError, DEFAULT_SAMPLES, DEFAULT_SINCE, Question, Report};
use crate::web::api::backtest::{Line, MAX_BODY};

use meter::Meter;

/// Tries a watch on the archive: what it would have found and told, by day, source and receiver.
///
/// Every archived post that the watch finds passes once more, in the order of its arrival, through all current watches,
/// exclusions, scores, routes and daily caps, with one alert for each story and receiver. Nothing is sent or kept.
///
/// Not simulated: the silence of a source's first poll; words that a post had before its last edit (it counts when that was
/// read); alerts that posts of other watches alone raised meanwhile, within a story or under a daily cap. Engagement is compared with what is
/// usual at the source today. Stories that were merged later count as one from the beginning.
///
/// With --file, the same watch in another watches.toml is tried beside it, with that file's lists, exclusions and other
/// watches, and the mentions that the change adds and removes are shown, each with its reason.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Backtest {
    /// Name of a watch. Without it, the watches are listed.
    watch: Option<String>,
    /// A changed watches.toml to compare with; `-` reads standard input.
    #[arg(long, value_name = "NEW")]
    file: Option<PathBuf>,
    /// How far back to look: 30d, 12h, or a day like 2026-01-31.
    #[arg(long, default_value = DEFAULT_SINCE)]
    since: String,
    /// How many posts to show, up to 100, each of another story.
    #[arg(long, default_value_t = DEFAULT_SAMPLES)]
    samples: usize,
    #[command(flatten)]
    format: Format,
}

/// Runs the command: 0 when the watch finds something, 1 when it finds nothing, 2 when it cannot be tried.
pub fn run(args: &Backtest, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let (current, _) = context.load()?;
    let Some(watch) = &args.watch else { bail!("{}", which(&current)) };
    let file_text = args.file.as_deref().map(read_file).transpose()?;
    let question = Question {
        watch: watch.clone(),
        file_name: args.file.as_ref().map(|file| file_name(file)),
        file_text,
        since: args.since.clone(),
        samples: args.samples,
    };
    let changed = match &question.file_text {
        Some(text) => Some(check(&question, text, context, out)?),
        None => None,
    };
    let report = match context.daemon() {
        Some(daemon) => ask(&daemon, &question, context)?,
        None => look(&question, (&current, changed.as_ref()), context)?,
    };
    if args.format.json {
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
    } else if args.format.csv {
        show::csv(&report, out)?;
    } else {
        show::text(&report, out)?;
    }
    Ok(if report.found_something() { Exit::Done } else { Exit::Nothing })
}

/// Which watches could be tried.
fn which(config: &Config) -> String {
    let names: Vec<&str> = config.watches.specs().iter().map(|spec| spec.name.as_str()).collect();
    match names.is_empty() {
        true => "watches.toml has no watch to try".to_owned(),
        false => format!("which watch? `overheard backtest WATCH`; there are: {}", names.join(", ")),
    }
}

fn file_name(file: &Path) -> String {
    if is_stdin(file) { "<standard input>".to_owned() } else { file.display().to_string() }
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// The text of the changed file, no longer than the daemon takes.
fn read_file(file: &Path) -> anyhow::Result<String> {
    let source: Box<dyn Read> = match is_stdin(file) {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?),
    };
    let mut text = String::new();
    let read = source.take(MAX_BODY as u64).read_to_string(&mut text);
    let length = read.with_context(|| format!("cannot read {}", file_name(file)))?;
    ensure!(length < MAX_BODY, "{} is larger than {} MiB", file_name(file), MAX_BODY >> 20);
    Ok(text)
}

/// The configuration with the changed file; its faults are printed as `check` prints them.
fn check(question: &Question, text: &str, context: &Context, out: &mut dyn Write) -> anyhow::Result<Config> {
    let name = question.file_name.as_deref().unwrap_or_default();
    let checked = Config::check_changed(&context.paths, &|name| std::env::var(name).ok(), name, text);
    if checked.config.is_none() {
        super::check::print(&checked, false, false, out)?;
    }
    let config = checked.config.ok_or_else(|| anyhow!("{name} cannot be tried as it is"))?;
    Ok(backtest::with_watches(config, name)?)
}

/// A daemon runs: it looks, and tells how far it is.
fn ask(daemon: &super::daemon::Client, question: &Question, context: &Context) -> anyhow::Result<Report> {
    let mut meter = Meter::new(&context.clock);
    let mut report = None;
    let asked = daemon.post_for_lines("/api/v1/backtest", question, &mut |line| {
        match serde_json::from_slice(line).context("the daemon answered something else than expected")? {
            Line::Progress(progress) => meter.show(progress),
            Line::Report(found) => report = Some(*found),
            Line::Error(_) => {
                return Err(super::daemon::refusal(line).unwrap_or_else(|| anyhow!("the daemon could not do it")));
            }
        }
        Ok(())
    });
    meter.clear();
    asked?;
    report.context("the daemon broke off")
}

/// No daemon runs: this process takes the lock and looks itself.
fn look(question: &Question, configs: (&Config, Option<&Config>), context: &Context) -> anyhow::Result<Report> {
    let data = context.open_data()?;
    let interrupted = interrupted()?;
    let mut meter = Meter::new(&context.clock);
    let report = backtest::run(question, configs, &data.archive, context.clock.now(), &mut |progress| {
        meter.show(progress);
        if interrupted.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    meter.clear();
    // Also when it was broken off: the next opening need not check every file.
    data.close()?;
    report.map_err(|why: BacktestError| why.into())
}

/// Set by Ctrl-C, so that the data is closed in order; a second one ends the process at once.
fn interrupted() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn({
        let interrupted = interrupted.clone();
        move || {
            runtime.block_on(async {
                // Where the signal cannot be had, it ends the process as it always does.
                while tokio::signal::ctrl_c().await.is_ok() {
                    if interrupted.swap(true, Ordering::Relaxed) {
                        std::process::exit(2);
                    }
                }
            });
        }
    });
    Ok(interrupted)
}
