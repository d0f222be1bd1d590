//! `overheard evaluate …`: how right and how fast is a part, on data that was judged by others?

mod learning;
mod texts;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::table::{plain, table};
use super::{Exit, query_error};
use crate::pipeline::evaluate::{self, DedupReport, EvaluateError, MatchReport, Pair};

/// Most pairs printed of each sort; all are counted.
const MAX_PRINTED: usize = 20;

/// Measures a part of the daemon on data with known answers.
#[derive(Debug, Args)]
pub struct Evaluate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Compare the posts that rules match with the pairs of a reference; 1 when any pair differs.
    Matches(Matches),
    /// Feed corrections one by one and measure how the texts held back are read.
    Learning(learning::Learning),
    /// Compare the sentiment of texts with what people said of them.
    Sentiment(texts::Texts),
    /// Compare how likely texts are problems with what people said of them.
    Problems(texts::Texts),
    /// Compare the stories into which posts are grouped with true groups.
    Dedup(Dedup),
}

/// The file and how to print.
#[derive(Debug, Args)]
struct Dedup {
    /// JSON lines in order of arrival: id, text, title (may be missing), site (may be missing), story (the true group).
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Make edited copies of the posts of the file, the same ones for the same seed, and measure whether they find together.
    #[arg(long, value_name = "SEED")]
    inject: Option<u64>,
    /// Most edits of one copy: noise, cut, quotation, foreign tail.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "inject", value_parser = clap::value_parser!(u64).range(1..=4))]
    edits: u64,
}

/// The folder and how to print.
#[derive(Debug, Args)]
struct Matches {
    /// Folder with rules.tsv (id, query), posts.jsonl (id, title, text) and pairs.tsv (rule, post).
    dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command: 1 when what was found differs from what was known.
pub fn run(args: &Evaluate, out: &mut dyn Write) -> anyhow::Result<Exit> {
    match &args.what {
        What::Matches(args) => matches(args, out),
        What::Learning(args) => learning::run(args, out),
        What::Sentiment(args) => texts::sentiment(args, out),
        What::Problems(args) => texts::problems(args, out),
        What::Dedup(args) => dedup(args, out),
    }
}

fn matches(args: &Matches, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let report = evaluate::matches(&args.dir).map_err(with_mark)?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &as_json(&report))?;
        writeln!(out)?;
    } else {
        write_report(&report, out)?;
    }
    let agrees = report.missing.is_empty() && report.extra.is_empty();
    Ok(if agrees { Exit::Done } else { Exit::Nothing })
}

fn dedup(args: &Dedup, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let report = match args.inject {
        Some(seed) => evaluate::dedup_injected(&args.file, seed, args.edits),
        None => evaluate::dedup(&args.file),
    };
    let report = report.map_err(with_mark)?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &dedup_as_json(&report))?;
        writeln!(out)?;
    } else {
        write_dedup(&report, out)?;
    }
    Ok(Exit::Done)
}

fn dedup_as_json(report: &DedupReport) -> Value {
    json!({
        "posts": report.posts,
        "groups": report.groups,
        "stories": report.stories,
        "ari": report.ari,
        "pair_precision": report.precision.value(),
        "pair_precision_interval": report.precision.interval(),
        "pair_recall": report.recall.value(),
        "pair_recall_interval": report.recall.interval(),
        "posts_per_second": report.posts_per_second.round(),
        "memory_megabytes": report.memory_megabytes,
    })
}

fn write_dedup(report: &DedupReport, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut rows = table(["", "figure", "95 % interval"]);
    let share = |share: evaluate::Share| {
        let (from, to) = share.interval();
        (format!("{:.4}", share.value()), format!("{from:.4} – {to:.4}"))
    };
    let memory = report.memory_megabytes.map_or("unknown".to_owned(), |megabytes| format!("{megabytes:.1} MB"));
    let alone = |figure: String| (figure, String::new());
    for (name, (figure, interval)) in [
        ("posts", alone(report.posts.to_string())),
        ("true groups", alone(report.groups.to_string())),
        ("stories found", alone(report.stories.to_string())),
        ("ARI", alone(format!("{:.4}", report.ari))),
        ("pair precision", share(report.precision)),
        ("pair recall", share(report.recall)),
        ("posts a second on one core", alone(format!("{:.0}", report.posts_per_second))),
        ("memory of what is remembered", alone(memory)),
    ] {
        rows.add_row([name.to_owned(), figure, interval]);
    }
    writeln!(out, "{rows}")?;
    Ok(())
}

/// The error, and for a query the place in it.
fn with_mark(error: EvaluateError) -> anyhow::Error {
    match &error {
        EvaluateError::Query { file, line, query, error } => {
            anyhow::anyhow!("{}:{line}: {}", file.display(), query_error(query, error))
        }
        EvaluateError::Unreadable { .. } | EvaluateError::Line { .. } => error.into(),
    }
}

fn as_json(report: &MatchReport) -> Value {
    let first = |pairs: &[Pair]| -> Vec<Value> {
        pairs.iter().take(MAX_PRINTED).map(|(rule, post)| json!({ "rule": rule, "post": post })).collect()
    };
    json!({
        "rules": report.rules,
        "posts": report.posts,
        "pairs": report.pairs,
        "missing": report.missing.len(),
        "extra": report.extra.len(),
        "missing_pairs": first(&report.missing),
        "extra_pairs": first(&report.extra),
        "posts_per_second": report.posts_per_second.round(),
        "load_seconds": report.load_seconds,
        "memory_megabytes": report.memory_megabytes,
    })
}

fn write_report(report: &MatchReport, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut rows = table(["", "figure"]);
    let memory = report.memory_megabytes.map_or("unknown".to_owned(), |megabytes| format!("{megabytes:.1} MB"));
    for (name, figure) in [
        ("rules", report.rules.to_string()),
        ("posts", report.posts.to_string()),
        ("pairs of the reference", report.pairs.to_string()),
        ("missing", report.missing.len().to_string()),
        ("extra", report.extra.len().to_string()),
        ("posts a second on one core", format!("{:.0}", report.posts_per_second)),
        ("load (CPU time)", format!("{:.3} s", report.load_seconds)),
        ("memory of the rules", memory),
    ] {
        rows.add_row([name.to_owned(), figure]);
    }
    writeln!(out, "{rows}")?;
    write_pairs("missing", &report.missing, out)?;
    write_pairs("extra", &report.extra, out)
}

fn write_pairs(what: &str, pairs: &[Pair], out: &mut dyn Write) -> anyhow::Result<()> {
    for (rule, post) in pairs.iter().take(MAX_PRINTED) {
        writeln!(out, "{what}: {}\t{}", plain(rule), plain(post))?;
    }
    if let Some(more) = pairs.len().checked_sub(MAX_PRINTED).filter(|more| *more > 0) {
        writeln!(out, "and {more} more {what}")?;
    }
    Ok(())
}
