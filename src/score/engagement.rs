//! How much do people react, compared with what is usual at this source?

use std::collections::{HashMap, VecDeque};

use super::Sight;
use crate::model::{Engagement, Post};

/// Points of a post that gathers more than every other at its source.
const MOST: f32 = 30.0;
/// Posts remembered a source.
const REMEMBERED: usize = 200;
/// Below this many, what is usual is not known yet and a fixed scale is used.
const ENOUGH: usize = 20;
/// On the fixed scale, this many reactions give all points.
const MANY: f64 = 1_000.0;

/// What the latest posts of each source gathered. Bounded: [`REMEMBERED`] numbers for each source ever configured while the daemon runs.
#[derive(Clone, Debug, Default)]
pub struct Baselines {
    of_source: HashMap<String, VecDeque<u64>>,
}

impl Baselines {
    /// Remembers what a post gathered; one for which the site gives no counts teaches nothing.
    pub fn learn(&mut self, post: &Post) {
        let Some(reactions) = reactions(&post.engagement) else { return };
        let usual = match self.of_source.get_mut(&post.source) {
            Some(usual) => usual,
            None => self.of_source.entry(post.source.clone()).or_default(),
        };
        usual.push_back(reactions);
        if usual.len() > REMEMBERED {
            usual.pop_front();
        }
    }

    /// Share of the source's latest posts that gathered fewer reactions, once enough are known.
    fn share_below(&self, source: &str, reactions: u64) -> Option<f64> {
        let usual = self.of_source.get(source).filter(|usual| usual.len() >= ENOUGH)?;
        Some(usual.iter().filter(|other| **other < reactions).count() as f64 / usual.len() as f64)
    }
}

/// Up to 30 points by rank within its source; by a logarithmic scale while the source is new.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let reactions = reactions(&sight.post.engagement)?;
    let said = format!("{reactions} reactions");
    match sight.baselines.share_below(&sight.post.source, reactions) {
        Some(share) => Some((MOST * share as f32, format!("{said}, more than {:.0} % of this source", share * 100.0))),
        None => {
            let share = ((reactions as f64).ln_1p() / MANY.ln_1p()).min(1.0);
            Some((MOST * share as f32, format!("{said}; what is usual here is not known yet")))
        }
    }
}

/// Likes, replies and shares together; `None` where the site gives none of them.
fn reactions(engagement: &Engagement) -> Option<u64> {
    let counts = [engagement.likes, engagement.replies, engagement.shares];
    counts
        .iter()
        .any(Option::is_some)
        .then(|| counts.iter().flatten().fold(0, |sum: u64, count| sum.saturating_add(*count)))
}
