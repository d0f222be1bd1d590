//! What does a post say about what was asked for: its sentiment, its labels, and how likely it reports a problem?

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;

/// What was read from a post's words: sentiment, problem likelihood, labels, and the words that decided.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sense {
    pub sentiment: Sentiment,
    /// 0–1: how likely the author complains or reports a concrete problem; 0 where the text could not be read.
    pub problem: f32,
    /// The most certain first; each label once. A child stands for its parent too.
    #[serde(default)]
    pub labels: Vec<Labelled>,
    /// The words that moved sentiment or problem likelihood, the strongest first, at most [`Sense::MAX_CUES`].
    #[serde(default)]
    pub cues: Vec<Cue>,
}

impl Sense {
    /// Most cues kept.
    pub const MAX_CUES: usize = 12;

    /// Names of the labels, as queries know them: `problem/outage`.
    pub fn label_names(&self) -> Vec<String> {
        self.labels.iter().map(|labelled| labelled.label.name().to_owned()).collect()
    }

    /// Forgets where the words stood, for a post whose words are kept no more.
    pub fn blank(&mut self) {
        self.cues.clear();
        self.labels.iter_mut().for_each(|labelled| labelled.cues.clear());
    }
}

/// What is read from a post's words, as search, explanations and alerts show it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SenseShown {
    /// `value` from −1 to 1, `confidence` from 0 to 1, and `class`; null where unclassified.
    pub sentiment: Option<Valence>,
    /// Why there is no sentiment: `not_english` or `no_words`; null where there is one, or where the words were not read.
    pub unclassified: Option<Unclassified>,
    /// 0–1: how likely the author complains or reports a problem.
    pub problem: Option<f32>,
    /// `label` and `confidence`, the most certain first.
    pub labels: Vec<LabelShown>,
}

/// A label without the words that speak for it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelShown {
    pub label: Label,
    /// 0–1.
    pub confidence: f32,
}

impl SenseShown {
    /// Of a post whose words were read because a watch matched it; nothing of the others.
    pub fn of(sense: Option<&Sense>) -> Self {
        let Some(sense) = sense else { return Self::default() };
        let (sentiment, unclassified) = match sense.sentiment {
            Sentiment::Classified(valence) => (Some(valence), None),
            Sentiment::Unclassified(why) => (None, Some(why)),
        };
        let labels = sense.labels.iter().map(LabelShown::from).collect();
        Self { sentiment, unclassified, problem: Some(sense.problem), labels }
    }
}

impl From<&Labelled> for LabelShown {
    fn from(labelled: &Labelled) -> Self {
        Self { label: labelled.label, confidence: labelled.confidence }
    }
}

/// How a post speaks of what was asked for, or why that cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    Classified(Valence),
    Unclassified(Unclassified),
}

impl Default for Sentiment {
    fn default() -> Self {
        Self::Unclassified(Unclassified::NoWords)
    }
}

impl Sentiment {
    /// −1…1; `None` where unclassified.
    pub fn value(&self) -> Option<f32> {
        match self {
            Self::Classified(valence) => Some(valence.value),
            Self::Unclassified(_) => None,
        }
    }

    /// Its class; `None` where unclassified.
    pub fn class(&self) -> Option<SentimentClass> {
        match self {
            Self::Classified(valence) => Some(valence.class),
            Self::Unclassified(_) => None,
        }
    }
}

/// A sentiment with how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Valence {
    /// −1 (as bad as can be) to 1 (as good as can be).
    pub value: f32,
    /// 0–1: how often a sentiment as clear as this one is what people say it is.
    pub confidence: f32,
    pub class: SentimentClass,
}

impl Valence {
    /// Least distance from 0 of what is called negative or positive.
    const CLEAR: f32 = 0.05;

    /// With a value that says what the class says, for whoever asks for `sentiment<0`: 0 of what is neutral.
    pub fn settled(self) -> Self {
        let value = match self.class {
            SentimentClass::Negative => self.value.min(-Self::CLEAR),
            SentimentClass::Neutral => 0.0,
            SentimentClass::Positive => self.value.max(Self::CLEAR),
        };
        Self { value, ..self }
    }
}

/// The three classes of sentiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentimentClass {
    Negative,
    Neutral,
    Positive,
}

impl SentimentClass {
    /// All classes, from bad to good.
    pub const ALL: [Self; 3] = [Self::Negative, Self::Neutral, Self::Positive];

    /// Its word in JSON and pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
        }
    }

    /// The class of a word; case does not matter.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name().eq_ignore_ascii_case(name))
    }
}

/// Why a text has no sentiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unclassified {
    /// Another language, which is not read yet.
    NotEnglish,
    /// Nothing of the author's own: only links, quotes or code.
    NoWords,
}

impl fmt::Display for Unclassified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotEnglish => "it is written in a language that is not read yet",
            Self::NoWords => "it has no words of the author's own",
        })
    }
}

/// Words that spoke for something, and how strongly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cue {
    pub span: Span,
    /// What they added to the sentiment before it was pressed into −1…1; negative where bad.
    pub sentiment: f32,
    /// What they added to the log-odds of a problem.
    pub problem: f32,
}

/// What a post is about; the words of `label:` in queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Label {
    #[serde(rename = "problem")]
    Problem,
    #[serde(rename = "problem/outage")]
    Outage,
    #[serde(rename = "problem/bug")]
    Bug,
    #[serde(rename = "problem/security")]
    Security,
    #[serde(rename = "problem/billing")]
    Billing,
    #[serde(rename = "problem/support")]
    Support,
    #[serde(rename = "problem/shipping")]
    Shipping,
    #[serde(rename = "question")]
    Question,
    #[serde(rename = "idea")]
    Idea,
    #[serde(rename = "praise")]
    Praise,
    #[serde(rename = "comparison")]
    Comparison,
    #[serde(rename = "abuse")]
    Abuse,
    #[serde(rename = "controversial")]
    Controversial,
    #[serde(rename = "intent_to_leave")]
    IntentToLeave,
    #[serde(rename = "news")]
    News,
    #[serde(rename = "promotion")]
    Promotion,
    #[serde(rename = "promotion/job")]
    Job,
    #[serde(rename = "promotion/spam")]
    Spam,
}

impl Label {
    /// Every label, parents before their children.
    pub const ALL: [Self; 18] = [
        Self::Problem,
        Self::Outage,
        Self::Bug,
        Self::Security,
        Self::Billing,
        Self::Support,
        Self::Shipping,
        Self::Question,
        Self::Idea,
        Self::Praise,
        Self::Comparison,
        Self::Abuse,
        Self::Controversial,
        Self::IntentToLeave,
        Self::News,
        Self::Promotion,
        Self::Job,
        Self::Spam,
    ];

    /// Its name in queries, JSON and pages: a child stands behind its parent and a slash.
    pub fn name(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Outage => "problem/outage",
            Self::Bug => "problem/bug",
            Self::Security => "problem/security",
            Self::Billing => "problem/billing",
            Self::Support => "problem/support",
            Self::Shipping => "problem/shipping",
            Self::Question => "question",
            Self::Idea => "idea",
            Self::Praise => "praise",
            Self::Comparison => "comparison",
            Self::Abuse => "abuse",
            Self::Controversial => "controversial",
            Self::IntentToLeave => "intent_to_leave",
            Self::News => "news",
            Self::Promotion => "promotion",
            Self::Job => "promotion/job",
            Self::Spam => "promotion/spam",
        }
    }

    /// The label above it, if any.
    pub fn parent(self) -> Option<Self> {
        let (parent, _) = self.name().split_once('/')?;
        Self::ALL.into_iter().find(|label| label.name() == parent)
    }

    /// The label of a name, also of a child's name alone (`outage`); case does not matter.
    pub fn of(name: &str) -> Option<Self> {
        let is_it = |label: &Self| {
            let own = label.name();
            let child = own.rsplit('/').next().unwrap_or(own);
            own.eq_ignore_ascii_case(name) || child.eq_ignore_ascii_case(name)
        };
        Self::ALL.into_iter().find(is_it)
    }
}

/// A label that a post has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Labelled {
    pub label: Label,
    /// 0–1.
    pub confidence: f32,
    /// The words that speak for it, the strongest first, at most [`Labelled::MAX_CUES`].
    #[serde(default)]
    pub cues: Vec<Span>,
}

impl Labelled {
    /// Most cues kept for one label.
    pub const MAX_CUES: usize = 4;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_called_the_same_in_json_and_in_queries() {
        for label in Label::ALL {
            assert_eq!(serde_json::to_value(label).unwrap(), label.name());
            assert_eq!(Label::of(label.name()), Some(label));
        }
        assert_eq!(Label::of("Outage"), Some(Label::Outage));
        assert_eq!(Label::of("weather"), None);
    }

    #[test]
    fn children_know_their_parent() {
        assert_eq!(Label::Outage.parent(), Some(Label::Problem));
        assert_eq!(Label::Spam.parent(), Some(Label::Promotion));
        assert_eq!(Label::IntentToLeave.parent(), None);
    }
}
