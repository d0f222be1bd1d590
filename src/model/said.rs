//! What does a source say of a post beyond its words, and when is a change of it worth writing down?

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{Engagement, Post, PostId};

/// Up to here every change of a count matters; beyond, one by about a tenth.
const SMALL: u64 = 10;
/// The last rank of each step on a front page: there every change would be one at each poll.
const RANKS: [u32; 8] = [1, 2, 3, 5, 10, 20, 30, 60];

/// What a source says now of a post that is known with the very same words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    pub post: PostId,
    /// What is not said stays as it was.
    pub engagement: Engagement,
    /// They join those that it has: another source may have given it those.
    pub tags: Vec<String>,
}

impl Update {
    pub fn of(post: &Post) -> Self {
        Self { post: post.id, engagement: post.engagement, tags: post.tags.clone() }
    }

    pub fn mark(&self) -> Mark {
        Mark::of(&self.engagement, &self.tags)
    }

    /// Takes it in. Taking the same in twice changes nothing.
    pub fn take_into(engagement: Engagement, tags: &[String], post: &mut Post) {
        post.engagement = engagement.over(post.engagement);
        for tag in tags {
            if post.tags.len() < Post::MAX_TAGS && !post.tags.contains(tag) {
                post.tags.push(tag.clone());
            }
        }
    }
}

/// Counts, rank and tags of a post as one source said them last, coarsely and in two bytes: they are kept for every post
/// and source. Two that are equal are taken for no change; by chance that is wrong once in 65,536 changes, and the
/// next change is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(pub u16);

impl Mark {
    /// No count, no rank, no tag.
    pub const NOTHING: Self = Self(0);

    /// Changes with every tag, with counts up to 10 by one and beyond by about a tenth, and with ranks between 1, 2, 3,
    /// 5, 10, 20, 30 and 60. The same for the tags in another order, on every machine and in every version.
    pub fn of(engagement: &Engagement, tags: &[String]) -> Self {
        let Engagement { likes, replies, shares, rank } = *engagement;
        let counts = [likes, replies, shares].map(|count| count.map_or(0, |count| 1 + step(count)));
        let rank = rank.map_or(0, |rank| 1 + RANKS.partition_point(|last| *last < rank) as u64);
        if counts == [0; 3] && rank == 0 && tags.is_empty() {
            return Self::NOTHING;
        }
        let bytes: Vec<u8> = counts.into_iter().chain([rank]).flat_map(u64::to_be_bytes).collect();
        let tags = tags.iter().fold(0, |sum: u64, tag| sum.wrapping_add(xxh3_64(tag.as_bytes())));
        let [a, b, c, d, e, f, g, h] = xxh3_64(&[&bytes[..], &tags.to_be_bytes()].concat()).to_be_bytes();
        Self(u16::from_be_bytes([a ^ c ^ e ^ g, b ^ d ^ f ^ h]).max(1))
    }
}

/// Which step a count has reached.
fn step(count: u64) -> u64 {
    if count <= SMALL {
        return count;
    }
    let (mut step, mut reached) = (SMALL, SMALL);
    while let Some(next) = reached.checked_add(reached / 10).filter(|next| *next <= count) {
        reached = next;
        step += 1;
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(likes: Option<u64>, rank: Option<u32>, tags: &[&str]) -> Mark {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Mark::of(&Engagement { likes, rank, ..Engagement::default() }, &tags)
    }

    #[test]
    fn small_counts_matter_one_by_one_and_large_ones_by_about_a_tenth() {
        assert_eq!([0, 1, 9, 10, 11, 19, 20, 21, 22].map(step), [0, 1, 9, 10, 11, 19, 20, 20, 21]);
        for count in [100, 1_000, 54_321, 1 << 40, u64::MAX / 2] {
            assert!(step(count) == step(count + count / 200) || step(count) == step(count - count / 200), "{count}");
            assert!(step(count) < step(count / 10 * 12), "{count}");
        }
        assert!(step(u64::MAX) < 1_000);
        assert_ne!(mark(None, None, &[]), mark(Some(0), None, &[]), "zero is said, nothing is not");
    }

    #[test]
    fn a_rank_matters_where_it_appears_goes_or_crosses_a_step() {
        let ranks = [None, Some(1), Some(2), Some(3), Some(5), Some(6), Some(10), Some(11), Some(31), Some(400)];
        let mut marks: Vec<u16> = ranks.map(|rank| mark(None, rank, &[]).0).to_vec();
        assert_eq!(marks[5], marks[6], "6 and 10 are one step");
        marks.dedup();
        assert_eq!(marks.len(), 9);
        assert_eq!(marks[0], Mark::NOTHING.0);
    }

    #[test]
    fn tags_matter_in_any_order_and_the_mark_is_the_same_in_every_version() {
        assert_eq!(mark(Some(3), None, &["a", "b"]), mark(Some(3), None, &["b", "a"]));
        assert_ne!(mark(Some(3), None, &["a", "b"]), mark(Some(3), None, &["a"]));
        assert_eq!(mark(Some(3), Some(7), &["show_hn"]), Mark(7624));
    }
}
