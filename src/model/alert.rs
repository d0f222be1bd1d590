//! What is an alert, and why is one sent or not?

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ClauseHit, Day, Duration, Issue, Match, Post, PostId, Score, StoryId, Timestamp, words};

/// Identity of one alert to one receiver; the `webhook-id` of all its deliveries, over retries and
/// restarts. `alert_` and 24 hexadecimal digits derived from story, receiver and sequence, so that
/// deciding the same thing twice gives the same id.
pub type AlertId = String;

/// One thing to tell one receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub id: AlertId,
    /// Name of the receiver it goes to.
    pub receiver: String,
    pub story: StoryId,
    /// The member of the story that raised it.
    pub post: Post,
    pub matches: Vec<Match>,
    pub score: Score,
    /// Why it goes to this receiver.
    pub reason: Reason,
    pub decided_at: Timestamp,
    /// Made by `test-route`: receivers mark it, nothing is counted.
    #[serde(default)]
    pub sample: bool,
    /// Set when it stands for many stories that were held back; what is above describes the first of them.
    #[serde(default)]
    pub digest: Option<Digest>,
    /// Set when it tells of an issue; `post` is then no post of anybody but says it in words.
    #[serde(default)]
    pub issue: Option<Issue>,
}

impl Alert {
    /// Whether it tells of one story, so that its receiver need not be told of that again.
    pub fn is_of_story(&self) -> bool {
        !self.sample && self.digest.is_none() && self.issue.is_none()
    }
}

/// What was held back from one receiver, told at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Digest {
    /// The watch whose daily cap held them back; empty when the receiver's own bound did.
    pub watch: String,
    /// Most stories of the watch that are alerted on one day; or most alerts to the receiver in ten minutes.
    pub cap: u32,
    /// The local day that is over.
    pub day: Day,
    /// All stories held back, also those that are not listed.
    pub stories: u64,
    /// The ones with the highest scores first, at most [`Digest::MAX_LISTED`].
    pub listed: Vec<DigestEntry>,
    /// For how much of that day the sources could be heard at all; not known of digests made before it was counted.
    #[serde(default)]
    pub coverage: Option<Coverage>,
    /// Set when not a daily cap but the receiver's own bound held them back: when the ten minutes began that are over.
    #[serde(default)]
    pub flood: Option<Timestamp>,
}

/// How long the receiver's own bound counts: ten minutes of the clock.
pub const FLOOD_WINDOW: Duration = Duration::minutes(10);

/// When the ten minutes began that a moment belongs to, as the bounds of receivers count them.
pub fn flood_window(at: Timestamp) -> Timestamp {
    let length = FLOOD_WINDOW.0 as i64;
    Timestamp(at.0.div_euclid(length).saturating_mul(length))
}

/// For how much of a time the sources could be heard: what was said meanwhile in the rest is not in any figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// 0 to 1, the mean of all sources.
    pub share: f64,
    /// Those that were not heard all the time, the least heard first, at most [`Coverage::MAX_LISTED`].
    pub least: Vec<Heard>,
}

/// One source of a [`Coverage`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    pub source: String,
    /// 0 to 1.
    pub share: f64,
}

impl Coverage {
    /// Most sources listed.
    pub const MAX_LISTED: usize = 5;
    /// A source that was heard for this part of the time counts as heard all the time.
    const WHOLE: f64 = 0.995;

    /// What comes of the shares of all sources; `None` when there are none.
    pub fn of(mut sources: Vec<Heard>) -> Option<Self> {
        let count = sources.len();
        let share = sources.iter().map(|heard| heard.share).sum::<f64>() / count as f64;
        sources.retain(|heard| heard.share < Self::WHOLE);
        sources.sort_by(|a, b| a.share.total_cmp(&b.share).then_with(|| a.source.cmp(&b.source)));
        sources.truncate(Self::MAX_LISTED);
        (count > 0).then_some(Self { share, least: sources })
    }
}

impl Digest {
    /// Most stories listed in one digest; all are counted.
    pub const MAX_LISTED: usize = 10;
}

/// One story of a digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DigestEntry {
    pub story: StoryId,
    /// The member that would have been alerted.
    pub post: PostId,
    /// The title, or how the text of a post without one begins, at most [`DigestEntry::MAX_TITLE`] characters; empty,
    /// as `url` and `site` are, for a post that left the archive meanwhile.
    pub title: String,
    pub url: String,
    pub site: String,
    /// 0–100.
    pub score: u8,
}

impl DigestEntry {
    /// Most characters of a title.
    pub const MAX_TITLE: usize = 200;
}

/// The way through the route tree that led to a receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Every route taken from the root down, as its `match` text; the root is `(default)`.
    pub route: Vec<String>,
}

/// Why a mention sent nothing (to a receiver, or at all). Reaches record, metric and page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum SuppressedAlert {
    /// The receiver was told of this story already.
    StoryAlerted { receiver: String, story: StoryId },
    /// First poll of its source, and the post is older than `first_poll_alert_age`.
    FirstPoll { published: Option<Timestamp> },
    /// No route of the tree names a receiver.
    NoRoute,
    /// An exclusion is true of the post: nobody is told, and it counts as no mention.
    Excluded { exclusion: String, clauses: Vec<ClauseHit> },
    /// The team wrote it: what one says oneself is no mention.
    OwnPost,
    /// Every watch that matched has alerted its most stories of this local day. `watch` tells of it in its digest.
    /// `route` is why it would have gone to the receiver.
    DailyCap {
        receiver: String,
        watch: String,
        cap: u32,
        day: Day,
        #[serde(default)]
        route: Reason,
    },
    /// The receiver has had its most alerts of the ten minutes that began at `window`. It is told of the rest in one
    /// digest when they are over. `route` is why it would have gone to the receiver.
    Flood { receiver: String, cap: u32, window: Timestamp, route: Reason },
}

impl SuppressedAlert {
    /// Its name in metrics and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StoryAlerted { .. } => "story_alerted",
            Self::FirstPoll { .. } => "first_poll",
            Self::NoRoute => "no_route",
            Self::Excluded { .. } => "excluded",
            Self::OwnPost => "own_post",
            Self::DailyCap { .. } => "daily_cap",
            Self::Flood { .. } => "flood",
        }
    }
}

impl fmt::Display for SuppressedAlert {
    /// In words for people: `the exclusion jobs holds it back ("we are hiring")`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoryAlerted { receiver, .. } => write!(f, "{receiver} was told of its story already"),
            Self::FirstPoll { .. } => write!(f, "it was old already when its source was read for the first time"),
            Self::NoRoute => write!(f, "no route names a receiver"),
            Self::Excluded { exclusion, clauses } => {
                let clauses: Vec<&str> = clauses.iter().map(|hit| hit.clause.as_str()).collect();
                write!(f, "the exclusion {exclusion} holds it back ({})", clauses.join(", "))
            }
            Self::OwnPost => write!(f, "the team wrote it"),
            Self::DailyCap { receiver, watch, cap, day, .. } => {
                let alerts = words::count(u64::from(*cap), "alert");
                write!(f, "{watch} has had its {alerts} of {day}: {receiver} is told after midnight")
            }
            Self::Flood { receiver, cap, window, .. } => {
                let until = (*window + FLOOD_WINDOW).in_words();
                let alerts = words::count(u64::from(*cap), "alert");
                write!(f, "{receiver} has had its {alerts} of ten minutes: it is told after {until}")
            }
        }
    }
}

/// Whether a post is one of the mentions: a watch matched, no exclusion holds it back, and the team did not write it.
pub fn is_mention(matches: &[Match], held_back: &[SuppressedAlert]) -> bool {
    let is_none = |why: &SuppressedAlert| matches!(why, SuppressedAlert::Excluded { .. } | SuppressedAlert::OwnPost);
    !matches.is_empty() && !held_back.iter().any(is_none)
}
