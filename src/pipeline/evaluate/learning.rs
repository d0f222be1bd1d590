//! How much better do posts get read as people correct one after the other?
//!
//! The texts are put into an order by a seed. Corrections are fed from its beginning, one by one, as the daemon learns them; what is never
//! fed is held back, and how the held back are read is measured at each mark, so that the figures of all marks are about the same texts.

use std::path::Path;

use serde::Deserialize;

use super::figures::{Confusion, Ranking};
use super::{EvaluateError, Lines};
use crate::model::{Corrected, Label, PostId, Said, Sense, SentimentClass, Timestamp};
use crate::pipeline::usage::Meter;
use crate::score::learn::Learned;
use crate::score::sense::{self, Names, Text};

/// After how many corrections it is measured. Of a smaller file at most half is fed.
pub const MARKS: [usize; 4] = [0, 50, 200, 1_000];

/// What the file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Measured by macro-F1.
    Sentiment,
    /// Measured by the area under the curve.
    Problems,
}

/// The learning curve.
#[derive(Clone, Debug)]
pub struct LearningReport {
    pub task: Task,
    pub texts: usize,
    pub held_back: usize,
    pub seed: u64,
    pub marks: Vec<Mark>,
    /// CPU time of one update, in microseconds: of all corrections on average.
    pub update_micros: f64,
    /// CPU time to put what was learned to the reading of one text, in microseconds, after all corrections.
    pub adjust_micros: f64,
}

/// One point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    pub corrections: usize,
    /// Macro-F1 or the area under the curve; `None` where the held back are all of one sort.
    pub figure: Option<f64>,
}

/// A line as for `evaluate sentiment` or `evaluate problems`.
#[derive(Deserialize)]
struct Line {
    text: String,
    label: Option<String>,
    problem: Option<bool>,
    /// The name that was asked about, where the judges were asked about one.
    target: Option<String>,
}

/// A text, how it is read untrained, and what people said of it.
struct Judged {
    text: String,
    untrained: Sense,
    truth: Truth,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Truth {
    Class(SentimentClass),
    Problem(bool),
}

/// Reads JSON lines of `text` and `label` or `problem`, feeds corrections in the order of the seed, and measures.
///
/// # Errors
/// The file cannot be read, a line is wrong, or lines of both sorts stand in it.
pub fn learning(file: &Path, seed: u64) -> Result<LearningReport, EvaluateError> {
    let mut judged = read(file)?;
    fastrand::Rng::with_seed(seed).shuffle(&mut judged);
    let task = match judged.first().map(|one| one.truth) {
        Some(Truth::Problem(_)) => Task::Problems,
        Some(Truth::Class(_)) | None => Task::Sentiment,
    };
    let most = MARKS[MARKS.len() - 1].min(judged.len() / 2);
    let (fed, held_back) = judged.split_at(most);
    let mut learned = Learned::default();
    let (mut marks, mut seconds) = (Vec::new(), 0.0);
    let mut done = 0;
    for mark in MARKS.map(|mark| mark.min(most)) {
        if marks.last().is_some_and(|last: &Mark| last.corrections >= mark) {
            continue;
        }
        let corrections: Vec<Corrected> =
            fed[done..mark].iter().enumerate().map(|(number, one)| corrected(done + number, one)).collect();
        let meter = Meter::start();
        for (correction, one) in corrections.iter().zip(&fed[done..mark]) {
            learned.learn(correction, &one.untrained);
        }
        seconds += meter.seconds();
        done = mark;
        marks.push(Mark { corrections: mark, figure: measured(task, &learned, held_back) });
    }
    let meter = Meter::start();
    for one in held_back {
        std::hint::black_box(learned.adjust("", &one.text, &one.untrained));
    }
    Ok(LearningReport {
        task,
        texts: judged.len(),
        held_back: held_back.len(),
        seed,
        marks,
        update_micros: seconds * 1e6 / most.max(1) as f64,
        adjust_micros: meter.seconds() * 1e6 / held_back.len().max(1) as f64,
    })
}

fn read(file: &Path) -> Result<Vec<Judged>, EvaluateError> {
    let lines = Lines::open(file)?;
    let mut judged: Vec<Judged> = Vec::new();
    for (number, line) in lines.filled() {
        let wrong = |what: String| lines.wrong(number, what);
        let Line { text, label, problem, target } =
            serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let truth = match (label, problem) {
            (Some(label), None) => Truth::Class(
                SentimentClass::of(&label)
                    .ok_or_else(|| wrong(format!("`{label}` is not negative, neutral or positive")))?,
            ),
            (None, Some(problem)) => Truth::Problem(problem),
            (Some(_), Some(_)) | (None, None) => {
                return Err(wrong("a line has either a `label` or a `problem`".to_owned()));
            }
        };
        let same = |one: &Judged| std::mem::discriminant(&one.truth) == std::mem::discriminant(&truth);
        if !judged.first().is_none_or(same) {
            return Err(wrong("the lines above have the other of `label` and `problem`".to_owned()));
        }
        let names = target.map(|target| Names::new([target.as_str()]));
        let untrained = sense::read(&Text { title: "", text: &text, lang: None }, names.as_ref());
        judged.push(Judged { text, untrained, truth });
    }
    Ok(judged)
}

/// The correction that a person would make of the text.
fn corrected(number: usize, one: &Judged) -> Corrected {
    let at = Timestamp(number as i64);
    let mut corrected = Corrected::new(PostId::of(&number.to_string()), at);
    corrected.text.clone_from(&one.text);
    let by = || "evaluate".to_owned();
    match one.truth {
        Truth::Class(class) => corrected.sentiment = Some(Said { what: class, at, by: by(), note: None }),
        Truth::Problem(problem) => {
            corrected.labels.insert(Label::Problem, Said { what: problem, at, by: by(), note: None });
        }
    }
    corrected
}

fn measured(task: Task, learned: &Learned, held_back: &[Judged]) -> Option<f64> {
    let (mut confusion, mut scored) = (Confusion::<3>::default(), Vec::new());
    for one in held_back {
        let sense = learned.adjust("", &one.text, &one.untrained).sense;
        match one.truth {
            Truth::Class(class) => {
                // What is not classified counts as neutral, as in `evaluate sentiment`.
                let answer = sense.sentiment.class().unwrap_or(SentimentClass::Neutral);
                confusion.add(class as usize, answer as usize);
            }
            Truth::Problem(problem) => scored.push((sense.problem, problem)),
        }
    }
    match task {
        Task::Sentiment => (confusion.all() > 0).then(|| confusion.macro_f1()),
        Task::Problems => Ranking::new(scored).auc(),
    }
}
