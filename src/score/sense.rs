//! What do a mention's words say of what was asked for?

use crate::model::{Match, Post, Sense};

/// Sentiment, labels and problem likelihood of a post, aimed at the words that the watches found.
pub fn sense(_post: &Post, _matches: &[Match]) -> Sense {
    Sense::default()
}
