//! How much does a mention matter, and why?
//!
//! A score is 0–100 and the sum of named parts; each signal is one file and says its share, from 0 to 1, and its reason.
//! The [`Weights`](crate::model::Weights) make points of it.

mod authority;
mod engagement;
mod feeling;
mod freshness;
pub mod learn;
mod own_link;
mod priority;
mod question;
mod reading;
mod relevance;
pub mod sense;
mod severity;
mod velocity;

pub use engagement::Baselines;
pub use reading::read;

use crate::model::{Match, Post, Score, ScorePart, Scoring, Sense, Timestamp, Weights};

/// What a signal may look at.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    pub post: &'a Post,
    pub matches: &'a [Match],
    pub now: Timestamp,
    /// What posts of this source usually gather.
    pub baselines: &'a Baselines,
    /// What its words say, where they were read.
    pub sense: Option<&'a Sense>,
    pub story: StoryPace,
    /// The team has answered in its conversation.
    pub answered: bool,
    /// The first of its links that leads to a page of ours.
    pub own_link: Option<&'a str>,
    pub scoring: &'a Scoring,
}

/// How fast a story grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoryPace {
    /// Its members before this post.
    pub others: u32,
    pub opened_at: Timestamp,
}

/// One named part of every score.
struct Signal {
    name: &'static str,
    weight: fn(&Weights) -> f32,
    /// Its share, from 0 to 1, and the reason for it; `None` where the signal has nothing to say.
    rate: fn(&Sight<'_>) -> Option<(f32, String)>,
}

/// All signals.
const SIGNALS: &[Signal] = &[
    Signal { name: "relevance", weight: |weights| weights.relevance, rate: relevance::rate },
    Signal { name: "priority", weight: |weights| weights.priority, rate: priority::rate },
    Signal { name: "sentiment", weight: |weights| weights.sentiment, rate: feeling::rate },
    Signal { name: "label", weight: |weights| weights.label, rate: severity::rate },
    Signal { name: "engagement", weight: |weights| weights.engagement, rate: engagement::rate },
    Signal { name: "velocity", weight: |weights| weights.velocity, rate: velocity::rate },
    Signal { name: "authority", weight: |weights| weights.authority, rate: authority::rate },
    Signal { name: "freshness", weight: |weights| weights.freshness, rate: freshness::rate },
    Signal { name: "question", weight: |weights| weights.question, rate: question::rate },
    Signal { name: "own_link", weight: |weights| weights.own_link, rate: own_link::rate },
];

/// The score of a mention with its parts.
pub fn score(sight: &Sight<'_>) -> Score {
    let weights = &sight.scoring.weights;
    let parts: Vec<ScorePart> = SIGNALS
        .iter()
        .filter(|signal| (signal.weight)(weights) > 0.0)
        .filter_map(|signal| {
            let (share, why) = (signal.rate)(sight)?;
            let points = weights.points((signal.weight)(weights)) * share.clamp(0.0, 1.0);
            // As it is shown, so that whoever adds up what is shown gets the total.
            Some(ScorePart { signal: signal.name.to_owned(), points: (points * 10.0).round() / 10.0, why })
        })
        .collect();
    let sum: f32 = parts.iter().map(|part| part.points).sum();
    Score { total: sum.round().clamp(0.0, 100.0) as u8, parts }
}

#[cfg(test)]
mod tests;
