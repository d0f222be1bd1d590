//! `overheard sources`: how does each source do?

use std::io::Write;

use clap::Args;

use super::table::table;
use super::{Context, Exit};
use crate::model::{SourceHealth, Timestamp};
use crate::web::api::issues::IssueList;
use crate::web::api::sources::SourceList;

/// Shows the health of every source of the running daemon, and which of them have gone deaf.
#[derive(Debug, Args)]
pub struct SourcesArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Health is known only to a running daemon.
pub fn run(args: &SourcesArgs, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let Some(daemon) = context.daemon() else {
        anyhow::bail!("no daemon runs on {}; start it with `overheard run`", context.data_dir().display());
    };
    let list: SourceList = daemon.get("/api/v1/sources", &[])?;
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
