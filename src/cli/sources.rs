//! `overheard sources`: how does each source do, and how do sources come and go?

mod add;
mod export;
mod import;

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::daemon::Client;
use super::table::table;
use super::{Context, Exit};
use crate::config::Config;
use crate::config::append::{Growing, Wishes};
use crate::model::{Duration, Fault, Severity, SourceHealth, Timestamp};
use crate::web::api::issues::IssueList;
use crate::web::api::seek::MOST;
use crate::web::api::sources::SourceList;

/// Longest answer to a question, in bytes.
const MAX_ANSWER: u64 = 1_024;

/// Shows the health of every source of the running daemon, and which of them have gone deaf.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SourcesArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<SourcesCommand>,
}

#[derive(Debug, Subcommand)]
enum SourcesCommand {
    /// Find out how to listen to an address, and add it to sources.toml.
    Add(add::Add),
    /// Add the feeds of an OPML file, or of a list of addresses, to sources.toml.
    Import(import::Import),
    /// Write all sources as OPML, for other readers and for `sources import`.
    Export(export::Export),
}

/// What can be said of sources that are added.
#[derive(Debug, Args)]
struct AddedArgs {
    /// How often they are asked at most: 10s to 7d.
    #[arg(long, value_name = "TIME")]
    every: Option<Duration>,
    /// A tag for every post of them; may be given several times.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only say what would be added.
    #[arg(long)]
    dry_run: bool,
    /// Add without asking.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

impl AddedArgs {
    fn wishes(&self) -> Wishes {
        Wishes { name: None, every: self.every, tags: self.tags.clone() }
    }
}

/// Runs the command.
pub fn run(args: &SourcesArgs, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    match &args.command {
        None => list(args, context, out),
        Some(SourcesCommand::Add(args)) => add::run(args, context, out),
        Some(SourcesCommand::Import(args)) => import::run(args, context, out),
        Some(SourcesCommand::Export(args)) => export::run(args, context, out),
    }
}

/// The `sources.toml` that is to grow; its faults must be gone first.
fn growing(context: &Context) -> anyhow::Result<(Growing, Config)> {
    Growing::open(&context.paths).map_err(|faults| {
        anyhow::anyhow!(
            "nothing can be added while the configuration has faults:\n  {}\n`overheard check` shows them in place",
            errors(&faults).join("\n  ")
        )
    })
}

fn errors(faults: &[Fault]) -> Vec<String> {
    faults.iter().filter(|fault| fault.severity == Severity::Error).map(ToString::to_string).collect()
}

/// Asks before the file is written, unless that was answered already. Says what to do where nobody can be asked.
fn agreed(args: &AddedArgs, context: &Context, out: &mut dyn Write) -> anyhow::Result<bool> {
    let file = context.paths.sources.display();
    if args.yes {
        return Ok(true);
    }
    if args.dry_run {
        writeln!(out, "Nothing was written (--dry-run).")?;
        return Ok(false);
    }
    if !std::io::stdin().is_terminal() {
        writeln!(out, "Nothing was written. Run it again with --yes to add this to {file}.")?;
        return Ok(false);
    }
    write!(out, "Add this to {file}? [y/N] ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::Read::take(std::io::stdin().lock(), MAX_ANSWER).read_line(&mut line).context("cannot read the answer")?;
    let yes = matches!(line.trim().to_lowercase().as_str(), "y" | "yes");
    if !yes {
        writeln!(out, "Nothing was written.")?;
    }
    Ok(yes)
}

/// Writes the file that grew and says what happens now.
fn write(growing: &Growing, context: &Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let file = context.paths.sources.display();
    growing.write().with_context(|| format!("cannot write {file}"))?;
    match context.daemon() {
        Some(_) => writeln!(out, "Written to {file}. The running daemon takes it in by itself.")?,
        None => writeln!(out, "Written to {file}. `overheard run` listens to it.")?,
    }
    Ok(())
}

/// Health is known only to a running daemon.
fn list(args: &SourcesArgs, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let Some(daemon) = context.daemon() else {
        anyhow::bail!("no daemon runs on {}; start it with `overheard run`", context.data_dir().display());
    };
    let list = all_sources(&daemon)?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &list)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    let issues: IssueList = daemon.get("/api/v1/issues", &[])?;
    let mut table = table([
        "Source",
        "Kind",
        "State",
        "Since",
        "Last answer",
        "Heard (7 days)",
        "Posts",
        "Mentions",
        "Suppressed",
        "What is wrong",
    ]);
    for source in &list.sources {
        table.add_row(row(source, list.as_of));
    }
    writeln!(out, "{table}")?;
    for listed in issues.issues.iter().filter(|listed| listed.issue.closed.is_none()) {
        writeln!(out, "\n{} (open for {})", listed.title, list.as_of.since(listed.issue.opened))?;
        listed.issue.text().lines().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    Ok(Exit::Done)
}

/// Every page of the list as one.
fn all_sources(daemon: &Client) -> anyhow::Result<SourceList> {
    let ask = |after: Option<&String>| {
        let limit = ("limit", MOST.to_string());
        let after = after.map(|after| ("after", after.clone()));
        daemon.get::<SourceList>("/api/v1/sources", &std::iter::once(limit).chain(after).collect::<Vec<_>>())
    };
    let mut list = ask(None)?;
    while let Some(after) = list.next.take() {
        let more = ask(Some(&after))?;
        list.sources.extend(more.sources);
        list.next = more.next;
    }
    Ok(list)
}

fn row(source: &SourceHealth, now: Timestamp) -> [String; 10] {
    let ago =
        |moment: Option<Timestamp>| moment.map_or("never".to_owned(), |moment| format!("{} ago", now.since(moment)));
    [
        source.name.clone(),
        source.kind.clone(),
        source.health.name().to_owned(),
        ago(source.since),
        ago(source.last_answered),
        source.coverage_week.map_or(String::new(), |part| format!("{:.0} %", (part * 100.0).floor())),
        source.counts.total().to_string(),
        source.counts.mention.to_string(),
        source.counts.suppressed.to_string(),
        source.last_error.clone().or(source.degraded.clone()).unwrap_or_default(),
    ]
}
