//! How much does a mention matter, and why?
//!
//! A score is 0–100 and the sum of named parts; each signal is one file and says its points and its reason.

mod engagement;
mod freshness;
mod relevance;
pub mod sense;

pub use engagement::Baselines;

use crate::model::{Match, Post, Score, ScorePart, Timestamp};

/// What a signal may look at.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    pub post: &'a Post,
    pub matches: &'a [Match],
    pub now: Timestamp,
    /// What posts of this source usually gather.
    pub baselines: &'a Baselines,
}

/// One named part of every score.
struct Signal {
    name: &'static str,
    /// Points and the reason for them; `None` where the signal has nothing to say.
    rate: fn(&Sight<'_>) -> Option<(f32, String)>,
}

/// All signals; their most points add up to 100.
const SIGNALS: &[Signal] = &[
    Signal { name: "relevance", rate: relevance::rate },
    Signal { name: "freshness", rate: freshness::rate },
    Signal { name: "engagement", rate: engagement::rate },
];

/// The score of a mention with its parts.
pub fn score(sight: &Sight<'_>) -> Score {
    let parts: Vec<ScorePart> = SIGNALS
        .iter()
        .filter_map(|signal| {
            let (points, why) = (signal.rate)(sight)?;
            Some(ScorePart { signal: signal.name.to_owned(), points, why })
        })
        .collect();
    let sum: f32 = parts.iter().map(|part| part.points).sum();
    Score { total: sum.round().clamp(0.0, 100.0) as u8, parts }
}

#[cfg(test)]
mod tests;
