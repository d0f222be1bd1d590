//! How much do people react, compared with what is usual at this source?

use std::collections::{HashMap, VecDeque};

use xxhash_rust::xxh3::Xxh3;

use super::Sight;
use crate::model::{Engagement, Post};

/// Posts remembered a source.
const REMEMBERED: usize = 200;
/// Below this many, what is usual is not known yet and a fixed scale is used.
const ENOUGH: usize = 20;
/// On the fixed scale, this many reactions are as many as can be.
const MANY: f64 = 1_000.0;

/// Authors remembered in each of two generations: those who wrote last.
const AUTHORS: usize = 10_000;
/// Fewer posts are no record of an author.
const RECORD: u8 = 4;

/// What the latest posts of each source gathered. Bounded: [`REMEMBERED`] numbers for each source ever configured while
/// the daemon runs, and the records of twice [`AUTHORS`] authors.
#[derive(Clone, Debug, Default)]
pub struct Baselines {
    of_source: HashMap<String, VecDeque<u64>>,
    /// By hash of source and handle: posts, and how many of them gathered more than half of the source's posts do.
    authors: HashMap<u64, (u8, u8)>,
    earlier_authors: HashMap<u64, (u8, u8)>,
}

impl Baselines {
    /// Remembers what a post gathered; one for which the site gives no counts teaches nothing.
    pub fn learn(&mut self, post: &Post) {
        let Some(reactions) = reactions(&post.engagement) else { return };
        if let Some(share) = self.share_below(&post.source, reactions) {
            self.learn_author(post, share > 0.5);
        }
        let usual = match self.of_source.get_mut(&post.source) {
            Some(usual) => usual,
            None => self.of_source.entry(post.source.clone()).or_default(),
        };
        usual.push_back(reactions);
        if usual.len() > REMEMBERED {
            usual.pop_front();
        }
    }

    fn learn_author(&mut self, post: &Post, above: bool) {
        let Some(author) = author_key(post) else { return };
        if self.authors.len() >= AUTHORS {
            self.earlier_authors = std::mem::take(&mut self.authors);
        }
        let known = self.authors.get(&author).or_else(|| self.earlier_authors.get(&author));
        let (posts, high) = known.copied().unwrap_or_default();
        // Halved when full, so that the newest posts count most.
        let (posts, high) = if posts == u8::MAX { (posts / 2, high / 2) } else { (posts, high) };
        self.authors.insert(author, (posts + 1, high + u8::from(above)));
    }

    /// How many posts an author wrote at a source, and how many of them gathered more than is usual there; `None` of
    /// authors who are hardly known.
    pub(super) fn record_of(&self, post: &Post) -> Option<(u8, u8)> {
        let author = author_key(post)?;
        let known = self.authors.get(&author).or_else(|| self.earlier_authors.get(&author));
        known.copied().filter(|(posts, _)| *posts >= RECORD)
    }

    /// Share of the source's latest posts that gathered fewer reactions, once enough are known.
    fn share_below(&self, source: &str, reactions: u64) -> Option<f64> {
        let usual = self.of_source.get(source).filter(|usual| usual.len() >= ENOUGH)?;
        Some(usual.iter().filter(|other| **other < reactions).count() as f64 / usual.len() as f64)
    }
}

/// The author at the source.
fn author_key(post: &Post) -> Option<u64> {
    let author = post.author.as_ref()?;
    let mut hasher = Xxh3::new();
    hasher.update(post.source.as_bytes());
    hasher.update(&[0]);
    hasher.update(author.handle.as_bytes());
    Some(hasher.digest())
}

/// By rank within its source; by a logarithmic scale while the source is new.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let reactions = reactions(&sight.post.engagement)?;
    let said = format!("{reactions} reactions");
    match sight.baselines.share_below(&sight.post.source, reactions) {
        Some(share) => Some((share as f32, format!("{said}, more than {:.0} % of this source", share * 100.0))),
        None => {
            let share = ((reactions as f64).ln_1p() / MANY.ln_1p()).min(1.0);
            Some((share as f32, format!("{said}; what is usual here is not known yet")))
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
