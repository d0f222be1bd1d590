//! What is the state of what changes, made from the journal?
//!
//! [`Store`] is the view over sled: where sources stand, which posts were seen, which stories take
//! members, the outbox and the log of deliveries. It is never the only copy of anything: what it
//! cannot vouch for is set aside and made again from a snapshot and the journal ([`restore`]).

use std::path::{Path, PathBuf};

use crate::model::{
    Alert, AlertId, Counts, Event, Handle, Memory, Outbox, Pending, Position, PostId, Seen, SourceState, StoryId,
    Timestamp, View, ViewError, view::Candidate,
};

/// The view over sled.
#[derive(Debug)]
pub struct Store {}

/// What opening a store found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// There was none.
    Fresh,
    /// It was stopped cleanly with everything up to here.
    Clean { position: Position },
    /// It could not be trusted and was moved to `to`; an empty one takes its place.
    SetAside { why: String, to: PathBuf },
}

/// Why a store could not be opened, saved or restored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error(
        "{} is newer than this binary (version {found}; this one reads up to {reads}): upgrade overheard or restore a backup",
        path.display()
    )]
    Newer { path: PathBuf, found: u16, reads: u16 },
    #[error(transparent)]
    View(#[from] ViewError),
}

/// How far an alert has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waits for an attempt at `next`; `why` is what the last attempt said, if there was one.
    Pending {
        next: Timestamp,
        why: Option<String>,
    },
    Delivered {
        at: Timestamp,
        took_ms: u64,
    },
    /// Not asked again unless a person replays it.
    Dead {
        at: Timestamp,
        why: String,
    },
}

/// An alert and how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub alert: Alert,
    /// Attempts made.
    pub attempts: u32,
    pub first_due: Timestamp,
    pub state: DeliveryState,
}

/// Which state to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Pending,
    Delivered,
    Dead,
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only this stage; else all.
    pub stage: Option<Stage>,
    /// Only this receiver; else all.
    pub receiver: Option<String>,
    /// Only this story (merged ids resolved); else all.
    pub story: Option<StoryId>,
    /// At most so many, newest first; 0 is [`DeliveryFilter::MAX`].
    pub limit: usize,
}

impl DeliveryFilter {
    /// Most deliveries listed at once.
    pub const MAX: usize = 1_000;
}

/// A story with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    pub id: StoryId,
    pub opened_at: Timestamp,
    pub last_joined_at: Timestamp,
    /// In order of id, not of joining; only those the archive still holds.
    pub members: Vec<PostId>,
}

/// What [`restore`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The snapshot that was loaded, if the store was empty and there was a whole one.
    pub snapshot: Option<Position>,
    /// Snapshots that could not be read, with the reason.
    pub bad_snapshots: Vec<String>,
    /// Frames applied after that.
    pub frames: u64,
    /// Damaged places of the journal that were skipped, in words.
    pub damage: Vec<String>,
    /// The store knew frames that the journal does not have, and was made anew.
    pub was_ahead: bool,
    /// Where the store stands now.
    pub position: Position,
}

/// What a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub position: Position,
    pub path: PathBuf,
    pub records: u64,
    pub bytes: u64,
}

/// What a sweep forgot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub keys: u64,
    pub seen: u64,
    pub deliveries: u64,
}

fn unbuilt<T>() -> Result<T, ViewError> {
    Err(ViewError { view: "store", why: "not built yet".to_owned() })
}

impl Store {
    /// Opens the store in the folder `dir`. What was not stopped cleanly is set aside; then, and when
    /// fresh, it is empty and the caller fills it with [`restore`].
    pub fn open(_dir: &Path) -> Result<(Self, Opened), StoreError> {
        Ok((Self {}, Opened::Fresh))
    }

    /// Stops the store cleanly: everything is on the disk, and the next opening trusts it. Afterwards every call is an error.
    pub fn mark_clean(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes the whole state into `dir` while applying goes on, and removes all but the newest two snapshots.
    pub fn snapshot(&self, _dir: &Path) -> Result<Snapshot, StoreError> {
        Err(unreachable_error())
    }

    /// Forgets what is needed no more: see `sweep.rs` for the rules. `configured` says whether a source is still in the configuration.
    pub fn sweep(&self, _now: Timestamp, _configured: &dyn Fn(&str) -> bool) -> Result<Swept, ViewError> {
        unbuilt()
    }

    /// The story that an id stands for, after merges; the id itself when it was never merged.
    pub fn resolve(&self, _story: StoryId) -> Result<StoryId, ViewError> {
        unbuilt()
    }

    /// A story with its members, by its id or that of one it absorbed.
    pub fn story(&self, _story: StoryId) -> Result<Option<Story>, ViewError> {
        unbuilt()
    }

    /// Every source that was ever read, by name.
    pub fn sources(&self) -> Result<Vec<(String, SourceState)>, ViewError> {
        unbuilt()
    }

    /// Position of the frame that holds each source's newest progress, for the journal's retention.
    pub fn progress_positions(&self) -> Result<Vec<(String, Position)>, ViewError> {
        unbuilt()
    }

    /// Deliveries, newest first.
    pub fn deliveries(&self, _filter: &DeliveryFilter) -> Result<Vec<Delivery>, ViewError> {
        unbuilt()
    }

    /// One alert with how far it has come.
    pub fn delivery(&self, _alert: &AlertId) -> Result<Option<Delivery>, ViewError> {
        unbuilt()
    }

    /// How many alerts are pending and how many dead.
    pub fn waiting(&self) -> Result<(u64, u64), ViewError> {
        unbuilt()
    }

    /// Posts by outcome for each source and day (days since the Unix epoch, UTC), for days from `from` on.
    pub fn counts(&self, _from: Timestamp) -> Result<Vec<(i32, String, Counts)>, ViewError> {
        unbuilt()
    }
}

fn unreachable_error() -> StoreError {
    StoreError::View(ViewError { view: "store", why: "not built yet".to_owned() })
}

/// Brings an opened store up to the journal's last frame: newest whole snapshot in `snapshots` if the
/// store is empty, then every frame after it. `replay` is [`History::replay`](crate::journal::History::replay).
pub fn restore<I, E>(
    _store: &Store,
    _snapshots: &Path,
    _last: Position,
    _replay: impl FnOnce(Position) -> I,
) -> Result<Restored, StoreError>
where
    I: Iterator<Item = Result<(Position, Vec<Event>), E>>,
    E: std::fmt::Display,
{
    Ok(Restored::default())
}

impl View for Store {
    fn position(&self) -> Position {
        Position(0)
    }

    fn apply(&self, _position: Position, _events: &[Event]) -> Result<(), ViewError> {
        unbuilt()
    }
}

impl Memory for Store {
    fn seen(&self, _post: PostId) -> Result<Option<Seen>, ViewError> {
        unbuilt()
    }

    fn candidates(&self, _keys: &[[u8; 16]]) -> Result<Vec<Option<Candidate>>, ViewError> {
        unbuilt()
    }

    fn alerted(&self, _story: StoryId) -> Result<Vec<String>, ViewError> {
        unbuilt()
    }

    fn source(&self, _source: &str) -> Result<SourceState, ViewError> {
        unbuilt()
    }
}

impl Outbox for Store {
    fn due(&self, _receiver: &str, _now: Timestamp, _limit: usize) -> Result<Vec<Pending>, ViewError> {
        unbuilt()
    }

    fn next_due(&self, _receiver: &str) -> Result<Option<Timestamp>, ViewError> {
        unbuilt()
    }

    fn handle(&self, _receiver: &str, _story: StoryId) -> Result<Option<Handle>, ViewError> {
        unbuilt()
    }
}
