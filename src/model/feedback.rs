//! What did people say of posts: what matters, what was meant, what it is about?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Label, Labelled, PostId, Sense, Sentiment, SentimentClass, Timestamp, Valence};

/// What a person said of one post at one time. A later one about the same takes its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    pub post: PostId,
    pub at: Timestamp,
    /// Who said it: a name as given, or `cli`.
    pub by: String,
    pub note: Option<String>,
    pub corrections: Vec<Correction>,
    /// The words it was said of, each cut to [`Feedback::MAX_WORDS`] bytes: learned from also when the post itself is
    /// kept no more, unless it was deleted or is to be forgotten.
    pub title: String,
    pub text: String,
    /// The post's language, where known.
    pub lang: Option<String>,
}

impl Feedback {
    /// Longest title and text kept, in bytes; the rest is cut at a character.
    pub const MAX_WORDS: usize = 4_096;
    /// Longest note and name taken, in bytes.
    pub const MAX_NOTE: usize = 2_000;

    /// Takes the words away, and the note, which may quote them.
    pub fn blank(&mut self) -> bool {
        let had = !self.title.is_empty() || !self.text.is_empty() || self.note.is_some();
        self.title.clear();
        self.text.clear();
        self.note = None;
        had
    }
}

/// One thing that a person said; `None` takes back what was said of it before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// Whether the post is what the watch is meant to find.
    Relevance {
        watch: String,
        relevant: Option<bool>,
    },
    Sentiment {
        class: Option<SentimentClass>,
    },
    Label {
        label: Label,
        applies: Option<bool>,
    },
    /// Takes back everything that was said of the post.
    Everything,
}

/// Something said, by whom and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said<T> {
    pub what: T,
    pub at: Timestamp,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What stands of everything that was said of one post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    pub post: PostId,
    /// When something was said last.
    pub at: Timestamp,
    pub title: String,
    pub text: String,
    #[serde(default)]
    pub lang: Option<String>,
    /// By watch.
    #[serde(default)]
    pub relevance: BTreeMap<String, Said<bool>>,
    #[serde(default)]
    pub sentiment: Option<Said<SentimentClass>>,
    #[serde(default)]
    pub labels: BTreeMap<Label, Said<bool>>,
}

impl Corrected {
    /// Nothing yet.
    pub fn new(post: PostId, at: Timestamp) -> Self {
        Self {
            post,
            at,
            title: String::new(),
            text: String::new(),
            lang: None,
            relevance: BTreeMap::new(),
            sentiment: None,
            labels: BTreeMap::new(),
        }
    }

    /// Everything was taken back.
    pub fn is_empty(&self) -> bool {
        self.relevance.is_empty() && self.sentiment.is_none() && self.labels.is_empty()
    }

    /// Takes in what was said later.
    pub fn take(&mut self, feedback: &Feedback) {
        self.at = feedback.at;
        self.title.clone_from(&feedback.title);
        self.text.clone_from(&feedback.text);
        self.lang.clone_from(&feedback.lang);
        for correction in &feedback.corrections {
            match correction {
                Correction::Relevance { watch, relevant: Some(relevant) } => {
                    self.relevance.insert(watch.clone(), said(feedback, *relevant));
                }
                Correction::Relevance { watch, relevant: None } => drop(self.relevance.remove(watch)),
                Correction::Sentiment { class } => self.sentiment = class.map(|class| said(feedback, class)),
                Correction::Label { label, applies: Some(applies) } => {
                    self.labels.insert(*label, said(feedback, *applies));
                }
                Correction::Label { label, applies: None } => drop(self.labels.remove(label)),
                Correction::Everything => {
                    self.relevance.clear();
                    self.sentiment = None;
                    self.labels.clear();
                }
            }
        }
    }

    /// Takes the words away, and the notes, which may quote them.
    pub fn blank(&mut self) {
        self.title.clear();
        self.text.clear();
        self.relevance.values_mut().for_each(|said| said.note = None);
        self.labels.values_mut().for_each(|said| said.note = None);
        if let Some(sentiment) = &mut self.sentiment {
            sentiment.note = None;
        }
    }

    /// Puts what people said in the place of what was read from the words: they are right.
    pub fn onto(&self, sense: &mut Sense) {
        if let Some(Said { what: class, .. }) = &self.sentiment {
            sense.sentiment = Sentiment::Classified(settled(*class, sense.sentiment.value()));
        }
        for (label, Said { what: applies, .. }) in &self.labels {
            sense.labels.retain(|other| other.label != *label && (*applies || other.label.parent() != Some(*label)));
            if *applies {
                sense.labels.insert(0, Labelled { label: *label, confidence: 1.0, cues: Vec::new() });
            }
            if *label == Label::Problem {
                sense.problem = f32::from(u8::from(*applies));
            }
            if *applies && label.parent() == Some(Label::Problem) {
                sense.problem = 1.0;
            }
        }
    }
}

fn said<T>(feedback: &Feedback, what: T) -> Said<T> {
    Said { what, at: feedback.at, by: feedback.by.clone(), note: feedback.note.clone() }
}

/// A sentiment that a person stated: the value that was read where it agrees and is clear, else a middling one.
fn settled(class: SentimentClass, read: Option<f32>) -> Valence {
    let value = match class {
        SentimentClass::Negative => read.unwrap_or_default().min(-0.5),
        SentimentClass::Neutral => 0.0,
        SentimentClass::Positive => read.unwrap_or_default().max(0.5),
    };
    Valence { value, confidence: 1.0, class }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback(at: i64, corrections: Vec<Correction>) -> Feedback {
        Feedback {
            post: PostId::of("hn:1"),
            at: Timestamp(at),
            by: "ann".into(),
            note: None,
            corrections,
            title: String::new(),
            text: "The update broke my printer".into(),
            lang: None,
        }
    }

    fn label(label: Label, applies: Option<bool>) -> Correction {
        Correction::Label { label, applies }
    }

    #[test]
    fn the_later_word_counts_and_can_be_taken_back() {
        let mut corrected = Corrected::new(PostId::of("hn:1"), Timestamp(0));
        corrected.take(&feedback(1, vec![Correction::Sentiment { class: Some(SentimentClass::Positive) }]));
        corrected.take(&feedback(2, vec![Correction::Sentiment { class: Some(SentimentClass::Negative) }]));
        assert_eq!(corrected.sentiment.as_ref().map(|said| said.what), Some(SentimentClass::Negative));
        corrected.take(&feedback(3, vec![label(Label::Bug, Some(true)), Correction::Sentiment { class: None }]));
        assert!(corrected.sentiment.is_none() && corrected.labels.len() == 1);
        corrected.take(&feedback(4, vec![Correction::Everything]));
        assert!(corrected.is_empty());
    }

    #[test]
    fn what_people_said_stands_over_what_was_read() {
        let mut sense = Sense { problem: 0.1, ..Sense::default() };
        let mut corrected = Corrected::new(PostId::of("hn:1"), Timestamp(0));
        corrected.take(&feedback(1, vec![label(Label::Bug, Some(true))]));
        corrected.take(&feedback(2, vec![Correction::Sentiment { class: Some(SentimentClass::Negative) }]));
        corrected.onto(&mut sense);
        assert_eq!((sense.sentiment.class(), sense.problem), (Some(SentimentClass::Negative), 1.0));
        assert_eq!(sense.label_names(), ["problem/bug"]);
        corrected.take(&feedback(3, vec![Correction::Everything, label(Label::Problem, Some(false))]));
        corrected.onto(&mut sense);
        assert_eq!((sense.problem, sense.labels.len()), (0.0, 0), "no problem, so no bug either");
    }
}
