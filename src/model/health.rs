//! How is a source doing, and what went wrong at the last asking?

use serde::{Deserialize, Serialize};

use super::{Counts, Deafness, Duration, Timestamp};

/// The state of a source, as page, API, CLI and metrics show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Not asked yet.
    #[default]
    Pending,
    /// Answers, and brought something new not long ago.
    Ok,
    /// Answers, but has brought nothing new for seven days.
    Quiet,
    /// Asked us to slow down (429, Retry-After, `backoff`, quota spent); we wait.
    Limited,
    /// Refuses us: 401, 403, robots.txt, private address, a page that asks for consent or a login.
    Blocked,
    /// Cannot be reached, answers with errors, or with what its kind cannot read.
    Failing,
    /// Should have been asked by now and was not, for more than three of its intervals.
    Stale,
    /// Said it is gone for good (410); not asked any more.
    Gone,
}

impl Health {
    /// Every state with its name in metrics and JSON.
    pub const ALL: [(Health, &'static str); 8] = [
        (Health::Pending, "pending"),
        (Health::Ok, "ok"),
        (Health::Quiet, "quiet"),
        (Health::Limited, "limited"),
        (Health::Blocked, "blocked"),
        (Health::Failing, "failing"),
        (Health::Stale, "stale"),
        (Health::Gone, "gone"),
    ];

    /// Its name in metrics and JSON.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(health, _)| *health == self).map_or("pending", |(_, name)| name)
    }
}

/// Why an asking brought no answer that could be read. Every failure of the door in is one of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum FetchProblem {
    /// The name does not resolve, no connection, TLS failed, connection cut.
    #[error("cannot reach it: {why}")]
    Unreachable { why: String },
    #[error("no answer within {seconds} s")]
    TimedOut { seconds: u64 },
    /// 429, 503 with Retry-After, or the kind's own `backoff`.
    #[error("it asks us to wait until {} ({why})", until.in_words())]
    Limited { until: Timestamp, why: String },
    #[error("it refuses us: HTTP {status}")]
    Refused { status: u16 },
    /// The site that gives the token for our requests gave none: wrong credentials, a locked account.
    #[error("it gives us no token: {why}")]
    NoToken { why: String },
    #[error("robots.txt disallows {path}")]
    Robots { path: String },
    /// A private, loopback or otherwise reserved address, without `allow_private`.
    #[error("{host} is a private address; set `allow_private = true` for its host if that is meant")]
    PrivateAddress { host: String },
    #[error("more than {limit} redirects")]
    TooManyRedirects { limit: usize },
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// 410.
    #[error("it is gone for good: HTTP 410")]
    Gone,
    /// Any other status that is neither 2xx nor 304.
    #[error("it answers HTTP {status}")]
    Status { status: u16 },
    /// A page that asks for consent, a login or proof of being human came instead.
    #[error("a page in place of the content: {why}")]
    Wall { why: String },
    /// It could be read, but what should hold the posts was not there.
    #[error("nothing was found: {why}")]
    FoundNothing { why: String },
    /// An error stood in place of the posts.
    #[error("an error in place of posts: {why}")]
    ErrorItem { why: String },
    /// The answer came but its kind cannot read it.
    #[error("the answer cannot be read: {why}")]
    Unreadable { why: String },
}

impl FetchProblem {
    /// Its name in metrics: a closed set, never a URL or a number.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::Limited { .. } => "limited",
            Self::Refused { .. } => "refused",
            Self::NoToken { .. } => "no_token",
            Self::Robots { .. } => "robots",
            Self::PrivateAddress { .. } => "private_address",
            Self::TooManyRedirects { .. } => "too_many_redirects",
            Self::TooLarge { .. } => "too_large",
            Self::Gone => "gone",
            Self::Status { .. } => "status",
            Self::Wall { .. } => "wall",
            Self::FoundNothing { .. } => "found_nothing",
            Self::ErrorItem { .. } => "error_item",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// The health of a source whose last asking ended so.
    pub fn health(&self) -> Health {
        match self {
            Self::Limited { .. } => Health::Limited,
            Self::Refused { .. }
            | Self::NoToken { .. }
            | Self::Robots { .. }
            | Self::PrivateAddress { .. }
            | Self::Wall { .. } => Health::Blocked,
            Self::Gone => Health::Gone,
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::TooManyRedirects { .. }
            | Self::TooLarge { .. }
            | Self::Status { .. }
            | Self::FoundNothing { .. }
            | Self::ErrorItem { .. }
            | Self::Unreadable { .. } => Health::Failing,
        }
    }
}

/// What is known of a source's doing, for `/api/v1/sources`, `overheard sources` and the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceHealth {
    pub name: String,
    pub kind: String,
    pub health: Health,
    /// When it came into this state.
    pub since: Option<Timestamp>,
    pub last_asked: Option<Timestamp>,
    /// When it last answered something that could be read (304 counts).
    pub last_answered: Option<Timestamp>,
    /// When it last brought a post that was not known.
    pub last_new: Option<Timestamp>,
    pub next_due: Option<Timestamp>,
    /// The last problem, in words; `None` after an answer that could be read.
    pub last_error: Option<String>,
    /// What is wrong, as a word; `None` after an answer that could be read.
    #[serde(default)]
    pub reason: Option<Deafness>,
    /// Since when it is so: the last answer before, or the first asking.
    #[serde(default)]
    pub troubled_since: Option<Timestamp>,
    /// Askings in a row that failed.
    pub failures: u32,
    /// It is read in a lesser way than the one configured; what that means, in words.
    #[serde(default)]
    pub degraded: Option<String>,
    /// Since when it is.
    #[serde(default)]
    pub degraded_since: Option<Timestamp>,
    /// What the reader had to mend in the last answer.
    pub repaired: Vec<String>,
    /// Polls whose page bound was reached before a known post.
    pub gaps: u64,
    /// Posts by outcome since the daemon started.
    pub counts: Counts,
    /// Posts a day that it brought on average over the last four weeks; none before its first whole day.
    #[serde(default)]
    pub expected_per_day: Option<f64>,
    /// The part of the last 24 hours, and of the last 7 days, in which it could be heard, counted from its first answer:
    /// 0 to 1; none before that.
    #[serde(default)]
    pub coverage_day: Option<f64>,
    #[serde(default)]
    pub coverage_week: Option<f64>,
    /// How the limit stands under which it is asked; none where posts are pushed to us.
    #[serde(default)]
    pub budget: Option<Budget>,
}

impl SourceHealth {
    /// Whether its name, kind or state has these words in it, whatever their case; everything has no words in it.
    pub fn is_called(&self, words: &str) -> bool {
        let words = words.trim().to_lowercase();
        [&self.name, &self.kind, self.health.name()].iter().any(|called| called.to_lowercase().contains(&words))
    }
}

/// How often whoever shares a limit may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Host, domain, group or source that the limit is of.
    pub limit: String,
    /// Between two requests now.
    pub interval: Duration,
    /// It is asked less often than it might, since it said "too many" a while ago.
    pub slowed: bool,
    /// Nobody asks before this moment, because the site asked for that.
    pub waits_until: Option<Timestamp>,
    /// How the site asked for it.
    pub why: Option<String>,
}
