//! What is the state of what changes, made from the journal?
//!
//! [`Store`] is the view over sled: where sources stand, which posts were seen, which stories take
//! members, the outbox and the log of deliveries. It is never the only copy of anything: what it
//! cannot vouch for is set aside and made again from a snapshot and the journal ([`restore`]).
//!
//! Read in the order: `key` and `record` (what lies where), `apply` and `days` and `story` (what each event changes), `layers`, `runs`
//! and `run` (how it is kept in sled), `open`, `snapshot` and `restore` (when it is trusted), `sweep` (what is forgotten).

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::model::{
    Alert, Candidate, Corrected, Day, Event, Handle, Mark, Memory, Outbox, Pending, Position, PostId, Seen,
    SourceState, Spent, Standing, StoryId, Timestamp, View, ViewError,
};

mod apply;
mod block;
mod codec;
mod conversations;
mod days;
mod disk;
mod feedback;
mod filter;
mod floods;
mod forget;
mod issues;
mod key;
mod layers;
pub mod memory;
mod open;
mod read;
mod record;
mod restore;
mod run;
mod runs;
mod snapshot;
mod story;
mod sweep;
mod typed;

#[cfg(test)]
mod tests;

use layers::Layers;

pub use conversations::{Followed, blank_alert};
pub use days::{Held, HeldBack, HeldDay};
pub use floods::Flooded;
pub use forget::{Left, forget_in_alert};
pub use issues::Down;
pub use open::Opened;
pub use read::{DeliveryFilter, Story};
pub use restore::{Restored, restore};
pub use snapshot::Snapshot;
pub use sweep::Swept;

/// The view over sled. Everything takes `&self`; share it in an `Arc`.
#[derive(Debug)]
pub struct Store {
    /// The store's own folder: sled's below it, and the mark of a clean stop.
    dir: PathBuf,
    /// `None` after [`Store::mark_clean`].
    layers: RwLock<Option<Layers>>,
    /// Held by whoever takes a snapshot.
    taking_snapshot: Mutex<()>,
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

impl StoreError {
    /// For `map_err`: the error of trying `what` on `path`.
    fn io(what: &'static str, path: &std::path::Path) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { what, path: path.clone(), source }
    }
}

/// How far an alert has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl DeliveryState {
    pub fn stage(&self) -> Stage {
        match self {
            Self::Pending { .. } => Stage::Pending,
            Self::Delivered { .. } => Stage::Delivered,
            Self::Dead { .. } => Stage::Dead,
        }
    }
}

/// A [`DeliveryState`] without its particulars; the number stands in keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    Pending = 0,
    Delivered = 1,
    Dead = 2,
}

impl Stage {
    pub const ALL: [Stage; 3] = [Stage::Pending, Stage::Delivered, Stage::Dead];
}

/// An alert and how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub alert: Alert,
    /// Attempts made, since it was replayed if it was.
    pub attempts: u32,
    /// When its first attempt was due, since it was replayed if it was.
    pub first_due: Timestamp,
    pub state: DeliveryState,
}

/// An error of this view.
fn failed(why: impl Into<String>) -> ViewError {
    ViewError { view: "store", why: why.into() }
}

impl Store {
    fn read<T>(&self, look: impl FnOnce(&Layers) -> Result<T, ViewError>) -> Result<T, ViewError> {
        let layers = self.layers.read().unwrap_or_else(PoisonError::into_inner);
        look(layers.as_ref().ok_or_else(stopped)?)
    }

    fn write<T>(&self, change: impl FnOnce(&mut Layers) -> Result<T, ViewError>) -> Result<T, ViewError> {
        let mut layers = self.layers.write().unwrap_or_else(PoisonError::into_inner);
        change(layers.as_mut().ok_or_else(stopped)?)
    }

    fn one_snapshot(&self) -> MutexGuard<'_, ()> {
        self.taking_snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stopped() -> ViewError {
    failed("it is stopped")
}

impl View for Store {
    /// 0 after [`Store::mark_clean`].
    fn position(&self) -> Position {
        self.read(|layers| Ok(layers.meta.position)).unwrap_or_default()
    }

    fn apply(&self, position: Position, events: &[Event]) -> Result<(), ViewError> {
        self.write(|layers| layers.apply(position, events))
    }
}

impl Memory for Store {
    fn seen(&self, post: PostId) -> Result<Option<Seen>, ViewError> {
        self.read(|layers| {
            let Some(record) = layers.post(post)? else { return Ok(None) };
            Ok(Some(Seen { content_hash: record.content_hash, story: layers.resolve(record.story)? }))
        })
    }

    fn seen_by(&self, post: PostId, source: &str) -> Result<Option<(Seen, Option<Mark>)>, ViewError> {
        self.read(|layers| {
            let Some(record) = layers.post(post)? else { return Ok(None) };
            let said = record.said(layers.lister(source)?.map(|lister| lister.number));
            Ok(Some((Seen { content_hash: record.content_hash, story: layers.resolve(record.story)? }, said)))
        })
    }

    fn candidates(&self, keys: &[[u8; 16]]) -> Result<Vec<Option<Candidate>>, ViewError> {
        self.read(|layers| keys.iter().map(|key| layers.candidate(key)).collect())
    }

    fn alerted(&self, story: StoryId) -> Result<Vec<String>, ViewError> {
        let told = self.read(|layers| layers.told(layers.resolve(story)?))?;
        Ok(told.receivers.into_keys().collect())
    }

    fn spent(&self, watch: &str, day: Day, story: StoryId) -> Result<Spent, ViewError> {
        self.read(|layers| layers.spent(watch, day, story))
    }

    fn sent(&self, receiver: &str, window: Timestamp) -> Result<u32, ViewError> {
        self.read(|layers| layers.sent(receiver, window))
    }

    fn source(&self, source: &str) -> Result<SourceState, ViewError> {
        let record = self.read(|layers| layers.source_record(source))?;
        Ok(record.map(SourceState::from).unwrap_or_default())
    }

    fn corrected(&self, post: PostId) -> Result<Option<Corrected>, ViewError> {
        self.read(|layers| layers.corrected(post))
    }

    fn members(&self, story: StoryId) -> Result<u32, ViewError> {
        let members = self.read(|layers| layers.count_members(layers.resolve(story)?))?;
        Ok(members)
    }

    fn standing(&self, post: PostId) -> Result<Standing, ViewError> {
        Ok(self.read(|layers| layers.standing_record(post))?.standing)
    }

    fn is_forgotten(&self, mark: PostId) -> Result<bool, ViewError> {
        self.read(|layers| Ok(layers.get(&key::forgotten(mark))?.is_some()))
    }

    fn mentions_in(&self, root: PostId) -> Result<Vec<(PostId, Timestamp)>, ViewError> {
        self.read(|layers| layers.mentions_in(root))
    }

    fn listed(&self, source: &str, posts: &[PostId], at: Timestamp) -> Result<(), ViewError> {
        let day = key::day(at);
        if self.read(|layers| layers.is_listed(source, posts, day))? {
            return Ok(());
        }
        self.write(|layers| layers.list(source, posts, day))
    }
}

impl Outbox for Store {
    fn due(&self, receiver: &str, now: Timestamp, limit: usize) -> Result<Vec<Pending>, ViewError> {
        self.read(|layers| layers.due(receiver, now, limit))
    }

    fn next_due(&self, receiver: &str) -> Result<Option<Timestamp>, ViewError> {
        self.read(|layers| layers.next_due(receiver))
    }

    fn handle(&self, receiver: &str, story: StoryId) -> Result<Option<Handle>, ViewError> {
        let mut told = self.read(|layers| layers.told(layers.resolve(story)?))?;
        Ok(told.receivers.remove(receiver).flatten())
    }
}
