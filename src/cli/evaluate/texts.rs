//! `overheard evaluate sentiment` and `evaluate problems`: how are their reports printed?

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::table::table;
use crate::model::SentimentClass;
use crate::pipeline::evaluate::EvaluateError;
use crate::pipeline::evaluate::figures::{Proportion, Reliability, ReliabilityLine};
use crate::pipeline::evaluate::texts::{self, CALLED_PROBLEM, ProblemReport, SentimentReport};

/// The file and how to print.
#[derive(Debug, Args)]
pub struct Texts {
    /// JSON lines: `text` and `label` (negative, neutral, positive) and perhaps `target`, or `text` and `problem`.
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Compares sentiments and prints.
pub fn sentiment(args: &Texts, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let report = texts::sentiment(&args.file).map_err(plain_error)?;
    match args.json {
        true => write_json(&sentiment_json(&report), out)?,
        false => write_sentiment(&report, out)?,
    }
    Ok(Exit::Done)
}

/// Compares problem likelihoods and prints.
pub fn problems(args: &Texts, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let report = texts::problems(&args.file).map_err(plain_error)?;
    match args.json {
        true => write_json(&problems_json(&report), out)?,
        false => write_problems(&report, out)?,
    }
    Ok(Exit::Done)
}

fn plain_error(error: EvaluateError) -> anyhow::Error {
    error.into()
}

fn write_json(value: &Value, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    Ok(writeln!(out)?)
}

fn sentiment_json(report: &SentimentReport) -> Value {
    let confusion = &report.confusion;
    let mut classes = serde_json::Map::new();
    for class in SentimentClass::ALL {
        let number = class as usize;
        let row = &confusion.counts[number];
        let called = json!({ "negative": row[0], "neutral": row[1], "positive": row[2] });
        let figures = json!({
            "called": called,
            "precision": proportion(confusion.precision(number)),
            "recall": proportion(confusion.recall(number)),
            "f1": confusion.f1(number),
        });
        classes.insert(class.name().to_owned(), figures);
    }
    json!({
        "texts": report.texts,
        "unclassified": report.unclassified,
        "accuracy": confusion.accuracy().map(|accuracy| accuracy.value),
        "accuracy_interval": interval(confusion.accuracy()),
        "macro_f1": confusion.macro_f1(),
        "average_recall": confusion.average_recall(),
        "classes": classes,
        "reliability": reliability_json(&report.reliability),
        "texts_per_second": report.texts_per_second.round(),
    })
}

fn problems_json(report: &ProblemReport) -> Value {
    let top = report.ranking.precision_top_10();
    json!({
        "texts": report.texts,
        "problems": report.problems,
        "auc": report.ranking.auc(),
        "average_precision": report.ranking.average_precision(),
        "precision_top_10": top.map(|top| top.value),
        "precision_top_10_interval": interval(top),
        "precision": proportion(report.confusion.precision(1)),
        "recall": proportion(report.confusion.recall(1)),
        "reliability": reliability_json(&report.reliability),
        "texts_per_second": report.texts_per_second.round(),
    })
}

fn proportion(figure: Option<Proportion>) -> Value {
    figure.map_or(Value::Null, |figure| json!({ "value": figure.value, "interval": [figure.low, figure.high] }))
}

fn interval(figure: Option<Proportion>) -> Value {
    figure.map_or(Value::Null, |figure| json!([figure.low, figure.high]))
}

fn reliability_json(reliability: &Reliability) -> Vec<Value> {
    let line = |line: ReliabilityLine| {
        json!({
            "from": line.from,
            "to": line.to,
            "texts": line.texts,
            "confidence": line.said,
            "right": line.right.value,
            "right_interval": [line.right.low, line.right.high],
        })
    };
    reliability.lines().into_iter().map(line).collect()
}

fn write_sentiment(report: &SentimentReport, out: &mut dyn Write) -> anyhow::Result<()> {
    let confusion = &report.confusion;
    let mut rows = table(["", "figure", "95 % interval"]);
    for (name, figure, interval) in [
        ("texts", report.texts.to_string(), String::new()),
        ("unclassified (count as neutral)", report.unclassified.to_string(), String::new()),
        ("accuracy", shown(confusion.accuracy()), within(confusion.accuracy())),
        ("macro-F1", format!("{:.3}", confusion.macro_f1()), String::new()),
        ("average recall", format!("{:.3}", confusion.average_recall()), String::new()),
        ("texts a second on one core", format!("{:.0}", report.texts_per_second), String::new()),
    ] {
        rows.add_row([name.to_owned(), figure, interval]);
    }
    writeln!(out, "{rows}")?;
    let mut matrix = table(["people said", "negative", "neutral", "positive", "recall", "precision"]);
    for class in SentimentClass::ALL {
        let row = &confusion.counts[class as usize];
        let with_interval = |figure| format!("{} {}", shown(figure), within(figure));
        matrix.add_row([
            class.name().to_owned(),
            row[0].to_string(),
            row[1].to_string(),
            row[2].to_string(),
            with_interval(confusion.recall(class as usize)),
            with_interval(confusion.precision(class as usize)),
        ]);
    }
    writeln!(out, "{matrix}")?;
    write_reliability(&report.reliability, ["confidence", "texts", "mean confidence", "right"], out)
}

fn write_problems(report: &ProblemReport, out: &mut dyn Write) -> anyhow::Result<()> {
    let ranking = &report.ranking;
    let number = |figure: Option<f64>| figure.map_or("–".to_owned(), |figure| format!("{figure:.3}"));
    let top = ranking.precision_top_10();
    let (precision, recall) = (report.confusion.precision(1), report.confusion.recall(1));
    let mut rows = table(["", "figure", "95 % interval"]);
    for (name, figure, interval) in [
        ("texts", report.texts.to_string(), String::new()),
        ("problems", report.problems.to_string(), String::new()),
        ("AUC", number(ranking.auc()), String::new()),
        ("average precision", number(ranking.average_precision()), String::new()),
        ("precision in the top 10 %", shown(top), within(top)),
        (&format!("precision from {CALLED_PROBLEM}"), shown(precision), within(precision)),
        (&format!("recall from {CALLED_PROBLEM}"), shown(recall), within(recall)),
        ("texts a second on one core", format!("{:.0}", report.texts_per_second), String::new()),
    ] {
        rows.add_row([name.to_owned(), figure, interval]);
    }
    writeln!(out, "{rows}")?;
    write_reliability(&report.reliability, ["likelihood", "texts", "mean likelihood", "problems"], out)
}

fn write_reliability(reliability: &Reliability, header: [&str; 4], out: &mut dyn Write) -> anyhow::Result<()> {
    let mut rows = table(header);
    for line in reliability.lines() {
        let right = Some(line.right);
        rows.add_row([
            format!("{:.1}–{:.1}", line.from, line.to),
            line.texts.to_string(),
            format!("{:.2}", line.said),
            format!("{} {}", shown(right), within(right)),
        ]);
    }
    Ok(writeln!(out, "{rows}")?)
}

fn shown(figure: Option<Proportion>) -> String {
    figure.map_or("–".to_owned(), |figure| format!("{:.3}", figure.value))
}

fn within(figure: Option<Proportion>) -> String {
    figure.map_or(String::new(), |figure| format!("{:.3}–{:.3}", figure.low, figure.high))
}
