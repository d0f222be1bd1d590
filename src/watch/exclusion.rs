//! Which mentions are held back, whatever watch they are of?

use crate::model::ClauseHit;
use crate::query::{Query, Subject};

/// Something that nobody wants to be told of. It holds mentions back, with itself as the reason, and deletes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Exclusion {
    /// Unique among the exclusions.
    pub name: String,
    pub query: Query,
}

/// The first exclusion that is true of a post, with its clauses and their places.
pub fn first_true<'e>(exclusions: &'e [Exclusion], subject: &Subject<'_>) -> Option<(&'e Exclusion, Vec<ClauseHit>)> {
    exclusions.iter().find_map(|exclusion| Some((exclusion, exclusion.query.explain(subject)?)))
}
