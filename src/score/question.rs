//! Does the post ask something that nobody has answered?

use super::Sight;
use crate::model::{Label, PostType};

/// Somebody replied, which need not be an answer.
const REPLIED: f32 = 0.3;

/// A question without an answer of the team, the less of it the more others replied.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let post = sight.post;
    let labelled = sight.sense.and_then(|sense| sense.labels.iter().find(|found| found.label == Label::Question));
    let sure = if post.post_type == PostType::Question { 1.0 } else { labelled?.confidence };
    if sight.answered {
        return None;
    }
    match post.engagement.replies {
        Some(0) => Some((sure, "a question without a reply".to_owned())),
        Some(replies) => Some((sure * REPLIED, format!("a question, {replies} replied, none of the team"))),
        None => Some((sure, "a question that the team has not answered".to_owned())),
    }
}
