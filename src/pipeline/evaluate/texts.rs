//! How often are sentiment and problem likelihood what people said of the same texts, and how fast are they read?

use std::path::Path;

use serde::Deserialize;

use super::figures::{Confusion, Ranking, Reliability};
use super::{EvaluateError, Lines, MEASURED};
use crate::model::{Sense, SentimentClass};
use crate::pipeline::usage::Meter;
use crate::score::sense::{self, Names, Text};

/// Likelihood from which a text is counted as called a problem.
pub const CALLED_PROBLEM: f32 = 0.5;

/// How the sentiment of texts compares with what people said.
#[derive(Clone, Debug)]
pub struct SentimentReport {
    pub texts: usize,
    /// Texts that were not classified; they count as neutral.
    pub unclassified: usize,
    /// Rows are what people said, columns what was read: negative, neutral, positive.
    pub confusion: Confusion<3>,
    pub reliability: Reliability,
    /// Everything that is read from a text (sentiment, problem, labels), CPU time of one core.
    pub texts_per_second: f64,
}

/// How the problem likelihood of texts compares with what people said.
#[derive(Clone, Debug)]
pub struct ProblemReport {
    pub texts: usize,
    /// Texts that people called a problem.
    pub problems: usize,
    pub ranking: Ranking,
    /// Rows are the truth, columns what was called: no problem, problem (from [`CALLED_PROBLEM`]).
    pub confusion: Confusion<2>,
    /// The likelihood as confidence that the text is a problem.
    pub reliability: Reliability,
    pub texts_per_second: f64,
}

/// A line of a file for `evaluate sentiment`.
#[derive(Deserialize)]
struct SentimentLine {
    text: String,
    label: String,
    /// The name that was asked about, where the judges were asked about one.
    #[serde(default)]
    target: Option<String>,
}

/// A line of a file for `evaluate problems`.
#[derive(Deserialize)]
struct ProblemLine {
    text: String,
    problem: bool,
}

/// A text with the names that are asked about.
struct Asked {
    text: String,
    names: Option<Names>,
}

impl Asked {
    fn read(&self) -> Sense {
        sense::read(&Text { title: "", text: &self.text, lang: None }, self.names.as_ref())
    }
}

/// Reads JSON lines of `text`, `label` (negative, neutral, positive) and perhaps `target`, and compares.
pub fn sentiment(file: &Path) -> Result<SentimentReport, EvaluateError> {
    let lines = Lines::open(file)?;
    let (mut asked, mut truths) = (Vec::new(), Vec::new());
    for (number, line) in lines.filled() {
        let read: SentimentLine = serde_json::from_str(line).map_err(|error| lines.wrong(number, error.to_string()))?;
        let truth = SentimentClass::of(&read.label)
            .ok_or_else(|| lines.wrong(number, format!("`{}` is not negative, neutral or positive", read.label)))?;
        truths.push(truth);
        asked.push(Asked { text: read.text, names: read.target.map(|target| Names::new([target.as_str()])) });
    }
    let mut report = SentimentReport {
        texts: asked.len(),
        unclassified: 0,
        confusion: Confusion::default(),
        reliability: Reliability::default(),
        texts_per_second: texts_per_second(&asked),
    };
    for (asked, truth) in asked.iter().zip(truths) {
        let answer = match asked.read().sentiment {
            crate::model::Sentiment::Classified(valence) => {
                report.reliability.add(valence.confidence, valence.class == truth);
                valence.class
            }
            crate::model::Sentiment::Unclassified(_) => {
                report.unclassified += 1;
                SentimentClass::Neutral
            }
        };
        report.confusion.add(truth as usize, answer as usize);
    }
    Ok(report)
}

/// Reads JSON lines of `text` and `problem` (true, false), and compares.
pub fn problems(file: &Path) -> Result<ProblemReport, EvaluateError> {
    let lines = Lines::open(file)?;
    let (mut asked, mut truths) = (Vec::new(), Vec::new());
    for (number, line) in lines.filled() {
        let read: ProblemLine = serde_json::from_str(line).map_err(|error| lines.wrong(number, error.to_string()))?;
        truths.push(read.problem);
        asked.push(Asked { text: read.text, names: None });
    }
    let (mut scored, mut confusion, mut reliability) = (Vec::new(), Confusion::default(), Reliability::default());
    for (asked, truth) in asked.iter().zip(&truths) {
        let likelihood = asked.read().problem;
        scored.push((likelihood, *truth));
        confusion.add(usize::from(*truth), usize::from(likelihood >= CALLED_PROBLEM));
        reliability.add(likelihood, *truth);
    }
    Ok(ProblemReport {
        texts: asked.len(),
        problems: truths.iter().filter(|truth| **truth).count(),
        ranking: Ranking::new(scored),
        confusion,
        reliability,
        texts_per_second: texts_per_second(&asked),
    })
}

fn texts_per_second(asked: &[Asked]) -> f64 {
    // The words and phrases are made ready at first use, once for the life of the daemon.
    if let Some(first) = asked.first() {
        std::hint::black_box(first.read());
    }
    let meter = Meter::start();
    let mut done = 0_usize;
    while !asked.is_empty() && meter.elapsed() < MEASURED {
        for asked in asked {
            std::hint::black_box(asked.read());
        }
        done += asked.len();
    }
    let seconds = meter.seconds();
    if seconds > 0.0 { done as f64 / seconds } else { 0.0 }
}
