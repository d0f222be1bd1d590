//! How much does each signal count in a score, and whose word counts more?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Author, Post};

/// What a score is made of: `[score]` in `daemon.toml`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scoring {
    /// How much each signal counts beside the others: the share of its weight in the sum of all weights is the most
    /// points, of 100, that it can give. 0 leaves a signal out.
    pub weights: Weights,
    /// Whose word counts how much, from 0 to 1: by handle and site (`"jane@news.example" = 1.0`) or by site
    /// (`"news.example" = 0.8`). Of others, their record at the source counts.
    #[serde(deserialize_with = "lower_case")]
    pub authority: BTreeMap<String, f32>,
}

/// Handles and domains are the same in every case.
fn lower_case<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f32>, D::Error> {
    let named: BTreeMap<String, f32> = BTreeMap::deserialize(deserializer)?;
    Ok(named.into_iter().map(|(name, weight)| (name.trim_start_matches('@').to_lowercase(), weight)).collect())
}

/// The weight of each signal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// How much the post is about what was asked for: title before text, clauses close together, repetition.
    pub relevance: f32,
    /// Priority and role of the watch.
    pub priority: f32,
    /// How strongly the author feels; bad weighs more than good.
    pub sentiment: f32,
    /// How grave what the post is about can become: a leak before an outage before a question.
    pub label: f32,
    /// How much people react, compared with other posts of the source.
    pub engagement: f32,
    /// How fast the story grows.
    pub velocity: f32,
    /// Who says it.
    pub authority: f32,
    /// How new it is.
    pub freshness: f32,
    /// A question that nobody has answered.
    pub question: f32,
    /// It links to a page of yours (`team.domains`).
    pub own_link: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            relevance: 28.0,
            priority: 10.0,
            sentiment: 8.0,
            label: 14.0,
            engagement: 12.0,
            velocity: 8.0,
            authority: 4.0,
            freshness: 10.0,
            question: 4.0,
            own_link: 2.0,
        }
    }
}

impl Weights {
    /// The most that a weight may be.
    pub const MOST: f32 = 1_000.0;

    /// Every weight with its name.
    pub fn named(&self) -> [(&'static str, f32); 10] {
        [
            ("relevance", self.relevance),
            ("priority", self.priority),
            ("sentiment", self.sentiment),
            ("label", self.label),
            ("engagement", self.engagement),
            ("velocity", self.velocity),
            ("authority", self.authority),
            ("freshness", self.freshness),
            ("question", self.question),
            ("own_link", self.own_link),
        ]
    }

    /// The most points that a weight gives.
    pub fn points(&self, weight: f32) -> f32 {
        100.0 * weight / self.named().iter().map(|(_, weight)| weight).sum::<f32>()
    }

    /// What is wrong with the weights, if anything is.
    pub fn fault(&self) -> Option<String> {
        let named = self.named();
        if let Some((name, weight)) = named.iter().find(|(_, weight)| !(0.0..=Self::MOST).contains(weight)) {
            return Some(format!("the weight of `{name}` is {weight}: it must be from 0 to {}", Self::MOST));
        }
        let all_left_out = named.iter().all(|(_, weight)| *weight == 0.0);
        all_left_out.then(|| "all weights are 0: then every score is 0 too".to_owned())
    }
}

impl Scoring {
    /// What was configured of a post's author or site, with the name under which it was.
    pub fn authority_of(&self, post: &Post) -> Option<(&str, f32)> {
        if self.authority.is_empty() {
            return None;
        }
        let author = post.author.as_ref().map(|author| full_handle(author, &post.site));
        let found = author.and_then(|author| self.authority.get_key_value(&author));
        let found = found.or_else(|| self.authority.get_key_value(&post.site));
        found.map(|(name, weight)| (name.as_str(), *weight))
    }
}

/// Handle and site, in lower case; in the Fediverse the handle brings its site along.
fn full_handle(author: &Author, site: &str) -> String {
    let handle = author.handle.trim_start_matches('@').to_lowercase();
    if handle.contains('@') { handle } else { format!("{handle}@{site}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_points_of_all_signals_add_up_to_100() {
        let weights = Weights { engagement: 60.0, label: 0.0, ..Weights::default() };
        let sum: f32 = weights.named().iter().map(|(_, weight)| weights.points(*weight)).sum();
        assert!((sum - 100.0).abs() < 0.01, "{sum}");
    }

    #[test]
    fn weights_that_make_no_score_are_faults() {
        for (weights, fault) in [
            (Weights::default(), None),
            (Weights { label: -1.0, ..Weights::default() }, Some("`label`")),
            (Weights { label: f32::NAN, ..Weights::default() }, Some("`label`")),
            (Weights { velocity: 1e9, ..Weights::default() }, Some("`velocity`")),
        ] {
            let found = weights.fault();
            assert_eq!(found.is_some(), fault.is_some(), "{found:?}");
            assert!(found.unwrap_or_default().contains(fault.unwrap_or_default()));
        }
    }
}
