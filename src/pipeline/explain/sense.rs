//! What do a post's words say, and which words say it?

use serde::{Deserialize, Serialize};

use super::shown::at;
use crate::model::{LabelShown, Post, Sense, SenseShown, Span};

/// What was read from a post's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SenseTold {
    #[serde(flatten)]
    pub shown: SenseShown,
    /// The words that moved sentiment or problem likelihood, the strongest first.
    pub cues: Vec<CueTold>,
    /// For each label the words that speak for it.
    pub label_words: Vec<LabelTold>,
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
    pub(super) fn of(sense: &Sense, post: &Post) -> Self {
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
        }
    }
}
