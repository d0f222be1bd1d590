//! How fast does the story grow?

use super::Sight;
use crate::model::Duration;

/// As many other posts an hour are as many as can be.
const MANY: f64 = 16.0;
/// A story that began a moment ago counts as this old, so that two posts at once are no storm.
const LEAST: Duration = Duration::hours(1);

/// By a logarithmic scale of posts an hour since the story began; nothing for its first post.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let story = sight.story;
    if story.others == 0 {
        return None;
    }
    let age = sight.now.since(story.opened_at).max(LEAST);
    let rate = f64::from(story.others) / (age.0 as f64 / Duration::hours(1).0 as f64);
    let share = (rate.ln_1p() / MANY.ln_1p()).min(1.0);
    let others = if story.others == 1 { "1 other post".to_owned() } else { format!("{} other posts", story.others) };
    Some((share as f32, format!("{others} of its story in {age}")))
}
