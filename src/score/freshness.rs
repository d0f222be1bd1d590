//! How new is the post?

use super::Sight;
use crate::model::Duration;

/// What is new is worth half as much after this time.
const HALF_LIFE: Duration = Duration::hours(12);

/// Halves every twelve hours of age; a post without a date counts as just read.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let age = sight.now.since(sight.post.dated());
    let share = 0.5_f64.powf(age.0 as f64 / HALF_LIFE.0 as f64) as f32;
    Some((share, format!("published {age} ago")))
}
