//! What do the views of the journal promise, to the journal and to the line?

use futures_util::future::BoxFuture;

use super::{
    Alert, Corrected, Day, Event, Handle, Health, Mark, Position, PostId, Progress, SourceHealth, Standing, StoryId,
    Timestamp, event::Validators,
};

/// A view is made from the journal and can be made again.
pub trait View: Send + Sync {
    /// Position of the last frame whose effect is kept; a restart applies everything after it.
    fn position(&self) -> Position;

    /// Applies one frame. Frames come in order; applying one twice changes nothing.
    fn apply(&self, position: Position, events: &[Event]) -> Result<(), ViewError>;
}

/// A view could not be read or written. It can be set aside and rebuilt from the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{view}: {why}")]
pub struct ViewError {
    /// `store` or `archive`.
    pub view: &'static str,
    pub why: String,
}

/// What the line must remember to decide on a post.
pub trait Memory: Send + Sync {
    /// What is known of a post read before.
    fn seen(&self, post: PostId) -> Result<Option<Seen>, ViewError>;

    /// The same, and what the source left as its mark of it last; none where nothing is kept that could change with it.
    fn seen_by(&self, post: PostId, _source: &str) -> Result<Option<(Seen, Option<Mark>)>, ViewError> {
        Ok(self.seen(post)?.map(|seen| (seen, None)))
    }

    /// For each key, the story that a post with this key joined last (merged ids resolved).
    fn candidates(&self, keys: &[[u8; 16]]) -> Result<Vec<Option<Candidate>>, ViewError>;

    /// Names of the receivers that were already alerted of a story.
    fn alerted(&self, story: StoryId) -> Result<Vec<String>, ViewError>;

    /// Where a source stands; the default for one never read.
    fn source(&self, source: &str) -> Result<SourceState, ViewError>;

    /// How many stories a watch has alerted on a local day, and whether this one (or one merged with it) is among them.
    fn spent(&self, watch: &str, day: Day, story: StoryId) -> Result<Spent, ViewError>;

    /// How many posts are members of a story; at most [`MAX_COUNTED`] are counted.
    fn members(&self, _story: StoryId) -> Result<u32, ViewError> {
        Ok(0)
    }

    /// How many alerts to a receiver were decided in the ten minutes that began at `window` (see
    /// [`flood_window`](super::flood_window)).
    fn sent(&self, _receiver: &str, _window: Timestamp) -> Result<u32, ViewError> {
        Ok(0)
    }

    /// What people said of a post.
    fn corrected(&self, _post: PostId) -> Result<Option<Corrected>, ViewError> {
        Ok(None)
    }

    /// What is known of a post beyond its words; also of one not read yet.
    fn standing(&self, _post: PostId) -> Result<Standing, ViewError> {
        Ok(Standing::default())
    }

    /// The newest mentions in the conversation with this root, each with its date, at most [`MAX_ANSWERED`].
    fn mentions_in(&self, _root: PostId) -> Result<Vec<(PostId, Timestamp)>, ViewError> {
        Ok(Vec::new())
    }

    /// Whether a post, or an author by [`Author::mark`](super::Author::mark), is to be forgotten.
    fn is_forgotten(&self, _mark: PostId) -> Result<bool, ViewError> {
        Ok(false)
    }

    /// A page that was read at `at` lists these posts, new or not. What is remembered of a post is kept while a source lists it.
    fn listed(&self, _source: &str, _posts: &[PostId], _at: Timestamp) -> Result<(), ViewError> {
        Ok(())
    }
}

/// Most members of a story that are counted for its pace.
pub const MAX_COUNTED: u32 = 1_000;
/// Most mentions of one conversation that one reply answers.
pub const MAX_ANSWERED: usize = 100;

/// What is remembered of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Hash of its title and text when last archived.
    pub content_hash: u64,
    pub story: StoryId,
}

/// How far a watch is with its alerts of one local day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Stories that raised at least one alert.
    pub stories: u32,
    /// The story asked about is one of them: what else it raises takes no more room.
    pub counted: bool,
}

/// A story that a post may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub story: StoryId,
    /// When the story was opened; on a merge the older survives.
    pub opened_at: Timestamp,
    /// When a member last joined; a story takes members until seven quiet days.
    pub last_joined_at: Timestamp,
}

/// Where a source stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    pub progress: Progress,
    pub validators: Option<Validators>,
    /// When its first poll was completed; `None` before.
    pub first_polled: Option<Timestamp>,
    /// Why it is not asked any more, if it said that it is gone.
    pub gone: Option<String>,
}

/// Alerts that wait for their delivery.
pub trait Outbox: Send + Sync {
    /// Alerts of a receiver whose next attempt is due at `now`, the longest due first, at most `limit`.
    fn due(&self, receiver: &str, now: Timestamp, limit: usize) -> Result<Vec<Pending>, ViewError>;

    /// When the next attempt of a receiver is due, if any waits.
    fn next_due(&self, receiver: &str) -> Result<Option<Timestamp>, ViewError>;

    /// The handle of the last delivered alert of a story to a receiver.
    fn handle(&self, receiver: &str, story: StoryId) -> Result<Option<Handle>, ViewError>;
}

/// An alert that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    pub alert: Alert,
    /// Attempts made so far.
    pub attempts: u32,
    /// When its first attempt was due, for giving up by age.
    pub first_due: Timestamp,
}

/// Where decisions become durable.
pub trait Ledger: Send + Sync {
    /// Makes the events durable as one frame and applies them to the views; both are done when this returns `Ok`.
    fn record(&self, events: Vec<Event>) -> BoxFuture<'_, Result<Position, LedgerError>>;
}

/// Nothing of the frame was kept; the caller still owns what it wanted to record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The disk is full or refuses writes; intake stops until it takes them again.
    #[error("the journal cannot be written: {why}")]
    Unwritable { why: String },
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
}

/// How the sources do, for those who only look.
pub trait Sources: Send + Sync {
    /// Every configured source, in the order of the configuration.
    fn health(&self) -> Vec<SourceHealth>;

    /// How many sources are in a state.
    fn count(&self, health: Health) -> usize {
        self.health().iter().filter(|source| source.health == health).count()
    }
}
