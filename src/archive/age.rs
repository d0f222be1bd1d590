//! To which moment does the age of a stored post count?

use crate::model::{Post, Timestamp};

/// What `age` in a query counts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeTo {
    /// One moment for all posts: a search.
    Moment(Timestamp),
    /// For each post its arrival, as on the live stream: a watch.
    Arrival,
}

impl AgeTo {
    /// What `now` is when a post is asked about.
    pub(super) fn now(self, post: &Post) -> Timestamp {
        match self {
            Self::Moment(now) => now,
            Self::Arrival => post.received,
        }
    }
}
