//! `overheard evaluate learning`: how is the learning curve printed?

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::table::table;
use crate::pipeline::evaluate::learning::{self, LearningReport, Task};

/// The file, the seed, and how to print.
#[derive(Debug, Args)]
pub struct Learning {
    /// JSON lines of `text` and `label` (negative, neutral, positive), or of `text` and `problem` (true, false).
    file: PathBuf,
    /// In which order the corrections are fed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
pub fn run(args: &Learning, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let report = learning::learning(&args.file, args.seed)?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &as_json(&report))?;
        writeln!(out)?;
    } else {
        write_report(&report, out)?;
    }
    Ok(Exit::Done)
}

fn figure(report: &LearningReport) -> &'static str {
    match report.task {
        Task::Sentiment => "macro_f1",
        Task::Problems => "auc",
    }
}

fn as_json(report: &LearningReport) -> Value {
    let name = figure(report);
    let curve: Vec<Value> =
        report.marks.iter().map(|mark| json!({ "corrections": mark.corrections, name: mark.figure })).collect();
    json!({
        "texts": report.texts,
        "held_back": report.held_back,
        "seed": report.seed,
        "curve": curve,
        "update_micros": rounded(report.update_micros),
        "adjust_micros": rounded(report.adjust_micros),
    })
}

fn rounded(micros: f64) -> f64 {
    (micros * 10.0).round() / 10.0
}

fn write_report(report: &LearningReport, out: &mut dyn Write) -> anyhow::Result<()> {
    let name = match report.task {
        Task::Sentiment => "sentiment, macro-F1",
        Task::Problems => "problems, AUC",
    };
    let mut rows = table(["corrections", name]);
    for mark in &report.marks {
        let figure = mark.figure.map_or("unknown".to_owned(), |figure| format!("{figure:.3}"));
        rows.add_row([mark.corrections.to_string(), figure]);
    }
    writeln!(out, "{rows}")?;
    writeln!(
        out,
        "{} texts, of which {} held back; {:.0} µs an update, {:.1} µs to adjust a reading (CPU time of one core).",
        report.texts, report.held_back, report.update_micros, report.adjust_micros
    )?;
    Ok(())
}
