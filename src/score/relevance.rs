//! How much is the post about what was asked for?

use std::collections::HashSet;

use super::Sight;
use crate::model::{ClauseHit, Field, Span};

/// A match in the title says that the post is about it.
const IN_TITLE: f32 = 0.6;
/// A match in the text alone says that it comes up.
const IN_TEXT: f32 = 0.3;
/// Different clauses that stand close together belong together.
const CLOSE: f32 = 0.3;
/// What each further place adds.
const PLACE: f32 = 0.02;
/// Most further places that add something.
const REPEATED: usize = 5;
/// Bytes between two clauses up to which they are close: about ten words.
const CLOSE_BYTES: u32 = 60;

/// Title before text, proximity of different clauses, repetition.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let hits: Vec<&ClauseHit> = sight.matches.iter().flat_map(|found| &found.clauses).collect();
    let spans: HashSet<Span> = hits.iter().flat_map(|hit| hit.spans.iter().copied()).collect();
    let Some(first) = hits.iter().find(|hit| !hit.spans.is_empty()) else {
        return Some((IN_TEXT, "matched by its fields".to_owned()));
    };
    let titled = hits.iter().find(|hit| hit.spans.iter().any(|span| span.field == Field::Title));
    let (mut points, mut why) = match titled {
        Some(hit) => (IN_TITLE, format!("{} in the title", hit.clause)),
        None => (IN_TEXT, format!("{} in the text", first.clause)),
    };
    if let Some((one, other)) = close_pair(&hits) {
        points += CLOSE;
        why.push_str(&format!(", {one} close to {other}"));
    }
    let repeated = spans.len().saturating_sub(1).min(REPEATED);
    if repeated > 0 {
        points += PLACE * repeated as f32;
        why.push_str(&format!(", in {} places", spans.len()));
    }
    Some((points, why))
}

/// Two different clauses that stand close together in the same field, neither inside the other.
fn close_pair<'a>(hits: &[&'a ClauseHit]) -> Option<(&'a str, &'a str)> {
    for (index, one) in hits.iter().enumerate() {
        for other in hits.iter().skip(index + 1).filter(|other| other.clause != one.clause) {
            if one.spans.iter().any(|a| other.spans.iter().any(|b| gap(a, b).is_some_and(|gap| gap <= CLOSE_BYTES))) {
                return Some((&one.clause, &other.clause));
            }
        }
    }
    None
}

/// Bytes between two places; `None` where they overlap or stand in different fields.
fn gap(a: &Span, b: &Span) -> Option<u32> {
    if a.field != b.field || (a.start < b.end && b.start < a.end) {
        return None;
    }
    Some(b.start.saturating_sub(a.end).max(a.start.saturating_sub(b.end)))
}
