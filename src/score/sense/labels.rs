//! Which labels does a post have, and which words speak for each?

use super::Part;
use super::hits::Hit;
use crate::model::{Field, Label, Labelled, Sentiment, SentimentClass, Span};

/// How much the words have to say for a label until it is as likely as not.
const ENOUGH: f32 = 1.4;
/// How quickly more words make it certain.
const STEEP: f32 = 1.6;
/// A label below this confidence is not given.
const MIN_CONFIDENCE: f32 = 0.5;
/// Problem likelihood from which a post has the label.
const PROBLEM_FROM: f32 = 0.5;
/// What sort of problem it is, is said of posts that are at least this likely one.
const CHILD_FROM: f32 = 0.35;
/// What a question mark speaks for a question.
const QUESTION_MARK: f32 = 1.5;
/// Words in a title weigh more.
const TITLE: f32 = 1.3;

/// Fewest replies with a sentiment of which a quarrel can be told.
const MIN_REPLIES: usize = 6;
/// Sentiment from which a reply takes a side.
const TAKES_SIDE: f32 = 0.25;

/// What speaks for each label, by its number.
type Sums = [f32; Label::ALL.len()];

/// The labels of a post, the most certain first.
pub fn labels(parts: &[Part], problem: f32, sentiment: &Sentiment) -> Vec<Labelled> {
    let mut sums = Sums::default();
    for part in parts {
        part.hits.iter().for_each(|hit| add(part, hit, &mut sums));
        if part.found.questions > 0 {
            sums[Label::Question as usize] += QUESTION_MARK;
        }
    }
    let mut found: Vec<Labelled> = Vec::new();
    for label in Label::ALL {
        let confidence = match label {
            Label::Problem => problem,
            _ => confidence(label, sums[label as usize], parts, problem, sentiment),
        };
        let least = if label == Label::Problem { PROBLEM_FROM } else { MIN_CONFIDENCE };
        if confidence >= least {
            found.push(Labelled { label, confidence, cues: cues(parts, label) });
        }
    }
    found.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
    found
}

fn add(part: &Part, hit: &Hit, sums: &mut Sums) {
    let labels = &hit.entry().labels;
    if labels.is_empty() || hit.negated {
        return;
    }
    let weight = weight(part, hit);
    labels.iter().for_each(|(label, says)| sums[*label as usize] += says * weight);
}

fn weight(part: &Part, hit: &Hit) -> f32 {
    let title = if part.field == Field::Title { TITLE } else { 1.0 };
    hit.weight * part.weight(hit).max(0.0) * title
}

/// The words that speak for a label, the strongest first.
fn cues(parts: &[Part], label: Label) -> Vec<Span> {
    let mut cues: Vec<(f32, Span)> = Vec::new();
    for part in parts {
        for hit in part.hits.iter().filter(|hit| !hit.negated) {
            let says = hit.entry().labels.iter().find(|(own, _)| *own == label);
            cues.extend(says.map(|(_, says)| (says * weight(part, hit), part.span(hit))));
        }
    }
    cues.sort_by(|one, other| other.0.total_cmp(&one.0));
    cues.into_iter().take(Labelled::MAX_CUES).map(|(_, span)| span).collect()
}

fn confidence(label: Label, sum: f32, parts: &[Part], problem: f32, sentiment: &Sentiment) -> f32 {
    let likely = 1.0 / (1.0 + (-(sum - ENOUGH) * STEEP).exp());
    let speaks_of_self = parts.iter().any(|part| part.found.me > 1);
    match label {
        Label::Problem => problem,
        Label::Outage | Label::Bug | Label::Security | Label::Billing | Label::Support | Label::Shipping => {
            if problem < CHILD_FROM { 0.0 } else { likely }
        }
        Label::Praise => match sentiment.class() {
            Some(SentimentClass::Positive) => likely,
            Some(SentimentClass::Neutral | SentimentClass::Negative) | None => 0.0,
        },
        // People who tell of themselves are neither the press nor a shop.
        Label::News | Label::Promotion | Label::Job | Label::Spam => {
            if speaks_of_self || problem > PROBLEM_FROM {
                likely * 0.6
            } else {
                likely
            }
        }
        Label::Question
        | Label::Idea
        | Label::Comparison
        | Label::Abuse
        | Label::Controversial
        | Label::IntentToLeave => likely,
    }
}

/// Whether a conversation is heated: replies take sides, and both sides are there, or one post is answered far more
/// often than it is liked and mostly in anger. `replies` are their sentiments (−1…1, `None` unclassified), `likes`
/// those of the root where the site counts them.
pub fn controversial(replies: &[Option<f32>], likes: Option<u64>) -> Option<Labelled> {
    let said: Vec<f32> = replies.iter().copied().flatten().collect();
    if said.len() < MIN_REPLIES {
        return None;
    }
    let count = |side: &dyn Fn(f32) -> bool| said.iter().filter(|value| side(**value)).count() as f32;
    let (good, bad) = (count(&|value| value >= TAKES_SIDE), count(&|value| value <= -TAKES_SIDE));
    let all = said.len() as f32;
    let divided = (good + bad) / all * (2.0 * good.min(bad) / (good + bad).max(1.0)).sqrt();
    let answered_more_than_liked = likes.is_some_and(|likes| replies.len() as u64 > likes.saturating_mul(2));
    let angry = if answered_more_than_liked { bad / all } else { 0.0 };
    // Few replies prove little.
    let confidence = divided.max(angry) * (all / (all + 2.0));
    let labelled = Labelled { label: Label::Controversial, confidence, cues: Vec::new() };
    (confidence >= MIN_CONFIDENCE).then_some(labelled)
}
