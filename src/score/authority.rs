//! Whose word is it?

use super::Sight;

/// As configured for author or site; else by how often the author's earlier posts gathered more than is usual at the
/// source. Nothing of who is not known yet.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    if let Some((name, weight)) = sight.scoring.authority_of(sight.post) {
        return Some((weight, format!("{name} has {weight} by configuration")));
    }
    let (posts, above) = sight.baselines.record_of(sight.post)?;
    let share = above as f32 / posts as f32;
    Some((share, format!("{above} of the author's last {posts} posts here gathered more than is usual")))
}
