//! What does a back-test report?

use serde::{Deserialize, Serialize};

use crate::model::{Day, PostId, StoryId, Timestamp};
use crate::pipeline::look::Highlighted;

/// What a watch found in the archive, and whom it would have told; with a changed file also what the change makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub watch: String,
    /// Posts that arrived from here on …
    pub since: Timestamp,
    /// … up to here: the daemon's time.
    pub until: Timestamp,
    /// In which days are counted.
    pub time_zone: String,
    pub archive: Searched,
    /// The watch as it is; absent when only the changed file has it.
    pub current: Option<Findings>,
    /// The watch as the changed file has it; absent without such a file, or when it has none.
    pub proposed: Option<Findings>,
    /// Only with a changed file.
    pub change: Option<Change>,
}

impl Report {
    /// Whether any post was found.
    pub fn found_something(&self) -> bool {
        self.current.iter().chain(&self.proposed).any(|findings| findings.found > 0)
    }
}

/// What there was to search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Searched {
    /// Posts of the archive that arrived in the time asked for.
    pub posts: usize,
    /// When the oldest post of the whole archive arrived; absent for an empty one.
    pub oldest: Option<Timestamp>,
    /// From here on the archive has every post. Before, retention has kept only what was a mention then.
    pub complete_from: Option<Timestamp>,
}

/// What one version of the watch finds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// As it was written.
    pub query: String,
    /// Posts that the query is true of.
    pub found: usize,
    /// Those that no exclusion holds back.
    pub mentions: usize,
    /// Stories with at least one of the mentions.
    pub stories: usize,
    /// Every day of the time asked for, in order.
    pub days: Vec<DayFound>,
    /// Where the mentions are from: the ten most frequent.
    pub sources: Vec<Counted>,
    /// On which sites they stand: the ten most frequent.
    pub sites: Vec<Counted>,
    /// Posts found but held back, by the name of the exclusion.
    pub excluded: Vec<Counted>,
    /// Other watches that find some of the mentions too: the twenty with the most.
    pub overlaps: Vec<Overlap>,
    /// What would have gone to each receiver, by its name.
    pub receivers: Vec<Received>,
    /// Mentions that no route leads anywhere.
    pub without_route: usize,
    /// The newest mentions, each of another story.
    pub samples: Vec<Sample>,
}

/// One local day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFound {
    pub day: Day,
    /// Whether a zero says anything.
    pub data: DayData,
    pub mentions: usize,
    /// Stories with a mention on that day.
    pub stories: usize,
}

/// What the archive has of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayData {
    /// Nothing: it is before the oldest post.
    None,
    /// Not all of it: before what retention keeps, or cut by the oldest post.
    Partial,
    Whole,
}

/// A name and how often it came up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub name: String,
    pub posts: usize,
}

/// Another watch that finds some of the same mentions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    pub watch: String,
    /// Mentions that both find.
    pub both: usize,
    /// Of this watch's mentions: 0 to 1.
    pub share_of_this: f64,
    /// Of what the other one finds in the same time: 0 to 1; absent where that cannot be counted.
    pub share_of_other: Option<f64>,
}

/// What one receiver would have been told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    pub receiver: String,
    /// Alerts that the watch takes part in: one for each story.
    pub alerts: usize,
    /// Those that would not have come without this watch.
    pub only_this_watch: usize,
    /// Mentions of stories that it had been told of.
    pub told_before: usize,
    /// Stories that a daily cap held back, by the local day.
    pub capped: Vec<Capped>,
}

/// What a daily cap held back on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capped {
    pub day: Day,
    pub stories: usize,
}

/// One post, shown with what was found in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub id: PostId,
    pub story: StoryId,
    pub url: String,
    pub source: String,
    pub site: String,
    pub received: Timestamp,
    pub title: Highlighted,
    pub snippet: Highlighted,
    /// 0–100.
    pub score: u8,
    /// The clauses that were true of it; for what a change removes, what keeps it out now.
    pub why: Vec<String>,
}

/// What a changed file makes of the mentions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub added: Delta,
    pub removed: Delta,
    pub kept: Amount,
}

/// Mentions that come or go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    pub posts: usize,
    /// Stories that come or go as a whole.
    pub stories: usize,
    /// The newest of them, each of another story.
    pub samples: Vec<Sample>,
}

/// Mentions and their stories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub posts: usize,
    pub stories: usize,
}
