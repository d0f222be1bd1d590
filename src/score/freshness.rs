//! How new is the post?

use super::Sight;
use crate::model::Duration;

/// Points of a post that was published just now.
const MOST: f32 = 20.0;
/// The points halve over this time.
const HALF_LIFE: Duration = Duration::hours(12);

/// Up to 20 points, halving every twelve hours of age; a post without a date counts as just read.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let age = sight.now.since(sight.post.dated());
    let points = MOST * 0.5_f64.powf(age.0 as f64 / HALF_LIFE.0 as f64) as f32;
    Some((points, format!("published {age} ago")))
}
