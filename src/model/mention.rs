//! What is a mention: which watch matched a post, where, and how much does it matter?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What sort of thing a watch listens for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Brand,
    Product,
    Competitor,
    Topic,
}

/// How much a watch matters to its owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
}

/// A text of a post that words are looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Title,
    Text,
}

/// A place in a post's title or text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    pub field: Field,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// One clause of a query that was true, and where. A clause about a field has no spans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseHit {
    /// The clause as the query language prints it: `"acme cloud"`, `site:reddit.com`.
    pub clause: String,
    /// At most [`ClauseHit::MAX_SPANS`], in order of place.
    pub spans: Vec<Span>,
}

impl ClauseHit {
    /// Most places kept for one clause.
    pub const MAX_SPANS: usize = 8;
}

/// The first 64 bits of BLAKE3 over a watch's query (lists expanded) and settings, in hexadecimal.
pub type WatchVersion = String;

/// One watch that a post satisfied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    pub watch: String,
    pub version: WatchVersion,
    pub role: Role,
    pub owner: Option<String>,
    pub priority: Priority,
    pub clauses: Vec<ClauseHit>,
}

impl Match {
    /// Forgets where in the text it was found, for a post whose words are kept no more.
    pub fn blank(&mut self) {
        self.clauses.iter_mut().for_each(|hit| hit.spans.clear());
    }
}

/// How much a mention matters: 0–100, the rounded and clamped sum of its parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub total: u8,
    pub parts: Vec<ScorePart>,
}

/// One named part of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScorePart {
    /// Name of the signal: `relevance`, `freshness`, `engagement`.
    pub signal: String,
    /// Points it adds.
    pub points: f32,
    /// Why, in words: `acme in the title`.
    pub why: String,
}
