//! In which one way did each post that was read end?

use serde::{Deserialize, Serialize};

/// The one end of every post that a source kind found in an answer (invariant 5). No other exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It could not become a post; the rejection says why.
    Rejected,
    /// The same post with the same words was read before.
    AlreadySeen,
    /// Read before, and its words changed since: archived anew, no new alert.
    Edited,
    /// Archived; no watch matched.
    Unmatched,
    /// Archived; a watch matched but an exclusion held it back, with the reason.
    Suppressed,
    /// Archived; at least one watch matched.
    Mention,
}

impl Outcome {
    /// Every outcome with its name in metrics and JSON.
    pub const ALL: [(Outcome, &'static str); 6] = [
        (Outcome::Rejected, "rejected"),
        (Outcome::AlreadySeen, "already_seen"),
        (Outcome::Edited, "edited"),
        (Outcome::Unmatched, "unmatched"),
        (Outcome::Suppressed, "suppressed"),
        (Outcome::Mention, "mention"),
    ];

    /// Its name in metrics and JSON.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(outcome, _)| *outcome == self).map_or("rejected", |(_, name)| name)
    }
}

/// Why something that a source listed could not become a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// What was wrong, in words for the operator.
    pub why: String,
    /// The beginning of what was there (id, link or text), at most 120 characters.
    pub what: String,
}

/// How many posts ended in each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub rejected: u64,
    pub already_seen: u64,
    pub edited: u64,
    pub unmatched: u64,
    pub suppressed: u64,
    pub mention: u64,
}

impl Counts {
    /// Counts one more post with this end.
    pub fn add(&mut self, outcome: Outcome) {
        *self.slot(outcome) += 1;
    }

    /// All posts counted.
    pub fn total(&self) -> u64 {
        self.rejected + self.already_seen + self.edited + self.unmatched + self.suppressed + self.mention
    }

    /// Posts that were not known.
    pub fn news(&self) -> u64 {
        self.unmatched + self.suppressed + self.mention
    }

    /// Whether anything was new.
    pub fn is_news(&self) -> bool {
        self.news() > 0
    }

    /// The count for one outcome.
    pub fn get(&self, outcome: Outcome) -> u64 {
        let mut copy = *self;
        *copy.slot(outcome)
    }

    /// Adds another set of counts to this one.
    pub fn merge(&mut self, other: &Counts) {
        for (outcome, _) in Outcome::ALL {
            *self.slot(outcome) += other.get(outcome);
        }
    }

    fn slot(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Rejected => &mut self.rejected,
            Outcome::AlreadySeen => &mut self.already_seen,
            Outcome::Edited => &mut self.edited,
            Outcome::Unmatched => &mut self.unmatched,
            Outcome::Suppressed => &mut self.suppressed,
            Outcome::Mention => &mut self.mention,
        }
    }
}
