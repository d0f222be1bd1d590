//! What does the journal say happened?
//!
//! Events record decisions. Views apply them; nobody decides again on replay. Fields may be added
//! with `#[serde(default)]`; a change of meaning needs a new journal version.

use serde::{Deserialize, Serialize};

use super::{
    Alert, AlertId, Corrected, Counts, Day, Engagement, Feedback, Handle, Issue, Match, Outcome, Post, PostId,
    Progress, Rejection, Score, Sense, Standing, StoryDecision, StoryId, SuppressedAlert, Timestamp, Update,
};

/// Where an event's frame stands in the journal: frames counted from 1 over the journal's whole life.
/// Views commit the position of the last frame that they applied; 0 means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position(pub u64);

/// One decision or verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// One page of one poll was read and decided.
    Page(Box<PageRead>),
    /// A source said that it is gone for good (410) and is not asked any more until its configuration changes.
    SourceGone { source: String, at: Timestamp, why: String },
    /// A receiver was asked to take an alert, and this is what came of it.
    Delivery(DeliveryAttempt),
    /// A dead letter was put back into the outbox by a person.
    Replayed { alert: AlertId, at: Timestamp, by: String },
    /// The local day of a watch with a daily cap is over, and its receivers are told what the frames up to `through`
    /// held back, one digest each. What a later frame holds back of that day is told in another one.
    DayOver { watch: String, day: Day, at: Timestamp, through: Position, alerts: Vec<Alert> },
    /// Ten minutes are over in which a receiver would have had more alerts than its bound, and it is told of what the
    /// frames up to `through` held back, in one digest; in none where it was told of every story otherwise meanwhile.
    FloodOver { receiver: String, window: Timestamp, at: Timestamp, through: Position, alerts: Vec<Alert> },
    /// An issue was opened, changed or closed: this is how it stands now. Whoever must know is told.
    Issue { issue: Box<Issue>, alerts: Vec<Alert> },
    /// Nobody listened from one moment to another: the daemon did not run.
    Down { from: Timestamp, until: Timestamp },
    /// A post left the archive by age; its seen key stays while the source still lists it.
    Expired { posts: Vec<PostId>, at: Timestamp },
    /// A conversation that is followed was read again, or is followed no more. Its replies came in as a page before.
    Thread(Box<ThreadRead>),
    /// Sites deleted these posts: their words and authors are not kept any more, counts and ids are.
    Deleted { posts: Vec<PostId>, at: Timestamp },
    /// On request, nothing of these posts is kept, and they are not taken again; nor is what these authors write
    /// (see [`Author::mark`](super::Author::mark)). Says nothing of what was forgotten.
    Forgotten { posts: Vec<PostId>, authors: Vec<PostId>, at: Timestamp },
    /// A person said what a post is, or whether it matters.
    Feedback(Box<Feedback>),
    /// What was to be forgotten is taken in again from here on: these posts and authors, by their marks.
    Readmitted { marks: Vec<PostId>, at: Timestamp },
}

/// One page of a poll: its posts with what was decided on each, and how far the source is read now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageRead {
    pub source: String,
    pub at: Timestamp,
    /// Only in the last page of a poll: the cursor moves in the frame that makes the posts durable.
    pub progress: Option<Progress>,
    /// Only with `progress`: validators of the answer, for the next conditional request.
    pub validators: Option<Validators>,
    /// Posts that are new or edited, in the order of the page.
    pub posts: Vec<Decided>,
    /// What is left of posts that retention let go, while their source still lists them.
    #[serde(default)]
    pub stubs: Vec<Stub>,
    /// Things listed that could not become posts, at most [`PageRead::MAX_REJECTED`]; all are counted.
    pub rejected: Vec<Rejection>,
    /// What the reader had to mend to read the page, in words.
    pub repaired: Vec<String>,
    /// The page's posts by outcome; adds up to what was parsed.
    pub counts: Counts,
    /// The page bound was reached before a known post: posts may be missing before this page's oldest.
    #[serde(default)]
    pub gap: bool,
    /// What is said anew of posts that were seen already: of those whose [`Mark`](super::Mark) is another one than this
    /// source left, at most [`PageRead::MAX_UPDATES`]. The rest is seen at the next poll.
    #[serde(default)]
    pub updates: Vec<Update>,
}

impl PageRead {
    /// Most rejections kept in words.
    pub const MAX_REJECTED: usize = 20;
    /// Most posts written anew for one page because their counts, rank or tags changed.
    pub const MAX_UPDATES: usize = 100;
}

/// What one reading of a followed conversation found, beside its replies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadRead {
    /// The source whose kind asked.
    pub source: String,
    /// The mention for which the conversation is followed.
    pub post: PostId,
    /// The conversation's root.
    pub conversation: PostId,
    pub at: Timestamp,
    /// When it is read again; `None` when it is followed no more, and `ended` says why.
    pub next: Option<Timestamp>,
    pub ended: Option<ThreadEnd>,
    /// The post's counts, where they changed.
    pub engagement: Option<Engagement>,
    /// The accepted reply, where it changed.
    pub accepted: Option<PostId>,
    /// The site takes no more replies since.
    pub closed: bool,
    /// What makes the next request conditional.
    pub validators: Option<Validators>,
}

/// Why a conversation is followed no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadEnd {
    /// The last reading was made.
    Done,
    /// The site takes no more replies.
    Closed,
    /// The site deleted the post, or does not have its page any more.
    Deleted,
    /// Its source is not configured any more, or gone.
    NoSource,
    /// The kind of its source follows no conversations, or not this one.
    CannotFollow,
    /// The mention left the archive.
    Expired,
    /// Too many are followed, and others matter more.
    Crowded,
}

impl ThreadEnd {
    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Closed => "closed",
            Self::Deleted => "deleted",
            Self::NoSource => "no_source",
            Self::CannotFollow => "cannot_follow",
            Self::Expired => "expired",
            Self::Crowded => "crowded",
        }
    }
}

/// A post that is kept no more, but known when it is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stub {
    pub post: PostId,
    pub content_hash: u64,
    pub story: StoryId,
}

/// What a source's server gave to make the next request conditional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// BLAKE3 of the request that they were given for (16 bytes in hexadecimal): they say nothing of another one, so
    /// that a source whose address was changed in the configuration starts afresh.
    #[serde(default)]
    pub asked: String,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// BLAKE3 of the body they came with (16 bytes in hexadecimal): validators that stay while the body changes are not trusted.
    pub body_hash: String,
    /// Version of the source's block when they came: another reader may see other posts in the same body.
    #[serde(default)]
    pub version: u64,
    /// The server changed the body under the same validator before; they are not sent any more.
    #[serde(default)]
    pub distrusted: bool,
    /// The address that a permanent redirect (301, 308) led to; asked directly from now on.
    #[serde(default)]
    pub moved_to: Option<String>,
    /// What they came with was read in a lesser way than the one configured; what that means, in words. "Unchanged" is
    /// then said of that.
    #[serde(default)]
    pub degraded: Option<String>,
}

/// A post with everything that was decided on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    pub post: Post,
    /// Never `Rejected` or `AlreadySeen`: those are only counted.
    pub outcome: Outcome,
    /// Hash of title and text, to tell an edit from a repetition.
    pub content_hash: u64,
    pub matches: Vec<Match>,
    pub story: StoryDecision,
    pub score: Score,
    pub alerts: Vec<Alert>,
    /// Why nothing more was sent, when something might have been.
    pub held_back: Vec<SuppressedAlert>,
    /// The local day on which it was decided, for the daily caps of its watches; only with alerts, or when a cap held some back.
    #[serde(default)]
    pub day: Option<Day>,
    /// Its conversation is to be followed, unless it is already.
    #[serde(default)]
    pub follow: bool,
    /// Posts that it answers, as a reply of the team: the conversation's root and the mentions in it so far.
    #[serde(default)]
    pub answers: Vec<PostId>,
    /// What was known of it before this reading.
    #[serde(default)]
    pub standing: Standing,
    /// What its words say, for a post that a watch matched.
    #[serde(default)]
    pub sense: Option<Sense>,
    /// What people said of it before this reading.
    #[serde(default)]
    pub corrected: Option<Box<Corrected>>,
}

impl Decided {
    /// Takes its words away, for a post that its site deleted; says whether there were any.
    pub fn blank(&mut self) -> bool {
        let before = self.post.clone();
        self.post.blank();
        self.matches.iter_mut().for_each(Match::blank);
        self.sense.iter_mut().for_each(Sense::blank);
        for alert in &mut self.alerts {
            alert.post.blank();
            alert.matches.iter_mut().for_each(Match::blank);
            alert.sense.iter_mut().for_each(Sense::blank);
        }
        self.post != before
    }

    /// The watches for which its alerts went out: those that matched and had room left under their daily caps.
    pub fn alerted_for(&self) -> &[Match] {
        self.alerts.first().map_or(&[], |alert| &alert.matches)
    }
}

/// One attempt to deliver an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryAttempt {
    pub alert: AlertId,
    pub receiver: String,
    pub at: Timestamp,
    /// How long the receiver took, in milliseconds.
    pub took_ms: u64,
    pub result: DeliveryResult,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum DeliveryResult {
    /// Taken. The handle, where the receiver gave one, lets a later alert of the story edit or thread.
    Delivered { handle: Option<Handle> },
    /// Not taken; asked again at `next`.
    Retry { why: String, next: Timestamp },
    /// Not taken, and not asked again unless a person replays it.
    Dead { why: String },
}
