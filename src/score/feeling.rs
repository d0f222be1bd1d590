//! How strongly does the author feel?

use super::Sight;
use crate::model::Sentiment;

/// Praise wants an answer too, but not at night.
const GOOD: f32 = 0.4;

/// The strength of the sentiment as far as it is sure, bad before good; nothing where it is unclassified or neutral.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let Sentiment::Classified(valence) = sight.sense?.sentiment else { return None };
    let weight = if valence.value < 0.0 { 1.0 } else { GOOD };
    let share = weight * valence.value.abs() * valence.confidence;
    let (class, value) = (valence.class.name(), valence.value);
    (share > 0.0).then(|| (share, format!("{class} ({value:+.2}, {:.0} % sure)", valence.confidence * 100.0)))
}
