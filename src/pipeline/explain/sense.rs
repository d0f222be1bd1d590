//! What do a post's words say, and which words say it?

use serde::{Deserialize, Serialize};

use super::shown::at;
use crate::archive::Record;
use crate::model::{Corrected, LabelShown, Post, Sense, SenseShown, Span, Timestamp};

/// What was read from a post's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SenseTold {
    #[serde(flatten)]
    pub shown: SenseShown,
    /// The words that moved sentiment or problem likelihood, the strongest first.
    pub cues: Vec<CueTold>,
    /// For each label the words that speak for it.
    pub label_words: Vec<LabelTold>,
    /// Who said what it is instead, in words; empty where nobody did.
    #[serde(default)]
    pub corrected: Vec<String>,
}

/// Words that moved sentiment or problem likelihood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CueTold {
    /// As they stand in the post; empty where it is kept no more.
    pub words: String,
    /// What they added to the sentiment; negative where bad.
    pub sentiment: f32,
    /// What they added to the log-odds of a problem.
    pub problem: f32,
}

/// A label and its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelTold {
    #[serde(flatten)]
    pub label: LabelShown,
    pub words: Vec<String>,
}

impl SenseTold {
    /// Nothing of what no watch matched and nobody corrected.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let corrected = record.corrected.as_ref().map(|corrected| corrections(corrected)).unwrap_or_default();
        let told = Self::told(&record.sense_by_people()?, &record.post);
        Some(Self { corrected, ..told })
    }

    fn told(sense: &Sense, post: &Post) -> Self {
        let words = |span: &Span| at(post, *span).to_owned();
        let cues = sense.cues.iter();
        let labels = sense.labels.iter();
        Self {
            shown: SenseShown::of(Some(sense)),
            cues: cues
                .map(|cue| CueTold { words: words(&cue.span), sentiment: cue.sentiment, problem: cue.problem })
                .collect(),
            label_words: labels
                .map(|found| LabelTold {
                    label: LabelShown::from(found),
                    words: found.cues.iter().map(words).collect(),
                })
                .collect(),
            corrected: Vec::new(),
        }
    }
}

/// `ann said on 2026-11-20 that it is negative`
fn corrections(corrected: &Corrected) -> Vec<String> {
    let said = |by: &str, at: Timestamp, what: String| format!("{by} said on {} that it is {what}", at.in_words());
    let sentiment = corrected.sentiment.iter().map(|found| said(&found.by, found.at, found.what.name().to_owned()));
    let labels = corrected.labels.iter().map(|(label, found)| {
        let not = if found.what { "" } else { "not " };
        said(&found.by, found.at, format!("{not}{}", label.name()))
    });
    sentiment.chain(labels).collect()
}
