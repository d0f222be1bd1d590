//! What did the corrections of people teach, and what does it change in the reading of a post?
//!
//! The untrained reading stays the base: what was learned is added to its log-odds, only as far as it has shown to be better
//! ([`trust`]), word by word, so that it can be told which words moved an answer. One weighing ([`linear`]) each for
//! sentiment, for every label that was corrected, and for the relevance to every watch.
//!
//! Nothing of it is stored: it is made anew from the corrections, in their order, and comes out the same.

mod features;
mod linear;
mod trust;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Corrected, Label, Labelled, Sense, Sentiment, SentimentClass, Valence};
use features::{Feature, Stream};
use linear::{Key, Linear};

pub use linear::{MAX_CORRECTIONS, MAX_FEATURES};

/// Most words told of one answer.
pub const MAX_MOVED: usize = 5;
/// A pull below this is not worth telling, in log-odds.
const WORTH_TELLING: f32 = 0.02;
/// Log-odds that a mention is relevant before anybody said so: it satisfied its watch.
const RELEVANT: f32 = 1.0;
/// Log-odds of a label that was not found in the words.
const NOT_FOUND: f32 = -2.5;
/// Probability from which a label is given.
const GIVEN: f32 = 0.5;

/// Everything that was learned. Memory grows with the corrections and is bounded by [`MAX_CORRECTIONS`] and
/// [`MAX_FEATURES`] for each thing that was ever corrected.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    sentiment: Linear<3>,
    labels: BTreeMap<Label, Linear<2>>,
    /// By watch.
    relevance: BTreeMap<String, Linear<2>>,
}

/// A reading after what was learned, and which words made the difference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adjusted {
    pub sense: Sense,
    pub moved: Vec<Moved>,
}

/// Words that moved an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// `sentiment`, `relevance`, or the name of a label.
    pub question: String,
    /// As they stand in the post: `refund`, `not working`.
    pub words: String,
    /// Log-odds: towards positive, towards relevant, towards the label; negative away from it.
    pub by: f32,
}

/// How likely a post is what a watch is meant to find.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relevance {
    pub watch: String,
    /// 0–1.
    pub likely: f32,
    pub moved: Vec<Moved>,
}

/// What the untrained reading said, as the learner takes it.
#[derive(Debug)]
struct Known<'a>(&'a Sense);

impl Known<'_> {
    /// Numbers around 0–1 that may mean something else here than elsewhere. The order is part of the features.
    fn values(&self) -> Vec<f32> {
        let sense = self.0;
        let value = sense.sentiment.value();
        let (mut good, mut bad) = (0.0, 0.0);
        for cue in &sense.cues {
            if cue.sentiment > 0.0 { good += cue.sentiment } else { bad -= cue.sentiment }
        }
        let flag = |is_so: bool| f32::from(u8::from(is_so));
        let mut values = vec![
            value.unwrap_or_default(),
            value.unwrap_or_default().abs(),
            (good / 6.0).min(1.0),
            (bad / 6.0).min(1.0),
            flag(sense.cues.is_empty()),
            flag(value.is_none()),
            sense.problem,
        ];
        values.extend(Label::ALL.map(|label| confidence(sense, label).unwrap_or_default()));
        values
    }

    /// Log-odds of the three classes; the class that was read is the likeliest of them.
    fn sentiment(&self) -> [f32; 3] {
        let Sentiment::Classified(valence) = &self.0.sentiment else { return [0.0; 3] };
        let sure = valence.confidence.clamp(0.5, 0.95);
        let rest = 1.0 - sure;
        let shares = match valence.class {
            SentimentClass::Negative => [sure, rest * 0.7, rest * 0.3],
            SentimentClass::Neutral => {
                let bad = 1.0 / (1.0 + (4.0 * valence.value).exp());
                [rest * bad, sure, rest * (1.0 - bad)]
            }
            SentimentClass::Positive => [rest * 0.3, rest * 0.7, sure],
        };
        shares.map(|share| share.max(0.01).ln())
    }

    fn label(&self, label: Label) -> [f32; 2] {
        let odds = match (label, confidence(self.0, label)) {
            (Label::Problem, _) => odds(self.0.problem),
            (_, Some(confidence)) => odds(confidence.max(0.55)),
            (_, None) => NOT_FOUND,
        };
        [0.0, odds]
    }
}

fn confidence(sense: &Sense, label: Label) -> Option<f32> {
    sense.labels.iter().find(|labelled| labelled.label == label).map(|labelled| labelled.confidence)
}

fn odds(probability: f32) -> f32 {
    let probability = probability.clamp(0.02, 0.98);
    (probability / (1.0 - probability)).ln()
}

impl Learned {
    /// Whether nobody has corrected anything yet.
    pub fn is_empty(&self) -> bool {
        self.corrections() == 0
    }

    /// How many answers it has learned from.
    pub fn corrections(&self) -> usize {
        let labels: usize = self.labels.values().map(Linear::len).sum();
        let relevance: usize = self.relevance.values().map(Linear::len).sum();
        self.sentiment.len() + labels + relevance
    }

    /// Learns what stands of everything that was said of a post; `untrained` is how its words are read without that.
    /// What was said before and does not stand any more is taken back.
    pub fn learn(&mut self, corrected: &Corrected, untrained: &Sense) {
        let (key, known) = (corrected.post.0, Known(untrained));
        if corrected.title.is_empty() && corrected.text.is_empty() {
            return self.forget(&key);
        }
        let features = Stream::new(&corrected.title, &corrected.text).features(&known);
        let class = corrected.sentiment.as_ref().map(|said| said.what as usize);
        settle(&mut self.sentiment, key, &features, known.sentiment(), class);
        let labels = answers(corrected);
        for label in Label::ALL {
            let answer = labels.get(&label).map(|applies| usize::from(*applies));
            if answer.is_some() || self.labels.contains_key(&label) {
                settle(self.labels.entry(label).or_default(), key, &features, known.label(label), answer);
            }
        }
        for (watch, model) in &mut self.relevance {
            if !corrected.relevance.contains_key(watch) {
                model.take_back(&key);
            }
        }
        for (watch, said) in &corrected.relevance {
            let model = self.relevance.entry(watch.clone()).or_default();
            settle(model, key, &features, [0.0, RELEVANT], Some(usize::from(said.what)));
        }
    }

    /// Takes back everything that was learned from a post.
    pub fn forget(&mut self, post: &Key) {
        self.sentiment.take_back(post);
        for model in self.labels.values_mut().chain(self.relevance.values_mut()) {
            model.take_back(post);
        }
    }

    /// What the reading of a post becomes by what was learned. Where nothing was, it stays as it is.
    pub fn adjust(&self, title: &str, text: &str, untrained: &Sense) -> Adjusted {
        let mut adjusted = Adjusted { sense: untrained.clone(), moved: Vec::new() };
        if self.sentiment.len() == 0 && self.labels.values().all(|model| model.len() == 0) {
            return adjusted;
        }
        let known = Known(untrained);
        let stream = Stream::new(title, text);
        let features = stream.features(&known);
        self.adjust_sentiment(&known, &stream, &features, &mut adjusted);
        for (label, model) in self.labels.iter().filter(|(_, model)| model.len() > 0) {
            let [_, likely] = model.predict(&features, known.label(*label));
            give(&mut adjusted.sense, *label, likely);
            adjusted.moved.extend(moved(label.name(), model, &stream, &features, &|[no, yes]| yes - no));
        }
        adjusted.sense.labels.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
        adjusted
    }

    fn adjust_sentiment(&self, known: &Known<'_>, stream: &Stream<'_>, features: &[Feature], adjusted: &mut Adjusted) {
        let Sentiment::Classified(before) = &known.0.sentiment else { return };
        if self.sentiment.len() == 0 {
            return;
        }
        let offset = known.sentiment();
        let [bad, neutral, good] = self.sentiment.predict(features, offset);
        let [was_bad, _, was_good] = linear::softmax(offset);
        let (class, confidence) = match (bad, neutral, good) {
            _ if bad > neutral && bad >= good => (SentimentClass::Negative, bad),
            _ if good > neutral => (SentimentClass::Positive, good),
            _ => (SentimentClass::Neutral, neutral),
        };
        let value = (before.value + (good - bad) - (was_good - was_bad)).clamp(-1.0, 1.0);
        adjusted.sense.sentiment = Sentiment::Classified(Valence { value, confidence, class });
        let questions = moved("sentiment", &self.sentiment, stream, features, &|[bad, _, good]| good - bad);
        adjusted.moved.extend(questions);
    }

    /// How likely a post is relevant to a watch; `None` where nobody has said anything of the watch's mentions.
    pub fn relevance(&self, watch: &str, title: &str, text: &str, untrained: &Sense) -> Option<Relevance> {
        let model = self.relevance.get(watch).filter(|model| model.len() > 0)?;
        let stream = Stream::new(title, text);
        let features = stream.features(&Known(untrained));
        let [_, likely] = model.predict(&features, [0.0, RELEVANT]);
        let moved = moved("relevance", model, &stream, &features, &|[no, yes]| yes - no);
        Some(Relevance { watch: watch.to_owned(), likely, moved })
    }

    /// Probability of the three classes of sentiment, from negative to positive, to be measured.
    pub fn classes(&self, title: &str, text: &str, untrained: &Sense) -> [f32; 3] {
        let known = Known(untrained);
        self.sentiment.predict(&Stream::new(title, text).features(&known), known.sentiment())
    }
}

/// What was said of the labels of a post, with what follows from it: an outage is a problem.
fn answers(corrected: &Corrected) -> BTreeMap<Label, bool> {
    let mut answers: BTreeMap<Label, bool> = BTreeMap::new();
    for (label, said) in &corrected.labels {
        if let (true, Some(parent)) = (said.what, label.parent()) {
            answers.entry(parent).or_insert(true);
        }
    }
    answers.extend(corrected.labels.iter().map(|(label, said)| (*label, said.what)));
    answers
}

/// Learns an answer, or takes back what is not said any more.
fn settle<const K: usize>(
    model: &mut Linear<K>,
    key: Key,
    features: &[Feature],
    offset: [f32; K],
    answer: Option<usize>,
) {
    match answer {
        Some(answer) if model.answer(&key) == Some(answer) => {}
        Some(answer) => model.learn(key, features, offset, answer),
        None => drop(model.take_back(&key)),
    }
}

/// Gives a label or takes it, and with a parent its children.
fn give(sense: &mut Sense, label: Label, likely: f32) {
    if label == Label::Problem {
        sense.problem = likely;
    }
    let given = likely >= GIVEN;
    if !given {
        sense.labels.retain(|other| other.label != label && other.label.parent() != Some(label));
    } else if let Some(there) = sense.labels.iter_mut().find(|other| other.label == label) {
        there.confidence = likely;
    } else {
        sense.labels.push(Labelled { label, confidence: likely, cues: Vec::new() });
    }
}

/// The words that pulled hardest, each once.
fn moved<const K: usize>(
    question: &str,
    model: &Linear<K>,
    stream: &Stream<'_>,
    features: &[Feature],
    towards: &dyn Fn([f32; K]) -> f32,
) -> Vec<Moved> {
    let share = model.share();
    let mut pulls: BTreeMap<String, f32> = BTreeMap::new();
    for feature in features {
        let by = towards(model.pull(feature, share));
        if by != 0.0 {
            *pulls.entry(stream.name(feature)).or_default() += by;
        }
    }
    let mut pulls: Vec<(String, f32)> = pulls.into_iter().filter(|(_, by)| by.abs() >= WORTH_TELLING).collect();
    pulls.sort_by(|(_, one), (_, other)| other.abs().total_cmp(&one.abs()));
    pulls.truncate(MAX_MOVED);
    pulls.into_iter().map(|(words, by)| Moved { question: question.to_owned(), words, by }).collect()
}
