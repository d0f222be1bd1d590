//! Does the post send people to a page of ours?

use super::Sight;

/// Whole, where it links to one of the team's domains or was made about a page there.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let link = sight.own_link?;
    Some((1.0, format!("links to {link}")))
}
