//! Is it said in praise or in blame, and how surely?

use super::Part;
use crate::model::{Sentiment, SentimentClass, Valence};

/// A title says in few words what a text says in many.
const TITLE: f32 = 1.3;
/// Sums from which a text is positive or negative, chosen on texts that people rated (`sentiment-vader-gt`).
const POSITIVE_FROM: f32 = 1.2;
const NEGATIVE_FROM: f32 = 0.9;
/// Exclamation marks that count.
const MAX_EXCLAMATIONS: u16 = 3;
/// How much louder each makes what is said …
const LOUDER: f32 = 0.06;
/// … and what it says where nothing bad is said (fitted on the rated texts).
const GLAD: f32 = 0.25;
/// How soon the value comes close to its ends.
const SPREAD: f32 = 12.0;

/// Good and bad, summed over the parts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    pub good: f32,
    pub bad: f32,
}

pub fn sums(part: &Part) -> Sums {
    let mut sums = Sums::default();
    for hit in &part.hits {
        let said = hit.sentiment * part.weight(hit);
        if said > 0.0 { sums.good += said } else { sums.bad -= said }
    }
    sums
}

/// Praise less blame; both grow with exclamation marks.
pub fn total(parts: &[Part]) -> f32 {
    let mut total = 0.0;
    for part in parts {
        let sums = sums(part);
        let exclaimed = f32::from(part.found.exclamations.min(MAX_EXCLAMATIONS));
        let louder = 1.0 + LOUDER * exclaimed;
        // Who exclaims and blames nothing is glad of something.
        let glad = if sums.bad == 0.0 { GLAD * exclaimed } else { 0.0 };
        let weight = if part.field == crate::model::Field::Title { TITLE } else { 1.0 };
        total += ((sums.good - sums.bad) * louder + glad) * weight * part.thinned();
    }
    total
}

pub fn sentiment(parts: &[Part]) -> Sentiment {
    let total = total(parts);
    let value = total / (total * total + SPREAD).sqrt();
    let class = if total >= POSITIVE_FROM {
        SentimentClass::Positive
    } else if total <= -NEGATIVE_FROM {
        SentimentClass::Negative
    } else {
        SentimentClass::Neutral
    };
    Sentiment::Classified(Valence { value, confidence: confidence(total, class), class })
}

/// Sum, and how often raters agree with the class there: of the rated tweets and reviews, counting a mean rating
/// within ±0.8 (of −4 to 4) as neutral.
const POSITIVE: &[(f32, f32)] = &[(1.2, 0.5), (1.75, 0.68), (2.25, 0.83), (3.25, 0.93), (5.25, 0.97), (8.0, 0.98)];
const NEGATIVE: &[(f32, f32)] = &[(0.9, 0.5), (1.25, 0.56), (1.75, 0.65), (2.25, 0.78), (4.25, 0.88), (6.5, 0.95)];
const NEUTRAL: &[(f32, f32)] = &[(0.0, 0.62), (0.75, 0.48), (1.2, 0.45)];

fn confidence(total: f32, class: SentimentClass) -> f32 {
    match class {
        SentimentClass::Positive => between(POSITIVE, total.abs()),
        SentimentClass::Negative => between(NEGATIVE, total.abs()),
        SentimentClass::Neutral => between(NEUTRAL, total.abs()),
    }
}

/// The straight line between the two points around `at`.
fn between(points: &[(f32, f32)], at: f32) -> f32 {
    let behind = points.iter().position(|(from, _)| *from > at);
    match behind {
        None => points.last().map_or(0.0, |(_, value)| *value),
        Some(0) => points[0].1,
        Some(behind) => {
            let ((from, low), (to, high)) = (points[behind - 1], points[behind]);
            low + (high - low) * (at - from) / (to - from)
        }
    }
}
